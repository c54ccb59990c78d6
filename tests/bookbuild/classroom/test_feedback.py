"""Pages of feedback say what came, whoever wrote it, and run nothing."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from bookbuild import places
from bookbuild.classroom import feedback, grading
from bookbuild.classroom.verdicts import Graded, Mark

EXERCISES = grading.chapter_of(
    places.ROOT / "notebooks" / "00_pytorch_in_twenty_minutes.ipynb"
).exercises
LABELS = [each.label for each in EXERCISES]
EVIL = "</pre><script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
GRADED = [
    Graded(
        EVIL,
        EVIL,
        "00_pytorch_in_twenty_minutes",
        marks=[
            Mark(
                LABELS[0],
                "not yet",
                said=f"Not yet: for 3.5 the {EVIL} came.",
                notes=[EVIL],
                answer=EVIL + "\n" + "x" * 500,
                unusual=["sys"],
            ),
            Mark(LABELS[1], "error", "time", "it did not end."),
            Mark(LABELS[2], "missing", said="the cell is gone"),
        ],
    ),
    Graded("ann", "", note=f"no notebook: {EVIL}"),
    Graded(
        "ben",
        "lab.ipynb",
        marks=[
            Mark(LABELS[0], "not yet", said="Not yet: for 7.25 the x came."),
            Mark(LABELS[1], "pass", said="Pass."),
        ],
    ),
    Graded("Ben", "lab.ipynb", marks=[Mark(LABELS[1], "pass")]),
]
HOLDS = {"time": True, "network": False}


@pytest.fixture(scope="module")
def pages():
    return feedback.pages_of(GRADED, EXERCISES, HOLDS)


def test_each_student_has_a_page_whose_name_is_safe(pages):
    names = [name for name in pages if name != "index.html"]
    assert len({name.lower() for name in names}) == 4
    for name in names:
        assert re.fullmatch(r"students/[\w.-]+\.html", name)
        assert f'href="{name}"' in pages["index.html"]


def test_what_a_student_wrote_is_text_and_no_page(pages):
    for page in pages.values():
        assert "<script" not in page
        assert "<img" not in page
    (page,) = (p for name, p in pages.items() if "script" in name)
    assert page.count("&lt;script&gt;") >= 5


def test_no_page_asks_for_anything(pages):
    for text in pages.values():
        page = BeautifulSoup(text, "html.parser")
        assert not page.find_all(["script", "img", "link", "iframe", "form"])
        assert not page.find_all(src=True)
        assert "url(" not in page.style.string
        for link in page.find_all(href=True):
            assert re.fullmatch(r"[\w./-]+", link["href"])
            assert not link["href"].startswith("/")


def test_a_student_is_told_nothing_of_others_and_nothing_of_limits(pages):
    page = pages["students/ann.html"]
    assert "ben" not in page
    assert "sys" not in pages["students/ben.html"].partition("<main>")[2]


def test_code_in_what_was_said_is_code_and_not_backticks():
    said = "Not yet: a plain bias is not: `nn.Parameter` & `<b>` put it there."
    code = "not: <code>nn.Parameter</code> &amp; <code>&lt;b&gt;</code> put"
    note = "Another cell makes `your_error` too."
    mark = Mark(LABELS[0], "not yet", said=said, notes=[note])
    made = feedback.pages_of([Graded("ann", "x", marks=[mark])], EXERCISES, {})
    assert len(made) == 2
    for page in made.values():
        assert code in page
    assert "<code>your_error</code>" in made["students/ann.html"]


def test_where_no_answer_is_unusual_there_is_nothing_to_look_at(pages):
    assert "uses sys" in pages["index.html"]
    mark = Mark(LABELS[0], "pass")
    made = feedback.pages_of([Graded("ann", "x", marks=[mark])], EXERCISES, {})
    assert "Nothing: no answer uses" in made["index.html"]
    assert "forge a pass" not in made["index.html"]


def test_the_teacher_sees_the_same_mistake_counted_once(pages):
    index = pages["index.html"]
    assert f"{EXERCISES[0].number} " in index
    assert ": 2 of 2</h3>" in index
    assert ": 1 of 3</h3>" in index
    assert "network: NOT limited here" in index


def test_a_mistake_that_differs_in_its_numbers_is_one():
    said = "Not yet: for 3 stars 4.5 is wanted; {} came."
    graded = [
        Graded(
            f"s{n}",
            "x.ipynb",
            marks=[Mark(LABELS[0], "not yet", said=said.format(n / 2))],
        )
        for n in range(5)
    ]
    index = feedback.pages_of(graded, EXERCISES, {})["index.html"]
    assert "<li>5 times: Not yet: for 3 stars" in index


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_telephone(
    browser, pages, tmp_path, scheme
):
    (tmp_path / "students").mkdir()
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, color_scheme=scheme
    )
    context.set_default_timeout(120_000)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for name in pages:
        page.goto((tmp_path / name).as_uri())
        page.locator("details").evaluate_all(
            "all => all.forEach(each => each.open = true)"
        )
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found] == [], (name, found)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, name
    assert all(url.startswith("file:") for url in asked)
    assert len(asked) == len(pages)
    context.close()
