"""The repository's public address, and the buttons that need it.

It comes from `_config.yml` or from git's remote. Where neither names one,
there is no button.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bookbuild import BuildError, places
from bookbuild.chapters import paths
from bookbuild.files import read_settings, write_all
from bookbuild.lone import addressed
from bookbuild.notebooks import read, text_of

# Binder, Colab and nbgitpuller can all read from these.
HOSTS = ("github.com", "gitlab.com")


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


def write_address() -> None:
    """Tell the committed chapters where the book's repository is."""
    settings = read_settings(places.ROOT / "_config.yml")
    address = public_address(
        settings.get("repository", {}).get("url") or "",
        git_says(places.ROOT, "remote", "get-url", "origin"),
    )
    if not address:
        raise BuildError(
            "The repository has no public address: neither does git's remote "
            "`origin` name one on "
            f"{' or '.join(HOSTS)}, nor does _config.yml under "
            "repository: url."
        )
    write_all({p: text_of(addressed(read(p), address)) for p in paths()})
    print(f"The chapters name {address}. Commit them.")
