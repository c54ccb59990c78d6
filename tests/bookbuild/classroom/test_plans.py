"""A plan keeps what it promises, or says which line does not."""

import re

import pytest

from bookbuild import BuildError, chapters
from bookbuild.classroom import plans, quizzes
from bookbuild.classroom.plans import Known, Part

THERE = Known(
    {0: "00_start", 1: "01_first"},
    {
        (1, "Meet the data"): Part("[Meet the data](x)", 3, 6),
        (1, "Deeper: Why?"): Part("[Deeper: Why?](y)", 5, 9),
    },
    {"ex-1-constant": Part("{ref}`Exercise 1.1 <ex-1-constant>`", 6, 6)},
    {"rate": "Rate ten films"},
    ["Guess first"],
)
ROWS = {
    10: "| 4 | Talk: What is it for? | Ask. |",
    11: "| 6 | Section 1: Meet the data | |",
    12: "| 6 | Exercise: ex-1-constant | In pairs. |",
    13: "| 2 | Break | |",
    14: "| 5 | Quiz 1 | |",
    15: "| 3 | Skim 1: Deeper: Why? | One figure. |",
    16: "| 2 | Page: rate | |",
    17: "| 2 | Project: Guess first | |",
    23: "| 3 | Section 1: Meet the data | Read. |",
    24: "| 20 | Project: Guess first | |",
}
TABLE = "| Minutes | What | How |\n|---:|---|---|"


def source(promised=30, **changed):
    """Write a plan, some of its rows replaced: ``row_10="| 4 | ..."``."""
    rows = ROWS | {int(name[4:]): row for name, row in changed.items()}
    parts = {True: [], False: []}
    for line, row in rows.items():
        parts[line < 20].append(row)
    return "\n".join(
        [
            *("# A plan", "", "Words | with a bar.", "", "More words.", ""),
            *(f"## Lesson 1: The data ({promised} minutes)", TABLE),
            *parts[True],
            *("", "### At home", "", TABLE),
            *parts[False],
        ]
    )


@pytest.fixture(scope="module")
def known():
    return plans.known(chapters.committed())


def refused(text):
    with pytest.raises(BuildError) as problem:
        plans.check(plans.plan_of("mine", text), THERE)
    return str(problem.value)


def test_the_books_own_plans_can_be_kept(known):
    names = [plan.name for plan in plans.read_plans(known)]
    assert names == ["1x90", "3x90", "six-weeks"]


def test_every_lesson_of_the_books_plans_has_ninety_minutes(known):
    n_lessons = []
    for plan in plans.read_plans(known):
        n_lessons.append(len(plan.lessons))
        for lesson in plan.lessons:
            assert sum(step.minutes for step in lesson.steps) == 90
            assert any(step.kind == "Exercise" for step in lesson.steps) or (
                lesson is plan.lessons[-1]
            )
    assert n_lessons == [1, 3, 6]


def test_exercises_and_quizzes_have_the_share_that_teachers_are_advised(known):
    page = (plans.BOOK / "teachers.md").read_text(encoding="utf-8")
    assert "exercises and the quiz a\nquarter of every lesson" in page
    for plan in plans.read_plans(known):
        for lesson in plan.lessons:
            own = sum(
                step.minutes
                for step in lesson.steps
                if step.kind in ("Exercise", "Quiz")
            )
            of_projects = any(s.kind == "Project" for s in lesson.steps)
            assert of_projects or 4 * own >= lesson.minutes, lesson.title


def test_six_weeks_ask_every_quiz_in_class(known):
    *_, weeks = plans.read_plans(known)
    steps = [step for lesson in weeks.lessons for step in lesson.steps]
    asked = [step.chapter for step in steps if step.kind == "Quiz"]
    assert asked == [int(path.stem[:2]) for path in quizzes.sources()]


def test_every_milestone_of_the_project_is_in_the_six_weeks(known):
    *_, weeks = plans.read_plans(known)
    steps = [s for lesson in weeks.lessons for s in lesson.steps + lesson.home]
    named = dict.fromkeys(s.name for s in steps if s.kind == "Project")
    assert list(named) == known.milestones


def test_sections_and_exercises_have_the_books_minutes_and_the_notes(known):
    part = known.sections[1, "Mend it, one step at a time"]
    assert 0 < part.alone <= part.in_class
    assert part.link.endswith("#mend-it-one-step-at-a-time)")
    assert (1, "Exercises") not in known.sections
    assert (1, "Solutions") not in known.sections
    assert "1.4" in known.exercises["ex-1-clear"].link


def test_a_plan_is_read_row_by_row():
    plan = plans.plan_of("mine", source())
    plans.check(plan, THERE)
    (lesson,) = plan.lessons
    assert (plan.title, lesson.title) == ("A plan", "Lesson 1: The data")
    assert [step.line for step in (*lesson.steps, *lesson.home)] == list(ROWS)
    skim = lesson.steps[5]
    assert (skim.kind, skim.chapter, skim.name, skim.how) == (
        "Skim",
        1,
        "Deeper: Why?",
        "One figure.",
    )


# What is changed, the line that is named, what is said, and a remedy that
# the message offers, applied.
MISTAKES = {
    "no minutes": (
        {"row_10": "| four | Talk: What? | |"},
        "line 10: 'four' is no number of minutes",
        {"row_10": "| 4 | Talk: What? | |"},
    ),
    "nought minutes": (
        {"row_13": "| 0 | Break | |"},
        "line 13: '0' is no number of minutes",
        {"row_13": "| 2 | Break | |"},
    ),
    "two cells": (
        {"row_13": "| 2 | Break |"},
        "line 13: the row has 2 cells",
        {"row_13": "| 2 | Break | |"},
    ),
    "a bar in a cell": (
        {"row_13": "| 2 | Break | a | b |"},
        "line 13: the row has 4 cells",
        {"row_13": "| 2 | Break | a, b |"},
    ),
    "an empty row": (
        {"row_13": "| | | |"},
        "line 13: '' is no number of minutes",
        {"row_13": "| 2 | Break ||"},
    ),
    "a row that starts with a blank": (
        {"row_13": " | 2 | Break | |"},
        "line 13: '| 2 | Break | |' is in a table, and no row of it. To mend "
        "it, start it with `|`",
        {"row_13": "| 2 | Break | |"},
    ),
    "an unknown kind": (
        {"row_10": "| 4 | Lecture: All of it | |"},
        "line 10: 'Lecture: All of it' is no step. To mend it, start it with "
        "one of Section, Skim",
        {"row_10": "| 4 | Talk: All of it | |"},
    ),
    "no chapter": (
        {"row_11": "| 6 | Section: Meet the data | |"},
        "line 11: 'Section: Meet the data' is not how a Section is written. "
        "To mend it, write `Section 1: NAME`",
        {"row_11": "| 6 | Section 1: Meet the data | |"},
    ),
    "a quiz of no chapter": (
        {"row_14": "| 5 | Quiz | |"},
        "write `Quiz 1`",
        {"row_14": "| 5 | Quiz 1 | |"},
    ),
    "a chapter that is not there": (
        {"row_14": "| 5 | Quiz 7 | |"},
        "line 14: there is no chapter 7. To mend it, name one of 0, 1",
        {"row_14": "| 5 | Quiz 0 | |"},
    ),
    "an unknown section": (
        {"row_11": "| 6 | Section 1: Meet the dat | |"},
        "line 11: there is no section of chapter 1 called 'Meet the dat'. To "
        "mend it, name one, such as 'Meet the data'",
        {"row_11": "| 6 | Section 1: Meet the data | |"},
    ),
    "a section of another chapter": (
        {"row_11": "| 6 | Section 0: Meet the data | |"},
        "line 11: there is no section of chapter 0",
        {"row_11": "| 6 | Section 1: Meet the data | |"},
    ),
    "an unknown exercise": (
        {"row_12": "| 6 | Exercise: ex-1-constnat | |"},
        "line 12: there is no exercise called 'ex-1-constnat'. To mend it, "
        "name one, such as 'ex-1-constant'",
        {"row_12": "| 6 | Exercise: ex-1-constant | |"},
    ),
    "an unknown page": (
        {"row_16": "| 2 | Page: films | |"},
        "line 16: there is no page in book/ called 'films'",
        {"row_16": "| 2 | Page: rate | |"},
    ),
    "an unknown milestone": (
        {"row_17": "| 2 | Project: Guess | |"},
        "line 17: there is no milestone of the project called 'Guess'",
        {"row_17": "| 2 | Project: Guess first | |"},
    ),
    "too little for a section": (
        {"row_11": "| 5 | Section 1: Meet the data | |"},
        "line 11: 'Meet the data' takes 6 minutes in class, and has 5. To "
        "mend it, give it 6, or write `Skim 1: Meet the data`",
        {"row_11": "| 5 | Skim 1: Meet the data | |", "promised": 29},
    ),
    "too little for an exercise": (
        {"row_12": "| 2 | Exercise: ex-1-constant | |"},
        "line 12: 'ex-1-constant' takes 6 minutes in class, and has 2. To "
        "mend it, give it 6, or leave it out",
        {"row_12": "| 6 | Exercise: ex-1-constant | |"},
    ),
    "too little at home": (
        {"row_23": "| 2 | Section 1: Meet the data | |"},
        "line 23: 'Meet the data' takes 3 minutes alone",
        {"row_23": "| 3 | Section 1: Meet the data | |"},
    ),
    "a skim that is none": (
        {"row_15": "| 9 | Skim 1: Deeper: Why? | |"},
        "line 15: 9 minutes are enough for all of 'Deeper: Why?', which "
        "takes 9 in class. To mend it, write `Section 1: Deeper: Why?`",
        {"row_15": "| 9 | Section 1: Deeper: Why? | |", "promised": 36},
    ),
    "fewer minutes than promised": (
        {"row_10": "| 1 | Talk: What is it for? | |"},
        "line 7: 'Lesson 1: The data' promises 30 minutes, and its rows add "
        "up to 27. To mend it, give its rows 3 more, or promise 27",
        {"row_10": "| 1 | Talk: What is it for? | |", "promised": 27},
    ),
    "more minutes than promised": (
        {"row_13": "| 12 | Break | |"},
        "give its rows 10 fewer, or promise 40",
        {"row_13": "| 12 | Break | |", "promised": 40},
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_the_remedy_works(name):
    changes, said, mended = MISTAKES[name]
    told = refused(source(**changes))
    assert told.startswith("book/classroom/plans/mine.md, line ")
    assert said in told
    plans.check(plans.plan_of("mine", source(**mended)), THERE)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (" (30 minutes)", "", "line 7: '## Lesson 1: The data' does not say"),
        ("### At home", "### Later", "'### Later' is no part of a lesson"),
        ("# A plan", "A plan", "has no title"),
        ("## Lesson 1: The data (30 minutes)", "", "has no lesson"),
    ],
)
def test_a_plan_of_another_form_is_refused(old, new, said):
    assert said in refused(source().replace(old, new, 1))


def test_a_lesson_without_rows_does_not_add_up():
    assert "add up to 0" in refused("# A plan\n\n## One (90 minutes)\n")


def test_the_page_says_from_when_to_when_and_links():
    plan = plans.plan_of("mine", source())
    page = plans.page_of(plan, THERE).splitlines()
    assert page[9:17] == [
        "| 0 to 4 | What is it for? | Ask. |",
        "| 4 to 10 | Chapter 1: [Meet the data](x) |  |",
        "| 10 to 16 | {ref}`Exercise 1.1 <ex-1-constant>` | In pairs. |",
        "| 16 to 18 | Break |  |",
        "| 18 to 23 | Quiz on chapter 1 |  |",
        "| 23 to 26 | Skim chapter 1: [Deeper: Why?](y) | One figure. |",
        "| 26 to 28 | [Rate ten films](../../rate.md) |  |",
        "| 28 to 30 | Project: [Guess first](../../classroom/project.md"
        "#guess-first) |  |",
    ]
    assert page[18] == "### At home (23 minutes)"
    assert page[22] == "| 3 | Chapter 1: [Meet the data](x) | Read. |"
    assert page[:9] == source().splitlines()[:9]


def test_a_quiz_that_the_book_has_is_a_link(tmp_path, monkeypatch):
    monkeypatch.setattr(plans, "BOOK", tmp_path)
    quizzes = tmp_path / "classroom" / "quizzes"
    quizzes.mkdir(parents=True)
    (quizzes / "01_first.yml").write_text("[]")
    step = plans.plan_of("mine", source()).lessons[0].steps[4]
    assert plans.what_of(step, THERE) == (
        "[Quiz on chapter 1](../../classroom/quizzes/quiz-01_first.md)"
    )


def test_no_page_of_a_plan_is_committed_with_minutes_of_the_press():
    for path in sorted((plans.BOOK / plans.PLANS).glob("*.md")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\| \d+ to \d+", text, re.MULTILINE), path
