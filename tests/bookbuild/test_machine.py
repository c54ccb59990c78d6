"""A run says where it ran, and nothing that names a host or a folder."""

import platform
import subprocess
from importlib.metadata import version

import pytest

from bookbuild import machine


def test_the_facts_are_those_of_this_process():
    facts = machine.describe(["numpy"])
    assert facts["python"] == platform.python_version()
    assert facts["versions"] == {"numpy": version("numpy")}
    assert facts["cores"] >= 1
    assert facts["processor"]


def test_nothing_names_the_host_or_a_folder_of_it():
    said = str(machine.describe())
    assert platform.node() not in said
    assert str(machine.ROOT) not in said


def test_the_processor_is_read_where_linux_says_it(tmp_path, monkeypatch):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: Abacus 9\n")
    monkeypatch.setattr(machine, "CPU_INFO", info)
    monkeypatch.setattr(machine.sys, "platform", "linux")
    assert machine.describe([])["processor"] == "Abacus 9"


@pytest.mark.parametrize("error", [AttributeError, ValueError])
def test_a_system_that_does_not_tell_its_memory_is_no_error(
    monkeypatch, error
):
    def silent(name):
        raise error

    monkeypatch.setattr(machine.os, "sysconf", silent)
    assert machine.describe([])["memory_gb"] is None


def git(folder, *words):
    author = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    command = ["git", *author, *words]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def test_a_commit_with_changes_on_top_has_a_plus(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    git(tmp_path, "init")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "one")
    clean = machine.describe([])["commit"]
    assert clean.isalnum()
    (tmp_path / "file").write_text("two")
    assert machine.describe([])["commit"] == f"{clean}+"


def test_a_copy_without_git_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert machine.describe([])["commit"] is None
