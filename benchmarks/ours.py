"""Settings of our matrix factorization, each the best of a longer search.

tune.py looks around them once more, with as many tries as everybody has.
"""

from __future__ import annotations

from typing import Any

# The one of chapter 1.
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
