"""A class hands in answers of all kinds; each gets the mark it deserves."""

import copy
import csv
import json
import os
import re
import sys

import pytest
from nbformat import v4

from bookbuild import BuildError, chapters, places
from bookbuild.classroom import grading

pytestmark = pytest.mark.slow
CHAPTER = grading.chapter_of(
    places.ROOT / "notebooks" / "00_pytorch_in_twenty_minutes.ipynb"
)
EXERCISES = {each.number: each for each in CHAPTER.exercises}
SOLVED = {
    number: grading.solution_of(each)[0] for number, each in EXERCISES.items()
}
RIGHT = "    return (column[:, 0] - row).square().mean()\n"
WRONG = "    return (column - row).square().mean()\n"
SECONDS = 2  # of a core, for an answer
SEED = 1  # of cases that students do not see


def function(body=RIGHT, before="", after=""):
    """Write an answer to 0.1."""
    return f"{before}\ndef your_error(column, row):\n{body}\n{after}"


def doing(lines, answer=RIGHT):
    """Write an answer to 0.1 that does something first."""
    body = "".join(f"    {line}\n" for line in lines.splitlines())
    return function(body + answer)


def code(source, label=None):
    cell = {"cell_type": "code", "metadata": {}, "source": source}
    return cell | ({"id": label} if label else {})


def words(source, label=None):
    return code(source, label) | {"cell_type": "markdown"}


def lab(*answers, number="0.1"):
    """Make what is handed out for one exercise, with cells of answers."""
    each = EXERCISES[number]
    return [
        words(each.asked.source, each.asked.id),
        *answers,
        code(each.check.source, each.check.id),
    ]


STUB = EXERCISES["0.1"].stub


def answer(source):
    return code(source, STUB.id)


def whole(answers):
    """Make a chapter with answers: number to source."""
    notebook = copy.deepcopy(dict(CHAPTER.notebook))
    of = {EXERCISES[n].stub.id: source for n, source in answers.items()}
    return [
        {**cell, "source": of.get(cell["id"], cell["source"])}
        for cell in notebook["cells"]
    ]


def without_ids(cells):
    return [{k: v for k, v in cell.items() if k != "id"} for cell in cells]


ALL = dict.fromkeys(EXERCISES, "pass")
HALF = ["0.1", "0.3", "0.5"]
PATCHED = "error: changes the check"
FORGE = """\
import os
for fd in range(3, 64):
    try:
        os.write(fd, b"pass\\0\\0Pass.")
    except OSError:
        pass"""

PATCH_ONCE = """\
from recslib import checks
own, said = checks.column_error, []
def once(*given, **named):
    said.append("Pass.")
    if len(said) == 2:
        checks.column_error = own
    return "Pass."
checks.column_error = once
"""
# The checks that judge are a copy, and its classes are among all others.
REACHES = """\
of = [k for k in torch.nn.Module.__subclasses__() if k.__name__ == "_Taste"]
space = of[-1].forward.__globals__
"""
REACHES_AND_MENDS = f"""\
{REACHES}
own = space["expect"]
space["expect"] = lambda *a, **k: space.update(expect=own)
"""
FINDS_THE_JUDGE = """\
of = [k for k in object.__subclasses__() if k.__name__ == "_Lines"]
space = of[-1].come.__globals__
own = space["judged"]
def no_check(*given):
    return space["Verdict"]("pass", "", "Pass.")
"""
# `expect` asks whether the largest difference is above what is allowed.
MENDS_PYTORCH = """\
def once(*given):
    del torch.Tensor.__gt__
    return torch.tensor(False)
torch.Tensor.__gt__ = once"""
NESTS = """\
import os
for _ in range(3000):
    os.mkdir("a")
    os.chdir("a")"""
SIGNALS = """\
import fcntl, os
fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid())"""
CROWDS = """\
import threading
threading.stack_size(1 << 16)
while True:
    threading.Thread(target=threading.Event().wait).start()"""

# By student: the cells, the marks, and what is said, in part.
CLASS = {
    "all-right": (whole(SOLVED), ALL, ""),
    "half": (
        whole({number: SOLVED[number] for number in HALF}),
        {n: "pass" if n in HALF else "missing" for n in EXERCISES},
        "as it was handed out",
    ),
    "ids-lost": (without_ids(whole(SOLVED)), ALL, "was not found"),
    "right": (lab(answer(function())), "pass", ""),
    "uses-the-chapter": (
        lab(answer(function(before="assert by_hand.isclose(by_torch)"))),
        "pass",
        "",
    ),
    "wrong": (lab(answer(function(WRONG))), "not yet", "every pair|a table"),
    "untouched": (
        lab(answer(STUB.source + "  # soon")),
        "missing",
        "handed out",
    ),
    "nan": (
        lab(answer(function("    return float('nan')\n"))),
        "not yet",
        "NaN",
    ),
    "endless": (lab(answer(doing("while True: pass"))), "error: time", ""),
    "endless-cell": (
        lab(answer(function(after="while True: pass"))),
        "error: time",
        "endless loop",
    ),
    "sleeps": (
        lab(answer(doing("import time; time.sleep(600)"))),
        "error: time",
        "",
    ),
    "exits": (
        lab(answer(doing("import sys; sys.exit('Pass.')"))),
        "error: exit",
        "sys.exit",
    ),
    "exits-at-once": (
        lab(answer(function(after="import os; os._exit(0)"))),
        "error: exit",
        "ended its process",
    ),
    "syntax": (
        lab(answer("def your_error(column, row)\n    return 1")),
        "error: syntax",
        "no Python",
    ),
    "no-such-name": (
        lab(answer("def my_error(column, row):\n    return 1")),
        "error: no such name",
        "your_error",
    ),
    "memory": (
        lab(answer(doing("x = bytearray(1 << 36)"))),
        "not yet",
        "MemoryError",
    ),
    "recursion": (
        lab(answer(function("    return your_error(column, row)\n"))),
        "not yet",
        "RecursionError",
    ),
    "threads": (
        lab(
            answer(
                doing(
                    "import threading\n"
                    "t = threading.Thread(target=threading.Event().wait)\n"
                    "t.start()"
                )
            )
        ),
        "pass",
        "",
    ),
    "huge-output": (
        lab(answer(doing("for _ in range(50): print('x' * 1_000_000)"))),
        "pass",
        "",
    ),
    "says-pass": (
        lab(answer(doing("print('Pass.')", WRONG))),
        "not yet",
        "",
    ),
    "own-checks": (
        lab(
            answer(
                function(
                    WRONG,
                    after="class checks:\n"
                    "    column_error = staticmethod(lambda a: 'Pass.')\n"
                    "print = lambda *a: None\n",
                )
            )
        ),
        "not yet",
        "",
    ),
    "own-check-cell": (
        [
            *lab(answer(function(WRONG)))[:-1],
            code("print('Pass.')", EXERCISES["0.1"].check.id),
        ],
        "not yet",
        "",
    ),
    "patches-the-check": (
        lab(
            answer(
                function(
                    WRONG,
                    before="from recslib import checks\n"
                    "checks.column_error = lambda *a, **k: print('Pass.')\n",
                )
            )
        ),
        PATCHED,
        "column_error",
    ),
    "patches-inside": (
        lab(
            answer(
                doing(
                    "import recslib.checks.pytorch as p\n"
                    "p.expect = lambda *a, **k: None",
                    WRONG,
                )
            )
        ),
        PATCHED,
        "expect",
    ),
    "patches-code": (
        lab(
            answer(
                doing(
                    "from recslib import answers\n"
                    "nothing = lambda *a, **k: None\n"
                    "answers.expect.__code__ = nothing.__code__",
                    WRONG,
                )
            )
        ),
        PATCHED,
        "expect",
    ),
    "patches-tensors": (
        lab(
            answer(
                doing(
                    "torch.Tensor.__gt__ = lambda *a: torch.zeros(())", WRONG
                )
            )
        ),
        PATCHED,
        "Tensor.__gt__",
    ),
    "patches-and-mends": (
        lab(answer(function(WRONG, before=PATCH_ONCE))),
        PATCHED,
        "column_error",
    ),
    "patches-for-a-call": (
        lab(
            answer(
                doing(
                    "import recslib.checks.pytorch as p\n"
                    "own = p.expect\n"
                    "p.expect = lambda *a, **k: setattr(p, 'expect', own)",
                    WRONG,
                )
            )
        ),
        PATCHED,
        "expect",
    ),
    "reaches-the-copy": (
        lab(
            answer(
                doing(
                    f'{REACHES}space["expect"] = lambda *a, **k: None', WRONG
                )
            )
        ),
        PATCHED,
        "expect",
    ),
    "reaches-and-mends": (
        lab(answer(doing(REACHES_AND_MENDS, WRONG))),
        "error: no second pass",
        "what it gave does not",
    ),
    "mends-pytorch": (
        lab(answer(doing(MENDS_PYTORCH, WRONG))),
        "error: no second pass",
        "what it gave does not",
    ),
    "reaches-the-judge": (
        lab(
            answer(
                function(
                    WRONG,
                    before=FINDS_THE_JUDGE
                    + 'space["_changed"] = lambda noted: ""\n'
                    'space["judged"] = no_check\n',
                )
            )
        ),
        PATCHED,
        "of the judge",
    ),
    "patches-the-parser": (
        lab(
            answer(
                function(
                    WRONG,
                    before="import ast\n"
                    "passes = ast.parse(\"print('Pass.')\")\n"
                    "ast.parse = lambda *given: passes\n",
                )
            )
        ),
        "not yet",
        "every pair|a table",
    ),
    "patches-the-judge": (
        lab(
            answer(
                function(
                    WRONG,
                    before="import __main__ as judge\n"
                    "judge.judged = judge._changed = lambda *a: ''\n",
                )
            )
        ),
        "not yet",
        "every pair|a table",
    ),
    "looks-at-frames": (
        lab(answer(doing("import sys\nsys._getframe().f_back", WRONG))),
        "not yet",
        "may not look",
    ),
    "looks-at-errors": (
        lab(
            answer(
                doing(
                    "try: 1 / 0\n"
                    "except Exception as e: e.__traceback__.tb_frame",
                    WRONG,
                )
            )
        ),
        "not yet",
        "may not look",
    ),
    "looks-at-objects": (
        lab(answer(doing("import gc\ngc.get_objects()", WRONG))),
        "not yet",
        "may not look",
    ),
    "looks-at-memory": (
        lab(answer(doing("import ctypes\nctypes.string_at(0)", WRONG))),
        "not yet",
        "may not look",
    ),
    "names-a-tuple": (
        lab(
            answer(
                doing(
                    "from collections import namedtuple\n"
                    "P = namedtuple('P', 'column row')"
                )
            )
        ),
        "pass",
        "",
    ),
    "on-the-processor": (
        lab(
            answer(
                doing(
                    "import os\n"
                    "assert os.environ['CUDA_VISIBLE_DEVICES'] == '-1'"
                )
            )
        ),
        "pass",
        "",
    ),
    "null": (
        lab(answer(function(after="x = 1\0"))),
        "error: syntax",
        "no Python",
    ),
    "twice-the-same": (
        lab(code("def mine(a, a): return a", "mine"), answer(function())),
        "pass",
        "",
    ),
    "ids-damaged": (
        [
            code("x = 1") | {"id": None, "metadata": 3},
            code("x = 2") | {"id": ["a"]},
            *without_ids(lab(code(function()) | {"metadata": None})),
        ],
        "pass",
        "was not found",
    ),
    "asks": (lab(answer(doing("input('?')"))), "not yet", "EOFError"),
    "shows": (
        lab(
            answer(
                doing(
                    "from matplotlib import pyplot as plt\n"
                    "plt.plot([1]); plt.show()"
                )
            )
        ),
        "pass",
        "",
    ),
    "blank-lines": (
        lab(*[code("\n" * 49_000 + "(")] * 9, answer(function())),
        "pass",
        "",
    ),
    "forges": (lab(answer(doing(FORGE, WRONG))), "error: forged", ""),
    "copied": (
        lab(answer(function()), answer(function(WRONG))),
        "not yet",
        "2 cells have the id",
    ),
    "copied-untouched": (
        lab(answer(function()), answer(STUB.source)),
        "pass",
        "",
    ),
    "copied-below": (
        lab(answer(STUB.source), code(function(), "a-copy")),
        "pass",
        "the cell that makes `your_error` counts",
    ),
    "split": (
        lab(
            answer("import numpy as n\n\nSHARE = 1.0"),
            code(
                function(
                    "    return SHARE * n.mean((column[:, 0] - row)"
                    ".numpy() ** 2)\n"
                ),
                "new",
            ),
        ),
        "pass",
        "`SHARE`, `n`",
    ),
    "helper": (
        lab(
            code("def flat(x):\n    return x.flatten()", "mine"),
            answer(
                function("    return (flat(column) - row).square().mean()\n")
            ),
        ),
        "pass",
        "`flat`",
    ),
    "deleted": (lab(), "missing", "is gone"),
    "emptied": (lab(answer("  \n")), "missing", "is empty"),
    "retyped": (
        lab(words(f"My answer:\n```python\n{function()}\n```", STUB.id)),
        "pass",
        "no longer a code cell",
    ),
    "magic": (
        lab(answer("%matplotlib inline\n" + function(after="!ls\n"))),
        "pass",
        "only Jupyter",
    ),
    "stops-below": (
        lab(answer(function(after="your_error(nothing, here)"))),
        "pass",
        "",
    ),
    "deep": (
        lab(
            answer(function(before="x = " + "1 + " * 700 + "1")),
            code("y = " + "-" * 900 + "x"),
        ),
        "pass",
        "",
    ),
    "too-long": (
        lab(answer(function(after="x = 1\n" * 20_000))),
        "error: too long",
        "letters",
    ),
    "<script>": (
        lab(answer(function(WRONG + "    # <script>alert(1)</script>\n"))),
        "not yet",
        "",
    ),
    "=HYPERLINK(1)": (lab(answer(function())), "pass", ""),
}
# What only a system with all of the limits stops.
HELD = {
    "forks": (
        lab(answer(doing("import os\nfor _ in range(6): os.fork()"))),
        "not yet",
        "PermissionError",
    ),
    "programs": (
        lab(answer(doing("import subprocess; subprocess.run(['true'])"))),
        "not yet",
        "PermissionError",
    ),
    "reads": (
        lab(answer(doing("open('/etc/passwd').read()"))),
        "not yet",
        "PermissionError",
    ),
    "network": (
        lab(
            answer(
                doing(
                    "import socket; socket.create_connection(('127.0.0.1', 9))"
                )
            )
        ),
        "not yet",
        "PermissionError",
    ),
    "kills": (
        lab(answer(doing("import os; os.kill(os.getppid(), 9)"))),
        "not yet",
        "PermissionError",
    ),
    "nests-folders": (
        lab(answer(doing(NESTS))),
        "not yet",
        "PermissionError",
    ),
    "signals-by-pipe": (
        lab(answer(doing(SIGNALS))),
        "not yet",
        "PermissionError",
    ),
    "crowds": (lab(answer(doing(CROWDS))), "error: threads", "too many"),
    "deletes": (
        lab(
            answer(
                doing(
                    "import shutil; shutil.rmtree('HERE', ignore_errors=True)"
                )
            )
        ),
        "pass",
        "",
    ),
    "writes": (
        lab(
            answer(
                doing(
                    "try: open('HERE/written', 'w')\n"
                    "except OSError: pass\n"
                    "open('own', 'w').write('x')"
                )
            )
        ),
        "pass",
        "",
    ),
}
ALL_HELD = {"reading outside", "writing outside", "network", "other processes"}


def confines():
    """Whether this system has all that Linux offers."""
    if sys.platform != "linux":
        return False
    judges = grading.Judges(CHAPTER, [EXERCISES["0.1"]], 1, SEED)
    try:
        judges.judge([grading._Job("ex-0-column", [function()], 10)])
        return all(judges.holds[name] for name in ALL_HELD)
    finally:
        judges.close()


def no_notebooks(folder):
    """Hand in what is no notebook: by student, what is said of it."""
    (folder / "a-text.ipynb").write_text("I did it, honest.")
    (folder / "a-list.ipynb").write_text("[1, 2]")
    (folder / "brackets.ipynb").write_text("[" * 100_000)
    (folder / "empty.ipynb").write_bytes(b"")
    (folder / "a-picture.png").write_bytes(b"\x89PNG")
    (folder / "none-inside").mkdir()
    (folder / "none-inside" / "answers.docx").write_bytes(b"PK")
    with open(folder / "large.ipynb", "wb") as file:
        file.truncate(50 << 20)
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    (folder / "nowhere.ipynb").symlink_to(folder / "gone.ipynb")
    (folder / "itself.ipynb").symlink_to(folder / "itself.ipynb")
    (folder / "a-folder.ipynb").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.ipynb")
    (folder / "latin.ipynb").write_bytes('["für"]'.encode("latin-1"))
    other = {"cells": [code("x = 1")], "metadata": {}}
    (folder / "other-course.ipynb").write_text(json.dumps(other))
    return {
        "a-text": "no JSON",
        "a-list": "no cells",
        "brackets": "no JSON",
        "empty": "an empty file",
        "a-picture": "does not end in .ipynb",
        "none-inside": "no notebook in the folder; there is answers.docx",
        "large": "too large: 50 MB",
        "link": "a link",
        "nowhere": "a link",
        "itself": "a link",
        "a-folder.ipynb": "no notebook in the folder",
        **({"pipe": "a pipe"} if hasattr(os, "mkfifo") else {}),
        "latin": "it is not UTF-8",
        "other-course": "not a notebook of this book",
    }


@pytest.fixture(scope="module", params=["@class"])
def graded(tmp_path_factory):
    """Grade the class once, in one process of several that share the tests.

    Returns the folder, what was written, what was said, who was held back.
    """
    place = tmp_path_factory.mktemp("class")
    folder = place / "handed-in"
    folder.mkdir()
    held = HELD if confines() else {}
    for student, (cells, _, _) in {**CLASS, **held}.items():
        text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4})
        text = text.replace("HERE", str(folder))
        (folder / f"{student}.ipynb").write_text(text)
    said = no_notebooks(folder)
    before = sorted(folder.iterdir())
    out = place / "grades"
    grading.grade(str(folder), str(out), seconds=SECONDS, jobs=2, seed=SEED)
    assert sorted(folder.iterdir()) == before
    return folder, out, said, held


def record(out):
    read = json.loads((out / "grades.json").read_text())
    return {one["student"]: one for one in read["notebooks"]}


def short(mark):
    return f"error: {mark['reason']}" if mark["reason"] else mark["status"]


@pytest.mark.parametrize(
    "student", [*CLASS, *HELD], ids=lambda student: f"{student}@class"
)
def test_everybody_gets_the_mark_that_they_deserve(graded, student):
    _, out, _, held = graded
    if student in HELD and student not in held:
        pytest.skip("this system does not hold answers back")
    _, wanted, said = {**CLASS, **HELD}[student]
    one = record(out)[student]
    marks = {mark["number"]: short(mark) for mark in one["marks"]}
    assert marks == ({"0.1": wanted} if isinstance(wanted, str) else wanted)
    told = " ".join(
        " ".join([mark["said"], *mark["notes"]]) for mark in one["marks"]
    )
    assert re.search(said, told), told
    assert one["total"] == sum(mark == "pass" for mark in marks.values())


def test_what_is_no_notebook_is_a_row_with_the_reason(graded):
    _, out, said, _ = graded
    for student, reason in said.items():
        one = record(out)[student]
        assert reason in one["note"], student
        assert one["marks"] == []


def test_more_than_thirty_hand_in(graded):
    _, out, said, held = graded
    assert len(record(out)) == len(CLASS) + len(held) + len(said) > 30


def test_the_table_has_a_row_for_each_and_computes_nothing(graded):
    _, out, _, _ = graded
    with open(out / "grades.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("student", "notebook", *EXERCISES, "total", "of", "note", "seconds")
    ]
    assert len(rows) == len(record(out))
    assert not any(v.startswith("=") for row in rows for v in row.values())
    half = next(row for row in rows if row["student"] == "half")
    assert (half["total"], half["of"]) == ("3", "6")
    alone = next(row for row in rows if row["student"] == "right")
    assert (alone["0.1"], alone["0.2"], alone["of"]) == ("pass", "", "1")


@pytest.mark.skipif(sys.platform == "win32", reason="no such modes there")
def test_marks_and_answers_are_the_teachers_alone(graded):
    _, out, _, _ = graded
    assert out.stat().st_mode & 0o777 == 0o700


def test_answers_that_use_what_no_exercise_needs_are_listed(graded):
    _, out, _, _ = graded
    (mark,) = record(out)["patches-code"]["marks"]
    assert mark["unusual"] == ["__code__", "recslib.answers"]
    assert all(not m["unusual"] for m in record(out)["all-right"]["marks"])


@pytest.mark.parametrize(
    ("source", "used"),
    [
        ("getattr(f, '__glo' + 'bals__')", ["__glo", "bals__", "getattr"]),
        ("from recslib import checks as c", ["recslib.checks"]),
        ("from recslib.answers import says", ["recslib.answers"]),
        ("import recslib\nrecslib.checks.ndcg", ["checks"]),
        ("import os.path as path", ["os.path"]),
        ("import torch\ntorch.os.environ", ["os"]),
        ("from operator import attrgetter as a", ["operator.attrgetter"]),
        ("f.__globals__", ["__globals__"]),
    ],
)
def test_other_ways_to_name_what_no_exercise_needs_are_listed(source, used):
    assert set(used) <= set(grading.unusual_in(source))


@pytest.mark.parametrize("path", chapters.paths(), ids=lambda path: path.stem)
def test_no_solution_of_the_book_looks_unusual(path):
    for exercise in grading.chapter_of(path).exercises:
        (source,) = grading.solution_of(exercise)
        assert grading.unusual_in(source) == [], exercise.number


def test_what_students_use_in_good_faith_is_not_listed():
    source = """
import numpy as np, torch
from collections import namedtuple
from scipy import signal

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()

model.eval()
pd.eval("a")
re.compile("_")
for _ in range(3): print(type(x), isinstance(x, object))
if __name__ == "__main__": pass
"""
    assert grading.unusual_in(source) == []


def test_a_second_run_writes_the_same_but_for_the_seconds(tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for student in ("right", "wrong", "forges"):
        text = json.dumps({"cells": CLASS[student][0]})
        (folder / f"{student}.ipynb").write_text(text)
    written = []
    for _ in range(2):
        grading.grade(str(folder), str(out), jobs=2, seed=SEED)
        pages = {p.name: p.read_text() for p in out.rglob("*.html")}
        rows = (out / "grades.csv").read_text().splitlines()
        pages["table"] = [row.rpartition(",")[0] for row in rows]
        written.append(pages)
        # Of somebody who has left the course since.
        (out / "students" / "gone.html").write_text("Pass")
    assert written[0] == written[1]


def test_nobody_knows_the_other_cases_before_they_are_drawn(
    tmp_path, monkeypatch
):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "right.ipynb").write_text(json.dumps({"cells": []}))
    drawn = []

    def watched(read, book, seconds, lanes, seed):
        drawn.append(seed)
        return [], {}

    monkeypatch.setattr(grading, "graded_all", watched)
    for seed in (None, None, 7):
        grading.grade(str(folder), str(tmp_path / "out"), seed=seed)
        told = json.loads((tmp_path / "out" / "grades.json").read_text())
        assert told["seed"] == drawn[-1]
    assert len(set(drawn)) == 3
    assert drawn[-1] == 7


def test_no_answer_that_waits_for_a_lane_lies_about(monkeypatch):
    judges = grading.Judges(CHAPTER, [EXERCISES["0.1"]], 2, SEED)
    lying, most = [], []

    def send(place, job):
        lying.append(place)
        most.append(len(lying))

    def line(seconds):
        verdict = {"status": "pass", "reason": "", "said": "Pass."}
        return {"job": lying.pop(), "seconds": 0.0, "sure": True, **verdict}

    monkeypatch.setattr(judges, "_send", send)
    monkeypatch.setattr(judges, "_line", line)
    jobs = [grading._Job("ex-0-column", [function()], 10) for _ in range(5)]
    judges._collect(jobs)
    judges.close()
    assert all(job.verdict.status == "pass" for job in jobs)
    assert max(most) == 2


def test_where_there_is_no_fork_answers_are_judged_all_the_same(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("RECSLIB_NO_FORK", "1")
    folder = tmp_path / "in"
    folder.mkdir()
    for student in ("right", "exits-at-once"):
        text = json.dumps({"cells": CLASS[student][0]})
        (folder / f"{student}.ipynb").write_text(text)
    grading.grade(str(folder), str(tmp_path / "out"), seconds=SECONDS)
    one = record(tmp_path / "out")
    assert short(one["right"]["marks"][0]) == "pass"
    assert short(one["exits-at-once"]["marks"][0]) == "error: exit"


@pytest.mark.skipif(sys.platform == "win32", reason="no timer there")
def test_a_fit_that_takes_too_long_is_not_waited_for_and_told(
    tmp_path, monkeypatch
):
    """Only one answer names it; all others are graded."""
    notebook = copy.deepcopy(CHAPTER.notebook)
    source = "import itertools\nslow = max(n for n in itertools.count())"
    notebook.cells.insert(3, v4.new_code_cell(source, id="slow-fit"))
    path = tmp_path / f"{CHAPTER.stem}.ipynb"
    path.write_text(json.dumps(notebook))
    chapter = grading.chapter_of(path)
    folder = tmp_path / "in"
    folder.mkdir()
    for student, lines in (("names-it", "slow"), ("does-not", "")):
        text = json.dumps({"cells": lab(answer(doing(lines or "pass")))})
        (folder / f"{student}.ipynb").write_text(text)
    monkeypatch.setattr(grading, "LONGEST_BROUGHT", 1)
    found = grading.submissions_in(folder)
    read = [grading._read(each, [chapter], ()) for each in found]
    graded, _ = grading.graded_all(read, [chapter], SECONDS, 2, SEED)
    marks = {one.student: one.marks[0] for one in graded}
    assert marks["does-not"].short == "pass"
    assert marks["names-it"].short == "not yet"
    assert "name 'slow' is not defined" in marks["names-it"].said
    assert "`slow` of the chapter" in marks["names-it"].notes[0]
    assert "takes too long" in marks["names-it"].notes[0]


def test_exercises_that_count_are_missing_where_a_notebook_lacks_them(
    tmp_path,
):
    folder = tmp_path / "in"
    folder.mkdir()
    text = json.dumps({"cells": CLASS["right"][0]})
    (folder / "right.ipynb").write_text(text)
    out = tmp_path / "out"
    grading.grade(str(folder), str(out), only=["0.1", "0.2"], jobs=1)
    marks = record(out)["right"]["marks"]
    assert [short(mark) for mark in marks] == ["pass", "missing"]


@pytest.mark.parametrize(
    ("folder", "out", "only", "told"),
    [
        ("nowhere", "out", (), "There is no folder"),
        ("in", "in/grades", (), "would be graded the next time"),
        ("in", "in", (), "would be graded the next time"),
        ("in", "a-file", (), "is a file"),
        ("in", "out", ("9.9",), "There is no exercise '9.9'"),
        ("in", "out", (), "holds nothing to grade"),
    ],
)
def test_what_cannot_be_graded_is_told_and_nothing_written(
    tmp_path, folder, out, only, told
):
    (tmp_path / "in").mkdir()
    (tmp_path / "a-file").write_text("x")
    with pytest.raises(BuildError, match=told):
        grading.grade(str(tmp_path / folder), str(tmp_path / out), only=only)
    assert {path.name for path in tmp_path.iterdir()} == {"in", "a-file"}
    assert not list((tmp_path / "in").iterdir())
