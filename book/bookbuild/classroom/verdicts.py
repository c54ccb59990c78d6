"""What a notebook got, exercise by exercise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """What an exercise got.

    Parameters
    ----------
    exercise
        Its label.
    status
        ``"pass"``, ``"not yet"``, ``"missing"`` or ``"error"``.
    reason
        Of an error, in two or three words.
    said
        What the check said, or what is missing.
    notes
        How the answer was found, where there is something to say.
    answer
        Its code.
    unusual
        What it uses that no exercise needs.
    seconds
        Of one core.
    """

    exercise: str
    status: str
    reason: str = ""
    said: str = ""
    notes: Sequence[str] = ()
    answer: str = ""
    unusual: Sequence[str] = ()
    seconds: float = 0.0

    @property
    def short(self) -> str:
        """The mark in a table."""
        return f"error: {self.reason}" if self.reason else self.status


@dataclass(frozen=True)
class Graded:
    """What a notebook got.

    Parameters
    ----------
    student, notebook
        Whose, and which.
    chapter
        The stem of the chapter that it is of, or nothing.
    note
        Why it was not graded, or nothing.
    marks
        One an exercise.
    """

    student: str
    notebook: str
    chapter: str = ""
    note: str = ""
    marks: Sequence[Mark] = ()

    @property
    def total(self) -> int:
        """How many exercises passed."""
        return sum(mark.status == "pass" for mark in self.marks)

    @property
    def seconds(self) -> float:
        """What all answers took of one core."""
        return sum(mark.seconds for mark in self.marks)
