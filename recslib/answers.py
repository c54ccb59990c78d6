"""Reads what a reader's answer gives, in any natural form, and judges it."""

from __future__ import annotations

import copy
import functools
import math
import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

WIDTH = 76  # of a printed line
THREE_PLACES = 1e-3  # what is rounded so is near enough
LONGEST = 90  # letters of something that came, in a message


class NotYetError(Exception):
    """What is wrong with an answer, in a sentence that helps."""


def says(judge: Callable[..., None]) -> Callable[..., str]:
    """Make a check of a function that raises `NotYetError`.

    The check returns ``"Pass."``, or ``"Not yet: "`` and the sentence, in
    lines of 76 letters. It never raises, whatever the answer is or does, and
    it leaves PyTorch's global random numbers as they were.

    Parameters
    ----------
    judge
        Takes the answer, and what else it needs. Returns nothing where the
        answer is right.
    """

    @functools.wraps(judge)
    def check(*answers: object, **settings: object) -> str:
        with torch.random.fork_rng(devices=[]):
            try:
                judge(*answers, **settings)
            except NotYetError as missing:
                said = f"Not yet: {missing}"
            except Exception as error:  # an answer may be or do anything
                said = f"Not yet: the check cannot read it. {_raised(error)}"
            else:
                said = "Pass."
        return textwrap.fill(said, WIDTH)

    return check


def called(
    answer: object, *inputs: object, case: str, **named: object
) -> object:
    """Ask an answer, which is a function, about a case.

    Parameters
    ----------
    answer
        What the reader wrote.
    inputs, named
        What it is given: copies, so that it cannot spoil them.
    case
        The same in words: ``"the stars [5, 4]"``.

    Returns
    -------
    object
        What came, and it is not None.

    Raises
    ------
    NotYetError
        When the answer is no function, raises, returns nothing, or changes
        what it was given.
    """
    if not callable(answer):
        raise NotYetError(
            f"a function is wanted here; {in_short(answer)} came."
        )
    given = copy.deepcopy((inputs, named))
    try:
        came = answer(*given[0], **given[1])
    except NotYetError:
        raise
    except Exception as error:
        raise NotYetError(
            f"for {case} your function stops. {_raised(error)}"
        ) from None
    if came is None:
        raise NotYetError(f"for {case} your function returns nothing.")
    if not _unchanged((inputs, named), given):
        raise NotYetError(
            f"for {case} your function changes what it was given. Work on a "
            f"copy: `x = x.clone()`."
        )
    return came


def number(came: object, *, case: str) -> float:
    """Read one number: int, float, NumPy's, or a tensor that holds one.

    Parameters
    ----------
    came
        What an answer gave.
    case
        What it was asked, in words.

    Raises
    ------
    NotYetError
        When it is not one number, or not finite; says what came.
    """
    read = _as_numbers(came)
    if read is None or read.numel() != 1:
        raise NotYetError(
            f"for {case} one number is wanted; {in_short(came)} came."
        )
    return _finite(read, case).item()


def numbers(came: object, shape: Sequence[int], *, case: str) -> Tensor:
    """Read numbers: lists, tuples, NumPy arrays or tensors, of any dtype.

    Parameters
    ----------
    came
        What an answer gave.
    shape
        How many are wanted, in each dimension.
    case
        What it was asked, in words.

    Returns
    -------
    Tensor
        Of the shape, float64.

    Raises
    ------
    NotYetError
        When they are no numbers, not finite, or of another shape; says what
        came.
    """
    read, shape = _as_numbers(came), tuple(shape)
    if read is None:
        raise NotYetError(
            f"for {case} numbers of the shape {shape} are wanted; "
            f"{in_short(came)} came."
        )
    if tuple(read.shape) != shape:
        raise NotYetError(
            f"for {case} the shape {shape} is wanted; {tuple(read.shape)} "
            f"came."
        )
    return _finite(read, case)


def flags(came: object, shape: Sequence[int], *, case: str) -> Tensor:
    """Read True and False: bools, or the numbers 1 and 0, in any form.

    Parameters
    ----------
    came, shape, case
        As in `numbers`; the shape ``()`` is a single flag.

    Returns
    -------
    Tensor
        Of the shape, bool.

    Raises
    ------
    NotYetError
        When they are no flags, or of another shape; says what came.
    """
    read, shape = _as_numbers(came, kinds="biuf"), tuple(shape)
    if read is None or not torch.isin(read, torch.tensor([0.0, 1.0])).all():
        raise NotYetError(
            f"for {case} True and False are wanted; {in_short(came)} came."
        )
    if shape == () and read.numel() == 1:
        read = read.reshape(())
    if tuple(read.shape) != shape:
        raise NotYetError(
            f"for {case} the shape {shape} is wanted; {tuple(read.shape)} "
            f"came."
        )
    return read.bool()


def word(came: object, known: Sequence[str], *, case: str) -> str:
    """Read one of some words, in any case, with or without spaces around it.

    Parameters
    ----------
    came
        What an answer gave.
    known
        The words to choose from, in small letters.
    case
        What it was asked, in words.

    Raises
    ------
    NotYetError
        When it is none of them; lists them.
    """
    told = came.strip().lower() if isinstance(came, str) else None
    if told not in known:
        choice = ", ".join(repr(each) for each in known)
        raise NotYetError(
            f"for {case} one of {choice} is wanted; {in_short(came)} came."
        )
    return told


def expect(
    came: object,
    wanted: object,
    *,
    case: str,
    tolerance: float = 1e-4,
    hint: str = "",
) -> None:
    """Hold what came against what is wanted, number by number.

    Parameters
    ----------
    came
        What an answer gave: a number where ``wanted`` is one, otherwise
        numbers of its shape.
    wanted
        The right answer.
    case
        What was asked, in words.
    tolerance
        Largest difference that still is right, absolute.
    hint
        A sentence more, for who is wrong.

    Raises
    ------
    NotYetError
        Names the case, what is wanted and what came.
    """
    right = _as_numbers(wanted)
    assert right is not None  # a check knows what it wants
    if right.numel() == 1 and right.ndim == 0:
        got = torch.tensor(number(came, case=case), dtype=right.dtype)
    else:
        got = numbers(came, right.shape, case=case)
    if (got - right).abs().max() > tolerance:
        raise NotYetError(
            f"for {case} {in_short(wanted)} is wanted; {in_short(came)} came."
            f"{' ' * bool(hint)}{hint}"
        )


def known_mistake(
    came: object,
    mistakes: Mapping[str, object],
    tolerance: float = THREE_PLACES,
) -> str:
    """Find a mistake that gives what came.

    Parameters
    ----------
    came
        What an answer gave.
    mistakes
        From a hint to what the mistake gives: numbers or flags.
    tolerance
        Largest difference that counts as the same, absolute.

    Returns
    -------
    str
        The first hint whose mistake gives the same, or ``""``.
    """
    got = _as_numbers(came, kinds="biuf")
    for hint, gives in mistakes.items():
        mistaken = _as_numbers(gives, kinds="biuf")
        if got is None or mistaken is None or got.numel() != mistaken.numel():
            continue
        if got.numel() > 1 and got.shape != mistaken.shape:
            continue
        apart = (got.reshape(-1) - mistaken.reshape(-1)).abs()
        if bool((apart <= tolerance).all()):  # never where one is NaN
            return hint
    return ""


def agree(some: Tensor, others: Tensor) -> bool:
    """Say whether numbers agree to about three places."""
    return bool(((some - others).abs() <= THREE_PLACES).all())


def acted(answer: object, *inputs: object, case: str) -> None:
    """Have an answer act on its inputs themselves, whatever it returns.

    Raises
    ------
    NotYetError
        When it is no function, or raises.
    """
    if not callable(answer):
        called(answer, case=case)
    called(lambda: (answer(*inputs),), case=case)


def drawn_stars(chance: torch.Generator, n: int) -> Tensor:
    """Draw n whole stars, 1 to 5: (n,)."""
    return torch.randint(1, 6, (n,), generator=chance).float()


def drawn_integer(chance: torch.Generator, n: int) -> int:
    """Draw a whole number from 0 to n - 1."""
    return int(torch.randint(n, (), generator=chance))


def drawn_number(chance: torch.Generator, low: float, high: float) -> float:
    """Draw a number with two places."""
    share = torch.rand((), generator=chance).item()
    return round(low + share * (high - low), 2)


def in_short(came: object) -> str:
    """Write whatever came in a line of at most 90 letters."""
    read = _as_numbers(came, kinds="iuf")
    if read is None:
        try:
            line = " ".join(repr(came).split())
        except Exception:  # even a repr can be broken
            line = f"something of the type {type(came).__name__}"
    else:
        line = str(_rounded(read.tolist()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 3]}..."


def _as_numbers(came: object, kinds: str = "iuf") -> Tensor | None:
    """Read numbers of some NumPy kinds as float64; None: they are none."""
    try:
        if isinstance(came, list | tuple):
            if not came:
                return torch.zeros(0, dtype=torch.float64)
            parts = [_as_numbers(each, kinds) for each in came]
            return torch.stack(parts)
        if isinstance(came, Tensor):
            came = came.detach().cpu().numpy()
        array = np.asarray(came)
        if array.dtype.kind not in kinds:
            return None
        return torch.as_tensor(array.astype(np.float64))
    except Exception:  # whatever it was, it was no numbers
        return None


def _finite(read: Tensor, case: str) -> Tensor:
    if read.isfinite().all():
        return read
    what = "NaN, not a number," if read.isnan().any() else "Infinity"
    raise NotYetError(f"for {case} {what} came out.")


def _rounded(values: object) -> object:
    if isinstance(values, list):
        return [_rounded(each) for each in values]
    if not math.isfinite(values):
        return values
    value = round(values, 4) + 0.0  # and no -0.0
    return int(value) if value == int(value) else value


def _raised(error: Exception) -> str:
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said[:200]}"


def _unchanged(given: object, kept: object) -> bool:
    """Say whether two nests of inputs hold the same; what is no data does."""
    if isinstance(given, Tensor):
        return given.shape == kept.shape and torch.equal(
            given.nan_to_num(123.0), kept.nan_to_num(123.0)
        )
    if isinstance(given, np.ndarray):
        return np.array_equal(given, kept)
    if isinstance(given, dict):
        return given.keys() == kept.keys() and all(
            _unchanged(given[key], kept[key]) for key in given
        )
    if isinstance(given, list | tuple):
        return len(given) == len(kept) and all(map(_unchanged, given, kept))
    return not isinstance(given, int | float | str) or given == kept
