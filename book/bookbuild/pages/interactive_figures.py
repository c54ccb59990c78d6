"""Put the scripts of figures that answer a reader's hand on their pages.

A figure is known by its id. Its scripts are on the pages that have it and on
no other.
"""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# The id of a figure, and its scripts in assets/, in the order of their needs.
# The last one has a style of the same name.
FIGURES = {"fig-map": ("titles", "dom", "combobox", "film-map")}


def add_scripts(
    app: Sphinx,
    pagename: str,
    templatename: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Add scripts and styles to a page that has such figures."""
    if doctree is None:
        return
    for figure in doctree.findall(nodes.figure):
        for name in FIGURES.keys() & set(figure["ids"]):
            *_, own = FIGURES[name]
            app.add_css_file(f"{own}.css")
            for script in FIGURES[name]:
                app.add_js_file(f"{script}.js", loading_method="defer")
