import numpy as np
import pytest
from drawing_lots import with_values

from recslib import lists, verdicts
from recslib.evaluation import Interval
from recslib.overview import Liked, counted
from recslib.splits import random_by_user

STARS = with_values(np.arange(1_000) % 5 + 1)


def on_stars(model, counting, low, high, n_factors=5, unit="stars"):
    errors = {"the mean": 2 * counting, "damped biases": counting}
    return verdicts.on_stars(
        errors | {"sampler": model},
        Interval(model - counting, low, high),
        STARS,
        n_factors,
        unit,
        60,
    )


def test_a_model_that_is_ahead_is_said_to_be_with_its_interval():
    said = on_stars(0.87, 0.9, -0.04, -0.02)
    assert said.outcome == "ahead" and said.reasons == ()
    assert said.words == (
        "The model of ratings is ahead of counting by 0.030: 95 % interval "
        "+0.020 to +0.040, RMSE 0.870 against 0.900 stars."
    )


def test_a_model_of_biases_alone_is_told_from_one_of_tastes():
    said = on_stars(0.87, 0.9, -0.04, -0.02, n_factors=0)
    assert "knows no tastes" in said.words


@pytest.mark.parametrize(
    ("model", "low", "high", "outcome", "words"),
    [
        (0.89, -0.03, 0.01, "level", "it is level with counting"),
        (0.896, -0.005, -0.003, "level", "within 0.5 % of its error"),
        (0.904, 0.003, 0.005, "level", "within 0.5 % of its error"),
        (0.93, 0.02, 0.04, "behind", "it is behind counting by 0.030"),
    ],
)
def test_a_model_that_is_not_ahead_is_not_called_so(
    model, low, high, outcome, words
):
    said = on_stars(model, 0.9, low, high)
    assert said.outcome == outcome
    assert words in said.words and "do not bear a model" in said.words
    assert said.reasons
    assert str(said).count("\n- ") == len(said.reasons)


@pytest.mark.parametrize(
    ("error", "digits"),
    [(0.9, 3), (1.05, 3), (14.0, 2), (6_097.0, 0), (8e-5, 7), (0.0, 3)],
)
def test_numbers_have_as_many_digits_as_their_scale_asks_for(error, digits):
    assert verdicts.digits_of(error) == digits


def test_a_small_scale_does_not_lose_its_numbers():
    said = on_stars(8e-5, 1e-4, -3e-5, -1e-5, unit="points")
    assert "by 0.0000200: " in said.words
    assert "RMSE 0.0000800 against 0.0001000 points" in said.words


def test_without_an_interval_there_is_no_verdict():
    errors = {"the mean": 1.0, "damped biases": 0.9, "sampler": 0.8}
    said = verdicts.on_stars(errors, None, STARS, 5, "stars", 1)
    assert said.outcome == "none"
    assert "1 person could be tested" in said.words
    assert "takes 20 of them" in said.reasons[0]


def test_the_choice_of_counting_is_said_with_what_was_measured():
    pair = verdicts.pair_in_words("RMSE", 0.91, 0.9, "stars")
    said = verdicts.on_a_choice("ratings", pair, ("why",))
    assert "none was ahead of counting by 0.5 %" in said.words
    assert "(RMSE 0.910 against 0.900 stars)" in said.words
    assert said.outcome == "level" and said.reasons == ("why",)


@pytest.mark.parametrize(
    ("interval", "outcome"),
    [
        (Interval(0.02, 0.01, 0.03), "ahead"),
        (Interval(0.02, -0.01, 0.03), "level"),
        (Interval(-0.02, -0.03, -0.01), "behind"),
    ],
)
def test_lists_are_ahead_where_their_interval_is_above_zero(interval, outcome):
    people = lists.known_people(random_by_user(STARS, 0.2))
    liked = Liked(4.0, 0.4, "")
    values = {"most liked": 0.2, "EASE": 0.2 + interval.difference}
    said = verdicts.on_lists(values, interval, people, liked)
    assert said.outcome == outcome
    assert (said.reasons == ()) == (outcome == "ahead")


def test_rare_likes_and_few_items_are_named_as_reasons():
    few = with_values(np.arange(300) % 5 + 1, n_items=20, n=300)
    people = lists.known_people(random_by_user(few, 0.2))
    said = " ".join(verdicts.reasons_of_lists(people, Liked(5.0, 0.02, "")))
    assert "Likes are rare: 2.0 %" in said
    assert "20 items, for lists of 10" in said


def test_what_hardly_varies_is_named_as_a_reason():
    values = np.where(np.arange(1_000) % 20, 5, 4)
    errors = {"the mean": 0.3, "damped biases": 0.3}
    said = verdicts.reasons_of_stars(errors, with_values(values), 0)
    assert any("95 % of the ratings are 5" in why for why in said)
    assert any("drawn by lot" in why for why in said)


def test_one_is_counted_in_the_singular():
    assert counted(1, "rating") == "1 rating"
    assert counted(1_200, "rating") == "1,200 ratings"
    assert counted(2, "person", "people") == "2 people"
