"""Two editions of a chapter: one to be solved, one to teach from."""

from __future__ import annotations

import re
from collections.abc import Iterator

import nbformat
from nbformat import NotebookNode, v4

from bookbuild.classroom.exercises import Exercise, exercises_in
from bookbuild.classroom.leaks import without_solutions
from bookbuild.classroom.notes import Notes, Section
from bookbuild.classroom.packs import PAGES
from bookbuild.lone import FOLDED, first_cell
from bookbuild.myst import ONE_LINK
from bookbuild.notebooks import cleaned, without_outputs
from bookbuild.plain import headings_in

# The first code cell, where the library lies beside the notebook's folder.
BRING = """\
import importlib.util, os, subprocess, sys

if importlib.util.find_spec("recslib") is None:
    if not os.path.isdir("../recslib"):
        raise FileNotFoundError("Unpack the whole archive: all is needed.")
    install = [sys.executable, "-m", "pip", "install", "--quiet", "."]
    subprocess.run(install, cwd="..", check=True)
    importlib.invalidate_caches()"""
FOR_TEACHERS = "For the teacher"


def brought(notebook: NotebookNode) -> NotebookNode:
    """Return a copy that finds what it needs in the folder above its own.

    Of a link to a page that is not there the words stay, in italics.
    """
    notebook = nbformat.from_dict(notebook)
    cell = first_cell(notebook)
    cell.source = BRING
    cell.metadata.update(FOLDED)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = ONE_LINK.sub(_link_at_hand, cell.source)
    return notebook


def _link_at_hand(match: re.Match[str]) -> str:
    page = match["url"].partition("#")[0].removeprefix("../")
    is_lost = page.startswith("book/") and page not in PAGES
    return f"*{match['text']}*" if is_lost else match[0]


def student_edition(notebook: NotebookNode) -> NotebookNode:
    """Return a chapter to be solved: stubs and checks, and no solution.

    Its cells have the chapter's ids. It was not run: what it shows, students
    see when they run it.

    Parameters
    ----------
    notebook
        A chapter.
    """
    return brought(without_outputs(without_solutions(notebook)))


def instructor_edition(notebook: NotebookNode, notes: Notes) -> NotebookNode:
    """Return a chapter to teach from: solutions and notes where they belong.

    Parameters
    ----------
    notebook
        A chapter, with outputs.
    notes
        On the chapter.
    """
    solved = {each.label: each for each in exercises_in(notebook)}
    made = brought(cleaned(without_solutions(notebook)))
    made.cells = list(_with_notes(made, solved, notes))
    return made


def _with_notes(
    notebook: NotebookNode, solved: dict[str, Exercise], notes: Notes
) -> Iterator[NotebookNode]:
    """Go through the cells of an edition, each with what a teacher needs."""
    checks = {each.check.id: each for each in solved.values()}
    for cell in notebook.cells:
        yield cell
        if cell.id in checks:
            exercise = checks[cell.id]
            solution = v4.new_notebook(cells=list(exercise.solution))
            yield from cleaned(solution).cells
            yield wrong_answers(exercise, notes)
        elif cell.cell_type == "markdown":
            for level, heading in headings_in(cell.source):
                if level == 2 and heading in notes.sections:
                    yield note_cell(cell.id, notes.sections[heading])


def note_cell(cell_id: str, section: Section) -> NotebookNode:
    """Return what a teacher knows of a section, to stand at its start."""
    words = f"**{FOR_TEACHERS}, {section.minutes} minutes.** {section.note}"
    quoted = "\n".join(f"> {line}".rstrip() for line in words.splitlines())
    cell = v4.new_markdown_cell(quoted)
    cell.id = f"note-{cell_id}"
    return cell


def wrong_answers(exercise: Exercise, notes: Notes) -> NotebookNode:
    """Return what students get wrong in an exercise, and why."""
    minutes = notes.minutes[exercise.label]
    words = [
        f"**{FOR_TEACHERS}, {minutes} minutes.** What students answer to "
        f"Exercise {exercise.number}:"
    ]
    for wrong in notes.wrong[exercise.label]:
        words += [
            f"```python\n{wrong.answer}\n```",
            f"The check says: *… {wrong.says} …* {wrong.why}",
        ]
    quoted = "\n\n".join(words).splitlines()
    cell = v4.new_markdown_cell("\n".join(f"> {q}".rstrip() for q in quoted))
    cell.id = f"wrong-{exercise.label}"
    return cell
