"""Finds a film by what a person types.

One search, which the pages' ``titles.js`` repeats line by line. Both are
tested with one table of queries, ``tests/titles.json``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from recslib.arguments import check_kind, check_text

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
# What a person may leave out, or put elsewhere.
_SMALL_WORDS = {
    *_ARTICLES.lower().replace("'", "").split("|"),
    *("and", "d", "et", "of"),
}
_APOSTROPHES = "'`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u201b\u2032"
# "L'Avventura" is looked for as "lavventura" and as "avventura".
_CUT_SHORT = re.compile(
    rf"(^|[\s(-])([dl])[{_APOSTROPHES}]", re.IGNORECASE | re.MULTILINE
)
# The marks are accents, and what sounds a Japanese sign otherwise.
_VANISHING = re.compile(rf"[{_APOSTROPHES}.*\u0300-\u036f\u3099\u309a]")
# Letters that are no other letter with an accent.
_SPELLED_OUT = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "\u0131": "i",
        "\u03c2": "\u03c3",
    }
)
# Chinese and Japanese put no blanks between words: each sign is one.
_WORDS_ALONE = re.compile("([\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff])")


@dataclass(frozen=True)
class SearchedTitle:
    """A title as the search reads it: in one way, or in two.

    Parameters
    ----------
    names
        Its words without the year, once a way.
    wholes
        Its words with the year, once a way.
    """

    names: tuple[tuple[str, ...], ...]
    wholes: tuple[tuple[str, ...], ...]


def split_year(title: str) -> tuple[str, int | None]:
    """Part a title from the year in brackets behind it.

    Returns
    -------
    tuple
        ``("Heat", 1995)`` for ``"Heat (1995)"``; the year is None where the
        title has none.

    Raises
    ------
    ValueError
        When the title is no text.
    """
    check_text(title, "title")
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

    Raises
    ------
    ValueError
        When the title is no text.
    """
    check_text(title, "title")
    parts = re.split(r"([()])", title)
    return "".join(_article_moved(part) for part in parts)


def words_of(text: str) -> tuple[str, ...]:
    """Part a text into plain words, its article in front.

    Case and accents go. Apostrophes, full stops and asterisks vanish, any
    other sign parts two words, and ``&`` is the word "and".

    Returns
    -------
    tuple of str
        ``("mash", "1970")`` for ``"M*A*S*H (1970)"``, ``("the", "usual",
        "suspects")`` for ``"Usual Suspects, The"``; none for ``"?!"``.

    Raises
    ------
    ValueError
        When it is no text.
    """
    check_text(text, "text")
    text = article_in_front(" ".join(text.split()))
    # An acute accent that stands alone would become a blank.
    text = unicodedata.normalize("NFKD", text.replace("\u00b4", "'"))
    text = text.lower().replace("...", " ")
    text = _VANISHING.sub("", text).translate(_SPELLED_OUT)
    text = _WORDS_ALONE.sub(r" \1 ", text.replace("&", " and "))
    return tuple("".join(c if _in_a_word(c) else " " for c in text).split())


def spelling(name: str) -> str:
    """Write a name without case and accents, but with all its signs.

    It tells apart what `words_of` does not: "Up" and "Up!".

    Raises
    ------
    ValueError
        When the name is no text.
    """
    check_text(name, "name")
    text = article_in_front(" ".join(name.split()))
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if not unicodedata.combining(c))


def searched(titles: Iterable[str]) -> list[SearchedTitle]:
    """Make titles ready for `search`: once, for it takes longest.

    Raises
    ------
    ValueError
        When titles are no sequence of texts.
    """
    if isinstance(titles, str):
        raise ValueError(f"titles are {titles!r}; give a list of texts.")
    check_kind(titles, Iterable, "titles")
    return [_as_searched(title) for title in titles]


def search(titles: Sequence[SearchedTitle], text: str) -> list[int]:
    """Find the titles that a person may mean.

    Every word typed begins a word of the title, each another one. Small words
    like "the" need not, unless nothing else was typed. The year in brackets
    is a word as well.

    Parameters
    ----------
    titles
        From `searched`, those first that people ask for most.
    text
        What was typed.

    Returns
    -------
    list of int
        Places in ``titles``: first where the text is the title, with its year
        or without, then where the title begins with the text, then the rest.
        Within each come first those with the small words that were typed, and
        then it is the order of ``titles`` that counts. Nothing is found by a
        text without words.

    Raises
    ------
    ValueError
        When the text is none, or titles are not made ready by `searched`.
    """
    check_kind(titles, Sequence, "titles")
    if len(titles):
        check_kind(titles[0], SearchedTitle, "titles[0]")
    typed = words_of(text)
    wanted = _telling(typed)
    if not typed:
        return []
    # Where only small words were typed, those of a title are looked at too.
    pick = tuple if wanted[0] in _SMALL_WORDS else _telling
    found = []
    for place, title in enumerate(titles):
        ranks = [
            (
                _likeness(pick(name), pick(whole), wanted),
                not _begun(whole, typed),
            )
            for name, whole in zip(title.names, title.wholes, strict=True)
            if _begun(whole, wanted)
        ]
        if ranks:
            found.append((min(ranks), place))
    return [place for _, place in sorted(found)]


def _article_moved(part: str) -> str:
    match = _ARTICLE_BEHIND.fullmatch(part)
    if match is None:
        return part
    gap = "" if match["article"].endswith("'") else " "
    name = match["article"] + gap + match["name"]
    return match["before"] + name + match["after"]


@cache
def _in_a_word(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "LMN"


def _telling(words: tuple[str, ...]) -> tuple[str, ...]:
    telling = tuple(word for word in words if word not in _SMALL_WORDS)
    return telling or words


def _as_searched(title: str) -> SearchedTitle:
    front = article_in_front(title)
    ways = dict.fromkeys((front, _CUT_SHORT.sub(r"\1\2 ", front)))
    return SearchedTitle(
        names=tuple(words_of(split_year(way)[0]) for way in ways),
        wholes=tuple(words_of(way) for way in ways),
    )


def _begun(words: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    """Tell whether each part begins a word, each another one."""
    left = list(words)
    # Where one part begins another, the longer one has less to choose from.
    for part in sorted(parts, key=len, reverse=True):
        word = next((each for each in left if each.startswith(part)), None)
        if word is None:
            return False
        left.remove(word)
    return True


def _likeness(
    name: tuple[str, ...], whole: tuple[str, ...], wanted: tuple[str, ...]
) -> int:
    """Return 0 for the title itself, 1 for its beginning, else 2."""
    if wanted in (name, whole):
        return 0
    return 1 if " ".join(whole).startswith(" ".join(wanted)) else 2
