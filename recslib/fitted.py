"""Models for ratings of your own: fitted with chosen settings, and asked.

The sampler predicts ratings. Lists are made by EASE, by iALS where there are
many items, or by what most people liked.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from recslib import lists, recommend, sampling, serve
from recslib.arguments import check_rows
from recslib.models import LinearLists, ListFactorization
from recslib.overview import Liked
from recslib.ratings import Ratings
from recslib.saving import Saved
from recslib.verdicts import N_PLACES

N_SWEEPS_TO_CHOOSE = 40
# With more people and items than these, fewer samples and factors are kept,
# or they fill the memory; so many ratings are predicted at once.
MANY_ROWS, MOST_FACTORS, MOST_FACTORS_OF_MANY = 100_000, 20, 10
N_AT_ONCE = 50_000
# Lists need tables of people by items; where they had more cells, items that
# few liked are left out of lists. So many of them stay in any case.
MOST_CELLS, FEWEST_ITEMS = 100_000_000, 200


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model that was fitted to all ratings, ready to be saved.

    `recslib.saving.save` takes its three parts, and what
    `recslib.saving.load` gives back has them too.

    Parameters
    ----------
    model
        In eval mode.
    ratings
        What it was fitted to.
    settings
        ``kind`` and what it was fitted with: all that JSON can hold.
    """

    model: nn.Module
    ratings: Ratings
    settings: dict[str, Any]


# The model of ratings --------------------------------------------------------


def on_logarithms(ratings: Ratings) -> Ratings:
    """Take log(1 + amount) of amounts such as hours, and of their scale.

    Parameters
    ----------
    ratings
        All 0 or more.

    Raises
    ------
    ValueError
        When an amount is negative.
    """
    if (ratings.ratings < 0).any():
        raise ValueError(
            f"the lowest amount is {ratings.ratings.min().item():g}; give "
            f"amounts of 0 or more, which have a logarithm of 1 + amount."
        )
    low, high = np.log1p(ratings.scale).tolist()
    logs = ratings.ratings.log1p()
    # Rounded to 32 bits, the largest may lie a little above.
    high = max(high, logs.max().item() if len(logs) else high)
    return replace(ratings, ratings=logs, scale=(low, high))


def _is_large(ratings: Ratings) -> bool:
    return ratings.n_users + ratings.n_items > MANY_ROWS


def most_factors(ratings: Ratings) -> int:
    """Say how many factors a sampler of these ratings may have at most."""
    return MOST_FACTORS_OF_MANY if _is_large(ratings) else MOST_FACTORS


def fit_sampler(
    ratings: Ratings, n_factors: int, seed: int = 0
) -> sampling.SampledFactorization:
    """Fit the sampler, with as many sweeps as the memory has room for.

    Parameters
    ----------
    ratings
        N ratings; of amounts, their logarithms.
    n_factors, seed
        As in `recslib.sampling.sample_factorization`.
    """
    return sampling.sample_factorization(
        ratings,
        n_factors,
        n_sweeps=N_SWEEPS_TO_CHOOSE if _is_large(ratings) else None,
        seed=seed,
    )


def predicted(model: nn.Module, ratings: Ratings) -> Tensor:
    """Predict ratings some at a time, for each one asks all samples: (N,)."""
    pairs = zip(
        ratings.users.split(N_AT_ONCE),
        ratings.items.split(N_AT_ONCE),
        strict=True,
    )
    with torch.no_grad():
        return torch.cat([model(users, items) for users, items in pairs])


# The model of lists ----------------------------------------------------------


def items_to_list(ratings: Ratings, liked: Liked) -> Tensor:
    """Say which items lists are made of: all, or those that most like.

    Where people by items have more cells than a table may hold, the items
    with the fewest likes are left out.

    Returns
    -------
    Tensor
        (K,) int64 row indexes, in order.
    """
    most = max(MOST_CELLS // max(ratings.n_users, 1), FEWEST_ITEMS)
    if ratings.n_items <= most:
        return torch.arange(ratings.n_items)
    likes = lists.popularity(ratings, liked=liked.least)
    return likes.argsort(descending=True, stable=True)[:most].sort().values


def only_items(ratings: Ratings, kept: Tensor) -> Ratings:
    """Take the ratings of some items, which are numbered anew.

    Parameters
    ----------
    ratings
        N ratings.
    kept
        (K,) int64 row indexes of items, in order.

    Raises
    ------
    RowError
        When something is no row index of an item.
    """
    check_rows(kept, ratings.n_items, "item")
    if len(kept) == ratings.n_items:
        return ratings
    places = torch.full((ratings.n_items,), -1)
    places[kept] = torch.arange(len(kept))
    rows = ratings.select(places[ratings.items] >= 0)
    return replace(
        rows,
        items=places[rows.items],
        item_ids=ratings.item_ids[kept.numpy()],
        titles=tuple(ratings.titles[item] for item in kept.tolist()),
    )


def fit_lists(
    train: Ratings, liked: Liked, settings: Mapping[str, Any], seed: int = 0
) -> nn.Module:
    """Fit a model of lists with settings that were chosen.

    Parameters
    ----------
    train
        N ratings.
    liked
        What counts as a like.
    settings
        ``kind`` is ``"EASE"``, with ``l2``; ``"iALS"``, with ``n_factors``,
        ``unseen`` and ``l2``; or ``"most liked"``.
    seed
        Of the first weights.

    Returns
    -------
    Module
        A `recslib.models.LinearLists` or `recslib.models.ListFactorization`.
        To whom it has nothing to say, it lists what most people liked.
    """
    if settings["kind"] == "most liked":
        return popular_lists(train, liked)
    popular = lists.popularity(train, liked=liked.least)
    likes = _likes(train, liked)
    if settings["kind"] == "EASE":
        weights = lists.ease(likes.to_dense(), settings["l2"])
        return LinearLists(weights, popular).eval()
    model = lists.fit_ials(
        likes,
        settings["n_factors"],
        unseen=settings["unseen"],
        l2=settings["l2"],
        seed=seed,
    )
    # Too little to change a list, and enough for who has told nothing.
    small = 1e-6 * popular / popular.max().clamp_min(1)
    model.item_biases.weight.data = small[:, None]
    return model.eval()


def _likes(train: Ratings, liked: Liked) -> Tensor:
    """Lay likes out: (n_users, n_items) of 0 and 1, sparse."""
    likes = train.select(train.ratings >= liked.least)
    # Who likes something twice likes it.
    pairs = torch.stack([likes.users, likes.items]).unique(dim=1)
    return torch.sparse_coo_tensor(
        pairs,
        torch.ones(pairs.shape[1]),
        (train.n_users, train.n_items),
        check_invariants=True,
    )


def popular_lists(train: Ratings, liked: Liked) -> ListFactorization:
    """Make the model that lists what most people like, to everybody alike."""
    model = ListFactorization(train.n_users, train.n_items, 1)
    popular = lists.popularity(train, liked=liked.least)
    for table in (model.user_factors, model.item_factors):
        table.weight.data.zero_()
    model.item_biases.weight.data = popular[:, None]
    return model.eval()


# Asking what was fitted ------------------------------------------------------


def predict_ratings(
    star_model: Fitted | Saved, user_id: Hashable, items: Sequence[Hashable]
) -> pd.DataFrame:
    """Predict what a person of the data would give.

    Parameters
    ----------
    star_model
        Of a study, or what was saved of it.
    user_id
        The data set's id.
    items
        Ids or titles.

    Returns
    -------
    DataFrame
        A row an item: ``item_id``, ``title`` and ``prediction``, on the scale
        that was read.

    Raises
    ------
    RatingsError
        When there is no such person, or an item is not found.
    ValueError
        When it is a model of lists.
    """
    _check_model(star_model, "star_model")
    if "liked" in star_model.settings:
        raise ValueError(
            f"star_model is {type(star_model.model).__name__}, a model of "
            f"lists, which knows no ratings; give the study's star_model, or "
            f"what was saved as model-of-ratings."
        )
    model, ratings = star_model.model, star_model.ratings
    user = ratings.user_index(user_id)
    rows = [recommend.item_called(each, ratings) for each in items]
    rows = torch.tensor(rows, dtype=torch.int64)  # of no items, too
    with torch.no_grad():
        told = model(torch.full_like(rows, user), rows).clamp(*ratings.scale)
    if star_model.settings.get("is_log", False):
        told = told.expm1()
    return pd.DataFrame(
        {
            "item_id": ratings.item_ids[rows.numpy()],
            "title": [ratings.titles[row] for row in rows.tolist()],
            "prediction": told.numpy(),
        }
    )


def for_user(
    list_model: Fitted | Saved, user_id: Hashable, n: int = N_PLACES
) -> pd.DataFrame:
    """List items for a person of the data, by what counts as a like there.

    Parameters
    ----------
    list_model
        Of a study, or what was saved of it.
    user_id
        The data set's id.
    n
        Length of the list.

    Returns
    -------
    DataFrame
        As of `recslib.serve.for_user`.

    Raises
    ------
    RatingsError
        When there is no such person.
    ValueError
        When n is below 1, or it is no model of a study's lists.
    """
    liked = _liked_of(list_model)
    return serve.for_user(
        list_model.model, list_model.ratings, user_id, n, liked=liked
    )


def for_all(list_model: Fitted | Saved, n: int = N_PLACES) -> pd.DataFrame:
    """List items for everybody, by what counts as a like there.

    Parameters
    ----------
    list_model
        Of a study, or what was saved of it.
    n
        Length of the lists.

    Returns
    -------
    DataFrame
        As of `recslib.serve.for_all`.

    Raises
    ------
    ValueError
        When n is below 1, or it is no model of a study's lists.
    """
    liked = _liked_of(list_model)
    return serve.for_all(list_model.model, list_model.ratings, n, liked=liked)


def for_newcomer(
    list_model: Fitted | Saved,
    stars: Mapping[Hashable, float],
    n: int = N_PLACES,
) -> pd.DataFrame:
    """List items for somebody who is new: hear what they rated, and fit none.

    EASE hears likes as it is. A row of iALS is solved for, with its items as
    they are.

    Parameters
    ----------
    list_model
        Of a study, or what was saved of it.
    stars
        From an item's title or id to a rating, on the scale of the ratings.
    n
        Length of the list.

    Returns
    -------
    DataFrame
        As of `recslib.serve.for_user`.

    Raises
    ------
    RatingsError
        As in `recslib.recommend.rated_items`.
    ValueError
        When it is no model of a study's lists.
    """
    liked = _liked_of(list_model)
    model, ratings = list_model.model, list_model.ratings
    if not isinstance(model, ListFactorization):
        return serve.for_stranger(
            model, ratings, stars, n, liked=liked, name="newcomer"
        )
    items, given = recommend.rated_items(stars, ratings)
    alone = ListFactorization(1, *model.item_factors.weight.shape)
    alone.load_state_dict(
        {
            **model.state_dict(),
            "user_factors.weight": _newcomers_row(
                model, items, given, list_model.settings
            ),
        }
    )
    own = replace(
        ratings,
        users=torch.zeros_like(items),
        items=items,
        ratings=given,
        timestamps=None,
        user_ids=np.array(["newcomer"], dtype=object),
    )
    return serve.for_user(alone, own, "newcomer", n)


def _check_model(given: object, name: str) -> None:
    """Refuse what holds no model with its ratings and settings."""
    if not isinstance(given, Fitted | Saved):
        raise ValueError(
            f"{name} came as {type(given).__name__}; give the {name} of a "
            f"study, which is None where no model was kept, or what "
            f"recslib.saving.load gives back."
        )


def _liked_of(list_model: Fitted | Saved) -> float:
    """Return from which rating on something is liked, as a study saves it."""
    _check_model(list_model, "list_model")
    if "liked" not in list_model.settings:
        raise ValueError(
            f"list_model is {type(list_model.model).__name__}, which was "
            f"saved without `liked`, as models of ratings are; give the "
            f"study's list_model, or what was saved as model-of-lists. "
            f"recslib.serve makes lists of any model and its ratings."
        )
    return list_model.settings["liked"]


def _newcomers_row(
    model: ListFactorization,
    items: Tensor,
    given: Tensor,
    settings: Mapping[str, Any],
) -> Tensor:
    """Solve for the row of one person: (1, n_factors)."""
    others = model.item_factors.weight.detach()
    if settings["kind"] != "iALS":
        return torch.zeros(1, others.shape[1])
    table = torch.zeros(1, len(others))
    table[0, items[given >= settings["liked"]]] = 1.0
    return lists.ials_rows(
        table, others, unseen=settings["unseen"], l2=settings["l2"]
    )
