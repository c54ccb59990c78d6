import json
import shutil

import pytest
import torch

from recslib import checkpoints
from recslib.checkpoints import DESCRIPTION, CheckpointError

FIT = {"seed": 0, "n_factors": 3}
NUMBERS = {"n_swept": 4, "chance": {"state": 2**127 + 1, "half": 0.1}}
TENSORS = {
    "rows": torch.tensor([[0.1, -0.0], [torch.nan, torch.inf]]),
    "history": torch.tensor([1 / 3], dtype=torch.float64),
    "none": torch.zeros(0),
}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "new" / "checkpoint"
    checkpoints.save(folder, FIT, NUMBERS, TENSORS)
    return folder


def test_what_was_written_comes_back_to_the_bit(folder):
    numbers, tensors = checkpoints.load(folder, FIT)
    assert numbers == NUMBERS
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert tensors[name].numpy().tobytes() == tensor.numpy().tobytes()


def test_there_is_none_before_the_first(tmp_path):
    assert checkpoints.load(tmp_path / "not there", FIT) is None
    assert checkpoints.load(tmp_path, FIT) is None


def test_a_newer_one_takes_the_place_and_other_files_stay(folder):
    (folder / "notes.txt").write_text("mine")
    (folder / f"{DESCRIPTION}.part").write_text("half written")
    checkpoints.save(folder, FIT, {"n_swept": 5}, {"rows": torch.ones(2)})
    assert checkpoints.load(folder, FIT)[0] == {"n_swept": 5}
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 3 and "notes.txt" in names


def test_another_fit_is_refused_and_what_differs_is_named(folder):
    with pytest.raises(
        CheckpointError, match="another fit: seed 0 there and 1 here"
    ):
        checkpoints.load(folder, {**FIT, "seed": 1})
    with pytest.raises(
        CheckpointError, match="ratings None there and 'abc' here"
    ):
        checkpoints.load(folder, {**FIT, "ratings": "abc"})


def cut(folder):
    (path,) = folder.glob("state-*")
    path.write_bytes(path.read_bytes()[:-1])


def flip(folder):
    (path,) = folder.glob("state-*")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def lose(folder):
    (path,) = folder.glob("state-*")
    path.unlink()


def garble(folder):
    (folder / DESCRIPTION).write_text('{"made_by": "recslib.check')


def put_a_list(folder):
    (folder / DESCRIPTION).write_text("[]")


def leave_out(folder):
    described = json.loads((folder / DESCRIPTION).read_text())
    del described["state"]
    (folder / DESCRIPTION).write_text(json.dumps(described))


def lead_out(folder):
    described = json.loads((folder / DESCRIPTION).read_text())
    described["state"]["name"] = "../elsewhere"
    (folder / DESCRIPTION).write_text(json.dumps(described))


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (cut, r"bytes, not"),
        (flip, "its SHA-256 is another"),
        (lose, "No such file"),
        (garble, "Unterminated string"),
        (put_a_list, "TypeError"),
        (leave_out, "KeyError"),
        (lead_out, "it names a file"),
    ],
)
def test_a_damaged_one_is_refused_and_the_remedy_works(folder, harm, why):
    harm(folder)
    with pytest.raises(
        CheckpointError, match=f"is damaged .*{why}.* remove this one"
    ):
        checkpoints.load(folder, FIT)
    shutil.rmtree(folder)
    assert checkpoints.load(folder, FIT) is None


def test_one_of_a_newer_format_is_not_guessed_at(folder):
    described = json.loads((folder / DESCRIPTION).read_text())
    described["format"] += 1
    (folder / DESCRIPTION).write_text(json.dumps(described))
    with pytest.raises(CheckpointError, match="in format 2, not 1"):
        checkpoints.load(folder, FIT)


def test_a_place_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointError, match=r"file: cannot be written to"):
        checkpoints.save(tmp_path / "file", FIT, NUMBERS, TENSORS)


def test_a_digest_tells_data_apart():
    one = torch.tensor([1, 2])
    digests = {
        checkpoints.digest_of(tensors)
        for tensors in (
            {"users": one},
            {"users": one, "items": None},
            {"items": one},
            {"users": one.flip(0)},
            {"users": one.int()},
            {"users": one[None]},
        )
    }
    assert len(digests) == 5
