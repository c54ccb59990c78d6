"""Each chapter, in seconds, on the tiny synthetic data set."""

import math

import pytest
from kernels import in_kernels

from bookbuild import chapters, notebooks, plain


@pytest.mark.slow
@pytest.mark.parametrize("ran_all", in_kernels(), indirect=True)
def test_a_chapter_runs_on_synthetic_ratings(ran_all, tmp_path):
    output = tmp_path / ran_all.path.name
    notebooks.write(ran_all.as_it_ran, output)
    says = chapters.chapter_of(output)
    if says.headline is not None:
        assert says.values["fit_seconds"] > 0
        for name in ("mean", "item_mean", "biases", "rmse"):
            assert math.isfinite(says.headline_value(name))
            assert says.headline_value(name) > 0


@pytest.mark.slow
@pytest.mark.parametrize("ran_all", in_kernels(), indirect=True)
def test_every_check_of_a_blank_says_not_yet(ran_all):
    """The student edition is these cells, up to the solutions."""
    asked = [
        cell
        for cell in ran_all.as_it_ran.cells
        if "self-check" in notebooks.tags(cell)
    ]
    titles = [title for title, _ in ran_all.sections()]
    assert len(asked) >= 5 or plain.EXERCISES not in titles
    for cell in asked:
        assert cell.outputs[0].text.startswith("Not yet: "), cell.id
