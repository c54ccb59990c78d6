import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recslib.titles import (
    article_in_front,
    search,
    searched,
    split_year,
    words_of,
)

# Written by hand, and what the pages' scripts are tested with as well.
TABLE = Path(__file__).parents[1] / "titles.json"
TITLES, FOUND = json.loads(TABLE.read_text(encoding="utf-8")).values()


@pytest.mark.parametrize(
    ("behind", "front"),
    [
        ("Usual Suspects, The", "The Usual Suspects"),
        ("American in Paris, An", "An American in Paris"),
        ("Bug's Life, A", "A Bug's Life"),
        ("Misérables, Les", "Les Misérables"),
        ("Toy Story", "Toy Story"),
        ("Good, The Bad and The Ugly, The", "The Good, The Bad and The Ugly"),
        ("I, Worst of All (Yo, la peor de todas)",) * 2,
        ("Paris, France", "Paris, France"),
        (
            "Blue Angel, The (Blaue Engel, Der)",
            "The Blue Angel (Der Blaue Engel)",
        ),
        (
            "Eye of Vichy, The (Oeil de Vichy, L')",
            "The Eye of Vichy (L'Oeil de Vichy)",
        ),
        (
            "Die xue shuang xiong (Killer, The)",
            "Die xue shuang xiong (The Killer)",
        ),
        (
            "Shop, The (a.k.a. Store, The) (1965)",
            "The Shop (a.k.a. The Store) (1965)",
        ),
        ("usual suspects, the", "the usual suspects"),
        ("", ""),
    ],
)
def test_the_article_moves_to_the_front_of_each_part(behind, front):
    assert article_in_front(behind) == front


@pytest.mark.parametrize(
    ("title", "parts"),
    [
        ("Heat (1995)", ("Heat", 1995)),
        ("1984 (1984)", ("1984", 1984)),
        ("Land Before Time III (1995) (V)", ("Land Before Time III", 1995)),
        ("Seven (Se7en) (1995)", ("Seven (Se7en)", 1995)),
        ("Fawlty Towers (1975-1979)", ("Fawlty Towers", 1975)),
        ("Friends (1994\u2013)", ("Friends", 1994)),
        ("unknown", ("unknown", None)),
        ("2001: A Space Odyssey", ("2001: A Space Odyssey", None)),
        ("Seven (Se7en)", ("Seven (Se7en)", None)),
    ],
)
def test_the_year_in_brackets_is_parted_from_the_title(title, parts):
    assert split_year(title) == parts


@given(st.text(alphabet="abc ,()LTheA'", max_size=20))
def test_moving_articles_loses_nothing_but_commas_and_blanks(text):
    moved = article_in_front(text)
    assert sorted(moved.replace(" ", "").replace(",", "")) == sorted(
        text.replace(" ", "").replace(",", "")
    )


@pytest.mark.parametrize("typed", FOUND)
def test_what_is_typed_finds_the_titles_of_the_table(typed):
    places = search(searched(TITLES), typed)
    assert [TITLES[place] for place in places] == FOUND[typed]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("M*A*S*H (1970)", "mash 1970"),
        ("E.T. the Extra-Terrestrial", "et the extra terrestrial"),
        ("Usual Suspects, The", "the usual suspects"),
        ("Batman & Robin", "batman and robin"),
        ("Romeo+Juliet", "romeo juliet"),
        (
            "Død snø, Weißes Rößl, Łódź, Ægir",
            "dod sno weisses rossl lodz aegir",
        ),
        ("¿Qué? … No!", "que no"),
        ("?!", ""),
    ],
)
def test_a_text_is_parted_into_plain_words(text, words):
    assert words_of(text) == tuple(words.split())


@given(st.text(max_size=30))
def test_a_title_with_words_is_found_by_itself_before_all_others(title):
    places = search(searched(["Another", title]), title)
    assert bool(places) == bool(words_of(title))
    assert places[:1] in ([], [1]) or words_of(title) == ("another",)


def test_titles_that_are_as_like_stay_in_their_order():
    twice = searched(["Kull (1997)", "Kull (1950)", "Kull (1997)"])
    assert search(twice, "kull") == [0, 1, 2]
    assert search(twice, "kull 1997") == [0, 2]
