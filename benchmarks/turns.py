"""Everybody in turn: each contender on each split, a process a fit.

The contenders take turns, so that a machine that slows down slows all of them.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.contenders import Contender
from benchmarks.measure import in_own_process, print_result, timed
from recslib import movielens
from recslib.evaluation import paired_bootstrap, rmse
from recslib.features import SideFeatures, side_features
from recslib.splits import Split

SCALE = (1.0, 5.0)
# What a process prints of its fit.
Measured = dict[str, Any]


def fit_and_score(
    contender: Contender,
    split: Split,
    file: Path,
    side: SideFeatures | None = None,
) -> None:
    """Fit once, untimed, on a tiny set; then fit, score and print.

    The predictions of the test part, clipped, go into the file. ``side`` is
    what those who are told side features hear.
    """
    torch.set_num_threads(1)
    # What is compiled or imported at the first call is no part of a fit.
    tiny = movielens.synthetic()
    contender.prepare(tiny.ratings, side=side_features(tiny))()
    predict, cost = timed(contender.prepare(split.train, side=side))
    predictions = torch.as_tensor(predict(split.test)).clamp(*SCALE)
    np.save(file, predictions.double().numpy())
    score = rmse(predictions, split.test.ratings)
    print_result({"rmse": score, "version": contender.version}, cost)


def in_turn(
    contenders: Sequence[Contender],
    parts: Sequence[Split],
    script: str,
    *arguments: str,
    python_of: Callable[[str], str] = lambda peer: sys.executable,
) -> tuple[list[list[Measured]], list[torch.Tensor]]:
    """Measure everybody on the first split, then on the next, and so on.

    Parameters
    ----------
    contenders, parts
        Who, on what.
    script, arguments
        What calls `fit_and_score` when it runs with these arguments and the
        number of the contender, the number of the split, and the file.
    python_of
        Takes a peer; returns the interpreter that it is installed for.

    Returns
    -------
    tuple
        For each contender, what was measured on each split; and its clipped
        predictions, (N,), all splits in a row.
    """
    measured: list[list[Measured]] = [[] for _ in contenders]
    predictions: list[list[torch.Tensor]] = [[] for _ in contenders]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "predictions.npy"
        for place, split in enumerate(parts):
            for number, contender in enumerate(contenders):
                result = in_own_process(
                    script,
                    *(*arguments, str(number), str(place), str(file)),
                    python=python_of(contender.peer),
                )
                measured[number].append(result)
                predictions[number].append(torch.from_numpy(np.load(file)))
                print(
                    f"{split.name:12}  {contender.peer:16} "
                    f"{contender.model:20} "
                    f"{'tuned' if contender.tuned else 'defaults':8}  "
                    f"{result['rmse']:.4f}  {result['fit_cpu_s']:8.3f} CPU s",
                    flush=True,
                )
    return measured, [torch.cat(each) for each in predictions]


def row(contender: Contender, measured: Sequence[Measured]) -> dict[str, Any]:
    """Join the splits of a contender into a row of the results."""
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
        "version": measured[0]["version"],
    }


def behind(
    predictions: Sequence[torch.Tensor],
    ours: torch.Tensor,
    parts: Sequence[Split],
) -> list[dict[str, float]]:
    """Bound how far each contender is behind one of ours.

    Parameters
    ----------
    predictions
        One (N,) a contender, clipped, all splits in a row.
    ours
        (N,), the ones to compare with.
    parts
        The splits, with N test ratings in all.

    Returns
    -------
    list
        RMSE of the contender minus RMSE of ours, and the 95 % interval by
        bootstrap over users.
    """
    ratings = torch.cat([split.test.ratings for split in parts])
    users = torch.cat([split.test.users for split in parts])
    intervals = [
        paired_bootstrap(theirs, ours, ratings, users)
        for theirs in predictions
    ]
    return [
        {
            "difference": round(interval.difference, 6),
            "low": round(interval.low, 6),
            "high": round(interval.high, 6),
        }
        for interval in intervals
    ]
