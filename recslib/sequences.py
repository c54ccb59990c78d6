"""Histories: a person's ratings in time order, cut, padded and masked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from recslib.ratings import Ratings, RatingsError
from recslib.splits import time_order


@dataclass(frozen=True, eq=False)
class Sequences:
    """S pieces of histories, padded to T steps at the end.

    Step t asks for the rating of ``items[:, t]``; what a model may know then
    is the step before it, in ``past_items`` and ``past_ratings``.

    Parameters
    ----------
    items
        (S, T) int64, row index of the item asked about; ``n_items`` where
        padded.
    past_items
        (S, T) int64, the item rated just before; ``n_items`` where there is
        none.
    past_ratings
        (S, T) float32 stars of the past item; 0 where there is none.
    ratings
        (S, T) float32 stars to predict; 0 where padded.
    mask
        (S, T) bool, True where a step counts.
    rows
        (S, T) int64, row of the step's rating; -1 where padded.
    users
        (S,) int64, whose history it is.
    """

    items: Tensor
    past_items: Tensor
    past_ratings: Tensor
    ratings: Tensor
    mask: Tensor
    rows: Tensor
    users: Tensor

    def __len__(self) -> int:
        """Count the sequences."""
        return len(self.users)

    def to_rows(self, values: Tensor) -> Tensor:
        """Bring one value a step back to the order of the ratings.

        Parameters
        ----------
        values
            (S, T), a prediction a step.

        Returns
        -------
        Tensor
            (M,), the values of the M steps that count, by row.
        """
        order = self.rows[self.mask].argsort()
        return values[self.mask][order]


def cut_histories(
    ratings: Ratings,
    n_steps: int,
    *,
    seed: int,
    n_context: int = 0,
    counts: Tensor | None = None,
) -> Sequences:
    """Lay every user's history out in pieces of ``n_steps``.

    Ratings of one second come in random order, so that a tie tells nothing.
    A long history is cut; each piece but the first starts with the last
    ``n_context`` steps of the piece before, which are there to be heard and
    do not count again.

    Parameters
    ----------
    ratings
        N ratings with timestamps.
    n_steps
        T, steps a piece.
    seed
        Orders the ratings of one second.
    n_context
        Steps repeated from the piece before, fewer than ``n_steps``.
    counts
        (N,) bool, the ratings that are to be predicted; None means all.
        The others are heard only. Pieces in which nothing counts are left
        out.

    Returns
    -------
    Sequences
        Users in order of their row index; each rating that counts stands in
        exactly one step that counts.

    Raises
    ------
    ValueError
        When ``n_context`` is not between 0 and ``n_steps - 1``, or
        ``counts`` is not (N,) bool.
    RatingsError
        When there are no timestamps.
    """
    if not 0 <= n_context < n_steps:
        raise ValueError(
            f"n_context is {n_context} and n_steps {n_steps}; the context "
            f"must be at least 0 and shorter than the piece."
        )
    n = len(ratings)
    if counts is None:
        counts = torch.ones(n, dtype=torch.bool)
    if counts.shape != (n,) or counts.dtype != torch.bool:
        raise ValueError(
            f"counts has the shape {tuple(counts.shape)} and holds "
            f"{counts.dtype}; give one flag a rating, ({n},) of torch.bool."
        )
    order = time_order(ratings, seed)
    order = order[torch.argsort(ratings.users[order], stable=True)]
    rows, users, n_heard = _cut(
        order, ratings.counts_by_user(), n_steps, n_context
    )
    padded = rows < 0
    step = torch.arange(n_steps)
    mask = ~padded & counts[rows] & (step >= n_heard[:, None])
    past = _past_rows(order, ratings.users)[rows]
    past = torch.where(padded, -1, past)
    none = past < 0
    keep = mask.any(dim=1)
    return Sequences(
        items=torch.where(padded, ratings.n_items, ratings.items[rows])[keep],
        past_items=torch.where(none, ratings.n_items, ratings.items[past])[
            keep
        ],
        past_ratings=torch.where(none, 0.0, ratings.ratings[past])[keep],
        ratings=torch.where(padded, 0.0, ratings.ratings[rows])[keep],
        mask=mask[keep],
        rows=rows[keep],
        users=users[keep],
    )


def join(train: Ratings, test: Ratings) -> tuple[Ratings, Tensor]:
    """Lay training and test ratings together, to hear one before the other.

    Hand both results to `cut_histories`, the second as ``counts``: each test
    rating is then asked about after all that its user rated before it. The
    values that `Sequences.to_rows` returns are aligned with ``test``.

    Parameters
    ----------
    train, test
        N and M ratings with the same maps to ids, with timestamps.

    Returns
    -------
    tuple
        N + M ratings, and (N + M,) bool, True for those of the test part.

    Raises
    ------
    ValueError
        When the two number users or items in different ways.
    RatingsError
        When there are no timestamps.
    """
    if not (
        np.array_equal(train.user_ids, test.user_ids)
        and np.array_equal(train.item_ids, test.item_ids)
    ):
        raise ValueError(
            f"train is {train}, test is {test}: they number users or items "
            f"in different ways. Take both from one split."
        )
    if train.timestamps is None or test.timestamps is None:
        raise RatingsError(
            f"train is {train}, test is {test}: without timestamps nobody "
            f"knows what came first. Give a timestamp column."
        )
    columns = {
        name: torch.cat([getattr(train, name), getattr(test, name)])
        for name in ("users", "items", "ratings", "timestamps")
    }
    is_test = torch.arange(len(train) + len(test)) >= len(train)
    return replace(train, **columns), is_test


def _cut(
    order: Tensor, lengths: Tensor, n_steps: int, n_context: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return rows (S, T), users (S,), and how many steps repeat (S,)."""
    rows, users, n_heard = [], [], []
    for user, history in enumerate(order.split(lengths.tolist())):
        start = 0
        while start < len(history):
            first = max(start - n_context, 0)
            piece = history[first : first + n_steps]
            padding = piece.new_full((n_steps - len(piece),), -1)
            rows.append(torch.cat([piece, padding]))
            users.append(user)
            n_heard.append(start - first)
            start = first + n_steps
    return (
        torch.stack(rows),
        torch.tensor(users),
        torch.tensor(n_heard),
    )


def _past_rows(order: Tensor, users: Tensor) -> Tensor:
    """Return for each rating the row of the one before it, or -1: (N,)."""
    past = torch.full_like(order, -1)
    same = users[order[1:]] == users[order[:-1]]
    past[order[1:]] = torch.where(same, order[:-1], -1)
    return past
