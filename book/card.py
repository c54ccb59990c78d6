"""The picture that a link to the book is shown with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl

from recslib import ladders

mpl.use("agg")  # a file is drawn, which needs no screen


def write(path: Path, values: Mapping[str, float]) -> None:
    """Draw the card into a file.

    Parameters
    ----------
    path
        Where it goes, a PNG.
    values
        What chapter 1 glues: RMSE in stars by name.
    """
    card = ladders.social_card(
        "PyTorch for Recommenders 101",
        "Is it better than guessing?",
        {
            "always the mean": values["mean_rmse"],
            "damped biases": values["bias_rmse"],
            "this book, chapter 1": values["rmse"],
        },
    )
    card.savefig(path)
