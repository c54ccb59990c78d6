import json

import pytest
import torch

from benchmarks import list_seeds
from benchmarks.measure import RESULTS
from bookbuild import chapters
from recslib import lists, movielens, splits

CHAPTER = "04_from_stars_to_lists"
KEYS = {
    "people you know": "known_ndcg10",
    "strangers": "strangers_ndcg10",
    "first visits": "first_lstm",
}


@pytest.fixture(scope="module")
def parts():
    ratings = movielens.synthetic().ratings
    folds = splits.whole_users(ratings, 2, 0)
    return [(fold, lists.strangers(fold, 3)) for fold in folds]


@pytest.fixture(scope="module")
def chapter():
    (path,) = (p for p in chapters.paths() if p.stem == CHAPTER)
    return chapters.chapter_of(path)


def test_no_two_seeds_share_a_network(parts, monkeypatch):
    fitted = []

    def fit(heard, seed):
        fitted.append(seed)
        return lists.ListAutoencoder(heard.liked.shape[1], 2)

    monkeypatch.setattr(lists, "fit_list_autoencoder", fit)
    for seed in list_seeds.SEEDS:
        list_seeds.three_networks(*parts[0], seed)
    assert fitted == list(range(15))


def test_the_people_of_all_splits_stand_in_a_row(parts):
    values = list_seeds.judged(list_seeds.most_liked, parts, 0)
    assert len(values) == sum(len(people) for _, people in parts)
    assert 0 <= values.min() <= values.max() <= 1


def test_the_first_model_is_bounded_against_each_other_one():
    values = {
        "ours": torch.tensor([[0.5, 0.5], [0.7, 0.7]]),
        "ease": torch.tensor([[0.4, 0.4]]),
        "popular": torch.tensor([[0.1, 0.1]]),
    }
    rows = list_seeds.compared("known", values, torch.arange(2))
    assert [(r["task"], r["first"], r["second"]) for r in rows] == [
        ("known", "ours", "ease"),
        ("known", "ours", "popular"),
    ]
    # Two seeds of 0.5 and 0.7: their mean is 0.6, either may be drawn twice.
    assert rows[0]["difference"] == pytest.approx(0.2)
    assert rows[0]["low"] == pytest.approx(0.1)
    assert rows[0]["high"] == pytest.approx(0.3)


@pytest.mark.slow
def test_every_model_scores_every_film_of_everybody(parts):
    for name, (score, _) in list_seeds.MODELS["strangers"].items():
        scores = score(*parts[0], 0)
        assert scores.shape[-1] == parts[0][0].train.n_items, name
        assert scores.isfinite().all()
    told = lists.strangers(parts[0][0], 3, order="time")
    scores = list_seeds.lstm(parts[0][0], told, 0)
    assert scores.shape == told.wanted.shape


def test_seed_0_is_what_the_chapter_fits(chapter):
    """Written twice, in the library and in cells: they are one model."""
    kept = json.loads((RESULTS / "list-seeds.json").read_text("utf-8"))
    for task, key in KEYS.items():
        (row,) = (
            row
            for row in kept
            if row["task"] == task and len(row["seeds"]) > 1
        )
        assert row["ndcg"][0] == pytest.approx(chapter.values[key], abs=2e-3)


def test_models_are_called_what_the_chapter_calls_them(chapter):
    labels = {rung.label for rung in chapter.rungs}
    for models in list_seeds.MODELS.values():
        assert set(models) <= labels
