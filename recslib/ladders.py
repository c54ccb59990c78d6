"""Models side by side, one rung each: in a chapter, of all, on the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from recslib.style import (
    BLUE,
    CARD_GROUND,
    GREEN,
    GREY,
    LINES,
    ORANGE,
    STAR,
    WHITE,
)

# Who may stand on a rung of `ladders`: colour, marker, filled or not, and what
# the legend says.
KINDS = {
    "guess": (GREY, "s", True, "guessing"),
    "step": (BLUE, "o", True, "a step on the way"),
    "ours": (ORANGE, "D", True, "this book's model"),
    "peer": (GREEN, "^", True, "another library"),
    "published": (BLUE, "o", False, "published elsewhere"),
}


class Measure(NamedTuple):
    """What the rungs of a ladder are measured by.

    Parameters
    ----------
    column
        Where a table of rungs holds it.
    name
        On an axis, with its unit.
    better
        ``lower`` or ``higher``.
    """

    column: str
    name: str
    better: str

    @property
    def in_words(self) -> str:
        """Name, unit, and which way is better."""
        return f"{self.name}: {self.better} is better"


RMSE = Measure("rmse", "RMSE (stars)", "lower")
NDCG = Measure("ndcg", "nDCG@10", "higher")


def ladder(
    rungs: pd.DataFrame,
    *,
    measure: Measure = RMSE,
    guess: tuple[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    highlight: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one row a model: its value, and how sure that is.

    Parameters
    ----------
    rungs
        In the order to be read from the top; columns ``model``, the one of
        the measure, and either ``sd`` (its spread over the folds) or ``low``
        and ``high`` (ends of its 95 % interval over people); NaN for no bar.
    measure
        What the rungs are measured by, and so the unit of all numbers here.
    guess
        Name and value of a vertical line: what guessing scores.
    limits
        Of the x axis; a rung outside it gets an arrow and its number.
    highlight
        The model to set off by colour and shape; None means the last.
    ax
        Where to draw; None makes a figure.

    Raises
    ------
    ValueError
        Where the table lacks the measure's column.
    """
    rungs = _with_value(rungs, measure)
    bars = "95 % over people"
    if "low" not in rungs:
        bars = "mean and spread over the folds"
        low, high = rungs["value"] - rungs["sd"], rungs["value"] + rungs["sd"]
        rungs = rungs.assign(low=low, high=high)
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 0.9 + 0.36 * len(rungs)))
    heights = np.arange(len(rungs))
    if limits is not None:
        ax.set_xlim(*limits)
    drawn = []
    for height, rung in zip(heights, rungs.itertuples(), strict=True):
        chosen = rung.model == (highlight or rungs["model"].iloc[-1])
        colour = ORANGE if chosen else BLUE
        if limits is not None and not limits[0] <= rung.value <= limits[1]:
            right = rung.value > limits[1]
            ax.annotate(
                f"{rung.value:,.2f} →" if right else f"← {rung.value:,.2f}",
                (limits[1] if right else limits[0], height),
                ha="right" if right else "left",
                va="center",
                color=colour,
            )
            continue
        ax.errorbar(
            rung.value,
            height,
            xerr=_whisker(rung),
            fmt="D" if chosen else "o",
            color=colour,
            capsize=3,
        )
        drawn.append((height, rung, colour))
    # Only now does the axis have its ends, and a number its room.
    for height, rung, colour in drawn:
        _number(ax, height, rung, colour, guess)
    if guess is not None:
        name, value = guess
        ax.axvline(value, color=GREY, linestyle=":")
        ax.annotate(
            f" {name}",
            (value, -0.75),
            color=GREY,
            fontsize=8,
            va="center",
            annotation_clip=False,
            parse_math=False,
        )
    ax.set(
        ylim=(len(rungs) - 0.5, -1.0),
        xlabel=f"{measure.name}, {bars}",
    )
    ax.set_yticks(heights, rungs["model"], parse_math=False)
    ax.grid(axis="x")
    return ax


def ladders(
    rungs: pd.DataFrame,
    *,
    measure: Measure = RMSE,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a panel of rungs for each split, all over one axis.

    Values on two splits are not to be compared: each panel stands on ground of
    its own, and the lines of its guesses end where it ends.

    Parameters
    ----------
    rungs
        In the order to be read from the top; columns ``panel`` and ``part``
        (headings; a part may be empty), ``model``, the one of the measure,
        ``low`` and ``high`` (ends of the whisker, NaN for none), ``kind`` (a
        key of ``KINDS``) and ``line`` (what to call a vertical line at this
        rung, empty for none).
    measure
        What the rungs are measured by, and so the unit of all numbers here.
    limits
        Of the x axis; a rung outside it gets an arrow.
    ax
        Where to draw; None makes a figure.

    Raises
    ------
    ValueError
        Where a kind is none of ``KINDS``, or the table lacks the measure's
        column.
    """
    rungs = _with_value(rungs, measure)
    unknown = set(rungs["kind"]) - set(KINDS)
    if unknown:
        raise ValueError(
            f"a rung of kind {min(unknown)!r}; the kinds are "
            f"{', '.join(KINDS)}."
        )
    heights, panels, parts = _places(rungs)
    if ax is None:
        _, ax = plt.subplots(figsize=(4.7, 1.0 + 0.165 * heights[-1]))
    if limits is not None:
        ax.set_xlim(*limits)
    for height, rung in zip(heights, rungs.itertuples(), strict=True):
        _rung(ax, height, rung, limits)
    lines = [name for name in rungs["line"].unique() if name]
    for name, panel in rungs.assign(y=heights).groupby("panel", sort=False):
        top, bottom = panels[name] - 0.7, panel["y"].max() + 0.7
        ax.axhspan(top, bottom, facecolor=GREY, alpha=0.08, linewidth=0)
        for guess in panel[panel["line"] != ""].itertuples():
            ax.vlines(
                guess.value,
                panels[name] + 0.4,
                bottom,
                color=GREY,
                linestyle=LINES[3 - lines.index(guess.line) % 3],
                linewidth=1,
            )
            ax.annotate(
                guess.line,
                (guess.value, panels[name]),
                ha="center",
                va="center",
                fontsize=7,
                color=GREY,
                parse_math=False,
            )
    _name_rows(
        ax,
        rows=[*zip(heights, rungs["model"], strict=True)],
        panels=[(height, name) for name, height in panels.items()],
        parts=parts,
    )
    ax.legend(
        handles=[_legend_mark(k) for k in KINDS if k in set(rungs["kind"])],
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=3,
        fontsize=7.5,
        ncols=2,
        handletextpad=0.2,
        columnspacing=1.0,
    )
    ax.set_xlabel(measure.in_words, fontsize=8)
    ax.grid(axis="x")
    return ax


def social_card(
    title: str, question: str, rungs: Mapping[str, float]
) -> Figure:
    """Draw what a link to the book looks like: 1,200 by 630 pixels.

    Parameters
    ----------
    title, question
        Words.
    rungs
        Label to RMSE in stars, from the top down: dots on one axis, the first
        hollow, the last one marked.
    """
    figure = plt.figure(figsize=(12, 6.3), dpi=100, facecolor=CARD_GROUND)
    ax = figure.add_axes((0.36, 0.18, 0.5, 0.38), facecolor="none")
    figure.text(
        0.06, 0.8, title, size=40, color=WHITE, weight="bold", parse_math=False
    )
    figure.text(
        0.06,
        0.67,
        question,
        size=30,
        color=STAR,
        style="italic",
        parse_math=False,
    )
    unit = "RMSE in stars on MovieLens 100K: lower is better"
    figure.text(0.06, 0.06, unit, size=17, color=WHITE)
    heights = np.arange(len(rungs))[::-1]
    for number, (height, value) in enumerate(
        zip(heights, rungs.values(), strict=True)
    ):
        is_last = number == len(rungs) - 1
        ax.plot(
            value,
            height,
            marker="*" if is_last else "o",
            markersize=30 if is_last else 16,
            color=STAR if is_last else WHITE,
            markerfacecolor=CARD_GROUND if number == 0 else None,
            markeredgewidth=2,
            clip_on=False,
        )
        ax.annotate(
            f"{value:.3f}",
            (value, height),
            xytext=(22, 0),
            textcoords="offset points",
            va="center",
            size=22,
            color=WHITE,
        )
    ax.set(yticks=heights, xticks=[], ylim=(-0.4, len(rungs) - 0.6))
    ax.set_yticklabels(rungs, size=22, color=WHITE, parse_math=False)
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
    ax.margins(x=0.12)
    return figure


def _with_value(rungs: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """Return rungs with the column of their measure as ``value``."""
    if measure.column not in rungs:
        raise ValueError(
            f"the rungs have no column {measure.column!r}, and {measure.name} "
            f"is read from it; there are {', '.join(rungs)}."
        )
    return rungs.rename(columns={measure.column: "value"})


def _whisker(rung: NamedTuple) -> list[list[float]] | None:
    """Return how far a rung's ends are to its left and right, or None."""
    if np.isnan(rung.low):
        return None
    return [[rung.value - rung.low], [rung.high - rung.value]]


def _number(
    ax: Axes,
    height: float,
    rung: NamedTuple,
    colour: str,
    guess: tuple[str, float] | None,
) -> None:
    """Write a rung's number right of it, or left where a line goes through."""
    low, high = (
        rung.value if np.isnan(end) else end for end in (rung.low, rung.high)
    )
    left, right = ax.get_xlim()
    reach = 0.12 * (right - left)  # of a number in this size, and its gap
    is_crossed = guess is not None and high < guess[1] < high + reach
    goes_left = is_crossed and low - reach > left
    ax.annotate(
        f"{rung.value:.3f}",
        (low if goes_left else high, height),
        xytext=(-6 if goes_left else 6, 0),
        textcoords="offset points",
        ha="right" if goes_left else "left",
        va="center",
        fontsize=8,
        color=colour,
    )


def _places(
    rungs: pd.DataFrame,
) -> tuple[list[float], dict[str, float], list[tuple[float, str]]]:
    """Return how far down the rungs, the panels' and the parts' names are."""
    heights, panels, parts = [], {}, []
    height, part = -1.0, ""
    for rung in rungs.itertuples():
        if rung.panel not in panels:
            height += 2 if panels else 1
            panels[rung.panel], part = height, ""
        if rung.part != part:
            height += 1
            part = rung.part
            parts.append((height, part))
        height += 1
        heights.append(height)
    return heights, panels, parts


def _name_rows(
    ax: Axes,
    rows: Sequence[tuple[float, str]],
    panels: Sequence[tuple[float, str]],
    parts: Sequence[tuple[float, str]],
) -> None:
    """Write (height, name) pairs beside the axis."""
    places, names = zip(*rows, *panels, *parts, strict=True)
    ax.set_yticks(places, names, fontsize=7.5, parse_math=False)
    ax.set_ylim(max(places) + 1, -1)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=8, top=True, labeltop=True)
    labels = ax.get_yticklabels()[len(rows) :]
    for label in labels[: len(panels)]:
        label.set_weight("bold")
    for label in labels[len(panels) :]:
        label.set_style("italic")


def _legend_mark(kind: str) -> Line2D:
    colour, marker, filled, name = KINDS[kind]
    return Line2D(
        [],
        [],
        linestyle="",
        color=colour,
        marker=marker,
        markersize=5,
        markerfacecolor=colour if filled else "none",
        label=name,
    )


def _rung(
    ax: Axes,
    height: float,
    rung: NamedTuple,
    limits: tuple[float, float] | None,
) -> None:
    """Draw a mark with its whisker, or an arrow; the number stands right."""
    colour, marker, filled, _ = KINDS[rung.kind]
    ax.annotate(
        f"{rung.value:.3f}" if rung.value < 10 else f"{rung.value:.1f}",
        (1.0, height),
        xycoords=("axes fraction", "data"),
        xytext=(38, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=7.5,
        weight="bold" if rung.kind == "ours" else "normal",
        annotation_clip=False,
    )
    if limits is not None and not limits[0] <= rung.value <= limits[1]:
        right = rung.value > limits[1]
        ax.annotate(
            "→" if right else "←",
            (limits[1] if right else limits[0], height),
            ha="right" if right else "left",
            va="center",
            color=colour,
        )
        return
    ax.errorbar(
        rung.value,
        height,
        xerr=_whisker(rung),
        linestyle="",
        color=colour,
        marker=marker,
        markersize=5,
        markerfacecolor=colour if filled else "none",
        capsize=2,
    )
