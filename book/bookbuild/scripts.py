"""What the scripts of the pages need of the models, computed for the build.

It takes six fits that no reader of a notebook needs, so no notebook makes it.
A script, since a page that is opened from a folder may not fetch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from bookbuild import places
from bookbuild.files import write_all
from recslib import export, lists, movielens, recommend, splits
from recslib.models import ListAutoencoder, main_directions
from recslib.ratings import Ratings
from recslib.recipes import (
    N_EPOCHS,
    N_LSTM_EPOCHS,
    fit_factorization,
    fit_lstm,
)

# What `fit_factorization` charges, and people who are folded in with it.
CHARGE = {"l2": 0.04, "ridge": 3.0}
# The LSTM hears what folding in leaves; its own charge, chosen for that.
RIDGE_AHEAD = 5.0
# One network more or less moves a list; the mean of some moves less.
N_NETWORKS = 3


def chapters_map(seed: int = 0) -> Tensor:
    """Return where chapter 1's figure puts the most rated films: (150, 2)."""
    ratings = movielens.load("100k").ratings
    last = splits.published_folds(ratings)[-1]
    model = fit_factorization(
        last.train, seed=seed, n_epochs=N_EPOCHS, **CHARGE
    )
    counts = ratings.counts_by_item()
    places_there = export.map_places(model.item_factors.weight, counts)
    often = counts.argsort(descending=True, stable=True)[:150]
    return places_there[often].detach()


def list_network(ratings: Ratings, seed: int = 0) -> ListAutoencoder:
    """Fit what ranks films on the pages: the mean of some networks."""
    heard = lists.hear(ratings)
    return lists.averaged(
        [
            lists.fit_list_autoencoder(heard, seed=each)
            for each in range(seed, seed + N_NETWORKS)
        ]
    )


def exports(seed: int = 0) -> dict[str, dict[str, Any]]:
    """Fit what the pages use to all ratings, and pack it.

    Returns
    -------
    dict
        Name of what a page reads, such as ``films``, to its contents.
    """
    data = movielens.load("100k")
    ratings = data.ratings
    model = fit_factorization(ratings, seed=seed, n_epochs=N_EPOCHS, **CHARGE)
    films = export.films_for_pages(
        model,
        ratings,
        **CHARGE,
        genres=data.films["genres"],
        map_like=chapters_map(seed),
    )
    listener = fit_lstm(
        ratings,
        recommend.fold_in_ahead(model, ratings, ridge=RIDGE_AHEAD, seed=seed),
        main_directions(model.item_factors.weight, 16),
        n_epochs=N_LSTM_EPOCHS,
        seed=seed,
    )
    lstm = export.lstm_for_pages(listener, model, ridge=RIDGE_AHEAD)
    network = export.network_for_pages(list_network(ratings, seed), ratings)
    return {"films": films, "lstm": lstm, "network": network}


def as_script(name: str, contents: Mapping[str, Any]) -> str:
    """Return a script that sets ``window.recslibName``."""
    text = json.dumps(contents, ensure_ascii=False, separators=(",", ":"))
    return f"window.recslib{name.capitalize()} = {text};\n"


def write_scripts() -> None:
    """Compute the scripts' data, and write it under _build."""
    places.SCRIPTS.mkdir(parents=True, exist_ok=True)
    write_all(
        {
            places.SCRIPTS / f"{name}.js": as_script(name, contents)
            for name, contents in exports().items()
        }
    )
