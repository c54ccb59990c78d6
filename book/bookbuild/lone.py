"""A chapter alone: a downloaded one carries the book's library."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

from bookbuild import BuildError
from bookbuild.notebooks import tags

FIRST_CELL = "bring-the-book"
# In JupyterLab and on Colab the cell is a line that opens.
FOLDED = {"jupyter": {"source_hidden": True}, "cellView": "form"}
FOLDER = "pytorch-for-recommenders-101"
# What a chapter reads beside itself, and what pip needs to install recslib.
CARRIED = (
    "book/install.py",
    "recslib/**/*.py",
    "benchmarks/results/*.json",
    "pyproject.toml",
    "README.md",
    "LICENSE*",
)

# What each says: the repository is somewhere, nowhere, or in the cell.
CLONE = """\
import os

if not os.path.isdir("../recslib"):  # alone, as on Colab: bring the book
    os.path.isdir("book") or os.system("git clone --depth=1 {address} book")
    %run book/book/install.py --missing"""
NOWHERE = """\
import os

if not os.path.isdir("../recslib"):
    raise FileNotFoundError("Clone the repository: this needs all its files.")\
"""
UNPACK = """\
import base64, io, os, zipfile

if not os.path.isdir("../recslib"):  # alone: unpack the book's library here
    zipfile.ZipFile(io.BytesIO(base64.b64decode("{archive}"))).extractall("{folder}")
    %run {folder}/book/install.py --missing"""
# A script has no %run.
RUN = f"    %run {FOLDER}/book/install.py --missing"
RUN_IN_SCRIPT = f"""\
    import subprocess
    import sys

    install = [sys.executable, "{FOLDER}/book/install.py", "--missing"]
    subprocess.run(install, check=True)
    os.chdir("{FOLDER}/notebooks")"""


def cloning(address: str) -> str:
    """Return the first code cell of a chapter in the repository."""
    return CLONE.format(address=address) if address else NOWHERE


def unpacking(archive: str) -> str:
    """Return the first code cell of a chapter that carries the library."""
    return UNPACK.format(archive=archive, folder=FOLDER)


def packed(root: Path) -> str:
    """Pack what a lone chapter needs: a zip archive in base64.

    Parameters
    ----------
    root
        The repository.
    """
    written = io.BytesIO()
    files = sorted(path for pattern in CARRIED for path in root.glob(pattern))
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            # One date for all: the same files make the same bytes.
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix())
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes(), compresslevel=9)
        archive.mkdir("notebooks")
    return base64.b64encode(written.getvalue()).decode()


def first_cell(notebook: NotebookNode) -> NotebookNode:
    """Return the cell that brings the book.

    Raises
    ------
    BuildError
        Where the notebook has none.
    """
    for cell in notebook.cells:
        if cell.get("id") == FIRST_CELL:
            return cell
    raise BuildError(
        f"This notebook has no cell with the id {FIRST_CELL!r}, so nobody "
        "could run it alone: copy that cell from another chapter."
    )


def carries_address(notebook: NotebookNode) -> bool:
    """Say whether a chapter, alone, knows where the rest of the book is."""
    return first_cell(notebook).source != NOWHERE


def addressed(notebook: NotebookNode, address: str) -> NotebookNode:
    """Return a copy of a chapter that knows the repository's address."""
    notebook = nbformat.from_dict(notebook)
    cell = first_cell(notebook)
    cell.source = cloning(address)
    cell.metadata.update(FOLDED)
    return notebook


def standalone(notebook: NotebookNode, archive: str) -> NotebookNode:
    """Return a copy of a chapter that carries the book's library.

    Parameters
    ----------
    notebook
        A chapter.
    archive
        From `packed`.
    """
    notebook = nbformat.from_dict(notebook)
    cell = first_cell(notebook)
    cell.source = unpacking(archive)
    cell.metadata.update(FOLDED)
    return notebook


def script(notebook: NotebookNode) -> str:
    """Return a chapter as a plain Python script, in `# %%` cells."""
    notebook = nbformat.from_dict(notebook)
    first = first_cell(notebook)
    first.source = first.source.replace(RUN, RUN_IN_SCRIPT)
    # What the pages alone need is displayed, and a script displays nothing.
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell is first or "remove-cell" not in tags(cell)
    ]
    return jupytext.writes(notebook, fmt="py:percent")
