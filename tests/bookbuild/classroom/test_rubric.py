"""Points of the rubric add up, and levels rise to them."""

import pytest

from bookbuild import BuildError
from bookbuild.classroom.plans import BOOK, PROJECT
from bookbuild.classroom.rubric import rubric_in

TEXT = """\
# A project

- 7: no level.

## Rubric (6 points)

### Baseline (4 points)

- 0: None.
- 2: One.
- 4: Two.

### Split (2 points)

- 0: None.
- 2: One.

## Afterwards

### Nothing
"""


def test_the_books_own_rubric_judges_six_things():
    text = (BOOK / PROJECT).read_text(encoding="utf-8")
    points, criteria = rubric_in(text, PROJECT.name)
    assert points == 24
    assert [each.title for each in criteria] == [
        "Baseline",
        "Split",
        "Interval",
        "What it does not tell",
        "Reproducibility",
        "Data protection",
    ]


def test_a_rubric_is_read_with_its_levels():
    points, criteria = rubric_in(TEXT, "project.md")
    assert points == 6
    assert [each.levels for each in criteria] == [[0, 2, 4], [0, 2]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "Rubric (6 points)",
            "Rubric (7 points)",
            "line 5: the rubric promises 7 points, and its criteria add up "
            "to 6. Change the points of a criterion, or promise 6.",
        ),
        (
            "Split (2 points)",
            "Split",
            "line 13: '### Split' does not say what it is worth",
        ),
        (
            "- 2: One.\n- 4",
            "- One.\n- 4",
            "line 10: '- One.' is no level",
        ),
        (
            "- 4: Two.",
            "- 3: Two.",
            "line 7: the levels of 'Baseline' are 0, 2, 3. Let them rise "
            "from 0 to 4",
        ),
        ("- 0: None.\n- 2: One.\n- 4", "- 2: One.\n- 4", "are 2, 4"),
        ("- 2: One.\n- 4", "- 4: One.\n- 4", "are 0, 4, 4"),
        ("## Rubric (6 points)", "## Marks", "project.md has no rubric"),
    ],
)
def test_what_does_not_add_up_is_named_with_its_line(old, new, said):
    assert TEXT.count(old) == 1
    with pytest.raises(BuildError) as problem:
        rubric_in(TEXT.replace(old, new), "project.md")
    assert said in str(problem.value)
