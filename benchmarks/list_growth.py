"""How the cost of lists grows to 20,000 films and a million made-up ratings.

``python -m benchmarks.list_growth`` writes results/list-growth.json, a size
after the other, each as soon as all have fitted it; sizes that are there are
not fitted again. Items and users grow with the ratings: 50 ratings an item and
100 a user. A few items have most of them, as among films. Nobody's lists are
read: the data are made up.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.growth import drawn_rows
from benchmarks.list_contenders import Ranker
from benchmarks.measure import (
    in_own_process,
    print_result,
    read,
    timed,
    write,
)
from recslib import movielens
from recslib.ratings import Ratings

SIZES = (100_000, 250_000, 500_000, 1_000_000)
RATINGS_PER_ITEM, RATINGS_PER_USER = 50, 100
# The n-th of N items behind the most rated one is rated about
# 1 / (1 + TAIL n / N) times as often.
TAIL = 40
SHARE_LIKED = 0.55

# The peer that the others are divided by stands first.
RANKERS = (
    Ranker(
        "implicit",
        "AlternatingLeastSquares",
        {"heard": "liked", "factors": 32, "iterations": 15},
    ),
    Ranker("recslib", "ease", {"heard": "liked", "l2": 400.0}),
    Ranker(
        "recslib",
        "ials",
        {
            **{"heard": "liked", "n_factors": 32, "n_sweeps": 8},
            **{"unseen": 0.2, "l2": 0.02},
        },
    ),
    Ranker(
        "recslib",
        "ListAutoencoder",
        {"heard": "both", "draw": "some", "n_hidden": 40, "n_epochs": 50},
    ),
)


def long_tailed(n_ratings: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Make up who rated what, and who liked it.

    How often a user rates is drawn from an exponential distribution. No pair
    comes twice; whether somebody liked an item is drawn apart from all else.

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
        float32: 5 stars where it was liked, else 2.

    Raises
    ------
    ValueError
        For so few ratings that their users and items have too few pairs.
    """
    random = np.random.default_rng(seed)
    n_users, n_items = sizes(n_ratings)
    users = random.exponential(size=n_users)
    items = 1 / (1 + TAIL * np.arange(n_items) / n_items)
    pairs = np.unique(
        drawn_rows(users, 3 * n_ratings, random) * n_items
        + drawn_rows(items, 3 * n_ratings, random)
    )
    if len(pairs) < n_ratings:
        raise ValueError(
            f"only {len(pairs):,} different pairs were drawn for "
            f"{n_ratings:,} ratings; ask for 20,000 or more."
        )
    users, items = np.divmod(random.permutation(pairs)[:n_ratings], n_items)
    liked = random.uniform(size=n_ratings) < SHARE_LIKED
    stars = np.where(liked, 5, 2).astype(np.float32)
    return {"users": users, "items": items, "ratings": stars}


def sizes(n_ratings: int) -> tuple[int, int]:
    """Return how many users and items go with this many ratings."""
    return n_ratings // RATINGS_PER_USER, n_ratings // RATINGS_PER_ITEM


def load(folder: Path) -> Ratings:
    """Read what `long_tailed` made from a folder."""
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
    """Make the rows of one size of results/list-growth.json.

    Parameters
    ----------
    n_ratings
        Of that size.
    costs
        One a ranker of `RANKERS`, with ``fit_cpu_s`` and ``peak_mb``.

    Returns
    -------
    list
        One a ranker; ``times`` is its seconds over those of the first.
    """
    n_users, n_items = sizes(n_ratings)
    return [
        {
            "peer": ranker.peer,
            "model": ranker.model,
            "ratings": n_ratings,
            "users": n_users,
            "items": n_items,
            "fit_cpu_s": round(cost["fit_cpu_s"], 4),
            "times": round(cost["fit_cpu_s"] / costs[0]["fit_cpu_s"], 2),
            "peak_mb": round(cost["peak_mb"], 1),
        }
        for ranker, cost in zip(RANKERS, costs, strict=True)
    ]


def measure_size(n_ratings: int) -> list[dict[str, Any]]:
    """Measure everybody at one size, each in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own too: a process that is started takes over
        # the peak memory of the one that starts it.
        in_own_process(__file__, "make", str(n_ratings), folder)
        costs = [
            in_own_process(__file__, "fit", str(number), folder)
            for number in range(len(RANKERS))
        ]
    return rows(n_ratings, costs)


def run() -> None:
    """Measure every size that is not in the results yet."""
    for n_ratings in SIZES:
        found = read("list-growth.json")
        if all(row["ratings"] != n_ratings for row in found):
            new = measure_size(n_ratings)
            write("list-growth.json", [*found, *new])
            print(*new, sep="\n", flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "step",
        nargs="*",
        help="'make N FOLDER' makes ratings up; 'fit NUMBER FOLDER' fits one "
        "ranker to them, here",
    )
    step = parser.parse_args().step
    if not step:
        run()
        return
    name, number, folder = step
    if name == "make":
        for part, values in long_tailed(int(number)).items():
            np.save(Path(folder) / f"{part}.npy", values)
        print("{}")
        return
    torch.set_num_threads(1)
    ranker = RANKERS[int(number)]
    # What is compiled or imported at the first call is no part of a fit.
    ranker.prepare(movielens.synthetic().ratings)()
    _, cost = timed(ranker.prepare(load(Path(folder))))
    print_result({}, cost)


if __name__ == "__main__":
    main()
