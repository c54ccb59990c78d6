"""Each chapter, in seconds, on the tiny synthetic data set."""

import math

import build
import pytest

QUICK = {"dataset": "synthetic", "quick": True}


@pytest.mark.slow
def test_a_chapter_runs_on_synthetic_ratings(chapter, tmp_path):
    output = tmp_path / chapter.name
    build.execute(chapter, output, QUICK, progress=False)
    values = build.glued(build.read(output))
    assert values["fit_seconds"] > 0
    for key in ("mean_rmse", "item_mean_rmse", "bias_rmse", "rmse"):
        assert math.isfinite(values[key])
        assert values[key] > 0
