"""Labs: an exercise alone, with the code that it needs and no more."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode, v4

from bookbuild import BuildError
from bookbuild.classroom.editions import brought
from bookbuild.classroom.exercises import Exercise, exercises_in
from bookbuild.classroom.leaks import line_of, parsed, said
from bookbuild.classroom.slices import (
    AT_HAND,
    Statement,
    import_of,
    is_lasting,
    made_before,
    names_in,
    needed,
    statements_of,
)
from bookbuild.lone import FIRST_CELL, FOLDED
from bookbuild.marks import REFERENCE
from bookbuild.myst import ONE_LINK
from bookbuild.notebooks import (
    NOTEBOOK_METADATA,
    tags,
    title_of,
    without_outputs,
)
from bookbuild.plain import (
    CODE_SPAN,
    EQUATION,
    anchor,
    headings_in,
)

# Where labs find the chapters.
CHAPTERS = "../notebooks"
# What an answer may be written with, where the chapter imports it.
TOOLS = ("torch", "Tensor", "nn", "np")
# A heading that JupyterLab keeps closed.
CLOSED = {"jp-MarkdownHeadingCollapsed": True}
CALLED = re.compile(r"\b([A-Za-z_]\w*)\(")


def labs_of(name: str, notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Make a lab of every exercise of a chapter.

    Parameters
    ----------
    name
        The chapter's, such as ``01_first``.
    notebook
        The chapter.

    Returns
    -------
    dict
        Name of a lab, such as ``1-04_clear``, to its notebook.

    Raises
    ------
    BuildError
        Where an exercise uses what nothing above it makes.
    """
    statements = statements_of(notebook.cells)
    return {
        name_of(exercise): lab_of(exercise, name, notebook, statements)
        for exercise in exercises_in(notebook)
    }


def name_of(exercise: Exercise) -> str:
    """Return the name of an exercise's lab: its number, then its own."""
    chapter, _, number = exercise.number.partition(".")
    words = exercise.label.split("-", 2)[2]
    return f"{chapter}-{int(number):02d}_{words}"


def lab_of(
    exercise: Exercise,
    name: str,
    notebook: NotebookNode,
    statements: Sequence[Statement],
) -> NotebookNode:
    """Make a lab of an exercise.

    The cells of the exercise have the chapter's ids, and so have the cells
    of the set-up, which hold a part of the chapter's cell.

    Parameters
    ----------
    exercise
        Of a chapter.
    name, notebook
        The chapter.
    statements
        Of the chapter.
    """
    kept, missing = set_up(exercise, notebook, statements)
    where = f"{CHAPTERS}/{name}.ipynb"
    heading = exercise.asked.source.partition("\n")[0].removeprefix("### ")
    there = f"{where}#{quoted(heading)}"
    chapter = title_of(notebook)
    title = v4.new_markdown_cell(
        f"# Lab {exercise.number}: {exercise.title}\n\nThis is an exercise of "
        f"[{chapter}]({there}), with the code that it needs and no more. "
        "Run all cells once: the check says *Not yet*. Then write your answer."
    )
    title.id = "lab-title"
    needs = v4.new_markdown_cell("## What it needs", metadata=CLOSED)
    needs.id = "lab-needs"
    first = v4.new_code_cell()
    first.id, first.metadata["tags"] = FIRST_CELL, ["remove-cell"]
    asked = nbformat.from_dict(exercise.asked)
    asked.source = f"## {heading}\n\n{body_of(exercise, name, notebook)}"
    cells = [title, needs, first, *folded(kept, exercise, notebook), asked]
    if missing:
        cells.append(note_on(missing, chapter, there))
    cells += [*exercise.given, exercise.stub, exercise.check]
    lab = v4.new_notebook(
        cells=[nbformat.from_dict(cell) for cell in cells],
        metadata=NOTEBOOK_METADATA,
    )
    return without_outputs(brought(lab))


def quoted(heading: str) -> str:
    """Return a heading's anchor as it stands in a link."""
    return quote(anchor(heading), safe=":,!'&=@+;/")


def set_up(
    exercise: Exercise,
    notebook: NotebookNode,
    statements: Sequence[Statement],
) -> tuple[list[Statement], list[str]]:
    """Return the statements that an exercise needs, and what is left out.

    It needs what its stub, its check and its solution use, and what answers
    are written with. What its text
    speaks of comes along where it is code alone; what would have to be
    computed first is left to the chapter.

    Returns
    -------
    tuple
        The statements, and the names that the text speaks of and that are
        left to the chapter.
    """
    stop = notebook.cells.index(exercise.stub)
    first_worked = [c for c in exercise.worked if "checks." in c.source]
    code = [*exercise.given, exercise.stub, exercise.check, *first_worked]
    made, used, later = names_in("\n".join(cell.source for cell in code))
    names = (used | later) - made - AT_HAND
    names |= made_before(statements, frozenset(TOOLS), stop)
    missing = []
    for name in spoken_of(exercise):
        above = made_before(statements, frozenset({name}), stop)
        if name in names | made or not above:
            continue
        brings = needed(statements, above, stop)
        if not all(is_lasting(each.node) for each in brings):
            missing.append(name)
        elif not solves(brings, exercise):
            names |= {name}
    return needed(statements, names, stop), missing


def solves(statements: Sequence[Statement], exercise: Exercise) -> bool:
    """Whether statements have every line that an exercise asks for.

    That is what its solution has, and its stub has not.
    """
    at_hand = lines_of("\n".join(each.source for each in statements))
    at_hand |= lines_of(exercise.stub.source)
    for worked in exercise.worked:
        body = [
            ast.unparse(node)
            for each in parsed(worked.source)
            if isinstance(each, ast.FunctionDef)
            for node in said(each)
        ]
        if body and at_hand >= lines_of("\n".join(body)):
            return True
    return False


def lines_of(source: str) -> set[str]:
    """Return the lines of code as they are compared."""
    return {line_of(line) for line in source.splitlines()}


def spoken_of(exercise: Exercise) -> list[str]:
    """Return the names of code in an exercise's text, in their order.

    What the stub is given has its own names, and so has what the text makes.
    """
    spans = [each.strip("`") for each in CODE_SPAN.findall(body(exercise))]
    comments = re.findall(r"#.*", exercise.stub.source)
    own = {
        node.arg
        for statement in parsed(exercise.stub.source)
        for node in ast.walk(statement)
        if isinstance(node, ast.arg)
    }
    found: list[str] = []
    for span in spans:
        for node in [n for s in parsed(span) for n in ast.walk(s)]:
            if isinstance(node, ast.Name):
                is_made = isinstance(node.ctx, ast.Store)
                own |= {node.id} if is_made else set()
                found.append(node.id)
    found += [name for each in comments for name in CALLED.findall(each)]
    return [name for name in dict.fromkeys(found) if name not in own]


def body(exercise: Exercise) -> str:
    """Return an exercise's text without its heading."""
    return exercise.asked.source.partition("\n")[2].strip()


def folded(
    kept: Sequence[Statement], exercise: Exercise, notebook: NotebookNode
) -> Iterator[NotebookNode]:
    """Go through the cells of a set-up, each folded.

    Parameters
    ----------
    kept
        Statements.
    exercise
        That they are for.
    notebook
        The chapter.
    """
    code = [*exercise.given, exercise.stub, exercise.check, *exercise.worked]
    used = frozenset().union(
        *(s.uses | s.later for s in kept),
        *(names_in(cell.source)[1] for cell in code),
        *(names_in(cell.source)[2] for cell in code),
        spoken_of(exercise),
        TOOLS,
    )
    for number in dict.fromkeys(each.cell for each in kept):
        here = [each for each in kept if each.cell == number]
        cell = v4.new_code_cell(joined(here, used), metadata=FOLDED)
        cell.id = notebook.cells[number].id
        if "parameters" in tags(notebook.cells[number]):
            cell.metadata["tags"] = ["parameters"]
        yield cell


def joined(statements: Sequence[Statement], used: frozenset[str]) -> str:
    """Write statements of one cell below each other, as Python is written."""
    lines: list[str] = []
    was_block = False
    for each in statements:
        is_block = isinstance(each.node, ast.FunctionDef | ast.ClassDef)
        if lines and (is_block or was_block):
            lines += ["", ""]
        lines.append(import_of(each, used))
        was_block = is_block
    return "\n".join(lines)


def note_on(missing: Sequence[str], chapter: str, there: str) -> NotebookNode:
    """Return a cell that says what only the chapter has."""
    names = ", ".join(f"`{name}`" for name in missing)
    has = "has" if len(missing) == 1 else "have"
    cell = v4.new_markdown_cell(
        f"*Not here:* {names} {has} to be computed first, and this takes "
        f"[{chapter}]({there}). You do not need it to pass."
    )
    cell.id = "lab-missing"
    return cell


def body_of(exercise: Exercise, name: str, notebook: NotebookNode) -> str:
    """Return an exercise's text with links that lead out of a lab.

    Parameters
    ----------
    exercise
        Of a chapter.
    name, notebook
        The chapter.

    Raises
    ------
    BuildError
        Where it refers to a figure or an equation that is not the chapter's.
    """

    def link(match: re.Match[str]) -> str:
        url = match["url"]
        if url.startswith("#"):
            url = f"{CHAPTERS}/{name}.ipynb{url}"
        elif url.partition("#")[0].endswith(".ipynb"):
            url = f"{CHAPTERS}/{url}"
        return f"[{match['text']}]({url})"

    sections = labelled(notebook)

    def reference(match: re.Match[str]) -> str:
        label = match["name"]
        if label not in sections:
            raise BuildError(
                f"{exercise.label} refers to {label!r}, which is not in "
                f"notebooks/{name}.ipynb."
            )
        shown = match[0].partition("<!--")[0]
        return f"[{shown}]({CHAPTERS}/{name}.ipynb#{sections[label]})"

    return REFERENCE.sub(reference, ONE_LINK.sub(link, body(exercise)))


def labelled(notebook: NotebookNode) -> dict[str, str]:
    """Return the anchor of the heading above each figure and equation."""
    found: dict[str, str] = {}
    heading = ""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for _, text in headings_in(cell.source):
            heading = quoted(text)
        if cell.id.startswith("fig-"):
            found[cell.id] = heading
        for match in EQUATION.finditer(cell.source):
            found[match["name"]] = heading
    return found
