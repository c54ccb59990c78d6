"""A notebook in a kernel that stays: run cells again, in any order, edited."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from bookbuild import chapters, notebooks, plain, run

QUICK = {"dataset": "synthetic", "quick": True}
FORKS = Path(__file__).with_name("forks.py")
# Elsewhere, and where a card was used, a copy of a process may not go on.
CAN_FORK = sys.platform == "linux" and not torch.cuda.is_available()


class Running:
    """A notebook whose kernel waits for the next cell."""

    def __init__(self, notebook: NotebookNode, client: NotebookClient) -> None:
        self.notebook, self.client = notebook, client
        self.done: list[tuple[str, str]] = []

    def run(self, cells: Iterable[NotebookNode]) -> None:
        """Run some of its cells, in this order; name the one that stops."""
        for cell in cells:
            if cell.cell_type != "code":
                continue
            self.done.append((cell.id, cell.source))
            place = self.notebook.cells.index(cell)
            try:
                self.client.execute_cell(cell, place)
            except CellExecutionError as error:
                problem = f"{error.ename}: {error.evalue}"
                raise AssertionError(f"{cell.id} stopped: {problem}") from None

    def run_apart(self, cells: Iterable[NotebookNode]) -> None:
        """Run cells as from here, in a copy: the kernel stays as it is."""
        given = [(c.id, c.source) for c in cells if c.cell_type == "code"]
        if CAN_FORK:
            forks = f"__import__('runpy').run_path({str(FORKS)!r})"
            said = self.ask(f"print({forks}['run_apart']({given!r}))")
            assert not said, said
            return
        copies = [
            new_code_cell(source, id=name)
            for name, source in [*self.done, *given]
        ]
        folder = Path(self.client.resources["metadata"]["path"])
        with opened(new_notebook(cells=copies), folder) as another:
            another.run(copies)

    def sections(self) -> list[tuple[str, list[NotebookNode]]]:
        """Part its cells by headings of the second level."""
        return plain.sections_of(self.notebook)

    def cell(self, name: str) -> NotebookNode:
        """Find a cell by its id."""
        (found,) = (cell for cell in self.notebook.cells if cell.id == name)
        return found

    def below(self, name: str) -> list[NotebookNode]:
        """List a cell and those below it."""
        cells = self.notebook.cells
        return cells[cells.index(self.cell(name)) :]

    def ask(self, source: str) -> str:
        """Run a line that prints; return what it prints."""
        cell = new_code_cell(source)
        self.notebook.cells.append(cell)
        try:
            self.client.execute_cell(cell, len(self.notebook.cells) - 1)
        finally:
            self.notebook.cells.remove(cell)
        return "".join(output.text for output in cell.outputs).strip()


@contextmanager
def opened(notebook: NotebookNode, folder: Path) -> Iterator[Running]:
    """Start a kernel for a notebook, in a folder; nothing is run yet."""
    os.environ.update(run.KERNEL_ENVIRONMENT)
    client = NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(folder)}},
        extra_arguments=run.KERNEL_ARGUMENTS[:1],
    )
    with client.setup_kernel():
        yield Running(notebook, client)


@contextmanager
def running(path: Path, settings: dict[str, object]) -> Iterator[Running]:
    """Start a notebook with some settings; nothing is run yet."""
    notebook = notebooks.read(path)
    for cell in notebook.cells:
        if "parameters" in notebooks.tags(cell):
            lines = [f"{name} = {value!r}" for name, value in settings.items()]
            cell.source = "\n".join([cell.source, *lines])
    with opened(notebook, path.parent) as started:
        yield started


def quick_settings(path: Path) -> dict[str, object]:
    """Return those of QUICK that a notebook has."""
    (cell,) = (
        cell
        for cell in notebooks.read(path).cells
        if "parameters" in notebooks.tags(cell)
    )
    return {k: v for k, v in QUICK.items() if f"{k} = " in cell.source}


def in_kernels() -> list[object]:
    """Make a case of every chapter, for tests that share its kernel."""
    return [
        pytest.param(path, id=f"@{path.stem}") for path in chapters.paths()
    ]


def shown(cell: NotebookNode) -> tuple[str, list[object]]:
    """Return what a cell prints, and the tables and pictures it shows."""
    outputs = cell.get("outputs", [])
    # One text may come in several pieces: that is chance.
    printed = "".join(each.text for each in outputs if "text" in each)
    return printed, [each.data for each in outputs if each.get("data")]
