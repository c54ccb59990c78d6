"""Defaults beside counting: how sets are made and measured, and who lost."""

import pytest
import torch

from benchmarks import scales
from bookbuild.results import benchmark
from recslib.movielens import synthetic

MEASURED = benchmark.read("scales.json")
OURS = [row for row in MEASURED if row["fit"] != "damped biases"]


def test_ratings_are_stretched_from_end_to_end():
    ratings = synthetic().ratings
    stretched = scales.on_scale(ratings, -10, 10)
    assert stretched.scale == (-10, 10)
    assert torch.allclose(stretched.ratings, 5 * (ratings.ratings - 3))


@pytest.mark.usefixtures("short_fits")
def test_a_set_has_a_row_a_fit_and_counting_is_one():
    ratings = synthetic(n_ratings=300).ratings
    rows = scales.measure("made up", ratings)
    assert [row["fit"] for row in rows] == list(scales.FITS)
    assert rows[0]["ratio"] == 1
    for row in rows:
        assert len(row["rmse"]) == scales.N_FOLDS
        ratio = sum(row["rmse"]) / sum(rows[0]["rmse"])
        assert row["ratio"] == pytest.approx(ratio, abs=1e-5)


def test_no_default_loses_to_counting_by_half_a_hundredth():
    assert max(row["ratio"] for row in OURS) <= 1.005


def test_from_thirty_thousand_ratings_on_all_are_ahead():
    many = [row for row in OURS if row["ratings"] >= 30_000]
    assert many and max(row["ratio"] for row in many) < 1
