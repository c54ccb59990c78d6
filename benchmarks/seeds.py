"""Fit the book's models with five seeds each, and say how much a seed moves.

``python -m benchmarks.seeds`` fits every model of `MODELS` with every seed on
every split of its task. It writes results/seeds.json, the RMSE of each fit,
and results/seed-intervals.json, intervals over people and seeds. Predictions
are kept in benchmarks/.fits, so a run that was cut off goes on where it
stopped. Chapters read the intervals, and fit one seed.
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
from recslib.baselines import damped_biases, running_user_bias
from recslib.evaluation import paired_bootstrap, rmse
from recslib.features import (
    SideFeatures,
    implicit_feedback,
    side_features,
)
from recslib.models import WithProduct, main_directions
from recslib.progress import progress_bar
from recslib.ratings import Ratings
from recslib.recipes import (
    N_EPOCHS,
    N_LSTM_EPOCHS,
    N_NETWORK_EPOCHS,
    fit_dense_net,
    fit_factorization,
    fit_feature_factorization,
    fit_lstm,
)
from recslib.recommend import fold_in_ahead
from recslib.sampling import sample_factorization
from recslib.sequences import cut_histories, lstm_inputs
from recslib.splits import Split, join
from recslib.training import predict

SEEDS = range(5)
FITS = Path(__file__).parent / ".fits"

# One array (M,) of stars for each thing that was fitted at once.
Stars = dict[str, Tensor]
Fit = Callable[[Split, SideFeatures, int], Stars]


def people_alone(side: SideFeatures) -> SideFeatures:
    """Leave out what is known of films."""
    nothing = side.items[:, :0]
    return dataclasses.replace(side, items=nothing, item_names=())


def films_alone(side: SideFeatures) -> SideFeatures:
    """Leave out what is known of people."""
    nothing = side.users[:, :0]
    return dataclasses.replace(side, users=nothing, user_names=())


def features_of(
    train: Ratings, telling: str, side: SideFeatures
) -> SideFeatures | None:
    """Write what a model is told, as the chapters do.

    ``telling`` is one of `tellings.TELLINGS`, or "films" or "people", a half
    of the side features. Flags are those of the training part, in main
    directions.
    """
    if telling == "ids":
        return None
    if telling == "films":
        return films_alone(side)
    if telling == "people":
        return people_alone(side)
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
        return predict(
            fit_factorization(split.train, n_epochs=N_EPOCHS, seed=seed), pair
        )
    model = fit_feature_factorization(
        split.train, told, n_epochs=N_EPOCHS, seed=seed
    )
    return predict(model, (*pair, told.of(*pair)))


def network(split: Split, told: SideFeatures | None, seed: int) -> Tensor:
    """Fit the dense network; predict the test part: (M,) stars."""
    pair = split.test.users, split.test.items
    model = fit_dense_net(
        split.train, told, n_epochs=N_NETWORK_EPOCHS, seed=seed
    )
    inputs = pair if told is None else (*pair, told.of(*pair))
    return predict(model, inputs)


def average(split: Split, told: SideFeatures | None, seed: int) -> Tensor:
    """Average many draws; predict the test part: (M,) stars."""
    known = {}
    if told is not None:
        known = {"user_features": told.users, "item_features": told.items}
    model = sample_factorization(split.train, seed=seed, **known)
    return predict(model, (split.test.users, split.test.items))


def fit_told(
    split: Split,
    side: SideFeatures,
    seed: int,
    model: str,
    tellings: Sequence[str],
) -> Stars:
    """Fit a model of `HEARING` once for each telling."""
    return {
        f"{model}, {telling}": HEARING[model](
            split, features_of(split.train, telling, side), seed
        )
        for telling in tellings
    }


def listen(split: Split, side: SideFeatures, seed: int) -> Stars:
    """Fit the LSTM to the average that is told all, and ask it in its ways."""
    train, test = split.train, split.test
    base = averaged_base(train, side, seed)
    factorization = fit_factorization(train, n_epochs=N_EPOCHS, seed=seed)
    films = main_directions(factorization.item_factors.weight, 16)
    ways = {
        "LSTM, past": (("before",), True),
        "LSTM, past apart": (("before",), False),
        "LSTM, both sides": (("before", "after"), True),
    }
    fitted = {
        both: fit_lstm(
            train,
            base.out_of_fold,
            films,
            both_sides=both,
            n_epochs=N_LSTM_EPOCHS,
            seed=seed,
        )
        for both in (False, True)
    }
    return {
        name: ask_lstm(
            fitted[len(sides) == 2], base, train, test, sides, seed, same
        )
        for name, (sides, same) in ways.items()
    }


def count(split: Split, side: SideFeatures, seed: int) -> Stars:
    """Fit damped biases, which draw nothing."""
    pair = split.test.users, split.test.items
    return {"damped biases": damped_biases(split.train).predict(*pair)}


def multiply(split: Split, side: SideFeatures, seed: int) -> Stars:
    """Fit the dense network with the product of its two rows beside it."""
    model = fit_dense_net(
        split.train, n_epochs=N_NETWORK_EPOCHS, seed=seed, kind=WithProduct
    )
    pair = split.test.users, split.test.items
    return {"network, product": predict(model, pair)}


def listen_ahead(split: Split, side: SideFeatures, seed: int) -> Stars:
    """Fit the LSTM to two bases; predict one step ahead, and so by counting.

    Beside the LSTM stands what it has to beat: biases that stay, run and
    fade, and folding in without it, plain and with a mood that fades.
    """
    train, test = split.train, split.test
    factorization = fit_factorization(train, n_epochs=N_EPOCHS, seed=seed)
    films = main_directions(factorization.item_factors.weight, 16)
    joined, is_test = join(train, test)
    pieces = cut_histories(
        joined, 100, n_context=50, is_target=is_test, seed=seed
    )
    counted = damped_biases(train)
    bases: Mapping[str, Callable[[Ratings], Tensor]] = {
        "LSTM on item biases": lambda part: (
            counted.mean + counted.item[part.items]
        ),
        "LSTM on MF, folded in": lambda part: fold_in_ahead(
            factorization, part, seed=seed
        ),
    }
    said = {
        **count(split, side, seed),
        "running bias": running_user_bias(train, test, seed=seed),
        "fading bias": running_user_bias(train, test, keep=0.9, seed=seed),
        "MF, folded in": bases["LSTM on MF, folded in"](joined)[is_test],
        "MF, folded in, a mood": fold_in_ahead(
            factorization, joined, seed=seed, mood=0.2, fades=20.0
        )[is_test],
    }
    for name, base_of in bases.items():
        fitted = fit_lstm(
            train, base_of(train), films, n_epochs=N_LSTM_EPOCHS, seed=seed
        )
        base = base_of(joined)
        inputs = lstm_inputs(pieces, base, joined.ratings - base)
        said[name] = pieces.to_rows(predict(fitted, inputs, batch_size=64))
    return said


HEARING: Mapping[str, Callable[[Split, SideFeatures | None, int], Tensor]] = {
    "factorization": factorization,
    "network": network,
    "average": average,
}
TASKS: Mapping[str, Callable[[Ratings], list[Split]]] = {
    "folds": splits.published_folds,
    "windows": lambda ratings: splits.time_windows(ratings, 5, 0.5),
    "newest": lambda ratings: [splits.global_time(ratings, 0.2)],
}
# On which task, and with which seeds: one where a table is all that wants it.
ONE_SEED = SEEDS[:1]
MODELS: Mapping[str, tuple[str, Fit, Sequence[int]]] = {
    **{
        name: (
            "folds",
            partial(fit_told, model=name.split()[0], tellings=tellings),
            seeds,
        )
        for name, tellings, seeds in (
            ("factorization", ("ids", "films", "side"), SEEDS),
            ("network", ("ids", "films", "side"), SEEDS),
            ("average", ("ids", "films", "side", "flags", "all"), SEEDS),
            ("factorization more", ("people", "flags", "all"), ONE_SEED),
            ("network more", ("people", "flags", "all"), ONE_SEED),
            ("average more", ("people",), ONE_SEED),
        )
    },
    "LSTM": ("folds", listen, SEEDS),
    "product": ("folds", multiply, SEEDS),
    "biases": ("folds", count, SEEDS),
    "windows": ("windows", listen_ahead, SEEDS),
    "newest": ("newest", listen_ahead, SEEDS),
}
# Pairs of a task that a chapter leans on.
AHEAD = (
    ("LSTM on item biases", "running bias"),
    ("LSTM on MF, folded in", "damped biases"),
    ("LSTM on MF, folded in", "running bias"),
    ("LSTM on MF, folded in", "fading bias"),
    ("LSTM on MF, folded in", "MF, folded in"),
    ("LSTM on MF, folded in", "MF, folded in, a mood"),
)
PAIRS: Mapping[str, Sequence[tuple[str, str]]] = {
    "folds": (
        ("factorization, ids", "damped biases"),
        ("average, ids", "factorization, ids"),
        ("network, ids", "damped biases"),
        ("network, ids", "factorization, ids"),
        ("network, product", "network, ids"),
        ("network, product", "factorization, ids"),
        ("network, side", "network, ids"),
        ("network, side", "network, films"),
        ("network, side", "factorization, ids"),
        ("network, side", "factorization, side"),
        ("factorization, side", "factorization, ids"),
        ("factorization, side", "factorization, films"),
        ("average, side", "factorization, side"),
        ("average, side", "average, films"),
        ("average, side", "average, ids"),
        ("average, flags", "average, ids"),
        ("average, all", "average, side"),
        ("LSTM, past", "average, all"),
        ("LSTM, past apart", "average, all"),
        ("LSTM, past apart", "LSTM, past"),
        ("LSTM, both sides", "average, all"),
    ),
    "windows": AHEAD,
    "newest": AHEAD,
}

# From a model and a seed to what each of its rows predicts, one a part.
Fitted = dict[tuple[str, int], dict[str, list[Tensor]]]


def fit_all(
    parts: Mapping[str, Sequence[Split]],
    side: SideFeatures,
    folder: Path = FITS,
) -> Fitted:
    """Fit what is not in the folder yet; return all clipped predictions.

    A file appears whole or not at all.

    Parameters
    ----------
    parts
        The splits of each task of `TASKS`.
    side
        Of the users and items of the splits.
    folder
        Where predictions are kept, one file a model, seed and split.
    """
    folder.mkdir(exist_ok=True)
    found: Fitted = {}
    wanted = [
        (seed, model)
        for seed, (model, (*_, seeds)) in product(SEEDS, MODELS.items())
        if seed in seeds
    ]
    for seed, model in progress_bar(wanted, unit="model"):
        task, fit, _ = MODELS[model]
        said: dict[str, list[Tensor]] = defaultdict(list)
        for split in parts[task]:
            file = f"{model}-{seed}-{split.name}.npz".replace(" ", "_")
            path = folder / file
            if not path.is_file():
                made = fit(split, side, seed)
                unfinished = path.with_suffix(".part.npz")
                scale = split.test.scale
                np.savez_compressed(
                    unfinished,
                    **{n: t.clamp(*scale).numpy() for n, t in made.items()},
                )
                unfinished.rename(path)
            with np.load(path, allow_pickle=False) as kept:
                for row in kept.files:
                    said[row].append(torch.from_numpy(kept[row]))
        found[model, seed] = dict(said)
    return found


def summarize(
    fitted: Fitted, parts: Mapping[str, Sequence[Split]]
) -> tuple[list[dict], list[dict]]:
    """Write RMSE and intervals as rows of results.

    Parameters
    ----------
    fitted
        As `fit_all` returns it.
    parts
        The splits of each task, as they were given to it.

    Returns
    -------
    tuple of list
        One row a fitted thing: ``task``, ``name``, and in ``rmse`` for each
        seed a list, one a part. One row a pair of `PAIRS`: ``task``,
        ``first``, ``second``, and ``difference``, ``low`` and ``high``, first
        minus second, over people and seeds.
    """
    errors, intervals = [], []
    for task, pairs in PAIRS.items():
        stars = torch.cat([split.test.ratings for split in parts[task]])
        users = torch.cat([split.test.users for split in parts[task]])
        of_seeds: dict[str, list[Tensor]] = defaultdict(list)
        scores: dict[str, list[list[float]]] = defaultdict(list)
        for (model, _), rows in fitted.items():
            if MODELS[model][0] != task:
                continue
            for name, said in rows.items():
                of_seeds[name].append(torch.cat(said))
                scores[name].append(
                    [
                        round(rmse(told, split.test.ratings), 6)
                        for told, split in zip(said, parts[task], strict=True)
                    ]
                )
        errors += [
            {"task": task, "name": name, "rmse": each}
            for name, each in scores.items()
        ]
        for first, second in progress_bar(pairs, unit="interval"):
            pair = torch.stack(of_seeds[first]), torch.stack(of_seeds[second])
            apart = paired_bootstrap(*pair, stars, users)
            intervals.append(
                {
                    "task": task,
                    "first": first,
                    "second": second,
                    "difference": round(apart.difference, 6),
                    "low": round(apart.low, 6),
                    "high": round(apart.high, 6),
                }
            )
    return errors, intervals


def main() -> None:
    """Fit all and write both files."""
    torch.set_num_threads(1)
    data = movielens.load("100k")
    parts = {task: split(data.ratings) for task, split in TASKS.items()}
    errors, intervals = summarize(fit_all(parts, side_features(data)), parts)
    write("seeds.json", errors)
    write("seed-intervals.json", intervals)


if __name__ == "__main__":
    main()
