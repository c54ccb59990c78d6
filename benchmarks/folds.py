"""Fit every contender on the five published folds, in turn.

``python benchmarks/folds.py`` writes results/folds.json, results/machine.json
and the table in README.md. Every fit has a process of its own; the contenders
take turns, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from statistics import median
from typing import Any

import torch
from contenders import Contender
from entries import CONTENDERS
from measure import in_own_process, machine, print_result, timed, write

from recslib import movielens, splits
from recslib.evaluation import rmse
from recslib.splits import N_PUBLISHED_FOLDS, Split

SCALE = (1.0, 5.0)


def fit_and_score(contender: Contender, split: Split) -> None:
    """Fit once, untimed, on a tiny set; then fit, score and print."""
    # What is compiled or imported at the first call is no part of a fit.
    contender.prepare(movielens.synthetic().ratings)()
    predict, cost = timed(contender.prepare(split.train))
    predictions = torch.as_tensor(predict(split.test))
    score = rmse(predictions, split.test.ratings, clip=SCALE)
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


def run(n_folds: int = N_PUBLISHED_FOLDS) -> list[dict[str, Any]]:
    """Measure every contender on every fold, one after the other."""
    measured: list[list[dict[str, float]]] = [[] for _ in CONTENDERS]
    for fold in range(n_folds):
        for number, contender in enumerate(CONTENDERS):
            result = in_own_process(__file__, "one", str(number), str(fold))
            measured[number].append(result)
            print(
                f"u{fold + 1}  {contender.peer:16} {contender.model:20} "
                f"{'tuned' if contender.tuned else 'defaults':8}  "
                f"{result['rmse']:.4f}  {result['fit_cpu_s']:8.3f} CPU s",
                flush=True,
            )
    return [
        row(contender, folds)
        for contender, folds in zip(CONTENDERS, measured, strict=True)
    ]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "one",
        nargs="*",
        help="'one NUMBER FOLD' fits one contender on one fold, here",
    )
    arguments = parser.parse_args().one
    if arguments:
        _, number, fold = arguments
        torch.set_num_threads(1)
        folds = splits.published_folds(movielens.load("100k").ratings)
        fit_and_score(CONTENDERS[int(number)], folds[int(fold)])
        return
    packages = {contender.peer for contender in CONTENDERS} | {
        "torch",
        "numpy",
        "scipy",
    }
    write("machine.json", machine(sorted(packages)))
    write("folds.json", run())


if __name__ == "__main__":
    sys.exit(main())
