"""Notes what an answer gives, so that its check can be asked again without it.

Where an answer is data, or a function that gives data, all that a check learns
of it can be written down. Whoever reads that runs no code of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

LONGEST = 1 << 23  # letters of all that an answer gave
MOST_VALUES = 100_000  # of a table
KINDS = "biufU"  # of NumPy's, that are noted: numbers and texts
LARGEST = 16  # bytes of a number


class NoDataError(TypeError):
    """Something that is no data: a model, a function, a table of objects."""


def listened_to(
    answer: Mapping[str, object], notes: dict[str, list]
) -> dict[str, object]:
    """Return an answer whose functions note what they give.

    Parameters
    ----------
    answer
        Objects by name. Classes and models stay as they are.
    notes
        Is filled, by name, as the answer is used.
    """
    listening: dict[str, object] = {}
    for name, value in answer.items():
        listening[name] = value
        if isinstance(value, type | nn.Module):
            notes[name] = ["nothing", None]
        elif callable(value):
            calls: list[object] = []
            notes[name] = ["calls", calls]
            listening[name] = _listened_to(value, calls)
        else:
            notes[name] = ["data", _noted(value)]
    return listening


def _listened_to(
    function: Callable[..., object], calls: list[object]
) -> Callable[..., object]:
    def listening(*given: object, **named: object) -> object:
        came = function(*given, **named)
        calls.append(_noted(came))
        return came

    return listening


def as_text(notes: Mapping[str, list]) -> str:
    """Write notes down; nothing where they do not say all, or are too long."""
    for how, noted in notes.values():
        lacks = noted is None or (how == "calls" and None in noted)
        if lacks:
            return ""
    text = json.dumps(notes, separators=(",", ":"))
    return text if len(text) <= LONGEST else ""


def played(text: str) -> dict[str, object]:
    """Return objects that give what was noted, in the same order.

    Parameters
    ----------
    text
        Of `as_text`, or whatever somebody made up: no code is run for it.

    Raises
    ------
    ValueError, TypeError, KeyError
        Where it is none.
    """
    answer: dict[str, object] = {}
    for name, (how, noted) in json.loads(text).items():
        answer[name] = _plays(noted) if how == "calls" else _read(*noted)
    return answer


def _plays(calls: Iterable[list]) -> Callable[..., object]:
    left = iter(calls)

    def playing(*_given: object, **_named: object) -> object:
        return _read(*next(left))

    return playing


def _noted(value: object) -> list | None:
    """Write a value as a list of one; None where it is no data."""
    try:
        return [_as_lists(value)]
    except Exception:  # whatever it is, it is no data
        return None


_MANY = {"list": list, "tuple": tuple, "set": set}


def _as_lists(value: object) -> object:
    """Write a value as JSON has it: what JSON lacks is a list, kind first."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Tensor):
        return ["tensor", *_table(value.detach().cpu().numpy())]
    if isinstance(value, np.ndarray | np.generic):
        return ["array", *_table(np.asarray(value))]
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        pairs = [[_as_lists(k), _as_lists(v)] for k, v in value.items()]
        return ["dict", pairs]
    for kind, of in (("tuple", tuple), ("set", set | frozenset)):
        if isinstance(value, of):
            return [kind, [_as_lists(each) for each in value]]
    if isinstance(value, list | type({}.keys()) | type({}.values())):
        return ["list", [_as_lists(each) for each in value]]
    return ["array", *_table(np.asarray(value))]


def _table(array: np.ndarray) -> tuple[list, str, list[int]]:
    kind = array.dtype.kind
    if kind not in KINDS or array.size > MOST_VALUES:
        raise NoDataError(f"{array.dtype} x {array.size} is not noted.")
    of = "U" if kind == "U" else array.dtype.str  # texts are as long as needed
    return array.ravel().tolist(), of, list(array.shape)


def _read(noted: object) -> object:
    if not isinstance(noted, list):
        return noted
    kind, value, *of = noted
    if kind in _MANY:
        return _MANY[kind](_read(each) for each in value)
    if kind == "dict":
        return {_read(key): _read(each) for key, each in value}
    dtype, shape = np.dtype(of[0]), of[1]
    if dtype.kind not in KINDS or dtype.itemsize > LARGEST:
        raise NoDataError(f"{dtype} is not noted.")
    array = np.array(value, dtype=dtype).reshape(shape)
    return torch.from_numpy(array) if kind == "tensor" else array[()]
