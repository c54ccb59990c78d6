"""What leads a reader from page to page, in the built book."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
import yaml
from bs4 import BeautifulSoup

from bookbuild import chapters, minutes, notebooks, places
from bookbuild.plain import DEEPER, EXERCISES

CHAPTERS = [path.stem for path in chapters.paths()]
PAGE = re.compile(r"^\d+ minutes?$")
NOTEBOOK = re.compile(
    r"^core (\d+) minutes(?:, exercises (\d+))?(?:, deeper (\d+))?$"
)


@pytest.fixture(scope="module")
def page_of(html_folder):
    """Parses one page of the built book."""

    def parse(name):
        text = (html_folder / f"{name}.html").read_text(encoding="utf-8")
        return BeautifulSoup(text, "html.parser")

    return parse


def listed_pages():
    toc = yaml.safe_load((places.ROOT / "_toc.yml").read_text("utf-8"))
    for part in toc["parts"]:
        for page in part["chapters"]:
            yield page["file"]
            yield from (below["file"] for below in page.get("sections", ()))


def linked_from(page, selector):
    """Addresses that a page links to, relative to the book's folder."""
    return [
        unquote(tag["href"]).removeprefix("../")
        for tag in page.select(selector)
    ]


def test_the_page_of_contents_lists_every_page_in_order(page_of):
    entries = "ul.contents > li > p:first-child a"
    pages = [name for name in listed_pages() if name != "book/contents"]
    assert linked_from(page_of("book/contents"), entries) == [
        f"{name.removeprefix('book/')}.html" for name in pages
    ]


def test_every_listed_page_has_minutes(page_of):
    for entry in page_of("book/contents").select("ul.contents > li"):
        told = entry.select_one(".minutes").get_text()
        address = entry.select_one("a")["href"]
        form = NOTEBOOK if "notebooks/" in address else PAGE
        assert form.match(told), address


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_and_the_contents_give_the_same_minutes(page_of, chapter):
    notebook = notebooks.read(places.EXECUTED / f"{chapter}.ipynb")
    measured = minutes.lengths(notebook)
    core, exercises = minutes.core(notebook), measured.get(EXERCISES)
    deeper = {k: v for k, v in measured.items() if k.startswith(DEEPER)}
    (entry,) = [
        item
        for item in page_of("book/contents").select("ul.contents > li")
        if item.select_one("a")["href"].endswith(f"/{chapter}.html")
    ]
    told = NOTEBOOK.match(entry.select_one(".minutes").get_text()).groups()
    wanted = [core.minutes, *([exercises.minutes] if exercises else [])]
    wanted += [sum(each.minutes for each in deeper.values())] if deeper else []
    assert [int(number) for number in told if number] == wanted
    page = page_of(f"notebooks/{chapter}").article
    head = " ".join(page.section.get_text().split())
    assert f"about {core.minutes} minutes" in head
    for heading, length in deeper.items():
        (title,) = [
            h2
            for h2 in page.find_all("h2")
            if h2.get_text().rstrip("#").endswith(heading)
        ]
        first = title.find_next("p").get_text()
        assert f"{length.minutes} minute" in first, heading


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_contents_link_every_section_of_a_chapter(page_of, chapter):
    page = page_of(f"notebooks/{chapter}")
    sections = page.select("article > section > section[id]")
    links = linked_from(page_of("book/contents"), ".contents-sections a")
    assert len(sections) > 5
    here = f"notebooks/{chapter}.html#"
    assert [link for link in links if link.startswith(here)] == [
        here + part["id"] for part in sections
    ]


def test_links_to_terms_say_what_the_term_means(page_of):
    page = page_of("notebooks/01_matrix_factorization")
    links = page.select("article a.term")
    assert len(links) > 20
    titles = {link.get_text(): link["title"] for link in links}
    assert titles["baselines"] == (
        "A prediction so simple that every model must beat it."
    )


def test_a_plain_word_of_the_landing_page_leads_to_the_glossary(page_of):
    source = (places.ROOT / "book" / "index.md").read_text(encoding="utf-8")
    assert "{term}`matrix factorization`" not in source
    links = page_of("book/index").select("article a.term")
    assert [
        link["href"]
        for link in links
        if link.get_text() == "matrix factorization"
    ] == ["glossary.html#term-matrix-factorization"]


def test_no_heading_code_or_page_of_the_library_links_a_term(html_folder):
    for path in html_folder.rglob("*.html"):
        page = BeautifulSoup(path.read_bytes(), "html.parser")
        assert not page.select(
            "h1 a.term, h2 a.term, h3 a.term, pre a.term, "
            ".sd-card:not(details) a.term"
        ), path
        if path.parent.name == "api":
            assert not page.select("dl.py a.term"), path


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_code_of_a_chapter_leads_to_the_library(page_of, chapter):
    if chapters.ran(Path("notebooks") / f"{chapter}.ipynb").headline is None:
        pytest.skip("a notebook that predicts no stars uses less of it")
    page = page_of(f"notebooks/{chapter}")
    links = linked_from(page, "article .cell_input a")
    for target in (
        "book/api/movielens.html#recslib.movielens.load",
        "book/api/training.html#recslib.training.fit",
        "book/api/ratings.html#recslib.ratings.Ratings",
        "book/api/evaluation.html#recslib.evaluation.paired_bootstrap",
    ):
        assert target in links


def test_names_are_followed_from_cell_to_cell(page_of):
    page = page_of("notebooks/01_matrix_factorization")
    (link,) = {
        tag["href"]
        for tag in page.select("article .cell_input a")
        if tag.get_text() == "ratings.counts_by_user"
    }
    assert link.endswith("#recslib.ratings.Ratings.counts_by_user")


def test_the_reference_leads_to_the_source_and_back(page_of):
    entry = page_of("book/api/recommend").find(id="recslib.recommend.fold_in")
    (source,) = [
        tag["href"]
        for tag in entry.select("a.reference")
        if "_modules" in tag["href"]
    ]
    assert source == "../../_modules/recslib/recommend.html#fold_in"
    place = page_of("_modules/recslib/recommend").find(id="fold_in")
    assert "def fold_in(" in place.get_text()
    (back,) = [tag["href"] for tag in place.select("a")]
    assert back == "../../book/api/recommend.html#recslib.recommend.fold_in"


def test_the_source_in_the_book_is_the_source(page_of):
    page = page_of("_modules/recslib/recommend")
    for tag in page.select("a.viewcode-back"):
        tag.decompose()
    shown = "".join(page.select_one(".highlight pre").get_text().split())
    source = places.ROOT / "recslib" / "recommend.py"
    assert shown == "".join(source.read_text(encoding="utf-8").split())
