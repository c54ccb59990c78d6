"""Models that rank: whom they serve, and how each is fitted.

Nothing here predicts stars. A score only says which of two items comes first
for a person. Every function takes tables with a row a person and a column an
item, so that one matrix product scores everybody.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize, one_hot

from recslib.arguments import (
    check_choice,
    check_count,
    check_finite,
    check_flag,
    check_kind,
    check_number,
    check_rows,
    check_same_length,
    check_same_shape,
    check_seed,
    check_some,
    check_table,
    check_takes,
)
from recslib.models import ListAutoencoder, ListFactorization, ListLSTM
from recslib.progress import progress_bar
from recslib.ratings import Ratings, RatingsError
from recslib.splits import Split, history_order
from recslib.training import Examples, diverging_in, fit

LIKED = 4.0  # stars from which on a film is liked, on a scale of 1 to 5
# iALS holds a small square table for each of so many rows at once.
ROWS_AT_ONCE = 4_096

_Ranker = TypeVar("_Ranker", ListFactorization, ListAutoencoder, ListLSTM)

# From what people liked and disliked to what is heard of both, and what is to
# be found: two (B, n_items) to three.
Draw = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True, eq=False)
class Heard:
    """What is known of B people: a row each, a column an item.

    Parameters
    ----------
    liked, disliked
        (B, n_items) float32: 1 where they rated it so, 0 elsewhere.

    Raises
    ------
    ValueError
        When the two are no tables of one shape.
    """

    liked: Tensor
    disliked: Tensor

    def __post_init__(self) -> None:
        """Check that each person and item has a place in both."""
        check_same_shape(liked=self.liked, disliked=self.disliked)
        check_table(self.liked, "likes")

    def __len__(self) -> int:
        """Count the people."""
        return len(self.liked)

    @property
    def rated(self) -> Tensor:
        """Tell what was rated, liked or not, as (B, n_items) float32."""
        return self.liked + self.disliked

    @property
    def both(self) -> Tensor:
        """Put dislikes beside likes, as (B, 2 n_items) float32."""
        return torch.cat([self.liked, self.disliked], dim=1)


@dataclass(frozen=True, eq=False)
class Audience:
    """B people who get a list each, and what would be a hit.

    Parameters
    ----------
    users
        (B,) int64 row indexes.
    told
        The ratings that a model may know of them, with their stars.
    heard
        The same as tables; nothing of it is listed again.
    wanted
        (B, n_items) bool: what counts as a hit. Everybody has one at least.
    """

    users: Tensor
    told: Ratings
    heard: Heard
    wanted: Tensor

    def __len__(self) -> int:
        """Count the people."""
        return len(self.users)

    @property
    def seen(self) -> Tensor:
        """Tell what is not listed again, as (B, n_items) bool."""
        return self.heard.rated > 0

    def stars(self) -> list[tuple[Tensor, Tensor]]:
        """Give each person's heard items, and their stars: B times (K,)."""
        order = self.told.users.argsort(stable=True)
        ends = self.told.counts_by_user().cumsum(0)
        starts = ends - self.told.counts_by_user()
        rows = [order[starts[user] : ends[user]] for user in self.users]
        return [(self.told.items[r], self.told.ratings[r]) for r in rows]


def hear(
    ratings: Ratings, users: Tensor | None = None, *, liked: float = LIKED
) -> Heard:
    """Lay ratings out as tables of what was liked and what was not.

    Parameters
    ----------
    ratings
        N ratings.
    users
        (B,) int64 row indexes, each once; None: everybody, in order.
    liked
        From so many stars on.

    Returns
    -------
    Heard
        Of B people; a row of zeros for those who rated nothing.

    Raises
    ------
    ValueError
        When a user is none of the ratings', or is named twice, or ``liked`` is
        not finite.
    """
    check_kind(ratings, Ratings, "ratings")
    check_number(liked, "liked")
    if users is None:
        users = torch.arange(ratings.n_users)
    _check_each_once(users, ratings.n_users, "user")
    places = torch.full((ratings.n_users,), -1)
    places[users] = torch.arange(len(users))
    rows = places[ratings.users]
    tables = torch.zeros(2, len(users), ratings.n_items)
    for table, chosen in zip(
        tables,
        (ratings.ratings >= liked, ratings.ratings < liked),
        strict=True,
    ):
        keep = chosen & (rows >= 0)
        table[rows[keep], ratings.items[keep]] = 1.0
    return Heard(*tables)


def hear_person(
    items: Tensor, stars: Tensor, n_items: int, *, liked: float = LIKED
) -> Heard:
    """Lay out what one person rated, who need be nobody of the data.

    Parameters
    ----------
    items
        (K,) int64 row indexes; K may be 0.
    stars
        (K,).
    n_items
        How many items there are.
    liked
        From so many stars on.

    Returns
    -------
    Heard
        Of one person.

    Raises
    ------
    ValueError
        When the lengths differ, an item is none of the data's or is named
        twice, or stars or ``liked`` are not finite.
    """
    check_count(n_items, "n_items", least=0)
    _check_each_once(items, n_items, "item")
    check_same_shape(items=items, stars=stars)
    check_number(liked, "liked")
    check_finite(stars, "stars")
    tables = torch.zeros(2, 1, n_items)
    tables[(stars < liked).long(), 0, items] = 1.0
    return Heard(*tables)


def _check_each_once(rows: Tensor, n_rows: int, what: str) -> None:
    """Refuse what is no (K,) of row indexes, or names one twice."""
    check_rows(rows, n_rows, what)
    if rows.ndim != 1 or len(rows.unique()) < len(rows):
        raise ValueError(
            f"{what}s are {rows.flatten().tolist()[:5]}..., of the shape "
            f"{tuple(rows.shape)}; give (K,) row indexes from 0 to "
            f"{n_rows - 1}, each once."
        )


def known_people(
    split: Split, *, liked: float = LIKED, any_rated: bool = False
) -> Audience:
    """Serve people of the training part; the test part holds the hits.

    Parameters
    ----------
    split
        Its training part is heard, its test part is what they rated next.
    liked
        From so many stars on.
    any_rated
        Count everything that they rated as a hit, liked or not.

    Returns
    -------
    Audience
        Everybody who has something to find.

    Raises
    ------
    RatingsError
        When nobody has.
    ValueError
        When ``liked`` is no finite number.
    """
    check_kind(split, Split, "split")
    check_number(liked, "liked")
    check_flag(any_rated, "any_rated")
    users, wanted = _to_find(split.test, -torch.inf if any_rated else liked)
    heard = hear(split.train, users, liked=liked)
    return Audience(users, split.train, heard, wanted)


def strangers(
    split: Split,
    n_heard: int = 10,
    *,
    order: Literal["random", "time"] = "random",
    liked: float = LIKED,
    seed: int = 0,
) -> Audience:
    """Serve people of the test part who have just rated a few items.

    Parameters
    ----------
    split
        Of whole users: see `recslib.splits.whole_users`. Nobody of its test
        part is in its training part.
    n_heard
        How many of their ratings are heard; 0 for somebody's first visit.
    order
        Which: random ones, or their first in time.
    liked
        From so many stars on; what they liked of the rest is a hit.
    seed
        Of the draw; in time order, of the ratings of one second.

    Returns
    -------
    Audience
        Everybody who has something left to find.

    Raises
    ------
    ValueError
        When ``n_heard`` is below 0, ``order`` is neither, or ``liked`` is no
        finite number.
    RatingsError
        When somebody of the test part is trained on, nobody has something
        left to find, or there are no timestamps where they are asked for.
    """
    check_kind(split, Split, "split")
    check_count(n_heard, "n_heard", least=0)
    check_choice(order, "order", ("random", "time"))
    check_number(liked, "liked")
    test = split.test
    known = torch.isin(test.users, split.train.users)
    if known.any():
        raise RatingsError(
            f"{len(test.users[known].unique()):,} people of the test part "
            f"are in the training part too, and so are no strangers. Split "
            f"by whole_users."
        )
    by_user = _by_user(test, order, seed)
    counts = test.counts_by_user()
    first = (counts.cumsum(0) - counts)[test.users[by_user]]
    is_heard = torch.zeros(len(test), dtype=torch.bool)
    is_heard[by_user] = torch.arange(len(test)) - first < n_heard
    users, wanted = _to_find(test.select(~is_heard), liked)
    told = test.select(is_heard)
    heard = hear(told, users, liked=liked)
    return Audience(users, told, heard, wanted)


def _to_find(later: Ratings, liked: float) -> tuple[Tensor, Tensor]:
    """Say who has something to find, and what: (B,), (B, n_items) bool.

    Only they get a row: of 70,000 people few may be served.
    """
    hits = later.select(later.ratings >= liked)
    users, rows = hits.users.unique(return_inverse=True)
    if len(users) == 0:
        raise RatingsError(
            f"nobody has something to find: no rating that is held out has "
            f"{liked:g} stars or more. Give a lower liked."
        )
    wanted = torch.zeros(len(users), later.n_items, dtype=torch.bool)
    wanted[rows, hits.items] = True
    return users, wanted


def first_ratings(
    ratings: Ratings,
    n_steps: int,
    *,
    order: Literal["time", "random", "items"] = "time",
    liked: float = LIKED,
    seed: int = 0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Lay out what each person rated first, to be heard in turn.

    Parameters
    ----------
    ratings
        N ratings.
    n_steps
        T, how many of each person's, at least 1.
    order
        By time (ratings of one second at random), at random, or by the row
        index of the item, which is how published files come.
    liked
        From so many stars on.
    seed
        Of what is at random.

    Returns
    -------
    tuple of Tensor
        (S,) int64 users who rated anything; (S, T) int64 items, ``n_items``
        where somebody has no more; (S, T) float32, 1 where liked.

    Raises
    ------
    ValueError
        When ``n_steps`` is below 1, there is no such order, or ``liked`` is
        no finite number.
    RatingsError
        When there are no timestamps where they are asked for.
    """
    check_kind(ratings, Ratings, "ratings")
    check_count(n_steps, "n_steps")
    check_choice(order, "order", ("time", "random", "items"))
    check_number(liked, "liked")
    by_user = _by_user(ratings, order, seed)
    counts = ratings.counts_by_user()
    first = (counts.cumsum(0) - counts)[ratings.users[by_user]]
    step = torch.arange(len(ratings)) - first
    rows = by_user[step < n_steps]
    users, places = ratings.users[rows].unique(return_inverse=True)
    where = places, step[step < n_steps]
    items = torch.full((len(users), n_steps), ratings.n_items)
    items[where] = ratings.items[rows]
    tells = torch.zeros(len(users), n_steps)
    tells[where] = (ratings.ratings[rows] >= liked).float()
    return users, items, tells


def _by_user(
    ratings: Ratings, order: Literal["time", "random", "items"], seed: int
) -> Tensor:
    """Return row numbers: users in order, each one's ratings in an order."""
    if order == "time":
        return history_order(ratings, seed)
    if order == "items":
        shuffled = ratings.items.argsort(stable=True)
    else:
        check_seed(seed)
        generator = torch.Generator().manual_seed(int(seed))
        shuffled = torch.randperm(len(ratings), generator=generator)
    return shuffled[ratings.users[shuffled].argsort(stable=True)]


def popularity(train: Ratings, *, liked: float | None = None) -> Tensor:
    """Count how many rated each item, or how many liked it.

    Parameters
    ----------
    train
        N ratings.
    liked
        Count ratings of so many stars or more; None counts all.

    Returns
    -------
    Tensor
        (n_items,) float32, the same score for everybody.

    Raises
    ------
    ValueError
        When ``liked`` is no finite number.
    """
    check_kind(train, Ratings, "train")
    if liked is None:
        return train.counts_by_item().float()
    check_number(liked, "liked")
    return train.select(train.ratings >= liked).counts_by_item().float()


def item_neighbours(
    table: Tensor, n_neighbours: int = 50, *, shrinkage: float = 10.0
) -> Tensor:
    """Weigh each item by its nearest items: cosine, shrunk.

    The cosine of two columns, times n / (n + shrinkage), where n people have
    both: a few people are no proof (Y. Koren, "Factorization Meets the
    Neighborhood: a Multifaceted Collaborative Filtering Model", KDD 2008,
    section 2.2). Adding them up over what somebody has is the scheme of M.
    Deshpande, G. Karypis, "Item-Based Top-N Recommendation Algorithms", ACM
    TOIS 22(1), 2004.

    Parameters
    ----------
    table
        (n_users, n_items) of 0 and 1, as floating-point numbers: who has what.
    n_neighbours
        How many neighbours of an item count, at least 1.
    shrinkage
        At least 0.

    Returns
    -------
    Tensor
        (n_items, n_items): ``heard @ weights`` scores every item.

    Raises
    ------
    ValueError
        When a number is out of range, or the table is none, or holds what is
        not finite.
    """
    check_count(n_neighbours, "n_neighbours")
    check_number(shrinkage, "shrinkage", least=0)
    check_table(table, "entries of the table", floating=True)
    check_finite(table, "entries of the table")
    together = table.T @ table  # how many people have both
    lengths = normalize(table, dim=0)
    cosines = lengths.T @ lengths
    cosines *= together / (together + shrinkage).clamp_min(1e-9)
    cosines.fill_diagonal_(0)
    n_kept = min(n_neighbours, len(cosines))
    nearest = cosines.topk(n_kept, dim=0)
    return torch.zeros_like(cosines).scatter(
        0, nearest.indices, nearest.values
    )


def ease(heard: Tensor, l2: float, *, n_targets: int | None = None) -> Tensor:
    """Solve for the linear autoencoder that never uses an item for itself.

    B = I - P / diag(P) with P = inv(X'X + l2 I): the ridge regression of
    every column on all others (H. Steck, "Embarrassingly Shallow
    Autoencoders for Sparse Data", WWW 2019, equation 8).

    Parameters
    ----------
    heard
        (n_users, J), the X of the formula.
    l2
        What squared weights cost, above 0.
    n_targets
        Keep the regressions of so many first columns, n_items of them; None
        keeps all J. `Heard.both` has what was liked first.

    Returns
    -------
    Tensor
        (J, n_items), zero on the diagonal: ``heard @ weights`` scores every
        item.

    Raises
    ------
    ValueError
        When ``l2`` is not above 0, ``n_targets`` is below 1, nobody is heard,
        or what is heard is no table, or is not finite.
    """
    check_table(heard, "entries of the table")
    check_some(heard, "people to learn from")
    check_finite(heard, "entries of the table")
    # An item that nobody rated has no solution without a cost.
    check_number(l2, "l2", above=0)
    if n_targets is not None:
        check_count(n_targets, "n_targets")
    n_columns = heard.shape[1]
    gram = torch.zeros(n_columns, n_columns, dtype=torch.float64)
    # Some people at a time: all at once in float64 would fill the memory.
    for rows in heard.split(4_096):
        rows = rows.double()
        gram.addmm_(rows.T, rows)
    gram.diagonal().add_(l2)
    # Each step takes the place of the one before: such a table is large.
    gram = torch.linalg.cholesky(gram)
    gram = torch.cholesky_inverse(gram)
    scales = -gram.diagonal()[:n_targets].clone()
    weights = gram[:, :n_targets].div_(scales)
    return weights.fill_diagonal_(0).float()


def fit_list_factorization(
    liked: Tensor,
    n_factors: int = 32,
    *,
    l2: float = 5.0,
    learning_rate: float = 0.03,
    n_epochs: int = 60,
    batch_size: int = 256,
    seed: int = 0,
) -> ListFactorization:
    """Fit two embeddings so that a softmax over all items finds the liked.

    Parameters
    ----------
    liked
        (n_users, n_items) of 0 and 1.
    n_factors
        Columns of both tables.
    l2
        What the squares of a person's row cost; an item's cost the same.
    learning_rate
        The highest of one cycle, for Adam.
    n_epochs, batch_size
        As in `recslib.training.fit`; a batch holds people.
    seed
        Of the first weights and the shuffles.

    Returns
    -------
    ListFactorization
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        When there is nobody, or a number is out of range.
    FloatingPointError
        When the fit diverges; names the rate to try.
    """
    check_count(n_factors, "n_factors")
    _check_fit(liked, seed, l2=l2, learning_rate=learning_rate)
    n_users, n_items = liked.shape
    torch.manual_seed(int(seed))
    model = ListFactorization(n_users, n_items, n_factors)

    def loss(model: nn.Module, batch: Examples) -> Tensor:
        missed = softmax_loss(model(*batch.inputs), batch.targets)
        own = model.user_factors(*batch.inputs).square().sum(dim=1)
        # Everybody pays a like part for the items, whatever the batch.
        items = model.item_factors.weight.square().sum() / n_users
        return missed + l2 * (own + items)

    how = {"n_epochs": n_epochs, "batch_size": batch_size, "seed": seed}
    examples = Examples((torch.arange(n_users),), liked)
    return _fitted(model, examples, loss, learning_rate, **how)


def ials_rows(
    table: Tensor, others: Tensor, *, unseen: float, l2: float
) -> Tensor:
    """Solve for the rows of one side of iALS, given those of the other.

    The minimum of sum over what is there of (1 - u'v)^2, plus ``unseen``
    times the sum over all of (u'v)^2, plus ``l2`` (n + ``unseen`` N) u'u,
    where n is how many are there of the N others (S. Rendle et al.,
    "Revisiting the Performance of iALS on Item Recommendation Benchmarks",
    RecSys 2022, section 3, with their nu = 1; Y. Hu, Y. Koren, C. Volinsky,
    "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008).

    Parameters
    ----------
    table
        (B, N) of 0 and 1, in numbers of the others' kind.
    others
        (N, n_factors).
    unseen
        Weight of what is not there, above 0.
    l2
        Above 0.

    Returns
    -------
    Tensor
        (B, n_factors). Zeros for who has nothing.

    Raises
    ------
    ValueError
        When a weight is not above 0, the table has not one column a row of
        the others, or something is not finite.
    """
    check_number(unseen, "unseen", above=0)
    check_number(l2, "l2", above=0)
    check_table(others, "factors", floating=True)
    check_table(
        table,
        "entries of the table",
        n_columns=len(others),
        dtype=others.dtype,
    )
    check_finite(table, "entries of the table")
    check_finite(others, "factors")
    return _solved_rows(_sparse(table), others, unseen, l2)


def _solved_rows(
    there: Tensor, others: Tensor, unseen: float, l2: float
) -> Tensor:
    """Solve as `ials_rows` does, from what is there of its table."""
    n_factors = others.shape[1]
    pairs = others[:, :, None] * others[:, None, :]  # (N, F, F)
    of_all = unseen * (others.T @ others)
    solved = torch.empty(len(there), n_factors, dtype=others.dtype)
    for start in range(0, len(there), ROWS_AT_ONCE):
        some = _rows_of(there, start, min(start + ROWS_AT_ONCE, len(there)))
        # Most of the table is empty: only what is there is multiplied.
        own = torch.sparse.mm(some, pairs.flatten(1))
        own = own.view(-1, n_factors, n_factors)
        n_there = some.crow_indices().diff().to(others.dtype)
        counts = n_there + unseen * len(others)
        charge = l2 * counts[:, None, None] * torch.eye(n_factors)
        right = torch.sparse.mm(some, others)
        rows = torch.linalg.solve(own + of_all + charge, right[:, :, None])
        solved[start : start + ROWS_AT_ONCE] = rows[:, :, 0]
    return solved


def _sparse(table: Tensor) -> Tensor:
    """Keep what is there of a table, rows compressed."""
    with warnings.catch_warnings():
        # PyTorch says once that these tables are in beta.
        warnings.filterwarnings("ignore", "Sparse")
        return table.to_sparse_csr()


def _rows_of(there: Tensor, start: int, stop: int) -> Tensor:
    """Take some rows of a table whose rows are compressed."""
    ends = there.crow_indices()[start : stop + 1]
    own = slice(int(ends[0]), int(ends[-1]))
    return torch.sparse_csr_tensor(
        ends - ends[0],
        there.col_indices()[own],
        there.values()[own],
        (stop - start, there.shape[1]),
        check_invariants=False,  # what is cut from a sound table is sound
    )


def fit_ials(
    liked: Tensor,
    n_factors: int = 32,
    *,
    unseen: float = 0.2,
    l2: float = 0.02,
    n_sweeps: int = 8,
    seed: int = 0,
) -> ListFactorization:
    """Fit two embeddings by least squares in turns: iALS.

    A table that is sparse stays so: the whole of it is never there.

    Parameters
    ----------
    liked
        (n_users, n_items) of 0 and 1, float32: dense, or sparse as
        `torch.sparse_coo_tensor` makes it, which gives the same bits.
    n_factors
        Columns of both tables.
    unseen, l2
        As in `ials_rows`.
    n_sweeps
        How often both sides are solved.
    seed
        Of the first item factors.

    Returns
    -------
    ListFactorization
        Its item biases are 0.

    Raises
    ------
    ValueError
        When a number is not above 0, nobody is there, or what they liked is
        no table, or is not finite.
    """
    check_number(unseen, "unseen", above=0)
    check_number(l2, "l2", above=0)
    check_count(n_sweeps, "n_sweeps")
    check_count(n_factors, "n_factors")
    check_seed(seed)
    check_table(liked, "entries of the table", dtype=torch.float32)
    check_some(liked, "people to learn from")
    by_user, by_item = _sparse(liked), _sparse(liked.T)
    check_finite(by_user.values(), "entries of the table")
    torch.manual_seed(int(seed))
    model = ListFactorization(*liked.shape, n_factors)
    items = model.item_factors.weight.detach()
    for _ in progress_bar(range(n_sweeps), description="iALS", unit="sweep"):
        users = _solved_rows(by_user, items, unseen, l2)
        items = _solved_rows(by_item, users, unseen, l2)
    users = _solved_rows(by_user, items, unseen, l2)
    model.user_factors.weight.data = users
    model.item_factors.weight.data = items
    return model.eval()


def _check_pair(liked: Tensor, disliked: Tensor) -> None:
    check_same_shape(liked=liked, disliked=disliked)
    check_table(liked, "likes", floating=True)


def hear_all(liked: Tensor, disliked: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hear everything, and tell again what was liked.

    Parameters
    ----------
    liked, disliked
        (B, n_items) of 0 and 1.

    Returns
    -------
    tuple of Tensor
        What is heard as liked and as disliked, and what is to be found.

    Raises
    ------
    ValueError
        When the two are no tables of one shape, of floating-point numbers.
    """
    _check_pair(liked, disliked)
    return liked, disliked, liked


def hear_some(
    liked: Tensor,
    disliked: Tensor,
    *,
    fewest: float = 6.0,
    largest_share: float = 0.5,
) -> tuple[Tensor, Tensor, Tensor]:
    """Hear a few ratings, and tell what else was liked.

    Each rating is heard with one probability, drawn anew for each person: so
    that between ``fewest`` and ``largest_share`` of theirs are heard on
    average, any power of ten in between as often as another.

    Parameters
    ----------
    liked, disliked
        (B, n_items) of 0 and 1.
    fewest
        Ratings, above 0.
    largest_share
        Above 0, at most 1.

    Returns
    -------
    tuple of Tensor
        As `hear_all`; what is heard is not to be found.

    Raises
    ------
    ValueError
        When a number is out of range, or the two are no tables of one shape,
        of floating-point numbers.
    """
    check_number(fewest, "fewest", above=0)
    check_number(largest_share, "largest_share", above=0, most=1)
    _check_pair(liked, disliked)
    counts = (liked + disliked).sum(dim=1).clamp_min(1)
    most = (counts * largest_share).clamp_min(fewest)
    place = torch.rand(len(counts))
    n_heard = fewest * (most / fewest) ** place
    share = (n_heard / counts).clamp_max(largest_share)
    kept = (torch.rand_like(liked) < share[:, None]).float()
    return liked * kept, disliked * kept, liked * (1 - kept)


def hear_half(
    liked: Tensor, disliked: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Hear each rating with probability 1/2, and tell what was liked.

    Dropout on what goes in: "you have not rated everything". Arguments
    and result as in `hear_all`.
    """
    _check_pair(liked, disliked)
    kept = (torch.rand_like(liked) < 0.5).float()
    return liked * kept, disliked * kept, liked


def fit_list_autoencoder(
    heard: Heard,
    n_hidden: int = 40,
    *,
    draw: Draw = hear_some,
    learning_rate: float = 0.01,
    n_epochs: int = 50,
    batch_size: int = 64,
    seed: int = 0,
) -> ListAutoencoder:
    """Fit a network that hears likes and dislikes, and tells other likes.

    The loss is that of a softmax over all items, as in Mult-DAE (D. Liang et
    al., "Variational Autoencoders for Collaborative Filtering", WWW 2018,
    section 2.2). The output's biases start from the popular list.

    Parameters
    ----------
    heard
        Of everybody who trains.
    n_hidden
        Numbers in the hidden layer.
    draw
        What is heard of a batch, and what is to be found: `hear_some`,
        `hear_half`, `hear_all` or one of yours.
    learning_rate
        The highest of one cycle, for Adam.
    n_epochs, batch_size
        As in `recslib.training.fit`; a batch holds people.
    seed
        Of the first weights, the shuffles and the draws.

    Returns
    -------
    ListAutoencoder
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        When there is nobody, a number is out of range, or ``draw`` takes or
        returns something else.
    FloatingPointError
        When the fit diverges; names the rate to try.
    """
    check_kind(heard, Heard, "heard")
    check_takes(draw, "draw", "liked", "disliked")
    check_count(n_hidden, "n_hidden")
    _check_fit(heard.liked, seed, learning_rate=learning_rate)
    check_table(heard.liked, "likes", dtype=torch.float32)
    check_table(heard.disliked, "dislikes", dtype=torch.float32)
    torch.manual_seed(int(seed))
    model = ListAutoencoder(heard.liked.shape[1], n_hidden)
    # Who has said nothing yet is told what is popular: the network starts
    # there, and learns what differs.
    odds = (heard.liked.sum(dim=0) + 0.5).log()
    model.output.bias.data = odds - odds.mean()

    def loss(model: nn.Module, batch: Examples) -> Tensor:
        liked, disliked, wanted = _drawn(draw, *batch.inputs)
        return softmax_loss(model(liked, disliked), wanted)

    how = {"n_epochs": n_epochs, "batch_size": batch_size, "seed": seed}
    examples = Examples((heard.liked, heard.disliked), heard.liked)
    return _fitted(model, examples, loss, learning_rate, **how)


def _drawn(
    draw: Draw, liked: Tensor, disliked: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw what is heard of a batch, and see that it is like the batch."""
    told = draw(liked, disliked)
    if not isinstance(told, tuple | list) or len(told) != 3:
        raise ValueError(
            f"draw returned {type(told).__name__}; return three tables: what "
            f"is heard as liked and as disliked, and what is to be found."
        )
    names = ("liked", "disliked", "to be found")
    tables = {
        f"what draw returned as {name}": table
        for name, table in zip(names, told, strict=True)
    }
    check_same_shape(**tables, **{"a batch": liked})
    for name, table in tables.items():
        check_table(table, name, dtype=liked.dtype)
    return told


def averaged(models: Sequence[ListAutoencoder]) -> ListAutoencoder:
    """Put networks side by side into one, which scores as their mean.

    Parameters
    ----------
    models
        Fitted to the same items; at least one.

    Returns
    -------
    ListAutoencoder
        With the hidden numbers of all, in eval mode.

    Raises
    ------
    ValueError
        When there is none, they score different numbers of items, or one is
        of another kind.
    """
    check_kind(models, Sequence, "models")
    for model in models:
        _check_autoencoder(model)
    sizes = sorted({model.output.out_features for model in models})
    if len(sizes) != 1:
        raise ValueError(
            f"{len(models)} networks score {sizes} items; give at least one, "
            f"all of the same items."
        )
    n_hidden = sum(model.hidden.out_features for model in models)
    one = ListAutoencoder(sizes[0], n_hidden)
    with torch.no_grad():
        for name in ("weight", "bias"):
            parts = [getattr(model.hidden, name) for model in models]
            getattr(one.hidden, name).copy_(torch.cat(parts))
        weights = [model.output.weight for model in models]
        one.output.weight.copy_(torch.cat(weights, dim=1) / len(models))
        biases = [model.output.bias for model in models]
        one.output.bias.copy_(torch.stack(biases).mean(dim=0))
    return one.eval()


def _check_autoencoder(model: nn.Module) -> None:
    """Refuse what does not have the layers of a `ListAutoencoder`."""
    layers = [getattr(model, name, None) for name in ("hidden", "output")]
    if not all(isinstance(layer, nn.Linear) for layer in layers):
        raise ValueError(
            f"{type(model).__name__} has no layers hidden and output; give "
            f"models of recslib.lists.fit_list_autoencoder."
        )


def or_popular(scores: Tensor, popular: Tensor) -> Tensor:
    """Give the popular list to whom a model has nothing to say.

    A linear model that heard nothing scores every item 0.

    Parameters
    ----------
    scores
        (B, n_items).
    popular
        (n_items,).

    Returns
    -------
    Tensor
        (B, n_items): the scores, or what is popular where all of a person's
        are equal.

    Raises
    ------
    ValueError
        When there is not one score an item, or some are NaN or infinite.
    """
    check_finite(scores, "scores")
    check_finite(popular, "scores of the popular list")
    if scores.ndim != 2 or popular.shape != scores.shape[1:]:
        raise ValueError(
            f"scores have the shape {tuple(scores.shape)}, and those of the "
            f"popular list {tuple(popular.shape)}; give (people, items) and "
            f"(items,)."
        )
    return torch.where(_all_equal(scores), popular, scores)


def standardized(scores: Tensor) -> Tensor:
    """Bring scores of different models to one scale, to add them up.

    Parameters
    ----------
    scores
        (B, n_items).

    Returns
    -------
    Tensor
        (B, n_items), of mean 0 and standard deviation 1 for each person;
        zeros where all scores of a person are equal.

    Raises
    ------
    ValueError
        When they are no table, or some are NaN or infinite.
    """
    check_table(scores, "scores")
    check_finite(scores, "scores")
    if not scores.is_floating_point():
        scores = scores.float()  # whole numbers have no mean
    centred = scores - scores.mean(dim=1, keepdim=True)
    spread = centred.square().mean(dim=1, keepdim=True).sqrt()
    # The mean of equal numbers may miss them by a last digit.
    told = centred / torch.where(spread > 0, spread, 1.0)
    return torch.where(_all_equal(scores), 0.0, told)


def _all_equal(scores: Tensor) -> Tensor:
    """Whether a person's scores are all one number: (B, 1) bool."""
    return (scores == scores[:, :1]).all(dim=1, keepdim=True)


def softmax_loss(scores: Tensor, wanted: Tensor) -> Tensor:
    """Sum what a softmax over all items misses of what is wanted.

    Parameters
    ----------
    scores
        (B, n_items).
    wanted
        (B, n_items) of 0 and 1.

    Returns
    -------
    Tensor
        (B,), at least 0: minus the logarithms of the probabilities.

    Raises
    ------
    ValueError
        When the two are no tables of one shape, or scores are whole numbers.
    """
    check_same_shape(scores=scores, wanted=wanted)
    check_table(scores, "scores", floating=True)
    return -(wanted * scores.log_softmax(dim=1)).sum(dim=1)


def fit_list_lstm(
    items: Tensor,
    liked: Tensor,
    n_items: int,
    n_factors: int = 32,
    n_hidden: int = 64,
    *,
    to_find: Tensor | None = None,
    learning_rate: float = 0.01,
    n_epochs: int = 10,
    batch_size: int = 32,
    seed: int = 0,
) -> ListLSTM:
    """Fit an LSTM that hears items one by one, and finds what comes.

    Parameters
    ----------
    items
        (S, T) int64, in the order in which they are heard; ``n_items`` where
        a history has ended.
    liked
        (S, T) of 0 and 1.
    n_items
        How many there are.
    n_factors, n_hidden
        Numbers of an item, and of the memory.
    to_find
        (S, n_items) of 0 and 1, what each person liked in all: each step is
        to find what of it was not heard yet. None: the next item.
    learning_rate
        The highest of one cycle, for Adam.
    n_epochs, batch_size
        As in `recslib.training.fit`; a batch holds histories.
    seed
        Of the first weights and the shuffles.

    Returns
    -------
    ListLSTM
        Fitted, in eval mode.

    Raises
    ------
    ValueError
        When the histories have no next item, and there is nothing else to
        find; when an item is none, the tables do not belong together, or a
        number is out of range.
    """
    check_count(n_items, "n_items")
    check_rows(items, n_items + 1, "item")
    if items.ndim != 2 or (to_find is None and items.shape[1] < 2):
        raise ValueError(
            f"items have the shape {tuple(items.shape)}; give at least 2 "
            f"steps a history, so that there is a next item to name."
        )
    check_same_shape(items=items, liked=liked)
    _check_fit(liked, seed, learning_rate=learning_rate)
    items, liked = items.long(), liked.float()
    check_count(n_hidden, "n_hidden")
    check_count(n_factors, "n_factors")
    if to_find is not None:
        check_table(to_find, "entries of to_find", n_columns=n_items)
        check_same_length(items=items, to_find=to_find)
    torch.manual_seed(int(seed))
    # PyTorch's LSTM takes no whole numbers of NumPy.
    model = ListLSTM(n_items, int(n_factors), int(n_hidden))

    def finds_next(model: nn.Module, batch: Examples) -> Tensor:
        scores = model(*batch.inputs)[batch.mask]
        targets = batch.targets[batch.mask]
        return cross_entropy(scores, targets, reduction="none")

    def finds_later(model: nn.Module, batch: Examples) -> Tensor:
        heard_items, told, likes = batch.inputs
        heard = one_hot(heard_items, n_items + 1).cumsum(dim=1) > 0
        later = likes[:, None] * ~heard[..., :n_items]  # (B, T, n_items)
        later = later[batch.mask]
        missed = softmax_loss(model(heard_items, told)[batch.mask], later)
        return missed / later.sum(dim=1).clamp_min(1)

    if to_find is None:
        inputs, targets = (items[:, :-1], liked[:, :-1]), items[:, 1:]
    else:
        inputs, targets = (items, liked, to_find), items
    how = {"n_epochs": n_epochs, "batch_size": batch_size, "seed": seed}
    examples = Examples(inputs, targets, targets < n_items)
    if not examples.mask.any():  # nobody has a next item to learn from
        return model.eval()
    loss = finds_next if to_find is None else finds_later
    return _fitted(model, examples, loss, learning_rate, **how)


def _check_fit(table: Tensor, seed: int, **numbers: float) -> None:
    """Refuse what no fit of this module can use."""
    check_seed(seed)
    for name, number in numbers.items():
        check_number(number, name, least=0)
    check_table(table, "entries of the table")
    check_some(table, "people to learn from")
    check_finite(table, "entries of the table")


def _fitted(
    model: _Ranker,
    examples: Examples,
    loss: Callable[[nn.Module, Examples], Tensor],
    learning_rate: float,
    **how: int,
) -> _Ranker:
    """Fit a model with Adam and one cycle of the rate, and return it."""
    # Fused: in one pass over each weight.
    adam = torch.optim.Adam(model.parameters(), lr=learning_rate, fused=True)
    with diverging_in(learning_rate):
        fit(
            model,
            examples,
            optimizer=adam,
            schedule="one_cycle",
            loss=loss,
            **how,
        )
    return model
