"""Who makes lists on which task, at which settings.

Everybody at the best of the tries that list_tune.py recorded. Peers that know
only those who train are not asked about strangers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.list_contenders import Ranker
from benchmarks.list_tune import (
    LIST_RECORDS,
    PARTS,
    TRIES,
    ListSearch,
    best,
    judged_once,
    searches,
)
from benchmarks.measure import read

Records = Sequence[Mapping[str, Any]]


def rankers(task: str, records: Records | None = None) -> list[Ranker]:
    """List who runs on a task: ours first, then the peers.

    Those whose search has not been made to its end are left out; of ours, all
    are wanted.

    Parameters
    ----------
    task
        A key of `benchmarks.list_tasks.TASKS`.
    records
        By default those of results/list-tries.json.

    Raises
    ------
    ValueError
        When a search of ours is not recorded to its end.
    """
    records = read(LIST_RECORDS) if records is None else records
    wanted = [*searches(task), *judged_once(task, records)]
    ready = [
        each
        for each in wanted
        if each.peer == "recslib" or len(each.made(records)) == each.n_tries
    ]
    return sorted(
        (_entry(each, records) for each in ready),
        key=lambda ranker: ranker.peer != "recslib",
    )


def _entry(search: ListSearch, records: Records) -> Ranker:
    params = best(search, records)
    return Ranker(search.peer, search.model, params, search.n_tries > 1)


def best_of_ours(task: str, records: Records | None = None) -> Ranker:
    """Return the one that all others on a task are compared with.

    It is the best of this book's on the validation part.
    """
    records = read(LIST_RECORDS) if records is None else records
    ours = [
        search
        for search in (*searches(task), *judged_once(task, records))
        if search.peer == "recslib"
    ]
    leading = min(ours, key=lambda each: each.error(each.made(records)[0]))
    return _entry(leading, records)


def n_tries(ranker: Ranker) -> int:
    """Count the tries behind a ranker's settings, those of its parts too."""
    if ranker.model == "standardized":
        return TRIES * len(PARTS)
    return TRIES if ranker.tuned or ranker.model == "averaged" else 0
