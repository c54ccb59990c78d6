"""Texts brought up to date: numbers, references and minutes."""

import pytest
from nbformat import v4

from bookbuild import BuildError, current, notebooks, places

VALUES = {"01_a": {"rmse": 0.90334}, "02_b": {"rmse": 0.914, "n": 1682}}


def md(source, name=""):
    cell = v4.new_markdown_cell(source)
    cell.id = name or cell.id
    return cell


def notebook(*sources):
    return v4.new_notebook(cells=[md(source) for source in sources])


@pytest.fixture
def book():
    return {
        "01_a": notebook(
            "# A\n\n0<!--rmse:.4f-->, 9<!--minutes:core--> minutes"
        ),
        "02_b": notebook("# B\n\n0<!--rmse:.3f--> 0<!--01_a/rmse:.2f-->"),
    }


def sources(made):
    return {name: each.cells[0].source for name, each in made.items()}


def test_a_notebook_quotes_its_own_numbers_and_those_of_others(book):
    assert sources(current.current(book, VALUES)) == {
        "01_a": "# A\n\n0.9033<!--rmse:.4f-->, 9<!--minutes:core--> minutes",
        "02_b": "# B\n\n0.914<!--rmse:.3f--> 0.90<!--01_a/rmse:.2f-->",
    }


def test_minutes_are_counted_where_a_run_is_given(book):
    ran = notebook("# A\n\n" + "word " * 398)  # 400 words
    made = sources(current.current(book, VALUES, {"01_a": ran}))
    assert made["01_a"].endswith("2<!--minutes:core--> minutes")


def test_pages_get_the_numbers_without_the_marks(book):
    made = sources(current.current(book, VALUES, keep=False))
    assert made["02_b"] == "# B\n\n0.914 0.90"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0<!--lost:.2f-->", r"01_a\.ipynb: the text quotes 'lost'"),
        ("0<!--03_c/rmse:.2f-->", r"01_a\.ipynb: .* names 03_c"),
        ("a {term}`rating`", r"01_a\.ipynb: .*only the built pages"),
        ("9<!--minutes:lost-->", r"01_a\.ipynb: .*minutes of 'lost'"),
    ],
)
def test_what_is_not_there_is_named_with_its_notebook(text, told):
    book = {"01_a": notebook(text)}
    with pytest.raises(BuildError, match=told):
        current.current(book, VALUES, book)


def test_numbers_of_pages_and_notebooks_are_written_together(
    book, tmp_path, monkeypatch
):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "faq.md"
    page.write_text("Of 1<!--02_b/n:,--> films.\n", encoding="utf-8")
    made = current.texts(book, VALUES)
    assert made[page] == "Of 1,682<!--02_b/n:,--> films.\n"
    path = tmp_path / "notebooks" / "02_b.ipynb"
    assert "0.914<!--rmse:.3f-->" in made[path]
    again = {"02_b": notebooks.nbformat.reads(made[path], 4)}
    assert current.texts(again, VALUES)[path] == made[path]


def test_a_page_that_names_no_notebook_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    (tmp_path / "book").mkdir()
    page = tmp_path / "book" / "faq.md"
    page.write_text("0<!--rmse:.2f-->", encoding="utf-8")
    with pytest.raises(BuildError, match=r"book/faq\.md: .*no notebook"):
        current.current_pages(VALUES)
