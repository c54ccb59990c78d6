"""Grades a folder of notebooks with the checks of the book."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import queue
import re
import secrets
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from nbformat import NotebookNode

from bookbuild import BuildError, chapters, notebooks, places
from bookbuild.classroom import feedback, judge, sandbox
from bookbuild.classroom.exercises import Exercise, exercises_in
from bookbuild.classroom.judge import Verdict
from bookbuild.classroom.preparing import preparation
from bookbuild.classroom.submissions import (
    Answer,
    Submission,
    UnreadableError,
    answer_to,
    cells_of,
    handed_out,
    likeness,
    names_used,
    submissions_in,
)
from bookbuild.classroom.verdicts import Graded, Mark
from bookbuild.files import write_all

SLOWEST = 10  # times what the book's own solution takes
LONGEST_PREPARATION = 600.0  # seconds
LONGEST_BROUGHT = 120.0  # of a core, for what no exercise needs but an answer
NO_SECOND_PASS = Verdict(
    "error",
    "no second pass",
    "the check says pass next to the answer. Asked again without it, what it "
    "gave does not pass.",
)
# What no exercise needs: a teacher looks at an answer that uses it.
UNUSUAL = {
    *("ast", "atexit", "bookbuild", "builtins", "checks", "ctypes", "gc"),
    *("importlib", "inspect", "multiprocessing", "os", "pathlib", "pickle"),
    *("shutil", "signal", "socket", "subprocess", "sys", "threading"),
    *("traceback", "weakref", "exec", "eval", "open", "compile"),
    *("delattr", "getattr", "globals", "locals", "setattr", "vars"),
    *("attrgetter", "methodcaller", "__import__"),
}
# Of these, what is unusual as a part of something else, such as `torch.os`.
UNUSUAL_PARTS = UNUSUAL - {"compile", "eval", "open", "signal"}
HIDDEN = re.compile(r"\w*__\w*")  # names in a text


@dataclass(frozen=True)
class Chapter:
    """A chapter and its exercises.

    Parameters
    ----------
    stem
        Of its file.
    cells
        Id to source.
    exercises
        In its order.
    known
        Names that are made before an answer is judged.
    """

    stem: str
    notebook: NotebookNode
    cells: Mapping[str, str]
    exercises: Sequence[Exercise]
    known: frozenset[str]


@dataclass
class _Job:
    """An answer that waits for its verdict.

    `again` asks for a second verdict where the first is a pass: of what the
    answer gave, without it. `sure` says that this is a pass, too.
    """

    label: str
    sources: Sequence[str]
    cpu: int
    again: bool = True
    sure: bool = False
    verdict: Verdict | None = None
    seconds: float = 0.0
    lacks: Sequence[str] = ()


@dataclass
class _Read:
    """A notebook that was read, and its answers."""

    submission: Submission
    chapter: Chapter | None = None
    note: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    jobs: dict[str, _Job] = field(default_factory=dict)


def grade(
    folder: str,
    out: str = "grades",
    only: Sequence[str] = (),
    seconds: int = 5,
    jobs: int | None = None,
    seed: int | None = None,
) -> None:
    """Grade a folder, and write marks and feedback.

    Parameters
    ----------
    folder
        What the class handed in.
    out
        Where to write; must not lie in `folder`.
    only
        Numbers of the exercises that count, such as ``1.4``: whoever lacks
        one has it missing. None of them takes what each notebook holds.
    seconds
        Of a core, that an answer may take.
    jobs
        How many answers are judged at a time; None takes two a core, for one
        that waits uses none, or fewer where there is not memory for so many.
    seed
        Of the cases that a student's own check does not show. None draws it,
        so that nobody knows them before; the record of marks names it.

    Raises
    ------
    BuildError
        Where there is nothing to grade, or the book's own solutions do not
        pass here. Then nothing is written.
    """
    here, there = Path(folder), Path(out)
    _look(here, there)
    book = [chapter_of(path) for path in chapters.paths()]
    known = {each.number for one in book for each in one.exercises}
    if set(only) - known:
        unknown = sorted(set(only) - known)[0]
        raise BuildError(
            f"There is no exercise {unknown!r}. The book has "
            f"{', '.join(e.number for one in book for e in one.exercises)}."
        )
    found = submissions_in(here)
    if not found:
        raise BuildError(
            f"{here} holds nothing to grade: put a notebook or a folder of "
            "notebooks a student into it."
        )
    seed = 1 + secrets.randbelow(2**31 - 1) if seed is None else seed
    graded, holds = graded_all(
        [_read(each, book, only) for each in found],
        book,
        seconds,
        jobs or sandbox.lanes_at_most(2 * (os.cpu_count() or 1)),
        seed,
    )
    _write(graded, holds, seed, book, there)
    print(f"Graded: {there / 'index.html'}, {there / 'grades.csv'}")
    open_doors = [name for name, is_held in holds.items() if not is_held]
    if open_doors:
        print(
            f"Not limited on this system: {', '.join(open_doors)}.",
            file=sys.stderr,
        )


def _look(here: Path, there: Path) -> None:
    if not here.is_dir():
        raise BuildError(
            f"There is no folder {str(here)!r}. Name the one with what the "
            "class handed in: a notebook or a folder of notebooks a student."
        )
    try:
        os.scandir(here).close()
    except OSError as error:
        raise BuildError(
            f"The folder {str(here)!r} cannot be read: {error.strerror}. Let "
            "yourself read it, or grade a copy of it."
        ) from error
    if there.resolve().is_relative_to(here.resolve()):
        raise BuildError(
            f"{str(there)!r} lies in {str(here)!r}, and would be graded the "
            "next time. Name another folder: `--out grades`."
        )
    if there.exists() and not there.is_dir():
        raise BuildError(f"{str(there)!r} is a file. Name a folder: `--out`.")


def chapter_of(path: Path) -> Chapter:
    """Read a chapter of the book."""
    with notebooks.named(path):
        notebook = notebooks.read(path)
        cells = {cell.id: cell.source for cell in notebook.cells}
        exercises = exercises_in(notebook)
        known = preparation(notebook, exercises).names
        return Chapter(path.stem, notebook, cells, exercises, known)


# ---- Reading ----------------------------------------------------------------


def _read(
    submission: Submission, book: Sequence[Chapter], only: Sequence[str]
) -> _Read:
    """Read a notebook; decide whose chapter it is, and find its answers."""
    if submission.problem:
        return _Read(submission, note=submission.problem)
    try:
        cells = cells_of(submission.path)
    except UnreadableError as problem:
        return _Read(submission, note=str(problem))
    scores = [
        likeness(cells, submission.name, one.stem, one.cells, one.exercises)
        for one in book
    ]
    if max(scores, default=0) == 0:
        return _Read(submission, note="not a notebook of this book")
    chapter = book[scores.index(max(scores))]
    asked = handed_out(cells, chapter.exercises)
    if only:
        asked = [each for each in chapter.exercises if each.number in only]
    answers = {
        each.label: answer_to(each, cells, chapter.cells, chapter.known)
        for each in asked
    }
    note = "" if asked else "holds none of the exercises"
    return _Read(submission, chapter, note, answers)


# ---- Judging ----------------------------------------------------------------


def graded_all(
    read: Sequence[_Read],
    book: Sequence[Chapter],
    seconds: int,
    lanes: int,
    seed: int,
) -> tuple[list[Graded], dict[str, bool]]:
    """Judge all answers, chapter by chapter.

    Returns
    -------
    tuple
        What each notebook got, and what is refused to answers here, by name.
    """
    holds: dict[str, bool] = {}
    for chapter in book:
        of_it = [one for one in read if one.chapter is chapter]
        asked = {label for one in of_it for label in one.answers}
        exercises = [e for e in chapter.exercises if e.label in asked]
        if not exercises:
            continue
        judges = Judges(chapter, exercises, lanes, seed, _used_in(of_it))
        try:
            solved = _own_solutions(judges, chapter, exercises)
            for one in of_it:
                for label, answer in one.answers.items():
                    if answer.sources:
                        own = solved[label]
                        cpu = max(seconds, round(SLOWEST * own.seconds))
                        job = _Job(label, answer.sources, cpu, own.sure)
                        one.jobs[label] = job
            jobs = [job for one in of_it for job in one.jobs.values()]
            judges.judge(jobs)
            for job in jobs:
                is_pass = job.verdict.status == "pass"
                if is_pass and job.again and not job.sure:
                    job.verdict = NO_SECOND_PASS
            holds.update(judges.holds)
            for job in jobs:
                used = frozenset().union(*map(names_used, job.sources))
                job.lacks = sorted(used & judges.lacking)
        finally:
            judges.close()
    return [_graded(one) for one in read], holds


def _used_in(read: Sequence[_Read]) -> dict[str, frozenset[str]]:
    """Return what the answers to each exercise look up, by its label."""
    used: dict[str, frozenset[str]] = {}
    for one in read:
        for label, answer in one.answers.items():
            names = map(names_used, answer.sources)
            used[label] = used.get(label, frozenset()).union(*names)
    return used


def _own_solutions(
    judges: Judges, chapter: Chapter, exercises: Sequence[Exercise]
) -> dict[str, _Job]:
    """Put the book's solutions to the checks; return what came, by label.

    Raises
    ------
    BuildError
        Where one does not pass: then no student's mark could be trusted.
    """
    jobs = [_Job(e.label, solution_of(e), 600) for e in exercises]
    judges.judge(jobs)
    for exercise, job in zip(exercises, jobs, strict=True):
        if job.verdict.status != "pass":
            raise BuildError(
                f"The book's own solution of exercise {exercise.number} does "
                f"not pass here, so nothing was graded. {job.verdict.said} "
                f"(The other cases have the seed {judges.seed}.)"
            )
    return {job.label: job for job in jobs}


def solution_of(exercise: Exercise) -> list[str]:
    """Return the code of the book's solution, under the answer's names.

    The check of the solution says what takes the place of each answer.
    """
    code = [
        cell.source
        for cell in exercise.worked
        if "solution" in notebooks.tags(cell)
    ]
    theirs = _arguments(exercise.check.source, exercise.check_name)
    ours = _arguments("\n".join(code), exercise.check_name)
    bound = [
        f"{name} = {value}"
        for name, value in zip(theirs, ours, strict=True)
        if name in exercise.answers
    ]
    body = [
        ast.unparse(statement)
        for statement in ast.parse("\n".join(code)).body
        if not isinstance(statement, ast.Expr)
    ]
    return ["\n".join([*body, *bound])]


def _arguments(source: str, check: str) -> list[str]:
    """Return what a cell hands to its check."""
    for node in ast.walk(ast.parse(source)):
        asked = node.func if isinstance(node, ast.Call) else None
        if isinstance(asked, ast.Attribute) and asked.attr == check:
            return [ast.unparse(each) for each in node.args]
    raise BuildError(f"a cell calls no check {check!r}.")


def _graded(one: _Read) -> Graded:
    marks = []
    for label, answer in one.answers.items():
        code, job = "\n\n".join(answer.sources), one.jobs.get(label)
        if job is None:
            said = answer.problem
            is_long = said.startswith("the answer has")
            status, reason = (
                ("error", "too long") if is_long else ("missing", "")
            )
            marks.append(Mark(label, status, reason, said, answer.notes))
            continue
        verdict, notes = job.verdict, list(answer.notes)
        if job.lacks and verdict.status != "pass":
            listed = ", ".join(f"`{name}`" for name in job.lacks)
            notes.append(
                f"The answer uses {listed} of the chapter, which is not at "
                "hand where answers are judged: to make it takes too long "
                "there, or does not work."
            )
        marks.append(
            Mark(
                label,
                verdict.status,
                verdict.reason,
                verdict.said,
                notes,
                code,
                unusual_in(code),
                job.seconds,
            )
        )
    stem = one.chapter.stem if one.chapter else ""
    what = one.submission
    return Graded(what.student, what.name, stem, one.note, marks)


def unusual_in(code: str) -> list[str]:
    """Name what an answer uses that no exercise needs."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Attribute):
            hidden = node.attr.startswith("_") and node.attr != "__init__"
            is_part = hidden or node.attr in UNUSUAL_PARTS
            found |= {node.attr} if is_part else set()
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(HIDDEN.findall(node.value)) - {"__main__"}
    return sorted(
        name
        for name in found
        if name.partition(".")[0] in UNUSUAL
        or name.rpartition(".")[2] in UNUSUAL_PARTS
        or name.startswith(("recslib.checks", "recslib.answers"))
        or (name.startswith("_") and name not in ("_", "__name__"))
        or (name.endswith("__") and not name.startswith("__"))
    )


class Judges:
    """A process that has prepared a chapter, and judges answers to it."""

    def __init__(
        self,
        chapter: Chapter,
        exercises: Sequence[Exercise],
        lanes: int,
        seed: int,
        used: Mapping[str, frozenset[str]] = MappingProxyType({}),
    ) -> None:
        prepared = preparation(chapter.notebook, exercises, used)
        self.chapter, self.lanes, self.seed = chapter, lanes, seed
        self.memory = sandbox.memory_for(lanes)
        self.makes = prepared.names
        self.lacking: frozenset[str] = frozenset()
        self.holds: dict[str, bool] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="answers-")).resolve()
        outside = self.folder / "outside"
        outside.write_text("Nobody's business.\n", encoding="utf-8")
        self.task = {
            "cells": prepared.cells,
            "seconds": LONGEST_BROUGHT,
            "asked": {e.label: (e.check.source, e.answers) for e in exercises},
            "library": str(places.ROOT / "recslib"),
            "outside": str(outside),
        }
        self.process: subprocess.Popen | None = None
        self.lines: queue.Queue[bytes] = queue.Queue()

    def close(self) -> None:
        """End the process, and leave nothing behind."""
        self._stop()
        sandbox.remove(self.folder)

    def judge(self, jobs: Sequence[_Job]) -> None:
        """Give each job its verdict.

        Where the process itself comes to an end, the job that did it is found
        by judging those that are left one by one.
        """
        left, lanes = list(jobs), self.lanes
        while left:
            if self.process is None:
                self._start(lanes)
            one_by_one = lanes == 1 or not judge.can_fork()
            now = left[:1] if one_by_one else left
            self._collect(now)
            if self.process is None:
                if one_by_one and now[0].verdict is None:
                    now[0].verdict = Verdict(
                        "error",
                        "exit",
                        "the answer ended the process that judges it.",
                    )
                lanes = 1
            left = [job for job in left if job.verdict is None]

    def _start(self, lanes: int) -> None:
        kept = ("PATH", "HOME", "LANG", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")
        kept += ("PYTHONPATH", "VIRTUAL_ENV", "LOCALAPPDATA", "USERPROFILE")
        kept += ("XDG_CACHE_HOME", "MPLCONFIGDIR")
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in kept or name.startswith("RECSLIB_")
        }
        environment |= {
            "RECSLIB_PROGRESS": "off",
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
            judge.NO_GPU: "-1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bookbuild.classroom.judge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=places.ROOT / "notebooks",
            env=environment,
        )
        self.lines = queue.Queue()
        reader = threading.Thread(
            target=_pass_on, args=(self.process.stdout, self.lines)
        )
        reader.daemon = True
        reader.start()
        self._write({**self.task, "lanes": lanes})
        told = self._line(LONGEST_PREPARATION)
        if told is None:
            told = {"failed": f"{LONGEST_PREPARATION:.0f} s are not enough."}
        if "names" not in told:
            self._stop()
            said = told.get("failed", "the process that judges ended.")
            raise BuildError(
                f"notebooks/{self.chapter.stem}.ipynb cannot be prepared, so "
                f"nothing was graded: {said} If it is the data that is "
                "missing, `make data` brings it."
            )
        self.holds = told["holds"]
        self.lacking = self.makes - set(told["names"])

    def _stop(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for end in (self.process.stdin, self.process.stdout):
            end.close()
        self.process = None

    def _send(self, place: int, job: _Job) -> None:
        folder = Path(tempfile.mkdtemp(prefix="answer-", dir=self.folder))
        letter = folder / "answer.json"
        letter.write_text(json.dumps(list(job.sources)), encoding="utf-8")
        self._write(
            {
                "job": place,
                "label": job.label,
                "folder": str(folder),
                "cpu": job.cpu,
                "wall": _wall(job),
                "memory": self.memory,
                "seeds": [None, self.seed],
                "again": job.again,
            }
        )

    def _write(self, told: Mapping[str, object]) -> None:
        try:
            self.process.stdin.write(json.dumps(told).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended: what reads from it will see

    def _line(self, seconds: float) -> dict | None:
        """Wait for a line: None where none came in time, {} at the end."""
        try:
            return json.loads(self.lines.get(timeout=seconds) or b"{}")
        except queue.Empty:
            return None
        except ValueError:
            return {}

    def _collect(self, jobs: Sequence[_Job]) -> None:
        """Send jobs, and take their verdicts in whatever order they come.

        Each is sent when there is a lane for it: where nothing keeps an
        answer from reading, none that waits lies about.
        """
        longest = max(map(_wall, jobs)) + 30
        waiting = deque(enumerate(jobs))
        for _ in range(min(self.lanes, len(jobs))):
            self._send(*waiting.popleft())
        for _ in jobs:
            told = self._line(longest)
            if not told:
                self._stop()
                if told is None and len(jobs) == 1:
                    jobs[0].verdict = Verdict(
                        "error", "time", "the answer did not end in its time."
                    )
                return
            job = jobs[told.pop("job")]
            job.seconds, job.sure = told.pop("seconds"), told.pop("sure")
            job.verdict = Verdict(**told)
            if waiting:
                self._send(*waiting.popleft())
        if not judge.can_fork():
            self._stop()


def _wall(job: _Job) -> float:
    """Return the seconds on the clock that an answer may take."""
    return 15.0 + 3.0 * job.cpu


def _pass_on(source: io.BufferedReader, lines: queue.Queue[bytes]) -> None:
    for line in source:
        lines.put(line)
    lines.put(b"")


# ---- Writing ----------------------------------------------------------------


def _write(
    graded: Sequence[Graded],
    holds: Mapping[str, bool],
    seed: int,
    book: Sequence[Chapter],
    there: Path,
) -> None:
    """Write all files, or none; pages of an earlier run go.

    A new folder is the teacher's alone: it holds marks and answers.
    """
    exercises = [each for one in book for each in one.exercises]
    pages = feedback.pages_of(graded, exercises, holds)
    texts = {there / name: text for name, text in pages.items()}
    texts[there / "grades.csv"] = table_of(graded, exercises)
    texts[there / "grades.json"] = record_of(graded, exercises, holds, seed)
    there.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = (there / "grades.json").is_file()
    write_all(texts)
    if ours:
        for old in (there / "students").glob("*.html"):
            if old not in texts:
                old.unlink()


def table_of(graded: Sequence[Graded], exercises: Sequence[Exercise]) -> str:
    """Return the marks as CSV: a row a notebook, a column an exercise."""
    asked = {mark.exercise for one in graded for mark in one.marks}
    columns = [each for each in exercises if each.label in asked]
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    numbers = [each.number for each in columns]
    table.writerow(
        ["student", "notebook", *numbers, "total", "of", "note", "seconds"]
    )
    for one in graded:
        marks = {mark.exercise: mark.short for mark in one.marks}
        row = [one.student, one.notebook]
        row += [marks.get(each.label, "") for each in columns]
        row += [one.total, len(one.marks), one.note, f"{one.seconds:.1f}"]
        table.writerow([_no_formula(value) for value in row])
    return written.getvalue()


def _no_formula(value: object) -> object:
    """Keep a spreadsheet from computing what a student wrote."""
    if isinstance(value, str):
        value = "".join(c if c.isprintable() else " " for c in value)
        value = value.encode("utf-8", "replace").decode()
        if value.startswith(("=", "+", "-", "@")):
            return f"'{value}"
    return value


def record_of(
    graded: Sequence[Graded],
    exercises: Sequence[Exercise],
    holds: Mapping[str, bool],
    seed: int,
) -> str:
    """Return everything as JSON, for programs."""
    number = {each.label: each.number for each in exercises}
    record = {
        "limited": dict(holds),
        "seed": seed,
        "notebooks": [
            {
                "student": one.student,
                "notebook": one.notebook,
                "chapter": one.chapter,
                "note": one.note,
                "total": one.total,
                "of": len(one.marks),
                "marks": [
                    {
                        "number": number[mark.exercise],
                        "exercise": mark.exercise,
                        "status": mark.status,
                        "reason": mark.reason,
                        "said": mark.said,
                        "notes": list(mark.notes),
                        "unusual": list(mark.unusual),
                        "answer": mark.answer,
                        "seconds": round(mark.seconds, 1),
                    }
                    for mark in one.marks
                ],
            }
            for one in graded
        ],
    }
    return json.dumps(record, indent=1, ensure_ascii=True) + "\n"
