"""Fit the book's models with five seeds each, and say how much a seed moves.

``python -m benchmarks.seeds`` fits every model of `MODELS` with every seed on
every published fold, and writes results/seeds.json: the RMSE of each fit, and
intervals over people and seeds. Predictions are kept in benchmarks/.fits,
so a run that was cut off goes on where it stopped. Chapters read the file, and
fit one seed.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.contenders import ask_lstm, averaged_base
from benchmarks.measure import write
from recslib import movielens, splits
from recslib.evaluation import paired_bootstrap, rmse
from recslib.features import (
    SideFeatures,
    implicit_feedback,
    side_features,
)
from recslib.models import main_directions
from recslib.progress import progress_bar
from recslib.ratings import Ratings
from recslib.recipes import (
    fit_dense_net,
    fit_factorization,
    fit_feature_factorization,
    fit_lstm,
)
from recslib.sampling import sample_factorization
from recslib.splits import Split
from recslib.training import predict

SEEDS = range(5)
FITS = Path(__file__).parent / ".fits"

# One array (M,) of stars for each thing that was fitted at once.
Stars = dict[str, Tensor]
Fit = Callable[[Split, SideFeatures, int], Stars]


def films_alone(side: SideFeatures) -> SideFeatures:
    """Leave out what is known of people."""
    nothing = side.users[:, :0]
    return dataclasses.replace(side, users=nothing, user_names=())


def people_alone(side: SideFeatures) -> SideFeatures:
    """Leave out what is known of films."""
    nothing = side.items[:, :0]
    return dataclasses.replace(side, items=nothing, item_names=())


def features_of(
    train: Ratings, telling: str, side: SideFeatures
) -> SideFeatures | None:
    """Write what a model is told, as the chapters do.

    ``telling`` is one of `tellings.TELLINGS`, or "films" or "people": half of
    the side features. Flags are those of the training part, in main
    directions.
    """
    if telling == "ids":
        return None
    if telling in ("films", "people"):
        return (films_alone if telling == "films" else people_alone)(side)
    if telling == "side":
        return side
    flags = implicit_feedback(train).features
    return flags if telling == "flags" else side.beside(flags)


def factorization(
    split: Split, told: SideFeatures | None, seed: int
) -> Tensor:
    """Fit the matrix factorization; predict the test part: (M,) stars."""
    pair = split.test.users, split.test.items
    if told is None:
        return predict(fit_factorization(split.train, seed=seed), pair)
    model = fit_feature_factorization(split.train, told, seed=seed)
    return predict(model, (*pair, told.of(*pair)))


def network(split: Split, told: SideFeatures | None, seed: int) -> Tensor:
    """Fit the dense network; predict the test part: (M,) stars."""
    pair = split.test.users, split.test.items
    model = fit_dense_net(split.train, told, seed=seed)
    inputs = pair if told is None else (*pair, told.of(*pair))
    return predict(model, inputs)


def average(split: Split, told: SideFeatures | None, seed: int) -> Tensor:
    """Average many draws; predict the test part: (M,) stars."""
    known = {}
    if told is not None:
        known = {"user_features": told.users, "item_features": told.items}
    model = sample_factorization(split.train, seed=seed, **known)
    return predict(model, (split.test.users, split.test.items))


def fit_told(split: Split, side: SideFeatures, seed: int, model: str) -> Stars:
    """Fit a model of `TOLD` once for each of its tellings."""
    fit_once, tellings = TOLD[model]
    return {
        f"{model}, {telling}": fit_once(
            split, features_of(split.train, telling, side), seed
        )
        for telling in tellings
    }


def listen(split: Split, side: SideFeatures, seed: int) -> Stars:
    """Fit the LSTM to the average that is told all, and ask it in its ways."""
    train, test = split.train, split.test
    base = averaged_base(train, side, seed)
    factorization = fit_factorization(train, seed=seed)
    films = main_directions(factorization.item_factors.weight, 16)
    ways = {
        "LSTM, past": (("before",), True),
        "LSTM, past apart": (("before",), False),
        "LSTM, both sides": (("before", "after"), True),
    }
    fitted = {
        both: fit_lstm(
            train, base.out_of_fold, films, both_sides=both, seed=seed
        )
        for both in (False, True)
    }
    return {
        name: ask_lstm(
            fitted[len(sides) == 2], base, train, test, sides, seed, same
        )
        for name, (sides, same) in ways.items()
    }


TOLD: Mapping[
    str,
    tuple[Callable[[Split, SideFeatures | None, int], Tensor], Sequence[str]],
] = {
    "factorization": (
        factorization,
        ("ids", "films", "people", "side", "flags", "all"),
    ),
    "network": (network, ("ids", "films", "people", "side")),
    "average": (
        average,
        ("ids", "films", "people", "side", "flags", "all"),
    ),
}
MODELS: Mapping[str, Fit] = {
    **{model: partial(fit_told, model=model) for model in TOLD},
    "LSTM": listen,
}
# Pairs that a chapter leans on.
PAIRS = (
    ("average, ids", "factorization, ids"),
    ("network, ids", "factorization, ids"),
    ("network, side", "network, ids"),
    ("network, side", "factorization, ids"),
    ("network, side", "factorization, side"),
    ("network, side", "network, films"),
    ("factorization, side", "factorization, ids"),
    ("factorization, side", "factorization, films"),
    ("average, side", "average, films"),
    ("average, side", "average, ids"),
    ("average, flags", "average, ids"),
    ("average, all", "average, side"),
    ("average, all", "average, flags"),
    ("LSTM, past", "average, all"),
    ("LSTM, past apart", "average, all"),
    ("LSTM, both sides", "average, all"),
    ("LSTM, both sides", "LSTM, past"),
)

# From a model and a seed to what each of its rows predicts, one a fold.
Fitted = dict[tuple[str, int], dict[str, list[Tensor]]]


def fit_all(
    folds: Sequence[Split], side: SideFeatures, folder: Path = FITS
) -> Fitted:
    """Fit what is not in the folder yet; return all clipped predictions.

    A file appears whole or not at all.

    Parameters
    ----------
    folds
        K splits.
    side
        Of the users and items of the folds.
    folder
        Where predictions are kept, one file a model, seed and fold.
    """
    folder.mkdir(exist_ok=True)
    found: Fitted = {}
    wanted = list(product(SEEDS, MODELS))
    for seed, model in progress_bar(wanted, unit="model"):
        parts: dict[str, list[Tensor]] = defaultdict(list)
        for split in folds:
            path = folder / f"{model}-{seed}-{split.name}.npz"
            if not path.is_file():
                made = MODELS[model](split, side, seed)
                unfinished = path.with_suffix(".part.npz")
                scale = split.test.scale
                np.savez_compressed(
                    unfinished,
                    **{n: t.clamp(*scale).numpy() for n, t in made.items()},
                )
                unfinished.rename(path)
            with np.load(path, allow_pickle=False) as kept:
                for name in kept.files:
                    parts[name].append(torch.from_numpy(kept[name]))
        found[model, seed] = dict(parts)
    return found


def summarize(fitted: Fitted, folds: Sequence[Split]) -> dict[str, list[dict]]:
    """Write RMSE and intervals as rows of results/seeds.json.

    Parameters
    ----------
    fitted
        As `fit_all` returns it.
    folds
        What was predicted.

    Returns
    -------
    dict
        ``rmse``: name, and for each seed a list of RMSE, one a fold.
        ``intervals``: one row a pair of `PAIRS`, first minus second, over
        people and seeds.
    """
    stars = torch.cat([split.test.ratings for split in folds])
    users = torch.cat([split.test.users for split in folds])
    of_seeds: dict[str, list[Tensor]] = defaultdict(list)
    errors: dict[str, list[list[float]]] = defaultdict(list)
    for seed, model in product(SEEDS, MODELS):
        for name, parts in fitted[model, seed].items():
            of_seeds[name].append(torch.cat(parts))
            errors[name].append(
                [
                    round(rmse(told, split.test.ratings), 6)
                    for told, split in zip(parts, folds, strict=True)
                ]
            )
    intervals = []
    for first, second in progress_bar(PAIRS, unit="interval"):
        pair = torch.stack(of_seeds[first]), torch.stack(of_seeds[second])
        apart = paired_bootstrap(*pair, stars, users)
        intervals.append(
            {
                "first": first,
                "second": second,
                "difference": round(apart.difference, 6),
                "low": round(apart.low, 6),
                "high": round(apart.high, 6),
            }
        )
    rows = [{"name": name, "rmse": each} for name, each in errors.items()]
    return {"rmse": rows, "intervals": intervals}


def main() -> None:
    """Fit all and write the file."""
    torch.set_num_threads(1)
    data = movielens.load("100k")
    folds = splits.published_folds(data.ratings)
    found = fit_all(folds, side_features(data))
    write("seeds.json", summarize(found, folds))


if __name__ == "__main__":
    main()
