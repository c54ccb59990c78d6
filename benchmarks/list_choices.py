"""Which of our models a task is left to: judged on five parts, not on one.

``python -m benchmarks.list_choices`` writes results/list-choices.json.
Settings are chosen on a part of the first split's training part
(list_tune.py), for all packages alike. Which of ours is taken is one choice
more, and models stand close together there. So each of ours, at its best
settings, is judged once more on a part carved out of the training part of
every split. No test part is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from benchmarks.list_entries import Records, rankers
from benchmarks.list_tasks import TASKS
from benchmarks.list_tune import LIST_RECORDS, judged
from benchmarks.measure import read, write
from recslib import movielens
from recslib.ratings import Ratings


def judge_ours(
    task: str, ratings: Ratings, records: Records | None = None
) -> list[dict[str, Any]]:
    """Judge ours on a part of each split's training part.

    Parameters
    ----------
    task
        A key of `benchmarks.list_tasks.TASKS`.
    ratings
        Of all people.
    records
        By default those of results/list-tries.json.

    Returns
    -------
    list
        A row a model: its settings, and ``ndcg``, one value a split.
    """
    how = TASKS[task]
    records = read(LIST_RECORDS) if records is None else records
    ours = [each for each in rankers(task, records) if each.peer == "recslib"]
    parts = [how.carve(split.train) for split in how.parts(ratings)]
    audiences = [how.audience(part) for part in parts]
    return [
        {
            "task": task,
            "model": ranker.model,
            "params": dict(ranker.params),
            "ndcg": [
                judged(ranker, part, audience)["ndcg"]
                for part, audience in zip(parts, audiences, strict=True)
            ],
        }
        for ranker in ours
    ]


def chosen(rows: Sequence[Mapping[str, Any]], task: str) -> str:
    """Return the model that is best on average over the parts of a task."""
    of_task = [row for row in rows if row["task"] == task]
    return max(of_task, key=lambda row: sum(row["ndcg"]))["model"]


def main() -> None:
    """Judge ours on all tasks, and write the file."""
    torch.set_num_threads(1)
    ratings = movielens.load("100k").ratings
    rows = []
    for task in TASKS:
        rows += judge_ours(task, ratings)
        print(f"{task}: {chosen(rows, task)}", flush=True)
    write("list-choices.json", rows)


if __name__ == "__main__":
    main()
