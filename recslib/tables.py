"""Any table of ratings, read and checked; and what stands beside it."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from recslib.arguments import is_quoted
from recslib.columns import (
    RATINGS,
    TITLES,
    Roles,
    Table,
    is_header,
    is_table,
    pick_columns,
    read_as,
    usual_places,
    warn_of_times,
)
from recslib.layout import (
    as_utf8,
    find_layout,
    first_few,
    unpacked,
    with_one_separator,
)
from recslib.ratings import BLANKS as ALL_BLANKS
from recslib.ratings import Ratings, RatingsError, from_frame, refuse_rows
from recslib.rows import refuse_guessed, refuse_short_rows, rows_of

# What may stand between two objects of JSON.
_BETWEEN = re.compile(r"\s*,?\s*")
_TWICE = "an object has two values for"
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
    notes: tuple[str, ...] = ()


def read_ratings(
    path_or_frame: str | Place | bytes | IO[Any] | pd.DataFrame,
    *,
    columns: Mapping[str, str | int] | None = None,
    scale: tuple[float, float] | None = None,
    titles: Mapping[Any, str] | pd.Series | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    quotes: bool = True,
    source: str | None = None,
) -> Ratings:
    r"""Read ratings of your own: a file of text, or a pandas frame.

    A file has a row a rating, with commas, tabs, semicolons, bars, blanks or
    ``::`` between the fields, or is in JSON, a rating a line. It may be packed
    with gzip, bzip2, xz or zip. Lines above the table that start with ``#``
    or ``%`` are left out, and a spreadsheet's ``sep=;`` is heeded. Decimal
    commas are read where something else parts the fields.

    Ids are kept as written: as numbers where every one is a whole number and
    would be written the same again, else as text. So ``007`` and ``7`` are
    two. What has two readings is refused.

    Parameters
    ----------
    path_or_frame
        The file (or its bytes, or an open file), or the frame.
    columns
        Which column is which: ``{"user": "who", "item": "book", "rating":
        "stars"}``, or column numbers from 0 up. What is not given is found by
        the usual names (userId, movie_id, stars, ...); a file without a
        header and with three or four columns is taken as user, item, rating,
        timestamp. The timestamp may be missing: Unix seconds, or dates such
        as ``2005-09-06`` or ``2005-09-06T12:30:00Z``, in UTC where they name
        no zone.
    scale
        Lowest and highest star; None works it out from the ratings.
    titles
        Item id to title, if you have titles: see `read_titles`.
    separator
        One character or ``"::"``; ``" "`` stands for any number of blanks
        and tabs. None finds it from the first lines.
    encoding
        Of a file: ``"utf-8"``, ``"latin-1"``, ... UTF-16 is seen by itself.
    quotes
        False where quotation marks in a file are letters like any other.
    source
        What errors call it; default the file's name.

    Returns
    -------
    Ratings
        In the order of the rows. Its ``read_as`` says which column was taken
        for what, and which were left out.

    Raises
    ------
    RatingsError
        For what is wrong in the table, as in `recslib.ratings.from_frame`,
        for rows of the wrong length, bytes that are not in the encoding,
        formats that are no text, where two columns or two separators fit, and
        for a header or totals among the rows.
    OSError
        Where there is no such file, or it may not be read.

    Warns
    -----
    RatingsWarning
        As in `recslib.ratings.from_frame`, and for lines above the table,
        decimal commas, ids such as NA or a single word among numbers, and
        where a column that may hold the times is left out.
    """
    table = _open(
        path_or_frame, columns, separator, encoding, quotes, source, RATINGS
    )
    picked = pick_columns(table, columns or {}, RATINGS)
    frame = rows_of(table, picked, RATINGS)
    refuse_guessed(table, frame, picked, columns or {})
    warn_of_times(table, picked)
    ratings = from_frame(
        frame,
        titles=titles,
        scale=scale,
        source=table.source,
        called={role: table.labels[place] for role, place in picked.items()},
    )
    refuse_short_rows(table, len(frame), picked)
    return replace(ratings, read_as=read_as(table, picked))


def read_titles(
    path_or_frame: str | Place | bytes | IO[Any] | pd.DataFrame,
    *,
    columns: Mapping[str, str | int] | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
    quotes: bool = True,
    source: str | None = None,
) -> dict[Hashable, str]:
    r"""Read what items are called, for the ``titles`` of `read_ratings`.

    Parameters
    ----------
    path_or_frame
        As in `read_ratings`: a row an item.
    columns
        ``{"item": "isbn", "title": "name"}``, or column numbers. What is not
        given is found by the usual names; a file without a header has the id
        in its first column and the title in its second.
    separator, encoding, quotes, source
        As in `read_ratings`.

    Returns
    -------
    dict
        Item id to title; ids are kept as in `read_ratings`. Items without a
        title are left out.

    Raises
    ------
    RatingsError
        As in `read_ratings`, and where one id has two titles.
    OSError
        Where there is no such file, or it may not be read.
    """
    table = _open(
        path_or_frame, columns, separator, encoding, quotes, source, TITLES
    )
    picked = pick_columns(table, columns or {}, TITLES)
    frame = rows_of(table, picked, TITLES)
    refuse_short_rows(table, len(frame), picked)
    has_title = frame["title"].notna() & frame["item"].notna()
    frame = frame[has_title].astype({"title": str})
    frame["title"] = frame["title"].str.strip(ALL_BLANKS)
    frame = frame[frame["title"] != ""].drop_duplicates(["item", "title"])
    refuse_rows(
        frame,
        "title",
        frame.duplicated("item").to_numpy(),
        table.source,
        "give an item another title than an earlier row",
        "Keep one title an item",
    )
    if len(frame) == 0:
        raise RatingsError(
            f"{table.source}: holds no titles. Check that it is the right "
            f"file, and that its columns are: {read_as(table, picked)}."
        )
    ids = [
        item.strip(ALL_BLANKS) if isinstance(item, str) else item
        for item in frame["item"].tolist()
    ]
    return dict(zip(ids, frame["title"].tolist(), strict=True))


# How a table is opened -------------------------------------------------------


def _open(
    path_or_frame: object,
    columns: Mapping[str, str | int] | None,
    separator: str | None,
    encoding: str,
    quotes: bool,
    source: str | None,
    roles: Roles,
) -> Table:
    _check_roles(columns, roles)
    _check_separator(separator)
    if isinstance(path_or_frame, pd.DataFrame):
        return _of_frame(path_or_frame, source or "frame")
    data, name = _bytes_of(path_or_frame)
    source = source or name
    data = as_utf8(unpacked(data, source), encoding, source)
    if re.match(rb'\s*(\[\s*)?\{|\s*\[\s*(\[\s*)?[-0-9"]', data[:200]):
        return _of_frame(_read_json(data, source), source)
    layout = find_layout(
        data,
        source,
        separator=separator,
        quotes=quotes,
        least=len(roles.needed),
        is_table=partial(is_table, columns=columns or {}, roles=roles),
        is_header=partial(
            is_header, columns=columns or {}, roles=roles, source=source
        ),
    )
    return Table(
        source=source,
        labels=list(layout.header or range(layout.width)),
        has_names=layout.header is not None,
        data=with_one_separator(data, layout, source),
        layout=layout,
    )


def _of_frame(frame: pd.DataFrame, source: str) -> Table:
    labels = list(frame.columns)
    # Numbers that do not count, and a name over them, are names of something.
    has_names = (
        labels != list(range(len(labels))) or frame.columns.name is not None
    )
    return Table(source, labels, has_names, frame)


def _check_roles(
    columns: Mapping[str, str | int] | None, roles: Roles
) -> None:
    if not isinstance(columns, Mapping | None):
        raise RatingsError(
            f"columns is a {type(columns).__name__}; give a mapping, for "
            f"example columns={{'user': 'who', 'rating': 2}}."
        )
    odd = set(columns or {}) - set(roles.usual)
    if odd:
        raise RatingsError(
            f"columns names {', '.join(sorted(map(str, odd)))}; it can name "
            f"{', '.join(roles.usual)}."
        )


def _check_separator(separator: str | None) -> None:
    fits = separator in (None, "::") or (
        isinstance(separator, str)
        and len(separator) == 1
        and not separator.isalnum()
        and separator not in '\n\r\0."'
    )
    if not fits:
        raise RatingsError(
            f"separator is {separator!r}; give one character or '::', "
            f"separator=',' for example."
        )


def _bytes_of(table: object) -> tuple[bytes, str]:
    """Return what a file holds, and what it is called."""
    if isinstance(table, bytes | bytearray | memoryview):
        return bytes(table), "bytes"
    if hasattr(table, "read") and not isinstance(table, Path | zipfile.Path):
        held = table.read()
        held = (
            held.encode("utf-8", "surrogatepass")
            if isinstance(held, str)
            else held
        )
        name = getattr(table, "name", "file")
        return bytes(held), Path(name).name if isinstance(
            name, str
        ) else "file"
    if isinstance(table, str):
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", table):
            raise RatingsError(
                f"{table!r} is an address, and read_ratings reads files. "
                f"Download it first: urllib.request.urlretrieve({table!r}, "
                f"'ratings.csv')."
            )
        table = Path(table)
    if isinstance(table, Path):
        if is_quoted(table):
            raise RatingsError(
                f"{table}: has quotation marks at its ends, and there is no "
                f"such file. Give what is between them."
            )
        try:
            table = table.expanduser()
            is_folder = table.is_dir()
        except (RuntimeError, ValueError) as error:
            raise RatingsError(
                f"{str(table)!r} is no path ({error}). Give that of a file."
            ) from error
    elif isinstance(table, zipfile.Path):
        is_folder = table.is_dir()
    else:
        kind = f"{type(table).__module__}.{type(table).__qualname__}"
        if hasattr(table, "to_pandas"):
            raise RatingsError(
                f"a pandas DataFrame is wanted and a {kind} came. Give "
                f"table.to_pandas(), where table is what you gave."
            )
        if isinstance(table, np.ndarray):
            raise RatingsError(
                "a table is wanted and a NumPy array came. Give "
                "pd.DataFrame(array), with columns=[...] if it has more "
                "than user, item, rating and timestamp."
            )
        raise RatingsError(
            f"a table is wanted and a {type(table).__name__} came. Give the "
            f"path of a file, its bytes, an open file, or a pandas DataFrame."
        )
    if is_folder:
        names = sorted(each.name for each in table.iterdir())
        raise RatingsError(
            f"{table} is a folder. Give one of the files in it: "
            f"{first_few(names) or 'it is empty'}."
        )
    try:
        return table.read_bytes(), table.name
    except ValueError as error:
        raise RatingsError(
            f"{str(table)!r} is no path ({error}). Give that of a file."
        ) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        twice = next(
            n for i, (n, _) in enumerate(pairs) if n in dict(pairs[:i])
        )
        raise ValueError(f"{_TWICE} {twice!r}")
    return names


def _objects(text: str) -> Iterator[tuple[int, Any]]:
    """Part JSON objects that follow each other: the line of each, and it."""
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    number, last, place = 1, 0, 0
    while place < len(text):
        number += text.count("\n", last, place)
        last = place
        try:
            row, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"line {number}: {error}") from error
        yield number, row
        # A comma may stand behind each.
        place = _BETWEEN.match(text, place).end()


def _read_json(data: bytes, source: str) -> pd.DataFrame:
    """Read JSON: an object a line, or one list of objects."""
    text = data.decode("utf-8").strip()
    if re.match(r"\[\s*\[", text):
        raise RatingsError(
            f"{source}: is JSON, a list a rating. Give "
            f"pd.DataFrame(json.loads(Path(path).read_text())), with "
            f"columns=[...] if it has more than user, item, rating and "
            f"timestamp."
        )
    if re.match(r"\[[^\[\]{}]*\],?\s", text):
        raise RatingsError(
            f"{source}: is JSON, a list a line. Give pd.DataFrame("
            f"json.loads(line.strip(', ')) for line in "
            f"Path(path).read_text().splitlines()), with columns=[...] if it "
            f"has more than user, item, rating and timestamp."
        )
    place = "row"
    rows: list[Any] = []
    lines: list[int] = []
    try:
        if text.startswith("["):
            rows = json.loads(text, object_pairs_hook=_object)
            lines = list(range(len(rows)))
        else:
            place = "line"
            for number, row in _objects(text):
                lines.append(number)
                rows.append(row)
    except (ValueError, RecursionError) as error:
        remedy = (
            "It may be one object of columns: read_ratings(pd.read_json(path))"
        )
        if _TWICE in str(error):
            remedy = "Keep the one that is meant"
        if re.match(r"\{\s*u?'", text):
            remedy = (
                "It is Python, not JSON: read_ratings(pd.DataFrame(map("
                "ast.literal_eval, Path(path).read_text().splitlines())))"
            )
        raise RatingsError(
            f"{source}: begins like JSON, a rating a line, and is none "
            f"({error}). {remedy}."
        ) from error
    if not all(isinstance(row, dict) for row in rows):
        raise RatingsError(
            f"{source}: is JSON, but not an object a rating. Make it "
            f'{{"user": 1, "item": 2, "rating": 4}}, one a line.'
        )
    columns_in_one = len(rows) == 1 and all(
        isinstance(value, dict | list) for value in rows[0].values()
    )
    if columns_in_one and isinstance(rows[0].get("data"), list):
        orient = "table" if "schema" in rows[0] else "split"
        raise RatingsError(
            f"{source}: is JSON as pandas writes it. Read it with pandas: "
            f"read_ratings(pd.read_json(path, orient={orient!r}))."
        )
    lists = [
        name
        for name, value in (rows[0].items() if len(rows) == 1 else ())
        if isinstance(value, list)
        and value
        and all(isinstance(each, dict) for each in value)
    ]
    if len(lists) == 1:
        raise RatingsError(
            f"{source}: is one JSON object, whose {lists[0]!r} may be the "
            f"ratings: read_ratings(pd.DataFrame(json.loads("
            f"Path(path).read_text())[{lists[0]!r}]))."
        )
    if columns_in_one and not any(
        usual_places(list(rows[0]), RATINGS.usual[role])
        for role in RATINGS.needed
    ):
        raise RatingsError(
            f"{source}: is JSON that has an object a user or an item. Make a "
            f"row a rating of it, here for an object a user: frame = "
            f"pd.DataFrame(json.loads(Path(path).read_text())); "
            f"read_ratings(frame.rename_axis('item').rename_axis('user', "
            f"axis=1).stack().dropna().rename('rating').reset_index())."
        )
    if columns_in_one:
        raise RatingsError(
            f"{source}: is one JSON object that holds whole columns. Read it "
            f"with pandas: read_ratings(pd.read_json(path))."
        )
    frame = pd.DataFrame(rows, dtype=object).infer_objects()
    frame.index = pd.Index(lines, name=place)
    return frame
