"""The built book, made into pages for students, solves no exercise."""

import pytest

from bookbuild.classroom.exercises import exercises_in
from bookbuild.classroom.leaks import secrets_of
from bookbuild.classroom.make import chapters_to_teach
from bookbuild.classroom.student_pages import leaks_in_pages, student_pages


@pytest.fixture(scope="module")
def made(html_folder):
    book, _ = chapters_to_teach()
    secrets = secrets_of(list(book.values()))
    return book, secrets, student_pages(html_folder, book, secrets)


def test_every_exercise_is_there_and_no_solution(made):
    book, secrets, pages = made
    for name, notebook in book.items():
        page = pages[f"notebooks/{name}.html"].decode()
        for exercise in exercises_in(notebook):
            assert f'id="{exercise.label}"' in page
            assert f"{exercise.label}-solution" not in page
    assert leaks_in_pages(pages, secrets) == []


def test_every_page_and_what_it_shows_is_there(made, html_folder):
    _, _, pages = made
    for path in html_folder.rglob("*.html"):
        name = path.relative_to(html_folder)
        assert name.as_posix() in pages or name.parts[0] == "_modules"
