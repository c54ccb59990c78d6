"""Where the files of the book lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "_build"
STAGE = BUILD / "stage"
EXECUTED = BUILD / "executed"
SCRIPTS = BUILD / "scripts"
HTML = BUILD / "html"
# The outlines of the slides, a file a chapter.
DECKS = Path("book", "classroom", "slides")
