"""Averages many factorizations: a block Gibbs sampler, no learning rate.

The mean over sweeps: R. Salakhutdinov, A. Mnih, "Bayesian Probabilistic Matrix
Factorization using Markov Chain Monte Carlo", ICML 2008. What a sweep draws,
and whose idea it is, stands in `recslib.draws`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recslib import checkpoints
from recslib.arguments import (
    check_count,
    check_finite,
    check_flag,
    check_kind,
    check_path,
    check_rows,
    check_same_shape,
    check_seed,
    check_tensor,
)
from recslib.checkpoints import digest_of
from recslib.draws import Side, draw_noise, draw_side, pair_up, start_side
from recslib.processes import check_alike, place
from recslib.progress import progress_bar
from recslib.ratings import Ratings, RatingsError
from recslib.splits import random_folds
from recslib.training import find_device

N_FACTORS = 10
# From so many ratings on nobody asks whether they bear factors; with fewer
# than so few, nobody could tell. Parts are fifths, until so many are held out.
ENOUGH_RATINGS, FEW_RATINGS, N_HELD_OUT, N_PARTS = 30_000, 20, 2_000, 5
# Ratings a user or item below which more sweeps are averaged.
THIN = 3.0
# The last: to tell whether factors are ahead of none.
N_SWEEPS, N_SWEEPS_OF_THIN, N_SWEEPS_TO_TELL = 100, 300, 40


@dataclass
class SamplingHistory:
    """What happened from sweep to sweep, one value a sweep.

    Parameters
    ----------
    noise
        Stars: the standard deviation that ratings have around a sample, where
        user and item are ordinary.
    sample_rmse
        Stars, of each sample alone on the validation part; empty without one.
    mean_rmse
        Stars, of the mean of the samples kept so far; NaN before the first.
    n_burn_in
        So many sweeps at the start count for nothing.
    seconds
        Wall time of the whole fit.
    """

    noise: list[float] = field(default_factory=list)
    sample_rmse: list[float] = field(default_factory=list)
    mean_rmse: list[float] = field(default_factory=list)
    n_burn_in: int = 0
    seconds: float = 0.0


class SampledFactorization(nn.Module):
    """The mean over many factorizations, each a sample.

    A sample is row bias + row bias + factors · factors. The mean of S of them
    is again one dot product: of rows S times as long.

    Parameters
    ----------
    mean, sd
        Stars: ratings were fitted with their mean at 0, in units of sd.
    users, items
        (n_users, S, 1 + F) and (n_items, S, 1 + F), the bias first.
    prior_means, prior_precisions
        (S, 1 + F) and (S, 1 + F, 1 + F), of users' rows.
    links
        (S, k, 1 + F), from directions of the users' features to their rows.
    noise_precisions
        (S,), one over the variance of ratings around a sample, where user and
        item are ordinary.
    user_trust, item_trust
        (n_users, S) and (n_items, S), times that precision.
    directions
        (K, k), from the users' features to their directions.
    history
        What happened from sweep to sweep.
    """

    def __init__(
        self,
        mean: float,
        sd: float,
        users: Tensor,
        items: Tensor,
        prior_means: Tensor,
        prior_precisions: Tensor,
        links: Tensor,
        noise_precisions: Tensor,
        user_trust: Tensor,
        item_trust: Tensor,
        directions: Tensor,
        history: SamplingHistory,
    ) -> None:
        super().__init__()
        self.history = history
        self.register_buffer("mean", torch.tensor(float(mean)))
        self.register_buffer("sd", torch.tensor(float(sd)))
        # Squared before it is rounded to float32.
        self.register_buffer("variance", torch.tensor(float(sd) ** 2))
        self.register_buffer("users", users)
        self.register_buffer("items", items)
        self.register_buffer("prior_means", prior_means)
        self.register_buffer("prior_precisions", prior_precisions)
        self.register_buffer("links", links)
        self.register_buffer("noise_precisions", noise_precisions)
        self.register_buffer("user_trust", user_trust)
        self.register_buffer("item_trust", item_trust)
        self.register_buffer("directions", directions)

    def samples(self, users: Tensor, items: Tensor) -> Tensor:
        """Ask every sample: users (B,), items (B,) -> (B, S) stars."""
        self._check_pairs(users, items)
        of_users = self.users.index_select(0, users)
        of_items = self.items.index_select(0, items)
        return self.mean + self.sd * pair_up(of_users, of_items)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predict stars: users (B,), items (B,) -> (B,)."""
        return self.samples(users, items).mean(dim=1)

    def spread(self, users: Tensor, items: Tensor) -> Tensor:
        """Say how far ratings lie from predictions: (B,), (B,) -> (B,) stars.

        The standard deviation of a rating: what the samples disagree by, and
        the noise of this user and this item.
        """
        self._check_pairs(users, items)
        trust = self.user_trust.index_select(0, users)
        trust = trust * self.item_trust.index_select(0, items)  # (B, S)
        noise = (self.noise_precisions * trust).reciprocal() * self.variance
        between = self.samples(users, items).var(dim=1, correction=0)
        return (between + noise.mean(dim=1)).sqrt()

    def _check_pairs(self, users: Tensor, items: Tensor) -> None:
        check_rows(users, len(self.users), "user")
        check_rows(items, len(self.items), "item")
        check_same_shape(users=users, items=items)
        if users.ndim != 1:
            raise ValueError(
                f"users and items have the shape {tuple(users.shape)}; give "
                f"row indexes of the shape (B,)."
            )


@dataclass(frozen=True, eq=False)
class Stranger:
    """Someone nobody trained on, folded in to every sample.

    Parameters
    ----------
    rows
        (S, 1 + F), the bias first: the mean of what the row may be.
    lowers
        (S, 1 + F, 1 + F), lower Cholesky factors of its precisions.
    """

    rows: Tensor
    lowers: Tensor


def fold_in(
    model: SampledFactorization,
    items: Tensor,
    ratings: Tensor,
    features: Tensor | None = None,
) -> Stranger:
    """Fold a new person in: a ridge regression in each sample.

    The row that the sampler would draw for them, with all items held: their
    own ratings beside what other people's rows are like. Their noise is taken
    for ordinary.

    Parameters
    ----------
    model
        Fitted.
    items
        (K,) int64 row indexes of what the person rated; K may be 0.
    ratings
        (K,) stars.
    features
        (K of the users' features,), where the model was fitted with them.

    Raises
    ------
    ValueError
        When the lengths differ, an item is no row index, a number is not
        finite, features are missing, too many or of another size, or the
        model is no sampler.
    """
    _check_sampler(model)
    check_same_shape(items=items, ratings=ratings)
    if items.ndim != 1:
        raise ValueError(
            f"items have the shape {tuple(items.shape)}; give one rating an "
            f"item, (K,)."
        )
    if features is not None:
        check_tensor(features, "features")
    n_features = len(model.directions)
    if features is None and n_features == 0:
        features = model.directions.new_zeros(0)
    if features is None or features.shape != (n_features,):
        came = "None" if features is None else tuple(features.shape)
        raise ValueError(
            f"features are of the shape {came}; the model was fitted with "
            f"({n_features},) a user."
        )
    check_rows(items, len(model.items), "item")
    check_finite(ratings, "ratings")
    check_finite(features, "features")
    features, ratings = (
        part.to(model.mean.dtype) for part in (features, ratings)
    )
    expected = model.prior_means + (features @ model.directions) @ model.links
    rows = model.items.index_select(0, items).transpose(0, 1)  # (S, K, D)
    design = torch.cat([torch.ones_like(rows[..., :1]), rows[..., 1:]], dim=2)
    left = (ratings - model.mean) / (model.sd or 1.0) - rows[..., 0]  # (S, K)
    trust = model.item_trust.index_select(0, items).T  # (S, K)
    noise = model.noise_precisions[:, None] * trust
    weighted = (noise[..., None] * design).mT  # (S, D, K)
    precisions = weighted @ design + model.prior_precisions
    wanted = weighted @ left[..., None]
    wanted = wanted + model.prior_precisions @ expected[..., None]
    lowers = torch.linalg.cholesky(precisions)
    return Stranger(torch.cholesky_solve(wanted, lowers).squeeze(2), lowers)


def score_items(
    model: SampledFactorization, stranger: Stranger
) -> tuple[Tensor, Tensor]:
    """Predict a stranger's rating of every item.

    Parameters
    ----------
    model
        Fitted.
    stranger
        From `fold_in`.

    Returns
    -------
    tuple of Tensor
        (n_items,) stars, and how far from them the samples' own answers
        lie: a standard deviation, in stars.

    Raises
    ------
    ValueError
        When the model is no sampler, or the stranger none of its own.
    """
    _check_sampler(model)
    check_kind(stranger, Stranger, "stranger")
    if stranger.rows.shape != model.items.shape[1:]:
        raise ValueError(
            f"the stranger has rows of the shape "
            f"{tuple(stranger.rows.shape)}, the model's are "
            f"{tuple(model.items.shape[1:])}; fold the stranger in to this "
            f"model."
        )
    rows = model.items.transpose(0, 1)  # (S, n_items, D)
    told = pair_up(stranger.rows[:, None], rows)  # (S, n_items)
    design = torch.cat([torch.ones_like(rows[..., :1]), rows[..., 1:]], dim=2)
    scaled = torch.linalg.solve_triangular(
        stranger.lowers, design.mT, upper=False
    )
    within = scaled.square().sum(dim=1).mean(dim=0)
    spread = (told.var(dim=0, correction=0) + within).sqrt()
    return model.mean + model.sd * told.mean(dim=0), model.sd * spread


def sample_factorization(
    train: Ratings,
    n_factors: int | None = None,
    *,
    user_features: Tensor | None = None,
    item_features: Tensor | None = None,
    n_sweeps: int | None = None,
    n_burn_in: int | None = None,
    own_noise: bool = True,
    validation: Ratings | None = None,
    seed: int = 0,
    device: str = "cpu",
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 10,
) -> SampledFactorization:
    """Draw many factorizations that the ratings allow, and keep them.

    A sweep draws all users' rows given the items', all items' rows given the
    users', what both are expected to be, and how noisy each of them is.
    Nothing is chosen but the number of factors: there is no learning rate and
    no penalty.

    In a process group of `torch.distributed` each process draws a part of the
    rows, and all return the same model: the bits that one process returns on
    the same machine.

    Parameters
    ----------
    train
        N ratings to learn from, on any scale.
    n_factors
        F, the factors of a sample; 0 leaves biases alone. None: what
        `usual_n_factors` says, 10, or 0 for a small set without tastes.
    user_features, item_features
        (n_users, K) and (n_items, L), what is known of each row; see
        `recslib.features`. None for ids alone.
    n_sweeps
        How often all is drawn. None: 100, and 300 where the ratings
        `are_thin`.
    n_burn_in
        So many sweeps at the start count for nothing; None: a quarter.
    own_noise
        Whether each user and each item has a noise of their own, or all
        ratings the same.
    validation
        Where given, the history holds the error on it, sweep by sweep.
    seed
        Of everything that is drawn.
    device
        Where the arithmetic happens, ``"cpu"`` or ``"cuda"``. What is drawn is
        the same on each.
    checkpoint
        A folder: every ``checkpoint_every`` sweeps it gets all that it takes
        to go on from there. Where it holds a checkpoint of this fit, the fit
        goes on from it, to the same bits. None for no checkpoints.
    checkpoint_every
        Sweeps.

    Returns
    -------
    SampledFactorization
        In eval mode, on the device.

    Raises
    ------
    ValueError
        When a number is out of range, features are not one finite row a user,
        or an item, the device is not there, or the processes of a group were
        given different fits.
    RatingsError
        When there are no ratings.
    CheckpointError
        When the folder cannot be written to, or holds a checkpoint of another
        fit, or one that was damaged.
    LostProcessError
        When another process of the group has ended.
    """
    _check_parts(train, validation, user_features, item_features)
    if n_sweeps is None:
        n_sweeps = N_SWEEPS_OF_THIN if are_thin(train) else N_SWEEPS
    n_burn_in = _checked(n_factors, n_sweeps, n_burn_in)
    check_flag(own_noise, "own_noise")
    check_seed(seed)
    check_count(checkpoint_every, "checkpoint_every")
    if checkpoint is not None:
        check_path(checkpoint, "checkpoint")
    if n_factors is None:
        n_factors = usual_n_factors(
            train,
            user_features=user_features,
            item_features=item_features,
            n_sweeps=min(n_sweeps, N_SWEEPS_TO_TELL),
            seed=seed,
            device=device,
        )
    fit = {}
    if checkpoint is not None or place()[1] > 1:
        features = {"users": user_features, "items": item_features}
        fit = {
            "n_factors": int(n_factors),
            "n_sweeps": int(n_sweeps),
            "n_burn_in": int(n_burn_in),
            "own_noise": bool(own_noise),
            "seed": int(seed),
            "sizes": [train.n_users, train.n_items],
            "ratings": _digest_of_part(train),
            "features": digest_of(features),
            "validation": _digest_of_part(validation),
        }
        check_alike(fit)
    where = find_device(device)
    started = time.perf_counter()
    chance = np.random.default_rng(seed)
    stars = train.ratings.double()
    mean, sd = stars.mean().item(), stars.std(correction=0).item()
    del stars
    if sd < 1e-6 * max(abs(mean), 1.0):
        sd = 0.0  # all equal: nothing is to be learnt but the mean
    y = ((train.ratings - mean) / (sd or 1.0)).to(where)
    rated = train.users.to(where), train.items.to(where)
    sizes = train.n_users, train.n_items
    users = start_side(*rated, y, sizes, user_features, n_factors, chance)
    items = start_side(
        *rated[::-1], y, sizes[::-1], item_features, n_factors, chance
    )
    del y, rated  # the blocks hold all of it
    n_told = 0 if validation is None else len(validation)
    chain = _Chain(
        users=users,
        items=items,
        chance=chance,
        history=SamplingHistory(n_burn_in=n_burn_in),
        total=torch.zeros(n_told),
    )
    history = chain.history
    if checkpoint is not None:
        _take_up(chain, checkpoints.load(checkpoint, fit))
    started -= history.seconds
    for sweep in progress_bar(range(chain.n_swept, n_sweeps), unit="sweep"):
        draw_side(users, items, chain.noise_precision, chance)
        draw_side(items, users, chain.noise_precision, chance)
        chain.noise_precision = draw_noise(
            users, items, chain.noise_precision, own_noise, chance
        )
        chain.n_swept = sweep + 1
        history.noise.append(sd / chain.noise_precision**0.5)
        if sweep >= n_burn_in:
            chain.kept.append(_sample(users, items, chain.noise_precision))
        if validation is not None:
            of_users = users.rows.cpu()[validation.users]
            of_items = items.rows.cpu()[validation.items]
            told = mean + sd * pair_up(of_users, of_items)
            chain.total += told * (sweep >= n_burn_in)
            history.sample_rmse.append(_rmse(told, validation))
            of_mean = chain.total / max(len(chain.kept), 1)
            history.mean_rmse.append(
                _rmse(of_mean, validation) if chain.kept else float("nan")
            )
        history.seconds = time.perf_counter() - started
        is_last = chain.n_swept == n_sweeps
        due = is_last or chain.n_swept % checkpoint_every == 0
        if checkpoint is not None and due:
            checkpoints.save(checkpoint, fit, *_written(chain))
    parts = list(zip(*chain.kept, strict=True))
    along = (1, 1, 0, 0, 0, 0, 1, 1)  # samples stand behind users and items
    stacked = map(torch.stack, parts, along)
    return SampledFactorization(
        mean, sd, *stacked, users.directions, history
    ).eval()


def are_thin(train: Ratings) -> bool:
    """Say whether there are fewer than three ratings a user or item.

    What so few say of a row leaves it a wide spread. The mean over the samples
    of a hundred sweeps, itself a draw, then errs by a hundredth more than that
    over three hundred.

    Parameters
    ----------
    train
        N ratings; N over users and items together is looked at.
    """
    check_kind(train, Ratings, "train")
    return len(train) < THIN * (train.n_users + train.n_items)


def usual_n_factors(
    train: Ratings,
    *,
    user_features: Tensor | None = None,
    item_features: Tensor | None = None,
    n_sweeps: int = N_SWEEPS_TO_TELL,
    seed: int = 0,
    device: str = "cpu",
) -> int:
    """Say how many factors a fit gets that names none: 10, or 0.

    Where there are no tastes, ten factors make predictions from a thousand
    ratings worse by two in a hundred, and from 40,000 or more by one in a
    thousand at most. So with fewer than 30,000 a fifth is held out, and then
    another, until 2,000 have been; ten factors stay if they are ahead of
    biases alone there.

    Parameters
    ----------
    train
        N ratings to learn from.
    user_features, item_features, n_sweeps, seed, device
        As in `sample_factorization`.

    Raises
    ------
    ValueError
        As `sample_factorization`.
    RatingsError
        When there are no ratings.
    """
    _check_parts(train, None, user_features, item_features)
    n = len(train)
    if n >= ENOUGH_RATINGS:
        return N_FACTORS
    if n < FEW_RATINGS:
        return 0
    n_parts = min(math.ceil(N_HELD_OUT * N_PARTS / n), N_PARTS)
    squares = {0: 0.0, N_FACTORS: 0.0}
    folds = random_folds(train, N_PARTS, seed)[:n_parts]
    for fold in progress_bar(folds, description="factors", unit="part"):
        _, errors = choose_n_factors(
            fold.train,
            fold.test,
            squares,
            user_features=user_features,
            item_features=item_features,
            n_sweeps=n_sweeps,
            seed=seed,
            device=device,
        )
        for n_factors, error in errors.items():
            squares[n_factors] += len(fold.test) * error**2
    return min(squares, key=squares.__getitem__)


def choose_n_factors(
    train: Ratings,
    validation: Ratings,
    candidates: Collection[int] = (0, 5, 10, 20, 40),
    *,
    user_features: Tensor | None = None,
    item_features: Tensor | None = None,
    n_sweeps: int = 100,
    seed: int = 0,
    device: str = "cpu",
) -> tuple[int, dict[int, float]]:
    """Choose the number of factors by the error on validation data.

    Parameters
    ----------
    train
        N ratings to learn from.
    validation
        M ratings that were carved out of the training part, and no test part.
    candidates
        Numbers of factors, each fitted once.
    user_features, item_features, n_sweeps, seed, device
        As in `sample_factorization`.

    Returns
    -------
    tuple
        The best candidate, the smaller one where two are level, and from each
        candidate to its RMSE in stars, clipped.

    Raises
    ------
    ValueError
        When there is no candidate, or one is no whole number from 0 up, and
        as `sample_factorization`.
    RatingsError
        When one of the parts has no ratings.
    """
    check_kind(candidates, Collection, "candidates")
    for candidate in candidates:
        check_count(candidate, "a candidate", least=0)
    check_kind(validation, Ratings, "validation")
    _check_parts(train, validation, user_features, item_features)
    if len(candidates) == 0:
        raise ValueError("there is nothing to choose from; give candidates.")
    if len(validation) == 0:
        raise RatingsError("there are no ratings to choose by.")
    errors = {}
    for n_factors in progress_bar(sorted(candidates), unit="candidate"):
        model = sample_factorization(
            train,
            n_factors,
            user_features=user_features,
            item_features=item_features,
            n_sweeps=n_sweeps,
            seed=seed,
            device=device,
        )
        told = model(validation.users.to(device), validation.items.to(device))
        errors[n_factors] = _rmse(told.cpu(), validation)
    return min(errors, key=errors.__getitem__), errors


def _sample(
    users: Side, items: Side, noise_precision: float
) -> tuple[Tensor, ...]:
    """Keep what a sample is, and what a new user's row is drawn around."""
    noise = torch.tensor(noise_precision).to(users.rows)
    prior = (users.mean, users.precision, users.links)
    return users.rows, items.rows, *prior, noise, users.trust, items.trust


@dataclass(eq=False)
class _Chain:
    """Where the sampler stands, and what it has kept."""

    users: Side
    items: Side
    chance: np.random.Generator
    history: SamplingHistory
    total: Tensor  # (M,) stars on the validation part, over samples kept
    kept: list[tuple[Tensor, ...]] = field(default_factory=list)
    noise_precision: float = 1.0
    n_swept: int = 0


_OF_A_SIDE = ("rows", "mean", "precision", "links", "trust")
_OF_HISTORY = ("noise", "sample_rmse", "mean_rmse")
_COLUMNS = ("users", "items", "ratings")


def _written(chain: _Chain) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Write down numbers and tensors of a chain."""
    sides, history = (chain.users, chain.items), chain.history
    numbers = {
        "n_swept": chain.n_swept,
        "noise_precision": chain.noise_precision,
        "link_precisions": [side.link_precision for side in sides],
        "seconds": history.seconds,
        "chance": chain.chance.bit_generator.state,
    }
    tensors = {"total": chain.total}
    for number, side in enumerate(sides):
        for name in _OF_A_SIDE:
            # A copy: the last sample holds the same.
            tensors[f"side.{number}.{name}"] = getattr(side, name).clone()
    for name in _OF_HISTORY:
        values = torch.tensor(getattr(history, name), dtype=torch.float64)
        tensors[f"history.{name}"] = values
    for number, sample in enumerate(chain.kept):
        for part, tensor in enumerate(sample):
            tensors[f"kept.{number}.{part}"] = tensor
    return numbers, tensors


def _take_up(
    chain: _Chain, found: tuple[dict[str, Any], dict[str, Tensor]] | None
) -> None:
    """Go on from what `_written` wrote; from the start where it is None."""
    if found is None:
        return
    numbers, tensors = found
    sides, history = (chain.users, chain.items), chain.history
    device = chain.users.rows.device
    chain.n_swept = numbers["n_swept"]
    chain.noise_precision = numbers["noise_precision"]
    chain.chance.bit_generator.state = numbers["chance"]
    chain.total = tensors["total"]
    history.seconds = numbers["seconds"]
    for number, side in enumerate(sides):
        side.link_precision = numbers["link_precisions"][number]
        for name in _OF_A_SIDE:
            held = tensors[f"side.{number}.{name}"]
            setattr(side, name, held.to(device))
    for name in _OF_HISTORY:
        setattr(history, name, tensors[f"history.{name}"].tolist())
    n_kept = max(chain.n_swept - history.n_burn_in, 0)
    n_parts = len(_sample(*sides, chain.noise_precision))
    chain.kept = [
        tuple(
            tensors[f"kept.{number}.{part}"].to(device)
            for part in range(n_parts)
        )
        for number in range(n_kept)
    ]


def _digest_of_part(part: Ratings | None) -> str:
    if part is None:
        return "none"
    columns = {name: getattr(part, name) for name in _COLUMNS}
    return digest_of(columns)


def _rmse(told: Tensor, part: Ratings) -> float:
    errors = told.clamp(*part.scale).double() - part.ratings
    return errors.square().mean().sqrt().item()


def _check_sampler(model: nn.Module) -> None:
    """Refuse a model that does not hold samples."""
    if not isinstance(getattr(model, "prior_precisions", None), Tensor):
        raise ValueError(
            f"model came as {type(model).__name__}; give one of "
            f"recslib.sampling.sample_factorization."
        )


def _check_parts(
    train: Ratings,
    validation: Ratings | None,
    user_features: Tensor | None,
    item_features: Tensor | None,
) -> None:
    """Refuse ratings and features that no fit can use."""
    check_kind(train, Ratings, "train")
    if len(train) == 0:
        raise RatingsError("there are no ratings to learn from.")
    parts = [train]
    if validation is not None:
        check_kind(validation, Ratings, "validation")
        parts.append(validation)
    for part in parts:
        check_rows(part.users, train.n_users, "user")
        check_rows(part.items, train.n_items, "item")
    for features in (user_features, item_features):
        if features is not None:
            check_tensor(features, "features")


def _checked(
    n_factors: int | None, n_sweeps: int, n_burn_in: int | None
) -> int:
    """Return the sweeps that count for nothing, once all is in order."""
    if n_factors is not None:
        check_count(n_factors, "n_factors", least=0)
    check_count(n_sweeps, "n_sweeps")
    n_burn_in = n_sweeps // 4 if n_burn_in is None else n_burn_in
    check_count(n_burn_in, "n_burn_in", least=0)
    if n_burn_in >= n_sweeps:
        raise ValueError(
            f"n_burn_in is {n_burn_in!r}; give 0 to {n_sweeps - 1}, so that "
            f"one of the {n_sweeps} sweeps is kept."
        )
    return n_burn_in
