"""The page of contents: what each page asks, and the minutes it takes.

``{contents-with-minutes}`` becomes the list of all pages, and
``{minutes}`reading` `` and ``{minutes}`running` `` the minutes of the page
that they stand in. How long a notebook ran was noted in it when it ran; how
long it takes to read is worked out from its words and its lines of code.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective, SphinxRole

from bookbuild.chapters import record_of
from bookbuild.notebooks import read

WORDS_A_MINUTE = 200
SECONDS_A_LINE = 2
# From here on, minutes of reading are rounded to fives.
LONG = 20
KINDS = ("reading", "running")
# Nobody reads these as prose.
NOT_PROSE = (nodes.literal_block, nodes.raw, nodes.comment, nodes.image)


class ContentsPlace(nodes.General, nodes.Element):
    """Where the list of the pages of a part goes; ``part`` says which."""


class MinutesPlace(nodes.Inline, nodes.Element):
    """Where minutes go; ``kind`` says which."""


def reading_minutes(n_words: int, n_lines: int) -> int:
    """Estimate how long a page takes to read.

    Parameters
    ----------
    n_words
        Words of prose.
    n_lines
        Lines of code.

    Returns
    -------
    int
        At least 1; rounded to fives where it is long.
    """
    minutes = n_words / WORDS_A_MINUTE + n_lines * SECONDS_A_LINE / 60
    if minutes >= LONG:
        return 5 * round(minutes / 5)
    return max(1, round(minutes))


def running_minutes(seconds: float) -> int:
    """Round the seconds of a run up to whole minutes."""
    return math.ceil(seconds / 60)


def in_words(minutes: int) -> str:
    """Return ``1 minute`` or ``5 minutes``."""
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def n_words(node: nodes.Node) -> int:
    """Count the words of prose in a page or a part of it."""
    if isinstance(node, nodes.Text):
        return len(node.astext().split())
    if isinstance(node, NOT_PROSE):
        return 0
    return sum(n_words(child) for child in node.children)


def n_code_lines(page: nodes.document) -> int:
    """Count the lines of code in a page; output and empty lines are none."""
    return sum(
        bool(line.strip())
        for block in page.findall(nodes.literal_block)
        if "output" not in block["classes"]
        for line in block.astext().splitlines()
    )


def run_seconds(path: Path) -> float | None:
    """Return how long a notebook ran; None for a page that does not run.

    Raises
    ------
    ExtensionError
        Where a notebook does not say.
    """
    if path.suffix != ".ipynb":
        return None
    notebook = json.loads(path.read_text(encoding="utf-8"))
    seconds = notebook["metadata"].get("papermill", {}).get("duration")
    if seconds is None:
        raise ExtensionError(
            f"{path.name} does not say how long it ran. Run it again: "
            f"python book/build.py execute notebooks/{path.name}"
        )
    return seconds


def minutes_of(env: BuildEnvironment, page: str) -> dict[str, int]:
    """Return the minutes of a page by kind; one that does not run has one.

    Parameters
    ----------
    env
        Sphinx's, with every page read.
    page
        Name of the page in the book.
    """
    doctree = env.get_doctree(page)
    lines = n_code_lines(doctree)
    minutes = {"reading": reading_minutes(n_words(doctree), lines)}
    seconds = run_seconds(Path(env.doc2path(page)))
    if seconds is not None:
        minutes["running"] = running_minutes(seconds)
    return minutes


def question_of(path: Path) -> str:
    """Return what a chapter asks, or nothing for a page that is no chapter.

    Parameters
    ----------
    path
        The page's source.
    """
    if path.suffix != ".ipynb":
        return ""
    return record_of(read(path))["question"]


def link(text: list[nodes.Node], address: str) -> nodes.reference:
    """Return a link inside the book."""
    return nodes.reference("", "", *text, internal=True, refuri=address)


def section_links(
    env: BuildEnvironment, page: str, address: str
) -> Iterator[nodes.list_item]:
    """Yield a link for each section of a page, one level deep."""
    for inner in env.tocs[page].children[0].children[1:]:
        for item in inner.children:
            title = next(item.findall(nodes.reference), None)
            if title is None or not title["anchorname"]:
                continue
            words = [child.deepcopy() for child in title.children]
            place = address + title["anchorname"]
            line = nodes.paragraph("", "", link(words, place))
            yield nodes.list_item("", line)


class ContentsList:
    """A list of pages with their minutes, as it stands on one of them.

    Parameters
    ----------
    app
        Sphinx, with every page read.
    page
        Where the list stands; it leaves itself out.
    """

    def __init__(self, app: Sphinx, page: str) -> None:
        self.env, self.builder, self.page = app.env, app.builder, page

    def pages(self, names: list[str]) -> nodes.bullet_list:
        """Return the list of some pages, and of those below them."""
        items = [self.entry(name) for name in names if name != self.page]
        return nodes.bullet_list("", *items, classes=["contents"])

    def entry(self, name: str) -> nodes.list_item:
        """Return what the list says of a page."""
        address = self.builder.get_relative_uri(self.page, name)
        minutes = minutes_of(self.env, name)
        number = self.env.toc_secnumbers.get(name, {}).get("", ())
        title = [child.deepcopy() for child in self.env.titles[name].children]
        if number:
            title.insert(0, nodes.Text(f"{'.'.join(map(str, number))}. "))
        told = f"{in_words(minutes['reading'])} to read"
        if "running" in minutes:
            told += f", {in_words(minutes['running'])} to run"
        head = nodes.paragraph("", "", link(title, address), nodes.Text(" "))
        head += nodes.inline("", told, classes=["minutes"])
        entry = nodes.list_item("", head)
        if question := question_of(Path(self.env.doc2path(name))):
            entry += nodes.paragraph("", "", nodes.emphasis("", question))
        if number:
            sections = section_links(self.env, name, address)
            entry += nodes.bullet_list(
                "", *sections, classes=["contents-sections"]
            )
        for tree in self.env.external_site_map[name].subtrees:
            entry += self.pages(list(tree.items))
        return entry


class ContentsDirective(SphinxDirective):
    """``{contents-with-minutes}``: all pages, a section a part."""

    def run(self) -> list[nodes.Node]:
        """Keep places until every page is read."""
        sections = []
        for number, part in enumerate(
            self.env.external_site_map.root.subtrees
        ):
            name = nodes.make_id(f"contents-{part.caption}")
            title = nodes.title("", part.caption)
            place = ContentsPlace(part=number)
            sections.append(nodes.section("", title, place, ids=[name]))
        return sections


class MinutesRole(SphinxRole):
    """``{minutes}``: of the page that it stands in."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Keep a place until the page is read."""
        if self.text not in KINDS:
            told = self.inliner.reporter.error(
                f"minutes of {self.text!r}; write one of {', '.join(KINDS)}.",
                line=self.lineno,
            )
            return [], [told]
        return [MinutesPlace(kind=self.text)], []


class FillIn(SphinxPostTransform):
    """Put lists and minutes where their places are."""

    default_priority = 4
    formats: ClassVar = ()

    def run(self, **_: object) -> None:
        """Change the page."""
        page = self.env.docname
        for place in list(self.document.findall(ContentsPlace)):
            part = self.env.external_site_map.root.subtrees[place["part"]]
            pages = ContentsList(self.app, page).pages(list(part.items))
            place.parent.replace(place, pages)
        for place in list(self.document.findall(MinutesPlace)):
            minutes = minutes_of(self.env, page)
            if place["kind"] not in minutes:
                raise ExtensionError(
                    f"{page} asks for its minutes of {place['kind']}, and it "
                    "is no notebook."
                )
            text = in_words(minutes[place["kind"]])
            place.parent.replace(place, nodes.Text(text))
