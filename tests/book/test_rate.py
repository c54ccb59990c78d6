"""The page where readers rate films, against the library that it copies."""

import base64
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from bookbuild import scripts
from recslib import baselines, export, recommend
from recslib.lists import LIKED, Heard
from recslib.models import ListAutoencoder, LSTMRating, MatrixFactorization
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
def exact_network(ratings):
    """What ranks films on the page, fitted anew and not rounded."""
    torch.set_num_threads(1)
    return scripts.list_network(ratings)


@pytest.fixture(scope="module")
def network(html_folder):
    """The network that the page has."""
    packed = exported(html_folder, "network")
    n_hidden = packed["n_hidden"]
    n_items = len(numbers(packed["told_biases"], "<f4", -1))
    model = ListAutoencoder(n_items, n_hidden)
    heard = numbers(packed["heard_weights"], "i1", 2 * n_items, n_hidden)
    told = numbers(packed["told_weights"], "i1", n_items, n_hidden)
    heard_steps = numbers(packed["heard_steps"], "<f4", n_hidden)
    told_steps = numbers(packed["told_steps"], "<f4", n_items, 1)
    with torch.no_grad():
        model.hidden.weight.copy_((heard * heard_steps).T)
        model.hidden.bias.copy_(numbers(packed["hidden_biases"], "<f4", -1))
        model.output.weight.copy_(told * told_steps)
        model.output.bias.copy_(numbers(packed["told_biases"], "<f4", -1))
    return model.eval()


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
    return torch.tensor(items, dtype=torch.int64), torch.tensor(
        stars, dtype=torch.float32
    )


def heard_of(rater):
    """What a network hears of a rater."""
    items, stars = tensors(rater)
    liked, disliked = torch.zeros(2, 1, 1682)
    liked[0, items[stars >= LIKED]] = 1
    disliked[0, items[stars < LIKED]] = 1
    return Heard(liked, disliked)


def ranked_by(network, heard):
    with torch.no_grad():
        return network(heard.liked, heard.disliked)


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

    def titles(self, name="you"):
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
            window.network = recslib.decodeNetwork(recslibNetwork);
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


def test_the_page_ranks_by_the_rounded_network_of_all_ratings(
    network, exact_network, raters
):
    for rater in raters:
        heard = heard_of(rater)
        wanted = ranked_by(export.rounded_network(exact_network), heard)
        apart = ranked_by(network, heard) - wanted
        assert apart.abs().max() < CLOSE


def test_fifty_raters_and_nobody_are_ranked_as_by_the_library(
    opened, raters, network
):
    for rater in [([], []), *raters]:
        scores = opened.evaluate(
            "([items, stars]) => [...recslib.rankingScores(network, items, "
            "stars)]",
            list(rater),
        )
        wanted = ranked_by(network, heard_of(rater))[0].numpy()
        assert np.abs(scores - wanted).max() < CLOSE


def test_fifty_raters_films_fall_without_each_rating_as_in_the_library(
    opened, raters, network
):
    for number, rater in enumerate(raters):
        films = [31 * number, 1681]
        changes = opened.evaluate(
            "([items, stars, films]) => recslib.leaveEachOut(network, items, "
            "stars, films)",
            [*rater, films],
        )
        for film, found in zip(films, changes, strict=True):
            items, wanted = recommend.leave_each_out(
                lambda heard: ranked_by(network, heard), heard_of(rater), film
            )
            told = dict(zip(rater[0], found, strict=True))
            apart = [told[item] for item in items.tolist()] - wanted.numpy()
            assert np.abs(apart).max() < CLOSE


def test_what_travels_to_rank_films_is_under_a_megabyte(html_folder):
    assert (html_folder / "_static" / "network.js").stat().st_size < 1e6


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


@pytest.fixture(scope="module")
def top_ten(network, ratings):
    """What the library lists for the four ratings."""
    items, stars = [STAR_WARS, EMPIRE, ALIEN, PATIENT], [5, 5, 4, 2]
    scores = ranked_by(network, heard_of((items, stars)))[0]
    return recommend.top_n(scores, ratings, seen=torch.tensor(items), n=10)


def test_the_list_is_the_networks_with_the_stars_of_the_factorization(
    rate, rounded, films, top_ten
):
    page = rate.open(FOUR)
    assert rate.titles() == top_ten["title"].tolist()
    person = recommend.fold_in(
        rounded,
        torch.tensor([STAR_WARS, EMPIRE, ALIEN, PATIENT]),
        torch.tensor([5.0, 5.0, 4.0, 2.0]),
        l2=films["l2"],
        ridge=films["ridge"],
    )
    stars = recommend.score_items(rounded, person)[top_ten["item"].tolist()]
    shown = page.locator("#rate-list-you .rate-score").all_inner_texts()
    assert [float(text.split()[0]) for text in shown] == pytest.approx(
        stars.clip(1, 5).tolist(), abs=0.051
    )


def test_each_film_names_the_rating_without_which_it_falls_furthest(
    rate, network, ratings, top_ten
):
    page = rate.open(FOUR)
    given = {STAR_WARS: 5, EMPIRE: 5, ALIEN: 4, PATIENT: 2}
    heard = heard_of((list(given), list(given.values())))
    reasons = page.locator("#rate-list-you .rate-why").all_text_contents()
    named = set()
    for film, reason in zip(top_ten["item"], reasons, strict=True):
        items, _ = recommend.leave_each_out(
            lambda heard: ranked_by(network, heard), heard, film
        )
        strongest = items[0].item()
        title, stars = ratings.titles[strongest], given[strongest]
        assert f"speaks most for it: {title}, your {stars} " in reason
        named.add(strongest)
    assert len(named) > 1


def test_where_no_rating_speaks_for_a_film_it_is_popular(
    rate, network, ratings
):
    # Who dislikes one film, and likes none: for some of the list, even that
    # speaks against them.
    page = rate.open(f"#v1-1682-{EMPIRE}x1")
    heard = heard_of(([EMPIRE], [1]))
    reasons = page.locator("#rate-list-you .rate-why").all_text_contents()
    spoken = []
    for title, reason in zip(rate.titles(), reasons, strict=True):
        _, changes = recommend.leave_each_out(
            lambda heard: ranked_by(network, heard),
            heard,
            ratings.titles.index(title),
        )
        spoken.append(changes.max().item() > 0)
        assert ("speaks most for it" in reason) == spoken[-1]
        assert ("none of your ratings" in reason) != spoken[-1]
    assert len(set(spoken)) == 2


def test_the_popular_list_stands_beside_without_what_is_rated(rate, ratings):
    rate.open(FOUR)
    popular = ratings.counts_by_item().argsort(descending=True, stable=True)
    left = [
        row
        for row in popular.tolist()
        if row not in (STAR_WARS, EMPIRE, ALIEN, PATIENT)
    ]
    wanted = [ratings.titles[row] for row in left[:10]]
    assert rate.titles("popular") == wanted


def test_films_of_both_lists_say_so_in_both(rate):
    page = rate.open(FOUR)
    both = set(rate.titles()) & set(rate.titles("popular"))
    assert 0 < len(both) < 10
    for name, words in (("you", "popular too"), ("popular", "for you too")):
        marked = page.locator(f"#rate-list-{name} li").filter(has_text=words)
        titles = marked.locator(".rate-title").all_inner_texts()
        assert set(titles) == both
    assert page.locator(".rate-shared").count() == 2 * len(both)


def test_nothing_rated_shows_what_everybody_gets(rate, ratings):
    page = rate.open()
    assert "cold start" in page.locator(".rate-hint").inner_text()
    popular = ratings.counts_by_item().argsort(descending=True, stable=True)
    assert rate.titles("popular") == [
        ratings.titles[row] for row in popular[:10]
    ]
    counts = page.locator("#rate-list-popular .rate-score").all_inner_texts()
    assert counts[0] == f"{ratings.counts_by_item().max()} ratings"
    assert rate.titles() == rate.titles("popular")
    assert page.locator(".rate-why").count() == 0


def test_ratings_move_the_biases_stars_and_never_their_order(rate):
    page = rate.open()
    before = rate.titles("biases")
    rate.open(f"#v1-1682-{PATIENT}x1-{ALIEN}x1")
    score = page.locator("#rate-list-biases .rate-score").first
    assert float(score.inner_text().split()[0]) < 4
    assert rate.titles("biases") == before


def test_moves_are_counted_from_the_last_rating(rate):
    page = rate.open()
    # Before the first rating, the list is the popular one.
    order = page.evaluate(
        """() => [...recslibFilms.counts.keys()]
            .filter(item => item !== 49)
            .sort((a, b) => recslibFilms.counts[b] - recslibFilms.counts[a])
            .map(item => recslibFilms.titles[item])"""
    )
    page.get_by_role("button", name="Star Wars (1977)").first.click()
    page.keyboard.press("5")
    lines = page.locator("#rate-list-you li").all()
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
    page.locator("#rate-list-you .rate-title").first.click()
    page.keyboard.press("4")
    assert rate.rated() == [[first, "4"]]
    for name in ("you", "lstm", "biases", "popular"):
        assert first not in rate.titles(name)


def test_a_film_that_got_no_stars_gives_way_to_the_next(rate):
    page = rate.open()
    page.locator("#rate-list-you .rate-title").nth(0).click()
    page.locator("#rate-list-you .rate-title").nth(1).click()
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
    assert shown.all_inner_texts() == ["For you"]
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
        "For you",
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
        ("#v1-1682-49x-5-171x5", 1, "2 of 3 ratings"),
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
    page.locator("#rate-list-you .rate-title").first.click()
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
    page.locator("#rate-list-you .rate-title").first.click()
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
    "missing", ["films", "network", "recommend", "dom", "titles", "combobox"]
)
def test_without_a_part_the_page_says_what_is_missing(rate, missing):
    rate.page.route(f"**/{missing}.js", lambda route: route.abort())
    page = rate.open()
    assert "are missing here" in page.locator("#rate").inner_text()


def test_a_network_of_other_films_ranks_nothing(rate):
    rate.page.route(
        "**/network.js",
        lambda route: route.fulfill(
            body='window.recslibNetwork = {"of": "others"};',
            content_type="text/javascript",
        ),
    )
    page = rate.open(FOUR)
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
    page.locator("#rate-list-you .rate-title").first.click()
    page.keyboard.press("5")
    page.get_by_role("combobox").fill("star")
    found = axe(page, "#rate")
    assert [
        (violation["id"], node["html"][:200])
        for violation in found["violations"]
        for node in violation["nodes"]
    ] == []
