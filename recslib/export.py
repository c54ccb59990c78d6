"""What a page needs to recommend without Python: models as JSON.

The build writes what these functions return beside the pages as scripts, and
``book/assets/recommend.js`` reads it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from recslib.baselines import damped_biases
from recslib.models import LSTMRating, MatrixFactorization
from recslib.ratings import Ratings

# Of int16; its negative is not used, so that 0 stays 0.
LARGEST = 32_767


def films_for_pages(
    model: MatrixFactorization,
    ratings: Ratings,
    *,
    l2: float,
    ridge: float,
    damping: float = 3.0,
    genres: Iterable[Iterable[str]] = (),
    map_like: Tensor | None = None,
) -> dict[str, Any]:
    """Pack a fitted model and its films, to fold people in on a page.

    Arrays are base64 of little-endian numbers, row by row. Factors are
    rounded to `rounded_factors`; the biases keep their float32.

    Parameters
    ----------
    model
        Fitted to these ratings.
    ratings
        For titles and counts, and for the damped biases that stand beside
        the model.
    l2, ridge
        What `recslib.recommend.fold_in` is charged.
    damping
        Of the damped biases.
    genres
        A list of genres for each film, or nothing.
    map_like
        As ``like`` in `map_places`.

    Returns
    -------
    dict
        ``json.dumps`` takes it.

    Raises
    ------
    ValueError
        When model, ratings and genres do not have the same films.
    """
    n_items, n_factors = model.item_factors.weight.shape
    genres = [list(names) for names in genres]
    if n_items != ratings.n_items or len(genres) not in (0, n_items):
        raise ValueError(
            f"the model has {n_items} films, the ratings {ratings.n_items} "
            f"and there are genres of {len(genres)}; give those of the same "
            f"films, or no genres."
        )
    factors = model.item_factors.weight.detach()
    whole, steps = rounded_factors(factors)
    counted = damped_biases(ratings, damping)
    counts = ratings.counts_by_item()
    places = map_places(factors, counts, like=map_like)
    return {
        "fingerprint": fingerprint(model),
        "n_factors": n_factors,
        "mean": model.mean,
        "scale": list(ratings.scale),
        "l2": l2,
        "ridge": ridge,
        "titles": list(ratings.titles),
        "counts": counts.tolist(),
        "genres": genres,
        "item_biases": _packed(model.item_biases.weight, "<f4"),
        "factors": _packed(whole, "<i2"),
        "factor_steps": _packed(steps, "<f4"),
        "baseline": {
            "mean": counted.mean,
            "item_biases": _packed(counted.item, "<f4"),
            "damping": damping,
        },
        "map": {
            "x": _packed(places[:, 0], "<f4"),
            "y": _packed(places[:, 1], "<f4"),
        },
    }


def lstm_for_pages(
    model: LSTMRating, factorization: MatrixFactorization, *, ridge: float
) -> dict[str, Any]:
    """Pack an LSTM that mends the folded-in model of `films_for_pages`.

    The films' factors do not travel again: those that the LSTM hears are
    the factorization's, times ``directions``.

    Parameters
    ----------
    model
        Fitted to what `recslib.recommend.fold_in_ahead` leaves.
    factorization
        What that folded people in to.
    ridge
        What it charged.

    Returns
    -------
    dict
        ``json.dumps`` takes it. ``of`` is the `fingerprint` of the
        factorization.

    Raises
    ------
    ValueError
        When the LSTM's factors are not directions of the factorization's.
    """
    factors = factorization.item_factors.weight.detach().double()
    heard = model.item_factors.weight[:-1].double()  # without the padding
    if len(heard) != len(factors):
        raise ValueError(
            f"the LSTM knows {len(heard)} films and the factorization "
            f"{len(factors)}; give the one whose factors it hears."
        )
    directions = torch.linalg.pinv(factors) @ heard  # (n_factors, F)
    apart = (factors @ directions - heard).abs().max().item()
    if apart > 1e-4:
        raise ValueError(
            f"the LSTM's factors are up to {apart:.2g} from any direction of "
            f"the factorization's; make them with main_directions."
        )
    lstm, taste = model.lstm, model.taste
    return {
        "of": fingerprint(factorization),
        "ridge": ridge,
        "n_heard": heard.shape[1],
        "n_hidden": lstm.hidden_size,
        "directions": _packed(directions, "<f4"),
        "input_weights": _packed(lstm.weight_ih_l0, "<f4"),
        "hidden_weights": _packed(lstm.weight_hh_l0, "<f4"),
        "biases": _packed(lstm.bias_ih_l0 + lstm.bias_hh_l0, "<f4"),
        "taste_weights": _packed(taste.weight, "<f4"),
        "taste_biases": _packed(taste.bias, "<f4"),
    }


def rounded_factors(factors: Tensor) -> tuple[Tensor, Tensor]:
    """Round factors to whole steps, one size of step a column.

    Parameters
    ----------
    factors
        (n_items, n_factors).

    Returns
    -------
    tuple of Tensor
        (n_items, n_factors) int16 and (n_factors,) float32; their product is
        never more than half a step from the factors.
    """
    steps = factors.detach().abs().amax(dim=0) / LARGEST
    steps = torch.where(steps > 0, steps, 1.0)
    return (factors.detach() / steps).round().to(torch.int16), steps


def fingerprint(model: MatrixFactorization) -> str:
    """Tell two fitted models apart by what people are folded in to.

    Returns
    -------
    str
        Sixteen hexadecimal digits of a SHA-256 over item factors and biases.
    """
    tables = model.item_factors.weight, model.item_biases.weight
    digest = hashlib.sha256()
    for table in tables:
        digest.update(_bytes(table, "<f4"))
    return digest.hexdigest()[:16]


def map_places(
    factors: Tensor,
    counts: Tensor,
    n_often: int = 150,
    *,
    like: Tensor | None = None,
) -> Tensor:
    """Place all films on the map whose axes the popular ones span.

    The axes are the first two principal components of the most rated films'
    factors. Which way an axis points is chance.

    Parameters
    ----------
    factors
        (n_items, n_factors), at least two of each.
    counts
        (n_items,) ratings of each film.
    n_often
        How many films span the map.
    like
        (n_often, 2) where another map has these films, the most rated first:
        both axes then point the same way as there. None lets the most rated
        film of all have no negative place.

    Returns
    -------
    Tensor
        (n_items, 2).
    """
    often = counts.argsort(descending=True, stable=True)[:n_often]
    centred = factors - factors[often].mean(dim=0)
    _, _, directions = torch.linalg.svd(centred[often], full_matrices=False)
    places = centred @ directions[:2].T
    if like is None:
        return places * places[often[0]].sign()
    return places * (places[often] * like).sum(dim=0).sign()


def _bytes(values: Tensor, kind: str) -> bytes:
    return np.ascontiguousarray(values.detach().numpy().astype(kind)).tobytes()


def _packed(values: Tensor, kind: str) -> str:
    return base64.b64encode(_bytes(values, kind)).decode("ascii")
