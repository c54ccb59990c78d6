"""Ratings as aligned tensors of row indexes, with the way back to ids.

This is the one place where an id of a data set becomes a row index.
"""

from __future__ import annotations

import datetime
import decimal
import difflib
import math
import re
import unicodedata
import warnings
from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recslib.arguments import check_count, check_finite, check_tensor
from recslib.titles import (
    SearchedTitle,
    search,
    searched,
    spelling,
    split_year,
    words_of,
)

N_SHOWN = 5
# What text ids lose at their ends: every blank, and those of no width.
BLANKS = "".join(map(chr, (*range(9, 14), *range(28, 33), 133, 160, 5760)))
BLANKS += "".join(map(chr, (*range(8192, 8208), 8232, 8233, 8239, 8287)))
BLANKS += "\u00ad\u2060\u3000\ufeff"
# Signs that show nothing, and turn the direction of writing.
BLANKS += "\u061c\u115f\u1160\u180e\u2800\u3164\uffa0"
BLANKS += "".join(map(chr, (*range(8234, 8239), *range(8289, 8304))))
BLANKS += "".join(map(chr, (*range(1, 9), *range(14, 28), *range(127, 160))))
# Signs that change a neighbour and show nothing: they part no two ids, and no
# end of an id is cut for them, as emoji hold them.
_UNSEEN = BLANKS + "\u034f\u17b4\u17b5\u180b\u180c\u180d"
_UNSEEN += "".join(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)))
)
# Words for nothing, those of databases and spreadsheets too.
MISSING = {"na", "n/a", "nan", "nat", "null", "none", "nil", "<na>", "-", "?"}
MISSING |= {"#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!"}
MISSING |= {"\\n", ".", "\u2013", "\u2014"}
_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
    r" ?(?P<zone>Z|UTC|[+-][0-9]{2}(:?[0-9]{2})?)?)?"
)
# Sizes at which a number counts milliseconds, microseconds, nanoseconds: as
# seconds the first is in the year 5138, as what it is in 1973.
_UNITS = (
    (10**17, "nanoseconds", 10**9),
    (10**14, "microseconds", 10**6),
    (10**11, "milliseconds", 10**3),
    (0, "seconds", 1),
)
# From where to where other counts of the years 1996 to 2049 lie, which as
# seconds would all be of one year, 1970 or 1971: 4 digits of a year, ...
_OTHER_COUNTS = (
    (1900, 2101, "years", "frame[{0!r}].astype(int).astype(str), format='%Y'"),
    (9_500, 29_300, "days", "frame[{0!r}], unit='D'"),
    (
        35_000,
        54_900,
        "days of a spreadsheet",
        "frame[{0!r}], unit='D', origin='1899-12-30'",
    ),
    (
        190_001,
        210_013,
        "months",
        "frame[{0!r}].astype(int).astype(str), format='%Y%m'",
    ),
    (228_000, 702_000, "hours", "frame[{0!r}], unit='h'"),
    (13_600_000, 19_000_101, "minutes", "frame[{0!r}], unit='m'"),
    (21_001_232, 42_100_000, "minutes", "frame[{0!r}], unit='m'"),
)
# The years 1970 to 2049 in steps of 100 nanoseconds, from 1601 as Windows
# counts them and from the year 1: as nanoseconds, some months of 1973 or 1989.
_STEPS = (
    (116_444_736_000_000_000, 141_690_000_000_000_000),
    (621_355_968_000_000_000, 646_602_000_000_000_000),
)
# 2100-01-01: ratings are older. 1992-03-07: and younger than that.
_FUTURE = 4_102_444_800
_PAST = 7 * 10**8
_DAYS = (
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%m %d, %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%Y%m%d",
    "%Y-%m-%d",
)
_FORMS = (
    *_DAYS,
    *(
        f"{day}{time}"
        for day in _DAYS
        for time in (" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
    ),
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%d/%b/%Y:%H:%M:%S",
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S GMT",
)


class RatingsError(ValueError):
    """Rating data that cannot be used, or a user or title not known."""


class RatingsWarning(UserWarning):
    """Rating data that was read in a way that you may want to know of."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who gave which item how many stars, one row a rating.

    Parameters
    ----------
    users
        (N,) int64, row index of the user, 0 to ``n_users - 1``.
    items
        (N,) int64, row index of the item, 0 to ``n_items - 1``.
    ratings
        (N,) float32, stars.
    timestamps
        (N,) int64, Unix seconds, or None.
    user_ids
        (n_users,) the data set's own ids, sorted: index to id.
    item_ids
        (n_items,) likewise for items.
    titles
        (n_items,) what to show for an item: ``"Heat (1995)"``.
    scale
        Lowest and highest star that a person can give.
    read_as
        Which column of a table was taken for what, and which were left out;
        empty where no table was read.

    Raises
    ------
    RatingsError
        When the parts do not have the same length, or the scale is not two
        finite numbers, the lower one first.
    ValueError
        When one of the first four is no tensor, or a rating is not finite.
    """

    users: Tensor
    items: Tensor
    ratings: Tensor
    timestamps: Tensor | None
    user_ids: np.ndarray
    item_ids: np.ndarray
    titles: tuple[str, ...]
    scale: tuple[float, float] = (1.0, 5.0)
    read_as: str = ""

    def __post_init__(self) -> None:
        """Check that rows are aligned and finite, titles and scale sound."""
        columns = {
            "users": self.users,
            "items": self.items,
            "ratings": self.ratings,
        }
        if self.timestamps is not None:
            columns["timestamps"] = self.timestamps
        for name, column in columns.items():
            check_tensor(column, name)
        shapes = {name: tuple(each.shape) for name, each in columns.items()}
        if set(shapes.values()) != {(self.ratings.numel(),)}:
            raise RatingsError(
                f"users, items, ratings and timestamps have the shapes "
                f"{shapes}; give each the one shape (N,)."
            )
        check_finite(self.ratings, "ratings")
        _checked_scale(self.scale)
        if len(self.titles) != len(self.item_ids):
            raise RatingsError(
                f"{len(self.titles)} titles for {len(self.item_ids)} items; "
                f"give one title an item."
            )

    @property
    def n_users(self) -> int:
        """Number of users in the map, rated here or not."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Number of items in the map, rated here or not."""
        return len(self.item_ids)

    def __len__(self) -> int:
        """Count the ratings."""
        return len(self.ratings)

    def __repr__(self) -> str:
        """Say in one line how many, how dense, and which stars.

        A second line says how the table was read, where part of it was not.
        """
        cells = self.n_users * self.n_items
        density = 100 * len(self) / cells if cells else 0.0
        low, high = self.scale
        times = ", no timestamps" if self.timestamps is None else ""
        left_out = f"\n{self.read_as}" if "left out" in self.read_as else ""
        return (
            f"Ratings({len(self):,} ratings, {self.n_users:,} users, "
            f"{self.n_items:,} items, {density:.3g} % dense, "
            f"stars {low:g} to {high:g}{times})"
            f"{left_out}"
        )

    def select(self, rows: Tensor) -> Ratings:
        """Take some of the rows; the maps to ids and titles stay whole.

        Parameters
        ----------
        rows
            (M,) int64 row numbers in the order wanted, or (N,) bool mask.

        Returns
        -------
        Ratings
            M ratings.

        Raises
        ------
        RatingsError
            When ``rows`` is neither, or points outside the rows.
        """
        rows = torch.as_tensor(rows)
        n = len(self)
        if rows.dtype == torch.bool and rows.shape == (n,):
            rows = rows.nonzero().squeeze(1)
        elif rows.numel() == 0 and rows.ndim == 1:
            rows = rows.long()
        elif rows.dtype != torch.int64 or rows.ndim != 1:
            raise RatingsError(
                f"rows is {rows.dtype} of shape {tuple(rows.shape)}; give "
                f"int64 row numbers of shape (M,) or a mask of shape ({n},)."
            )
        elif rows.min() < 0 or rows.max() >= n:
            raise RatingsError(
                f"rows run from {int(rows.min())} to {int(rows.max())}; "
                f"there are {n:,} ratings, so use 0 to {n - 1}."
            )
        times = self.timestamps
        return replace(
            self,
            users=self.users[rows],
            items=self.items[rows],
            ratings=self.ratings[rows],
            timestamps=None if times is None else times[rows],
        )

    def counts_by_user(self) -> Tensor:
        """Count each user's ratings here: (n_users,) int64."""
        return torch.bincount(self.users, minlength=self.n_users)

    def counts_by_item(self) -> Tensor:
        """Count each item's ratings here: (n_items,) int64."""
        return torch.bincount(self.items, minlength=self.n_items)

    def user_index(self, user_id: Hashable) -> int:
        """Find a user's row index from the data set's id.

        Raises
        ------
        RatingsError
            When there is no such user; names the ids that are known.
        """
        row = _row_of(self._user_rows, user_id)
        if row is None:
            raise _unknown_id(user_id, self.user_ids, self._near_users, "user")
        return row

    def item_index(self, item_id: Hashable) -> int:
        """Find an item's row index from the data set's id.

        Raises
        ------
        RatingsError
            When there is no such item; names the ids that are known.
        """
        row = _row_of(self._item_rows, item_id)
        if row is None:
            raise _unknown_id(item_id, self.item_ids, self._near_items, "item")
        return row

    def item_titled(self, title: str) -> int:
        """Find an item's row index from its title.

        Case, accents, signs and the article's place do not matter, and the
        year may be left out. Where several items match, the one with the most
        ratings here is meant; one with the very signs is meant before any
        other.

        Parameters
        ----------
        title
            ``"usual suspects, the"`` finds ``"The Usual Suspects (1995)"``.

        Raises
        ------
        RatingsError
            When nothing matches; names the nearest titles, and says so when
            the year is after all that is here.
        ValueError
            When the title is no text. `item_index` takes an id.
        """
        return self.items_titled(title)[0]

    def items_titled(self, title: str) -> list[int]:
        """Find all row indexes of a title, the most rated first.

        A data set can hold one film under two ids, and two films under one
        title. Matching and errors as in `item_titled`.
        """
        name, year = split_year(title)
        rows = self._title_rows.get(words_of(name), [])
        if year is not None:
            rows = [r for r in rows if split_year(self.titles[r])[1] == year]
        # "Up!" is not "Up", and a name may have no words at all.
        spelled = [r for r in rows if self._spelling(r) == spelling(name)]
        if spelled or (rows and words_of(name)):
            return spelled or list(rows)
        nearest = self._nearest_titles(name)
        hint = (
            "Nearest: " + "; ".join(nearest) + "."
            if nearest
            else "Try search_titles with a part of it."
        )
        years = [split_year(each)[1] for each in self.titles]
        newest = max((each for each in years if each is not None), default=0)
        if year is not None and year > newest > 0:
            hint = f"The newest here are of {newest}. {hint}"
        raise RatingsError(f"no item has the title {title!r}. {hint}")

    def search_titles(self, text: str, n: int = 10) -> list[str]:
        """List up to n titles that a text may mean, the likeliest first.

        Every word of the text begins a word of the title. It is the search of
        `recslib.titles.search`, over titles by their number of ratings here.

        Parameters
        ----------
        text
            ``"schindlers li"`` finds ``"Schindler's List (1993)"``.
        n
            How many titles at most.

        Raises
        ------
        ValueError
            When the text is none, or ``n`` is no whole number from 1 up.
        """
        check_count(n, "n")
        places = search(self._searched_titles, text)
        hits = (self.titles[self._by_popularity[place]] for place in places)
        return list(dict.fromkeys(hits))[:n]

    def _nearest_titles(self, name: str) -> list[str]:
        names = {" ".join(words): words for words in self._title_rows}
        near = difflib.get_close_matches(
            " ".join(words_of(name)), names, n=3, cutoff=0.5
        )
        rows = [self._title_rows[names[each]][0] for each in near]
        nearest = [self.titles[row] for row in rows]
        return list(dict.fromkeys(nearest + self.search_titles(name, 3)))[:4]

    def _spelling(self, row: int) -> str:
        return spelling(split_year(self.titles[row])[0])

    @cached_property
    def _user_rows(self) -> dict[Hashable, int]:
        return {id_: row for row, id_ in enumerate(self.user_ids.tolist())}

    @cached_property
    def _item_rows(self) -> dict[Hashable, int]:
        return {id_: row for row, id_ in enumerate(self.item_ids.tolist())}

    @cached_property
    def _near_users(self) -> dict[str, list[Hashable]]:
        return _by_plainest(self.user_ids)

    @cached_property
    def _near_items(self) -> dict[str, list[Hashable]]:
        return _by_plainest(self.item_ids)

    @cached_property
    def _by_popularity(self) -> list[int]:
        counts = self.counts_by_item()
        return torch.argsort(-counts, stable=True).tolist()

    @cached_property
    def _searched_titles(self) -> list[SearchedTitle]:
        return searched(self.titles[row] for row in self._by_popularity)

    @cached_property
    def _title_rows(self) -> dict[tuple[str, ...], list[int]]:
        rows: dict[tuple[str, ...], list[int]] = {}
        for row in self._by_popularity:
            name, _ = split_year(self.titles[row])
            rows.setdefault(words_of(name), []).append(row)
        return rows


def from_frame(
    frame: pd.DataFrame,
    *,
    titles: Mapping[Any, str] | pd.Series | None = None,
    scale: tuple[float, float] | None = None,
    source: str = "frame",
    called: Mapping[str, Hashable] | None = None,
) -> Ratings:
    """Check a table of ratings and turn its ids into row indexes.

    Parameters
    ----------
    frame
        Columns ``user``, ``item``, ``rating`` and, if known, ``timestamp``:
        Unix seconds, or dates (those without a zone are in UTC). Ids are
        whole numbers from 0 up, or text, whose blanks at the ends go. Other
        columns are ignored; rows keep their order. Errors call rows by the
        index of the frame, and by its name (``row`` if it has none).
    titles
        Item id to title; items without one are called ``"item 17"``. An id
        may be the number 7 here and the text ``"7"`` there.
    scale
        Lowest and highest star; None works it out from the ratings and the
        result's ``scale`` says what came out.
    source
        What errors call the table, a file's name for example.
    called
        What the columns are called where they come from: remedies speak of
        them by these names.

    Returns
    -------
    Ratings
        As many ratings as the frame has rows.

    Raises
    ------
    RatingsError
        For a missing column, an empty table, a missing value, a rating or
        timestamp that is no number, a rating outside the scale, a negative
        or fractional id, ids that look alike, timestamps that may count days
        or years, and a (user, item) pair that stands twice. The error names
        the first bad rows, how many there are and a remedy.

    Warns
    -----
    RatingsWarning
        For blanks cut from ids, ids that differ by capitals or blanks alone,
        timestamps in parts of a second or after the year 2099, titles of
        which none is used, and a star that often says "not rated".
    """
    needed = ("user", "item", "rating")
    _check_columns(frame, needed, source)
    titles = _checked_titles(titles)
    called = {name: name for name in (*needed, "timestamp")} | dict(
        called or {}
    )
    _refuse_nested(frame, source, called)
    stars = _stars(frame, source)
    if scale is None:
        low, high = _scale_of(stars)
        _warn_of_no_star(stars, source)
    else:
        low, high = _checked_scale(scale)
    _refuse(
        frame,
        "rating",
        (stars < low) | (stars > high),
        source,
        f"are outside the scale {low:g} to {high:g}",
        "Correct them, or give the scale that they are on: scale=(low, high)",
    )
    users, user_ids = _index_ids(frame, "user", source, called)
    items, item_ids = _index_ids(frame, "item", source, called)
    _refuse(
        frame,
        "item",
        _stand_again(users * len(item_ids) + items),
        source,
        "rate an item that the same user has rated in an earlier row",
        _how_to_keep_one(frame, user_ids, item_ids, called),
    )
    times = None
    if "timestamp" in frame.columns:
        seconds = _seconds(frame, source, called)
        times = torch.tensor(seconds, dtype=torch.int64)
    return Ratings(
        users=torch.tensor(users, dtype=torch.int64),
        items=torch.tensor(items, dtype=torch.int64),
        ratings=torch.tensor(stars, dtype=torch.float32),
        timestamps=times,
        user_ids=user_ids,
        item_ids=item_ids,
        titles=_titles_of(item_ids, titles, source),
        scale=(low, high),
    )


def _how_to_keep_one(
    frame: pd.DataFrame,
    user_ids: np.ndarray,
    item_ids: np.ndarray,
    called: Mapping[str, Hashable],
) -> str:
    """Say how to leave one rating of each user and item."""
    latest = (
        f"sort_values({called['timestamp']!r}, kind='stable')."
        if "timestamp" in frame.columns
        else ""
    )
    said = (
        f"Keep one, for example frame.{latest}drop_duplicates("
        f"[{called['user']!r}, {called['item']!r}], keep='last'), where "
        f"frame is the table as pandas reads it"
    )
    texts = [
        role
        for role, ids in (("user", user_ids), ("item", item_ids))
        if isinstance(ids[0], str)
    ]
    if texts:
        # Without it, pandas takes 007 for 7.
        kinds = ", ".join(f"{called[role]!r}: str" for role in texts)
        said += f" with dtype={{{kinds}}}"
    odd = [
        called[role]
        for role in texts
        if any(
            not isinstance(id_, str) or id_ != id_.strip(BLANKS)
            for id_ in frame[role].unique()
        )
    ]
    if odd:
        steps = "; ".join(
            f"frame[{name!r}] = frame[{name!r}].astype(str).str.strip("
            f"recslib.ratings.BLANKS)"
            for name in odd
        )
        said += f". Before that, write ids in one way: {steps}"
    return said


def _stand_again(pairs: np.ndarray) -> np.ndarray:
    """Mark numbers that stand in an earlier place too."""
    ordered = np.sort(pairs)  # takes a tenth of the time of marking
    if (ordered[1:] != ordered[:-1]).all():
        return np.zeros(len(pairs), dtype=bool)
    return pd.Series(pairs).duplicated().to_numpy()


def plain_id(value: Hashable) -> Hashable:
    """Write the text ``"7"`` as the number 7, and leave what is no number.

    Returns
    -------
    Hashable
        ``"007"``, ``"1e5"`` and ``"7.0"`` stay text: as numbers they would be
        written in another way.
    """
    is_plain = isinstance(value, str) and re.fullmatch(
        "-?[1-9][0-9]{0,17}|0", value
    )
    return int(value) if is_plain else value


def refuse_rows(
    frame: pd.DataFrame,
    column: str,
    bad: np.ndarray,
    source: str,
    what: str,
    remedy: str,
) -> None:
    """Raise an error that names the bad rows of a table, if there are any.

    Parameters
    ----------
    frame
        Its index, and the index's name, call the rows.
    column
        Whose values are shown.
    bad
        (N,) bool.
    source, what, remedy
        The words around.

    Raises
    ------
    RatingsError
        Where a row is bad.
    """
    n_bad = int(bad.sum())
    if n_bad == 0:
        return
    first = np.flatnonzero(bad)[:N_SHOWN]
    place = frame.index.name or "row"
    shown = ", ".join(
        f"{place} {frame.index[i]} ({column} {frame[column].iloc[i]})"
        for i in first
    )
    more = ", ..." if n_bad > N_SHOWN else ""
    raise RatingsError(
        f"{source}: {n_bad:,} of {len(frame):,} rows {what}: "
        f"{shown}{more}. {remedy}."
    )


def say(text: str) -> None:
    """Warn the one who called the library."""
    warnings.warn(text, RatingsWarning, stacklevel=3)


_refuse = refuse_rows


def _row_of(rows: dict[Hashable, int], id_: Hashable) -> int | None:
    try:
        # For Python, True is 1; here it is no id.
        return None if isinstance(id_, bool | np.bool_) else rows.get(id_)
    except TypeError:
        return None  # A list has no place among ids.


def _unknown_id(
    id_: object,
    ids: np.ndarray,
    near: dict[str, list[Hashable]],
    what: str,
) -> RatingsError:
    first, last = (ids[0], ids[-1]) if len(ids) else (None, None)
    known = f"{first!s} to {last!s}" if len(ids) else "none"
    if isinstance(first, str):
        known = f"{first!r} to {last!r}"
    hint = "Give an id of the data set, not a row index."
    meant = near.get(_plainest(id_))
    if meant:
        kind = "text" if isinstance(first, str) else "numbers"
        shown = " or ".join(map(repr, meant[:N_SHOWN]))
        hint = f"The ids here are {kind}: give {shown}."
    return RatingsError(
        f"no {what} has the id {id_!r}: {len(ids):,} {what}s are known, "
        f"ids {known}. {hint}"
    )


def _plainest(id_: object) -> str:
    """Write an id as those are that may be meant by it."""
    if isinstance(id_, Tensor | np.ndarray):
        inside = id_.reshape(-1).tolist()
        id_ = inside[0] if len(inside) == 1 else id_
    text = unicodedata.normalize("NFKC", _id_text(id_) or str(id_))
    text = text.strip(BLANKS).casefold()
    return text.lstrip("0") or text


def _by_plainest(ids: np.ndarray) -> dict[str, list[Hashable]]:
    found: dict[str, list[Hashable]] = {}
    for id_ in ids.tolist():
        found.setdefault(_plainest(id_), []).append(id_)
    return found


# The columns of a table ------------------------------------------------------


def _check_columns(
    frame: pd.DataFrame, needed: tuple[str, ...], source: str
) -> None:
    names = list(frame.columns)
    lacking = [name for name in needed if name not in names]
    if lacking:
        index = [name for name in frame.index.names if name in lacking]
        hint = (
            f"The index is called {index[0]}: frame.reset_index() makes a "
            f"column of it."
            if index
            else "Rename them to user, item, rating and (if known) timestamp."
        )
        raise RatingsError(
            f"{source}: no column {' and no column '.join(lacking)}; it has "
            f"{', '.join(map(str, names)) or 'no columns'}. {hint}"
        )
    twice = [n for n in (*needed, "timestamp") if names.count(n) > 1]
    if twice:
        raise RatingsError(
            f"{source}: {names.count(twice[0])} columns are called "
            f"{twice[0]}. Keep the one that is meant, or give another name to "
            f"the rest."
        )
    if len(frame) == 0:
        raise RatingsError(
            f"{source}: holds no ratings. Check that it is the right file "
            f"and that it came over whole."
        )


def _column(frame: pd.DataFrame, column: str) -> pd.Series:
    values = frame[column]
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if isinstance(values.dtype, pd.SparseDtype):
        values = values.sparse.to_dense()
    return values.infer_objects()


def _present(
    frame: pd.DataFrame, column: str, values: pd.Series, source: str
) -> None:
    missing = values.isna().to_numpy(dtype=bool)
    nothing = MISSING if column in ("rating", "timestamp") else set()
    if not pd.api.types.is_numeric_dtype(values.dtype):
        blank = values.map(
            lambda value: (
                isinstance(value, str)
                and value.strip(BLANKS).lower() in {"", *nothing}
            )
        )
        missing = missing | blank.to_numpy(dtype=bool)
    _refuse(
        frame,
        column,
        missing,
        source,
        f"have no {column}",
        "Fill them in, or leave those rows out",
    )


def _refuse_nested(
    frame: pd.DataFrame, source: str, called: Mapping[str, Hashable]
) -> None:
    """Refuse a value that has parts of its own, and say how to take one."""
    for column in called:
        if column not in frame.columns or frame[column].dtype != object:
            continue
        nested = frame[column].map(lambda value: isinstance(value, Mapping))
        if not nested.any():
            continue
        parts = next(iter(frame.loc[nested.to_numpy(), column]))
        part = next(iter(parts), "name")
        _refuse(
            frame,
            column,
            nested.to_numpy(dtype=bool),
            source,
            f"have a {column} with parts of its own",
            f"Take the one that is meant, for example frame["
            f"{called[column]!r}] = frame[{called[column]!r}].str[{part!r}], "
            f"where frame is the table as pandas reads it",
        )


def _as_floats(values: pd.Series) -> np.ndarray:
    try:
        numbers = pd.to_numeric(values, errors="coerce")
        if pd.api.types.is_complex_dtype(numbers.dtype):
            return np.full(len(values), np.nan)
        return numbers.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError, OverflowError):
        # Lists, or what else no number can be made of.
        return np.array([_as_float(value) for value in values])


def _as_float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _stars(frame: pd.DataFrame, source: str) -> np.ndarray:
    values = _column(frame, "rating")
    _present(frame, "rating", values, source)
    is_time = pd.api.types.is_datetime64_any_dtype(values.dtype)
    if is_time or pd.api.types.is_timedelta64_dtype(values.dtype):
        values = values.astype(str)
    stars = _as_floats(values)
    if values.dtype == object and len(set(map(type, values))) > 1:
        # True among numbers is not 1.
        is_bool = values.map(lambda value: isinstance(value, bool))
        stars = np.where(is_bool, np.nan, stars)
    _refuse(
        frame,
        "rating",
        ~np.isfinite(stars),
        source,
        "have a rating that is no finite number",
        "Make every rating a number, with a point for the decimals",
    )
    _refuse(
        frame,
        "rating",
        np.abs(stars) > np.finfo(np.float32).max,
        source,
        "have a rating that is too large a number for 32 bits",
        "Divide all ratings by a number, so that they stay below 1e38",
    )
    return stars


def _whole_numbers(
    frame: pd.DataFrame,
    column: str,
    values: pd.Series,
    source: str,
    remedy: str,
) -> np.ndarray:
    if values.dtype == np.int64:
        return values.to_numpy()
    _present(frame, column, values, source)
    kind = getattr(values.dtype, "numpy_dtype", values.dtype)
    if getattr(kind, "kind", "O") in "iu":
        # What 64 bits do not hold is negative, or above their range.
        numbers = values.to_numpy(dtype=kind)
        too_large = numbers > np.iinfo(np.int64).max
        whole = numbers
    else:
        numbers = _as_floats(values)
        _refuse(
            frame,
            column,
            ~np.isfinite(numbers),
            source,
            f"have a {column} that is no finite number",
            remedy,
        )
        # From here on neighbouring whole numbers share one float.
        digits = {"float16": 11, "float32": 24}.get(str(kind).lower(), 53)
        too_large = np.abs(numbers) >= 2.0**digits
        whole = np.where(numbers % 1 == 0, numbers, np.nan)
    _refuse(
        frame,
        column,
        pd.isna(whole) | too_large,
        source,
        f"have a {column} that is no whole number, or too large a one",
        remedy,
    )
    return whole.astype(np.int64)


# Ids -------------------------------------------------------------------------


def _index_ids(
    frame: pd.DataFrame,
    column: str,
    source: str,
    called: Mapping[str, Hashable],
) -> tuple[np.ndarray, np.ndarray]:
    values = _column(frame, column)
    if pd.api.types.is_bool_dtype(values.dtype):
        values = values.astype(object)
    if pd.api.types.is_numeric_dtype(values.dtype):
        ids = _whole_numbers(
            frame,
            column,
            values,
            source,
            f"Ids are whole numbers or text. To keep these as text: "
            f"frame.astype({{{called[column]!r}: str}})",
        )
        _refuse(
            frame,
            column,
            ids < 0,
            source,
            f"have a negative {column} id",
            f"Ids count from 0 up; -1 often stands for 'unknown': drop those "
            f"rows. If they are ids, keep all as text: "
            f"frame.astype({{{called[column]!r}: str}}), where frame is the "
            f"table as pandas reads it",
        )
        codes, known = pd.factorize(ids, sort=True)
        return codes.astype(np.int64), np.asarray(known)
    codes, texts = _distinct_texts(frame, column, values, source)
    stripped = [text.strip(BLANKS) for text in texts]
    # The place behind the last is that of a missing value, whose code is -1.
    blank = np.array([not text for text in stripped] + [True])
    _refuse(
        frame,
        column,
        blank[codes],
        source,
        f"have no {column}",
        "Fill them in, or leave those rows out",
    )
    n_stripped = sum(a != b for a, b in zip(texts, stripped, strict=True))
    if n_stripped:
        say(
            f"{source}: cut the blanks at the ends of {n_stripped:,} "
            f"{column} ids, such as "
            f"{next(t for t in texts if t != t.strip(BLANKS))!r}."
        )
    _refuse_alike(stripped, column, source, called)
    _say_of_near(stripped, column, source)
    finals, known = pd.factorize(np.array(stripped, dtype=object), sort=True)
    return finals[codes].astype(np.int64), np.asarray(known, dtype=object)


def _distinct_texts(
    frame: pd.DataFrame, column: str, values: pd.Series, source: str
) -> tuple[np.ndarray, list[str]]:
    """Return a code for each row (-1 where it is missing) and the texts."""
    try:
        codes, distinct = pd.factorize(values)
    except TypeError:
        bad = values.map(lambda value: isinstance(value, list | dict | set))
        _refuse(
            frame,
            column,
            bad.to_numpy(dtype=bool) | ~bad.any(),
            source,
            f"have a {column} that is neither a number nor text",
            f"Make every {column} a whole number or text",
        )
    texts = [_id_text(value) for value in distinct.tolist()]
    bad = np.array([text is None for text in texts] + [False])
    _refuse(
        frame,
        column,
        bad[codes],
        source,
        f"have a {column} that is no whole number",
        f"Make every {column} a whole number or text",
    )
    return codes, [str(text) for text in texts]


def _id_text(value: object) -> str | None:
    """Write an id among texts; None for a fraction, which is none."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, decimal.Decimal):
        is_whole = value.is_finite() and abs(value.adjusted()) < 40
        is_whole = is_whole and value == value.to_integral_value()
        return str(int(value)) if is_whole else None
    if isinstance(value, float | np.floating):
        return str(int(value)) if float(value).is_integer() else None
    return str(value)


def _refuse_alike(
    texts: list[str],
    column: str,
    source: str,
    called: Mapping[str, Hashable],
) -> None:
    """Refuse ids that are written with other signs and look the same."""
    seen: dict[str, str] = {}
    for text in [] if all(map(str.isascii, texts)) else set(texts):
        look = "".join(" " if c.isspace() else c for c in text)
        look = "".join(c for c in look if c == " " or c not in _UNSEEN)
        other = seen.setdefault(unicodedata.normalize("NFC", look), text)
        if other != text:
            raise RatingsError(
                f"{source}: the {column} ids {min(other, text)!a} and "
                f"{max(other, text)!a} look the same, {text}. Write both in "
                f"one way, for example frame.replace({{"
                f"{called[column]!r}: {{{max(other, text)!a}: "
                f"{min(other, text)!a}}}}})."
            )


def _say_of_near(texts: list[str], column: str, source: str) -> None:
    """Say so where ids differ by no more than a person may overlook."""
    seen: dict[str, str] = {}
    near = []
    lost = [text for text in texts if "\ufffd" in text]
    if lost:
        say(
            f"{source}: {len(lost):,} {column} ids hold the sign for a lost "
            f"letter, such as {lost[0]!r}. Two that were different may be "
            f"one: look for the file as it was before it was saved anew."
        )
    for text in dict.fromkeys(texts):
        folded = unicodedata.normalize("NFKC", text).casefold()
        other = seen.setdefault(" ".join(folded.split()), text)
        if other != text:
            near.append((other, text))
    if near:
        say(
            f"{source}: {len(near):,} {column} ids differ from another by "
            f"capitals, blanks or the form of letters alone, such as "
            f"{near[0][0]!r} and {near[0][1]!r}; they are kept as two."
        )


# Times -----------------------------------------------------------------------


def _seconds(
    frame: pd.DataFrame, source: str, called: Mapping[str, Hashable]
) -> np.ndarray:
    """Return Unix seconds: (N,) int64."""
    values = _column(frame, "timestamp")
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    name = called["timestamp"]
    remedy = (
        "Give Unix seconds as whole numbers, or dates such as 2005-09-06 or "
        "2005-09-06T12:30:00Z"
    )
    if not pd.api.types.is_numeric_dtype(values.dtype):
        _present(frame, "timestamp", values, source)
        times = _as_times(frame, values, source)
        if times is not None:
            return times
        remedy = f"{remedy}{_date_remedy(values, name)}"
    if pd.api.types.is_timedelta64_dtype(values.dtype):
        _refuse(
            frame,
            "timestamp",
            np.ones(len(frame), dtype=bool),
            source,
            "have a timestamp that is a span, not a point in time",
            f"Add the time from which it counts: frame[{name!r}] + "
            f"pd.Timestamp('2005-09-06')",
        )
    values = _without_parts(values, source)
    # Days and hours may have parts.
    _refuse_other_counts(frame, _as_floats(values), source, name)
    numbers = _whole_numbers(frame, "timestamp", values, source, remedy)
    _refuse_written_dates(frame, numbers, source, name)
    _refuse_steps(frame, numbers, source, name)
    return _in_seconds(frame, numbers, source)


def _date_remedy(values: pd.Series, name: Hashable) -> str:
    """Name the forms that all dates have, as the call that reads them."""
    texts = pd.Series(pd.unique(values.astype(str).str.strip(BLANKS)))[:1000]
    fitting = [
        form
        for form in _FORMS
        if pd.to_datetime(texts, format=form, errors="coerce").notna().all()
    ]
    calls = [
        f"pd.to_datetime(frame[{name!r}], format={form!r})" for form in fitting
    ]
    if len(calls) > 1:
        return f"; either {' or '.join(calls)} makes them"
    return f"; {calls[0]} makes them" if calls else ""


def _without_parts(values: pd.Series, source: str) -> pd.Series:
    """Round fractions of seconds down, where they can be nothing else."""
    if pd.api.types.is_integer_dtype(values.dtype):
        return values
    numbers = _as_floats(values)
    is_sound = np.isfinite(numbers) & (numbers >= 10**8)
    if not (is_sound & (numbers < _UNITS[-2][0])).all():
        return values
    odd = numbers % 1 != 0
    if not odd.any():
        return values
    say(
        f"{source}: {int(odd.sum()):,} timestamps have fractions of a "
        f"second; they are rounded down."
    )
    return pd.Series(np.floor(numbers).astype(np.int64), index=values.index)


def _as_times(
    frame: pd.DataFrame, values: pd.Series, source: str
) -> np.ndarray | None:
    """Return the seconds of dates; None where there are none."""
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        try:
            codes, distinct = pd.factorize(values)
        except TypeError:
            # Lists are no dates; as numbers they are refused by row.
            return None
        times = [_as_time(value) for value in distinct.tolist()]
        if all(time is None for time in times):
            return None
        bad = np.array([time is None for time in times])
        _refuse(
            frame,
            "timestamp",
            bad[codes],
            source,
            "have a timestamp that is no date as the others are",
            "Write all as 2005-09-06 or 2005-09-06T12:30:00Z, or all as Unix "
            "seconds",
        )
        has_zone = np.array([time.tzinfo is not None for time in times])
        if has_zone.any() and not has_zone.all():
            _refuse(
                frame,
                "timestamp",
                ~has_zone[codes],
                source,
                "have a timestamp without a time zone, others have one",
                "Write the zone behind each, Z for UTC",
            )
        seconds = [math.floor(_utc(time).timestamp()) for time in times]
        return np.array(seconds, dtype=np.int64)[codes]
    if values.dt.tz is not None:
        values = values.dt.tz_convert("UTC").dt.tz_localize(None)
    return values.to_numpy().astype("datetime64[s]").astype(np.int64)


def _as_time(value: object) -> datetime.datetime | None:
    if isinstance(value, str):
        text = value.strip(BLANKS)
        match = _ISO.fullmatch(text)
        if match is None:
            return None
        if match["zone"] == "UTC":
            text = text.removesuffix("UTC") + "Z"
        try:
            return datetime.datetime.fromisoformat(
                text.replace(" ", "T", 1).replace(" ", "")
            )
        except ValueError:
            return None
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value).to_pydatetime()
    return None


def _utc(time: datetime.datetime) -> datetime.datetime:
    return time if time.tzinfo else time.replace(tzinfo=datetime.UTC)


def _refuse_written_dates(
    frame: pd.DataFrame, numbers: np.ndarray, source: str, name: Hashable
) -> None:
    """Refuse 20050906: as seconds all would lie in August of 1970."""
    for digits, form in ((8, "%Y%m%d"), (14, "%Y%m%d%H%M%S")):
        zeros = 10 ** (digits - 8)
        days = numbers // zeros
        if ((days < 1900_01_01) | (days > 2100_12_31)).any():
            continue
        texts = pd.Series(pd.unique(numbers)).astype(str)
        if pd.to_datetime(texts, format=form, errors="coerce").notna().all():
            _refuse(
                frame,
                "timestamp",
                np.ones(len(numbers), dtype=bool),
                source,
                "have a timestamp that looks like a date, not like seconds",
                f"Make dates of them: pd.to_datetime("
                f"frame[{name!r}].astype(str), format={form!r})",
            )


def _refuse_other_counts(
    frame: pd.DataFrame, numbers: np.ndarray, source: str, name: Hashable
) -> None:
    """Refuse what is more likely to count days or years than seconds."""
    for low, high, what, call in _OTHER_COUNTS:
        if len(numbers) and low <= numbers.min() and numbers.max() < high:
            _refuse(
                frame,
                "timestamp",
                np.ones(len(numbers), dtype=bool),
                source,
                f"have a timestamp that may count {what}, not seconds",
                f"Make times of them: pd.to_datetime({call.format(name)}); "
                f"if they are seconds, pd.to_datetime(frame[{name!r}], "
                f"unit='s')",
            )


def _refuse_steps(
    frame: pd.DataFrame, numbers: np.ndarray, source: str, name: Hashable
) -> None:
    """Refuse what may count steps of 100 nanoseconds, from another year."""
    for low, high in _STEPS:
        if low <= numbers.min() and numbers.max() < high:
            _refuse(
                frame,
                "timestamp",
                np.ones(len(frame), dtype=bool),
                source,
                "have a timestamp that may count steps of 100 nanoseconds, "
                "or nanoseconds",
                f"Make times of them: pd.to_datetime((frame[{name!r}] - "
                f"{low}) * 100); if they are nanoseconds, "
                f"pd.to_datetime(frame[{name!r}])",
            )


def _warn_of_odd_days(seconds: np.ndarray, source: str) -> np.ndarray:
    """Say so where times lie in years that are unlikely."""
    early = seconds < 10**8
    if early.any() and np.median(seconds) >= _PAST:
        say(
            f"{source}: {int(early.sum()):,} timestamps lie before 1973, such "
            f"as {int(seconds[early][0])}, and most after 1992. If they say "
            f"that the time is not known, leave those rows out."
        )
    elif seconds.min() >= 10**8 and seconds.max() < _PAST:
        say(
            f"{source}: all timestamps lie before 1992, to "
            f"{_day(seconds.max())}. If they do not count from 1970-01-01, "
            f"make times of them by pd.to_datetime, with its origin= and "
            f"unit=."
        )
    late = seconds >= _FUTURE
    if late.any():
        say(
            f"{source}: {int(late.sum()):,} timestamps lie after the year "
            f"2099, to {_day(seconds.max())}. If they do not count from "
            f"1970-01-01, make times of them by pd.to_datetime, with its "
            f"origin= and unit=."
        )
    return seconds


def _day(seconds: int) -> str:
    return str(np.datetime64(int(seconds), "s"))[:10]


def _in_seconds(
    frame: pd.DataFrame, numbers: np.ndarray, source: str
) -> np.ndarray:
    sizes = np.abs(numbers[numbers != 0])
    if len(sizes) == 0 or sizes.max() < _UNITS[-2][0]:
        return _warn_of_odd_days(numbers, source)
    smallest, unit, parts = next(
        row for row in _UNITS if sizes.max() >= row[0]
    )
    _refuse(
        frame,
        "timestamp",
        (np.abs(numbers) < smallest) & (numbers != 0),
        source,
        f"have a timestamp in another unit than the largest, which counts "
        f"{unit}",
        "Write all as Unix seconds",
    )
    seconds = numbers // parts
    say(
        f"{source}: the timestamps count {unit}; they are kept as Unix "
        f"seconds, rounded down, from {_day(seconds.min())} to "
        f"{_day(seconds.max())}."
    )
    if len(np.unique(seconds)) > 1 and not (seconds % 100_000).any():
        say(
            f"{source}: all timestamps are multiples of 100,000 seconds, as "
            f"where a spreadsheet has rounded them. Those of one number are "
            f"taken for the same second."
        )
    return _warn_of_odd_days(seconds, source)


# Stars and titles ------------------------------------------------------------


def _checked_scale(scale: tuple[float, float]) -> tuple[float, float]:
    try:
        if isinstance(scale, Mapping | Set):
            raise TypeError("has no order")
        low, high = (float(end) for end in scale)
        is_text = any(isinstance(end, str | bytes) for end in scale)
    except (TypeError, ValueError):
        is_text, low, high = True, 0.0, 0.0
    if is_text or not (math.isfinite(low) and math.isfinite(high)):
        raise RatingsError(
            f"scale is {scale!r}; give two finite numbers, the lowest and "
            f"the highest star: scale=(1, 5)."
        )
    if low > high:
        raise RatingsError(
            f"scale is ({low:g}, {high:g}); give the lowest star first."
        )
    return low, high


def _scale_of(stars: np.ndarray) -> tuple[float, float]:
    low, high = float(stars.min()), float(stars.max())
    whole = bool((stars % 1 == 0).all())
    halves = bool((stars % 0.5 == 0).all())
    if whole and low >= 1 and high <= 5:
        return 1.0, 5.0
    if halves and low >= 0.5 and high <= 5:
        return 0.5, 5.0
    if whole and low >= 1 and high <= 10:
        return 1.0, 10.0
    return low, high


def _warn_of_no_star(stars: np.ndarray, source: str) -> None:
    """Say so where a star is likely to mean 'not rated'."""
    known = np.unique(stars)
    low, high = known[0], known[-1]
    if len(known) < 3:
        return
    odd = None
    if (low == -1 and known[1] >= 0) or (
        low == 0 and high in (5, 10) and (stars % 1 == 0).all()
    ):
        odd = low
    elif high == 99 and known[-2] <= 10:
        odd = high
    if odd is not None:
        say(
            f"{source}: {int((stars == odd).sum()):,} ratings are {odd:g}, "
            f"which counts as a star here. If it says 'not rated', leave "
            f"those rows out; if it is a star, give scale=({low:g}, "
            f"{high:g}) and this remark goes."
        )


def _checked_titles(titles: object) -> Mapping[Any, str]:
    if titles is None:
        return {}
    if isinstance(titles, pd.Series):
        return titles.to_dict()
    if not isinstance(titles, Mapping):
        raise RatingsError(
            f"titles is a {type(titles).__name__}; give a mapping from item "
            f"id to title, for example {{7: 'Heat (1995)'}}, or "
            f"recslib.tables.read_titles(path)."
        )
    return titles


def _titles_of(
    item_ids: np.ndarray, titles: Mapping[Any, str], source: str
) -> tuple[str, ...]:
    ids = item_ids.tolist()
    found = [titles.get(id_) for id_ in ids]
    if titles and any(title is None for title in found):
        plain = {plain_id(id_): title for id_, title in titles.items()}
        found = [
            plain.get(plain_id(id_)) if title is None else title
            for id_, title in zip(ids, found, strict=True)
        ]
    used = [
        isinstance(title, str | int) and bool(str(title).strip())
        for title in found
    ]
    if titles and not any(used):
        say(
            f"{source}: none of {len(titles):,} titles belongs to an item "
            f"here: titles has {next(iter(titles))!r}, the table "
            f"{ids[0]!r}."
        )
    return tuple(
        str(title) if is_used else f"item {id_}"
        for id_, title, is_used in zip(ids, found, used, strict=True)
    )
