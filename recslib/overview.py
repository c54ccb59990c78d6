"""What was read, told so that a person can check it.

A table of what a file of ratings holds, and what counts as a like on their
scale, whatever it is: stars, points, 0 or 1, or hours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from torch import Tensor

from recslib import lists
from recslib.arguments import check_count, check_kind, check_some
from recslib.ratings import Ratings

# Shares of ratings that count as likes, where the scale does not say.
SHARE_LIKED, FEW_LIKED, MANY_LIKED = 0.4, 0.05, 0.8
STARS = ((1.0, 5.0), (0.5, 5.0))
# From 1677 to 2262, which is what pandas has dates for.
FIRST_SECOND, LAST_SECOND = -9_223_372_036, 9_223_372_036


@dataclass(frozen=True)
class Liked:
    """From which rating on something is liked, and why.

    Parameters
    ----------
    least
        The lowest rating that is a like.
    share
        Of all ratings that are likes, 0 to 1.
    words
        The rule, as a sentence.
    """

    least: float
    share: float
    words: str


def counted(n: int, thing: str, things: str = "") -> str:
    """Write a number and what it counts: ``"1 rating"``, ``"2 ratings"``.

    Parameters
    ----------
    n
        How many.
    thing, things
        In the singular and, where an s does not make it, in the plural.

    Raises
    ------
    ValueError
        When ``n`` is no whole number from 0 up.
    """
    check_count(n, "n", least=0)
    return f"{n:,} {thing if n == 1 else things or f'{thing}s'}"


def describe(ratings: Ratings) -> pd.DataFrame:
    """Say what was read, so that a person can check it.

    Parameters
    ----------
    ratings
        At least one.

    Returns
    -------
    DataFrame
        Columns ``what`` and ``value``, both text.

    Raises
    ------
    ValueError
        When there are no ratings.
    """
    check_kind(ratings, Ratings, "ratings")
    check_some(ratings, "ratings to describe")
    low, high = ratings.scale
    values, counts = ratings.ratings.double().unique(return_counts=True)
    commonest = int(counts.argmax())
    share = 100 * counts[commonest].item() / len(ratings)
    filled = 100 * len(ratings) / (ratings.n_users * ratings.n_items)
    pairs = ratings.users * ratings.n_items + ratings.items
    titles = pd.Series(ratings.titles)
    n_named = sum(
        title != f"item {id_}"
        for title, id_ in zip(ratings.titles, ratings.item_ids, strict=True)
    )
    rows = {
        "columns": ratings.read_as,
        "ratings": f"{len(ratings):,}",
        "people": f"{ratings.n_users:,}",
        "items": f"{ratings.n_items:,}",
        "items with a title": f"{n_named:,}",
        "items that share a title": f"{int(titles.duplicated(False).sum()):,}",
        "filled, of people by items": f"{filled:.3g} %",
        "ratings that stand twice": f"{len(pairs) - len(pairs.unique()):,}",
        "scale": f"{low:g} to {high:g}" if len(values) > 1 else "",
        "different ratings": f"{len(values):,}",
        "most frequent": f"{values[commonest].item():.4g}, {share:.3g} %",
        "mean": f"{ratings.ratings.double().mean().item():.3g}",
        "half are at most": f"{ratings.ratings.median().item():.4g}",
        "ratings a person": _counts(ratings.counts_by_user()),
        "busiest tenth of people": _of_top_tenth(ratings.counts_by_user()),
        "ratings an item": _counts(ratings.counts_by_item()),
        "best known tenth of items": _of_top_tenth(ratings.counts_by_item()),
        "time": _span(ratings),
    }
    told = {what: value for what, value in rows.items() if value}
    return pd.DataFrame({"what": list(told), "value": list(told.values())})


def _counts(counts: Tensor) -> str:
    counts = counts[counts > 0]
    return (
        f"{int(counts.min()):,} to {int(counts.max()):,}, half have at most "
        f"{int(counts.median()):,}"
    )


def _of_top_tenth(counts: Tensor) -> str:
    """Say which share of the ratings the tenth with the most has."""
    counts = counts[counts > 0]
    top = counts.topk(math.ceil(len(counts) / 10)).values.sum()
    return f"{100 * top.item() / counts.sum().item():.3g} % of the ratings"


def _span(ratings: Ratings) -> str:
    if ratings.timestamps is None:
        return "none"
    first, last = int(ratings.timestamps.min()), int(ratings.timestamps.max())
    if first == last:
        return "all the same"
    if not has_dates(ratings):
        return f"{first} to {last}"
    days = [f"{pd.Timestamp(at, unit='s'):%Y-%m-%d}" for at in (first, last)]
    return " to ".join(days)


def has_order(ratings: Ratings) -> bool:
    """Say whether times tell what came first."""
    check_kind(ratings, Ratings, "ratings")
    times = ratings.timestamps
    return times is not None and bool((times != times[:1]).any())


def has_dates(ratings: Ratings) -> bool:
    """Say whether times can be written as dates."""
    check_kind(ratings, Ratings, "ratings")
    times = ratings.timestamps
    return (
        times is not None
        and len(times) > 0
        and int(times.min()) >= FIRST_SECOND
        and int(times.max()) <= LAST_SECOND
    )


def is_amount(ratings: Ratings) -> bool:
    """Say whether ratings are amounts, such as hours or plays, and no stars.

    They are where nothing is negative, there are more than ten different
    values, and the highest is above ten, and more than ten times the one in
    the middle of those above zero.

    Parameters
    ----------
    ratings
        Any number of them.
    """
    check_kind(ratings, Ratings, "ratings")
    values = ratings.ratings
    above = values[values > 0]
    return bool(
        len(above)
        and values.min() >= 0
        and len(values.unique()) > 10
        and above.max() > 10 * above.median().clamp_min(1.0)
    )


def liked_of(ratings: Ratings) -> Liked:
    """Decide from which rating on something is liked.

    - Stars, 1 to 5: four or more, as in the chapter on lists.
    - One value alone, for it only says who had what: all of them.
    - Two values: the higher one.
    - Anything else (and stars where four or more are nearly all ratings, or
      hardly any): the value from which on the share is nearest 40 %. Never
      the lowest value.

    One bound holds for everybody: a person who likes little gets few likes.

    Parameters
    ----------
    ratings
        At least one.

    Raises
    ------
    ValueError
        When there are no ratings.
    """
    check_kind(ratings, Ratings, "ratings")
    check_some(ratings, "ratings to find likes in")
    values, counts = ratings.ratings.double().unique(return_counts=True)
    shares = counts.flip(0).cumsum(0).flip(0) / len(ratings)  # at or above
    if len(values) == 1:
        words = "Every rating is the same, so all that was rated is liked."
        return Liked(values.item(), 1.0, words)
    if len(values) == 2:
        low, high = values.tolist()
        words = f"Liked is {high:g}; {low:g} is not."
        return Liked(high, shares[1].item(), words)
    if ratings.scale in STARS:
        share = (ratings.ratings >= lists.LIKED).double().mean().item()
        if FEW_LIKED <= share <= MANY_LIKED:
            words = f"Liked is {lists.LIKED:g} stars or more."
            return Liked(lists.LIKED, share, words)
    place = 1 + int((shares[1:] - SHARE_LIKED).abs().argmin())
    least, share = values[place].item(), shares[place].item()
    return Liked(
        least,
        share,
        f"Liked is {least:.4g} or more: the upper {100 * share:.0f} % of the "
        f"ratings, as near to {100 * SHARE_LIKED:.0f} % as can be.",
    )
