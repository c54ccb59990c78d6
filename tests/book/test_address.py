"""What the rating page writes behind the # of its address, it reads again."""

from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "book" / "assets" / "rate.js"
# What follows needs the page's films.
END = '  const root = document.getElementById("rate");'
N_FILMS = 1_682


@pytest.fixture(scope="module")
def page(browser):
    """Give a page that has the script's functions and none of its films."""
    text, found, _ = SCRIPT.read_text(encoding="utf-8").partition(END)
    assert found
    context = browser.new_context()
    page = context.new_page()
    page.goto("about:blank")
    names = "{ starChoices, toAddress, fromAddress }"
    page.add_script_tag(content=f"{text} window.address = {names}; }})();")
    yield page
    context.close()


def read(page, fragment, scale=(1, 5)):
    return page.evaluate(
        "([text, n, scale]) => address.fromAddress("
        "text, n, address.starChoices(scale))",
        [fragment, N_FILMS, scale],
    )


def written(page, rated):
    films = [{"item": item, "stars": stars} for item, stars in rated]
    return page.evaluate(
        "([rated, n]) => address.toAddress(rated, n)", [films, N_FILMS]
    )


def pairs(told):
    return [(each["item"], each["stars"]) for each in told["rated"]]


@pytest.mark.parametrize(
    ("scale", "rated"),
    [
        ((1, 5), [(49, 5), (0, 1), (1_681, 3)]),
        ((0.5, 5), [(49, 5), (3, 1)]),
        ((-10, 10), [(3, -5), (4, 2), (5, -10), (6, 0), (7, -1)]),
        ((-1, 8), [(3, -1), (4, 8)]),
        ((0, 1), [(3, 0), (4, 1)]),
        ((-5, -1), [(3, -5), (4, -1)]),
        ((0, 100), [(3, 100), (4, 0), (5, 55)]),
    ],
)
def test_ratings_of_any_scale_survive_the_address(page, scale, rated):
    fragment = written(page, rated)
    told = read(page, fragment, scale)
    assert pairs(told) == rated and told["problem"] == ""


def test_links_that_were_made_before_are_written_and_read_as_they_were(page):
    assert written(page, [(49, 5), (171, 4)]) == "#v1-1682-49x5-171x4"
    assert pairs(read(page, "#v1-1682-49x5-171x4")) == [(49, 5), (171, 4)]
    assert written(page, []) == ""


@pytest.mark.parametrize(
    ("ending", "rated", "lost"),
    [
        ("3xm5-4x2", [(4, 2)], "1 of 2"),  # no stars below 0 on this scale
        ("3x-5-4x2", [(4, 2)], "2 of 3"),
        ("3xmm5-4x2", [(4, 2)], "1 of 2"),
        ("3xm-4x2", [(4, 2)], "1 of 2"),
        ("4x2-4x5", [(4, 2)], "1 of 2"),
        ("9" * 400 + "x5-4x2", [(4, 2)], "1 of 2"),
        ("4x" + "9" * 400, [], "1 of 1"),
        ("4x2-4", [(4, 2)], "1 of 2"),
        ("__proto__x5-4x2", [(4, 2)], "1 of 2"),
    ],
)
def test_what_is_no_rating_is_left_out_and_counted(page, ending, rated, lost):
    told = read(page, f"#v1-{N_FILMS}-{ending}")
    assert pairs(told) == rated
    assert told["problem"].startswith(f"{lost} ratings in the link")


def test_a_link_of_200_000_repeats_is_read_to_its_end(page):
    parts = "-".join(f"{place % N_FILMS}x5" for place in range(200_000))
    told = read(page, f"#v1-{N_FILMS}-{parts}")
    assert pairs(told) == [(item, 5) for item in range(N_FILMS)]
    lost = 200_000 - N_FILMS
    assert told["problem"].startswith(f"{lost} of 200000 ratings")
