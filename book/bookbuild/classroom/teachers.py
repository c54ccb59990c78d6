"""What the teachers' page says in numbers, and the pages of the plans."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bookbuild.chapters import DASH, Chapter
from bookbuild.classroom.exercises import Exercise, exercises_in
from bookbuild.classroom.goals import assessed
from bookbuild.classroom.notes import notes_on
from bookbuild.classroom.plans import (
    BOOK,
    PLANS,
    PROJECT,
    Known,
    Plan,
    known,
    read_plans,
    write_pages,
)
from bookbuild.classroom.rubric import rubric_in
from bookbuild.minutes import core, lengths
from bookbuild.plain import DEEPER
from bookbuild.results.page import dropdown, linked, pipe_table

# Where a goal has no exercise.
QUIZ_ALONE = "none: the quiz asks"


def chapters_table(book: Sequence[Chapter]) -> str:
    """Write how long each chapter takes, alone and in front of a class."""
    header = [
        "Chapter",
        "Alone",
        "In class",
        "Exercises",
        "Deeper",
    ]
    rows = []
    for chapter in book:
        notes = notes_on(chapter.name, chapter.notebook)
        in_class = sum(
            section.minutes
            for heading, section in notes.sections.items()
            if not heading.startswith(DEEPER)
        )
        deeper = sum(
            length.minutes
            for heading, length in lengths(chapter.notebook).items()
            if heading.startswith(DEEPER)
        )
        minutes = list(notes.minutes.values())
        rows.append(
            [
                linked(chapter, chapter.numbered_title),
                str(core(chapter.notebook).minutes),
                str(in_class) if in_class else DASH,
                f"{sum(minutes)} ({len(minutes)})" if minutes else DASH,
                str(deeper) if deeper else DASH,
            ]
        )
    return pipe_table(header, rows, "lrrrr")


def sections_lists(book: Sequence[Chapter], there: Known) -> str:
    """Write how long each section takes, a chapter behind a line."""
    boxes = []
    for chapter in book:
        rows = [
            [
                part.link.replace("](../../../", "](../"),
                str(part.alone),
                str(part.in_class),
            ]
            for (number, _), part in there.sections.items()
            if number == chapter.number
        ]
        table = pipe_table(["Section", "Alone", "In class"], rows, "lrr")
        boxes.append(dropdown(chapter.numbered_title, table))
    return "\n\n".join(boxes)


def goals_tables(book: Sequence[Chapter]) -> str:
    """Write which exercises ask for which goal, a chapter behind a line."""
    boxes = []
    for chapter in book:
        if not exercises_in(chapter.notebook):
            continue
        found = assessed(chapter.name, chapter.notebook)
        rows = [
            [goal[0].upper() + goal[1:], named(exercises) or QUIZ_ALONE]
            for goal, exercises in found.goals.items()
        ]
        if found.beyond:
            rows.append(["*Beyond the goals*", named(found.beyond)])
        table = pipe_table(["Students can", "Exercise"], rows, "ll")
        boxes.append(dropdown(chapter.numbered_title, table))
    return "\n\n".join(boxes)


def named(exercises: Sequence[Exercise]) -> str:
    """Name exercises, each with a link, in a line."""
    return "; ".join(
        f"{{ref}}`{each.number} {each.title} <{each.label}>`"
        for each in exercises
    )


def plans_table(plans: Sequence[Plan]) -> str:
    """Write which plans there are, and how much time each asks for."""
    rows = []
    for plan in plans:
        minutes = [lesson.minutes for lesson in plan.lessons]
        home = sum(
            step.minutes for lesson in plan.lessons for step in lesson.home
        )
        rows.append(
            [
                f"[{plan.title}]({(PLANS / plan.name).as_posix()}.md)",
                in_words(minutes),
                f"{home} minutes" if home else DASH,
                in_order(plan),
            ]
        )
    header = ["Plan", "In class", "At home, in all", "Chapters"]
    return pipe_table(header, rows, "llll")


def in_words(minutes: Sequence[int]) -> str:
    """Write ``3 lessons of 90 minutes``, or the sum where they differ."""
    lessons = f"{len(minutes)} lesson{'' if len(minutes) == 1 else 's'}"
    if len(set(minutes)) == 1:
        return f"{lessons} of {minutes[0]} minutes"
    return f"{lessons}, {sum(minutes)} minutes in all"


def in_order(plan: Plan) -> str:
    """Name the chapters whose sections a plan shows in class."""
    numbers = {
        step.chapter
        for lesson in plan.lessons
        for step in lesson.steps
        if step.kind in ("Section", "Skim")
    }
    return ", ".join(map(str, sorted(numbers)))


def built(
    book: Sequence[Chapter], there: Known
) -> Mapping[str, Callable[[], str]]:
    """Return what makes each thing of the teachers' page.

    Parameters
    ----------
    book
        The chapters.
    there
        What plans may name.
    """
    return {
        "class-chapters": lambda: chapters_table(book),
        "class-sections": lambda: sections_lists(book, there),
        "class-goals": lambda: goals_tables(book),
        "class-plans": lambda: plans_table(read_plans(there)),
    }


def stage(
    folder: Path, book: Sequence[Chapter]
) -> Mapping[str, Callable[[], str]]:
    """Write the pages of the plans; return what other pages ask for.

    Parameters
    ----------
    folder
        A copy of book/.
    book
        The chapters, as they were run.

    Raises
    ------
    BuildError
        Where a plan or the rubric of the project does not add up.
    """
    there = known(book)
    project = BOOK / PROJECT
    rubric_in(project.read_text("utf-8"), f"book/{PROJECT.as_posix()}")
    write_pages(folder, there)
    return built(book, there)
