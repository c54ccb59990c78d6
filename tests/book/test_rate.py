"""The page where readers rate films, against the library that it copies."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from recslib import baselines, export, recommend
from recslib.models import LSTMRating, MatrixFactorization
from recslib.movielens import load
from recslib.recipes import fit_factorization

PATH = "book/rate.html"
WIDE, NARROW = 1280, 390
# Stars between a page and the library, for the same model.
CLOSE = 1e-4
STAR_WARS, EMPIRE, ALIEN, PATIENT = 49, 171, 182, 285
FOUR = f"#v1-1682-{STAR_WARS}x5-{EMPIRE}x5-{ALIEN}x4-{PATIENT}x2"


def exported(html_folder, name):
    """What the build wrote as a script, read as JSON."""
    text = (html_folder / "_static" / f"{name}.js").read_text("utf-8")
    return json.loads(re.fullmatch(r"window\.\w+ = (.*);\n", text)[1])


def numbers(packed, kind, *shape):
    array = np.frombuffer(base64.b64decode(packed), dtype=kind)
    return torch.tensor(array.reshape(shape).astype("float32"))


@pytest.fixture(scope="module")
def films(html_folder):
    return exported(html_folder, "films")


@pytest.fixture(scope="module")
def lstm_weights(html_folder):
    return exported(html_folder, "lstm")


@pytest.fixture(scope="module")
def ratings():
    return load("100k").ratings


@pytest.fixture(scope="module")
def exact(ratings):
    """Chapter 1's model of all ratings, fitted anew and not rounded."""
    torch.set_num_threads(1)
    return fit_factorization(ratings, n_epochs=20, seed=0)


@pytest.fixture(scope="module")
def rounded(films):
    """The model that the page has."""
    n_items, n_factors = len(films["titles"]), films["n_factors"]
    model = MatrixFactorization(1, n_items, n_factors, films["mean"])
    whole = numbers(films["factors"], "<i2", n_items, n_factors)
    steps = numbers(films["factor_steps"], "<f4", n_factors)
    biases = numbers(films["item_biases"], "<f4", n_items, 1)
    with torch.no_grad():
        model.item_factors.weight.copy_(whole * steps)
        model.item_biases.weight.copy_(biases)
    return model


@pytest.fixture(scope="module")
def raters():
    """Fifty people with 1 to 60 ratings, in no order."""
    random = np.random.default_rng(7)
    sizes = [1, 2, *random.integers(3, 61, 48)]
    return [
        (
            random.choice(1682, size, replace=False).tolist(),
            random.integers(1, 6, size).tolist(),
        )
        for size in sizes
    ]


def tensors(rater):
    items, stars = rater
    return torch.tensor(items), torch.tensor(stars, dtype=torch.float32)


class RatePage:
    """The page in a browser, with all that it asked for and complained of."""

    def __init__(self, browser, address, width=WIDE, scheme="light", **more):
        self.address = f"{address}/{PATH}"
        self.context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            **more,
        )
        self.page = self.context.new_page()
        self.asked, self.errors = [], []
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))

    def open(self, fragment=""):
        # From another page, for else only the fragment would change.
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment, wait_until="load")
        return self.page

    @property
    def fragment(self):
        return self.page.evaluate("location.hash")

    def titles(self, name="mf"):
        return self.page.locator(
            f"#rate-list-{name} .rate-title"
        ).all_inner_texts()

    def rated(self):
        """Title and stars of each rated film, the newest first."""
        return self.page.evaluate(
            """() => [...document.querySelectorAll(".rate-lines li")].map(
                line => [line.firstChild.textContent,
                         line.querySelector(".rate-value").textContent])"""
        )


@pytest.fixture(scope="module")
def opened(browser, book_address):
    """One page for all tests that only evaluate."""
    rate = RatePage(browser, book_address)
    rate.open().evaluate(
        """() => {
            window.model = recslib.decode(recslibFilms);
            window.lstm = recslib.decodeLstm(recslibLstm, model);
        }"""
    )
    yield rate.page
    rate.context.close()


@pytest.fixture(scope="module")
def rate_of(browser, book_address):
    """One tab for all tests that want the same: each opens the page anew."""
    tabs = {}

    def rate_of(**settings):
        key = repr(settings)
        if key not in tabs:
            tabs[key] = RatePage(browser, book_address, **settings)
        tabs[key].asked.clear()
        tabs[key].errors.clear()
        return tabs[key]

    yield rate_of
    for tab in tabs.values():
        tab.context.close()


@pytest.fixture
def rate(request, rate_of):
    rate = rate_of(**getattr(request, "param", {}))
    yield rate
    rate.page.unroute_all()
    assert not rate.errors


# The same answers as the library ---------------------------------------------


def test_the_page_has_the_model_of_both_chapters(films, lstm_weights, exact):
    assert films["fingerprint"] == export.fingerprint(exact)
    assert lstm_weights["of"] == films["fingerprint"]


@pytest.mark.parametrize("model", ["rounded", "exact"])
def test_fifty_raters_get_the_scores_of_the_library(
    model, request, opened, raters, films
):
    model = request.getfixturevalue(model)
    charge = {"l2": films["l2"], "ridge": films["ridge"]}
    for rater in raters:
        person = recommend.fold_in(model, *tensors(rater), **charge)
        scores = opened.evaluate(
            "([items, stars]) => [...recslib.scores(model, "
            "recslib.foldIn(model, items, stars))]",
            list(rater),
        )
        wanted = recommend.score_items(model, person).numpy()
        assert np.abs(scores - wanted).max() < CLOSE


@pytest.mark.parametrize("model", ["rounded", "exact"])
def test_fifty_raters_are_given_the_reasons_of_the_library(
    model, request, opened, raters, films
):
    model = request.getfixturevalue(model)
    charge = {"l2": films["l2"], "ridge": films["ridge"]}
    for number, rater in enumerate(raters):
        item = 31 * number
        shares = opened.evaluate(
            "([items, stars, item]) => [...recslib.shares(model, "
            "recslib.foldIn(model, items, stars), item)]",
            [*rater, item],
        )
        wanted = recommend.arguments(model, *tensors(rater), item, **charge)
        assert np.abs(shares - wanted.numpy()).max() < CLOSE


def test_fifty_raters_get_the_damped_biases_of_the_library(
    opened, raters, ratings
):
    # As many more users, whose ratings come last; the running bias predicts
    # the next one of each from all before it.
    n = [len(items) + 1 for items, _ in raters]
    asked = [
        next(item for item in range(1682) if item not in items)
        for items, _ in raters
    ]
    strangers = torch.arange(ratings.n_users, ratings.n_users + len(raters))
    known = replace(
        ratings,
        user_ids=np.append(ratings.user_ids, 10**6 + np.arange(len(raters))),
    )
    fixed = baselines.damped_biases(known)
    rows = [
        [*items, item] for (items, _), item in zip(raters, asked, strict=True)
    ]
    heard = replace(
        known,
        users=strangers.repeat_interleave(torch.tensor(n)),
        items=torch.tensor([item for each in rows for item in each]),
        ratings=torch.tensor(
            [float(star) for _, stars in raters for star in [*stars, 3]]
        ),
        timestamps=ratings.timestamps.max() + 1 + torch.arange(sum(n)),
    )
    ends = torch.tensor(n).cumsum(0) - 1
    last = baselines.running_user_bias(known, heard)[ends]
    for (items, stars), item, told in zip(raters, asked, last, strict=True):
        own = told - fixed.mean - fixed.item[item]
        wanted = fixed.mean + own + fixed.item
        scores = opened.evaluate(
            "([items, stars]) => [...recslib.baselineScores(model, items, "
            "stars)]",
            [items, stars],
        )
        assert np.abs(scores - wanted.numpy()).max() < CLOSE


def listened(factorization, listener, rater, ridge):
    """Predict as chapter 3 does: fold in and listen, rating by rating."""
    items, stars = tensors(rater)
    n_items, n_factors = factorization.item_factors.weight.shape
    person = recommend.Person(torch.zeros(n_factors), 0.0)
    heard, surprise, state = torch.tensor([[n_items]]), torch.zeros(1, 1), None
    with torch.no_grad():
        for k in range(len(items) + 1):
            if k > 0:
                person = recommend.fold_in(
                    factorization, items[:k], stars[:k], l2=0.0, ridge=ridge
                )
            base = recommend.score_items(factorization, person)
            tastes, state = listener.listen(heard, surprise, state)
            if k < len(items):
                heard = items[k].view(1, 1)
                surprise = (stars[k] - base[items[k]]).view(1, 1)
        taste = tastes[0, 0]
        known = listener.item_factors.weight[:n_items]
        return base + taste[-1] + known @ taste[:-1]


@pytest.fixture(scope="module")
def listener(lstm_weights, films, exact):
    """The LSTM with the weights of the page, hearing unrounded factors."""
    w, n_factors = lstm_weights, films["n_factors"]
    n_heard, n_hidden = w["n_heard"], w["n_hidden"]
    directions = numbers(w["directions"], "<f4", n_factors, n_heard)
    model = LSTMRating(exact.item_factors.weight.detach() @ directions, 16)
    shapes = {
        "lstm.weight_ih_l0": ("input_weights", 4 * n_hidden, n_heard + 1),
        "lstm.weight_hh_l0": ("hidden_weights", 4 * n_hidden, n_hidden),
        "lstm.bias_ih_l0": ("biases", 4 * n_hidden),
        "taste.weight": ("taste_weights", n_heard + 1, n_hidden),
        "taste.bias": ("taste_biases", n_heard + 1),
    }
    weights = {
        name: numbers(w[key], "<f4", *shape)
        for name, (key, *shape) in shapes.items()
    }
    weights["lstm.bias_hh_l0"] = torch.zeros(4 * n_hidden)
    weights["item_factors.weight"] = model.item_factors.weight
    model.load_state_dict(weights)
    return model.eval()


def test_fifty_raters_are_heard_by_the_lstm_of_the_library(
    opened, raters, exact, listener, lstm_weights
):
    for rater in raters:
        scores = opened.evaluate(
            "([items, stars]) => [...recslib.listen(model, lstm, items, "
            "stars)]",
            list(rater),
        )
        wanted = listened(exact, listener, rater, lstm_weights["ridge"])
        assert np.abs(scores - wanted.numpy()).max() < CLOSE


def test_the_lstm_alone_hears_the_order(opened, raters):
    for items, stars in raters[1:10]:
        apart = opened.evaluate(
            """([items, stars]) => {
                const back = [...items].reverse(), starsBack =
                    [...stars].reverse();
                const most = (a, b) => Math.max(
                    ...a.map((score, item) => Math.abs(score - b[item])));
                const folded = (i, s) =>
                    recslib.scores(model, recslib.foldIn(model, i, s));
                return [most(folded(items, stars), folded(back, starsBack)),
                    most(recslib.listen(model, lstm, items, stars),
                         recslib.listen(model, lstm, back, starsBack))];
            }""",
            [items, stars],
        )
        assert apart[0] < 1e-9
        assert apart[1] > 1e-3


def test_neighbours_are_those_of_the_library(opened, rounded, ratings):
    for item in (STAR_WARS, ALIEN, 0, 1681):
        found = opened.evaluate(
            "item => recslib.nearest(model, item, 8, 50)", item
        )
        wanted = recommend.nearest_items(
            rounded.item_factors.weight.detach(),
            item,
            ratings,
            n=8,
            min_ratings=50,
        )
        assert [each["item"] for each in found] == wanted["item"].tolist()
        cosines = [each["cosine"] for each in found]
        assert cosines == pytest.approx(wanted["cosine"].tolist(), abs=1e-5)


def test_what_travels_for_the_lstm_is_under_a_megabyte(html_folder):
    assert (html_folder / "_static" / "lstm.js").stat().st_size < 1e6


# The list on the page --------------------------------------------------------


def test_the_list_is_the_librarys_top_ten_with_its_strongest_reasons(
    rate, rounded, ratings, films
):
    page = rate.open(FOUR)
    items = torch.tensor([STAR_WARS, EMPIRE, ALIEN, PATIENT])
    stars = torch.tensor([5.0, 5.0, 4.0, 2.0])
    charge = {"l2": films["l2"], "ridge": films["ridge"]}
    person = recommend.fold_in(rounded, items, stars, **charge)
    scores = recommend.score_items(rounded, person)
    best = recommend.top_n(scores, ratings, seen=items, n=10)
    assert rate.titles() == best["title"].tolist()
    shown = page.locator("#rate-list-mf .rate-score").all_inner_texts()
    assert [float(text.split()[0]) for text in shown] == pytest.approx(
        best["score"].clip(1, 5).round(1).tolist(), abs=0.051
    )
    reasons = page.locator("#rate-list-mf summary").all_inner_texts()
    for item, reason in zip(best["item"], reasons, strict=True):
        shares = recommend.arguments(rounded, items, stars, item, **charge)
        strongest = items[int(shares.argmax())]
        assert ratings.titles[strongest] in reason


def test_a_reason_opens_to_a_sum_that_adds_up(rate):
    page = rate.open(FOUR)
    line = page.locator("#rate-list-mf li").first
    line.locator("summary").click()
    cells = line.locator("td").all_inner_texts()
    terms = [float(cell.replace("\N{MINUS SIGN}", "-")) for cell in cells]
    assert len(terms) == 2 + 4 + 1  # mean, bias, four ratings, the sum
    assert sum(terms[:-1]) == pytest.approx(terms[-1], abs=0.005 * 7)


def test_a_sum_that_was_opened_stays_open_when_it_changes(rate):
    page = rate.open(FOUR)
    line = page.locator("#rate-list-mf li").first
    title = line.locator(".rate-title").inner_text()
    line.locator("summary").click()
    before = line.locator("td").last.inner_text()
    page.get_by_role("radiogroup", name="Alien (1979)").get_by_role(
        "radio", name="5 stars"
    ).check()
    opened = page.locator("#rate-list-mf details[open]")
    assert opened.count() == 1
    line = opened.locator("xpath=..")
    assert line.locator(".rate-title").inner_text() == title
    assert line.locator("td").last.inner_text() != before


def test_nothing_rated_shows_what_everybody_gets(rate, ratings):
    page = rate.open()
    assert "cold start" in page.locator(".rate-hint").inner_text()
    popular = ratings.counts_by_item().argsort(descending=True, stable=True)
    assert rate.titles("popular") == [
        ratings.titles[row] for row in popular[:10]
    ]
    counts = page.locator("#rate-list-popular .rate-score").all_inner_texts()
    assert counts[0] == f"{ratings.counts_by_item().max()} ratings"
    assert page.locator("#rate-list-mf summary").count() == 0


def test_ratings_move_the_biases_stars_and_never_their_order(rate):
    page = rate.open()
    before = rate.titles("biases")
    rate.open(f"#v1-1682-{PATIENT}x1-{ALIEN}x1")
    score = page.locator("#rate-list-biases .rate-score").first
    assert float(score.inner_text().split()[0]) < 4
    assert rate.titles("biases") == before


def test_moves_are_counted_from_the_last_rating(rate):
    page = rate.open()
    order = page.evaluate(
        """rated => {
            const model = recslib.decode(recslibFilms);
            const scores = recslib.scores(
                model, recslib.foldIn(model, rated, rated.map(() => 5)));
            return [...scores.keys()].filter(item => item !== 49)
                .sort((a, b) => scores[b] - scores[a])
                .map(item => model.titles[item]);
        }""",
        [],
    )
    page.get_by_role("button", name="Star Wars (1977)").first.click()
    page.keyboard.press("5")
    lines = page.locator("#rate-list-mf li").all()
    moves = 0
    for place, line in enumerate(lines):
        title = line.locator(".rate-title").inner_text()
        told = line.locator(".rate-moved").text_content()
        far = re.search(r", (up|down) (\d+) places?$", told)
        moved = 0 if far is None else int(far[2])
        moved *= 1 if far is None or far[1] == "up" else -1
        assert order.index(title) - place == moved
        moves += moved != 0
    assert moves


def test_nothing_is_left_to_who_has_rated_everything(rate):
    everything = "-".join(f"{item}x3" for item in range(1682))
    page = rate.open(f"#v1-1682-{everything}")
    assert rate.titles("popular") == []
    assert "No film is left" in page.locator(".rate-status").inner_text()


# Searching -------------------------------------------------------------------


def test_two_films_of_one_title_are_told_apart(rate):
    page = rate.open()
    page.get_by_role("combobox").fill("chasing amy")
    options = page.get_by_role("option").all_inner_texts()
    assert len(options) == len(set(options)) == 2


def test_what_is_not_there_is_said(rate):
    page = rate.open()
    page.get_by_role("combobox").fill("zzzz")
    assert not page.get_by_role("listbox").is_visible()
    said = page.locator(".rate-search [role=status]").inner_text()
    assert said.startswith("No title here has these words.")


def test_escape_closes_the_titles_then_empties_the_box(rate):
    page = rate.open()
    box = page.get_by_role("combobox")
    box.fill("fargo")
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "fargo"
    page.keyboard.press("Escape")
    assert box.input_value() == ""


# Rating ----------------------------------------------------------------------


def test_the_keyboard_alone_searches_rates_changes_and_removes(rate):
    page = rate.open()
    start = rate.titles()
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "rate-search":
            break
    page.keyboard.type("empire")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    active = page.evaluate(
        "document.getElementById(document.activeElement.getAttribute("
        "'aria-activedescendant')).textContent"
    )
    assert active.startswith("The Empire Strikes Back (1980)")
    page.keyboard.press("Enter")
    assert rate.rated() == [["The Empire Strikes Back (1980)", "?"]]
    assert rate.fragment == ""
    # The stars have the focus: Space takes the first, arrows go on.
    page.keyboard.press("Space")
    assert rate.fragment == f"#v1-1682-{EMPIRE}x1"
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert rate.fragment == f"#v1-1682-{EMPIRE}x5"
    liked = rate.titles()
    assert liked != start
    said = page.locator(".rate-status").inner_text()
    assert said.startswith("The Empire Strikes Back (1980): 5 stars. First: ")
    page.keyboard.press("2")
    assert rate.fragment == f"#v1-1682-{EMPIRE}x2"
    assert rate.titles() != liked
    page.reload()
    assert rate.rated() == [["The Empire Strikes Back (1980)", "2"]]
    page.locator("#rate-search").focus()
    while page.evaluate("document.activeElement.className") != "rate-remove":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert rate.rated() == []
    assert rate.fragment == ""
    assert rate.titles() == start
    assert page.evaluate("document.activeElement.id") == "rate-search"


def test_a_film_of_a_list_can_be_rated_and_leaves_it(rate):
    page = rate.open()
    (first, *_) = rate.titles()
    page.locator("#rate-list-mf .rate-title").first.click()
    page.keyboard.press("4")
    assert rate.rated() == [[first, "4"]]
    for name in ("mf", "lstm", "biases", "popular"):
        assert first not in rate.titles(name)


def test_a_film_that_got_no_stars_gives_way_to_the_next(rate):
    page = rate.open()
    page.locator("#rate-list-mf .rate-title").nth(0).click()
    page.locator("#rate-list-mf .rate-title").nth(1).click()
    assert [title for title, _ in rate.rated()] == [rate.titles()[1]]
    assert rate.fragment == ""


def test_all_can_be_cleared_and_brought_back(rate):
    page = rate.open(FOUR)
    rated, titles = rate.rated(), rate.titles("lstm")
    page.get_by_role("button", name="Clear all").click()
    assert (rate.rated(), rate.fragment) == ([], "")
    page.get_by_role("button", name="Bring them back").click()
    assert (rate.rated(), rate.fragment) == (rated, FOUR)
    assert rate.titles("lstm") == titles


@pytest.mark.parametrize(
    "rate", [{"width": NARROW, "has_touch": True}], indirect=True
)
def test_a_thumb_on_a_phone_rates_and_switches_lists(rate):
    page = rate.open()
    page.get_by_role("combobox").tap()
    page.get_by_role("combobox").fill("fargo")
    page.get_by_role("option").first.tap()
    page.get_by_role("radio", name="5 stars").tap()
    assert rate.rated() == [["Fargo (1996)", "5"]]
    shown = page.locator(".rate-list:visible h2")
    assert shown.all_inner_texts() == ["Matrix factorization"]
    page.get_by_role("radio", name="Popular").tap()
    assert shown.all_inner_texts() == ["Most popular"]
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            ".rate-stars label, .rate-switch label, .rate-remove")]
            .map(box => box.getBoundingClientRect())
            .filter(box => box.width < 44 || box.height < 44).length"""
    )
    assert small == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_on_a_wide_screen_all_lists_stand_side_by_side(rate):
    page = rate.open()
    names = page.locator(".rate-list:visible h2").all_inner_texts()
    assert names == [
        "Matrix factorization",
        "Most popular",
        "LSTM",
        "Damped biases",
    ]


# The address -----------------------------------------------------------------


def test_a_shared_address_shows_the_same_films_in_their_order(rate):
    rate.open(FOUR)
    assert rate.rated() == [
        ["The English Patient (1996)", "2"],
        ["Alien (1979)", "4"],
        ["The Empire Strikes Back (1980)", "5"],
        ["Star Wars (1977)", "5"],
    ]
    assert rate.fragment == FOUR


def test_another_address_in_the_same_tab_is_taken_up(rate):
    page = rate.open(FOUR)
    page.evaluate(f"location.hash = '#v1-1682-{ALIEN}x3'")
    page.wait_for_function(
        "document.querySelectorAll('.rate-lines li').length === 1"
    )
    assert rate.rated() == [["Alien (1979)", "3"]]


@pytest.mark.parametrize(
    ("fragment", "n_rated", "told"),
    [
        ("#v2-1682-49x5", 0, "version 2"),
        ("#v1-9742-49x5", 0, "made for 9,742 films"),
        ("#v1-1682-49x5-171", 1, "1 of 2 ratings"),
        ("#v1-1682-49x5-9999x5-171x9-49x4", 1, "3 of 4 ratings"),
        ("#v1-1682-", 0, "1 of 1 ratings"),
        ("#rated=49", 0, "no list of ratings"),
        ("#%E0%A4%A", 0, "no list of ratings"),
    ],
)
def test_an_address_that_cannot_be_read_is_said_and_harms_nothing(
    rate, fragment, n_rated, told
):
    page = rate.open(fragment)
    assert told in page.get_by_role("alert").inner_text()
    assert len(rate.rated()) == n_rated
    assert len(rate.titles()) == 10
    # The next rating goes on from there.
    page.locator("#rate-list-mf .rate-title").first.click()
    page.keyboard.press("4")
    assert rate.fragment.startswith("#v1-1682-")
    assert page.get_by_role("alert").inner_text() == ""


def test_a_link_within_the_page_keeps_what_is_rated(rate):
    page = rate.open(FOUR)
    page.evaluate("location.hash = '#for-teachers'")
    page.wait_for_function(f"location.hash === '{FOUR}'")
    assert len(rate.rated()) == 4


@pytest.mark.parametrize(
    "rate",
    [{"permissions": ["clipboard-read", "clipboard-write"]}],
    indirect=True,
)
def test_the_link_is_copied(rate):
    page = rate.open(FOUR)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("The link is copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == rate.address + FOUR


def test_where_copying_is_forbidden_the_link_is_there_to_be_copied(rate):
    page = rate.open(FOUR)
    page.evaluate(
        "() => { navigator.clipboard.writeText = () => Promise.reject(); }"
    )
    page.get_by_role("button", name="Copy link").click()
    link = page.get_by_role("textbox", name="The link")
    link.wait_for()
    assert link.input_value() == rate.address + FOUR


# Anywhere, by anyone ---------------------------------------------------------


def test_nothing_is_asked_for_once_the_page_is_there(rate, book_address):
    page = rate.open(FOUR)
    page.wait_for_load_state("networkidle")
    asked = [url for url in rate.asked if url != "about:blank"]
    assert all(url.startswith((book_address, "data:")) for url in asked)
    rate.asked.clear()
    page.locator("#rate-list-lstm .rate-title").first.click()
    page.keyboard.press("5")
    page.get_by_role("combobox").fill("alien")
    page.keyboard.press("Enter")
    page.keyboard.press("1")
    # Chromium looks at the icon again when the address changes.
    assert {url.rpartition("/")[2] for url in rate.asked} <= {"logo.svg"}


def test_other_pages_do_not_carry_the_films(html_folder):
    carrying = [
        path.name
        for path in html_folder.rglob("*.html")
        if "rate.js" in path.read_text("utf-8")
    ]
    assert carrying == ["rate.html"]


def test_the_page_works_from_a_folder(browser, html_folder):
    rate = RatePage(browser, html_folder.as_uri())
    page = rate.open(FOUR)
    page.locator("#rate-list-mf .rate-title").first.click()
    page.keyboard.press("4")
    assert len(rate.rated()) == 5
    assert rate.fragment.startswith(FOUR)
    page.get_by_role("button", name="Clear all").click()
    assert rate.fragment == ""
    rate.context.close()
    assert not rate.errors


def test_without_javascript_the_page_says_what_is_missing(
    browser, book_address
):
    rate = RatePage(browser, book_address, java_script_enabled=False)
    rate.page.goto(rate.address)
    article = rate.page.locator("article")
    assert "JavaScript is off" in article.inner_text()
    link = article.locator("noscript a").first.get_attribute("href")
    assert link.endswith("01_matrix_factorization.html#sec-1-you")
    rate.context.close()


@pytest.mark.parametrize(
    "missing", ["films", "recommend", "dom", "titles", "combobox"]
)
def test_without_a_part_the_page_says_what_is_missing(rate, missing):
    rate.page.route(f"**/{missing}.js", lambda route: route.abort())
    page = rate.open()
    assert "are missing here" in page.locator("#rate").inner_text()


def test_with_another_chapters_lstm_the_other_lists_stay(rate):
    rate.page.route(
        "**/lstm.js",
        lambda route: route.fulfill(
            body='window.recslibLstm = {"of": "another"};',
            content_type="text/javascript",
        ),
    )
    page = rate.open(FOUR)
    assert page.locator(".rate-list").count() == 3
    assert "list is left out" in page.locator("#rate").inner_text()


@pytest.mark.parametrize(
    "rate",
    [
        {"width": width, "scheme": scheme}
        for width in (WIDE, NARROW)
        for scheme in ("light", "dark")
    ],
    indirect=True,
    ids=lambda view: "{width}-{scheme}".format(**view),
)
def test_axe_finds_nothing_while_films_are_rated_and_searched(rate, axe):
    page = rate.open(FOUR)
    page.locator("#rate-list-mf .rate-title").first.click()
    page.keyboard.press("5")
    page.locator("#rate summary").first.click()
    page.get_by_role("combobox").fill("star")
    found = axe(page, context="#rate")
    assert [
        (violation["id"], node["html"][:200])
        for violation in found["violations"]
        for node in violation["nodes"]
    ] == []
