"""The map of films in chapter 1, under a hand that a browser plays.

What the map says is compared with the library and with numpy, on the numbers
that the page itself was given.
"""

import base64
import json
import re
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest
import torch

from recslib.ratings import Ratings
from recslib.recommend import nearest_items

CHAPTER = "notebooks/01_matrix_factorization.html"
MINUS = "\N{MINUS SIGN}"
AT_FIRST = 50  # ratings that a film needs to be shown
VIEWS = [
    (width, scheme) for width in (1280, 390) for scheme in ("light", "dark")
]


def view_name(view):
    return "{}-{}".format(*view)


class Films:
    """What films.js holds, read by Python."""

    def __init__(self, path):
        text = path.read_text(encoding="utf-8")
        start = "window.recslibFilms = "
        assert text.startswith(start)
        packed = json.loads(text.removeprefix(start).rstrip("; \n"))

        def numbers(values, kind):
            return np.frombuffer(base64.b64decode(values), dtype=kind)

        self.titles = packed["titles"]
        self.counts = np.array(packed["counts"])
        whole = numbers(packed["factors"], "<i2").astype(float)
        steps = numbers(packed["factor_steps"], "<f4")
        self.factors = whole.reshape(len(self.titles), -1) * steps
        self.places = np.stack(
            [numbers(packed["map"][axis], "<f4") for axis in "xy"], axis=1
        ).astype(float)
        items = torch.arange(len(self.titles)).repeat_interleave(
            torch.from_numpy(self.counts)
        )
        self.ratings = Ratings(  # as many of each film, all from one person
            users=torch.zeros_like(items),
            items=items,
            ratings=torch.ones(len(items)),
            timestamps=None,
            user_ids=np.array([0]),
            item_ids=np.arange(len(self.titles)),
            titles=tuple(self.titles),
        )

    def shown(self, least=AT_FIRST):
        return np.flatnonzero(self.counts >= least)

    def nearest(self, item, n=5, least=AT_FIRST):
        """The library's own answer."""
        return nearest_items(
            torch.from_numpy(self.factors),
            int(item),
            self.ratings,
            n=n,
            min_ratings=least,
        )

    def ranks_by_place(self, item, least=AT_FIRST):
        """The rank of each other film by distance on the map, from 1."""
        others = [other for other in self.shown(least) if other != item]
        apart = np.linalg.norm(self.places[others] - self.places[item], axis=1)
        order = np.argsort(apart, kind="stable")
        return {others[row]: rank for rank, row in enumerate(order, start=1)}


@pytest.fixture(scope="module")
def films(html_folder):
    # Its matrices are small: several threads would wait for each other.
    torch.set_num_threads(1)
    return Films(html_folder / "_static" / "films.js")


@contextmanager
def opened(
    browser,
    address,
    width=1280,
    scheme="light",
    prepare=lambda context: None,
    **settings,
):
    """Chapter 1, with all that it asked for and complained of."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        **({"reduced_motion": "reduce"} | settings),
    )
    prepare(context)
    page = context.new_page()
    page.asked, page.said = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on(
        "console",
        lambda message: (
            page.said.append(message.text)
            if message.type in ("error", "warning")
            else None
        ),
    )
    page.goto(f"{address}/{CHAPTER}", wait_until="load")
    page.wait_for_load_state("networkidle")
    yield page
    context.close()


def come_near(page):
    page.locator("#fig-map").scroll_into_view_if_needed()
    page.locator("#fig-map.film-map-ready").wait_for()
    centre(page)


def centre(page):
    page.evaluate(
        "document.querySelector('.film-map-board')"
        ".scrollIntoView({block: 'center', behavior: 'instant'})"
    )


def start_anew(page):
    """Bring a page that was used back to where it was when the map came."""
    page.emulate_media(media="screen", reduced_motion="reduce")
    page.mouse.move(0, 0)
    page.evaluate(
        """() => {
            const table = document.querySelector(".film-map-table");
            const [, ratings] = table.querySelectorAll("thead button");
            const other = "[aria-sort]:not(:nth-child(2))";
            if (table.open && table.querySelector(other)) ratings.click();
            table.open = false;
        }"""
    )
    # By key, as for a reader who has not touched a mouse.
    page.get_by_role("button", name="Start view").press("Enter")
    page.evaluate("document.activeElement.blur()")
    centre(page)
    page.said.clear()


@pytest.fixture(scope="module")
def page_of(browser, book_address):
    """One page a view for all tests that can share it: loading takes long."""
    shared = {}
    with ExitStack() as stack:

        def page_of(width, scheme, **settings):
            key = (width, scheme, *settings)
            if key not in shared:
                page = opened(browser, book_address, width, scheme, **settings)
                shared[key] = stack.enter_context(page)
                come_near(shared[key])
                shared[key].named_at_first = (
                    shared[key].locator(".labels text").all_text_contents()
                )
                shared[key].cells_at_first = (
                    shared[key].locator(".film-map-table td").count()
                )
            start_anew(shared[key])
            return shared[key]

        yield page_of


@pytest.fixture
def page(request, page_of):
    page = page_of(*getattr(request, "param", VIEWS[0]))
    yield page
    assert page.said == []


@pytest.fixture
def phone(page_of):
    page = page_of(390, "light", has_touch=True, is_mobile=True)
    yield page
    assert page.said == []


def spot(page, item):
    """Where a film's dot lies in the window, in pixels."""
    return page.evaluate(
        """item => {
            const dot = document.querySelector(`circle[data-film="${item}"]`);
            if (dot.hasAttribute("hidden")) throw Error(`${item} is hidden`);
            const board = dot.closest(".film-map-board");
            const box = board.getBoundingClientRect();
            const at = name => Number(dot.getAttribute(name));
            return [box.left + board.clientLeft + at("cx"),
                box.top + board.clientTop + at("cy")];
        }""",
        int(item),
    )


def hover(page, item):
    page.mouse.move(*spot(page, item))


def said(page):
    """What a screen reader was told last, once the hand rests."""
    page.wait_for_timeout(250)
    return page.locator(".film-map-status").inner_text()


def facts(page):
    """The film in hand and the rows of its neighbours."""
    return page.evaluate(
        """() => {
            const all = (box, query) => [...box.querySelectorAll(query)];
            const box = document.querySelector(".film-map-facts");
            const [title] = all(box, ".film-map-head strong");
            return [title.innerText, all(box, "tbody tr").map(
                row => all(row, "td").map(cell => cell.innerText))];
        }"""
    )


def beside(page):
    return page.locator(".film-map-beside").inner_text()


def ordinal(number):
    if number % 100 in (11, 12, 13):
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def signed(number):
    return f"{number:.2f}".replace("-", MINUS)


def find(page, text):
    page.locator("#film-map-find").fill(text)
    page.keyboard.press("Enter")


# Without the script, without the data ----------------------------------------


def test_without_javascript_the_picture_stands_with_its_caption(
    browser, book_address
):
    with opened(browser, book_address, java_script_enabled=False) as page:
        figure = page.locator("figure#fig-map")
        assert figure.locator("img").first.is_visible()
        assert figure.locator("figcaption").inner_text().startswith("Fig.")
        assert page.locator(".film-map-board").count() == 0


def test_the_data_arrive_when_the_reader_comes_near(browser, book_address):
    with opened(browser, book_address) as page:
        data = [url for url in page.asked if url.endswith("films.js")]
        assert data == []
        assert page.locator("#fig-map .film-map-board").is_hidden()
        come_near(page)
        assert [url for url in page.asked if url.endswith("films.js")] == [
            f"{book_address}/_static/films.js"
        ]


@pytest.mark.parametrize("missing", ["films.js", "recommend.js"])
def test_where_the_data_do_not_come_the_figure_is_as_it_was(
    browser, book_address, missing
):
    with opened(browser, book_address) as page:
        page.route(f"**/{missing}", lambda route: route.abort())
        figure = page.locator("#fig-map")
        with page.expect_console_message(
            lambda message: "stays a picture" in message.text
        ):
            figure.scroll_into_view_if_needed()
        assert figure.locator("img").first.is_visible()
        assert page.locator("[class*=film-map]").count() == 0
        assert [
            child.evaluate("e => e.tagName")
            for child in figure.locator("> *").all()
        ] == ["IMG", "IMG", "FIGCAPTION"]  # light, dark


@pytest.mark.parametrize("missing", ["dom", "titles", "combobox"])
def test_where_a_script_is_missing_the_figure_is_as_it_was(
    browser, book_address, missing
):
    def leave_out(context):
        context.route(f"**/{missing}.js*", lambda route: route.abort())

    with opened(browser, book_address, prepare=leave_out) as page:
        page.locator("#fig-map").scroll_into_view_if_needed()
        assert page.locator("#fig-map img").first.is_visible()
        assert page.locator("[class*=film-map]").count() == 0


def test_the_map_works_in_a_page_opened_from_a_folder(
    browser, html_folder, films
):
    with opened(browser, html_folder.as_uri()) as page:
        come_near(page)
        find(page, "star wars")
        assert facts(page)[0] == "Star Wars (1977)"
        assert all(
            url.startswith((html_folder.as_uri(), "data:"))
            for url in page.asked
        )


def test_no_request_leaves_the_book(page, book_address):
    find(page, "fargo")
    page.locator(".film-map-table summary").click()
    assert all(url.startswith((book_address, "data:")) for url in page.asked)


def test_the_figure_keeps_its_caption_number_and_anchor(page):
    caption = page.locator("#fig-map figcaption")
    assert caption.is_visible()
    assert caption.locator(".caption-number").inner_text().startswith("Fig.")
    assert caption.locator("a.headerlink").get_attribute("href") == "#fig-map"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_moves_when_the_map_comes_or_is_touched(
    browser, book_address, films, width
):
    with opened(browser, book_address, width) as page:
        height = "document.documentElement.scrollHeight"
        before = page.evaluate(height)
        come_near(page)
        assert page.evaluate(height) == before
        hover(page, films.titles.index("Fargo (1996)"))
        assert page.evaluate(height) == before
        find(page, "fargo")
        assert page.evaluate(height) == before
        page.locator(".film-map-board").focus()
        page.keyboard.press("ArrowRight")
        assert beside(page).startswith("Beside it")
        assert page.evaluate(height) == before


def test_paper_gets_the_picture(page):
    page.emulate_media(media="print")
    assert page.locator("#fig-map img").first.is_visible()
    assert page.locator(".film-map-board").is_hidden()
    assert page.locator(".film-map-controls").is_hidden()


# Films and their neighbours --------------------------------------------------


def test_pointing_at_a_dot_shows_its_title_and_the_librarys_neighbours(
    page, films
):
    some = np.random.default_rng(0).choice(films.shown(), 25, replace=False)
    for item in some:
        hover(page, item)
        title, rows = facts(page)
        assert title == films.titles[item]
        expected = films.nearest(item)
        ranks = films.ranks_by_place(item)
        assert rows == [
            [
                f"{row}{near.title}",
                signed(near.cosine),
                ordinal(ranks[near.item]),
            ]
            for row, near in enumerate(expected.itertuples(), start=1)
        ]
        both = sum(ranks[other] <= 5 for other in expected["item"])
        assert f"{both} of these 5 are among the 5 nearest dots." in (
            page.locator(".film-map-film").inner_text()
        )


def test_neighbours_are_ringed_numbered_joined_and_named_where_they_lie(
    page, films
):
    item = films.titles.index("Fargo (1996)")
    hover(page, item)
    places = page.evaluate(
        """([item, ...near]) => {
            const at = (shape, x = "cx", y = "cy") =>
                [x, y].map(name => Number(shape.getAttribute(name)));
            const dot = name => at(
                document.querySelector(`circle[data-film="${name}"]`));
            const all = query => [...document.querySelectorAll(query)];
            return {
                dots: near.map(dot),
                rings: all(".marks circle.near").map(ring => at(ring)),
                ends: all(".links line.near").map(
                    line => at(line, "x2", "y2")),
                starts: all(".links line.near").map(
                    line => at(line, "x1", "y1")),
                from: dot(item),
                numbers: all(".marks text").map(text => text.textContent),
            };
        }""",
        [item, *films.nearest(item)["item"].tolist()],
    )
    dots = np.array(places["dots"])
    assert np.allclose(places["rings"], dots, atol=0.06)
    assert np.allclose(places["ends"], dots, atol=0.06)
    assert np.allclose(places["starts"], places["from"], atol=0.06)
    assert places["numbers"] == ["1", "2", "3", "4", "5"]
    assert "Fargo" in page.locator(".labels .held").all_text_contents()


def test_dots_lie_where_the_export_puts_them(page, films):
    items = films.shown()
    spots = np.array([spot(page, item) for item in items[:40]])
    places = films.places[items[:40]]
    # One scale for both directions, the second upwards.
    (across, left), (down, top) = (
        np.polyfit(places[:, axis], spots[:, axis], 1) for axis in (0, 1)
    )
    assert across > 0
    assert down == pytest.approx(-across, rel=1e-3)
    fitted = places * (across, down) + (left, top)
    assert fitted == pytest.approx(spots, abs=0.2)


def test_well_known_films_are_named_before_any_touch(page):
    assert len(page.named_at_first) >= 20
    assert {"Fargo", "Titanic"} <= set(page.named_at_first)


def test_a_pinned_film_is_compared_with_the_one_pointed_at(page, films):
    star_wars = films.titles.index("Star Wars (1977)")
    fargo = films.titles.index("Fargo (1996)")
    page.mouse.click(*spot(page, star_wars))
    hover(page, fargo)
    assert facts(page)[0] == "Star Wars (1977)"
    order = films.nearest(star_wars, n=len(films.titles))
    rank = order["item"].tolist().index(fargo)
    place = films.ranks_by_place(star_wars)[fargo]
    assert beside(page) == (
        f"Beside it: Fargo (1996), {films.counts[fargo]} ratings: "
        f"cosine {signed(order['cosine'][rank])}, the {ordinal(rank + 1)} "
        f"nearest by all factors and the {ordinal(place)} nearest dot."
    )


def test_the_two_films_that_are_compared_are_always_named(page, films):
    page.mouse.click(*spot(page, films.titles.index("Fargo (1996)")))
    board = page.locator(".film-map-board")
    board.focus()
    for key in ("ArrowUp", "ArrowLeft", "ArrowDown", "ArrowRight") * 3:
        page.keyboard.press(key)
        other = page.locator(".film-map-beside strong")
        if other.count():
            name = other.inner_text().rsplit(" (", 1)[0]
            held = page.locator(".labels .held").all_text_contents()
            assert "Fargo" in held
            assert any(name.startswith(text.rstrip("…")) for text in held)


def test_a_click_beside_all_dots_lets_go(page, films):
    page.mouse.click(*spot(page, films.titles.index("Fargo (1996)")))
    pin = page.locator(".film-map-head button")
    assert pin.get_attribute("aria-pressed") == "true"
    box = page.locator(".film-map-board").bounding_box()
    page.mouse.click(box["x"] + 3, box["y"] + box["height"] - 3)
    assert pin.get_attribute("aria-pressed") == "false"


def test_a_neighbours_name_puts_it_beside_the_film(page, films):
    fargo = films.titles.index("Fargo (1996)")
    hover(page, fargo)
    second = films.nearest(fargo)["title"][1]
    page.get_by_role("button", name=second, exact=True).click()
    assert facts(page)[0] == "Fargo (1996)"
    assert beside(page).startswith(f"Beside it: {second}, ")
    focused = page.evaluate("document.activeElement.textContent")
    assert focused == second


# Rare films ------------------------------------------------------------------


def test_the_slider_decides_which_films_are_shown(page, films):
    slider = page.locator("#film-map-least")
    dots = page.locator(".dots circle:not([hidden])")
    assert dots.count() == len(films.shown(AT_FIRST))
    slider.press("ArrowRight")
    assert slider.get_attribute("aria-valuetext").startswith(
        "at least 100 ratings"
    )
    assert dots.count() == len(films.shown(100))
    slider.press("Home")
    assert dots.count() == len(films.titles)
    assert "1,682 films" in page.locator(".film-map-least").inner_text()


def test_the_slider_decides_who_can_be_a_neighbour(page, films):
    page.locator("#film-map-least").press("Home")
    item = films.titles.index("Fargo (1996)")
    hover(page, item)
    names = [row[0][1:] for row in facts(page)[1]]
    assert names == films.nearest(item, least=1)["title"].tolist()


def test_rare_films_land_in_the_middle_of_the_others(films):
    def spread(items):
        middle = films.places[films.shown(100)].mean(axis=0)
        return np.linalg.norm(films.places[items] - middle, axis=1).mean()

    rare = np.flatnonzero(films.counts < 5)
    assert spread(rare) < spread(films.shown(100)) / 2


# Keyboard --------------------------------------------------------------------


def test_a_film_is_found_by_keyboard_alone(page, films):
    field = page.locator("#film-map-find")
    field.focus()
    page.keyboard.type("star trek")
    assert field.get_attribute("aria-expanded") == "true"
    options = page.get_by_role("option").all_inner_texts()
    assert len(options) == 8
    assert all("Star Trek" in text for text in options)
    for key, text in ((None, options[0]), ("ArrowDown", options[1])):
        if key:
            page.keyboard.press(key)
        name = field.get_attribute("aria-activedescendant")
        active = page.locator(f"#{name}")
        assert active.get_attribute("aria-selected") == "true"
        assert active.inner_text() == text
    page.keyboard.press("Enter")
    assert page.get_by_role("option").count() == 0
    title, rows = facts(page)
    item = films.titles.index(title)
    assert options[1] == f"{title} {films.counts[item]} ratings"
    expected = films.nearest(item)["title"].tolist()
    assert [row[0][1:] for row in rows] == expected
    assert said(page).startswith(f"{title}, {films.counts[item]} ratings, pin")
    assert all(name in said(page) for name in expected)


def test_a_rare_film_is_found_without_its_accents_and_shown(page, films):
    page.locator("#film-map-find").focus()
    page.keyboard.type("MISERABLES 1995")
    page.keyboard.press("Enter")
    title, rows = facts(page)
    assert title == "Les Misérables (1995)"
    item = films.titles.index(title)
    # As few ratings as let it be shown, of the slider's stops.
    least = max(n for n in (1, 2, 5, 10, 20, 50) if n <= films.counts[item])
    dots = page.locator(".dots circle:not([hidden])")
    assert least < AT_FIRST and dots.count() == len(films.shown(least))
    expected = films.nearest(item, least=least)["title"].tolist()
    assert [row[0][1:] for row in rows] == expected


def test_escape_closes_the_list_of_films_and_then_empties_the_field(page):
    field = page.locator("#film-map-find")
    field.press_sequentially("star")
    assert page.get_by_role("option").count() == 8
    page.keyboard.press("Escape")
    assert page.get_by_role("option").count() == 0
    assert field.input_value() == "star"
    page.keyboard.press("Escape")
    assert field.input_value() == ""


def test_how_many_films_were_found_is_said(page, films):
    field = page.locator("#film-map-find")
    field.fill("love")
    n = sum(bool(re.search(r"\bLove", title)) for title in films.titles)
    assert said(page) == f"{n} films; the first 8 are listed."
    field.fill("star trek")
    assert said(page) == "8 films."
    field.fill("fargo")
    assert said(page) == "1 film."
    field.fill("zzzz")
    assert said(page) == (
        "No title here has these words. The newest film is of 1998."
    )
    field.fill("")
    assert said(page) == ""


def test_tab_passes_the_map_in_one_stop(page):
    page.locator("#film-map-find").focus()
    stops = []
    for _ in range(6):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                "document.activeElement.id || "
                "document.activeElement.textContent.trim() || "
                "document.activeElement.className"
            )
        )
    assert stops[:4] == ["film-map-least", "+", MINUS, "Start view"]
    assert page.locator(".film-map-board").evaluate("e => e.tabIndex") == 0
    assert page.locator(".film-map-board [tabindex]").count() == 0
    assert stops[5] == "Pin"
    assert said(page).startswith("Star Wars (1977)")


@pytest.mark.parametrize(
    ("key", "axis", "sign"),
    [
        ("ArrowRight", 0, 1),
        ("ArrowLeft", 0, -1),
        ("ArrowUp", 1, 1),
        ("ArrowDown", 1, -1),
    ],
)
def test_an_arrow_goes_to_a_near_dot_that_lies_that_way(
    page, films, key, axis, sign
):
    find(page, "star wars")
    page.locator(".film-map-board").focus()
    page.keyboard.press(key)
    title = page.locator(".film-map-beside strong").inner_text()
    start = films.titles.index("Star Wars (1977)")
    way = films.places[films.titles.index(title)] - films.places[start]
    assert way[axis] * sign >= abs(way[1 - axis]) - 1e-6
    assert title in said(page)
    # None that lies that way is nearer and less to the side.
    others = [o for o in films.shown() if o != start]
    ways = films.places[others] - films.places[start]
    along, aside = ways[:, axis] * sign, np.abs(ways[:, 1 - axis])
    better = (along > 0) & (along < way[axis] * sign - 1e-6)
    assert not (
        better & (aside < abs(way[1 - axis]) - 1e-6) & (aside <= along)
    ).any()


def test_enter_pins_and_escape_lets_go(page):
    board = page.locator(".film-map-board")
    board.focus()
    page.keyboard.press("ArrowRight")
    title = facts(page)[0]
    page.keyboard.press("Enter")
    pin = page.locator(".film-map-head button")
    assert pin.get_attribute("aria-pressed") == "true"
    assert "pinned" in said(page)
    page.keyboard.press("ArrowRight")
    assert facts(page)[0] == title
    assert beside(page).startswith("Beside it")
    page.keyboard.press("Escape")
    assert not beside(page).startswith("Beside it")
    page.keyboard.press("Escape")
    assert pin.get_attribute("aria-pressed") == "false"
    page.keyboard.press("Escape")
    assert page.locator(".film-map-head").count() == 0
    assert said(page) == "No film is held."


def test_an_arrow_held_down_walks_to_the_end_of_the_map(page, films):
    page.locator(".film-map-board").focus()
    walk = [facts(page)[0]]
    while len(walk) < 2 or walk[-1] != walk[-2]:
        page.keyboard.press("ArrowRight")
        walk.append(facts(page)[0])
    places = [films.places[films.titles.index(title), 0] for title in walk]
    assert len(walk) > 8
    assert (np.diff(places[:-1]) > 0).all()
    assert (films.places[films.shown(), 0] > places[-1]).sum() < 10


def test_keys_zoom_move_and_bring_back(page, films):
    items = [films.titles.index(t) for t in ("Fargo (1996)", "Jaws (1975)")]

    def apart():
        one, other = (np.array(spot(page, item)) for item in items)
        return np.linalg.norm(one - other)

    first, start = apart(), spot(page, items[0])
    page.locator(".film-map-board").focus()
    page.keyboard.press("+")
    assert apart() == pytest.approx(1.6 * first, rel=0.01)
    before = spot(page, items[0])
    page.keyboard.press("Shift+ArrowLeft")
    assert spot(page, items[0])[0] > before[0] + 20
    page.keyboard.press("-")
    assert apart() == pytest.approx(first, rel=0.01)
    page.keyboard.press("+")
    page.keyboard.press("0")
    assert spot(page, items[0]) == pytest.approx(start, abs=0.2)


def test_the_view_follows_the_film_in_hand(page):
    board = page.locator(".film-map-board")
    find(page, "trainspotting")
    board.focus()
    for _ in range(5):
        page.keyboard.press("+")
    box = board.bounding_box()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
        ring = page.locator(".marks .other").bounding_box()
        assert box["x"] <= ring["x"] <= box["x"] + box["width"]
        assert box["y"] <= ring["y"] <= box["y"] + box["height"]


# Mouse and fingers -----------------------------------------------------------


def test_the_wheel_scrolls_the_page_and_zooms_with_ctrl_alone(page, films):
    item = films.titles.index("Fargo (1996)")
    other = films.titles.index("Jaws (1975)")
    x, y = spot(page, item)
    page.mouse.move(x, y)
    apart = np.subtract(spot(page, other), (x, y))
    page.mouse.wheel(0, 120)
    page.wait_for_timeout(200)
    moved = spot(page, item)
    assert moved[1] == pytest.approx(y - 120, abs=1)
    assert np.subtract(spot(page, other), moved) == pytest.approx(apart)
    page.mouse.move(*moved)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -60)
    page.keyboard.up("Control")
    page.wait_for_timeout(200)
    # What is under the pointer stays there, to the pixel.
    assert spot(page, item) == pytest.approx(moved, abs=1)
    zoomed = np.subtract(spot(page, other), spot(page, item))
    assert zoomed == pytest.approx(apart * np.exp(0.5), rel=0.01)


def test_a_zoomed_map_is_dragged_by_the_mouse(page, films):
    item = films.titles.index("Star Wars (1977)")
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("button", name="Zoom in").click()
    box = page.locator(".film-map-board").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    before = spot(page, item)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 10)
    page.mouse.move(x + 60, y + 40)
    page.mouse.up()
    assert np.subtract(spot(page, item), before) == pytest.approx(
        (60, 40), abs=0.5
    )
    # A drag pins nothing.
    pin = page.locator(".film-map-head button")
    assert pin.get_attribute("aria-pressed") == "false"


def test_the_start_view_brings_everything_back(page, films):
    item = films.titles.index("Fargo (1996)")
    start = spot(page, item)
    find(page, "trainspotting")
    page.get_by_role("button", name="Zoom in").click()
    page.locator("#film-map-least").press("Home")
    page.get_by_role("button", name="Start view").click()
    assert spot(page, item) == pytest.approx(start, abs=0.2)
    assert page.locator("#film-map-find").input_value() == ""
    dots = page.locator(".dots circle:not([hidden])")
    assert dots.count() == len(films.shown(AT_FIRST))
    assert facts(page)[0] == films.titles[int(np.argmax(films.counts))]


def touch(hand, kind, *points):
    hand.send(
        "Input.dispatchTouchEvent",
        {
            "type": kind,
            "touchPoints": [
                {"x": float(x), "y": float(y), "id": name}
                for name, (x, y) in enumerate(points)
            ],
        },
    )


def at_rest(page):
    """How far the page is scrolled, in pixels, once it stands still."""
    page.evaluate(
        """() => new Promise(stands => {
            let last = scrollY, still = 0;
            const look = () => {
                still = scrollY === last ? still + 1 : 0;
                last = scrollY;
                if (still === 30) stands(); else requestAnimationFrame(look);
            };
            look();
        })"""
    )
    return page.evaluate("scrollY")


def test_two_fingers_zoom_the_map_and_leave_the_page_alone(phone, films):
    item = films.titles.index("Fargo (1996)")
    other = films.titles.index("Jaws (1975)")
    box = phone.locator(".film-map-board").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    apart = np.subtract(spot(phone, other), spot(phone, item))
    scrolled = phone.evaluate("scrollY")
    hand = phone.context.new_cdp_session(phone)
    touch(hand, "touchStart", (x - 30, y), (x + 30, y))
    for reach in (40, 50, 60):
        touch(hand, "touchMove", (x - reach, y), (x + reach, y))
    touch(hand, "touchEnd")
    zoomed = np.subtract(spot(phone, other), spot(phone, item))
    assert zoomed == pytest.approx(2 * apart, rel=0.02)
    assert phone.evaluate("scrollY") == scrolled
    assert phone.evaluate("visualViewport.scale") == 1


def test_one_finger_scrolls_the_page(phone, films):
    item = films.titles.index("Fargo (1996)")
    box = phone.locator(".film-map-board").bounding_box()
    before = spot(phone, item)[1]
    scrolled = phone.evaluate("scrollY")
    x, y = box["x"] + 180, box["y"] + 300
    hand = phone.context.new_cdp_session(phone)
    touch(hand, "touchStart", (x, y))
    for step in range(1, 11):
        touch(hand, "touchMove", (x, y - 20 * step))
    touch(hand, "touchEnd")
    moved = at_rest(phone) - scrolled
    assert moved > 100
    assert spot(phone, item)[1] == pytest.approx(before - moved, abs=1)


def test_a_tap_takes_a_film_in_hand_and_a_second_one_pins_it(phone, films):
    fargo = films.titles.index("Fargo (1996)")
    phone.touchscreen.tap(*spot(phone, fargo))
    assert facts(phone)[0] == "Fargo (1996)"
    pin = phone.locator(".film-map-head button")
    assert pin.get_attribute("aria-pressed") == "false"
    phone.touchscreen.tap(*spot(phone, fargo))
    assert pin.get_attribute("aria-pressed") == "true"
    titanic = films.titles.index("Titanic (1997)")
    phone.touchscreen.tap(*spot(phone, titanic))
    assert beside(phone).startswith("Beside it: Titanic (1997)")


# The table -------------------------------------------------------------------


def open_table(page):
    table = page.locator(".film-map-table")
    table.locator("summary").click()
    wait_for_table(page)
    return table


def wait_for_table(page):
    page.locator(".film-map-table[aria-busy=false]").wait_for()


def rows_of(page):
    return page.evaluate(
        "[...document.querySelectorAll('.film-map-table tbody tr')].map("
        "row => [...row.cells].map(cell => cell.textContent))"
    )


def test_the_table_says_what_the_map_shows(page, films):
    assert page.cells_at_first == 0
    open_table(page)
    order = np.argsort(-films.counts, kind="stable")
    order = order[: len(films.shown())]
    assert rows_of(page) == [
        [
            films.titles[item],
            str(films.counts[item]),
            *(signed(value) for value in films.places[item]),
            "; ".join(films.nearest(item, n=3)["title"]),
        ]
        for item in order
    ]
    caption = page.locator(".film-map-table caption").inner_text()
    assert caption == f"{len(order)} films with at least 50 ratings"


def test_the_table_follows_the_slider_and_the_search_box(page, films):
    open_table(page)
    page.locator("#film-map-least").press("ArrowRight")
    wait_for_table(page)
    assert len(rows_of(page)) == len(films.shown(100))
    page.locator("#film-map-find").fill("star trek")
    wait_for_table(page)
    found = [row[0] for row in rows_of(page)]
    assert sorted(found) == sorted(
        films.titles[item]
        for item in films.shown(100)
        if {"star", "trek"}
        <= set(films.titles[item].lower().replace(":", "").split())
    )
    caption = page.locator(".film-map-table caption").inner_text()
    assert caption.endswith("of those that match “star trek”")


@pytest.mark.parametrize(
    ("head", "column"), [("First direction", 2), ("Second direction", 3)]
)
def test_the_table_is_sorted_up_and_down_by_its_heads(
    page, films, head, column
):
    open_table(page)
    button = page.get_by_role("button", name=head)
    places = np.sort(films.places[films.shown(), column - 2])
    for way, expected in (("ascending", places), ("descending", places[::-1])):
        button.click()
        wait_for_table(page)
        assert [row[column] for row in rows_of(page)] == [
            signed(value) for value in expected
        ]
        head_cell = button.locator("..")
        assert head_cell.get_attribute("aria-sort") == way
    assert page.locator("[aria-sort]").count() == 1


# How it looks ----------------------------------------------------------------


@pytest.mark.parametrize("page", VIEWS, indirect=True, ids=view_name)
def test_axe_finds_nothing_in_a_map_that_is_open_and_pinned(page, axe):
    slider = page.locator("#film-map-least")
    for _ in range(2):  # a short table is checked as well, and sooner
        slider.press("ArrowRight")
    find(page, "fargo")
    open_table(page)
    page.locator(".film-map-board").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#film-map-find").fill("star")
    wait_for_table(page)
    assert 0 < len(rows_of(page)) < 100
    assert page.get_by_role("option").count() > 1
    # The rest of the page is looked at in test_browser.py.
    said = axe(page, "#fig-map, .film-map-table")
    assert said["passes"]
    found = said["violations"]
    assert not found, [
        (each["id"], node["html"][:200], node["failureSummary"])
        for each in found
        for node in each["nodes"]
    ]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def luminance(colour):
    """Relative luminance (WCAG 2, its own formula) of 'rgb(r, g, b)'."""
    parts = [float(part) / 255 for part in colour[4:-1].split(",")[:3]]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in parts
    ]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("page", VIEWS[:2], indirect=True, ids=view_name)
def test_marks_stand_out_from_the_ground_in_light_and_dark(page, films):
    page.mouse.click(*spot(page, films.titles.index("Fargo (1996)")))
    hover(page, films.titles.index("Titanic (1997)"))
    colours = page.evaluate(
        """() => {
            const look = (query, name) =>
                getComputedStyle(document.querySelector(query))[name];
            return [
                look(".film-map-board", "backgroundColor"),
                look(".dots", "fill"),
                look(".marks .subject", "fill"),
                look(".marks .near", "stroke"),
                look(".marks .other", "stroke"),
            ];
        }"""
    )
    ground, *marks = map(luminance, colours)
    for mark in marks:
        high, low = max(ground, mark), min(ground, mark)
        assert (high + 0.05) / (low + 0.05) >= 3


def test_who_wants_no_motion_sees_none(page, films):
    item = films.titles.index("Fargo (1996)")
    # A clock of its own: how long a frame takes is the machine's affair.
    places = """item => {
        const dot = document.querySelector(`circle[data-film="${item}"]`);
        const seen = [dot.getAttribute("cx")];
        const { requestAnimationFrame } = window;
        const began = performance.now();
        let waiting = [];
        window.requestAnimationFrame = step => waiting.push(step);
        try {
            document.querySelector("[data-do=in]").click();
            for (let frame = 0; frame < 40; frame++) {
                seen.push(dot.getAttribute("cx"));
                const steps = waiting;
                waiting = [];
                for (const step of steps) step(began + 16 * frame);
            }
        } finally {
            window.requestAnimationFrame = requestAnimationFrame;
        }
        return new Set(seen).size;
    }"""
    for wish, expected in (("reduce", {2}), ("no-preference", range(3, 41))):
        start_anew(page)
        page.emulate_media(reduced_motion=wish)
        assert page.evaluate(places, item) in expected
