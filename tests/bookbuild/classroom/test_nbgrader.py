"""What nbgrader asks of a source notebook."""

import ast
import re

import pytest

from bookbuild import BuildError, chapters, notebooks
from bookbuild.classroom import grading, nbgrader

CHAPTERS = [grading.chapter_of(path) for path in chapters.paths()]
WITH_EXERCISES = [each for each in CHAPTERS if each.exercises]
# https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
KINDS = {
    "schema_version": int,
    "grade": bool,
    "locked": bool,
    "solution": bool,
    "task": bool,
    "grade_id": str,
    "points": int,
}


@pytest.fixture(params=WITH_EXERCISES, ids=lambda chapter: chapter.stem)
def chapter(request):
    return request.param


def about(cell):
    return cell.metadata["nbgrader"]


def test_every_cell_says_what_it_is_to_nbgrader(chapter):
    made = nbgrader.assignment(chapter)
    names = [about(cell)["grade_id"] for cell in made.cells]
    assert len(set(names)) == len(names)
    for cell in made.cells:
        said = about(cell)
        assert set(said) == set(KINDS) - (
            set() if said["grade"] else {"points"}
        )
        assert all(type(value) is KINDS[key] for key, value in said.items())
        assert said["schema_version"] == 3
        assert re.fullmatch(r"[a-zA-Z0-9_-]+", said["grade_id"])
        assert said["grade"] + said["solution"] <= 1
        assert said["locked"] != said["solution"]


def test_each_exercise_has_an_answer_and_a_check_of_one_point(chapter):
    cells = nbgrader.assignment(chapter).cells
    answers = [cell for cell in cells if about(cell)["solution"]]
    graded = [cell for cell in cells if about(cell)["grade"]]
    assert [c.id for c in answers] == [e.stub.id for e in chapter.exercises]
    assert [c.id for c in graded] == [e.check.id for e in chapter.exercises]
    assert {about(cell)["points"] for cell in graded} == {1}
    assert all("assert said == " in cell.source for cell in graded)


def test_what_nbgrader_cuts_out_is_the_solution(chapter):
    cut = re.compile(r"### BEGIN SOLUTION\n.*?### END SOLUTION", re.DOTALL)
    cells = nbgrader.assignment(chapter).cells
    for exercise in chapter.exercises:
        (cell,) = (c for c in cells if c.id == exercise.stub.id)
        left = cut.sub("", cell.source)
        assert ast.dump(ast.parse(left)) == ast.dump(
            ast.parse(exercise.stub.source)
        )
    text = "".join(cut.sub("", cell.source) for cell in cells)
    assert "_solution" not in text
    assert "Solution(" not in text


def test_the_cells_before_the_exercises_are_those_that_they_need():
    by_stem = {each.stem: each for each in WITH_EXERCISES}
    for chapter in by_stem.values():
        cells = nbgrader.assignment(chapter).cells
        assert len(cells) < 12 + 4 * len(chapter.exercises)


def test_a_check_that_does_more_than_print_is_named():
    exercise = WITH_EXERCISES[0].exercises[0]
    changed = notebooks.NotebookNode(exercise.check)
    changed.source = "x = 1\nprint(checks.column_error(your_error))"
    from dataclasses import replace

    with pytest.raises(BuildError, match="should be one line"):
        nbgrader.asserted(replace(exercise, check=changed))


def test_a_course_is_written_and_another_one_left_alone(tmp_path):
    nbgrader.write_nbgrader(str(tmp_path))
    written = sorted(p.parent.name for p in tmp_path.rglob("*.ipynb"))
    assert written == sorted(each.stem for each in WITH_EXERCISES)
    nbgrader.write_nbgrader(str(tmp_path))
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()")
    with pytest.raises(BuildError, match="is of another course"):
        nbgrader.write_nbgrader(str(tmp_path))
