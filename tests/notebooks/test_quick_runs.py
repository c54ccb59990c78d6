"""Each chapter, in seconds, on the tiny synthetic data set."""

import math

import pytest

from bookbuild import (
    chapters,
    lone,
    new_chapter,
    notebooks,
    places,
    plain,
    run,
)

QUICK = {"dataset": "synthetic", "quick": True}


@pytest.mark.slow
def test_a_chapter_runs_on_synthetic_ratings(chapter, tmp_path):
    output = tmp_path / chapter.name
    run.execute(chapter, output, quick_settings(chapter), progress=False)
    says = chapters.chapter_of(output)
    if says.headline is not None:
        assert says.values["fit_seconds"] > 0
        for name in ("mean", "item_mean", "biases", "rmse"):
            assert math.isfinite(says.headline_value(name))
            assert says.headline_value(name) > 0


def quick_settings(chapter):
    """Those of QUICK that a notebook has."""
    (cell,) = (
        cell
        for cell in notebooks.read(chapter).cells
        if "parameters" in notebooks.tags(cell)
    )
    return {k: v for k, v in QUICK.items() if f"{k} = " in cell.source}


def deeper_sections():
    return [
        pytest.param(path, heading, id=f"{path.stem}-{heading[8:]}")
        for path in chapters.paths()
        for heading, _ in plain.sections_of(notebooks.read(path))
        if heading.startswith(plain.DEEPER)
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("chapter_path", "heading"), deeper_sections())
def test_a_deeper_section_stands_on_the_core_alone(
    chapter_path, heading, tmp_path
):
    notebook = notebooks.read(chapter_path)
    wanted, behind = [], False
    for title, cells in plain.sections_of(notebook):
        behind = behind or title == plain.EXERCISES
        if not behind or title == heading:
            wanted += cells
    notebook.cells = [c for c in wanted if c.id != lone.FIRST_CELL]
    for name in ("recslib", "benchmarks"):
        (tmp_path / name).symlink_to(places.ROOT / name)
    alone = tmp_path / "notebooks" / chapter_path.name
    notebooks.write(notebook, alone)
    settings = quick_settings(chapter_path)
    run.execute(alone, tmp_path / "ran.ipynb", settings, progress=False)


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
