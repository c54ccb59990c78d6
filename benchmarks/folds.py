"""Fit every contender on the five published folds, in turn.

``python -m benchmarks.folds`` writes results/folds.json, intervals.json,
tellings.json and machine.json. turns.py says how. With ``--only myfm
SampledFactorization``, those packages and models run, and our matrix
factorization beside them; all other rows stay as they were.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.contenders import Contender
from benchmarks.entries import CONTENDERS, OUR_MF
from benchmarks.measure import read, write
from benchmarks.tellings import TELLINGS
from benchmarks.tune import n_tries
from benchmarks.turns import behind, fit_and_score, in_turn, row
from bookbuild import machine
from recslib import movielens, splits
from recslib.features import side_features
from recslib.splits import Split

# What makes a row of the results the row of a contender.
IDENTITY = ("peer", "model", "params", "tuned", "told")
# Every fit has the seed 0.
N_SEEDS = 1

# Stars: another processor adds in another order, and fits as well.
SAME = 5e-4

Row = dict[str, Any]


def chosen(words: Sequence[str]) -> list[Contender]:
    """List those whose package or model is named, and our MF; else all.

    Raises
    ------
    ValueError
        When nobody is called so.
    """
    names = {name for c in CONTENDERS for name in (c.peer, c.model)}
    unknown = sorted(set(words) - names)
    if unknown:
        raise ValueError(
            f"nobody is called {', '.join(unknown)}; give some of "
            f"{', '.join(sorted(names))}."
        )
    return [
        each
        for each in CONTENDERS
        if not words or each == OUR_MF or {each.peer, each.model} & set(words)
    ]


def run(
    folds: Sequence[Split], words: Sequence[str] = ()
) -> tuple[list[Row], list[Row], list[Row]]:
    """Measure those who are chosen on every fold.

    Returns the rows of results/folds.json, of results/intervals.json (how
    far each is behind our matrix factorization) and of
    results/tellings.json (`told_the_same`).
    """
    contenders = chosen(words)
    measured, predictions = in_turn(
        contenders, folds, __file__, "one", ",".join(words)
    )
    processor = machine.describe([])["processor"]
    rows = [
        {
            **row(contender, parts),
            "told": contender.told,
            "tries": n_tries(contender),
            "seeds": N_SEEDS,
            "processor": processor,
        }
        for contender, parts in zip(contenders, measured, strict=True)
    ]
    ours = predictions[contenders.index(OUR_MF)]
    intervals = [
        {**{name: each[name] for name in IDENTITY}, **interval}
        for each, interval in zip(
            rows, behind(predictions, ours, folds), strict=True
        )
    ]
    return rows, intervals, told_the_same(rows, predictions, folds)


def told_the_same(
    rows: Sequence[Row],
    predictions: Sequence[torch.Tensor],
    folds: Sequence[Split],
) -> list[Row]:
    """Compare each row of our sampler with each of myFM's, told the same.

    Parameters
    ----------
    rows
        Of those who ran.
    predictions
        One (N,) a row, clipped, all folds in a row.
    folds
        The splits, with N test ratings in all.

    Returns
    -------
    list
        One row a pair: who of myFM it is, ``ours`` (the sampler's settings)
        and ``ours_tuned``, ``difference`` (stars, RMSE of the sampler minus
        myFM's), ``low`` and ``high`` (its 95 % interval by bootstrap over
        users), and ``times`` (the sampler's CPU seconds over myFM's).
    """
    numbered = list(enumerate(rows))
    pairs = [
        (mine, other)
        for telling in TELLINGS
        for mine, row in numbered
        for other, theirs in numbered
        if row["told"] == theirs["told"] == telling
        and row["model"] == "SampledFactorization"
        and theirs["peer"] == "myfm"
    ]
    compared = []
    for mine, other in pairs:
        (interval,) = behind([predictions[mine]], predictions[other], folds)
        seconds = [rows[n]["fit_cpu_s"] for n in (mine, other)]
        compared.append(
            {name: rows[other][name] for name in IDENTITY}
            | {"ours": rows[mine]["params"]}
            | {"ours_tuned": rows[mine]["tuned"]}
            | interval
            | {"times": round(seconds[0] / seconds[1], 3)}
        )
    return compared


def identity(row: Mapping[str, Any]) -> str:
    """Write who a row is of, so that rows can be matched."""
    return json.dumps([row[name] for name in IDENTITY], sort_keys=True)


def merged(kept: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """Put new rows in the place of old ones, in the order of the entries.

    Our matrix factorization keeps its old row where it has one: it ran again
    only to be compared with.

    Raises
    ------
    ValueError
        When an entry has neither an old nor a new row, or our matrix
        factorization does not predict what it did when the old rows were
        compared with it.
    """
    old = {identity(each): each for each in kept}
    fresh = {identity(each): each for each in new}
    ours = identity({name: getattr(OUR_MF, name) for name in IDENTITY})
    if ours in old and ours in fresh:
        before, now = (
            torch.tensor(rows[ours].get("fold_rmse", []))
            for rows in (old, fresh)
        )
        if not torch.allclose(before, now, rtol=0, atol=SAME):
            raise ValueError(
                "our matrix factorization does not predict here what it did "
                "when the other rows were compared with it; fit everybody."
            )
        del fresh[ours]
    rows = old | fresh
    wanted = [
        identity({name: getattr(each, name) for name in IDENTITY})
        for each in CONTENDERS
    ]
    missing = [each for each in wanted if each not in rows]
    if missing:
        raise ValueError(f"these have no row yet, fit them too: {missing}")
    return [rows[each] for each in wanted]


def with_tries(rows: Sequence[Row]) -> list[Row]:
    """Count the tries of each entry's row anew: a search may have ended."""
    return [
        {**row, "tries": n_tries(contender)}
        for row, contender in zip(rows, CONTENDERS, strict=True)
    ]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "one",
        nargs="*",
        help="'one WORDS NUMBER FOLD FILE' fits one contender on one fold, "
        "here, and saves its predictions",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="packages and models; the other rows stay as they are",
    )
    arguments = parser.parse_args()
    data = movielens.load("100k")
    folds = splits.published_folds(data.ratings)
    if arguments.one:
        _, words, number, fold, file = arguments.one
        contender = chosen(words.split(",") if words else [])[int(number)]
        side = side_features(data)
        fit_and_score(contender, folds[int(fold)], Path(file), side)
        return
    words = arguments.only
    packages = {contender.peer for contender in CONTENDERS} | {
        "torch",
        "numpy",
        "scipy",
    }
    load = round(os.getloadavg()[0], 2)
    facts = {**machine.describe(sorted(packages)), "load_at_start": load}
    # The results of a commit cannot name it.
    del facts["commit"]
    rows, intervals, compared = run(folds, words)
    if words:
        facts = read("machine.json") | {"versions": facts["versions"]}
        rows = with_tries(merged(read("folds.json"), rows))
        intervals = merged(read("intervals.json"), intervals)
        compared = compared or read("tellings.json")
    write("machine.json", facts)
    write("folds.json", rows)
    write("intervals.json", intervals)
    write("tellings.json", compared)


if __name__ == "__main__":
    main()
