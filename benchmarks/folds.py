"""Fit every contender on the five published folds, in turn.

``python -m benchmarks.folds`` writes results/folds.json, intervals.json and
machine.json. turns.py says how.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.entries import CONTENDERS, OUR_MF
from benchmarks.measure import write
from benchmarks.turns import behind, fit_and_score, in_turn, row
from bookbuild import machine
from recslib import movielens, splits
from recslib.splits import Split


def run(folds: Sequence[Split]) -> tuple[list[dict], list[dict]]:
    """Measure every contender on every fold.

    Returns the rows of results/folds.json and of results/intervals.json: how
    far each is behind our matrix factorization.
    """
    measured, predictions = in_turn(CONTENDERS, folds, __file__, "one")
    rows = [
        row(contender, parts)
        for contender, parts in zip(CONTENDERS, measured, strict=True)
    ]
    ours = predictions[CONTENDERS.index(OUR_MF)]
    intervals: list[dict[str, Any]] = [
        {
            "peer": contender.peer,
            "model": contender.model,
            "params": dict(contender.params),
            **interval,
        }
        for contender, interval in zip(
            CONTENDERS, behind(predictions, ours, folds), strict=True
        )
    ]
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
        fit_and_score(CONTENDERS[int(number)], folds[int(fold)], Path(file))
        return
    packages = {contender.peer for contender in CONTENDERS} | {
        "torch",
        "numpy",
        "scipy",
    }
    load = round(os.getloadavg()[0], 2)
    facts = machine.describe(sorted(packages))
    write("machine.json", {**facts, "load_at_start": load})
    rows, intervals = run(folds)
    write("folds.json", rows)
    write("intervals.json", intervals)


if __name__ == "__main__":
    main()
