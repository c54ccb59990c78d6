"""Refuses what no function can use, in the words of its caller.

One check for each kind of argument, so that a mistake is told in the same
words wherever it is made.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Sequence, Sized
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

# What to give, by the name of the class that a function takes.
_WANTED = {
    "Tensor": "torch.Tensor: torch.as_tensor makes one of a list or an array",
    "Module": "model, a torch.nn.Module",
    "Callable": "function",
    "Mapping": "mapping, such as a dict",
    "dtype": "torch.dtype, such as torch.int16",
    "Iterable": "list, or another collection",
    "Collection": "list, or another collection",
    "Sequence": "list",
    "SearchedTitle": "title that recslib.titles.searched made ready",
    "Ratings": "recslib.ratings.Ratings, such as recslib.movielens.load()"
    ".ratings",
    "DataSet": "recslib.tables.DataSet: recslib.movielens.load makes one",
    "Split": "recslib.splits.Split: recslib.splits.random_split makes one",
    "Sequences": "recslib.sequences.Sequences: "
    "recslib.sequences.cut_histories makes them",
    "Examples": "recslib.training.Examples, such as Examples((ratings.users, "
    "ratings.items), ratings.ratings)",
    "Optimizer": "PyTorch optimizer, such as torch.optim.SGD("
    "model.parameters(), lr=0.01)",
    "Heard": "recslib.lists.Heard: recslib.lists.hear makes one",
    "SideFeatures": "recslib.features.SideFeatures: "
    "recslib.features.side_features makes them",
    "Person": "recslib.recommend.Person: recslib.recommend.fold_in makes one",
    "Stranger": "recslib.sampling.Stranger: recslib.sampling.fold_in makes "
    "one",
}
# Quotation marks that stand at both ends of a path.
_QUOTED = ("''", '""', "``", "\u2018\u2019", "\u201c\u201d", "\u00ab\u00bb")


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
    if not _is_whole(seed) or not 0 <= seed < 2**63:
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
    if not _is_whole(value) or value < least:
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
    most: float = math.inf,
) -> None:
    """Refuse what is no finite number, or one that is out of range.

    Parameters
    ----------
    value
        What was given.
    name
        Of the argument.
    least, above
        The smallest that will do; what it has to be more than.
    most
        The largest that will do.

    Raises
    ------
    ValueError
        Names the argument.
    """
    if (
        not isinstance(value, Real)
        or isinstance(value, bool)
        or not math.isfinite(value)
        or value < least
        or value <= above
        or value > most
    ):
        bound = ""
        if least > -math.inf:
            bound = f", not below {least:g}"
        if above > -math.inf:
            bound = f", above {above:g}"
        if most < math.inf:
            bound += f" and at most {most:g}"
        raise ValueError(f"{name} is {value!r}; give a finite number{bound}.")


def check_flag(value: object, name: str) -> None:
    """Refuse what is neither True nor False: a text counts as True.

    Parameters
    ----------
    value
        What was given.
    name
        Of the argument.

    Raises
    ------
    ValueError
        Names the argument.
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} is {value!r}; give True or False.")


def check_choice(value: object, name: str, choices: Sequence[str]) -> None:
    """Refuse what is none of a few words.

    Parameters
    ----------
    value
        What was given.
    name
        Of the argument.
    choices
        The words, two at least.

    Raises
    ------
    ValueError
        Names the argument and the words.
    """
    if not isinstance(value, str) or value not in choices:
        words = [repr(each) for each in choices]
        raise ValueError(
            f"{name} is {value!r}; give {', '.join(words[:-1])} or "
            f"{words[-1]}."
        )


def check_text(value: object, name: str) -> None:
    """Refuse what is no text.

    Parameters
    ----------
    value
        What was given.
    name
        Of the argument.

    Raises
    ------
    ValueError
        Names the argument.
    """
    if not isinstance(value, str):
        raise ValueError(f"{name} is {value!r}; give a text.")


def check_path(value: object, name: str) -> None:
    """Refuse what is no path.

    Parameters
    ----------
    value
        What was given.
    name
        Of the argument.

    Raises
    ------
    ValueError
        Names the argument.
    """
    if not isinstance(value, str | os.PathLike):
        raise ValueError(
            f"{name} is {value!r}; give a path: a text, or a pathlib.Path."
        )


def is_quoted(path: Path) -> bool:
    """Tell whether a path that is not there has quotation marks at its ends.

    A path that is copied with its quotation marks has them in its name.
    """
    text = str(path)
    try:
        return text[:1] + text[-1:] in _QUOTED and not path.exists()
    except (OSError, ValueError):
        return False


def check_takes(function: object, name: str, *handed: str) -> None:
    """Refuse a function that cannot be called with what it is handed.

    Parameters
    ----------
    function
        One of the caller's own; of a class, what makes one.
    name
        What it is called.
    *handed
        What it is called with, in order. A function that is not written in
        Python may not tell what it takes: it is not refused.

    Raises
    ------
    ValueError
        Says what it takes, and what it is handed.
    """
    check_kind(function, Callable, name)
    try:
        takes = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        takes.bind(*handed)
    except TypeError as error:
        raise ValueError(
            f"{name} takes ({', '.join(takes.parameters)}) and is called "
            f"with ({', '.join(handed)}): {error}. Give one that takes these."
        ) from error


def check_kind(value: object, kind: type, name: str) -> None:
    """Refuse what is of another class than a function takes.

    Parameters
    ----------
    value
        What was given.
    kind
        The class.
    name
        Of the argument.

    Raises
    ------
    ValueError
        Says of which class it is, and how to come by one that will do.
    """
    if not isinstance(value, kind):
        came = type(value).__name__
        if isinstance(value, type):
            came = f"the class {value.__name__}"
        wanted = _WANTED.get(kind.__name__, kind.__name__)
        raise ValueError(f"{name} came as {came}; give a {wanted}.")


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
    check_kind(values, Tensor, name)


def check_table(
    table: object,
    name: str,
    *,
    n_columns: int | None = None,
    dtype: torch.dtype | None = None,
    floating: bool = False,
) -> None:
    """Refuse what is no table of rows and columns.

    Parameters
    ----------
    table
        What was given.
    name
        What it holds, in the plural.
    n_columns
        How many it must have; None for any number.
    dtype
        What it must hold; None for any kind of number.
    floating
        Whether whole numbers and flags will not do.

    Raises
    ------
    ValueError
        Says its shape, or what it holds.
    """
    check_tensor(table, name)
    if table.ndim != 2 or n_columns not in (None, table.shape[1]):
        columns = "columns" if n_columns is None else n_columns
        raise ValueError(
            f"{name} have the shape {tuple(table.shape)}; give a table, "
            f"(rows, {columns})."
        )
    if floating and not table.is_floating_point():
        dtype = torch.float32
    if dtype not in (None, table.dtype):
        raise ValueError(
            f"{name} hold {table.dtype}; give {dtype}: Tensor.to({dtype}) "
            f"makes them so."
        )


def check_same_shape(**parts: Tensor) -> None:
    """Refuse tensors that belong together and have different shapes.

    Parameters
    ----------
    **parts
        Tensors, by name.

    Raises
    ------
    ValueError
        Says which shape each has.
    """
    for name, part in parts.items():
        check_tensor(part, name)
    if len({part.shape for part in parts.values()}) > 1:
        said = " and ".join(
            f"{name} of {tuple(part.shape)}" for name, part in parts.items()
        )
        raise ValueError(f"there are {said}; give each the same shape.")


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
    check_kind(model, nn.Module, "model")
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


def check_row(row: object, n_rows: int, what: str) -> None:
    """Refuse an id of a data set in place of one row index.

    Parameters
    ----------
    row
        What was given.
    n_rows
        How many there are.
    what
        It is: ``"user"`` or ``"item"``.

    Raises
    ------
    RowError
        When it is no row index.
    """
    if not _is_whole(row) or not 0 <= row < n_rows:
        raise RowError(
            f"{what} is {row!r}; row indexes go from 0 to {n_rows - 1}. "
            f"Ratings.{what}_index finds one by its id."
        )


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


def check_rows_of_table(rows: object, n_rows: int) -> None:
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
    ValueError
        When the row indexes are no tensor of whole numbers.
    """
    check_tensor(rows, "row indexes")
    if rows.dtype not in (torch.int64, torch.int32):
        raise ValueError(
            f"row indexes hold {rows.dtype}; give them as torch.int64."
        )
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


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _length(things: object, name: str) -> int:
    # A tensor of no dimension has a length for Python, and none in truth.
    is_one = isinstance(things, Tensor) and things.ndim == 0
    if is_one or not isinstance(things, Sized):
        shown = "one number" if is_one else type(things).__name__
        raise ValueError(f"{shown} came for {name}; give a sequence of them.")
    return len(things)


def _range(n_rows: int) -> str:
    return f"from 0 to {n_rows - 1}" if n_rows else "so no row at all"
