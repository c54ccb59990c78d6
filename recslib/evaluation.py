"""How far off, in stars; how good a list; whether a difference is real."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recslib.arguments import (
    check_clip,
    check_count,
    check_rows,
    check_seed,
    check_some,
    check_tensor,
)


@dataclass(frozen=True)
class FoldSummary:
    """Mean and spread of one figure over folds.

    Parameters
    ----------
    mean
        Of the folds' values.
    sd
        Sample standard deviation (n - 1); NaN for a single fold.
    values
        One a fold.
    """

    mean: float
    sd: float
    values: tuple[float, ...]

    def __str__(self) -> str:
        """Write mean and spread with four digits; one fold has no spread."""
        if len(self.values) == 1:
            return f"{self.mean:.4f} (one fold)"
        return f"{self.mean:.4f} ± {self.sd:.4f}"


@dataclass(frozen=True)
class Interval:
    """A difference, A minus B, and its 95 % interval: of RMSE, in stars."""

    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write the difference and the interval with four digits."""
        return (
            f"{self.difference:+.4f} (95 % {self.low:+.4f} to "
            f"{self.high:+.4f})"
        )


@dataclass(frozen=True, eq=False)
class ListQuality:
    """How good the lists of B people are: one value each, 0 to 1.

    Parameters
    ----------
    ndcg
        (B,): discounted gain against that of the best list there is. A hit at
        place p counts 1 / log2(p + 1).
    precision
        (B,): share of the n places of the list that hold a hit.
    recall
        (B,): share of what was wanted that is in the list.
    average_precision
        (B,): the precisions at the places of the hits, added and divided by
        how many are wanted.
    items
        (B, n) int64, the lists, the best first; -1 where a list has ended.
    """

    ndcg: Tensor
    precision: Tensor
    recall: Tensor
    average_precision: Tensor
    items: Tensor

    def __len__(self) -> int:
        """Count the people."""
        return len(self.ndcg)

    def __repr__(self) -> str:
        """Write the means over people with four digits."""
        return (
            f"ListQuality(nDCG {self.ndcg.mean():.4f}, precision "
            f"{self.precision.mean():.4f}, recall {self.recall.mean():.4f}, "
            f"{len(self):,} people)"
        )


def rmse(
    predictions: Tensor,
    ratings: Tensor,
    clip: tuple[float, float] | None = None,
) -> float:
    """Root of the mean squared error over all ratings at once.

    Parameters
    ----------
    predictions, ratings
        (N,) stars.
    clip
        Lowest and highest star to cut predictions to, or None for none.

    Returns
    -------
    float
        Stars.

    Raises
    ------
    ValueError
        For different shapes, no ratings, predictions that are missing or
        not finite (the message counts them), and a clip that is not two
        finite numbers, the lower one first.
    """
    errors = _errors(predictions, ratings, clip)
    return errors.square().mean().sqrt().item()


def mae(
    predictions: Tensor,
    ratings: Tensor,
    clip: tuple[float, float] | None = None,
) -> float:
    """Mean absolute error over all ratings at once.

    Arguments, result and errors as in `rmse`.
    """
    return _errors(predictions, ratings, clip).abs().mean().item()


def summarize(values: Sequence[float]) -> FoldSummary:
    """Take mean and spread of one figure over folds.

    Raises
    ------
    ValueError
        When there are no values, or one is not finite.
    """
    if len(values) == 0:
        raise ValueError("no values to summarize; give one a fold.")
    values = tuple(float(value) for value in values)
    n_bad = int((~np.isfinite(values)).sum())
    if n_bad:
        raise ValueError(
            f"{n_bad} of {len(values)} values are NaN or infinite; look at "
            f"those folds first."
        )
    spread = np.std(values, ddof=1) if len(values) > 1 else np.nan
    return FoldSummary(float(np.mean(values)), float(spread), values)


def paired_bootstrap(
    predictions_a: Tensor,
    predictions_b: Tensor,
    ratings: Tensor,
    users: Tensor,
    *,
    n_resamples: int = 2_000,
    seed: int = 0,
) -> Interval:
    """Bound the difference in RMSE of two models on the same ratings.

    Users are drawn with replacement, each with all their ratings, since one
    person's errors hang together; both models are read on the same draw. The
    interval holds the middle 95 % of the differences: Efron's percentile
    interval (B. Efron, R. Tibshirani, "An Introduction to the Bootstrap",
    1993, chapter 13).

    Another seed gives another fit, and other users do not show that. Where a
    model was fitted with several seeds, these are drawn with replacement too,
    for each model apart, and its RMSE is the mean over the seeds drawn.

    Parameters
    ----------
    predictions_a, predictions_b
        (N,) stars, or (S, N): one row a seed. Clip them first if you report
        them clipped.
    ratings
        (N,) stars.
    users
        (N,) int64, whose rating it is.
    n_resamples
        How many draws.
    seed
        Of the draws.

    Returns
    -------
    Interval
        RMSE of A minus RMSE of B: below zero where A is better.

    Raises
    ------
    ValueError
        As in `rmse`, and when ``users`` has another length.
    """
    if users.shape != ratings.shape:
        raise ValueError(
            f"users has the shape {tuple(users.shape)}, ratings "
            f"{tuple(ratings.shape)}; give one user a rating."
        )
    _, rows = users.unique(return_inverse=True)
    counts = np.bincount(rows.numpy())
    models = [
        _squares_by_user(predictions, ratings, rows.numpy())
        for predictions in (predictions_a, predictions_b)
    ]
    sums = _resample(
        np.stack([*models[0], *models[1], counts]), n_resamples, seed
    )
    parts = np.split(sums[:-1], [len(models[0])])
    generator = np.random.default_rng(seed)
    resampled = [
        _mean_over_seeds(np.sqrt(part / sums[-1]), generator) for part in parts
    ]
    low, high = np.quantile(resampled[0] - resampled[1], [0.025, 0.975])
    difference, other = (
        np.sqrt(squares.sum(axis=1) / counts.sum()).mean()
        for squares in models
    )
    return Interval(float(difference - other), float(low), float(high))


def read_intervals(path: str | Path) -> dict[tuple[str, str, str], Interval]:
    """Read intervals that a run of the benchmark has kept.

    Parameters
    ----------
    path
        A JSON list of objects with ``task``, ``first``, ``second``,
        ``difference`` (first minus second), ``low`` and ``high``, in stars.

    Returns
    -------
    dict
        The intervals by task, first and second.

    Raises
    ------
    FileNotFoundError
        When there is no such file.
    """
    kept = json.loads(Path(path).read_text(encoding="utf-8"))
    return {
        (each["task"], each["first"], each["second"]): Interval(
            each["difference"], each["low"], each["high"]
        )
        for each in kept
    }


def _squares_by_user(
    predictions: Tensor, ratings: Tensor, rows: np.ndarray
) -> np.ndarray:
    """Add up squared errors: (N,) or (S, N) -> (S, n_users)."""
    of_seeds = predictions if predictions.ndim == 2 else predictions[None]
    if len(of_seeds) == 0:
        raise ValueError(
            "there are predictions of no seed; give one row each."
        )
    errors = [_errors(told, ratings, None).square() for told in of_seeds]
    return np.stack([np.bincount(rows, each.numpy()) for each in errors])


def _mean_over_seeds(
    errors: np.ndarray, generator: np.random.Generator
) -> np.ndarray:
    """Draw seeds with replacement: (S, R) RMSE -> (R,) means of S drawn."""
    drawn = generator.integers(len(errors), size=errors.shape)
    return np.take_along_axis(errors, drawn, axis=0).mean(axis=0)


def error_by_count(
    predictions: Tensor,
    ratings: Tensor,
    counts: Tensor,
    edges: Sequence[int] = (0, 1, 5, 20, 50, 100, 200),
) -> pd.DataFrame:
    """Part the error by how much was known when it was made.

    Give the training ratings of each test row's user to see the error by
    activity, and those of its item to see it by popularity::

        error_by_count(p, test.ratings, train.counts_by_user()[test.users])
        error_by_count(p, test.ratings, train.counts_by_item()[test.items])

    Parameters
    ----------
    predictions, ratings
        (N,) stars.
    counts
        (N,) int64, training ratings behind each prediction.
    edges
        Where groups start; the last has no end.

    Returns
    -------
    DataFrame
        One row a group that has ratings: ``group`` ("5 to 19"), ``n``,
        ``rmse`` in stars.

    Raises
    ------
    ValueError
        As in `rmse`; when ``counts`` has another shape, or is below the
        first edge.
    """
    check_some(edges, "edges of groups")
    squares = _errors(predictions, ratings, None).square().detach().numpy()
    if counts.shape != ratings.shape:
        raise ValueError(
            f"counts has the shape {tuple(counts.shape)}, ratings "
            f"{tuple(ratings.shape)}; give one count a rating."
        )
    if counts.min() < edges[0]:
        raise ValueError(
            f"the lowest count is {int(counts.min())}, the first edge "
            f"{edges[0]}; start the edges at or below it."
        )
    groups = np.searchsorted(edges, counts.numpy(), side="right") - 1
    rows = [
        {
            "group": _group_name(edges, group),
            "n": int((groups == group).sum()),
            "rmse": float(np.sqrt(squares[groups == group].mean())),
        }
        for group in np.unique(groups)
    ]
    return pd.DataFrame(rows)


def error_by_label(
    predictions: Tensor,
    ratings: Tensor,
    users: Tensor,
    labels: Sequence[str] | pd.Categorical,
    *,
    n_resamples: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Part the error by a label of each rating, with intervals.

    An interval is found as in `paired_bootstrap`, among the users of a group.

    Parameters
    ----------
    predictions, ratings
        (N,) stars.
    users
        (N,) int64, whose rating it is.
    labels
        N words; categories keep their order, others are sorted.
    n_resamples, seed
        As in `paired_bootstrap`.

    Returns
    -------
    DataFrame
        One row a group: ``group``, ``users`` and ``n`` (ratings), ``rmse``,
        ``low`` and ``high`` (95 %) in stars.

    Raises
    ------
    ValueError
        As in `rmse`, and when users or labels have another length.
    """
    squares = _errors(predictions, ratings, None).square().numpy()
    if not len(users) == len(labels) == len(ratings):
        raise ValueError(
            f"there are {len(ratings)} ratings, {len(users)} users and "
            f"{len(labels)} labels; give one of each a rating."
        )
    grouped = pd.Series(np.arange(len(ratings))).groupby(labels, observed=True)
    rows = []
    for group, places in grouped:
        _, user = np.unique(users.numpy()[places], return_inverse=True)
        own = squares[places]
        totals = np.stack([np.bincount(user, own), np.bincount(user)])
        sums, counts = _resample(totals, n_resamples, seed)
        low, high = np.quantile(np.sqrt(sums / counts), [0.025, 0.975])
        rows.append(
            {
                "group": group,
                "users": totals.shape[1],
                "n": len(own),
                "rmse": float(np.sqrt(own.mean())),
                "low": float(low),
                "high": float(high),
            }
        )
    return pd.DataFrame(rows)


def _resample(totals: np.ndarray, n_resamples: int, seed: int) -> np.ndarray:
    """Draw users with replacement and add up their totals.

    (K, n_users) totals -> (K, n_resamples) sums.
    """
    check_count(n_resamples, "n_resamples")
    check_seed(seed)
    generator = np.random.default_rng(seed)
    n_users = totals.shape[1]
    share = np.full(n_users, 1 / n_users)
    # One draw at a time: all at once would fill the memory on large sets.
    draws = [
        totals @ generator.multinomial(n_users, share)
        for _ in range(n_resamples)
    ]
    return np.stack(draws, axis=1)


def best_items(scores: Tensor, seen: Tensor, n: int = 10) -> Tensor:
    """Rank all items that each person has not seen.

    Of two equal scores the item with the lower row index comes first.

    Parameters
    ----------
    scores
        (B, n_items), the best highest; or (n_items,), the same for all.
    seen
        (B, n_items) bool: not listed again.
    n
        Length of the lists.

    Returns
    -------
    Tensor
        (B, n) int64, the best first; -1 where fewer items are left.

    Raises
    ------
    ValueError
        When n is below 1, the scores have another shape, some are not
        finite (the message counts them), or what was seen is not bool.
    """
    check_count(n, "n")
    _check_flags(seen, "seen")
    check_tensor(scores, "scores")
    if seen.ndim != 2 or scores.shape not in (seen.shape, seen.shape[1:]):
        raise ValueError(
            f"scores have the shape {tuple(scores.shape)}; give one an item, "
            f"{tuple(seen.shape)}, or {tuple(seen.shape[1:])} for all alike."
        )
    check_finite_scores(scores)
    if not scores.is_floating_point():
        scores = scores.double()  # whole numbers know no infinity
    left = scores.detach().expand(seen.shape).masked_fill(seen, -torch.inf)
    # One place more, to see whether what ends the list is tied with the next.
    n_ranked = min(n + 1, seen.shape[1])
    ranked = left.topk(n_ranked, dim=1)
    items = ranked.indices
    tied = (ranked.values[:, 1:] == ranked.values[:, :-1]).any(dim=1)
    if tied.any():
        again = left[tied].argsort(dim=1, descending=True, stable=True)
        items[tied] = again[:, :n_ranked]
    items = items[:, :n]
    return items.masked_fill(seen.gather(1, items), -1)


def _check_flags(flags: Tensor, name: str) -> None:
    check_tensor(flags, name)
    if flags.dtype != torch.bool:
        raise ValueError(
            f"{name} holds {flags.dtype}; give bool, as in `table > 0`."
        )


def judge_lists(
    scores: Tensor, seen: Tensor, wanted: Tensor, *, n: int = 10
) -> ListQuality:
    """Judge each person's list by the hits among its first n places.

    All items that a person has not seen are ranked, by `best_items`. The gain
    is binary and discounted as in K. Järvelin, J. Kekäläinen, "Cumulated
    Gain-Based Evaluation of IR Techniques", ACM TOIS 20(4), 2002.

    Parameters
    ----------
    scores, seen
        As in `best_items`.
    wanted
        (B, n_items) bool: what is a hit. At least one a person, and nothing
        that was seen.
    n
        Length of the lists.

    Raises
    ------
    ValueError
        As in `best_items`; when there is nobody, or somebody wants nothing
        or what was seen.
    """
    _check_flags(wanted, "wanted")
    _check_flags(seen, "seen")
    if wanted.shape != seen.shape:
        raise ValueError(
            f"wanted has the shape {tuple(wanted.shape)}, seen "
            f"{tuple(seen.shape)}; give one flag an item to each."
        )
    if len(wanted) == 0:
        raise ValueError("there is nobody to judge; give at least 1 person.")
    n_wanted = wanted.sum(dim=1)
    n_without = int((n_wanted == 0).sum())
    n_seen = int((wanted & seen).sum())
    if n_without or n_seen:
        raise ValueError(
            f"of {len(wanted):,} people {n_without:,} want nothing, and "
            f"{n_seen:,} items are wanted that were seen; leave out who has "
            f"nothing to find, and want only what is not seen."
        )
    items = best_items(scores, seen, n)
    hits = wanted.gather(1, items.clamp_min(0)) & (items >= 0)
    hits = hits.double()  # (B, n)
    n_places = items.shape[1]
    place = torch.arange(1, n_places + 1, dtype=hits.dtype)
    discounts = 1 / torch.log2(place + 1)
    best = discounts.cumsum(0)[n_wanted.clamp(max=n_places) - 1]
    precisions = hits.cumsum(dim=1) / place
    return ListQuality(
        ndcg=(hits * discounts).sum(dim=1) / best,
        precision=hits.sum(dim=1) / n,
        recall=hits.sum(dim=1) / n_wanted,
        average_precision=(hits * precisions).sum(dim=1) / n_wanted,
        items=items,
    )


def mean_bootstrap(
    values_a: Tensor,
    values_b: Tensor,
    people: Tensor,
    *,
    n_resamples: int = 2_000,
    seed: int = 0,
) -> Interval:
    """Bound the difference of two means over people, A minus B.

    As `paired_bootstrap`: people are drawn with replacement, each with all
    their values; where there is a row a seed, seeds are drawn too, for A and
    B apart.

    Parameters
    ----------
    values_a, values_b
        (M,) values, such as those of `ListQuality`, or (S, M): one row a seed.
    people
        (M,) int64, whose value it is; somebody may have several, one a fold.
    n_resamples
        How many draws.
    seed
        Of the draws.

    Returns
    -------
    Interval
        Above zero where A's values are higher.

    Raises
    ------
    ValueError
        When the shapes do not fit, or a value is not finite.
    """
    both = [
        values.double() if values.ndim == 2 else values.double()[None]
        for values in (values_a, values_b)
    ]
    if any(v.shape[1:] != people.shape or v.numel() == 0 for v in both):
        raise ValueError(
            f"values have the shapes {tuple(values_a.shape)} and "
            f"{tuple(values_b.shape)}, people {tuple(people.shape)}; give one "
            f"person a value, and at least one person and one seed."
        )
    if not all(values.isfinite().all() for values in both):
        raise ValueError("some values are not finite; mend them first.")
    _, rows = people.unique(return_inverse=True)
    counts = np.bincount(rows.numpy())
    by_person = [
        np.stack([np.bincount(rows.numpy(), each.numpy()) for each in values])
        for values in both
    ]
    sums = _resample(
        np.stack([*by_person[0], *by_person[1], counts]), n_resamples, seed
    )
    parts = np.split(sums[:-1] / sums[-1], [len(by_person[0])])
    generator = np.random.default_rng(seed)
    resampled = [_mean_over_seeds(part, generator) for part in parts]
    low, high = np.quantile(resampled[0] - resampled[1], [0.025, 0.975])
    difference = both[0].mean() - both[1].mean()
    return Interval(float(difference), float(low), float(high))


def coverage(items: Tensor, n_items: int) -> float:
    """Share (0 to 1) of all items that are in somebody's list.

    Parameters
    ----------
    items
        (B, n) lists of row indexes, -1 for an empty place.
    n_items
        How many there are.

    Raises
    ------
    ValueError
        When there are no items, or a list holds something else.
    """
    check_count(n_items, "n_items")
    check_rows(items[items >= 0], n_items, "item")
    return len(items[items >= 0].unique()) / n_items


def mean_popularity(items: Tensor, counts: Tensor) -> float:
    """Mean number of ratings of what is in the lists, over all places.

    Parameters
    ----------
    items
        (B, n) lists of row indexes, -1 for an empty place.
    counts
        (n_items,) ratings of each item.

    Raises
    ------
    ValueError
        When all places are empty, or a list holds what has no count.
    """
    listed = items[items >= 0]
    check_rows(listed, len(counts), "item")
    if len(listed) == 0:
        raise ValueError("no list holds an item; there is no mean of none.")
    return counts[listed].float().mean().item()


def check_finite_scores(scores: Tensor) -> None:
    """Refuse scores from which no list can be made.

    Parameters
    ----------
    scores
        Of any shape.

    Raises
    ------
    ValueError
        When some are NaN or infinite; the message counts them.
    """
    check_tensor(scores, "scores")
    n_bad = int((~torch.isfinite(scores)).sum())
    if n_bad:
        raise ValueError(
            f"{n_bad:,} of {scores.numel():,} scores are not finite; a list "
            f"made from them would be wrong."
        )


def _group_name(edges: Sequence[int], group: int) -> str:
    low = edges[group]
    if group == len(edges) - 1:
        return f"{low} or more"
    high = edges[group + 1] - 1
    return f"{low}" if low == high else f"{low} to {high}"


def _errors(
    predictions: Tensor, ratings: Tensor, clip: tuple[float, float] | None
) -> Tensor:
    if predictions.shape != ratings.shape or predictions.ndim != 1:
        raise ValueError(
            f"predictions have the shape {tuple(predictions.shape)}, ratings "
            f"{tuple(ratings.shape)}; both must be (N,), or they would be "
            f"spread out against each other."
        )
    if len(ratings) == 0:
        raise ValueError("there are no ratings to compare with; give some.")
    for name, values in (("predictions", predictions), ("ratings", ratings)):
        n_bad = int((~torch.isfinite(values)).sum())
        if n_bad:
            raise ValueError(
                f"{n_bad:,} of {len(values):,} {name} are missing or not "
                f"finite; every rating counts, so mend them first."
            )
    check_clip(clip)
    if clip is not None:
        predictions = predictions.clamp(*clip)
    return predictions.detach().double() - ratings.double()
