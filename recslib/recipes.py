"""The settings of each chapter's final model: made and fitted in one call."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from numbers import Integral
from typing import TypeVar

import torch
from torch import Tensor, nn

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
from recslib.training import Examples, Tensors, fit, predict

# From so many training ratings on, the settings are those of MovieLens 100K.
ENOUGH_RATINGS = 30_000
# With fewer than these no tenth can tell anything.
FEW_RATINGS = 200
# Of the factorizations: the first, or on a small set the best.
N_EPOCHS = 20, 40, 60
LEARNING_RATE = 0.025  # of the factorizations
# No row is met more often in a batch: the charge aside, a step of SGD at the
# default rate overshoots at 40, and factors bring that down.
MOST_MEETINGS = 25
# Shares of a unit that the spread of ratings has on the usual scales; stars
# of MovieLens 100K have 1.12.
SPREADS = 0.7, 1.2
# Of the dense network: three to four times what a gradient of a batch of
# 1,024 measures, so that it holds back the first steps alone.
MAX_GRADIENT_NORM = 1_000.0
# Of the factorization that is told features: what the validation data chose.
FEATURE_GRADIENT_NORM = 300.0

Model = TypeVar("Model", bound=nn.Module)


def unit_of(train: Ratings) -> float:
    """Say in which unit ratings are learnt: 1 star on a scale of 1 to 5.

    A quarter of the scale's width. Where the ratings use little of the scale,
    or its ends alone, the unit is so small, or so large, that their standard
    deviation is 0.7 to 1.2 units. Rates and charges then mean the same on
    every scale.

    Parameters
    ----------
    train
        Ratings to learn from.

    Returns
    -------
    float
        Above 0; 1 where all ratings are equal.
    """
    low, high = train.scale
    mean = train.ratings.double().mean().item()
    sd = train.ratings.double().std(correction=0).item()
    if not 1e-6 * max(abs(mean), high - low, 1e-30) < sd < math.inf:
        return 1.0  # all equal, or none, or NaN, which `fit` will name
    least, most = SPREADS
    return min(max((high - low) / 4, sd / most), sd / least)


def fit_factorization(
    train: Ratings,
    n_factors: int = 128,
    *,
    l2: float = 0.04,
    ridge: float = 3.0,
    learning_rate: float = LEARNING_RATE,
    n_epochs: int | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    kind: type[MatrixFactorization] = MatrixFactorization,
) -> MatrixFactorization:
    """Make and fit the book's matrix factorization.

    Plain stochastic gradient descent with one cycle of the learning rate. The
    settings were chosen on validation data of MovieLens 100K. The model learns
    in units (`unit_of`) and answers in stars, so they hold on any scale.

    Parameters
    ----------
    train
        Ratings to learn from, on any scale.
    n_factors
        Columns of the factors.
    l2
        What each rating pays for the squares of the rows behind it.
    ridge
        What each row pays, an epoch, for its squares.
    learning_rate
        The highest, one a rating.
    n_epochs
        As in `recslib.training.fit`. None: 20 from 30,000 ratings on. With
        less of them, 40 or 60 where that is better by more than half a
        percent on a tenth of the ratings that is held out: tastes take long
        to be found in a small file, and so does noise.
    batch_size
        Ratings a step. None: 2,048, or a twentieth of the ratings where that
        is less. It is less, too, where a user or an item has so many of them
        that it would be met more than 25 times in a batch: it would overshoot.
    seed
        Of the first factors and of the shuffles.
    kind
        The class, for one of your own: made and called in the same way, with
        tables of the same names. One whose answers do not grow with its
        ``mean``, biases and users' factors learns in stars, not in units.

    Returns
    -------
    MatrixFactorization
        Fitted, in eval mode.

    Raises
    ------
    ValueError, FloatingPointError
        As in `recslib.training.fit`, and for an ``n_factors`` that is no
        whole number.
    """
    _check_factors(n_factors)
    if n_epochs is None:
        settings = {"l2": l2, "ridge": ridge, "learning_rate": learning_rate}
        settings |= {"batch_size": batch_size, "seed": seed, "kind": kind}
        n_epochs = _chosen_n_epochs(
            train,
            lambda part, n: fit_factorization(
                part, n_factors, n_epochs=n, **settings
            ),
            lambda part: (part.users, part.items),
            seed,
        )
    pair = (train.users, train.items)
    sizes = train.n_users, train.n_items, n_factors
    model, unit = _make(
        lambda mean: kind(*sizes, mean), train, pair, _factors_to_stars, seed
    )
    batch_size = _batch_size(train) if batch_size is None else batch_size
    n_batches = math.ceil(len(train) / batch_size)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=learning_rate,
        # SGD adds weight_decay times the row, the slope of half its square.
        weight_decay=2 * ridge / n_batches,
    )
    fit(
        model,
        Examples(pair, train.ratings / unit),
        optimizer=optimizer,
        n_epochs=n_epochs,
        batch_size=batch_size,
        seed=seed,
        penalty=lambda *rows: l2 * squared_norms(model, *rows),
        reduction="sum",
        schedule="one_cycle",
        remedy=_remedy(train, learning_rate, batch_size),
    )
    return _in_stars(model, unit, _factors_to_stars)


def fit_feature_factorization(
    train: Ratings,
    features: SideFeatures,
    n_factors: int = 128,
    *,
    l2: float = 0.04,
    ridge: float = 3.0,
    learning_rate: float = LEARNING_RATE,
    n_epochs: int | None = None,
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
    _check_factors(n_factors)
    sizes = len(features.users), len(features.items)
    if sizes != (train.n_users, train.n_items):
        raise ValueError(
            f"there are features of {sizes[0]} users and {sizes[1]} items; "
            f"the ratings know {train.n_users} and {train.n_items}."
        )
    if n_epochs is None:
        settings = {"l2": l2, "ridge": ridge, "learning_rate": learning_rate}
        settings |= {"batch_size": batch_size, "seed": seed, "kind": kind}
        n_epochs = _chosen_n_epochs(
            train,
            lambda part, n: fit_feature_factorization(
                part, features, n_factors, n_epochs=n, **settings
            ),
            lambda part: (
                part.users,
                part.items,
                features.of(part.users, part.items),
            ),
            seed,
        )
    pair = (train.users, train.items)
    inputs = (*pair, features.of(*pair))
    n_known = features.users.shape[1], features.items.shape[1]
    model, unit = _make(
        lambda mean: kind(*sizes, n_factors, mean, *n_known),
        train,
        inputs,
        _factors_to_stars,
        seed,
    )
    batch_size = _batch_size(train) if batch_size is None else batch_size
    optimizer = torch.optim.SGD(
        [
            {
                "params": [weights],
                "lr": learning_rate * (1 / 100 if "feature" in name else 1),
            }
            for name, weights in model.named_parameters()
        ],
        lr=learning_rate,
        weight_decay=2 * ridge / math.ceil(len(train) / batch_size),
    )
    fit(
        model,
        Examples(inputs, train.ratings / unit),
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
        remedy=_remedy(train, learning_rate, batch_size),
    )
    return _in_stars(model, unit, _factors_to_stars)


def _batch_size(
    train: Ratings, most: int = 2_048, meetings: float = MOST_MEETINGS
) -> int:
    """Return how many ratings a step takes: fewer of a small or uneven set."""
    counts = (train.counts_by_user(), train.counts_by_item())
    busiest = max((int(each.max()) for each in counts if len(each)), default=0)
    met = int(meetings * len(train) / max(busiest, 1))
    return max(min(most, len(train) // 20, met), 1)


def _chosen_n_epochs(
    train: Ratings,
    fit_to: Callable[[Ratings, int], nn.Module],
    inputs_of: Callable[[Ratings], Tensors],
    seed: int,
) -> int:
    """Return how many epochs are best on a tenth that is held out.

    The fewest that are level with the best; the first of them where there are
    so many ratings that the settings are known, or too few to hold any out.
    """
    if not FEW_RATINGS <= len(train) < ENOUGH_RATINGS:
        return N_EPOCHS[0]
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(train), generator=generator)
    held, part = (
        train.select(rows) for rows in order.tensor_split([len(train) // 10])
    )
    errors = {}
    for n_epochs in N_EPOCHS:
        told = predict(fit_to(part, n_epochs), inputs_of(held))
        told = told.clamp(*train.scale)
        errors[n_epochs] = (told - held.ratings).double().square().mean()
    best = min(errors.values())
    # Squares, so twice half a percent.
    return next(n for n, error in errors.items() if error <= 1.01 * best)


def _remedy(train: Ratings, learning_rate: float, batch_size: int) -> str:
    """Say what to try where a fit to ratings fails."""
    # What a row moves by in a batch, held to what it is by default.
    meetings = MOST_MEETINGS * LEARNING_RATE / max(learning_rate, 1e-30)
    fewer = _batch_size(train, batch_size // 4, meetings)
    return (
        f"Try learning_rate={learning_rate / 10:.2g}, or batch_size={fewer}; "
        f"or take recslib.sampling.sample_factorization, which has neither."
    )


def _make(
    make: Callable[[float], Model],
    train: Ratings,
    inputs: Tensors,
    to_stars: Callable[[Model, float], None],
    seed: int,
) -> tuple[Model, float]:
    """Make a model of ratings in units; return it and the unit, in stars.

    A class of one's own may answer in a way that cannot be turned to stars:
    then the unit is 1.
    """
    mean, unit = train.ratings.double().mean().item(), unit_of(train)
    torch.manual_seed(seed)
    model = make(mean / unit)
    if unit == 1 or _turns(model, inputs, inputs, to_stars, unit):
        return model, unit
    torch.manual_seed(seed)
    return make(mean), 1.0


def _turns(
    model: Model,
    inputs: Tensors,
    inputs_in_stars: Tensors,
    to_stars: Callable[[Model, float], None],
    unit: float,
) -> bool:
    """Try with other weights whether a model's answers turn to stars."""
    few, few_in_stars = (
        tuple(part[:100] for part in each)
        for each in (inputs, inputs_in_stars)
    )
    trial = copy.deepcopy(model).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in trial.parameters():
            drawn = torch.randn(weights.shape, generator=generator)
            weights.add_(0.1 * drawn)
        wanted = unit * trial(*few)
        try:
            to_stars(trial, unit)
        except AttributeError:
            return False
        told = trial(*few_in_stars)
        return torch.allclose(told, wanted, rtol=1e-3, atol=1e-3 * unit)


def _in_stars(
    model: Model, unit: float, to_stars: Callable[[Model, float], None]
) -> Model:
    """Turn a fitted model to stars."""
    if unit != 1:
        with torch.no_grad():
            to_stars(model, unit)
    return model


def _factors_to_stars(
    model: MatrixFactorization | FeatureFactorization, unit: float
) -> None:
    """Multiply what users' rows and biases say.

    Items' factors stay: a person who is folded in among them in stars pays
    for a row what a user paid in units.
    """
    tables = (model.user_biases, model.item_biases, model.user_factors)
    for part in (model.mean, *(table.weight for table in tables)):
        part.mul_(unit)
    if hasattr(model, "feature_factors"):
        rows = model.feature_factors.weight
        rows[:, 0].mul_(unit)
        rows[: int(model.n_user_features), 1:].mul_(unit)


def _net_to_stars(model: DenseNet, unit: float) -> None:
    """Multiply biases and what the last layer says."""
    tables = (model.user_biases, model.item_biases, model.output)
    for part in (model.mean, *(table.weight for table in tables)):
        part.mul_(unit)
    model.output.bias.mul_(unit)


def fit_dense_net(
    train: Ratings,
    features: SideFeatures | None = None,
    n_factors: int = 32,
    *,
    l2: float = 0.06,
    learning_rate: float = 0.011,
    n_epochs: int = 18,
    batch_size: int | None = None,
    seed: int = 0,
    kind: type[DenseNet] = DenseNet,
) -> DenseNet:
    """Make and fit the book's dense network.

    Plain stochastic gradient descent with one cycle. A row of factors is met
    by a few ratings of a batch, a feature by many, the layers by all: so the
    features learn at 1/25 of the rate, and the layers at 1/100. The network
    learns in units (`unit_of`) and answers in stars.

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
        The highest of the rows, one a rating.
    n_epochs
        As in `recslib.training.fit`.
    batch_size
        As in `fit_factorization`; None: 1,024 at most.
    seed
        Of the first weights, of the shuffles and of dropout.
    kind
        The class, for one of your own: made and called in the same way. One
        whose answers do not grow with its ``mean``, biases and ``output``
        learns in stars, not in units.

    Returns
    -------
    DenseNet
        Fitted, in eval mode.

    Raises
    ------
    ValueError, FloatingPointError
        As in `recslib.training.fit`, and for an ``n_factors`` that is no
        whole number.
    """
    _check_factors(n_factors)
    inputs: Tensors = (train.users, train.items)
    n_features = 0
    if features is not None:
        inputs = (*inputs, features.of(*inputs))
        n_features = features.n_features
    sizes = train.n_users, train.n_items, n_factors
    model, unit = _make(
        lambda mean: kind(*sizes, mean, n_features),
        train,
        inputs,
        _net_to_stars,
        seed,
    )
    if batch_size is None:
        batch_size = _batch_size(train, 1_024)
    optimizer = torch.optim.SGD(
        [
            {"params": [weights], "lr": learning_rate * _share_of(name)}
            for name, weights in model.named_parameters()
        ]
    )
    fit(
        model,
        Examples(inputs, train.ratings / unit),
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
        remedy=_remedy(train, learning_rate, batch_size),
    )
    return _in_stars(model, unit, _net_to_stars)


def _check_factors(n_factors: object) -> None:
    if not isinstance(n_factors, Integral) or n_factors < 0:
        raise ValueError(
            f"n_factors is {n_factors!r}; give a whole number, not below 0."
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
    The LSTM learns in units (`unit_of`), and hears and answers in stars.

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
    ValueError, FloatingPointError
        As in `recslib.training.fit` and in `recslib.sequences.cut_histories`.
    """
    pieces = cut_histories(train, n_steps, seed=seed)
    after = backwards(pieces, train) if both_sides else None
    if kind is None:
        kind = BothSides if both_sides else LSTMRating

    def heard_in(unit: float) -> Tensors:
        surprises = (train.ratings - base) / unit
        return lstm_inputs(pieces, base / unit, surprises, after)

    unit = unit_of(train)
    inputs = heard_in(unit)
    torch.manual_seed(seed)
    model = kind(item_factors, n_hidden)
    if unit != 1 and not _turns(
        model, inputs, heard_in(1.0), _lstm_to_stars, unit
    ):
        unit, inputs = 1.0, heard_in(1.0)
    fit(
        model,
        Examples(inputs, pieces.now(train.ratings / unit), pieces.mask),
        optimizer=torch.optim.Adam(model.parameters(), lr=learning_rate),
        n_epochs=n_epochs,
        batch_size=batch_size,
        seed=seed,
        schedule="one_cycle",
        max_gradient_norm=1.0,
        remedy=f"Try learning_rate={learning_rate / 10:.2g}, and see that "
        f"base and item_factors are finite.",
    )
    return _in_stars(model, unit, _lstm_to_stars)


def _lstm_to_stars(model: LSTMRating | BothSides, unit: float) -> None:
    """Hear surprises in stars, and mend so many of them."""
    ears = (model.before, model.after) if hasattr(model, "after") else (model,)
    for ear in ears:
        ear.lstm.weight_ih_l0[:, -1].div_(unit)
        for weights in ear.taste.parameters():
            weights.mul_(unit)
