"""The settings of each chapter's final model: made and fitted in one call."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from recslib.arguments import (
    check_batch_size,
    check_count,
    check_finite,
    check_number,
    check_seed,
    check_some,
)
from recslib.features import SideFeatures
from recslib.models import (
    BothSides,
    DenseNet,
    FeatureFactorization,
    LSTMRating,
    MatrixFactorization,
    squared_norms,
)
from recslib.ratings import Ratings
from recslib.sequences import backwards, cut_histories, lstm_inputs
from recslib.training import Examples, Tensors, diverging_in, fit

# Of the dense network: three to four times what a gradient of a batch of
# 1,024 measures, so that it holds back the first steps alone.
MAX_GRADIENT_NORM = 1_000.0
# Of the factorization that is told features: what the validation data chose.
FEATURE_GRADIENT_NORM = 300.0
# The highest rates, a rating, of the factorizations and of the dense network;
# and up to which width of the scale, in stars, they hold.
RATE, NETWORK_RATE = 0.025, 0.011
WIDEST = 5.0
# No row is met more often in a batch: the charge aside, a step of SGD at the
# default rate overshoots at 40, and factors bring that down.
MOST_MEETINGS = 25


def fit_factorization(
    train: Ratings,
    n_factors: int = 128,
    *,
    l2: float = 0.04,
    ridge: float = 3.0,
    learning_rate: float | None = None,
    n_epochs: int = 20,
    batch_size: int | None = None,
    seed: int = 0,
    kind: type[MatrixFactorization] = MatrixFactorization,
) -> MatrixFactorization:
    """Make and fit the book's matrix factorization.

    Plain stochastic gradient descent with one cycle of the learning rate. The
    settings were chosen on validation data of MovieLens 100K.

    Parameters
    ----------
    train
        Ratings to learn from.
    n_factors
        Columns of the factors.
    l2
        What each rating pays for the squares of the rows behind it. On a
        scale that is c times as wide as 1 to 5, c times as much fits.
    ridge
        What each row pays, an epoch, for its squares; likewise.
    learning_rate
        The highest, one a rating. None: 0.025, and less in proportion where
        the scale is wider than five stars.
    n_epochs
        As in `recslib.training.fit`.
    batch_size
        Ratings a step. None: 2,048, or a twentieth of the ratings where that
        is less, for a row that is met too often in one batch overshoots.
    seed
        Of the first factors and of the shuffles.
    kind
        The class, for one of your own: made and called in the same way, with
        tables of the same names.

    Returns
    -------
    MatrixFactorization
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        As in `recslib.training.fit`; when there are no ratings, one is not
        finite, or a number is out of range.
    FloatingPointError
        When the fit diverges; names the rate to try.
    """
    _check_train(train, n_factors, batch_size, seed, l2=l2, ridge=ridge)
    rate = _rate(RATE, train, learning_rate)
    torch.manual_seed(seed)
    mean = train.ratings.double().mean().item()
    model = kind(train.n_users, train.n_items, n_factors, mean)
    batch_size = batch_size_of(train) if batch_size is None else batch_size
    n_batches = math.ceil(len(train) / batch_size)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=rate,
        # SGD adds weight_decay times the row, the slope of half its square.
        weight_decay=2 * ridge / n_batches,
    )
    with diverging_in(rate, _scale_in_words(train)):
        fit(
            model,
            Examples((train.users, train.items), train.ratings),
            optimizer=optimizer,
            n_epochs=n_epochs,
            batch_size=batch_size,
            seed=seed,
            penalty=lambda *rows: l2 * squared_norms(model, *rows),
            reduction="sum",
            schedule="one_cycle",
        )
    return model


def fit_feature_factorization(
    train: Ratings,
    features: SideFeatures,
    n_factors: int = 128,
    *,
    l2: float = 0.04,
    ridge: float = 3.0,
    learning_rate: float | None = None,
    n_epochs: int = 20,
    batch_size: int | None = None,
    seed: int = 0,
    kind: type[FeatureFactorization] = FeatureFactorization,
) -> FeatureFactorization:
    """Make and fit a matrix factorization that is told features.

    As `fit_factorization`. A feature is met by many ratings of a batch, so
    its row learns at 1/100 of the rate, and a gradient that is too long is
    cut short. Both were chosen on validation data of MovieLens 100K.

    Parameters
    ----------
    train
        Ratings to learn from.
    features
        Of users and items.
    n_factors, l2, ridge, learning_rate, n_epochs, batch_size, seed
        As in `fit_factorization`.
    kind
        The class, for one of your own: made and called in the same way, with
        tables of the same names.

    Returns
    -------
    FeatureFactorization
        Fitted, in eval mode.

    Raises
    ------
    ValueError, FloatingPointError
        As in `fit_factorization`, and when there is not a row of features a
        user and an item.
    """
    _check_train(train, n_factors, batch_size, seed, l2=l2, ridge=ridge)
    rate = _rate(RATE, train, learning_rate)
    sizes = len(features.users), len(features.items)
    if sizes != (train.n_users, train.n_items):
        raise ValueError(
            f"there are features of {sizes[0]} users and {sizes[1]} items; "
            f"the ratings know {train.n_users} and {train.n_items}."
        )
    torch.manual_seed(seed)
    model = kind(
        train.n_users,
        train.n_items,
        n_factors,
        train.ratings.double().mean().item(),
        features.users.shape[1],
        features.items.shape[1],
    )
    batch_size = batch_size_of(train) if batch_size is None else batch_size
    pair = (train.users, train.items)
    optimizer = torch.optim.SGD(
        [
            {
                "params": [weights],
                "lr": rate * (1 / 100 if "feature" in name else 1),
            }
            for name, weights in model.named_parameters()
        ],
        lr=rate,
        weight_decay=2 * ridge / math.ceil(len(train) / batch_size),
    )
    with diverging_in(rate, _scale_in_words(train)):
        fit(
            model,
            Examples((*pair, features.of(*pair)), train.ratings),
            optimizer=optimizer,
            n_epochs=n_epochs,
            batch_size=batch_size,
            seed=seed,
            penalty=lambda users, items, _: (
                l2 * squared_norms(model, users, items)
            ),
            reduction="sum",
            schedule="one_cycle",
            max_gradient_norm=FEATURE_GRADIENT_NORM,
        )
    return model


def batch_size_of(train: Ratings, most: int = 2_048) -> int:
    """Say how many ratings a step takes: fewer of a small or uneven set.

    At most a twentieth of the ratings, and so few that no user and no item is
    met more than 25 times in a batch: with sums for a loss, a row that is met
    more often overshoots.

    Parameters
    ----------
    train
        Ratings to learn from.
    most
        What a large and even set takes.
    """
    counts = (train.counts_by_user(), train.counts_by_item())
    busiest = max((int(each.max()) for each in counts if len(each)), default=0)
    met = MOST_MEETINGS * len(train) // max(busiest, 1)
    return max(min(most, len(train) // 20, met), 1)


def fit_dense_net(
    train: Ratings,
    features: SideFeatures | None = None,
    n_factors: int = 32,
    *,
    l2: float = 0.06,
    learning_rate: float | None = None,
    n_epochs: int = 18,
    batch_size: int = 1_024,
    seed: int = 0,
    kind: type[DenseNet] = DenseNet,
) -> DenseNet:
    """Make and fit the book's dense network.

    Plain stochastic gradient descent with one cycle. A row of factors is met
    by a few ratings of a batch, a feature by many, the layers by all: so the
    features learn at 1/25 of the rate, and the layers at 1/100.

    Parameters
    ----------
    train
        Ratings to learn from.
    features
        Of users and items; None for ids alone.
    n_factors
        Columns of the factors.
    l2
        What each rating pays for the squares of the rows behind it.
    learning_rate
        The highest of the rows, one a rating. None: 0.011, and less in
        proportion where the scale is wider than five stars.
    n_epochs, batch_size
        As in `recslib.training.fit`.
    seed
        Of the first weights, of the shuffles and of dropout.
    kind
        The class, for one of your own: made and called in the same way.

    Returns
    -------
    DenseNet
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        As in `recslib.training.fit`; when there are no ratings, one is not
        finite, or a number is out of range.
    FloatingPointError
        When the fit diverges; names the rate to try.
    """
    _check_train(train, n_factors, batch_size, seed, l2=l2)
    rate = _rate(NETWORK_RATE, train, learning_rate)
    torch.manual_seed(seed)
    mean = train.ratings.double().mean().item()
    inputs: Tensors = (train.users, train.items)
    n_features = 0
    if features is not None:
        inputs = (*inputs, features.of(*inputs))
        n_features = features.n_features
    model = kind(train.n_users, train.n_items, n_factors, mean, n_features)
    optimizer = torch.optim.SGD(
        [
            {"params": [weights], "lr": rate * _share_of(name)}
            for name, weights in model.named_parameters()
        ]
    )
    with diverging_in(rate, _scale_in_words(train)):
        fit(
            model,
            Examples(inputs, train.ratings),
            optimizer=optimizer,
            n_epochs=n_epochs,
            batch_size=batch_size,
            seed=seed,
            penalty=lambda users, items, *_: (
                l2 * squared_norms(model, users, items)
            ),
            reduction="sum",
            schedule="one_cycle",
            max_gradient_norm=MAX_GRADIENT_NORM,
        )
    return model


def _check_train(
    train: Ratings,
    n_factors: object,
    batch_size: object,
    seed: object,
    **weights: float,
) -> None:
    check_count(n_factors, "n_factors", least=0)
    if batch_size is not None:
        check_batch_size(batch_size)
    check_seed(seed)
    for name, weight in weights.items():
        check_number(weight, name, least=0)
    check_some(train, "ratings to learn from")
    check_finite(train.ratings, "ratings")


def _rate(usual: float, train: Ratings, given: float | None) -> float:
    """Return the rate of a fit: a wide scale has steep errors."""
    if given is not None:
        check_number(given, "learning_rate", least=0)
        return given
    low, high = _ends(train)
    return usual * min(1.0, WIDEST / max(high - low, WIDEST))


def _ends(train: Ratings) -> tuple[float, float]:
    """Return the scale, or what goes beyond it."""
    low, high = train.scale
    stars = train.ratings
    return min(low, stars.min().item()), max(high, stars.max().item())


def _scale_in_words(train: Ratings) -> str:
    low, high = _ends(train)
    return (
        f" The settings were chosen on stars from 1 to 5, and these go from "
        f"{low:g} to {high:g}."
    )


def _share_of(name: str) -> float:
    """Return the part of the rate that a parameter has, by who shares it."""
    if name.startswith(("user_", "item_")):
        return 1.0
    return 1 / 25 if name.startswith("feature_") else 1 / 100


def fit_lstm(
    train: Ratings,
    base: Tensor,
    item_factors: Tensor,
    *,
    both_sides: bool = False,
    n_hidden: int = 16,
    n_steps: int = 100,
    learning_rate: float = 0.014,
    n_epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
    kind: type[LSTMRating] | type[BothSides] | None = None,
) -> LSTMRating | BothSides:
    """Make and fit the book's LSTM.

    Histories are cut into pieces; Adam with one cycle of the learning rate.

    Parameters
    ----------
    train
        N ratings to learn from, with timestamps.
    base
        (N,) stars that something else predicts for them, without having been
        fitted to them: see `recslib.splits.out_of_fold`.
    item_factors
        (n_items, F), of another model; they stay as they are. See
        `recslib.models.main_directions`.
    both_sides
        Hear what came after a rating too.
    n_hidden
        H, numbers in the LSTM's memory.
    n_steps
        Of a piece.
    learning_rate
        The highest.
    n_epochs, batch_size
        As in `recslib.training.fit`; a batch holds pieces.
    seed
        Of the first weights, the order within a second, and the shuffles.
    kind
        The class, for one of your own: made and called in the same way. None
        takes the book's.

    Returns
    -------
    LSTMRating or BothSides
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        As in `recslib.training.fit` and in `recslib.sequences.cut_histories`;
        when there are no ratings, or there is not one finite base a rating
        and one finite row of factors an item.
    FloatingPointError
        When the fit diverges; names the rate to try.
    """
    check_count(n_hidden, "n_hidden")
    _check_train(train, 0, batch_size, seed)
    check_number(learning_rate, "learning_rate", least=0)
    if base.shape != train.ratings.shape or len(item_factors) != train.n_items:
        raise ValueError(
            f"base is of {len(base):,} ratings and item_factors of "
            f"{len(item_factors):,} items; there are {len(train):,} ratings "
            f"and {train.n_items:,} items."
        )
    check_finite(base, "predictions of the base")
    check_finite(item_factors, "item factors")
    pieces = cut_histories(train, n_steps, seed=seed)
    after = backwards(pieces, train) if both_sides else None
    inputs = lstm_inputs(pieces, base, train.ratings - base, after)
    torch.manual_seed(seed)
    if kind is None:
        kind = BothSides if both_sides else LSTMRating
    model = kind(item_factors, n_hidden)
    with diverging_in(learning_rate, _scale_in_words(train)):
        fit(
            model,
            Examples(inputs, pieces.now(train.ratings), pieces.mask),
            optimizer=torch.optim.Adam(model.parameters(), lr=learning_rate),
            n_epochs=n_epochs,
            batch_size=batch_size,
            seed=seed,
            schedule="one_cycle",
            max_gradient_norm=1.0,
        )
    return model
