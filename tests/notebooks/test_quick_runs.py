"""Each chapter, in seconds, on the tiny synthetic data set."""

import math

import pytest
from kernels import in_kernels

from bookbuild import (
    chapters,
    lone,
    new_chapter,
    notebooks,
    places,
    plain,
    run,
)


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
    assert len(asked) >= 5
    for cell in asked:
        assert cell.outputs[0].text.startswith("Not yet: "), cell.id


def deeper_sections():
    return [
        pytest.param(path, heading, id=f"{heading[8:]}@core of {path.stem}")
        for path in chapters.paths()
        for heading, _ in plain.sections_of(notebooks.read(path))
        if heading.startswith(plain.DEEPER)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ran_core", "heading"), deeper_sections(), indirect=["ran_core"]
)
def test_a_deeper_section_stands_on_the_core_alone(ran_core, heading):
    (cells,) = (
        cells for title, cells in ran_core.sections() if title == heading
    )
    ran_core.run_apart(cells)


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
