"""Archives to hand out: notebooks, and all that they need beside them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

from bookbuild import places
from bookbuild.lone import CARRIED, FOLDER

# Pages that read as plain Markdown. The others are whole in the built book
# alone, which fills in tables, figures and what is computed in the page.
PAGES = ("book/glossary.md", "book/setup.md")


def beside() -> dict[str, bytes]:
    """Return what notebooks need in the folder above theirs, by path."""
    patterns = (*CARRIED, *PAGES)
    files = {p for each in patterns for p in places.ROOT.glob(each)}
    return {
        path.relative_to(places.ROOT).as_posix(): path.read_bytes()
        for path in sorted(files)
    }


def packed(files: Mapping[str, bytes]) -> bytes:
    """Pack files into a zip archive: the same files make the same bytes.

    Parameters
    ----------
    files
        Path in the archive's one folder, to contents.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], compresslevel=9)
    return written.getvalue()


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files into a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
