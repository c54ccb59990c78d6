"""What a person is told before anything is installed."""

import ast
import re
import subprocess
import sys

import pytest

import install

SOURCE = (install.ROOT / "book" / "install.py").read_text(encoding="utf-8")


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


def test_a_missing_thing_is_the_first_line_printed_and_the_exit_fails(
    tmp_path,
):
    script = (
        "import sys, install\n"
        "install.check_venv = lambda: None\n"
        "install.STAMP = install.Path(sys.argv[1]) / 'none'\n"
        "install.check_space.__globals__['SPACE_CPU'] = 1e18\n"
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
    assert pins[0] == "-e ."
    for pin in pins[1:]:
        assert re.match(r"[\w.-]+==[\w.]+( ; .+)?$", pin), pin
    names = [re.split("==", pin)[0].lower() for pin in pins[1:]]
    assert len(names) == len(set(names))


def test_the_versions_installed_here_are_the_pinned_ones():
    from importlib.metadata import version

    lines = (install.ROOT / "requirements.txt").read_text().splitlines()
    for name in ("torch", "numpy", "pandas", "papermill", "jupyter-book"):
        pin = next(line for line in lines if line.startswith(f"{name}=="))
        assert version(name).split("+")[0] == pin.removeprefix(f"{name}==")
