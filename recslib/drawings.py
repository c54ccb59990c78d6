"""Drawings of ideas: what no data are needed for. Each returns the Axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from recslib.style import BLUE, GREY, ORANGE, PALE, WHITE


def factorization_idea(ax: Axes | None = None) -> Axes:
    """Draw one cell of a rating matrix as a row times a column."""
    ax = _blank(ax, width=14.0, height=6.6)
    known = {(0, 1): 5, (0, 4): 3, (1, 0): 4, (1, 3): 2, (2, 1): 1}
    known |= {(2, 5): 4, (3, 1): 3, (3, 4): 5}
    _grid(ax, (0.4, 0.6), (4, 6), texts=known, marked=[(2, 3)])
    _grid(ax, (7.7, 0.6), (4, 2), marked=[(2, 0), (2, 1)])
    _grid(ax, (10.6, 3.4), (2, 3), marked=[(0, 1), (1, 1)])
    ax.text(7.05, 2.6, "≈", fontsize=24, ha="center", va="center")
    ax.text(10.15, 2.6, "·", fontsize=24, ha="center", va="center")
    for x, y, text in (
        (3.4, 4.75, "ratings, users x items"),
        (8.7, 4.75, "user factors"),
        (12.1, 5.55, "item factors"),
        (12.1, 1.4, "? = user row · item column"),
    ):
        ax.text(x, y, text, ha="center", va="bottom")
    return ax


def boxes(rows: Sequence[Sequence[str]], ax: Axes | None = None) -> Axes:
    """Draw a network as rows of boxes, the inputs at the bottom.

    Parameters
    ----------
    rows
        From the inputs up, the text of each box. A box feeds the one above
        it where two rows have the same length, else all of the row above.
    ax
        Where to draw; None makes a figure.
    """
    ax = _blank(ax, width=10.0, height=1.25 * len(rows))
    places: list[list[tuple[float, float]]] = []
    for number, texts in enumerate(rows):
        height = 0.6 + 1.25 * number
        step = 10.0 / len(texts)
        row = [(step * (place + 0.5), height) for place in range(len(texts))]
        for (x, y), text in zip(row, texts, strict=True):
            _box(ax, (x, y), text)
        places.append(row)
    for below, above in pairwise(places):
        one_to_one = len(below) == len(above)
        for start, end in (
            zip(below, above, strict=True)
            if one_to_one
            else product(below, above)
        ):
            _arrow(ax, (start[0], start[1] + 0.27), (end[0], end[1] - 0.27))
    return ax


def listening_idea(ax: Axes | None = None) -> Axes:
    """Draw an LSTM over three steps: what it has heard, what it is asked."""
    ax = _blank(ax, width=14.0, height=7.4)
    heard = ("nothing yet", "film A, 4 stars", "film B, 2 stars")
    asked = ("film A", "film B", "film C")
    places = (2.2, 6.6, 11.0)
    for x, before, film in zip(places, heard, asked, strict=True):
        for y, text in (
            (0.7, before),
            (2.6, "LSTM"),
            (4.5, "taste"),
            (6.4, f"guess for {film}"),
        ):
            _box(ax, (x, y), text)
        for y in (0.7, 2.6, 4.5):
            _arrow(ax, (x, y + 0.5), (x, y + 1.4))
    for start, end in pairwise(places):
        _arrow(ax, (start + 0.95, 2.6), (end - 0.95, 2.6))
        middle = (start + end) / 2
        ax.text(middle, 2.8, "memory", ha="center", color=GREY)
    _arrow(ax, (places[-1] + 0.95, 2.6), (13.6, 2.6))
    for x, film in zip(places, asked, strict=True):
        ax.text(x + 0.25, 5.4, f"· {film}", va="center", color=ORANGE)
    return ax


def padded_batch(mask: Tensor, ax: Axes | None = None) -> Axes:
    """Draw histories of several lengths in one tensor of shape (B, T, d).

    Parameters
    ----------
    mask
        (B, T) bool, True where a step is real.
    ax
        Where to draw; None makes a figure.
    """
    n_rows, n_steps = mask.shape
    ax = _blank(ax, width=n_steps + 3.8, height=n_rows + 2.2)
    for sheet in reversed(range(3)):
        for row in range(n_rows):
            for step in range(n_steps):
                real = bool(mask[row, step])
                ax.add_patch(
                    Rectangle(
                        (
                            1.6 + step + 0.25 * sheet,
                            n_rows - row - 0.2 + 0.25 * sheet,
                        ),
                        1,
                        1,
                        facecolor=PALE if real else WHITE,
                        edgecolor=BLUE if real else GREY,
                        hatch=None if real else "////",
                        linewidth=0.8,
                    )
                )
    for x, y, text in (
        (1.6 + n_steps / 2, 0.3, "T steps, in time order"),
        (n_steps + 3.0, n_rows + 1.1, "d numbers\na step"),
    ):
        ax.text(x, y, text, ha="center", va="center")
    ax.text(
        1.2,
        0.8 + n_rows / 2,
        "B histories",
        ha="center",
        va="center",
        rotation=90,
    )
    return ax


def _blank(ax: Axes | None, width: float, height: float) -> Axes:
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 7.0 * height / width))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return ax


def _box(ax: Axes, place: tuple[float, float], text: str) -> None:
    ax.text(
        *place,
        text,
        ha="center",
        va="center",
        parse_math=False,
        bbox={
            "boxstyle": "round,pad=0.45",
            "facecolor": PALE,
            "edgecolor": BLUE,
        },
    )


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float]
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=10, color=GREY
        )
    )


def _grid(
    ax: Axes,
    corner: tuple[float, float],
    shape: tuple[int, int],
    *,
    texts: Mapping[tuple[int, int], int] | None = None,
    marked: Sequence[tuple[int, int]] = (),
) -> None:
    """Draw a table of unit cells up and right of its lower left corner."""
    n_rows, n_columns = shape
    for row, column in np.ndindex(n_rows, n_columns):
        x, y = corner[0] + column, corner[1] + n_rows - 1 - row
        is_marked = (row, column) in marked
        ax.add_patch(Rectangle((x, y), 1, 1, facecolor=PALE, edgecolor=WHITE))
        if is_marked:
            edge = {"edgecolor": ORANGE, "linewidth": 2, "zorder": 2}
            ax.add_patch(Rectangle((x, y), 1, 1, fill=False, **edge))
        text = (texts or {}).get((row, column), "?" if is_marked else "")
        if texts is not None:
            ax.text(x + 0.5, y + 0.5, text, ha="center", va="center")
