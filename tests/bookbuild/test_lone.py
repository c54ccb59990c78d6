"""Chapters started elsewhere: addresses, buttons, a chapter alone."""

import base64
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml

from bookbuild import BuildError, address, chapters, lone, notebooks, places
from bookbuild.pages import launchers

ROOT = places.ROOT
HTTPS = "https://github.com/owner/name"


@pytest.mark.parametrize(
    ("named", "remote", "public"),
    [
        ("", "", ""),
        ("", "https://github.com/owner/name.git", HTTPS),
        ("", "git@github.com:owner/name.git", HTTPS),
        ("", "ssh://git@github.com/owner/name", HTTPS),
        ("", "https://someone:secret@github.com/owner/name", HTTPS),
        (
            "https://gitlab.com/a/b/",
            "git@github.com:owner/name.git",
            "https://gitlab.com/a/b",
        ),
        ("", "/home/somebody/name", ""),
        ("", "http://localhost:3000/owner/name", ""),
        ("", "https://git.example.org/owner/name", ""),
        ("", "https://github.com/owner", ""),
    ],
)
def test_an_address_is_public_and_holds_no_secret(named, remote, public):
    assert address.public_address(named, remote) == public


def test_without_an_address_the_settings_stay_as_they_are():
    settings = {"title": "x", "repository": {"url": "", "branch": ""}}
    assert address.with_buttons(settings, "", "main", True) == settings


def test_an_address_brings_binder_and_the_repository():
    settings = address.with_buttons({}, f"{HTTPS}.git", "trunk", False)
    assert settings["repository"]["url"] == HTTPS
    assert settings["repository"]["branch"] == "trunk"
    assert settings["launch_buttons"] == {
        "binderhub_url": "https://mybinder.org"
    }
    assert settings["html"]["use_repository_button"]


def test_colab_appears_when_a_lone_chapter_knows_its_book():
    with_it = address.with_buttons({}, HTTPS, "main", True)
    assert "colab_url" in with_it["launch_buttons"]
    elsewhere = address.with_buttons(
        {}, "https://gitlab.com/a/b", "main", True
    )
    assert "colab_url" not in elsewhere["launch_buttons"]


def test_the_form_for_a_hub_names_repository_and_branch():
    assert launchers.hub_form(HTTPS, "main").endswith(
        "?repo=https%3A%2F%2Fgithub.com%2Fowner%2Fname&branch=main"
    )


@pytest.mark.parametrize("chapter", chapters.paths(), ids=lambda p: p.stem)
def test_every_chapter_starts_with_the_cell_that_brings_the_book(chapter):
    notebook = notebooks.read(chapter)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    named = yaml.safe_load((ROOT / "_config.yml").read_text("utf-8"))
    public = named["repository"]["url"]
    assert code[0].id == lone.FIRST_CELL
    if public or not lone.carries_address(notebook):
        assert code[0].source == lone.cloning(public)


def test_an_address_arrives_in_the_cell_and_nowhere_else():
    before = notebooks.read(chapters.paths()[0])
    after = lone.addressed(before, HTTPS)
    changed = [
        old.id
        for old, new in zip(before.cells, after.cells, strict=True)
        if old.source != new.source
    ]
    assert changed == [lone.FIRST_CELL]
    assert lone.carries_address(after)
    assert not lone.carries_address(lone.addressed(after, ""))


def test_a_chapter_without_that_cell_is_an_error_that_says_what_to_do():
    with pytest.raises(BuildError, match="copy that cell"):
        lone.first_cell(nbformat.v4.new_notebook())


def test_the_archive_holds_the_library_and_no_data():
    packed = base64.b64decode(lone.packed(ROOT))
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    library = (ROOT / "recslib").rglob("*.py")
    assert {p.relative_to(ROOT).as_posix() for p in library} <= set(names)
    assert "benchmarks/results/folds.json" in names
    assert lone.packed(ROOT) == lone.packed(ROOT)
    assert {Path(name).suffix for name in names} <= {
        ".py",
        ".json",
        ".toml",
        ".md",
        "",
    }


@pytest.fixture
def environment(tmp_path_factory):
    """One in which pip is a stand-in that fails."""
    stand_in = tmp_path_factory.mktemp("stand-in")
    (stand_in / "pip.py").write_text("raise SystemExit('pip was asked')")
    return os.environ | {
        "PYTHONPATH": str(stand_in),
        "IPYTHONDIR": str(stand_in / "ipython"),
    }


@pytest.fixture
def in_ipython(environment, tmp_path_factory):
    """Run a cell the way that a notebook does, in a folder."""
    cell_file = tmp_path_factory.mktemp("cells") / "cell"

    def run(code, folder):
        # In a file: an argument cannot be as long as a packed library.
        cell = cell_file.with_suffix(".ipy")
        cell.write_text(code, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "IPython", "--colors=NoColor", str(cell)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )

    return run


def test_a_chapter_without_its_book_says_what_to_do(tmp_path, in_ipython):
    run = in_ipython(lone.cloning(""), tmp_path)
    assert run.returncode != 0
    assert "Clone the repository" in run.stdout + run.stderr


@pytest.mark.parametrize(
    "cell", [lone.cloning(""), lone.cloning(HTTPS), lone.unpacking("x" * 9)]
)
def test_the_cell_that_brings_the_book_has_at_most_five_lines(cell):
    assert len(cell.splitlines()) <= 5


def test_the_cell_does_nothing_in_a_clone(in_ipython):
    for cell in (lone.cloning(""), lone.cloning(HTTPS), lone.unpacking("x")):
        run = in_ipython(f"{cell}\nprint(os.getcwd())", ROOT / "notebooks")
        assert run.stdout.strip() == str(ROOT / "notebooks")


@pytest.fixture
def book(tmp_path):
    """A repository with this book's installer, as somebody may clone it."""
    folder = tmp_path / "public"
    for name in ("book/install.py", "recslib/models.py"):
        (folder / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, folder / name)
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "01_first.ipynb").write_text("{}")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "A"]):
        subprocess.run(["git", *who, *command], cwd=folder, check=True)
    return folder


def test_a_chapter_brings_its_book_from_an_address(tmp_path, book, in_ipython):
    """A folder's address stands in for a public one."""
    alone = tmp_path / "alone"
    alone.mkdir()
    cell = lone.cloning(f"file://{book}")
    for _ in range(2):  # the second time it is there
        run = in_ipython(f"{cell}\nprint(os.getcwd())", alone)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "fatal" not in run.stderr  # git's, where a folder is there
        # It has the library, so pip is not asked.
        assert run.stdout.splitlines() == [str(alone / "book" / "notebooks")]
        assert (alone / "book" / "recslib" / "models.py").is_file()


def test_a_cell_that_was_run_is_run_again_without_harm(
    tmp_path, book, in_ipython
):
    alone = tmp_path / "alone"
    alone.mkdir()
    cell = lone.cloning(f"file://{book}")
    run = in_ipython(f"{cell}\n{cell}\nprint(os.getcwd())", alone)
    assert run.stdout.splitlines() == [str(alone / "book" / "notebooks")]


def test_what_cannot_be_installed_is_said_in_words(tmp_path, book, in_ipython):
    hidden = "import sys, importlib.util as u\nu.find_spec = lambda n: None\n"
    cell = lone.cloning(f"file://{book}")
    run = in_ipython(f"{hidden}{cell}", tmp_path)
    assert "pip was asked" in run.stderr
    assert "Installing stopped at `-m pip install`" in run.stderr


@pytest.fixture
def standalone():
    """A downloaded chapter."""
    chapter = notebooks.read(chapters.paths()[0])
    return lone.standalone(chapter, lone.packed(ROOT))


def test_a_downloaded_chapter_unpacks_its_library(
    tmp_path, standalone, in_ipython
):
    cell = lone.first_cell(standalone)
    assert cell.metadata["jupyter"] == {"source_hidden": True}
    for _ in range(2):
        run = in_ipython(f"{cell.source}\nprint(os.getcwd())", tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
        where = tmp_path / lone.FOLDER / "notebooks"
        assert run.stdout.splitlines() == [str(where)]
    there = {path.name for path in (tmp_path / lone.FOLDER).iterdir()}
    assert {"book", "recslib", "notebooks", "pyproject.toml"} <= there
    assert (tmp_path / lone.FOLDER / "book" / "install.py").is_file()


def test_a_downloaded_script_is_python_that_unpacks_its_library(
    tmp_path, standalone, environment
):
    script = lone.script(standalone)
    compile(script, "chapter.py", "exec")
    parts = script.split("# %%")
    (first,) = [part for part in parts if "b64decode" in part]
    code = f"{first.partition(chr(10))[2]}\nprint(os.getcwd())"
    run = subprocess.run(
        [sys.executable, "-"],
        input=code,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    where = tmp_path / lone.FOLDER / "notebooks"
    assert run.stdout.splitlines() == [str(where)]
    assert "%run" not in script
