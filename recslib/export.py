"""What a page needs to recommend without Python: models as JSON.

The build writes what these functions return beside the pages as scripts, and
``book/assets/recommend.js`` reads it.
"""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from recslib.arguments import (
    check_count,
    check_finite,
    check_finite_model,
    check_kind,
    check_number,
    check_same_length,
    check_some,
    check_tensor,
)
from recslib.baselines import damped_biases
from recslib.lists import LIKED
from recslib.models import (
    ListAutoencoder,
    LSTMRating,
    MatrixFactorization,
    check_tables,
)
from recslib.ratings import Ratings


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
    rounded by `in_steps` to int16; the biases keep their float32.

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
        When model, ratings and genres do not have the same films, or a weight
        or a number is not finite: JSON has no NaN.
    """
    check_tables(model, "a page folds people in by")
    check_finite_model(model)
    check_kind(ratings, Ratings, "ratings")
    for name, value in {"l2": l2, "ridge": ridge, "damping": damping}.items():
        check_number(value, name, least=0)
    n_items, n_factors = model.item_factors.weight.shape
    try:
        genres = [list(names) for names in genres]
    except TypeError as error:
        raise ValueError(
            f"genres are no lists ({error}); give a list of words for each "
            f"film, [] where it has none, or leave genres out."
        ) from error
    if n_items != ratings.n_items or len(genres) not in (0, n_items):
        raise ValueError(
            f"the model has {n_items} films, the ratings {ratings.n_items} "
            f"and there are genres of {len(genres)}; give those of the same "
            f"films, or no genres."
        )
    factors = model.item_factors.weight.detach()
    whole, steps = in_steps(factors, torch.int16)
    counted = damped_biases(ratings, damping)
    counts = ratings.counts_by_item()
    places = map_places(factors, counts, like=map_like)
    return {
        "fingerprint": fingerprint(model),
        "titles_fingerprint": titles_fingerprint(ratings.titles),
        "n_factors": n_factors,
        "mean": float(model.mean),
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
        When the LSTM's factors are not directions of the factorization's, or
        a weight or a number is not finite.
    """
    check_tables(model, "a page hears by", ("item_factors", "lstm", "taste"))
    check_tables(factorization, "a page folds people in by")
    check_finite_model(model)
    check_finite_model(factorization)
    check_number(ridge, "ridge", least=0)
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


def network_for_pages(
    model: ListAutoencoder, ratings: Ratings, *, liked: float = LIKED
) -> dict[str, Any]:
    """Pack a network that ranks the films of `films_for_pages`.

    Both tables of weights travel film by film as int8, rounded as in
    `rounded_network`; the biases keep their float32.

    Parameters
    ----------
    model
        Fitted to these ratings.
    ratings
        For titles.
    liked
        From so many stars on, a film was liked when the model was fitted.

    Returns
    -------
    dict
        ``json.dumps`` takes it. ``of`` is the `titles_fingerprint` of the
        films that are ranked: the network needs nothing else of theirs.

    Raises
    ------
    ValueError
        When model and ratings do not have the same films, or a weight or a
        number is not finite.
    """
    check_tables(model, "a page ranks by", ("hidden", "output"))
    check_finite_model(model)
    check_kind(ratings, Ratings, "ratings")
    check_number(liked, "liked")
    n_items, n_hidden = model.output.weight.shape
    if n_items != ratings.n_items:
        raise ValueError(
            f"the network ranks {n_items} films and the ratings have "
            f"{ratings.n_items}; give those that it was fitted to."
        )
    heard, heard_steps = in_steps(model.hidden.weight.T, torch.int8)
    told, told_steps = in_steps(model.output.weight.T, torch.int8)
    return {
        "of": titles_fingerprint(ratings.titles),
        "liked": liked,
        "n_hidden": n_hidden,
        "heard_weights": _packed(heard, "i1"),
        "heard_steps": _packed(heard_steps, "<f4"),
        "hidden_biases": _packed(model.hidden.bias, "<f4"),
        "told_weights": _packed(told.T, "i1"),
        "told_steps": _packed(told_steps, "<f4"),
        "told_biases": _packed(model.output.bias, "<f4"),
    }


def rounded_network(model: ListAutoencoder) -> ListAutoencoder:
    """Round a network's weights as they are when they travel to a page.

    What is heard has one size of step a hidden number, and what is told has
    one a film: of two ways to round the latter, the one that leaves more
    films at their places.

    Parameters
    ----------
    model
        Fitted; it stays as it is.

    Returns
    -------
    ListAutoencoder
        Another one, in eval mode.

    Raises
    ------
    ValueError
        When the model has no layers ``hidden`` and ``output``, or a weight is
        not finite.
    """
    check_tables(model, "a page ranks by", ("hidden", "output"))
    rounded = copy.deepcopy(model)
    with torch.no_grad():
        for layer in (rounded.hidden, rounded.output):
            whole, steps = in_steps(layer.weight.T, torch.int8)
            layer.weight.copy_((whole * steps).T)
    return rounded.eval()


def in_steps(table: Tensor, kind: torch.dtype) -> tuple[Tensor, Tensor]:
    """Round a table to whole steps, one size of step a column.

    Parameters
    ----------
    table
        (R, C).
    kind
        Signed integers, such as ``torch.int16``. Their lowest is not used,
        so that 0 stays 0.

    Returns
    -------
    tuple of Tensor
        (R, C) of that kind and (C,) float32; their product is never more
        than half a step from the table.

    Raises
    ------
    ValueError
        When a number is not finite, when there is none, and for numbers that
        are not whole, or have no sign.
    """
    check_kind(kind, torch.dtype, "kind")
    if kind.is_floating_point or not kind.is_signed:
        raise ValueError(f"kind is {kind}; give a signed one, torch.int16.")
    check_some(table, "rows of the table")
    check_finite(table, "numbers of the table")
    steps = table.detach().abs().amax(dim=0) / torch.iinfo(kind).max
    steps = torch.where(steps > 0, steps, 1.0)
    return (table.detach() / steps).round().to(kind), steps


def fingerprint(model: MatrixFactorization) -> str:
    """Tell two fitted models apart by what people are folded in to.

    Returns
    -------
    str
        Sixteen hexadecimal digits of a SHA-256 over item factors and biases.

    Raises
    ------
    ValueError
        When the model lacks a table.
    """
    check_tables(model, "a model is told apart by")
    tables = model.item_factors.weight, model.item_biases.weight
    return _digest(_bytes(table, "<f4") for table in tables)


def titles_fingerprint(titles: Iterable[str]) -> str:
    """Tell films that stand in another order, or others, apart by titles.

    Returns
    -------
    str
        Sixteen hexadecimal digits of a SHA-256 over the titles, one a line.

    Raises
    ------
    ValueError
        When titles are one text, or no collection of them.
    """
    if isinstance(titles, str):
        raise ValueError(f"titles are {titles!r}; give a list of texts.")
    check_kind(titles, Iterable, "titles")
    return _digest(f"{title}\n".encode() for title in titles)


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
        (n_items, n_factors). One film alone, or one factor, leaves the axes
        that nothing spans at 0.
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

    Raises
    ------
    ValueError
        When there are no films, other counts than films, no film that spans
        the map, a factor or a count that is not finite, or another shape.
    """
    check_count(n_often, "n_often")
    check_same_length(factors=factors, counts=counts)
    check_some(factors, "factors of films to place")
    check_finite(factors, "factors")
    check_finite(counts, "counts")
    if factors.ndim != 2 or not factors.is_floating_point():
        raise ValueError(
            f"factors are {factors.dtype} of shape {tuple(factors.shape)}; "
            f"give fractions of shape (n_items, n_factors)."
        )
    wanted = (min(n_often, len(factors)), 2)
    if like is not None:
        check_tensor(like, "places of like")
        if like.shape != wanted:
            raise ValueError(
                f"like has the shape {tuple(like.shape)}; give {wanted}, two "
                f"numbers for each of the most rated films."
            )
    often = counts.argsort(descending=True, stable=True)[:n_often]
    centred = factors - factors[often].mean(dim=0)
    _, _, directions = torch.linalg.svd(centred[often], full_matrices=False)
    places = centred @ directions[:2].T
    if places.shape[1] < 2:
        places = pad(places, (0, 2 - places.shape[1]))
    if like is None:
        return places * places[often[0]].sign()
    return places * (places[often] * like).sum(dim=0).sign()


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]


def _bytes(values: Tensor, kind: str) -> bytes:
    return np.ascontiguousarray(values.detach().numpy().astype(kind)).tobytes()


def _packed(values: Tensor, kind: str) -> str:
    return base64.b64encode(_bytes(values, kind)).decode("ascii")
