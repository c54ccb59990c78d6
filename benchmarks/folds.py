"""Fit every contender on the five published folds, in turn.

``python benchmarks/folds.py`` writes results/folds.json, intervals.json and
machine.json. turns.py says how.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from entries import CHAPTER_1, CONTENDERS
from measure import machine, write
from turns import behind, fit_and_score, in_turn, row

from recslib import movielens, splits
from recslib.splits import Split


def run(folds: Sequence[Split]) -> tuple[list[dict], list[dict]]:
    """Measure every contender on every fold.

    Returns the rows of results/folds.json and of results/intervals.json: how
    far each is behind the model of chapter 1.
    """
    measured, predictions = in_turn(CONTENDERS, folds, __file__, "one")
    rows = [
        row(contender, parts)
        for contender, parts in zip(CONTENDERS, measured, strict=True)
    ]
    ours = predictions[CONTENDERS.index(CHAPTER_1)]
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
    write("machine.json", machine(sorted(packages)))
    rows, intervals = run(folds)
    write("folds.json", rows)
    write("intervals.json", intervals)


if __name__ == "__main__":
    main()
