"""A machine with a fault is told which, and what is offered mends it."""

import ast
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import sysconfig
import venv
from collections import namedtuple
from pathlib import Path

import pytest

import doctor
import install
from bookbuild import places

DOCTOR = places.ROOT / "book" / "doctor.py"
unix = pytest.mark.skipif(
    os.name == "nt", reason="commands are read as a POSIX shell does"
)


def commands_in(finding):
    """The commands that a remedy names, as they would be run."""
    return [shlex.split(each) for each in re.findall("`(.+?)`", finding[3])]


def is_fault(finding, *words):
    assert finding.status == doctor.FAULT, finding
    assert finding.remedy
    for word in words:
        assert word in finding.found
    return True


def test_an_outdated_python_3_can_read_it():
    source = DOCTOR.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))


@unix
@pytest.mark.parametrize(
    ("version", "bits"), [((3, 10, 2), 64), ((3, 12), 32)]
)
def test_an_old_python_names_a_newer_one_that_runs_this(
    monkeypatch, tmp_path, version, bits
):
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = doctor.check_python(version, bits)
    assert is_fault(finding, "needs 64" if bits == 32 else "3.11 is needed")
    assert "python.org" in finding.remedy
    (tmp_path / "python3.13").symlink_to(sys.executable)
    (command,) = commands_in(doctor.check_python(version, bits))
    assert command[0] == "python3.13"
    subprocess.run([*command, "--help"], check=True, stdout=subprocess.DEVNULL)


def test_a_python_that_will_not_do_is_asked_nothing_more(monkeypatch, capsys):
    monkeypatch.setattr(doctor.struct, "calcsize", lambda _: 4)
    assert doctor.main(["--here"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("fault   python")
    assert lines[2].startswith("skipped packages")
    assert lines[-2] == (
        "This machine is not ready. 1 fault, 0 warnings, 5 skipped."
    )


def test_a_python_without_venv_names_the_package_that_has_it(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    assert doctor.check_venv(here=False).status == doctor.OK
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    finding = doctor.check_venv(here=False)
    assert is_fault(finding, "lacks its module `venv`")
    assert "install python3-venv" in finding.remedy


def test_an_environment_that_was_moved_is_made_anew_by_what_is_offered(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    python = install.venv_python()
    python.parent.mkdir(parents=True)
    python.symlink_to(tmp_path / "gone")
    assert not doctor.runs(python)
    finding = doctor.check_venv(here=False)
    assert is_fault(finding, "does not run")
    assert str(INSTALLER) in finding.remedy
    # This is the step of it that makes one.
    assert doctor.runs(install.make_venv())


INSTALLER = places.ROOT / "book" / "install.py"


@unix
def test_the_command_that_installs_is_one_that_starts():
    (command,) = re.findall("`(.+)`", doctor.how_to_install(here=False))
    said = subprocess.run(
        [*shlex.split(command), "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "Make .venv and install requirements.txt" in said


Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free", "installed", "wanted"),
    [(2.9e9, False, "3.0"), (4e8, True, "0.5")],
)
def test_a_full_disk_says_how_much_is_needed(free, installed, wanted):
    finding = doctor.check_disk(free, installed)
    assert is_fault(finding, f"{free / 1e9:.1f} GB free", f"{wanted} GB")
    assert doctor.check_disk(3e9, installed).status == doctor.OK


def test_the_free_space_is_that_of_the_disk_it_lies_on(monkeypatch):
    full = Usage(100, 90, 10)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: full)
    monkeypatch.setattr(doctor, "check_packages", lambda here: MISSING)
    monkeypatch.setattr(doctor, "check_network", lambda python: MISSING)
    found = {each.name: each for each in doctor.examine(here=True)}
    assert is_fault(found["disk"], "0.0 GB free", str(install.ROOT))


MISSING = doctor.Finding("packages", doctor.FAULT, "missing", "bring them")


def test_little_memory_is_a_warning():
    finding = doctor.check_memory(1e9)
    assert (finding.status, finding.found[:11]) == ("warning", "1.0 GB free")
    assert doctor.check_memory(2e9).status == doctor.OK
    assert doctor.check_memory(None).status == doctor.OK
    assert doctor.free_memory() is None or doctor.free_memory() > 0


def test_a_container_has_no_more_memory_than_it_is_given(
    monkeypatch, tmp_path
):
    (tmp_path / "memory.max").write_text("700000\n")
    (tmp_path / "memory.current").write_text("200000\n")
    monkeypatch.setattr(doctor, "CONTROL_GROUP", tmp_path)
    assert doctor.free_memory() == 500_000
    (tmp_path / "memory.max").write_text("max\n")
    assert doctor.free_memory() != 500_000


def test_a_folder_that_takes_no_files_is_named_and_a_copy_takes_some(
    monkeypatch, tmp_path
):
    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    finding = doctor.check_folders([tmp_path])
    assert is_fault(finding, str(tmp_path), "Permission denied")
    assert "copy the whole folder" in finding.remedy
    monkeypatch.undo()
    assert doctor.check_folders([tmp_path]).status == doctor.OK
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="others bring a browser")
def test_no_browser_is_a_fault_until_there_is_one(monkeypatch, tmp_path):
    def none(*_):
        raise doctor.webbrowser.Error

    monkeypatch.delenv("RECSLIB_BROWSER", raising=False)
    monkeypatch.setattr(doctor.webbrowser, "get", none)
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = doctor.check_browser(doctor.find_browser(), on_a_hub=False)
    assert is_fault(finding)
    assert "Firefox or Chromium" in finding.remedy
    assert doctor.check_browser("", on_a_hub=True).status == doctor.OK
    for name in ("firefox", "chromium"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        found = doctor.find_browser()
        assert found == str(program)
        assert doctor.check_browser(found, False).status == doctor.OK
        program.unlink()


def test_a_browser_that_shows_text_alone_is_none(monkeypatch, tmp_path):
    Text = namedtuple("Text", "name")
    monkeypatch.setattr(doctor.sys, "platform", "linux")
    monkeypatch.delenv("RECSLIB_BROWSER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor.webbrowser, "get", lambda: Text("lynx"))
    assert doctor.find_browser() == ""


def test_a_port_that_is_taken_is_a_warning():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        finding = doctor.check_port(port)
    assert finding.status == doctor.WARNING
    assert str(port) in finding.found
    assert doctor.check_port(port).status == doctor.OK


def test_a_machine_that_does_not_hear_itself_is_told(monkeypatch):
    def refuse(address):
        raise OSError(99, "Cannot assign requested address")

    monkeypatch.setattr(doctor.socket, "create_server", refuse)
    finding = doctor.check_port()
    assert is_fault(finding, "127.0.0.1", "Cannot assign")
    assert "firewall" in finding.remedy


def test_a_clock_that_is_behind_its_files_is_a_fault(tmp_path):
    file = tmp_path / "file"
    file.touch()
    now = file.stat().st_mtime
    finding = doctor.check_clock(now - 3 * 86400, [file])
    assert is_fault(finding, "3 days newer")
    for hours in (-23, 0, 1e5):  # sticks keep local time
        assert doctor.check_clock(now + 3600 * hours, [file]).status == "ok"


def test_no_network_says_what_pip_needs(monkeypatch):
    refused = subprocess.CompletedProcess([], 1, stdout="ERROR: refused\n")
    monkeypatch.setattr(install.subprocess, "run", lambda *a, **k: refused)
    finding = doctor.check_network(sys.executable)
    assert is_fault(finding, "No network")
    assert "HTTPS_PROXY" in finding.remedy


@pytest.fixture
def pins(monkeypatch, tmp_path):
    """Write a requirements file that the machine is held against."""
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(doctor, "_unmet", lambda names: [])
    return (tmp_path / "requirements.txt").write_text


def test_a_missing_package_is_a_fault_and_another_version_a_warning(
    monkeypatch, pins
):
    import numpy

    pins(f"-e .\n# words\nnumpy=={numpy.__version__}  # stays\nnone-such==1\n")
    assert doctor.check_packages(here=False).status == doctor.OK
    pins("numpy==0.1\n")
    finding = doctor.check_packages(here=False)
    assert finding.status == doctor.WARNING
    assert finding.found == (
        f"another version: numpy {numpy.__version__}, not 0.1"
    )
    monkeypatch.setattr(doctor, "NEEDED", ("none-such",))
    assert is_fault(doctor.check_packages(here=False), "missing: none-such")
    remedy = doctor.check_packages(here=True).remedy
    assert "-m pip install --requirement requirements.txt" in remedy


def test_what_packages_of_the_book_lack_is_missing(monkeypatch, pins):
    said = (
        "recslib 0.1.0 requires tqdm, which is not installed.\n"
        "another 1.0 requires nothing-of-ours, which is not installed.\n"
    )
    answer = subprocess.CompletedProcess([], 1, stdout=said)
    monkeypatch.undo()
    monkeypatch.setattr(doctor.subprocess, "run", lambda *a, **k: answer)
    assert doctor._unmet(["recslib", "tqdm"]) == ["tqdm"]


def test_threads_that_nobody_counts_are_a_warning():
    finding = doctor.check_threads(False, None, 8)
    assert finding.status == doctor.WARNING
    assert "all 8 cores" in finding.found
    assert str(INSTALLER) in finding.remedy
    assert "OMP_NUM_THREADS" in doctor.check_threads(True, None, 8).remedy
    assert doctor.check_threads(False, "1", 8).status == doctor.OK
    assert doctor.check_threads(False, None, 1).status == doctor.OK


def test_the_installer_gives_notebooks_one_thread(monkeypatch, tmp_path):
    command = install.kernel_command("python")
    assert command[-3:] == ["--env", "OMP_NUM_THREADS", "1"]
    for name in ("wheels", "data"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(install, "WHEELS", tmp_path / "wheels")
    monkeypatch.setattr(install, "DATA", tmp_path / "data")
    command = install.kernel_command("python")
    assert command[-2:] == ["RECSLIB_DATA", str(tmp_path / "data")]


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.delenv("RECSLIB_DATA", raising=False)
    monkeypatch.setenv("RECSLIB_CACHE", str(tmp_path))
    return tmp_path


def test_missing_and_damaged_data_are_faults_and_nothing_is_fetched(
    monkeypatch, cache
):
    assert is_fault(doctor.check_data(), "no sound copy")
    (cache / "ml-100k.zip").write_bytes(b"PK?")
    before = sorted(cache.iterdir())
    finding = doctor.check_data()
    assert is_fault(finding, "ml-100k.zip has 3 bytes, not 4,924,029")
    assert sorted(cache.iterdir()) == before
    assert " -m recslib.movielens 100k`" in finding.remedy


def test_a_cache_that_takes_no_files_is_part_of_what_to_do(monkeypatch, cache):
    (cache / "file").touch()
    monkeypatch.setenv("RECSLIB_CACHE", str(cache / "file"))
    assert "RECSLIB_CACHE" in doctor.check_data().remedy


@pytest.mark.data
def test_the_folder_of_a_sound_copy_mends_missing_data(monkeypatch, cache):
    from recslib import movielens

    monkeypatch.delenv("RECSLIB_CACHE")
    archive, place = movielens.find("100k")
    sound = Path(place.root.filename).parent
    monkeypatch.setenv("RECSLIB_CACHE", str(cache))
    assert is_fault(doctor.check_data())
    monkeypatch.setenv("RECSLIB_DATA", str(sound))
    finding = doctor.check_data()
    assert finding.status == doctor.OK
    assert archive.file in finding.found


def test_a_small_fit_learns_and_tells_its_seconds(monkeypatch):
    monkeypatch.setenv("RECSLIB_PROGRESS", "off")
    finding = doctor.check_fit()
    assert finding.status != doctor.FAULT  # a busy machine is warned
    assert re.match(r"\d+\.\d s, of which", finding.found)


def test_a_lesson_that_will_not_fit_into_its_minutes_is_a_warning():
    assert doctor.in_time(2.9, 1.0).status == doctor.OK
    slow, busy = doctor.in_time(6.0, 5.5), doctor.in_time(4.0, 1.0)
    assert slow.status == busy.status == doctor.WARNING
    assert slow.found.endswith("this processor is slow")
    assert "`quick = True`" in slow.remedy
    assert busy.found.endswith("other programs keep it waiting")


@pytest.fixture
def kernels(monkeypatch, tmp_path, cache):
    """Write a kernel python3 that comes before any other."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def write(*argv, **env):
        folder = tmp_path / "jupyter" / "kernels" / "python3"
        folder.mkdir(parents=True, exist_ok=True)
        spec = {"argv": argv, "display_name": "Python", "language": "python"}
        content = json.dumps(spec | {"env": env})
        (folder / "kernel.json").write_text(content)

    return write


ARGUMENTS = ("-m", "ipykernel_launcher", "-f", "{connection_file}")


@pytest.mark.slow
@unix
def test_a_kernel_that_is_another_python_is_removed_by_what_is_offered(
    kernels, tmp_path
):
    venv.create(tmp_path / "other", with_pip=False, symlinks=True)
    python = tmp_path / "other" / "bin" / "python"
    (site,) = (tmp_path / "other").glob("lib/python*/site-packages")
    packages = sysconfig.get_path("purelib")
    (site / "packages.pth").write_text(f"{packages}\n")
    kernels(str(python), *ARGUMENTS)
    found = doctor.check_kernel(here=True)
    assert is_fault(found[0], "another Python", str(python))
    assert [each.status for each in found[1:]] == [doctor.SKIPPED] * 3
    (command,) = commands_in(found[0])
    subprocess.run(command, check=True, capture_output=True)
    kernel, threads, data, fit = doctor.check_kernel(here=True)
    assert (kernel.name, kernel.status) == ("kernel", doctor.OK)
    assert "OMP_NUM_THREADS is 1" in threads.found
    assert is_fault(data, "no sound copy")
    assert fit.status in (doctor.OK, doctor.WARNING)


@pytest.mark.slow
@unix
def test_a_kernel_that_does_not_start_is_a_fault(kernels):
    kernels("false", "{connection_file}")
    assert is_fault(doctor.check_kernel(here=True)[0], "does not start")


def test_findings_are_lines_and_json_and_an_exit_status(monkeypatch, capsys):
    good = doctor.Finding("disk", doctor.OK, "much")
    monkeypatch.setattr(doctor, "examine", lambda here: [good, MISSING])
    assert doctor.main(["--here", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ready"] is False
    assert told["checks"][1] == MISSING._asdict()
    assert doctor.main(["--here"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok      disk        much",
        "fault   packages    missing",
        "                    -> bring them",
        "This machine is not ready. 1 fault, 0 warnings.",
        "Mend what is at fault, and run it again.",
    ]
    monkeypatch.setattr(doctor, "examine", lambda here: [good])
    assert doctor.main(["--here"]) == 0
    assert "This machine is ready." in capsys.readouterr().out


def test_the_python_of_the_environment_is_asked_where_there_is_one(
    monkeypatch, tmp_path
):
    asked = []
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(doctor, "runs", lambda python: True)
    monkeypatch.setattr(
        doctor.subprocess, "call", lambda command: asked.append(command) or 1
    )
    assert doctor.main(["--json"]) == 1
    assert asked == [[str(install.venv_python()), str(DOCTOR), "--json"]]
