from dataclasses import replace

import pandas as pd
import pytest
import torch

from recslib import fitted, overview, saving, serve
from recslib.fitted import Fitted
from recslib.models import ListFactorization
from recslib.movielens import synthetic
from recslib.ratings import RatingsError


@pytest.fixture(scope="module")
def liked_lists():
    """Fit EASE to people whose tastes differ."""
    ratings = synthetic(120, 100, 5_000, seed=3).ratings
    liked = overview.liked_of(ratings)
    settings = {"kind": "EASE", "l2": 100.0}
    model = fitted.fit_lists(ratings, liked, settings)
    return Fitted(model, ratings, {**settings, "liked": liked.least})


# Ratings ---------------------------------------------------------------------


@pytest.mark.parametrize("is_log", [False, True])
def test_a_saved_sampler_predicts_in_another_place(tmp_path, is_log):
    ratings = synthetic(60, 40, 1_500, seed=3).ratings
    known = fitted.on_logarithms(ratings) if is_log else ratings
    model = fitted.fit_sampler(known, 2)
    settings = {"kind": "sampler", "n_factors": 2, "is_log": is_log}
    made = Fitted(model, known, settings)
    saving.save(tmp_path, made.model, made.ratings, settings=made.settings)
    saved = saving.load(tmp_path)
    user_id = ratings.user_ids[7].item()
    item_id, title = ratings.item_ids[3].item(), ratings.titles[5]
    told = fitted.predict_ratings(saved, user_id, [item_id, title])
    here = fitted.predict_ratings(made, user_id, [item_id, title])
    pd.testing.assert_frame_equal(told, here)
    assert told["title"].tolist() == [ratings.titles[3], title]
    assert told["prediction"].between(1, 5.001).all()
    expected = model(torch.tensor([7, 7]), torch.tensor([3, 5]))
    expected = expected.expm1() if is_log else expected
    assert told["prediction"].tolist() == pytest.approx(expected.tolist())


def test_who_or_what_is_unknown_has_no_prediction():
    ratings = synthetic(60, 40, 1_500, seed=3).ratings
    made = Fitted(fitted.fit_sampler(ratings, 0), ratings, {"is_log": False})
    with pytest.raises(RatingsError, match="no user has the id"):
        fitted.predict_ratings(made, "nobody", [1])
    with pytest.raises(RatingsError, match="no item"):
        fitted.predict_ratings(made, ratings.user_ids[0].item(), ["Nothing"])


def test_nothing_to_predict_is_a_table_without_rows():
    ratings = synthetic(60, 40, 1_500, seed=3).ratings
    made = Fitted(fitted.fit_sampler(ratings, 0), ratings, {"is_log": False})
    told = fitted.predict_ratings(made, ratings.user_ids[0].item(), [])
    assert list(told) == ["item_id", "title", "prediction"]
    assert len(told) == 0


def test_many_rows_leave_room_in_the_memory(monkeypatch):
    ratings = synthetic(60, 40, 1_500, seed=3).ratings
    small = fitted.fit_sampler(ratings, 1)
    monkeypatch.setattr(fitted, "MANY_ROWS", 50)
    assert fitted.most_factors(ratings) == 10
    assert fitted.fit_sampler(ratings, 1).users.shape[1] < small.users.shape[1]


def test_many_ratings_are_predicted_some_at_a_time(monkeypatch):
    ratings = synthetic(60, 40, 1_500, seed=3).ratings
    model = fitted.fit_sampler(ratings, 1)
    at_once = fitted.predicted(model, ratings)
    monkeypatch.setattr(fitted, "N_AT_ONCE", 400)
    assert torch.equal(fitted.predicted(model, ratings), at_once)


# Lists -----------------------------------------------------------------------


def test_a_newcomer_to_ials_is_told_what_somebody_known_is_told():
    ratings = synthetic(120, 100, 5_000, seed=3).ratings
    liked = overview.liked_of(ratings)
    settings = {"kind": "iALS", "n_factors": 8, "unseen": 0.2, "l2": 0.05}
    model = fitted.fit_lists(ratings, liked, settings)
    settings["liked"] = liked.least
    assert isinstance(model, ListFactorization)
    made = Fitted(model, ratings, settings)
    own = ratings.users == 5
    stars = {
        ratings.item_ids[item].item(): value
        for item, value in zip(
            ratings.items[own].tolist(),
            ratings.ratings[own].tolist(),
            strict=True,
        )
    }
    as_newcomer = fitted.for_newcomer(made, stars)
    as_known = serve.for_user(model, ratings, ratings.user_ids[5].item())
    assert as_newcomer["title"].tolist() == as_known["title"].tolist()
    # And whoever liked nothing, what most people liked.
    bad = {ratings.titles[0]: 1}
    popular = fitted.popular_lists(ratings, liked)
    counted = {"kind": "most liked", "liked": liked.least}
    most = replace(made, model=popular, settings=counted)
    told = fitted.for_newcomer(most, bad)
    assert fitted.for_newcomer(made, bad)["title"].tolist() == (
        told["title"].tolist()
    )


def test_a_person_and_everybody_are_listed_by_what_is_liked_there(liked_lists):
    made = replace(
        liked_lists, settings={**liked_lists.settings, "liked": 2.0}
    )
    model, ratings = made.model, made.ratings
    everybody = fitted.for_all(made, 3)
    at_two = serve.for_all(model, ratings, 3, liked=2.0)
    pd.testing.assert_frame_equal(everybody, at_two)
    assert not everybody.equals(serve.for_all(model, ratings, 3, liked=4.0))
    user_id = ratings.user_ids[5].item()
    own = everybody[everybody["user"] == user_id].reset_index(drop=True)
    pd.testing.assert_frame_equal(fitted.for_user(made, user_id, 3), own)


def test_who_likes_something_twice_likes_it():
    ratings = synthetic(60, 40, 1_500, seed=3).ratings
    liked = overview.liked_of(ratings)
    settings = {"kind": "iALS", "n_factors": 3, "unseen": 0.2, "l2": 0.05}
    twice = ratings.select(torch.arange(1_500).repeat(2))
    one, two = (
        fitted.fit_lists(each, liked, settings).item_factors.weight
        for each in (ratings, twice)
    )
    assert torch.equal(one, two)


def test_items_that_few_liked_are_left_out_where_tables_would_not_fit(
    monkeypatch,
):
    ratings = synthetic(60, 80, 2_400).ratings
    monkeypatch.setattr(fitted, "MOST_CELLS", 60 * 30)
    monkeypatch.setattr(fitted, "FEWEST_ITEMS", 10)
    liked = overview.liked_of(ratings)
    kept = fitted.items_to_list(ratings, liked)
    assert len(kept) == 30
    likes = torch.bincount(
        ratings.items[ratings.ratings >= liked.least], minlength=80
    )
    left_out = torch.ones(80, dtype=torch.bool)
    left_out[kept] = False
    assert likes[kept].min() >= likes[left_out].max()
    few = fitted.only_items(ratings, kept)
    assert few.n_items == 30
    assert [ratings.titles[item] for item in kept] == list(few.titles)
    assert len(few) == torch.isin(ratings.items, kept).sum()


def test_a_newcomer_is_heard_by_title(liked_lists):
    title = liked_lists.ratings.titles[0]
    told = fitted.for_newcomer(liked_lists, {title: 5}, 3)
    assert len(told) == 3
    assert title not in told["title"].tolist()
    with pytest.raises(RatingsError, match="give 1 to 5"):
        fitted.for_newcomer(liked_lists, {title: 9})


@pytest.fixture(scope="module")
def of_ratings():
    """Fit the sampler, and save no settings, as a cluster does."""
    ratings = synthetic(60, 40, 1_500, seed=3).ratings
    return Fitted(fitted.fit_sampler(ratings, 2), ratings, {})


@pytest.mark.parametrize(
    "ask",
    [
        fitted.for_all,
        lambda model: fitted.for_user(model, 1),
        lambda model: fitted.for_newcomer(model, {1: 5.0}),
    ],
)
def test_lists_of_a_model_of_ratings_are_made_elsewhere(of_ratings, ask):
    with pytest.raises(
        ValueError, match=r"SampledFactorization, which.*serve"
    ):
        ask(of_ratings)
    with pytest.raises(ValueError, match="list_model came as NoneType; give"):
        ask(None)


def test_what_was_saved_without_settings_predicts_as_it_is(of_ratings):
    ratings = of_ratings.ratings
    user_id = ratings.user_ids[7].item()
    told = fitted.predict_ratings(of_ratings, user_id, [ratings.titles[5]])
    expected = of_ratings.model(torch.tensor([7]), torch.tensor([5]))
    assert told["prediction"].tolist() == pytest.approx(expected.tolist())


def test_a_model_of_lists_predicts_no_ratings(liked_lists):
    with pytest.raises(ValueError, match="a model of lists, which knows no"):
        fitted.predict_ratings(liked_lists, 1, [1])
    with pytest.raises(ValueError, match="None where no model was kept"):
        fitted.predict_ratings(None, 1, [1])
