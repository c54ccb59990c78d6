from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from drawing_lots import with_values

from recslib import fitted, study
from recslib.evaluation import rmse
from recslib.models import LinearLists
from recslib.movielens import synthetic
from recslib.overview import liked_of
from recslib.ratings import RatingsError


@pytest.fixture(scope="module")
def planted():
    """Examine people whose tastes are known to differ."""
    return study.examine(synthetic(300, 150, 9_000, seed=3).ratings)


@pytest.fixture(scope="module")
def drawn_by_lot():
    stars = np.random.default_rng(1).integers(1, 6, 1_000)
    return study.examine(with_values(stars))


# Who is tested ---------------------------------------------------------------


def test_where_there_are_times_the_newest_of_each_person_are_tested():
    ratings = synthetic().ratings
    split = study.part(ratings)
    assert split.name == "newest 20 % of each user"
    for user in range(5):
        old = split.train.timestamps[split.train.users == user]
        new = split.test.timestamps[split.test.users == user]
        assert old.max() <= new.min()


def test_without_times_or_with_one_alone_parts_are_drawn():
    ratings = synthetic().ratings
    for times in (None, torch.zeros(len(ratings), dtype=torch.int64)):
        split = study.part(replace(ratings, timestamps=times))
        assert split.name == "random 20 % of each user"


def test_people_with_two_ratings_each_are_tested_all_together():
    ratings = with_values(np.ones(100), n_users=50, n_items=2, n=100)
    split = study.part(ratings)
    assert split.name == "random 20 %"
    assert len(split.test) == 20


def test_a_handful_of_ratings_is_not_parted():
    with pytest.raises(RatingsError, match="give 50 or more"):
        study.part(with_values(np.ones(49), n=49))


# Verdicts --------------------------------------------------------------------


def test_planted_tastes_put_both_models_ahead(planted):
    for judgement in (planted.stars, planted.lists):
        assert judgement.verdict.outcome == "ahead"
        assert "ahead of counting by" in judgement.verdict.words
        assert judgement.verdict.reasons == ()
    assert planted.stars.interval.high < 0 < planted.lists.interval.low
    assert planted.stars.settings["n_factors"] > 0
    assert planted.list_model.settings["kind"] == "EASE"
    assert isinstance(planted.list_model.model, LinearLists)


def test_a_model_of_ratings_that_is_ahead_is_fitted_to_all(planted):
    made = planted.star_model
    assert made.settings["n_factors"] == planted.stars.settings["n_factors"]
    assert made.ratings is planted.ratings
    told = fitted.predicted(made.model, planted.ratings)
    errors = told - planted.ratings.ratings
    test_error = planted.stars.table["value"].iloc[-1]
    assert errors.square().mean().sqrt() < test_error


def test_the_numbers_of_a_verdict_are_those_of_its_table(planted):
    told = planted.stars.table.set_index("model")["value"]
    gain = told["damped biases"] - told["sampler"]
    assert gain == pytest.approx(-planted.stars.interval.difference)
    assert f"by {gain:.3f}:" in planted.stars.verdict.words


def test_stars_drawn_by_lot_bear_no_model_and_lists_are_the_most_liked(
    drawn_by_lot,
):
    for judgement in (drawn_by_lot.stars, drawn_by_lot.lists):
        assert judgement.verdict.outcome in ("level", "behind")
        assert "do not bear a model" in judgement.verdict.words
        assert judgement.verdict.reasons
    assert "drawn by lot" in str(drawn_by_lot.stars.verdict)
    assert drawn_by_lot.star_model is None
    assert drawn_by_lot.list_model.settings["kind"] == "most liked"
    counts = torch.bincount(
        drawn_by_lot.ratings.items[
            drawn_by_lot.ratings.ratings >= drawn_by_lot.liked.least
        ],
        minlength=50,
    )
    table = fitted.for_all(drawn_by_lot.list_model, 1)
    assert set(table["score"]) <= set(counts.tolist())
    assert table["score"].max() == counts.max()


def test_one_value_alone_is_no_rating_to_predict_but_lists_are_judged():
    found = study.examine(with_values(np.full(1_000, 5.0)))
    assert found.stars.verdict.outcome == "none"
    assert "Nothing varies" in str(found.stars.verdict)
    assert len(found.stars.table) == 0
    assert len(found.lists.table) == 2


def test_zero_or_one_ends_with_two_verdicts():
    values = np.random.default_rng(2).integers(0, 2, 1_000)
    found = study.examine(with_values(values))
    assert found.liked.least == 1.0
    for judgement in (found.stars, found.lists):
        assert judgement.verdict.outcome in ("level", "behind")


def test_one_person_alone_gets_no_interval():
    ratings = with_values(
        np.arange(200) % 5 + 1, n_users=1, n_items=300, n=200
    )
    found = study.examine(ratings)
    assert found.stars.interval is None and found.lists.interval is None
    assert "1 person could be tested" in found.stars.verdict.words
    assert len(fitted.for_all(found.list_model)) == 0


def test_a_few_ratings_end_with_a_verdict_and_a_list():
    found = study.examine(with_values(np.arange(30) % 5 + 1, n=30))
    assert found.split is None
    for judgement in (found.stars, found.lists):
        assert judgement.verdict.outcome == "none"
        assert "there are only 30 ratings" in judgement.verdict.words
    assert len(fitted.for_all(found.list_model)) > 0


def test_hours_are_judged_by_their_logarithm():
    hours = np.random.default_rng(3).lognormal(1, 1.5, 1_000).round(1)
    ratings = with_values(hours)
    found = study.examine(ratings)
    assert "of log(1 + amount)" in found.stars.verdict.words
    assert found.stars.unit == "log(1 + amount)"
    logs = ratings.ratings.log1p()
    told = found.stars.table.set_index("model")["value"]
    assert told["the mean"] == pytest.approx(logs.std().item(), rel=0.2)


def test_a_model_of_amounts_learns_their_logarithms():
    ratings = synthetic(300, 150, 9_000, seed=3).ratings
    between = torch.arange(9_000) % 7 / 7
    hours = replace(
        ratings,
        ratings=(ratings.ratings + between).exp().square(),
        scale=(0.0, 170_000.0),
    )
    found = study.examine(hours)
    assert found.stars.verdict.outcome == "ahead"
    assert found.star_model.settings["is_log"]
    low, high = found.star_model.ratings.scale
    assert (low, high) == pytest.approx((0, np.log(170_001)))
    ids = hours.item_ids[hours.items[:9]].tolist()
    user_id = hours.user_ids[hours.users[0]].item()
    told = fitted.predict_ratings(found.star_model, user_id, ids)
    assert told["prediction"].between(0, 170_000).all()
    assert told["prediction"].max() > 10


def test_where_validation_data_choose_counting_no_model_is_tested():
    values = np.random.default_rng(3).lognormal(1, 1.5, 1_000).round(1)
    stars = study.judge_stars(study.part(with_values(values)))
    assert stars.settings["kind"] == "damped biases"
    assert "counting itself was chosen" in stars.verdict.words
    assert stars.verdict.outcome == "level"
    assert stars.table["model"].iloc[-1] == "damped biases"
    assert stars.interval is None


def test_where_ratings_are_thin_as_many_sweeps_choose_as_fit(
    monkeypatch,
):
    monkeypatch.setattr(study, "N_FACTORS", [0])
    split = study.part(synthetic(200, 300, 700, n_factors=0).ratings)
    words = str(study.judge_stars(split).verdict)
    model = fitted.fit_sampler(split.train, 0)
    held = split.validation
    error = rmse(model(held.users, held.items), held.ratings, held.scale)
    assert f"(RMSE {error:.3f} against " in words


def test_items_with_four_ratings_each_are_named_as_a_reason():
    values = np.random.default_rng(4).integers(1, 11, 1_000)
    found = study.examine(with_values(values, n_items=250))
    assert "Items have few ratings" in str(found.stars.verdict)


def test_the_same_seed_gives_the_same_study():
    ratings = with_values(np.arange(300) % 5 + 1, n=300)
    one, two = study.examine(ratings, seed=4), study.examine(ratings, seed=4)
    pd.testing.assert_frame_equal(one.stars.table, two.stars.table)
    assert one.stars.interval == two.stars.interval
    assert one.lists.interval == two.lists.interval


# Many items ------------------------------------------------------------------


def test_where_a_table_of_items_is_too_large_ials_makes_the_lists(monkeypatch):
    monkeypatch.setattr(study, "MOST_ITEMS_OF_EASE", 50)
    ratings = synthetic(300, 150, 9_000, seed=3).ratings
    liked = liked_of(ratings)
    settings = study.judge_top(study.part(ratings), liked).settings
    assert settings["kind"] == "iALS"
    assert {"n_factors", "unseen", "l2"} < set(settings)
