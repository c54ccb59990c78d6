"""An exercise is prepared by the cells that it needs."""

from bookbuild import places
from bookbuild.classroom import grading
from bookbuild.classroom.preparing import preparation


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
