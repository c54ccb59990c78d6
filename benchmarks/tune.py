"""Choose a model's settings on validation data, never on a test part.

``python -m benchmarks.tune cornac MF`` makes `TRIES` tries, the same number
for everybody. A try is fitted on nine tenths of the training parts of u1, u3
and u5, and judged by the mean RMSE on the tenths that are left. Each try is a
record of results/tries.json as soon as it is made, and no try is made twice:
a search that was cut off goes on where it stopped.

``--told side`` searches for those who are told side features; ``--future``
judges by the newest tenth of what comes before the future of sequences.py.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean, median
from typing import Any

import pandas as pd
import torch

from benchmarks.contenders import Contender
from benchmarks.measure import read, timed, write
from benchmarks.ours import OURS, QUICKER
from benchmarks.tellings import TELLINGS
from bookbuild import machine
from recslib import movielens, splits
from recslib.evaluation import rmse
from recslib.features import SideFeatures, side_features
from recslib.ratings import Ratings
from recslib.splits import Split

TRIES = 12
RECORDS = "tries.json"
FUTURE_RECORDS = "future-tries.json"
# Places of u1, u3 and u5 among the published folds.
JUDGES = (0, 2, 4)

ITEM_PEARSON = {"name": "pearson_baseline", "user_based": False}
FASTAI = {"y_range": [[0.5, 5.5], [0, 5.5]]}
MYFM: Mapping[str, Sequence[Any]] = {
    "rank": [10, 6, 16],
    "n_iter": [100, 300],
    "groups": ["kind", "table"],
}
MYFM_ON_IDS: Mapping[str, Sequence[Any]] = {
    "rank": [10, 6, 16, 24],
    "n_iter": [100, 200, 300],
}
SAMPLED: Mapping[str, Sequence[Any]] = {
    "n_factors": [10, 6, 16, 24],
    "n_sweeps": [100, 200, 300],
}
SAMPLED_WITH_FLAGS: Mapping[str, Sequence[Any]] = {
    "n_factors": [10, 16],
    "n_sweeps": [100, 300],
    "n_directions": [100, 50, 200, 400],
}


@dataclass(frozen=True)
class Search:
    """Where the settings of a model are looked for.

    Parameters
    ----------
    peer, model, told
        As of `Contender`.
    grid
        Values of each setting; the first of each are what is known to work.
    n_tries
        How many settings are tried.
    """

    peer: str
    model: str
    grid: Mapping[str, Sequence[Any]]
    told: str = "ids"
    n_tries: int = TRIES

    def tries(self) -> list[dict[str, Any]]:
        """List ``n_tries`` settings: the first values, then others by lot.

        Raises
        ------
        ValueError
            When the grid has fewer.
        """
        first, *others = (
            dict(zip(self.grid, values, strict=True))
            for values in product(*self.grid.values())
        )
        if len(others) < self.n_tries - 1:
            raise ValueError(
                f"the grid of {self.peer} {self.model} has "
                f"{len(others) + 1} settings; give {self.n_tries} or more."
            )
        return [first, *random.Random(0).sample(others, self.n_tries - 1)]

    def is_of(self, record: Mapping[str, Any]) -> bool:
        """Say whether a record is of the model that is searched for."""
        own = self.peer, self.model, self.told
        return (record["peer"], record["model"], record["told"]) == own

    def error(self, record: Mapping[str, Any]) -> float:
        """Read off a record what makes one try better than another."""
        return record["rmse"]

    def made(self, records: Sequence[Mapping[str, Any]]) -> list[dict]:
        """Pick the records of this search, the best first."""
        tries = self.tries()
        own = [
            dict(each)
            for each in records
            if self.is_of(each) and each["params"] in tries
        ]
        return sorted(own, key=self.error)


def _around(params: Mapping[str, Any]) -> Mapping[str, Sequence[Any]]:
    """Look around settings of our matrix factorization, its length held.

    Not at higher rates: with those of the quick ones, fits diverge.
    """
    return {name: [value] for name, value in params.items()} | {
        "learning_rate": [
            round(params["learning_rate"] * x, 6) for x in (1, 0.8, 0.9)
        ],
        "l2": [round(params["l2"] + x, 6) for x in (0, -0.01, 0.01)],
        "ridge": [params["ridge"] + x for x in (0, -1, 1)],
    }


SEARCHES: tuple[Search, ...] = (
    *(
        Search("recslib", "MatrixFactorization", _around(params))
        for params in (OURS, *QUICKER)
    ),
    *(
        Search("recslib", "SampledFactorization", grid, told)
        for told, grid in (
            ("ids", SAMPLED),
            ("side", SAMPLED),
            ("flags", SAMPLED_WITH_FLAGS),
            ("all", SAMPLED_WITH_FLAGS),
        )
    ),
    Search(
        "recslib",
        "DenseNet",
        {"n_factors": [32, 16, 64], "n_epochs": [18, 12, 24, 30]},
    ),
    *(
        Search("myfm", "MyFMGibbsRegressor", MYFM, told)
        for told in TELLINGS
        if told != "ids"
    ),
    # Without side features there is one way to group.
    *(
        Search("myfm", model, MYFM_ON_IDS)
        for model in ("MyFMGibbsRegressor", "MyFMOrderedProbit")
    ),
    Search(
        "scikit-surprise",
        "SVD",
        {
            "n_factors": [200, 100],
            "n_epochs": [80, 40, 120],
            "reg_all": [0.1, 0.08, 0.12],
            "lr_all": [0.005, 0.003, 0.01],
        },
    ),
    Search(
        "scikit-surprise",
        "SVDpp",
        {
            "n_factors": [50, 20],
            "n_epochs": [40, 20],
            "reg_all": [0.08, 0.05, 0.1],
            "lr_all": [0.007, 0.004],
        },
    ),
    Search(
        "scikit-surprise",
        "KNNBaseline",
        {
            "sim_options": [
                {**ITEM_PEARSON, "shrinkage": shrinkage}
                for shrinkage in (200, 100, 50, 400)
            ],
            "k": [40, 20, 80],
        },
    ),
    Search(
        "lenskit",
        "ItemKNNScorer",
        {
            "min_nbrs": [2, 1],
            "max_nbrs": [20, 10, 40, 80],
            "min_sim": [1e-6, 0.02, 0.05, 0.1],
        },
    ),
    Search(
        "lenskit",
        "BiasedMFScorer",
        {
            "embedding_size": [100, 50, 25],
            "regularization": [0.15, 0.1, 0.2, 0.25],
            "epochs": [10, 20],
        },
    ),
    Search(
        "lenskit",
        "FlexMFExplicitScorer",
        {
            "embedding_size": [32, 64],
            "epochs": [10, 20],
            "learning_rate": [0.02, 0.01, 0.005],
            "regularization": [0.15, 0.1, 0.3],
        },
    ),
    Search(
        "cornac",
        "MF",
        {
            "k": [200, 100],
            "max_iter": [80, 150],
            "learning_rate": [0.005, 0.003],
            "lambda_reg": [0.08, 0.07, 0.06, 0.1],
        },
    ),
    Search(
        "fastai",
        "EmbeddingDotBias",
        {
            **FASTAI,
            "n_factors": [50, 100],
            "n_epoch": [5, 10],
            "lr_max": [5e-3, 2e-3, 1e-2],
            "wd": [0.2, 0.1, 0.4],
        },
    ),
    # A network has more to be chosen than the others: length, width, batch,
    # rate, weight decay and dropout.
    Search(
        "fastai",
        "EmbeddingNN",
        {
            "y_range": [[0, 5.5]],
            "layers": [[64], [100, 50], [200, 100]],
            "dropout": [0.3, 0.1, 0.5],
            "bs": [256, 512],
            "n_epoch": [10, 5, 20],
            "lr_max": [5e-3, 2e-3, 1e-2],
            "wd": [0.1, 0.3, 0.01],
        },
    ),
    # By the interpreter of its own environment; see the README.
    Search(
        "LibRecommender",
        "RNN4Rec",
        {"lr": [1e-4, 3e-4, 1e-3], "n_epochs": [13, 5, 20, 30]},
    ),
)


def n_tries(
    contender: Contender, records: Sequence[Mapping[str, Any]] | None = None
) -> int | None:
    """Count the recorded tries that a contender's settings are the best of.

    Parameters
    ----------
    contender
        At its defaults, or tuned.
    records
        By default those of results/tries.json.

    Returns
    -------
    int or None
        0 for defaults. None where the search is not recorded to its end, or
        another try came out better: the settings were found in another way.
    """
    if not contender.tuned:
        return 0
    records = read(RECORDS) if records is None else records
    who = (contender.peer, contender.model, contender.told)
    for search in SEARCHES:
        made = search.made(records)
        if (
            (search.peer, search.model, search.told) == who
            and len(made) == TRIES
            and made[0]["params"] == contender.params
        ):
            return TRIES
    return None


def judged(
    contender: Contender,
    parts: Sequence[Split],
    side: SideFeatures | None = None,
) -> dict[str, Any]:
    """Make a try: fit on each training part, judge by its validation part.

    Parameters
    ----------
    contender
        With the settings that are tried.
    parts
        Splits with a validation part, the only one that is predicted.
    side
        Side features, for those who are told them.

    Returns
    -------
    dict
        ``rmse`` (stars, mean over the parts, clipped), ``part_rmse`` and
        ``fit_cpu_s`` (median).
    """
    scores, seconds = [], []
    for split in parts:
        known, part = split.train, split.validation
        predict, cost = timed(contender.prepare(known, side=side))
        told = torch.as_tensor(predict(part))
        scores.append(rmse(told, part.ratings, (1.0, 5.0)))
        seconds.append(cost.fit_cpu_s)
    return {
        "rmse": round(mean(scores), 6),
        "part_rmse": [round(score, 6) for score in scores],
        "fit_cpu_s": round(median(seconds), 4),
    }


def record_tries(
    search: Search,
    one_more: Callable[[dict[str, Any]], dict[str, Any]],
    records: str,
) -> None:
    """Make the tries of a search that are not recorded yet.

    Parameters
    ----------
    search
        Whose settings.
    one_more
        Takes settings; makes the try and returns its record.
    records
        The file in the folder of results that holds all tries.
    """
    known = [each["params"] for each in search.made(read(records))]
    for params in search.tries():
        if params not in known:
            found = one_more(params)
            found["processor"] = machine.describe([])["processor"]
            # Read anew: another search may have written meanwhile.
            write(records, [*read(records), found])


def search_on(
    search: Search, parts: Sequence[Split], side: SideFeatures, records: str
) -> pd.DataFrame:
    """Make the tries that are not recorded yet; return all, best first.

    Parameters
    ----------
    search
        Whose settings.
    parts
        Splits with a validation part.
    side
        Side features, for those who are told them.
    records
        The file in the folder of results that holds all tries.
    """

    def one_more(params: dict[str, Any]) -> dict[str, Any]:
        contender = Contender(
            search.peer, search.model, params, told=search.told
        )
        return {
            "peer": search.peer,
            "model": search.model,
            "told": search.told,
            "params": params,
            **judged(contender, parts, side),
            "version": contender.version,
        }

    record_tries(search, one_more, records)
    varied = [name for name, values in search.grid.items() if len(values) > 1]
    return pd.DataFrame(
        [
            {name: each["params"][name] for name in varied}
            | {"rmse": each["rmse"], "cpu_s": each["fit_cpu_s"]}
            for each in search.made(read(records))
        ]
    )


def judges(ratings: Ratings, future: bool = False) -> list[Split]:
    """Carve what settings are chosen on.

    Returns
    -------
    list of Split
        A tenth of the training parts of u1, u3 and u5; for the future, the
        newest tenth of what comes before it.
    """
    if future:
        whole = splits.global_time(ratings, 0.2)
        return [splits.carve_validation(whole, 0.1, by_time=True)]
    folds = splits.published_folds(ratings)
    return [splits.carve_validation(folds[place], 0.1) for place in JUDGES]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=sorted({s.peer for s in SEARCHES}))
    parser.add_argument("model", choices=sorted({s.model for s in SEARCHES}))
    parser.add_argument("--told", choices=TELLINGS, default="ids")
    parser.add_argument("--future", action="store_true")
    arguments = parser.parse_args()
    who = arguments.peer, arguments.model, arguments.told
    wanted = [s for s in SEARCHES if (s.peer, s.model, s.told) == who]
    if not wanted:
        known = sorted({f"{s.peer} {s.model} ({s.told})" for s in SEARCHES})
        parser.error(f"there is no such search; give one of: {known}")
    torch.set_num_threads(1)
    data = movielens.load("100k")
    parts = judges(data.ratings, arguments.future)
    records = FUTURE_RECORDS if arguments.future else RECORDS
    for search in wanted:
        found = search_on(search, parts, side_features(data), records)
        print(found.to_string(float_format="%.4f"), flush=True)


if __name__ == "__main__":
    main()
