"""Start a chapter: `make chapter NAME=04_trial` writes one that runs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.chapters import paths
from bookbuild.files import write_all
from bookbuild.lone import first_cell
from bookbuild.notebooks import read, refreshed, text_of, write
from bookbuild.readme import write_readme
from bookbuild.run import execute

SKELETON = Path(__file__).with_name("skeleton.ipynb")
NAME = re.compile(r"\d\d_[a-z][a-z0-9_]*")
NEXT = """\
notebooks/{name}.ipynb is there, it ran, and README's table has it.
Next: add its line below the others in _toc.yml,

      - file: notebooks/{name}

then `make book` and `make test`. CONTRIBUTING.md says what a chapter holds."""


def check_name(name: str) -> None:
    """Raise BuildError where a chapter cannot have this name."""
    if not NAME.fullmatch(name):
        raise BuildError(
            f"A chapter cannot be called {name!r}. A name is two digits, an "
            "underscore, and words in small letters: make chapter "
            "NAME=04_trial."
        )
    for path in paths():
        if path.stem[:2] == name[:2]:
            raise BuildError(
                f"The number {name[:2]} is taken by notebooks/{path.name}. "
                "Take another one, or rename that notebook first."
            )


def filled_skeleton(name: str, first: NotebookNode) -> NotebookNode:
    """Return the skeleton with its title, its number and its first cell.

    Parameters
    ----------
    name
        Of the chapter, such as ``04_trial``.
    first
        The cell that brings the book, as the other chapters have it.
    """
    words = name[3:].replace("_", " ").strip()
    marks = {"{{TITLE}}": words.capitalize(), "{{NUMBER}}": str(int(name[:2]))}
    text = SKELETON.read_text(encoding="utf-8")
    for mark, value in marks.items():
        text = text.replace(mark, value)
    notebook = nbformat.reads(text, as_version=4)
    first_cell(notebook).source = first.source
    return notebook


def start_chapter(name: str) -> None:
    """Write a chapter that runs, run it, and put it into README's table.

    Parameters
    ----------
    name
        Two digits, an underscore, and words, such as ``04_trial``.

    Raises
    ------
    BuildError
        Where the name cannot be, or is taken, or the chapter fails; then
        nothing is left of it.
    """
    check_name(name)
    notebook = filled_skeleton(name, first_cell(read(paths()[0])))
    path = places.ROOT / "notebooks" / f"{name}.ipynb"
    executed = places.EXECUTED / path.name
    write(notebook, path)
    try:
        execute(path, executed)
        write_all({path: text_of(refreshed(notebook, read(executed)))})
        write_readme()
    except BaseException:
        path.unlink()
        executed.unlink(missing_ok=True)
        raise
    executed.touch()
    print(NEXT.format(name=name))
