"""The slides in a browser and on paper: all of each, light and dark."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

from bookbuild.classroom import slides

# Everything of the slide that is shown and leaves its slide, and what a box
# cuts off.
OVERFULL = """() => {
    const slide = document.querySelector("section.present .slide");
    const room = slide.getBoundingClientRect();
    const seen = [...slide.querySelectorAll("*")].filter(
        box => !box.closest("mjx-assistive-mml") && box.checkVisibility()
    );
    const out = seen.filter(box => {
        const at = box.getBoundingClientRect();
        return at.width && at.height && (
            at.left < room.left || at.right > room.right
            || at.top < room.top || at.bottom > room.bottom - 20
        );
    });
    const cut = seen.filter(
        box => box.matches(".body, pre, table")
            && (box.scrollWidth > box.clientWidth + 1
                || box.scrollHeight > box.clientHeight + 1)
    );
    return [...out, ...cut].map(
        box => `${box.tagName}: ${box.textContent.trim().slice(0, 60)}`
    );
}"""
# A picture has its place before it arrives, so nothing has to be waited for.
SHOW = "number => Reveal.slide(number)"
NO_FORMULA = """() => [...document.querySelectorAll(".math")].filter(
    math => !math.querySelector("mjx-math") || math.querySelector("mjx-merror")
).map(math => math.textContent)"""
WRITE = """
import pathlib, sys
from bookbuild.classroom.slides import write_slides
write_slides(pathlib.Path(sys.argv[1]))
"""
COLOURS = {"runOnly": ["color-contrast", "image-alt"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classroom") / "slides"
    # In a process of its own: the tests have a browser open in this one.
    subprocess.run([sys.executable, "-c", WRITE, folder], check=True)
    return folder


@pytest.fixture(scope="module")
def pages(folder):
    pages = sorted(folder.glob("*/index.html"))
    assert len(pages) >= 5
    return pages


class Show:
    """A deck that is open, with what it asked for and said."""

    def __init__(self, browser, path, query="", **context):
        size = {"width": slides.WIDTH, "height": slides.HEIGHT}
        self.context = browser.new_context(viewport=size, **context)
        self.page = self.context.new_page()
        self.faults = []
        home = path.parent.as_uri()
        self.page.on(
            "request",
            lambda request: (
                request.url.startswith((home, "data:"))
                or self.faults.append(f"asks {request.url}")
            ),
        )
        self.page.on("requestfailed", lambda r: self.faults.append(r.url))
        self.page.on("console", lambda said: self.faults.append(said.text))
        self.page.on("pageerror", lambda e: self.faults.append(str(e)))
        self.page.goto(path.as_uri() + query)
        self.page.wait_for_function("document.documentElement.dataset.ready")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.context.close()


def violations(axe, page, **rules):
    return [
        f"{found['id']}: {node['html'][:150]} {node['failureSummary']}"
        for found in axe(page, **rules)["violations"]
        for node in found["nodes"]
    ]


def test_nothing_is_larger_than_its_slide_and_nothing_comes_from_outside(
    browser, pages, axe
):
    problems = []
    for path in pages:
        name = path.parent.name
        with Show(browser, path) as show:
            total = show.page.evaluate("Reveal.getTotalSlides()")
            for number in range(total):
                show.page.evaluate(SHOW, number)
                over = show.page.evaluate(OVERFULL)
                problems += [f"{name} {number + 1}: {each}" for each in over]
            found = [
                *show.page.evaluate(NO_FORMULA),
                *violations(axe, show.page),
                *show.faults,
            ]
            notes = show.page.locator("section > aside.notes")
            said = [text.strip() for text in notes.all_text_contents()]
            assert len(said) == total and all(said), name
            problems += [f"{name}: {each}" for each in found]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_slide_can_be_read_light_and_dark(browser, pages, axe, theme):
    problems = []
    for path in pages:
        # Where slides are printed, all are there at once.
        query = f"?print-pdf&theme={theme}"
        with Show(browser, path, query) as show:
            found = violations(axe, show.page, **COLOURS)
            problems += [f"{path.parent.name}: {each}" for each in found]
    assert not problems, "\n".join(problems)


def test_the_figures_are_those_of_the_book_to_the_byte(folder, html_folder):
    book = {
        path.read_bytes() for path in (html_folder / "_images").glob("*.svg")
    }
    figures = sorted(folder.glob("*/fig-*"))
    assert len(figures) >= 40
    for path in figures:
        assert path.read_bytes() in book, path.name


def test_each_deck_is_one_pdf_a_slide_a_page(folder, pages):
    for path in pages:
        pdf = PdfReader(path.parent.with_suffix(".pdf"))
        html = path.read_text("utf-8")
        assert len(pdf.pages) == html.count("</section>"), path
        box = pdf.pages[0].mediabox
        shape = slides.WIDTH / slides.HEIGHT
        assert abs(box.width / box.height - shape) < 0.01
        for number, page in enumerate(pdf.pages, start=1):
            assert page.extract_text().strip(), f"{path.parent.name} {number}"
        assert pdf.metadata.title.endswith(": slides")


def test_the_theme_is_that_of_the_system_until_t_turns_it(browser, pages):
    with Show(browser, pages[1], color_scheme="dark") as show:
        page = show.page.locator("html")
        assert page.get_attribute("data-theme") == "dark"
        show.page.keyboard.press("t")
        assert page.get_attribute("data-theme") == "light"
        show.page.reload()
        show.page.wait_for_function("document.documentElement.dataset.ready")
        assert page.get_attribute("data-theme") == "light"


def test_a_figure_has_its_colours_in_either_theme(browser, pages):
    with Show(browser, pages[1], color_scheme="light") as show:
        number = show.page.evaluate(
            "[...document.querySelectorAll('section')]"
            ".findIndex(slide => slide.querySelector('figure'))"
        )
        show.page.evaluate(SHOW, number)
        shown = show.page.locator("section.present img:visible")
        assert "-dark" not in shown.get_attribute("src")
        show.page.keyboard.press("t")
        assert "-dark" in shown.get_attribute("src")


def test_the_arrows_lead_on_and_s_shows_the_speaker_the_notes(browser, pages):
    with Show(browser, pages[1]) as show:
        show.page.keyboard.press("ArrowRight")
        title = show.page.locator("section.present h1")
        notes = show.page.locator("section.present aside.notes")
        assert title.inner_text() == "What you can do afterwards"
        with show.page.expect_popup() as opened:
            show.page.keyboard.press("s")
        view = opened.value.locator(".speaker-controls-notes .value")
        start = notes.text_content().strip()[:30]
        view.filter(has_text=start).wait_for()


def test_slides_open_where_the_folder_is_moved(browser, folder, tmp_path):
    name = next(folder.glob("*/index.html")).parent.name
    moved = Path(shutil.copytree(folder / name, tmp_path / "elsewhere"))
    with Show(browser, moved / "index.html") as show:
        assert show.page.locator("section.first h1").is_visible()
        assert not show.faults
