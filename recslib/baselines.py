"""What every model must beat: means and biases, learnt by counting."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from recslib.ratings import Ratings
from recslib.splits import time_order


@dataclass(frozen=True, eq=False)
class Biases:
    """A rating as mean + user bias + item bias.

    Parameters
    ----------
    mean
        Stars.
    user
        (n_users,) stars above or below the mean; 0 for a user not seen.
    item
        (n_items,) likewise.
    """

    mean: float
    user: Tensor
    item: Tensor

    def predict(self, users: Tensor, items: Tensor) -> Tensor:
        """Predict ratings.

        Parameters
        ----------
        users, items
            (N,) int64 row indexes.

        Returns
        -------
        Tensor
            (N,) float32 stars, not clipped to the scale.
        """
        return self.mean + self.user[users] + self.item[items]


def global_mean(train: Ratings) -> Biases:
    """Answer the mean of the training ratings, whoever asks."""
    return Biases(
        mean=train.ratings.double().mean().item(),
        user=torch.zeros(train.n_users),
        item=torch.zeros(train.n_items),
    )


def user_means(train: Ratings) -> Biases:
    """Answer the user's mean; the global mean for a user not seen."""
    mean = global_mean(train)
    residuals = train.ratings - mean.mean
    user = _damped_means(residuals, train.users, train.n_users, damping=0)
    return Biases(mean.mean, user, mean.item)


def item_means(train: Ratings) -> Biases:
    """Answer the item's mean; the global mean for an item not seen."""
    mean = global_mean(train)
    residuals = train.ratings - mean.mean
    item = _damped_means(residuals, train.items, train.n_items, damping=0)
    return Biases(mean.mean, mean.user, item)


def damped_biases(
    train: Ratings, damping: float = 3.0, n_sweeps: int = 10
) -> Biases:
    """Fit user and item biases by turns, drawn towards zero.

    Each bias is the sum of its residuals over their count plus ``damping``:
    the ridge solution for one side while the other stands still [1]_.

    Parameters
    ----------
    train
        N ratings.
    damping
        Imaginary ratings of residual 0 that every user and item starts with.
    n_sweeps
        How often items and users take turns.

    Raises
    ------
    ValueError
        When the damping is negative.

    References
    ----------
    .. [1] Y. Koren, "Factor in the Neighbors: Scalable and Accurate
       Collaborative Filtering", ACM TKDD 4(1), 2010, section 2.1.
    """
    if damping < 0:
        raise ValueError(f"damping is {damping}; give 0 or more.")
    start = global_mean(train)
    user, item = start.user, start.item
    residuals = train.ratings - start.mean
    for _ in range(n_sweeps):
        item = _damped_means(
            residuals - user[train.users], train.items, train.n_items, damping
        )
        user = _damped_means(
            residuals - item[train.items], train.users, train.n_users, damping
        )
    return Biases(start.mean, user, item)


def running_user_bias(
    train: Ratings, test: Ratings, damping: float = 3.0, seed: int = 0
) -> Tensor:
    """Predict test ratings in time order, hearing each after predicting it.

    Mean and item biases come from the training part and stay. A user's bias
    is the damped mean of the residuals of all their ratings so far: those
    that trained, and those of the test part that came before.

    Parameters
    ----------
    train
        Ratings that were given before the test part.
    test
        N ratings with timestamps.
    damping
        As in `damped_biases`.
    seed
        Orders the ratings of one second.

    Returns
    -------
    Tensor
        (N,) stars, one step ahead, aligned with ``test``.

    Raises
    ------
    RatingsError
        When the test part has no timestamps.
    """
    fixed = damped_biases(train, damping)
    still = Biases(fixed.mean, torch.zeros_like(fixed.user), fixed.item)
    heard = train.ratings - still.predict(train.users, train.items)
    sums = _sums(heard, train.users, train.n_users)
    counts = train.counts_by_user().double()
    base = still.predict(test.users, test.items)

    order = time_order(test, seed)
    order = order[torch.argsort(test.users[order], stable=True)]
    users = test.users[order]
    residuals = (test.ratings - base)[order].double()
    before = residuals.cumsum(0) - residuals
    first = test.counts_by_user().cumsum(0) - test.counts_by_user()
    first = first[users]
    sums = sums[users] + before - before[first]
    counts = counts[users] + torch.arange(len(test)) - first
    biases = torch.empty(len(test))
    biases[order] = (sums / (counts + damping).clamp_min(1e-9)).float()
    return base + biases


def _sums(values: Tensor, rows: Tensor, n_rows: int) -> Tensor:
    # Float64, so that a sum over millions keeps its digits.
    zeros = torch.zeros(n_rows, dtype=torch.float64)
    return zeros.index_add(0, rows, values.double())


def _damped_means(
    values: Tensor, rows: Tensor, n_rows: int, damping: float
) -> Tensor:
    counts = torch.bincount(rows, minlength=n_rows)
    sums = _sums(values, rows, n_rows)
    means = sums / (counts + damping).clamp_min(1e-9)
    return torch.where(counts > 0, means, 0.0).float()
