"""The scripts of the pages find what the library finds."""

import json
import unicodedata
from pathlib import Path

import pytest

from recslib.titles import search, searched, words_of

TESTS = Path(__file__).parents[1]
SCRIPT = TESTS.parent / "book" / "assets" / "titles.js"
TABLE = json.loads((TESTS / "titles.json").read_text(encoding="utf-8"))
TITLES, FOUND = TABLE["titles"], TABLE["found"]
N_LISTED = 8
BOXES = [
    ("notebooks/01_matrix_factorization.html", "#fig-map", "#film-map-find"),
    ("book/rate.html", "#rate", "#rate-search"),
]
TYPE = """([box, texts]) => {
    const field = document.querySelector(box);
    return texts.map(text => {
        field.value = text;
        field.dispatchEvent(new Event("input"));
        const list = document.getElementById(
            field.getAttribute("aria-controls"));
        return [...list.children].map(line => line.firstChild.textContent);
    });
}"""


@pytest.fixture
def page(browser):
    context = browser.new_context()
    page = context.new_page()
    yield page
    context.close()


def test_what_is_typed_finds_the_titles_of_the_table(page):
    page.goto("about:blank")
    page.add_script_tag(path=SCRIPT)
    found = page.evaluate(
        """([titles, texts]) => {
            const { searched, search } = recslibTitles;
            const ready = searched(titles);
            return texts.map(
                text => search(ready, text).map(place => titles[place]));
        }""",
        [TITLES, list(FOUND)],
    )
    assert dict(zip(FOUND, found, strict=True)) == FOUND


def test_words_are_parted_as_the_library_parts_them(page):
    # A browser may know signs that are newer than this Python.
    signs = [
        chr(code)
        for code in range(0x20, 0x3100)
        if unicodedata.category(chr(code)) != "Cn"
    ]
    texts = [f"a{sign}b {sign} B" for sign in signs]
    page.goto("about:blank")
    page.add_script_tag(path=SCRIPT)
    words = page.evaluate("texts => texts.map(recslibTitles.wordsOf)", texts)
    assert [tuple(each) for each in words] == [words_of(t) for t in texts]


@pytest.mark.parametrize(("path", "near", "box"), BOXES)
def test_the_boxes_of_the_pages_list_what_the_library_finds(
    page, book_address, path, near, box
):
    page.goto(f"{book_address}/{path}")
    page.locator(near).scroll_into_view_if_needed()
    page.locator(box).wait_for()
    page.wait_for_function("window.recslibFilms")
    page.locator(box).fill("fargo")
    page.get_by_role("option").first.wait_for()
    titles, counts = page.evaluate(
        "[recslibFilms.titles, recslibFilms.counts]"
    )
    order = sorted(range(len(titles)), key=lambda item: -counts[item])
    ready = searched(titles[item] for item in order)
    listed = page.evaluate(TYPE, [box, list(FOUND)])
    for text, lines in zip(FOUND, listed, strict=True):
        found = [titles[order[place]] for place in search(ready, text)]
        assert lines == found[:N_LISTED], text
        # The table's own films are among them, as the table has them.
        assert [title for title in found if title in TITLES] == [
            title for title in FOUND[text] if title in titles
        ], text
