"""The colours of the pages, as custom properties, from `recslib.style`.

The stylesheets in assets/ say where a colour goes, and this file which one it
is: on a light page, and on a dark one.
"""

from __future__ import annotations

from recslib import style

NAME = "colours.css"
# The theme's own property, where it has one for the same thing.
OF_THE_THEME = ("primary", "link", "link-hover", "inline-code")
# What a figure that answers a hand paints with.
FIGURES = {
    "dot": style.BLUE,
    "held": style.ORANGE,
    "beside": style.GREEN,
}


def properties() -> dict[str, tuple[str, str]]:
    """Return every custom property: on a light page, and on a dark one."""
    pages = {
        f"--pst-color-{name}" if name in OF_THE_THEME else f"--{name}": pair
        for name, pair in style.ON_PAGES.items()
    }
    figures = {
        f"--{name}": (light, style.ON_DARK_PAGES[light])
        for name, light in FIGURES.items()
    }
    return pages | figures


def css() -> str:
    """Return the stylesheet that gives every property its colours."""
    blocks = ["/* Made when the book is built, from recslib/style.py. */"]
    for place, theme in enumerate(("light", "dark")):
        lines = [
            f"  {name}: {pair[place].lower()};"
            for name, pair in properties().items()
        ]
        # A page on paper, and one whose mode is not known yet, is light.
        first = ":root,\n" if theme == "light" else ""
        selector = f'{first}html[data-theme="{theme}"]'
        blocks.append("\n".join([f"{selector} {{", *lines, "}"]))
    return "\n\n".join(blocks) + "\n"
