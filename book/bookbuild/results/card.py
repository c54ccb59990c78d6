"""The picture that a link to the book is shown with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from bookbuild.chapters import Chapter
from recslib import ladders

mpl.use("agg")  # a file is drawn, which needs no screen


def write(path: Path, title: str, book: Sequence[Chapter]) -> None:
    """Draw the card into a file: the first chapter that predicts stars.

    Parameters
    ----------
    path
        Where it goes, a PNG.
    title
        The book's.
    book
        The chapters.
    """
    first = next(each for each in book if each.headline is not None)
    card = ladders.social_card(
        title,
        first.question,
        {
            "always the mean": first.headline_value("mean"),
            "damped biases": first.headline_value("biases"),
            f"this book, chapter {first.number}": first.headline_value("rmse"),
        },
    )
    card.savefig(path)
