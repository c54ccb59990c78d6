"""Which cells of a chapter an exercise needs, by what each makes and uses."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from bookbuild.classroom.exercises import Exercise, solutions_in
from bookbuild.lone import FIRST_CELL
from bookbuild.notebooks import tags

PYTHONS_OWN = frozenset(dir(builtins))


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


def names_used(source: str) -> set[str]:
    """Return the names that code looks up outside of itself.

    Parameters
    ----------
    source
        Python.
    """

    def globals_of(table: symtable.SymbolTable) -> set[str]:
        found = {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_global() and symbol.is_referenced()
        }
        return found.union(*map(globals_of, table.get_children()))

    top = symtable.symtable(source, "cell", "exec")
    used = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    used = used.union(*map(globals_of, top.get_children()))
    return used - PYTHONS_OWN


def names_bound(source: str) -> set[str]:
    """Return the names that code makes at its top level, imports included."""
    top = symtable.symtable(source, "cell", "exec")
    return {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }


def only_defines(source: str) -> bool:
    """Whether code only imports, and defines functions and classes."""
    return all(
        isinstance(
            statement,
            ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef,
        )
        for statement in ast.parse(source).body
    )


def preparation(
    notebook: NotebookNode, exercises: Iterable[Exercise]
) -> Prepared:
    """Choose the cells that exercises need, and no slow one more.

    Parameters
    ----------
    notebook
        A chapter.
    exercises
        Some of its exercises.
    """
    exercises = list(exercises)
    left_out = {cell.id for cell in solutions_in(notebook)}
    left_out |= {each.stub.id for each in exercises}
    cells = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code"
        and cell.id not in left_out
        and cell.id != FIRST_CELL
        and not {"self-check", "solution"} & set(tags(cell))
    ]
    maker = {name: c.id for c in cells for name in names_bound(c.source)}
    source_of = {cell.id: cell.source for cell in cells}
    needed: set[str] = set()
    asked = {
        name
        for each in exercises
        for cell in (each.stub, each.check, *_worked(each))
        for name in names_used(cell.source)
    }
    while asked:
        label = maker.get(asked.pop())
        if label is not None and label not in needed:
            needed.add(label)
            asked |= names_used(source_of[label])
    taken = [
        (cell.id, cell.source, cell.id in needed)
        for cell in cells
        if cell.id in needed or only_defines(cell.source)
    ]
    names = {name for _, code, _ in taken for name in names_bound(code)}
    return Prepared(taken, frozenset(names))


def _worked(exercise: Exercise) -> list[NotebookNode]:
    """Return the code of a solution, without what goes on from it."""
    return [cell for cell in exercise.worked if "solution" in tags(cell)]
