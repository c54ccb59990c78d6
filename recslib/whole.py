"""Files that appear whole or not at all, and are read whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_whole(path: Path, data: bytes) -> None:
    """Put a file in place at once, when all of it is on the disk.

    Parameters
    ----------
    path
        Where; what was there before is replaced.
    data
        What it holds.

    Raises
    ------
    OSError
        When the folder cannot be written to, or the disk is full; what was
        there before is still there.
    """
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    if os.name == "posix":
        # The name is on the disk, too, before anything relies on it.
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def file_entry(part: str, suffix: str, data: bytes) -> dict[str, Any]:
    """Say how a file is called and what is in it.

    Parameters
    ----------
    part, suffix
        Of its name; a part of its SHA-256 stands between them.
    data
        What it holds.

    Returns
    -------
    dict
        ``name``, ``bytes`` and ``sha256``.
    """
    digest = hashlib.sha256(data).hexdigest()
    name = f"{part}-{digest[:16]}.{suffix}"
    return {"name": name, "bytes": len(data), "sha256": digest}


def file_fault(data: bytes, wanted: Mapping[str, Any]) -> str:
    """Say what is wrong with a file's bytes, if they are not those wanted.

    Parameters
    ----------
    data
        As read.
    wanted
        From `file_entry`.

    Returns
    -------
    str
        Empty where nothing is.
    """
    if len(data) != wanted["bytes"]:
        return f"it has {len(data):,} bytes, not {wanted['bytes']:,}"
    if hashlib.sha256(data).hexdigest() != wanted["sha256"]:
        return "its SHA-256 is another"
    return ""
