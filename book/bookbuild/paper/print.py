"""Print the whole book: one PDF, made from the built HTML pages.

merge.py makes one document of the pages. Chromium prints it, and the PDF says
on which page each heading came to lie; those numbers are filled in, and it is
printed again. `make pdf` calls this; without make: `python book/build.py pdf`,
after `python book/build.py html`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Browser, Page
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    BooleanObject,
    DictionaryObject,
    NameObject,
    TextStringObject,
)

from bookbuild import BuildError
from bookbuild.files import read_settings
from bookbuild.paper.browser import opened_browser
from bookbuild.paper.merge import SCREEN_ONLY, chapters_for_paper, document
from bookbuild.places import BUILD, HTML, ROOT

PDF = BUILD / "pytorch-for-recommenders-101.pdf"
DOCUMENT = BUILD / "pdf" / "book.html"

# Width of each paper, and of the margins that print.css sets, in millimetres.
PAPER_WIDTH = {"A4": 210.0, "letter": 215.9}
SIDE_MARGINS = 40.0
PIXELS_PER_MM = 96 / 25.4
# One round finds the page numbers, a second proves them, unless filling them
# in moved the text. What screen readers need takes almost half of the time of
# a print, and moves nothing: the first is made without it.
MOST_ROUNDS = 5

# Answers with the pictures and the maths that will not be seen.
READY = """async () => {
    if (window.MathJax) await MathJax.startup.promise;
    await document.fonts.ready;
    const broken = [];
    await Promise.all([...document.images].map(image =>
        image.decode().catch(() => broken.push(`No picture: ${image.src}`))
    ));
    const maths = [...document.querySelectorAll(".math")];
    return broken.concat(
        maths.filter(math => !math.querySelector("mjx-math"))
            .map(math => `Not typeset: ${math.textContent}`)
    );
}"""
# Tables, output and equations wider than the column are set smaller; what
# would become too small to read is named.
FIT = """({code, other}) => {
    const column = box => {
        const style = getComputedStyle(box);
        return box.clientWidth - parseFloat(style.paddingLeft)
            - parseFloat(style.paddingRight);
    };
    const wide = "table, pre, mjx-container[display=true]";
    const tooWide = [];
    for (const box of document.querySelectorAll(wide)) {
        const smallest = box.tagName === "PRE" ? code : other;
        const full = parseFloat(getComputedStyle(box).fontSize);
        const room = () => box.tagName === "PRE"
            ? box.clientWidth : column(box.parentElement);
        let size = full;
        while (box.scrollWidth > room() + 1 && size > smallest) {
            size -= full / 40;
            box.style.setProperty("font-size", `${size}px`, "important");
        }
        if (box.scrollWidth > room() + 1) {
            const start = box.textContent.trim().slice(0, 120);
            tooWide.push(`Too wide for the paper: ${start}`);
        }
    }
    return tooWide;
}"""
SMALLEST = {"code": 10, "other": 8}  # pixels: 7.5 and 6 points
# Chromium remembers how it broke the pages of the last print, and a heading at
# the foot of one can go to and fro for ever: it is to start from nothing.
LAY_OUT_ANEW = """() => {
    const body = document.body;
    for (const display of ["none", ""]) {
        body.style.display = display;
        void body.offsetHeight;
    }
}"""
FILL_IN = """pages => {
    for (const place of document.querySelectorAll("[data-page-of]")) {
        place.textContent = pages[place.dataset.pageOf];
    }
}"""


def pages_of(pdf: PdfReader) -> dict[str, int]:
    """Return the number of the page, from 1, of every named place."""
    return {
        unquote(name).lstrip("/"): pdf.get_destination_page_number(place) + 1
        for name, place in pdf.named_destinations.items()
    }


def settle(page: Page, path: Path) -> None:
    """Print until every page number in the text is where it says.

    Parameters
    ----------
    page
        The document, open in a browser.
    path
        Where the PDF goes.

    Raises
    ------
    BuildError
        Where a place is lost, or the numbers never come to rest.
    """
    wanted = set(
        page.eval_on_selector_all(
            "[data-page-of]", "all => all.map(one => one.dataset.pageOf)"
        )
    )
    before: dict[str, int] | None = None
    for _ in range(MOST_ROUNDS):
        page.evaluate(LAY_OUT_ANEW)
        page.pdf(
            path=path,
            prefer_css_page_size=True,
            outline=before is not None,
            tagged=before is not None,
            print_background=True,
        )
        now = pages_of(PdfReader(path))
        if wanted - set(now):
            raise BuildError(
                f"Printed, and not found again: {sorted(wanted - set(now))}."
            )
        if now == before:
            return
        page.evaluate(FILL_IN, now)
        before = now
    raise BuildError(
        f"The page numbers still move after {MOST_ROUNDS} rounds."
    )


def print_document(
    browser: Browser, path: Path, pdf: Path, paper: str
) -> None:
    """Print an HTML document to a PDF.

    Parameters
    ----------
    browser
        What prints it.
    path
        The document.
    pdf
        Where the PDF goes.
    paper
        A key of `PAPER_WIDTH`.

    Raises
    ------
    BuildError
        Where something is too wide for the paper, or cannot be read.
    """
    # As wide as the column, so that what is too wide for it shows.
    column = (PAPER_WIDTH[paper] - SIDE_MARGINS) * PIXELS_PER_MM
    page = browser.new_page(viewport={"width": int(column), "height": 900})
    faults: list[str] = []
    page.on(
        "requestfailed",
        lambda request: faults.append(f"Cannot be read: {request.url}"),
    )
    page.emulate_media(media="print")
    page.goto(path.as_uri(), wait_until="load")
    faults += page.evaluate(READY)
    faults += page.evaluate(FIT, SMALLEST)
    if faults:
        raise BuildError("\n".join([*faults, "No PDF was made."]))
    settle(page, pdf)


def said_once(title: str) -> str:
    """Return a title of the outline, or half of one that stands there twice.

    Chromium writes a heading twice that it moved to the next page, in some
    fonts.
    """
    half = len(title) // 2
    return title[:half] if title[:half] * 2 == title else title


def mend_outline(entry: DictionaryObject) -> None:
    """Give every entry below and after one of the outline its title once."""
    while entry is not None:
        if "/Title" in entry:
            title = TextStringObject(said_once(entry["/Title"]))
            entry[NameObject("/Title")] = title
        if "/First" in entry:
            mend_outline(entry["/First"].get_object())
        entry = entry["/Next"].get_object() if "/Next" in entry else None


def describe(pdf: Path, config: Mapping[str, object]) -> None:
    """Write the book's title and authors into a PDF, and open its outline."""
    writer = PdfWriter(pdf, incremental=True)
    writer.add_metadata(
        {"/Title": config["title"], "/Author": config["author"]}
    )
    writer.root_object[NameObject("/PageMode")] = NameObject("/UseOutlines")
    writer.root_object[NameObject("/ViewerPreferences")] = DictionaryObject(
        {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    )
    if "/Outlines" in writer.root_object:
        mend_outline(writer.root_object["/Outlines"].get_object())
    writer.write(pdf)


def build_pdf(paper: str = "A4") -> None:
    """Print the built book; the PDF appears when it is complete.

    Parameters
    ----------
    paper
        A key of `PAPER_WIDTH`.

    Raises
    ------
    BuildError
        Where the HTML is not built, or cannot be printed whole.
    NoBrowserError
        Where there is no browser.
    """
    config = read_settings(ROOT / "_config.yml")
    unfinished = DOCUMENT.with_suffix(".pdf")
    with opened_browser() as browser:  # without one, nothing is begun
        chapters = chapters_for_paper(HTML, ROOT / "_toc.yml", SCREEN_ONLY)
        text = document(chapters, config, paper)
        DOCUMENT.parent.mkdir(parents=True, exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
        print_document(browser, DOCUMENT, unfinished, paper)
    describe(unfinished, config)
    unfinished.replace(PDF)
    print(f"The book in one PDF: {PDF}")
