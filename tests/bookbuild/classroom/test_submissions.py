"""What a class hands in is found, however it was downloaded and changed."""

import json
import os
import re
import socket
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookbuild import BuildError, places
from bookbuild.classroom import grading, submissions
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
def test_what_is_no_file_is_told_and_never_opened(tmp_path, monkeypatch):
    """Who opens a pipe waits until somebody writes into it."""
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    os.mkfifo("pipe.ipynb")
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket.ipynb")
    Path("folder").symlink_to(tmp_path)
    Path("itself.ipynb").symlink_to("itself.ipynb")
    Path("nowhere.ipynb").symlink_to("gone.ipynb")
    Path("outside.ipynb").symlink_to("/etc/passwd")
    problems = {s.student: s.problem for s in submissions_in(tmp_path)}
    link = "a link, which is not followed"
    assert problems == {
        "pipe": "a pipe, which is not read",
        "socket": "a socket, not a notebook",
        **dict.fromkeys(["folder", "itself", "nowhere", "outside"], link),
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_what_is_no_file_is_told_in_the_folder_of_a_student_too(tmp_path):
    ann = tmp_path / "ann"
    put(ann, "01.ipynb", "02.ipynb/inside.ipynb")
    os.mkfifo(ann / "03.ipynb")
    (ann / "04.ipynb").symlink_to(tmp_path)
    assert {s.name: s.problem for s in submissions_in(tmp_path)} == {
        "01.ipynb": "",
        "02.ipynb": "a folder, not a notebook",
        "02.ipynb/inside.ipynb": "",
        "03.ipynb": "a pipe, which is not read",
        "04.ipynb": "a link, which is not followed",
    }


def test_a_folder_that_is_called_a_notebook_is_that_of_a_student(tmp_path):
    (tmp_path / "ann.ipynb").mkdir()
    (tmp_path / "bob.ipynb").mkdir()
    (tmp_path / "bob.ipynb" / "all").symlink_to("/")
    assert {s.student: s.problem for s in submissions_in(tmp_path)} == {
        "ann.ipynb": "no notebook in the folder",
        "bob.ipynb": "no notebook in the folder; there is all",
    }


def test_200_megabytes_are_not_read(tmp_path):
    with open(tmp_path / "ann.ipynb", "wb") as file:
        file.truncate(200 << 20)  # takes no room on the disk
    (found,) = submissions_in(tmp_path)
    assert found.problem == "too large: 200 MB, and 25 MB are read at most"


def refused(monkeypatch, module, name, where):
    """Have the system refuse to read a place: root may read anything."""
    own = getattr(module, name)

    def refuse(path, *more):
        if Path(path) == where:
            raise PermissionError(13, "Permission denied", str(path))
        return own(path, *more)

    monkeypatch.setattr(module, name, refuse)


def test_what_may_not_be_read_says_so(tmp_path, monkeypatch):
    put(tmp_path, "ann/01.ipynb", "bob/01.ipynb", "bob/closed/02.ipynb")
    refused(monkeypatch, os, "scandir", tmp_path / "ann")
    refused(monkeypatch, os, "scandir", tmp_path / "bob" / "closed")
    said = "the folder cannot be read: Permission denied"
    assert [
        (one.student, one.name, one.problem)
        for one in submissions_in(tmp_path)
    ] == [("ann", "", said), ("bob", "01.ipynb", ""), ("bob", "closed", said)]
    path = tmp_path / "bob" / "01.ipynb"
    refused(monkeypatch, Path, "read_bytes", path)
    with pytest.raises(UnreadableError, match="cannot be read: Permission"):
        cells_of(path)
    refused(monkeypatch, os, "scandir", tmp_path)
    with pytest.raises(BuildError, match="cannot be read: Permission"):
        grading.grade(str(tmp_path), str(tmp_path.parent / "grades"))


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
    [
        *(None, 3, [], {}, {"source": 3}, {"source": [1, None]}),
        *({"id": 7}, {"id": None}, {"id": {}}, {"id": None, "metadata": 1}),
        *({"metadata": {"id": [1]}}, {"cell_type": ["code"], "source": {}}),
    ],
)
def test_a_cell_that_is_damaged_is_an_empty_one(tmp_path, cell):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"cells": [cell]}))
    assert all(read == Cell("", False, "") for read in cells_of(path))


def test_half_a_letter_and_a_null_do_not_stop_what_is_written(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text('{"cells": [{"source": "\\ud800\\u0000"}]}')
    assert cells_of(path)[0].source == "?\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\xff\xfe", b"\0\0", b"nothing", b"[" * 100_000, b"9" * 9_999),
        *(b"[]", b"3", b"null", b"{}", b'{"cells": {}}', b'{"worksheets": 3}'),
    ],
)
def test_what_is_no_notebook_says_why(tmp_path, content):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with pytest.raises(UnreadableError, match="not a notebook"):
        cells_of(path)


@pytest.mark.parametrize(
    ("cells", "source"),
    [(6_000, ""), (100, "x" * 60_000), (20, "x" * 40_000)],
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


def solved(exercise):
    """Return an answer to an exercise, as a cell of the notebook's format."""
    source = grading.solution_of(exercise)[0]
    return {"cell_type": "code", "source": source, "outputs": []}


def read(tmp_path, notebook, chapter):
    """Read a notebook as `grade` does: the answers, and why there are none."""
    (tmp_path / "ann.ipynb").write_text(json.dumps(notebook))
    (one,) = submissions_in(tmp_path)
    found = grading._read(one, [chapter], ())
    (tmp_path / "ann.ipynb").unlink()
    return found


def test_a_notebook_of_version_3_has_its_answers(tmp_path):
    chapter, _ = of_chapter(0)
    stubs = {each.stub.id: each for each in chapter.exercises}
    notebook = nbformat.from_dict(chapter.notebook)
    for cell in notebook.cells:
        if cell.id in stubs:
            cell.source = grading.solution_of(stubs[cell.id])[0]
    old = nbformat.convert(notebook, 3)
    assert old.nbformat == 3 and "cells" not in old
    found = read(tmp_path, old, chapter)
    assert len(found.answers) == len(stubs)
    for label, one in found.answers.items():
        (each,) = (e for e in stubs.values() if e.label == label)
        assert one.sources[-1] == grading.solution_of(each)[0]


@pytest.mark.parametrize(
    "other",
    [
        "def twice(a, a): return a",
        "class A:\n    nonlocal x",
        "from __future__ import nothing",
        "def f():\n    return x\n    global x",
        "return 1",
        "x: int = 1\nglobal x",
        "x = 1\0",
        "match x:\n    case " + "[" * 190,
        "-" * 49_000 + "1",
        "'" * 49_000,
    ],
)
def test_a_cell_that_python_refuses_stops_nobody(tmp_path, other):
    chapter, _ = of_chapter(0)
    each = chapter.exercises[0]
    cells = [
        {"cell_type": "markdown", "source": each.asked.source},
        {"cell_type": "code", "source": other},
        solved(each),
    ]
    found = read(tmp_path, {"cells": cells}, chapter)
    assert found.answers[each.label].sources == (cells[2]["source"],)


KEYS = ["cells", "worksheets", "cell_type", "id", "metadata", "source"]
WORDS = st.sampled_from(["code", "markdown", "### Exercise 0.1: x", "a = 1"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | WORDS,
    lambda inside: (
        st.lists(inside) | st.dictionaries(st.sampled_from(KEYS), inside)
    ),
)


@settings(max_examples=20, deadline=None)
@given(cells=st.lists(st.dictionaries(st.sampled_from(KEYS), JSON)), more=JSON)
def test_whatever_json_is_handed_in_is_read_or_told(
    tmp_path_factory, cells, more
):
    chapter, _ = of_chapter(0)
    folder = tmp_path_factory.mktemp("in")
    for notebook in ({"cells": cells, "metadata": more}, more):
        found = read(folder, notebook, chapter)
        assert found.note or found.answers


def test_what_is_taken_along_stands_in_its_order_and_counts(monkeypatch):
    stub = of_chapter(0)[0].exercises[0].stub
    body = "def your_error(a, b): return n0"
    mine = Cell(stub.id, True, f"{body}  # {'x' * 100}")
    steps = [f"n{i} = n{i + 1}" for i in range(100)]
    other = Cell("x", True, "\n".join(["n100 = 0", *reversed(steps)]))
    found = answer("0.1", [other, mine])
    assert "\n".join(found.sources[:-1]) == other.source
    monkeypatch.setattr(submissions, "LONGEST", len(other.source))
    found = answer("0.1", [other, mine])
    assert not found.sources
    assert re.search("answer has more than .* letters", found.problem)


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
