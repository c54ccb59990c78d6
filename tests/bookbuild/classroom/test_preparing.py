"""An exercise is prepared by the cells that it needs."""

import pytest

from bookbuild import chapters, places
from bookbuild.classroom import grading
from bookbuild.classroom.preparing import preparation
from bookbuild.classroom.slices import statements_of
from bookbuild.lone import FIRST_CELL
from bookbuild.notebooks import tags


def test_what_an_exercise_needs_leaves_fits_out():
    path = places.ROOT / "notebooks" / "01_matrix_factorization.ipynb"
    chapter = grading.chapter_of(path)
    tagged = {
        cell.id: cell.metadata.get("tags", [])
        for cell in chapter.notebook.cells
    }
    prepared = preparation(chapter.notebook, chapter.exercises)
    needed = [label for label, _, is_needed in prepared.cells if is_needed]
    assert 0 < len(needed) < 12
    assert not any("trained" in tagged[label] for label in needed)
    assert not any("solution" in tagged[label] for label, *_ in prepared.cells)


def test_of_a_cell_that_is_needed_in_part_the_rest_is_not_computed():
    path = places.ROOT / "notebooks" / "03_lstm_sequences.ipynb"
    chapter = grading.chapter_of(path)
    prepared = preparation(chapter.notebook, chapter.exercises)
    assert {"item_base", "factorize"} <= prepared.names
    assert "factorized" not in prepared.names
    assert any(c.source.count("factorized = ") for c in chapter.notebook.cells)


@pytest.mark.parametrize("path", chapters.paths(), ids=lambda path: path.stem)
def test_whatever_the_chapter_has_above_an_exercise_an_answer_may_use(path):
    chapter = grading.chapter_of(path)
    cells = chapter.notebook.cells
    statements = statements_of(cells)
    # Answers to other exercises are the student's own.
    theirs = {each.stub.id for each in chapter.exercises} | {FIRST_CELL}
    used = {
        exercise.label: frozenset(
            name
            for each in statements
            if each.cell < cells.index(exercise.stub)
            and cells[each.cell].id not in theirs
            and not {"self-check", "solution"} & set(tags(cells[each.cell]))
            for name in each.makes
        )
        for exercise in chapter.exercises
    }
    prepared = preparation(chapter.notebook, chapter.exercises, used)
    assert prepared.names >= frozenset().union(*used.values())


def test_what_only_an_answer_uses_stops_nobody():
    path = places.ROOT / "notebooks" / "03_lstm_sequences.ipynb"
    chapter = grading.chapter_of(path)
    alone = preparation(chapter.notebook, chapter.exercises)
    used = {chapter.exercises[0].label: frozenset({"data", "no_such_name"})}
    more = preparation(chapter.notebook, chapter.exercises, used)
    assert "data" in more.names - alone.names
    assert len(more.names - alone.names) < 10
    own = {label: is_needed for label, _, is_needed in alone.cells}
    for label, _, is_needed in more.cells:
        assert is_needed == own.get(label, False)
