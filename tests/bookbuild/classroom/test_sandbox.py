"""What is refused to an answer is tried, and not claimed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bookbuild.classroom import sandbox

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has Landlock and seccomp"
)
SCRIPT = """\
import json, os, sys, threading
from pathlib import Path
from bookbuild.classroom import sandbox

folder, outside = map(Path, sys.argv[1:])
before = sandbox.what_holds(outside)
sandbox.confine(sandbox.Limits(30, 60), folder, sandbox.system_folders())
after = sandbox.what_holds(outside)
said = {}
for name, attempt in {
    "own folder": lambda: (folder / "own").write_text("x"),
    "thread": lambda: threading.Thread(target=int).start(),
    "kill": lambda: os.kill(os.getppid(), 0),
    "mode": lambda: os.chmod(outside, 0),
    "owner": lambda: os.chown(outside, os.getuid(), os.getgid()),
    "time": lambda: os.utime(outside),
    "link": lambda: os.link(outside, folder / "link"),
    "remove": lambda: outside.unlink(),
    "list": lambda: os.listdir("/"),
    "memory": lambda: bytearray(1 << 40),
    "limit": lambda: __import__("resource").setrlimit(0, (-1, -1)),
    "large": lambda: (folder / "large").write_bytes(bytes(20 << 20)),
    "program": lambda: os.execv("/bin/true", ["true"]),
}.items():
    try:
        attempt()
        said[name] = "done"
    except BaseException as error:
        said[name] = type(error).__name__
print(json.dumps([before, after, said]))
"""


@pytest.fixture(scope="module")
def tried(tmp_path_factory):
    place = tmp_path_factory.mktemp("tried")
    folder, outside = place / "own", place / "outside"
    folder.mkdir()
    outside.write_text("x")
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(outside)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert outside.read_text() == "x"
    return json.loads(ran.stdout)


def test_nothing_is_said_to_hold_before_it_does(tried):
    before, _, _ = tried
    for name in ("reading outside", "writing outside", "other processes"):
        assert not before[name]


def test_time_memory_and_files_are_limited_everywhere(tried):
    _, after, said = tried
    assert after["time"] and after["memory"] and after["size of files"]
    assert said["own folder"] == said["thread"] == "done"
    assert said["memory"] == "MemoryError"
    assert said["large"] == "OSError"


def test_what_is_said_to_hold_holds(tried):
    _, after, said = tried
    refused = {"PermissionError", "OSError"}
    if after["other processes"]:
        for name in ("kill", "mode", "owner", "time", "limit", "program"):
            assert said[name] in refused, name
    if after["writing outside"]:
        assert said["link"] in refused
        assert said["remove"] in refused
    if after["reading outside"]:
        assert said["list"] in refused


@pytest.mark.parametrize(
    ("gigabytes", "wanted", "lanes", "memory"),
    [
        (64, 16, 16, sandbox.MOST_MEMORY),
        (16, 16, 16, 1024 * sandbox.MEGABYTE),
        (2, 16, 4, sandbox.LEAST_MEMORY),
        (0, 16, 1, sandbox.LEAST_MEMORY),
    ],
)
def test_answers_share_the_memory_that_is_there(
    monkeypatch, gigabytes, wanted, lanes, memory
):
    there = gigabytes * 1024 * sandbox.MEGABYTE
    monkeypatch.setattr(sandbox, "_memory_at_hand", lambda: there)
    assert sandbox.lanes_at_most(wanted) == lanes
    assert sandbox.memory_for(lanes) == memory


def test_the_memory_that_is_there_is_less_than_a_petabyte():
    assert sandbox.MEGABYTE < sandbox._memory_at_hand() < 1 << 50


def test_python_and_its_packages_are_all_that_can_be_read():
    folders = sandbox.system_folders()
    assert all(path.is_absolute() for path in folders)
    for secret in (Path.home(), Path("/etc/passwd"), Path("/")):
        assert secret.resolve() not in folders
