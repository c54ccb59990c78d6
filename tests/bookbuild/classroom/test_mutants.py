"""Every wrong answer of the teachers' notes is handed in and graded."""

import json

import pytest

from bookbuild.classroom import grading
from bookbuild.classroom.exercises import exercises_in
from bookbuild.classroom.notes import notes_on

SEED = 1  # of cases that students do not see


def handed_in(notebook, noted, number):
    """Give the wrong answers of one number to the exercises that have one.

    Returns
    -------
    tuple
        The notebook, and what is said of each exercise, by its number.
    """
    sources, said = {}, {}
    for exercise in exercises_in(notebook):
        wrongs = noted.wrong[exercise.label]
        if number < len(wrongs):
            sources[exercise.stub.id] = wrongs[number].answer
            said[exercise.number] = wrongs[number].says
    cells = [
        {**cell, "source": sources.get(cell.id, cell.source)}
        for cell in notebook.cells
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4}, said


@pytest.mark.slow
@pytest.mark.data
def test_every_wrong_answer_of_the_notes_gets_no_mark(book, tmp_path):
    folder, wanted = tmp_path / "in", {}
    folder.mkdir()
    for name, notebook in book.items():
        noted = notes_on(name, notebook)
        for number in range(max(map(len, noted.wrong.values()), default=0)):
            answered, said = handed_in(notebook, noted, number)
            wanted[f"{name}-{number}"] = said
            path = folder / f"{name}-{number}.ipynb"
            path.write_text(json.dumps(answered))
    out = tmp_path / "grades"
    grading.grade(str(folder), str(out), jobs=2, seed=SEED)
    read = json.loads((out / "grades.json").read_text())["notebooks"]
    marks = {
        one["student"]: {mark["number"]: mark for mark in one["marks"]}
        for one in read
    }
    assert set(marks) == set(wanted)
    assert sum(map(len, wanted.values())) > 80
    for student, said in wanted.items():
        for number, words in said.items():
            mark = marks[student][number]
            assert mark["status"] == "not yet", (student, mark)
            assert words in mark["said"], (student, mark)
