"""Each chapter, in seconds, on the tiny synthetic data set."""

import math

import pytest

from bookbuild import notebooks, run

QUICK = {"dataset": "synthetic", "quick": True}


@pytest.mark.slow
def test_a_chapter_runs_on_synthetic_ratings(chapter, tmp_path):
    output = tmp_path / chapter.name
    run.execute(chapter, output, QUICK, progress=False)
    values = notebooks.glued(notebooks.read(output))
    assert values["fit_seconds"] > 0
    for key in ("mean_rmse", "item_mean_rmse", "bias_rmse", "rmse"):
        assert math.isfinite(values[key])
        assert values[key] > 0
