"""Tables of answers to exercises, and what a check must say to each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pytest

N_WRONG, N_RIGHT = 6, 2  # the fewest answers of a table


@dataclass(frozen=True)
class Answer:
    """What somebody may answer; an empty hint says that it is right."""

    label: str
    given: tuple[object, ...]
    hint: str = ""


def right(label: str, *given: object) -> Answer:
    """Note an answer that must pass."""
    return Answer(label, given)


def wrong(label: str, hint: str, *given: object) -> Answer:
    """Note an answer that must get a hint: a regular expression."""
    return Answer(label, given, hint)


def each_of(
    tables: Mapping[Callable[..., str], Sequence[Answer]],
) -> Iterator[object]:
    """Make a case of every check with every answer, for `parametrize`."""
    for check, answers in tables.items():
        for answer in answers:
            name = f"{check.__name__}: {answer.label}"
            yield pytest.param(check, answer, id=name)


def hold(check: Callable[..., str], answer: Answer) -> None:
    """Put an answer to a check, and hold what it says against the table."""
    said = check(*answer.given)
    assert max(map(len, said.splitlines())) <= 76
    line = " ".join(said.split())
    if not answer.hint:
        assert line == "Pass."
        return
    assert line.startswith("Not yet: ")
    assert re.search(answer.hint, line), line


def enough(tables: Mapping[Callable[..., str], Sequence[Answer]]) -> None:
    """See that each check has six wrong answers and two right ones."""
    for check, answers in tables.items():
        wrongs = sum(bool(answer.hint) for answer in answers)
        assert wrongs >= N_WRONG, check.__name__
        assert len(answers) - wrongs >= N_RIGHT, check.__name__


def nothing(*_: object) -> None:
    """Answer nothing."""


def not_a_number(*_: object) -> float:
    """Answer NaN."""
    return math.nan


def stops(*_: object) -> None:
    """Stop with an error."""
    raise ZeroDivisionError("by zero")
