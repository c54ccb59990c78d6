"""Lists for anybody: a person of the data, a stranger, everybody.

One call each, with any model that was fitted or loaded. A model of stars
ranks items by the stars that it predicts, a model of lists by its scores.
What somebody has rated is not listed again.

Models are told apart by their class, by one that theirs is derived from, or
by the name of either: a copy of a class in a notebook is asked like the
book's. A class of another name that has tables of factors and biases is asked
for users and items.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from recslib import recommend, sampling
from recslib.arguments import (
    check_batch_size,
    check_count,
    check_kind,
    check_number,
)
from recslib.evaluation import best_items
from recslib.features import SideFeatures
from recslib.lists import LIKED, hear, hear_person, popularity
from recslib.models import MatrixFactorization, check_tables
from recslib.progress import progress_bar
from recslib.ratings import Ratings, RatingsError
from recslib.training import predict

# An LSTM of lists hears the last of a history, as many as chapter 4 fits to.
N_STEPS = 20
# So many scores of single steps are held at once.
N_AT_ONCE = 30_000_000

HEARS_TABLES = ("ListAutoencoder", "LinearLists")

# From (B,) users, and the ratings of these alone, to (B, n_items) scores.
Scorer = Callable[[Tensor, Ratings], Tensor]


def for_user(
    model: nn.Module,
    ratings: Ratings,
    user_id: Hashable,
    n: int = 10,
    *,
    features: SideFeatures | None = None,
    liked: float = LIKED,
    base: MatrixFactorization | None = None,
    base_ridge: float = 5.0,
) -> pd.DataFrame:
    """List items for a person of the data.

    Parameters
    ----------
    model
        Fitted to these ratings.
    ratings
        What everybody has rated. That of the person is not listed again, and
        a model of lists hears it.
    user_id
        The data set's id.
    n
        Length of the list; shorter where few items are left.
    features
        For a model that was fitted with them.
    liked
        From so many stars on, for a model of lists.
    base, base_ridge
        For a `recslib.models.LSTMRating`: the factorization that folds people
        in, and what it charges, as in `recslib.recommend.fold_in_ahead`.

    Returns
    -------
    DataFrame
        A row a place: ``user`` (id), ``place`` (from 1), ``item_id``,
        ``title``, ``score``; no row for who has seen everything.

    Raises
    ------
    RatingsError
        When there is no such user, or the ratings hold none at all.
    ValueError
        When n is below 1, the model has other users or items, needs features
        that are not given, or is of a kind that cannot be asked so.
    """
    mends = _Base(base, base_ridge)
    _check_asked(model, ratings, n, liked, mends)
    _check_rated(ratings)
    user = torch.tensor([ratings.user_index(user_id)])
    scorer = _scorer(model, ratings, features, liked, mends)
    part = ratings.select(ratings.users == user)
    best = _best(scorer, user, part, n)
    return _frame(*best, ratings.user_ids[user.numpy()], ratings)


def for_all(
    model: nn.Module,
    ratings: Ratings,
    n: int = 10,
    *,
    features: SideFeatures | None = None,
    liked: float = LIKED,
    base: MatrixFactorization | None = None,
    base_ridge: float = 5.0,
    batch_size: int = 256,
) -> pd.DataFrame:
    """List items for everybody of the data.

    Some people at a time: the table of all scores is never there. For a CSV
    file write ``for_all(...).to_csv("lists.csv", index=False)``.

    Parameters
    ----------
    model, ratings, n, features, liked, base, base_ridge
        As in `for_user`.
    batch_size
        People at a time; changes speed and memory, not the lists.

    Returns
    -------
    DataFrame
        As `for_user`, people in the order of their row indexes.

    Raises
    ------
    RatingsError, ValueError
        As in `for_user`, and for a ``batch_size`` below 1.
    """
    check_batch_size(batch_size)
    mends = _Base(base, base_ridge)
    _check_asked(model, ratings, n, liked, mends)
    _check_rated(ratings)
    scorer = _scorer(model, ratings, features, liked, mends)
    order = ratings.users.argsort(stable=True)
    ends = [0, *ratings.counts_by_user().cumsum(0).tolist()]
    starts = range(0, ratings.n_users, batch_size)
    # Made at once: small tables that stay, between large ones that come and
    # go, would leave holes in the memory.
    n_kept = min(n, ratings.n_items)
    items = torch.full((ratings.n_users, n_kept), -1)
    scores = torch.zeros(ratings.n_users, n_kept)
    for start in progress_bar(starts, description="lists", unit="batch"):
        stop = min(start + batch_size, ratings.n_users)
        part = ratings.select(order[ends[start] : ends[stop]])
        users = torch.arange(start, stop)
        best = _best(scorer, users, part, n)
        items[start:stop], scores[start:stop] = best
    return _frame(items, scores, ratings.user_ids, ratings)


def for_stranger(
    model: nn.Module,
    ratings: Ratings,
    stars: Mapping[Hashable, float],
    n: int = 10,
    *,
    l2: float = 0.04,
    ridge: float = 3.0,
    features: Tensor | None = None,
    liked: float = LIKED,
    base: MatrixFactorization | None = None,
    base_ridge: float = 5.0,
    name: str | int = "stranger",
) -> pd.DataFrame:
    """List items for somebody nobody trained on.

    Parameters
    ----------
    model
        Fitted to items of these ratings.
    ratings
        For ids, titles and the scale; they may hold no rating.
    stars
        From an item's title or id to stars, in the order in which they were
        given. Empty for who has rated nothing yet.
    n
        As in `for_user`.
    l2, ridge
        What `recslib.recommend.fold_in` charges, with a model of users and
        items: what the model was fitted with.
    features
        The row of the person's features, for a sampler that was told them.
    liked, base, base_ridge
        As in `for_user`.
    name
        What stands in the column ``user``.

    Returns
    -------
    DataFrame
        As `for_user`.

    Raises
    ------
    RatingsError
        As in `recslib.recommend.rated_items`.
    ValueError
        When n is below 1, the model has other items, or is of a kind that
        has rows for people of the data alone; when the name is neither text
        nor whole number.
    """
    mends = _Base(base, base_ridge)
    _check_asked(model, ratings, n, liked, mends)
    check_kind(stars, Mapping, "stars")
    if not isinstance(name, str | int | np.integer):
        raise ValueError(f"name is {name!r}; give a text, or a whole number.")
    items, given = torch.zeros(0, dtype=torch.int64), torch.zeros(0)
    if stars:
        items, given = recommend.rated_items(stars, ratings)
    how = {
        "l2": l2,
        "ridge": ridge,
        "features": features,
        "liked": liked,
        "mends": mends,
    }
    scores = _scores_of_stranger(model, ratings, items, given, **how)
    seen = torch.zeros(1, ratings.n_items, dtype=torch.bool)
    seen[0, items] = True
    best = _unseen(scores[None], seen, n)
    return _frame(*best, np.array([name]), ratings)


# How each model is asked -----------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Base:
    """What folds people in for an LSTM that mends its stars."""

    model: MatrixFactorization | None
    ridge: float


def _called(model: nn.Module) -> str:
    """Return the class of the book that a model is asked like.

    Empty for what is asked for users and items.
    """
    known = {
        *HEARS_TABLES,
        "LSTMRating",
        "BothSides",
        "ListLSTM",
        "ListFactorization",
        "SampledFactorization",
    }
    names = [each.__name__ for each in type(model).__mro__]
    called = next((name for name in names if name in known), "")
    if called == "BothSides":
        raise ValueError(
            f"{names[0]} hears what came after a rating, and nothing has come "
            f"after one that is still to be given. Take an LSTMRating."
        )
    if not called:
        check_tables(model, "a list is made from the rows of")
    return called


def _check_asked(
    model: nn.Module, ratings: Ratings, n: int, liked: float, mends: _Base
) -> None:
    """Refuse what no list can be made of."""
    check_kind(model, nn.Module, "model")
    check_kind(ratings, Ratings, "ratings")
    check_count(n, "n")
    check_number(liked, "liked")
    if mends.model is not None:
        check_kind(mends.model, nn.Module, "base")
    check_number(mends.ridge, "base_ridge", above=0)


def _check_rated(ratings: Ratings) -> None:
    """See that it is known what people have rated."""
    if len(ratings) == 0:
        raise RatingsError(
            "the ratings hold ids and titles alone, so what people know "
            "already cannot be left out. Give the ratings that the model was "
            "fitted to, or list for a stranger."
        )


def _scorer(
    model: nn.Module,
    ratings: Ratings,
    features: SideFeatures | None,
    liked: float,
    mends: _Base,
) -> Scorer:
    """Return what scores all items for some people of the data."""
    called = _called(model)
    _check_items(model, called, ratings)
    model.eval()
    if called in HEARS_TABLES:

        def score(users: Tensor, part: Ratings) -> Tensor:
            heard = hear(part, users, liked=liked)
            return model(heard.liked, heard.disliked)

        return score
    if called == "ListLSTM":
        popular = popularity(ratings, liked=liked)
        return lambda users, part: _listened(
            model, _histories(part, users), popular, liked
        )
    if called == "LSTMRating":
        return lambda users, part: torch.stack(
            [
                _mended(model, mends, ratings, *history)
                for history in _histories(part, users)
            ]
        )
    if called == "SampledFactorization":
        _check_users(len(model.users), ratings)
        return lambda users, part: _of_samples(model, users)
    _check_users(len(model.user_factors.weight), ratings)
    if called == "ListFactorization":
        return lambda users, part: model(users)
    if recommend.hears_features(model):
        return _scorer_with(model, features)
    if recommend.is_dot_product(model):
        return lambda users, part: _of_tables(model, users)
    return lambda users, part: recommend.score_users(model, users)


def _check_users(n_users: int, ratings: Ratings) -> None:
    if n_users != ratings.n_users:
        raise ValueError(
            f"the model has {n_users:,} users, the ratings "
            f"{ratings.n_users:,}; give those that it was fitted to."
        )


def _check_items(model: nn.Module, called: str, ratings: Ratings) -> None:
    if called == "LinearLists":
        n_items = model.weights.shape[1]
    elif called in ("ListAutoencoder", "ListLSTM"):
        n_items = model.output.out_features
    elif called == "SampledFactorization":
        n_items = len(model.items)
    else:
        n_items = len(model.item_factors.weight) - (called == "LSTMRating")
    if n_items != ratings.n_items:
        raise ValueError(
            f"the model has {n_items:,} items, the ratings "
            f"{ratings.n_items:,}; give those that it was fitted to."
        )


def _scores_of_stranger(
    model: nn.Module,
    ratings: Ratings,
    items: Tensor,
    stars: Tensor,
    *,
    l2: float,
    ridge: float,
    features: Tensor | None,
    liked: float,
    mends: _Base,
) -> Tensor:
    """Score all items for who rated these: (n_items,)."""
    called = _called(model)
    _check_items(model, called, ratings)
    if called == "ListFactorization":
        raise ValueError(
            f"{type(model).__name__} has rows for people of the data alone, "
            f"and none for a stranger. Take a model that hears ratings: a "
            f"ListAutoencoder, LinearLists or a MatrixFactorization."
        )
    if called == "":
        return _folded_in(model, items, stars, l2, ridge)
    with torch.no_grad():
        if called in HEARS_TABLES:
            heard = hear_person(items, stars, ratings.n_items, liked=liked)
            return model.eval()(heard.liked, heard.disliked)[0]
        if called == "ListLSTM":
            popular = popularity(ratings, liked=liked)
            return _listened(model, [(items, stars)], popular, liked)[0]
        if called == "LSTMRating":
            return _mended(model, mends, ratings, items, stars)
        person = sampling.fold_in(model, items, stars, features)
        return sampling.score_items(model, person)[0]


def _scorer_with(model: nn.Module, features: SideFeatures | None) -> Scorer:
    """Return what scores all items with what is known of both sides."""
    if features is None:
        raise ValueError(
            f"{type(model).__name__} was fitted with features of users and "
            f"items; give them: features=."
        )
    check_kind(features, SideFeatures, "features")

    def score(users: Tensor, part: Ratings) -> Tensor:
        items = torch.arange(part.n_items)
        # A person at a time: a row of features stands for each item.
        rows = []
        for user in users:
            pair = user.expand_as(items), items
            rows.append(predict(model, (*pair, features.of(*pair))))
        return torch.stack(rows)

    return score


def _of_tables(model: nn.Module, users: Tensor) -> Tensor:
    """Score by mean, biases and dot product, all items at once."""
    products = model.user_factors(users) @ model.item_factors.weight.T
    biases = model.user_biases(users) + model.item_biases.weight.T
    return model.mean + biases + products


def _of_samples(model: sampling.SampledFactorization, users: Tensor) -> Tensor:
    """Score by the mean of all samples: one dot product of long rows."""
    of_users, of_items = model.users[users], model.items
    products = of_users[..., 1:].flatten(1) @ of_items[..., 1:].flatten(1).T
    biases = of_users[..., 0].sum(dim=1)[:, None] + of_items[..., 0].sum(dim=1)
    return model.mean + model.sd * (biases + products) / of_users.shape[1]


def _folded_in(
    model: nn.Module, items: Tensor, stars: Tensor, l2: float, ridge: float
) -> Tensor:
    """Score all items for somebody who takes a row: (n_items,) stars."""
    n_factors = model.user_factors.weight.shape[1]
    person = recommend.Person(torch.zeros(n_factors), 0.0)
    if len(items):
        person = recommend.fold_in(model, items, stars, l2=l2, ridge=ridge)
    return recommend.score_items(model, person)


def _histories(part: Ratings, users: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Give each person's items and stars, in the order of time."""
    order = torch.arange(len(part))
    if part.timestamps is not None:
        order = part.timestamps.argsort(stable=True)
    order = order[part.users[order].argsort(stable=True)]
    counts = part.counts_by_user()[users].tolist()
    # Users are in order, and nobody else has rated here.
    return [
        (part.items[rows], part.ratings[rows]) for rows in order.split(counts)
    ]


def _listened(
    model: nn.Module,
    histories: list[tuple[Tensor, Tensor]],
    popular: Tensor,
    liked: float,
) -> Tensor:
    """Score all items after the last of each history: (B, n_items).

    Who has told nothing is given what is popular.
    """
    n_items, scores = len(popular), []
    people = max(1, N_AT_ONCE // (N_STEPS * n_items))
    for start in range(0, len(histories), people):
        some = histories[start : start + people]
        items = torch.full((len(some), N_STEPS), n_items)
        tells = torch.zeros(len(some), N_STEPS)
        last = torch.tensor([min(len(rows), N_STEPS) - 1 for rows, _ in some])
        for place, (rows, stars) in enumerate(some):
            items[place, : last[place] + 1] = rows[-N_STEPS:]
            likes = (stars[-N_STEPS:] >= liked).float()
            tells[place, : last[place] + 1] = likes
        steps = model.eval()(items, tells)
        told = steps[torch.arange(len(some)), last]
        scores.append(torch.where((last < 0)[:, None], popular, told))
    return torch.cat(scores)


def _mended(
    model: nn.Module,
    mends: _Base,
    ratings: Ratings,
    items: Tensor,
    stars: Tensor,
) -> Tensor:
    """Score all items after a history that an LSTM hears: (n_items,) stars."""
    base, ridge = mends.model, mends.ridge
    if base is None or not recommend.is_dot_product(base):
        raise ValueError(
            f"{type(model).__name__} mends the stars of a factorization that "
            f"folds people in, mean + biases + dot product; give it: base=."
        )
    own = replace(
        ratings,
        users=torch.zeros_like(items),
        items=items,
        ratings=stars,
        timestamps=torch.arange(len(items)),
        user_ids=ratings.user_ids[:1],
    )
    surprises = stars - recommend.fold_in_ahead(base, own, ridge=ridge)
    past = torch.cat([torch.tensor([ratings.n_items]), items])
    heard = torch.cat([torch.zeros(1), surprises])
    tastes, _ = model.eval().listen(past[None], heard[None])
    taste = tastes[0, -1]  # (F + 1,)
    folded = _folded_in(base, items, stars, 0.0, ridge)
    factors = model.item_factors.weight[:-1]  # without the padding
    return folded + taste[-1] + factors @ taste[:-1]


# From scores to a table ------------------------------------------------------


def _best(
    scorer: Scorer, users: Tensor, part: Ratings, n: int
) -> tuple[Tensor, Tensor]:
    """Find the best items of some people, whose ratings the part holds."""
    with torch.no_grad():
        scores = scorer(users, part)
    seen = torch.zeros(len(users), part.n_items, dtype=torch.bool)
    seen[part.users - users[0], part.items] = True
    return _unseen(scores, seen, n)


def _unseen(scores: Tensor, seen: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Find the best of each row: items, -1 where none is left, and scores."""
    items = best_items(scores, seen, n)
    return items, scores.gather(1, items.clamp_min(0))


def _frame(
    items: Tensor, scores: Tensor, names: np.ndarray, ratings: Ratings
) -> pd.DataFrame:
    """Write lists out, a row a place: items and scores (B, n), names (B,)."""
    people, places = (items >= 0).nonzero(as_tuple=True)
    chosen = items[people, places].numpy()
    return pd.DataFrame(
        {
            "user": names[people.numpy()],
            "place": places.numpy() + 1,
            "item_id": ratings.item_ids[chosen],
            "title": [ratings.titles[item] for item in chosen.tolist()],
            "score": scores[people, places].numpy(),
        }
    )
