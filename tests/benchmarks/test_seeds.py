"""Several seeds of each model: fitted once, kept, and summed up."""

import pytest
import torch

from benchmarks import seeds
from bookbuild.results import benchmark
from recslib import splits
from recslib.features import side_features
from recslib.movielens import synthetic

ERRORS, INTERVALS = (
    benchmark.read(f"{name}.json") for name in ("seeds", "seed-intervals")
)


@pytest.fixture(scope="module")
def data():
    return synthetic(n_ratings=1_500)


@pytest.fixture
def parts(data):
    ratings = data.ratings
    return {
        "folds": splits.random_folds(ratings, 2),
        "windows": splits.time_windows(ratings, 2),
        "newest": [splits.global_time(ratings, 0.2)],
    }


def guess(level):
    """Make a model that says the seed plus a level, whatever is asked."""

    def fit(split, side, seed):
        fit.calls += 1
        return {f"level {level}": torch.full((len(split.test),), seed + level)}

    fit.calls = 0
    return fit


@pytest.fixture
def guesses(monkeypatch):
    models = {f"level {level}": guess(level) for level in (1.0, 2.0)}
    monkeypatch.setattr(
        seeds,
        "MODELS",
        {name: ("folds", fit, range(2)) for name, fit in models.items()},
    )
    monkeypatch.setattr(seeds, "SEEDS", range(2))
    pairs = {"folds": (("level 1.0", "level 2.0"),)}
    monkeypatch.setattr(seeds, "PAIRS", pairs)
    return models


def test_what_was_fitted_is_not_fitted_again(guesses, parts, data, tmp_path):
    side = side_features(data)
    first = seeds.fit_all(parts, side, tmp_path)
    assert [fit.calls for fit in guesses.values()] == [4, 4]
    next(tmp_path.glob("level_1.0-1-*.npz")).unlink()
    again = seeds.fit_all(parts, side, tmp_path)
    assert [fit.calls for fit in guesses.values()] == [5, 4]
    for key, rows in first.items():
        for name, said in rows.items():
            assert all(map(torch.equal, said, again[key][name]))


def test_a_fit_that_is_cut_off_leaves_nothing_behind(
    guesses, parts, data, tmp_path, monkeypatch
):
    def stop(split, side, seed):
        raise KeyboardInterrupt

    models = {**seeds.MODELS, "level 2.0": ("folds", stop, range(2))}
    monkeypatch.setattr(seeds, "MODELS", models)
    with pytest.raises(KeyboardInterrupt):
        seeds.fit_all(parts, side_features(data), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_errors_and_intervals_are_of_all_seeds(guesses, parts, data, tmp_path):
    found = seeds.fit_all(parts, side_features(data), tmp_path)
    errors, (interval,) = seeds.summarize(found, parts)
    assert [row["name"] for row in errors] == ["level 1.0", "level 2.0"]
    for row, level in zip(errors, (1.0, 2.0), strict=True):
        for seed, scores in enumerate(row["rmse"]):
            wanted = [
                (split.test.ratings - level - seed).square().mean().sqrt()
                for split in parts["folds"]
            ]
            assert scores == pytest.approx(
                [w.item() for w in wanted], abs=1e-5
            )
    assert interval["low"] < interval["difference"] < interval["high"]


def test_a_prediction_is_clipped_to_the_scale(guesses, parts, data, tmp_path):
    found = seeds.fit_all(parts, side_features(data), tmp_path)
    low, high = data.ratings.scale
    for rows in found.values():
        for said in rows.values():
            assert all(low <= each.min() <= high for each in said)


@pytest.mark.usefixtures("short_fits")
def test_every_model_answers_for_every_rating(data, parts):
    side = side_features(data)
    named = set()
    for task, fit, _ in seeds.MODELS.values():
        said = fit(parts[task][0], side, 0)
        for told in said.values():
            assert told.shape == (len(parts[task][0].test),)
            assert torch.isfinite(told).all()
        named |= {(task, name) for name in said}
    wanted = {
        (task, name)
        for task, pairs in seeds.PAIRS.items()
        for pair in pairs
        for name in pair
    }
    assert wanted <= named


# What is committed -----------------------------------------------------------


def test_the_kept_errors_are_of_each_seed_on_every_part():
    sizes = {"folds": 5, "windows": 5, "newest": 1}
    assert {row["task"] for row in ERRORS} == set(sizes)
    several = {
        (row["task"], name)
        for row in INTERVALS
        for name in (row["first"], row["second"])
    }
    for row in ERRORS:
        n_seeds = 5 if (row["task"], row["name"]) in several else 1
        assert len(row["rmse"]) in (n_seeds, 5)
        assert {len(scores) for scores in row["rmse"]} == {sizes[row["task"]]}


def test_the_kept_intervals_are_those_that_the_chapters_read():
    found = [(row["task"], row["first"], row["second"]) for row in INTERVALS]
    assert found == [
        (task, *pair) for task, pairs in seeds.PAIRS.items() for pair in pairs
    ]
    means = {
        (row["task"], row["name"]): torch.tensor(row["rmse"]).mean().item()
        for row in ERRORS
    }
    for row in INTERVALS:
        assert row["low"] <= row["difference"] <= row["high"]
        one, other = (
            means[row["task"], row[name]] for name in ("first", "second")
        )
        # All ratings in one against the mean over parts: about the same.
        apart = abs(row["difference"] - (one - other))
        assert apart < (0.006 if row["task"] == "windows" else 0.0006)
