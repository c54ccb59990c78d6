"""Short copies of the notebooks, for nbval to run.

nbval compares what is exact, and what is exact does not depend on training.
papermill has just run every notebook in full; so that nbval does not pay for
the same fits again, it gets copies that hold the cells whose outputs it
compares and what these need, and that train for one epoch and draw eight
times instead of a hundred.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from bookbuild import BuildError, places
from bookbuild.chapters import chapter_of, paths
from bookbuild.classroom.slices import (
    asked_by,
    made_before,
    needed,
    statements_of,
)
from bookbuild.marks import Value
from bookbuild.notebooks import named, read, tags, write

FOLDER = "short"
SHORT: Mapping[str, Value] = {
    "n_epochs": 1,
    "n_factor_epochs": 1,
    "n_sweeps": 8,
}


def with_parameters(source: str, values: Mapping[str, Value]) -> str:
    """Return a parameters cell that sets some of its names otherwise.

    Parameters
    ----------
    source
        The cell: assignments.
    values
        By name; a name that the cell does not set is left out.
    """
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            if isinstance(target, ast.Name) and target.id in values:
                new = f"{target.id} = {values[target.id]!r}"
                lines[statement.lineno - 1 : statement.end_lineno] = [new]
    return "\n".join(lines)


def is_compared(cell: NotebookNode) -> bool:
    """Whether nbval compares what a cell puts out."""
    return (
        cell.cell_type == "code"
        and bool(cell.outputs)
        and "nbval-ignore-output" not in tags(cell)
    )


def cut(cells: Sequence[NotebookNode], start: int) -> list[NotebookNode]:
    """Return the cells that are compared, and what these need of the others.

    Parameters
    ----------
    cells
        Of a chapter.
    start
        So many of the first ones stay as they are.
    """
    statements = statements_of(cells)
    places: set[int] = set()
    for number, cell in enumerate(cells):
        if is_compared(cell):
            names = made_before(statements, asked_by(cell.source), number)
            places |= {s.place for s in needed(statements, names, number)}
    kept = list(cells[:start])
    for number, cell in enumerate(cells[start:], start):
        if is_compared(cell):
            kept.append(cell)
            continue
        here = [s for s in statements if s.cell == number]
        sources = [s.source for s in here if s.place in places]
        if sources:
            cell.source = "\n".join(sources)
            cell.metadata.tags = ["nbval-ignore-output"]
            kept.append(cell)
    return kept


def shortened(
    notebook: NotebookNode, folder: Path, *, whole: bool = False
) -> NotebookNode:
    """Return a copy of what is compared, which trains and draws little.

    Parameters
    ----------
    notebook
        A committed chapter, with its outputs.
    folder
        Where the chapter lies: the copy goes there first, wherever it is
        run.
    whole
        Whether to keep all cells: names do not tell which cell reads a file
        that another one wrote.

    Raises
    ------
    BuildError
        Where it has no parameters.
    """
    notebook = nbformat.from_dict(notebook)
    cells = [c for c in notebook.cells if "parameters" in tags(c)]
    if len(cells) != 1:
        raise BuildError(
            "A chapter has one cell with the tag `parameters`, and this has "
            f"{len(cells)}."
        )
    cells[0].source = with_parameters(cells[0].source, SHORT)
    if not whole:
        start = notebook.cells.index(cells[0]) + 1
        notebook.cells = cut(notebook.cells, start)
    go = v4.new_code_cell(f"import os\n\nos.chdir({str(folder)!r})")
    go.id, go.execution_count = "go-to-the-chapter", 1
    notebook.cells.insert(0, go)
    return notebook


def write_short() -> None:
    """Write a short copy of every chapter into _build/short."""
    copies = {}
    for path in paths():
        with named(path):
            # A template writes what it fits into a folder.
            whole = chapter_of(path).template
            copies[path.name] = shortened(read(path), path.parent, whole=whole)
    folder = places.BUILD / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    for name, copy in copies.items():
        write(copy, folder / name)
