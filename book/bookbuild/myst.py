"""From a plain notebook to what the pages make more of.

A caption joins its figure, an exercise and its solution become boxes, and
ordinary links become citations, references and links to the glossary. Sphinx
reads the result; nobody writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import nbformat
from mdit_py_plugins.anchors.index import slugify
from nbformat import NotebookNode, v4
from pybtex.database import Entry, parse_file

from bookbuild import BuildError
from bookbuild.marks import REFERENCE
from bookbuild.notebooks import tags
from bookbuild.plain import (
    CAPTION,
    EQUATION,
    SOLUTION,
    SOLUTIONS,
    heading_targets,
    headings_in,
    is_caption,
    is_exercise,
    is_solution,
)

TAGLINE = re.compile(r"\A(# .+\n\n)\*([^*\n]+)\*(?=\n|\Z)")
LINK = r"\[(?:[^\[\]]|\n)+?\]\([^\s()]*(?:\([^\s()]*\)[^\s()]*)*\)"
ONE_LINK = re.compile(
    r"(?<!!)\[(?P<text>(?:[^\[\]]|\n)+?)\]"
    r"\((?P<url>[^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)"
)
CITED = re.compile(rf"\({LINK}(?:;\s{LINK})*\)")
GLOSSARY = "../book/glossary.md#"
# Terms of one meaning stand below each other, then what they mean.
DEFINED = re.compile(
    r"(?P<terms>(?:^### .+\n)+)\n(?P<meaning>(?:(?!^#).*\n?)+)", re.MULTILINE
)


@dataclass(frozen=True)
class Known:
    """Where links may lead.

    Parameters
    ----------
    keys
        Address of a paper to its key in the bibliography.
    terms
        Anchor of a term to the term, as the glossary spells it.
    targets
        Name of a notebook to its headings: see `plain.heading_targets`.
    """

    keys: Mapping[str, str]
    terms: Mapping[str, str]
    targets: Mapping[str, Mapping[str, tuple[str, str]]]


def address_of(entry: Entry) -> str:
    """Return where a paper is: its DOI, its preprint, or its publisher."""
    fields = entry.fields
    if "doi" in fields:
        return f"https://doi.org/{fields['doi']}"
    if "eprint" in fields:
        return f"https://arxiv.org/abs/{fields['eprint']}"
    return fields["url"]


def bibliography(path: Path) -> dict[str, str]:
    """Return the key of each paper by its address."""
    entries = parse_file(str(path)).entries
    return {address_of(entry): key for key, entry in entries.items()}


def terms_in(glossary: str) -> dict[str, str]:
    """Return the terms of the glossary by their anchors.

    Parameters
    ----------
    glossary
        The text of its page.
    """
    return {
        slugify(term): term
        for entry in DEFINED.finditer(glossary)
        for term in defined(entry)
    }


def defined(entry: re.Match[str]) -> list[str]:
    """Return the terms that an entry of the glossary explains."""
    return [line[4:].strip() for line in entry["terms"].splitlines()]


def glossary_for_pages(text: str) -> str:
    """Turn the glossary's headings into entries that links can name."""

    def entry(match: re.Match[str]) -> str:
        meaning = match["meaning"].strip().splitlines()
        lines = [*defined(match), *(f"  {line}" for line in meaning)]
        return "\n".join(["```{glossary}", *lines, "```"]) + "\n\n"

    one_each = DEFINED.sub(entry, text)
    return one_each.replace("```\n\n```{glossary}\n", "\n")


def known(book: Mapping[str, NotebookNode], folder: Path) -> Known:
    """Collect where links of the notebooks may lead.

    Parameters
    ----------
    book
        The notebooks, by name.
    folder
        With the pages, the glossary and the bibliography.
    """
    glossary = (folder / "glossary.md").read_text(encoding="utf-8")
    return Known(
        bibliography(folder / "references.bib"),
        terms_in(glossary),
        {name: heading_targets(each) for name, each in book.items()},
    )


def text_for_pages(text: str, name: str, where: Known) -> str:
    """Turn the ordinary links of a text into those of the pages.

    Parameters
    ----------
    text
        Markdown, with its numbers filled in.
    name
        Of the notebook that it is from.
    where
        Where links may lead.

    Raises
    ------
    BuildError
        Where a link leads nowhere.
    """
    text = TAGLINE.sub(r"\1:::{div} tagline\n\2\n:::", text)
    text = EQUATION.sub(
        lambda m: f"```{{math}}\n:label: {m['name']}\n{m['tex']}\n```", text
    )

    def reference(match: re.Match[str]) -> str:
        label = match["name"]
        role = "numref" if label.startswith("fig-") else "eq"
        return f"{{{role}}}`{label}`"

    text = REFERENCE.sub(reference, text)

    def cited(match: re.Match[str]) -> str:
        urls = [link["url"] for link in ONE_LINK.finditer(match[0])]
        if any(url not in where.keys for url in urls):
            return match[0]
        return f"{{cite}}`{','.join(where.keys[url] for url in urls)}`"

    text = CITED.sub(cited, text)
    return ONE_LINK.sub(lambda m: link_for_pages(m, name, where), text)


def link_for_pages(match: re.Match[str], name: str, where: Known) -> str:
    """Turn one link into that of the pages; see `text_for_pages`."""
    words, url = " ".join(match["text"].split()), match["url"]
    if url in where.keys:
        return f"{{cite:t}}`{where.keys[url]}`"
    if url.startswith(GLOSSARY):
        term = where.terms.get(url.removeprefix(GLOSSARY))
        if term is None:
            raise BuildError(
                f"[{words}]({url}) leads to no term of the glossary. Terms "
                "are in book/glossary.md; an anchor has small letters, and "
                "hyphens for blanks."
            )
        return (
            f"{{term}}`{words}`"
            if words == term
            else (f"{{term}}`{words} <{term}>`")
        )
    file, hash_mark, place = url.partition("#")
    if not hash_mark or not (file == "" or file.endswith(".ipynb")):
        return match[0]
    other = Path(file).stem if file else name
    target = where.targets.get(other, {}).get(unquote(place))
    if target is None:
        raise BuildError(
            f"[{words}]({url}) leads to no heading of {other}.ipynb. Jupyter "
            "makes an anchor of a heading by writing its blanks as hyphens, "
            "and keeps the rest."
        )
    cell_id, heading = target
    if cell_id.startswith("ex-"):
        return f"{{ref}}`{cell_id}`"
    if cell_id.startswith("sec-") and words == heading:
        return f"{{ref}}`{cell_id}`"
    return f"[{words}]({file}#{slugify(heading)})"


def for_pages(notebook: NotebookNode, name: str, where: Known) -> NotebookNode:
    """Return a plain notebook as Sphinx reads it.

    Parameters
    ----------
    notebook
        Executed, with its numbers filled in.
    name
        Of the notebook.
    where
        Where its links may lead.

    Raises
    ------
    BuildError
        Where a caption has no figure, a figure no caption, or an exercise is
        not complete.
    """
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = text_for_pages(cell.source, name, where)
    solutions = taken_out(notebook.cells)
    cells = []
    for cell in notebook.cells:
        if is_caption(cell):
            join_caption(cells[-1] if cells else cell, cell)
            continue
        if cell.cell_type == "markdown" and cell.id.startswith("sec-"):
            cell.source = f"({cell.id})=\n{cell.source}"
        cells.append(cell)
    notebook.cells = list(boxed(cells, solutions))
    for cell in notebook.cells:
        alt = cell.metadata.pop("alt", None)
        if alt is not None:
            raise BuildError(
                f"the figure of cell {cell.id} has an alt text and no "
                "caption: a cell right below it whose id starts with fig-."
            )
    return notebook


def join_caption(figure: NotebookNode, caption: NotebookNode) -> None:
    """Give a figure the caption that stands below it."""
    alt = figure.metadata.pop("alt", None)
    if alt is None:
        raise BuildError(
            f"the caption {caption.id!r} stands below no figure: the cell "
            "above it draws one and has an alt text in its metadata."
        )
    text = " ".join(CAPTION.sub("", caption.source).split())
    figure.metadata["mystnb"] = {
        "figure": {"caption": text, "name": caption.id},
        "image": {"alt": alt},
    }


def taken_out(cells: list[NotebookNode]) -> dict[str, list[NotebookNode]]:
    """Take the section of solutions out of a list of cells.

    Returns
    -------
    dict
        Label of an exercise to the cells of its solution.
    """
    start = next(
        (
            number
            for number, cell in enumerate(cells)
            if cell.cell_type == "markdown"
            and (2, SOLUTIONS) in headings_in(cell.source)
        ),
        len(cells),
    )
    stop = start
    solutions: dict[str, list[NotebookNode]] = {}
    for cell in cells[start + 1 :]:
        if "remove-cell" in tags(cell):
            break
        if is_solution(cell):
            solutions[cell.id.removesuffix(SOLUTION)] = []
        stop += 1
        if solutions:
            solutions[list(solutions)[-1]].append(cell)
    del cells[start : stop + 1]
    return solutions


def fence(kind: str, *lines: str) -> str:
    """Return a directive that only opens or closes a box."""
    first = f"```{{{kind}}}{''.join(lines[:1])}"
    return "\n".join([first, *lines[1:], "```"])


def boxed(
    cells: list[NotebookNode], solutions: Mapping[str, list[NotebookNode]]
) -> Iterator[NotebookNode]:
    """Put exercises into boxes, each with its solution right below.

    Parameters
    ----------
    cells
        Of a notebook, without solutions.
    solutions
        From `taken_out`.
    """
    open_label = ""
    for cell in cells:
        if is_exercise(cell):
            if open_label:
                raise BuildError(
                    f"{open_label!r} has no cell tagged `self-check` before "
                    f"{cell.id!r} starts."
                )
            open_label = cell.id
            start, body = opened(cell, "exercise-start", open_label)
            cell.source = f"{start}\n\n{body}"
        yield cell
        if open_label and "self-check" in tags(cell):
            yield v4.new_markdown_cell(fence("exercise-end"))
            yield from solution_box(open_label, solutions)
            open_label = ""
    if open_label:
        raise BuildError(f"{open_label!r} has no cell tagged `self-check`.")


def opened(cell: NotebookNode, kind: str, label: str) -> tuple[str, str]:
    """Part an exercise into what opens its box and its text."""
    heading, _, body = cell.source.partition("\n")
    title = heading.partition(": ")[2]
    return fence(kind, f" {title}", f":label: {label}"), body.strip()


def solution_box(
    label: str, solutions: Mapping[str, list[NotebookNode]]
) -> Iterator[NotebookNode]:
    """Put a solution into its box, folded."""
    if label not in solutions:
        raise BuildError(
            f"{label!r} has no solution: a cell with the id "
            f"{label + SOLUTION!r} under the heading {SOLUTIONS!r}."
        )
    first, *others = solutions[label]
    start = fence(
        "solution-start",
        f" {label}",
        f":label: {label}{SOLUTION}",
        ":class: dropdown",
    )
    body = first.source.partition("\n")[2].strip()
    first.source = f"{start}\n\n{body}"
    yield first
    yield from others
    yield v4.new_markdown_cell(fence("solution-end"))
