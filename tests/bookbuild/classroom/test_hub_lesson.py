"""A lesson on a hub that really runs: with an update in the middle of it."""

import os
import re
import shutil
import socket

import pytest

from bookbuild import BuildError, places
from bookbuild.classroom import hub as hubs
from bookbuild.classroom import make, students
from bookbuild.classroom.packs import beside, write_folder

PORTS = range(18_000, 19_000, 3)
N_STUDENTS = 2


@pytest.fixture
def programs():
    """Find what `make test` and `make hub` install."""
    if (hubs.PROGRAMS / "jupyterhub").exists():
        return
    missing = "no JupyterHub: `make .venv-hub/installed` installs it"
    if os.environ.get("REQUIRE_HUB") == "1":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def build(book, monkeypatch):
    """Build the labs of the chapter that students open, where all may read."""
    folder = places.BUILD / "hub-tried"
    shutil.rmtree(folder, ignore_errors=True)  # a cache stays: read-only
    chapter = {students.CHAPTER: book[students.CHAPTER]}
    files = beside() | make.lab_files(chapter)
    write_folder(files, folder / "classroom" / "labs")
    monkeypatch.setattr(places, "BUILD", folder)
    return folder


def is_free(port):
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
def hub(programs, build):
    """Prepare a hub, for a Unix user each where root starts it and they can.

    No other user reads a repository, or a Python, in root's home folder.
    """
    port = next(p for p in PORTS if all(map(is_free, (p, p + 1, p + 2))))
    try:
        return hubs.prepare(build / "hub", port, None)
    except BuildError:
        return hubs.prepare(build / "hub", port, "one")


@pytest.mark.slow
@pytest.mark.data
def test_students_learn_side_by_side_and_an_update_loses_nothing(hub):
    """`students.lesson` says what each does, sees, and does not see."""
    table = hubs.simulate(hub, N_STUDENTS)
    measured = dict(re.findall(r"\| (.+?) \| ([\d.]+) \|", table))
    assert measured["students at once"] == str(N_STUDENTS)
    assert float(measured["memory of a kernel (MB)"]) > 50
    assert not list((hub.folder / "homes").iterdir())
