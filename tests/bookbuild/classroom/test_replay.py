"""What an answer gives is written down, and read without its code."""

import json
import math

import numpy as np
import pytest
import torch

from bookbuild.classroom import replay


def through(value):
    """Note what a function gives, and play it."""
    notes = {}
    answer = replay.listened_to({"f": lambda: value}, notes)
    assert answer["f"]() is value
    return replay.played(replay.as_text(notes))["f"]()


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "clears",
        3,
        0.1,
        math.inf,
        [1, [2.5, "a"]],
        (None, (False,)),
        {1, 2},
        {"recall": 0.1, 2: [3]},
    ],
    ids=repr,
)
def test_plain_values_come_back_as_they_were(value):
    came = through(value)
    assert came == value
    assert type(came) is type(value)


@pytest.mark.parametrize("kind", ["float32", "float64", "int64", "bool"])
def test_tables_come_back_to_the_bit(kind):
    table = (torch.arange(6.0).reshape(2, 3) / 3).to(getattr(torch, kind))
    came = through(table)
    assert came.dtype == table.dtype
    assert torch.equal(came, table)
    came = through(table.numpy())
    assert came.dtype == table.numpy().dtype
    assert np.array_equal(came, table.numpy())
    assert through(torch.zeros(0, 4)).shape == (0, 4)
    words = np.array(["clears", "adds up"])
    assert through(words).tolist() == words.tolist()


def test_a_gradient_does_not_come_along_and_what_is_no_number_does():
    came = through(torch.tensor([1.0, math.nan], requires_grad=True))
    assert not came.requires_grad
    assert came.isnan().tolist() == [False, True]
    assert isinstance(through(np.float32(0.1)), np.float32)


def test_calls_are_played_in_their_order_and_no_more_of_them():
    notes = {}
    answer = replay.listened_to({"f": lambda x: 2 * x, "word": "b"}, notes)
    assert [answer["f"](each) for each in (1, 3)] == [2, 6]
    played = replay.played(replay.as_text(notes))
    assert [played["f"](None) for _ in range(2)] == [2, 6]
    assert played["word"] == "b"
    with pytest.raises(StopIteration):
        played["f"](None)


@pytest.mark.parametrize(
    "answer",
    [
        torch.nn.Linear,
        torch.nn.Linear(1, 1),
        lambda: torch.nn.Linear(1, 1),
        lambda: [object()],
        lambda: torch.zeros(replay.MOST_VALUES + 1),
        lambda: "x" * replay.LONGEST,
        object(),
    ],
    ids=[
        "class",
        "model",
        "gives-a-model",
        "gives-an-object",
        "table",
        "text",
        "object",
    ],
)
def test_of_what_is_no_data_or_too_much_nothing_is_written(answer):
    notes = {}
    listening = replay.listened_to({"f": answer}, notes)["f"]
    if notes["f"][0] == "calls":
        listening()
    assert replay.as_text(notes) == ""


@pytest.mark.parametrize(
    "noted",
    [
        ["array", [1], "O", [1]],
        ["array", [1], "V1000000000", [1]],
        ["array", ["a"], "U1000000000", [1]],
        ["array", [1], "<f4", [1 << 40]],
        ["tensor", [1], "no kind", [1]],
        ["no kind", 1],
        [],
    ],
)
def test_what_somebody_made_up_is_refused(noted):
    with pytest.raises((ValueError, TypeError, IndexError)):
        replay.played(json.dumps({"x": ["data", [noted]]}))
