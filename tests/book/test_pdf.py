"""The printed book: what stands on which page of the PDF."""

import os
import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pypdfium2
import pytest
from pypdf import PdfReader

from bookbuild import chapters as book_chapters
from bookbuild import notebooks, places
from bookbuild.paper.merge import (
    ROOT_TITLE,
    SCREEN_ONLY,
    chapters_for_paper,
    text_of,
)
from bookbuild.paper.print import FIT, PDF, READY, SMALLEST, said_once

ROOT = Path(__file__).parents[2]
A4 = (595, 842)
# Points: the margins, and a heading with two lines under it.
FOOT, SIDE_MARGIN, HEADING_AND_TWO_LINES = 62, 56, 45
SMALLEST_CODE = 7.5
FIXED = re.compile("Mono|Menlo|Consolas|Courier")


def squeezed(text):
    """Text without white space, and without what a font joins."""
    for joined, apart in (
        ("\ufb01", "fi"),
        ("\ufb02", "fl"),
        ("\ufb00", "ff"),
    ):
        text = text.replace(joined, apart)
    return re.sub(r"\s+", "", text)


def words_on(sheet):
    """The text of a sheet, a line a line."""
    return sheet.get_textpage().get_text_range().replace("\r\n", "\n")


@pytest.fixture(scope="session")
def printed(html_folder, browser):
    """The book in one PDF, printed by the command that a reader has."""
    run = subprocess.run(
        [sys.executable, "book/build.py", "pdf"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"The book in one PDF: {PDF}\n"
    return PdfReader(PDF)


@pytest.fixture(scope="session")
def sheets(printed):
    """Every sheet, as what draws PDF in a browser reads it."""
    with closing(pypdfium2.PdfDocument(PDF)) as document:
        yield list(document)


@pytest.fixture(scope="session")
def pages(sheets):
    """The text of every page, by its number from 1."""
    return {n: words_on(sheet) for n, sheet in enumerate(sheets, start=1)}


@pytest.fixture(scope="session")
def chapters(html_folder):
    return chapters_for_paper(html_folder, ROOT / "_toc.yml", SCREEN_ONLY)


@pytest.fixture(scope="session")
def outline(printed):
    """Depth, title, page and height on it of every entry of the outline."""
    entries = []

    def walk(items, depth):
        for item in items:
            if isinstance(item, list):
                walk(item, depth + 1)
            else:
                page = printed.get_destination_page_number(item) + 1
                entries.append((depth, item.title, page, float(item.top)))

    walk(printed.outline, 1)
    return entries


def test_it_says_what_it_is(printed):
    assert printed.metadata.title == "PyTorch for Recommenders 101"
    assert printed.metadata.author.startswith("the authors of")
    assert printed.root_object["/Lang"] == "en"
    assert printed.root_object["/MarkInfo"]["/Marked"]
    assert printed.root_object["/PageMode"] == "/UseOutlines"


def test_every_page_is_a4_and_has_something_on_it(printed, pages):
    assert 60 < len(pages) < 600
    for number, page in enumerate(printed.pages, start=1):
        size = (round(page.mediabox.width), round(page.mediabox.height))
        assert size == A4
        # More than a running head and a page number: a chapter may end with
        # two lines at the top of a page.
        _, *lines = pages[number].split("\n")
        told = [
            line for line in lines if line.strip() not in ("", str(number))
        ]
        assert told or page.images, number


def test_every_page_after_the_title_has_its_number_at_its_foot(pages):
    for number, text in pages.items():
        assert (str(number) in text.split("\n")) == (number > 1), number


def test_the_outline_has_every_chapter_and_section_in_order(outline, chapters):
    expected = [(1, squeezed("Contents"))]
    for chapter in chapters:
        own = [ROOT_TITLE] if chapter is chapters[0] else []
        for heading in chapter.article.find_all(["h1", "h2"]):
            title = own.pop() if own else text_of(heading)
            expected.append((int(heading.name[1]), squeezed(title)))
    # A heading of two lines has no blank where the line ends.
    found = [(depth, squeezed(title)) for depth, title, *_ in outline]
    assert [entry for entry in found if entry[0] < 3] == expected


def test_the_contents_say_where_the_headings_are(printed, outline, pages):
    starts = [page for depth, _, page, _ in outline if depth == 1]
    lines = [
        line
        for sheet in printed.pages[starts[0] - 1 : starts[1] - 1]
        for line in sheet.extract_text().split("\n")
    ]
    entries = [
        (match[1].strip(), int(match[2]))
        for line in lines
        if (match := re.fullmatch(r"(.*?\D)\s*(\d+)", line.strip()))
    ]
    headings = [entry for entry in outline[1:] if entry[0] < 3]
    assert [(squeezed(title), page) for title, page in entries] == [
        (squeezed(title), page) for _, title, page, _ in headings
    ]
    for title, page in entries:
        assert squeezed(title) in squeezed(pages[page]), title


def test_every_chapter_starts_on_a_new_page(outline):
    starts = [(page, top) for depth, _, page, top in outline if depth == 1]
    assert len({page for page, _ in starts}) == len(starts)
    assert all(top > A4[1] - 150 for _, top in starts)


def test_no_heading_is_alone_at_the_foot_of_a_page(outline):
    alone = [
        f"{title}, page {page}"
        for _, title, page, top in outline
        if top < FOOT + HEADING_AND_TWO_LINES
    ]
    assert not alone


def test_every_link_leads_to_a_page_or_to_another_host(printed):
    inside = outside = 0
    for page in printed.pages:
        for note in page.get("/Annots", ()):
            note = note.get_object()
            assert note["/Subtype"] == "/Link"
            action = note.get("/A", {})
            if "/URI" in action:
                assert re.match("https?://", action["/URI"])
                outside += 1
                continue
            name = note.get("/Dest", action.get("/D"))
            place = printed.named_destinations[name]
            assert printed.get_destination_page_number(place) is not None
            inside += 1
    assert inside > 200
    assert outside > 10


def test_a_link_in_words_says_the_page_it_leads_to(outline, pages):
    (results,) = [page for _, title, page, _ in outline if title == "Results"]
    text = " ".join(" ".join(pages.values()).split())
    numbers = re.findall(r"results page \(p\.\s*(\d+)\)", text)
    assert numbers
    assert {int(number) for number in numbers} == {results}


def test_nothing_is_lost_or_left_as_source(pages):
    for number, text in pages.items():
        for sign in ("??", "(p.\N{NO-BREAK SPACE}000)", "\\mathbf", "\\frac"):
            assert sign not in text, (number, sign)
        for button in ("Click to show", "Back to top", "Copy to clipboard"):
            assert button not in text, (number, button)


@pytest.mark.parametrize(
    "notebook", book_chapters.paths(), ids=lambda p: p.stem
)
def test_every_cell_is_whole_on_one_page(pages, notebook):
    sheets = [squeezed(text) for text in pages.values()]
    cells = [
        cell
        for cell in notebooks.read(places.EXECUTED / notebook.name).cells
        if cell.cell_type == "code"
        and "remove-cell" not in notebooks.tags(cell)
    ]
    solutions = [c for c in cells if "solution" in notebooks.tags(c)]
    is_template = book_chapters.ran(notebook).template
    assert len(solutions) >= (0 if is_template else 3)
    for cell in cells:
        code = squeezed(cell.source)
        assert any(code in sheet for sheet in sheets), cell.source


def test_code_is_large_enough_and_ends_inside_the_margins(sheets):
    found = 0
    # Every fourth, for the seconds: printing looks at every line, too.
    for number, sheet in list(enumerate(sheets, start=1))[::4]:
        for sign in sheet.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_TEXT]):
            if FIXED.search(sign.get_font().get_base_name()):
                _, _, right, _ = sign.get_bounds()
                size = sign.get_font_size() * abs(sign.get_matrix().a)
                assert size >= SMALLEST_CODE, number
                assert right <= A4[0] - SIDE_MARGIN, number
                found += 1
    assert found > 1000


def test_every_font_is_in_the_file(printed):
    fonts = {}
    for page in printed.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()
            fonts[font.get("/BaseFont", font["/Subtype"])] = font
    assert len(fonts) > 3
    for name, font in fonts.items():
        if font["/Subtype"] == "/Type3":  # drawn by the file itself
            continue
        if "/DescendantFonts" in font:
            font = font["/DescendantFonts"][0].get_object()
        descriptor = font["/FontDescriptor"].get_object()
        files = {"/FontFile", "/FontFile2", "/FontFile3"}
        assert files & set(descriptor), name


def test_without_a_browser_the_pdf_stays_as_it_was(printed):
    before = PDF.stat().st_mtime_ns
    run = subprocess.run(
        [sys.executable, "book/build.py", "pdf"],
        cwd=ROOT,
        env=os.environ | {"RECSLIB_BROWSER": "/no/such/browser"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("RECSLIB_BROWSER is '/no/such/browser'")
    assert PDF.stat().st_mtime_ns == before


@pytest.fixture
def narrow_page(browser):
    page = browser.new_page(viewport={"width": 400, "height": 900})
    yield page
    page.close()


def test_a_table_that_is_too_wide_is_set_smaller(narrow_page):
    cells = "<td>0.9033</td>" * 10
    narrow_page.set_content(
        f'<table style="font-size: 16px"><tr>{cells}</tr></table>'
    )
    table = narrow_page.locator("table")
    assert table.bounding_box()["width"] > 400
    assert narrow_page.evaluate(FIT, SMALLEST) == []
    assert table.bounding_box()["width"] <= 400
    size = table.evaluate("table => getComputedStyle(table).fontSize")
    assert SMALLEST["other"] <= float(size.removesuffix("px")) < 16


def test_a_line_that_cannot_be_read_on_paper_is_named(narrow_page):
    narrow_page.set_content(f"<pre>{'x' * 40}</pre><pre>{'y' * 120}</pre>")
    fault = f"Too wide for the paper: {'y' * 120}"
    assert narrow_page.evaluate(FIT, SMALLEST) == [fault]


def test_a_picture_that_is_not_there_is_named(narrow_page):
    narrow_page.set_content('<img src="data:image/png;base64,AAAA">')
    fault = "No picture: data:image/png;base64,AAAA"
    assert narrow_page.evaluate(READY) == [fault]


def test_maths_that_stays_source_is_named(narrow_page):
    narrow_page.set_content(r'<span class="math">\(\mathbf{x}\)</span>')
    fault = r"Not typeset: \(\mathbf{x}\)"
    assert narrow_page.evaluate(READY) == [fault]


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("book/setup", ["Activate.ps1", "source .venv/bin/activate"]),
        ("notebooks/01_matrix_factorization", ["def constant_solution"]),
    ],
)
def test_one_page_prints_from_a_dark_browser_open_and_on_white(
    browser, book_address, name, folded
):
    page = browser.new_page(color_scheme="dark")
    page.goto(f"{book_address}/{name}.html", wait_until="load")
    theme = "document.documentElement.dataset.theme"
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"
    with closing(pypdfium2.PdfDocument(page.pdf())) as sheets:
        text = squeezed("".join(map(words_on, sheets)))
    assert page.evaluate(theme) == "dark"
    for words in folded:
        assert squeezed(words) in text
    for screen in ("Search this book", "Back to top", "Previous"):
        assert squeezed(screen) not in text
    page.close()


def test_a_title_that_chromium_wrote_twice_is_written_once():
    assert said_once("What a fold isWhat a fold is") == "What a fold is"
    assert said_once("What a fold is") == "What a fold is"
