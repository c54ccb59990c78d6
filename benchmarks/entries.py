"""Who runs, at which settings.

Peers run at their defaults, and tuned: at the best of the tries that tune.py
recorded in results/tries.json, each judged on three tenths of training parts.
For the future they were chosen on the newest tenth of its own training part
(results/future-tries.json). fastai has no default for the length of a fit;
the settings of its own tutorial on these data stand in
(nbs/46_tutorial.collab.ipynb in its repository).
"""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Contender
from benchmarks.measure import read
from benchmarks.ours import OURS
from benchmarks.tellings import TELLINGS
from benchmarks.tune import FUTURE_RECORDS, RECORDS, SEARCHES, TRIES

ITEM_PEARSON = {"name": "pearson_baseline", "user_based": False}
FASTAI_FIT = {"y_range": [0, 5.5], "n_epoch": 5, "lr_max": 5e-3, "wd": 0.1}
FASTAI = {"n_factors": 50, **FASTAI_FIT}
FASTAI_NETWORK = {"layers": [100, 50], "dropout": 0.0, **FASTAI_FIT}


def tuned(
    peer: str, model: str, told: str = "ids", records: str = RECORDS
) -> tuple[Contender, ...]:
    """Enter a model at the best of its recorded tries, one entry a search.

    Parameters
    ----------
    peer, model, told
        As of `Contender`.
    records
        The file in the folder of results that holds its tries.

    Raises
    ------
    ValueError
        When a search is not recorded to its end.
    """
    found = []
    for search in SEARCHES:
        if (search.peer, search.model, search.told) == (peer, model, told):
            made = search.made(read(records))
            if len(made) < TRIES:
                raise ValueError(
                    f"{len(made)} of {TRIES} tries of {peer} {model} told "
                    f"{told} are recorded; run benchmarks.tune for it."
                )
            best = made[0]["params"]
            found.append(Contender(peer, model, best, tuned=True, told=told))
    return tuple(found)


# Of myFM's own tutorial on these data; the class has no default for the rank.
MYFM: dict[str, Any] = {"rank": 10, "n_iter": 100}
# Our sampler's own defaults; flags come in as many directions as they do in
# the chapters.
SAMPLED: dict[str, Any] = {"n_factors": 10, "n_sweeps": 100}
WITH_FLAGS: dict[str, Any] = {**SAMPLED, "n_directions": 100}

# Two of each: at defaults, and tuned.
PEERS = (
    *(
        each
        for peer, model, params in (
            ("scikit-surprise", "SVD", {}),
            ("scikit-surprise", "SVDpp", {}),
            ("scikit-surprise", "KNNBaseline", {"sim_options": ITEM_PEARSON}),
            ("lenskit", "ItemKNNScorer", {}),
            ("lenskit", "BiasedMFScorer", {}),
            ("lenskit", "FlexMFExplicitScorer", {}),
            ("cornac", "MF", {}),
            ("fastai", "EmbeddingDotBias", FASTAI),
            ("fastai", "EmbeddingNN", FASTAI_NETWORK),
            ("myfm", "MyFMOrderedProbit", MYFM),
        )
        for each in (Contender(peer, model, params), *tuned(peer, model))
    ),
    *(
        each
        for told in TELLINGS
        for each in (
            Contender("myfm", "MyFMGibbsRegressor", MYFM, told=told),
            *tuned("myfm", "MyFMGibbsRegressor", told),
        )
    ),
)

OUR_SAMPLERS = tuple(
    each
    for told in TELLINGS
    for each in (
        Contender(
            "recslib",
            "SampledFactorization",
            WITH_FLAGS if told in ("flags", "all") else SAMPLED,
            told=told,
        ),
        *tuned("recslib", "SampledFactorization", told),
    )
)

# The one of chapter 1, and the same in less time: each the best of its search.
OUR_MFS = tuned("recslib", "MatrixFactorization")
(OUR_MF,) = (each for each in OUR_MFS if each.params == OURS)
# The one of chapter 2 on ids alone, with the settings that are its defaults.
OUR_NETWORK = Contender(
    "recslib", "DenseNet", {"n_factors": 32, "n_epochs": 18}
)

CONTENDERS = (
    *PEERS,
    *OUR_MFS,
    OUR_NETWORK,
    *tuned("recslib", "DenseNet"),
    *OUR_SAMPLERS,
)

# Our LSTM, with the settings that are its defaults.
LSTM: dict[str, Any] = {"n_factors": 16, "n_hidden": 16, "n_epochs": 10}

# Who runs on which task of sequences.py. The first of each is ours, and the
# one that the others are compared with. The five folds are not parted in
# time, so there nobody predicts one step ahead.
SEQUENCES: dict[str, tuple[Contender, ...]] = {
    "folds": (
        Contender("recslib", "LSTMRating", LSTM),
        Contender("recslib", "BothSides", LSTM),
        OUR_MF,
        Contender("LibRecommender", "RNN4Rec"),
        *tuned("LibRecommender", "RNN4Rec"),
    ),
    "future": (
        Contender("recslib", "LSTMRating ahead", LSTM),
        Contender("recslib", "FoldedIn ahead"),
        Contender("recslib", "RunningBias ahead"),
        Contender("recslib", "RunningBias ahead", {"keep": 0.9}),
        Contender("LibRecommender", "RNN4Rec"),
        Contender("LibRecommender", "RNN4Rec ahead"),
        *tuned("LibRecommender", "RNN4Rec", records=FUTURE_RECORDS),
    ),
}
