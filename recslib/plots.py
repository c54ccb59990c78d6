"""Charts of data. Each function takes arrays, returns the Axes."""

from __future__ import annotations

import unicodedata
import warnings
from collections.abc import Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.text import Annotation
from torch import Tensor

from recslib.arguments import check_finite, check_some
from recslib.overview import is_amount
from recslib.ratings import Ratings, RatingsError
from recslib.style import (
    BLACK,
    BLUE,
    COLOURS,
    GREY,
    LINES,
    MARKERS,
    ON_HIGH,
    ON_LOW,
    ORANGE,
    fonts_for,
    lacking,
)

if TYPE_CHECKING:
    from recslib.training import History

# So many different ratings have a bar each; more are drawn in ranges.
MOST_BARS, N_RANGES = 21, 30
# The years 1000 and 5000: a calendar has room beside them.
YEAR_1000, YEAR_5000 = -30_610_224_000, 95_617_584_000
LONGEST = 60  # signs that a legend shows of a name
BOX = "\u25a1"
# The same words each time: Python then shows them once.
NO_FONT = (
    f"Names hold signs that no font here has: each is drawn as {BOX}. Give "
    f"Matplotlib a font that has them, before you draw: "
    f"matplotlib.font_manager.fontManager.addfont(path). Noto Sans CJK has "
    f"those of Chinese, Japanese and Korean."
)
# Where a label may stand, in points above or below its own point.
_LABEL_SHIFTS = (0, 7, -7, 14, -14, 21, -21, 28, -28)


def stars_histogram(ratings: Ratings, ax: Axes | None = None) -> Axes:
    """Draw how often each star was given.

    More than 21 different ratings are drawn in ranges; those of amounts, such
    as hours, on a log scale.

    Parameters
    ----------
    ratings
        At least one.
    ax
        Where to draw; None makes a figure.

    Raises
    ------
    ValueError
        When there is none.
    """
    check_some(ratings, "ratings to draw")
    ax = _axes(ax)
    stars, counts = np.unique(ratings.ratings.numpy(), return_counts=True)
    if len(stars) > MOST_BARS:
        return _rating_ranges(ratings, ax)
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
    return _plain(ax)


def _rating_ranges(ratings: Ratings, ax: Axes) -> Axes:
    values = ratings.ratings.double().numpy()
    low, high = values.min(), values.max()
    ends = np.linspace(low, high, N_RANGES + 1)
    if is_amount(ratings):
        logs = np.linspace(np.log1p(low), np.log1p(high), N_RANGES + 1)
        ends = np.expm1(logs)
        ax.set_xscale("symlog", linthresh=1.0)
    # Rounding must not leave the largest out.
    ends[0], ends[-1] = low, high
    ax.hist(values, bins=ends, color=BLUE)
    ax.set(xlabel="rating", ylabel="ratings")
    return _plain(ax)


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
    return _plain(ax)


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

    Raises
    ------
    ValueError
        When a name has no count above 0.
    """
    ax = _axes(ax)
    for number, (name, values) in enumerate(counts.items()):
        values = _numbers(values)
        check_some(values[values > 0], f"{name} with ratings")
        ranked = np.sort(values[values > 0])[::-1]
        ax.plot(
            np.arange(1, len(ranked) + 1),
            ranked,
            label=_shown(name),
            **_look(number),
        )
    ax.set(xscale="log", yscale="log", xlabel="rank", ylabel="ratings")
    ax.grid()
    _legend(ax, loc="upper right")  # where no curve rises to
    return _plain(ax)


def ratings_by_week(ratings: Ratings, ax: Axes | None = None) -> Axes:
    """Draw how many ratings were given in each week.

    Parameters
    ----------
    ratings
        With timestamps.
    ax
        Where to draw; None makes a figure.

    Raises
    ------
    RatingsError
        When there are no timestamps, or they are too far away.
    """
    _check_times(ratings)
    ax = _axes(ax)
    days = pd.to_datetime(pd.Series(ratings.timestamps.numpy()), unit="s")
    weeks = days.dt.to_period("W").dt.start_time.value_counts().sort_index()
    ax.bar(weeks.index, weeks.to_numpy(), width=6, color=BLUE)
    locator = AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    ax.set(xlabel="week", ylabel="ratings")
    return _plain(ax)


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

    Raises
    ------
    RatingsError
        When there are no timestamps, or they are too far away.
    """
    _check_times(ratings)
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
    return _plain(ax)


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
            label=_shown(name),
            **_look(number),
        )
    ax.set(
        xlabel="users, in order of their id",
        ylabel="share of the test ratings",
        ylim=(0, 1.02),
    )
    _legend(ax)
    return _plain(ax)


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
        values = _numbers(values)
        points = range(1, len(values) + 1) if x is None else x
        ax.plot(
            points,
            values,
            label=_shown(name),
            **_look(number),
            marker=MARKERS[number % len(MARKERS)],
            markersize=4 if len(values) <= 40 else 0,
        )
    if reference is not None:
        name, value = reference
        ax.axhline(value, color=GREY, linestyle=":", label=_shown(name))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.grid(axis="y")
    _legend(ax)
    return _plain(ax)


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
    return _plain(ax)


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
    on_axis = [_on_axis(frame["group"]) for frame in groups.values()]
    for number, (name, frame) in enumerate(groups.items()):
        ax.plot(
            on_axis[number],
            frame[column],
            label=_shown(name),
            **_look(number),
            marker=MARKERS[number % len(MARKERS)],
        )
    ax.set(xlabel=xlabel, ylabel=ylabel)
    family = fonts_for("".join(str(name) for part in on_axis for name in part))
    ax.tick_params(axis="x", labelsize=8, labelfontfamily=family)
    ax.grid(axis="y")
    _legend(ax)
    return _plain(ax)


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

    Raises
    ------
    ValueError
        When there is no group, or an error is not finite.
    """
    check_some(groups, "groups to draw")
    check_finite(torch.tensor(groups["rmse"].to_numpy()), "errors of groups")
    # Of few people there may be no interval.
    groups = groups.assign(
        low=groups["low"].fillna(groups["rmse"]),
        high=groups["high"].fillna(groups["rmse"]),
    )
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
    names = groups["group"].map(_printable)
    family = fonts_for("".join(names))
    ax.set_yticks(heights, names, parse_math=False, fontfamily=family)
    ax.invert_yaxis()
    # Room for the words behind the interval that reaches furthest.
    low, high = groups["low"].min(), groups["high"].max()
    width = high - low or 1.0
    ax.set_xlim(low - 0.05 * width, high + 0.6 * width)
    ax.set(xlabel=xlabel, ylabel="group")
    ax.grid(axis="x")
    return _plain(ax)


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
            ON_LOW if level < levels.mean() else ON_HIGH for level in levels
        ]
        drawn = ax.contour(x, y, heights, levels=levels, colors=colours)
        ax.clabel(drawn, fontsize=7, fmt="%.1f")
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return _plain(ax)


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
    _legend(ax, loc="upper right")
    _plain(ax)
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
            label=_shown(name),
            **_look(number),
            marker=MARKERS[number % len(MARKERS)],
        )
    if limit is not None:
        name, value = limit
        ax.axhline(value, color=GREY, linestyle=":", label=_shown(name))
    ax.set(xscale="log", yscale="log", xlabel="ratings", ylabel=ylabel)
    ax.grid()
    _legend(ax)
    return _plain(ax)


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

    Raises
    ------
    ValueError
        When a model has no predictions, or one is not finite.
    """
    check_some(predictions, "models to draw")
    for name, part in predictions.items():
        check_some(part, f"predictions of {name}")
        check_finite(torch.as_tensor(part), f"predictions of {name}")
    ax = _axes(ax)
    values = [_numbers(part) for part in predictions.values()]
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
            label=_shown(name),
            **_look(number),
            linewidth=1.8,
        )
    ax.set(xlabel=xlabel, ylabel="predictions")
    _legend(ax)
    return _plain(ax)


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

    Raises
    ------
    ValueError
        When there is not one label a place, or a place is not finite.
    """
    if np.ndim(places) != 2 or np.shape(places) != (len(labels), 2):
        raise ValueError(
            f"places have the shape {np.shape(places)} and there are "
            f"{len(labels)} labels; give two numbers and a label for each."
        )
    places = _numbers(places)
    check_finite(torch.as_tensor(places), "places")
    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 6.0))
    ax.scatter(*places.T, s=14, color=BLUE, alpha=0.55, linewidths=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(0.12)
    _plain(ax)
    ax.figure.canvas.draw()
    taken = []
    for place, label in zip(places, map(_printable, labels), strict=True):
        for offset, anchor in (((4, 3), "left"), ((-4, 3), "right")):
            text = ax.annotate(
                label,
                place,
                xytext=offset,
                textcoords="offset points",
                ha=anchor,
                fontsize=7,
                fontfamily=fonts_for(label),
                parse_math=False,
            )
            box = text.get_window_extent()
            inside = ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
    return _plain(ax)


def _look(number: int) -> dict[str, Any]:
    """Return colour and dashes of a figure's curve, counted from 0."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": LINES[number % len(LINES)],
    }


def _check_times(ratings: Ratings) -> None:
    if ratings.timestamps is None or len(ratings) == 0:
        raise RatingsError(
            f"{ratings}: there are no times to draw; give ratings with a "
            f"timestamp column."
        )
    first, last = int(ratings.timestamps.min()), int(ratings.timestamps.max())
    if first < YEAR_1000 or last >= YEAR_5000:
        raise RatingsError(
            f"{ratings}: timestamps go from {first} to {last}, and Unix "
            f"seconds of the years 1000 to 4999 can be drawn. Where they "
            f"count milliseconds: dataclasses.replace(ratings, "
            f"timestamps=ratings.timestamps // 1_000)."
        )


def _numbers(values: Tensor | Sequence[float] | np.ndarray) -> np.ndarray:
    """Take the numbers of a tensor, be they weights or not."""
    is_tensor = isinstance(values, Tensor)
    return np.asarray(values.detach().cpu() if is_tensor else values)


def _printable(name: object) -> str:
    """Write a blank for each sign that no eye sees, and a box for others.

    A box stands for what no font here has, and that is said once.
    """
    text = str(name).encode("utf-8", "replace").decode("utf-8")
    text = "".join(
        " " if unicodedata.category(sign) == "Cc" and sign != "\n" else sign
        for sign in text
    )
    without = lacking(text, fonts_for(text))
    if without:
        warnings.warn(NO_FONT, stacklevel=1)
    return "".join(BOX if sign in without else sign for sign in text)


def _shown(name: object) -> str:
    """Write a name for a legend, which leaves out those that start with _."""
    text = _printable(name)
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return f" {text}" if text.startswith("_") else text


def _on_axis(groups: pd.Series) -> pd.Series:
    """Take words of groups for words, and leave numbers what they are."""
    if pd.api.types.is_numeric_dtype(groups.dtype):
        return groups
    texts = groups.astype(str).map(_printable)
    return texts.str.replace("$", r"\$", regex=False)


def _legend(ax: Axes, **how: str) -> None:
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**how)


def _plain(ax: Axes) -> Axes:
    """Take every text for text: a dollar sign starts no mathematics."""
    texts = [*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label]
    if ax.get_legend() is not None:
        texts += ax.get_legend().get_texts()
    for text in texts:
        shown = _printable(text.get_text())
        text.set(
            parse_math=False,
            text=shown,
            fontfamily=fonts_for(shown, text.get_fontfamily()),
        )
    return ax


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots()[1] if ax is None else ax


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
    shown = _printable(row.label)
    return ax.annotate(
        shown,
        (row.cpu_s, row.rmse),
        xytext=(6 if side == "left" else -6, shift),
        textcoords="offset points",
        ha=side,
        va="center",
        fontsize=7,
        fontfamily=fonts_for(shown),
        color=ORANGE if row.ours else BLACK,
        parse_math=False,
        arrowprops=leader if line and shift else None,
    )


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the area that two boxes (x0, y0, x1, y1) share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(width, 0.0) * max(height, 0.0)


def _rank(counts: Tensor) -> np.ndarray:
    """Return each row's place when sorted by count, the largest 0."""
    order = np.argsort(-counts.numpy(), kind="stable")
    places = np.empty(len(order), dtype=np.int64)
    places[order] = np.arange(len(order))
    return places
