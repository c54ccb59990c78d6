"""From scores to lists: top-N, neighbours, and a person who is new."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from recslib.arguments import (
    check_count,
    check_finite,
    check_finite_model,
    check_kind,
    check_number,
    check_row,
    check_rows,
    check_same_shape,
    check_some,
    check_table,
    check_takes,
    check_tensor,
)
from recslib.evaluation import best_items, check_finite_scores
from recslib.lists import Heard
from recslib.models import MatrixFactorization, check_tables
from recslib.ratings import Ratings, RatingsError
from recslib.splits import history_order
from recslib.training import predict


@dataclass(frozen=True, eq=False)
class Person:
    """Someone folded in to a fitted matrix factorization.

    Parameters
    ----------
    factors
        (n_factors,).
    bias
        Stars above or below what their films get on the whole.
    """

    factors: Tensor
    bias: float


def top_n(
    scores: Tensor, ratings: Ratings, *, seen: Tensor, n: int = 10
) -> pd.DataFrame:
    """List the n items with the highest scores that were not seen.

    Parameters
    ----------
    scores
        (n_items,) predicted stars, or any score.
    ratings
        For titles.
    seen
        (K,) int64, row indexes of items to leave out; K may be 0.
    n
        Length of the list; shorter where few items are left.

    Returns
    -------
    DataFrame
        Columns ``item`` (row index), ``title``, ``score``, the best first.

    Raises
    ------
    ValueError
        When there is not one finite score an item, an item that was seen is
        not there, or n is below 1.
    """
    check_kind(ratings, Ratings, "ratings")
    check_tensor(scores, "scores")
    check_tensor(seen, "seen")
    check_count(n, "n")
    if scores.shape != (ratings.n_items,):
        raise ValueError(
            f"scores have the shape {tuple(scores.shape)}; give one an item, "
            f"({ratings.n_items},)."
        )
    check_finite_scores(scores)
    # A negative index would leave out an item from the end of the list.
    check_rows(seen, ratings.n_items, "item")
    left = torch.ones(ratings.n_items, dtype=torch.bool)
    left[seen.long()] = False
    return _best(scores, left, ratings, n, "score")


def lists_for(
    scores: Tensor,
    seen: Tensor,
    ratings: Ratings,
    *,
    users: Tensor | None = None,
    n: int = 10,
) -> pd.DataFrame:
    """Write out the lists of many people, with titles.

    Parameters
    ----------
    scores, seen
        As in `recslib.evaluation.best_items`: (B, n_items).
    ratings
        For titles and ids.
    users
        (B,) int64 row indexes, whose lists these are; None numbers people
        from 0, who then need be none of the ratings'.
    n
        Length of the lists; shorter where few items are left.

    Returns
    -------
    DataFrame
        A row a place: ``user`` (id), ``place`` (from 1), ``item`` (row
        index), ``title``, ``score``. Somebody who has seen everything has no
        row.

    Raises
    ------
    ValueError
        As in `recslib.evaluation.best_items`; when there is not one column an
        item and one user a row, or a user is none of the ratings'.
    """
    check_kind(ratings, Ratings, "ratings")
    check_tensor(seen, "seen")
    if users is not None:
        check_rows(users, ratings.n_users, "user")
    n_people = len(seen) if users is None else users.numel()
    if seen.shape != (n_people, ratings.n_items):
        raise ValueError(
            f"seen has the shape {tuple(seen.shape)}; give a row for each of "
            f"{n_people} people and a column for each of {ratings.n_items} "
            f"items."
        )
    if users is None:
        names = np.arange(n_people)
    else:
        names = ratings.user_ids[users.flatten().numpy()]
    items = best_items(scores, seen, n)
    people, places = (items >= 0).nonzero(as_tuple=True)
    chosen = items[people, places]
    return pd.DataFrame(
        {
            "user": names[people.numpy()],
            "place": places.numpy() + 1,
            "item": chosen.numpy(),
            "title": [ratings.titles[item] for item in chosen.tolist()],
            "score": scores.detach()
            .expand(seen.shape)[people, chosen]
            .numpy(),
        }
    )


def leave_each_out(
    score: Callable[[Heard], Tensor], heard: Heard, item: int
) -> tuple[Tensor, Tensor]:
    """Measure what each rating of a person does for the score of an item.

    Each is left out in turn, and the item is scored again.

    Parameters
    ----------
    score
        From what is heard of B people to (B, n_items).
    heard
        Of one person, who has rated something.
    item
        Row index.

    Returns
    -------
    tuple of Tensor
        (K,) int64 row indexes of what the person rated, and (K,) by how much
        the score falls without each: above 0 where it speaks for the item.
        The strongest comes first.

    Raises
    ------
    ValueError
        When there is not exactly one person, nothing is rated, there is no
        such item, or what is scored is not (B, n_items) finite numbers.
    """
    check_takes(score, "score", "heard")
    check_kind(heard, Heard, "heard")
    n_items = heard.liked.shape[1]
    check_row(item, n_items, "item")
    rated = heard.rated[0].nonzero().squeeze(1) if len(heard) else []
    if len(heard) != 1 or len(rated) == 0:
        raise ValueError(
            f"{len(heard)} people with {len(rated)} ratings; give one person "
            f"with a rating at least."
        )
    kept = torch.ones(len(rated) + 1, n_items)
    kept[torch.arange(len(rated)) + 1, rated] = 0
    with torch.no_grad():
        scores = score(Heard(heard.liked * kept, heard.disliked * kept))
    check_tensor(scores, "what score returned")
    if scores.shape != kept.shape:
        raise ValueError(
            f"score returned the shape {tuple(scores.shape)} for "
            f"{len(kept)} people; give one score an item to each, "
            f"{tuple(kept.shape)}."
        )
    check_finite_scores(scores)
    changes = scores[0, item] - scores[1:, item]
    order = changes.argsort(descending=True, stable=True)
    return rated[order], changes[order]


def nearest_items(
    factors: Tensor,
    item: int,
    ratings: Ratings,
    *,
    n: int = 10,
    min_ratings: int = 1,
) -> pd.DataFrame:
    """List the items whose factors point the same way (cosine).

    Parameters
    ----------
    factors
        (n_items, n_factors).
    item
        Row index of the item to start from.
    ratings
        For titles and for counts.
    n
        Length of the list.
    min_ratings
        Leave out items with fewer ratings: theirs have hardly moved from
        where they were drawn.

    Returns
    -------
    DataFrame
        Columns ``item``, ``title``, ``cosine`` (-1 to 1), the nearest first.

    Raises
    ------
    ValueError
        When there is not one finite row of factors an item, no such item, or
        n is below 1.
    """
    check_kind(ratings, Ratings, "ratings")
    check_table(factors, "factors", floating=True)
    if len(factors) != ratings.n_items:
        raise ValueError(
            f"factors have the shape {tuple(factors.shape)}; give one row an "
            f"item, ({ratings.n_items}, n_factors)."
        )
    check_row(item, ratings.n_items, "item")
    check_count(n, "n")
    check_count(min_ratings, "min_ratings", least=0)
    check_finite(factors, "factors")
    cosines = functional.cosine_similarity(factors, factors[item, None], dim=1)
    left = ratings.counts_by_item() >= min_ratings
    left[item] = False
    return _best(cosines, left, ratings, n, "cosine")


def fold_in(
    model: MatrixFactorization,
    items: Tensor,
    ratings: Tensor,
    *,
    l2: float,
    ridge: float = 0.0,
) -> Person:
    """Fit a new person to frozen items, by ridge regression.

    Where the model is mean, biases and dot product, this solves
    (X'X + (l2 K + ridge) I) w = X'y, where the rows of X are the factors of
    the K rated items and a 1 for the bias, and y is what mean and item biases
    leave of the ratings: the minimum, over this person alone, of the loss
    that `recslib.training.fit` minimizes with ``l2 * squared_norms(...)`` as
    its penalty, plus ``ridge`` times the squares of every row. A class of
    your own that answers otherwise is asked by its ``forward``: then L-BFGS
    looks for the same minimum, from a row of zeros.

    Parameters
    ----------
    model
        Fitted, with tables of factors and biases of users and items.
    items
        (K,) int64 row indexes of what the person rated.
    ratings
        (K,) stars.
    l2
        The weight of the penalty, a rating, that the model was fitted with.
    ridge
        The same a row: the ``weight_decay`` of `torch.optim.SGD` times half
        the number of batches an epoch, where losses are summed.

    Raises
    ------
    ValueError
        When nothing is rated, the lengths differ, a rating is not finite, an
        item is no row index, a weight is negative, or both are 0; and when
        the model lacks a table, or takes something beside users and items,
        such as features.
    """
    penalty = _checked_penalty(model, items, ratings, l2, ridge)
    if is_dot_product(model):
        solve = _solution(model, items, penalty)
        weights = solve @ _left_over(model, items, ratings)
    else:
        weights = _descended(model, items, ratings, penalty)
    return Person(weights[:-1].float(), weights[-1].item())


def hears_features(model: nn.Module) -> bool:
    """Say whether a model was fitted with side features.

    Parameters
    ----------
    model
        One that was has a table ``feature_factors`` with a row a feature.
    """
    table = getattr(model, "feature_factors", None)
    return isinstance(table, nn.Embedding) and len(table.weight) > 0


def is_dot_product(model: nn.Module) -> bool:
    """Say whether a model answers mean + biases + dot product of its tables.

    A thousand pairs of rows are asked, and compared with what the tables
    give.

    Parameters
    ----------
    model
        Fitted, with tables of factors and biases of users and items.

    Raises
    ------
    ValueError
        When it lacks a table; names it. And when its ``forward`` takes
        something beside users and items.
    """
    if hears_features(model):
        return False
    _check_of_ids(model, "a new person takes a row in")
    generator = torch.Generator().manual_seed(0)
    n_users = model.user_factors.weight.shape[0]
    n_items = model.item_factors.weight.shape[0]
    users = torch.randint(n_users, (1_000,), generator=generator)
    items = torch.randint(n_items, (1_000,), generator=generator)
    with torch.no_grad():
        told = model.eval()(users, items)
        rows = model.user_factors.weight[users]
        columns = model.item_factors.weight[items]
        if rows.shape != columns.shape:
            return False
        biases = model.user_biases.weight[users, 0]
        biases = biases + model.item_biases.weight[items, 0]
        product = model.mean + biases + (rows * columns).sum(dim=1)
    return told.shape == product.shape and torch.allclose(
        told, product, atol=1e-4
    )


def fold_in_ahead(
    model: MatrixFactorization,
    ratings: Ratings,
    *,
    ridge: float = 5.0,
    mood: float = 0.0,
    fades: float = 20.0,
    seed: int = 0,
) -> Tensor:
    """Fold everybody in anew after each rating, and predict the next one.

    What `fold_in` with this ridge would predict for a rating from all that
    its user rated before it. Ridge regression is a Gaussian process, so one
    Cholesky factor a person holds all of these predictions (C. Rasmussen,
    C. Williams, "Gaussian Processes for Machine Learning", 2006, sections
    2.1 and 2.2).

    Parameters
    ----------
    model
        Fitted; its items stay as they are, its users are not used.
    ratings
        N ratings with timestamps.
    ridge
        What the squares of a person's factors and bias cost, above 0.
    mood
        Variance, in stars², of a second bias, which drifts; 0 for none.
    fades
        After so many ratings, the mood's correlation with itself is 1/e.
    seed
        Orders the ratings of one second.

    Returns
    -------
    Tensor
        (N,) stars, aligned with the ratings, not clipped to the scale.

    Raises
    ------
    ValueError
        When ``ridge`` or ``fades`` is not above 0, or ``mood`` is below it;
        when an item is none of the model's, or a number is not finite.
    RatingsError
        When there are no timestamps.
    """
    check_number(ridge, "ridge", above=0)
    check_number(fades, "fades", above=0)
    check_number(mood, "mood", least=0)
    check_kind(ratings, Ratings, "ratings")
    _check_of_ids(model, "each rating is predicted from")
    check_rows(ratings.items, len(model.item_factors.weight), "item")
    _check_items(model)
    order = history_order(ratings, seed)
    left_over = _left_over(model, ratings.items, ratings.ratings)
    ahead = torch.zeros(len(ratings), dtype=torch.float64)
    factors = model.item_factors.weight.detach().double()
    for rows in order.split(ratings.counts_by_user().tolist()):
        x, y = factors[ratings.items[rows]], left_over[rows]
        place = torch.arange(len(rows), dtype=x.dtype)
        apart = (place[:, None] - place).abs()
        covariance = (x @ x.T + 1) / ridge + mood * torch.exp(-apart / fades)
        covariance += torch.eye(len(rows), dtype=x.dtype)
        lower = torch.linalg.cholesky(covariance)
        scaled = torch.linalg.solve_triangular(lower, y[:, None], upper=False)
        # Entry t is the error of the prediction from all before t, divided
        # by the diagonal.
        ahead[rows] = y - lower.diagonal() * scaled[:, 0]
    biases = model.item_biases.weight.detach().squeeze(1)[ratings.items]
    return model.mean + biases + ahead.float()


def arguments(
    model: MatrixFactorization,
    items: Tensor,
    ratings: Tensor,
    item: int,
    *,
    l2: float,
    ridge: float = 0.0,
) -> Tensor:
    """Say how much each rating of a folded-in person argues for an item.

    What `fold_in` predicts for an item is the sum of three parts: the mean,
    the item's bias, and one share for each rating. These are the shares.

    Parameters
    ----------
    model, items, ratings, l2, ridge
        As in `fold_in`.
    item
        Row index of the item that is explained.

    Returns
    -------
    Tensor
        (K,) stars, above zero where a rating speaks for the item.

    Raises
    ------
    ValueError
        As in `fold_in`, when there is no such item, and when the model is no
        dot product: then there are no shares that add up.
    """
    penalty = _checked_penalty(model, items, ratings, l2, ridge)
    check_row(item, model.item_factors.num_embeddings, "item")
    if not is_dot_product(model):
        raise ValueError(
            f"{type(model).__name__} is no dot product of its tables, so what "
            f"it says of an item is no sum of one share a rating. Fold the "
            f"person in without a rating, and see what changes."
        )
    with torch.no_grad():
        row = torch.cat([model.item_factors.weight[item], torch.ones(1)])
    weights = row.double() @ _solution(model, items, penalty)
    return (weights * _left_over(model, items, ratings)).float()


def _checked_penalty(
    model: MatrixFactorization,
    items: Tensor,
    ratings: Tensor,
    l2: float,
    ridge: float,
) -> float:
    """Return the weight of a person's squares, once all is in order."""
    check_same_shape(items=items, ratings=ratings)
    if items.ndim != 1 or len(items) == 0:
        raise ValueError(
            f"items have the shape {tuple(items.shape)}; give one rating an "
            f"item, at least one: (K,)."
        )
    check_number(l2, "l2", least=0)
    check_number(ridge, "ridge", least=0)
    if l2 + ridge == 0:
        raise ValueError(
            f"l2 is {l2} and ridge {ridge}; give one above 0, for a person "
            f"with fewer ratings than factors has no single solution without."
        )
    _check_of_ids(model, "a new person takes a row in")
    check_rows(items, model.item_factors.weight.shape[0], "item")
    check_finite(ratings, "ratings")
    _check_items(model)
    return l2 * len(items) + ridge


def _check_of_ids(model: nn.Module, why: str) -> None:
    """See that a model has its tables, and asks for nothing beside ids."""
    check_tables(model, why)
    if hears_features(model):
        raise ValueError(
            f"{type(model).__name__} was fitted with features, and is asked "
            f"by ids alone here. For people of the data, "
            f"recslib.serve.for_user takes features; for somebody new, take "
            f"a model of ids alone, or recslib.sampling.fold_in, which takes "
            f"features."
        )
    check_takes(
        model.forward, f"{type(model).__name__}.forward", "users", "items"
    )


def _check_items(model: MatrixFactorization) -> None:
    check_finite_model(model, ["item_factors", "item_biases"])


def _solution(
    model: MatrixFactorization, items: Tensor, penalty: float
) -> Tensor:
    """Return (X'X + penalty I)^-1 X': (n_factors + 1, K), float64."""
    with torch.no_grad():
        rows = torch.cat(
            [model.item_factors(items), torch.ones(len(items), 1)], dim=1
        ).double()
    diagonal = penalty * torch.eye(rows.shape[1], dtype=rows.dtype)
    return torch.linalg.solve(rows.T @ rows + diagonal, rows.T)


def _left_over(
    model: MatrixFactorization, items: Tensor, ratings: Tensor
) -> Tensor:
    """Return what mean and item biases leave of ratings: (K,), float64."""
    with torch.no_grad():
        biases = model.item_biases(items).squeeze(1)
    return (ratings - model.mean - biases).double()


def rated_items(
    stars: Mapping[Hashable, float], ratings: Ratings
) -> tuple[Tensor, Tensor]:
    """Read what a person rated, by titles or ids.

    Parameters
    ----------
    stars
        From an item's title or id to stars, in the order in which they were
        given. A text that is an id is no title.
    ratings
        For titles, ids and the scale.

    Returns
    -------
    tuple of Tensor
        (K,) int64 row indexes of items, and their (K,) float32 stars.

    Raises
    ------
    RatingsError
        When nothing is rated, a title or id is not found, two of them are one
        item, or stars are no numbers on the scale. Names all that is wrong at
        once.
    """
    check_kind(stars, Mapping, "stars")
    check_kind(ratings, Ratings, "ratings")
    low, high = ratings.scale
    wrong, rows = [], {}
    for title, given in stars.items():
        try:
            item = item_called(title, ratings)
        except RatingsError as unknown:
            wrong.append(str(unknown))
            continue
        if item in rows:
            wrong.append(f"{title!r} and {rows[item]!r} are one item.")
        rows[item] = title
        is_number = isinstance(given, Real) and not isinstance(given, bool)
        if not is_number or not low <= given <= high:
            wrong.append(
                f"{title!r} has {given!r} stars; give {low:g} to {high:g}."
            )
    if not stars:
        wrong = ["nothing is rated; give stars to one title at least."]
    if wrong:
        raise RatingsError("\n".join(wrong))
    return torch.tensor(list(rows)), torch.tensor(
        [float(given) for given in stars.values()]
    )


def item_called(name: Hashable, ratings: Ratings) -> int:
    """Find an item's row index by its id, or by its title.

    Parameters
    ----------
    name
        An id or a title; a text that is an id is no title.
    ratings
        For titles and ids.

    Raises
    ------
    RatingsError
        When there is no such item.
    """
    check_kind(ratings, Ratings, "ratings")
    try:
        return ratings.item_index(name)
    except RatingsError:
        if not isinstance(name, str):
            raise
        return ratings.item_titled(name)


def score_items(model: MatrixFactorization, person: Person) -> Tensor:
    """Predict a folded-in person's rating of every item: (n_items,) stars.

    Raises
    ------
    ValueError
        When the model lacks a table, or the person is none of its own.
    """
    _check_of_ids(model, "a person is scored by")
    check_kind(person, Person, "person")
    n_factors = model.user_factors.weight.shape[1]
    if person.factors.shape != (n_factors,):
        raise ValueError(
            f"the person has factors of the shape "
            f"{tuple(person.factors.shape)}, the model ({n_factors},); fold "
            f"the person in to this model."
        )
    items = torch.arange(model.item_factors.weight.shape[0])
    with torch.no_grad():
        bias = torch.tensor(person.bias)
        return _answers(model, person.factors, bias, items)


def score_users(model: MatrixFactorization, users: Tensor) -> Tensor:
    """Predict every item for some users of the data.

    Parameters
    ----------
    model
        Fitted; asked by its ``forward``.
    users
        (B,) int64 row indexes.

    Returns
    -------
    Tensor
        (B, n_items) stars.

    Raises
    ------
    ValueError
        When there is nobody, a user is no row index, or the model lacks a
        table.
    """
    _check_of_ids(model, "users are scored by")
    check_rows(users, model.user_factors.weight.shape[0], "user")
    check_some(users, "users to score")
    n_items = model.item_factors.weight.shape[0]
    rows = users.repeat_interleave(n_items)
    columns = torch.arange(n_items).repeat(len(users))
    return predict(model, (rows, columns)).view(len(users), n_items)


def _answers(
    model: MatrixFactorization, factors: Tensor, bias: Tensor, items: Tensor
) -> Tensor:
    """Ask a model about a person in place of its users: (K,)."""
    only = {
        "user_factors.weight": factors[None].float(),
        "user_biases.weight": bias.reshape(1, 1).float(),
    }
    pair = (torch.zeros_like(items), items)
    return functional_call(model.eval(), only, pair)


def _descended(
    model: MatrixFactorization, items: Tensor, ratings: Tensor, penalty: float
) -> Tensor:
    """Look for a person's factors and bias by the model's own answers."""
    n_users, n_factors = model.user_factors.weight.shape
    others = [
        name
        for name, part in model.named_modules()
        if isinstance(part, nn.Embedding) and part.num_embeddings == n_users
    ]
    others = sorted(set(others) - {"user_factors", "user_biases"})
    if others and n_users != model.item_factors.weight.shape[0]:
        raise ValueError(
            f"{type(model).__name__} has a row for each user in "
            f"{', '.join(others)} too, where a new person has none. Keep what "
            f"is known of a user in user_factors and user_biases."
        )
    weights = torch.zeros(n_factors + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights], max_iter=200, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        told = _answers(model, weights[:-1], weights[-1], items)
        errors = (ratings - told).square().sum()
        total = errors + penalty * weights.square().sum()
        total.backward()
        return total

    optimizer.step(loss)
    return weights.detach()


def _best(
    scores: Tensor, left: Tensor, ratings: Ratings, n: int, name: str
) -> pd.DataFrame:
    rows = left.nonzero().squeeze(1)
    order = scores[rows].argsort(descending=True, stable=True)[:n]
    best = rows[order]
    return pd.DataFrame(
        {
            "item": best.numpy(),
            "title": [ratings.titles[row] for row in best.tolist()],
            name: scores[best].detach().numpy(),
        }
    )
