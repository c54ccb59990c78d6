"""MovieLens on this machine: brought here, checked, read.

From a command line, ``python -m recslib.movielens 100k`` brings a data set
and says where it lies.
"""

from __future__ import annotations

import argparse
import atexit
import csv
import hashlib
import io
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as remember
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import NamedTuple

import numpy as np
import pandas as pd
import platformdirs
import pooch
from filelock import FileLock, Timeout

from recslib.progress import progress_bar, progress_is_off
from recslib.ratings import Ratings, RatingsError, from_frame
from recslib.tables import Place, read_ratings
from recslib.titles import article_in_front, split_year

logger = logging.getLogger(__name__)

GROUPLENS = "https://files.grouplens.org/datasets/movielens/"
U_DATA_SHA256 = (
    "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"
)
TERMS = """\
MovieLens data is GroupLens Research's (University of Minnesota): free for
research, with acknowledgement; do not pass it on or use it commercially
without permission. The full terms are in the archive's README. Cite it as:
F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets:
History and Context. ACM TiiS 5(4), 19. https://doi.org/10.1145/2827872"""
LOCK_SECONDS = 1800
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
# What requests, pooch, pip and the disk raise when a download comes to grief.
_REFUSALS = (OSError, ValueError, subprocess.SubprocessError)


class DownloadError(OSError):
    """A data set that no source could give."""


@dataclass(frozen=True, eq=False)
class MovieLens:
    """One data set: its ratings, and what is known of films and users.

    Parameters
    ----------
    name
        ``"100k"``, ``"1m"``, ... or ``"synthetic"``.
    ratings
        In the order of the published file.
    films
        One row an item index: ``item_id``, ``title`` (article in front, no
        year), ``year`` (Int64, NA where unknown), ``genres`` (tuple of str).
    users
        One row a user index: ``user_id``, ``age`` (1m: the lower end of an
        age group), ``gender``, ``occupation``, ``zip_code``; None where the
        set tells nothing of its users.
    """

    name: str
    ratings: Ratings
    films: pd.DataFrame
    users: pd.DataFrame | None


class Tables(NamedTuple):
    """A data set's files, read: ratings stay bytes or a place until later."""

    ratings: Place | bytes
    films: list[tuple[int, str, int | None, tuple[str, ...]]]
    users: pd.DataFrame | None = None


@dataclass(frozen=True)
class Archive:
    """One published file that holds a data set.

    Parameters
    ----------
    file
        Its name.
    folder
        Where the data set lies inside it.
    marker
        A file that must be in that folder.
    read
        Turns the folder into tables.
    n_bytes, known_hash
        Size and ``"algorithm:hex"``; None where the file changes over time.
    requirement
        What to ask pip for; None for what GroupLens hands out.
    """

    file: str
    folder: str
    marker: str
    read: Callable[[Place], Tables]
    n_bytes: int | None = None
    known_hash: str | None = None
    requirement: str | None = None


def load(
    name: str = "100k",
    *,
    folder: str | Path | None = None,
    cache: str | Path | None = None,
) -> MovieLens:
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

    Returns
    -------
    MovieLens
        Ratings in the published order. Films and users without a rating are
        left out.

    Raises
    ------
    RatingsError
        For a name not known, or files that do not hold what they should.
    DownloadError
        When no source could give the data: says what each one said.
    """
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


def _assemble(name: str, tables: Tables) -> MovieLens:
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
    return MovieLens(name, ratings, films, users)


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
    tried = []
    folder = folder or os.environ.get("RECSLIB_DATA")
    if folder:
        for archive in ARCHIVES[name]:
            place = _in_folder(Path(folder).expanduser(), archive)
            if place is not None:
                return archive, place
        logger.warning(
            "%s holds no sound copy of %s; looking in the cache.",
            folder,
            ARCHIVES[name][0].file,
        )
        tried.append(f"the folder {folder}: no sound copy")
    cache = cache or os.environ.get("RECSLIB_CACHE")
    cache = Path(cache or platformdirs.user_cache_path("recslib"))
    archive = _in_cache(name, cache)
    if archive is None:
        tried.append(f"the cache {cache}: no sound copy")
        cache = _writable(cache)
        archive = _in_cache(name, cache) or _fetch(name, cache, tried)
    return archive, _open(cache / archive.file, archive)


def _open(path: Path, archive: Archive) -> Place:
    return zipfile.Path(path, archive.folder + "/")


def _in_folder(folder: Path, archive: Archive) -> Place | None:
    path = folder / archive.file
    trouble = _trouble(path, archive)
    if trouble is None:
        return _open(path, archive)
    if path.exists():
        logger.warning("%s %s; not used.", path, trouble)
    for place in (folder / Path(archive.folder).name, folder):
        if (place / archive.marker).is_file():
            return place
    return None


def _in_cache(name: str, cache: Path) -> Archive | None:
    for archive in ARCHIVES[name]:
        if _trouble(cache / archive.file, archive) is None:
            return archive
    return None


def _trouble(path: Path, archive: Archive) -> str | None:
    """Say what is wrong with a file, None where it is the published one."""
    try:
        n_bytes = path.stat().st_size
        if archive.n_bytes not in (None, n_bytes):
            return f"has {n_bytes:,} bytes, not {archive.n_bytes:,}"
        if archive.known_hash is not None:
            algorithm, known = archive.known_hash.split(":")
            if pooch.file_hash(path, alg=algorithm) != known:
                return f"does not have the published {algorithm}"
            return None
        with zipfile.ZipFile(path) as whole:
            broken = whole.testzip()
            if broken is not None:
                return f"is damaged at {broken}"
            if f"{archive.folder}/{archive.marker}" not in whole.namelist():
                return f"does not hold {archive.folder}/{archive.marker}"
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        return f"cannot be read ({error})"
    return None


def _writable(cache: Path) -> Path:
    """Give back the cache, or a temporary one where it takes no files."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return cache
    except OSError as error:
        temporary = _temporary_cache()
        logger.warning(
            "The cache %s cannot be written (%s). Downloads go to %s and are "
            "deleted at the end; set RECSLIB_CACHE to a folder of yours.",
            cache,
            error,
            temporary,
        )
        return temporary


@remember
def _temporary_cache() -> Path:
    folder = tempfile.mkdtemp(prefix="recslib-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def _locked(cache: Path, name: str) -> Iterator[None]:
    # Any user of a shared cache may take the lock.
    lock = FileLock(cache / f"{name}.lock", mode=0o666)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("Another process is fetching %s: waiting.", name)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise DownloadError(
                f"{lock.lock_file} has been held by another process for "
                f"{LOCK_SECONDS // 60} minutes. End that process, or set "
                f"RECSLIB_CACHE to another folder, and try again."
            ) from error
    try:
        yield
    finally:
        lock.release()


def _fetch(name: str, cache: Path, tried: list[str]) -> Archive:
    with _locked(cache, name):
        archive = _in_cache(name, cache)
        if archive is not None:
            return archive
        incoming = cache / f"{name}.incoming"
        for archive in ARCHIVES[name]:
            path = cache / archive.file
            if path.exists():
                trouble = _trouble(path, archive)
                logger.warning("%s %s: set aside as .bad.", path, trouble)
                path.replace(path.with_name(path.name + ".bad"))
            # A killed process may have left its half behind.
            shutil.rmtree(incoming, ignore_errors=True)
            try:
                _download(archive, incoming).replace(path)
            except _REFUSALS as error:
                tried += [_source(archive), indent(str(error), "  ")]
            else:
                if not progress_is_off():
                    print(TERMS)
                return archive
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
    wanted = ARCHIVES[name][0].file
    raise DownloadError(
        f"no source could give the data set {name}. Tried:\n  "
        + "\n  ".join(tried)
        + f"\nYou can:\n  1. look at the network or proxy and run this "
        f"again;\n  2. download {wanted} in a browser from {GROUPLENS}{wanted}"
        f" and set RECSLIB_DATA to the folder that holds it;\n  3. set "
        f"RECSLIB_MIRROR to the address of a mirror of {GROUPLENS}"
    )


def _source(archive: Archive) -> str:
    if archive.requirement is not None:
        return f"pip:{archive.requirement}"
    mirror = os.environ.get("RECSLIB_MIRROR") or GROUPLENS
    return f"{mirror.rstrip('/')}/{archive.file}"


def _download(archive: Archive, incoming: Path) -> Path:
    # Its notes would end up on a notebook's standard error.
    pooch.get_logger().setLevel(logging.WARNING)
    by_pip = archive.requirement is not None
    path = Path(
        pooch.retrieve(
            _source(archive),
            archive.known_hash,
            fname=archive.file,
            path=incoming,
            downloader=_pip_download if by_pip else _http_download,
        )
    )
    trouble = _trouble(path, archive)
    if trouble is not None:
        raise ValueError(f"what came {trouble}")
    # pooch leaves it readable for its owner alone.
    path.chmod(0o644)
    return path


def _http_download(url: str, output_file: str, _: object) -> None:
    name = url.rpartition("/")[2]
    with progress_bar(total=1, description=name, unit="B") as bar:
        fetch = pooch.HTTPDownloader(progressbar=bar, timeout=(10, 60))
        fetch(url, output_file, None)


def _pip_download(url: str, output_file: str, _: object) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps"]
    command += ["--quiet", "--no-input", "--disable-pip-version-check"]
    # Others may be waiting for the lock.
    command += ["--retries", "1"]
    with tempfile.TemporaryDirectory(dir=Path(output_file).parent) as folder:
        run = subprocess.run(
            [*command, "--dest", folder, url.removeprefix("pip:")],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        wheels = list(Path(folder).glob("*.whl"))
        if run.returncode != 0 or not wheels:
            raise OSError(run.stderr.strip() or "pip brought no wheel")
        shutil.move(wheels[0], output_file)


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
) -> MovieLens:
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
    MovieLens
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
    return MovieLens(
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
