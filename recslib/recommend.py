"""From scores to lists: top-N, neighbours, and a person who is new."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from recslib.evaluation import check_finite_scores
from recslib.models import MatrixFactorization
from recslib.ratings import Ratings
from recslib.splits import history_order


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
    if scores.shape != (ratings.n_items,):
        raise ValueError(
            f"scores have the shape {tuple(scores.shape)}; give one an item, "
            f"({ratings.n_items},)."
        )
    check_finite_scores(scores)
    # A negative index would leave out an item from the end of the list.
    if len(seen) and not 0 <= seen.min() <= seen.max() < ratings.n_items:
        raise ValueError(
            f"seen goes from {int(seen.min())} to {int(seen.max())}; row "
            f"indexes of items go from 0 to {ratings.n_items - 1}."
        )
    left = torch.ones(ratings.n_items, dtype=torch.bool)
    left[seen] = False
    return _best(scores, left, ratings, n, "score")


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
        When there is not one row of factors an item, or no such item.
    """
    if factors.ndim != 2 or len(factors) != ratings.n_items:
        raise ValueError(
            f"factors have the shape {tuple(factors.shape)}; give one row an "
            f"item, ({ratings.n_items}, n_factors)."
        )
    if not 0 <= item < ratings.n_items:
        raise ValueError(
            f"item is {item}; row indexes go from 0 to "
            f"{ratings.n_items - 1}. Ratings.item_titled finds one by title."
        )
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

    Solves (X'X + (l2 K + ridge) I) w = X'y, where the rows of X are the
    factors of the K rated items and a 1 for the bias, and y is what mean and
    item biases leave of the ratings: the minimum, over this person alone, of
    the loss that `recslib.training.fit` minimizes with
    ``l2 * squared_norms(...)`` as its penalty, plus ``ridge`` times the
    squares of every row.

    Parameters
    ----------
    model
        Fitted.
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
        When nothing is rated, the lengths differ, a weight is negative, or
        both are 0.
    """
    penalty = _checked_penalty(items, ratings, l2, ridge)
    solve = _solution(model, items, penalty)
    weights = solve @ _left_over(model, items, ratings)
    return Person(weights[:-1].float(), weights[-1].item())


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
        When ``ridge`` or ``fades`` is not above 0, or ``mood`` is below it.
    RatingsError
        When there are no timestamps.
    """
    if min(ridge, fades) <= 0 or mood < 0:
        raise ValueError(
            f"ridge is {ridge}, fades {fades} and mood {mood}; give the first "
            f"two above 0 and no mood below it."
        )
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
        As in `fold_in`, and when there is no such item.
    """
    penalty = _checked_penalty(items, ratings, l2, ridge)
    n_items = model.item_factors.num_embeddings
    if not 0 <= item < n_items:
        raise ValueError(
            f"item is {item}; row indexes go from 0 to {n_items - 1}."
        )
    with torch.no_grad():
        row = torch.cat([model.item_factors.weight[item], torch.ones(1)])
    weights = row.double() @ _solution(model, items, penalty)
    return (weights * _left_over(model, items, ratings)).float()


def _checked_penalty(
    items: Tensor, ratings: Tensor, l2: float, ridge: float
) -> float:
    """Return the weight of a person's squares, once all is in order."""
    if items.shape != ratings.shape or items.ndim != 1 or len(items) == 0:
        raise ValueError(
            f"items have the shape {tuple(items.shape)}, ratings "
            f"{tuple(ratings.shape)}; give one rating an item, at least one."
        )
    if min(l2, ridge) < 0 or l2 + ridge == 0:
        raise ValueError(
            f"l2 is {l2} and ridge {ridge}; give none below 0 and one above "
            f"it, for a person with fewer ratings than factors has no single "
            f"solution without."
        )
    return l2 * len(items) + ridge


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


def score_items(model: MatrixFactorization, person: Person) -> Tensor:
    """Predict a folded-in person's rating of every item: (n_items,) stars."""
    with torch.no_grad():
        return (
            model.mean
            + person.bias
            + model.item_biases.weight.squeeze(1)
            + model.item_factors.weight @ person.factors
        )


def _best(
    scores: Tensor, left: Tensor, ratings: Ratings, n: int, name: str
) -> pd.DataFrame:
    if n < 1:
        raise ValueError(f"n is {n}; ask for at least 1 item.")
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
