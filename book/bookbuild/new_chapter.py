"""Start a chapter: `make chapter NAME=04_trial` writes one that runs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.chapters import chapter_of, paths, ran
from bookbuild.current import current
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
    marks = {
        "{{TITLE}}": words.capitalize(),
        "{{NUMBER}}": str(int(name[:2])),
        "{{FILE}}": f"{name}.ipynb",
    }
    text = SKELETON.read_text(encoding="utf-8")
    for mark, value in marks.items():
        text = text.replace(mark, value)
    notebook = nbformat.reads(text, as_version=4)
    cell = first_cell(notebook)
    cell.source, cell.metadata = first.source, first.metadata
    return notebook


def finished(path: Path, notebook: NotebookNode) -> NotebookNode:
    """Return a chapter with the outputs and the numbers of its first run."""
    first_run = ran(path)
    book = {each.stem: read(each) for each in paths()}
    book[path.stem] = refreshed(notebook, first_run.notebook)
    others = (chapter_of(each) for each in paths() if each != path)
    values = {each.name: each.values for each in others}
    values[path.stem] = first_run.values
    runs = {path.stem: first_run.notebook}
    return current(book, values, runs)[path.stem]


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
        write_all({path: text_of(finished(path, notebook))})
        write_readme()
    except BaseException:
        path.unlink()
        executed.unlink(missing_ok=True)
        raise
    executed.touch()
    print(NEXT.format(name=name))
