"""Short copies of the notebooks, for nbval to run.

nbval compares what is exact, and what is exact does not depend on training.
papermill has just run every notebook in full; so that nbval does not pay for
the same fits again, it gets copies that train for one epoch and draw eight
times instead of a hundred.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from bookbuild import BuildError, places
from bookbuild.chapters import paths
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


def shortened(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Return a copy that trains and draws little, wherever it is run.

    Parameters
    ----------
    notebook
        A committed chapter, with its outputs.
    folder
        Where the chapter lies: the copy goes there first.

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
    go = v4.new_code_cell(f"import os\n\nos.chdir({str(folder)!r})")
    go.id, go.execution_count = "go-to-the-chapter", 1
    notebook.cells.insert(0, go)
    return notebook


def write_short() -> None:
    """Write a short copy of every chapter into _build/short."""
    copies = {}
    for path in paths():
        with named(path):
            copies[path.name] = shortened(read(path), path.parent)
    folder = places.BUILD / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    for name, copy in copies.items():
        write(copy, folder / name)
