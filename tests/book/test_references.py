"""The bibliography: complete, sorted, linked, and all of it used."""

import re
from pathlib import Path

import pytest
from pybtex.database import parse_file

from bookbuild import chapters, myst, notebooks, places
from bookbuild.results import published

BIBLIOGRAPHY = places.ROOT / "book" / "references.bib"
CITED = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
# A docstring names a paper by its author's initial and its title in quotes.
PAPER = re.compile(r"\b[A-Z]\. \w+[^\"]{0,80}\"([^\"]{12,}?),?\"")
# What says where an entry was published.
PLACE = {
    "article": {"journal"},
    "inproceedings": {"booktitle"},
    "book": {"publisher"},
    "misc": {"howpublished", "eprint"},
}


def plain(title):
    """A title as letters and digits alone, so that two forms compare."""
    return re.sub(r"\W+", "", title).lower()


@pytest.fixture(scope="module")
def entries():
    return parse_file(BIBLIOGRAPHY).entries


@pytest.fixture(scope="module")
def titles(entries):
    return {plain(entry.fields["title"]) for entry in entries.values()}


@pytest.fixture(scope="module")
def listed(pages):
    """The entries as they are on the page, by key's title."""
    (page,) = [
        page for path, page in pages.items() if path.stem == "references"
    ]
    return page.select("div.citation")


def addresses(entry):
    """The links that an entry must have on the page."""
    fields = entry.fields
    found = []
    if "doi" in fields:
        found.append(f"https://doi.org/{fields['doi']}")
    if "eprint" in fields:
        found.append(f"https://arxiv.org/abs/{fields['eprint']}")
    if "url" in fields:
        found.append(fields["url"])
    return found


def test_entries_are_sorted_by_key_and_none_is_there_twice():
    text = BIBLIOGRAPHY.read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{(\w+),$", text, re.MULTILINE)
    assert keys == sorted(set(keys))


def test_every_entry_says_who_what_where_and_when(entries):
    for key, entry in entries.items():
        assert entry.persons.get("author"), key
        assert {"title", "year"} <= set(entry.fields), key
        assert PLACE[entry.type] & set(entry.fields), key
        assert key.endswith(entry.fields["year"]), key


def test_every_entry_has_an_address_of_a_sound_form(entries):
    for key, entry in entries.items():
        fields = entry.fields
        assert addresses(entry), key
        if "doi" in fields:
            assert re.fullmatch(r"10\.\d{4,}/\S+", fields["doi"]), key
        if "eprint" in fields:
            assert fields["archiveprefix"] == "arXiv", key
            assert re.fullmatch(r"\d{4}\.\d{4,5}", fields["eprint"]), key
        if "url" in fields:
            assert fields["url"].startswith("https://"), key


def test_every_entry_is_on_the_page_with_its_links_to_be_seen(entries, listed):
    shown = [
        {tag["href"]: tag.get_text() for tag in entry.select("a.external")}
        for entry in listed
    ]
    assert len(shown) == len(entries)
    for key, entry in entries.items():
        wanted = set(addresses(entry))
        (links,) = [found for found in shown if wanted & set(found)]
        assert set(links) == wanted, key
        for address, text in links.items():
            told = address.partition("://")[2].partition("/")[2]
            assert told.removeprefix("abs/") in text, key


def test_every_entry_is_cited_in_the_prose(entries):
    prose = [
        path.read_text(encoding="utf-8")
        for path in (places.ROOT / "book").glob("*.md")
    ]
    quoted = Path(published.__file__)
    prose.append(quoted.read_text("utf-8"))
    cited = {
        key.strip()
        for keys in CITED.findall("\n".join(prose))
        for key in keys.split(",")
    }
    by_address = myst.bibliography(BIBLIOGRAPHY)
    linked = "\n".join(
        cell.source
        for path in chapters.paths()
        for cell in notebooks.read(path).cells
        if cell.cell_type == "markdown"
    )
    cited |= {
        key for address, key in by_address.items() if f"({address})" in linked
    }
    assert cited == set(entries)


def test_every_paper_that_a_docstring_names_is_listed(titles):
    named = []
    for path in sorted((places.ROOT / "recslib").glob("*.py")):
        text = " ".join(path.read_text(encoding="utf-8").split())
        named += [(path.name, title) for title in PAPER.findall(text)]
    assert len(named) >= 8
    for where, title in named:
        assert any(known.startswith(plain(title)) for known in titles), (
            f"{where}: {title}"
        )
