"""Which cells of a chapter run before answers to its exercises are judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from nbformat import NotebookNode

from bookbuild.classroom.exercises import Exercise, solutions_in
from bookbuild.classroom.labs import set_up
from bookbuild.classroom.slices import (
    is_lasting,
    made_before,
    names_in,
    needed,
    statements_of,
)
from bookbuild.lone import FIRST_CELL
from bookbuild.notebooks import tags


@dataclass(frozen=True)
class Prepared:
    """What is run before answers to some exercises are judged.

    Parameters
    ----------
    cells
        Id, code, and whether an exercise needs it; the others are imports
        and functions, which an answer may use, and what some answer does use.
    names
        All that these cells make.
    """

    cells: Sequence[tuple[str, str, bool]]
    names: frozenset[str]


def preparation(
    notebook: NotebookNode,
    exercises: Iterable[Exercise],
    used: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> Prepared:
    """Choose what the labs of exercises start with, and what only defines.

    And what makes the names of the chapter that answers use besides.
    Of a cell that has a part of it, what computes something else is left out.

    Parameters
    ----------
    notebook
        A chapter.
    exercises
        Some of its exercises.
    used
        Names that answers use, by the label of the exercise.
    """
    exercises = list(exercises)
    statements = statements_of(notebook.cells)
    asked: set[int] = set()
    brought: set[int] = set()
    for each in exercises:
        asked |= {s.place for s in set_up(each, notebook, statements)[0]}
        stop = notebook.cells.index(each.stub)
        names = used.get(each.label, frozenset())
        above = made_before(statements, names, stop)
        brought |= {s.place for s in needed(statements, above, stop)}
    given = {cell.id for each in exercises for cell in each.given}
    left_out = {FIRST_CELL} | {cell.id for cell in solutions_in(notebook)}
    left_out |= {each.stub.id for each in exercises}
    taken: list[tuple[str, str, bool]] = []
    for number, cell in enumerate(notebook.cells):
        if cell.id in left_out or {"self-check", "solution"} & set(tags(cell)):
            continue
        here = [each for each in statements if each.cell == number]
        is_needed = cell.id in given or any(s.place in asked for s in here)
        is_brought = any(s.place in brought for s in here)
        kept = [
            each.source
            for each in here
            if cell.id in given
            or each.place in asked | brought
            or is_lasting(each.node)
        ]
        is_all = bool(kept) and len(kept) == len(here)
        if is_needed or is_brought or is_all:
            taken.append((cell.id, "\n".join(kept), is_needed))
    makes = [names_in(code)[0] for _, code, _ in taken]
    return Prepared(taken, frozenset().union(*makes))
