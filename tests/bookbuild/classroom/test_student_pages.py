"""The book's pages for students have all but what solves an exercise."""

import json

import pytest

from bookbuild.classroom.student_pages import leaks_in_pages, student_pages
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
