"""Files are written whole, and several of them all or none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from bookbuild import BuildError


def write_all(texts: Mapping[Path, str | bytes]) -> None:
    """Write several files; until all of them are on the disk, none changes.

    Parameters
    ----------
    texts
        Path to content, a text or bytes. A file that has it already is not
        touched.
    """
    unfinished: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            content = text if isinstance(text, bytes) else text.encode()
            if path.exists() and path.read_bytes() == content:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
            unfinished[path] = Path(name)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            mode = path.stat().st_mode if path.exists() else 0o644
            unfinished[path].chmod(mode)
        for path, new in unfinished.items():
            new.replace(path)
    finally:
        for new in unfinished.values():
            new.unlink(missing_ok=True)


def read_settings(path: Path) -> dict[str, Any]:
    """Return what a YAML file of settings holds.

    Raises
    ------
    BuildError
        Where it is missing, no YAML, or no mapping from names to values.
    """
    try:
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise BuildError(f"{path.name} is missing at {path}.") from missing
    except yaml.YAMLError as error:
        raise BuildError(f"{path.name} is no YAML: {error}") from error
    if not isinstance(settings, dict):
        raise BuildError(f"{path.name} holds no settings, which are names.")
    return settings
