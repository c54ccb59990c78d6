"""How seconds and memory grow from 10^5 to 10^7 made-up ratings.

``python -m benchmarks.growth`` writes results/growth.json. Users and items
grow with the ratings, in MovieLens 100K's proportions: a user has 106
ratings in the mean and an item 59, whatever the size. Everybody fits 32
factors. Nobody's RMSE is read: the data are made up.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.contenders import Contender
from benchmarks.measure import in_own_process, print_result, timed, write
from recslib import movielens
from recslib.ratings import Ratings

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
USERS_PER_RATING = 943 / 100_000
ITEMS_PER_RATING = 1_682 / 100_000
N_FACTORS, N_EPOCHS = 32, 10

# Batches grow with the ratings: each row is in as many steps at any size.
N_BATCHES = 40
OURS = {
    "n_factors": N_FACTORS,
    "first_scale": 10.0,
    "learning_rate": 0.01,
    "l2": 0.05,
    "ridge": 0.0,
    "momentum": 0.0,
    "n_epochs": N_EPOCHS,
}

# A peer, its model, its parameters, and the most ratings that it gets:
# Surprise's training set of Python tuples takes gigabytes beyond that.
PEERS = (
    ("cornac", "MF", {"k": N_FACTORS, "max_iter": N_EPOCHS}, 10_000_000),
    ("lenskit", "BiasedMFScorer", {"embedding_size": N_FACTORS}, 10_000_000),
    (
        "scikit-surprise",
        "SVD",
        {"n_factors": N_FACTORS, "n_epochs": N_EPOCHS},
        1_000_000,
    ),
)


def contenders(n_ratings: int) -> list[Contender]:
    """Return everybody who fits this many ratings, ours first."""
    ours = {**OURS, "batch_size": n_ratings // N_BATCHES}
    return [Contender("recslib", "MatrixFactorization", ours)] + [
        Contender(peer, model, params)
        for peer, model, params, most in PEERS
        if n_ratings <= most
    ]


def made_up(n_ratings: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Make up ratings of rank 8 with biases and noise.

    Stars are 3.5 + user bias + item bias + user factors . item factors +
    noise, rounded and kept in 1 to 5. How much of a part a user or an item
    takes is drawn from an exponential distribution; no pair comes twice.

    Parameters
    ----------
    n_ratings
        N; users and items grow with it.
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
        For so few ratings that their users and items have too few pairs.
    """
    random = np.random.default_rng(seed)
    n_users, n_items = sizes(n_ratings)
    # A quarter more, for pairs that are drawn twice.
    users, items = (
        drawn_rows(random.exponential(size=n_rows), n_ratings * 5 // 4, random)
        for n_rows in (n_users, n_items)
    )
    pairs = random.permutation(np.unique(users * n_items + items))[:n_ratings]
    if len(pairs) < n_ratings:
        raise ValueError(
            f"only {len(pairs):,} different pairs were drawn for "
            f"{n_ratings:,} ratings; ask for 100,000 or more."
        )
    users, items = np.divmod(pairs, n_items)
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
    return (
        round(n_ratings * USERS_PER_RATING),
        round(n_ratings * ITEMS_PER_RATING),
    )


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


def run() -> list[dict[str, Any]]:
    """Measure everybody at every size, one after the other."""
    rows = []
    for n_ratings in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            # In a process of its own too: a process that is started takes
            # over the peak memory of the one that starts it.
            in_own_process(__file__, "make", str(n_ratings), folder)
            for number, contender in enumerate(contenders(n_ratings)):
                cost = in_own_process(__file__, "fit", str(number), folder)
                rows.append(row(contender.peer, n_ratings, cost))
                print(rows[-1], flush=True)
    return rows


def row(peer: str, n_ratings: int, cost: dict[str, float]) -> dict[str, Any]:
    """Make a row of results/growth.json."""
    return {
        "peer": peer,
        "ratings": n_ratings,
        "fit_cpu_s": round(cost["fit_cpu_s"], 4),
        "peak_mb": round(cost["peak_mb"], 1),
    }


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
        write("growth.json", run())
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
