"""Our fits with their defaults, beside damped biases, on many sets of ratings.

``python -m benchmarks.scales`` writes results/scales.json: whatever somebody
brings, a default should not lose to counting by more than half a hundredth.
The sets are parts of MovieLens 100K of several sizes, the same stars on other
scales, and ratings that are made up: with tastes and without any. MovieLens
latest-small is among them where `movielens.load("latest-small")` finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.measure import write
from recslib import movielens
from recslib.baselines import damped_biases
from recslib.downloads import DownloadError
from recslib.evaluation import rmse
from recslib.ratings import Ratings, RatingsError
from recslib.recipes import fit_dense_net, fit_factorization
from recslib.sampling import sample_factorization
from recslib.splits import random_folds
from recslib.training import predict

SIZES = (1_000, 3_000, 10_000, 30_000)  # of a part of MovieLens 100K
N_FOLDS, SEED = 5, 0

Told = Callable[[Tensor, Tensor], Tensor]


def _factorization(train: Ratings) -> Told:
    model = fit_factorization(train, seed=SEED)
    return lambda users, items: predict(model, (users, items))


def _dense_net(train: Ratings) -> Told:
    model = fit_dense_net(train, seed=SEED)
    return lambda users, items: predict(model, (users, items))


FITS: dict[str, Callable[[Ratings], Told]] = {
    "damped biases": lambda train: damped_biases(train).predict,
    "fit_factorization": _factorization,
    "fit_dense_net": _dense_net,
    "sample_factorization": lambda train: sample_factorization(
        train, seed=SEED
    ),
}


def data_sets() -> Iterator[tuple[str, Ratings]]:
    """Make the sets, by what they are called."""
    whole = movielens.load("100k").ratings
    drawn = np.random.default_rng(SEED).permutation(len(whole))
    order = torch.from_numpy(drawn)
    for size in SIZES:
        yield "MovieLens 100K, a part", whole.select(order[:size])
    part = whole.select(order[:10_000])
    yield "the same, 1 to 100", on_scale(part, 1, 100)
    yield "the same, -10 to 10", on_scale(part, -10, 10)
    likes = (part.ratings >= 4).float()
    yield "the same, 0 or 1", replace(part, ratings=likes, scale=(0.0, 1.0))
    yield "MovieLens 100K", whole
    for name, n_factors, noise in (("tastes", 2, 0.3), ("noise", 0, 1.0)):
        for n_ratings in (1_000, 2_400):
            made = movielens.synthetic(
                n_ratings=n_ratings, n_factors=n_factors, noise=noise
            )
            yield f"made up, {name}", made.ratings
    try:
        yield "MovieLens latest-small", movielens.load("latest-small").ratings
    except (DownloadError, RatingsError) as error:
        print(f"latest-small is left out: {error}", flush=True)


def on_scale(ratings: Ratings, low: float, high: float) -> Ratings:
    """Stretch ratings to another scale.

    Parameters
    ----------
    ratings
        N ratings on their own scale.
    low, high
        The ends of the new one.
    """
    lowest, highest = ratings.scale
    share = (ratings.ratings - lowest) / (highest - lowest)
    return replace(
        ratings, ratings=low + (high - low) * share, scale=(low, high)
    )


def measure(name: str, ratings: Ratings) -> list[dict[str, Any]]:
    """Fit everybody on each fold of a set.

    Returns
    -------
    list
        A row a fit: the set, its ratings and scale, ``rmse`` (one value a
        fold, in the unit of the ratings), and ``ratio``, the mean of these
        over that of damped biases.
    """
    errors: dict[str, list[float]] = {fit: [] for fit in FITS}
    for fold in random_folds(ratings, N_FOLDS, SEED):
        train, test = fold.train, fold.test
        for fit, of in FITS.items():
            told = of(train)(test.users, test.items).detach()
            error = rmse(told, test.ratings, clip=ratings.scale)
            errors[fit].append(round(error, 6))
    counted = sum(errors["damped biases"])
    return [
        {
            "set": name,
            "ratings": len(ratings),
            "scale": list(ratings.scale),
            "fit": fit,
            "rmse": found,
            "ratio": round(sum(found) / counted, 5),
        }
        for fit, found in errors.items()
    ]


def main() -> None:
    """Measure all sets, and write the file."""
    torch.set_num_threads(1)
    rows = []
    for name, ratings in data_sets():
        rows += measure(name, ratings)
        ratios = {row["fit"]: row["ratio"] for row in rows[-len(FITS) :]}
        print(f"{name}, {len(ratings):,}: {ratios}", flush=True)
    write("scales.json", rows)


if __name__ == "__main__":
    main()
