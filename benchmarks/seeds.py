"""Fit the book's models with five seeds each, and say how much a seed moves.

``python -m benchmarks.seeds`` fits every model of `MODELS`, told what
`TELLINGS` say, with every seed on every published fold, and writes
results/seeds.json: the RMSE of each fit, and intervals over people and seeds.
What was fitted is kept in benchmarks/.fits, so a run that was cut off goes
on where it stopped. Chapters read the file, and fit one seed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.measure import write
from recslib import movielens, splits
from recslib.evaluation import paired_bootstrap
from recslib.features import (
    SideFeatures,
    implicit_feedback,
    side_features,
)
from recslib.progress import progress_bar
from recslib.ratings import Ratings
from recslib.recipes import (
    fit_dense_net,
    fit_factorization,
    fit_feature_factorization,
)
from recslib.sampling import sample_factorization
from recslib.splits import Split
from recslib.training import predict

SEEDS = range(5)
FITS = Path(__file__).parent / ".fits"

Tell = Callable[[SideFeatures, Ratings], SideFeatures | None]
Fit = Callable[[Split, SideFeatures | None, int], Tensor]


def films_alone(side: SideFeatures) -> SideFeatures:
    """Leave out what is known of people."""
    nothing = side.users[:, :0]
    return dataclasses.replace(side, users=nothing, user_names=())


def people_alone(side: SideFeatures) -> SideFeatures:
    """Leave out what is known of films."""
    nothing = side.items[:, :0]
    return dataclasses.replace(side, items=nothing, item_names=())


# What a model is told besides ids; flags are those of the training part.
TELLINGS: Mapping[str, Tell] = {
    "ids": lambda side, train: None,
    "films": lambda side, train: films_alone(side),
    "people": lambda side, train: people_alone(side),
    "side": lambda side, train: side,
    "flags": lambda side, train: implicit_feedback(train).features,
    "all": lambda side, train: side.beside(implicit_feedback(train).features),
}


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
    with torch.no_grad():
        return model(split.test.users, split.test.items)


MODELS: Mapping[str, tuple[Fit, tuple[str, ...]]] = {
    "factorization": (factorization, tuple(TELLINGS)),
    "network": (network, ("ids", "films", "people", "side")),
    "average": (average, tuple(TELLINGS)),
}
# Pairs of (model, telling) that a chapter leans on.
PAIRS = (
    (("average", "ids"), ("factorization", "ids")),
    (("network", "ids"), ("factorization", "ids")),
    (("network", "side"), ("network", "ids")),
    (("network", "side"), ("factorization", "ids")),
    (("network", "side"), ("factorization", "side")),
    (("network", "side"), ("network", "films")),
    (("factorization", "side"), ("factorization", "ids")),
    (("factorization", "side"), ("factorization", "films")),
    (("average", "side"), ("average", "films")),
    (("average", "side"), ("average", "ids")),
    (("average", "flags"), ("average", "ids")),
    (("average", "all"), ("average", "side")),
)


def fits() -> Iterator[tuple[str, str, int]]:
    """List what is fitted: model, telling, seed."""
    for seed in SEEDS:
        for model, (_, tellings) in MODELS.items():
            for telling in tellings:
                yield model, telling, seed


def fit_all(
    folds: list[Split], side: SideFeatures, folder: Path = FITS
) -> dict[tuple[str, str, int], list[np.ndarray]]:
    """Fit what is not in the folder yet; return all clipped predictions.

    A file appears whole or not at all.

    Parameters
    ----------
    folds
        K splits.
    side
        Of the users and items of the folds.
    folder
        Where predictions are kept, one file a fit.

    Returns
    -------
    dict
        From model, telling and seed to one array (M,) of stars a fold.
    """
    folder.mkdir(exist_ok=True)
    found = {}
    for key in progress_bar(list(fits()), unit="fit"):
        path = folder / f"{'-'.join(map(str, key))}.npz"
        if not path.is_file():
            model, telling, seed = key
            made = {}
            for split in folds:
                told = TELLINGS[telling](side, split.train)
                stars = MODELS[model][0](split, told, seed)
                made[split.name] = stars.clamp(*split.test.scale).numpy()
            unfinished = path.with_suffix(".part.npz")
            np.savez_compressed(unfinished, **made)
            unfinished.rename(path)
        with np.load(path, allow_pickle=False) as kept:
            found[key] = [kept[split.name] for split in folds]
    return found


def summarize(
    predictions: Mapping[tuple[str, str, int], list[np.ndarray]],
    folds: list[Split],
) -> dict[str, list[dict]]:
    """Write RMSE and intervals as rows of results/seeds.json.

    Parameters
    ----------
    predictions
        As `fit_all` returns them.
    folds
        What they are predictions of.

    Returns
    -------
    dict
        ``rmse``: model, told, and for each seed a list of RMSE, one a fold.
        ``intervals``: one row a pair of `PAIRS`, first minus second, over
        people and seeds.
    """
    truth = [split.test.ratings.double() for split in folds]
    stars = torch.cat(truth)
    users = torch.cat([split.test.users for split in folds])
    rows, of_seeds = [], {}
    for model, (_, tellings) in MODELS.items():
        for telling in tellings:
            fitted = [predictions[model, telling, seed] for seed in SEEDS]
            of_seeds[model, telling] = torch.stack(
                [torch.from_numpy(np.concatenate(parts)) for parts in fitted]
            )
            errors = [
                [
                    round(_rmse(torch.from_numpy(told), right), 6)
                    for told, right in zip(parts, truth, strict=True)
                ]
                for parts in fitted
            ]
            rows.append({"model": model, "told": telling, "rmse": errors})
    intervals = []
    for first, second in progress_bar(PAIRS, unit="interval"):
        apart = paired_bootstrap(
            of_seeds[first], of_seeds[second], stars, users
        )
        intervals.append(
            {
                "first": " ".join(first),
                "second": " ".join(second),
                "difference": round(apart.difference, 6),
                "low": round(apart.low, 6),
                "high": round(apart.high, 6),
            }
        )
    return {"rmse": rows, "intervals": intervals}


def _rmse(told: Tensor, right: Tensor) -> float:
    return (told.double() - right).square().mean().sqrt().item()


def main() -> None:
    """Fit all and write the file."""
    torch.set_num_threads(1)
    data = movielens.load("100k")
    folds = splits.published_folds(data.ratings)
    found = fit_all(folds, side_features(data))
    write("seeds.json", summarize(found, folds))


if __name__ == "__main__":
    main()
