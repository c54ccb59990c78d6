"""Put the scripts of figures that answer a reader's hand on their pages.

A figure is known by its id. Its script stands right behind it, so that it
runs before the text below is laid out, and on no other page.
"""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# The id of a figure, and the name of its script and style in assets/.
FIGURES = {"fig-map": "film-map"}


def with_scripts(body: str, static: str) -> tuple[str, list[str]]:
    """Add its script behind each figure that has one.

    Parameters
    ----------
    body
        HTML of a page's text.
    static
        Address of the folder of assets, seen from the page.

    Returns
    -------
    str
        The text with the scripts.
    list of str
        Names of the figures' scripts on this page, to find styles by.
    """
    names = []
    for figure, name in FIGURES.items():
        script = f'<script src="{static}/{name}.js"></script>'
        body, found = re.subn(
            rf'<figure[^>]*\bid="{figure}".*?</figure>',
            lambda match, script=script: match[0] + script,
            body,
            flags=re.DOTALL,
        )
        if found:
            names.append(name)
    return body, names


def add_scripts(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add scripts and styles to a page that has such figures."""
    if "body" not in context:
        return
    static = context["pathto"]("_static", resource=True)
    context["body"], names = with_scripts(context["body"], static)
    for name in names:
        app.add_css_file(f"{name}.css")
