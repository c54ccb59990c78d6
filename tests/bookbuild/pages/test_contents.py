"""What the list of all pages says of each."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from nbformat import v4

from bookbuild import chapters, notebooks, places
from bookbuild.pages import contents
from bookbuild.pages.contents import in_words


def test_one_minute_is_not_a_plural():
    assert (in_words(1), in_words(2)) == ("1 minute", "2 minutes")


def page():
    document = nodes.document(None, None)
    document += nodes.title("", "Four words of title")
    document += nodes.paragraph("", "and three more")
    document += nodes.literal_block("", "x = 1\n\ny = 2\n")
    document += nodes.literal_block(
        "", "printed\nlines\n", classes=["output", "text_plain"]
    )
    document += nodes.raw("", "<b>not prose</b>", format="html")
    return document


def test_words_are_those_of_the_prose():
    assert contents.n_words(page()) == 7


def test_lines_are_those_of_code_and_not_of_output():
    assert contents.n_code_lines(page()) == 2


def test_the_question_of_a_chapter_is_the_one_of_its_record(tmp_path):
    record = {
        "title": "First",
        "question": "Is it so?",
        "about": "About it.",
        "printed": None,
        "headline": None,
        "values": [],
    }
    shown = v4.new_output("display_data", {chapters.RECORD: record})
    path = tmp_path / "01_first.ipynb"
    cell = v4.new_code_cell("record", outputs=[shown])
    notebooks.write(v4.new_notebook(cells=[cell]), path)
    assert contents.question_of(path) == "Is it so?"
    assert contents.question_of(tmp_path / "faq.md") == ""


@pytest.fixture
def executed(tmp_path, monkeypatch):
    """Write a notebook as it was run; return Sphinx's view of its page."""
    monkeypatch.setattr(places, "EXECUTED", tmp_path)

    def write(*sources):
        cells = [v4.new_markdown_cell(source) for source in sources]
        notebook = v4.new_notebook(cells=cells)
        notebooks.write(notebook, tmp_path / "01_first.ipynb")
        return SimpleNamespace(doc2path=lambda page: f"/stage/{page}.ipynb")

    return write


def words(number):
    return " ".join(["word"] * number)


def test_a_notebook_is_told_with_core_exercises_and_what_goes_deeper(executed):
    sources = (
        f"# T\n\n{words(398)}",  # 400 with the heading: two minutes
        f"## Exercises\n\n{words(198)}",
        f"## Deeper: why\n\n{words(597)}",
        f"## Deeper: more\n\n{words(197)}",
        f"## Solutions\n\n{words(900)}",
    )
    told = contents.minutes_of(executed(*sources), "01_first")
    assert told == "core 2 minutes, exercises 1, deeper 4"
    told = contents.minutes_of(executed(*sources[:2]), "01_first")
    assert told == "core 2 minutes, exercises 1"
    told = contents.minutes_of(executed(sources[0]), "01_first")
    assert told == "core 2 minutes"


def test_each_deeper_section_is_told_with_its_minutes(executed, tmp_path):
    executed("# T", "## Core", "## Deeper: why", f"## Deeper: b\n{words(598)}")
    assert contents.minutes_of_sections(tmp_path / "01_first.ipynb") == {
        "Deeper: why": "1 minute",
        "Deeper: b": "4 minutes",  # 601 words
    }
    assert contents.minutes_of_sections(tmp_path / "faq.md") == {}


def test_a_page_is_told_with_the_minutes_of_its_words_and_code():
    env = SimpleNamespace(
        doc2path=lambda page: f"{page}.md", get_doctree=lambda _: page()
    )
    assert contents.minutes_of(env, "faq") == "1 minute"
