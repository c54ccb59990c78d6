"""Any table of ratings, read and checked; and what stands beside it."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pandas as pd

from recslib.ratings import N_SHOWN, Ratings, RatingsError, from_frame

# What columns are usually called, in lower case and letters only.
USUAL_NAMES = {
    "user": "u|uid|user(id)?|reviewer(id)?|customer(id)?",
    "item": "i|iid|item(id)?|movie(id)?|film(id)?|book(id)?|isbn|asin"
    "|product(id)?",
    "rating": "ratings?|bookrating|stars?|score|overall",
    "timestamp": "timestamp|time|ts|unix(review)?time",
}

# A file on the disk, or inside an archive.
Place = Path | zipfile.Path


@dataclass(frozen=True, eq=False)
class DataSet:
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


def read_ratings(
    path_or_frame: str | Place | bytes | pd.DataFrame,
    *,
    columns: Mapping[str, str | int] | None = None,
    scale: tuple[float, float] | None = None,
    titles: Mapping[Any, str] | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    source: str | None = None,
) -> Ratings:
    r"""Read ratings of your own: a CSV or TSV file, or a pandas frame.

    Parameters
    ----------
    path_or_frame
        The file (or its bytes), or the frame.
    columns
        Which column is which: ``{"user": "who", "item": "book", "rating":
        "stars"}``, or column numbers from 0 up. What is not given is guessed
        from the usual names (userId, movie_id, stars, ...); a file without
        a header is taken as user, item, rating, timestamp. The timestamp
        (Unix seconds) may be missing.
    scale
        Lowest and highest star; None works it out from the ratings.
    titles
        Item id to title, if you have titles.
    separator
        One character or ``"::"``; None guesses from the first line.
    encoding
        Of a file: ``"utf-8"``, ``"latin-1"``, ...
    source
        What errors call it; default the file's name.

    Returns
    -------
    Ratings
        In the order of the rows.

    Raises
    ------
    RatingsError
        For what is wrong in the table, as in `recslib.ratings.from_frame`,
        and for rows of the wrong length or bytes that are not in the encoding.
    """
    source = source or _source_of(path_or_frame)
    frame = read_frame(
        path_or_frame,
        columns=columns,
        separator=separator,
        encoding=encoding,
        source=source,
    )
    return from_frame(frame, titles=titles, scale=scale, source=source)


def read_frame(
    path_or_frame: str | Place | bytes | pd.DataFrame,
    *,
    columns: Mapping[str, str | int] | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    source: str | None = None,
) -> pd.DataFrame:
    """Read a table of ratings and name its columns, before any check of them.

    To mend what `read_ratings` refuses: rows that stand twice, dates.

    Parameters
    ----------
    path_or_frame, columns, separator, encoding, source
        As in `read_ratings`.

    Returns
    -------
    DataFrame
        Columns ``user``, ``item``, ``rating`` and, where there is one,
        ``timestamp``; of a file, the index says the line.

    Raises
    ------
    RatingsError
        For a missing column, rows of the wrong length, and bytes that are
        not in the encoding.
    """
    source = source or _source_of(path_or_frame)
    if isinstance(path_or_frame, pd.DataFrame):
        frame = path_or_frame
    else:
        if isinstance(path_or_frame, str):
            path_or_frame = Path(path_or_frame)
        frame = _read_table(path_or_frame, separator, encoding, source)
    return _pick_columns(frame, columns or {}, source)


def read_titles(
    path: str | Place | bytes,
    *,
    separator: str | None = None,
    encoding: str = "utf-8",
) -> dict[int | str, str]:
    """Read a table of items and their titles.

    Parameters
    ----------
    path
        A CSV or TSV file (or its bytes) with a column for the item (its usual
        names, or ``id``) and one called ``title`` or ``name``; without such a
        header, the first column and the second.
    separator, encoding
        As in `read_ratings`.

    Returns
    -------
    dict
        From an item's id to its title. A whole number stands there as a
        number and as text, as the ratings may have either.

    Raises
    ------
    RatingsError
        For rows of the wrong length, a header without these columns, and
        bytes that are not in the encoding.
    """
    source = _source_of(path)
    if isinstance(path, str):
        path = Path(path)
    frame = _read_table(path, separator, encoding, source)
    header = [re.sub(r"[^a-z]", "", str(name).lower()) for name in frame]
    if not any(header):  # numbers alone: there is no header
        header = ["item", "title", *header[2:]]
    roles = {"item": USUAL_NAMES["item"] + "|id", "title": "title|name"}
    found = {
        role: next((i for i, n in enumerate(header) if re.fullmatch(r, n)), -1)
        for role, r in roles.items()
    }
    if len(frame.columns) < 2 or min(found.values()) < 0:
        raise RatingsError(
            f"{source}: has the columns {', '.join(map(str, frame))}; give "
            f"a table with a column 'item' and a column 'title'."
        )
    ids = frame.iloc[:, found["item"]]
    names = frame.iloc[:, found["title"]]
    known = ids.notna() & names.notna()
    titles: dict[int | str, str] = {}
    for id_, title in zip(ids[known].tolist(), names[known], strict=True):
        if isinstance(id_, float) and id_.is_integer():
            id_ = int(id_)
        titles[id_] = titles[str(id_)] = str(title)
    return titles


def _source_of(table: str | Place | bytes | pd.DataFrame) -> str:
    if isinstance(table, pd.DataFrame):
        return "frame"
    if isinstance(table, str):
        table = Path(table)
    return getattr(table, "name", "bytes")


def _bytes_of(table: Place | bytes) -> IO[bytes]:
    return io.BytesIO(table) if isinstance(table, bytes) else table.open("rb")


def _read_table(
    table: Place | bytes, separator: str | None, encoding: str, source: str
) -> pd.DataFrame:
    with io.TextIOWrapper(
        _bytes_of(table), encoding=encoding, errors="replace"
    ) as text:
        first = text.readline().lstrip("\ufeff").rstrip("\n")
    if not first.strip():
        raise RatingsError(
            f"{source}: is empty, or its first line is. Check that it is the "
            f"right file and that it came over whole."
        )
    separator = separator or _guess_separator(first)
    if len(separator) != 1 and separator != "::":
        raise RatingsError(
            f"separator is {separator!r}; give one character or '::'."
        )
    fields = [field.strip(' "') for field in first.split(separator)]
    has_header = not any(_is_number(field) for field in fields)
    width = len(fields)
    # pandas' fast parser wants one character, and sees "a::b" as a, "", b:
    # every other column is one of these gaps.
    step = len(separator)
    n_columns = step * (width - 1) + 1
    try:
        with _bytes_of(table) as handle:
            frame = pd.read_csv(
                handle,
                sep=separator[0],
                header=None,
                names=range(n_columns),
                skiprows=int(has_header),
                encoding=encoding,
                skip_blank_lines=False,
                low_memory=False,
            )
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame(columns=range(n_columns))
    except UnicodeError as error:
        raise _wrong_encoding(table, encoding, source) from error
    except pd.errors.ParserError as error:
        raise _ragged(table, separator, encoding, width, source) from error
    # A longer second line makes pandas take the surplus for an index.
    long = not isinstance(frame.index, pd.RangeIndex)
    gaps = [place for place in range(n_columns) if place % step]
    if long or frame[gaps].notna().any(axis=None):
        raise _ragged(table, separator, encoding, width, source)
    first_line = 2 if has_header else 1
    frame.index = pd.RangeIndex(
        first_line, first_line + len(frame), name="line"
    )
    frame = frame.iloc[:, ::step]
    frame.columns = fields if has_header else range(width)
    return frame.dropna(how="all")


def _guess_separator(line: str) -> str:
    return "::" if "::" in line else max("\t,;|", key=line.count)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _wrong_encoding(
    table: Place | bytes, encoding: str, source: str
) -> RatingsError:
    bad = []
    with _bytes_of(table) as handle:
        for number, line in enumerate(handle, 1):
            try:
                line.decode(encoding)
            except UnicodeError:
                bad.append(f"line {number}")
    return RatingsError(
        f"{source}: {len(bad):,} lines are not {encoding}: "
        f"{_first_few(bad)}. Give the encoding it was written in, for "
        f"example encoding='latin-1' or encoding='utf-16'."
    )


def _ragged(
    table: Place | bytes,
    separator: str,
    encoding: str,
    width: int,
    source: str,
) -> RatingsError:
    with _bytes_of(table) as handle:
        text = io.TextIOWrapper(
            handle, encoding=encoding, errors="replace", newline=""
        )
        rows: Iterable[list[str]]
        if separator == "::":
            rows = (line.split(separator) for line in text)
        else:
            rows = csv.reader(text, delimiter=separator)
        bad = [
            f"line {number} ({len(row)})"
            for number, row in enumerate(rows, 1)
            if len(row) not in (0, width)
        ]
    if not bad:
        return RatingsError(
            f"{source}: ends inside quotation marks. Look for one that opens "
            f"a field and never closes."
        )
    return RatingsError(
        f"{source}: {len(bad):,} rows do not have {width} fields as the "
        f"first line has: {_first_few(bad)}. Correct them, quote fields that "
        f"hold a {separator!r}, or give another separator=."
    )


def _first_few(places: list[str]) -> str:
    return ", ".join(places[:N_SHOWN]) + (
        ", ..." if len(places) > N_SHOWN else ""
    )


def _pick_columns(
    frame: pd.DataFrame, columns: Mapping[str, str | int], source: str
) -> pd.DataFrame:
    odd = set(columns) - set(USUAL_NAMES)
    if odd:
        raise RatingsError(
            f"columns names {', '.join(sorted(odd))}; it can name "
            f"{', '.join(USUAL_NAMES)}."
        )
    header = list(frame.columns)
    has_names = any(isinstance(name, str) for name in header)
    # RecBole writes "user_id:token".
    plain = [
        re.sub(r"[^a-z]", "", str(name).lower().partition(":")[0])
        for name in header
    ]
    found: dict[str, int] = {}
    for place, (role, usual) in enumerate(USUAL_NAMES.items()):
        wanted = columns.get(role)
        if wanted in header:
            found[role] = header.index(wanted)
        elif isinstance(wanted, int) and 0 <= wanted < len(header):
            found[role] = wanted
        elif wanted is None and has_names:
            hits = [
                i for i, name in enumerate(plain) if re.fullmatch(usual, name)
            ]
            found |= {role: hits[0]} if hits else {}
        elif wanted is None and place < len(header):
            found[role] = place
    lacking = [
        role
        for role in USUAL_NAMES
        if role not in found and (role != "timestamp" or role in columns)
    ]
    if lacking:
        raise RatingsError(
            f"{source}: no column for {' and '.join(lacking)} among "
            f"{', '.join(map(str, header)) or 'no columns at all'}. Say which "
            f"it is: columns={{'{lacking[0]}': name or number of the column}}."
        )
    return frame.iloc[:, list(found.values())].set_axis(list(found), axis=1)
