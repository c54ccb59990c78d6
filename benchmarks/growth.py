"""How seconds and memory grow from 10^5 to 10^7 made-up ratings.

``python -m benchmarks.growth`` writes results/growth.json, a size after the
other, each as soon as all have fitted it; sizes that are there are not fitted
again. There are as many users and items as in MovieLens's sets of these sizes.
Everybody fits 10 factors. Nobody's RMSE is read: the data are made up.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.contenders import Contender
from benchmarks.measure import (
    in_own_process,
    print_result,
    read,
    timed,
    write,
)
from recslib import movielens
from recslib.lists import LIKED
from recslib.ratings import Ratings

# Users and items of MovieLens 100K, 1M and 10M.
SHAPES = {
    100_000: (943, 1_682),
    1_000_000: (6_040, 3_706),
    10_000_000: (69_878, 10_677),
}
# How much of a part users and items take: standard deviations of its log. In
# MovieLens 1M the item in the middle has 124 ratings, the first 3,428.
USER_SPREAD, ITEM_SPREAD = 1.0, 1.7
N_FACTORS, N_EPOCHS = 10, 10

# Batches grow with the ratings: each row is in as many steps at any size. The
# rate is low, for the first item has a great many ratings in a batch.
N_BATCHES = 40
OURS = {
    "n_factors": N_FACTORS,
    "first_scale": 10.0,
    "learning_rate": 0.001,
    "l2": 0.05,
    "ridge": 0.0,
    "momentum": 0.0,
    "n_epochs": N_EPOCHS,
}

# Beyond so many ratings a peer is left out: Surprise's training set of Python
# tuples takes gigabytes, and myFM minutes.
MOST = {"scikit-surprise": 1_000_000, "myfm": 1_000_000}


@dataclass(frozen=True)
class ImplicitALS:
    """The ALS of implicit, at its 15 iterations, fitted to who liked what."""

    peer: str = "implicit"
    model: str = "AlternatingLeastSquares"

    def prepare(self, train: Ratings) -> Callable[[], object]:
        """Lay out who liked what; return the step that is timed."""
        from implicit.als import AlternatingLeastSquares
        from scipy import sparse

        liked = train.select(train.ratings >= LIKED)
        pairs = liked.users.numpy(), liked.items.numpy()
        ones = np.ones(len(liked), dtype=np.float32)
        shape = train.n_users, train.n_items
        table = sparse.csr_matrix((ones, pairs), shape=shape)
        model = AlternatingLeastSquares(
            N_FACTORS, iterations=15, num_threads=1, random_state=0
        )
        return lambda: model.fit(table, show_progress=False)


def contenders(n_ratings: int) -> list[Contender | ImplicitALS]:
    """Return everybody who fits this many ratings.

    The peer that the others are divided by stands first. The sampler has its
    defaults, myFM as many draws.
    """
    ours = {**OURS, "batch_size": n_ratings // N_BATCHES}
    epochs = {"n_factors": N_FACTORS, "n_epochs": N_EPOCHS}
    everybody = [
        ImplicitALS(),
        Contender("recslib", "SampledFactorization", {}),
        Contender("myfm", "MyFMGibbsRegressor", {"rank": N_FACTORS}),
        Contender("recslib", "MatrixFactorization", ours),
        Contender("cornac", "MF", {"k": N_FACTORS, "max_iter": N_EPOCHS}),
        Contender("lenskit", "BiasedMFScorer", {"embedding_size": N_FACTORS}),
        Contender("scikit-surprise", "SVD", epochs),
    ]
    return [
        each
        for each in everybody
        if n_ratings <= MOST.get(each.peer, n_ratings)
    ]


def made_up(n_ratings: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Make up ratings of rank 8 with biases and noise.

    Stars are 3.5 + user bias + item bias + user factors . item factors +
    noise, rounded and kept in 1 to 5. How much of a part a user or an item
    takes is drawn from a log-normal distribution: a few have most of the
    ratings. No pair comes twice.

    Parameters
    ----------
    n_ratings
        N, one of `SHAPES`.
    seed
        The same seed gives the same ratings.

    Returns
    -------
    dict
        ``users`` and ``items``, (N,) int64 row indexes; ``ratings``, (N,)
        float32 stars.

    Raises
    ------
    ValueError
        For another number.
    """
    random = np.random.default_rng(seed)
    n_users, n_items = sizes(n_ratings)
    of_users = random.lognormal(0, USER_SPREAD, n_users)
    of_items = random.lognormal(0, ITEM_SPREAD, n_items)
    pairs = np.empty(0, dtype=np.int64)
    while len(pairs) < n_ratings:  # some are drawn twice
        users = drawn_rows(of_users, n_ratings, random)
        items = drawn_rows(of_items, n_ratings, random)
        pairs = np.union1d(pairs, users * n_items + items)
    users, items = np.divmod(random.permutation(pairs)[:n_ratings], n_items)
    stars = random.normal(3.5, 0.8, n_ratings)
    stars += random.normal(0, 0.4, n_users)[users]
    stars += random.normal(0, 0.4, n_items)[items]
    for _ in range(8):
        user_factor = random.normal(0, 0.5, n_users)
        item_factor = random.normal(0, 0.5, n_items)
        stars += user_factor[users] * item_factor[items]
    stars = stars.round().clip(1, 5).astype(np.float32)
    return {"users": users, "items": items, "ratings": stars}


def sizes(n_ratings: int) -> tuple[int, int]:
    """Return how many users and items go with this many ratings."""
    if n_ratings not in SHAPES:
        known = ", ".join(f"{size:,}" for size in SHAPES)
        raise ValueError(f"{n_ratings:,} ratings; give one of {known}.")
    return SHAPES[n_ratings]


def drawn_rows(
    shares: np.ndarray, n_drawn: int, random: np.random.Generator
) -> np.ndarray:
    """Draw row numbers, each as often as its share says: (n_drawn,) int64."""
    upto = shares.cumsum()
    return np.searchsorted(upto, random.uniform(0, upto[-1], n_drawn))


def load(folder: Path) -> Ratings:
    """Read what `made_up` made from a folder."""
    parts = {
        name: torch.from_numpy(np.load(folder / f"{name}.npy"))
        for name in ("users", "items", "ratings")
    }
    n_users, n_items = sizes(len(parts["ratings"]))
    return Ratings(
        **parts,
        timestamps=None,
        user_ids=np.arange(n_users),
        item_ids=np.arange(n_items),
        titles=("",) * n_items,
    )


def rows(n_ratings: int, costs: list[dict[str, float]]) -> list[dict]:
    """Make the rows of one size of results/growth.json.

    Parameters
    ----------
    n_ratings
        Of that size.
    costs
        One a contender, with ``fit_cpu_s`` and ``peak_mb``.

    Returns
    -------
    list
        One a contender; ``times`` is its seconds over those of the first.
    """
    return [
        {
            "peer": contender.peer,
            "model": contender.model,
            "ratings": n_ratings,
            "fit_cpu_s": round(cost["fit_cpu_s"], 4),
            "times": round(cost["fit_cpu_s"] / costs[0]["fit_cpu_s"], 2),
            "peak_mb": round(cost["peak_mb"], 1),
        }
        for contender, cost in zip(contenders(n_ratings), costs, strict=True)
    ]


def measure_size(n_ratings: int) -> list[dict[str, Any]]:
    """Measure everybody at one size, each in a process of its own."""
    costs = []
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own too: a process that is started takes over
        # the peak memory of the one that starts it.
        in_own_process(__file__, "make", str(n_ratings), folder)
        for number, contender in enumerate(contenders(n_ratings)):
            costs.append(in_own_process(__file__, "fit", str(number), folder))
            print(contender.peer, contender.model, costs[-1], flush=True)
    return rows(n_ratings, costs)


def run() -> None:
    """Measure every size that is not in the results yet."""
    for n_ratings in SHAPES:
        found = read("growth.json")
        if all(row["ratings"] != n_ratings for row in found):
            write("growth.json", [*found, *measure_size(n_ratings)])


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "step",
        nargs="*",
        help="'make N FOLDER' makes ratings up; 'fit NUMBER FOLDER' fits one "
        "contender to them, here",
    )
    step = parser.parse_args().step
    if not step:
        run()
        return
    name, number, folder = step
    if name == "make":
        for part, values in made_up(int(number)).items():
            np.save(Path(folder) / f"{part}.npy", values)
        print("{}")
        return
    torch.set_num_threads(1)
    train = load(Path(folder))
    contender = contenders(len(train))[int(number)]
    # What is compiled or imported at the first call is no part of a fit.
    contender.prepare(movielens.synthetic().ratings)()
    _, cost = timed(contender.prepare(train))
    print_result({}, cost)


if __name__ == "__main__":
    main()
