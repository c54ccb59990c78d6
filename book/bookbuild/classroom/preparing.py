"""Which cells of a chapter run before answers to its exercises are judged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from bookbuild.classroom.exercises import Exercise, solutions_in
from bookbuild.classroom.labs import set_up
from bookbuild.classroom.slices import is_lasting, names_in, statements_of
from bookbuild.lone import FIRST_CELL
from bookbuild.notebooks import tags


@dataclass(frozen=True)
class Prepared:
    """What is run before answers to some exercises are judged.

    Parameters
    ----------
    cells
        Id, code, and whether an exercise needs it; the others are imports
        and functions, which an answer may use.
    names
        All that these cells make.
    """

    cells: Sequence[tuple[str, str, bool]]
    names: frozenset[str]


def preparation(
    notebook: NotebookNode, exercises: Iterable[Exercise]
) -> Prepared:
    """Choose what the labs of exercises start with, and what only defines.

    Of a cell that has a part of it, what computes something else is left out.

    Parameters
    ----------
    notebook
        A chapter.
    exercises
        Some of its exercises.
    """
    exercises = list(exercises)
    statements = statements_of(notebook.cells)
    needed = {
        statement.place
        for each in exercises
        for statement in set_up(each, notebook, statements)[0]
    }
    given = {cell.id for each in exercises for cell in each.given}
    left_out = {FIRST_CELL} | {cell.id for cell in solutions_in(notebook)}
    left_out |= {each.stub.id for each in exercises}
    taken: list[tuple[str, str, bool]] = []
    for number, cell in enumerate(notebook.cells):
        if cell.id in left_out or {"self-check", "solution"} & set(tags(cell)):
            continue
        here = [each for each in statements if each.cell == number]
        is_needed = cell.id in given or any(s.place in needed for s in here)
        kept = [
            each.source
            for each in here
            if cell.id in given
            or each.place in needed
            or is_lasting(each.node)
        ]
        if is_needed or (kept and len(kept) == len(here)):
            taken.append((cell.id, "\n".join(kept), is_needed))
    names = [names_in(code)[0] for _, code, _ in taken]
    return Prepared(taken, frozenset().union(*names))
