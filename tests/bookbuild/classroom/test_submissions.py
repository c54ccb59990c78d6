"""What a class hands in is found, however it was downloaded and changed."""

import json
import os

import pytest

from bookbuild import places
from bookbuild.classroom import grading
from bookbuild.classroom.submissions import (
    Cell,
    UnreadableError,
    answer_to,
    cells_of,
    handed_out,
    submissions_in,
)

BOOK = [
    grading.chapter_of(path)
    for path in sorted((places.ROOT / "notebooks").glob("0[0-2]*.ipynb"))
]
EMPTY = '{"cells": [], "metadata": {}}'


def put(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EMPTY)


@pytest.mark.parametrize(
    ("path", "student", "name"),
    [
        ("ann.ipynb", "ann", "ann.ipynb"),
        ("ann/01.ipynb", "ann", "01.ipynb"),
        ("ann/labs/1.4.ipynb", "ann", "labs/1.4.ipynb"),
        ("ann/ps1/01.ipynb", "ann", "ps1/01.ipynb"),
        (
            "Ann Lee_1234_assignsubmission_file/01.ipynb",
            "Ann Lee_1234",
            "01.ipynb",
        ),
        (
            "Ann Lee_1234_assignsubmission_file_/01.ipynb",
            "Ann Lee_1234",
            "01.ipynb",
        ),
        (
            "Ann Lee_1234_assignsubmission_file_01.ipynb",
            "Ann Lee_1234",
            "01.ipynb",
        ),
        ("leeann_5012_77120_01-1.ipynb", "leeann", "01-1.ipynb"),
        ("leeann_LATE_5012_77120_01.ipynb", "leeann", "01.ipynb"),
        ("Zoë 陳.ipynb", "Zoë 陳", "Zoë 陳.ipynb"),
    ],
)
def test_whose_a_notebook_is_can_be_told(tmp_path, path, student, name):
    put(tmp_path, path)
    (found,) = submissions_in(tmp_path)
    assert (found.student, found.name) == (student, name)
    assert found.problem == ""


def test_what_systems_leave_behind_is_nobodys(tmp_path):
    put(
        tmp_path,
        ".DS_Store",
        "__MACOSX/ann.ipynb",
        "ann/.ipynb_checkpoints/01-checkpoint.ipynb",
        "ann/01.ipynb",
        "ann/timestamp.txt",
    )
    assert [one.name for one in submissions_in(tmp_path)] == ["01.ipynb"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for_and_a_linked_folder_not_entered(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder").symlink_to(tmp_path)
    problems = {s.student: s.problem for s in submissions_in(tmp_path)}
    assert problems["pipe"] == "no file"
    assert problems["folder"] == "a link, which is not followed"


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('{"cells": [{"cell_type": "code", "id": "a", "source": "x"}]}', "a"),
        (
            '{"cells": [{"cell_type": "code", "metadata": {"id": "a"}, '
            '"source": ["x"]}]}',
            "a",
        ),
        (
            '{"worksheets": [{"cells": [{"cell_type": "code", "input": '
            '"x"}]}]}',
            "",
        ),
    ],
)
def test_a_notebook_of_any_version_is_read(tmp_path, text, cells):
    path = tmp_path / "n.ipynb"
    path.write_text("\ufeff" + text, encoding="utf-8")
    assert cells_of(path) == [Cell(cells, True, "x")]


@pytest.mark.parametrize(
    "cell",
    [None, 3, {}, {"source": 3}, {"source": [1, None]}, {"id": 7}],
)
def test_a_cell_that_is_damaged_is_an_empty_one(tmp_path, cell):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": [cell]}))
    assert all(read == Cell("", False, "") for read in cells_of(path))


def test_half_a_letter_of_unicode_does_not_stop_what_is_written(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text('{"cells": [{"cell_type": "code", "source": "\\ud800"}]}')
    assert cells_of(path)[0].source == "?"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[]", b"{}", b"nothing"])
def test_what_is_no_notebook_says_why(tmp_path, content):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match="not a notebook"):
        cells_of(path)


@pytest.mark.parametrize(
    ("cells", "source"), [(6_000, ""), (200, "x" * 40_000)]
)
def test_a_notebook_that_would_take_long_to_read_is_too_large(
    tmp_path, cells, source
):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": [{"source": source}] * cells}))
    with pytest.raises(UnreadableError, match="too large"):
        cells_of(path)


def of_chapter(number):
    chapter = next(c for c in BOOK if c.stem.startswith(f"{number:02}"))
    cells = [
        Cell(c.id, c.cell_type == "code", c.source)
        for c in chapter.notebook.cells
    ]
    return chapter, cells


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("has_ids", [True, False])
def test_a_lab_is_known_by_its_chapter_and_by_its_exercise(number, has_ids):
    chapter, cells = of_chapter(number)
    each = chapter.exercises[3]
    place = next(n for n, c in enumerate(cells) if c.label == each.asked.id)
    lab = cells[place : place + 3]
    if not has_ids:
        lab = [Cell("", cell.is_code, cell.source) for cell in lab]
    scores = {
        one.stem: grading.likeness(
            lab, "lab.ipynb", one.stem, one.cells, one.exercises
        )
        for one in BOOK
    }
    assert max(scores, key=scores.get) == chapter.stem
    assert handed_out(lab, chapter.exercises) == [each]


def answer(number, cells):
    chapter, _ = of_chapter(int(number.partition(".")[0]))
    (each,) = (e for e in chapter.exercises if e.number == number)
    return answer_to(each, cells, chapter.cells, chapter.known)


def test_an_answer_of_two_names_may_stand_in_two_cells():
    stub = next(
        e for e in of_chapter(2)[0].exercises if e.number == "2.2"
    ).stub
    found = answer(
        "2.2",
        [
            Cell(stub.id, True, "your_predictions = [0.375] * 4"),
            Cell("new", True, "your_lowest_loss = 0.171875"),
        ],
    )
    assert len(found.sources) == 2
    assert "`your_lowest_loss` counts" in " ".join(found.notes)


def test_a_name_that_another_chapter_uses_too_is_no_answer_to_this_one():
    chapter, cells = of_chapter(1)
    assert any(e.answers == ["your_step"] for e in of_chapter(0)[0].exercises)
    (each,) = (e for e in chapter.exercises if e.answers == ["your_step"])
    found = answer(each.number, cells)
    assert found.problem == "the cell is as it was handed out"


def test_what_would_run_is_not_taken_along():
    stub = next(
        e for e in of_chapter(0)[0].exercises if e.number == "0.4"
    ).stub
    found = answer(
        "0.4",
        [
            Cell("a", True, "import math\nRATE = 2\nslow = print('run')"),
            Cell(
                stub.id, True, "def your_step(g, s, r): return math.e + RATE"
            ),
        ],
    )
    assert "print" not in "".join(found.sources)
    assert "`RATE`, `math`" in " ".join(found.notes)
