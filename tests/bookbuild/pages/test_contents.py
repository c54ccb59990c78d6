"""Minutes of reading and running, and where they come from."""

import json

import pytest
from docutils import nodes
from nbformat import v4
from sphinx.errors import ExtensionError

from bookbuild import chapters, notebooks
from bookbuild.pages import contents
from bookbuild.pages.contents import in_words, reading_minutes, running_minutes


@pytest.mark.parametrize(
    ("words", "lines", "minutes"),
    [
        (0, 0, 1),  # never nothing
        (1_000, 0, 5),
        (1_000, 60, 7),  # 60 lines of 2 seconds are 2 minutes
        (3_700, 0, 18),  # 18.5, halves go to the even neighbour
        (4_000, 0, 20),
        (4_400, 0, 20),  # 22: rounded to fives from 20 on
        (4_600, 0, 25),  # 23
        (4_000, 750, 45),  # 20 + 25
    ],
)
def test_reading_takes_200_words_a_minute_and_2_seconds_a_line(
    words, lines, minutes
):
    assert reading_minutes(words, lines) == minutes


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0.4, 1), (60, 1), (60.1, 2), (150, 3)]
)
def test_minutes_of_a_run_are_rounded_up(seconds, minutes):
    assert running_minutes(seconds) == minutes


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


def test_the_seconds_of_a_run_stand_in_the_notebook(tmp_path):
    path = tmp_path / "a.ipynb"
    metadata = {"papermill": {"duration": 57.4}}
    path.write_text(json.dumps({"metadata": metadata}))
    assert contents.run_seconds(path) == 57.4


def test_a_page_of_prose_does_not_run(tmp_path):
    assert contents.run_seconds(tmp_path / "a.md") is None


def test_a_notebook_that_was_not_timed_is_named_with_the_command(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"metadata": {}}))
    with pytest.raises(ExtensionError) as told:
        contents.run_seconds(path)
    assert "book/build.py execute notebooks/a.ipynb" in str(told.value)


def test_the_question_of_a_chapter_is_the_one_of_its_record(tmp_path):
    record = {
        "title": "First",
        "question": "Is it so?",
        "about": "About it.",
        "printed": None,
        "headline": None,
    }
    shown = v4.new_output("display_data", {chapters.RECORD: record})
    path = tmp_path / "01_first.ipynb"
    cell = v4.new_code_cell("record", outputs=[shown])
    notebooks.write(v4.new_notebook(cells=[cell]), path)
    assert contents.question_of(path) == "Is it so?"
    assert contents.question_of(tmp_path / "faq.md") == ""
