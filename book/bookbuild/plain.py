"""What a plain notebook holds: headings, figures, equations, exercises.

A notebook is CommonMark with maths, and reads the same wherever it is opened.
What the pages make more of is told by the ids of its cells: ``fig-name`` is a
caption below its figure, ``ex-1-name`` an exercise, ``ex-1-name-solution`` its
solution, ``sec-1-name`` a section that other pages link to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

import nbformat
from nbformat import NotebookNode

from bookbuild import BuildError
from bookbuild.marks import MARKED, REFERENCE, numbers_filled

HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*$", re.MULTILINE)
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CAPTION = re.compile(r"\A\*\*Figure [\d.]*?\.?\*\* +")
EQUATION = re.compile(
    r"^\$\$\n(?P<tex>(?:(?!^\$\$).)*?)\s*\\tag\{[\d.]*\}\n\$\$\n"
    r"<!--(?P<name>eq-[\w-]+)-->",
    re.MULTILINE | re.DOTALL,
)
EXERCISE = re.compile(r"ex-\w+(?:-\w+)*")
SOLUTION = "-solution"
# The heading of an exercise, or of its solution: a number and a title.
NUMBERED = re.compile(r"\A(### (?:Exercise|Solution) )[\d.]*\d(?=: )")
TO_EXERCISE = re.compile(
    r"\[Exercise [\d.]*\d\]\((?P<file>[\w.-]*)#Exercise-[\d.]*\d:-"
    r"(?P<title>[^)\s]+)\)"
)
# A code span; what follows a brace is the text of a role.
CODE_SPAN = re.compile(r"(?<!\})`[^`\n]+`")
# A mark has no blank at its start; one that is left over is read by nobody.
UNREAD = re.compile(r"<!--(?=\S).*?-->")
SOLUTIONS = "Solutions"
EXERCISES = "Exercises"
DEEPER = "Deeper: "
MYST = re.compile(
    r"\{[a-z][a-z:-]*\}`"  # roles
    r"|^ *(?:`{3,}|:{3,}|~{3,}) *\{"  # directives
    r"|^ *:{3,}"
    r"|^ *\([\w-]+\)=\s*$"  # targets
    r"|\{\{ *\w+ *\}\}"  # substitutions
    r"|^\$\$ *\([\w-]+\)",  # labels of equations
    re.MULTILINE,
)


def anchor(heading: str) -> str:
    """Return the anchor that Jupyter gives a heading: blanks as hyphens."""
    return heading.strip().replace(" ", "-")


def headings_in(source: str) -> list[tuple[int, str]]:
    """Return level and text of each heading of a piece of Markdown."""
    return [
        (len(marks), text)
        for marks, text in HEADING.findall(FENCED.sub("", source))
    ]


def headings(notebook: NotebookNode) -> Iterator[tuple[NotebookNode, str]]:
    """Go through the headings of a notebook, each with its cell."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for _, text in headings_in(cell.source):
                yield cell, text


def is_caption(cell: NotebookNode) -> bool:
    """Whether this is the text below a figure."""
    return cell.cell_type == "markdown" and cell.id.startswith("fig-")


def is_solution(cell: NotebookNode) -> bool:
    """Whether a solution starts here."""
    return is_exercise(cell, SOLUTION)


def is_exercise(cell: NotebookNode, ending: str = "") -> bool:
    """Whether an exercise starts here; its label is the id of this cell."""
    if cell.cell_type != "markdown" or not EXERCISE.fullmatch(cell.id):
        return False
    return cell.id.endswith(SOLUTION) == (ending == SOLUTION)


def numbers_of(name: str, notebook: NotebookNode) -> dict[str, str]:
    """Count figures, equations and exercises, each kind on its own.

    Parameters
    ----------
    name
        The notebook's, such as ``01_first``: its number stands in front.
    notebook
        A plain one.

    Returns
    -------
    dict
        Label to number: ``fig-folds`` to ``1.3``.
    """
    labels: dict[str, list[str]] = {"fig": [], "eq": [], "ex": []}
    for cell in notebook.cells:
        if is_caption(cell):
            labels["fig"].append(cell.id)
        elif is_exercise(cell):
            labels["ex"].append(cell.id)
        if cell.cell_type == "markdown":
            found = EQUATION.finditer(cell.source)
            labels["eq"] += [match["name"] for match in found]
    return {
        label: f"{int(name[:2])}.{number}"
        for kind in labels.values()
        for number, label in enumerate(kind, start=1)
    }


def all_numbers(book: Mapping[str, NotebookNode]) -> dict[str, str]:
    """Count the figures, equations and exercises of every notebook.

    Raises
    ------
    BuildError
        Where two of them have one label.
    """
    numbers: dict[str, str] = {}
    for name, notebook in book.items():
        for label, number in numbers_of(name, notebook).items():
            if label in numbers:
                raise BuildError(
                    f"notebooks/{name}.ipynb: the label {label!r} is taken by "
                    "another notebook. Give the cell another id."
                )
            numbers[label] = number
    return numbers


def recounted(
    notebook: NotebookNode, numbers: Mapping[str, str]
) -> NotebookNode:
    """Return a copy in which all that is numbered has its number.

    Parameters
    ----------
    notebook
        A plain one.
    numbers
        From `all_numbers`.

    Raises
    ------
    BuildError
        Where the text refers to what is not there.
    """
    notebook = nbformat.from_dict(notebook)
    titles = {
        anchor(text.partition(": ")[2]): numbers[cell.id]
        for cell, text in headings(notebook)
        if is_exercise(cell)
    }

    def reference(match: re.Match[str]) -> str:
        if match["name"] not in numbers:
            raise BuildError(
                f"the text refers to {match['name']!r}, and no notebook has "
                "that: the id of a caption's cell, or the comment below an "
                "equation."
            )
        number = numbers[match["name"]]
        after = match["after"] or ""
        return f"{match['before']}{number}{after}<!--{match['name']}-->"

    def to_exercise(match: re.Match[str]) -> str:
        number = titles.get(unquote(match["title"]))
        if match["file"] or number is None:
            return match[0]
        heading = f"#Exercise-{number}:-{match['title']}"
        return f"[Exercise {number}]({heading})"

    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        text = REFERENCE.sub(reference, cell.source)
        text = TO_EXERCISE.sub(to_exercise, text)
        if is_caption(cell):
            text = CAPTION.sub(f"**Figure {numbers[cell.id]}.** ", text)
        elif is_exercise(cell) or is_solution(cell):
            label = cell.id.removesuffix(SOLUTION)
            if label not in numbers:
                raise BuildError(
                    f"{cell.id!r} solves {label!r}, and there is no such "
                    "exercise."
                )
            text = NUMBERED.sub(rf"\g<1>{numbers[label]}", text)
        cell.source = text
    return notebook


def without_numbers(source: str) -> str:
    """Return a text without what the press keeps current in it.

    Two texts that are the same without it were written the same.
    """
    text = numbers_filled(source, lambda mark: "")
    text = REFERENCE.sub(
        lambda m: f"{m['before']}{m['after'] or ''}<!--{m['name']}-->", text
    )
    text = TO_EXERCISE.sub(lambda m: f"[{m['file']}#{m['title']}]", text)
    return NUMBERED.sub(r"\1", CAPTION.sub("**Figure** ", text))


def check_plain(notebook: NotebookNode) -> None:
    """Raise BuildError where a text is for the pages alone, or for nobody."""
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        found = MYST.search(CODE_SPAN.sub("", cell.source))
        if found:
            raise BuildError(
                f"the cell {cell.id} holds {found[0].strip()!r}, which only "
                "the built pages understand. A notebook is plain Markdown: "
                "CONTRIBUTING.md says how to write a number, a citation, a "
                "caption and a reference."
            )
        rest = REFERENCE.sub("", MARKED.sub("", cell.source))
        if unread := UNREAD.search(rest):
            raise BuildError(
                f"the cell {cell.id} holds the mark {unread[0]!r}, and what "
                "stands before it would never be renewed. CONTRIBUTING.md "
                "(The text of a notebook) says how a mark is written."
            )


def heading_targets(notebook: NotebookNode) -> dict[str, tuple[str, str]]:
    """Say where links to a notebook's headings lead.

    Returns
    -------
    dict
        The anchor, as Jupyter has it, to the id of the heading's cell and the
        heading.
    """
    return {anchor(text): (cell.id, text) for cell, text in headings(notebook)}


def sections_of(
    notebook: NotebookNode,
) -> list[tuple[str, list[NotebookNode]]]:
    """Part a notebook at its headings of the second level.

    Returns
    -------
    list
        Heading and cells; the first part, before any, has the heading "".
    """
    parts: list[tuple[str, list[NotebookNode]]] = [("", [])]
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            second = [t for level, t in headings_in(cell.source) if level == 2]
            if second:
                parts.append((second[0], []))
        parts[-1][1].append(cell)
    return parts
