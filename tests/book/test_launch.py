"""Chapters started elsewhere: addresses, buttons, downloads, a lone file."""

import base64
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml

from bookbuild import BuildError, address, chapters, lone, notebooks, run
from bookbuild.pages import launchers

ROOT = Path(__file__).parents[2]
HTTPS = "https://github.com/owner/name"


@pytest.mark.parametrize(
    ("named", "remote", "address"),
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
def test_an_address_is_public_and_holds_no_secret(named, remote, address):
    assert address.public_address(named, remote) == address


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
    address = named["repository"]["url"]
    assert code[0].id == lone.FIRST_CELL
    if address or not lone.carries_address(notebook):
        assert code[0].source == lone.cloning(address)


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
    assert "recslib/models.py" in names
    assert "benchmarks/results/folds.json" in names
    assert lone.packed(ROOT) == lone.packed(ROOT)
    assert {Path(name).suffix for name in names} <= {
        ".py",
        ".json",
        ".toml",
        ".md",
        "",
    }


def test_a_chapter_without_its_book_says_what_to_do(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", lone.cloning("")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert run.returncode != 0
    assert "clone the repository" in run.stderr


def test_a_chapter_brings_its_book_from_an_address(tmp_path):
    """A folder's address stands in for a public one."""
    cell = lone.cloning(f"file://{ROOT}")
    for _ in range(2):  # the second time it is there
        subprocess.run(
            [
                sys.executable,
                "-c",
                cell + '\nassert Path("../recslib/models.py").is_file()',
            ],
            cwd=tmp_path,
            check=True,
        )
    assert (tmp_path / "book" / "notebooks").is_dir()


def downloads(html_folder):
    return sorted((html_folder / "_sources" / "notebooks").glob("*.ipynb"))


def test_downloads_are_there_to_be_run_and_fold_the_long_cell(html_folder):
    assert len(downloads(html_folder)) == len(chapters.paths())
    for path in downloads(html_folder):
        notebook = notebooks.read(path)
        cells = [c for c in notebook.cells if c.cell_type == "code"]
        assert not any(cell.outputs for cell in cells)
        assert cells[0].metadata["jupyter"] == {"source_hidden": True}
        compile(path.with_suffix(".py").read_text("utf-8"), path, "exec")


@pytest.mark.parametrize("kind", ["notebook", "script"])
def test_a_download_runs_alone_in_an_empty_folder(
    html_folder, tmp_path, monkeypatch, kind
):
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    path = downloads(html_folder)[0]
    if kind == "notebook":
        lone = tmp_path / path.name
        lone.write_bytes(path.read_bytes())
        ran = tmp_path / "ran.ipynb"
        run.execute(
            lone, ran, {"dataset": "synthetic", "quick": True}, progress=False
        )
        assert notebooks.glued(notebooks.read(ran))["rmse"] > 0
    else:
        text = path.with_suffix(".py").read_text("utf-8")
        text = text.replace('dataset = "100k"', 'dataset = "synthetic"')
        lone = tmp_path / "chapter.py"
        lone.write_text(text.replace("quick = False", "quick = True"), "utf-8")
        subprocess.run(
            [sys.executable, str(lone)],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    assert (tmp_path / lone.FOLDER / "recslib" / "models.py").is_file()
