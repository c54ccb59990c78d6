"""Choose a model's settings on validation data, never on a test part.

``python -m benchmarks.tune cornac MF`` fits a grid around the settings of
entries.py on nine tenths of u1's training part, and prints the RMSE on the
tenth that is left, the best first. With ``--future``, the tenth is the newest
of what comes before the future of sequences.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pandas as pd
import torch

from benchmarks.contenders import Contender
from benchmarks.entries import OURS
from benchmarks.measure import timed
from recslib import movielens, splits
from recslib.evaluation import rmse
from recslib.splits import Split

ITEM_PEARSON = {"name": "pearson_baseline", "user_based": False}
RNN4REC: Mapping[str, Sequence[Any]] = {
    "lr": [1e-4, 3e-4, 1e-3],
    "n_epochs": [5, 13, 20],
}

# SVD++ and fastai take minutes a fit, and are left out.
GRIDS: dict[tuple[str, str], Mapping[str, Sequence[Any]]] = {
    ("recslib", "MatrixFactorization"): {
        **{name: [value] for name, value in OURS.items()},
        "l2": [0.03, 0.04, 0.05],
        "ridge": [2.0, 3.0, 4.0],
    },
    ("scikit-surprise", "SVD"): {
        "n_factors": [100, 200],
        "n_epochs": [40, 80],
        "reg_all": [0.08, 0.1, 0.12],
    },
    ("scikit-surprise", "KNNBaseline"): {
        "sim_options": [
            {**ITEM_PEARSON, "shrinkage": shrinkage}
            for shrinkage in (50, 100, 200, 400)
        ],
        "k": [20, 40, 80],
    },
    ("lenskit", "ItemKNNScorer"): {
        "max_nbrs": [10, 20, 40, 80],
        "min_nbrs": [1, 2],
        "min_sim": [1e-6, 0.02, 0.05, 0.1],
    },
    ("lenskit", "BiasedMFScorer"): {
        "embedding_size": [50, 100],
        "regularization": [0.1, 0.15, 0.2],
    },
    ("cornac", "MF"): {
        "k": [100, 200],
        "max_iter": [60, 80, 100],
        "learning_rate": [0.005],
        "lambda_reg": [0.06, 0.07, 0.08, 0.1],
    },
    # By the interpreter of its own environment; see the README.
    ("LibRecommender", "RNN4Rec"): RNN4REC,
    ("LibRecommender", "RNN4Rec ahead"): RNN4REC,
}


def combinations(grid: Mapping[str, Sequence[Any]]) -> Iterator[dict]:
    """Pair every value of every setting with all the others."""
    for values in product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


def tune(peer: str, model: str, split: Split) -> pd.DataFrame:
    """Fit a model's grid; return settings, RMSE and CPU seconds, best first.

    Parameters
    ----------
    peer, model
        A key of `GRIDS`.
    split
        With a validation part, the only one that is read.
    """
    grid, part = GRIDS[peer, model], split.validation
    rows = []
    for params in combinations(grid):
        fit = Contender(peer, model, params).prepare(split.train)
        predict, cost = timed(fit)
        error = rmse(torch.as_tensor(predict(part)), part.ratings, (1.0, 5.0))
        varied = {k: v for k, v in params.items() if len(grid[k]) > 1}
        rows.append({**varied, "rmse": error, "cpu_s": cost.fit_cpu_s})
    return pd.DataFrame(rows).sort_values("rmse", ignore_index=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=sorted({peer for peer, _ in GRIDS}))
    parser.add_argument("model", choices=sorted({name for _, name in GRIDS}))
    parser.add_argument("--future", action="store_true")
    arguments = parser.parse_args()
    if (arguments.peer, arguments.model) not in GRIDS:
        known = ", ".join(" ".join(key) for key in GRIDS)
        parser.error(f"there is no such model; give one of: {known}")
    torch.set_num_threads(1)
    ratings = movielens.load("100k").ratings
    if arguments.future:
        whole = splits.global_time(ratings, 0.2)
    else:
        whole, *_ = splits.published_folds(ratings)
    split = splits.carve_validation(whole, 0.1, by_time=arguments.future)
    found = tune(arguments.peer, arguments.model, split)
    print(found.to_string(float_format="%.4f"))


if __name__ == "__main__":
    main()
