"""Give a student copies to answer in; git calls this after every pull.

The pull changes `class` alone, and students answer in `answers`, which the
repository never has. What a student has changed is never written to.
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

ORIGINALS = "class"
ANSWERS = "answers"
GIVEN = ".given"  # each notebook as it was when the student got it
CHANGED = "CHANGED.md"


def put(content: bytes, path: Path) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.half")
    half.write_bytes(content)
    os.replace(half, path)


def hand_out(home: Path) -> list[str]:
    """Copy what is new; return what has a new original and was answered.

    A notebook that the student has not changed since it was handed out
    becomes the new one. One that was deleted comes back.
    """
    originals, answers, given = home / ORIGINALS, home / ANSWERS, home / GIVEN
    kept = []
    for original in sorted(originals.glob("*/*.ipynb")):
        name = original.relative_to(originals)
        new, mine, last = original.read_bytes(), answers / name, given / name
        before = last.read_bytes() if last.exists() else None
        if not mine.exists() or (before and mine.read_bytes() == before):
            if not mine.exists() or before != new:
                put(new, mine)
        elif before != new:
            kept.append(name.as_posix())
        put(new, last)
        original.chmod(0o444)  # JupyterLab says that it cannot be saved
    link_pages(originals, answers)
    return kept


def link_pages(originals: Path, answers: Path) -> None:
    """Let links from an answer to the book's pages lead somewhere."""
    pages = answers / "book"
    if (originals / "book").is_dir() and not pages.is_symlink():
        answers.mkdir(exist_ok=True)
        pages.symlink_to(Path("..") / ORIGINALS / "book")


def main() -> None:
    """Hand out, where this is the class's repository; tell what was kept."""
    home = Path.home()
    if Path.cwd() != (home / ORIGINALS).resolve():
        return
    kept = hand_out(home)
    if not kept:
        return
    lines = [
        f"- {date.today():%d %B %Y}: `{name}` has a new original. Your answer "
        f"is as you left it; the new one is `{ORIGINALS}/{name}`.\n"
        for name in kept
    ]
    with (home / ANSWERS / CHANGED).open("a", encoding="utf-8") as file:
        file.writelines(lines)
    print("".join(lines), end="")


if __name__ == "__main__":
    main()
