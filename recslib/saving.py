"""A fitted model in a folder: weights, names and settings, and no pickle.

A folder holds four files. ``model.json`` says which class the model is, how
large, what it was fitted with, and which three files belong to it: the
weights and the ratings in the format of safetensors, ids and titles as JSON.
These three carry a part of their SHA-256 in their names, and ``model.json``
is put in place last and at once. So whatever stops a `save`, the folder holds
the old model or the new one, whole.
"""

from __future__ import annotations

import json
import math
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from torch import Tensor, nn

import recslib
from recslib.arguments import check_finite_model, check_kind, check_path
from recslib.models import (
    BothSides,
    DenseNet,
    FeatureFactorization,
    LinearLists,
    ListAutoencoder,
    ListFactorization,
    ListLSTM,
    LSTMRating,
    MatrixFactorization,
    WithProduct,
)
from recslib.ratings import Ratings
from recslib.sampling import SampledFactorization, SamplingHistory
from recslib.whole import file_entry, file_fault, write_whole

# Raised when an older `load` could not read what `save` writes.
FORMAT = 1
MADE_BY = "recslib.saving"
DESCRIPTION = "model.json"
PARTS = {"weights": "safetensors", "ratings": "safetensors", "names": "json"}
# What `save` may clear away: its own files, and what was left half written.
_OURS = re.compile(
    r"(weights|ratings|names)-[0-9a-f]{16}\.(safetensors|json)(\.part)?"
    rf"|{re.escape(DESCRIPTION)}\.part"
)
_LOCK, _LOCK_SECONDS = ".lock", 60


class SavingError(ValueError):
    """A model that cannot be saved, or a folder that holds none in order."""


@dataclass(frozen=True, eq=False)
class Saved:
    """What a folder holds.

    Parameters
    ----------
    model
        In eval mode, on the CPU; its answers are the same bits.
    ratings
        As they were given to `save`: ids, titles, scale, and who rated what.
    settings
        As they were given to `save`.
    versions
        Of recslib, torch, numpy and Python, with which it was saved.
    """

    model: nn.Module
    ratings: Ratings
    settings: dict[str, Any]
    versions: dict[str, str]


# How each class is made ------------------------------------------------------


@dataclass(frozen=True)
class _Kind:
    """How to tell what a model was made with, and to make one so again."""

    arguments: Callable[[nn.Module], dict[str, Any]]
    make: Callable[[Callable[..., nn.Module], dict[str, Any]], nn.Module]


def _in_order(*names: str) -> Callable[..., nn.Module]:
    """Make a class by calling it with these arguments, in this order."""

    def make(kind: Callable[..., nn.Module], given: dict) -> nn.Module:
        return kind(*(given[name] for name in names))

    return make


def _of_tables(model: nn.Module) -> dict[str, Any]:
    n_users, n_factors = model.user_factors.weight.shape
    return {
        "n_users": n_users,
        "n_items": model.item_factors.weight.shape[0],
        "n_factors": n_factors,
    }


def _of_factorization(model: nn.Module) -> dict[str, Any]:
    return _of_tables(model) | {"mean": float(model.mean)}


def _of_feature_factorization(model: nn.Module) -> dict[str, Any]:
    n_features = len(model.feature_factors.weight)
    n_known = int(model.n_user_features)
    return _of_factorization(model) | {
        "n_user_features": n_known,
        "n_item_features": n_features - n_known,
    }


def _of_dense_net(model: nn.Module) -> dict[str, Any]:
    n_features = len(model.feature_factors.weight)
    return _of_factorization(model) | {"n_features": n_features}


def _of_lstm(model: nn.Module) -> dict[str, Any]:
    n_rows, n_factors = model.item_factors.weight.shape
    return {
        "n_items": n_rows - 1,  # without the padding
        "n_factors": n_factors,
        "n_hidden": model.lstm.hidden_size,
    }


def _make_lstm(kind: Callable[..., nn.Module], given: dict) -> nn.Module:
    shape = given["n_items"], given["n_factors"]
    return kind(torch.zeros(shape), given["n_hidden"])


def _of_autoencoder(model: nn.Module) -> dict[str, Any]:
    n_items, n_hidden = model.output.weight.shape
    return {"n_items": n_items, "n_hidden": n_hidden}


def _of_linear_lists(model: nn.Module) -> dict[str, Any]:
    n_heard, n_items = model.weights.shape
    return {"n_heard": n_heard, "n_items": n_items}


def _make_linear_lists(
    kind: Callable[..., nn.Module], given: dict
) -> nn.Module:
    return kind(torch.zeros(given["n_heard"], given["n_items"]))


def _of_sampler(model: nn.Module) -> dict[str, Any]:
    n_users, n_samples, size = model.users.shape
    n_features, n_directions = model.directions.shape
    history = asdict(model.history)
    # JSON knows no NaN.
    history["mean_rmse"] = [
        None if math.isnan(error) else error for error in history["mean_rmse"]
    ]
    return {
        "mean": float(model.mean),
        "sd": float(model.sd),
        "n_users": n_users,
        "n_items": model.items.shape[0],
        "n_samples": n_samples,
        "n_factors": size - 1,
        "n_features": n_features,
        "n_directions": n_directions,
        "history": history,
    }


def _make_sampler(kind: Callable[..., nn.Module], given: dict) -> nn.Module:
    n_users, n_items = given["n_users"], given["n_items"]
    n, size = given["n_samples"], given["n_factors"] + 1
    n_directions = given["n_directions"]
    history = dict(given["history"])
    history["mean_rmse"] = [
        math.nan if error is None else error for error in history["mean_rmse"]
    ]
    return kind(
        given["mean"],
        given["sd"],
        torch.zeros(n_users, n, size),
        torch.zeros(n_items, n, size),
        torch.zeros(n, size),
        torch.zeros(n, size, size),
        torch.zeros(n, n_directions, size),
        torch.zeros(n),
        torch.zeros(n_users, n),
        torch.zeros(n_items, n),
        torch.zeros(given["n_features"], n_directions),
        SamplingHistory(**history),
    )


_TABLES = ("n_users", "n_items", "n_factors")
_DENSE = _Kind(_of_dense_net, _in_order(*_TABLES, "mean", "n_features"))
_KINDS: dict[type[nn.Module], _Kind] = {
    MatrixFactorization: _Kind(_of_factorization, _in_order(*_TABLES, "mean")),
    FeatureFactorization: _Kind(
        _of_feature_factorization,
        _in_order(*_TABLES, "mean", "n_user_features", "n_item_features"),
    ),
    DenseNet: _DENSE,
    WithProduct: _DENSE,
    LSTMRating: _Kind(_of_lstm, _make_lstm),
    BothSides: _Kind(lambda model: _of_lstm(model.before), _make_lstm),
    SampledFactorization: _Kind(_of_sampler, _make_sampler),
    ListFactorization: _Kind(_of_tables, _in_order(*_TABLES)),
    ListAutoencoder: _Kind(_of_autoencoder, _in_order("n_items", "n_hidden")),
    ListLSTM: _Kind(_of_lstm, _in_order("n_items", "n_factors", "n_hidden")),
    LinearLists: _Kind(_of_linear_lists, _make_linear_lists),
}
_NAMED = {kind.__name__: kind for kind in _KINDS}


# Saving ----------------------------------------------------------------------


def save(
    folder: str | Path,
    model: nn.Module,
    ratings: Ratings,
    *,
    settings: Mapping[str, Any] | None = None,
    kind: type[nn.Module] | None = None,
) -> None:
    """Save a fitted model, with all that it takes to recommend by it.

    In place of an older model in the folder, if there is one: all or nothing.

    Parameters
    ----------
    folder
        Made where it is not there. Other files in it stay.
    model
        Fitted: one of the book's, or a class of your own.
    ratings
        What it was fitted to. Who rated what is saved too, for lists leave
        out what somebody knows. ``ratings.select([])`` keeps ids, titles and
        scale alone.
    settings
        What you want to know again: numbers, texts, lists and mappings.
    kind
        For a class of your own: the book's class that it is made and called
        like.

    Raises
    ------
    SavingError
        For a class of your own without ``kind``, settings that JSON does not
        have, ids that are neither whole numbers nor text, ratings of other
        users or items than the model's, and a folder that cannot be written
        to or belongs to something else.
    ValueError
        When an argument is of another class, or the model's mean is NaN.
    """
    check_path(folder, "folder")
    check_kind(model, nn.Module, "model")
    check_kind(ratings, Ratings, "ratings")
    if settings is not None:
        check_kind(settings, Mapping, "settings")
    check_finite_model(model, parts=())
    folder = Path(folder)
    kind, own = _kind_of(model, kind)
    arguments = _arguments(model, kind)
    _check_sizes(arguments, ratings)
    parts = {
        "weights": _packed(model.state_dict()),
        "ratings": _packed(_columns(ratings)),
        "names": _as_json(_names(ratings)),
    }
    description = {
        "made_by": MADE_BY,
        "format": FORMAT,
        "kind": kind.__name__,
        "own": own,
        "arguments": arguments,
        "scale": [float(star) for star in ratings.scale],
        "settings": _checked_settings(settings or {}),
        "versions": _versions(),
        "files": {
            part: file_entry(part, PARTS[part], data)
            for part, data in parts.items()
        },
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            if (folder / DESCRIPTION).exists():
                _described(folder)  # or it is something else's
            files = description["files"]
            for part, data in parts.items():
                write_whole(folder / files[part]["name"], data)
            write_whole(folder / DESCRIPTION, _as_json(description, 1))
            _clear_away(folder, {entry["name"] for entry in files.values()})
    except OSError as error:
        raise SavingError(
            f"{folder}: cannot be written to ({error.strerror or error}). "
            f"A model that it held is still there, whole. Give a folder that "
            f"is yours, on a disk with room."
        ) from error


def _kind_of(
    model: nn.Module, kind: type[nn.Module] | None
) -> tuple[type[nn.Module], str | None]:
    """Return the book's class, and the name of one's own if it is that."""
    of_model = type(model)
    if of_model in _KINDS and kind in (None, of_model):
        return of_model, None
    name = of_model.__name__
    if kind is None:
        example = name if name in _NAMED else "MatrixFactorization"
        raise SavingError(
            f"{name} (of {of_model.__module__}) is a class of your own, and "
            f"load could not tell how it is made. Where it is made and called "
            f"like one of the book's, say which: save(..., kind=models."
            f"{example}), and later load(folder, kind={name})."
        )
    if not isinstance(kind, type) or kind not in _KINDS:
        raise SavingError(
            f"kind is {kind!r}; give the book's class that {name} is made "
            f"like, one of {', '.join(_NAMED)}."
        )
    return kind, name


def _arguments(model: nn.Module, kind: type[nn.Module]) -> dict[str, Any]:
    try:
        return _KINDS[kind].arguments(model)
    except (AttributeError, ValueError, TypeError) as error:
        raise SavingError(
            f"{type(model).__name__} is not made like {kind.__name__}: "
            f"{error}. Keep the names and shapes of its tables in your class."
        ) from error


def _check_sizes(arguments: Mapping[str, Any], ratings: Ratings) -> None:
    """See that a model is one of these ratings' users and items."""
    there = {"n_users": ratings.n_users, "n_items": ratings.n_items}
    sizes = {name: arguments.get(name, there[name]) for name in there}
    if sizes != there:
        raise SavingError(
            f"the model has {sizes['n_users']:,} users and "
            f"{sizes['n_items']:,} items, the ratings {ratings.n_users:,} and "
            f"{ratings.n_items:,}; give those that it was fitted to."
        )


def _packed(tensors: Mapping[str, Tensor]) -> bytes:
    """Write tensors down; a copy of each, for safetensors shares none."""
    odd = [name for name in tensors if not isinstance(tensors[name], Tensor)]
    if odd:
        raise SavingError(
            f"{', '.join(odd)} of the model's state is no tensor. Keep what "
            f"it needs to predict in parameters and buffers."
        )
    return safetensors.torch.save(
        {
            name: tensor.detach().cpu().contiguous().clone()
            for name, tensor in tensors.items()
        }
    )


def _columns(ratings: Ratings) -> dict[str, Tensor]:
    columns = {
        "users": ratings.users.int(),
        "items": ratings.items.int(),
        "ratings": ratings.ratings,
    }
    if ratings.timestamps is not None:
        columns["timestamps"] = ratings.timestamps
    return columns


def _names(ratings: Ratings) -> dict[str, list]:
    return {
        "user_ids": _plain_ids(ratings.user_ids, "user"),
        "item_ids": _plain_ids(ratings.item_ids, "item"),
        "titles": list(ratings.titles),
    }


def _plain_ids(ids: np.ndarray, what: str) -> list[int] | list[str]:
    plain = ids.tolist()
    kinds = {type(each) for each in plain}
    if kinds <= {int} or kinds <= {str}:
        return plain
    odd = next((each for each in plain if type(each) not in (int, str)), None)
    raise SavingError(
        f"{what} ids are {' and '.join(sorted(k.__name__ for k in kinds))}"
        f"{'' if odd is None else f', such as {odd!r}'}; give ids that are "
        f"all whole numbers, or all text, as recslib.ratings.from_frame does."
    )


def _checked_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they come back, once JSON has all of them."""
    odd = list(_not_json(dict(settings), "settings"))
    if odd:
        raise SavingError(
            f"{'; '.join(odd)}. Give finite numbers, texts, True, False, "
            f"None, and lists and mappings from text of these."
        )
    return json.loads(json.dumps(dict(settings)))


def _not_json(value: object, place: str) -> Iterator[str]:
    """Name what JSON does not have, and where it stands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield f"{place} has the key {key!r}"
            yield from _not_json(inner, f"{place}[{key!r}]")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _not_json(inner, f"{place}[{number}]")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield f"{place} is {value}"
    elif value is not None and not isinstance(value, str | int):
        yield f"{place} is of {type(value).__name__}"


def _versions() -> dict[str, str]:
    return {
        "recslib": recslib.__version__,
        "torch": str(torch.__version__),
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _as_json(value: object, indent: int | None = None) -> bytes:
    return (json.dumps(value, indent=indent, allow_nan=False) + "\n").encode()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process at a time write; who reads need not wait."""
    try:
        with FileLock(folder / _LOCK, timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise SavingError(
            f"{folder}: another process has been saving here for "
            f"{_LOCK_SECONDS} seconds. Wait for it, or give another folder."
        ) from error


def _clear_away(folder: Path, kept: set[str]) -> None:
    """Remove the files of an older model, and what was left half written."""
    for path in sorted(folder.iterdir()):
        if _OURS.fullmatch(path.name) and path.name not in kept:
            # One that is still being read, on Windows, goes the next time.
            with suppress(OSError):
                path.unlink()


# Loading ---------------------------------------------------------------------


def load(
    folder: str | Path, *, kind: Callable[..., nn.Module] | None = None
) -> Saved:
    """Load what `save` saved, on this machine or another.

    Nothing that the folder holds is run.

    Parameters
    ----------
    folder
        With a ``model.json``.
    kind
        For a class of your own: the class.

    Returns
    -------
    Saved
        The model, its ratings, settings and versions.

    Raises
    ------
    SavingError
        When the folder is not there, holds something else, came over in
        part, was damaged, or was saved by a newer recslib that this one
        cannot read; and when the class is your own and is not given, or has
        other weights.
    ValueError
        When the folder is no path.
    """
    check_path(folder, "folder")
    folder = Path(folder)
    description, parts = _read_whole(folder)
    try:
        names, columns = json.loads(parts["names"]), parts["ratings"]
        ratings = _ratings_of(
            safetensors.torch.load(columns), names, description["scale"]
        )
        weights = safetensors.torch.load(parts["weights"])
        known = _NAMED.get(description["kind"])
        arguments = description["arguments"]
        own, settings = description["own"], dict(description["settings"])
        versions = dict(description["versions"])
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        SafetensorError,
    ) as error:
        raise _damaged(folder / DESCRIPTION, repr(error)) from error
    if known is None:
        raise SavingError(
            f"{folder}: holds a {description['kind']}, which recslib "
            f"{recslib.__version__} does not have; it was saved with recslib "
            f"{versions.get('recslib')}. Use that version or a newer one."
        )
    if own is not None and kind is None:
        raise SavingError(
            f"{folder}: holds a {own}, a class that somebody wrote, made like "
            f"{known.__name__}. Give the class: load(folder, kind={own})."
        )
    model = _made(folder, kind or known, _KINDS[known], arguments, weights)
    return Saved(model, ratings, settings, versions)


def _read_whole(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read all files; once more where a new model came in between."""
    while True:
        description = _described(folder)
        try:
            entries = {part: description["files"][part] for part in PARTS}
            checked = {
                part: {
                    "name": str(each["name"]),
                    "bytes": int(each["bytes"]),
                    "sha256": str(each["sha256"]),
                }
                for part, each in entries.items()
            }
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(folder / DESCRIPTION, repr(error)) from error
        try:
            return description, {
                part: _read_part(folder, entry)
                for part, entry in checked.items()
            }
        except FileNotFoundError as error:
            if _described(folder) != description:
                continue
            raise SavingError(
                f"{error.filename}: is not there, so the model is not whole. "
                f"Bring the whole folder over again, or save again."
            ) from None


def _described(folder: Path) -> dict[str, Any]:
    """Read ``model.json``, once it is known to be one of ours."""
    path = folder / DESCRIPTION
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "is not there"
        raise SavingError(
            f"{folder}: {what}. Give the folder that save wrote."
        )
    if not path.exists():
        there = sorted(each.name for each in folder.iterdir())
        raise SavingError(
            f"{folder}: holds no {DESCRIPTION}, so it is no saved model. It "
            f"holds {', '.join(there[:5]) or 'nothing'}"
            f"{', ...' if len(there) > 5 else ''}."
        )
    try:
        description = json.loads(_read(path))
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    if (
        not isinstance(description, dict)
        or description.get("made_by") != MADE_BY
        or type(description.get("format")) is not int
    ):
        raise SavingError(
            f"{path}: was not written by {MADE_BY}. Give another folder."
        )
    if description["format"] > FORMAT:
        versions = description.get("versions")
        newer = versions.get("recslib") if isinstance(versions, dict) else None
        raise SavingError(
            f"{folder}: was saved with recslib {newer}, in format "
            f"{description['format']}; recslib {recslib.__version__} reads "
            f"formats up to {FORMAT}. Use that version or a newer one."
        )
    return description


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SavingError(
            f"{path}: cannot be read ({error.strerror or error})."
        ) from error


def _read_part(folder: Path, entry: Mapping[str, Any]) -> bytes:
    # A name from elsewhere must not lead out of the folder.
    if not _OURS.fullmatch(entry["name"]):
        why = f"it names a file {entry['name']!r}"
        raise _damaged(folder / DESCRIPTION, why)
    data = _read(folder / entry["name"])
    why = file_fault(data, entry)
    if why:
        raise _damaged(folder / entry["name"], why)
    return data


def _damaged(path: Path, why: str) -> SavingError:
    return SavingError(
        f"{path}: is damaged ({why}). Bring the whole folder over again, or "
        f"save into another one."
    )


def _ratings_of(
    columns: Mapping[str, Tensor], names: Mapping[str, list], scale: list
) -> Ratings:
    low, high = scale
    return Ratings(
        users=columns["users"].long(),
        items=columns["items"].long(),
        ratings=columns["ratings"],
        timestamps=columns.get("timestamps"),
        user_ids=_ids(names["user_ids"]),
        item_ids=_ids(names["item_ids"]),
        titles=tuple(names["titles"]),
        scale=(float(low), float(high)),
    )


def _ids(plain: list) -> np.ndarray:
    is_text = any(isinstance(each, str) for each in plain)
    return np.array(plain, dtype=object if is_text else np.int64)


def _made(
    folder: Path,
    kind: Callable[..., nn.Module],
    how: _Kind,
    arguments: dict[str, Any],
    weights: dict[str, Tensor],
) -> nn.Module:
    """Make a model, and give it its weights."""
    try:
        with torch.random.fork_rng(devices=[]):  # first weights draw nothing
            model = how.make(kind, arguments)
        model.load_state_dict(weights, assign=True)
    except (
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        name = getattr(kind, "__name__", repr(kind))
        why = " ".join(str(error).split()).rstrip(". ")
        raise SavingError(
            f"{folder}: the weights are not those of a {name}: {why}. Give "
            f"the class that was saved, with the same names and shapes."
        ) from error
    return model.eval()
