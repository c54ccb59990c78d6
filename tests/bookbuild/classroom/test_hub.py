"""A hub for a class: what it is made of, and that no answer is lost."""

import json
import os
import re
import runpy
import subprocess
import sys
import types
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from traitlets.config import Config

from bookbuild import BuildError
from bookbuild.classroom import hub as hubs
from bookbuild.classroom import students
from bookbuild.classroom.students import Cost, told

LAB = "labs/1-01_constant.ipynb"
CHAPTER = "notebooks/01_matrix_factorization.ipynb"


def notebook(*sources):
    """Return a notebook of code cells as bytes."""
    cells = [{"cell_type": "code", "source": each} for each in sources]
    return json.dumps({"cells": cells}).encode()


@pytest.fixture
def labs(tmp_path):
    """Write labs as `make classroom` does, in small."""
    folder = tmp_path / "labs"
    files = {
        LAB: notebook("...  # your answer here"),
        CHAPTER: notebook("1 + 1"),
        "book/glossary.md": b"# Glossary\n",
        "recslib/__init__.py": b"",
        "pyproject.toml": b"",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


class Home:
    """A student's home, and the git that a server there has."""

    def __init__(self, folder, hub_folder):
        self.folder = folder
        self.repository = hub_folder / "class"
        folder.mkdir()
        self.env = os.environ | {
            "HOME": str(folder),
            "GIT_CONFIG_SYSTEM": str(hub_folder / "gitconfig"),
        }

    def git(self, *arguments, where="."):
        return subprocess.run(
            ["git", *hubs.ME, *arguments],
            cwd=self.folder / where,
            env=self.env,
            check=True,
            capture_output=True,
            text=True,
        )

    def pull(self):
        """Do what nbgitpuller does: clone, later commit and merge."""
        if not (self.folder / "class").exists():
            source = self.repository.as_uri()
            self.git("clone", "--depth", "1", "--", source, "class")
            return ""
        self.git("fetch", where="class")
        self.git("commit", "-am", "own", "--allow-empty", where="class")
        merged = self.git("merge", "-Xours", "origin/main", where="class")
        return merged.stdout + merged.stderr

    def read(self, path):
        return (self.folder / path).read_bytes()

    def answer(self, path, content):
        (self.folder / "answers" / path).write_bytes(content)


@pytest.fixture
def home(tmp_path, labs):
    """Return a home that has pulled once."""
    folder = tmp_path / "hub"
    hubs.fill_repository(labs, folder / "class")
    hubs.write_settings(folder, folder / "class")
    made = Home(tmp_path / "ada", folder)
    made.pull()
    return made


def update(home, labs, path, content):
    (labs / path).write_bytes(content)
    hubs.fill_repository(labs, home.repository)


def test_the_first_pull_hands_out_copies_and_no_library(home, labs):
    for path in (LAB, CHAPTER):
        assert home.read(f"answers/{path}") == (labs / path).read_bytes()
    assert home.read("answers/book/glossary.md") == b"# Glossary\n"
    assert not (home.folder / "class" / "recslib").exists()


def test_an_update_keeps_the_answer_and_brings_the_original(home, labs):
    mine, new = notebook("return 4.5"), notebook("...  # mended")
    home.answer(LAB, mine)
    update(home, labs, LAB, new)
    said = home.pull()
    assert home.read(f"answers/{LAB}") == mine
    assert home.read(f"class/{LAB}") == new
    told_once = home.read("answers/CHANGED.md")
    assert LAB.encode() in told_once and f"`{LAB}` has a new" in said
    home.pull()
    assert home.read("answers/CHANGED.md") == told_once


def test_an_answer_outlives_many_updates(home, labs):
    mine = notebook("return 4.5")
    home.answer(LAB, mine)
    for number in range(3):
        update(home, labs, LAB, notebook(f"mended {number}"))
        home.pull()
        assert home.read(f"answers/{LAB}") == mine
    assert home.read("answers/CHANGED.md").count(b"\n") == 3


def test_what_was_not_begun_becomes_the_new_one(home, labs):
    new = notebook("2 + 2")
    update(home, labs, CHAPTER, new)
    home.pull()
    assert home.read(f"answers/{CHAPTER}") == new
    assert not (home.folder / "answers" / "CHANGED.md").exists()


def test_a_deleted_answer_comes_back_as_the_original(home, labs):
    (home.folder / "answers" / LAB).unlink()
    update(home, labs, CHAPTER, notebook("2 + 2"))
    home.pull()
    assert home.read(f"answers/{LAB}") == (labs / LAB).read_bytes()


def test_what_leaves_the_class_stays_with_the_student(home, labs):
    mine = notebook("return 4.5")
    home.answer(LAB, mine)
    (labs / LAB).unlink()
    (labs / "labs" / "other.ipynb").write_bytes(notebook("3"))
    hubs.fill_repository(labs, home.repository)
    home.pull()
    assert not (home.folder / "class" / LAB).exists()
    assert home.read(f"answers/{LAB}") == mine


def test_an_edited_original_is_no_obstacle(home, labs):
    """A kernel can write anywhere: the update comes all the same."""
    original = home.folder / "class" / LAB
    original.chmod(0o644)
    original.write_bytes(notebook("scribbled"))
    mine = home.read(f"answers/{LAB}")
    update(home, labs, CHAPTER, notebook("2 + 2"))
    home.pull()
    assert home.read(f"class/{CHAPTER}") == notebook("2 + 2")
    assert mine != notebook("scribbled")


def test_originals_cannot_be_saved_over(home):
    for path in (LAB, CHAPTER):
        assert (home.folder / "class" / path).stat().st_mode & 0o222 == 0


def test_a_students_own_repository_is_left_alone(home):
    home.git("init", "own")
    (home.folder / "own" / "a.txt").write_text("a")
    home.git("add", "--all", where="own")
    home.git("commit", "-m", "mine", where="own")
    home.git("checkout", "-b", "other", where="own")
    assert {p.name for p in (home.folder / "own").iterdir()} == {
        ".git",
        "a.txt",
    }


def test_a_class_without_labs_is_told_how_to_get_them(tmp_path):
    with pytest.raises(BuildError, match="make classroom"):
        hubs.fill_repository(tmp_path, tmp_path / "class")
    assert not (tmp_path / "class").exists()


def test_the_same_labs_make_no_new_commit(home, labs):
    before = hubs.git(home.repository, "rev-parse", "HEAD")
    hubs.fill_repository(labs, home.repository)
    assert hubs.git(home.repository, "rev-parse", "HEAD") == before


def test_a_kernel_has_one_thread_and_the_shared_cache(tmp_path):
    hubs.write_settings(tmp_path, tmp_path / "class")
    (kernel,) = (tmp_path / "share" / "kernels").glob("*/kernel.json")
    spec = json.loads(kernel.read_text())
    assert kernel.parent.name == "python3"
    assert spec["argv"][0] == sys.executable
    assert spec["env"]["OMP_NUM_THREADS"] == "1"
    assert spec["env"]["RECSLIB_CACHE"] == str(tmp_path / "cache")


@pytest.mark.data
def test_the_cache_is_filled_once_and_nobody_writes_there(
    tmp_path, monkeypatch
):
    cache = tmp_path / "cache"
    hubs.fill_cache(cache)
    files = [cache, *cache.rglob("*")]
    assert len(files) > 1
    assert all(path.stat().st_mode & 0o222 == 0 for path in files)
    monkeypatch.setattr(hubs.subprocess, "run", None)
    hubs.fill_cache(cache)


def test_data_that_do_not_come_leave_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(hubs.sys, "executable", "false")
    with pytest.raises(BuildError, match="No data for the class"):
        hubs.fill_cache(tmp_path / "cache")
    assert list(tmp_path.iterdir()) == []


def test_own_accounts_need_root(tmp_path, monkeypatch):
    monkeypatch.setattr(hubs.os, "geteuid", lambda: 1000)
    assert hubs.choose_accounts(tmp_path, None) == "one"
    with pytest.raises(BuildError, match="root"):
        hubs.choose_accounts(tmp_path, "own")


def test_root_is_told_what_students_could_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(hubs.os, "geteuid", lambda: 0)
    monkeypatch.setattr(hubs, "unreadable_to_others", lambda folder: "this")
    with pytest.raises(BuildError, match=r"this\..*ACCOUNTS=one"):
        hubs.choose_accounts(tmp_path, None)
    assert hubs.choose_accounts(tmp_path, "one") == "one"


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can be another")
def test_folders_of_solutions_that_students_can_read_are_named():
    with TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        assert hubs.open_to_others(root) == []
        for part, mode in (("notebooks", 0o755), ("tests", 0o700)):
            (root / part).mkdir()
            (root / part).chmod(mode)
        assert hubs.open_to_others(root) == ["notebooks"]
        root.chmod(0o700)
        assert hubs.open_to_others(root) == []


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Read the configuration, without JupyterHub, for a way of accounts."""
    module = types.ModuleType("jupyterhub.spawner")
    module.SimpleLocalProcessSpawner = object
    monkeypatch.setitem(sys.modules, "jupyterhub.spawner", module)
    (tmp_path / "homes").mkdir()

    def read(accounts):
        hub = hubs.Hub(tmp_path, 8000, accounts, "a password")
        for name, value in hubs.environment(hub, {"PATH": ""}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PATH", os.defpath)
        config = Config()
        names = runpy.run_path(
            str(hubs.SOURCE / "jupyterhub_config.py"),
            init_globals={"get_config": lambda: config},
        )
        return config, names

    return read


def test_the_hub_listens_on_this_machine_alone(configured):
    config, _ = configured("one")
    addresses = [
        config.JupyterHub.bind_url,
        config.JupyterHub.hub_bind_url,
        config.ConfigurableHTTPProxy.api_url,
    ]
    ports = (8000, 8001, 8002)
    assert addresses == [f"http://127.0.0.1:{port}" for port in ports]


def test_what_servers_are_told_exists(configured):
    config, _ = configured("one")
    told_servers = config.StudentSpawner.environment
    settings = Path(told_servers["JUPYTER_CONFIG_PATH"])
    page = json.loads((settings / "labconfig/page_config.json").read_text())
    assert page["disabledExtensions"] == {
        "@jupyterlab/apputils-extension:announcements": True
    }
    for name in ("post-merge", "post-checkout"):
        assert os.access(hubs.SOURCE / "hooks" / name, os.X_OK)


@pytest.mark.parametrize("name", ["..", "a/b", "Ada", "-a", "", "a" * 40])
def test_a_name_that_is_no_folder_is_no_name(configured, name):
    config, _ = configured("one")
    assert not re.fullmatch(config.Authenticator.username_pattern, name)
    assert re.fullmatch(config.Authenticator.username_pattern, "ada-1")


def test_a_home_is_closed_to_others(configured, tmp_path):
    _, names = configured("one")
    names["StudentSpawner"]().make_preexec_fn("ada")
    assert (tmp_path / "homes" / "ada").stat().st_mode & 0o777 == 0o700


def test_a_home_of_somebody_else_starts_no_server_of_theirs(
    configured, tmp_path
):
    """Above all of root's: a student's server would be root's, too."""
    _, names = configured("own")
    (tmp_path / "homes" / "ada").mkdir()
    with pytest.raises(PermissionError, match="Move it away"):
        names["StudentSpawner"]().make_preexec_fn("ada")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone gives files away")
def test_each_student_has_a_number_and_keeps_it(configured, tmp_path):
    _, names = configured("own")
    spawner = names["StudentSpawner"]()
    for name in ("ada", "ben", "ada"):
        spawner.make_preexec_fn(name)
    owners = [
        (tmp_path / "homes" / name).stat().st_uid for name in ("ada", "ben")
    ]
    assert owners == [names["FIRST_UID"], names["FIRST_UID"] + 1]


def test_the_link_pulls_and_opens_a_copy(tmp_path):
    hub = hubs.Hub(tmp_path, 8000, "one", "")
    assert hub.link.startswith("http://127.0.0.1:8000/hub/user-redirect/git-")
    assert "targetPath=class" in hub.link
    assert "lab%2Ftree%2Fanswers%2Flabs%2F1-01_constant.ipynb" in hub.link
    assert hubs.FIRST == LAB


def test_the_table_says_how_many_fit():
    costs = [
        Cost(100e6, 500e6, 2, 10.0, 20.0),
        Cost(100e6, 300e6, 2, 20.0, 30.0),
    ]
    table = told(costs)
    assert "| memory of a kernel (MB) | 200 |" in table
    assert "| students per GB, one kernel each | 3.3 |" in table
    assert "| students per GB, two kernels each | 2.0 |" in table
    assert "five minutes | 20 |" in table


def test_a_hub_that_is_not_there_is_missed(monkeypatch):
    monkeypatch.setattr(students, "SECONDS", 0)
    with pytest.raises(students.WrongError, match="no hub at"):
        students.wait_for_hub("http://127.0.0.1:9")


def test_a_student_who_has_waited_too_long_stops(monkeypatch):
    monkeypatch.setattr(students, "ALL_SECONDS", 0)
    ada = students.Student("ada", "http://127.0.0.1:9", "", {})
    with pytest.raises(students.WrongError, match="ada: no time for the form"):
        ada.log_in()
