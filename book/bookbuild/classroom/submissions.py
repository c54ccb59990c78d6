"""Finds what students handed in, and the answers in it.

Whatever lies in the folder is read as data: no notebook is run here, no link
is followed, and what cannot be read is a problem with a reason, not an error.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from bookbuild.classroom.exercises import Exercise, names_made
from bookbuild.classroom.slices import asked_by, names_in

LARGEST = 25 << 20  # bytes of a notebook, figures included
LONGEST = 50_000  # letters of an answer
MOST_CELLS, MOST_TEXT = 5_000, 5_000_000  # of a notebook, without outputs
MOST_CODE = 500_000  # letters of cells that are short enough for code
FOLDER = "a folder, not a notebook"
# What is not opened: who reads a pipe may wait for ever.
NO_FILES = {
    stat.S_ISDIR: FOLDER,
    stat.S_ISLNK: "a link, which is not followed",
    stat.S_ISFIFO: "a pipe, which is not read",
    stat.S_ISSOCK: "a socket, not a notebook",
    stat.S_ISBLK: "a device, which is not read",
    stat.S_ISCHR: "a device, which is not read",
}
# How Moodle and Canvas name what a class handed in.
MOODLE = re.compile(r"(?P<who>.+_\d+)_assignsubmission_file_?(?P<file>.*)")
CANVAS = re.compile(r"(?P<who>[^_]+)(?:_LATE)?_\d+_\d+_(?P<file>.+)")
# What systems and editors leave in a folder.
NOBODYS = ("__MACOSX", "__pycache__", "desktop.ini", "Thumbs.db")
HEADING = re.compile(r"^#{1,6} *Exercise (\d+\.\d+)\b", re.MULTILINE)
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)


@dataclass(frozen=True)
class Submission:
    """A notebook that somebody handed in.

    Parameters
    ----------
    student
        Whose it is, as the folder or the file says.
    name
        The notebook's, below the student's folder.
    path
        Where it lies.
    problem
        Why it cannot be read, in words; empty where it may be.
    """

    student: str
    name: str
    path: Path
    problem: str = ""


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook; its id is lost in some programs."""

    label: str
    is_code: bool
    source: str


@dataclass(frozen=True)
class Answer:
    """What a notebook answers to an exercise.

    Parameters
    ----------
    sources
        Code, in the order of the notebook; none where nothing was answered.
    problem
        Why there is none, in words.
    notes
        How it was found, where that was not by the id of its cell.
    """

    sources: Sequence[str]
    problem: str = ""
    notes: Sequence[str] = ()


# ---- The folder -------------------------------------------------------------


def submissions_in(folder: Path) -> list[Submission]:
    """Find what lies in a folder: a notebook or a folder a student.

    Parameters
    ----------
    folder
        As a person keeps it, or as Moodle, Canvas or nbgrader write it.

    Returns
    -------
    list
        Sorted by student and name; who handed in no notebook has a problem.
    """
    found: list[Submission] = []
    for path in sorted(folder.iterdir()):
        if _is_nobodys(path.name):
            continue
        problem = _problem_of(path)
        if problem == FOLDER:
            who = _named(MOODLE, path.name)[0] or path.name
            found += _of_student(who, path)
        else:
            found.append(_of_file(path, problem))
    found = [
        replace(one, student=encodable(one.student), name=encodable(one.name))
        for one in found
    ]
    return sorted(found, key=lambda each: (each.student, each.name))


def _is_nobodys(name: str) -> bool:
    return name.startswith((".", "~$")) or name in NOBODYS


def _named(pattern: re.Pattern[str], name: str) -> tuple[str, str]:
    match = pattern.fullmatch(name)
    return (match["who"], match["file"]) if match else ("", "")


def _of_file(path: Path, problem: str) -> Submission:
    for pattern in (MOODLE, CANVAS):
        who, name = _named(pattern, path.name)
        if who and name:
            return Submission(who, name, path, problem)
    return Submission(path.stem, path.name, path, problem)


def _of_student(who: str, folder: Path) -> Iterator[Submission]:
    others, is_empty = [], True
    closed: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(n for n in folders if not _is_nobodys(n))
        # A link is not entered, and a folder may be called a notebook.
        names += [
            name
            for name in folders
            if name.endswith(".ipynb") or Path(place, name).is_symlink()
        ]
        for name in sorted(names):
            path = Path(place, name)
            if _is_nobodys(name):
                continue
            if path.suffix == ".ipynb":
                label = path.relative_to(folder).as_posix()
                yield Submission(who, label, path, _problem_of(path))
                is_empty = False
            else:
                others.append(name)
    for error in closed:
        path = Path(error.filename)
        label = "" if path == folder else path.relative_to(folder).as_posix()
        problem = f"the folder cannot be read: {error.strerror}"
        yield Submission(who, label, path, problem)
        is_empty = False
    if is_empty:
        there = f"; there is {', '.join(others[:3])}" if others else ""
        problem = encodable(f"no notebook in the folder{there}")
        yield Submission(who, "", folder, problem)


def _problem_of(path: Path) -> str:
    """Say why a file cannot be a submission, without opening it."""
    try:
        about = path.lstat()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    for is_one, problem in NO_FILES.items():
        if is_one(about.st_mode):
            return problem
    if path.suffix != ".ipynb":
        return "not a notebook: its name does not end in .ipynb"
    if about.st_size > LARGEST:
        size, most = about.st_size >> 20, LARGEST >> 20
        return f"too large: {size} MB, and {most} MB are read at most"
    return "" if about.st_size else "an empty file"


# ---- The notebook -----------------------------------------------------------


class UnreadableError(Exception):
    """A file that is no notebook; the message says why."""


def cells_of(path: Path) -> list[Cell]:
    """Read the cells of a notebook, of any version and however damaged.

    Raises
    ------
    UnreadableError
        Where it is no notebook at all.
    """
    try:
        notebook = json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UnreadableError("not a notebook: it is not UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableError("not a notebook: it is no JSON") from error
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if cells is None and isinstance(notebook, dict):
        sheets = notebook.get("worksheets")  # as notebooks had before 2015
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        cells = first.get("cells") if isinstance(first, dict) else None
    if not isinstance(cells, list):
        raise UnreadableError("not a notebook: it has no cells")
    if len(cells) > MOST_CELLS:
        raise UnreadableError(f"too large: more than {MOST_CELLS:,} cells")
    read = [_cell(each) for each in cells if isinstance(each, dict)]
    letters = [len(cell.source) for cell in read]
    if sum(letters) > MOST_TEXT:
        raise UnreadableError(f"too large: more than {MOST_TEXT:,} letters")
    if sum(n for n in letters if n <= LONGEST) > MOST_CODE:
        raise UnreadableError(
            f"too large: more than {MOST_CODE:,} letters that may be code"
        )
    return read


def _cell(cell: Mapping[str, object]) -> Cell:
    about = cell.get("metadata")
    label = cell.get("id")
    if label is None and isinstance(about, dict):
        label = about.get("id")  # where Colab keeps it
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    return Cell(
        label if isinstance(label, str) else "",
        cell.get("cell_type") == "code",
        encodable(source) if isinstance(source, str) else "",
    )


def encodable(text: str) -> str:
    """Return a text that can be written and parsed, whatever came in it.

    Half a letter cannot be written as UTF-8, and a null ends a text for
    Python's parser and for pages.
    """
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return whole.replace("\0", "\N{REPLACEMENT CHARACTER}")


def likeness(
    cells: Sequence[Cell],
    name: str,
    stem: str,
    chapter: Mapping[str, str],
    exercises: Sequence[Exercise],
) -> int:
    """Say how much speaks for a notebook being of a chapter.

    Parameters
    ----------
    cells, name
        Of what was handed in.
    stem
        Of the chapter's file.
    chapter
        Its cells: id to source.
    exercises
        Of the chapter.

    Returns
    -------
    int
        0 where nothing does.
    """
    numbers = {each.number for each in exercises}
    asked = {each.asked.id for each in exercises}
    headed = sum(bool(numbers & set(HEADING.findall(c.source))) for c in cells)
    same = sum(chapter.get(c.label) == c.source for c in cells if c.label)
    kept = sum(c.label in asked for c in cells)
    made = {n for c in cells for n in _made(c.source)} if headed else set()
    makes = sum(set(each.answers) <= made for each in exercises)
    return 4 * (headed + kept) + same + makes + 2 * (stem in name)


def handed_out(
    cells: Sequence[Cell], exercises: Sequence[Exercise]
) -> list[Exercise]:
    """Return the exercises that a notebook holds, or held once.

    A lab has few of a chapter's. One whose answer was deleted still has its
    question or its check.
    """
    labels = {cell.label for cell in cells}
    headed = {n for c in cells for n in HEADING.findall(c.source)}
    made = {name for cell in cells for name in _made(cell.source)}
    return [
        each
        for each in exercises
        if {each.asked.id, each.stub.id, each.check.id} & labels
        or each.number in headed
        or set(each.answers) <= made
    ]


# ---- The answer -------------------------------------------------------------


def answer_to(
    exercise: Exercise,
    cells: Sequence[Cell],
    chapter: Mapping[str, str],
    known: frozenset[str],
) -> Answer:
    """Find the answer to an exercise.

    It is the cell with the stub's id. Where that does not make what the stub
    makes, it is another cell that does. Of several, the last counts that was
    changed: after Run All, it is the one in force.

    Parameters
    ----------
    exercise
        What was asked.
    cells
        Of what was handed in.
    chapter
        The chapter's cells: id to source.
    known
        Names that the check's process knows already.
    """
    notes: list[str] = []
    places: set[int] = set()
    mine = [n for n, c in enumerate(cells) if c.label == exercise.stub.id]
    for name in exercise.answers:
        place, note = _place_of(name, exercise, cells, mine)
        if place is not None:
            places.add(place)
        if note:
            notes.append(note)
    if not places:
        return Answer((), _why_missing(exercise, cells, mine))
    sources = [code_of(cells[place]) for place in sorted(places)]
    if any(not cells[place].is_code for place in places):
        notes.append(
            "The cell is no longer a code cell; its text was taken as code."
        )
    python = [without_magic(source) for source in sources]
    if python != sources and any(_parsed(s) is None for s in sources):
        notes.append("Lines that only Jupyter understands were left out.")
        sources = python
    too_long = Answer((), f"the answer has more than {LONGEST:,} letters")
    if sum(map(len, sources)) > LONGEST:
        return too_long
    taken, extra = _helpers(sources, places, cells, chapter, known)
    if sum(map(len, [*extra, *sources])) > LONGEST:
        return too_long
    if taken:
        listed = ", ".join(f"`{name}`" for name in taken)
        notes.append(f"From other cells of yours was taken: {listed}.")
    return Answer((*extra, *sources), "", tuple(dict.fromkeys(notes)))


def _place_of(
    name: str, exercise: Exercise, cells: Sequence[Cell], mine: list[int]
) -> tuple[int | None, str]:
    """Find the cell that answers for a name, and say how it was found."""

    def changed(places: Sequence[int]) -> list[int]:
        return [
            place
            for place in places
            if name in _made(code_of(cells[place]))
            and not _is_stub(code_of(cells[place]), exercise)
        ]

    others = [n for n in range(len(cells)) if n not in mine]
    by_id, by_name = changed(mine), changed(others)
    if by_id:
        if len(by_id) > 1:
            return by_id[-1], (
                f"{len(by_id)} cells have the id of this exercise; the last "
                "of them counts, as after Run All."
            )
        if by_name:
            return by_id[-1], (
                f"Another cell makes `{name}` too; the cell of this exercise "
                "counts."
            )
        return by_id[-1], ""
    if by_name:
        several = len(by_name) > 1
        return by_name[-1], (
            "The cell of this exercise "
            + ("has no answer" if mine else "was not found")
            + f", so the {'last ' * several}cell that makes `{name}` counts."
        )
    written = [
        place
        for place in mine
        if code_of(cells[place]).strip()
        and not _is_stub(code_of(cells[place]), exercise)
    ]
    return (written[-1], "") if written else (None, "")


def _why_missing(
    exercise: Exercise, cells: Sequence[Cell], mine: list[int]
) -> str:
    made = [n for c in cells for n in _made(code_of(c))]
    if mine and not any(code_of(cells[n]).strip() for n in mine):
        return "the cell of this exercise is empty"
    if mine or set(exercise.answers) & set(made):
        return "the cell is as it was handed out"
    return "the cell of this exercise is gone, and no other makes its name"


def code_of(cell: Cell) -> str:
    """Return what may be code in a cell; in text, what is fenced."""
    if cell.is_code:
        return cell.source
    fenced = FENCE.findall(cell.source)
    return "\n".join(fenced) if fenced else cell.source


def without_magic(source: str) -> str:
    """Return code without lines that only Jupyter understands."""
    return MAGIC.sub(r"\1pass", source)


def _parsed(source: str) -> ast.Module | None:
    """Parse code; None where it is none, or nested too deep to look at."""
    if len(source) > LONGEST:
        return None
    try:
        tree = ast.parse(source)
        ast.unparse(tree)
        return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


@lru_cache(maxsize=10_000)
def _made(source: str) -> frozenset[str]:
    """Return the names that code makes; of code that is none, by its look."""
    for text in (source, without_magic(source)):
        if _parsed(text) is not None:
            return frozenset(names_made(text))
    return frozenset()


def _is_stub(source: str, exercise: Exercise) -> bool:
    """Whether code is the stub still, whatever its blanks and comments."""
    one, other = _parsed(source), _parsed(exercise.stub.source)
    return one is not None and ast.dump(one) == ast.dump(other)


def _helpers(
    sources: Sequence[str],
    places: set[int],
    cells: Sequence[Cell],
    chapter: Mapping[str, str],
    known: frozenset[str],
) -> tuple[list[str], list[str]]:
    """Find what an answer uses of cells that the student added or changed.

    Only imports, functions, classes and plain values are taken: what would
    run is not.
    """
    own: dict[str, str] = {}
    for place, cell in enumerate(cells):
        is_theirs = chapter.get(cell.label) != cell.source
        if cell.is_code and is_theirs and place not in places:
            for names, text in _plain_in(cell.source):
                own.update(dict.fromkeys(sorted(names), text))
    taken: dict[str, str] = {}
    asked = [n for s in sources for n in names_used(s)]
    letters = 0
    while asked and letters <= LONGEST:  # more is too long, whatever it is
        name = asked.pop()
        if name in own and name not in known and name not in taken:
            taken[name] = own[name]
            letters += len(own[name])
            asked += names_used(own[name])
    in_order = dict.fromkeys(own[name] for name in own if name in taken)
    return sorted(taken), list(in_order)


@lru_cache(maxsize=10_000)
def _plain_in(source: str) -> list[tuple[frozenset[str], str]]:
    """Return the statements that may be taken along: their names and text."""
    tree = _parsed(source)
    found = []
    for statement in tree.body if tree else ():
        if _is_plain(statement):
            text = ast.unparse(statement)
            # What parses may be refused still, as two arguments of one name.
            with contextlib.suppress(SyntaxError, RecursionError):
                found.append((names_in(text)[0], text))
    return found


def _is_plain(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign):
        return not any(
            isinstance(part, ast.Call | ast.Await)
            for part in ast.walk(statement.value)
        )
    return isinstance(
        statement,
        ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef,
    )


def names_used(source: str) -> frozenset[str]:
    """Return the names that an answer looks up; of what is no code, none."""
    if _parsed(source) is None:
        return frozenset()
    try:
        return asked_by(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
