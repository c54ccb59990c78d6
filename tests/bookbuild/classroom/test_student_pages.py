"""Pages and slides for students have all but what solves an exercise."""

import json
from dataclasses import replace

import pytest

from bookbuild import BuildError, chapters, current, places
from bookbuild.classroom import make, slides
from bookbuild.classroom.student_pages import (
    leaks_in_pages,
    student_pages,
    student_slides,
)
from bookbuild.notebooks import read

CHAPTER = "00_pytorch_in_twenty_minutes"
PAGE = """\
<html><body><p>A chapter.</p>
<ul><li><a href="#ex-0-column">Exercise 0.1</a></li>
<li><a href="#ex-0-column-solution">Solution to Exercise 0.1</a></li></ul>
<div class="exercise admonition" id="ex-0-column"><p>Ask</p></div>
<div class="solution dropdown admonition" id="ex-0-column-solution">
<pre>SOLUTION</pre><img src="../_images/solved.png"/></div>
<img src="../_images/shown.png"/>
<a href="../_modules/recslib/checks.html">[source]</a></body></html>
"""


@pytest.fixture
def html(tmp_path, book):
    """Write a page of a chapter as the book has it, in small."""
    worked = next(
        cell for cell in book[CHAPTER].cells if cell.id.endswith("-worked")
    )
    index = {
        "alltitles": {"Solution to Exercise 0.1": [], "Exercise 0.1": []},
        "terms": {"error": [0], "column_error_solut": [0]},
        "titleterms": {"solut": [0]},
    }
    told = json.dumps(index)
    files = {
        f"notebooks/{CHAPTER}.html": PAGE.replace("SOLUTION", worked.source),
        "_images/solved.png": "",
        "_images/shown.png": "",
        "_modules/recslib/checks.html": worked.source,
        f"_sources/notebooks/{CHAPTER}.py": worked.source,
        "searchindex.js": f"Search.setIndex({told})",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_page_has_its_exercise_and_no_solution(html, book, secrets):
    chapter = {CHAPTER: book[CHAPTER]}
    pages = student_pages(html, chapter, secrets)
    page = pages[f"notebooks/{CHAPTER}.html"].decode()
    assert 'id="ex-0-column"' in page and "shown.png" in page
    assert "olution" not in page and "_modules" not in page
    assert "_images/shown.png" in pages
    assert "_images/solved.png" not in pages
    assert not any(name.startswith("_modules") for name in pages)
    assert leaks_in_pages(pages, secrets) == []


def test_the_search_names_no_solution(html, book, secrets):
    index = student_pages(html, {}, secrets)["searchindex.js"].decode()
    assert index.startswith("Search.setIndex(") and index.endswith(")")
    found = json.loads(index[len("Search.setIndex(") : -1])
    assert found["alltitles"] == {"Exercise 0.1": []}
    assert "error" in found["terms"]


def test_what_is_downloaded_is_the_student_edition(html, book, secrets):
    chapter = {CHAPTER: book[CHAPTER]}
    pages = student_pages(html, chapter, secrets)
    path = html / "downloaded.ipynb"
    path.write_bytes(pages[f"_sources/notebooks/{CHAPTER}.ipynb"])
    ids = [cell.id for cell in read(path).cells]
    assert "ex-0-column-check" in ids
    assert not any("worked" in label for label in ids)
    script = pages[f"_sources/notebooks/{CHAPTER}.py"].decode()
    assert "ex-0-column" in script or "your_error" in script
    assert "Solution" not in script


def test_what_the_book_shows_below_an_exercise_is_found(html, secrets):
    name = f"notebooks/{CHAPTER}.html"
    as_built = {name: (html / name).read_bytes()}
    assert leaks_in_pages(as_built, secrets)


DECK = """\
<!DOCTYPE html>
<html><body><section><div class="slide"><h1>Ask</h1><pre>SHOWN</pre></div>
<aside class="notes">
<p>Wait.</p><pre>SAID</pre></aside>
</section></body></html>
"""


@pytest.fixture
def deck(tmp_path, monkeypatch, book):
    """Return what writes a deck and reads it for students."""
    monkeypatch.setattr(places, "BUILD", tmp_path)

    def deck(**told):
        page = DECK
        for name, text in told.items():
            page = page.replace(name, text)
        path = tmp_path / "classroom" / "slides" / CHAPTER / "index.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
        path.with_name("slides.css").write_text("h1 {}", encoding="utf-8")
        return make.slides_files(book)

    return deck


@pytest.fixture
def worked(book):
    """Return the code that solves the first exercise."""
    return next(
        cell.source
        for cell in book[CHAPTER].cells
        if cell.id.endswith("-worked")
    )


def test_slides_come_without_what_a_speaker_says(deck, worked):
    made = deck(SHOWN="2 + 2", SAID=worked)
    assert sorted(made) == [f"{CHAPTER}/index.html", f"{CHAPTER}/slides.css"]
    page = made[f"{CHAPTER}/index.html"].decode()
    assert page.startswith("<!DOCTYPE html>") and "<pre>2 + 2</pre>" in page
    assert "aside" not in page and "Wait." not in page
    assert made[f"{CHAPTER}/slides.css"] == b"h1 {}"


def test_a_slide_that_shows_a_solution_is_refused(deck, worked):
    with pytest.raises(BuildError, match=r"slides give .*\n.*index\.html"):
        deck(SHOWN=worked)


def test_no_deck_of_the_book_gives_a_solution_away(tmp_path, secrets):
    book = chapters.committed()
    notebooks = {chapter.name: chapter.notebook for chapter in book}
    values = {chapter.name: chapter.values for chapter in book}
    filled = current.current(notebooks, values, notebooks, keep=False)
    decks = slides.decks_of(book)
    for chapter in book:
        if chapter.name in decks:
            chapter = replace(chapter, notebook=filled[chapter.name])
            folder, deck = tmp_path / chapter.name, decks[chapter.name]
            slides.write_deck(folder, chapter, deck, "A book")
    made = student_slides(tmp_path)
    pages = [name for name in made if name.endswith("index.html")]
    assert [name.partition("/")[0] for name in pages] == sorted(decks)
    assert not any(b"<aside" in made[name] for name in pages)
    assert leaks_in_pages(made, secrets) == []
