"""Texts brought up to date: numbers, references and minutes."""

import pytest
from nbformat import v4

from bookbuild import BuildError, chapters, current, notebooks, places

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


def deck(folder, name, text):
    path = folder / places.DECKS / f"{name}.md"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_deck_quotes_its_own_chapter_and_others(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    path = deck(tmp_path, "01_a", "## 0<!--rmse:.2f--> of 0<!--02_b/n:,-->\n")
    assert current.current_for_class(VALUES) == {
        path: "## 0.90<!--rmse:.2f--> of 1,682<!--02_b/n:,-->\n"
    }


def test_a_deck_that_quotes_what_nobody_computes_is_told(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    deck(tmp_path, "01_a", "0<!--lost:.2f-->")
    with pytest.raises(BuildError, match=r"slides/01_a\.md: .*'lost'"):
        current.current_for_class(VALUES)


def record(**numbers):
    """Return the last cell of a notebook that keeps these numbers."""
    says = {
        "title": "A",
        "question": "Is it so?",
        "about": "About it.",
        "printed": None,
        "headline": None,
        "values": [{"section": "A", "kind": "exact", "numbers": numbers}],
    }
    shown = v4.new_output("display_data", {chapters.RECORD: says})
    return v4.new_code_cell("record", outputs=[shown], execution_count=1)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Two notebooks with outputs, and a page."""
    monkeypatch.setattr(places, "ROOT", tmp_path)
    texts = {
        "01_a": "# A\n\n0<!--rmse:.2f--> 7<!--minutes:core-->",
        "02_b": "# A\n\n0<!--n:,--> 0<!--01_a/rmse:.1f-->",
    }
    for name, keeps in {"01_a": {"rmse": 0.912}, "02_b": {"n": 1682}}.items():
        made = notebook(texts[name])
        made.cells.append(record(**keeps))
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        notebooks.write(notebooks.cleaned(made), path)
    (tmp_path / "book").mkdir()
    (tmp_path / "book" / "faq.md").write_text("Of 0<!--02_b/n:,-->.\n")
    return tmp_path


def files(folder):
    return {
        path: (path.read_bytes(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_numbers_are_renewed_from_the_committed_outputs(house):
    current.write_numbers()
    texts = [
        notebooks.read(house / "notebooks" / f"{name}.ipynb").cells[0].source
        for name in ("01_a", "02_b")
    ]
    assert texts == [
        "# A\n\n0.91<!--rmse:.2f--> 7<!--minutes:core-->",
        "# A\n\n1,682<!--n:,--> 0.9<!--01_a/rmse:.1f-->",
    ]
    page = house / "book" / "faq.md"
    assert page.read_text() == "Of 1,682<!--02_b/n:,-->.\n"


def test_outputs_stay_when_numbers_are_renewed(house):
    path = house / "notebooks" / "01_a.ipynb"
    before = notebooks.read(path).cells[1]
    current.write_numbers()
    assert notebooks.read(path).cells[1] == before


def test_renewing_twice_touches_nothing_the_second_time(house):
    current.write_numbers()
    before = files(house)
    current.write_numbers()
    assert files(house) == before


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("book/faq.md", r"book/faq\.md: .*quotes 'lost'"),
        ("notebooks/02_b.ipynb", r"notebooks/02_b\.ipynb: .*quotes 'lost'"),
    ],
)
def test_where_one_number_is_lost_no_text_is_written(house, name, told):
    path = house / name
    text = path.read_text(encoding="utf-8").replace("/n:,", "/lost:,")
    path.write_text(text.replace("--n:,", "--lost:,"), encoding="utf-8")
    before = files(house)
    with pytest.raises(BuildError, match=told):
        current.write_numbers()
    assert files(house) == before


def test_each_deeper_section_has_minutes_of_its_own():
    book = {
        "01_a": notebook(
            "# A",
            "## Exercises",
            "## Deeper: B\n\n0<!--minutes:here-->",
            "## Deeper: C\n\n0<!--minutes:here-->",
            "## Solutions",
        )
    }
    ran = notebook(
        "# A",
        "## Exercises",
        "## Deeper: B\n\n" + "word " * 397,  # and three of the heading
        "## Deeper: C\n\n" + "word " * 997,
    )
    made = current.current(book, {}, {"01_a": ran})["01_a"]
    assert [cell.source for cell in made.cells[2:4]] == [
        "## Deeper: B\n\n2<!--minutes:here-->",
        "## Deeper: C\n\n5<!--minutes:here-->",
    ]


def test_numbers_of_quizzes_are_written_too(book, tmp_path, monkeypatch):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    folder = tmp_path / current.QUIZZES
    folder.mkdir(parents=True)
    quiz = folder / "01_a.yml"
    quiz.write_text("- 0<!--rmse:.2f-->, 1<!--02_b/n:,-->\n", "utf-8")
    made = current.texts(book, VALUES)
    assert made[quiz] == "- 0.90<!--rmse:.2f-->, 1,682<!--02_b/n:,-->\n"
    quiz.write_text("- 0<!--lost:.2f-->\n", "utf-8")
    told = r"book/classroom/quizzes/01_a\.yml: the text quotes 'lost'"
    with pytest.raises(BuildError, match=told):
        current.texts(book, VALUES)
