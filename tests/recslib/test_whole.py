import hashlib

import pytest

from recslib.whole import file_entry, file_fault, write_whole


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a"
    for data in (b"old", b"new"):
        write_whole(path, data)
        assert path.read_bytes() == data
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_what_stops_half_way_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    write_whole(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"


def test_an_entry_tells_a_file_from_a_cut_and_from_a_changed_one():
    data = b"abc"
    entry = file_entry("state", "bin", data)
    digest = hashlib.sha256(data).hexdigest()
    assert entry == {
        "name": f"state-{digest[:16]}.bin",
        "bytes": 3,
        "sha256": digest,
    }
    assert file_fault(data, entry) == ""
    assert file_fault(b"ab", entry) == "it has 2 bytes, not 3"
    assert file_fault(b"abd", entry) == "its SHA-256 is another"
