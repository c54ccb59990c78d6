"""Each chapter, in seconds, on the tiny synthetic data set."""

import math

import pytest

from bookbuild import chapters, lone, new_chapter, notebooks, places, run

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


@pytest.mark.slow
@pytest.mark.data
def test_a_chapter_that_was_just_started_runs_and_keeps_its_word(tmp_path):
    first = lone.first_cell(notebooks.read(chapters.paths()[0]))
    for name in ("recslib", "benchmarks"):
        (tmp_path / name).symlink_to(places.ROOT / name)
    made = new_chapter.filled_skeleton("07_on_trial", first)
    path = tmp_path / "notebooks" / "07_on_trial.ipynb"
    notebooks.write(made, path)
    assert "{{" not in path.read_text(encoding="utf-8")
    output = tmp_path / "run" / path.name
    run.execute(path, output, progress=False)
    says = chapters.chapter_of(output)
    assert (says.numbered_title, says.heading) == ("7 On trial", "On trial")
    assert says.printed is None
    assert says.headline_value("rmse") < says.headline_value("biases")
    assert says.bounds and not chapters.broken_bounds(says)
