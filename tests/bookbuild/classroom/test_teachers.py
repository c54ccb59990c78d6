"""The teachers' page gets its minutes, goals and plans from the press."""

import re
import shutil

import pytest

from bookbuild import BuildError, chapters
from bookbuild.classroom import notes, plans, teachers
from bookbuild.classroom.exercises import exercises_in
from bookbuild.minutes import core
from bookbuild.results.page import BUILT, filled


@pytest.fixture(scope="module")
def committed():
    return chapters.committed()


@pytest.fixture(scope="module")
def made(committed):
    makers = teachers.built(committed, plans.known(committed))
    return {name: make() for name, make in makers.items()}


def rows_of(table):
    rows = [re.split(r" ?\| ?", row)[1:-1] for row in table.splitlines()]
    return rows[2:]


def test_every_mark_of_the_page_is_made_and_every_table_is_shown(made):
    page = (plans.BOOK / "teachers.md").read_text(encoding="utf-8")
    assert sorted(BUILT.findall(page)) == sorted(made)
    text = filled(page, {name: lambda: "made" for name in made})
    assert "built:" not in text


def test_a_chapters_minutes_are_those_of_the_book_and_of_the_notes(
    made, committed
):
    rows = rows_of(made["class-chapters"])
    assert len(rows) == len(committed)
    for row, chapter in zip(rows, committed, strict=True):
        noted = notes.notes_on(chapter.name, chapter.notebook)
        minutes = noted.minutes.values()
        assert chapter.name in row[0]
        assert int(row[1]) == core(chapter.notebook).minutes
        if chapter.template:
            continue
        assert int(row[1]) <= int(row[2])
        assert row[3] == f"{sum(minutes)} ({len(minutes)})"


def test_every_exercise_stands_beside_a_goal(made, committed):
    for chapter in committed:
        for exercise in exercises_in(chapter.notebook):
            link = f"<{exercise.label}>`"
            assert made["class-goals"].count(link) == 1, exercise.label


def test_sections_are_linked_from_the_page_itself(made):
    assert (
        "(../notebooks/01_matrix_factorization.ipynb#you)"
        in (made["class-sections"])
    )
    assert "../../" not in made["class-sections"]


def test_plans_say_how_much_time_they_ask_for(made):
    rows = rows_of(made["class-plans"])
    assert [row[1] for row in rows] == [
        "1 lesson of 90 minutes",
        "3 lessons of 90 minutes",
        "6 lessons of 90 minutes",
    ]
    assert [row[3] for row in rows] == ["1", "1, 2, 3", "0, 1, 2, 3, 4"]


def test_lessons_of_several_lengths_are_added_up():
    assert teachers.in_words([90, 45]) == "2 lessons, 135 minutes in all"


def test_pages_of_plans_are_written_beside_their_sources_copies(
    tmp_path, committed
):
    teachers.stage(tmp_path, committed)
    written = sorted(p.name for p in (tmp_path / plans.PLANS).iterdir())
    assert written == ["1x90.md", "3x90.md", "six-weeks.md"]
    for name in written:
        text = (tmp_path / plans.PLANS / name).read_text(encoding="utf-8")
        assert "| 0 to " in text
        assert "Section " not in text


def test_a_project_whose_points_do_not_add_up_stops_the_build(
    tmp_path, monkeypatch, committed
):
    book = tmp_path / "book"
    shutil.copytree(plans.BOOK / "classroom", book / "classroom")
    for path in plans.BOOK.glob("*.md"):
        shutil.copy(path, book)
    project = book / plans.PROJECT
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("(24 points)", "(25 points)"), "utf-8")
    monkeypatch.setattr(plans, "BOOK", book)
    monkeypatch.setattr(teachers, "BOOK", book)
    with pytest.raises(BuildError, match=r"project\.md, line \d+: .* 25"):
        teachers.stage(tmp_path / "stage", committed)
    assert not (tmp_path / "stage").exists()
