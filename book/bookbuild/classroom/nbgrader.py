"""Writes the exercises as source notebooks of nbgrader.

Each chapter becomes an assignment with one notebook: the cells that its
exercises need, then each question, answer and check. nbgrader is not needed
to write them. What the metadata mean:
https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
"""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
from nbformat import NotebookNode, v4

from bookbuild import BuildError, chapters, notebooks
from bookbuild.classroom.exercises import Exercise
from bookbuild.classroom.grading import Chapter, chapter_of, solution_of
from bookbuild.classroom.preparing import preparation
from bookbuild.files import write_all

SCHEMA = 3
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
# nbgrader would put a `raise` below each stub, and stop a cell after 30 s.
CONFIG = """\
c = get_config()  # noqa: F821
c.CourseDirectory.course_id = "recommenders"
c.ClearSolutions.code_stub = {"python": ""}
c.ExecutePreprocessor.timeout = 600
"""


def write_nbgrader(out: str) -> None:
    """Write a course folder for nbgrader.

    Parameters
    ----------
    out
        A folder that is new, or that this command wrote: it gets
        ``nbgrader_config.py`` and ``source/``.

    Raises
    ------
    BuildError
        Where the folder has a configuration of another course.
    """
    course = Path(out)
    config = course / "nbgrader_config.py"
    if config.exists() and config.read_text(encoding="utf-8") != CONFIG:
        raise BuildError(
            f"{config} is of another course, and is left as it is. Name a "
            "new folder (`--out`), and copy `source/` from there."
        )
    texts = {config: CONFIG}
    for path in chapters.paths():
        chapter = chapter_of(path)
        if chapter.exercises:
            place = course / "source" / chapter.stem / path.name
            texts[place] = notebooks.text_of(assignment(chapter))
    write_all(texts)
    print(f"{len(texts) - 1} assignments: {course / 'source'}")


def assignment(chapter: Chapter) -> NotebookNode:
    """Make the source notebook of a chapter's exercises.

    Parameters
    ----------
    chapter
        With its exercises.
    """
    made = v4.new_notebook(metadata=notebooks.NOTEBOOK_METADATA)
    title = notebooks.title_of(chapter.notebook)
    made.cells = [_locked(v4.new_markdown_cell(f"# {title}", id="title"))]
    prepared = preparation(chapter.notebook, chapter.exercises)
    given = {cell.id for each in chapter.exercises for cell in each.given}
    for label, source, is_needed in prepared.cells:
        if is_needed and label not in given:
            made.cells.append(_locked(v4.new_code_cell(source, id=label)))
    for exercise in chapter.exercises:
        made.cells += _cells_of(exercise)
    nbformat.validate(made)
    return made


def _cells_of(exercise: Exercise) -> list[NotebookNode]:
    question = v4.new_markdown_cell(
        exercise.asked.source, id=exercise.asked.id
    )
    given = [
        _locked(v4.new_code_cell(cell.source, id=cell.id))
        for cell in exercise.given
    ]
    solution = "\n".join(solution_of(exercise))
    answer = v4.new_code_cell(
        f"{exercise.stub.source}\n\n\n{BEGIN}\n{solution}\n{END}",
        id=exercise.stub.id,
    )
    check = v4.new_code_cell(asserted(exercise), id=exercise.check.id)
    return [
        _locked(question),
        *given,
        _with(answer, solution=True),
        _with(check, grade=True, locked=True, points=1),
    ]


def asserted(exercise: Exercise) -> str:
    """Return a check that stops where it does not pass, as nbgrader wants.

    Raises
    ------
    BuildError
        Where the chapter's check does more than print one verdict.
    """
    source = exercise.check.source
    body = ast.parse(source).body
    call = body[0].value if isinstance(body[0], ast.Expr) else None
    is_print = isinstance(call, ast.Call) and ast.unparse(call.func) == "print"
    if len(body) != 1 or not is_print or len(call.args) != 1:
        raise BuildError(
            f"the check of {exercise.label!r} should be one line, "
            "`print(checks.name(your_answer))`."
        )
    asked = ast.get_source_segment(source, call.args[0])
    return f'said = {asked}\nprint(said)\nassert said == "Pass.", said'


def _locked(cell: NotebookNode) -> NotebookNode:
    return _with(cell, locked=True)


def _with(
    cell: NotebookNode,
    *,
    grade: bool = False,
    locked: bool = False,
    solution: bool = False,
    points: int | None = None,
) -> NotebookNode:
    """Say what a cell is to nbgrader."""
    about = {
        "grade": grade,
        "grade_id": cell.id,
        "locked": locked,
        "schema_version": SCHEMA,
        "solution": solution,
        "task": False,
    }
    if points is not None:
        about["points"] = points
    cell.metadata["nbgrader"] = about
    return cell
