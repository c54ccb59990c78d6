"""The first plain use of each glossary term in a page links to the term.

Where the author links with {term}, there or further on in the same section,
that counts as the first use. Links to terms, the
author's too, carry the first sentence of the definition as their title.

Settings in _config.yml: ``glossary_links_by_hand`` names terms that are also
everyday words, and are linked only where {term} is written;
``glossary_links_skip`` holds beginnings of the names of pages to pass over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform

# Nobody looks for a link in these, or they are a link already.
CLOSED = (
    nodes.title,
    nodes.rubric,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.comment,
    nodes.citation,
    addnodes.pending_xref,
    addnodes.glossary,
    addnodes.index,
    addnodes.toctree,
    addnodes.desc,
)
# All of a card is one link; the line below a title is part of the title.
CLOSED_CLASSES = {"sd-card", "tagline", "exercise-title"}
SENTENCE_END = re.compile(r"""[.?!:]["')]*\s+$""")


@dataclass(frozen=True)
class Entry:
    """One definition of the glossary.

    Parameters
    ----------
    terms
        Words for the same thing, as the glossary spells them.
    sentence
        The first sentence of the definition.
    """

    terms: tuple[str, ...]
    sentence: str


@dataclass(frozen=True)
class Use:
    """A place in a text where a term is used.

    Parameters
    ----------
    start, end
        Of the word in the text.
    term
        As the glossary spells it.
    """

    start: int
    end: int
    term: str


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop, on one line."""
    line = " ".join(text.split())
    return re.split(r"(?<=[.?!]) (?=[A-Z])", line, maxsplit=1)[0]


def forms(term: str) -> str:
    """Return a pattern for a term, its plural, and any space between words.

    Parameters
    ----------
    term
        As the glossary spells it; a capital stays one.
    """
    words = [re.escape(word) for word in term.split()]
    last = words[-1]
    if re.search(r"[^aeiou]y$", last):
        words[-1] = f"{last[:-1]}(?:y|ies)"
    elif re.search(r"(?:s|x|ch|sh)$", last):
        words[-1] = f"{last}(?:es)?"
    else:
        words[-1] = f"{last}s?"
    pattern = r"\s+".join(words)
    first = pattern[0]
    if first.islower():
        pattern = f"[{first.upper()}{first}]{pattern[1:]}"
    return pattern


@cache
def pattern_of(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Return one pattern for all terms: the longest that fits wins.

    Parameters
    ----------
    terms
        At least one, the longest first: group number i of the pattern is the
        i-th of them.
    """
    any_term = "|".join(f"({forms(term)})" for term in terms)
    return re.compile(rf"(?<![\w-])(?:{any_term})(?![\w-])")


def uses(text: str, terms: Iterable[str]) -> Iterator[Use]:
    """Find the terms in a piece of running text.

    A term with a small first letter may have a capital one where a sentence
    begins.

    Parameters
    ----------
    text
        Without markup; its beginning counts as that of a sentence.
    terms
        As the glossary spells them.

    Yields
    ------
    Use
        In the order of the text, none within another.
    """
    longest_first = tuple(sorted(terms, key=len, reverse=True))
    if not longest_first:
        return
    for match in pattern_of(longest_first).finditer(text):
        term = longest_first[match.lastindex - 1]
        raised = match[0][0] != term[0]
        before = text[: match.start()]
        if raised and before.strip() and not SENTENCE_END.search(before):
            continue
        yield Use(match.start(), match.end(), term)


def entries_of(doctree: nodes.document) -> list[Entry]:
    """Read the definitions from the glossary's page."""
    return [
        Entry(
            tuple(term.astext() for term in item.findall(nodes.term)),
            first_sentence(next(item.findall(nodes.definition)).astext()),
        )
        for glossary in doctree.findall(addnodes.glossary)
        for item in glossary.findall(nodes.definition_list_item)
    ]


def is_closed(node: nodes.Node) -> bool:
    """Whether nothing inside this node may become a link."""
    return isinstance(node, CLOSED) or (
        isinstance(node, nodes.Element)
        and bool(CLOSED_CLASSES.intersection(node["classes"]))
    )


def is_term(node: nodes.Node) -> bool:
    """Whether this is a {term} that the author wrote."""
    return (
        isinstance(node, addnodes.pending_xref) and node["reftype"] == "term"
    )


def open_nodes(node: nodes.Node) -> Iterator[nodes.Node]:
    """Walk through texts and the author's {term}s, in the page's order."""
    if is_term(node) or isinstance(node, nodes.Text):
        yield node
    elif not is_closed(node):
        for child in node.children:
            yield from open_nodes(child)


def section_of(node: nodes.Node) -> nodes.Node:
    """Return the innermost section that a node is in, or the page."""
    while node.parent is not None and not isinstance(node, nodes.section):
        node = node.parent
    return node


def linked(text: nodes.Text, found: list[Use], page: str) -> list[nodes.Node]:
    """Cut a text into pieces, those that are used terms being links.

    Parameters
    ----------
    text
        A text node.
    found
        What to link in it, in order.
    page
        Name of the page that it is in.
    """
    pieces: list[nodes.Node] = []
    end = 0
    for use in found:
        word = text[use.start : use.end]
        link = addnodes.pending_xref(
            "",
            nodes.inline("", word, classes=["xref", "std", "std-term"]),
            refdomain="std",
            reftype="term",
            reftarget=use.term,
            refexplicit=True,
            refwarn=True,
            refdoc=page,
        )
        pieces += [nodes.Text(text[end : use.start]), link]
        end = use.end
    return [*pieces, nodes.Text(text[end:])]


def link_first_uses(
    page: nodes.document,
    name: str,
    entries: Iterable[Entry],
    by_hand: Iterable[str] = (),
) -> None:
    """Link the first use of each entry in a page, and no other.

    Parameters
    ----------
    page
        Changed in place.
    name
        The page's name in the book.
    entries
        The glossary.
    by_hand
        Terms that only the author links.
    """
    known = {term.lower(): entry for entry in entries for term in entry.terms}
    plain = tuple(
        term
        for entry in known.values()
        for term in entry.terms
        if term not in by_hand
    )
    walk = list(open_nodes(page))
    written = {
        node: known.get(node["reftarget"].lower())
        for node in walk
        if is_term(node)
    }
    by_author = {(section_of(node), entry) for node, entry in written.items()}
    used = set()
    for node in walk:
        if node in written:
            used.add(written[node])
            continue
        found = []
        for use in uses(node.astext(), plain):
            entry = known[use.term.lower()]
            if entry in used:
                continue
            used.add(entry)
            if (section_of(node), entry) not in by_author:
                found.append(use)
        if found:
            node.parent.replace(node, linked(node, found, name))


def glossary(app: Sphinx) -> list[Entry]:
    """Return the book's glossary, read once a build."""
    if not hasattr(app, "glossary_entries"):
        objects = app.env.domaindata["std"]["objects"]
        pages = {
            page for (kind, _), (page, _) in objects.items() if kind == "term"
        }
        app.glossary_entries = [
            entry
            for page in sorted(pages)
            for entry in entries_of(app.env.get_doctree(page))
        ]
    return app.glossary_entries


class LinkFirstUses(SphinxPostTransform):
    """Put in the links, before Sphinx works out where links lead."""

    default_priority = 5

    def run(self, **_: object) -> None:
        """Change the page, unless it is one to pass over."""
        if self.env.docname.startswith(tuple(self.config.glossary_links_skip)):
            return
        link_first_uses(
            self.document,
            self.env.docname,
            glossary(self.app),
            self.config.glossary_links_by_hand,
        )


class IndexTaughtTerms(SphinxTransform):
    """Let the search lead to each section in which an author links a term.

    What stands in the opening of a page only announces; it is left out.
    """

    default_priority = 840

    def apply(self, **_: object) -> None:
        """Note the terms of each section in the index."""
        for link in list(self.document.findall(is_term)):
            section = section_of(link)
            if isinstance(section.parent, nodes.section) and section["ids"]:
                name = link["reftarget"]
                entry = ("single", name, section["ids"][0], "main", None)
                section.insert(1, addnodes.index(entries=[entry]))


class SayWhatTermsMean(SphinxPostTransform):
    """Give each link to a term its definition's first sentence as title."""

    default_priority = 15

    def run(self, **_: object) -> None:
        """Change the page."""
        sentences = {
            nodes.make_id(f"term-{term}"): entry.sentence
            for entry in glossary(self.app)
            for term in entry.terms
        }
        for link in self.document.findall(nodes.reference):
            words = link.next_node(nodes.inline)
            if words is None or "std-term" not in words["classes"]:
                continue
            anchor = (
                link.get("refid") or link.get("refuri", "").partition("#")[2]
            )
            link["classes"].append("term")
            if anchor.lower() in sentences:
                link["reftitle"] = sentences[anchor.lower()]
