"""From executed notebooks and prose to the pages of the book."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml
from nbformat import NotebookNode

from bookbuild import BuildError, address, lone, places
from bookbuild.chapters import chapters, results
from bookbuild.notebooks import read, tags, without_outputs, write
from bookbuild.results import card, page

# What a chapter displays for scripts of the pages (see recslib/export.py).
FOR_PAGES = re.compile(r"application/vnd\.recslib\.([a-z]+)\+json")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Jupyter Book says what is wrong, and then throws that it was wrong: without
# this, a person sees the way through its code below the message.
JUPYTER_BOOK = """
import sys
from jupyter_book.cli.main import main
try:
    main()
except RuntimeError as problem:
    sys.exit(str(problem))
"""


def for_pages(notebook: NotebookNode) -> dict[str, str]:
    """Return the scripts that a chapter's cells tagged `for-pages` make.

    Parameters
    ----------
    notebook
        An executed notebook.

    Returns
    -------
    dict
        File name to text: ``films.js`` sets ``window.recslibFilms``. A
        script, since a page that is opened from a folder may not fetch.
    """
    scripts: dict[str, str] = {}
    for cell in notebook.cells:
        if "for-pages" not in tags(cell):
            continue
        for output in cell.outputs:
            for kind, data in output.get("data", {}).items():
                match = FOR_PAGES.fullmatch(kind)
                if match:
                    name = match[1]
                    text = json.dumps(
                        data, ensure_ascii=False, separators=(",", ":")
                    )
                    scripts[f"{name}.js"] = (
                        f"window.recslib{name.capitalize()} = {text};\n"
                    )
    return scripts


def stage_pages() -> None:
    """Copy the prose and the settings beside the executed notebooks.

    Raises
    ------
    BuildError
        Where the results page misses something of the run.
    """
    listed = {path.name for path in chapters()}
    for path in places.STAGE.glob("*"):
        if path.is_dir() and path != places.EXECUTED:
            shutil.rmtree(path)
    for path in places.EXECUTED.glob("*.ipynb"):
        if path.name not in listed:
            path.unlink()
    ignore = shutil.ignore_patterns("*.py", "bookbuild")
    shutil.copytree(places.ROOT / "book", places.STAGE / "book", ignore=ignore)
    shutil.copy(places.ROOT / "_toc.yml", places.STAGE / "_toc.yml")
    settings = yaml.safe_load((places.ROOT / "_config.yml").read_text("utf-8"))
    settings = address.with_buttons(
        settings,
        address.git_says(places.ROOT, "remote", "get-url", "origin"),
        address.default_branch(places.ROOT),
        on_colab=all(lone.carries_address(read(p)) for p in chapters()),
    )
    # Where the book's own address is not known, its card has none either.
    if settings["html"]["baseurl"]:
        settings["sphinx"]["config"] |= {
            "ogp_site_url": settings["html"]["baseurl"],
            "ogp_image": "_static/social-card.png",
        }
    (places.STAGE / "_config.yml").write_text(
        yaml.safe_dump(settings), "utf-8"
    )
    notebooks = {p.stem: read(places.EXECUTED / p.name) for p in chapters()}
    try:
        page.write(places.STAGE / "book", notebooks, results())
    except ValueError as problem:
        raise BuildError(str(problem)) from problem


def write_downloads(sources: Path) -> None:
    """Make the chapters behind the download buttons: there to be run.

    Parameters
    ----------
    sources
        Folder of the notebooks as Sphinx copied them, with the outputs that
        the page shows.
    """
    archive = lone.packed(places.ROOT)
    for path in sources.glob("*.ipynb"):
        chapter = lone.standalone(without_outputs(read(path)), archive)
        write(chapter, path)
        path.with_suffix(".py").write_text(lone.script(chapter), "utf-8")


def build_html() -> None:
    """Build the HTML; any warning is an error, and then the old one stays.

    Raises
    ------
    BuildError
        With all that Jupyter Book said.
    """
    stage_pages()
    new = places.BUILD / "new"
    shutil.rmtree(new, ignore_errors=True)
    command = [
        *(sys.executable, "-c", JUPYTER_BOOK),
        *("build", str(places.STAGE), "--path-output", str(new)),
        *("-W", "-n", "--keep-going", "--all", "-q"),
    ]
    run = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    if run.returncode != 0:
        said = COLOUR.sub("", run.stdout)
        raise BuildError(f"{said}\nThe book was not built: see above.")
    built = new / "_build" / "html"
    write_downloads(built / "_sources" / "notebooks")
    for path in chapters():
        for name, text in for_pages(read(places.EXECUTED / path.name)).items():
            (built / "_static" / name).write_text(text, encoding="utf-8")
    card.write(
        built / "_static" / "social-card.png",
        results()["01_matrix_factorization"],
    )
    shutil.rmtree(places.HTML, ignore_errors=True)
    built.replace(places.HTML)
    shutil.rmtree(new)
    (places.HTML / "index.html").touch()
