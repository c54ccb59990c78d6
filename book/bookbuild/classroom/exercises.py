"""The exercises of a chapter, each with its stub, its check, its solution."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nbformat import NotebookNode

from bookbuild import BuildError
from bookbuild.notebooks import tags
from bookbuild.plain import (
    SOLUTION,
    SOLUTIONS,
    is_exercise,
    is_solution,
    sections_of,
)

TITLE = re.compile(r"\A### Exercise (?P<number>[\d.]*\d): (?P<title>.+)")
CHECK = re.compile(r"print\(checks\.(\w+)\(")


@dataclass(frozen=True)
class Exercise:
    """An exercise, as a chapter has it.

    Parameters
    ----------
    label
        The id of the cell that asks, such as ``ex-1-clear``.
    number, title
        From its heading: ``1.4`` and its name.
    asked
        The cell with the question.
    given
        Code between the question and the stub; most have none.
    stub
        The cell where the answer goes.
    check
        The cell that judges it.
    solution
        The cells of the solution: words, code, and what follows it.
    """

    label: str
    number: str
    title: str
    asked: NotebookNode
    given: Sequence[NotebookNode]
    stub: NotebookNode
    check: NotebookNode
    solution: Sequence[NotebookNode]

    @property
    def check_name(self) -> str:
        """The function of `recslib.checks` that judges it."""
        return CHECK.findall(self.check.source)[0]

    @property
    def answers(self) -> list[str]:
        """The names that the stub makes, and that the answer must have."""
        return names_made(self.stub.source)

    @property
    def worked(self) -> list[NotebookNode]:
        """The solution's cells of code."""
        return [cell for cell in self.solution if cell.cell_type == "code"]


def names_made(source: str) -> list[str]:
    """Return the names that code makes at its top level, in order."""
    found: list[str] = []
    for statement in ast.parse(source).body:
        if isinstance(
            statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ):
            found.append(statement.name)
            continue
        targets = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            found += [
                node.id
                for node in ast.walk(target)
                if isinstance(node, ast.Name)
            ]
    return found


def solutions_in(notebook: NotebookNode) -> list[NotebookNode]:
    """Return all cells under the heading of the solutions, it included.

    What only pages need comes behind them, and is none.
    """
    for heading, cells in sections_of(notebook):
        if heading == SOLUTIONS:
            return [cell for cell in cells if "remove-cell" not in tags(cell)]
    return []


def exercises_in(notebook: NotebookNode) -> list[Exercise]:
    """Return the exercises of a chapter, in its order.

    Raises
    ------
    BuildError
        Where one has no stub, no check or no solution.
    """
    solved: dict[str, list[NotebookNode]] = {}
    for cell in solutions_in(notebook):
        if is_solution(cell):
            solved[cell.id.removesuffix(SOLUTION)] = []
        if solved:
            solved[list(solved)[-1]].append(cell)
    return [
        _exercise(notebook.cells, place, solved)
        for place, cell in enumerate(notebook.cells)
        if is_exercise(cell)
    ]


def _exercise(
    cells: Sequence[NotebookNode],
    place: int,
    solved: dict[str, list[NotebookNode]],
) -> Exercise:
    asked = cells[place]
    code: list[NotebookNode] = []
    for cell in cells[place + 1 :]:
        if cell.cell_type != "code":
            break
        code.append(cell)
        if "self-check" in tags(cell):
            break
    titled = TITLE.match(asked.source)
    if titled is None:
        raise BuildError(
            f"the exercise {asked.id!r} starts with no heading such as "
            "`### Exercise 1.4: The missing line`."
        )
    if len(code) < 2 or "self-check" not in tags(code[-1]):
        raise BuildError(
            f"the exercise {asked.id!r} needs a cell for the answer and, "
            "right below it, one tagged `self-check`."
        )
    if asked.id not in solved:
        raise BuildError(
            f"the exercise {asked.id!r} has no solution: a cell with the id "
            f"{asked.id + SOLUTION!r} under the heading {SOLUTIONS!r}."
        )
    *given, stub, check = code
    return Exercise(
        asked.id,
        titled["number"],
        titled["title"].strip(),
        asked,
        given,
        stub,
        check,
        solved[asked.id],
    )
