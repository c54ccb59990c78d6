from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from drawing_lots import with_values

from recslib import overview
from recslib.movielens import synthetic
from recslib.ratings import from_frame
from recslib.tables import read_ratings


def values_of(table):
    return dict(zip(table["what"], table["value"], strict=True))


def test_the_overview_says_what_a_person_can_check():
    ratings = from_frame(
        pd.DataFrame(
            {
                "user": [1, 1, 2],
                "item": [7, 8, 7],
                "rating": [1.0, 5.0, 3.0],
                "timestamp": [0, 86_400, 172_800],
            }
        ),
        titles={7: "Emma"},
    )
    told = values_of(overview.describe(ratings))
    assert told["ratings"] == "3"
    assert told["people"] == "2"
    assert told["items"] == "2"
    assert told["items with a title"] == "1"
    assert told["items that share a title"] == "0"
    assert told["filled, of people by items"] == "75 %"
    assert told["ratings that stand twice"] == "0"
    assert told["scale"] == "1 to 5"
    assert told["mean"] == "3"
    assert told["ratings a person"] == "1 to 2, half have at most 1"
    assert told["busiest tenth of people"] == "66.7 % of the ratings"
    assert told["best known tenth of items"] == "66.7 % of the ratings"
    assert told["time"] == "1970-01-01 to 1970-01-03"
    assert "columns" not in told  # no table was read


def test_ratings_that_are_all_equal_tell_no_scale():
    counts = read_ratings(b"user,item,plays\n1,2,1\n2,2,1\n")
    told = values_of(overview.describe(counts))
    assert "scale" not in told
    assert told["most frequent"] == "1, 100 %"


def test_the_overview_says_which_columns_were_taken_and_left_out():
    ratings = read_ratings(
        b"who,film,stars,mood\n1,2,3,x\n", columns={"user": "who"}
    )
    told = values_of(overview.describe(ratings))
    assert "user = who" in told["columns"]
    assert "left out: mood" in told["columns"]
    assert told["time"] == "none"


def test_two_items_of_one_title_and_a_pair_that_stands_twice_are_counted():
    ratings = from_frame(
        pd.DataFrame({"user": [1, 1], "item": [7, 8], "rating": [1, 2]}),
        titles={7: "Emma", 8: "Emma"},
    )
    told = values_of(
        overview.describe(ratings.select(torch.tensor([0, 1, 1])))
    )
    assert told["items that share a title"] == "2"
    assert told["ratings that stand twice"] == "1"


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ([5, 5], "all the same"),
        ([1, 10**10], "1 to 10000000000"),
        ([-86_400, 0], "1969-12-31 to 1970-01-01"),
    ],
)
def test_times_are_told_as_dates_where_they_can_be(times, words):
    ratings = with_values([3, 4], n=2)
    ratings = replace(ratings, timestamps=torch.tensor(times))
    assert values_of(overview.describe(ratings))["time"] == words


@pytest.mark.parametrize(
    ("values", "is_amount"),
    [
        (np.arange(100) % 5 + 1, False),
        (np.arange(100) % 11, False),  # 0 to 10
        (np.where(np.arange(100) % 3, 0, np.arange(100) % 11), False),
        (np.arange(100) + 1, False),
        (np.arange(100) - 50, False),
        (np.arange(100) % 2, False),
        (np.exp(np.arange(100) / 12), True),
        (np.where(np.arange(100) % 3, 0, np.exp(np.arange(100) / 12)), True),
    ],
)
def test_amounts_are_told_from_points(values, is_amount):
    scale = values.min(), values.max()
    ratings = with_values(values.astype(float), n=100, scale=scale)
    assert overview.is_amount(ratings) == is_amount


def test_nothing_cannot_be_described():
    with pytest.raises(ValueError, match="no ratings"):
        overview.describe(synthetic().ratings.select(torch.tensor([])))


# What counts as a like -------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "least", "share"),
    [
        ([1, 2, 3, 4, 5] * 20, 4.0, 0.4),
        ([5] * 100, 5.0, 1.0),
        ([0, 1, 1, 1] * 25, 1.0, 0.75),
        (list(range(1, 11)) * 10, 7.0, 0.4),
        ([4, 5, 5, 5, 5, 5, 5, 5, 5, 3] * 10, 5.0, 0.8),
        ([0.5, 1.5, 80.0, 9.5] * 25, 9.5, 0.5),
    ],
)
def test_likes_are_found_on_any_scale(values, least, share):
    liked = overview.liked_of(with_values(np.array(values, float), n=100))
    assert (liked.least, liked.share) == (least, pytest.approx(share))
    assert f"{least:g}" in liked.words or "all" in liked.words
