"""Pages for students: the book without solutions, slides without notes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from bs4 import BeautifulSoup
from nbformat import NotebookNode

from bookbuild import places
from bookbuild.classroom.editions import student_edition
from bookbuild.classroom.leaks import Secrets, leaks_in_text
from bookbuild.lone import packed, script, standalone
from bookbuild.notebooks import text_of
from bookbuild.pages.repairs import mended, removed

SOLUTION = "div.solution"
SPOKEN = "aside.notes"
# What Sphinx read, and the library's own code: with its checks, which know
# the answers, as students have it in recslib/.
LEFT_OUT = ("_sources", "_modules", ".doctrees", ".buildinfo", "objects.inv")
INDEX = "searchindex.js"
INDEXED = re.compile(r"(.*?\()(.*)(\))", re.DOTALL)
IMAGE = re.compile(r"_images/[^\"'\s)#?]+")
TO_CODE = "a[href*='_modules/']"


def student_pages(
    html: Path, book: Mapping[str, NotebookNode], secrets: Secrets
) -> dict[str, bytes]:
    """Make pages for students of the built ones.

    Parameters
    ----------
    html
        The built book.
    book
        The chapters by name: what download buttons give is made of them.
    secrets
        From `secrets_of`.

    Returns
    -------
    dict
        Path in the folder of the pages, to contents.
    """
    files: dict[str, bytes] = {}
    for path in sorted(html.rglob("*")):
        name = path.relative_to(html)
        if path.is_file() and name.parts[0] not in LEFT_OUT:
            files[name.as_posix()] = path.read_bytes()
    pages = {
        name: text.decode() for name, text in files.items() if _is_page(name)
    }
    for name, page in pages.items():
        pages[name], _ = mended(page, (leave_out_solutions, leave_out_code))
    shown = {each for page in pages.values() for each in IMAGE.findall(page)}
    files = {
        name: content
        for name, content in files.items()
        if not name.startswith("_images/") or name in shown
    }
    files |= {name: page.encode() for name, page in pages.items()}
    if INDEX in files:
        files[INDEX] = without_names(files[INDEX].decode(), secrets).encode()
    archive = packed(places.ROOT)
    for name, notebook in book.items():
        chapter = standalone(student_edition(notebook), archive)
        there = f"_sources/notebooks/{name}"
        files[f"{there}.ipynb"] = text_of(chapter).encode()
        files[f"{there}.py"] = script(chapter).encode()
    return files


def _is_page(name: str) -> bool:
    return name.endswith(".html") and not name.startswith("_static/")


def leave_out_solutions(page: BeautifulSoup) -> int:
    """Leave out the boxes of solutions, and what leads to one."""
    n_links = removed(page.select("li:has(> a[href$='-solution'])"))
    return n_links + removed(page.select(SOLUTION))


def student_slides(folder: Path) -> dict[str, bytes]:
    """Make slides for students: without what a speaker says to them.

    Parameters
    ----------
    folder
        Of the decks, as `slides.write_slides` leaves it.

    Returns
    -------
    dict
        Path in that folder, to contents; none where there is no such folder.
    """
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    for name in filter(_is_page, files):
        deck, _ = mended(files[name].decode(), [leave_out_notes])
        files[name] = deck.encode()
    return files


def leave_out_notes(deck: BeautifulSoup) -> int:
    """Leave out what a speaker says to the slides of a deck."""
    return removed(deck.select(SPOKEN))


def leave_out_code(page: BeautifulSoup) -> int:
    """Leave out links to the pages of code, which students do not have."""
    return removed(page.select(TO_CODE))


def without_names(index: str, secrets: Secrets) -> str:
    """Leave solutions' headings and names out of the index of the search."""
    before, told, after = INDEXED.fullmatch(index.strip()).groups()
    found = json.loads(told)
    found["alltitles"] = {
        title: there
        for title, there in found["alltitles"].items()
        if not title.startswith("Solution")
    }
    names = {name.lower() for each in secrets.each for name in each.names}
    for kind in ("terms", "titleterms"):
        found[kind] = {
            term: there
            for term, there in found[kind].items()
            # A term is a word's stem.
            if not any(name.startswith(term) and "_" in term for name in names)
        }
    return f"{before}{json.dumps(found, separators=(',', ':'))}{after}"


def leaks_in_pages(files: Mapping[str, bytes], secrets: Secrets) -> list[str]:
    """Say what pages give away of the solutions, and where.

    Read are their words, each piece of code on its own, and the page as it
    is written.

    Parameters
    ----------
    files
        From `student_pages` or `student_slides`.
    secrets
        From `secrets_of`.
    """
    found = []
    for name, content in files.items():
        if _is_page(name):
            page = BeautifulSoup(content, "html.parser")
            code = [each.get_text() for each in page.select("pre")]
            words = page.get_text(" ")
            fenced = [f"```\n{each.strip()}\n```" for each in code]
            told = "\n\n".join([words, *fenced])
            found += leaks_in_text(told, name, secrets)
    return found
