"""Fit the models that read histories, on two tasks, in turn.

``python -m benchmarks.sequences`` writes results/sequences.json. The tasks
are "folds", the five published ones, and "future", the newest fifth of the
ratings after training on all before it, where most test ratings are by people
who are new. turns.py says how. A peer whose environment has not been made is
left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.entries import SEQUENCES
from benchmarks.folds import N_SEEDS
from benchmarks.measure import read, write
from benchmarks.tune import FUTURE_RECORDS, RECORDS, n_tries
from benchmarks.turns import behind, fit_and_score, in_turn, row
from recslib import movielens, splits
from recslib.ratings import Ratings
from recslib.splits import Split

TASKS: Mapping[str, Callable[[Ratings], list[Split]]] = {
    "folds": splits.published_folds,
    "future": lambda ratings: [splits.global_time(ratings, 0.2)],
}

# Where the tries of a task's searches are recorded.
TRIES = {"folds": RECORDS, "future": FUTURE_RECORDS}

# Peers that do not fit into one environment with the others.
ENVIRONMENTS = {
    "LibRecommender": Path(__file__).parent / ".venv-librecommender",
    "recbole": Path(__file__).parent / ".venv-recbole",
}


def is_here(peer: str) -> bool:
    """Say whether what a peer needs is installed; see the Makefile."""
    own = ENVIRONMENTS.get(peer)
    return own is None or (own / "installed").exists()


def python_of(peer: str) -> str:
    """Find the interpreter that a peer is installed for."""
    own = ENVIRONMENTS.get(peer)
    return sys.executable if own is None else str(own / "bin" / "python")


def say_who_is_left_out(peers: Iterable[str]) -> None:
    """Name those of a run whose environment has not been made."""
    for peer in dict.fromkeys(peers):
        if not is_here(peer):
            print(
                f"{peer} is left out, and so are its rows: there is no "
                f"benchmarks/{ENVIRONMENTS[peer].name}. `make bench-setup` "
                f"makes it, with a Python that its requirements can be "
                f"installed for.",
                file=sys.stderr,
            )


def contenders_of(task: str) -> list[Contender]:
    """List who runs here on a task, ours first."""
    return [each for each in SEQUENCES[task] if is_here(each.peer)]


def run(task: str, parts: Sequence[Split]) -> list[dict[str, Any]]:
    """Measure every contender of a task on every split.

    Returns its rows of results/sequences.json, with how far each is behind
    the first.
    """
    contenders = contenders_of(task)
    measured, predictions = in_turn(
        contenders, parts, __file__, "one", task, python_of=python_of
    )
    intervals = behind(predictions, predictions[0], parts)
    tries = read(TRIES[task])
    return [
        {
            "task": task,
            **row(contender, theirs),
            "tries": n_tries(contender, tries),
            "seeds": N_SEEDS,
            **interval,
        }
        for contender, theirs, interval in zip(
            contenders, measured, intervals, strict=True
        )
    ]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "one",
        nargs="*",
        help="'one TASK NUMBER SPLIT FILE' fits one contender on one split, "
        "here, and saves its predictions",
    )
    arguments = parser.parse_args().one
    ratings = movielens.load("100k").ratings
    if arguments:
        _, task, number, place, file = arguments
        contender = contenders_of(task)[int(number)]
        split = TASKS[task](ratings)[int(place)]
        fit_and_score(contender, split, Path(file))
        return
    say_who_is_left_out(
        each.peer for entries in SEQUENCES.values() for each in entries
    )
    rows = [
        measured
        for task, parts in TASKS.items()
        for measured in run(task, parts(ratings))
    ]
    write("sequences.json", rows)


if __name__ == "__main__":
    main()
