"""MovieLens: its archives, how each spells its tables, and a made-up set.

From a command line, ``python -m recslib.movielens 100k`` brings a data set
and says where it lies.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from recslib.arguments import (
    check_count,
    check_kind,
    check_number,
    check_path,
    check_seed,
)
from recslib.downloads import (
    Archive,
    DownloadError,
    Publisher,
    find_archive,
    trouble_of_zip,
)
from recslib.ratings import Ratings, RatingsError, from_frame, plain_id
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
# The spread of a scale that people rate on is more of its width than this.
LEAST_SPREAD = 0.1
# What the models of a chapter are fitted to at most.
MOST_RATINGS, MOST_ITEMS = 1_000_000, 10_000
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
    film_file: Place
    users: pd.DataFrame | None = None
    user_file: Place | None = None


def load(
    name: str | Path = "100k",
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
        100k, 1m, 10m, 25m, 32m, latest-small or synthetic. Or the path of a
        folder, or of an archive, that holds the files of one of these:
        ``"path/to/ml-latest-small"``. Which one is seen by its files; tags
        and links are not read, and may be missing. Or the path of a table of
        your own, ``"path/to/file.csv"``, which `recslib.tables.read_ratings`
        reads: its items have no year and no genres.
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
        For a name not known, a path with no such files, files that do not
        hold what they should (names the file, and the line), or an
        ``n_users`` below 1.
    DownloadError
        When no source could give the data: says what each one said.
    ValueError
        When ``folder`` or ``cache`` is no path.
    """
    if n_users is not None:
        whole = load(name, folder=folder, cache=cache)
        return _first_users(whole, n_users)
    if name == "synthetic":
        return synthetic()
    if _is_path(name):
        if _is_table(Path(name)):
            return _of_table(Path(name).expanduser())
        called, read, place = _at(Path(name))
        return _assemble(called, read, place)
    archive, place = find(name, folder=folder, cache=cache)
    return _assemble(name, archive.read, place)


def lacks(data: DataSet) -> list[str]:
    """Say what a data set does not know, so that nobody has to find out.

    Parameters
    ----------
    data
        From `load`.

    Returns
    -------
    list of str
        A sentence each; empty where nothing lacks.

    Raises
    ------
    ValueError
        When the data are no `recslib.tables.DataSet`.
    """
    check_kind(data, DataSet, "data")
    films, said = data.films, []
    if data.users is None:
        said.append("Nothing is known of users but their ratings.")
    if data.ratings.timestamps is None:
        said.append(
            "There are no timestamps, so nothing can be split by time."
        )
    counts = {
        "no year": int(films["year"].isna().sum()),
        "no genre": int(films["genres"].map(len).eq(0).sum()),
        "no ratings": int((data.ratings.counts_by_item() == 0).sum()),
    }
    if counts["no year"] == counts["no genre"] == len(films):
        said.append("Nothing is known of items but what they are called.")
        del counts["no year"], counts["no genre"]
    for what, n in counts.items():
        if n == len(films) > 1:
            said.append(f"All {n:,} films have {what}.")
        elif n:
            have = "has" if n == 1 else "have"
            said.append(f"{n:,} of {len(films):,} films {have} {what}.")
    return said


def for_the_book(
    data: DataSet, seed: int = 0, *, most_items: int = MOST_ITEMS
) -> DataSet:
    """Make any data set one that the book's chapters can be run on.

    They were written about stars from 1 to 5, with times. MovieLens 100K
    comes back as it is, and so does what is on a scale between half a star
    and five. Ratings on another scale are read as stars: its lowest as 1, its
    highest as 5, in proportion. Amounts with a long tail, such as hours
    played, are read by their places among all, for in proportion nearly all
    would be 1. Where times are missing, or are so coarse that a moment holds
    more than a twentieth of the ratings, a random order stands in for what is
    not known. A chapter fits some fifty models: of more than a million
    ratings, people drawn at random are kept until there are as many, and of
    more than ``most_items`` those that most have rated.

    Parameters
    ----------
    data
        From `load`.
    seed
        Of the order.
    most_items
        Fewer than usual for what solves a system as large as the items, which
        takes eight times as long for two times as many.

    Returns
    -------
    DataSet
        Its ``notes`` say what was done and what the data lack; empty for
        100k.

    Raises
    ------
    RatingsError
        Where all ratings are equal: there are no stars to predict.
    ValueError
        When the data are no `recslib.tables.DataSet`, or the seed or
        ``most_items`` is none.
    """
    check_kind(data, DataSet, "data")
    check_seed(seed)
    check_count(most_items, "most_items")
    if data.name == "100k":
        return data
    notes = [_OF_ANOTHER_SET.format(data.name)]
    data, said = _some_of(data, seed, int(most_items))
    notes += said
    ratings, said = _on_stars(data.ratings)
    notes += said
    ratings, said = _in_some_order(ratings, seed)
    notes += said
    data = replace(data, ratings=ratings)
    return replace(data, notes=(*notes, *lacks(data)))


_OF_ANOTHER_SET = (
    "The text was written about MovieLens 100K: its numbers, its films and "
    "what it says of them hold there. Outputs are those of {}."
)


def _some_of(
    data: DataSet, seed: int, most_items: int
) -> tuple[DataSet, list[str]]:
    """Keep as much as a chapter can fit; say what."""
    ratings = data.ratings
    n, n_users, n_items = len(ratings), ratings.n_users, ratings.n_items
    if n <= MOST_RATINGS and n_items <= most_items:
        return data, []
    counts = ratings.counts_by_item()
    items = counts.argsort(descending=True, stable=True)[:most_items]
    is_kept = torch.isin(ratings.items, items)
    generator = torch.Generator().manual_seed(int(seed))
    order = torch.randperm(n_users, generator=generator)
    of_each = torch.bincount(ratings.users[is_kept], minlength=n_users)
    together = of_each[order].cumsum(0)
    users = order[: max(int((together <= MOST_RATINGS).sum()), 1)]
    is_kept &= torch.isin(ratings.users, users)
    made = _renumbered(data, ratings.select(is_kept))
    kept = made.ratings
    said = (
        f"A chapter fits many models, so it takes a part of these data: "
        f"{len(kept):,} of {n:,} ratings"
    )
    if n_items > most_items:
        said += (
            f", of the {kept.n_items:,} of {n_items:,} items that most rated"
        )
    if len(users) < n_users:
        said += f", by {kept.n_users:,} of {n_users:,} users drawn at random"
    return made, [f"{said}."]


def _renumbered(data: DataSet, ratings: Ratings) -> DataSet:
    """Leave out users and items without a rating."""
    user_rows, users = ratings.users.unique(return_inverse=True)
    item_rows, items = ratings.items.unique(return_inverse=True)
    people = data.users
    if people is not None:
        people = people.iloc[user_rows].reset_index(drop=True)
    return replace(
        data,
        ratings=replace(
            ratings,
            users=users,
            items=items,
            user_ids=ratings.user_ids[user_rows],
            item_ids=ratings.item_ids[item_rows],
            titles=tuple(ratings.titles[row] for row in item_rows.tolist()),
        ),
        films=data.films.iloc[item_rows].reset_index(drop=True),
        users=people,
    )


def _on_stars(ratings: Ratings) -> tuple[Ratings, list[str]]:
    """Read ratings as stars; say how."""
    low, high = ratings.scale
    stars = ratings.ratings.double()
    if len(stars) == 0 or bool((stars == stars[0]).all()):
        raise RatingsError(
            f"{ratings}: all ratings are equal, so there are no stars to "
            f"predict. Lists can be made of them: see the notebook "
            f"05_your_own_ratings."
        )
    if low >= 0.5 and high <= 5:
        return ratings, []
    if stars.std().item() >= LEAST_SPREAD * (high - low):
        stars = 1 + 4 * (stars - low) / (high - low)
        how = "in proportion"
    else:
        _, places = stars.unique(return_inverse=True)
        counts = torch.bincount(places).double()
        middles = counts.cumsum(0) - counts / 2  # of the places of a value
        stars = (1 + 4 * middles / len(stars))[places]
        how = "by their places among all"
    made = replace(ratings, ratings=stars.float(), scale=(1.0, 5.0))
    return made, [
        f"Ratings from {low:g} to {high:g} are read as stars from 1 to 5, "
        f"{how}."
    ]


def _in_some_order(ratings: Ratings, seed: int) -> tuple[Ratings, list[str]]:
    """Put a random order where none is known; say so."""
    n, times = len(ratings), ratings.timestamps
    generator = torch.Generator().manual_seed(int(seed))
    order = torch.randperm(n, generator=generator)
    if times is None:
        said = (
            "There are no timestamps: a random order stands in for time, a "
            "second a rating. What a chapter finds out about time is of that."
        )
    elif int(times.unique(return_counts=True)[1].max()) > n / 20:
        said = (
            "Times are coarse: ratings of one moment come in a random order, "
            "a second apart."
        )
        order = order[times[order].argsort(stable=True)]
    else:
        return ratings, []
    made = torch.empty(n, dtype=torch.int64)
    made[order] = torch.arange(n)
    return replace(ratings, timestamps=made), [said]


def _is_path(name: object) -> bool:
    if isinstance(name, os.PathLike):
        return True
    if not isinstance(name, str) or name in ARCHIVES:
        return False
    return "/" in name or os.sep in name or bool(Path(name).suffix)


def _is_table(named: Path) -> bool:
    """Tell a table of somebody's own from what GroupLens publishes."""
    with suppress(OSError, RuntimeError, ValueError):
        path = named.expanduser()
        if path.is_file():
            if path.suffix.lower() == ".zip":
                return trouble_of_zip(path) is None and not _places(path)
            return not _stands_for_folder(path)
    return False


# What errors of `recslib.tables.read_ratings` ask for, and `load` cannot give.
_SETTINGS = ("columns", "separator", "encoding", "scale", "quotes")
_FOR_A_CHAPTER = (
    "A chapter takes a table as it is: save it as UTF-8, with commas and with "
    "usual names, user,item,rating,timestamp. The notebook "
    "05_your_own_ratings takes what is asked for here in its `reading`."
)


def _of_table(path: Path) -> DataSet:
    try:
        ratings = read_ratings(path)
    except RatingsError as error:
        if any(f"{name}=" in str(error) for name in _SETTINGS):
            raise RatingsError(f"{error} {_FOR_A_CHAPTER}") from error
        raise
    films = pd.DataFrame(
        {
            "item_id": ratings.item_ids,
            "title": list(ratings.titles),
            "year": pd.array([pd.NA] * ratings.n_items, dtype="Int64"),
            "genres": [()] * ratings.n_items,
        }
    )
    return DataSet(path.stem, ratings, films, None)


def _at(named: Path) -> tuple[str, Callable[[Place], Tables], Place]:
    """See by its files which data set lies at a path."""
    try:
        path = named.expanduser()
        if not path.exists():
            raise RatingsError(
                f"{named}: there is no such file or folder. Give a table of "
                f"ratings, a folder or archive that holds MovieLens's files, "
                f"or a name: {', '.join(ARCHIVES)} or synthetic."
            )
        if _stands_for_folder(path):
            path = path.parent
        if path.is_file():
            trouble = trouble_of_zip(path)
            if trouble is not None:
                raise RatingsError(
                    f"{path} {trouble}. Give a folder, a .zip of MovieLens's "
                    f"or a table of ratings."
                )
        found = _places(path)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RatingsError(
            f"{named}: cannot be looked into ({reason}). Give a folder that "
            f"you may read."
        ) from error
    if len(found) != 1:
        names = ", ".join(place.name for place in found)
        raise RatingsError(
            f"{named}: holds "
            + (
                f"{len(found)} data sets, {names}. Give the folder of one."
                if found
                else "none of the files u.data, ratings.dat and ratings.csv. "
                "Give the folder that they lie in."
            )
        )
    form = _form(found[0])
    assert form is not None
    name, read = form
    if name == "":
        name = found[0].name.removesuffix(".zip") or named.stem
        name = name.removeprefix("ml-")
    return name, read, found[0]


def _places(path: Path) -> list[Place]:
    """Find the folders of MovieLens's files in a folder or archive."""
    root: Place = zipfile.Path(path) if path.is_file() else path
    if _form(root):
        return [root]
    inside = sorted(
        (each for each in root.iterdir() if each.is_dir()),
        key=lambda each: each.name,
    )
    return [place for place in inside if _form(place)]


def _stands_for_folder(path: Path) -> bool:
    """See whether ratings lie beside the films that they belong to."""
    films = {
        "u.data": "u.item",
        "ratings.dat": "movies.dat",
        "ratings.csv": "movies.csv",
    }.get(path.name)
    return films is not None and (path.parent / films).is_file()


def _form(place: Place) -> tuple[str, Callable[[Place], Tables]] | None:
    """Name the data set whose files lie here, "" for one of many."""
    if (place / "u.data").is_file():
        return "100k", _read_u
    if (place / "ratings.dat").is_file():
        # The one with people writes latin-1, the one without UTF-8.
        if (place / "users.dat").is_file() or place.name == "ml-1m":
            return "1m", partial(_read_dat, encoding="latin-1")
        return "10m", partial(_read_dat, encoding="utf-8")
    if (place / "ratings.csv").is_file():
        return "", _read_csv
    return None


def _first_users(data: DataSet, n: int) -> DataSet:
    is_whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
    if not is_whole or n < 1:
        raise RatingsError(f"n_users is {n!r}; keep at least 1.")
    kept = data.ratings.select(data.ratings.users < n)
    return replace(
        data,
        ratings=replace(kept, user_ids=kept.user_ids[:n]),
        users=None if data.users is None else data.users.iloc[:n],
    )


def _assemble(
    name: str, read: Callable[[Place], Tables], place: Place
) -> DataSet:
    try:
        tables = read(place)
        ratings_file = tables.ratings
        films = pd.DataFrame(
            tables.films, columns=["item_id", "title", "year", "genres"]
        ).astype({"year": "Int64"})
        films["title"] = films["title"].map(article_in_front)
        ratings = read_ratings(
            ratings_file,
            scale=(1.0, 5.0) if name in ("100k", "1m") else (0.5, 5.0),
            titles=_shown_titles(films),
            source=f"{name}: ratings",
        )
        films = _of_ids(films, "item_id", ratings.item_ids, tables.film_file)
        users = tables.users
        if users is not None:
            users = _of_ids(
                users, "user_id", ratings.user_ids, tables.user_file
            )
    except RatingsError as error:
        if not str(error).startswith(f"{name}: ratings"):
            raise
        said = f"{error} They lie in {place}."
        if any(f"{setting}=" in str(error) for setting in _SETTINGS):
            said += (
                " What is asked for here, recslib.tables.read_ratings takes, "
                "beside the path of the file."
            )
        raise RatingsError(said) from error
    except (LookupError, ValueError, OSError) as error:
        raise RatingsError(
            f"{place}: {_in_words(error, place)}. {_AFRESH}"
        ) from error
    return DataSet(name, ratings, films, users)


_AFRESH = (
    "These are not the files that GroupLens publishes: unpack the archive "
    "afresh, or read ratings of your own with read_ratings."
)


def _in_words(error: Exception, place: Place) -> str:
    if isinstance(error, FileNotFoundError | KeyError):
        there = sorted(each.name for each in place.iterdir())
        return f"{error}; there are {', '.join(there) or 'no files'}"
    return str(error)


def _of_ids(
    table: pd.DataFrame, column: str, ids: np.ndarray, file: Place | None
) -> pd.DataFrame:
    """Take the row of each id, in order."""
    twice = table.loc[table[column].duplicated(), column]
    known = set(table[column])
    # One word among them, and all ids are text.
    lacking = [id_ for id_ in ids if plain_id(id_) not in known]
    for wrong, what in ((twice, "stand twice"), (lacking, "are missing")):
        if len(wrong):
            some = ", ".join(map(str, list(wrong)[:5]))
            more = ", ..." if len(wrong) > 5 else ""
            raise RatingsError(
                f"{file}: {len(wrong):,} ids {what}: {some}{more}. Each that "
                f"has ratings wants one row. {_AFRESH}"
            )
    return table.set_index(column).loc[ids].reset_index()


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
    fetch: bool = True,
) -> tuple[Archive, Place]:
    """Find a data set's files, and download them where there are none.

    Parameters, environment and errors as in `load`; ``fetch`` as in
    `recslib.downloads.find_archive`.

    Returns
    -------
    tuple
        The archive that it is, and where in it (or in your folder) the
        files lie.
    """
    if cache is not None:
        check_path(cache, "cache")
    if not isinstance(name, str) or name not in ARCHIVES:
        raise RatingsError(
            f"no MovieLens data set is called {name!r}; there are "
            f"{', '.join(ARCHIVES)} and synthetic. Read a file of your own "
            f"with read_ratings."
        )
    return find_archive(
        name,
        ARCHIVES[name],
        GROUPLENS,
        folder=folder,
        cache=cache,
        fetch=fetch,
    )


# How each archive spells its tables --------------------------------------


def _read_u(place: Place) -> Tables:
    film_file, user_file = place / "u.item", place / "u.user"
    films = _table(
        film_file,
        _rows(film_file, "|", "latin-1"),
        lambda row: (int(row[0]), *split_year(row[1]), _flagged(row[6:])),
        "24 fields between |: id, title, dates, address and 19 flags",
    )
    users = _people(user_file, _rows(user_file, "|", "latin-1"), list)
    data = _checked(place / "u.data")
    return Tables(data, films, film_file, users, user_file)


def _read_recbole(place: Place) -> Tables:
    film_file, user_file = place / "ml-100k.item", place / "ml-100k.user"

    def film(row: list[str]) -> tuple:
        item, title, year, genres = row
        # This copy misspells film 267's "unknown", and puts the year of
        # film 1412 into its title.
        name = title.replace("unkonwn", "unknown")
        name = f"{name} ({year})" if year.isdigit() else name
        words = tuple(w for w in genres.split(" ") if w != "unknown")
        return int(item), *split_year(name), words

    films = _table(
        film_file,
        list(_rows(film_file, "\t"))[1:],
        film,
        "4 fields between tabs",
    )
    users = _people(user_file, list(_rows(user_file, "\t"))[1:], list)
    data = _checked(place / "ml-100k.inter", has_header=True)
    return Tables(data, films, film_file, users, user_file)


def _read_dat(place: Place, encoding: str) -> Tables:
    film_file, user_file = place / "movies.dat", place / "users.dat"

    def film(row: list[str]) -> tuple:
        item, title, genres = row
        return int(item), *split_year(title), _genres(genres)

    def person(row: list[str]) -> list[str]:
        user, gender, age, occupation, zip_code = row
        jobs = dict(enumerate(OCCUPATIONS_1M.split("|")))
        return [user, age, gender, jobs[int(occupation)], zip_code]

    films = _table(
        film_file,
        _rows(film_file, "::", encoding),
        film,
        "id::title::genres",
    )
    users = None
    if user_file.exists():
        users = _people(user_file, _rows(user_file, "::", encoding), person)
    return Tables(place / "ratings.dat", films, film_file, users, user_file)


def _read_csv(place: Place) -> Tables:
    film_file = place / "movies.csv"
    reader = csv.reader(io.StringIO(_text(film_file, "utf-8"), newline=""))
    rows = []
    try:
        rows = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise RatingsError(
            f"{film_file}, line {reader.line_num}: {error}. Is a quotation "
            f"mark open? {_AFRESH}"
        ) from error
    if not rows or rows[0][1][:3] != ["movieId", "title", "genres"]:
        first = ",".join(rows[0][1])[:80] if rows else "nothing"
        raise RatingsError(
            f"{film_file}: starts with {first!r}, not with the names "
            f"movieId,title,genres. {_AFRESH}"
        )

    def film(row: list[str]) -> tuple:
        item, title, genres = row
        return int(item), *split_year(title), _genres(genres)

    films = _table(film_file, rows[1:], film, "movieId,title,genres")
    return Tables(place / "ratings.csv", films, film_file)


def _rows(
    place: Place, separator: str, encoding: str = "utf-8"
) -> Iterator[tuple[int, list[str]]]:
    """Part a text into lines, counted from 1, and fields; skip empty lines."""
    for number, line in enumerate(_text(place, encoding).split("\n"), start=1):
        if line.strip():
            yield number, line.split(separator)


def _text(place: Place, encoding: str) -> str:
    """Read a text as GroupLens wrote it, or as somebody saved it anew.

    What is sound UTF-8 is UTF-8: letters of one byte seldom are by chance.
    """
    data = place.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeError as error:
        if encoding == "utf-8":
            line = data[: error.start].count(b"\n") + 1
            raise RatingsError(
                f"{place}, line {line}: is not UTF-8, as GroupLens writes it "
                f"({error}). Save it as UTF-8, or unpack the archive afresh."
            ) from error
        text = data.decode(encoding)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _table(
    file: Place,
    rows: Iterable[tuple[int, list[str]]],
    read: Callable[[list[str]], Any],
    wanted: str,
) -> list[Any]:
    """Read row by row, so that an error can say which line it is."""
    table = []
    for number, row in rows:
        try:
            table.append(read(row))
        except (LookupError, ValueError) as error:
            shown = repr(row)[:120]
            raise RatingsError(
                f"{file}, line {number}: not {wanted}, but {shown}. {_AFRESH}"
            ) from error
    return table


def _people(
    file: Place,
    rows: Iterable[tuple[int, list[str]]],
    read: Callable[[list[str]], list[str]],
) -> pd.DataFrame:
    def person(row: list[str]) -> list:
        user, age, gender, occupation, zip_code = read(row)
        return [int(user), int(age), gender, occupation, zip_code]

    wanted = "id, age, gender, occupation and zip code"
    return _user_table(_table(file, rows, person, wanted))


def _flagged(flags: list[str]) -> tuple[str, ...]:
    pairs = zip(GENRES_100K.split("|"), flags, strict=True)
    return tuple(genre for genre, flag in pairs if flag == "1")


def _genres(text: str) -> tuple[str, ...]:
    if text == "(no genres listed)":
        return ()
    return tuple(name.strip() for name in text.split("|") if name.strip())


def _user_table(rows: Iterable[list[str]]) -> pd.DataFrame:
    columns = ["user_id", "age", "gender", "occupation", "zip_code"]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({"user_id": "int64", "age": "int64"})


def _checked(file: Place, has_header: bool = False) -> bytes:
    """Read the 100,000 ratings, whatever became of their line ends."""
    data = file.read_bytes()
    if has_header:
        _, _, data = data.partition(b"\n")
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    mended = b"\n".join(line for line in lines if line.strip()) + b"\n"
    if hashlib.sha256(mended).hexdigest() != U_DATA_SHA256:
        raise RatingsError(
            f"{file}: the 100,000 ratings are not the published ones. "
            f"{_AFRESH}"
        )
    return mended


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
    ValueError
        When another number is out of range.
    """
    check_seed(seed)
    check_count(n_users, "n_users")
    check_count(n_items, "n_items")
    check_count(n_ratings, "n_ratings")
    check_count(n_factors, "n_factors", least=0)
    check_number(noise, "noise", least=0)
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
            needs=("movies.csv",),
            # It changes over time, so no hash is known.
            check=partial(_assemble, "latest-small", _read_csv),
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
        data = load(options.name, **where)
        print(data.ratings, *lacks(data), sep="\n")
    except (DownloadError, RatingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
