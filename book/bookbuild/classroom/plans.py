"""Plans of lessons: written by hand, checked, and made pages of the book.

A plan is a page in ``book/classroom/plans/``. A heading of the second level is
a lesson, and ends in its minutes; below it stands a table, a step a row. A
second table, below ``### At home``, says what comes after::

    ## Lesson 1: Is it better than guessing? (90 minutes)

    | Minutes | What | How |
    |---:|---|---|
    | 8 | Section 1: What guessing scores | Bids go on the board. |
    | 5 | Skim 1: The idea | One figure. |
    | 6 | Exercise: ex-1-constant | In pairs, as a lab. |
    | 8 | Quiz 1 | Alone, then with a neighbour. |
    | 5 | Page: rate | Everybody rates ten films. |
    | 10 | Project: Ask your question | In groups. |
    | 5 | Talk: What would you ship? | |
    | 5 | Break | |

A number behind a word is a chapter's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from mdit_py_plugins.anchors.index import slugify

from bookbuild import BuildError, places
from bookbuild.chapters import Chapter
from bookbuild.classroom.exercises import Exercise, exercises_in
from bookbuild.classroom.notes import Notes, notes_on
from bookbuild.classroom.quizzes import PAGE
from bookbuild.files import write_all
from bookbuild.minutes import lengths
from bookbuild.plain import EXERCISES, SOLUTIONS, headings_in

BOOK = places.ROOT / "book"
PLANS = Path("classroom") / "plans"
PROJECT = Path("classroom") / "project.md"
MILESTONES = "Milestones"
HOME = "### At home"
LESSON = re.compile(r"## (?P<title>.+) \((?P<minutes>\d+) minutes\)")
WHAT = re.compile(
    r"(?P<kind>Section|Skim|Quiz|Exercise|Page|Project|Talk|Break)"
    r"(?: (?P<chapter>\d+))?(?:: (?P<name>.+))?"
)
# Kind of step: whether it names a chapter, and whether something in it.
FORMS = {
    "Section": (True, True),
    "Skim": (True, True),
    "Quiz": (True, False),
    "Exercise": (False, True),
    "Page": (False, True),
    "Project": (False, True),
    "Talk": (False, True),
    "Break": (False, False),
}
HEADER = ("Minutes", "What", "How")
RULE = re.compile(r"[\s|:]*-[\s|:-]*")
# From a plan's page to book/.
UP = "../../"


@dataclass(frozen=True)
class Step:
    """A row of a plan.

    Parameters
    ----------
    line
        Its line in the file.
    minutes
        That it takes.
    kind, chapter, name
        What it is: a word of `FORMS`, the chapter's number or None, and what
        is named, or nothing.
    how
        What happens, in Markdown.
    """

    line: int
    minutes: int
    kind: str
    chapter: int | None
    name: str
    how: str


@dataclass(frozen=True)
class Lesson:
    """A lesson of a plan.

    Parameters
    ----------
    line
        Of its heading.
    title
        Without its minutes.
    minutes
        That it promises.
    steps, home
        What happens in class, and afterwards.
    """

    line: int
    title: str
    minutes: int
    steps: list[Step]
    home: list[Step]


@dataclass(frozen=True)
class Plan:
    """A plan.

    Parameters
    ----------
    name
        Of its file, without ending.
    title
        Its first heading.
    lessons
        In order.
    text
        All of the file.
    """

    name: str
    title: str
    lessons: Sequence[Lesson]
    text: str

    @property
    def file(self) -> str:
        """Where it lies, for messages."""
        return f"book/{(PLANS / self.name).as_posix()}.md"


@dataclass(frozen=True)
class Part:
    """A section of a chapter, or an exercise, and how long it takes.

    Parameters
    ----------
    link
        Leads there, in MyST, from a plan's page.
    alone
        Minutes of somebody who reads.
    in_class
        Minutes in front of a class.
    """

    link: str
    alone: int
    in_class: int


@dataclass(frozen=True)
class Known:
    """What a plan may name.

    Parameters
    ----------
    chapters
        Number to name.
    sections
        By the number of the chapter and the heading.
    exercises
        By label.
    pages
        Names of pages in book/, and their titles.
    milestones
        Of the project.
    """

    chapters: Mapping[int, str]
    sections: Mapping[tuple[int, str], Part]
    exercises: Mapping[str, Part]
    pages: Mapping[str, str]
    milestones: Sequence[str]


def known(book: Sequence[Chapter]) -> Known:
    """Collect what a plan may name.

    Parameters
    ----------
    book
        The chapters; where they were run, their minutes hold the run.
    """
    sections: dict[tuple[int, str], Part] = {}
    exercises: dict[str, Part] = {}
    for chapter in book:
        notes = notes_on(chapter.name, chapter.notebook)
        sections |= _sections(chapter, notes)
        for exercise in exercises_in(chapter.notebook):
            minutes = notes.minutes[exercise.label]
            link = exercise_link(exercise)
            exercises[exercise.label] = Part(link, minutes, minutes)
    return Known(
        {chapter.number: chapter.name for chapter in book},
        sections,
        exercises,
        {path.stem: _title(path) for path in sorted(BOOK.glob("*.md"))},
        milestones_in((BOOK / PROJECT).read_text(encoding="utf-8")),
    )


def _sections(chapter: Chapter, notes: Notes) -> dict[tuple[int, str], Part]:
    """Return the sections of a chapter that a plan may name."""
    found = {}
    for heading, length in lengths(chapter.notebook).items():
        if heading in ("", EXERCISES, SOLUTIONS):
            continue
        address = f"{UP}../notebooks/{chapter.name}.ipynb#{slugify(heading)}"
        noted = notes.sections.get(heading)
        in_class = max(length.minutes, noted.minutes if noted else 0)
        found[chapter.number, heading] = Part(
            f"[{heading}]({address})", length.minutes, in_class
        )
    return found


def exercise_link(exercise: Exercise) -> str:
    """Return a link to an exercise, with its number and title."""
    words = f"Exercise {exercise.number}: {exercise.title}"
    return f"{{ref}}`{words} <{exercise.label}>`"


def _title(path: Path) -> str:
    """Return the first heading of a page."""
    text = path.read_text(encoding="utf-8")
    return next((words for _, words in headings_in(text)), path.stem)


def milestones_in(text: str) -> list[str]:
    """Return the milestones of the project, as its page has them."""
    found, inside = [], False
    for level, words in headings_in(text):
        if level == 2:
            inside = words == MILESTONES
        elif level == 3 and inside:
            found.append(words)
    return found


def read_plans(there: Known) -> list[Plan]:
    """Read and check all plans.

    Parameters
    ----------
    there
        What they may name.

    Raises
    ------
    BuildError
        Where a plan cannot be read, names what is not there, or promises
        other minutes than it has: with file, line, and what to do.
    """
    plans = []
    for path in sorted((BOOK / PLANS).glob("*.md")):
        plan = plan_of(path.stem, path.read_text(encoding="utf-8"))
        check(plan, there)
        plans.append(plan)
    return plans


def plan_of(name: str, text: str) -> Plan:
    """Read a plan.

    Parameters
    ----------
    name
        Of its file, without ending.
    text
        What it holds.

    Raises
    ------
    BuildError
        Where it has another form.
    """
    plan = Plan(name, "", (), text)
    title, lessons, in_table = "", [], False
    for line, row in enumerate(text.splitlines(), start=1):
        if row.startswith("# ") and not title:
            title = row[2:].strip()
        elif row.startswith("## "):
            lessons.append(_lesson(plan, line, row))
        elif row.startswith("### ") and row.strip() != HOME:
            raise wrong(
                plan,
                line,
                f"{row.strip()!r} is no part of a lesson",
                f"below a lesson stands one heading, {HOME!r}, or none",
            )
        elif in_table and row.strip() and not row.startswith("|"):
            raise wrong(
                plan,
                line,
                f"{row.strip()!r} is in a table, and no row of it",
                "start it with `|`, or leave an empty line above it",
            )
        elif row.startswith("|") and lessons and not _is_frame(row):
            at_home = HOME in text.splitlines()[lessons[-1].line : line]
            steps = lessons[-1].home if at_home else lessons[-1].steps
            steps.append(_step(plan, line, row))
        in_table = row.startswith("|")
    if not title or not lessons:
        raise BuildError(
            f"{plan.file} has {'no lesson' if title else 'no title'}. A plan "
            "starts with `# Its title`; a lesson starts with `## Its title "
            "(90 minutes)`."
        )
    return Plan(name, title, lessons, text)


def _is_frame(row: str) -> bool:
    """Whether this is the head of a table, or the rule below it."""
    return _cells(row) == HEADER or bool(RULE.fullmatch(row))


def _cells(row: str) -> tuple[str, ...]:
    inside = row.strip().removeprefix("|").removesuffix("|")
    return tuple(cell.strip() for cell in inside.split("|"))


def wrong(plan: Plan, line: int, what: str, remedy: str) -> BuildError:
    """Return an error that names file, line and what to do."""
    return BuildError(
        f"{plan.file}, line {line}: {what}. To mend it, {remedy}."
    )


def _lesson(plan: Plan, line: int, row: str) -> Lesson:
    """Read the heading of a lesson."""
    found = LESSON.fullmatch(row.strip())
    if found is None:
        raise wrong(
            plan,
            line,
            f"{row.strip()!r} does not say how long the lesson is",
            "end the heading in its minutes, such as `## Lesson 1: The idea "
            "(90 minutes)`",
        )
    return Lesson(line, found["title"], int(found["minutes"]), [], [])


def _step(plan: Plan, line: int, row: str) -> Step:
    """Read a row of a lesson."""
    cells = _cells(row)
    if len(cells) != len(HEADER):
        raise wrong(
            plan,
            line,
            f"the row has {len(cells)} cells",
            f"give it three: {', '.join(HEADER)}. How may be empty, and none "
            "may hold a `|`",
        )
    minutes, what, how = cells
    if not minutes.isdecimal() or int(minutes) < 1:
        raise wrong(
            plan,
            line,
            f"{minutes!r} is no number of minutes",
            "write a whole number from 1 on",
        )
    found = WHAT.fullmatch(what)
    if found is None:
        raise wrong(
            plan,
            line,
            f"{what!r} is no step",
            f"start it with one of {', '.join(FORMS)}",
        )
    kind, chapter = found["kind"], found["chapter"]
    given = (chapter is not None, found["name"] is not None)
    if given != FORMS[kind]:
        raise wrong(
            plan,
            line,
            f"{what!r} is not how a {kind} is written",
            f"write `{form_of(kind)}`",
        )
    return Step(
        line,
        int(minutes),
        kind,
        int(chapter) if chapter else None,
        found["name"] or "",
        how,
    )


def form_of(kind: str) -> str:
    """Return how a kind of step is written."""
    of_chapter, named = FORMS[kind]
    return f"{kind}{' 1' if of_chapter else ''}{': NAME' if named else ''}"


def check(plan: Plan, there: Known) -> None:
    """Raise BuildError where a plan cannot be kept.

    Parameters
    ----------
    plan
        Read.
    there
        What it may name.
    """
    for lesson in plan.lessons:
        for step in lesson.steps:
            check_step(plan, step, there, at_home=False)
        for step in lesson.home:
            check_step(plan, step, there, at_home=True)
        total = sum(step.minutes for step in lesson.steps)
        if total != lesson.minutes:
            apart = lesson.minutes - total
            more = "more" if apart > 0 else "fewer"
            raise wrong(
                plan,
                lesson.line,
                f"{lesson.title!r} promises {lesson.minutes} minutes, and its "
                f"rows add up to {total}",
                f"give its rows {abs(apart)} {more}, or promise {total}",
            )


def check_step(plan: Plan, step: Step, there: Known, *, at_home: bool) -> None:
    """Raise BuildError where a row names nothing, or has too little time."""
    if step.chapter is not None and step.chapter not in there.chapters:
        raise wrong(
            plan,
            step.line,
            f"there is no chapter {step.chapter}",
            f"name one of {', '.join(map(str, there.chapters))}",
        )
    if step.kind in ("Section", "Skim"):
        headings = [h for n, h in there.sections if n == step.chapter]
        _check_name(plan, step, headings, f"section of chapter {step.chapter}")
        part = there.sections[step.chapter, step.name]
    elif step.kind == "Exercise":
        _check_name(plan, step, list(there.exercises), "exercise")
        part = there.exercises[step.name]
    elif step.kind == "Page":
        _check_name(plan, step, list(there.pages), "page in book/")
        return
    elif step.kind == "Project":
        _check_name(plan, step, there.milestones, "milestone of the project")
        return
    else:
        return
    least = part.alone if at_home else part.in_class
    where = "alone" if at_home else "in class"
    if step.kind == "Skim" and step.minutes >= least:
        raise wrong(
            plan,
            step.line,
            f"{step.minutes} minutes are enough for all of {step.name!r}, "
            f"which takes {least} {where}",
            f"write `Section {step.chapter}: {step.name}`",
        )
    if step.kind != "Skim" and step.minutes < least:
        raise wrong(
            plan,
            step.line,
            f"{step.name!r} takes {least} minutes {where}, and has "
            f"{step.minutes}",
            f"give it {least}, or "
            + (
                f"write `Skim {step.chapter}: {step.name}`, and say in How "
                "what is shown"
                if step.kind == "Section"
                else "leave it out"
            ),
        )


def _check_name(
    plan: Plan, step: Step, names: Sequence[str], what: str
) -> None:
    """Raise BuildError where a name is not among those that there are."""
    if step.name not in names:
        near = get_close_matches(step.name, names, n=3, cutoff=0.4) or names
        raise wrong(
            plan,
            step.line,
            f"there is no {what} called {step.name!r}",
            f"name one, such as {', '.join(map(repr, near))}",
        )


def page_of(plan: Plan, there: Known) -> str:
    """Write the page of a plan, in MyST.

    Parameters
    ----------
    plan
        Checked.
    there
        What it names.
    """
    rows, home = {}, {}
    for lesson in plan.lessons:
        home[lesson.line] = sum(step.minutes for step in lesson.home)
        for start, step in started(lesson.steps):
            when = f"{start} to {start + step.minutes}"
            rows[step.line] = row_of(when, step, there)
        for step in lesson.home:
            rows[step.line] = row_of(str(step.minutes), step, there)
    lines, here = [], 0
    for number, line in enumerate(plan.text.splitlines(), start=1):
        here = number if number in home else here
        if number in rows:
            lines.append(rows[number])
        elif line.strip() == HOME:
            lines.append(f"{HOME} ({home[here]} minutes)")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def started(steps: Sequence[Step]) -> Iterator[tuple[int, Step]]:
    """Go through steps, each with the minute in which it starts."""
    minute = 0
    for step in steps:
        yield minute, step
        minute += step.minutes


def row_of(when: str, step: Step, there: Known) -> str:
    """Write a row of a table: when or how long, what, and how."""
    return f"| {when} | {what_of(step, there)} | {step.how} |"


def what_of(step: Step, there: Known) -> str:
    """Say in MyST what a step is, with a link to it."""
    if step.kind in ("Section", "Skim"):
        part = there.sections[step.chapter, step.name]
        skimmed = "Skim chapter" if step.kind == "Skim" else "Chapter"
        return f"{skimmed} {step.chapter}: {part.link}"
    if step.kind == "Exercise":
        return there.exercises[step.name].link
    if step.kind == "Page":
        return f"[{there.pages[step.name]}]({UP}{step.name}.md)"
    if step.kind == "Project":
        page = f"{UP}{PROJECT.as_posix()}#{slugify(step.name)}"
        return f"Project: [{step.name}]({page})"
    if step.kind == "Quiz":
        folder, name = (
            Path("classroom", "quizzes"),
            there.chapters[step.chapter],
        )
        words = f"Quiz on chapter {step.chapter}"
        if (BOOK / folder / f"{name}.yml").exists():
            page = folder / f"{PAGE.format(name)}.md"
            return f"[{words}]({UP}{page.as_posix()})"
        return words
    return step.name or step.kind


def write_pages(folder: Path, there: Known) -> None:
    """Write the pages of all plans into a copy of book/.

    Parameters
    ----------
    folder
        That copy.
    there
        What they name.
    """
    write_all(
        {
            folder / PLANS / f"{plan.name}.md": page_of(plan, there)
            for plan in read_plans(there)
        }
    )
