"""Each fold chooses on its own training part, and nothing else."""

from dataclasses import replace

import pytest
import torch

from benchmarks import nested
from bookbuild.results import benchmark
from recslib import splits
from recslib.movielens import synthetic

FOUND = benchmark.read("nested.json")
GRID = [{"l2": l2, "ridge": 3.0, "n_epochs": 2} for l2 in (0.04, 5.0)]


@pytest.fixture
def folds():
    return splits.random_folds(synthetic(n_ratings=2_000).ratings, 2)


def test_the_committed_file_holds_a_choice_of_every_fold():
    assert [row["fold"] for row in FOUND["folds"]] == [
        f"u{number}" for number in range(1, 6)
    ]
    assert FOUND["n_settings"] == len(nested.L2) * len(nested.RIDGE)
    for row in FOUND["folds"]:
        assert row["l2"] in nested.L2 and row["ridge"] in nested.RIDGE
        assert 0.85 < row["nested_rmse"] < 0.95
        if {name: row[name] for name in nested.BOOK} == nested.BOOK:
            assert row["nested_rmse"] == row["book_rmse"]
    assert FOUND["low"] <= FOUND["difference"] <= FOUND["high"]


def test_the_book_settings_are_in_the_grid():
    assert nested.BOOK["l2"] in nested.L2
    assert nested.BOOK["ridge"] in nested.RIDGE


def test_the_settings_with_the_lowest_validation_error_are_chosen(folds):
    carved = splits.carve_validation(folds[0], 0.1, nested.SEED_OF_TENTH)
    # So heavy an L2 leaves nothing but the mean.
    assert nested.choose(carved, GRID) == GRID[0]
    assert nested.choose(carved, GRID[::-1]) == GRID[0]


@pytest.mark.usefixtures("short_fits")
def test_other_stars_in_the_test_part_change_no_choice(folds):
    fold = folds[0]
    stars = torch.full_like(fold.test.ratings, 1.0)
    other = replace(fold, test=replace(fold.test, ratings=stars))
    chosen = [
        row
        for each in (fold, other)
        for row in nested.run([each], GRID)["folds"]
    ]
    assert chosen[0]["l2"] == chosen[1]["l2"]
    assert chosen[0]["nested_rmse"] != chosen[1]["nested_rmse"]
