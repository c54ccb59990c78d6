"""The built pages, read as text: links, numbers, pictures, exercises."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import Comment

from bookbuild import chapters, notebooks, places
from bookbuild.marks import marks_in
from bookbuild.results import benchmark, ladder
from bookbuild.results.page import HEADLINES, with_headline
from recslib import ladders

BOOK = places.ROOT / "book"
CHAPTERS = [path.stem for path in chapters.paths()]
UNRENDERED = re.compile(r"\{[a-z:]+\}`|\{(?:glue|ref)|KeyError|```|:::")
HASH = re.compile(r"[0-9a-f]{16,}")


def test_every_link_inside_the_book_has_a_target(pages, html_folder):
    ids = {
        path: {tag["id"] for tag in page.find_all(id=True)}
        for path, page in pages.items()
    }
    dead = []
    for path, page in pages.items():
        for tag in page.find_all(["a", "link", "script", "img"]):
            link = tag.get("href") or tag.get("src") or ""
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = html_folder / path
            if parts.path:
                target = target.parent / unquote(parts.path)
            target = target.resolve()
            anchor = unquote(parts.fragment)
            known = ids.get(
                target.relative_to(html_folder.resolve())
                if target.is_relative_to(html_folder.resolve())
                else None
            )
            if not target.is_file() or (
                anchor and known is not None and anchor not in known
            ):
                dead.append(f"{path}: {link}")
    assert not dead, "\n".join(dead)


def test_no_markup_is_left_in_the_text(pages):
    left = []
    for path, page in pages.items():
        for text in page.find_all(string=UNRENDERED):
            if not text.find_parents(["pre", "code", "script", "style"]):
                left.append(f"{path}: {text.strip()}")
    assert not left, "\n".join(left)


def test_every_picture_says_what_it_shows(pages):
    silent = []
    for path, page in pages.items():
        article = page.find("article")
        for image in article.find_all("img") if article else ():
            words = image.get("alt", "")
            if len(words.split()) < 3 or HASH.search(words):
                silent.append(f"{path}: {image['src']}: {words!r}")
    assert not silent, "\n".join(silent)


def test_no_page_uses_an_id_twice(pages):
    double = [
        f"{path}: {name}"
        for path, page in pages.items()
        for name, count in Counter(
            tag["id"] for tag in page.find_all(id=True)
        ).items()
        if count > 1
    ]
    assert not double, "\n".join(double)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_headline_arrives_on_the_results_page(results_page, chapter):
    says = chapters.chapter_of(places.EXECUTED / f"{chapter}.ipynb")
    if says.headline is None:
        pytest.skip("a notebook that predicts no stars has no headline")
    table = cells_of(results_page.select_one("#table-results"))
    column = table[0].index(says.numbered_title)
    shown = [row[column].strip("± ") for row in table[1:]]
    names = [name for _, name, _ in HEADLINES]
    numbers = [says.headline_value(name) for name in names]
    assert [float(text) for text in shown] == [
        pytest.approx(number, abs=5e-5) for number in numbers
    ]


def test_every_chapter_stands_wherever_chapters_are_listed(pages):
    contents, index, results = (
        pages[Path(f"book/{name}.html")].article
        for name in ("contents", "index", "results")
    )
    for says in chapters.executed():
        address = f"../notebooks/{says.name}.html"
        for listing in (contents, index):
            assert listing.select(f"a[href='{address}']"), says.name
        assert says.question in contents.get_text(" ")
        assert says.about in " ".join(index.get_text(" ").split())
        if says.headline is not None:
            for table in ("results", "printed"):
                text = results.select_one(f"#table-{table}").get_text(" ")
                assert says.numbered_title in text
        for row in says.lists:
            text = results.select_one("#table-lists").get_text(" ")
            assert f"{says.number} {row['label']}" in text
        for fit in says.seconds:
            text = results.select_one("#table-seconds").get_text(" ")
            assert fit["label"] in text


def test_what_was_not_printed_in_2018_is_a_dash(results_page):
    rows = cells_of(results_page.select_one("#table-printed"))[1:]
    for says, row in zip(
        with_headline(chapters.executed()), rows, strict=True
    ):
        printed = says.printed
        shown = chapters.DASH if printed is None else f"{printed:.2f}"
        assert row[1] == shown


@pytest.mark.parametrize("name", ["results", "faq", "pytorch-since-2018"])
def test_every_quoted_number_arrives_on_the_page(pages, name):
    source = (BOOK / f"{name}.md").read_text(encoding="utf-8")
    page = next(
        page
        for path, page in pages.items()
        if path.as_posix() == f"book/{name}.html"
    )
    values = {each.name: each.values for each in chapters.executed()}
    text = page.article.get_text()
    marks = list(marks_in(source))
    assert marks
    for mark in marks:
        number = format(values[mark.source][mark.key], mark.form)
        assert number in text, mark


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_quotes_the_numbers_of_its_own_run(pages, chapter):
    page = next(page for path, page in pages.items() if path.stem == chapter)
    says = chapters.ran(places.ROOT / "notebooks" / f"{chapter}.ipynb")
    text = page.article.get_text()
    for cell in says.notebook.cells:
        if cell.cell_type == "markdown":
            for mark in marks_in(cell.source):
                if mark.key in says.values:
                    number = format(says.values[mark.key], mark.form)
                    assert number in text, mark


def test_no_comment_of_a_source_is_left_on_a_page(pages):
    for path, page in pages.items():
        left = page.find_all(string=lambda text: isinstance(text, Comment))
        assert not [c for c in left if ":" in c and " " not in c], path


def test_every_answer_is_short_and_leads_to_a_place_in_the_book(pages):
    page = next(page for path, page in pages.items() if path.stem == "faq")
    answers = page.select("section:has(> h3)")
    assert len(answers) >= 20
    for answer in answers:
        question = answer.find("h3").get_text()
        text = " ".join(part.get_text() for part in answer.find_all("p"))
        sentences = re.findall(r"[.?!:](?=\s|$)", text)
        assert 1 <= len(sentences) <= 8, question
        assert answer.select("p a.internal"), question


@pytest.fixture(scope="session")
def results_page(pages):
    return next(p for path, p in pages.items() if path.stem == "results")


def cells_of(table):
    return [
        [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
        for row in table.find_all("tr")
    ]


@pytest.mark.parametrize("name", ["ladder", "lists-ladder", "peers"])
def test_every_ladder_is_a_drawing_with_words_for_those_who_do_not_see(
    results_page, html_folder, name
):
    if name == "lists-ladder" and not own_rungs(ladders.NDCG):
        pytest.skip("no chapter makes lists")
    image = results_page.select_one(f"#fig-{name} img")
    assert len(image["alt"].split()) > 30
    assert not re.search(r"\d\.\d", image["alt"])
    picture = html_folder / "book" / image["src"]
    assert picture.suffix == ".svg"
    assert "<svg" in picture.read_text(encoding="utf-8")


def own_rungs(measure):
    return ladder.own_panels(chapters.executed(), measure)


def test_every_rung_of_the_ladders_stands_in_a_table_too(results_page):
    rows = [
        row
        for table in results_page.select("details table")
        for row in cells_of(table)
    ]
    errors = own_rungs(ladders.RMSE)
    assert errors
    for each in (*errors, *own_rungs(ladders.NDCG)):
        shown = [row for row in rows if row[0] == each.rung.label]
        assert [f"{each.value:.4f}", each.rung.key] in [
            [row[1], row[3]] for row in shown if len(row) > 3
        ], each.rung


def test_every_row_of_the_benchmark_stands_on_the_page(results_page):
    shown = {
        tuple(row)
        for table in results_page.select("table.results")
        for row in cells_of(table)
    }
    of_folds = {(row[0], row[2], row[5]) for row in shown if len(row) > 5}
    for row in benchmark.measured_folds().itertuples():
        assert (row.model, row.settings, f"{row.rmse:.4f}") in of_folds
    errors = [row[4] for row in shown if len(row) > 4]
    for row in benchmark.read("sequences.json"):
        mean = sum(row["fold_rmse"]) / len(row["fold_rmse"])
        assert f"{mean:.4f}" in errors


def test_every_table_of_ours_says_how_to_get_it_again(results_page):
    again = [
        each
        for each in results_page.find_all("details")
        if "Get these numbers again" in each.summary.get_text()
    ]
    ours = results_page.select("table.results.numbers")
    assert len(again) == len(ours) > 2
    known = {key for values in chapters.results().values() for key in values}
    for table, details in zip(ours, again, strict=True):
        words = {row[0] for row in cells_of(table)}
        for row in cells_of(details.table)[1:]:
            assert row[0] in words
        named = {code.get_text() for code in details.select("td code")}
        assert named and named <= known
        assert details.select("td a[href]")


def test_a_row_that_is_called_the_best_is_the_best_of_its_table(results_page):
    called = 0
    for table in results_page.select("table.results"):
        caption = table.caption.get_text() if table.caption else ""
        head, *rows = cells_of(table)
        best = [row for row in rows if "(best)" in row[0]]
        called += len(best)
        for row in best:
            for place, title in enumerate(head):
                if title in {"From", "To"} or not row[place][:1].isdigit():
                    continue
                column = [each[place] for each in rows]
                better = max if "nDCG" in f"{caption} {title}" else min
                numbers = [x for x in column if x and x[0].isdigit()]
                assert row[place] == better(numbers, key=float), (row, title)
    assert called >= 3


def test_the_run_and_its_versions_are_on_the_page(results_page):
    run = results_page.select_one("#table-run").get_text(" ")
    for path in chapters.paths():
        notebook = notebooks.read(places.EXECUTED / path.name)
        assert f"{notebook.metadata['papermill']['duration']:.0f}" in run
        facts = notebook.metadata["machine"]
    machine = results_page.select_one("#table-machine").get_text(" ")
    for version in facts["versions"].values():
        assert version in machine


def test_the_book_weighs_no_more_than_24_mb(html_folder):
    files = [path for path in html_folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 24e6


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_downloaded_chapter_is_there_to_be_run(html_folder, chapter):
    path = html_folder / "_sources" / "notebooks" / f"{chapter}.ipynb"
    cells = [c for c in notebooks.read(path).cells if c.cell_type == "code"]
    assert cells and not any(cell.outputs for cell in cells)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_a_solution_behind_a_dropdown(pages, chapter):
    page = next(page for path, page in pages.items() if path.stem == chapter)
    exercises = page.select("div.exercise")
    solutions = page.select("div.solution.dropdown")
    is_template = chapters.ran(Path(f"{chapter}.ipynb")).template
    assert len(exercises) >= (0 if is_template else 3)
    answered = {
        tag.find("a", href=True)["href"].lstrip("#") for tag in solutions
    }
    assert {tag["id"] for tag in exercises} == answered
