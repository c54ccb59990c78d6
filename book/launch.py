"""Let a reader start a chapter anywhere: buttons, downloads, a lone notebook.

A button that leads to a service needs the repository's public address, from
`_config.yml` or from git's remote. Where neither names one, there is no
button. A downloaded chapter needs no address: it carries the book's library.
"""

from __future__ import annotations

import base64
import io
import subprocess
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jupytext
import nbformat
from nbformat import NotebookNode
from sphinx.application import Sphinx

# Binder, Colab and nbgitpuller can all read from these.
HOSTS = ("github.com", "gitlab.com")
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
# A form in which a teacher fills in the address of the class's hub.
HUB_FORM = "https://nbgitpuller.readthedocs.io/en/latest/link.html"

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


def public_address(named: str, remote: str) -> str:
    """Return the repository's https address, or "" where it has none.

    Parameters
    ----------
    named
        What `_config.yml` says, which comes first.
    remote
        What git says of its remote: any form that git takes. Names and
        passwords in it are left out.
    """
    for address in (named, remote):
        address = address.strip()
        if address.startswith("git@"):
            address = "https://" + address[4:].replace(":", "/", 1)
        parts = urlsplit(address)
        path = parts.path.strip("/").removesuffix(".git")
        if parts.hostname in HOSTS and path.count("/") == 1:
            return f"https://{parts.hostname}/{path}"
    return ""


def git_says(folder: Path, *arguments: str) -> str:
    """Return what a git command prints, or "" where it fails."""
    try:
        run = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True
        )
    except FileNotFoundError:
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""


def default_branch(root: Path) -> str:
    """Return the branch that the remote hands out first, or "main"."""
    head = git_says(
        root, "symbolic-ref", "--short", "refs/remotes/origin/HEAD"
    )
    return head.partition("/")[2] or "main"


def with_buttons(
    settings: dict[str, Any], remote: str, branch: str, on_colab: bool
) -> dict[str, Any]:
    """Return the book's settings with the buttons that lead somewhere.

    Parameters
    ----------
    settings
        `_config.yml`, read.
    remote, branch
        What git says; the settings come first.
    on_colab
        Whether the chapters, alone, know where the rest of the book is.
    """
    named = settings.get("repository", {})
    address = public_address(named.get("url", ""), remote)
    if not address:
        return settings
    branch = named.get("branch") or branch
    launch = dict(settings.get("launch_buttons", {}))
    launch["binderhub_url"] = "https://mybinder.org"
    if on_colab and "//github.com/" in address:
        launch["colab_url"] = "https://colab.research.google.com"
    html = settings.get("html", {}) | {
        "use_repository_button": True,
        "use_issues_button": True,
        "use_edit_page_button": True,
    }
    return settings | {
        "repository": {
            "url": address,
            "branch": branch,
            "path_to_book": "",
        },
        "launch_buttons": launch,
        "html": html,
    }


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
    ValueError
        Where the notebook has none.
    """
    for cell in notebook.cells:
        if cell.get("id") == FIRST_CELL:
            return cell
    raise ValueError(
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


def hub_form(address: str, branch: str) -> str:
    """Return the form that makes a link for a class's JupyterHub."""
    query = {"repo": address, "branch": branch}
    return f"{HUB_FORM}?{urlencode(query, quote_via=quote)}"


def add_buttons(
    app: Sphinx, pagename: str, _: str, context: dict[str, Any], __: object
) -> None:
    """Add a script to a chapter's downloads, and a hub to its launchers."""
    if not pagename.startswith("notebooks/"):
        return
    options = app.config.html_theme_options
    groups = {
        group.get("label"): group.get("buttons", [])
        for group in context.get("header_buttons", [])
    }
    if "download-buttons" in groups:
        groups["download-buttons"].insert(
            1,
            {
                "type": "link",
                "url": context["pathto"](f"_sources/{pagename}.py", 1),
                "text": ".py",
                "icon": "fas fa-file-code",
                "tooltip": "Download Python script",
                "label": "download-script-button",
            },
        )
    launchers = groups.get("launch-buttons", [])
    if launchers and not any(b["text"] == "JupyterHub" for b in launchers):
        launchers.append(
            {
                "type": "link",
                "text": "JupyterHub",
                "tooltip": "Make a link for your JupyterHub",
                "icon": "_static/images/logo_jupyterhub.svg",
                "url": hub_form(
                    options["repository_url"],
                    options.get("repository_branch") or "main",
                ),
            }
        )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx, after the theme has made its buttons."""
    app.connect("html-page-context", add_buttons, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
