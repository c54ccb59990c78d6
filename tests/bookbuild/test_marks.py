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
        ("from 0.90<!--rmse:.2f-->", "0.90"),
        ("(0.8,0.9<!--rmse:.1f-->)", "0.9"),
        ("chapter-2<!--rmse:.0f-->", "2"),
        ("10-20<!--rmse:.0f-->", "20"),
        ("| -0.2<!--rmse:.1f--> |", "-0.2"),
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
        "0.9 <!-- rmse:.2f -->",
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


def test_a_hyphen_between_two_numbers_stays():
    text = "1<!--low:.1f-->-2<!--high:.1f--> stars"
    values = {"low": 3.5, "high": 4.5}
    made = marks.numbers_filled(text, lambda m: marks.value_in(values, m))
    assert made == "3.5<!--low:.1f-->-4.5<!--high:.1f--> stars"


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.90336, ".4f", "0.9034"),
        (0.0107, "+.4f", "+0.0107"),
        (-0.0107, "+.4f", "-0.0107"),
        (1682, ",", "1,682"),
        (1234567.8, ",.1f", "1,234,567.8"),
        (0.6449, ".0%", "64%"),
        (0.00001, ".0e", "1e-05"),
        (3, "", "3"),
    ],
)
def test_a_number_is_written_as_its_mark_says_and_found_again(
    value, form, text
):
    mark = Mark("", "", "key", form)
    assert marks.value_in({"key": value}, mark) == text
    (again,) = marks.marks_in(f"so {text}<!--key:{form}-->")
    assert again.text == text


@pytest.mark.parametrize(
    ("value", "form"),
    [("Fargo (1996)", ""), (1682, "_"), (0.00001, ".0E"), (255, "x")],
)
def test_what_would_not_be_found_again_is_refused(value, form):
    """The next run would write it a second time, before the first."""
    with pytest.raises(BuildError, match="before a mark stands a number"):
        marks.value_in({"key": value}, Mark("", "", "key", form))


def test_a_value_that_nobody_keeps_is_named():
    with pytest.raises(BuildError, match=r"quotes 'rsme'.*no such value"):
        marks.value_in({"rmse": 0.9}, Mark("0.9", "", "rsme", ".2f"))


def test_a_value_that_cannot_be_written_so_is_named():
    with pytest.raises(BuildError, match=r"film is 'Fargo'.*'\.2f'"):
        marks.value_in({"film": "Fargo"}, Mark("", "", "film", ".2f"))
