"""An exercise is prepared by the cells that it needs."""

from bookbuild import places
from bookbuild.classroom import grading
from bookbuild.classroom.preparing import (
    names_bound,
    names_used,
    only_defines,
    preparation,
)


def test_names_are_told_apart_by_where_they_live():
    source = """\
import numpy as np
def f(a, b=default):
    local = a + outside
    return np.sum(local) + len(a)
result = f(given)
"""
    assert names_used(source) == {"np", "default", "outside", "f", "given"}
    assert names_bound(source) == {"np", "f", "result"}
    assert not only_defines(source)
    assert only_defines("import a\ndef f(): return a\nclass C: pass")


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
