"""What a person is told before anything is installed."""

import ast
import http.server
import importlib.util
import os
import re
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

unix = pytest.mark.skipif(
    os.name == "nt", reason="the stand-in is a script of the shell"
)
INSTALLER = Path(__file__).parents[1] / "book" / "install.py"
SOURCE = INSTALLER.read_text(encoding="utf-8")
# It runs before anything is installed, so it is in no package.
spec = importlib.util.spec_from_file_location("install", INSTALLER)
install = importlib.util.module_from_spec(spec)
spec.loader.exec_module(install)


def test_an_outdated_python_3_can_read_the_installer():
    ast.parse(SOURCE, feature_version=(3, 6))


def test_python_3_10_is_told_what_is_needed_and_how_to_name_another(
    monkeypatch,
):
    monkeypatch.setattr(install.shutil, "which", lambda name: None)
    with pytest.raises(install.MachineError) as told:
        install.check_python((3, 10, 12))
    message = str(told.value)
    assert message.startswith("Python 3.11 or newer is needed, and this is ")
    assert "3.10.12" in message
    assert "make PYTHON=python3.12 book" in message


def test_an_outdated_python_points_at_a_newer_one_on_the_path(monkeypatch):
    have = {"python3.12": "/opt/bin/python3.12"}
    monkeypatch.setattr(install.shutil, "which", have.get)
    with pytest.raises(install.MachineError, match=r"PYTHON=python3\.12 "):
        install.check_python((3, 9, 6))


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2)])
def test_python_3_11_and_newer_are_welcome(version):
    install.check_python(version)


def test_a_python_without_venv_names_the_debian_package(monkeypatch):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(install.MachineError, match="install python3-venv"):
        install.check_venv()


def test_too_little_space_for_cuda_offers_the_cpu_build():
    with pytest.raises(install.MachineError) as told:
        install.check_space(5.25e9, cuda=True)
    message = str(told.value)
    assert message.startswith("Not enough disk space: 5.2 GB are free")
    assert "takes 10 GB" in message
    assert "make CPU=1 book" in message


def test_too_little_space_for_the_cpu_build_says_how_much_it_takes():
    with pytest.raises(install.MachineError) as told:
        install.check_space(1e9, cuda=False)
    assert "1.0 GB are free" in str(told.value)
    assert "takes 3 GB" in str(told.value)
    assert "CPU=1" not in str(told.value)


def test_exactly_enough_space_is_enough():
    install.check_space(3e9, cuda=False)
    install.check_space(10e9, cuda=True)


def test_a_pip_that_reaches_nothing_is_reported_as_no_network(monkeypatch):
    refused = subprocess.CompletedProcess([], 1, stdout="ERROR: refused\n")
    monkeypatch.setattr(install.subprocess, "run", lambda *a, **k: refused)
    with pytest.raises(install.MachineError) as told:
        install.check_network(install.VENV)
    first, *rest = str(told.value).splitlines()
    assert first.startswith("No network: pip could not fetch tqdm==")
    assert "HTTPS_PROXY" in first
    assert rest == ["ERROR: refused"]


def test_the_cpu_build_comes_from_pytorchs_own_index_and_only_if_asked():
    assert install.pip_install(cpu=True)[-2:] == [
        "--extra-index-url",
        "https://download.pytorch.org/whl/cpu",
    ]
    assert not any("pytorch" in word for word in install.pip_install(False))


def a_program(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def no_device(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "NVIDIA_DEVICE", tmp_path / "none")


@unix
def test_a_card_that_nvidias_program_lists_is_a_card(
    monkeypatch, tmp_path, no_device
):
    line = "GPU 0: NVIDIA GeForce RTX 3060 (UUID: GPU-1)"
    program = a_program(tmp_path, "nvidia-smi", f"echo '{line}'")
    monkeypatch.setattr(install, "NVIDIA_SMI", (program,))
    assert program in install.nvidia_card()


@unix
@pytest.mark.parametrize(
    "script",
    [
        "echo 'No devices were found'",
        "echo 'No devices were found'; exit 6",
        "echo 'failed because it could not talk to the driver' >&2; exit 9",
    ],
)
def test_nvidias_program_without_a_card_is_no_card(
    monkeypatch, tmp_path, no_device, script
):
    program = a_program(tmp_path, "nvidia-smi", script)
    monkeypatch.setattr(install, "NVIDIA_SMI", (program,))
    assert install.nvidia_card() == ""


def test_a_machine_without_nvidias_program_has_no_card(
    monkeypatch, tmp_path, no_device
):
    monkeypatch.setattr(install, "NVIDIA_SMI", (str(tmp_path / "none"),))
    assert install.nvidia_card() == ""


def test_a_cards_device_is_proof_without_the_program(monkeypatch, tmp_path):
    monkeypatch.setattr(install, "NVIDIA_SMI", (str(tmp_path / "none"),))
    monkeypatch.setattr(install, "NVIDIA_DEVICE", tmp_path)
    assert install.nvidia_card() == f"{tmp_path} exists"


@pytest.mark.parametrize(
    ("asked", "card", "cpu"),
    [
        (None, "", True),
        (None, "nvidia-smi lists one", False),
        (True, "nvidia-smi lists one", True),
        (False, "", False),
    ],
)
def test_on_linux_the_card_decides_where_nobody_has_said(asked, card, cpu):
    chosen, line = install.choose_build(asked, "linux", card)
    assert chosen is cpu
    assert ("CPU build" in line) is cpu
    assert "\n" not in line


def test_what_the_machine_chose_can_be_had_the_other_way():
    _, line = install.choose_build(None, "linux", "")
    assert "no NVIDIA card" in line
    assert "make CPU=0 book" in line
    _, line = install.choose_build(None, "linux", "/dev/nvidia0 exists")
    assert "/dev/nvidia0 exists" in line
    assert "make CPU=1 book" in line


@pytest.mark.parametrize("system", ["darwin", "win32"])
@pytest.mark.parametrize("asked", [None, True, False])
def test_where_there_is_one_build_there_is_no_choice(system, asked):
    assert install.choose_build(asked, system, "") == (False, "")


class Refuses(http.server.BaseHTTPRequestHandler):
    """A server that is there, and says no."""

    def do_HEAD(self):
        self.send_error(403)

    def log_message(self, *_):
        pass


def test_a_server_that_refuses_answers_and_one_that_is_gone_does_not():
    server = http.server.HTTPServer(("127.0.0.1", 0), Refuses)
    threading.Thread(target=server.handle_request, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/"
    assert install.answers(address)
    server.server_close()
    assert not install.answers(address)


def test_a_silent_server_is_given_up_soon():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert not install.answers(f"http://127.0.0.1:{port}/", 0.1)


def test_an_index_that_does_not_answer_is_not_given_to_pip(
    monkeypatch, tmp_path, capsys
):
    ran = []
    stamp = tmp_path / "installed"
    for name, stand_in in {
        "STAMP": stamp,
        "choose_build": lambda *_: (True, "the CPU build"),
        "answers": lambda address: False,
        "check_space": lambda free, cuda: None,
        "make_venv": lambda: "python",
        "check_network": lambda python: None,
    }.items():
        monkeypatch.setattr(install, name, stand_in)
    monkeypatch.setattr(
        install.subprocess, "run", lambda command, **_: ran.append(command)
    )
    install.install(None)
    assert ran[0] == ["python", "-m", "pip", *install.pip_install(False)]
    assert stamp.exists()
    assert "does not answer" in capsys.readouterr().out


def test_a_missing_thing_is_the_first_line_printed_and_the_exit_fails(
    tmp_path,
):
    script = (
        "import sys, install\n"
        "install.check_venv = lambda: None\n"
        "install.STAMP = install.Path(sys.argv[1]) / 'none'\n"
        "install.SPACE_CPU = install.SPACE_CUDA = 1e18\n"
        "install.choose_build = lambda *_: (False, '')\n"
        "sys.argv[1:] = ['--cpu']\n"
        "sys.exit(install.main())\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=install.ROOT / "book",
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert (run.stdout + run.stderr).startswith("Not enough disk space")


def test_every_requirement_is_pinned_to_one_version():
    lines = (install.ROOT / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert pins[:2] == ["-e .", "-e ./book/bookbuild"]
    for pin in pins[2:]:
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)?(  # .+)?$", pin), pin
    names = [re.split("==", pin)[0].lower() for pin in pins[2:]]
    assert len(names) == len(set(names))


def test_the_versions_installed_here_are_the_pinned_ones():
    from importlib.metadata import version

    lines = (install.ROOT / "requirements.txt").read_text().splitlines()
    for name in ("torch", "numpy", "pandas", "papermill", "jupyter-book"):
        pin = next(line for line in lines if line.startswith(f"{name}=="))
        pinned = pin.partition("#")[0].strip().removeprefix(f"{name}==")
        assert version(name).split("+")[0] == pinned


@pytest.fixture
def installs(monkeypatch, tmp_path):
    """What would be installed, by a repository that lies in a folder."""
    asked = []
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(
        install.subprocess, "run", lambda command, **_: asked.append(command)
    )
    monkeypatch.chdir(tmp_path)
    return asked


def test_a_lone_notebook_gets_the_library_where_it_lacks_it(
    installs, monkeypatch, tmp_path
):
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    install.install_missing()
    assert [command[1:4] for command in installs] == [["-m", "pip", "install"]]
    assert installs[0][-1] == str(tmp_path)
    assert Path.cwd() == tmp_path / "notebooks"


def test_a_pip_of_the_folder_of_a_lone_notebook_is_not_run(
    monkeypatch, tmp_path
):
    book, notebooks = tmp_path / "book", tmp_path / "mine"
    (book / "notebooks").mkdir(parents=True)
    notebooks.mkdir()
    (notebooks / "pip.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(notebooks)
    monkeypatch.setattr(install, "ROOT", book)
    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(subprocess.CalledProcessError):
        install.install_missing()  # there is nothing to install
    assert not (notebooks / "ran").exists()


def test_a_lone_notebook_that_has_the_library_installs_nothing(
    installs, tmp_path
):
    install.install_missing()
    assert installs == []
    assert Path.cwd() == tmp_path / "notebooks"


def test_a_lone_notebook_of_an_outdated_python_is_told_and_stays(
    installs, monkeypatch, tmp_path, capsys
):
    def outdated():
        raise install.MachineError("Python 3.11 or newer is needed")

    monkeypatch.setattr(install, "check_python", outdated)
    monkeypatch.setattr(sys, "argv", ["install.py", "--missing"])
    assert install.main() == 1
    assert capsys.readouterr().err.startswith("Python 3.11 or newer")
    assert installs == []
    assert Path.cwd() == tmp_path


def test_what_a_lone_notebook_cannot_install_is_said_in_one_line(
    installs, monkeypatch, tmp_path, capsys
):
    def fails(command, **_):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(install.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(install.subprocess, "run", fails)
    monkeypatch.setattr(sys, "argv", ["install.py", "--missing"])
    assert install.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("Installing stopped at `-m pip install`")
    assert Path.cwd() == tmp_path


def test_bringing_what_is_missing_makes_no_environment(installs, monkeypatch):
    made = []
    monkeypatch.setattr(install, "install", made.append)
    monkeypatch.setattr(sys, "argv", ["install.py", "--missing"])
    assert install.main() == 0
    assert made == []
