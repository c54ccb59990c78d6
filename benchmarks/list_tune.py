"""Choose the settings of those who make lists, never on a test part.

``python -m benchmarks.list_tune`` makes `TRIES` tries for every model and each
task that is missing in results/list-tries.json; with names behind it, for
those packages and models alone. A try is fitted on four fifths of the training
part of the task's first split (ratings, or people where strangers are served),
and judged by nDCG@10 on the fifth that is left. Each try is recorded as soon
as it is made, and no try is made twice.

Models without a setting are judged once, and so are those of ours that are
made of others at their best settings: which of ours the others are compared
with is a choice too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from benchmarks.list_contenders import Ranker
from benchmarks.list_tasks import TASKS
from benchmarks.measure import read, timed
from benchmarks.sequences import ENVIRONMENTS
from benchmarks.tune import Search, record_tries
from recslib import movielens
from recslib.evaluation import judge_lists
from recslib.lists import Audience
from recslib.splits import Split

TRIES = 8
LIST_RECORDS = "list-tries.json"

Grid = Mapping[str, Sequence[Any]]

# Without what is heard, which is a setting of everybody's: see `grid_of`.
GRIDS: Mapping[tuple[str, str], Grid] = {
    ("recslib", "item_neighbours"): {
        "n_neighbours": [50, 100, 200, 400],
        "shrinkage": [10.0, 50.0, 100.0],
    },
    ("recslib", "ease"): {"l2": [200.0, 400.0, 800.0, 1600.0]},
    ("recslib", "ease both"): {
        "l2": [200.0, 100.0, 400.0, 600.0, 800.0, 1200.0, 1600.0, 2400.0],
    },
    ("recslib", "ials"): {
        "n_factors": [32, 16, 24],
        "unseen": [0.2, 0.1, 0.4],
        "l2": [0.02, 0.01, 0.04],
    },
    ("recslib", "ListFactorization"): {
        "n_factors": [32, 16, 64],
        "l2": [5.0, 2.5, 10.0],
        "n_epochs": [60, 40],
    },
    ("recslib", "ListAutoencoder"): {
        "draw": ["some", "half"],
        "n_hidden": [40, 80],
        "n_epochs": [50, 30, 80],
        "learning_rate": [0.01, 0.005],
    },
    ("implicit", "AlternatingLeastSquares"): {
        "factors": [32, 16, 64],
        "alpha": [2.0, 5.0, 10.0, 1.0],
        "regularization": [0.01, 1.0, 10.0, 30.0],
    },
    ("implicit", "CosineRecommender"): {"K": [200, 50, 100, 400]},
    ("implicit", "BayesianPersonalizedRanking"): {
        "factors": [64, 128, 32],
        "learning_rate": [0.01, 0.003],
        "regularization": [0.01, 0.1],
        "iterations": [50, 100],
    },
    ("lenskit", "ItemKNNScorer"): {
        "feedback": ["implicit"],
        "max_nbrs": [20, 50, 100, 200],
        "min_sim": [1e-6, 0.05, 0.1],
    },
    ("lenskit", "ImplicitMFScorer"): {
        "embedding_size": [32, 16, 64],
        "weight": [2.0, 5.0, 10.0, 1.0],
        "regularization": [0.1, 1.0, 10.0, 30.0],
    },
    ("lenskit", "EASEScorer"): {
        "regularization": [200.0, 400.0, 800.0, 1600.0]
    },
    # The first are those of the notebook of Recommenders.
    ("cornac", "BPR"): {
        "k": [200, 32, 64],
        "max_iter": [100, 200],
        "learning_rate": [0.01, 0.003],
        "lambda_reg": [0.001, 0.01],
    },
    # The first are those of its notebook, and take a minute a fit.
    ("cornac", "BiVAECF"): {
        "n_epochs": [500, 100],
        "k": [50, 100],
        "encoder_structure": [[100], [50]],
        "batch_size": [128],
        "learning_rate": [0.001, 0.003],
        "likelihood": ["pois", "bern"],
    },
    ("recbole", "EASE"): {"reg_weight": [200.0, 400.0, 800.0, 1600.0]},
    ("recbole", "MultiVAE"): {
        "mlp_hidden_size": [[200], [600]],
        "latent_dimension": [128, 64],
        "learning_rate": [0.003, 0.001],
        "dropout_prob": [0.5, 0.7],
        "anneal_cap": [0.2, 0.05],
        "epochs": [30],
        "train_batch_size": [128],
    },
}

# For people who are known a network may be told more at a time.
FOR_KNOWN: Grid = {
    "draw": ["half", "some"],
    "n_hidden": [200, 100],
    "n_epochs": [60, 30],
    "learning_rate": [0.002, 0.005],
}
OWN_GRIDS: Mapping[tuple[str, tuple[str, str]], Grid] = {
    (task, ("recslib", "ListAutoencoder")): FOR_KNOWN
    for task in ("known", "by user")
}

# Models that know those who train alone, and cannot be asked about strangers.
KNOW_OWN_PEOPLE = frozenset(
    {
        ("recslib", "ListFactorization"),
        ("implicit", "BayesianPersonalizedRanking"),
        ("cornac", "BPR"),
        ("cornac", "BiVAECF"),
    }
)
# Heard in one way alone, or told more than two ways.
HEARD: Mapping[tuple[str, str], Mapping[str, Sequence[str]]] = {
    ("recslib", "ease both"): dict.fromkeys(TASKS, ("both",)),
    ("recslib", "ListAutoencoder"): {
        "strangers": ("both",),
        "known": ("both",),
        "by user": ("rated", "both"),
    },
}
# Who has no setting, and what it hears.
UNTUNED: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("recslib", "popularity"): {"heard": "rated"},
    ("recslib", "popularity liked"): {"heard": "liked"},
}
N_NETWORKS = 3
PARTS = ("ease", "ials", "ListFactorization")


@dataclass(frozen=True, kw_only=True)
class ListSearch(Search):
    """Where the settings of a model are looked for on a task of lists."""

    task: str

    def is_of(self, record: Mapping[str, Any]) -> bool:
        """Say whether a record is of the model and the task."""
        own = self.task, self.peer, self.model
        return (record["task"], record["peer"], record["model"]) == own

    def error(self, record: Mapping[str, Any]) -> float:
        """Read off a record what makes one try better than another."""
        return -record["ndcg"]


def searches(task: str) -> list[ListSearch]:
    """List the searches for a task, ours first.

    Parameters
    ----------
    task
        A key of `TASKS`.
    """
    return [
        ListSearch(*who, grid_of(task, who), task=task, n_tries=TRIES)
        for who in GRIDS
        if task != "strangers" or who not in KNOW_OWN_PEOPLE
    ]


def grid_of(task: str, who: tuple[str, str]) -> dict[str, Sequence[Any]]:
    """Return the grid of a model, with what it may hear on a task."""
    ways = HEARD[who][task] if who in HEARD else TASKS[task].heard
    return {"heard": list(ways), **OWN_GRIDS.get((task, who), GRIDS[who])}


def best(
    search: Search, records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the best settings of a search.

    Raises
    ------
    ValueError
        When it is not recorded to its end.
    """
    made = search.made(records)
    if len(made) < search.n_tries:
        raise ValueError(
            f"{len(made)} of {search.n_tries} tries of {search.peer} "
            f"{search.model} are recorded; run benchmarks.list_tune for it."
        )
    return made[0]["params"]


def judged_once(
    task: str, records: Sequence[Mapping[str, Any]]
) -> list[ListSearch]:
    """List those that have nothing to choose: one try each.

    Parameters
    ----------
    task
        A key of `TASKS`.
    records
        With the whole searches of those that others are made of.
    """
    chosen = {
        search.model: best(search, records)
        for search in searches(task)
        if search.peer == "recslib"
        and search.model in (*PARTS, "ListAutoencoder")
    }
    networks = {**chosen["ListAutoencoder"], "n_networks": N_NETWORKS}
    made_of = {("recslib", "averaged"): networks}
    if all(part in chosen for part in PARTS):
        parts = {part: chosen[part] for part in PARTS}
        made_of["recslib", "standardized"] = {"parts": parts}
    return [
        ListSearch(
            *who,
            {name: [value] for name, value in params.items()},
            task=task,
            n_tries=1,
        )
        for who, params in {**UNTUNED, **made_of}.items()
    ]


def judged(ranker: Ranker, part: Split, audience: Audience) -> dict[str, Any]:
    """Make a try: fit, and judge the lists of whom the part serves.

    Returns
    -------
    dict
        ``ndcg`` (mean over people, ten places) and ``fit_cpu_s``.
    """
    score, cost = timed(ranker.prepare(part.train))
    quality = judge_lists(score(audience), audience.seen, audience.wanted)
    return {
        "ndcg": round(quality.ndcg.mean().item(), 6),
        "fit_cpu_s": round(cost.fit_cpu_s, 4),
    }


def make_try(
    search: ListSearch,
    part: Split,
    audience: Audience,
    params: dict[str, Any],
) -> dict[str, Any]:
    """Make a try and return its record; say how it went."""
    ranker = Ranker(search.peer, search.model, params)
    found = {
        "task": search.task,
        "peer": search.peer,
        "model": search.model,
        "params": params,
        **judged(ranker, part, audience),
        "version": ranker.version,
    }
    print(found, flush=True)
    return found


def search_all(
    task: str, part: Split, words: Sequence[str] = (), records: str = ""
) -> None:
    """Make the tries of a task that are not recorded yet.

    Parameters
    ----------
    task
        A key of `TASKS`.
    part
        Its training part is fitted, its test part holds what is to be found:
        both cut from the training part of the task's first split.
    words
        Packages and models whose turn it is; all where there are none.
    records
        The file in the folder of results; by default `LIST_RECORDS`.
    """
    records = records or LIST_RECORDS
    audience = TASKS[task].audience(part)

    def is_wanted(peer: str, model: str) -> bool:
        if not words:
            # Who has an environment of its own is searched for by name there.
            return peer not in ENVIRONMENTS
        return not {peer, model}.isdisjoint(words)

    def make(search: ListSearch) -> None:
        if is_wanted(search.peer, search.model):
            one_more = partial(make_try, search, part, audience)
            record_tries(search, one_more, records)

    for search in searches(task):
        make(search)
    if is_wanted("recslib", ""):
        for search in judged_once(task, read(records)):
            make(search)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", metavar="NAME")
    parser.add_argument("--task", choices=TASKS, help="this one alone")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ratings = movielens.load("100k").ratings
    for task, how in TASKS.items():
        if arguments.task in (None, task):
            search_all(task, how.judge(ratings), arguments.words)


if __name__ == "__main__":
    main()
