"""The settings of each chapter's final model: made and fitted in one call."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import torch
from torch import Tensor, nn

from recslib.arguments import (
    check_batch_size,
    check_count,
    check_finite,
    check_flag,
    check_kind,
    check_number,
    check_seed,
    check_some,
    check_table,
    check_takes,
    check_tensor,
)
from recslib.baselines import Biases, damped_biases
from recslib.features import SideFeatures
from recslib.models import (
    BothSides,
    DenseNet,
    FeatureFactorization,
    LSTMRating,
    MatrixFactorization,
    check_tables,
    squared_norms,
)
from recslib.ratings import Ratings
from recslib.sequences import (
    Sequences,
    backwards,
    cut_histories,
    lstm_inputs,
)
from recslib.training import Examples, Tensors, diverging_in, fit, predict

# Of the dense network: three to four times what a gradient of a batch of
# 1,024 measures, so that it holds back the first steps alone.
MAX_GRADIENT_NORM = 1_000.0
# Of the factorization that is told features: what the validation data chose.
FEATURE_GRADIENT_NORM = 300.0
# The highest rates, a rating, and the epochs: of the factorizations, of the
# dense network and of the LSTM.
RATE, NETWORK_RATE, LSTM_RATE = 0.025, 0.011, 0.014
N_EPOCHS, N_NETWORK_EPOCHS, N_LSTM_EPOCHS = 20, 18, 10
# From so many training ratings on these are the epochs, and a fit to so many
# of them is enough to see whether a model is ahead of biases.
ENOUGH_RATINGS = 30_000
# So many are held out to tell, or all in turn; with fewer than FEW of them
# nothing can be told.
N_HELD_OUT, FEW_RATINGS = 1_000, 20
# The parts that are held out in turn, and how much more fewer epochs may err,
# in squares.
N_PARTS, LEVEL = 5, 1.005
# What a class of pairs is made of, and how it is called.
OF_PAIRS = ("n_users", "n_items", "n_factors", "mean")
PAIR_AND_MORE = ("users", "items", "features")
OF_STEPS = ("items", "base", "past", "surprises")
# Not 0, so that factors keep their directions.
LEAST_SHARE = 0.01
# No row is met more often in a batch: the charge aside, a step of SGD at the
# default rate overshoots at 40, and factors bring that down.
MOST_MEETINGS = 25
# Shares of a unit that the spread of ratings has on the usual scales; stars
# of MovieLens 100K have 1.12.
SPREADS = 0.7, 1.2

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

    Raises
    ------
    ValueError
        When there are no ratings.
    """
    check_kind(train, Ratings, "train")
    check_some(train, "ratings to learn from")
    low, high = train.scale
    mean = train.ratings.double().mean().item()
    sd = train.ratings.double().std(correction=0).item()
    if not sd > 1e-6 * max(abs(mean), 1e-30):
        return 1.0
    least, most = SPREADS
    return min(max((high - low) / 4, sd / most), sd / least)


def fit_factorization(
    train: Ratings,
    n_factors: int = 128,
    *,
    l2: float = 0.04,
    ridge: float = 3.0,
    learning_rate: float = RATE,
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
        As in `recslib.training.fit`. None: 20, and the model is held against
        `recslib.baselines.damped_biases` on ratings that are carved out of
        these. With fewer than 30,000 of them, 60 epochs are tried, too, and
        as much is kept of what the model adds to biases, and biases to the
        mean, as predicts best; with more, where the model is behind.
    batch_size
        Ratings a step. None: 2,048, or a twentieth of the ratings where that
        is less. It is less, too, where a user or an item has so many of them
        that it would be met more than 25 times in a batch: it would overshoot.
    seed
        Of the first factors and of the shuffles.
    kind
        The class, for one of your own: made and called in the same way, with
        tables of the same names. One whose answers do not grow with its
        ``mean``, biases and factors learns in stars, not in units, and all
        of it is kept.

    Returns
    -------
    MatrixFactorization
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        As in `recslib.training.fit`; when there are no ratings, or a number
        is out of range.
    FloatingPointError
        When the fit diverges; says what to try.
    """
    _check_train(
        train, n_factors, batch_size, seed, learning_rate, l2=l2, ridge=ridge
    )
    _check_class(kind, *OF_PAIRS)
    share = of_biases = 1.0
    if n_epochs is None:
        settings = {"l2": l2, "ridge": ridge, "learning_rate": learning_rate}
        settings |= {"batch_size": batch_size, "seed": seed, "kind": kind}
        n_epochs, share, of_biases = _hold_out_pairs(
            train,
            N_EPOCHS,
            lambda part, n: fit_factorization(
                part, n_factors, n_epochs=n, **settings
            ),
            None,
            seed,
        )
    pair = (train.users, train.items)
    sizes = train.n_users, train.n_items, n_factors
    model, unit, to_stars = _make(
        lambda mean: kind(*sizes, mean),
        train,
        pair,
        _turn_factors,
        share,
        of_biases,
        seed,
    )
    batch_size = batch_size_of(train) if batch_size is None else batch_size
    n_batches = math.ceil(len(train) / batch_size)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=learning_rate,
        # SGD adds weight_decay times the row, the slope of half its square.
        weight_decay=2 * ridge / n_batches,
    )
    with diverging_in(
        learning_rate, _other_remedies(train, learning_rate, batch_size)
    ):
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
        )
    return to_stars(model)


def fit_feature_factorization(
    train: Ratings,
    features: SideFeatures,
    n_factors: int = 128,
    *,
    l2: float = 0.04,
    ridge: float = 3.0,
    learning_rate: float = RATE,
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
    _check_train(
        train, n_factors, batch_size, seed, learning_rate, l2=l2, ridge=ridge
    )
    _check_class(kind, *OF_PAIRS, "n_user_features", "n_item_features")
    check_kind(features, SideFeatures, "features")
    sizes = len(features.users), len(features.items)
    if sizes != (train.n_users, train.n_items):
        raise ValueError(
            f"there are features of {sizes[0]} users and {sizes[1]} items; "
            f"the ratings know {train.n_users} and {train.n_items}."
        )
    share = of_biases = 1.0
    if n_epochs is None:
        settings = {"l2": l2, "ridge": ridge, "learning_rate": learning_rate}
        settings |= {"batch_size": batch_size, "seed": seed, "kind": kind}
        n_epochs, share, of_biases = _hold_out_pairs(
            train,
            N_EPOCHS,
            lambda part, n: fit_feature_factorization(
                part, features, n_factors, n_epochs=n, **settings
            ),
            features,
            seed,
        )
    inputs = _pairs_told(train, features)
    n_known = features.users.shape[1], features.items.shape[1]
    model, unit, to_stars = _make(
        lambda mean: kind(*sizes, n_factors, mean, *n_known),
        train,
        inputs,
        _turn_factors,
        share,
        of_biases,
        seed,
    )
    batch_size = batch_size_of(train) if batch_size is None else batch_size
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
    with diverging_in(
        learning_rate, _other_remedies(train, learning_rate, batch_size)
    ):
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
        )
    return to_stars(model)


def fit_dense_net(
    train: Ratings,
    features: SideFeatures | None = None,
    n_factors: int = 32,
    *,
    l2: float = 0.06,
    learning_rate: float = NETWORK_RATE,
    n_epochs: int | None = None,
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
        As in `fit_factorization`; None: 18, or 54.
    batch_size
        As in `fit_factorization`; None: 1,024 at most.
    seed
        Of the first weights, of the shuffles and of dropout.
    kind
        The class, for one of your own: made and called in the same way. One
        whose answers do not grow with its ``mean``, biases and ``output``
        learns in stars, not in units, and all of it is kept.

    Returns
    -------
    DenseNet
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        As in `recslib.training.fit`; when there are no ratings, or a number
        is out of range.
    FloatingPointError
        When the fit diverges; says what to try.
    """
    _check_train(train, n_factors, batch_size, seed, learning_rate, l2=l2)
    _check_class(kind, *OF_PAIRS, "n_features")
    if features is not None:
        check_kind(features, SideFeatures, "features")
    share = of_biases = 1.0
    if n_epochs is None:
        settings = {"l2": l2, "learning_rate": learning_rate}
        settings |= {"batch_size": batch_size, "seed": seed, "kind": kind}
        n_epochs, share, of_biases = _hold_out_pairs(
            train,
            N_NETWORK_EPOCHS,
            lambda part, n: fit_dense_net(
                part, features, n_factors, n_epochs=n, **settings
            ),
            features,
            seed,
        )
    inputs = _pairs_told(train, features)
    n_features = 0 if features is None else features.n_features
    sizes = train.n_users, train.n_items, n_factors
    model, unit, to_stars = _make(
        lambda mean: kind(*sizes, mean, n_features),
        train,
        inputs,
        _turn_net,
        share,
        of_biases,
        seed,
    )
    if batch_size is None:
        batch_size = batch_size_of(train, 1_024)
    optimizer = torch.optim.SGD(
        [
            {"params": [weights], "lr": learning_rate * _share_of(name)}
            for name, weights in model.named_parameters()
        ]
    )
    with diverging_in(
        learning_rate, _other_remedies(train, learning_rate, batch_size)
    ):
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
        )
    return to_stars(model)


def _check_train(
    train: Ratings,
    n_factors: object,
    batch_size: object,
    seed: object,
    learning_rate: object,
    **weights: float,
) -> None:
    check_count(n_factors, "n_factors", least=0)
    if batch_size is not None:
        check_batch_size(batch_size)
    check_seed(seed)
    check_number(learning_rate, "learning_rate", least=0)
    for name, weight in weights.items():
        check_number(weight, name, least=0)
    check_kind(train, Ratings, "train")
    check_some(train, "ratings to learn from")


def _check_class(kind: object, *handed: str) -> None:
    """Refuse what is no class, or is made of something else."""
    came = type(kind).__name__
    is_other = isinstance(kind, type) and not issubclass(kind, nn.Module)
    if is_other:
        came = f"the class {kind.__name__}"
    if is_other or not callable(kind) or isinstance(kind, nn.Module):
        raise ValueError(
            f"kind came as {came}; give a class, made and "
            f"called like the book's."
        )
    check_takes(kind, "kind", *handed)


def _check_made(model: object, *handed: str) -> None:
    """Refuse what is no model, or is called with something else."""
    check_kind(model, nn.Module, "what kind makes")
    check_takes(model.forward, f"{type(model).__name__}.forward", *handed)


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
    learning_rate: float = LSTM_RATE,
    n_epochs: int | None = None,
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
    n_epochs
        As in `recslib.training.fit`. None: 10, and the LSTM is held against
        the base on people who are carved out of these. With fewer than 30,000
        ratings, 30 epochs are tried, too, and where the base predicts
        better, as much of what the LSTM mends is kept as predicts best.
    batch_size
        As in `recslib.training.fit`; a batch holds pieces.
    seed
        Of the first weights, the order within a second, and the shuffles.
    kind
        The class, for one of your own: made and called in the same way. None
        takes the book's. One that does not hear and mend as these learns in
        stars, not in units, and all of it is kept.

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
        When the fit diverges; says what to try.
    """
    check_count(n_hidden, "n_hidden")
    check_count(n_steps, "n_steps")
    check_flag(both_sides, "both_sides")
    _check_train(train, 0, batch_size, seed, learning_rate)
    if kind is not None:
        _check_class(kind, "item_factors", "n_hidden")
    check_tensor(base, "predictions of the base")
    check_table(item_factors, "item factors", dtype=torch.float32)
    if base.shape != train.ratings.shape or len(item_factors) != train.n_items:
        raise ValueError(
            f"base is of {len(base):,} ratings and item_factors of "
            f"{len(item_factors):,} items; there are {len(train):,} ratings "
            f"and {train.n_items:,} items."
        )
    check_finite(base, "predictions of the base")
    base = base.to(train.ratings.dtype)
    check_finite(item_factors, "item factors")
    if kind is None:
        kind = BothSides if both_sides else LSTMRating

    def heard_by(
        part: Ratings, base: Tensor, unit: float = 1.0
    ) -> tuple[Sequences, Tensors]:
        """Cut histories; return them, and what the LSTM hears of them."""
        pieces = cut_histories(part, n_steps, seed=seed)
        after = backwards(pieces, part) if both_sides else None
        surprises = (part.ratings - base) / unit
        return pieces, lstm_inputs(pieces, base / unit, surprises, after)

    def told_by(kept: Tensor, held: Tensor, n_epochs: int) -> Tensor:
        """Fit to some people's ratings; predict those of others."""
        model = fit_lstm(
            train.select(kept),
            base[kept],
            item_factors,
            both_sides=both_sides,
            n_hidden=n_hidden,
            n_steps=n_steps,
            learning_rate=learning_rate,
            n_epochs=n_epochs,
            batch_size=batch_size,
            seed=seed,
            kind=kind,
        )
        pieces, inputs = heard_by(train.select(held), base[held])
        return pieces.to_rows(predict(model, inputs, batch_size=64))

    share = 1.0
    if n_epochs is None:
        n_epochs, share, _ = _hold_out(
            train,
            N_LSTM_EPOCHS,
            told_by,
            lambda _, held: (base[held], base[held]),
            seed,
            whole_users=True,
        )
    unit = unit_of(train)
    pieces, inputs = heard_by(train, base, unit)
    torch.manual_seed(int(seed))
    # PyTorch's LSTM takes no whole numbers of NumPy.
    model = kind(item_factors, int(n_hidden))
    _check_made(model, *OF_STEPS, *(OF_STEPS if both_sides else ()))

    def to_stars(fitted: Model) -> Model:
        with torch.no_grad():
            _turn_lstm(fitted, unit, share)
        return fitted

    if unit != 1 or share != 1:
        in_stars = heard_by(train, base)[1]
        few, few_in_stars = (
            tuple(part[:10] for part in each) for each in (inputs, in_stars)
        )
        plain = (1 - share) * few_in_stars[1]
        if not _turns(
            model,
            few,
            few_in_stars,
            to_stars,
            lambda told: unit * share * told + plain,
        ):
            unit, share, inputs = 1.0, 1.0, in_stars
    with diverging_in(learning_rate):
        fit(
            model,
            Examples(inputs, pieces.now(train.ratings / unit), pieces.mask),
            optimizer=torch.optim.Adam(model.parameters(), lr=learning_rate),
            n_epochs=n_epochs,
            batch_size=batch_size,
            seed=seed,
            schedule="one_cycle",
            max_gradient_norm=1.0,
        )
    return model if unit == share == 1 else to_stars(model)


def batch_size_of(
    train: Ratings, most: int = 2_048, meetings: float = MOST_MEETINGS
) -> int:
    """Say how many ratings a step takes: fewer of a small or uneven set.

    At most a twentieth of the ratings, and so few that no user and no item is
    met too often in a batch: with sums for a loss, its row would overshoot.

    Parameters
    ----------
    train
        Ratings to learn from, at least one.
    most
        What a large and even set takes.
    meetings
        Of one row in a batch, at most.

    Raises
    ------
    ValueError
        When there are no ratings, or a number is not above 0.
    """
    check_kind(train, Ratings, "train")
    check_some(train, "ratings to learn from")
    check_count(most, "most")
    check_number(meetings, "meetings", above=0)
    counts = (train.counts_by_user(), train.counts_by_item())
    busiest = max(int(each.max()) for each in counts)
    met = int(meetings * len(train) / busiest)
    return max(min(most, len(train) // 20, met), 1)


def _other_remedies(
    train: Ratings, learning_rate: float, batch_size: int
) -> str:
    """Say what to try beside a lower rate."""
    # What a row moves by in a batch, held to what it is by default.
    meetings = MOST_MEETINGS * RATE / max(learning_rate, 1e-30)
    if meetings < 1:
        return ""
    fewer = batch_size_of(train, max(batch_size // 4, 1), meetings)
    return (
        f" Or try batch_size={fewer}, or "
        f"recslib.sampling.sample_factorization, which has neither."
    )


def _hold_out(
    train: Ratings,
    usual: int,
    told_by: Callable[[Tensor, Tensor, int], Tensor],
    plain_by: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    seed: int,
    *,
    whole_users: bool = False,
) -> tuple[int, float, float]:
    """Choose the epochs, and which share of what a model adds is kept.

    A fifth of the ratings is held out, and then another, until there are
    enough of them to tell. From 30,000 ratings on the epochs are known, and
    so many of them are looked at first: what is ahead there is kept whole.

    Parameters
    ----------
    train
        N ratings.
    usual
        The epochs of a large set.
    told_by, plain_by
        Fit a model for so many epochs, or what it is held against, to the
        ratings that the first flags name, both (N,); say what it predicts for
        those that the second name. The plainest comes first: the mean, then
        biases.
    seed
        Of the draw.
    whole_users
        Whether people are held out with all their ratings.

    Returns
    -------
    tuple
        Epochs; the share of what the model adds to biases; and the share of
        what these add to the mean. Shares are from 0 to 1.
    """
    chance = torch.Generator().manual_seed(int(seed))
    n = len(train)
    n_places = train.n_users if whole_users else n
    places = torch.randperm(n_places, generator=chance)
    if whole_users:
        places = places[train.users]

    everything = torch.ones(n, dtype=torch.bool)

    def hold(number: int, n_epochs: int, some: Tensor = everything) -> Tensor:
        """Return what is given, and what biases and model say: (3, n)."""
        held = some & (places % N_PARTS == number)
        kept = some & ~held
        if not (held.any() and kept.any()):
            return torch.zeros(3, 0).double()
        mean, plain = plain_by(kept, held)
        told = told_by(kept, held, n_epochs)
        said = torch.stack([train.ratings[held], plain, told])
        return said.double() - mean

    if n < FEW_RATINGS:
        return usual, LEAST_SHARE, 1.0
    tries = (usual, 3 * usual)
    if n >= ENOUGH_RATINGS:
        tries = (usual,)
        look = hold(0, usual, places < n_places * ENOUGH_RATINGS / n)
        if _is_ahead(look):
            return usual, 1.0, 1.0
    held = {n_epochs: hold(0, n_epochs) for n_epochs in tries}
    if n >= ENOUGH_RATINGS and _is_ahead(held[usual]):
        return usual, 1.0, 1.0
    errors = {n_epochs: _weigh(part)[2] for n_epochs, part in held.items()}
    level = LEVEL * min(errors.values())
    n_epochs = next(each for each in tries if errors[each] <= level)
    n_parts = min(math.ceil(N_HELD_OUT * N_PARTS / n), N_PARTS)
    parts = [held[n_epochs]]
    parts += [hold(number, n_epochs) for number in range(1, n_parts)]
    share, of_biases, _ = _weigh(torch.cat(parts, dim=1))
    return n_epochs, max(share, LEAST_SHARE), of_biases


def _is_ahead(said: Tensor) -> bool:
    """Say whether a model errs less than the biases, and than the mean."""
    given, plain, told = said
    squares = (given - torch.stack([told, plain, 0 * plain])).square().sum(1)
    return bool(squares[0] < squares[1:].min())


def _weigh(said: Tensor) -> tuple[float, float, float]:
    """Return the shares of a model, and of biases, and what they err by."""
    given, plain, told = said
    of_biases = _share(given, plain)
    left, more = given - of_biases * plain, told - of_biases * plain
    share = _share(left, more)
    return share, of_biases, (left - share * more).square().sum().item()


def _share(left: Tensor, more: Tensor) -> float:
    """Return the share of what is added that leaves least, from 0 to 1."""
    share = left @ more / more.square().sum().clamp_min(1e-30)
    return min(max(share.item(), 0.0), 1.0)


def _pairs_told(part: Ratings, features: SideFeatures | None) -> Tensors:
    """Return users, items and, where there are some, their features."""
    pair = (part.users, part.items)
    return pair if features is None else (*pair, features.of(*pair))


def _hold_out_pairs(
    train: Ratings,
    usual: int,
    fit_to: Callable[[Ratings, int], nn.Module],
    features: SideFeatures | None,
    seed: int,
) -> tuple[int, float, float]:
    """Hold a model of pairs against damped biases: `_hold_out`."""

    def told_by(kept: Tensor, held: Tensor, n_epochs: int) -> Tensor:
        model = fit_to(train.select(kept), n_epochs)
        return predict(model, _pairs_told(train.select(held), features))

    def plain_by(kept: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
        biases = damped_biases(train.select(kept))
        told = biases.predict(train.users[held], train.items[held])
        return torch.full_like(told, biases.mean), told

    return _hold_out(train, usual, told_by, plain_by, seed)


def _make(
    make: Callable[[float], Model],
    train: Ratings,
    inputs: Tensors,
    turn: Callable[[Model, float, float], None],
    share: float,
    of_biases: float,
    seed: int,
) -> tuple[Model, float, Callable[[Model], Model]]:
    """Make a model of ratings in units.

    Returns it, the unit, and what turns the fitted model to stars. A class of
    one's own may answer in a way that cannot be turned: then the unit is 1,
    and it is left as it is.
    """
    mean, unit = train.ratings.double().mean().item(), unit_of(train)
    torch.manual_seed(int(seed))
    model = make(mean / unit)
    _check_made(model, *PAIR_AND_MORE[: len(inputs)])
    check_tables(model, "L2 charges the rows of")
    if unit == share == 1:
        return model, 1.0, lambda fitted: fitted
    biases = damped_biases(train)
    biases = replace(
        biases, user=of_biases * biases.user, item=of_biases * biases.item
    )

    def to_stars(fitted: Model) -> Model:
        with torch.no_grad():
            turn(fitted, unit, share)
            _add_biases(fitted, biases, 1 - share)
        return fitted

    few = tuple(part[:100] for part in inputs)
    plain = (1 - share) * biases.predict(*few[:2])
    if _turns(
        model, few, few, to_stars, lambda told: unit * share * told + plain
    ):
        return model, unit, to_stars
    torch.manual_seed(int(seed))
    return make(mean), 1.0, lambda fitted: fitted


def _turns(
    model: nn.Module,
    inputs: Tensors,
    inputs_in_stars: Tensors,
    to_stars: Callable[[nn.Module], nn.Module],
    wanted_of: Callable[[Tensor], Tensor],
) -> bool:
    """Try with other weights whether a model's answers turn to stars."""
    trial = copy.deepcopy(model).eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weights in trial.parameters():
            drawn = torch.randn(weights.shape, generator=generator)
            weights.add_(0.1 * drawn)
        told = trial(*inputs)
        check_tensor(told, "predictions of the model")
        wanted = wanted_of(told)
        try:
            told = to_stars(trial)(*inputs_in_stars)
        except AttributeError:
            return False
    close = 1e-3 * wanted.std(correction=0).clamp_min(1e-6)
    return bool(((told - wanted).abs() <= close + 1e-3 * wanted.abs()).all())


def _add_biases(
    model: MatrixFactorization | FeatureFactorization | DenseNet,
    biases: Biases,
    share: float,
) -> None:
    model.mean.add_(share * biases.mean)
    model.user_biases.weight[:, 0].add_(share * biases.user)
    model.item_biases.weight[:, 0].add_(share * biases.item)


def _turn_factors(
    model: MatrixFactorization | FeatureFactorization,
    unit: float,
    share: float,
) -> None:
    """Multiply what a factorization says by a unit and by a share.

    The unit is users' alone: a person who is folded in among items' factors
    in stars pays for a row what a user paid in units. The share is both
    sides', so that it holds for such a person, too.
    """
    side = share**0.5
    for part in (
        model.mean,
        model.user_biases.weight,
        model.item_biases.weight,
    ):
        part.mul_(unit * share)
    model.user_factors.weight.mul_(unit * side)
    model.item_factors.weight.mul_(side)
    if hasattr(model, "feature_factors"):
        rows, n_known = (
            model.feature_factors.weight,
            int(model.n_user_features),
        )
        rows[:, 0].mul_(unit * share)
        rows[:n_known, 1:].mul_(unit * side)
        rows[n_known:, 1:].mul_(side)


def _turn_net(model: DenseNet, unit: float, share: float) -> None:
    """Multiply biases, and what the last layer says."""
    for part in (
        model.mean,
        model.user_biases.weight,
        model.item_biases.weight,
        model.output.weight,
        model.output.bias,
    ):
        part.mul_(unit * share)


def _turn_lstm(
    model: LSTMRating | BothSides, unit: float, share: float
) -> None:
    """Hear surprises in stars, and mend a share of so many of them."""
    ears = (model.before, model.after) if hasattr(model, "after") else (model,)
    for ear in ears:
        ear.lstm.weight_ih_l0[:, -1].div_(unit)
        for weights in ear.taste.parameters():
            weights.mul_(unit * share)
