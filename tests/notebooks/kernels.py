"""A notebook in a kernel that stays: run cells again, in any order, edited."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from bookbuild import notebooks, plain, run


class Running:
    """A notebook whose kernel waits for the next cell."""

    def __init__(self, notebook: NotebookNode, client: NotebookClient) -> None:
        self.notebook, self.client = notebook, client

    def run(self, cells: Iterable[NotebookNode]) -> None:
        """Run some of its cells, in this order; name the one that stops."""
        for cell in cells:
            if cell.cell_type != "code":
                continue
            place = self.notebook.cells.index(cell)
            try:
                self.client.execute_cell(cell, place)
            except CellExecutionError as error:
                problem = f"{error.ename}: {error.evalue}"
                raise AssertionError(f"{cell.id} stopped: {problem}") from None

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
            self.run([cell])
        finally:
            self.notebook.cells.remove(cell)
        return "".join(output.text for output in cell.outputs).strip()


@contextmanager
def running(path: Path, settings: dict[str, object]) -> Iterator[Running]:
    """Start a notebook with some settings; nothing is run yet."""
    notebook = notebooks.read(path)
    for cell in notebook.cells:
        if "parameters" in notebooks.tags(cell):
            lines = [f"{name} = {value!r}" for name, value in settings.items()]
            cell.source = "\n".join([cell.source, *lines])
    os.environ.update(run.KERNEL_ENVIRONMENT)
    client = NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=run.KERNEL_ARGUMENTS[:1],
    )
    with client.setup_kernel():
        yield Running(notebook, client)


def shown(cell: NotebookNode) -> tuple[str, list[object]]:
    """Return what a cell prints, and the tables and pictures it shows."""
    outputs = cell.get("outputs", [])
    # One text may come in several pieces: that is chance.
    printed = "".join(each.text for each in outputs if "text" in each)
    return printed, [each.data for each in outputs if each.get("data")]
