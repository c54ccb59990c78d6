"""Where a long fit stands, in a folder: to go on from there another day.

A folder holds two files: tensors in the format of safetensors, and
``checkpoint.json``, which says what fit they belong to. The tensors' file
carries a part of its SHA-256 in its name, and ``checkpoint.json`` is put in
place last and at once. So whatever stops a fit, the folder holds the older
checkpoint or the newer one, whole.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from recslib.processes import place, tell
from recslib.whole import file_entry, file_fault, write_whole

MADE_BY, FORMAT = "recslib.checkpoints", 1
DESCRIPTION = "checkpoint.json"
_OURS = re.compile(
    r"state-[0-9a-f]{16}\.safetensors(\.part)?"
    rf"|{re.escape(DESCRIPTION)}\.part"
)
_REMEDY = "Give another folder, or remove this one to begin anew."


class CheckpointError(ValueError):
    """A folder that holds no checkpoint of this fit in order."""


def digest_of(tensors: Mapping[str, Tensor | None]) -> str:
    """Tell data apart: the SHA-256 of tensors, with names and shapes.

    Parameters
    ----------
    tensors
        By name; None where there is none.

    Returns
    -------
    str
        64 digits.
    """
    digest = hashlib.sha256()
    for name, tensor in tensors.items():
        if tensor is not None:
            held = tensor.detach().cpu().contiguous()
            digest.update(f"{name} {held.dtype} {held.shape}".encode())
            digest.update(held.numpy())
    return digest.hexdigest()


def save(
    folder: str | Path,
    fit: Mapping[str, Any],
    numbers: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
) -> None:
    """Write a checkpoint in place of the folder's last one.

    In a process group the first process writes, and the others do nothing.

    Parameters
    ----------
    folder
        Made where it is not there.
    fit
        What tells this fit from others: settings, and `digest_of` its data.
    numbers
        Where it stands, as JSON has it.
    tensors
        Where it stands.

    Raises
    ------
    CheckpointError
        When the folder cannot be written to; an older checkpoint is still
        there.
    """
    if place()[0] > 0:
        return
    folder = Path(folder)
    data = safetensors.torch.save(
        {name: held.cpu().contiguous() for name, held in tensors.items()}
    )
    state = file_entry("state", "safetensors", data)
    description = {
        "made_by": MADE_BY,
        "format": FORMAT,
        "fit": dict(fit),
        "numbers": dict(numbers),
        "state": state,
    }
    text = json.dumps(description, indent=1, allow_nan=False) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / state["name"], data)
        write_whole(folder / DESCRIPTION, text.encode())
    except OSError as error:
        raise CheckpointError(
            f"{folder}: cannot be written to ({error.strerror or error}). "
            f"A checkpoint that it held is still there, whole. Give a folder "
            f"that is yours, on a disk with room."
        ) from error
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.name != state["name"]:
            with suppress(OSError):  # the next one clears it away
                path.unlink()


def load(
    folder: str | Path, fit: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Tensor]] | None:
    """Read the folder's checkpoint of a fit.

    In a process group the first process reads, and tells all: the others need
    not see the folder.

    Parameters
    ----------
    folder
        As given to `save`.
    fit
        As given to `save`.

    Returns
    -------
    tuple of dict, or None
        Numbers and tensors; None where there is no checkpoint yet.

    Raises
    ------
    CheckpointError
        When the folder holds the checkpoint of another fit, one that was
        damaged, or one of a newer recslib; and when it is no folder.
    """
    numbers, data = _read(folder, fit) if place()[0] == 0 else (None, b"")
    numbers = json.loads(tell(json.dumps(numbers).encode()))
    if numbers is None:
        return None
    return numbers, safetensors.torch.load(tell(data))


def _read(
    folder: str | Path, fit: Mapping[str, Any]
) -> tuple[dict[str, Any] | None, bytes]:
    """Read numbers and packed tensors, once they are known to be whole."""
    path = Path(folder) / DESCRIPTION
    try:
        if not path.exists():
            return None, b""
        described = json.loads(path.read_bytes())
        if described["made_by"] != MADE_BY or described["format"] != FORMAT:
            raise CheckpointError(
                f"{path}: was written by {described['made_by']} in format "
                f"{described['format']}, not {FORMAT}. {_REMEDY}"
            )
        _check_same(path, described["fit"], fit)
        name = str(described["state"]["name"])
        # A name from elsewhere must not lead out of the folder.
        if not _OURS.fullmatch(name):
            raise ValueError(f"it names a file {name!r}")
        data = path.with_name(name).read_bytes()
        wrong = file_fault(data, described["state"])
        if wrong:
            raise ValueError(f"{name}: {wrong}")
        return dict(described["numbers"]), data
    except CheckpointError:
        raise
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise CheckpointError(
            f"{path}: the checkpoint is damaged ({error!r}). {_REMEDY}"
        ) from error


def _check_same(
    path: Path, there: Mapping[str, Any], fit: Mapping[str, Any]
) -> None:
    """See that a checkpoint is one of this fit."""
    wanted = json.loads(json.dumps(dict(fit)))
    odd = [
        f"{name} {there.get(name)!r} there and {wanted.get(name)!r} here"
        for name in sorted({*there, *wanted})
        if there.get(name) != wanted.get(name)
    ]
    if odd:
        raise CheckpointError(
            f"{path}: is the checkpoint of another fit: {'; '.join(odd)}. "
            f"{_REMEDY}"
        )
