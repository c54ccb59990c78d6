"""What a plain notebook holds, and what it may not hold."""

import pytest
from nbformat import v4

from bookbuild import BuildError, plain


def md(source, name=""):
    cell = v4.new_markdown_cell(source)
    cell.id = name or cell.id
    return cell


def code(source="x"):
    return v4.new_code_cell(source)


def notebook(*cells):
    return v4.new_notebook(cells=list(cells))


EQUATION = "$$\na = b \\tag{{{}}}\n$$\n<!--eq-a-->"


@pytest.fixture
def chapter():
    """Figures, an equation, an exercise, a solution: with wrong numbers."""
    return notebook(
        md("# T\n\nFigure 9.9<!--fig-b--> and (0.0)<!--eq-a-->."),
        md("**Figure 0.0.** First. Notice it.", "fig-a"),
        md("**Figure 0.0.** Second. Notice it.", "fig-b"),
        md(
            "See [Exercise 8.8](#Exercise-8.8:-Two,-by-hand%3F) and\n\n"
            + EQUATION.format("0.0")
        ),
        md("### Exercise 0.0: Two, by hand?\n\nDo it.", "ex-4-two"),
        md("## Solutions", "solutions"),
        md("### Solution 0.0: Two, by hand?\n\nSo.", "ex-4-two-solution"),
    )


def test_each_kind_is_counted_on_its_own_behind_the_notebooks_number(chapter):
    assert plain.numbers_of("04_lists", chapter) == {
        "fig-a": "4.1",
        "fig-b": "4.2",
        "eq-a": "4.1",
        "ex-4-two": "4.1",
    }
    assert plain.numbers_of("00_start", chapter)["fig-b"] == "0.2"


def test_an_equation_in_an_exercise_is_counted_too():
    exercise = md(f"### Exercise 1.1: A\n\n{EQUATION.format('1')}", "ex-1-a")
    assert plain.numbers_of("01_a", notebook(exercise)) == {
        "eq-a": "1.1",
        "ex-1-a": "1.1",
    }


def test_a_label_is_taken_once_in_the_book(chapter):
    with pytest.raises(BuildError, match=r"05_b\.ipynb: the label 'fig-a'"):
        plain.all_numbers({"04_a": chapter, "05_b": chapter})


def test_numbers_arrive_wherever_they_are_written(chapter):
    numbers = plain.numbers_of("04_lists", chapter)
    made = [c.source for c in plain.recounted(chapter, numbers).cells]
    assert made == [
        "# T\n\nFigure 4.2<!--fig-b--> and (4.1)<!--eq-a-->.",
        "**Figure 4.1.** First. Notice it.",
        "**Figure 4.2.** Second. Notice it.",
        "See [Exercise 4.1](#Exercise-4.1:-Two,-by-hand%3F) and\n\n"
        + EQUATION.format("4.1"),
        "### Exercise 4.1: Two, by hand?\n\nDo it.",
        "## Solutions",
        "### Solution 4.1: Two, by hand?\n\nSo.",
    ]


def test_a_reference_to_another_notebook_has_its_number():
    text = notebook(md("See Figure 0<!--fig-far--> of chapter 1."))
    (cell,) = plain.recounted(text, {"fig-far": "1.7"}).cells
    assert cell.source == "See Figure 1.7<!--fig-far--> of chapter 1."


def test_counting_again_changes_a_copy_and_nothing_twice(chapter):
    numbers = plain.numbers_of("04_lists", chapter)
    before = [cell.source for cell in chapter.cells]
    once = plain.recounted(chapter, numbers)
    assert [cell.source for cell in chapter.cells] == before
    assert plain.recounted(once, numbers) == once


def test_a_link_to_an_exercise_follows_its_title_not_its_number():
    other = "[Exercise 2.9](02_b.ipynb#Exercise-2.9:-New)"
    text = notebook(
        md(f"[Exercise 1.1](#Exercise-1.1:-New) {other}"),
        md("### Exercise 9.9: Old", "ex-1-old"),
        md("### Exercise 9.9: New", "ex-1-new"),
    )
    made = plain.recounted(text, plain.numbers_of("01_a", text))
    assert made.cells[0].source == (
        f"[Exercise 1.2](#Exercise-1.2:-New) {other}"
    )


def test_a_reference_to_nothing_is_named(chapter):
    chapter.cells[0].source = "(1.1)<!--eq-lost-->"
    with pytest.raises(BuildError, match="refers to 'eq-lost'"):
        plain.recounted(chapter, plain.numbers_of("04_a", chapter))


def test_a_solution_without_its_exercise_is_named(chapter):
    del chapter.cells[4]
    with pytest.raises(BuildError, match="solves 'ex-4-two'"):
        plain.recounted(chapter, plain.numbers_of("04_a", chapter))


def test_texts_that_differ_in_numbers_alone_were_written_the_same(chapter):
    numbers = plain.numbers_of("04_lists", chapter)
    for before, after in zip(
        chapter.cells, plain.recounted(chapter, numbers).cells, strict=True
    ):
        said = plain.without_numbers(before.source)
        assert said == plain.without_numbers(after.source)
    one, other = ("By 0.1<!--a:.1f-->", "By 0.2<!--a:.1f-->")
    assert plain.without_numbers(one) == plain.without_numbers(other)
    assert plain.without_numbers(one) != plain.without_numbers("At 0.1")


@pytest.mark.parametrize(
    "source",
    [
        "scores {glue:text}`rmse:.4f`",
        "a {term}`rating <x>`",
        "as {cite:t}`he2017` say",
        "```{math}\n:label: a\nx\n```",
        "````{note}\nx\n````",
        ":::{div} tagline\nx\n:::",
        "- a list\n\n  :::{tip}\n  x\n  :::",
        "(sec-1-you)=\n## You",
        "it is {{ version }}",
        "$$\nx\n$$ (eq-a)",
        "$$ (eq-a)",
        "`{x}` and {term}`rating`",
        "{ref}`a` and {ref}`b`",
        "~~~ {note}\nx\n~~~",
        ":::: {grid} 2",
    ],
)
def test_what_only_the_pages_understand_is_refused(source):
    with pytest.raises(BuildError, match="which only the built pages"):
        plain.check_plain(notebook(md(source)))


@pytest.mark.parametrize(
    "source",
    [
        "a dictionary `{name: 1}` and `x[{}]`",
        "```python\nd = {'a': 1}\n```",
        "$\\hat{r}_{ui}$ and\n\n$$\n\\{a\\} \\tag{1.1}\n$$\n<!--eq-a-->",
        "a time: 12:30, a slice `a[::2]`, a path `C:\\x`",
        "| a | b |\n|---|---:|\n| 1 | 2 |",
        "<details><summary>Open</summary>\n\nIt.\n\n</details>",
        "(a remark) = none\n\n[a](b.md) ![c](d.png)",
        "0.9<!--rmse:.1f-->",
        "the set `{x}`, and ``{x}`` of `{a, b}` as `f'{x}'`",
        "{'a': 1} is one, and {x} too",
        "C:\\Users\\you and D:\\{name}\\film",
        "std::vector, `::`\n\n:: at the start of a line",
        "a | b\n:---|---:\n1 | 2",
        "```\nprint(f'{x}')\n```",
        "<!-- a remark, which no mark is -->",
    ],
)
def test_plain_markdown_is_left_alone(source):
    plain.check_plain(notebook(md(source)))


@pytest.mark.parametrize(
    "source",
    [
        "Figures 1.1<!--fig-a--> and",  # the word is Figure
        "Figure 1.1<!--fig-a--> and 1.2<!--fig-b-->",
        "equation 1.1<!--eq-a-->",  # in brackets
        "$$\na = b\n$$\n<!--eq-a-->",  # no tag
        "0.90<!--rmse.2f-->",
        "0.90<!--RMSE:.2f-->",
        "0.90<!--rmse: .2f-->",
    ],
)
def test_a_mark_that_nobody_would_renew_is_refused(source):
    with pytest.raises(BuildError, match="would never be renewed"):
        plain.check_plain(notebook(md(source)))


def test_code_is_not_asked_whether_it_is_plain():
    plain.check_plain(notebook(code("print(f'{x}`')  # <!--x-->")))


def test_an_equation_without_a_number_is_none_and_stays_apart():
    text = "$$\nc = d\n$$\n\nso\n\n" + EQUATION.format("1.1")
    (found,) = plain.EQUATION.finditer(text)
    assert found["tex"] == "a = b"


def test_headings_are_those_outside_of_code():
    text = "## One\n\n```\n# a remark\n```\n\n### Two, of it\n"
    assert plain.headings_in(text) == [(2, "One"), (3, "Two, of it")]


def test_a_link_to_a_heading_finds_its_cell():
    text = notebook(md("# T"), md("## Is it so?\n\nYes.", "sec-1-so"))
    assert plain.heading_targets(text) == {
        "T": (text.cells[0].id, "T"),
        "Is-it-so?": ("sec-1-so", "Is it so?"),
    }


def test_anchors_are_jupyters():
    assert plain.anchor("Is it really better?") == "Is-it-really-better?"
    assert plain.anchor("Exercise 1.2: A, b") == "Exercise-1.2:-A,-b"


def test_a_notebook_is_parted_at_its_second_headings():
    parts = plain.sections_of(
        notebook(md("# T"), md("## A"), code(), md("### B"), md("## C"))
    )
    assert [(title, len(cells)) for title, cells in parts] == [
        ("", 1),
        ("A", 3),
        ("C", 1),
    ]
