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

FIRST_CELL = "bring-the-book"
FOLDER = "pytorch-for-recommenders-101"
# What a chapter reads beside itself, and what pip needs to install recslib.
CARRIED = (
    "recslib/*.py",
    "benchmarks/results/*.json",
    "pyproject.toml",
    "README.md",
    "LICENSE*",
)

REMARK = """\
# In a clone that is set up this does nothing. Where the chapter is alone, as
# on Colab, it brings the book's other files and installs what is missing.
"""
INSTALL = """
if any(find_spec(name) is None for name in ("recslib", "myst_nb")):
    pip = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "..[notebooks]"], check=True)
    importlib.invalidate_caches()
"""
CLONE = """\
import importlib
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

address = "{address}"
if not Path("../recslib").is_dir():
    if not address:
        raise FileNotFoundError(
            "This chapter needs the files around it: clone the repository, "
            "or take the chapter from its page of the book, complete."
        )
    if not Path("book").is_dir():
        clone = ["git", "clone", "--depth=1", address, "book"]
        subprocess.run(clone, check=True)
    os.chdir("book/notebooks")
"""
UNPACK = """\
import base64
import importlib
import io
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

archive = "{archive}"
if not Path("../recslib").is_dir():
    packed = io.BytesIO(base64.b64decode(archive))
    zipfile.ZipFile(packed).extractall("{folder}")
    os.makedirs("{folder}/notebooks", exist_ok=True)
    os.chdir("{folder}/notebooks")
"""


def cloning(address: str) -> str:
    """Return the first code cell of a chapter in the repository."""
    return REMARK + CLONE.format(address=address) + INSTALL.rstrip()


def unpacking(archive: str) -> str:
    """Return the first code cell of a chapter that carries the library."""
    cell = UNPACK.format(archive=archive, folder=FOLDER)
    return REMARK + cell + INSTALL.rstrip()


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
    return 'address = ""' not in first_cell(notebook).source


def addressed(notebook: NotebookNode, address: str) -> NotebookNode:
    """Return a copy of a chapter that knows the repository's address."""
    notebook = nbformat.from_dict(notebook)
    first_cell(notebook).source = cloning(address)
    return notebook


def standalone(notebook: NotebookNode, archive: str) -> NotebookNode:
    """Return a copy of a chapter that carries the book's library.

    Its first cell is folded away, on Colab too: it holds a long line.

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
    cell.metadata["jupyter"] = {"source_hidden": True}
    cell.metadata["cellView"] = "form"
    return notebook


def script(notebook: NotebookNode) -> str:
    """Return a chapter as a plain Python script, in `# %%` cells."""
    return jupytext.writes(notebook, fmt="py:percent")
