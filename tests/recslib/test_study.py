import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from recslib import study
from recslib.models import LinearLists, ListFactorization
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame


def frame_of(ratings):
    return pd.DataFrame(
        {
            "user": ratings.users.numpy(),
            "item": ratings.items.numpy(),
            "rating": ratings.ratings.numpy(),
        }
    )


def with_values(values, n_users=60, n_items=50, n=1_000):
    """Rate pairs that are drawn by lot, with no times."""
    pairs = np.random.default_rng(0).permutation(n_users * n_items)[:n]
    users, items = np.divmod(pairs, n_items)
    return from_frame(
        pd.DataFrame({"user": users, "item": items, "rating": values})
    )


def values_of(table):
    return dict(zip(table["what"], table["value"], strict=True))


@pytest.fixture(scope="module")
def planted():
    """Examine people whose tastes are known to differ."""
    return study.examine(synthetic(300, 150, 9_000, seed=3).ratings)


@pytest.fixture(scope="module")
def drawn_by_lot():
    stars = np.random.default_rng(1).integers(1, 6, 1_000)
    return study.examine(with_values(stars))


# What was read ---------------------------------------------------------------


def test_of_rows_that_stand_twice_the_last_counts_and_they_are_counted():
    found = study.read(
        io.BytesIO(b"user,item,rating\n1,1,2\n1,2,3\n1,1,5\n").getvalue()
    )
    assert found.n_repeated == 1
    assert sorted(found.ratings.ratings.tolist()) == [3.0, 5.0]


def test_dates_become_seconds():
    found = study.read(
        b"user,item,rating,time\n1,1,2,1970-01-02\n1,2,3,1970-01-01 00:01\n"
    )
    assert found.ratings.timestamps.tolist() == [86_400, 60]


def test_what_is_no_date_is_named_by_its_line():
    with pytest.raises(RatingsError, match="line 3"):
        study.read(
            b"user,item,rating,time\n1,1,2,1970-01-02\n1,2,3,yesterday\n"
        )


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
    told = values_of(study.describe(ratings, 4))
    assert told["ratings"] == "3"
    assert told["people"] == "2"
    assert told["items"] == "2"
    assert told["items with a title"] == "1"
    assert told["filled, of people by items"] == "75 %"
    assert told["rows that stood twice"] == "4"
    assert told["scale"] == "1 to 5"
    assert told["time"] == "1970-01-01 to 1970-01-03"


def test_nothing_cannot_be_described():
    with pytest.raises(RatingsError, match="no ratings"):
        study.describe(synthetic().ratings.select(torch.tensor([])))


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
    liked = study.liked_of(with_values(np.array(values, float), n=100))
    assert (liked.least, liked.share) == (least, pytest.approx(share))
    assert f"{least:g}" in liked.words or "all" in liked.words


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
    assert planted.settings["kind"] == "EASE"
    assert isinstance(planted.model, LinearLists)


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
    assert drawn_by_lot.settings["kind"] == "most liked"
    counts = torch.bincount(
        drawn_by_lot.ratings.items[
            drawn_by_lot.ratings.ratings >= drawn_by_lot.liked.least
        ],
        minlength=50,
    )
    table = study.for_all(drawn_by_lot, 1)
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
    assert found.stars.interval is not None
    assert found.lists.interval is not None


def test_one_person_alone_gets_no_interval():
    ratings = with_values(
        np.arange(200) % 5 + 1, n_users=1, n_items=300, n=200
    )
    found = study.examine(ratings)
    assert found.stars.interval is None and found.lists.interval is None
    assert "1 person could be tested" in found.stars.verdict.words
    assert len(study.for_all(found)) == 0


def test_a_few_ratings_end_with_a_verdict_and_a_list():
    found = study.examine(with_values(np.arange(30) % 5 + 1, n=30))
    assert found.split is None
    for judgement in (found.stars, found.lists):
        assert judgement.verdict.outcome == "none"
        assert "there are 30 ratings" in judgement.verdict.words
    assert len(study.for_all(found)) > 0


def test_hours_are_judged_by_their_logarithm():
    hours = np.random.default_rng(3).lognormal(1, 1.5, 1_000).round(1)
    ratings = with_values(hours)
    assert study.is_amount(ratings)
    assert not study.is_amount(synthetic().ratings)
    found = study.examine(ratings)
    assert "log(1 + amount)" in found.stars.verdict.words
    logs = ratings.ratings.log1p()
    told = found.stars.table.set_index("model")["value"]
    assert told["the mean"] == pytest.approx(logs.std().item(), rel=0.2)


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
    liked = study.liked_of(ratings)
    settings = study.judge_top(study.part(ratings), liked).settings
    assert settings["kind"] == "iALS"
    assert {"n_factors", "unseen", "l2"} < set(settings)


def test_a_newcomer_to_ials_is_told_what_somebody_known_is_told():
    ratings = synthetic(120, 100, 5_000, seed=3).ratings
    liked = study.liked_of(ratings)
    settings = {"kind": "iALS", "n_factors": 8, "unseen": 0.2, "l2": 0.05}
    model = study.fit_lists(ratings, liked, settings)
    settings["liked"] = liked.least
    assert isinstance(model, ListFactorization)
    own = ratings.users == 5
    stars = {
        ratings.item_ids[item].item(): value
        for item, value in zip(
            ratings.items[own].tolist(),
            ratings.ratings[own].tolist(),
            strict=True,
        )
    }
    as_newcomer = study.for_newcomer(model, ratings, stars, settings)
    user_id = ratings.user_ids[5].item()
    as_known = study.for_user(model, ratings, user_id, settings)
    assert as_newcomer["title"].tolist() == as_known["title"].tolist()
    # And whoever liked nothing, what most people liked.
    bad = {ratings.titles[0]: 1}
    shy = study.for_newcomer(model, ratings, bad, settings)
    popular = study.popular_lists(ratings, liked)
    most = {"kind": "most liked", "liked": liked.least}
    told = study.for_newcomer(popular, ratings, bad, most)
    assert shy["title"].tolist() == told["title"].tolist()


def test_items_that_few_liked_are_left_out_where_tables_would_not_fit(
    monkeypatch,
):
    ratings = synthetic(60, 80, 2_400).ratings
    monkeypatch.setattr(study, "MOST_CELLS", 60 * 30)
    monkeypatch.setattr(study, "FEWEST_ITEMS", 10)
    liked = study.liked_of(ratings)
    kept = study.items_to_list(ratings, liked)
    assert len(kept) == 30
    likes = torch.bincount(
        ratings.items[ratings.ratings >= liked.least], minlength=80
    )
    left_out = torch.ones(80, dtype=torch.bool)
    left_out[kept] = False
    assert likes[kept].min() >= likes[left_out].max()
    few = study.only_items(ratings, kept)
    assert few.n_items == 30
    assert [ratings.titles[item] for item in kept] == list(few.titles)
    assert len(few) == torch.isin(ratings.items, kept).sum()


# Lists -----------------------------------------------------------------------


def test_everybody_gets_a_list_of_what_they_have_not_rated(planted):
    table = study.for_all(planted, 5)
    assert table.groupby("user").size().eq(5).all()
    rated = set(
        zip(
            planted.ratings.user_ids[planted.ratings.users].tolist(),
            planted.ratings.item_ids[planted.ratings.items].tolist(),
            strict=True,
        )
    )
    listed = set(zip(table["user"], table["item_id"], strict=True))
    assert not listed & rated


def test_a_newcomer_is_heard_by_title(planted):
    title = planted.ratings.titles[0]
    told = study.for_newcomer(
        planted.model, planted.served, {title: 5}, planted.settings, 3
    )
    assert len(told) == 3
    assert title not in told["title"].tolist()
    with pytest.raises(RatingsError, match="give 1 to 5"):
        study.for_newcomer(
            planted.model, planted.served, {title: 9}, planted.settings
        )
