"""Any table of ratings, read and checked; and what stands beside it."""

from __future__ import annotations

import csv
import io
import json
import operator
import re
import zipfile
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from recslib.layout import (
    BLANKS,
    Layout,
    as_utf8,
    find_layout,
    first_few,
    is_number,
    records,
    start_of_rows,
    unpacked,
    with_one_separator,
)
from recslib.ratings import (
    BLANKS as ALL_BLANKS,
)
from recslib.ratings import (
    Ratings,
    RatingsError,
    from_frame,
    plain_id,
    refuse_rows,
    say,
)

_THINGS = (
    "item|movie|film|book|product|anime|joke|game|song|track|artist|business"
)
# What columns are usually called, in lower case and letters only. A name of
# an earlier row counts for more; two of one row are a question.
USUAL_NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        "uid|(user|reviewer|customer)id",
        "user|reviewer|customer",
        "u",
    ),
    "item": (f"iid|({_THINGS})id|isbn|asin", _THINGS, "i"),
    "rating": ("ratings?|bookrating|stars?|score|overall",),
    "timestamp": ("timestamp|unix(review)?time(stamp)?", "time", "ts"),
}
TITLE_NAMES: dict[str, tuple[str, ...]] = {
    "item": USUAL_NAMES["item"],
    "title": (f"title|({_THINGS})(title|name)", "name", _THINGS),
}
_LIKE_A_TIME = re.compile(
    r".*(date|time|created|updated|when|stamp).*|(.*_)?(at|on)"
)
_MISSING = {"na", "n/a", "nan", "null", "none", "nil", "<na>", "-", "?"}

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
        formats that are no text, and where two columns or two separators fit.
    OSError
        Where there is no such file, or it may not be read.

    Warns
    -----
    RatingsWarning
        As in `recslib.ratings.from_frame`, and for lines above the table,
        decimal commas, ids such as NA, and where a column that may hold the
        times is left out.
    """
    table = _open(
        path_or_frame, columns, separator, encoding, quotes, source, _RATINGS
    )
    picked = _pick_columns(table, columns or {}, _RATINGS)
    frame = _rows_of(table, picked, _RATINGS)
    _refuse_guessed(table, frame, picked, columns or {})
    _warn_of_times(table, picked)
    ratings = from_frame(
        frame,
        titles=titles,
        scale=scale,
        source=table.source,
        called={role: table.labels[place] for role, place in picked.items()},
    )
    _refuse_short_rows(table, len(frame), picked)
    return replace(ratings, read_as=_read_as(table, picked))


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
        path_or_frame, columns, separator, encoding, quotes, source, _TITLES
    )
    picked = _pick_columns(table, columns or {}, _TITLES)
    frame = _rows_of(table, picked, _TITLES)
    _refuse_short_rows(table, len(frame), picked)
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
            f"file, and that its columns are: {_read_as(table, picked)}."
        )
    ids = [
        item.strip(ALL_BLANKS) if isinstance(item, str) else item
        for item in frame["item"].tolist()
    ]
    return dict(zip(ids, frame["title"].tolist(), strict=True))


# What a table holds ----------------------------------------------------------


@dataclass(frozen=True)
class _Roles:
    """What the columns of a kind of table can be taken for."""

    usual: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    ids: tuple[str, ...]
    number: str


_RATINGS = _Roles(
    USUAL_NAMES, ("user", "item", "rating"), ("user", "item"), "rating"
)
# A title may look like a number; it is kept as written, like an id.
_TITLES = _Roles(TITLE_NAMES, ("item", "title"), ("item",), "item")


@dataclass(frozen=True, eq=False)
class _Table:
    """A table whose columns are known, and whose rows are not read yet."""

    source: str
    labels: list[Hashable]
    has_names: bool
    frame: pd.DataFrame | None = None
    data: bytes = b""
    layout: Layout | None = None


def _open(
    path_or_frame: object,
    columns: Mapping[str, str | int] | None,
    separator: str | None,
    encoding: str,
    quotes: bool,
    source: str | None,
    roles: _Roles,
) -> _Table:
    _check_roles(columns, roles)
    _check_separator(separator)
    if isinstance(path_or_frame, pd.DataFrame):
        return _of_frame(path_or_frame, source or "frame")
    data, name = _bytes_of(path_or_frame)
    source = source or name
    data = as_utf8(unpacked(data, source), encoding, source)
    if re.match(rb"\s*(\[\s*)?\{", data[:200]):
        return _of_frame(_read_json(data, source), source)
    layout = find_layout(
        data,
        source,
        separator=separator,
        quotes=quotes,
        least=len(roles.needed),
        is_table=partial(_is_table, columns=columns or {}, roles=roles),
        is_header=partial(
            _is_header, columns=columns or {}, roles=roles, source=source
        ),
    )
    return _Table(
        source=source,
        labels=list(layout.header or range(layout.width)),
        has_names=layout.header is not None,
        data=with_one_separator(data, layout, source),
        layout=layout,
    )


def _of_frame(frame: pd.DataFrame, source: str) -> _Table:
    labels = list(frame.columns)
    has_names = any(isinstance(label, str) for label in labels)
    return _Table(source, labels, has_names, frame)


def _check_roles(
    columns: Mapping[str, str | int] | None, roles: _Roles
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
            held.encode("utf-8", "replace") if isinstance(held, str) else held
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


def _read_json(data: bytes, source: str) -> pd.DataFrame:
    """Read JSON: an object a line, or one list of objects."""
    text = data.decode("utf-8").strip()
    place = "row"
    try:
        if text.startswith("["):
            rows = json.loads(text)
            lines = range(len(rows))
        else:
            place, rows, lines = "line", [], []
            for number, line in enumerate(text.split("\n"), 1):
                if line.strip():
                    lines.append(number)
                    rows.append(json.loads(line))
    except (ValueError, RecursionError) as error:
        where = f"line {lines[-1]}: " if place == "line" and lines else ""
        remedy = (
            "It may be one object of columns: read_ratings(pd.read_json(path))"
        )
        if re.match(r"\{\s*u?'", text):
            remedy = (
                "It is Python, not JSON: read_ratings(pd.DataFrame(map("
                "ast.literal_eval, Path(path).read_text().splitlines())))"
            )
        raise RatingsError(
            f"{source}: begins like JSON, a rating a line, and is none "
            f"({where}{error}). {remedy}."
        ) from error
    if not all(isinstance(row, dict) for row in rows):
        raise RatingsError(
            f"{source}: is JSON, but not an object a rating. Make it "
            f'{{"user": 1, "item": 2, "rating": 4}}, one a line.'
        )
    columns_in_one = len(rows) == 1 and all(
        isinstance(value, dict | list) for value in rows[0].values()
    )
    if columns_in_one:
        raise RatingsError(
            f"{source}: is one JSON object that holds whole columns. Read it "
            f"with pandas: read_ratings(pd.read_json(path))."
        )
    frame = pd.DataFrame(rows, dtype=object).infer_objects()
    frame.index = pd.Index(lines, name=place)
    return frame


# Which column is which -------------------------------------------------------


def _plain(name: object) -> str:
    # RecBole writes "user_id:token".
    return re.sub(r"[^a-z]", "", str(name).lower().partition(":")[0])


def _usual_places(labels: Sequence[object], tiers: Sequence[str]) -> list[int]:
    plain = [_plain(label) for label in labels]
    for tier in tiers:
        hits = [i for i, name in enumerate(plain) if re.fullmatch(tier, name)]
        if hits:
            return hits
    return []


def _n_named(fields: Sequence[str], roles: _Roles) -> int:
    return sum(
        bool(_usual_places(fields, roles.usual[role])) for role in roles.needed
    )


def _has_given_name(
    fields: Sequence[str], columns: Mapping[str, str | int]
) -> bool:
    bare = {field.strip(f'"{ALL_BLANKS}') for field in fields}
    return any(
        isinstance(name, str) and name in bare for name in columns.values()
    )


def _number_place(columns: Mapping[str, str | int], roles: _Roles) -> int:
    place = columns.get(roles.number)
    usual = list(roles.usual).index(roles.number)
    return place if isinstance(place, int) else usual


def _is_table(
    fields: Sequence[str],
    commas: bool,
    *,
    columns: Mapping[str, str | int],
    roles: _Roles,
) -> bool:
    place = _number_place(columns, roles)
    return (
        _has_given_name(fields, columns)
        or _n_named(fields, roles) > 1
        or (
            0 <= place < len(fields)
            and is_number(fields[place], decimal_comma=commas)
        )
    )


def _is_header(
    fields: Sequence[str],
    commas: bool,
    *,
    columns: Mapping[str, str | int],
    roles: _Roles,
    source: str,
) -> bool:
    if _has_given_name(fields, columns):
        return True
    if _n_named(fields, roles) == len(roles.needed):
        return True
    numbers = [is_number(each, decimal_comma=commas) for each in fields]
    if any(numbers):
        named = [
            role
            for role in roles.ids
            if _usual_places(fields[:1], roles.usual[role][:2])
        ]
        if named and len(fields) > 2 and all(numbers[1:]):
            other = "user" if "item" in named else "item"
            raise RatingsError(
                f"{source}: looks like a matrix, with a column an item or a "
                f"user: its first line is {', '.join(fields[:4])}, ... Make "
                f"a row a rating of it: frame = pd.read_csv(path); "
                f"frame.melt({fields[0]!r}, var_name={other!r}, "
                f"value_name='rating').dropna()."
            )
        return False
    place = columns.get(roles.number)
    if isinstance(place, int) and 0 <= place < len(fields):
        cell = fields[place].strip(ALL_BLANKS).lower()
        return cell != "" and cell not in _MISSING
    return True


def _pick_columns(
    table: _Table, columns: Mapping[str, str | int], roles: _Roles
) -> dict[str, int]:
    """Say for each role the place of its column."""
    labels, source = table.labels, table.source
    found: dict[str, int] = {}
    for role, wanted in columns.items():
        if wanted is not None:
            place = _place_of(wanted, labels, role, source)
            if place is not None:
                found[role] = place
    _refuse_two_roles(found, labels, source)
    given = set(found.values())
    may_guess = len(labels) <= len(roles.usual) or roles is _TITLES
    for place, (role, tiers) in enumerate(roles.usual.items()):
        if columns.get(role) is not None:
            continue
        if table.has_names:
            hits = [
                hit
                for hit in _usual_places(
                    ["" if i in given else n for i, n in enumerate(labels)],
                    tiers,
                )
                # Where there is no better one, "movie" is the title.
                if hit not in found.values() or roles is _RATINGS
            ]
            if len(hits) > 1:
                raise RatingsError(
                    f"{source}: {len(hits)} columns could be the {role}: "
                    f"{', '.join(str(labels[hit]) for hit in hits)}. Say "
                    f"which it is: columns={{{role!r}: "
                    f"{_name_or_number(labels, hits[0])!r}}}."
                )
            if hits:
                found[role] = hits[0]
        elif may_guess and place < len(labels) and place not in given:
            found[role] = place
    lacking = [
        role
        for role in roles.usual
        if role not in found and (role in roles.needed or role in columns)
    ]
    if lacking:
        raise _no_column(table, lacking, found, roles)
    return {role: found[role] for role in roles.usual if role in found}


def _name_or_number(labels: Sequence[Hashable], place: int) -> Hashable:
    return place if labels.count(labels[place]) > 1 else labels[place]


def _place_of(
    wanted: object, labels: Sequence[Hashable], role: str, source: str
) -> int | None:
    if isinstance(wanted, bool | float):
        return None
    places = [i for i, label in enumerate(labels) if label == wanted]
    if len(places) > 1:
        raise RatingsError(
            f"{source}: {len(places)} columns are called {wanted}. Give the "
            f"number of the one that is meant: columns={{{role!r}: "
            f"{places[0]}}}."
        )
    if places:
        return places[0]
    try:
        place = operator.index(wanted)  # type: ignore[arg-type]
    except TypeError:
        return None
    return place if 0 <= place < len(labels) else None


def _refuse_two_roles(
    found: Mapping[str, int], labels: Sequence[Hashable], source: str
) -> None:
    for role, place in found.items():
        same = [each for each, other in found.items() if other == place]
        if len(same) > 1:
            raise RatingsError(
                f"{source}: columns gives {labels[place]} for "
                f"{' and for '.join(same)}. Give {role} a column of its own."
            )


def _no_column(
    table: _Table,
    lacking: Sequence[str],
    found: Mapping[str, int],
    roles: _Roles,
) -> RatingsError:
    labels = table.labels
    shown = ", ".join(map(str, labels[:20])) or "no columns at all"
    shown += ", ..." if len(labels) > 20 else ""
    said = (
        f"{table.source}: no column for {' and '.join(lacking)} among {shown}."
    )
    remedy = (
        f"Say which it is: columns={{'{lacking[0]}': name or number of the "
        f"column}}."
    )
    if len(labels) == 1 and table.layout is not None:
        remedy = (
            "Nothing in the first line parts it: say what does, for example "
            "separator=':'."
        )
    elif not table.has_names and len(labels) > len(roles.usual):
        remedy = (
            f"The table has {len(labels)} columns and no header. Say which is "
            f"which, counted from 0: columns={{"
            + ", ".join(f"{r!r}: {i}" for i, r in enumerate(roles.needed))
            + "} for example."
        )
    elif not found and table.layout is not None:
        remedy += (
            " If that is no first line of a table with one rating a row, "
            "leave out what stands above the table."
        )
    elif (
        table.has_names
        and {"item", "rating"} <= set(lacking)
        and ("user" in found and len(labels) > 2)
    ):
        remedy += (
            f" If it is a matrix, with a column an item, make a row a rating "
            f"of it: frame.melt({labels[found['user']]!r}, var_name='item', "
            f"value_name='rating').dropna()."
        )
    return RatingsError(f"{said} {remedy}")


def _read_as(table: _Table, picked: Mapping[str, int]) -> str:
    """Say in a line which columns were taken for what."""
    prefix = "" if table.has_names else "column "
    used = [f"{r} = {prefix}{table.labels[i]}" for r, i in picked.items()]
    if "rating" in picked and "timestamp" not in picked:
        used.append("no timestamps")
    left = [
        f"{prefix}{label}"
        for i, label in enumerate(table.labels)
        if i not in picked.values() and str(label).strip()
    ]
    parts = [", ".join(used)]
    if left:
        shown = ", ".join(left[:20]) + (", ..." if len(left) > 20 else "")
        parts.append(f"left out: {shown}")
    parts += table.layout.remarks if table.layout else ()
    return f"{table.source}: {'; '.join(parts)}"


def _warn_of_times(table: _Table, picked: Mapping[str, int]) -> None:
    if "timestamp" in picked:
        return
    for place, label in enumerate(table.labels):
        words = re.sub(r"[^a-z]+", "_", str(label).lower()).strip("_")
        if place not in picked.values() and _LIKE_A_TIME.fullmatch(words):
            say(
                f"{table.source}: the column {label} is left out, so there "
                f"are no timestamps. If it says when somebody rated: "
                f"columns={{'timestamp': {label!r}}}."
            )
            return


# The rows --------------------------------------------------------------------


def _rows_of(
    table: _Table, picked: Mapping[str, int], roles: _Roles
) -> pd.DataFrame:
    """Read the columns that were picked, under the names of their roles."""
    if table.frame is not None:
        frame = table.frame.iloc[:, list(picked.values())]
        return frame.set_axis(list(picked), axis=1)
    whole = _read_table(table, picked, roles)
    frame = whole[list(picked.values())].set_axis(list(picked), axis=1)
    if len(frame) == 0:
        return frame
    for role in roles.ids:
        if role in picked:
            _refuse_header_among_rows(table, frame, role, picked[role])
            frame[role] = _ids_as_written(frame, role, table)
    if "rating" in picked:
        frame["rating"] = _with_points(frame, table)
    return frame


def _read_table(
    table: _Table, picked: Mapping[str, int], roles: _Roles
) -> pd.DataFrame:
    """Read a file fast: one row a line, and the lines as the index."""
    layout, width = table.layout, table.layout.width
    texts = {picked[r] for r in (*roles.ids, "title") if r in picked}
    handle = io.BytesIO(table.data)
    start = handle.seek(start_of_rows(table.data, layout))
    try:
        # One column more than there are shows whether a row is too long.
        frame = pd.read_csv(
            handle,
            sep=r"\s+" if layout.separator == BLANKS else layout.separator,
            header=None,
            names=range(width + 1),
            dtype=dict.fromkeys(texts, str),
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            quoting=csv.QUOTE_MINIMAL if layout.quotes else csv.QUOTE_NONE,
            encoding="utf-8",
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=range(width))
    except pd.errors.ParserError as error:
        raise _ragged(table) from error
    surplus = frame.pop(width)
    numbered = pd.RangeIndex(len(frame))
    # A longer first row makes pandas take its first field for an index.
    if not frame.index.equals(numbered) or not _is_blank(surplus).all():
        raise _ragged(table)
    frame.index = pd.Index(
        _lines_of(table, start, len(frame), picked), name="line"
    )
    if layout.called == "::":
        # A single colon parts nothing, so the field behind it is lacking.
        _refuse_short_rows(table, len(frame), picked)
    alone = np.ones(len(frame), dtype=bool)
    for place in range(1, width):
        alone &= frame[place].isna().to_numpy(dtype=bool)
    alone[alone] = _is_blank(frame.loc[alone, 0])
    return frame[~alone] if alone.any() else frame


def _is_blank(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.isna().to_numpy(dtype=bool)
    texts = values.fillna("").astype(str)
    return np.array([not text.strip(ALL_BLANKS) for text in texts], dtype=bool)


def _lines_of(
    table: _Table, start: int, n_rows: int, picked: Mapping[str, int]
) -> range | list[int]:
    """Return the line of each row; fields may go over several lines."""
    data, first = table.data, table.layout.n_above + 1
    n_ends = data.count(b"\n", start) + data.count(b"\r", start)
    n_ends -= data.count(b"\r\n", start)
    # The last line has no end: it was cut.
    if n_rows == n_ends + 1:
        return range(first, first + n_rows)
    lines = []
    try:
        for line, fields in records(data, table.layout):
            lines.append(line)
            if any("\n" in each or "\r" in each for each in fields):
                _refuse_swallowed(table, line, fields, picked)
    except csv.Error as error:
        raise _quotes_error(table, error) from error
    if len(lines) != n_rows:
        raise _quotes_error(table, "they do not come in pairs")
    return lines


def _refuse_swallowed(
    table: _Table, line: int, fields: list[str], picked: Mapping[str, int]
) -> None:
    """Refuse a quoted field that looks as if it held rows."""
    width, separator = table.layout.width, table.layout.separator
    for place, field in enumerate(fields):
        pieces = re.split(r"\r\n|\r|\n", field)
        rows = [piece.split(separator) for piece in pieces[1:]]
        looks_like_rows = any(
            len(row) == width
            and is_number(row[picked.get("rating", 0)], decimal_comma=True)
            for row in rows
        )
        if len(pieces) > 1 and (place in picked.values() or looks_like_rows):
            raise _quotes_error(
                table,
                f"a field that opens in line {line} goes over "
                f"{len(pieces)} lines and may hold rows",
            )


def _quotes_error(table: _Table, why: object) -> RatingsError:
    escaped = (
        " A backslash stands before quotation marks, as some programs write "
        "them: read_ratings(pd.read_csv(path, sep="
        f"{table.layout.called!r}, escapechar='\\\\'))."
        if b'\\"' in table.data
        else ""
    )
    return RatingsError(
        f"{table.source}: quotation marks part it in a way that cannot be "
        f"meant: {why}. If they are letters like any other, give "
        f"quotes=False; if a field opens with one, look where it closes."
        f"{escaped}"
    )


def _ragged(table: _Table) -> RatingsError:
    layout, source = table.layout, table.source
    width, opened = layout.width, layout.n_above
    bad = []
    try:
        for line, row in records(table.data, layout):
            opened = line
            long = len(row) > width and any(map(str.strip, row[width:]))
            if long or (0 < len(row) < width and any(map(str.strip, row))):
                bad.append(f"line {line} ({len(row)})")
    except csv.Error as error:
        return _quotes_error(table, error)
    if not bad:
        return RatingsError(
            f"{source}: ends inside quotation marks. Look for one that opens "
            f"a field and never closes, from line {opened} on; if they are "
            f"letters like any other, give quotes=False."
        )
    comma = (
        " A comma for the decimals makes two fields of one."
        if layout.called == ","
        else ""
    )
    slash = (
        f" Where a backslash stands before quotation marks: "
        f"read_ratings(pd.read_csv(path, sep={layout.called!r}, "
        f"escapechar='\\\\'))."
        if b'\\"' in table.data
        else ""
    )
    return RatingsError(
        f"{source}: {len(bad):,} rows do not have {width} fields as the "
        f"first line has: {first_few(bad)}. Correct them, quote fields that "
        f"hold a {layout.called!r}, or give another separator=.{comma}{slash}"
    )


def _refuse_short_rows(
    table: _Table, n_rows: int, picked: Mapping[str, int]
) -> None:
    """Refuse rows that lack fields, if none that is used is among those."""
    layout = table.layout
    if layout is None:
        return
    if layout.called != "::" and layout.width - 1 in picked.values():
        return
    if layout.separator != BLANKS and b'"' not in table.data:
        start = start_of_rows(table.data, layout)
        n_found = table.data.count(layout.separator.encode(), start)
        if n_found >= n_rows * (layout.width - 1):
            return
    names = [str(label).strip() for label in table.labels]
    while not names[-1]:
        names.pop()
    for _, row in records(table.data, layout):
        if 0 < len(row) < len(names) and any(map(str.strip, row)):
            raise _ragged(table)


# Values as written -----------------------------------------------------------


def _refuse_header_among_rows(
    table: _Table, frame: pd.DataFrame, role: str, place: int
) -> None:
    """Refuse a first line that may be a header, or may be a row."""
    values = frame[role]
    first = str(values.iloc[0])
    if table.has_names:
        name = str(table.labels[place])
        odd = not _usual_places([name], USUAL_NAMES.get(role, ())) and bool(
            (values == name).any()
        )
        shown = f"{name!r} stands in it and among the rows below"
    else:
        rest = values.iloc[1:]
        odd = (
            len(rest) > 1
            and not is_number(first)
            and first.strip(ALL_BLANKS).lower() not in _MISSING
            and all(isinstance(plain_id(each), int) for each in rest.unique())
        )
        shown = f"{first!r} stands over nothing but numbers"
    if odd:
        raise RatingsError(
            f"{table.source}: the first line may be a header or a row: "
            f"{shown}. Write a line above all rows that names the columns "
            f"user, item, rating (and timestamp)."
        )


def _ids_as_written(
    frame: pd.DataFrame, role: str, table: _Table
) -> pd.Series:
    """Make numbers of ids that are all whole numbers and written as such."""
    codes, known = pd.factorize(frame[role])
    texts = [str(text).strip(ALL_BLANKS) for text in known]
    ids = [plain_id(text) for text in texts]
    if all(isinstance(id_, int) for id_ in ids):
        # Blanks beside a comma are nothing to speak of, others are.
        pairs = zip(map(str, known), texts, strict=True)
        odd = [whole for whole, text in pairs if whole.strip(" \t") != text]
        if odd:
            say(
                f"{table.source}: cut the blanks at the ends of {len(odd):,} "
                f"{role} ids, such as {odd[0]!r}."
            )
        return _taken(np.array(ids, dtype=np.int64), codes, frame.index)
    if b'\\"' in table.data and any('"' in t and "\\" in t for t in texts):
        raise _quotes_error(table, f"it cuts a {role} in two")
    refuse = partial(_refuse_ids, frame, role, codes, texts, table)
    whole = [re.fullmatch(r"(0|[1-9][0-9]{0,14})(\.0+)?", t) for t in texts]
    if all(whole) and texts:
        ids = [int(match[1]) for match in whole]
        if len(set(ids)) == len(ids):
            return _taken(np.array(ids, dtype=np.int64), codes, frame.index)
        refuse(
            lambda t: "." in t,
            f"have a {role} such as 7.0, and others 7, which may be one",
        )
    words = [text.lower() in _MISSING for text in texts]
    kinds = list(zip(texts, words, strict=True))
    numbers = [is_number(text) and not word for text, word in kinds]
    others = [is_number(text) or word or not text for text, word in kinds]
    if any(numbers) and all(others):
        refuse(
            lambda t: t.lower() in _MISSING,
            f"have no {role}, which is a number elsewhere",
        )
        refuse(
            lambda t: bool(re.fullmatch(r"[+-]?[0-9]*[.,][0-9]*", t)),
            f"have a {role} that is no whole number",
        )
        refuse(
            lambda t: bool(re.search(r"[.,].*e|e[+]", t.lower())),
            f"have a {role} with an exponent, as spreadsheets round long "
            f"numbers",
        )
    for text, word in kinds:
        if word:
            say(
                f"{table.source}: {text!r} is taken for the id of "
                f"{'a user' if role == 'user' else 'an item'}, as written. If "
                f"it says that there is none, leave those rows out."
            )
    return frame[role]


def _taken(ids: np.ndarray, codes: np.ndarray, index: pd.Index) -> pd.Series:
    numbers = pd.Series(np.append(ids, 0)[codes], index=index)
    # A missing id stays missing.
    return numbers.where(codes >= 0) if (codes < 0).any() else numbers


def _refuse_ids(
    frame: pd.DataFrame,
    role: str,
    codes: np.ndarray,
    texts: Sequence[str],
    table: _Table,
    is_bad: Callable[[str], bool],
    what: str,
) -> None:
    bad = np.array([is_bad(text) for text in texts] + [False])
    refuse_rows(
        frame,
        role,
        bad[codes],
        table.source,
        what,
        "Correct them or leave those rows out; to keep all as they are "
        "written, read the file with pandas: "
        "read_ratings(pd.read_csv(path, dtype=str))",
    )


def _with_points(frame: pd.DataFrame, table: _Table) -> pd.Series:
    """Write decimal points for the commas of ratings."""
    values = frame["rating"]
    if table.layout.called == "," or pd.api.types.is_numeric_dtype(values):
        return values
    texts = values.dropna().astype(str).str.strip(ALL_BLANKS)
    with_comma = texts[texts.str.contains(",", regex=False)]
    known = with_comma.unique()
    if not len(known) or not all(
        is_number(text, decimal_comma=True) for text in texts.unique()
    ):
        return values
    thousands = all(
        re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", t) for t in known
    )
    refuse_rows(
        frame,
        "rating",
        frame.index.isin(with_comma.index) & thousands,
        table.source,
        "have a rating whose comma may stand for thousands or for decimals",
        "Write decimals with a point, and thousands with nothing",
    )
    say(
        f"{table.source}: the commas of ratings are taken for decimal "
        f"points: {known[0]} is {known[0].replace(',', '.')}."
    )
    return texts.str.replace(",", ".").reindex(values.index)


def _refuse_guessed(
    table: _Table,
    frame: pd.DataFrame,
    picked: Mapping[str, int],
    columns: Mapping[str, str | int],
) -> None:
    """Look twice at four columns that nothing names."""
    if table.layout is None or table.has_names or columns:
        return
    if "timestamp" not in picked or len(frame) < 2:
        return
    times = pd.to_numeric(frame["timestamp"], errors="coerce")
    if times.isna().any():
        return
    users = frame["user"].to_numpy()
    counted = users.dtype == np.int64 and (
        (np.diff(users) == 1).all() and users[0] in (0, 1)
    )
    known = set(times.tolist())
    why = ""
    if counted and times.abs().max() <= 10:
        why = (
            "the first column counts the rows, and the fourth may hold the "
            "ratings"
        )
    elif (
        table.layout.called == ","
        and len(known) > 1
        and known <= {0.0, 5.0, 25.0, 50.0, 75.0}
    ):
        why = "the fourth column may hold the decimals of ratings, as in 4,5"
    if why:
        raise RatingsError(
            f"{table.source}: has four columns and no header, and {why}. "
            f"Write a line above all rows that names the columns, or give "
            f"columns={{'user': 0, 'item': 1, 'rating': 2, 'timestamp': 3}} "
            f"with their numbers."
        )
    if times.abs().max() <= 10:
        say(
            f"{table.source}: has no header, and its fourth column is taken "
            f"for Unix seconds. If it holds something else: "
            f"columns={{'user': 0, 'item': 1, 'rating': 2}} with the numbers "
            f"of the right columns."
        )
