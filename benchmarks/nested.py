"""Choose on each fold's own training part, as no fold could be spied on.

``python -m benchmarks.nested`` writes results/nested.json. The book's settings
were chosen on tenths of three folds' training parts, and what one fold trains
on, another one tests. Here each fold chooses L2 and ridge for itself, on a
tenth of its own training part that no earlier choice has seen, is fitted anew
to all of that part, and tested once. Number of factors, rate and epochs stay
as in the book.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import product
from typing import Any

import torch
from torch import Tensor

from benchmarks.measure import write
from recslib import movielens, splits
from recslib.evaluation import paired_bootstrap, rmse
from recslib.progress import progress_bar
from recslib.ratings import Ratings
from recslib.recipes import fit_factorization
from recslib.splits import Split
from recslib.training import predict

L2 = (0.03, 0.04, 0.05, 0.06)
RIDGE = (0.0, 2.0, 3.0, 4.0)
BOOK = {"l2": 0.04, "ridge": 3.0}
# The book's own tenths were carved with the seed 0.
SEED_OF_TENTH = 1


def fitted_stars(
    train: Ratings, asked: Ratings, seed: int = 0, **settings: float
) -> Tensor:
    """Fit to a training part; return clipped stars for what is asked: (N,)."""
    torch.manual_seed(seed)
    model = fit_factorization(train, seed=seed, **settings)
    return predict(model, (asked.users, asked.items)).clamp(*train.scale)


def choose(fold: Split, grid: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return the settings with the lowest error on the validation part."""
    part = fold.validation

    def error(settings: dict[str, float]) -> float:
        return rmse(fitted_stars(fold.train, part, **settings), part.ratings)

    tried = progress_bar(grid, description=fold.name, unit="setting")
    errors = [error(settings) for settings in tried]
    return grid[errors.index(min(errors))]


def run(
    folds: Sequence[Split], grid: Sequence[dict[str, float]]
) -> dict[str, Any]:
    """Choose, fit and test on every fold; compare with the book's settings.

    Returns what stands in results/nested.json: ``folds``, with the settings
    that each chose, its test error and that of the book's settings, and
    ``difference``, ``low`` and ``high``, nested minus book over all folds.
    """
    rows, own, book = [], [], []
    started = time.process_time()
    for fold in folds:
        carved = splits.carve_validation(fold, 0.1, SEED_OF_TENTH)
        chosen = choose(carved, grid)
        own.append(fitted_stars(fold.train, fold.test, **chosen))
        book.append(fitted_stars(fold.train, fold.test, **BOOK))
        rows.append(
            {
                "fold": fold.name,
                **chosen,
                "nested_rmse": round(rmse(own[-1], fold.test.ratings), 6),
                "book_rmse": round(rmse(book[-1], fold.test.ratings), 6),
            }
        )
    apart = paired_bootstrap(
        torch.cat(own),
        torch.cat(book),
        torch.cat([fold.test.ratings for fold in folds]),
        torch.cat([fold.test.users for fold in folds]),
    )
    return {
        "n_settings": len(grid),
        "cpu_s": round(time.process_time() - started, 1),
        "folds": rows,
        "difference": round(apart.difference, 6),
        "low": round(apart.low, 6),
        "high": round(apart.high, 6),
    }


def main() -> None:
    """Run the search and write what it found."""
    torch.set_num_threads(1)
    folds = splits.published_folds(movielens.load("100k").ratings)
    grid = [{"l2": a, "ridge": b} for a, b in product(L2, RIDGE)]
    write("nested.json", run(folds, grid))


if __name__ == "__main__":
    main()
