"""Bring texts up to date: numbers, references, minutes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.chapters import committed, paths
from bookbuild.files import write_all
from bookbuild.marks import MINUTES, Mark, Value, numbers_filled, value_in
from bookbuild.minutes import minutes_at
from bookbuild.notebooks import read, text_of
from bookbuild.plain import (
    all_numbers,
    check_plain,
    recounted,
    sections_of,
)

Values = Mapping[str, Mapping[str, Value]]
# A file for each notebook that has a quiz.
QUIZZES = Path("book", "classroom", "quizzes")


def number_for(mark: Mark, own: str, values: Values) -> str:
    """Return what stands before a mark.

    Parameters
    ----------
    mark
        In a notebook's text, or in a page's: then it names a notebook.
    own
        The notebook that the text is of, or nothing.
    values
        What each notebook computes.

    Raises
    ------
    BuildError
        Where no notebook computes it.
    """
    source = mark.source or own
    if source not in values:
        raise BuildError(
            f"the comment behind {mark.text!r} names {source or 'no notebook'}"
            f", and there are {', '.join(values)}. On a page it is written "
            "<!--NOTEBOOK/KEY:FORMAT-->."
        )
    return value_in(values[source], mark)


def filled(
    notebook: NotebookNode,
    name: str,
    values: Values,
    ran: NotebookNode | None,
    keep: bool = True,
) -> NotebookNode:
    """Return a copy whose text has the numbers and minutes of a run.

    Parameters
    ----------
    notebook
        A plain one.
    name
        Its name.
    values
        What each notebook computes.
    ran
        The run that minutes are counted of; None leaves them as they are.
    keep
        Whether the comments behind the numbers stay.
    """
    notebook = nbformat.from_dict(notebook)
    for heading, cells in sections_of(notebook):

        def number(mark: Mark, heading: str = heading) -> str:
            if mark.key != MINUTES:
                return number_for(mark, name, values)
            if ran is None:
                return mark.text
            return str(minutes_at(ran, mark.form, heading))

        for cell in cells:
            if cell.cell_type == "markdown":
                cell.source = numbers_filled(cell.source, number, keep)
    return notebook


def current(
    book: Mapping[str, NotebookNode],
    values: Values,
    runs: Mapping[str, NotebookNode] | None = None,
    keep: bool = True,
) -> dict[str, NotebookNode]:
    """Return the notebooks with all that is counted and computed in place.

    Parameters
    ----------
    book
        The notebooks, by name.
    values
        What each of them computes.
    runs
        Where minutes are counted; None leaves them as they are.
    keep
        Whether the comments behind the numbers stay.

    Raises
    ------
    BuildError
        With the notebook's name, where its text asks for what is not there,
        or is not plain.
    """
    numbers = all_numbers(book)
    made = {}
    for name, notebook in book.items():
        try:
            check_plain(notebook)
            made[name] = filled(
                recounted(notebook, numbers),
                name,
                values,
                (runs or {}).get(name),
                keep,
            )
        except BuildError as problem:
            raise BuildError(f"notebooks/{name}.ipynb: {problem}") from problem
    return made


def current_pages(values: Values) -> dict[Path, str]:
    """Return the pages in book/ with their numbers in place."""
    texts = {}
    for path in sorted((places.ROOT / "book").glob("*.md")):
        page = path.read_text(encoding="utf-8")
        try:
            texts[path] = numbers_filled(
                page, lambda mark: number_for(mark, "", values)
            )
        except BuildError as problem:
            raise BuildError(f"book/{path.name}: {problem}") from problem
    return texts


def current_for_class(values: Values) -> dict[Path, str]:
    """Return quizzes and decks of slides with their numbers in place."""
    folders = ((QUIZZES, "*.yml"), (places.DECKS, "*.md"))
    texts = {}
    for folder, ending in folders:
        for path in sorted((places.ROOT / folder).glob(ending)):
            try:
                texts[path] = numbers_filled(
                    path.read_text(encoding="utf-8"),
                    lambda mark, own=path.stem: number_for(mark, own, values),
                )
            except BuildError as problem:
                where = path.relative_to(places.ROOT).as_posix()
                raise BuildError(f"{where}: {problem}") from problem
    return texts


def texts(
    book: Mapping[str, NotebookNode],
    values: Values,
    runs: Mapping[str, NotebookNode] | None = None,
) -> dict[Path, str]:
    """Return all that holds a number of a run, as it should stand on disk.

    Parameters
    ----------
    book, values, runs
        As for `current`.
    """
    notebooks = current(book, values, runs)
    folder = places.ROOT / "notebooks"
    sources = current_pages(values) | current_for_class(values)
    return sources | {
        folder / f"{name}.ipynb": text_of(notebook)
        for name, notebook in notebooks.items()
    }


def write_numbers() -> None:
    """Bring the committed texts up to date with the committed outputs."""
    values = {chapter.name: chapter.values for chapter in committed()}
    write_all(texts({path.stem: read(path) for path in paths()}, values))
