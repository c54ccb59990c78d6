"""Titles as people write them: the year behind, the article in front."""

from __future__ import annotations

import re

_ARTICLES = (
    "The|A|An|La|Le|Les|L'|Un|Une|Il|Lo|I|Gli|El|Los|Las|Una|Uno"
    "|Das|Der|Die|Den|Det|De|Het|Ein|Eine|En|Ett|O|Os"
)
_ARTICLE_BEHIND = re.compile(
    rf"(?P<before>\s*(?:a\.k\.a\. )?)(?P<name>.+), "
    rf"(?P<article>{_ARTICLES})(?P<after>\s*)",
    re.IGNORECASE,
)
# "(V)" marks films that came out on video only; series end "(1994-1998)".
_YEAR_BEHIND = re.compile(
    r"\s*\((\d{4})(?:[-\u2013]\d{0,4})?\)(?:\s*\(V\))?\s*$"
)


def split_year(title: str) -> tuple[str, int | None]:
    """Part a title from the year in brackets behind it.

    Returns
    -------
    tuple
        ``("Heat", 1995)`` for ``"Heat (1995)"``; the year is None where the
        title has none.
    """
    match = _YEAR_BEHIND.search(title)
    if match is None or match.start() == 0:
        return title.strip(), None
    return title[: match.start()].strip(), int(match[1])


def article_in_front(title: str) -> str:
    """Move an article behind a title to its front, in brackets too.

    Returns
    -------
    str
        ``"The Blue Angel (Der Blaue Engel)"`` for
        ``"Blue Angel, The (Blaue Engel, Der)"``.
    """
    parts = re.split(r"([()])", title)
    return "".join(_article_moved(part) for part in parts)


def _article_moved(part: str) -> str:
    match = _ARTICLE_BEHIND.fullmatch(part)
    if match is None:
        return part
    gap = "" if match["article"].endswith("'") else " "
    name = match["article"] + gap + match["name"]
    return match["before"] + name + match["after"]
