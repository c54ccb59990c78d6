"""What every model must beat: means and biases, learnt by counting."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from recslib.arguments import (
    check_count,
    check_finite,
    check_kind,
    check_number,
    check_rows,
    check_same_length,
    check_some,
)
from recslib.ratings import Ratings
from recslib.splits import join, time_order


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

        Raises
        ------
        ValueError
            When the lengths differ, or something is no row index.
        """
        check_same_length(users=users, items=items)
        check_rows(users, len(self.user), "user")
        check_rows(items, len(self.item), "item")
        return self.mean + self.user[users] + self.item[items]


def global_mean(train: Ratings) -> Biases:
    """Answer the mean of the training ratings, whoever asks.

    Raises
    ------
    ValueError
        When there are no ratings.
    """
    check_kind(train, Ratings, "train")
    check_some(train, "ratings to learn from")
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
    the ridge solution for one side while the other stands still (Y. Koren,
    "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering",
    ACM TKDD 4(1), 2010, section 2.1).

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
        When the damping is negative, ``n_sweeps`` is no whole number,
        or there are no ratings.
    """
    check_number(damping, "damping", least=0)
    check_count(n_sweeps, "n_sweeps", least=0)
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


@dataclass(frozen=True, eq=False)
class FeatureRidge:
    """A rating as mean + bias of one side + weights · features of the other.

    Parameters
    ----------
    mean
        Stars.
    biases
        (n_rows,) stars above or below the mean, one a user (or item).
    weights
        (n_rows, D) stars a unit of each feature of the other side.
    """

    mean: float
    biases: Tensor
    weights: Tensor

    def predict(self, rows: Tensor, features: Tensor) -> Tensor:
        """Predict stars: rows (B,), features (B, D) -> (B,)."""
        shares = (self.weights[rows] * features).sum(dim=1)
        return self.mean + self.biases[rows] + shares


def feature_ridge(
    rows: Tensor,
    features: Tensor,
    ratings: Tensor,
    n_rows: int,
    *,
    damping: float = 3.0,
    ridge: float = 300.0,
    own_ridge: float | None = None,
) -> FeatureRidge:
    """Fit biases of one side and weights for features of the other.

    For films that are new, the rows are users and the features those of the
    film; for people who are new, the other way round. Biases and shared
    weights are the joint solution of one ridge regression. With ``own_ridge``
    each row then has weights of its own, fitted to what the shared ones leave
    of its ratings.

    Parameters
    ----------
    rows
        (N,) int64, the side that is known.
    features
        (N, D) of the other side.
    ratings
        (N,) stars.
    n_rows
        How many rows there are; one without ratings gets a bias of 0.
    damping, ridge
        What the square of a bias, and of a shared weight, costs.
    own_ridge
        The same for a row's own weights; None for shared weights alone.

    Raises
    ------
    ValueError
        When the lengths differ, a cost is not positive, a row is none of the
        rows, or a number is not finite.
    """
    if not len(rows) == len(features) == len(ratings) > 0:
        raise ValueError(
            f"there are {len(rows)} rows, {len(features)} features and "
            f"{len(ratings)} ratings; give as many of each, at least one."
        )
    costs = {"damping": damping, "ridge": ridge}
    if own_ridge is not None:
        costs["own_ridge"] = own_ridge
    for name, cost in costs.items():
        check_number(cost, name, above=0)
    check_rows(rows, n_rows, "user")
    check_finite(ratings, "ratings")
    check_finite(features, "features")
    mean = ratings.double().mean().item()
    x, y = features.double(), ratings.double() - mean
    # A bias is (sum of its y - sum of its x · weights) / (count + damping):
    # put that into the normal equations, and the weights are left.
    x_sums = _row_sums(x, rows, n_rows)  # (n_rows, D)
    y_sums = _row_sums(y, rows, n_rows)  # (n_rows,)
    counts = torch.bincount(rows, minlength=n_rows) + damping
    left = x.T @ x - x_sums.T @ (x_sums / counts[:, None])
    left += ridge * torch.eye(x.shape[1], dtype=x.dtype)
    shared = torch.linalg.solve(left, x.T @ y - x_sums.T @ (y_sums / counts))
    if own_ridge is None:
        biases = (y_sums - x_sums @ shared) / counts
        weights = shared.expand(n_rows, -1)
    else:
        own = _own_ridges(rows, x, y - x @ shared, n_rows, damping, own_ridge)
        biases, weights = own[:, 0], shared + own[:, 1:]
    return FeatureRidge(mean, biases.float(), weights.float())


def _own_ridges(
    rows: Tensor,
    x: Tensor,
    y: Tensor,
    n_rows: int,
    damping: float,
    ridge: float,
) -> Tensor:
    """Regress each row's ratings on their features: (n_rows, 1 + D)."""
    design = torch.cat([torch.ones_like(y)[:, None], x], dim=1)
    cost = torch.full((design.shape[1],), ridge, dtype=x.dtype)
    cost[0] = damping
    solved = torch.zeros(n_rows, design.shape[1], dtype=x.dtype)
    order = rows.argsort(stable=True)
    sizes = torch.bincount(rows, minlength=n_rows).tolist()
    for row, places in enumerate(order.split(sizes)):
        a, b = design[places], y[places]
        solved[row] = torch.linalg.solve(a.T @ a + torch.diag(cost), a.T @ b)
    return solved


def running_user_bias(
    train: Ratings,
    test: Ratings,
    damping: float = 3.0,
    keep: float = 1.0,
    seed: int = 0,
) -> Tensor:
    """Predict test ratings in time order, hearing each after predicting it.

    Mean and item biases come from the training part and stay. A user's bias
    is the damped mean of the residuals of all their ratings so far: those
    that trained, and those of the test part that came before. It can fade:
    with ``keep`` below 1, recent ratings weigh more.

    Parameters
    ----------
    train
        N ratings, with timestamps.
    test
        M ratings, with timestamps.
    damping
        As in `damped_biases`.
    keep
        What is left of the weight of a rating when the next one comes,
        above 0 and at most 1.
    seed
        Orders the ratings of one second.

    Returns
    -------
    Tensor
        (M,) stars, one step ahead, aligned with ``test``.

    Raises
    ------
    ValueError
        When ``keep`` or the damping is out of range.
    RatingsError
        When a part has no timestamps.
    """
    check_number(keep, "keep", above=0, most=1)
    fixed = damped_biases(train, damping)
    joined, is_test = join(train, test)
    base = fixed.mean + fixed.item[joined.items]
    residuals = (joined.ratings - base).tolist()
    users = joined.users.tolist()
    sums, counts = [0.0] * joined.n_users, [0.0] * joined.n_users
    biases = [0.0] * len(joined)
    for row in time_order(joined, seed).tolist():
        user = users[row]
        biases[row] = sums[user] / max(counts[user] + damping, 1e-9)
        sums[user] = keep * sums[user] + residuals[row]
        counts[user] = keep * counts[user] + 1.0
    return (base + torch.tensor(biases))[is_test]


def _row_sums(values: Tensor, rows: Tensor, n_rows: int) -> Tensor:
    """Add up the values of each row: (N, ...) -> (n_rows, ...), float64."""
    # Float64, so that a sum over millions keeps its digits.
    zeros = torch.zeros(n_rows, *values.shape[1:], dtype=torch.float64)
    return zeros.index_add(0, rows, values.double())


def _damped_means(
    values: Tensor, rows: Tensor, n_rows: int, damping: float
) -> Tensor:
    counts = torch.bincount(rows, minlength=n_rows)
    sums = _row_sums(values, rows, n_rows)
    means = sums / (counts + damping).clamp_min(1e-9)
    return torch.where(counts > 0, means, 0.0).float()
