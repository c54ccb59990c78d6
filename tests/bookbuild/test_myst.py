"""From plain Markdown to what Sphinx reads."""

import copy

import pytest
from nbformat import v4

from bookbuild import BuildError, myst
from bookbuild.myst import Known

HE, RENDLE = "https://doi.org/10.1/he(2017)", "https://arxiv.org/abs/1905.1"
WHERE = Known(
    keys={HE: "he2017", RENDLE: "rendle2019"},
    terms={"rating": "rating", "matrix-factorization": "matrix factorization"},
    targets={
        "01_a": {
            "The-idea": ("some-id", "The idea"),
            "You": ("sec-1-you", "You"),
            "Is-it-better?": ("x", "Is it better?"),
            "Exercise-1.2:-Two": ("ex-1-two", "Exercise 1.2: Two"),
        },
        "02_b": {"Deeper:-Why?": ("y", "Deeper: Why?")},
    },
)
GLOSSARY = """\
# Glossary

## Data

### rating matrix
### interaction matrix

The table. A cell
holds a rating.

### user

Who rates.

And more.

## Splitting

### fold

One part.
"""


def md(source, name=""):
    cell = v4.new_markdown_cell(source)
    cell.id = name or cell.id
    return cell


def code(source="x", *tags, **metadata):
    cell = v4.new_code_cell(source)
    cell.metadata.update(tags=list(tags), **metadata)
    return cell


def pages(text):
    return myst.text_for_pages(text, "01_a", WHERE)


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        (
            "# T\n\n*Is it so?*\n\nText.",
            "# T\n\n:::{div} tagline\nIs it so?\n:::\n\nText.",
        ),
        ("An *emphasis* alone", "An *emphasis* alone"),
        (
            "$$\na = b \\tag{1.1}\n$$\n<!--eq-a-->",
            "```{math}\n:label: eq-a\na = b\n```",
        ),
        ("Figure 1.3<!--fig-a--> shows", "{numref}`fig-a` shows"),
        (
            "$$\nc = d\n$$\n\nso\n\n$$\na = b \\tag{1.1}\n$$\n<!--eq-a-->",
            "$$\nc = d\n$$\n\nso\n\n```{math}\n:label: eq-a\na = b\n```",
        ),
        ("as in (1.2)<!--eq-a-->:", "as in {eq}`eq-a`:"),
        (f"it is ([He et al., 2017]({HE})).", "it is {cite}`he2017`."),
        (
            f"so ([A, 2019]({RENDLE}); [B,\n2017]({HE})).",
            "so {cite}`rendle2019,he2017`.",
        ),
        (f"[He et al. (2017)]({HE}) say", "{cite:t}`he2017` say"),
        (
            f"[A (2019)]({RENDLE}) and [B (2017)]({HE})",
            "{cite:t}`rendle2019` and {cite:t}`he2017`",
        ),
        ("a [rating](../book/glossary.md#rating)", "a {term}`rating`"),
        (
            "[ratings](../book/glossary.md#rating)",
            "{term}`ratings <rating>`",
        ),
        (
            "[matrix\nfactorization](../book/glossary.md#matrix-factorization)",
            "{term}`matrix factorization`",
        ),
        ("[this](#The-idea)", "[this](#the-idea)"),
        ("[You](#You)", "{ref}`sec-1-you`"),
        ("[more of it](#You)", "[more of it](#you)"),
        ("[do](#Is-it-better%3F)", "[do](#is-it-better)"),
        ("[Exercise 1.2](#Exercise-1.2:-Two)", "{ref}`ex-1-two`"),
        (
            "[why](02_b.ipynb#Deeper:-Why%3F)",
            "[why](02_b.ipynb#deeper-why)",
        ),
    ],
)
def test_plain_markdown_becomes_what_the_pages_have(plain, shown):
    assert pages(plain) == shown


@pytest.mark.parametrize(
    "text",
    [
        "[B](02_b.ipynb), [p](../book/rate.md)",
        "![a picture](../book/assets/a.svg)",
        "![a plot](02_b.ipynb#Lost)",
        "([a](https://example.org)), [b](https://example.org/#here)",
        "[p](../book/rate.md#how-it-works)",
        "[x](../recslib/models.py)",
    ],
)
def test_other_links_and_pictures_stay_as_they_are(text):
    assert pages(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[x](../book/glossary.md#ratnig)", "no term of the glossary"),
        ("[x](#the-idea)", r"no heading of 01_a\.ipynb"),
        ("[x](02_b.ipynb#Lost)", r"no heading of 02_b\.ipynb"),
    ],
)
def test_a_link_to_nothing_is_named(text, told):
    with pytest.raises(BuildError, match=told):
        pages(text)


def test_terms_of_the_glossary_are_its_third_headings():
    assert myst.terms_in(GLOSSARY) == {
        "rating-matrix": "rating matrix",
        "interaction-matrix": "interaction matrix",
        "user": "user",
        "fold": "fold",
    }


def test_the_glossary_becomes_entries_that_links_can_name():
    made = myst.glossary_for_pages(GLOSSARY)
    assert (
        "## Data\n\n```{glossary}\nrating matrix\ninteraction matrix\n"
        "  The table. A cell\n  holds a rating.\n\nuser\n  Who rates."
    ) in made
    assert "## Splitting\n\n```{glossary}\nfold\n  One part.\n```" in made
    assert "###" not in made


def made(*cells):
    notebook = v4.new_notebook(cells=list(cells))
    return myst.for_pages(notebook, "01_a", WHERE).cells


def test_a_caption_joins_its_figure_and_a_section_gets_its_name():
    figure, text = made(
        code("draw()", alt="A line that falls."),
        md("**Figure 1.1.** A line. Notice\nits end.", "fig-a"),
        md("## You", "sec-1-you"),
    )
    assert figure.metadata["mystnb"] == {
        "figure": {"caption": "A line. Notice its end.", "name": "fig-a"},
        "image": {"alt": "A line that falls."},
    }
    assert "alt" not in figure.metadata
    assert text.source == "(sec-1-you)=\n## You"


def test_a_caption_without_a_figure_is_named():
    with pytest.raises(BuildError, match="'fig-a' stands below no figure"):
        made(code("x"), md("**Figure 1.1.** A.", "fig-a"))


def test_a_figure_without_a_caption_is_named():
    with pytest.raises(BuildError, match="an alt text and no caption"):
        made(code("x", alt="A line."), md("Text."))


def test_a_caption_is_right_below_its_figure():
    drawn = code("draw()", alt="A line that falls.")
    caption = md("**Figure 1.1.** A.", "fig-a")
    with pytest.raises(BuildError, match="'fig-a' stands below no figure"):
        made(drawn, md("Text."), caption)
    with pytest.raises(BuildError, match="'fig-a' stands below no figure"):
        made(caption)


def test_the_notebook_that_is_turned_into_pages_stays_as_it_is():
    notebook = v4.new_notebook(
        cells=[
            md("## You", "sec-1-you"),
            code("draw()", alt="A line that falls."),
            md("**Figure 1.1.** A.", "fig-a"),
            *EXERCISE,
            *SOLUTION,
        ]
    )
    before = copy.deepcopy(notebook)
    myst.for_pages(notebook, "01_a", WHERE)
    assert notebook == before


def test_a_link_of_a_caption_becomes_that_of_the_pages():
    (figure,) = made(
        code("draw()", alt="A line that falls."),
        md("**Figure 1.1.** As in Figure 1.1<!--fig-a-->.", "fig-a"),
    )
    caption = figure.metadata["mystnb"]["figure"]["caption"]
    assert caption == "As in {numref}`fig-a`."


EXERCISE = (
    md("### Exercise 1.2: Two\n\nAdd.", "ex-1-two"),
    code("stub"),
    code("check", "self-check"),
)
SOLUTION = (
    md("## Solutions", "solutions"),
    md("### Solution 1.2: Two\n\nSo.", "ex-1-two-solution"),
    code("solved", "solution"),
)


def test_an_exercise_is_a_box_with_its_solution_right_below():
    cells = made(
        *EXERCISE, md("## Deeper: B"), *SOLUTION, code("r", "remove-cell")
    )
    assert [cell.source for cell in cells] == [
        "```{exercise-start} Two\n:label: ex-1-two\n```\n\nAdd.",
        "stub",
        "check",
        "```{exercise-end}\n```",
        "```{solution-start} ex-1-two\n:label: ex-1-two-solution\n"
        ":class: dropdown\n```\n\nSo.",
        "solved",
        "```{solution-end}\n```",
        "## Deeper: B",
        "r",
    ]


def test_an_exercise_without_a_solution_or_a_check_is_named():
    with pytest.raises(BuildError, match="'ex-1-two' has no solution"):
        made(*EXERCISE, SOLUTION[0])
    with pytest.raises(BuildError, match="no cell tagged `self-check`"):
        made(*EXERCISE[:2], *SOLUTION)


def test_an_exercise_that_starts_in_another_is_named():
    other = md("### Exercise 1.3: More\n\nDo.", "ex-1-more")
    with pytest.raises(BuildError, match=r"'ex-1-two'.*before 'ex-1-more'"):
        made(*EXERCISE[:2], other, EXERCISE[2], *SOLUTION)


def test_each_solution_goes_below_its_own_exercise():
    cells = made(
        *EXERCISE,
        md("### Exercise 1.3: More\n\nDo.", "ex-1-more"),
        code("check more", "self-check"),
        *SOLUTION,
        md("### Solution 1.3: More\n\nThus.", "ex-1-more-solution"),
        code("solved more", "solution"),
        code("why more", "solution"),
        code("keep", "remove-cell"),
        code("record", "remove-cell"),
    )
    shown = [cell.source for cell in cells if cell.cell_type == "code"]
    assert shown == [
        *("stub", "check", "solved"),
        *("check more", "solved more", "why more"),
        *("keep", "record"),
    ]
    assert not any("## Solutions" in cell.source for cell in cells)
