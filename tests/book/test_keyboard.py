"""A reader without a mouse gets everywhere, sees where, and finds things."""

import pytest

from bookbuild import notebooks, places

WIDTHS = (1280, 390)
CHAPTER = "notebooks/01_matrix_factorization.html"
# Without this a look at a button that fades in comes too early.
NO_FADING = "* { transition: none !important; scroll-behavior: auto; }"
WHERE = """() => {
    const box = document.activeElement;
    if (!box || box === document.body) return null;
    const marked = box.matches(".bd-sidebar-primary summary")
        ? box.querySelector(".toctree-toggle") : box;
    const style = getComputedStyle(marked);
    const outlined =
        style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    const shadowed = /rgba?\\((?!0, 0, 0, 0\\))/.test(style.boxShadow);
    const room = marked.getBoundingClientRect();
    return {
        what: box.outerHTML.slice(0, 150),
        marked: outlined || shadowed,
        seen: marked.checkVisibility({
            opacityProperty: true, visibilityProperty: true,
        }) && Number(style.opacity) > 0.5 && room.width > 1
            && room.height > 1,
        name: (
            box.getAttribute("aria-label") || box.textContent || box.title ||
                [...(box.labels ?? [])].map(l => l.textContent).join(" ")
        ).trim(),
    };
}"""
OUT_OF_REACH = """() => [...document.querySelectorAll("article *")].filter(
    box => {
        const style = getComputedStyle(box);
        const scrolls =
            /auto|scroll/.test(style.overflowX) &&
                box.scrollWidth > box.clientWidth + 1 ||
            /auto|scroll/.test(style.overflowY) &&
                box.scrollHeight > box.clientHeight + 1;
        return scrolls && box.checkVisibility() && box.tabIndex < 0;
    }
).map(box => box.outerHTML.slice(0, 120))"""


@pytest.fixture(params=WIDTHS, scope="module")
def chapter(request, browser, book_address):
    """A chapter, wide or narrow, for all tests: loading it takes long."""
    context = browser.new_context(
        viewport={"width": request.param, "height": 900},
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page = context.new_page()
    page.goto(f"{book_address}/{CHAPTER}", wait_until="load")
    page.wait_for_load_state("networkidle")
    page.add_style_tag(content=NO_FADING)
    yield page
    context.close()


@pytest.fixture
def page(chapter):
    """The chapter, where the Tab key begins at the top once more."""
    chapter.evaluate(
        """() => {
            const top = document.createElement("div");
            top.tabIndex = -1;
            document.body.prepend(top);
            top.focus();
            top.remove();
            scrollTo(0, 0);
        }"""
    )
    return chapter


def focused(page, selector):
    return page.evaluate("s => document.activeElement.matches(s)", selector)


def test_every_stop_of_the_tab_key_is_seen_marked_and_named(page):
    unclear, stops = [], 0
    while stops < 1_000:
        page.keyboard.press("Tab")
        where = page.evaluate(WHERE)
        if where is None:
            break
        stops += 1
        if not (where["seen"] and where["marked"] and where["name"]):
            unclear.append(str(where))
    assert not unclear, "\n".join(unclear)
    assert 100 < stops < 1_000


def test_what_scrolls_can_be_reached_by_keyboard(page):
    assert page.evaluate(OUT_OF_REACH) == []


def test_the_first_stop_leads_past_the_sidebar(page):
    page.keyboard.press("Tab")
    assert focused(page, "#pst-skip-link a, a[href='#main-content']")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page, "#main-content *")


def test_search_opens_and_closes_where_the_reader_was(page):
    link = page.locator("article a.term").first
    link.focus()
    page.keyboard.press("Control+k")
    page.locator(".search-button__wrapper.show").wait_for(state="attached")
    assert focused(page, "input[type=search]")
    page.keyboard.press("Escape")
    page.wait_for_function(
        "link => document.activeElement === link", arg=link.element_handle()
    )


def test_the_colours_change_at_a_key(page):
    page.locator("button.theme-switch-button:visible").first.focus()
    modes = set()
    for _ in range(3):
        page.keyboard.press("Enter")
        modes.add(page.evaluate("document.documentElement.dataset.mode"))
    assert modes == {"auto", "light", "dark"}


def test_a_solution_opens_and_closes_at_a_key_and_says_so(page):
    solution = page.locator(".solution.dropdown").first
    button = solution.get_by_role("button").first
    button.focus()
    for expanded in ("true", "false"):
        page.keyboard.press("Enter")
        page.wait_for_function(
            "([box, open]) => box.getAttribute('aria-expanded') === open",
            arg=[button.element_handle(), expanded],
        )
        shown = solution.locator("section").is_visible()
        assert shown == (expanded == "true")


def test_code_with_links_is_copied_as_it_stands_in_the_notebook(page):
    path = places.ROOT / "notebooks" / "01_matrix_factorization.ipynb"
    notebook = notebooks.read(path)
    (source,) = [c.source for c in notebook.cells if c.id == "cell-007"]
    cell = page.locator(".cell_input", has_text="movielens.load(dataset")
    assert cell.locator("a.sphinx-codeautolink-a").count() > 0
    cell.locator("button.copybtn").focus()
    page.keyboard.press("Enter")
    page.locator("button.copybtn.success").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == source


def test_a_term_says_its_meaning_at_the_foot_of_the_window(page):
    link = page.locator("article a.term").first
    page.keyboard.press("Tab")  # From here on, focus is shown.
    link.focus()
    told = page.evaluate(
        "link => getComputedStyle(link, '::after').content",
        link.element_handle(),
    )
    assert told.strip('"') == link.get_attribute("title")


def results_of(page, book_address, query):
    search = page.context.new_page()
    search.goto(f"{book_address}/search.html?q={query}")
    search.locator("#search-results p.context").nth(1).wait_for()
    results = [
        (item.locator("a").first.get_attribute("href"), item.inner_text())
        for item in search.locator("#search-results li").all()
    ]
    search.close()
    return results


def test_cold_start_is_found_in_the_glossary_and_then_in_chapter_2(
    page, book_address
):
    (glossary, meaning), (chapter, text), *_ = results_of(
        page, book_address, "cold+start"
    )
    assert glossary == "book/glossary.html#term-cold-start"
    assert meaning.startswith("Glossary > cold start")
    assert "without ratings" in meaning
    assert chapter == (
        "notebooks/02_dense_network.html#films-that-nobody-has-rated"
    )
    assert text.startswith("2. A dense network > Films that nobody has rated")
    assert "its row was never trained" in text


def test_a_function_is_found_by_its_name(page, book_address):
    (first, _), *_ = results_of(page, book_address, "paired_bootstrap")
    assert first.endswith("#recslib.evaluation.paired_bootstrap")


def test_a_summary_shows_the_words_side_by_side(page, book_address):
    found = results_of(page, book_address, "cold+start")
    (whole_page,) = [
        text
        for address, text in found
        if address.endswith("/02_dense_network.html")
    ]
    assert "cold start" in whole_page.lower()
    assert ".ipynb" not in whole_page
