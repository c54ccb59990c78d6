"""A script among a chapter's downloads, and a hub among its launchers."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from sphinx.application import Sphinx

# A form in which a teacher fills in the address of the class's hub.
HUB_FORM = "https://nbgitpuller.readthedocs.io/en/latest/link.html"


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
