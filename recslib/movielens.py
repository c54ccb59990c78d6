"""MovieLens: its archives, how each spells its tables, and a made-up set.

From a command line, ``python -m recslib.movielens 100k`` brings a data set
and says where it lies.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from recslib.downloads import (
    Archive,
    DownloadError,
    Publisher,
    find_archive,
)
from recslib.ratings import RatingsError, from_frame
from recslib.tables import DataSet, Place, read_ratings
from recslib.titles import article_in_front, split_year

GROUPLENS = Publisher(
    address="https://files.grouplens.org/datasets/movielens/",
    terms="""\
MovieLens data is GroupLens Research's (University of Minnesota): free for
research, with acknowledgement; do not pass it on or use it commercially
without permission. The full terms are in the archive's README. Cite it as:
F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets:
History and Context. ACM TiiS 5(4), 19. https://doi.org/10.1145/2827872""",
)
U_DATA_SHA256 = (
    "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
)
# u.item flags genres in this order; the flag before them means "unknown".
GENRES_100K = (
    "Action|Adventure|Animation|Children's|Comedy|Crime|Documentary|Drama|"
    "Fantasy|Film-Noir|Horror|Musical|Mystery|Romance|Sci-Fi|Thriller|War|"
    "Western"
)
OCCUPATIONS_1M = (
    "other|educator|artist|clerical|college student|customer service|doctor|"
    "executive|farmer|homemaker|school student|lawyer|programmer|retired|"
    "sales|scientist|self-employed|technician|tradesman|unemployed|writer"
)


class Tables(NamedTuple):
    """A data set's files, read: ratings stay bytes or a place until later."""

    ratings: Place | bytes
    films: list[tuple[int, str, int | None, tuple[str, ...]]]
    users: pd.DataFrame | None = None


def load(
    name: str = "100k",
    *,
    folder: str | Path | None = None,
    cache: str | Path | None = None,
    n_users: int | None = None,
) -> DataSet:
    """Bring a MovieLens data set to this machine and read it.

    Looks in ``folder``, then in the cache, then downloads from GroupLens;
    if that fails, 100k comes from PyPI with pip. A damaged file in the cache
    is set aside as ``*.bad`` and fetched again.

    Parameters
    ----------
    name
        100k, 1m, 10m, 25m, 32m, latest-small or synthetic.
    folder
        Where you keep the archive or its unpacked files; the environment
        variable ``RECSLIB_DATA`` does the same.
    cache
        Where downloads are kept; else the variable ``RECSLIB_CACHE``, else
        your user cache directory. The variable ``RECSLIB_MIRROR`` replaces
        the address of GroupLens's download folder.
    n_users
        Keep the first so many users and their ratings, to see quickly that
        all runs; None keeps all.

    Returns
    -------
    DataSet
        Ratings in the published order. Films and users without a rating are
        left out; where there are fewer users, all films stay.

    Raises
    ------
    RatingsError
        For a name not known, files that do not hold what they should, or an
        ``n_users`` below 1.
    DownloadError
        When no source could give the data: says what each one said.
    """
    if n_users is not None:
        whole = load(name, folder=folder, cache=cache)
        return _first_users(whole, n_users)
    if name == "synthetic":
        return synthetic()
    archive, place = find(name, folder=folder, cache=cache)
    try:
        return _assemble(name, archive.read(place))
    except RatingsError:
        raise
    except (LookupError, ValueError, FileNotFoundError) as error:
        raise RatingsError(
            f"{place}: not the files that GroupLens publishes as {name} "
            f"({error}). Unpack the archive afresh, or read ratings of your "
            f"own with read_ratings."
        ) from error


def _first_users(data: DataSet, n: int) -> DataSet:
    if n < 1:
        raise RatingsError(f"n_users is {n}; keep at least 1.")
    kept = data.ratings.select(data.ratings.users < n)
    return replace(
        data,
        ratings=replace(kept, user_ids=kept.user_ids[:n]),
        users=None if data.users is None else data.users.iloc[:n],
    )


def _assemble(name: str, tables: Tables) -> DataSet:
    films = pd.DataFrame(
        tables.films, columns=["item_id", "title", "year", "genres"]
    ).astype({"year": "Int64"})
    films["title"] = films["title"].map(article_in_front)
    ratings = read_ratings(
        tables.ratings,
        scale=(1.0, 5.0) if name in ("100k", "1m") else (0.5, 5.0),
        titles=_shown_titles(films),
        source=f"{name}: ratings",
    )
    films = films.set_index("item_id").loc[ratings.item_ids].reset_index()
    users = tables.users
    if users is not None:
        users = users.set_index("user_id").loc[ratings.user_ids].reset_index()
    return DataSet(name, ratings, films, users)


def _shown_titles(films: pd.DataFrame) -> dict[int, str]:
    rows = zip(films["item_id"], films["title"], films["year"], strict=True)
    return {
        item: title if pd.isna(year) else f"{title} ({year})"
        for item, title, year in rows
    }


def find(
    name: str,
    *,
    folder: str | Path | None = None,
    cache: str | Path | None = None,
) -> tuple[Archive, Place]:
    """Find a data set's files, and download them where there are none.

    Parameters, environment and errors as in `load`.

    Returns
    -------
    tuple
        The archive that it is, and where in it (or in your folder) the
        files lie.
    """
    if name not in ARCHIVES:
        raise RatingsError(
            f"no MovieLens data set is called {name!r}; there are "
            f"{', '.join(ARCHIVES)} and synthetic. Read a file of your own "
            f"with read_ratings."
        )
    return find_archive(
        name, ARCHIVES[name], GROUPLENS, folder=folder, cache=cache
    )


# How each archive spells its tables --------------------------------------


def _read_u(place: Place) -> Tables:
    films = [
        (int(row[0]), *split_year(row[1]), _flagged(row[6:]))
        for row in _rows(place / "u.item", "|", "latin-1")
    ]
    users = _rows(place / "u.user", "|", "latin-1")
    data = (place / "u.data").read_bytes()
    return Tables(_checked(data), films, _user_table(users))


def _read_recbole(place: Place) -> Tables:
    films = []
    for item, title, year, genres in _rows(place / "ml-100k.item", "\t")[1:]:
        # This copy misspells film 267's "unknown", and puts the year of
        # film 1412 into its title.
        name = title.replace("unkonwn", "unknown")
        name = f"{name} ({year})" if year.isdigit() else name
        words = tuple(w for w in genres.split(" ") if w != "unknown")
        films.append((int(item), *split_year(name), words))
    users = _rows(place / "ml-100k.user", "\t")[1:]
    _, _, data = (place / "ml-100k.inter").read_bytes().partition(b"\n")
    return Tables(_checked(data), films, _user_table(users))


def _read_dat(place: Place, encoding: str) -> Tables:
    films = [
        (int(item), *split_year(title), _genres(genres))
        for item, title, genres in _rows(place / "movies.dat", "::", encoding)
    ]
    users = None
    if (place / "users.dat").exists():
        rows = _rows(place / "users.dat", "::", encoding)
        users = _user_table(
            [
                u,
                age,
                gender,
                OCCUPATIONS_1M.split("|")[int(occupation)],
                zip_code,
            ]
            for u, gender, age, occupation, zip_code in rows
        )
    return Tables(place / "ratings.dat", films, users)


def _read_csv(place: Place) -> Tables:
    text = io.StringIO((place / "movies.csv").read_text(encoding="utf-8"))
    films = [
        (int(row[0]), *split_year(row[1]), _genres(row[2]))
        for row in list(csv.reader(text))[1:]
    ]
    return Tables(place / "ratings.csv", films)


def _rows(
    place: Place, separator: str, encoding: str = "utf-8"
) -> list[list[str]]:
    text = place.read_text(encoding=encoding).rstrip("\n")
    return [line.split(separator) for line in text.split("\n")]


def _flagged(flags: list[str]) -> tuple[str, ...]:
    pairs = zip(GENRES_100K.split("|"), flags, strict=True)
    return tuple(genre for genre, flag in pairs if flag == "1")


def _genres(text: str) -> tuple[str, ...]:
    return () if text == "(no genres listed)" else tuple(text.split("|"))


def _user_table(rows: Iterable[list[str]]) -> pd.DataFrame:
    columns = ["user_id", "age", "gender", "occupation", "zip_code"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"user_id": "int64", "age": "int64"})


def _checked(u_data: bytes) -> bytes:
    if hashlib.sha256(u_data).hexdigest() != U_DATA_SHA256:
        raise ValueError("the 100,000 ratings are not the published ones")
    return u_data


# A made-up set --------------------------------------------------------------


def synthetic(
    n_users: int = 60,
    n_items: int = 80,
    n_ratings: int = 2400,
    n_factors: int = 2,
    noise: float = 0.3,
    seed: int = 0,
) -> DataSet:
    """Make up a small data set whose factors are known.

    Stars are 3.5 + user bias + item bias + user factors . item factors +
    noise, rounded and kept in 1 to 5. It serves tests and quick runs; it
    says nothing about people.

    Parameters
    ----------
    n_users, n_items, n_ratings
        Sizes; every user and every item has at least one rating.
    n_factors
        Length of each factor vector.
    noise
        Standard deviation of what no model can know, in stars.
    seed
        The same seed gives the same data.

    Returns
    -------
    DataSet
        Its films and users have ``bias`` and ``factor_0``, ``factor_1``,
        ... as further columns. Genres follow the signs of the factors; many
        ratings of one user share their second.

    Raises
    ------
    RatingsError
        When n_ratings is too small or too large for these users and items.
    """
    if not max(n_users, n_items) <= n_ratings <= n_users * n_items:
        raise RatingsError(
            f"{n_ratings} ratings for {n_users} users and {n_items} items; "
            f"give {max(n_users, n_items)} to {n_users * n_items}."
        )
    random = np.random.default_rng(seed)
    users, items = _made_up_pairs(n_users, n_items, n_ratings, random)
    user_bias = random.normal(0, 0.4, n_users)
    item_bias = random.normal(0, 0.4, n_items)
    user_factors = random.normal(0, 0.9, (n_users, n_factors))
    item_factors = random.normal(0, 0.9, (n_items, n_factors))
    stars = (
        3.5
        + user_bias[users]
        + item_bias[items]
        + (user_factors[users] * item_factors[items]).sum(1)
        + random.normal(0, noise, n_ratings)
    )
    films = _made_up_films(item_factors, random)
    people = pd.DataFrame(
        {
            "user_id": np.arange(1, n_users + 1),
            "age": random.integers(16, 70, n_users),
            "gender": random.choice(["F", "M"], n_users),
            "occupation": random.choice(["student", "writer"], n_users),
            "zip_code": random.integers(10_000, 99_999, n_users).astype(str),
        }
    )
    frame = pd.DataFrame(
        {
            "user": users + 1,
            "item": items + 1,
            "rating": np.clip(np.rint(stars), 1, 5),
            "timestamp": _made_up_times(users, random),
        }
    )
    ratings = from_frame(
        frame,
        titles=_shown_titles(films),
        scale=(1.0, 5.0),
        source="synthetic",
    )
    return DataSet(
        "synthetic",
        ratings,
        _with_truth(films, item_bias, item_factors),
        _with_truth(people, user_bias, user_factors),
    )


def _made_up_pairs(
    n_users: int, n_items: int, n_ratings: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs, some users busier and some items better known."""
    weight = np.outer(random.random(n_users), random.random(n_items)).ravel()
    race = random.exponential(size=n_users * n_items) / (weight + 1e-9)
    # One pair for each user and item comes first.
    longer = np.arange(max(n_users, n_items))
    sure = random.permutation(longer % n_users) * n_items
    race[sure + random.permutation(longer % n_items)] = -1.0
    pairs = np.argsort(race, kind="stable")[:n_ratings]
    users, items = np.divmod(random.permutation(pairs), n_items)
    return users, items


def _made_up_times(
    users: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """Unix seconds: short sessions, ties, every third user comes back."""
    start = random.integers(880_000_000, 897_000_000, users.max() + 1)
    pause = random.integers(1, 60, len(users))
    pause[random.random(len(users)) < 0.6] = 0
    by_user = pd.Series(pause).groupby(users)
    late = by_user.cumcount() > 0.7 * by_user.transform("size")
    month = np.where(late & (users % 3 == 0), 30 * 86_400, 0)
    return start[users] + by_user.cumsum().to_numpy() + month


def _made_up_films(
    factors: np.ndarray, random: np.random.Generator
) -> pd.DataFrame:
    first = ("Silent", "Golden", "Broken", "Hidden", "Burning", "Paper")
    second = ("River", "Garden", "Mirror", "Letter", "Mountain", "Train")
    numbers = range(1, 2 + len(factors) // (len(first) * len(second)))
    titles = [
        f"The {a} {b} {n}".removesuffix(" 1")
        for n in numbers
        for b in second
        for a in first
    ]
    genres = [("Comedy", "Drama"), ("Action", "Romance")]
    return pd.DataFrame(
        {
            "item_id": np.arange(1, len(factors) + 1),
            "title": titles[: len(factors)],
            "year": pd.Series(
                random.integers(1950, 1999, len(factors)), dtype="Int64"
            ),
            "genres": [
                tuple(
                    pair[int(value > 0)]
                    for pair, value in zip(genres, row, strict=False)
                )
                for row in factors
            ],
        }
    )


def _with_truth(
    table: pd.DataFrame, bias: np.ndarray, factors: np.ndarray
) -> pd.DataFrame:
    columns = {f"factor_{k}": column for k, column in enumerate(factors.T)}
    return table.assign(bias=bias, **columns)


# ---------------------------------------------------------------------------


ARCHIVES: dict[str, tuple[Archive, ...]] = {
    "100k": (
        Archive(
            "ml-100k.zip",
            "ml-100k",
            "u.data",
            _read_u,
            4_924_029,
            "sha256:"
            "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        ),
        Archive(
            "recbole-1.2.1-py3-none-any.whl",
            "recbole/dataset_example/ml-100k",
            "ml-100k.inter",
            _read_recbole,
            2_130_151,
            "sha256:"
            "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
            requirement="recbole==1.2.1",
        ),
    ),
    "1m": (
        Archive(
            "ml-1m.zip",
            "ml-1m",
            "ratings.dat",
            partial(_read_dat, encoding="latin-1"),
            5_917_549,
            "sha256:"
            "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        ),
    ),
    "10m": (
        Archive(
            "ml-10m.zip",
            "ml-10M100K",
            "ratings.dat",
            partial(_read_dat, encoding="utf-8"),
            65_566_137,
            "sha256:"
            "813c411ccb6122564edfe752e7f80c4dcc5aa25fa94c93622f6877a7ba252862",
        ),
    ),
    "25m": (
        Archive(
            "ml-25m.zip",
            "ml-25m",
            "ratings.csv",
            _read_csv,
            261_978_986,
            "sha256:"
            "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
        ),
    ),
    "32m": (
        Archive(
            "ml-32m.zip",
            "ml-32m",
            "ratings.csv",
            _read_csv,
            238_950_008,
            "md5:d472be332d4daa821edc399621853b57",
        ),
    ),
    "latest-small": (
        Archive(
            "ml-latest-small.zip",
            "ml-latest-small",
            "ratings.csv",
            _read_csv,
        ),
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Bring one data set, and say what it is and where it lies."""
    parser = argparse.ArgumentParser(
        prog="python -m recslib.movielens",
        description="Bring a MovieLens data set to this machine.",
    )
    parser.add_argument("name", nargs="?", default="100k")
    parser.add_argument("--folder", help="where you keep the archive")
    parser.add_argument("--cache", help="where downloads are kept")
    options = parser.parse_args(arguments)
    where = {"folder": options.folder, "cache": options.cache}
    try:
        if options.name != "synthetic":
            _, place = find(options.name, **where)
            print(f"{options.name} lies in {place}")
        print(load(options.name, **where).ratings)
    except (DownloadError, RatingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
