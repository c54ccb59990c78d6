"""The page of contents: what each page asks, and the minutes it takes.

``{contents-with-minutes}`` becomes the list of all pages. A chapter is told
with the minutes of its core, of its exercises and of all that goes deeper,
and each deeper section with its own; a page with those of its words and code.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

from bookbuild import places
from bookbuild.chapters import record_of
from bookbuild.minutes import Length, core, lengths
from bookbuild.notebooks import read
from bookbuild.pages.quizzes import Answers
from bookbuild.plain import DEEPER, EXERCISES

# Nobody reads these as prose; what is for paper stands in the page as well.
NOT_PROSE = (
    *(nodes.literal_block, nodes.raw, nodes.comment, nodes.image),
    Answers,
)


class ContentsPlace(nodes.General, nodes.Element):
    """Where the list of the pages of a part goes; ``part`` says which."""


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


def minutes_of(env: BuildEnvironment, page: str) -> str:
    """Say how long a page takes, in words.

    Parameters
    ----------
    env
        Sphinx's, with every page read.
    page
        Name of the page in the book.
    """
    path = Path(env.doc2path(page))
    if path.suffix != ".ipynb":
        doctree = env.get_doctree(page)
        read_it = Length(n_words(doctree), n_code_lines(doctree))
        return in_words(read_it.minutes)
    notebook = read(places.EXECUTED / path.name)
    measured = lengths(notebook)
    told = f"core {in_words(core(notebook).minutes)}"
    if EXERCISES in measured:
        told += f", exercises {measured[EXERCISES].minutes}"
    deeper = [v.minutes for k, v in measured.items() if k.startswith(DEEPER)]
    return f"{told}, deeper {sum(deeper)}" if deeper else told


def minutes_of_sections(path: Path) -> dict[str, str]:
    """Say how long each deeper section of a page takes, by its heading."""
    if path.suffix != ".ipynb":
        return {}
    measured = lengths(read(places.EXECUTED / path.name))
    return {
        heading: in_words(length.minutes)
        for heading, length in measured.items()
        if heading.startswith(DEEPER)
    }


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
    minutes = minutes_of_sections(Path(env.doc2path(page)))
    for inner in env.tocs[page].children[0].children[1:]:
        for item in inner.children:
            title = next(item.findall(nodes.reference), None)
            if title is None or not title["anchorname"]:
                continue
            words = [child.deepcopy() for child in title.children]
            place = address + title["anchorname"]
            line = nodes.paragraph("", "", link(words, place))
            if told := minutes.get(title.astext()):
                line += nodes.Text(" ")
                line += nodes.inline("", told, classes=["minutes"])
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
        number = self.env.toc_secnumbers.get(name, {}).get("", ())
        title = [child.deepcopy() for child in self.env.titles[name].children]
        if number:
            title.insert(0, nodes.Text(f"{'.'.join(map(str, number))}. "))
        told = minutes_of(self.env, name)
        head = nodes.paragraph("", "", link(title, address), nodes.Text(" "))
        head += nodes.inline("", told, classes=["minutes"])
        entry = nodes.list_item("", head)
        if question := question_of(Path(self.env.doc2path(name))):
            entry += nodes.paragraph("", "", nodes.emphasis("", question))
        if name.startswith("notebooks/"):
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


class FillIn(SphinxPostTransform):
    """Put the lists where their places are."""

    default_priority = 4
    formats: ClassVar = ()

    def run(self, **_: object) -> None:
        """Change the page."""
        page = self.env.docname
        for place in list(self.document.findall(ContentsPlace)):
            part = self.env.external_site_map.root.subtrees[place["part"]]
            pages = ContentsList(self.app, page).pages(list(part.items))
            place.parent.replace(place, pages)
