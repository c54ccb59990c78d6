"""From executed notebooks and prose to the pages of the book."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode

from bookbuild import BuildError, address, lone, myst, places
from bookbuild.chapters import Chapter, executed, paths
from bookbuild.classroom import exports, quizzes, teachers
from bookbuild.current import current
from bookbuild.files import read_settings
from bookbuild.notebooks import named, read, without_outputs, write
from bookbuild.pages import colours
from bookbuild.results import card, page

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Jupyter Book says what is wrong, and then throws that it was wrong: without
# this, a person sees the way through its code below the message. Pages are
# trees of millions of parts: to look through all of them for garbage, over and
# over, took a third of the build.
JUPYTER_BOOK = """
import gc
import sys
gc.set_threshold(100_000, 20, 50)
from jupyter_book.cli.main import main
try:
    main()
except RuntimeError as problem:
    sys.exit(str(problem))
"""


def check_sources() -> dict[str, Any]:
    """Check what the build reads, before any work starts.

    Returns
    -------
    dict
        The settings of the book, with the buttons that lead somewhere.

    Raises
    ------
    BuildError
        Where settings or contents cannot be read, the contents and the
        notebooks differ, or a notebook could not be run alone.
    """
    settings = read_settings(places.ROOT / "_config.yml")
    contents = read_settings(places.ROOT / "_toc.yml")
    sources = {path: read(path) for path in paths()}
    check_contents(contents, [path.stem for path in sources])
    quizzes.check_contents(list(_files_in(contents)))
    for path, notebook in sources.items():
        with named(path):
            lone.first_cell(notebook)
    return address.with_buttons(
        settings,
        address.git_says(places.ROOT, "remote", "get-url", "origin"),
        address.default_branch(places.ROOT),
        on_colab=all(map(lone.carries_address, sources.values())),
    )


def check_contents(contents: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise BuildError where contents and notebooks are not the same.

    Parameters
    ----------
    contents
        What _toc.yml holds.
    names
        The notebooks of the book, without ending.
    """
    listed = [
        Path(entry).stem
        for entry in _files_in(contents)
        if Path(entry).parent == Path("notebooks")
    ]
    for name in names:
        if name not in listed:
            raise BuildError(
                f"notebooks/{name}.ipynb is in no part of _toc.yml. Add the "
                f"line `- file: notebooks/{name}` below the chapters, or take "
                "the notebook out of notebooks/."
            )
    for name in listed:
        if name not in names:
            raise BuildError(
                f"_toc.yml names notebooks/{name}, and there is no such "
                f"notebook. There are {', '.join(names) or 'none'}."
            )


def _files_in(contents: object) -> Iterator[str]:
    """Go through the pages that a table of contents names, in order."""
    if isinstance(contents, Mapping):
        if isinstance(contents.get("file"), str):
            yield contents["file"]
        for value in contents.values():
            yield from _files_in(value)
    elif isinstance(contents, list):
        for value in contents:
            yield from _files_in(value)


def for_sphinx(book: Sequence[Chapter]) -> dict[str, NotebookNode]:
    """Return the notebooks as Sphinx reads them, with their own numbers."""
    notebooks = {chapter.name: chapter.notebook for chapter in book}
    values = {chapter.name: chapter.values for chapter in book}
    filled = current(notebooks, values, notebooks, keep=False)
    where = myst.known(filled, places.ROOT / "book")
    made = {}
    for name, notebook in filled.items():
        with named(Path(f"{name}.ipynb")):
            made[name] = myst.for_pages(notebook, name, where)
    return made


def stage_pages(settings: dict[str, Any], book: Sequence[Chapter]) -> None:
    """Copy the prose and the settings beside the executed notebooks.

    Parameters
    ----------
    settings
        From `check_sources`.
    book
        The chapters, as they were run.

    Raises
    ------
    BuildError
        Where a page asks for what the run lacks.
    """
    notebooks = for_sphinx(book)
    asked = quizzes.read_quizzes(book)
    for quiz in asked:
        notebooks[quiz.name] = quizzes.with_link(notebooks[quiz.name], quiz)
    shutil.rmtree(places.STAGE, ignore_errors=True)
    for name, notebook in notebooks.items():
        write(notebook, places.STAGE / "notebooks" / f"{name}.ipynb")
    # Neither code nor what is made into something else than a page.
    ignore = shutil.ignore_patterns(
        "*.py", "bookbuild", "*.yml", places.DECKS.name
    )
    shutil.copytree(places.ROOT / "book", places.STAGE / "book", ignore=ignore)
    shutil.copy(places.ROOT / "_toc.yml", places.STAGE / "_toc.yml")
    # Where the book's own address is not known, its card has none either.
    if baseurl := settings.get("html", {}).get("baseurl"):
        settings["sphinx"]["config"] |= {
            "ogp_site_url": baseurl,
            "ogp_image": "_static/social-card.png",
        }
    (places.STAGE / "_config.yml").write_text(
        yaml.safe_dump(settings), "utf-8"
    )
    colours_here = places.STAGE / "book" / "assets" / colours.NAME
    colours_here.write_text(colours.css(), encoding="utf-8")
    for_class = teachers.stage(places.STAGE / "book", book)
    page.fill_pages(places.STAGE / "book", book, for_class)
    quizzes.write_pages(places.STAGE / "book", asked, exports.ENDINGS)
    exports.write_quizzes(places.STAGE / quizzes.QUIZZES, book)
    glossary = places.STAGE / "book" / "glossary.md"
    entries = myst.glossary_for_pages(glossary.read_text(encoding="utf-8"))
    glossary.write_text(entries, encoding="utf-8", newline="\n")


def write_downloads(book: Sequence[Chapter], folder: Path) -> None:
    """Make the chapters behind the download buttons: there to be run.

    Parameters
    ----------
    book
        The chapters, as they were run.
    folder
        Where Sphinx put copies of what it read.
    """
    archive = lone.packed(places.ROOT)
    notebooks = {chapter.name: chapter.notebook for chapter in book}
    values = {chapter.name: chapter.values for chapter in book}
    for name, notebook in current(notebooks, values, notebooks).items():
        path = folder / f"{name}.ipynb"
        chapter = lone.standalone(without_outputs(notebook), archive)
        write(chapter, path)
        path.with_suffix(".py").write_text(lone.script(chapter), "utf-8")


def scripts_made() -> list[Path]:
    """Return the data of the pages' scripts.

    Raises
    ------
    BuildError
        Where it was not computed.
    """
    found = sorted(places.SCRIPTS.glob("*.js"))
    if not found:
        raise BuildError(
            "What the pages' scripts need was not computed: run `python "
            "book/build.py scripts` first (`make book` does it)."
        )
    return found


def build_html() -> None:
    """Build the HTML; any warning is an error, and then the old one stays.

    Raises
    ------
    BuildError
        With all that Jupyter Book said.
    """
    settings = check_sources()
    book = executed()
    made_for_pages = scripts_made()
    stage_pages(settings, book)
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
    write_downloads(book, built / "_sources" / "notebooks")
    for script in made_for_pages:
        shutil.copy(script, built / "_static")
    picture = built / "_static" / "social-card.png"
    card.write(picture, settings["title"], book)
    shutil.rmtree(places.HTML, ignore_errors=True)
    built.replace(places.HTML)
    shutil.rmtree(new)
    (places.HTML / "index.html").touch()
