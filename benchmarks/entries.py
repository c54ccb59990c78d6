"""Who runs, at which settings.

Peers run at their defaults, and at settings that were chosen on a tenth of
u1's training part (tune.py repeats the search for the quick ones). fastai
has no default for the length of a fit, so its tutorial's settings stand in.
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

OURS: dict[str, Any] = {
    "n_factors": 128,
    "first_sd": 0.003,
    "learning_rate": 0.015,
    "l2": 0.04,
    "weight_decay": 0.4,
    "momentum": 0.0,
    "n_epochs": 35,
    "batch_size": 4_096,
    "lookups": "index_select",
}

CONTENDERS = PEERS
