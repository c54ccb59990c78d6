"""A teacher finds the page, the plan and the way to the files."""

import re

import pytest
from bs4 import BeautifulSoup

from bookbuild import chapters
from bookbuild.classroom.exercises import exercises_in
from bookbuild.notebooks import read

PLANS = ["1x90", "3x90", "six-weeks"]


@pytest.fixture(scope="module")
def page_of(html_folder):
    """Parses one page of the built book."""

    def parse(name):
        text = (html_folder / name).read_text(encoding="utf-8")
        return BeautifulSoup(text, "html.parser")

    return parse


def links_in(page):
    """Return where the links in the text of a page lead."""
    return [a["href"] for a in page.select("article a[href]")]


def times_in(table):
    """Return start and end of each row of a plan."""
    cells = [row.find("td") for row in table.select("tbody tr")]
    found = [re.fullmatch(r"(\d+) to (\d+)", c.get_text()) for c in cells]
    return [tuple(map(int, match.groups())) for match in found if match]


@pytest.mark.parametrize("name", ["index", "contents", "rate", "faq"])
def test_the_page_is_linked_where_a_teacher_looks(page_of, name):
    links = links_in(page_of(f"book/{name}.html"))
    assert any(re.match(r"teachers\.html(#|$)", link) for link in links)


def test_the_page_leads_to_every_plan_and_to_the_project(page_of):
    links = links_in(page_of("book/teachers.html"))
    for name in PLANS:
        assert f"classroom/plans/{name}.html" in links
    assert "classroom/project.html" in links


@pytest.mark.parametrize("name", PLANS)
def test_a_step_of_a_plan_starts_when_the_last_one_ends(page_of, name):
    page = page_of(f"book/classroom/plans/{name}.html")
    lessons = [t for table in page.select("table") if (t := times_in(table))]
    assert len(lessons) == len(page.select("article h2"))
    for times in lessons:
        starts, ends = zip(*times, strict=True)
        assert (starts[0], ends[-1]) == (0, 90)
        assert starts[1:] == ends[:-1]


def test_the_page_has_every_chapter_with_its_goals(page_of):
    page = page_of("book/teachers.html")
    links = " ".join(links_in(page))
    for path in chapters.paths():
        assert f"notebooks/{path.stem}.html" in links
        if not exercises_in(read(path)):
            continue
        number = str(int(path.stem[:2]))
        boxes = [
            box
            for box in page.select("article details")
            if box.summary.get_text(strip=True).split()[0] == number
        ]
        assert len(boxes) == 2, path.stem
        assert all(len(box.select("tbody tr")) >= 5 for box in boxes)
