"""What the list of all pages says of each."""

from docutils import nodes
from nbformat import v4

from bookbuild import chapters, notebooks
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
