"""Which chapters there are, and what their run says."""

from __future__ import annotations

import json
from pathlib import Path

from bookbuild import places
from bookbuild.notebooks import Value, glued, read


def chapters() -> list[Path]:
    """Return the notebooks, in the book's order."""
    return sorted((places.ROOT / "notebooks").glob("*.ipynb"))


def results() -> dict[str, dict[str, Value]]:
    """Return every value that the executed chapters glue, by chapter."""
    return {
        path.stem: glued(read(places.EXECUTED / path.name))
        for path in chapters()
    }


def write_results() -> None:
    """Print every glued value, and write them to _build/results.json."""
    text = json.dumps(results(), indent=2, ensure_ascii=False)
    (places.BUILD / "results.json").write_text(text + "\n", encoding="utf-8")
    print(text)
