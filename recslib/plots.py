"""Every figure of the book. Each function takes arrays, returns the Axes.

Colours start from Okabe and Ito's, which people with any kind of colour vision
can tell apart; those that are pale on white are darker here. None carries a
meaning that a label or a shape does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise, product
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Rectangle
from matplotlib.text import Annotation
from torch import Tensor

from recslib.ratings import Ratings
from recslib.training import History

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#0E9F84"
PURPLE, BROWN, GREY = "#A6287F", "#7A5200", "#505050"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, BROWN, GREY)
BLACK, WHITE, GRID, PALE = "#000000", "#FFFFFF", "#B0B0B0", "#E8F1F8"
# What a figure's colours become where the page is dark. A colour that is not
# here stays: it lies on another one that stays.
ON_DARK_PAGES = {
    BLUE: "#3B90FA",
    ORANGE: "#F18C27",
    GREEN: "#BFF1D5",
    PURPLE: "#F2339F",
    BROWN: "#FFD937",
    GREY: "#B5B5B5",
    BLACK: "#E8E8E8",
    WHITE: "#121212",
    GRID: "#5A5A5A",
    PALE: "#16324A",
}
# Words and lines on a colour map, wherever the page is.
_ON_LOW, _ON_HIGH = "#FCFCFC", "#0A0A0A"
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
# Who may stand on a rung of `ladders`: colour, marker, filled or not, and what
# the legend says.
KINDS = {
    "guess": (GREY, "s", True, "guessing"),
    "step": (BLUE, "o", True, "a step on the way"),
    "ours": (ORANGE, "D", True, "this book's model"),
    "peer": (GREEN, "^", True, "another library"),
    "published": (BLUE, "o", False, "published elsewhere"),
}

# Where a label may stand, in points above or below its own point.
_LABEL_SHIFTS = (0, 7, -7, 14, -14, 21, -21, 28, -28)


def use_book_style() -> None:
    """Set sizes, fonts and lines for every figure that follows."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 3.6),
            "figure.dpi": 144,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "grid.alpha": 0.35,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "svg.hashsalt": "recslib",  # the same names inside, every time
        }
    )


def stars_histogram(ratings: Ratings, ax: Axes | None = None) -> Axes:
    """Draw how often each star was given.

    Parameters
    ----------
    ratings
        Any number of them.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    stars, counts = np.unique(ratings.ratings.numpy(), return_counts=True)
    width = 0.8 * np.diff(stars).min(initial=1.0)
    ax.bar(stars, counts, width=width, color=BLUE)
    mean = ratings.ratings.double().mean().item()
    ax.axvline(mean, color=ORANGE, linestyle="--")
    ax.annotate(
        f"mean {mean:.2f}",
        (mean, counts.max()),
        xytext=(-6, 0),
        textcoords="offset points",
        ha="right",
        va="top",
        color=ORANGE,
    )
    ax.set(xticks=stars, xlabel="stars", ylabel="ratings")
    return ax


def rating_matrix(ratings: Ratings, ax: Axes | None = None) -> Axes:
    """Draw a dot a rating: users down, items across, the busiest first.

    Parameters
    ----------
    ratings
        Any number of them.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    rows = _rank(ratings.counts_by_user())[ratings.users.numpy()]
    columns = _rank(ratings.counts_by_item())[ratings.items.numpy()]
    ax.scatter(columns, rows, s=0.4, color=BLUE, linewidths=0, rasterized=True)
    ax.set(
        xlim=(0, ratings.n_items),
        ylim=(ratings.n_users, 0),
        xlabel="items, most rated first",
        ylabel="users, busiest first",
    )
    return ax


def counts_by_rank(
    counts: Mapping[str, Tensor], ax: Axes | None = None
) -> Axes:
    """Draw how many ratings the busiest have, and the next, on log scales.

    Parameters
    ----------
    counts
        Name, such as users, to ratings of each (any length); zeros are left
        out.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    for number, (name, values) in enumerate(counts.items()):
        ranked = np.sort(values[values > 0].numpy())[::-1]
        ax.plot(
            np.arange(1, len(ranked) + 1),
            ranked,
            label=name,
            **_look(number),
        )
    ax.set(xscale="log", yscale="log", xlabel="rank", ylabel="ratings")
    ax.grid()
    ax.legend()
    return ax


def ratings_by_week(ratings: Ratings, ax: Axes | None = None) -> Axes:
    """Draw how many ratings were given in each week.

    Parameters
    ----------
    ratings
        With timestamps.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    days = pd.to_datetime(pd.Series(ratings.timestamps.numpy()), unit="s")
    weeks = days.dt.to_period("W").dt.start_time.value_counts().sort_index()
    ax.bar(weeks.index, weeks.to_numpy(), width=6, color=BLUE)
    locator = AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.set(xlabel="week", ylabel="ratings")
    return ax


def rating_times(
    ratings: Ratings, cuts: Sequence[int], ax: Axes | None = None
) -> Axes:
    """Draw a dot a rating by its day: one row a user, newcomers below.

    Parameters
    ----------
    ratings
        With timestamps.
    cuts
        Unix seconds at which windows start, drawn as vertical lines.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    users, times = ratings.users.numpy(), ratings.timestamps.numpy()
    first = np.full(ratings.n_users, times.max())
    np.minimum.at(first, users, times)
    rows = np.empty(ratings.n_users, dtype=np.int64)
    rows[np.argsort(first, kind="stable")] = np.arange(ratings.n_users)
    ax.scatter(
        times.astype("datetime64[s]"),
        rows[users],
        s=1.5,
        color=BLUE,
        linewidths=0,
        rasterized=True,
    )
    for number, cut in enumerate(cuts, start=1):
        day = np.datetime64(int(cut), "s")
        ax.axvline(day, color=ORANGE, linestyle="--", linewidth=1)
        ax.annotate(
            f" {number}",
            (day, -0.02 * ratings.n_users),
            color=ORANGE,
            annotation_clip=False,
        )
    locator = ax.xaxis.get_major_locator()
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.set(
        ylim=(ratings.n_users, 0),
        xlabel="when the rating was entered",
        ylabel="users, in order of their first rating",
    )
    return ax


def fold_users(
    shares: Mapping[str, np.ndarray], ax: Axes | None = None
) -> Axes:
    """Draw how test ratings of each fold spread over users.

    Parameters
    ----------
    shares
        Name of a fold to (n_users,) test ratings by user row index.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    for number, (name, counts) in enumerate(shares.items()):
        running = np.cumsum(counts) / max(counts.sum(), 1)
        ax.plot(
            running,
            label=name,
            **_look(number),
        )
    ax.set(
        xlabel="users, in order of their id",
        ylabel="share of the test ratings",
        ylim=(0, 1.02),
    )
    ax.legend()
    return ax


def lines(
    curves: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    x: Sequence[float] | None = None,
    reference: tuple[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw curves over one x, with a level to compare them with.

    Parameters
    ----------
    curves
        Name to values, one a point.
    xlabel, ylabel
        With units.
    x
        One a point; None counts from 1.
    reference
        Name and value of a horizontal line, such as a baseline.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    for number, (name, values) in enumerate(curves.items()):
        points = range(1, len(values) + 1) if x is None else x
        ax.plot(
            points,
            values,
            label=name,
            **_look(number),
            marker=MARKERS[number % len(MARKERS)],
            markersize=4 if len(values) <= 40 else 0,
        )
    if reference is not None:
        name, value = reference
        ax.axhline(value, color=GREY, linestyle=":", label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(axis="y")
    ax.legend()
    return ax


def training_history(
    history: History,
    reference: tuple[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw training and validation error by epoch, and the best epoch.

    Parameters
    ----------
    history
        What `recslib.training.fit` returned.
    reference
        Name and value of a horizontal line, such as a baseline.
    ax
        Where to draw; None makes a figure.
    """
    curves = {"training": history.train_rmse}
    if history.validation_rmse:
        curves["validation"] = history.validation_rmse
    ax = lines(
        curves,
        xlabel="epoch",
        ylabel="RMSE (stars)",
        reference=reference,
        ax=ax,
    )
    if history.validation_rmse:
        best = history.best_epoch
        ax.annotate(
            f"best epoch: {best}",
            (best, history.validation_rmse[best - 1]),
            xytext=(0, 14),
            textcoords="offset points",
            ha="center",
            arrowprops={"arrowstyle": "-", "color": GREY},
        )
    return ax


def ladder(
    rungs: pd.DataFrame,
    *,
    guess: tuple[str, float] | None = None,
    limits: tuple[float, float] | None = None,
    highlight: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one row a model: its mean error and its spread over folds.

    Parameters
    ----------
    rungs
        Columns ``model``, ``rmse`` and ``sd`` in stars, in the order to be
        read from the top.
    guess
        Name and value of a vertical line: what guessing scores.
    limits
        Of the x axis, stars; a rung outside it gets an arrow and its number.
    highlight
        The model to set off by colour and shape; None means the last.
    ax
        Where to draw; None makes a figure.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 0.9 + 0.36 * len(rungs)))
    heights = np.arange(len(rungs))
    if limits is not None:
        ax.set_xlim(*limits)
    for height, rung in zip(heights, rungs.itertuples(), strict=True):
        chosen = rung.model == (highlight or rungs["model"].iloc[-1])
        colour = ORANGE if chosen else BLUE
        text = f"{rung.rmse:.3f}"
        if limits is not None and not limits[0] <= rung.rmse <= limits[1]:
            right = rung.rmse > limits[1]
            ax.annotate(
                f"{rung.rmse:,.2f} →" if right else f"← {rung.rmse:,.2f}",
                (limits[1] if right else limits[0], height),
                ha="right" if right else "left",
                va="center",
                color=colour,
            )
            continue
        ax.errorbar(
            rung.rmse,
            height,
            xerr=None if np.isnan(rung.sd) else rung.sd,
            fmt="D" if chosen else "o",
            color=colour,
            capsize=3,
        )
        reach = 0.0 if np.isnan(rung.sd) else rung.sd
        ax.annotate(
            text,
            (rung.rmse + reach, height),
            xytext=(6, 0),
            textcoords="offset points",
            ha="left",
            va="center",
            fontsize=8,
            color=colour,
        )
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
        )
    ax.set(
        yticks=heights,
        yticklabels=rungs["model"],
        ylim=(len(rungs) - 0.5, -1.0),
        xlabel="RMSE (stars), mean and spread over the folds",
    )
    ax.grid(axis="x")
    return ax


def ladders(
    rungs: pd.DataFrame,
    *,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a panel of rungs for each split, all over one axis.

    Errors of two splits are not to be compared: each panel stands on ground of
    its own, and the lines of its guesses end where it ends.

    Parameters
    ----------
    rungs
        In the order to be read from the top; columns ``panel`` and ``part``
        (headings; a part may be empty), ``model``, ``rmse`` in stars, ``low``
        and ``high`` (ends of the whisker, NaN for none), ``kind`` (a key of
        ``KINDS``) and ``line`` (what to call a vertical line at this rung,
        empty for none).
    limits
        Of the x axis, stars; a rung outside it gets an arrow.
    ax
        Where to draw; None makes a figure.

    Raises
    ------
    ValueError
        Where a kind is none of ``KINDS``.
    """
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
                guess.rmse,
                panels[name] + 0.4,
                bottom,
                color=GREY,
                linestyle=LINES[3 - lines.index(guess.line) % 3],
                linewidth=1,
            )
            ax.annotate(
                guess.line,
                (guess.rmse, panels[name]),
                ha="center",
                va="center",
                fontsize=7,
                color=GREY,
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
    ax.set_xlabel("RMSE (stars)", fontsize=8)
    ax.grid(axis="x")
    return ax


def error_by_group(
    groups: Mapping[str, pd.DataFrame],
    *,
    xlabel: str,
    column: str = "rmse",
    ylabel: str = "RMSE (stars)",
    ax: Axes | None = None,
) -> Axes:
    """Draw the error of some models side by side, group by group.

    Parameters
    ----------
    groups
        Name of a model to what `recslib.evaluation.error_by_count` returned,
        or another frame with ``group`` and one value a group.
    xlabel
        What the groups count.
    column, ylabel
        The value that is drawn, and what it is called.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    for number, (name, frame) in enumerate(groups.items()):
        ax.plot(
            frame["group"],
            frame[column],
            label=name,
            **_look(number),
            marker=MARKERS[number % len(MARKERS)],
        )
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.tick_params(axis="x", labelsize=8)
    ax.grid(axis="y")
    ax.legend()
    return ax


def group_intervals(
    groups: pd.DataFrame,
    *,
    xlabel: str = "RMSE (stars), with its 95 % interval",
    ax: Axes | None = None,
) -> Axes:
    """Draw one row a group: its error, and how sure that is.

    Parameters
    ----------
    groups
        What `recslib.evaluation.error_by_label` returned.
    xlabel
        What is drawn.
    ax
        Where to draw; None makes a figure.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 0.9 + 0.36 * len(groups)))
    heights = np.arange(len(groups))
    ax.hlines(heights, groups["low"], groups["high"], color=BLUE)
    ax.plot(groups["rmse"], heights, "o", color=BLUE)
    for height, row in zip(heights, groups.itertuples(), strict=True):
        ax.annotate(
            f"{row.users:,} users, {row.n:,} ratings",
            (row.high, height),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            color=GREY,
        )
    ax.set_yticks(heights, groups["group"])
    ax.invert_yaxis()
    # Room for the words behind the interval that reaches furthest.
    low, high = groups["low"].min(), groups["high"].max()
    ax.set_xlim(low - 0.05 * (high - low), high + 0.6 * (high - low))
    ax.set(xlabel=xlabel, ylabel="group")
    ax.grid(axis="x")
    return ax


def surface(
    heights: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a function of two numbers as contours with their heights.

    Parameters
    ----------
    heights
        (len(y), len(x)).
    x, y
        Where the function was read, rising.
    xlabel, ylabel, title
        Words.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    filled = ax.contourf(x, y, heights, levels=12, cmap="cividis")
    # A flat function has no contours, and matplotlib warns of it.
    if np.ptp(heights) > 0:
        levels = filled.levels
        colours = [
            _ON_LOW if level < levels.mean() else _ON_HIGH for level in levels
        ]
        drawn = ax.contour(x, y, heights, levels=levels, colors=colours)
        ax.clabel(drawn, fontsize=7, fmt="%.1f")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return ax


def time_to_quality(
    points: pd.DataFrame,
    *,
    limits: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw error against seconds: our best as a curve, each peer a point.

    The curve joins those of ours that no quicker one of ours beats.

    Parameters
    ----------
    points
        Columns ``label`` (what to write beside a point), ``ours`` (bool),
        ``cpu_s`` and ``rmse`` in stars.
    limits
        Of the y axis, stars; a point above it is left out. None shows all.
    ax
        Where to draw; None makes a figure.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 4.6))
    if limits is not None:
        ax.set_ylim(*limits)
        points = points[points["rmse"] <= limits[1]]
    ours = points[points["ours"]].sort_values("cpu_s")
    peers = points[~points["ours"]]
    best = ours[ours["rmse"] <= ours["rmse"].cummin()]
    ax.plot(best["cpu_s"], best["rmse"], color=ORANGE)
    ax.plot(
        ours["cpu_s"],
        ours["rmse"],
        color=ORANGE,
        marker="D",
        markersize=5,
        linestyle="",
        label="this book",
    )
    ax.plot(
        peers["cpu_s"],
        peers["rmse"],
        color=BLUE,
        marker="o",
        markersize=5,
        linestyle="",
        label="other libraries",
    )
    ax.set(
        xscale="log",
        xlabel="CPU seconds a fit, one thread",
        ylabel="RMSE (stars)",
    )
    seconds = points["cpu_s"]
    # Room for words beside the first and the last point.
    ax.set_xlim(seconds.min() / 2, seconds.max() * 4)
    ax.grid()
    ax.legend(loc="upper right")
    _label_apart(ax, points)
    return ax


def cost_growth(
    costs: pd.DataFrame,
    *,
    column: str,
    ylabel: str,
    limit: tuple[str, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how a cost grows with the ratings, on logarithmic axes.

    Parameters
    ----------
    costs
        Columns ``peer``, ``ratings`` and the one to draw.
    column
        Which to draw.
    ylabel
        With units.
    limit
        Name and value of a horizontal line.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    for number, (name, rows) in enumerate(costs.groupby("peer", sort=False)):
        ax.plot(
            rows["ratings"],
            rows[column],
            label=name,
            **_look(number),
            marker=MARKERS[number % len(MARKERS)],
        )
    if limit is not None:
        name, value = limit
        ax.axhline(value, color=GREY, linestyle=":", label=name)
    ax.set(xscale="log", yscale="log", xlabel="ratings", ylabel=ylabel)
    ax.grid()
    ax.legend()
    return ax


def prediction_histogram(
    predictions: Mapping[str, Tensor],
    *,
    xlabel: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw how predictions spread, one outline a model.

    Parameters
    ----------
    predictions
        Name to (N,) values.
    xlabel
        With units.
    ax
        Where to draw; None makes a figure.
    """
    ax = _axes(ax)
    values = [np.asarray(part) for part in predictions.values()]
    low = min(part.min() for part in values)
    high = max(part.max() for part in values)
    edges = np.linspace(low, high, 61)
    for number, (name, part) in enumerate(
        zip(predictions, values, strict=True)
    ):
        ax.hist(
            part,
            edges,
            histtype="step",
            label=name,
            **_look(number),
            linewidth=1.8,
        )
    ax.set(xlabel=xlabel, ylabel="predictions")
    ax.legend()
    return ax


def item_map(
    places: np.ndarray,
    labels: Sequence[str],
    *,
    xlabel: str = "first direction",
    ylabel: str = "second direction",
    ax: Axes | None = None,
) -> Axes:
    """Draw items as dots, and label those that there is room for.

    Parameters
    ----------
    places
        (N, 2) where each item lies.
    labels
        N texts, the most important first: a label is left out where it would
        cover one before it.
    xlabel, ylabel
        What the two directions are.
    ax
        Where to draw; None makes a figure.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 6.0))
    ax.scatter(*places.T, s=14, color=BLUE, alpha=0.55, linewidths=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(0.12)
    ax.figure.canvas.draw()
    taken = []
    for place, label in zip(places, labels, strict=True):
        for offset, anchor in (((4, 3), "left"), ((-4, 3), "right")):
            text = ax.annotate(
                label,
                place,
                xytext=offset,
                textcoords="offset points",
                ha=anchor,
                fontsize=7,
            )
            box = text.get_window_extent()
            inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
    return ax


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
    ink, light, star = "#0F3A5C", "#FFFFFF", "#FFC145"
    figure = plt.figure(figsize=(12, 6.3), dpi=100, facecolor=ink)
    ax = figure.add_axes((0.36, 0.18, 0.5, 0.38), facecolor="none")
    figure.text(0.06, 0.8, title, size=40, color=light, weight="bold")
    figure.text(0.06, 0.67, question, size=30, color=star, style="italic")
    unit = "RMSE in stars on MovieLens 100K: lower is better"
    figure.text(0.06, 0.06, unit, size=17, color=light)
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
            color=star if is_last else light,
            markerfacecolor=ink if number == 0 else None,
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
            color=light,
        )
    ax.set(yticks=heights, xticks=[], ylim=(-0.4, len(rungs) - 0.6))
    ax.set_yticklabels(rungs, size=22, color=light)
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
    ax.margins(x=0.12)
    return figure


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
    ax.set_yticks(places, names, fontsize=7.5)
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
        f"{rung.rmse:.3f}" if rung.rmse < 10 else f"{rung.rmse:.1f}",
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
    if limits is not None and not limits[0] <= rung.rmse <= limits[1]:
        right = rung.rmse > limits[1]
        ax.annotate(
            "→" if right else "←",
            (limits[1] if right else limits[0], height),
            ha="right" if right else "left",
            va="center",
            color=colour,
        )
        return
    whisker = [[rung.rmse - rung.low], [rung.high - rung.rmse]]
    ax.errorbar(
        rung.rmse,
        height,
        xerr=None if np.isnan(rung.low) else whisker,
        linestyle="",
        color=colour,
        marker=marker,
        markersize=5,
        markerfacecolor=colour if filled else "none",
        capsize=2,
    )


def _box(ax: Axes, place: tuple[float, float], text: str) -> None:
    ax.text(
        *place,
        text,
        ha="center",
        va="center",
        bbox={
            "boxstyle": "round,pad=0.45",
            "facecolor": PALE,
            "edgecolor": BLUE,
        },
    )


def _look(number: int) -> dict[str, Any]:
    """Return colour and dashes of a figure's curve, counted from 0."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": LINES[number % len(LINES)],
    }


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots()[1] if ax is None else ax


def _blank(ax: Axes | None, width: float, height: float) -> Axes:
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 7.0 * height / width))
    ax.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    ax.axis("off")
    return ax


def _arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float]
) -> None:
    ax.add_patch(
        FancyArrowPatch(
            start, end, arrowstyle="-|>", mutation_scale=10, color=GREY
        )
    )


def _label_apart(ax: Axes, points: pd.DataFrame) -> None:
    """Write each point's label where it covers no point and no other label.

    Around every point a few places are tried, near ones first. Those who
    find none free get the one that covers least.
    """
    figure = ax.figure
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    dots = ax.transData.transform(points[["cpu_s", "rmse"]].to_numpy())
    reach = 4 * figure.dpi / 72
    taken = [(x - reach, y - reach, x + reach, y + reach) for x, y in dots]
    if ax.get_legend() is not None:
        taken.append(ax.get_legend().get_window_extent(renderer).extents)
    inside = ax.get_window_extent(renderer).extents
    for row in points.itertuples():
        best = None
        for shift, side in product(_LABEL_SHIFTS, ("left", "right")):
            text = _label(ax, row, shift, side, line=False)
            box = text.get_window_extent(renderer).extents
            text.remove()
            outside = _area(box) - _overlap(box, inside)
            cost = sum(_overlap(box, other) for other in taken) + 10 * outside
            if best is None or cost < best[0]:
                best = (cost, shift, side, box)
            if cost == 0:
                break
        _, shift, side, box = best
        _label(ax, row, shift, side)
        taken.append(box)


def _label(
    ax: Axes, row: NamedTuple, shift: int, side: str, line: bool = True
) -> Annotation:
    """Write a label beside a point, ``shift`` points higher, with a line."""
    leader = {"arrowstyle": "-", "color": GREY, "linewidth": 0.6}
    return ax.annotate(
        row.label,
        (row.cpu_s, row.rmse),
        xytext=(6 if side == "left" else -6, shift),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=7,
        color=ORANGE if row.ours else BLACK,
        arrowprops=leader if line and shift else None,
    )


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the area that two boxes (x0, y0, x1, y1) share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


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


def _rank(counts: Tensor) -> np.ndarray:
    """Return each row's place when sorted by count, the largest 0."""
    order = np.argsort(-counts.numpy(), kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
