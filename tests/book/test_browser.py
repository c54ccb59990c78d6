"""What a reader sees: every page in a browser, wide and narrow, light, dark.

With ``SCREENSHOTS=yes`` in the environment, pictures of all of it land in
``_build/screenshots/``.
"""

import os
import re
from pathlib import Path

import pytest

SCREENSHOTS = Path(__file__).parents[2] / "_build" / "screenshots"
WIDE, NARROW = 1280, 390
VIEWS = [
    (width, scheme) for width in (WIDE, NARROW) for scheme in ("light", "dark")
]
UNREADABLE_MATH = """async () => {
    if (document.querySelector(".math")) await MathJax.startup.promise;
    const left = box => box.getBoundingClientRect().left;
    const hidden = math => !math.checkVisibility();
    return [...document.querySelectorAll(".math")].filter(math => {
        const signs = math.querySelector("mjx-math");
        return !signs || !hidden(math) && left(signs) < left(math) - 1;
    }).map(math => math.textContent);
}"""
# As they are in the end, without the third of a second that it takes.
CHANGE_COLOURS = """() => {
    for (const change of document.getAnimations()) change.finish();
}"""
# What another mode can change: colours, and which of two pictures is shown.
RULES_OF_A_MODE = ["color-contrast", "link-in-text-block", "image-alt"]
# What another width can change, where the words are the same.
RULES_OF_A_WIDTH = ["scrollable-region-focusable", "target-size"]
# What a program wrote: many pages of one kind.
GENERATED = ("_modules", "book/api")
WIDER_THAN_THE_SCREEN = """() => {
    const page = document.documentElement;
    const article = document.querySelector("article");
    return [page, document.body, article].filter(
        box => box && box.scrollWidth > box.clientWidth
    ).map(box => `${box.tagName} ${box.scrollWidth} > ${box.clientWidth}`);
}"""


class Visit:
    """One page in one view, with everything that it asked for and said."""

    def __init__(self, browser, address, width, scheme):
        self.address = address
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        self.page = self.context.new_page()
        self.foreign = []
        self.errors = []
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("response", self._note_response)

    def _note_request(self, request):
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(request.url)

    def _note_response(self, response):
        if response.status >= 400:
            self.errors.append(f"{response.status} for {response.url}")

    def _note_console(self, message):
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def open(self, path, wait_until="networkidle"):
        self.foreign.clear()
        self.errors.clear()
        # A page from a folder may be idle before its scripts have run.
        self.page.goto(f"{self.address}/{path}", wait_until="load")
        self.page.wait_for_load_state(wait_until)


@pytest.fixture
def visit(request, browser, book_address):
    width, scheme = getattr(request, "param", (WIDE, "light"))
    visit = Visit(browser, book_address, width, scheme)
    yield visit
    visit.context.close()


def view_name(view):
    return "{}-{}".format(*view)


def faults(axe, visit, path, view, **rules):
    """Look at the page that is open; say what a reader would stumble over."""
    found = axe(visit.page, **rules)["violations"]
    math = visit.page.evaluate(UNREADABLE_MATH)
    wide = visit.page.evaluate(WIDER_THAN_THE_SCREEN)
    if "SCREENSHOTS" in os.environ:
        SCREENSHOTS.mkdir(exist_ok=True)
        name = "-".join(path.with_suffix("").parts)
        visit.page.screenshot(
            path=SCREENSHOTS / f"{name}-{view}.jpg",
            type="jpeg",
            quality=85,
            full_page=True,
        )
    return [
        *(f"{view}: asks {url}" for url in visit.foreign),
        *(f"{view}: console: {text}" for text in visit.errors),
        *(f"{view}: math not set: {text}" for text in math),
        *(f"{view}: too wide: {box}" for box in wide),
        *(
            f"{view}: {violation['id']}: {violation['help']}: "
            f"{node['html'][:200]} {node['failureSummary']}"
            for violation in found
            for node in violation["nodes"]
        ),
    ]


@pytest.fixture(scope="session")
def visits(browser, book_address):
    """A window of either width, which goes from page to page as a reader's."""
    visits = {
        width: Visit(browser, book_address, width, "light")
        for width in (WIDE, NARROW)
    }
    yield visits
    for visit in visits.values():
        visit.context.close()


def longest_of_its_folder(path, html_folder):
    """Tell whether a page is the longest of those that are made like it."""
    beside = (html_folder / path).parent.glob("*.html")
    return max(beside, key=lambda each: each.stat().st_size).name == path.name


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_every_page_opens_without_a_fault(
    visits, axe, page_path, width, html_folder
):
    """Wide: all rules, light and dark. Narrow: what is another there.

    That is all of a page that somebody wrote, and of the longest of those
    that a program wrote; in the dark, of the longest of each folder.
    """
    visit, rules = visits[width], {}
    longest = longest_of_its_folder(page_path, html_folder)
    generated = page_path.as_posix().startswith(GENERATED)
    if width == NARROW and generated and not longest:
        rules = {"runOnly": RULES_OF_A_WIDTH}
    visit.page.emulate_media(color_scheme="light")
    visit.open(page_path.as_posix(), wait_until="load")
    problems = faults(axe, visit, page_path, f"{width}-light", **rules)
    if width == WIDE or longest or "SCREENSHOTS" in os.environ:
        # The page stays and turns dark, as it does when the system does.
        visit.page.emulate_media(color_scheme="dark")
        visit.page.wait_for_selector("html[data-theme=dark]")
        visit.page.evaluate(CHANGE_COLOURS)
        problems += faults(
            axe, visit, page_path, f"{width}-dark", runOnly=RULES_OF_A_MODE
        )
    assert not problems, "\n".join(problems)


def test_axe_sees_what_is_pale_once_for_all_that_looks_alike(visit, axe):
    words = ["<p>well seen</p>", "<p class='pale'>hardly seen</p>"] * 3
    pale = "<style>.pale { color: #ccc; } .dark .pale { color: #ddd; }</style>"
    visit.page.set_content(
        f"<html lang='en'><title>Pale</title>{pale}<main><h1>Words</h1>"
        f"{''.join(words)}<div class='dark'>{''.join(words)}</div></main>"
    )
    (found,) = axe(visit.page)["violations"]
    assert found["id"] == "color-contrast"
    places = [node["target"] for node in found["nodes"]]
    assert places == [[".pale:nth-child(3)"], [".pale:nth-child(2)"]]


def test_axe_asks_once_in_all_pages_for_what_is_seen_well(visit, axe):
    hidden = (
        "<details{}><summary>More</summary><p class='pale'>pale</p></details>"
    )
    page = (
        "<html lang='en'><title>Twice</title>"
        "<style>.pale {{ color: #ccc; }} main {{ padding: 7px; }}</style>"
        "<main class='twice'><h1>Words</h1><p>well seen</p>{}</main>"
    )
    asked_again = visit.page.locator("p:not([data-alike])")
    for opened, faults, asked in (
        ("", [], 2),
        ("", [], 0),
        # It was hidden, and what is seen badly is told on every page.
        (" open", ["color-contrast"], 1),
        (" open", ["color-contrast"], 1),
    ):
        visit.page.set_content(page.format(hidden.format(opened)))
        found = axe(visit.page)["violations"]
        assert [each["id"] for each in found] == faults
        assert asked_again.count() == asked


def test_a_solution_opens_at_a_click(visit, page_paths):
    chapters = [path for path in page_paths if path.parts[0] == "notebooks"]
    assert chapters
    for path in chapters:
        visit.open(path.as_posix())
        if visit.page.locator("div.exercise").count() == 0:
            continue  # a template
        solution = visit.page.locator(".solution.dropdown").first
        inside = solution.locator("section")
        assert not inside.is_visible(), path
        solution.get_by_role("button").first.click()
        assert inside.is_visible(), path


def test_search_finds_a_term_of_the_glossary(visit):
    visit.open("search.html?q=cold+start")
    found = visit.page.locator("#search-results a[href*=glossary]").first
    found.wait_for()
    found.click()
    visit.page.wait_for_url(re.compile("book/glossary"))


def test_the_front_door_leads_to_the_landing_page(visit):
    visit.open("index.html")
    visit.page.wait_for_url(re.compile("book/index.html"))
    assert "better than guessing" in visit.page.locator("article").inner_text()


CHAPTER = "notebooks/01_matrix_factorization.html"
# All but the one that a script takes the place of.
DRAWN = "figure[id^=fig-]:not(#fig-map)"


def test_the_switch_leads_to_dark_figures_on_every_page(visit):
    visit.open(CHAPTER)
    figure = visit.page.locator("figure#fig-stars")
    shown = figure.locator("img:visible")
    assert "-dark.svg" not in shown.get_attribute("src")
    switch = visit.page.locator("button.theme-switch-button:visible").first
    for _ in range(3):  # light, dark, as the system has it
        if visit.page.locator('html[data-theme="dark"]').count():
            break
        switch.click()
    assert "-dark.svg" in shown.get_attribute("src")
    assert shown.count() == 1
    visit.open("book/index.html")
    assert visit.page.locator("html").get_attribute("data-theme") == "dark"
    assert visit.page.locator("img.figure-dark").first.is_visible()


@pytest.mark.parametrize("visit", VIEWS, indirect=True, ids=view_name)
def test_a_figure_arrives_at_its_size_in_either_mode(visit):
    visit.open(CHAPTER)
    for figure in visit.page.locator(DRAWN).all():
        shown = figure.locator("img:visible")
        before = shown.bounding_box()
        shown.scroll_into_view_if_needed()
        shown.evaluate("image => image.decode()")
        after = shown.bounding_box()
        assert (before["width"], before["height"]) == (
            after["width"],
            after["height"],
        )
        assert shown.evaluate("image => image.naturalWidth") > 0


def test_a_copy_button_copies_the_cell(visit):
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.open(CHAPTER)
    cell = visit.page.locator("div.cell_input").first
    cell.hover()
    cell.locator("button.copybtn").click()
    visit.page.wait_for_selector("button.copybtn.success")
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == cell.locator("pre").inner_text().strip()
    assert copied.startswith("import time")


@pytest.mark.parametrize(
    "visit", [(NARROW, "light")], indirect=True, ids=view_name
)
def test_the_menu_of_a_phone_opens_and_leads_on(visit):
    visit.open(CHAPTER)
    link = visit.page.locator(
        ".bd-sidebar-primary a", has_text="A dense network"
    )
    assert not link.is_visible()
    visit.page.locator("button.primary-toggle").click()
    link.wait_for()
    link.click()
    visit.page.wait_for_url(re.compile("02_dense_network"))


def test_next_and_previous_lead_through_the_chapters(visit):
    visit.open(CHAPTER)
    visit.page.locator("a.right-next").click()
    visit.page.wait_for_url(re.compile("02_dense_network"))
    visit.page.locator("a.left-prev").click()
    visit.page.wait_for_url(re.compile("01_matrix_factorization"))


def test_pages_open_from_a_folder_with_their_maths(
    visit, html_folder, page_paths
):
    visit.address = html_folder.as_uri()
    visit.open(CHAPTER)
    # It waits until MathJax has set them.
    assert not visit.page.evaluate(UNREADABLE_MATH)
    assert visit.page.locator(".math mjx-math").count() > 0
    assert not visit.foreign and not visit.errors
