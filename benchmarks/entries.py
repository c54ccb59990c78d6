"""Who runs, at which settings.

Peers run at their defaults, and at settings that were chosen on a tenth of
u1's training part (tune.py repeats the search for the quick ones). fastai
has no default for the length of a fit, so usual settings stand in.
"""

from __future__ import annotations

from typing import Any

from contenders import Contender

ITEM_PEARSON = {"name": "pearson_baseline", "user_based": False}
FASTAI = {
    "n_factors": 50,
    "y_range": [0.5, 5.5],
    "n_epoch": 5,
    "lr_max": 5e-3,
    "wd": 0.1,
}

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
    Contender("fastai", "EmbeddingDotBias", {**FASTAI, "wd": 0.2}, tuned=True),
)

# The best on validation data; tune.py looks around it.
OURS: dict[str, Any] = {
    "n_factors": 128,
    "first_sd": 0.003,
    "learning_rate": 0.0175,
    "l2": 0.04,
    "weight_decay": 0.3,
    "momentum": 0.5,
    "n_epochs": 15,
    "batch_size": 4_096,
    "lookups": "index_select",
}

# The same model in less time, each chosen on validation data.
QUICKEST = {
    **OURS,
    "n_factors": 16,
    "first_sd": 0.1,
    "learning_rate": 0.02,
    "weight_decay": 0.6,
    "momentum": 0.6,
    "n_epochs": 5,
    "batch_size": 8_192,
}
QUICKER = (
    QUICKEST,
    {**QUICKEST, "n_epochs": 6},
    {
        **OURS,
        "n_factors": 32,
        "first_sd": 0.005,
        "learning_rate": 0.0135,
        "l2": 0.03,
        "weight_decay": 0.8,
        "momentum": 0.7,
        "n_epochs": 12,
        "batch_size": 8_192,
    },
    {
        **OURS,
        "n_factors": 32,
        "first_sd": 0.005,
        "learning_rate": 0.012,
        "momentum": 0.6,
        "n_epochs": 18,
    },
)

# No momentum and no weight decay.
PLAIN = {
    **OURS,
    "n_factors": 100,
    "first_sd": 0.005,
    "learning_rate": 0.02,
    "l2": 0.07,
    "weight_decay": 0.0,
    "momentum": 0.0,
    "n_epochs": 25,
}
# What chapter 1 ends with, through nn.Embedding.
CHAPTER = {
    **PLAIN,
    "n_factors": 200,
    "first_sd": 0.02,
    "learning_rate": 0.025,
    "l2": 0.08,
    "n_epochs": 16,
    "batch_size": 1_024,
    "lookups": "embedding",
}

CONTENDERS = (
    *PEERS,
    *(
        Contender("recslib", "MatrixFactorization", params, tuned=True)
        for params in (*QUICKER, OURS, PLAIN, CHAPTER)
    ),
)
