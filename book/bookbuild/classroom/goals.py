"""Which exercise assesses which goal of its chapter.

A chapter lists its goals in its first cell. ``book/classroom/goals.yml`` puts
its exercises below them, by label::

    01_first:
      - goal: say what a number is worth
        exercises: [ex-1-constant, ex-1-worth]
      - goal: explain what it does not tell
        exercises: []
      - beyond: [ex-1-riddle]

Where a goal has no exercise, the quiz alone asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.classroom.exercises import Exercise, exercises_in
from bookbuild.files import read_settings
from bookbuild.myst import ONE_LINK

PATH = places.ROOT / "book" / "classroom" / "goals.yml"
# Below this line of a notebook stand its goals, as a list.
GOALS = re.compile(
    r"^When you are through, you can\n\n(?P<list>(?:[-* ].*\n|\n(?=[-* ]))+)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Assessed:
    """What the exercises of a chapter ask for.

    Parameters
    ----------
    goals
        Each goal, in the chapter's order, and its exercises.
    beyond
        Exercises that no goal asks for.
    """

    goals: Mapping[str, Sequence[Exercise]]
    beyond: Sequence[Exercise]


def goals_of(notebook: NotebookNode) -> list[str]:
    """Return what somebody can do who is through with a notebook.

    Parameters
    ----------
    notebook
        Its first cell lists the goals below "When you are through, you can".

    Returns
    -------
    list
        The goals as plain text: one line each, without links and full stop.
    """
    found = GOALS.search(notebook.cells[0].source + "\n")
    if found is None:
        return []
    items = re.split(r"^[-*] +", found["list"], flags=re.MULTILINE)[1:]
    plain = (ONE_LINK.sub(lambda m: m["text"], item) for item in items)
    return [" ".join(item.split()).rstrip(".;") for item in plain]


def assessed(name: str, notebook: NotebookNode) -> Assessed:
    """Say which exercises of a chapter ask for which goal.

    Parameters
    ----------
    name
        The chapter's, such as ``01_first``.
    notebook
        The chapter.

    Raises
    ------
    BuildError
        Where a goal or an exercise is missing, unknown, or named twice. A
        chapter without exercises needs no entry.
    """
    asked = {each.label: each for each in exercises_in(notebook)}
    if not asked:
        return Assessed({}, [])
    entries = read_settings(PATH).get(name)
    if not isinstance(entries, list):
        raise BuildError(
            f"{PATH.name} has no list for {name}. Give it one: each goal of "
            "the chapter, and the labels of its exercises."
        )
    goals: dict[str, list[str]] = {}
    beyond: list[str] = []
    for row, entry in enumerate(entries, start=1):
        where = f"{PATH.name}: {name}, entry {row}"
        if isinstance(entry, Mapping) and set(entry) == {"beyond"}:
            beyond += _labels(where, entry["beyond"])
        elif isinstance(entry, Mapping) and set(entry) == {
            "goal",
            "exercises",
        }:
            goal = " ".join(str(entry["goal"]).split())
            goals[goal] = _labels(where, entry["exercises"])
        else:
            raise BuildError(
                f"{where} is {entry!r}. It needs `goal` and `exercises`, or "
                "`beyond` alone."
            )
    wanted = goals_of(notebook)
    if list(goals) != wanted:
        raise BuildError(
            f"{PATH.name}: the goals of {name} are, word by word and in this "
            f"order: {'; '.join(wanted)}. Missing are "
            f"{[each for each in wanted if each not in goals]}; no goals are "
            f"{[each for each in goals if each not in wanted]}."
        )
    named = [label for labels in goals.values() for label in labels] + beyond
    _check_labels(name, named, list(asked))
    return Assessed(
        {goal: [asked[each] for each in own] for goal, own in goals.items()},
        [asked[label] for label in beyond],
    )


def _labels(where: str, found: object) -> list[str]:
    """Return a list of labels, or say that it is none."""
    if not isinstance(found, list) or not all(
        isinstance(label, str) for label in found
    ):
        raise BuildError(
            f"{where}: {found!r} is no list of labels, such as "
            "[ex-1-constant]."
        )
    return found


def _check_labels(
    name: str, named: Sequence[str], asked: Sequence[str]
) -> None:
    """Raise BuildError where an exercise is not named once."""
    missing = [label for label in asked if label not in named]
    unknown = [label for label in named if label not in asked]
    twice = sorted({label for label in named if named.count(label) > 1})
    if missing or unknown or twice:
        raise BuildError(
            f"{PATH.name}: {name} names each of its exercises once, under a "
            f"goal or under `beyond`. Missing are {missing}; no such "
            f"exercises are {unknown}; named twice are {twice}."
        )
