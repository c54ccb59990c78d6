"""A number in a text, and the comment behind it that says which."""

import pytest

from bookbuild import BuildError, marks
from bookbuild.marks import Mark


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("It scores 0.9033<!--rmse:.4f--> stars.", "0.9033"),
        ("by +0.0107<!--rmse:+.4f-->", "+0.0107"),
        ("by -0.0107<!--rmse:+.4f-->", "-0.0107"),
        ("by \N{MINUS SIGN}0.01<!--rmse:+.2f-->", "\N{MINUS SIGN}0.01"),
        ("of 1,682<!--rmse:,--> films", "1,682"),
        ("at least 71%<!--rmse:.0%--> of", "71%"),
        ("a change of 1e-05<!--rmse:.0e-->", "1e-05"),
        ("**0.90<!--rmse:.2f-->**", "0.90"),
        ("chapter 2: 3<!--rmse:.0f-->", "3"),
        ("nothing yet: <!--rmse:.2f-->", ""),
    ],
)
def test_the_number_before_a_mark_is_found_whole(text, number):
    (found,) = marks.marks_in(text)
    assert found.text == number
    assert found.key == "rmse"


def test_several_numbers_of_a_line_are_each_their_own():
    text = "0.90<!--a:.2f--> ± 0.01<!--b:.2f-->, 12<!--01_first/c:.0f-->"
    assert list(marks.marks_in(text)) == [
        Mark("0.90", "", "a", ".2f"),
        Mark("0.01", "", "b", ".2f"),
        Mark("12", "01_first", "c", ".0f"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- results: written by `make readme` -->",
        "<!-- built: models -->",
        "Figure 1.2<!--fig-a-->",
        "(1.2)<!--eq-a-->",
    ],
)
def test_other_comments_are_no_marks(text):
    assert list(marks.marks_in(text)) == []


def test_filling_keeps_the_marks_or_leaves_them_out():
    text = "**0<!--rmse:.4f--> ± 0<!--sd:.4f-->** stars"
    values = {"rmse": 0.90334, "sd": 0.00691}

    def value(mark):
        return marks.value_in(values, mark)

    kept = marks.numbers_filled(text, value)
    assert kept == "**0.9033<!--rmse:.4f--> ± 0.0069<!--sd:.4f-->** stars"
    assert marks.numbers_filled(kept, value) == kept
    left_out = marks.numbers_filled(text, value, keep=False)
    assert left_out == "**0.9033 ± 0.0069** stars"


def test_a_text_is_written_as_it_is():
    mark = Mark("", "", "film", "")
    assert marks.value_in({"film": "Fargo (1996)"}, mark) == "Fargo (1996)"


def test_a_value_that_nobody_keeps_is_named():
    with pytest.raises(BuildError, match=r"quotes 'rsme'.*no such value"):
        marks.value_in({"rmse": 0.9}, Mark("0.9", "", "rsme", ".2f"))


def test_a_value_that_cannot_be_written_so_is_named():
    with pytest.raises(BuildError, match=r"film is 'Fargo'.*'\.2f'"):
        marks.value_in({"film": "Fargo"}, Mark("", "", "film", ".2f"))
