"""Side features: what is known of people and films besides ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recslib.arguments import check_count, check_rows, check_seed
from recslib.ratings import Ratings, RatingsError
from recslib.tables import DataSet

# Where the two numbers start, so that they are near 0 for most.
AGE_START, YEAR_START = 35, 1990
# Groups of years: the newest single ones, and what makes a group of its own.
N_SINGLE_YEARS, LEAST_SHARE = 5, 0.02
OLDEST = 120  # years that a person can have
# Of the randomized decomposition: columns to spare, and how often it powers.
N_SPARE, N_POWERS = 50, 4


@dataclass(frozen=True, eq=False)
class SideFeatures:
    """A row of numbers for each user and for each item.

    Parameters
    ----------
    users
        (n_users, U) float32: ``age`` in tens of years from 35, ``woman``
        (1 or 0), and a 1 in the column of the occupation.
    items
        (n_items, I) float32: ``year`` in tens of years from 1990 (0 where it
        is unknown), a 1 in the column of the decade (or year, for the newest
        five; decades with few films join the next), and a 1 in the column
        of each genre.
    user_names, item_names
        U and I names of columns.
    """

    users: Tensor
    items: Tensor
    user_names: tuple[str, ...]
    item_names: tuple[str, ...]

    @property
    def n_features(self) -> int:
        """U + I, how many numbers a user and an item have together."""
        return len(self.user_names) + len(self.item_names)

    def of(self, users: Tensor, items: Tensor) -> Tensor:
        """Put users' numbers before items'.

        Parameters
        ----------
        users, items
            (B,) int64 row indexes.

        Returns
        -------
        Tensor
            (B, U + I).

        Raises
        ------
        ValueError
            When something is no row index.
        """
        check_rows(users, len(self.users), "user")
        check_rows(items, len(self.items), "item")
        pair = (
            self.users.index_select(0, users),
            self.items.index_select(0, items),
        )
        return torch.cat(pair, dim=1)

    def beside(self, other: SideFeatures) -> SideFeatures:
        """Put the columns of other features of the same rows after these."""
        return SideFeatures(
            users=torch.cat([self.users, other.users], dim=1),
            items=torch.cat([self.items, other.items], dim=1),
            user_names=(*self.user_names, *other.user_names),
            item_names=(*self.item_names, *other.item_names),
        )

    def person(
        self,
        age: float | None = None,
        gender: str | None = None,
        occupation: str | None = None,
    ) -> Tensor:
        """Write somebody who is not in the data as a user's row: (U,).

        Parameters
        ----------
        age
            In years, 0 to 120.
        gender
            ``"F"`` or ``"M"``, as the data have it.
        occupation
            One of the columns.

        Raises
        ------
        ValueError
            When one is missing or is none of these; says what is wrong with
            each of them. And when the data know nothing of their users.
        """
        jobs = self.user_names[2:]
        if not jobs:
            raise ValueError("these data know nothing of their users.")
        wrong = []
        if isinstance(age, bool) or not isinstance(age, Real):
            wrong.append(f"age is {age!r}; give a number of years.")
        elif not 0 <= age <= OLDEST:
            wrong.append(f"age is {age}; give 0 to {OLDEST} years.")
        if gender not in ("F", "M"):
            wrong.append(
                f"gender is {gender!r}; give 'F' or 'M', which is all that "
                f"these data know."
            )
        if occupation not in jobs:
            wrong.append(
                f"occupation is {occupation!r}; give one of: "
                f"{', '.join(jobs)}."
            )
        if wrong:
            raise ValueError("\n".join(wrong))
        row = {"age": [age], "gender": [gender], "occupation": [occupation]}
        return _matrix(_user_columns(pd.DataFrame(row), jobs))[0]


@dataclass(frozen=True, eq=False)
class ImplicitFeedback:
    """Who rated what, whatever the stars: the table's main directions.

    Parameters
    ----------
    features
        ``users`` (n_users, k) and ``items`` (n_items, k).
    directions
        (n_items, k), from the items of a user to the user's k numbers.
    """

    features: SideFeatures
    directions: Tensor

    def person(self, items: Tensor) -> Tensor:
        """Write somebody who rated these items, (K,) int64, as a row: (k,)."""
        check_rows(items, len(self.directions), "item")
        if len(items) == 0:
            return self.directions.new_zeros(self.directions.shape[1])
        return self.directions[items].sum(dim=0) / len(items) ** 0.5


def implicit_feedback(
    train: Ratings, n_directions: int = 100, seed: int = 0
) -> ImplicitFeedback:
    """Note who rated what in a training part, in a few numbers a row.

    A user's flags are 1 for each rated item, over the square root of how many
    there are: Y. Koren, "Factorization Meets the Neighborhood", KDD 2008,
    equation 15, which adds factors of the items that a user rated. An item's
    flags are those of its users, likewise. Kept are the main directions of
    each of the two tables, by a randomized singular value decomposition
    (N. Halko, P.-G. Martinsson, J. Tropp, "Finding Structure with
    Randomness", SIAM Review 53(2), 2011, algorithm 5.1).

    Parameters
    ----------
    train
        The training part alone: a test rating that is flagged is a leak.
    n_directions
        k, at most; fewer where there are fewer users or items.
    seed
        Of the random start of the decomposition.

    Raises
    ------
    ValueError
        When ``n_directions`` is below 1.
    RatingsError
        When there are no ratings.
    """
    if n_directions < 1:
        raise ValueError(f"n_directions is {n_directions}; give 1 or more.")
    check_count(n_directions, "n_directions")
    check_seed(seed)
    if len(train) == 0:
        raise RatingsError("there are no ratings, so nobody rated anything.")
    of_users, directions = _main_directions(
        (train.users, train.items),
        (train.n_users, train.n_items),
        n_directions,
        seed,
    )
    of_items, _ = _main_directions(
        (train.items, train.users),
        (train.n_items, train.n_users),
        n_directions,
        seed,
    )
    names = tuple(f"rated {number}" for number in range(of_users.shape[1]))
    return ImplicitFeedback(
        SideFeatures(of_users, of_items, names, names), directions
    )


def _main_directions(
    pairs: tuple[Tensor, Tensor],
    sizes: tuple[int, int],
    n_directions: int,
    seed: int,
) -> tuple[Tensor, Tensor]:
    """Turn flags (n, m) into (n, k); return the (m, k) that turns them."""
    counts = torch.bincount(pairs[0], minlength=sizes[0])
    flags = torch.sparse_coo_tensor(
        torch.stack(pairs),
        1 / counts[pairs[0]].float().sqrt(),
        sizes,
        check_invariants=True,
    ).coalesce()
    k = min(n_directions, *sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(seed))
        left, lengths, right = torch.svd_lowrank(
            flags, q=min(k + N_SPARE, *sizes), niter=N_POWERS
        )
    return (left * lengths)[:, :k], right[:, :k]


def side_features(data: DataSet) -> SideFeatures:
    """Collect what a data set knows of its users and films.

    Parameters
    ----------
    data
        MovieLens sets other than 100k and 1m, and tables of your own, know
        nothing of their users: then U is 0. Where no film has a year or a
        genre, there are no columns of it.
    """
    people, films = data.users, data.films
    user_columns: Mapping[str, Sequence] = {}
    if people is not None:
        jobs = sorted(people["occupation"].unique())
        user_columns = _user_columns(people, jobs)
    year = films["year"].astype("Float64").fillna(YEAR_START).astype(float)
    genres = sorted({genre for row in films["genres"] for genre in row})
    item_columns: dict[str, Sequence] = {
        genre: [genre in row for row in films["genres"]] for genre in genres
    }
    if films["year"].notna().any():
        years = {"year": (year - YEAR_START) / 10} | _year_columns(year)
        item_columns = years | item_columns
    return SideFeatures(
        users=_matrix(user_columns, data.ratings.n_users),
        items=_matrix(item_columns, data.ratings.n_items),
        user_names=tuple(user_columns),
        item_names=tuple(item_columns),
    )


def _user_columns(
    people: pd.DataFrame, jobs: Sequence[str]
) -> dict[str, Sequence]:
    return {
        "age": (people["age"] - AGE_START) / 10,
        "woman": people["gender"] == "F",
    } | {job: people["occupation"] == job for job in jobs}


def _year_columns(year: pd.Series) -> dict[str, Sequence]:
    """Part films by decade, and the newest by year; small groups join."""
    year = year.to_numpy().astype(int)
    single = year > year.max() - N_SINGLE_YEARS
    counts = pd.Series(np.where(single, year, year // 10 * 10)).value_counts()
    starts, size = [], 0
    for start, count in counts.sort_index().items():
        if size == 0:
            starts.append(start)
        size += count
        if size >= LEAST_SHARE * len(year):
            size = 0
    group = np.searchsorted(starts, year, side="right") - 1
    return {
        f"from {start}": group == number for number, start in enumerate(starts)
    }


def _matrix(columns: Mapping[str, Sequence], n_rows: int = 0) -> Tensor:
    """Stack columns: (rows, columns) float32."""
    if not columns:
        return torch.zeros(n_rows, 0)
    made = [
        torch.tensor(list(column), dtype=torch.float32)
        for column in columns.values()
    ]
    return torch.stack(made, dim=1)
