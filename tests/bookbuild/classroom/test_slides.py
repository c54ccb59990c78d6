"""What decks say, what they may ask of a chapter, and those there are."""

import re
from itertools import pairwise

import pytest
from nbformat import v4

from bookbuild import BuildError, chapters, current, places, plain
from bookbuild.classroom import slides
from bookbuild.classroom.shown import code, figure, output
from bookbuild.paper.browser import NoBrowserError

DECK = """\
Note, 1 minute:

Hello.

# The idea

## Who *is* it?

<!-- figure: fig-one -->

Note, 2.5 minutes:

Ask. Then wait.
"""
SVG = '<svg width="72pt" height="36pt"><path fill="#0072b2" d="M0 0"/></svg>\n'
PNG = "iVBORw0KGgo="


def md(source, name):
    cell = v4.new_markdown_cell(source)
    cell.id = name
    return cell


def ran(source, *outputs, name, **metadata):
    cell = v4.new_code_cell(source, outputs=list(outputs), metadata=metadata)
    cell.id = name
    return cell


def display(**data):
    kinds = {"png": "image/png", "svg": "image/svg+xml", "html": "text/html"}
    made = {kinds[kind]: value for kind, value in data.items()}
    return v4.new_output("display_data", made)


@pytest.fixture
def notebook():
    cells = [
        md("# First\n\n- [one](../book/glossary.md#one);\n- two.", "title"),
        md("## The idea\n\n$$\na < b \\tag{1.1}\n$$\n<!--eq-a-->", "idea"),
        ran(
            "class One:\n    def two(self):\n        return 2\n\n\nx = 1",
            v4.new_output("stream", text="1 < 2\n"),
            name="work",
        ),
        ran("draw()", display(png=PNG, svg=SVG), name="draw", alt='A "dot".'),
        md("**Figure 1.1.** A dot. Notice its [colour](b.md).", "fig-one"),
        md("### Exercise 1.1: A dot", "ex-1-dot"),
    ]
    return v4.new_notebook(cells=cells)


def slide(body, notes="Say it.", title="T"):
    return slides.Slide("The idea", title, body, notes, 1.0)


def shown(body, notebook, **parts):
    made, files = slides.rendered(slide(body, **parts), notebook)
    return made, files


def test_a_deck_is_sections_slides_and_what_is_said_to_them():
    first, other = slides.slides_in(DECK)
    assert (first.section, first.title, first.notes) == ("", "", "Hello.")
    assert other == slides.Slide(
        "The idea",
        "Who *is* it?",
        "<!-- figure: fig-one -->",
        "Ask. Then wait.",
        2.5,
    )


def test_a_remark_in_code_is_no_heading():
    deck = DECK.replace("<!-- figure", "```python\n# no section\n```\n<!-- f")
    assert "# no section" in slides.slides_in(deck)[1].body


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("# The idea\n", "", "'Who .* is in no section"),
        ("# The idea\n", "# The idea\n\nwords\n", "text of no slide"),
        ("Note, 2.5 minutes:", "", "has 0 notes"),
        ("Note, 2.5 minutes:", "Note, two minutes:", "has 0 notes"),
        ("Note, 1 minute:", "", "the first slide has 0 notes"),
        ("Ask.", "Note, 1 minute:\n", "has 2 notes"),
        ("Ask. Then wait.", "", "no text below"),
    ],
)
def test_a_deck_that_lacks_something_is_refused(old, new, told):
    assert DECK.count(old) == 1
    with pytest.raises(BuildError, match=told):
        slides.slides_in(DECK.replace(old, new))


def test_a_figure_is_shown_for_both_themes_with_what_it_is(notebook):
    made, files = shown("<!-- figure: fig-one -->", notebook)
    assert sorted(files) == ["fig-one-dark.svg", "fig-one.svg"]
    assert b"#0072b2" in files["fig-one.svg"]
    assert b"#0072b2" not in files["fig-one-dark.svg"]
    assert made.body.count('alt="A &quot;dot&quot;."') == 2
    assert "<figcaption>Figure 1.1. A dot.</figcaption>" in made.body
    assert "In Figure 1.1, notice its colour." in made.notes


def test_a_figure_without_a_drawing_is_its_picture(notebook):
    del notebook.cells[3].outputs[0]["data"]["image/svg+xml"]
    made, files = shown("<!-- figure: fig-one -->", notebook)
    assert list(files) == ["fig-one.png"]
    assert 'src="fig-one.png"' in made.body


def test_a_formula_keeps_its_number(notebook):
    made, _ = shown("<!-- formula: eq-a -->", notebook)
    assert r"\[a &lt; b \tag{1.1}\]" in made.body


def test_code_is_a_cell_or_what_it_defines(notebook):
    whole = code(notebook, "work").html
    assert "One" in whole and "x" in re.sub("<.*?>", "", whole)
    method = re.sub("<.*?>", "", code(notebook, "work", "One.two").html)
    assert method.splitlines() == ["def two(self):", "    return 2"]


def test_a_cell_that_loads_its_model_is_shown_without_that(notebook):
    cell = notebook.cells[2]
    cell.source = f"# %load -s One ../recslib/models.py\n{cell.source}"
    assert "%load" not in code(notebook, "work").html


def test_an_output_is_text_or_a_table_without_row_numbers(notebook):
    assert "1 &lt; 2</pre>" in output(notebook, "work").html
    html = (
        "<style>td {}</style><table border='1'><thead>"
        "<tr style='x'><th></th><th>film</th><th>stars</th></tr></thead>"
        "<tbody><tr><th>0</th><td>A</td><td>1.5</td></tr>"
        "<tr><th>1</th><td>B</td><td>2.0</td></tr></tbody></table>"
    )
    notebook.cells[2].outputs = [display(html=html)]
    assert output(notebook, "work").html == (
        '<table><thead><tr><th scope="col">film</th>'
        '<th class="number" scope="col">stars</th></tr></thead>'
        '<tbody><tr><td>A</td><td class="number">1.5</td></tr>'
        '<tr><td>B</td><td class="number">2.0</td></tr></tbody></table>'
    )
    named = html.replace("<th>0</th>", "<th>mean</th>")
    notebook.cells[2].outputs = [display(html=named)]
    assert '<th scope="row">mean</th>' in output(notebook, "work").html
    assert "<th></th>" not in output(notebook, "work").html


def test_a_list_comes_without_links_to_other_files(notebook):
    made, _ = shown("<!-- list: title -->", notebook)
    assert "<li>one;</li>" in made.body and "<li>two.</li>" in made.body


def test_an_exercise_is_named_in_a_text(notebook):
    notes = "Then <!-- exercise: ex-1-dot -->."
    made, _ = shown("- <!-- exercise: ex-1-dot -->", notebook, notes=notes)
    assert "<li>Exercise 1.1: A dot</li>" in made.body
    assert "Then Exercise 1.1: A dot." in made.notes


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<!-- figure: fig-gone -->", "figure 'fig-gone', and the chapter"),
        ("<!-- figure: work -->", "'work', and that cell is no caption"),
        ("<!-- figure: fig-one part -->", "Only of code can a part"),
        ("<!-- formula: eq-gone -->", "no equation of that name"),
        ("<!-- code: gone -->", "code 'gone', and the chapter"),
        ("<!-- code: idea -->", "a cell of text"),
        ("<!-- code: work Two -->", "'Two', and the code .* defines none"),
        ("<!-- output: draw -->", "output of 'draw', which has none"),
        ("<!-- list: idea -->", "list of 'idea', which has none"),
        ("- <!-- exercise: idea -->", "'idea', and that cell is none"),
        ("<!-- picture: fig-one -->", "shows a 'picture'. A mark shows one"),
        ("See <!-- figure: fig-one -->", "which shows nothing"),
        ("<!--figure: fig-one-->", "which shows nothing"),
    ],
)
def test_a_mark_that_shows_nothing_is_refused(notebook, body, told):
    with pytest.raises(BuildError, match=told):
        shown(body, notebook)


def test_a_figure_whose_drawing_is_gone_is_refused(notebook):
    notebook.cells[3].outputs = []
    with pytest.raises(BuildError, match="no caption below a figure"):
        figure(notebook, "fig-one")


def test_where_reveal_is_missing_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setattr(slides, "PACKAGE", "not_there_at_all")
    with pytest.raises(BuildError, match="make setup"):
        slides.reveal_folder()


def test_without_a_browser_it_is_said_that_there_is_no_pdf(
    monkeypatch, capsys, tmp_path
):
    def none(folder, author):
        raise NoBrowserError("none found")

    monkeypatch.setattr(slides, "print_slides", none)
    slides.print_or_say_why(tmp_path, "us")
    assert "No PDF of the slides: none found" in capsys.readouterr().err


def test_slides_that_cannot_be_made_leave_the_old_ones(tmp_path, monkeypatch):
    def broken(folder, *rest):
        folder.mkdir(parents=True)
        raise BuildError("no such figure")

    monkeypatch.setattr(
        slides, "last_run", lambda: (chapters.committed(), False)
    )
    monkeypatch.setattr(slides, "write_deck", broken)
    old = tmp_path / "slides" / "old.html"
    old.parent.mkdir()
    old.touch()
    with pytest.raises(BuildError, match=r"00_.*\.md: no such figure"):
        slides.write_slides(tmp_path / "slides")
    assert list(tmp_path.rglob("*.html")) == [old]
    assert list(tmp_path.iterdir()) == [old.parent]


# The decks that there are, with the chapters as they are committed.


@pytest.fixture(scope="module")
def book():
    return chapters.committed()


@pytest.fixture(scope="module")
def notebooks_of(book):
    notebooks = {chapter.name: chapter.notebook for chapter in book}
    values = {chapter.name: chapter.values for chapter in book}
    return current.current(notebooks, values, notebooks, keep=False)


@pytest.fixture(scope="module")
def decks(book):
    return slides.decks_of(book)


def core_of(notebook):
    cells = []
    for heading, part in plain.sections_of(notebook):
        if heading == plain.EXERCISES:
            break
        cells += part
    return cells


def labels_in(cells):
    for cell in cells:
        if plain.is_caption(cell):
            yield cell.id
        elif cell.cell_type == "markdown":
            for match in plain.EQUATION.finditer(cell.source):
                yield match["name"]


def test_chapter_1_has_25_to_35_slides_and_the_others_a_lesson_each(decks):
    assert 25 <= len(decks["01_matrix_factorization"]) <= 35
    for name, deck in decks.items():
        fewest = 20 if int(name[:2]) else 12
        assert fewest <= len(deck) <= 35, name


def test_every_mark_of_every_deck_shows_something(decks, notebooks_of):
    for name, deck in decks.items():
        for each in deck:
            slides.rendered(each, notebooks_of[name])


def test_each_figure_and_formula_of_a_core_is_on_a_slide(decks, notebooks_of):
    for name, deck in decks.items():
        shown_there = {
            match["id"]
            for each in deck
            for match in slides.SHOWN.finditer(each.body)
        }
        missing = set(labels_in(core_of(notebooks_of[name]))) - shown_there
        assert not missing, f"{name}: {missing} on no slide"


def test_a_deck_goes_through_its_chapter_in_order(decks, notebooks_of):
    for name, deck in decks.items():
        order = [text for _, text in plain.headings(notebooks_of[name])]
        places_of = [order.index(each.section) for each in deck[1:]]
        assert places_of == sorted(places_of), name
        # What a slide shows stands where the chapter has its section.
        assert len(set(places_of)) > 5, name


def test_a_slide_says_little_and_its_speaker_a_few_sentences(decks):
    for name, deck in decks.items():
        for each in deck:
            words = slides.SHOWN.sub("", each.body).split()
            assert len(words) <= 110, f"{name}: {each.title}"
            assert len(each.title) <= 90, f"{name}: {each.title}"
            assert each.body or not each.section, f"{name}: {each.title}"
            sentences = re.findall(r"[.?!:](?:\s|$)", each.notes)
            assert len(sentences) >= 2, f"{name}: {each.title}"
            assert len(each.notes.split()) <= 90, f"{name}: {each.title}"


def test_a_question_is_asked_before_it_is_answered(decks):
    for name, deck in decks.items():
        asks = [each.title.endswith("?") for each in deck]
        assert sum(asks) >= 5, name
        assert not any(
            one and two and three
            for one, two, three in zip(asks, asks[1:], asks[2:], strict=False)
        ), name
        assert not asks[-1], name
        assert all(one.title != two.title for one, two in pairwise(deck)), name


def test_the_minutes_of_a_deck_fit_two_lessons(decks):
    for name, deck in decks.items():
        assert 30 <= sum(each.minutes for each in deck) <= 100, name


def test_a_deck_is_written_twice_to_the_same_bytes(
    tmp_path, book, decks, notebooks_of
):
    name = "00_pytorch_in_twenty_minutes"
    chapter = next(each for each in book if each.name == name)
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        slides.write_deck(folder, chapter, decks[name], "A book")
        made.append(
            {
                path.relative_to(folder): path.read_bytes()
                for path in folder.rglob("*")
                if path.is_file()
            }
        )
    assert made[0] == made[1]
    page = made[0][next(p for p in made[0] if p.name == "index.html")]
    assert b"CC BY 4.0" in page and b"https://" not in page


def test_a_deck_of_no_notebook_and_a_section_of_no_chapter_are_refused(
    tmp_path, monkeypatch, book
):
    monkeypatch.setattr(places, "DECKS", tmp_path)
    lost = tmp_path / "09_lost.md"
    lost.write_text(DECK, "utf-8")
    with pytest.raises(BuildError, match=r"09_lost\.md belongs to no"):
        slides.decks()
    lost.rename(tmp_path / f"{book[0].name}.md")
    with pytest.raises(BuildError, match="'The idea' is no heading"):
        slides.decks_of(book)
