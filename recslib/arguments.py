"""Refuses what no function can use, in the words of its caller.

One check for each kind of argument, so that a mistake is told in the same
words wherever it is made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized
from numbers import Integral, Real

import torch
from torch import Tensor, nn


class RowError(ValueError, IndexError):
    """A row index that no table has.

    An `IndexError`, as PyTorch raises for it, and a `ValueError`, as all
    other arguments that cannot be.
    """


def check_seed(seed: object) -> None:
    """Refuse what cannot start a random generator.

    Parameters
    ----------
    seed
        A whole number from 0 up, below 2**63: PyTorch and NumPy both take
        those.

    Raises
    ------
    ValueError
        When it is something else.
    """
    if not isinstance(seed, Integral) or not 0 <= seed < 2**63:
        raise ValueError(
            f"seed is {seed!r}; give a whole number from 0 up, such as "
            f"seed=0: the same seed gives the same bits."
        )


def check_count(value: object, name: str, least: int = 1) -> None:
    """Refuse what is no whole number, or too small a one.

    Parameters
    ----------
    value
        What was given.
    name
        Of the argument.
    least
        The smallest that will do.

    Raises
    ------
    ValueError
        Names the argument.
    """
    if not isinstance(value, Integral) or value < least:
        raise ValueError(
            f"{name} is {value!r}; give a whole number, not below {least}."
        )


def check_batch_size(batch_size: object) -> None:
    """Refuse a batch that holds nothing, as `check_count` does."""
    check_count(batch_size, "batch_size")


def check_number(
    value: object,
    name: str,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
) -> None:
    """Refuse what is no finite number, or too small a one.

    Parameters
    ----------
    value
        What was given.
    name
        Of the argument.
    least, above
        The smallest that will do; what it has to be more than.

    Raises
    ------
    ValueError
        Names the argument.
    """
    if (
        not isinstance(value, Real)
        or not math.isfinite(value)
        or value < least
        or value <= above
    ):
        bound = ""
        if least > -math.inf:
            bound = f", not below {least:g}"
        if above > -math.inf:
            bound = f", above {above:g}"
        raise ValueError(f"{name} is {value!r}; give a finite number{bound}.")


def check_tensor(values: object, name: str) -> None:
    """Refuse what is no tensor: a list, an array, None.

    Parameters
    ----------
    values
        What was given.
    name
        What they are called, in the plural.

    Raises
    ------
    ValueError
        Says what came.
    """
    if not isinstance(values, Tensor):
        raise ValueError(
            f"{name} came as {type(values).__name__}; give a torch.Tensor: "
            f"torch.as_tensor makes one of a list or an array."
        )


def check_finite(values: Tensor, name: str) -> None:
    """Refuse numbers that are missing or infinite.

    Parameters
    ----------
    values
        Of any shape and kind.
    name
        What they are called, in the plural.

    Raises
    ------
    ValueError
        Counts those that are NaN or infinite.
    """
    check_tensor(values, name)
    n_bad = int((~torch.isfinite(values)).sum())
    if n_bad:
        raise ValueError(
            f"{n_bad:,} of {values.numel():,} {name} are NaN or infinite; "
            f"mend them, or leave them out."
        )


def check_finite_model(
    model: nn.Module, parts: Sequence[str] | None = None
) -> None:
    """Refuse a model with a weight, or a mean, that is NaN or infinite.

    Parameters
    ----------
    model
        Fitted.
    parts
        Names of its parts to look at, beside its mean; None for all.

    Raises
    ------
    ValueError
        Names the first table that is spoilt, or says what its mean is.
    """
    for name, weights in model.named_parameters():
        if parts is None or name.partition(".")[0] in parts:
            check_finite(weights, f"weights of the model's {name}")
    mean = getattr(model, "mean", None)
    if isinstance(mean, Tensor) and mean.numel() == 1:
        mean = mean.item()
    if isinstance(mean, Real) and not math.isfinite(mean):
        raise ValueError(
            f"the model's mean is {mean!r}; fit it to ratings that are all "
            f"finite numbers."
        )


def check_some(things: Sized, name: str) -> None:
    """Refuse an empty collection.

    Parameters
    ----------
    things
        Ratings, people, values: whatever has a length.
    name
        What they are called, in the plural, and what they are for.

    Raises
    ------
    ValueError
        When there is nothing.
    """
    if _length(things, name) == 0:
        raise ValueError(f"there are no {name}; give one at least.")


def check_rows(rows: Tensor, n_rows: int, what: str) -> None:
    """Refuse ids of a data set in place of row indexes.

    Parameters
    ----------
    rows
        int64, of any shape.
    n_rows
        How many there are.
    what
        They are: ``"user"`` or ``"item"``.

    Raises
    ------
    RowError
        When something is no row index; names the first.
    """
    check_tensor(rows, f"{what}s")
    if rows.dtype not in (torch.int64, torch.int32) and rows.numel():
        raise ValueError(
            f"{what}s hold {rows.dtype}; give row indexes, of torch.int64."
        )
    bad = rows[(rows < 0) | (rows >= n_rows)]
    if bad.numel():
        raise RowError(
            f"{bad.numel():,} of {rows.numel():,} {what}s are no rows: row "
            f"index {bad[0].item()}, and there are {n_rows:,} {what}s, "
            f"{_range(n_rows)}. An id of a data set becomes a row index by "
            f"Ratings.{what}_index."
        )


def check_rows_of_table(rows: Tensor, n_rows: int) -> None:
    """Say what is wrong with row indexes that a table has refused.

    Parameters
    ----------
    rows
        What was looked up.
    n_rows
        How many rows the table has.

    Raises
    ------
    RowError
        When something is no row index; nothing happens where all are.
    """
    bad = rows[(rows < 0) | (rows >= n_rows)]
    if bad.numel():
        raise RowError(
            f"row index {bad[0].item()} is looked up in a table of {n_rows:,} "
            f"rows, {_range(n_rows)}. An id of a data set becomes a row "
            f"index by Ratings.user_index or Ratings.item_index."
        )


def check_same_length(**parts: Sized) -> None:
    """Refuse parts that belong together and have different lengths.

    Parameters
    ----------
    **parts
        What has a length, by name.

    Raises
    ------
    ValueError
        Says how long each is.
    """
    sizes = {name: _length(part, name) for name, part in parts.items()}
    if len(set(sizes.values())) > 1:
        said = " and ".join(f"{size:,} {name}" for name, size in sizes.items())
        raise ValueError(f"there are {said}; give as many of each.")


def check_clip(clip: object) -> None:
    """Refuse limits between which nothing can be cut.

    Parameters
    ----------
    clip
        Lowest and highest star, or None.

    Raises
    ------
    ValueError
        When these are not two finite numbers, the lower one first.
    """
    if clip is None:
        return
    ends = list(clip) if isinstance(clip, Sequence | Tensor) else []
    ends = [end.item() if isinstance(end, Tensor) else end for end in ends]
    sound = len(ends) == 2 and all(
        isinstance(end, Real) and math.isfinite(end) for end in ends
    )
    if not sound or ends[0] > ends[1]:
        raise ValueError(
            f"clip is {clip!r}; give two finite numbers, the lowest star "
            f"first, such as ratings.scale."
        )


def explain_rows(
    model: nn.Module, inputs: Sequence[Tensor], *, sure: bool = False
) -> None:
    """Say which input holds no row of a model, once PyTorch has refused it.

    Parameters
    ----------
    model
        What was asked.
    inputs
        What it was asked about: users first, then items, where it has
        tables of those names.
    sure
        Whether it was a row index that was refused.

    Raises
    ------
    RowError
        When an input is out of range; nothing happens where none is.
    """
    tables = {
        name: part.num_embeddings
        for name, part in model.named_modules()
        if isinstance(part, nn.Embedding)
    }
    rows = [part for part in inputs if not part.is_floating_point()]
    if {"user_factors", "item_factors"} <= set(tables) and len(inputs) > 1:
        check_rows(inputs[0], tables["user_factors"], "user")
        check_rows(inputs[1], tables["item_factors"], "item")
    largest = max(
        (int(part.max()) for part in rows if part.numel()), default=0
    )
    lowest = min((int(part.min()) for part in rows if part.numel()), default=0)
    bound = min if sure else max
    if tables and (lowest < 0 or largest >= bound(tables.values())):
        sizes = ", ".join(f"{name} {n:,}" for name, n in tables.items())
        raise RowError(
            f"the inputs hold row indexes from {lowest} to {largest}, and "
            f"the model's tables have these rows: {sizes}. An id of a data "
            f"set becomes a row index by Ratings.user_index and "
            f"Ratings.item_index."
        )


def _length(things: object, name: str) -> int:
    # A tensor of no dimension has a length for Python, and none in truth.
    is_one = isinstance(things, Tensor) and things.ndim == 0
    if is_one or not isinstance(things, Sized):
        shown = "one number" if is_one else type(things).__name__
        raise ValueError(f"{shown} came for {name}; give a sequence of them.")
    return len(things)


def _range(n_rows: int) -> str:
    return f"from 0 to {n_rows - 1}" if n_rows else "so no row at all"
