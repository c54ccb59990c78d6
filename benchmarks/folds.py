"""Fit every contender on the five published folds, in turn.

``python benchmarks/folds.py`` writes results/folds.json, intervals.json and
machine.json. Every fit has a process of its own; the contenders take turns, so
that a machine that slows down slows all of them.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from contenders import Contender
from entries import CHAPTER_1, CONTENDERS
from measure import in_own_process, machine, print_result, timed, write

from recslib import movielens, splits
from recslib.evaluation import paired_bootstrap, rmse
from recslib.splits import Split

SCALE = (1.0, 5.0)


def fit_and_score(contender: Contender, split: Split, file: Path) -> None:
    """Fit once, untimed, on a tiny set; then fit, score and print.

    The predictions of the test part, clipped, go into the file.
    """
    # What is compiled or imported at the first call is no part of a fit.
    contender.prepare(movielens.synthetic().ratings)()
    predict, cost = timed(contender.prepare(split.train))
    predictions = torch.as_tensor(predict(split.test)).clamp(*SCALE)
    np.save(file, predictions.numpy())
    score = rmse(predictions, split.test.ratings)
    print_result({"rmse": score}, cost)


def row(
    contender: Contender, measured: Sequence[dict[str, float]]
) -> dict[str, Any]:
    """Join the five folds of a contender into a row of the results."""
    typical = {
        name: round(median(fold[name] for fold in measured), digits)
        for name, digits in (
            ("fit_cpu_s", 4),
            ("fit_wall_s", 4),
            ("peak_mb", 1),
        )
    }
    return {
        "peer": contender.peer,
        "model": contender.model,
        "params": dict(contender.params),
        "tuned": contender.tuned,
        "fold_rmse": [round(fold["rmse"], 6) for fold in measured],
        **typical,
        "version": contender.version,
    }


def against_ours(
    predictions: Sequence[torch.Tensor],
    ratings: torch.Tensor,
    users: torch.Tensor,
) -> list[dict[str, Any]]:
    """Bound how far each contender is behind the model of chapter 1.

    Parameters
    ----------
    predictions
        One (N,) for each of `CONTENDERS`, clipped, all folds in a row.
    ratings, users
        (N,) stars, and whose they are.

    Returns
    -------
    list
        The rows of results/intervals.json: RMSE of the contender minus
        RMSE of ours, and the 95 % interval by bootstrap over users.
    """
    ours = predictions[CONTENDERS.index(CHAPTER_1)]
    rows = []
    for contender, theirs in zip(CONTENDERS, predictions, strict=True):
        interval = paired_bootstrap(theirs, ours, ratings, users)
        rows.append(
            {
                "peer": contender.peer,
                "model": contender.model,
                "params": dict(contender.params),
                "difference": round(interval.difference, 6),
                "low": round(interval.low, 6),
                "high": round(interval.high, 6),
            }
        )
    return rows


def run(folds: Sequence[Split]) -> tuple[list[dict], list[dict]]:
    """Measure every contender on every fold, one after the other.

    Returns the rows of results/folds.json and of results/intervals.json.
    """
    measured: list[list[dict[str, float]]] = [[] for _ in CONTENDERS]
    predictions: list[list[torch.Tensor]] = [[] for _ in CONTENDERS]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "predictions.npy"
        for fold, split in enumerate(folds):
            for number, contender in enumerate(CONTENDERS):
                result = in_own_process(
                    __file__, "one", str(number), str(fold), str(file)
                )
                measured[number].append(result)
                predictions[number].append(torch.from_numpy(np.load(file)))
                print(
                    f"{split.name}  {contender.peer:16} "
                    f"{contender.model:20} "
                    f"{'tuned' if contender.tuned else 'defaults':8}  "
                    f"{result['rmse']:.4f}  {result['fit_cpu_s']:8.3f} CPU s",
                    flush=True,
                )
    rows = [
        row(contender, parts)
        for contender, parts in zip(CONTENDERS, measured, strict=True)
    ]
    intervals = against_ours(
        [torch.cat(parts).double() for parts in predictions],
        torch.cat([split.test.ratings for split in folds]),
        torch.cat([split.test.users for split in folds]),
    )
    return rows, intervals


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "one",
        nargs="*",
        help="'one NUMBER FOLD FILE' fits one contender on one fold, here, "
        "and saves its predictions",
    )
    arguments = parser.parse_args().one
    folds = splits.published_folds(movielens.load("100k").ratings)
    if arguments:
        _, number, fold, file = arguments
        torch.set_num_threads(1)
        fit_and_score(CONTENDERS[int(number)], folds[int(fold)], Path(file))
        return
    packages = {contender.peer for contender in CONTENDERS} | {
        "torch",
        "numpy",
        "scipy",
    }
    write("machine.json", machine(sorted(packages)))
    rows, intervals = run(folds)
    write("folds.json", rows)
    write("intervals.json", intervals)


if __name__ == "__main__":
    main()
