"""What stands alone: each deeper section on the core, a chapter just begun."""

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
