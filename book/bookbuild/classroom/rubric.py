"""What a project is worth: criteria, levels, and points that add up.

The page of the project has the rubric as plain Markdown::

    ## Rubric (24 points)

    ### Baseline (4 points)

    - 0: There is none.
    - 2: There is one, on another split.
    - 4: Constant and damped biases stand beside the model.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bookbuild import BuildError

RUBRIC = re.compile(r"## Rubric \((?P<points>\d+) points\)")
CRITERION = re.compile(r"### (?P<title>.+) \((?P<points>\d+) points\)")
LEVEL = re.compile(r"- (?P<points>\d+): \S.*")


@dataclass(frozen=True)
class Criterion:
    """What is judged.

    Parameters
    ----------
    line
        In the page.
    title
        In a word or two.
    points
        At most.
    levels
        The points of each level, as they stand there.
    """

    line: int
    title: str
    points: int
    levels: list[int] = field(default_factory=list)


def rubric_in(text: str, file: str) -> tuple[int, Sequence[Criterion]]:
    """Read and check the rubric of a page.

    Parameters
    ----------
    text
        The page.
    file
        What messages call it.

    Returns
    -------
    tuple
        The points in all, and what they are given for.

    Raises
    ------
    BuildError
        Where it has another form, a criterion's levels do not rise from 0 to
        its points, or these do not add up: with line and what to do.
    """
    promised, start, criteria = None, 0, []
    for line, row in enumerate(text.splitlines(), start=1):
        where = f"{file}, line {line}"
        if row.startswith("## "):
            if promised is not None:
                break
            if found := RUBRIC.fullmatch(row.strip()):
                promised, start = int(found["points"]), line
        elif promised is None:
            continue
        elif row.startswith("### "):
            criteria.append(_criterion(where, line, row))
        elif row.startswith("- ") and criteria:
            criteria[-1].levels.append(_points_of(where, row))
    if promised is None or not criteria:
        raise BuildError(
            f"{file} has no rubric: a heading `## Rubric (24 points)`, and "
            "below it criteria such as `### Baseline (4 points)`."
        )
    for each in criteria:
        _check_levels(f"{file}, line {each.line}", each)
    total = sum(each.points for each in criteria)
    if total != promised:
        raise BuildError(
            f"{file}, line {start}: the rubric promises {promised} points, "
            f"and its criteria add up to {total}. Change the points of a "
            f"criterion, or promise {total}."
        )
    return promised, criteria


def _criterion(where: str, line: int, row: str) -> Criterion:
    """Read the heading of a criterion."""
    found = CRITERION.fullmatch(row.strip())
    if found is None:
        raise BuildError(
            f"{where}: {row.strip()!r} does not say what it is worth. End it "
            "in its points, such as `### Baseline (4 points)`."
        )
    return Criterion(line, found["title"], int(found["points"]))


def _points_of(where: str, row: str) -> int:
    """Read the points of a level."""
    found = LEVEL.fullmatch(row.strip())
    if found is None:
        raise BuildError(
            f"{where}: {row.strip()!r} is no level. Start it with its "
            "points, such as `- 2: On another split.`"
        )
    return int(found["points"])


def _check_levels(where: str, criterion: Criterion) -> None:
    """Raise BuildError where levels do not rise from 0 to the top."""
    levels = criterion.levels
    if (
        len(levels) < 2
        or levels != sorted(set(levels))
        or levels[0] != 0
        or levels[-1] != criterion.points
    ):
        raise BuildError(
            f"{where}: the levels of {criterion.title!r} are "
            f"{', '.join(map(str, levels)) or 'none'}. Let them rise from 0 "
            f"to {criterion.points}, its points, or change these."
        )
