"""Let everybody make lists on every test split of three tasks, in turn.

``python -m benchmarks.lists`` writes results/lists.json. All are fitted on the
first split of a task, then on the next, in a process a split and environment,
on one thread. Each fit is kept in `FITS` with what each person's list was
worth: a run that was cut off goes on where it stopped. With ``--task known``
and ``--only BiVAECF``, that model runs on that task, and the one of ours that
it is compared with beside it; all other rows stay as they were. list_tasks.py
has the tasks, list_entries.py who runs at which settings.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks.list_contenders import Ranker
from benchmarks.list_entries import best_of_ours, n_tries, rankers
from benchmarks.list_tasks import TASKS
from benchmarks.list_tune import GRIDS
from benchmarks.measure import in_own_process, read, timed, write
from benchmarks.seeds import FITS
from benchmarks.sequences import is_here, python_of, say_who_is_left_out
from bookbuild import machine
from recslib import lists, movielens, splits
from recslib.evaluation import best_items, judge_lists, mean_bootstrap
from recslib.splits import Split

FIGURES = ("ndcg", "average_precision", "precision", "recall")
# nDCG: another processor adds in another order, and ranks as well.
SAME = 5e-4
Row = dict[str, Any]


def fit_and_rank(ranker: Ranker, task: str, split: Split, file: Path) -> None:
    """Fit once, untimed, on a tiny set; then fit, rank, judge and keep.

    The file holds what each person's list is worth, a column a figure, and
    what the fit and the ranking took. It appears whole or not at all.
    """
    # What is compiled or imported at the first call is no part of a fit.
    tiny = splits.random_split(movielens.synthetic().ratings)
    ranker.prepare(tiny.train)()(lists.known_people(tiny))
    score, cost = timed(ranker.prepare(split.train))
    audience = TASKS[task].audience(split)
    scores, asking = timed(lambda: score(audience))
    _, ranking = timed(lambda: best_items(scores, audience.seen))
    quality = judge_lists(scores, audience.seen, audience.wanted)
    measured = {
        "fit_cpu_s": cost.fit_cpu_s,
        "rank_cpu_s": asking.fit_cpu_s + ranking.fit_cpu_s,
        "version": ranker.version,
        "processor": machine.describe([])["processor"],
    }
    unfinished = file.with_suffix(".part.npz")
    np.savez_compressed(
        unfinished,
        users=audience.users.numpy(),
        measured=json.dumps(measured),
        **{name: getattr(quality, name).numpy() for name in FIGURES},
    )
    unfinished.rename(file)


def place_of(
    ranker: Ranker, task: str, place: int, folder: Path = FITS
) -> Path:
    """Say where a fit is kept: by who, at which settings, on what."""
    who = f"{task} {place} {written(ranker)}"
    name = hashlib.sha256(who.encode()).hexdigest()[:16]
    return folder / f"list-{name}.npz"


def written(*rankers: Ranker) -> str:
    """Write who rankers are; `read_rankers` reads it."""
    return json.dumps(
        [[r.peer, r.model, dict(r.params), r.tuned] for r in rankers],
        sort_keys=True,
    )


def read_rankers(text: str) -> list[Ranker]:
    """Read what `written` wrote."""
    return [Ranker(*each) for each in json.loads(text)]


def chosen(
    everybody: Sequence[Ranker], ours: Ranker, words: Sequence[str]
) -> list[Ranker]:
    """List those whose package or model is named, and ours; else all."""
    return [
        each
        for each in everybody
        if not words or each == ours or {each.peer, each.model} & set(words)
    ]


def measure_all(
    task: str, n_splits: int, everybody: Sequence[Ranker], folder: Path = FITS
) -> None:
    """Fit who is not kept yet: all on the first split, then on the next.

    Parameters
    ----------
    task
        A key of `TASKS`.
    n_splits
        How many it has.
    everybody
        Who runs, as `rankers` lists them.
    folder
        Where fits are kept.
    """
    folder.mkdir(exist_ok=True)
    for place in range(n_splits):
        waiting: dict[str, list[Ranker]] = defaultdict(list)
        for ranker in everybody:
            kept = place_of(ranker, task, place, folder).is_file()
            if is_here(ranker.peer) and not kept:
                waiting[python_of(ranker.peer)].append(ranker)
        for python, some in waiting.items():
            arguments = task, str(place), str(folder), written(*some)
            in_own_process(__file__, "on", *arguments, python=python)
            print(f"{task} {place}: {len(some)} fits", flush=True)


def rows(
    task: str,
    n_splits: int,
    everybody: Sequence[Ranker],
    ours: Ranker,
    folder: Path = FITS,
) -> list[Row]:
    """Sum up the kept fits of a task: the rows of results/lists.json.

    Parameters
    ----------
    task, n_splits, everybody, folder
        As of `measure_all`.
    ours
        The one to compare with.

    Returns
    -------
    list
        A row for each ranker that was fitted on all splits: who it is, one
        value a split of each figure (mean over the people of the split),
        medians of CPU seconds, and ``difference``, its nDCG minus that
        of ours, with the 95 % interval by bootstrap over people (``low``,
        ``high``).
    """
    found = []
    users, reference, _ = _kept(task, n_splits, ours, folder)
    base = np.concatenate(reference["ndcg"])
    for ranker in everybody:
        files = [place_of(ranker, task, n, folder) for n in range(n_splits)]
        if not all(file.is_file() for file in files):
            continue
        _, figures, measured = _kept(task, n_splits, ranker, folder)
        ends = mean_bootstrap(
            *(
                torch.from_numpy(values)
                for values in (np.concatenate(figures["ndcg"]), base, users)
            )
        )
        found.append(
            {
                "task": task,
                "peer": ranker.peer,
                "model": ranker.model,
                "params": dict(ranker.params),
                "tuned": ranker.tuned,
                "tries": n_tries(ranker),
                **{
                    name: [round(float(each.mean()), 6) for each in values]
                    for name, values in figures.items()
                },
                **{
                    name: round(median(one[name] for one in measured), digits)
                    for name, digits in (("fit_cpu_s", 4), ("rank_cpu_s", 4))
                },
                "version": measured[0]["version"],
                "processor": measured[0]["processor"],
                "is_ours": ranker == ours,
                "difference": round(ends.difference, 6),
                "low": round(ends.low, 6),
                "high": round(ends.high, 6),
            }
        )
    return found


def _kept(
    task: str, n_splits: int, ranker: Ranker, folder: Path
) -> tuple[np.ndarray, dict[str, list[np.ndarray]], list[Row]]:
    """Read whose lists they are, each figure, and what was measured."""
    users, measured = [], []
    figures: dict[str, list[np.ndarray]] = {name: [] for name in FIGURES}
    for place in range(n_splits):
        with np.load(place_of(ranker, task, place, folder)) as kept:
            users.append(kept["users"])
            measured.append(json.loads(str(kept["measured"])))
            for name, values in figures.items():
                values.append(kept[name])
    return np.concatenate(users), figures, measured


def with_task(kept: Sequence[Row], task: str, new: Sequence[Row]) -> list[Row]:
    """Put a task's new rows in the place of its old ones, in TASKS' order."""
    others = [row for row in kept if row["task"] != task]
    order = list(TASKS)
    return sorted([*others, *new], key=lambda row: order.index(row["task"]))


def merged(
    kept: Sequence[Row], new: Sequence[Row], everybody: Sequence[Ranker]
) -> list[Row]:
    """Put new rows of a task in the place of old ones, in everybody's order.

    The one that all are compared with keeps its old row where it has one: it
    ran again only to be compared with.

    Raises
    ------
    ValueError
        When its lists are not worth here what they were when the old rows
        were compared with it.
    """
    old = {(row["peer"], row["model"]): row for row in kept}
    fresh = {(row["peer"], row["model"]): row for row in new}
    (ours,) = (who for who, row in fresh.items() if row["is_ours"])
    if ours in old:
        before, now = old[ours], fresh.pop(ours)
        if not before["is_ours"] or not np.allclose(
            before["ndcg"], now["ndcg"], rtol=0, atol=SAME
        ):
            raise ValueError(
                f"the lists of {' '.join(ours)} are not worth here what they "
                f"were when the other rows were compared with it: nDCG "
                f"{now['ndcg']}, and not {before['ndcg']}; fit everybody."
            )
    rows = old | fresh
    wanted = [(ranker.peer, ranker.model) for ranker in everybody]
    return [rows[who] for who in wanted if who in rows]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "on",
        nargs="*",
        help="'on TASK SPLIT FOLDER RANKERS' fits these on one split, here, "
        "and keeps what their lists are worth",
    )
    parser.add_argument("--task", choices=TASKS, help="this one alone")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=sorted({name for who in GRIDS for name in who}),
        default=[],
        metavar="NAME",
        help="packages and models; the other rows stay as they are",
    )
    arguments = parser.parse_args()
    words = arguments.only
    ratings = movielens.load("100k").ratings
    if arguments.on:
        _, task, place, folder, text = arguments.on
        torch.set_num_threads(1)
        split = TASKS[task].parts(ratings)[int(place)]
        for ranker in read_rankers(text):
            file = place_of(ranker, task, int(place), Path(folder))
            fit_and_rank(ranker, task, split, file)
        print("{}")
        return
    say_who_is_left_out(peer for peer, _ in GRIDS)
    for task, how in TASKS.items():
        if arguments.task not in (None, task):
            continue
        everybody, ours = rankers(task), best_of_ours(task)
        running = chosen(everybody, ours, words)
        n_splits = len(how.parts(ratings))
        measure_all(task, n_splits, running)
        kept, new = read("lists.json"), rows(task, n_splits, running, ours)
        if words:
            old = [row for row in kept if row["task"] == task]
            new = merged(old, new, everybody)
        write("lists.json", with_task(kept, task, new))


if __name__ == "__main__":
    main()
