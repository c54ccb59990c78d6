"""What can go wrong between a data set and this machine.

Every source is local: a web server on 127.0.0.1, and a folder of wheels for
pip.
"""

import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import zipfile
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests  # noqa: F401  (not importable later, as another user)
from filelock import FileLock

from recslib import downloads, movielens, progress
from recslib.downloads import DownloadError
from recslib.movielens import load, main

ZIP = "ml-100k.zip"
SMALL = "ml-latest-small.zip"
WHEEL = "recbole-1.2.1-py3-none-any.whl"
U_DATA = b"1\t12\t5\t881250949\n2\t12\t3\t891717742\n"


def zip_of(members, packing=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ZIP_BYTES = zip_of(
    {
        "ml-100k/u.data": U_DATA,
        "ml-100k/u.item": "12|Usual Suspects, The (1995)|||" + "|0" * 19,
        "ml-100k/u.user": "1|24|M|writer|85711\n2|53|F|other|94043\n",
    },
)
WHEEL_BYTES = zip_of(
    {
        "recbole/dataset_example/ml-100k/ml-100k.inter": b"header\n" + U_DATA,
        "recbole/dataset_example/ml-100k/ml-100k.item": (
            "header\n12\tUsual Suspects, The\t1995\t\n"
        ),
        "recbole/dataset_example/ml-100k/ml-100k.user": (
            "header\n1\t24\tM\twriter\t85711\n2\t53\tF\tother\t94043\n"
        ),
        "recbole-1.2.1.dist-info/METADATA": (
            "Metadata-Version: 2.1\nName: recbole\nVersion: 1.2.1\n"
        ),
        "recbole-1.2.1.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
        "recbole-1.2.1.dist-info/RECORD": "",
    }
)
SMALL_BYTES = zip_of(
    {
        "ml-latest-small/ratings.csv": "userId,movieId,rating,timestamp\n"
        + "".join(f"{u},{u + 1},0.5,{u}\n" for u in range(500)),
        "ml-latest-small/movies.csv": "movieId,title,genres\n"
        + "".join(f"{i},Film {i} (1995),Drama\n" for i in range(1, 501)),
    },
)


@dataclass
class Source:
    """A web server's files, and how it treats who asks for them."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut: float = 1.0
    delay: float = 0.0
    status: int = 200
    drip: float = 0.0
    hold: threading.Event | None = None
    hits: list[str] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    def __init__(self, source, *arguments):
        self.source = source
        super().__init__(*arguments)

    def do_GET(self):
        source, name = self.source, self.path.rpartition("/")[2]
        source.hits.append(name)
        time.sleep(source.delay)
        content = source.files.get(name, b"")
        status = source.status if content else 404
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        whole = len(content) if source.drip == 0 else 0
        for place in range(len(content) - whole):
            if source.drip == 0:
                return
            self.wfile.write(content[place : place + 1])
            time.sleep(source.drip)
        self.wfile.write(content[: int(whole * source.cut)])
        if source.hold is not None:
            self.wfile.flush()
            source.hold.wait(30)

    def log_message(self, *_):
        pass


@pytest.fixture
def source(monkeypatch):
    source = Source({SMALL: SMALL_BYTES, ZIP: ZIP_BYTES})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, source))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    source.url = f"http://127.0.0.1:{server.server_port}/ml"
    monkeypatch.setenv("RECSLIB_MIRROR", source.url)
    yield source
    if source.hold is not None:
        source.hold.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch, tmp_path):
    """Keep this machine's own settings, and every other host, out."""
    for name in ("RECSLIB_DATA", "RECSLIB_CACHE", "RECSLIB_PROGRESS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("RECSLIB_MIRROR", "http://127.0.0.1:9/closed")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "no-wheels"))


@pytest.fixture
def wheels(monkeypatch, tmp_path):
    folder = tmp_path / "wheels"
    folder.mkdir()
    (folder / WHEEL).write_bytes(WHEEL_BYTES)
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def small_100k(monkeypatch):
    """Take the two small archives above for the published ones."""
    published, wheel = movielens.ARCHIVES["100k"]
    archives = tuple(
        replace(
            archive,
            n_bytes=len(content),
            known_hash="sha256:" + hashlib.sha256(content).hexdigest(),
        )
        for archive, content in ((published, ZIP_BYTES), (wheel, WHEEL_BYTES))
    )
    monkeypatch.setitem(movielens.ARCHIVES, "100k", archives)
    monkeypatch.setattr(
        movielens, "U_DATA_SHA256", hashlib.sha256(U_DATA).hexdigest()
    )


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "deep" / "cache"


def kept(cache):
    """List what lies in the cache, locks aside."""
    return sorted(p.name for p in cache.iterdir() if p.suffix != ".lock")


def flipped(content):
    """Change one bit inside the first member's compressed bytes."""
    place = len(content) // 4
    changed = bytes([content[place] ^ 1])
    return content[:place] + changed + content[place + 1 :]


# Downloads ------------------------------------------------------------------


def test_a_sound_download_is_kept_and_asked_for_once(
    source, cache, small_100k
):
    for _ in range(2):
        data = load("100k", cache=cache)
        assert data.ratings.titles == ("The Usual Suspects (1995)",)
    assert source.hits == [ZIP]
    assert (cache / ZIP).read_bytes() == ZIP_BYTES
    assert kept(cache) == [ZIP]


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_others_may_read_what_was_fetched(source, cache):
    load("latest-small", cache=cache)
    assert (cache / SMALL).stat().st_mode & 0o777 == 0o644


def test_the_cache_may_come_from_the_environment(source, cache, monkeypatch):
    monkeypatch.setenv("RECSLIB_CACHE", str(cache))
    load("latest-small")
    assert kept(cache) == [SMALL]


def test_terms_and_citation_are_shown_at_the_download_alone(
    source, cache, capsys
):
    load("latest-small", cache=cache)
    shown = capsys.readouterr().out
    assert "commercially" in shown and "10.1145/2827872" in shown
    load("latest-small", cache=cache)
    assert capsys.readouterr().out == ""


def test_the_download_shows_a_bar_and_nothing_else_on_standard_error(
    source, cache, capsys, monkeypatch
):
    monkeypatch.setattr(progress, "PATIENCE", 0)
    load("latest-small", cache=cache)
    lines = capsys.readouterr().err.split("\r")
    assert any(SMALL in line for line in lines)
    assert {line.strip() for line in lines if SMALL not in line} == {""}


def test_switched_off_a_download_says_nothing(
    source, cache, capsys, monkeypatch
):
    monkeypatch.setenv("RECSLIB_PROGRESS", "off")
    load("latest-small", cache=cache)
    assert tuple(capsys.readouterr()) == ("", "")


def truncated(source):
    source.cut = 0.5


def corrupted(source):
    source.files[ZIP] = flipped(ZIP_BYTES)


def wrong_archive(source):
    source.files[ZIP] = SMALL_BYTES


def refusing(source):
    source.status = 503


def without_the_file(source):
    del source.files[ZIP]


FAULTS = [truncated, corrupted, wrong_archive, refusing, without_the_file]


@pytest.mark.parametrize("fault", FAULTS)
def test_when_grouplens_fails_the_wheel_gives_the_same_100k(
    fault, source, cache, small_100k, wheels
):
    fault(source)
    data = load("100k", cache=cache)
    assert source.hits == [ZIP]
    assert kept(cache) == [WHEEL]
    assert data.ratings.ratings.tolist() == [5, 3]
    assert data.ratings.titles == ("The Usual Suspects (1995)",)


def test_a_wheel_that_is_not_the_published_one_is_refused(
    cache, small_100k, wheels
):
    with zipfile.ZipFile(wheels / WHEEL, "a") as wheel:
        wheel.writestr("recbole/more.py", "")
    with pytest.raises(DownloadError, match=r"pip:recbole==1\.2\.1"):
        load("100k", cache=cache)
    assert kept(cache) == []


def test_when_all_fail_the_error_says_what_each_said_and_what_to_do(
    source, cache, small_100k, tmp_path
):
    refusing(source)
    with pytest.raises(DownloadError) as caught:
        load("100k", folder=tmp_path, cache=cache)
    said = str(caught.value)
    assert f"the folder {tmp_path}: no sound copy" in said
    assert f"{source.url}/{ZIP}\n" in said and "503" in said
    assert "pip:recbole==1.2.1\n" in said
    assert "No matching distribution found" in said
    assert str(cache) in said
    assert "RECSLIB_DATA" in said and "RECSLIB_MIRROR" in said
    assert [f"{n}. " in said for n in (1, 2, 3, 4)] == [True] * 3 + [False]
    assert kept(cache) == []


def broken_zip(source):
    source.files[SMALL] = SMALL_BYTES[: len(SMALL_BYTES) // 2]


def damaged_stream(source):
    source.files[SMALL] = flipped(SMALL_BYTES)


def damaged_member(source):
    member = "ml-latest-small/ratings.csv"
    stored = zip_of({member: b"1,2,3\n" * 99}, zipfile.ZIP_STORED)
    source.files[SMALL] = flipped(stored)


def another_zip(source):
    source.files[SMALL] = ZIP_BYTES


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (truncated, "IncompleteRead"),
        (broken_zip, "cannot be read"),
        (damaged_stream, "cannot be read"),
        (damaged_member, r"damaged at ml-latest-small/ratings\.csv"),
        (another_zip, "does not hold ml-latest-small/ratings.csv"),
    ],
)
def test_a_set_without_a_known_hash_is_checked_as_an_archive(
    fault, said, source, cache
):
    fault(source)
    with pytest.raises(DownloadError, match=said):
        load("latest-small", cache=cache)
    assert kept(cache) == []


def test_after_a_failure_the_next_try_starts_afresh(source, cache):
    truncated(source)
    with pytest.raises(DownloadError):
        load("latest-small", cache=cache)
    source.cut = 1.0
    assert len(load("latest-small", cache=cache).ratings) == 500
    assert kept(cache) == [SMALL]


def test_what_an_earlier_process_left_half_done_is_not_taken_up(source, cache):
    left = cache / "latest-small.incoming" / SMALL
    left.parent.mkdir(parents=True)
    left.write_bytes(SMALL_BYTES[:100])
    assert len(load("latest-small", cache=cache).ratings) == 500
    assert kept(cache) == [SMALL]


# A cache that is not as it was left -----------------------------------------


@pytest.mark.parametrize(
    "poison",
    [flipped, lambda content: content[:100], lambda _: b"", lambda c: c + c],
)
def test_a_file_poisoned_in_the_cache_is_set_aside_and_fetched_again(
    poison, source, cache, small_100k, caplog
):
    load("100k", cache=cache)
    for _ in range(2):
        (cache / ZIP).write_bytes(poison(ZIP_BYTES))
        assert len(load("100k", cache=cache).ratings) == 2
    assert source.hits == [ZIP] * 3
    assert kept(cache) == [ZIP, ZIP + ".bad"]
    assert (cache / (ZIP + ".bad")).read_bytes() == poison(ZIP_BYTES)
    assert "set aside" in caplog.text


def test_the_wheel_in_the_cache_serves_when_the_archive_is_poisoned(
    cache, small_100k
):
    cache.mkdir(parents=True)
    (cache / ZIP).write_bytes(b"no archive")
    (cache / WHEEL).write_bytes(WHEEL_BYTES)
    assert len(load("100k", cache=cache).ratings) == 2


def test_a_cache_that_cannot_be_made_gives_way_to_a_temporary_one(
    source, tmp_path, caplog, temporary_folder
):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    for _ in range(2):
        data = load("latest-small", cache=in_the_way / "cache")
        assert len(data.ratings) == 500
    assert source.hits == [SMALL]
    assert "cannot be written" in caplog.text
    assert str(temporary_folder) in caplog.text
    assert in_the_way.read_text() == "not a folder"


@pytest.fixture
def temporary_folder(monkeypatch):
    """Let temporary files go where any user may write."""
    folder = Path(tempfile.mkdtemp(dir="/tmp" if os.name == "posix" else None))
    folder.chmod(0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    downloads._temporary_cache.cache_clear()
    yield folder
    downloads._temporary_cache.cache_clear()
    shutil.rmtree(folder)


@pytest.fixture
def read_only_cache(temporary_folder):
    """Give an existing cache that the kernel refuses to write.

    It refuses root nothing, so root becomes another user meanwhile.
    """
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions of this kind are POSIX's")
    cache = temporary_folder / "cache"
    cache.mkdir()
    (cache / SMALL).write_bytes(SMALL_BYTES)
    cache.chmod(0o555)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        with pytest.raises(PermissionError):
            (cache / "new").touch()
        yield cache
    finally:
        os.seteuid(was)
        cache.chmod(0o755)


def test_a_read_only_cache_with_the_file_is_read_without_a_lock(
    read_only_cache, source, caplog
):
    assert len(load("latest-small", cache=read_only_cache).ratings) == 500
    assert [p.name for p in read_only_cache.iterdir()] == [SMALL]
    assert source.hits == [] and caplog.text == ""


def test_a_read_only_cache_without_the_file_gives_way_to_a_temporary_one(
    read_only_cache, source, small_100k, caplog
):
    for _ in range(2):
        assert len(load("100k", cache=read_only_cache).ratings) == 2
    assert source.hits == [ZIP]
    assert [p.name for p in read_only_cache.iterdir()] == [SMALL]
    assert "Permission denied" in caplog.text
    assert "RECSLIB_CACHE" in caplog.text


def bits_of(content):
    """Flip one bit of each byte in turn, and all eight of two headers."""
    central = content.find(b"PK\x01\x02")
    for place, byte in enumerate(content):
        in_header = place < 30 or central <= place < central + 46
        for bit in range(8) if in_header else [place % 8]:
            bad = bytes([byte ^ 1 << bit])
            yield content[:place] + bad + content[place + 1 :]


TINY = zip_of(
    {
        "ml-latest-small/ratings.csv": (
            "userId,movieId,rating,timestamp\n1,1,4.0,9\n2,2,3.5,10\n"
        ),
        "ml-latest-small/movies.csv": (
            'movieId,title,genres\n1,"Heat (1995)",Crime\n2,Up (2009),Drama\n'
        ),
    }
)


def test_a_bit_flipped_anywhere_is_noticed_or_changes_nothing(tmp_path):
    (archive,) = movielens.ARCHIVES["latest-small"]
    path = tmp_path / SMALL
    path.write_bytes(TINY)
    sound = load("latest-small", cache=tmp_path)
    n_noticed = 0
    for content in bits_of(TINY):
        path.write_bytes(content)
        trouble = downloads._trouble(path, archive)
        n_noticed += trouble is not None
        if trouble is None:
            data = load("latest-small", cache=tmp_path)
            assert data.ratings.ratings.equal(sound.ratings.ratings)
            assert data.ratings.titles == sound.ratings.titles
    assert n_noticed > len(TINY) / 2


def claims_a_password(content):
    changed = bytearray(content)
    changed[6] |= 1
    changed[content.find(b"PK\x01\x02") + 8] |= 1
    return bytes(changed)


def packed_by_nobody_knows_what(content):
    changed = bytearray(content)
    changed[8] = changed[content.find(b"PK\x01\x02") + 10] = 0x63
    return bytes(changed)


def whole_but(**files):
    """Return what makes the small archive anew, with other files in it."""
    with zipfile.ZipFile(io.BytesIO(TINY)) as tiny:
        members = {each: tiny.read(each) for each in tiny.namelist()}
    for name, content in files.items():
        member = f"ml-latest-small/{name}.csv"
        if content is None:
            del members[member]
        else:
            members[member] = content
    return lambda _: zip_of(members)


HEADER = "userId,movieId,rating,timestamp\n"
WRONG = {
    "password": claims_a_password,
    "packing": packed_by_nobody_knows_what,
    "no films": whole_but(movies=None),
    "no ratings": whole_but(ratings=None),
    "empty ratings": whole_but(ratings=""),
    "a header alone": whole_but(ratings=HEADER),
    "another header": whole_but(ratings="userId,x,y\n1,1,4.0\n"),
    "stars that cannot be": whole_but(ratings=HEADER + "1,1,9.0,9\n"),
    "a rated film that lacks": whole_but(ratings=HEADER + "1,7,4.0,9\n"),
    "empty films": whole_but(movies=""),
    "another film table": whole_but(movies="id;title\n1;Heat\n"),
    "another archive": lambda _: ZIP_BYTES,
    "a web page": lambda _: b"<html>Please sign in</html>",
}


@pytest.mark.parametrize("fault", WRONG)
def test_an_archive_that_is_whole_but_wrong_is_set_aside_and_fetched_again(
    fault, source, cache, caplog
):
    cache.mkdir(parents=True)
    (cache / SMALL).write_bytes(WRONG[fault](TINY))
    assert len(load("latest-small", cache=cache).ratings) == 500
    assert kept(cache) == [SMALL, SMALL + ".bad"]
    assert "set aside" in caplog.text


@pytest.mark.parametrize("fault", WRONG)
def test_an_archive_that_comes_whole_but_wrong_is_never_kept(
    fault, source, cache
):
    source.files[SMALL] = WRONG[fault](TINY)
    with pytest.raises(DownloadError, match=f"{SMALL}\n.*what came"):
        load("latest-small", cache=cache)
    assert kept(cache) == []
    source.files[SMALL] = SMALL_BYTES
    assert len(load("latest-small", cache=cache).ratings) == 500


def test_with_no_source_the_error_says_which_file_is_bad_and_why(cache):
    cache.mkdir(parents=True)
    (cache / SMALL).write_bytes(WRONG["no films"](TINY))
    said = f"{SMALL} does not hold ml-latest-small/movies.csv"
    with pytest.raises(DownloadError, match=said):
        load("latest-small", cache=cache)


def test_a_web_page_in_place_of_an_archive_is_called_so(source, cache):
    source.files[SMALL] = b"\n<!DOCTYPE html><p>Sign in to the network"
    with pytest.raises(DownloadError, match="it is a web page"):
        load("latest-small", cache=cache)


@pytest.mark.parametrize("fill", [lambda p: None, lambda p: p.joinpath("x")])
def test_a_folder_in_the_place_of_what_is_set_aside_is_no_obstacle(
    fill, source, cache
):
    aside = cache / (SMALL + ".bad")
    aside.mkdir(parents=True)
    inside = fill(aside)
    if inside is not None:
        inside.touch()
    for _ in range(2):
        (cache / SMALL).write_bytes(b"x")
        assert len(load("latest-small", cache=cache).ratings) == 500
    assert aside.is_dir()
    assert kept(cache) == [SMALL, SMALL + ".bad", SMALL + ".bad-2"]


def test_a_folder_in_the_place_of_the_archive_is_no_obstacle(source, cache):
    for _ in range(2):
        (cache / SMALL).mkdir(parents=True)
        (cache / SMALL / "x").touch()
        assert len(load("latest-small", cache=cache).ratings) == 500
        (cache / SMALL).unlink()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_a_pipe_in_the_place_of_the_archive_is_not_waited_for(
    source, cache, caplog
):
    cache.mkdir(parents=True)
    os.mkfifo(cache / SMALL)  # who opens it waits for somebody who writes
    assert len(load("latest-small", cache=cache).ratings) == 500
    assert f"{SMALL} is no file: set aside" in caplog.text


@pytest.mark.parametrize("kind", ["lock", "incoming"])
def test_a_name_that_something_else_has_taken_is_no_obstacle(
    kind, source, cache, temporary_folder
):
    taken = cache / f"latest-small.{kind}"
    taken.mkdir(parents=True)
    if kind == "incoming":
        taken.rmdir()
        taken.write_text("a file")
    assert len(load("latest-small", cache=cache).ratings) == 500


@pytest.fixture
def shared_cache(temporary_folder):
    """Give a cache where all may write and none may delete another's files.

    What is in it is root's; the test goes on as another user.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can leave files of another user")
    cache = temporary_folder / "shared"
    cache.mkdir()
    cache.chmod(0o1777)

    def left(name, content=None, mode=0o755):
        path = cache / name
        if content is None:
            path.mkdir()
            (path / "half").write_bytes(b"half")
        else:
            path.write_bytes(content)
        path.chmod(mode)
        os.seteuid(65534)
        return cache

    yield left
    os.seteuid(0)


def test_what_another_user_left_half_done_blocks_nobody(shared_cache, source):
    cache = shared_cache("latest-small.incoming")
    assert len(load("latest-small", cache=cache).ratings) == 500
    assert (cache / SMALL).read_bytes() == SMALL_BYTES
    assert kept(cache) == ["latest-small.incoming", SMALL]


@pytest.mark.parametrize(
    ("name", "content", "mode"),
    [
        (SMALL, b"no archive", 0o644),
        (SMALL, SMALL_BYTES, 0o600),
        ("latest-small.lock", b"", 0o600),
    ],
)
def test_a_file_of_another_user_that_is_in_the_way_is_left_and_named(
    name, content, mode, shared_cache, source, caplog
):
    cache = shared_cache(name, content, mode)
    for _ in range(2):
        assert len(load("latest-small", cache=cache).ratings) == 500
    assert source.hits == [SMALL]
    assert name in caplog.text and "RECSLIB_CACHE" in caplog.text
    os.seteuid(0)
    assert (cache / name).read_bytes() == content


def test_the_home_folder_is_meant_by_a_tilde(source, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("RECSLIB_CACHE", "~/films")
    monkeypatch.chdir(tmp_path)
    load("latest-small")
    load("latest-small", cache="~/others")
    assert kept(tmp_path / "home" / "films") == [SMALL]
    assert kept(tmp_path / "home" / "others") == [SMALL]
    assert not (tmp_path / "~").exists()


@pytest.mark.parametrize(
    "written",
    ['"{}"', "'{}'", " {}\n", "$PLACE", "${{PLACE}}", '"$PLACE" ', "' {} '"],
)
def test_a_variable_that_no_shell_has_read_means_the_folder(
    written, source, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my films"
    monkeypatch.setenv("PLACE", str(folder))
    value = written.format(folder)
    monkeypatch.setenv("RECSLIB_CACHE", value)
    load("latest-small")
    assert kept(folder) == [SMALL]
    assert kept(tmp_path) == ["my films"]
    monkeypatch.setenv("RECSLIB_CACHE", str(tmp_path / "another"))
    monkeypatch.setenv("RECSLIB_DATA", value)
    assert len(load("latest-small").ratings) == 500
    assert source.hits == [SMALL]


def test_the_address_of_a_mirror_may_stand_in_quotation_marks(
    source, cache, monkeypatch
):
    monkeypatch.setenv("RECSLIB_MIRROR", f'"{source.url}/"')
    assert len(load("latest-small", cache=cache).ratings) == 500


@pytest.mark.parametrize("cache", ["x\0y", "y" * 5_000])
def test_a_cache_that_cannot_be_named_gives_way_to_a_temporary_one(
    cache, source, temporary_folder, caplog
):
    assert len(load("latest-small", cache=cache).ratings) == 500
    assert "RECSLIB_CACHE" in caplog.text
    assert len(caplog.text) < 2_000


def test_what_is_said_beside_a_temporary_cache_is_followed(
    source, tmp_path, monkeypatch, caplog, temporary_folder
):
    (tmp_path / "file").touch()
    load("latest-small", cache=tmp_path / "file")
    assert "set RECSLIB_CACHE to a folder of yours" in caplog.text
    monkeypatch.setenv("RECSLIB_CACHE", str(tmp_path / "mine"))
    load("latest-small")
    assert kept(tmp_path / "mine") == [SMALL]


# A source that is slow, or gives too much ------------------------------------


def test_a_source_of_a_byte_now_and_then_is_given_up(
    source, cache, monkeypatch
):
    monkeypatch.setattr(downloads, "PACE_SECONDS", 0.5)
    source.drip = 0.05
    with pytest.raises(DownloadError, match=r"bytes in .* seconds: gi"):
        load("latest-small", cache=cache)
    assert kept(cache) == []
    source.drip = 0.0
    assert len(load("latest-small", cache=cache).ratings) == 500


def test_a_source_without_an_end_is_given_up(source, cache, monkeypatch):
    monkeypatch.setattr(downloads, "MOST_BYTES", 1_000)
    source.hold = threading.Event()
    with pytest.raises(DownloadError, match="more than the 1,000 bytes"):
        load("latest-small", cache=cache)
    assert kept(cache) == []


def test_a_full_disk_is_told_with_what_helps(source, cache, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(downloads, "_http_download", full)
        with pytest.raises(DownloadError, match=r"4\. make room.*RECSLIB_CAC"):
            load("latest-small", cache=cache)
    assert len(load("latest-small", cache=cache).ratings) == 500


def test_a_pip_of_the_working_folder_is_not_run(
    cache, small_100k, wheels, tmp_path, monkeypatch
):
    (tmp_path / "pip.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    assert len(load("100k", cache=cache).ratings) == 2
    assert not (tmp_path / "ran").exists()


def test_a_source_package_in_place_of_the_wheel_is_not_run(
    cache, small_100k, wheels, tmp_path
):
    (wheels / WHEEL).unlink()
    code = f"open({str(tmp_path / 'ran')!r}, 'w')".encode()
    with tarfile.open(wheels / "recbole-1.2.1.tar.gz", "w:gz") as package:
        member = tarfile.TarInfo("recbole-1.2.1/setup.py")
        member.size = len(code)
        package.addfile(member, io.BytesIO(code))
    with pytest.raises(DownloadError, match=r"pip:recbole==1\.2\.1"):
        load("100k", cache=cache)
    assert not (tmp_path / "ran").exists()


# What an error offers --------------------------------------------------------


def test_each_remedy_for_a_source_that_fails_is_followed(
    source, cache, tmp_path, monkeypatch
):
    source.status = 503
    with pytest.raises(DownloadError) as caught:
        load("latest-small", cache=cache)
    said = str(caught.value)
    assert "run this again" in said
    source.status = 200
    assert len(load("latest-small", cache=cache).ratings) == 500
    monkeypatch.setenv("RECSLIB_MIRROR", "http://127.0.0.1:9/closed")
    assert f"download {SMALL} in a browser" in said
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / SMALL).write_bytes(SMALL_BYTES)
    with monkeypatch.context() as patched:
        patched.setenv("RECSLIB_DATA", str(tmp_path / "mine"))
        assert len(load("latest-small", cache=tmp_path / "a").ratings) == 500
    assert "RECSLIB_MIRROR to the address of a mirror" in said
    monkeypatch.setenv("RECSLIB_MIRROR", source.url + "/")
    assert len(load("latest-small", cache=tmp_path / "b").ratings) == 500


# A folder that a person names -----------------------------------------------


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("nowhere", "there is no such folder"),
        ("nowhere/at/all", "there is no such folder"),
        ("y" * 5_000, "cannot be looked into"),
        ("~nosuchuser/x", "cannot be looked into"),
        ("x\0y", "cannot be looked into"),
        ("file", "no sound copy; it holds file"),
        (["nowhere"], "cannot be looked into"),
        (b"nowhere", "cannot be looked into"),
    ],
)
def test_a_folder_that_is_no_use_is_said_and_the_cache_is_tried(
    named, said, source, cache, tmp_path, monkeypatch, caplog
):
    (tmp_path / "file").write_text("no archive")
    monkeypatch.chdir(tmp_path)
    with monkeypatch.context() as patched:
        patched.setenv("RECSLIB_MIRROR", "http://127.0.0.1:9/closed")
        with pytest.raises(DownloadError, match=f"the folder .*: .*{said}"):
            load("latest-small", folder=named, cache=cache)
    assert "looking in the cache" in caplog.text
    data = load("latest-small", folder=named, cache=cache)
    assert len(data.ratings) == 500


def test_a_closed_folder_is_said_and_the_cache_is_tried(
    temporary_folder, source, caplog
):
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions of this kind are POSIX's")
    closed = temporary_folder / "closed"
    (closed / "in").mkdir(parents=True)
    closed.chmod(0)
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    try:
        for folder in (closed, closed / "in"):
            data = load("latest-small", folder=folder, cache=temporary_folder)
            assert len(data.ratings) == 500
        assert "Permission denied" in caplog.text
    finally:
        os.seteuid(was)
        closed.chmod(0o755)


@pytest.mark.parametrize(
    "name", ["ml-latest-small (1).zip", "ML-Latest-Small.ZIP", SMALL]
)
def test_an_archive_that_was_saved_under_another_name_is_found(
    name, cache, tmp_path
):
    (tmp_path / name).write_bytes(SMALL_BYTES)
    for folder in (tmp_path, tmp_path / name):
        data = load("latest-small", folder=folder, cache=cache)
        assert len(data.ratings) == 500


def test_what_lies_in_the_folder_instead_is_listed(cache, tmp_path):
    for number in range(12):
        (tmp_path / f"photo {number:02}.jpg").touch()
    said = r"no sound copy; it holds photo 00\.jpg, .* photo 07\.jpg, \.\.\."
    with pytest.raises(DownloadError, match=said):
        load("latest-small", folder=tmp_path, cache=cache)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_an_archive_that_was_unpacked_into_its_own_name_is_found(
    depth, cache, tmp_path
):
    place = tmp_path.joinpath(*["ml-latest-small"] * depth)
    place.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(TINY)) as tiny:
        for member in tiny.namelist():
            (place / Path(member).name).write_bytes(tiny.read(member))
    assert len(load("latest-small", folder=tmp_path, cache=cache).ratings) == 2


def test_an_archive_in_the_folder_needs_no_source(tmp_path, cache, small_100k):
    (tmp_path / ZIP).write_bytes(ZIP_BYTES)
    assert len(load("100k", folder=tmp_path, cache=cache).ratings) == 2
    assert not cache.exists()


def test_a_damaged_archive_in_the_folder_is_left_alone_and_told(
    tmp_path, cache, small_100k, source, caplog
):
    (tmp_path / ZIP).write_bytes(ZIP_BYTES[:99])
    assert len(load("100k", folder=tmp_path, cache=cache).ratings) == 2
    assert (tmp_path / ZIP).read_bytes() == ZIP_BYTES[:99]
    assert f"has 99 bytes, not {len(ZIP_BYTES)}" in caplog.text
    assert f"{tmp_path} holds no sound copy" in caplog.text


# Many processes -------------------------------------------------------------


def start(cache, *python):
    return subprocess.Popen(
        [sys.executable, *python, "latest-small"],
        env={**os.environ, "RECSLIB_CACHE": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_start_together_download_once(source, cache):
    source.delay = 2.0
    processes = [start(cache, "-m", "recslib.movielens") for _ in range(2)]
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert source.hits == [SMALL]
    assert all("Ratings(500 ratings" in out for out, _ in said)
    assert sum("10.1145/2827872" in out for out, _ in said) == 1
    assert kept(cache) == [SMALL]


# Importing once and forking lets eight reach the lock at the same moment.
FORK_EIGHT = """
import os, sys
from recslib.movielens import main
children = []
for _ in range(8):
    child = os.fork()
    if child == 0:
        code = main(sys.argv[1:])
        sys.stdout.flush()
        os._exit(code)
    children.append(child)
sys.exit(sum(os.waitpid(child, 0)[1] for child in children) > 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks are POSIX's")
def test_eight_processes_at_once_download_once_and_seven_say_they_wait(
    source, cache
):
    source.delay = 1.0
    process = start(cache, "-c", FORK_EIGHT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert source.hits == [SMALL]
    assert out.count("Ratings(500 ratings") == 8
    assert out.count("10.1145/2827872") == 1
    assert err.count("Another process is fetching latest-small") == 7
    assert "Downloading data" not in err
    assert kept(cache) == [SMALL]


def test_a_process_killed_in_mid_download_leaves_nothing_half_written(
    source, cache
):
    source.cut, source.hold = 0.5, threading.Event()
    process = start(cache, "-m", "recslib.movielens")
    incoming = cache / "latest-small.incoming"
    deadline = time.monotonic() + 30
    while not (incoming.is_dir() and any(incoming.iterdir())):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.communicate(timeout=30)
    assert not (cache / SMALL).exists()
    assert any(incoming.iterdir())
    source.hold.set()
    source.cut, source.hold = 1.0, None
    assert len(load("latest-small", cache=cache).ratings) == 500
    assert kept(cache) == [SMALL]


def test_a_lock_that_is_never_freed_is_named(cache, monkeypatch, caplog):
    monkeypatch.setattr(downloads, "LOCK_SECONDS", 0.1)
    cache.mkdir(parents=True)
    with (
        FileLock(cache / "latest-small.lock"),
        pytest.raises(DownloadError, match=r"latest-small\.lock has been"),
    ):
        load("latest-small", cache=cache)
    assert "waiting" in caplog.text


# The command line -----------------------------------------------------------


def test_the_command_says_where_the_data_lies(source, cache, capsys):
    assert main(["latest-small", "--cache", str(cache)]) == 0
    shown = capsys.readouterr().out
    assert f"latest-small lies in {cache / SMALL}" in shown
    assert "Ratings(500 ratings" in shown


def test_the_command_fails_with_the_error_and_no_traceback(cache, capsys):
    assert main(["latest-small", "--cache", str(cache)]) == 1
    assert "no source could give" in capsys.readouterr().err
    assert main(["no-such"]) == 1
    assert "there are 100k" in capsys.readouterr().err


# The real wheel -------------------------------------------------------------


@pytest.mark.data
@pytest.mark.network
def test_the_real_wheel_gives_the_real_100k(cache, monkeypatch):
    for name in ("PIP_NO_INDEX", "PIP_CONFIG_FILE", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    assert len(load("100k", cache=cache).ratings) == 100_000
    assert kept(cache) == [WHEEL]
