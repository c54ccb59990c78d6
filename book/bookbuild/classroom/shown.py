"""What a mark on a slide shows: taken from a notebook, and made HTML.

A figure is named by the id of its caption, a formula by the comment below it,
and code, an output or a list by the id of its cell.
"""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape

from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbformat import NotebookNode
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from bookbuild import BuildError
from bookbuild.myst import ONE_LINK
from bookbuild.notebooks import PAGES_ONLY
from bookbuild.pages.figures import recoloured, size_of, tidied
from bookbuild.plain import (
    CAPTION,
    EQUATION,
    headings_in,
    is_caption,
    is_exercise,
)

# For code and outputs, in CSS pixels: the room that they have on a slide, how
# wide and how high a sign is for each pixel of its font, and the largest font.
ROOM = (1070, 440)
LINE = (0.61, 1.4)
LARGEST = 28
# A table of more rows than this has them closer together.
LONG = 8

EXERCISE = re.compile(r"<!-- exercise: (?P<id>[\w-]+) -->")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
MAGIC = re.compile(r"\A# %load .*\n")
IS_NUMBER = re.compile(r"[+\N{MINUS SIGN}-]?[\d.,]+ ?%?")
LISTED = re.compile(r"^- .*(?:\n(?:- |  ).*)*", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """What a mark shows.

    Parameters
    ----------
    html
        As it stands on the slide.
    files
        The pictures that it needs, by name.
    notes
        What the chapter says of it, for the speaker, in Markdown.
    """

    html: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: str = ""


@cache
def markdown() -> MarkdownIt:
    """Return what makes HTML of the text of slides."""
    made = MarkdownIt("commonmark", {"html": True}).enable("table")
    dollarmath_plugin(made, allow_digits=True, renderer=_formula)
    return made


def _formula(tex: str, options: Mapping[str, bool]) -> str:
    """Write a formula so that MathJax finds it."""
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return f"{left}{escape(tex)}{right}"


def plain_text(text: str) -> str:
    """Return a text of a chapter without its marks, links as their words.

    A link of a chapter leads to a file beside it, and slides travel alone.
    """
    text = COMMENT.sub("", text)
    return ONE_LINK.sub(lambda m: " ".join(m["text"].split()), text)


def cell_of(notebook: NotebookNode, name: str, kind: str) -> NotebookNode:
    """Return the cell with an id.

    Raises
    ------
    BuildError
        Where there is none.
    """
    for cell in notebook.cells:
        if cell.id == name:
            return cell
    raise BuildError(
        f"it shows the {kind} {name!r}, and the chapter has no cell with that "
        "id. Mend the name in the mark, or take the mark out."
    )


def figure(notebook: NotebookNode, name: str) -> Shown:
    """Show a figure, light and dark, with its number and what it is."""
    caption = cell_of(notebook, name, "figure")
    drawing = notebook.cells[notebook.cells.index(caption) - 1]
    data = [
        output.data
        for output in drawing.get("outputs", ())
        if "image/png" in output.get("data", {})
    ]
    if not is_caption(caption) or not data:
        raise BuildError(
            f"it shows the figure {name!r}, and that cell is no caption "
            "below a figure. A figure is named by the id of its caption."
        )
    said = plain_text(caption.source)
    number = CAPTION.match(said)[0].strip(" *.")
    what, _, notice = CAPTION.sub("", said).partition(" Notice ")
    alt = escape(drawing.metadata["alt"])
    notes = f"In {number}, notice {notice}" if notice else ""
    if PAGES_ONLY in data[0]:
        # Without the last line's end, as the pages have it.
        svg = tidied(data[0][PAGES_ONLY].rstrip("\n"))
        files = {f"{name}.svg": svg.encode()}
        files[f"{name}-dark.svg"] = recoloured(svg).encode()
        width, height = size_of(svg)
        size = f'width="{width}" height="{height}"'
        pictures = "".join(
            f'<img class="figure-{mode}" src="{file}" alt="{alt}" {size}>'
            for mode, file in zip(("light", "dark"), files, strict=True)
        )
    else:  # a committed notebook keeps no drawing, only a picture of it
        files = {f"{name}.png": base64.b64decode(data[0]["image/png"])}
        pictures = f'<img class="on-paper" src="{name}.png" alt="{alt}">'
    below = markdown().renderInline(f"{number}. {what}")
    html = f"<figure>{pictures}<figcaption>{below}</figcaption></figure>"
    return Shown(html, files, notes)


def formula(notebook: NotebookNode, name: str) -> Shown:
    """Show an equation with its number."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for match in EQUATION.finditer(cell.source):
                if match["name"] == name:
                    tex = match[0].partition("\n$$\n")[0].strip("$\n")
                    tex = _formula(tex, {"display_mode": True})
                    return Shown(f'<div class="math block">{tex}</div>')
    raise BuildError(
        f"it shows the formula {name!r}, and the chapter has no equation of "
        "that name: the comment right below it."
    )


def code(notebook: NotebookNode, name: str, part: str = "") -> Shown:
    """Show the code of a cell, or a function or class that it defines."""
    cell = cell_of(notebook, name, "code")
    if cell.cell_type != "code":
        raise BuildError(f"it shows the code of {name!r}, a cell of text.")
    source = MAGIC.sub("", cell.source)
    if part:
        source = defined_in(source, part)
    marked = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))
    return Shown(
        f'<pre class="code" style="{size_for(source)}">'
        f"<code>{marked}</code></pre>"
    )


def size_for(text: str) -> str:
    """Return the style of a text of fixed width: as large as fits."""
    lines = text.rstrip().splitlines()
    high = ROOM[1] / (LINE[1] * len(lines))
    wide = ROOM[0] / (LINE[0] * max(map(len, lines)))
    return f"font-size: {int(min(high, wide, LARGEST))}px"


def defined_in(source: str, part: str) -> str:
    """Return the lines of a function, a class, or a method of one.

    Parameters
    ----------
    source
        Python.
    part
        Its name; a method's behind its class and a dot.

    Raises
    ------
    BuildError
        Where nothing of that name is defined.
    """
    body = ast.parse(source).body
    for name in part.split("."):
        found = [each for each in body if getattr(each, "name", "") == name]
        if not found:
            raise BuildError(
                f"it shows {part!r}, and the code of that cell defines none."
            )
        body = found[0].body
    first, last = found[0].lineno, found[0].end_lineno
    lines = source.splitlines()[first - 1 : last]
    return "\n".join(line[found[0].col_offset :] for line in lines)


def output(notebook: NotebookNode, name: str) -> Shown:
    """Show what a cell printed or returned: a table, or text."""
    cell = cell_of(notebook, name, "output")
    shown = []
    for each in cell.get("outputs", ()):
        data = each.get("data", {})
        if "text/html" in data:
            shown.append(table(data["text/html"]))
        elif text := each.get("text") or data.get("text/plain"):
            shown.append(
                f'<pre class="output" style="{size_for(text)}">'
                f"{escape(text.rstrip())}</pre>"
            )
    if not shown:
        raise BuildError(f"it shows the output of {name!r}, which has none.")
    return Shown("".join(shown))


def table(html: str) -> str:
    """Return a table of pandas without its style and its row numbers."""
    made = BeautifulSoup(html, "html.parser").table
    rows = made.select("tbody tr")
    index = [row.th.get_text() for row in rows if row.th]
    counted = index == [str(number) for number in range(len(rows))]
    for row in made.select("tr"):
        row.attrs = {}
        if counted and row.th:
            row.th.decompose()
    for cell in made.select("th, td"):
        if IS_NUMBER.fullmatch(cell.get_text()):
            cell["class"] = "number"
        if cell.name == "th":
            cell["scope"] = "col" if cell.find_parent("thead") else "row"
            if not cell.get_text():  # a heading that says nothing is none
                cell.name, cell.attrs = "td", {}
    heads = made.select("thead tr > *")
    last = rows[-1].select("th, td") if rows else []
    for head, below in zip(heads, last, strict=False):
        if below.get("class") == "number":
            head["class"] = "number"
    made.attrs = {"class": "long"} if len(rows) > LONG else {}
    return str(made)


def listed(notebook: NotebookNode, name: str) -> Shown:
    """Show the list that stands in a cell of text."""
    cell = cell_of(notebook, name, "list")
    found = LISTED.search(cell.source)
    if found is None:
        raise BuildError(f"it shows the list of {name!r}, which has none.")
    return Shown(markdown().render(plain_text(found[0])))


def exercises_named(text: str, notebook: NotebookNode) -> str:
    """Put number and title of exercises where a text has marks for them.

    Raises
    ------
    BuildError
        Where the chapter has no such exercise.
    """

    def name(match: re.Match[str]) -> str:
        cell = cell_of(notebook, match["id"], "exercise")
        if not is_exercise(cell):
            raise BuildError(
                f"it names the exercise {match['id']!r}, and that cell is "
                "none. An exercise has an id such as ex-1-name."
            )
        return headings_in(cell.source)[0][1]

    return EXERCISE.sub(name, text)


# What a mark may show, by the word that it starts with.
KINDS: dict[str, Callable[..., Shown]] = {
    "figure": figure,
    "formula": formula,
    "code": code,
    "output": output,
    "list": listed,
}
