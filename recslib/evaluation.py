"""How far off, in stars, and whether a difference is real."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recslib.ratings import Ratings
from recslib.splits import Split


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
    """A difference in RMSE, A minus B, and its 95 % interval, in stars."""

    difference: float
    low: float
    high: float

    def __str__(self) -> str:
        """Write the difference and the interval with four digits."""
        return (
            f"{self.difference:+.4f} (95 % {self.low:+.4f} to "
            f"{self.high:+.4f})"
        )


@dataclass(frozen=True)
class Ranking:
    """How good lists of n items are, a mean over users, each 0 to 1.

    Parameters
    ----------
    precision
        Share of the list that is a favourite.
    recall
        Share of the favourites that are in the list.
    ndcg
        Discounted gain against that of the best list there is: a favourite
        at place p counts 1 / log2(p + 1).
    n_users
        How many users had a favourite to find.
    """

    precision: float
    recall: float
    ndcg: float
    n_users: int


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
        For different shapes, no ratings, or predictions that are missing or
        not finite; the message counts them.
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
        When there are no values.
    """
    if len(values) == 0:
        raise ValueError("no values to summarize; give one a fold.")
    values = tuple(float(value) for value in values)
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
    squares = _errors(predictions, ratings, None).square().numpy()
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
    generator = np.random.default_rng(seed)
    n_users = totals.shape[1]
    share = np.full(n_users, 1 / n_users)
    # One draw at a time: all at once would fill the memory on large sets.
    draws = [
        totals @ generator.multinomial(n_users, share)
        for _ in range(n_resamples)
    ]
    return np.stack(draws, axis=1)


def rank_unrated(
    score: Callable[[Tensor], Tensor],
    split: Split,
    *,
    n: int = 10,
    favourite: float = 4.0,
) -> Ranking:
    """Judge lists by how many held-out favourites are among the first n.

    The list of a user ranks every item that they have no training rating of;
    which of two equal scores comes first is left to torch.topk. Users without
    a favourite in the test part are left out. The gain is binary and
    discounted as in K. Järvelin, J. Kekäläinen, "Cumulated Gain-Based
    Evaluation of IR Techniques", ACM TOIS 20(4), 2002.

    Parameters
    ----------
    score
        Takes (B,) users, returns (B, n_items) scores, the best highest.
    split
        Its training part is not recommended again; its test part holds the
        favourites.
    n
        Length of the lists.
    favourite
        Test ratings of at least so many stars are favourites.

    Raises
    ------
    ValueError
        When n is below 1, nobody has a favourite, the scores have another
        shape, or some are not finite; the message counts them.
    """
    if n < 1:
        raise ValueError(f"n is {n}; ask for lists of at least 1 item.")
    train, test = split.train, split.test
    liked = test.ratings >= favourite
    users = test.users[liked].unique()
    if len(users) == 0:
        raise ValueError(
            f"no test rating has {favourite:g} stars or more; lower "
            f"favourite, so that there is something to find."
        )
    discounts = 1 / torch.log2(torch.arange(n, dtype=torch.float64) + 2)
    sums = torch.zeros(3, dtype=torch.float64)
    for batch in users.split(1_024):
        scores = score(batch).detach().double().clone()
        if scores.shape != (len(batch), train.n_items):
            raise ValueError(
                f"score returns the shape {tuple(scores.shape)} for "
                f"{len(batch)} users; give ({len(batch)}, {train.n_items})."
            )
        check_finite_scores(scores)
        scores[_table(train, batch, None)] = -torch.inf
        wanted = _table(test, batch, liked)
        places = scores.topk(min(n, train.n_items), dim=1).indices
        hits = wanted.gather(1, places).double()  # (B, n)
        n_wanted = wanted.sum(dim=1)
        best = discounts.cumsum(0)[n_wanted.clamp(max=n) - 1]
        gain = (hits * discounts[: hits.shape[1]]).sum(dim=1)
        found = hits.sum(dim=1)
        sums += torch.stack(
            [found.sum() / n, (found / n_wanted).sum(), (gain / best).sum()]
        )
    precision, recall, ndcg = (sums / len(users)).tolist()
    return Ranking(precision, recall, ndcg, len(users))


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
    n_bad = int((~torch.isfinite(scores)).sum())
    if n_bad:
        raise ValueError(
            f"{n_bad:,} of {scores.numel():,} scores are not finite; a list "
            f"made from them would be wrong."
        )


def _table(part: Ratings, users: Tensor, rows: Tensor | None) -> Tensor:
    """Mark what each user rated in a part: (B, n_items) bool."""
    places = torch.full((part.n_users,), -1)
    places[users] = torch.arange(len(users))
    keep = places[part.users] >= 0
    if rows is not None:
        keep &= rows
    table = torch.zeros(len(users), part.n_items, dtype=torch.bool)
    table[places[part.users[keep]], part.items[keep]] = True
    return table


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
    if clip is not None:
        predictions = predictions.clamp(*clip)
    return predictions.detach().double() - ratings.double()
