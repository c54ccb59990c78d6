"""Figures, equations and exercises have numbers, and the text uses them."""

import re

import pytest

from bookbuild import chapters

CHAPTERS = [path.stem for path in chapters.paths()]
# Where a number can stand, the place on the page is no way to point.
POINTING = re.compile(
    r"\b(?:figure|plot|chart|equation|formula)s? (?:above|below)\b"
    r"|\b(?:next|following|previous|last) (?:figure|plot|chart|equation)\b",
    re.IGNORECASE,
)


@pytest.fixture(params=CHAPTERS)
def chapter(request, pages):
    """The number of a chapter and its built page."""
    (page,) = [page for p, page in pages.items() if p.stem == request.param]
    return int(request.param[:2]), page


@pytest.fixture(scope="session")
def referred(pages):
    """The names of everything that a paragraph or list refers to."""
    return {
        link["href"].partition("#")[2]
        for page in pages.values()
        for link in page.select("article a.internal[href*='#']")
        if link.find_parent("figcaption") is None
        and "headerlink" not in link.get("class", [])
    }


def numbers(tags):
    """What is left of each tag's text: a number such as 1.2."""
    return [re.search(r"[\d.]*\d", tag.get_text()).group() for tag in tags]


def test_figures_are_numbered_within_their_chapter(chapter):
    n, page = chapter
    figures = page.select("article figure")
    captions = [figure.select_one(".caption-number") for figure in figures]
    assert numbers(captions) == [
        f"{n}.{k}" for k in range(1, len(figures) + 1)
    ]


def test_every_figure_has_a_caption_and_a_text_for_who_cannot_see_it(
    chapter,
):
    for figure in chapter[1].select("article figure"):
        caption = figure.select_one(".caption-text").get_text()
        assert len(caption.split()) >= 8, caption
        texts = [image["alt"] for image in figure.select("img")]
        assert texts, caption
        for text in texts:
            assert len(text.split()) >= 8, text
            assert text not in caption


def test_the_text_refers_to_every_figure_by_its_number(chapter, referred):
    figures = [figure["id"] for figure in chapter[1].select("article figure")]
    assert figures
    assert [name for name in figures if name not in referred] == []


def test_equations_are_numbered_and_the_text_refers_to_each(chapter, referred):
    n, page = chapter
    # A step on the way to an equation has no number, and nothing refers to it.
    displayed = page.select("article div.math[id]")
    assert displayed or page.find(id="exercises") is None
    labels = [equation.select_one(".eqno") for equation in displayed]
    assert numbers(labels) == [f"{n}.{k}" for k in range(1, len(labels) + 1)]
    names = [equation["id"] for equation in displayed]
    assert [name for name in names if name not in referred] == []


def test_exercises_are_numbered_within_their_chapter(chapter):
    n, page = chapter
    exercises = page.select("article div.exercise")
    titles = [each.select_one("p.admonition-title") for each in exercises]
    assert numbers(titles) == [f"{n}.{k}" for k in range(1, len(titles) + 1)]
    for title in titles:
        assert title.get_text().startswith("Exercise "), title


def test_a_chapter_leads_to_each_of_its_exercises(chapter):
    page = chapter[1]
    for exercise in page.select("article div.exercise"):
        links = [
            link
            for link in page.select(f"article a[href='#{exercise['id']}']")
            if link.find_parent("div", class_="solution") is None
            and "headerlink" not in link.get("class", [])
        ]
        assert links, exercise["id"]


def test_every_table_with_a_caption_has_a_number(pages):
    for path, page in pages.items():
        for caption in page.select("article table > caption"):
            assert caption.select_one(".caption-number"), path


def test_no_text_points_at_a_place_where_a_number_could_stand(pages):
    found = [
        f"{path}: {part.get_text()[:80]}"
        for path, page in pages.items()
        for part in page.select("article p, article li, article figcaption")
        if POINTING.search(part.get_text())
    ]
    assert found == []
