"""How long a notebook takes: its words, its lines of code, and its run.

A core path starts at the top and ends at the exercises. What stands after
them goes deeper, a section at a time.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from nbformat import NotebookNode

from bookbuild import BuildError
from bookbuild.notebooks import tags
from bookbuild.plain import (
    DEEPER,
    EXERCISES,
    SOLUTIONS,
    is_exercise,
    sections_of,
)

WORDS_A_MINUTE = 200
SECONDS_A_LINE = 6
# To think, to try, and to read why it does not pass yet.
MINUTES_AN_EXERCISE = 10
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ADDRESS = re.compile(r"\]\([^)\s]*\)")


@dataclass(frozen=True)
class Length:
    """What somebody goes through.

    Parameters
    ----------
    words
        Of prose.
    lines
        Of code; empty ones are none.
    seconds
        That the code runs.
    exercises
        To be solved.
    """

    words: int = 0
    lines: int = 0
    seconds: float = 0.0
    exercises: int = 0

    def __add__(self, other: Length) -> Length:
        """Go through both."""
        return Length(
            self.words + other.words,
            self.lines + other.lines,
            self.seconds + other.seconds,
            self.exercises + other.exercises,
        )

    @property
    def minutes(self) -> int:
        """Whole minutes, rounded up: nobody is told too little."""
        reading = self.words / WORDS_A_MINUTE
        code = (self.lines * SECONDS_A_LINE + self.seconds) / 60
        return math.ceil(reading + code + self.exercises * MINUTES_AN_EXERCISE)


def words_in(source: str) -> int:
    """Count the words of a piece of Markdown that somebody sees."""
    return len(ADDRESS.sub("]", COMMENT.sub("", source)).split())


def lines_in(source: str) -> int:
    """Count the lines of code that are not empty."""
    return sum(bool(line.strip()) for line in source.splitlines())


def length_of(cell: NotebookNode) -> Length:
    """Measure a cell; one that is folded away counts for its run alone.

    Parameters
    ----------
    cell
        Of an executed notebook, or of one that was not run: then its run
        counts for nothing.
    """
    if cell.cell_type == "markdown":
        return Length(words_in(cell.source), exercises=int(is_exercise(cell)))
    if cell.cell_type != "code":
        return Length()
    ran = cell.metadata.get("papermill", {}).get("duration") or 0.0
    lines = 0 if "remove-cell" in tags(cell) else lines_in(cell.source)
    return Length(lines=lines, seconds=ran)


def lengths(notebook: NotebookNode) -> dict[str, Length]:
    """Measure a notebook's sections of the second level, by heading.

    Solutions are read as they are needed, and are left out; so is what the
    pages alone need.
    """
    measured = {}
    for heading, cells in sections_of(notebook):
        if heading == SOLUTIONS:
            break
        measured[heading] = sum(map(length_of, cells), Length())
    return measured


def core(notebook: NotebookNode) -> Length:
    """Measure the path from the top to the exercises."""
    path = Length()
    for heading, length in lengths(notebook).items():
        if heading == EXERCISES:
            break
        path += length
    return path


def minutes_at(notebook: NotebookNode, what: str, heading: str) -> int:
    """Return the minutes that a mark in the text asks for.

    Parameters
    ----------
    notebook
        Executed.
    what
        ``core``, ``exercises``, ``deeper`` (all of them), or ``here``: the
        section that the mark stands in.
    heading
        That section's.

    Raises
    ------
    BuildError
        Where there is nothing of the kind.
    """
    measured = lengths(notebook)
    if what == "core":
        return core(notebook).minutes
    if what == "exercises" and EXERCISES in measured:
        return measured[EXERCISES].minutes
    if what == "deeper":
        deeper = [v for k, v in measured.items() if k.startswith(DEEPER)]
        return sum(length.minutes for length in deeper)
    if what == "here" and heading in measured:
        return measured[heading].minutes
    raise BuildError(
        f"the text asks for the minutes of {what!r} in the section "
        f"{heading!r}. There are those of core, exercises, deeper and here."
    )
