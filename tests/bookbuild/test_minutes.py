"""Minutes: of words, of lines, of a run, and of exercises."""

import pytest
from nbformat import v4

from bookbuild import BuildError, minutes
from bookbuild.minutes import Length


def md(source, name=""):
    cell = v4.new_markdown_cell(source)
    cell.id = name or cell.id
    return cell


def code(source, *tags, seconds=0.0):
    cell = v4.new_code_cell(source)
    cell.metadata.update(tags=list(tags), papermill={"duration": seconds})
    return cell


WORDS = " ".join(["word"] * 198)


@pytest.fixture
def notebook():
    return v4.new_notebook(
        cells=[
            md(f"# T\n\n{WORDS}"),  # 200 words: a minute
            md("## Start"),
            code("import a\n\nimport b", "remove-cell", seconds=60.0),
            code("\n".join(["x = 1", "", *["y = 2"] * 9]), seconds=30.0),
            md("## Exercises"),
            md("### Exercise 1.1: A", "ex-1-a"),
            code("...", seconds=None),
            md("## Deeper: B"),
            code("z", seconds=120.0),
            md("## Deeper: C"),
            md("## Solutions"),
            md(WORDS, "ex-1-a-solution"),
            code("record", "remove-cell", seconds=500.0),
        ]
    )


@pytest.mark.parametrize(
    ("length", "whole"),
    [
        (Length(words=1_000), 5),
        (Length(words=1_001), 6),  # nobody is told too little
        (Length(lines=10), 1),  # six seconds each
        (Length(words=1_000, lines=100, seconds=60), 16),
        (Length(exercises=2), 20),
        (Length(), 0),
    ],
)
def test_minutes_are_those_of_words_lines_run_and_exercises(length, whole):
    assert length.minutes == whole


def test_words_are_those_that_somebody_sees():
    text = "A [link here](../book/x.md#y) 0.9<!--rmse:.1f--> <!-- no -->end"
    assert minutes.words_in(text) == 5


def test_a_core_ends_where_the_exercises_begin(notebook):
    core = minutes.core(notebook)
    assert core == Length(words=202, lines=10, seconds=90.0)
    assert core.minutes == 4  # 1.01 + 1 + 1.5


def test_what_is_folded_away_is_run_and_not_read(notebook):
    assert minutes.lengths(notebook)["Start"].lines == 10


def test_a_notebook_that_was_not_run_takes_its_reading(notebook):
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
    assert minutes.core(notebook) == Length(words=202, lines=10)


def test_a_run_without_exercises_is_core_to_its_end():
    bare = v4.new_notebook(cells=[md("# T"), md("## A"), code("x")])
    assert minutes.core(bare) == Length(words=4, lines=1)
    with pytest.raises(BuildError, match="minutes of 'exercises'"):
        minutes.minutes_at(bare, "exercises", "")


def test_solutions_and_what_follows_them_are_left_out(notebook):
    assert list(minutes.lengths(notebook)) == [
        "",
        "Start",
        "Exercises",
        "Deeper: B",
        "Deeper: C",
    ]


@pytest.mark.parametrize(
    ("what", "heading", "number"),
    [
        ("core", "", 4),
        ("exercises", "", 11),  # ten to think, six words and a line
        ("here", "Deeper: B", 3),
        ("here", "Deeper: C", 1),
        ("deeper", "", 4),
    ],
)
def test_a_text_may_ask_for_each(notebook, what, heading, number):
    assert minutes.minutes_at(notebook, what, heading) == number


@pytest.mark.parametrize(
    ("what", "heading"), [("reading", ""), ("here", "Solutions")]
)
def test_minutes_of_nothing_are_refused(notebook, what, heading):
    with pytest.raises(BuildError, match="asks for the minutes of"):
        minutes.minutes_at(notebook, what, heading)
