import math

import numpy as np
import pytest
import torch

from recslib.answers import (
    NotYetError,
    acted,
    called,
    expect,
    flags,
    in_short,
    known_mistake,
    number,
    numbers,
    says,
    word,
)


class Rude:
    """Cannot even be printed."""

    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "came",
    [
        4,
        4.0,
        np.float32(4),
        np.array(4),
        np.array([4.0]),
        torch.tensor(4),
        torch.tensor([[4.0]], requires_grad=True),
        [4],
        (4.0,),
        torch.tensor(4.0, dtype=torch.float64),
    ],
)
def test_one_number_is_read_in_any_form(came):
    assert number(came, case="it") == 4.0


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ("4", "for it one number is wanted; '4' came"),
        (None, "one number is wanted; None came"),
        (True, "one number is wanted; True came"),
        ([4, 5], r"one number is wanted; \[4, 5\] came"),
        ([], r"one number is wanted; \[\] came"),
        (4j, "one number is wanted"),
        (Rude(), "something of the type Rude came"),
        (math.nan, "for it NaN, not a number, came out"),
        (torch.tensor(math.inf), "for it Infinity came out"),
        (int, "one number is wanted"),
    ],
)
def test_what_is_no_number_is_told_apart(came, said):
    with pytest.raises(NotYetError, match=said):
        number(came, case="it")


def test_numbers_have_the_shape_that_is_wanted():
    wanted = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    for came in ([[1, 2]], np.array([[1, 2]]), [torch.tensor([1.0, 2.0])]):
        assert torch.equal(numbers(came, (1, 2), case="it"), wanted)
    with pytest.raises(NotYetError, match=r"shape \(2,\) is wanted; \(1, 2\)"):
        numbers([[1, 2]], (2,), case="it")
    with pytest.raises(NotYetError, match="are wanted"):
        numbers([[1, 2], [3]], (2, 2), case="it")
    with pytest.raises(NotYetError, match="NaN"):
        numbers([1, math.nan], (2,), case="it")


def test_flags_are_bools_or_ones_and_zeros():
    wanted = torch.tensor([True, False])
    for came in ([True, False], [1, 0.0], np.array([True, False]), wanted):
        assert torch.equal(flags(came, (2,), case="it"), wanted)
    assert flags(np.bool_(True), (), case="it").item() is True
    for came in ([1, 2], "yes", None, [True]):
        with pytest.raises(NotYetError):
            flags(came, (2,), case="it")


def test_a_word_is_read_whatever_its_case():
    assert word(" Neither\n", ["neither"], case="it") == "neither"
    for came in ("both", None, 3, ["neither"]):
        with pytest.raises(NotYetError, match="one of 'neither' is wanted"):
            word(came, ["neither"], case="it")


def test_an_answer_is_asked_and_cannot_spoil_what_it_is_given():
    given = torch.tensor([1.0, 2.0])
    assert called(lambda x: x.sum(), given, case="it") == 3
    with pytest.raises(NotYetError, match="changes what it was given"):
        called(lambda x: x.mul_(2), given, case="it")
    with pytest.raises(NotYetError, match="changes what it was given"):
        called(lambda x: x.append(1) or 3, [1], case="it")
    assert given.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (3, "a function is wanted here; 3 came"),
        (lambda: None, "for it your function returns nothing"),
        (lambda: 1 / 0, "your function stops. ZeroDivisionError: division"),
        (lambda x: x, "your function stops. TypeError"),
    ],
)
def test_an_answer_that_gives_nothing_is_told_why(answer, said):
    with pytest.raises(NotYetError, match=said):
        called(answer, case="it")


def test_an_answer_that_acts_need_return_nothing():
    values = torch.zeros(2)
    acted(lambda x: x.fill_(1), values, case="it")
    assert values.tolist() == [1.0, 1.0]
    acted(lambda x: None, values, case="it")
    with pytest.raises(NotYetError, match=r"stops\. ValueError: no"):
        acted(lambda: (_ for _ in ()).throw(ValueError("no")), case="it")


def test_a_wrong_number_names_case_wanted_and_given():
    expect([1, 2.00009], [1.0, 2.0], case="it")
    for came, wanted in ((3.5, 4.0), ([1, 3], [1, 2])):
        with pytest.raises(NotYetError) as missing:
            expect(came, wanted, case="five stars", hint="Count again.")
        said = f"{in_short(wanted)} is wanted; {in_short(came)} came. Count"
        assert f"for five stars {said}" in str(missing.value)


def test_a_known_mistake_is_found_but_never_where_one_is_no_number():
    mistakes = {"a root": 2.0, "NaN": math.nan, "flags": [True, False]}
    assert known_mistake(torch.tensor(2.0004), mistakes) == "a root"
    assert known_mistake([True, False], mistakes) == "flags"
    assert known_mistake(2.1, mistakes) == known_mistake(math.nan, mistakes)
    assert known_mistake(2.1, mistakes) == known_mistake("2", mistakes) == ""
    assert known_mistake([2.0, 2.0], mistakes) == ""


def test_a_check_passes_or_says_why_and_never_raises():
    @says
    def check(answer):
        if answer == 3:
            raise NotYetError("word " * 40)
        if answer == 4:
            raise KeyError("x")
        torch.rand(1)

    assert check(1) == "Pass."
    assert check(3).startswith("Not yet: word")
    assert max(map(len, check(3).splitlines())) <= 76
    assert check(4) == "Not yet: the check cannot read it. KeyError: 'x'"
    torch.manual_seed(0)
    check(1)
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(1), drawn)


def test_anything_is_written_in_a_short_line():
    assert in_short(torch.tensor([1.0, 2.00004, -0.0])) == "[1, 2, 0]"
    assert len(in_short(list(range(1_000)))) == 90
    assert in_short("two\n lines") == "'two\\n lines'"
    assert in_short(Rude()) == "something of the type Rude"
