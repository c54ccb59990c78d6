"""Text that the press keeps current: a number, and a comment that says which.

``0.9033<!--rmse:.4f-->`` is a number in the text. The comment names the value
and how to write it, and no renderer shows it. ``Figure 1.3<!--fig-folds-->``
and ``(1.2)<!--eq-mf-->`` are references that are counted anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bookbuild import BuildError

Value = int | float | str

# What may stand before a mark: a number as Python writes it.
# A hyphen behind a word or another mark is no sign.
NUMBER = (
    r"(?:(?<![\w.])(?<!-->)[+\N{MINUS SIGN}-])?"
    r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?%?"
)
MARKED = re.compile(
    rf"(?P<text>{NUMBER})?<!--(?P<source>[\w.]+/)?(?P<key>[a-z]\w*)"
    r":(?P<form>[^\s>]*?)-->"
)
REFERENCE = re.compile(
    r"(?P<before>Figure |\(|\\tag\{)(?P<number>\d[\d.]*)?"
    r"(?P<after>\)|\}\n\$\$\n)?<!--(?P<name>(?:fig|eq)-[\w-]+)-->"
)
# Marks whose key this is hold minutes, which are counted and not computed.
MINUTES = "minutes"


@dataclass(frozen=True)
class Mark:
    """A number in a text.

    Parameters
    ----------
    text
        What stands there.
    source
        The notebook that computes it, on pages; nothing in a notebook's own
        text.
    key
        The name of the value.
    form
        How it is written: a format of Python's, such as ``.4f``.
    """

    text: str
    source: str
    key: str
    form: str


def _mark(match: re.Match[str]) -> Mark:
    source = (match["source"] or "").rstrip("/")
    return Mark(match["text"] or "", source, match["key"], match["form"])


def marks_in(text: str) -> Iterator[Mark]:
    """Go through the numbers of a text that are kept current."""
    yield from map(_mark, MARKED.finditer(text))


def written(value: Value, mark: Mark) -> str:
    """Write a value as its mark says.

    Raises
    ------
    BuildError
        Where Python cannot write it so, or what it writes is no number: that
        could not be found again before its mark.
    """
    try:
        text = format(value, mark.form)
    except ValueError as error:
        raise BuildError(
            f"{mark.key} is {value!r}, and cannot be written as "
            f"{mark.form!r}: {error}."
        ) from error
    if not re.fullmatch(NUMBER, text):
        raise BuildError(
            f"{mark.key} is {value!r}, written {text!r}: before a mark stands "
            "a number alone, such as 0.9033, 1,682, +0.01, 1e-05 or 71%."
        )
    return text


def numbers_filled(
    text: str, value_of: Callable[[Mark], str], keep: bool = True
) -> str:
    """Put current numbers before the marks of a text.

    Parameters
    ----------
    text
        Markdown.
    value_of
        Returns what should stand before a mark.
    keep
        Whether the marks stay, as in a notebook's source; pages need none.
    """

    def put(match: re.Match[str]) -> str:
        mark = _mark(match)
        comment = match[0][len(mark.text) :] if keep else ""
        return value_of(mark) + comment

    return MARKED.sub(put, text)


def value_in(values: Mapping[str, Value], mark: Mark) -> str:
    """Return a notebook's own value as a mark of its text wants it.

    Raises
    ------
    BuildError
        Where the notebook does not compute it.
    """
    if mark.key not in values:
        raise BuildError(
            f"the text quotes {mark.key!r}, and the notebook's record has no "
            "such value. Keep it there (CONTRIBUTING.md, A number in the "
            "text), or mend the name in the comment behind the number."
        )
    return written(values[mark.key], mark)
