import datetime
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import recslib.ratings
from recslib.ratings import (
    Ratings,
    RatingsError,
    RatingsWarning,
    from_frame,
)
from recslib.tables import read_ratings


def table(*rows, columns=("user", "item", "rating", "timestamp")):
    return pd.DataFrame(rows, columns=columns[: len(rows[0])])


FIVE = table(
    (30, 7, 4.0, 100),
    (10, 9, 1.0, 300),
    (30, 9, 5.0, 100),
    (20, 8, 2.0, 200),
    (10, 8, 3.0, 300),
)
TITLES = {7: "The Usual Suspects (1995)", 8: "Amélie (2001)"}


def test_ids_become_row_indexes_in_sorted_order_of_the_ids():
    ratings = from_frame(FIVE)
    assert ratings.user_ids.tolist() == [10, 20, 30]
    assert ratings.item_ids.tolist() == [7, 8, 9]
    assert ratings.users.tolist() == [2, 0, 2, 1, 0]
    assert ratings.items.tolist() == [0, 2, 2, 1, 1]


def test_rows_keep_the_order_and_types_of_the_contract():
    ratings = from_frame(FIVE)
    assert ratings.ratings.tolist() == [4, 1, 5, 2, 3]
    assert ratings.timestamps.tolist() == [100, 300, 100, 200, 300]
    assert ratings.users.dtype == ratings.items.dtype == torch.int64
    assert ratings.ratings.dtype == torch.float32
    assert ratings.timestamps.dtype == torch.int64


def test_sizes_counts_and_a_short_description():
    ratings = from_frame(FIVE)
    assert (len(ratings), ratings.n_users, ratings.n_items) == (5, 3, 3)
    assert ratings.counts_by_user().tolist() == [2, 1, 2]
    assert ratings.counts_by_item().tolist() == [1, 2, 2]
    assert repr(ratings) == (
        "Ratings(5 ratings, 3 users, 3 items, 55.6 % dense, stars 1 to 5)"
    )


def test_items_without_a_title_are_called_by_their_id():
    ratings = from_frame(FIVE, titles=TITLES)
    assert ratings.titles == (
        "The Usual Suspects (1995)",
        "Amélie (2001)",
        "item 9",
    )


def test_timestamps_may_be_missing():
    ratings = from_frame(FIVE.drop(columns="timestamp"))
    assert ratings.timestamps is None
    assert ratings.select(torch.tensor([0])).timestamps is None
    assert "no timestamps" in repr(ratings)


def test_text_ids_are_kept_as_text():
    ratings = from_frame(table(("zoe", "b", 3.0), ("abe", "a", 4.0)))
    assert ratings.user_ids.tolist() == ["abe", "zoe"]
    assert ratings.user_index("zoe") == 1
    assert ratings.titles == ("item a", "item b")


def test_whole_number_ids_stored_as_floats_become_whole_numbers():
    ratings = from_frame(table((3.0, 1.0, 3.0), (2.0, 1.0, 4.0)))
    assert ratings.user_ids.tolist() == [2, 3]
    assert ratings.user_ids.dtype == np.int64


def test_selecting_rows_keeps_their_order_and_the_maps():
    ratings = from_frame(FIVE, titles=TITLES)
    some = ratings.select(torch.tensor([3, 0]))
    assert some.ratings.tolist() == [2, 4]
    assert some.timestamps.tolist() == [200, 100]
    assert some.users.tolist() == [1, 2]
    assert some.n_users == 3 and some.titles == ratings.titles
    assert some.counts_by_item().tolist() == [1, 1, 0]


def test_selecting_by_mask_takes_the_marked_rows_in_file_order():
    ratings = from_frame(FIVE)
    low = ratings.select(ratings.ratings < 3)
    assert low.ratings.tolist() == [1, 2]
    assert len(ratings.select(torch.zeros(5, dtype=torch.bool))) == 0
    assert len(ratings.select(torch.tensor([]))) == 0


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (torch.tensor([True, False]), r"mask of shape \(5,\)"),
        (torch.tensor([0.0, 1.0]), "float32"),
        (torch.tensor([[0, 1]]), r"shape \(1, 2\)"),
        (torch.tensor([0, 5]), "0 to 5; there are 5 ratings, so use 0 to 4"),
        (torch.tensor([-1]), "run from -1"),
    ],
)
def test_selecting_refuses_what_is_no_row_of_the_ratings(rows, said):
    with pytest.raises(RatingsError, match=said):
        from_frame(FIVE).select(rows)


def test_ratings_of_unequal_length_are_refused():
    good = from_frame(FIVE)
    with pytest.raises(RatingsError, match=r"'items': \(4,\)"):
        Ratings(
            good.users,
            good.items[:4],
            good.ratings,
            None,
            good.user_ids,
            good.item_ids,
            good.titles,
        )
    with pytest.raises(RatingsError, match="1 titles for 3 items"):
        Ratings(
            good.users,
            good.items,
            good.ratings,
            None,
            good.user_ids,
            good.item_ids,
            ("one",),
        )


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_ratings_that_are_not_finite_are_left_out_as_the_error_says(nothing):
    stars = torch.tensor([3.0, nothing, 4.0])
    users, items = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 2])
    ids = np.arange(3), np.arange(3), ("a", "b", "c")
    with pytest.raises(ValueError, match=r"1 of 3 ratings are .*leave them o"):
        Ratings(users, items, stars, None, *ids)
    there = stars.isfinite()
    sound = Ratings(users[there], items[there], stars[there], None, *ids)
    assert sound.ratings.tolist() == [3.0, 4.0]
    with pytest.raises(ValueError, match="1 of 2 ratings are NaN or infinit"):
        replace(sound, ratings=torch.tensor([nothing, 4.0]))


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        ((5.0, 1.0), r"scale is \(5, 1\); give the lowest star first"),
        ((1.0, np.nan), "two finite numbers"),
        (("1", "5"), "two finite numbers"),
        (5, "two finite numbers"),
        (None, "two finite numbers"),
    ],
)
def test_a_scale_goes_from_one_number_up_to_another(scale, said):
    good = from_frame(FIVE)
    with pytest.raises(RatingsError, match=said):
        replace(good, scale=scale)
    assert replace(good, scale=(3.0, 3.0)).scale == (3.0, 3.0)


@pytest.mark.parametrize("column", ["users", "items", "ratings", "timestamps"])
def test_columns_of_ratings_are_tensors(column):
    good = from_frame(FIVE)
    for other in ([1, 2, 3, 4, 5], np.ones(5), "abc"):
        with pytest.raises(ValueError, match=f"{column} came as .*Tensor"):
            replace(good, **{column: other})


def test_an_unknown_id_is_named_with_the_ids_that_are_known():
    ratings = from_frame(FIVE)
    assert ratings.user_index(30) == 2
    assert ratings.item_index(np.int64(9)) == 2
    with pytest.raises(RatingsError, match=r"user has the id 4711.*10 to 30"):
        ratings.user_index(4711)
    with pytest.raises(RatingsError, match=r"item has the id '7'.*7 to 9"):
        ratings.item_index("7")


# Titles ---------------------------------------------------------------------


@pytest.fixture
def shelf():
    """Six films; the last three share a name, the last two everything."""
    rows = [(u, i, 3.0) for i, n in FANS.items() for u in range(n)]
    return from_frame(table(*rows), titles=SHELF)


SHELF = {
    1: "The Usual Suspects (1995)",
    2: "Les Misérables (1995)",
    3: "Seven (Se7en) (1995)",
    4: "Kull (1950)",
    5: "Kull (1997)",
    6: "Kull (1997)",
}
FANS = {1: 1, 2: 2, 3: 3, 4: 1, 5: 2, 6: 4}


@pytest.mark.parametrize(
    "asked",
    [
        "The Usual Suspects (1995)",
        "Usual Suspects, The (1995)",
        "the usual suspects",
        "USUAL SUSPECTS,  THE",
    ],
)
def test_a_title_is_found_whatever_its_case_article_and_year(shelf, asked):
    assert shelf.item_titled(asked) == 0


def test_a_title_is_found_without_its_accents_and_with_them(shelf):
    assert shelf.item_titled("les miserables") == 1
    assert shelf.item_titled("Misérables, Les") == 1
    assert shelf.item_titled("Mise\u0301rables, Les") == 1


def test_of_several_films_of_one_title_the_most_rated_is_meant(shelf):
    assert shelf.items_titled("kull") == [5, 4, 3]
    assert shelf.item_titled("kull") == 5
    assert shelf.items_titled("Kull (1997)") == [5, 4]
    assert shelf.item_titled("Kull (1950)") == 3


def test_a_wrong_year_is_no_match(shelf):
    with pytest.raises(RatingsError, match=r"Kull \(2024\).*Kull \(1997\)"):
        shelf.item_titled("Kull (2024)")


def test_an_unknown_title_is_named_with_the_nearest_ones(shelf):
    with pytest.raises(RatingsError) as caught:
        shelf.item_titled("Usual Suspect")
    assert "'Usual Suspect'" in str(caught.value)
    assert "The Usual Suspects (1995)" in str(caught.value)
    with pytest.raises(RatingsError, match="search_titles"):
        shelf.item_titled("zzz")


def test_a_list_of_matches_can_be_changed_without_harm(shelf):
    shelf.items_titled("kull").clear()
    assert shelf.items_titled("kull") == [5, 4, 3]


def test_signs_matter_only_where_they_tell_two_titles_apart():
    titles = {1: "M*A*S*H (1970)", 2: "Up (2009)", 3: "Up! (1976)", 4: "!"}
    rows = [(user, item, 3.0) for item in titles for user in range(item)]
    ratings = from_frame(table(*rows), titles=titles)
    assert ratings.item_titled("mash") == 0
    assert ratings.items_titled("UP") == [1]
    assert ratings.items_titled("up!") == [2]
    assert ratings.items_titled("up?") == [2, 1]
    assert ratings.item_titled("!") == 3
    with pytest.raises(RatingsError, match=r"no item has the title '\?'"):
        ratings.item_titled("?")


def test_searching_lists_titles_once_and_the_most_rated_first(shelf):
    assert shelf.search_titles("K") == ["Kull (1997)", "Kull (1950)"]
    assert shelf.search_titles("K", n=1) == ["Kull (1997)"]
    assert shelf.search_titles("1995") == [
        "Seven (Se7en) (1995)",
        "Les Misérables (1995)",
        "The Usual Suspects (1995)",
    ]
    assert shelf.search_titles("suspects, usual") == [
        "The Usual Suspects (1995)"
    ]
    assert shelf.search_titles("MISERA") == ["Les Misérables (1995)"]
    assert shelf.search_titles("ull") == []
    assert shelf.search_titles("") == []


# Scales ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stars", "scale"),
    [
        ((2, 4), (1, 5)),
        ((0.5, 4), (0.5, 5)),
        ((3.5, 4), (0.5, 5)),
        ((1, 9), (1, 10)),
        ((-10, 9.75), (-10, 9.75)),
        ((0, 1), (0, 1)),
    ],
)
def test_the_scale_is_worked_out_from_the_stars(stars, scale):
    frame = table((1, 1, stars[0]), (1, 2, stars[1]))
    ratings = from_frame(frame)
    assert ratings.scale == scale
    assert f"stars {scale[0]:g} to {scale[1]:g}" in repr(ratings)


# What is wrong in a table ---------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ((1, 2, 9.0, 5), "outside the scale 1 to 5: row 5 .rating 9.0"),
        ((1, 2, np.nan, 5), "have no rating: row 5"),
        ((1, 2, np.inf, 5), "no finite number: row 5"),
        ((1, 2, "five", 5), "no finite number: row 5 .rating five"),
        ((np.nan, 2, 3.0, 5), "have no user: row 5"),
        ((1, None, 3.0, 5), "have no item: row 5"),
        ((-1, 2, 3.0, 5), "have a negative user id: row 5 .user -1"),
        ((1, -2, 3.0, 5), "have a negative item id: row 5 .item -2"),
        (
            (1.5, 2, 3.0, 5),
            "user that is no whole number, .*: row 5 .user 1.5",
        ),
        ((2.0**53, 2, 3.0, 5), "or too large a one: row 5"),
        ((1, 2, 3.0, np.nan), "have no timestamp: row 5"),
        ((1, 2, 3.0, 5.5), "timestamp that is no whole number, .*: row 5"),
        ((1, 2, 3.0, "today"), "timestamp that is no finite number: row 5"),
        ((20, 8, 3.0, 5), "in an earlier row: row 5 .item 8"),
    ],
)
def test_a_bad_row_is_counted_placed_and_shown(row, said):
    frame = pd.concat([FIVE.astype(object), table(row).astype(object)])
    frame = frame.reset_index(drop=True).infer_objects()
    with pytest.raises(RatingsError, match=f"^mine: 1 of 6 rows.*{said}"):
        from_frame(frame, scale=(1, 5), source="mine")


def test_many_bad_rows_are_counted_and_the_first_five_shown():
    frame = table(*[(u, 1, 3.0 if u < 3 else 7.0) for u in range(10)])
    with pytest.raises(RatingsError) as caught:
        from_frame(frame, scale=(1, 5))
    said = str(caught.value)
    assert "7 of 10 rows" in said and "scale=(low, high)" in said
    assert [f"row {i}" in said for i in range(10)] == (
        [False] * 3 + [True] * 5 + [False] * 2
    )


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(RatingsError, match=r"no column item.*it has user, ra"):
        from_frame(FIVE[["user", "rating"]])


def test_an_empty_table_is_refused():
    with pytest.raises(RatingsError, match="holds no ratings"):
        from_frame(FIVE.iloc[:0])


def test_a_scale_given_backwards_is_refused():
    with pytest.raises(RatingsError, match=r"scale is \(5, 1\)"):
        from_frame(FIVE, scale=(5, 1))


def test_blank_text_ids_count_as_missing():
    with pytest.raises(RatingsError, match="have no user: row 1"):
        from_frame(table(("a", 1, 3.0), ("  ", 2, 3.0)))


# Ids as they are written ----------------------------------------------------


def test_a_number_asked_for_among_text_ids_is_told_that_they_are_text():
    as_text = from_frame(table(("1", "a", 3.0), ("10", "b", 4.0)))
    with pytest.raises(RatingsError, match="are text: give '1'"):
        as_text.user_index(1)
    as_numbers = from_frame(table((1, 2, 3.0)))
    with pytest.raises(RatingsError, match="are numbers: give 2"):
        as_numbers.item_index("2")
    with pytest.raises(RatingsError, match=r"has the id \['a'\]"):
        as_text.user_index(["a"])


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        (1.0, "1"),
        (np.float32(1), "1"),
        (torch.tensor([1]), "1"),
        (Decimal(1), "1"),
        (b"1", "1"),
        (" 1\t", "1"),
        ("7", "007"),
        ("ANN", "ann"),
        ("\uff41nn", "ann"),
        (True, "True"),
    ],
)
def test_an_id_that_is_nearly_one_is_answered_with_that_one(asked, given):
    ids = ["1", "007", "ann", "True"]
    known = from_frame(table(*((id_, 1, 3.0) for id_ in ids)))
    with pytest.raises(RatingsError, match=f"are text: give {given!r}"):
        known.user_index(asked)
    assert known.user_ids[known.user_index(given)] == given


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
def test_of_several_ids_that_may_be_meant_all_are_named():
    known = from_frame(table(("Ann", 1, 3.0), ("ann", 1, 3.0)))
    with pytest.raises(RatingsError, match="give 'Ann' or 'ann'"):
        known.user_index("ANN")


def test_true_is_no_number_of_a_user():
    known = from_frame(table((1, 2, 3.0)))
    with pytest.raises(RatingsError, match="no user has the id True"):
        known.user_index(True)
    for one in ("01", "1.0", torch.tensor(1), np.array([1])):
        with pytest.raises(RatingsError, match="no user has the id"):
            known.user_index(one)


@pytest.mark.parametrize("title", [7, None, b"Heat", ["Heat"], 1.5])
def test_a_title_that_is_no_text_is_refused_by_what_it_is(shelf, title):
    for ask in (shelf.item_titled, shelf.items_titled, shelf.search_titles):
        with pytest.raises(ValueError, match=r"(title|text) is .*give a text"):
            ask(title)


def test_ids_below_zero_that_are_ids_become_text_as_the_error_says():
    frame = table((-5, 1, 3.0), (7, 1, 4.0))
    with pytest.raises(
        RatingsError, match="negative user id: row 0"
    ) as caught:
        from_frame(frame)
    remedy = str(caught.value).split("as text: ")[1].split(", where")[0]
    ratings = from_frame(eval(remedy, {"frame": frame}))
    assert ratings.user_ids.tolist() == ["-5", "7"]


@pytest.mark.parametrize("blank", [" ", "\t", "\xa0", "\u200b", "\ufeff"])
def test_blanks_at_the_ends_of_text_ids_are_cut_with_a_word(blank):
    frame = table((f"ann{blank}", 1, 4.0), (f"{blank}ann", 2, 3.0))
    with pytest.warns(RatingsWarning, match="cut the blanks .* 2 user ids"):
        ratings = from_frame(frame)
    assert ratings.user_ids.tolist() == ["ann"]


@pytest.mark.parametrize("other", ["Jose\u0301", "Jos\u200bé", "J\u2060osé"])
def test_ids_that_look_the_same_are_refused_and_the_remedy_works(other):
    frame = table(("José", 1, 4.0), (other, 2, 3.0), ("jose", 3, 3.0))
    with pytest.raises(RatingsError, match="look the same") as caught:
        from_frame(frame)
    remedy = "frame.replace" + str(caught.value).split("frame.replace")[1]
    mended = eval(remedy.removesuffix("."), {"frame": frame})
    assert from_frame(mended).n_users == 2


@pytest.mark.parametrize(
    ("kind", "largest"), [("float32", 24), ("float16", 11)]
)
def test_ids_that_a_short_float_cannot_tell_apart_are_refused(kind, largest):
    ids = np.array([2**largest - 1, 1], dtype=kind)
    frame = pd.DataFrame({"user": ids, "item": [1, 2], "rating": [3, 4]})
    assert from_frame(frame).user_ids.tolist() == [1, 2**largest - 1]
    frame["user"] = np.array([2**largest, 1], dtype=kind)
    with pytest.raises(RatingsError, match="too large a one: row 0"):
        from_frame(frame)


def test_ids_above_63_bits_are_refused_and_become_text_as_the_error_says():
    ids = np.array([2**63, 2**64 - 1], dtype=np.uint64)
    frame = pd.DataFrame({"user": ids, "item": [1, 2], "rating": [3, 4]})
    with pytest.raises(RatingsError, match="row 0") as caught:
        from_frame(frame)
    assert "frame.astype({'user': str})" in str(caught.value)
    ratings = from_frame(frame.astype({"user": str}))
    # Text is sorted as text.
    assert ratings.user_ids.tolist() == [str(2**64 - 1), str(2**63)]


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        (pd.Series([3, 4], dtype="Int64"), [3, 4]),
        (pd.Series([3, 4], dtype="category"), [3, 4]),
        (pd.Series(["3", "04"], dtype="category"), ["04", "3"]),
        (pd.Series([1.0, "1a"], dtype=object), ["1", "1a"]),
        (pd.Series([Decimal(3), Decimal(4)]), ["3", "4"]),
        (pd.Series([b"ann", b"bob"]), ["ann", "bob"]),
        (pd.Series([(1, 2), (1, 3)]), ["(1, 2)", "(1, 3)"]),
    ],
)
def test_ids_of_every_kind_of_column_are_kept(column, ids):
    frame = pd.DataFrame({"user": column, "item": [1, 2], "rating": [3, 4]})
    assert from_frame(frame).user_ids.tolist() == ids


def test_lists_as_ids_and_fractions_among_text_are_refused_by_row():
    frame = table((1, "a", 3.0), (2, "b", 3.0)).astype(object)
    frame.at[1, "item"] = ["b"]
    with pytest.raises(RatingsError, match="neither a number nor text: row 1"):
        from_frame(frame)
    frame.at[1, "item"] = 1.5
    with pytest.raises(RatingsError, match="no whole number: row 1"):
        from_frame(frame)


def test_a_pair_that_stands_twice_is_mended_as_the_error_says():
    frame = table((1, 2, 3.0, 20), (1, 2, 5.0, 10), (2, 2, 4.0, 5))
    with pytest.raises(RatingsError) as caught:
        from_frame(frame)
    remedy = str(caught.value).split("example ")[1].split(", where")[0]
    ratings = from_frame(eval(remedy, {"frame": frame}))
    # The later one is the one of 3 stars.
    assert sorted(ratings.ratings.tolist()) == [3, 4]


@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
@pytest.mark.parametrize("other", ["ann ", "\u200bann", "ann\xa0"])
def test_a_pair_that_blanks_part_is_mended_as_the_error_says(other):
    frame = table(("ann", 2, 3.0), (other, 2, 5.0), ("bob", 2, 4.0))
    with pytest.raises(RatingsError) as caught:
        from_frame(frame)
    said = str(caught.value).removesuffix(".")
    names = {"frame": frame, "recslib": recslib}
    exec(said.split("in one way: ")[1], names)
    remedy = said.split("example ")[1].split(", where")[0]
    ratings = from_frame(eval(remedy, names))
    assert sorted(ratings.ratings.tolist()) == [4, 5]


def test_a_pair_that_stands_twice_in_a_file_is_mended_and_merges_nobody(
    tmp_path,
):
    path = tmp_path / "mine.csv"
    path.write_text("user,item,rating\n007,1,3\n007,1,4\n7,1,5\n")
    with pytest.raises(RatingsError, match="line 3") as caught:
        read_ratings(path)
    step, dtype = str(caught.value).split("example ")[1][:-1].split(", where")
    kinds = eval(dtype.split("dtype=")[1])
    frame = pd.read_csv(path, dtype=kinds)
    ratings = read_ratings(eval(step, {"frame": frame}))
    assert ratings.user_ids.tolist() == ["007", "7"]
    assert ratings.ratings.tolist() == [4, 5]


def test_columns_in_the_index_or_twice_are_told():
    with pytest.raises(RatingsError, match=r"frame\.reset_index\(\)"):
        from_frame(FIVE.set_index("user"))
    assert len(from_frame(FIVE.set_index("user").reset_index())) == 5
    twice = pd.concat([FIVE, FIVE[["rating"]]], axis=1)
    with pytest.raises(RatingsError, match="2 columns are called rating"):
        from_frame(twice)


# Times ----------------------------------------------------------------------

# 2005-09-06 is 13,032 days after 1970-01-01.
DAY = 13_032 * 86_400
ONE_DAY = ["2005-09-06"]


def timed(*times):
    rows = [(user, 1, 3.0) for user in range(len(times))]
    return table(*rows).assign(timestamp=pd.Series(times, dtype=object))


@pytest.mark.parametrize(
    "times",
    [
        *(pd.to_datetime(ONE_DAY).as_unit(u) for u in ("s", "ms", "us", "ns")),
        pd.to_datetime(ONE_DAY, utc=True),
        pd.to_datetime(["2005-09-06 02:00"]).tz_localize("Europe/Berlin"),
        pd.PeriodIndex(ONE_DAY, freq="D"),
        pd.Series(ONE_DAY),
        pd.Series(["2005-09-06T00:00:00Z"], dtype="category"),
        pd.Series(["2005-09-06 00:00"]),
        pd.Series(["2005-09-06 00:00:00.999"]),
        pd.Series(["2005-09-06 00:00:00 UTC"]),
        pd.Series(["2005-09-06 02:00:00+02:00"]),
        pd.Series(["2005-09-05T19:00:00-0500"]),
        pd.Series([datetime.date(2005, 9, 6)]),
        pd.Series([datetime.datetime(2005, 9, 6)], dtype=object),
        pd.Series([float(DAY)]),
        pd.Series([str(DAY)]),
    ],
    ids=str,
)
def test_dates_of_every_kind_become_unix_seconds(times):
    frame = table((1, 1, 3.0)).assign(timestamp=times)
    assert from_frame(frame).timestamps.tolist() == [DAY]


def test_times_before_1970_are_rounded_down():
    frame = timed("1969-12-31T23:59:58.500Z")
    assert from_frame(frame).timestamps.tolist() == [-2]
    frame = table((1, 1, 3.0)).assign(
        timestamp=pd.to_datetime(["1969-12-31 23:59:58.5"])
    )
    assert from_frame(frame).timestamps.tolist() == [-2]


@pytest.mark.parametrize(
    ("parts", "unit"),
    [(1_000, "milli"), (1_000_000, "micro"), (1_000_000_000, "nano")],
)
def test_parts_of_seconds_are_seconds_with_a_word(parts, unit):
    frame = table((1, 1, 3.0, 0), (2, 1, 3.0, DAY * parts + parts // 2))
    with pytest.warns(RatingsWarning, match=f"count {unit}seconds"):
        ratings = from_frame(frame)
    assert ratings.timestamps.tolist() == [0, DAY]


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ((DAY * 1000, DAY), "another unit than the largest.*row 1"),
        (("2005-09-06", "06.09.2005"), "no date as the others are: row 1"),
        (("2005-09-06", "2005-13-06"), "no date as the others are: row 1"),
        (("2005-09-06", ""), "have no timestamp: row 1"),
        (("2005-09-06", pd.NaT), "have no timestamp: row 1"),
        (("2005-09-06 01:00Z", "2005-09-06"), "without a time zone.*row 1"),
        (("06.09.2005",), "no finite number: row 0.*Give Unix seconds"),
        ((20050906, 19991231), "looks like a date, not like seconds: row 0"),
        ((20050906123000,), "looks like a date, not like seconds: row 0"),
        ((pd.Timedelta(1, "D"),), "is a span, not a point in time: row 0"),
    ],
)
def test_times_of_two_readings_are_refused_by_row(times, said):
    with pytest.raises(RatingsError, match=said):
        from_frame(timed(*times))


def test_lists_as_times_and_stars_are_refused_by_row():
    with pytest.raises(RatingsError, match="no finite number: row 0"):
        from_frame(timed([1], [2]))
    with pytest.raises(RatingsError, match="parts of its own: row 1"):
        from_frame(timed([1], {2: 3}))
    frame = table((1, 1, 3.0)).assign(rating=[[1, 2]])
    with pytest.raises(RatingsError, match="no finite number: row 0"):
        from_frame(frame)


def test_what_an_error_says_of_dates_makes_seconds_of_them():
    frame = timed("06.09.2005")
    with pytest.raises(RatingsError) as caught:
        from_frame(frame)
    remedy = str(caught.value).split("; ")[1].split(" makes")[0]
    frame["timestamp"] = eval(remedy, {"pd": pd, "frame": frame})
    assert from_frame(frame).timestamps.tolist() == [DAY]
    frame = timed(20050906)
    with pytest.raises(RatingsError) as caught:
        from_frame(frame)
    remedy = str(caught.value).split("of them: ")[1].removesuffix(".")
    frame["timestamp"] = eval(remedy, {"pd": pd, "frame": frame})
    assert from_frame(frame).timestamps.tolist() == [DAY]


# Stars and titles -----------------------------------------------------------


@pytest.mark.parametrize(
    "scale",
    [
        (float("nan"), 5),
        (1, float("inf")),
        ("1", "5"),
        (1, 5, 10),
        (1,),
        5,
        "15",
        (None, 5),
    ],
)
def test_a_scale_of_other_than_two_finite_numbers_is_refused(scale):
    with pytest.raises(RatingsError, match=r"scale=\(1, 5\)"):
        from_frame(FIVE, scale=scale)


@pytest.mark.parametrize("star", [1e39, -1e300, 10**400, "1e39"])
def test_a_star_too_large_for_32_bits_is_refused(star):
    frame = table((1, 1, 3.0), (2, 1, 3.0)).astype(object)
    frame.at[1, "rating"] = star
    with pytest.raises(RatingsError, match="row 1"):
        from_frame(frame)


@pytest.mark.parametrize(
    ("stars", "odd"),
    [((-1, 3, 8), -1), ((0, 3, 10), 0), ((-9.5, 7.1, 99), 99)],
)
def test_a_star_that_often_says_not_rated_is_told(stars, odd):
    frame = table(*[(user, 1, float(star)) for user, star in enumerate(stars)])
    with pytest.warns(RatingsWarning, match=f"1 ratings are {odd}, which"):
        ratings = from_frame(frame)
    assert ratings.scale == (min(stars), max(stars))
    # The remedy: a scale that is given is meant.
    assert from_frame(frame, scale=ratings.scale).scale == ratings.scale


def test_titles_are_found_by_the_number_and_by_its_text():
    as_numbers = from_frame(FIVE, titles={"7": "Heat", "008": "Alien"})
    assert as_numbers.titles == ("Heat", "item 8", "item 9")
    frame = table((1, "7", 3.0), (1, "08", 3.0))
    as_text = from_frame(frame, titles=pd.Series({7: "Heat", 8: "Alien"}))
    assert as_text.titles == ("item 08", "Heat")
    odd = from_frame(FIVE, titles={7: float("nan"), 8: None, 9: "Heat"})
    assert odd.titles == ("item 7", "item 8", "Heat")


def test_titles_of_no_item_and_titles_of_another_kind_are_told():
    with pytest.warns(RatingsWarning, match="none of 1 titles.* 'tt07'"):
        from_frame(FIVE, titles={"tt07": "Heat"})
    with pytest.raises(RatingsError, match="titles is a list; give a mapping"):
        from_frame(FIVE, titles=["Heat"])


# Properties -----------------------------------------------------------------

pairs = st.tuples(st.integers(0, 10**12), st.integers(0, 50))
tables = st.lists(pairs, min_size=1, max_size=40, unique=True).flatmap(
    lambda keys: st.tuples(
        st.just(keys),
        st.lists(
            st.integers(1, 10).map(lambda half: half / 2),
            min_size=len(keys),
            max_size=len(keys),
        ),
    )
)


@given(tables)
def test_indexes_lead_back_to_the_ids_that_were_given(drawn):
    keys, stars = drawn
    rows = [(u, i, s) for (u, i), s in zip(keys, stars, strict=True)]
    ratings = from_frame(table(*rows), scale=(0.5, 5))
    assert ratings.user_ids[ratings.users.numpy()].tolist() == [
        u for u, _ in keys
    ]
    assert ratings.item_ids[ratings.items.numpy()].tolist() == [
        i for _, i in keys
    ]
    assert ratings.ratings.tolist() == stars
    assert (np.diff(ratings.user_ids) > 0).all()
    for index, id_ in enumerate(ratings.user_ids):
        assert ratings.user_index(id_) == index
    assert int(ratings.counts_by_user().sum()) == len(keys)
    assert int(ratings.counts_by_item().min()) >= 1


@given(tables, st.data())
def test_selecting_twice_is_selecting_the_selected_rows(drawn, data):
    keys, stars = drawn
    rows = [(u, i, s) for (u, i), s in zip(keys, stars, strict=True)]
    ratings = from_frame(table(*rows), scale=(0.5, 5))
    n = len(ratings)
    order = torch.tensor(data.draw(st.permutations(range(n))))
    assert ratings.select(order).ratings.tolist() == [
        stars[i] for i in order.tolist()
    ]
    back = ratings.select(order).select(torch.argsort(order))
    assert torch.equal(back.users, ratings.users)
    assert torch.equal(back.items, ratings.items)


BAD = st.sampled_from(
    [
        ("rating", 5.5),
        ("rating", float("nan")),
        ("rating", float("inf")),
        ("user", -3),
        ("item", -1),
        ("timestamp", float("nan")),
    ]
)


@given(tables, BAD, st.data())
@settings(max_examples=60)
def test_one_bad_cell_anywhere_is_refused_by_its_row(drawn, bad, data):
    keys, stars = drawn
    rows = [(u, i, s, 7) for (u, i), s in zip(keys, stars, strict=True)]
    frame = table(*rows)
    place = data.draw(st.integers(0, len(frame) - 1))
    column, value = bad
    frame[column] = frame[column].astype(float)
    frame.loc[place, column] = value
    with pytest.raises(RatingsError, match=rf"1 of \d+ rows.*row {place} "):
        from_frame(frame, scale=(0.5, 5))


@given(tables, st.data())
@settings(max_examples=60)
def test_a_pair_that_stands_twice_is_always_found(drawn, data):
    keys, stars = drawn
    rows = [(u, i, s) for (u, i), s in zip(keys, stars, strict=True)]
    again = data.draw(st.integers(0, len(rows) - 1))
    frame = table(*rows, rows[again])
    with pytest.raises(RatingsError, match=rf"earlier row: row {len(rows)} "):
        from_frame(frame, scale=(0.5, 5))


@given(st.text(max_size=30))
def test_a_title_can_always_be_found_by_itself(text):
    name = text.strip() or "x"
    ratings = from_frame(table((1, 1, 3.0)), titles={1: name})
    assert ratings.item_titled(name) == 0


COLUMNS = st.sampled_from(
    [
        [1, 2, 3],
        [1.0, 2.5, None],
        ["a", " a", "b"],
        ["1", "01", "1.0"],
        [1, "1", 1.0],
        [True, False, True],
        [None, float("nan"), pd.NaT],
        [b"a", "a", 3],
        [[1], {2: 3}, {4}],
        [(1, 2), (1, 2), (3,)],
        [2**70, -(2**70), 0],
        [1j, 2j, 3j],
        [Decimal("1.5"), Decimal("NaN"), Decimal("1e999")],
        [float("inf"), -0.0, 1e300],
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([True, False, None], dtype="boolean"),
        pd.Series(["a", None, "b"], dtype="category"),
        pd.Series([1, 2, 3], dtype="category"),
        np.array([1, 2, 2**64 - 1], dtype=np.uint64),
        np.array([1, 2, 3], dtype=np.float16),
        pd.to_datetime(["2005-09-06", None, "1969-01-01"]),
        pd.to_datetime(["2005-09-06"] * 3, utc=True),
        pd.to_timedelta([1, 2, 3], unit="D"),
        pd.period_range("2005", periods=3, freq="Y"),
        pd.interval_range(0, 3),
        [datetime.date(2005, 9, 6), "2005-09-06", 3],
        ["2005-09-06", "1e400", "-"],
        pd.arrays.SparseArray([0, 0, 1]),
    ]
)


@given(COLUMNS, COLUMNS, COLUMNS, st.none() | COLUMNS)
@settings(max_examples=300)
@pytest.mark.filterwarnings("ignore::recslib.ratings.RatingsWarning")
def test_any_frame_is_ratings_or_a_ratings_error(user, item, rating, time):
    columns = {"user": user, "item": item, "rating": rating}
    columns |= {} if time is None else {"timestamp": time}
    frame = pd.DataFrame({n: pd.Series(c) for n, c in columns.items()})
    try:
        ratings = from_frame(frame)
    except RatingsError:
        return
    assert len(ratings) == 3 and ratings.ratings.isfinite().all()
