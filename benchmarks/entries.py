"""Who runs, at which settings.

Peers run at their defaults, and at settings that were chosen by tune.py on
three tenths of training parts; where results/tries.json has no whole search
for them yet, on a tenth of u1's training part, by an earlier one. For the
future they were chosen on the newest tenth of its own training part. fastai
has no default for the length of a fit; the settings of its own tutorial on
these data stand in (nbs/46_tutorial.collab.ipynb in its repository).
"""

from __future__ import annotations

from typing import Any

from benchmarks.contenders import Contender
from benchmarks.tellings import TELLINGS

ITEM_PEARSON = {"name": "pearson_baseline", "user_based": False}
FASTAI_FIT = {"y_range": [0, 5.5], "n_epoch": 5, "lr_max": 5e-3, "wd": 0.1}
FASTAI = {"n_factors": 50, **FASTAI_FIT}
FASTAI_NETWORK = {"layers": [100, 50], "dropout": 0.0, **FASTAI_FIT}

# Of myFM's own tutorial on these data; the class has no default for the rank.
MYFM: dict[str, Any] = {"rank": 10, "n_iter": 100}
MYFM_RUNS = (
    *(
        Contender("myfm", "MyFMGibbsRegressor", MYFM, told=told)
        for told in TELLINGS
    ),
    Contender("myfm", "MyFMOrderedProbit", MYFM),
)

PEERS = (
    Contender("scikit-surprise", "SVD"),
    Contender(
        "scikit-surprise",
        "SVD",
        {"n_factors": 200, "n_epochs": 80, "reg_all": 0.1},
        tuned=True,
    ),
    Contender("scikit-surprise", "SVDpp"),
    Contender(
        "scikit-surprise",
        "SVDpp",
        {"n_factors": 50, "n_epochs": 40, "reg_all": 0.08},
        tuned=True,
    ),
    Contender("scikit-surprise", "KNNBaseline", {"sim_options": ITEM_PEARSON}),
    Contender(
        "scikit-surprise",
        "KNNBaseline",
        {"sim_options": {**ITEM_PEARSON, "shrinkage": 200}},
        tuned=True,
    ),
    Contender("lenskit", "ItemKNNScorer"),
    Contender("lenskit", "ItemKNNScorer", {"min_nbrs": 2}, tuned=True),
    Contender("lenskit", "BiasedMFScorer"),
    Contender(
        "lenskit",
        "BiasedMFScorer",
        {"embedding_size": 100, "regularization": 0.15},
        tuned=True,
    ),
    Contender("lenskit", "FlexMFExplicitScorer"),
    Contender(
        "lenskit",
        "FlexMFExplicitScorer",
        {
            "embedding_size": 32,
            "epochs": 10,
            "learning_rate": 0.02,
            "regularization": 0.15,
        },
        tuned=True,
    ),
    Contender("cornac", "MF"),
    Contender(
        "cornac",
        "MF",
        {
            "k": 200,
            "max_iter": 80,
            "learning_rate": 0.005,
            "lambda_reg": 0.08,
        },
        tuned=True,
    ),
    Contender("fastai", "EmbeddingDotBias", FASTAI),
    Contender(
        "fastai",
        "EmbeddingDotBias",
        {**FASTAI, "y_range": [0.5, 5.5], "wd": 0.2},
        tuned=True,
    ),
    Contender("fastai", "EmbeddingNN", FASTAI_NETWORK),
    Contender(
        "fastai", "EmbeddingNN", {**FASTAI_NETWORK, "dropout": 0.3}, tuned=True
    ),
    *MYFM_RUNS,
)

# Our matrix factorization, the best on validation data; tune.py looks around
# it.
OURS: dict[str, Any] = {
    "n_factors": 128,
    "first_scale": 1.0,
    "learning_rate": 0.025,
    "l2": 0.04,
    "ridge": 3.0,
    "momentum": 0.0,
    "n_epochs": 20,
    "batch_size": 2_048,
}

# The same model in less time, each chosen on validation data.
QUICKEST = {
    **OURS,
    "n_factors": 12,
    "first_scale": 30.0,
    "learning_rate": 0.016,
    "momentum": 0.65,
    "n_epochs": 5,
    "batch_size": 10_000,
}
QUICKER = (
    QUICKEST,
    {
        **QUICKEST,
        "n_factors": 16,
        "learning_rate": 0.02,
        "momentum": 0.6,
        "n_epochs": 6,
        "batch_size": 8_192,
    },
    {
        **OURS,
        "n_factors": 32,
        "first_scale": 1.5,
        "learning_rate": 0.0135,
        "l2": 0.03,
        "ridge": 4.0,
        "momentum": 0.7,
        "n_epochs": 12,
        "batch_size": 8_192,
    },
    {
        **OURS,
        "n_factors": 32,
        "first_scale": 1.5,
        "learning_rate": 0.012,
        "momentum": 0.6,
        "n_epochs": 18,
        "batch_size": 4_096,
    },
)

# Our sampler, at the settings that are its defaults; told what myFM is told.
SAMPLED: dict[str, Any] = {"n_factors": 10, "n_sweeps": 100}
OUR_SAMPLERS = tuple(
    Contender("recslib", "SampledFactorization", SAMPLED, told=told)
    for told in TELLINGS
)

OUR_MF = Contender("recslib", "MatrixFactorization", OURS, tuned=True)
# Our dense network, on ids alone, with the settings that are its defaults.
OUR_NETWORK = Contender(
    "recslib", "DenseNet", {"n_factors": 32, "n_epochs": 18}, tuned=True
)

CONTENDERS = (
    *PEERS,
    *(
        Contender("recslib", "MatrixFactorization", params, tuned=True)
        for params in QUICKER
    ),
    OUR_MF,
    OUR_NETWORK,
    *OUR_SAMPLERS,
)

# Our LSTM, with the settings that are its defaults.
LSTM: dict[str, Any] = {"n_factors": 16, "n_hidden": 16, "n_epochs": 10}

# Chosen on a tenth of u1's training part, as the others are.
RNN4REC: dict[str, Any] = {"n_epochs": 13, "lr": 1e-4}
# Chosen on the newest tenth of what comes before the future.
RNN4REC_FUTURE: dict[str, Any] = {"n_epochs": 20, "lr": 1e-4}

# Who runs on which task of sequences.py. The first of each is ours, and the
# one that the others are compared with. The five folds are not parted in
# time, so there nobody predicts one step ahead.
SEQUENCES: dict[str, tuple[Contender, ...]] = {
    "folds": (
        Contender("recslib", "LSTMRating", LSTM, tuned=True, told="all"),
        Contender("recslib", "BothSides", LSTM, tuned=True, told="all"),
        OUR_MF,
        Contender("LibRecommender", "RNN4Rec"),
        Contender("LibRecommender", "RNN4Rec", RNN4REC, tuned=True),
    ),
    "future": (
        Contender("recslib", "LSTMRating ahead", LSTM, tuned=True),
        Contender("recslib", "FoldedIn ahead", tuned=True),
        Contender("recslib", "RunningBias ahead", tuned=True),
        Contender("recslib", "RunningBias ahead", {"keep": 0.9}, tuned=True),
        Contender("LibRecommender", "RNN4Rec"),
        Contender("LibRecommender", "RNN4Rec ahead"),
        Contender("LibRecommender", "RNN4Rec", RNN4REC_FUTURE, tuned=True),
        Contender(
            "LibRecommender", "RNN4Rec ahead", RNN4REC_FUTURE, tuned=True
        ),
    ),
}
