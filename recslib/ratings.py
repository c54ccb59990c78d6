"""Ratings as aligned tensors of row indexes, with the way back to ids.

This is the one place where an id of a data set becomes a row index.
"""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from recslib.titles import (
    SearchedTitle,
    search,
    searched,
    spelling,
    split_year,
    words_of,
)

N_SHOWN = 5


class RatingsError(ValueError):
    """Rating data that cannot be used, or a user or title not known."""


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

    Raises
    ------
    RatingsError
        When the parts do not have the same length.
    """

    users: Tensor
    items: Tensor
    ratings: Tensor
    timestamps: Tensor | None
    user_ids: np.ndarray
    item_ids: np.ndarray
    titles: tuple[str, ...]
    scale: tuple[float, float] = (1.0, 5.0)

    def __post_init__(self) -> None:
        """Check that rows are aligned and every item has a title."""
        shapes = {
            name: tuple(getattr(self, name).shape)
            for name in ("users", "items", "ratings", "timestamps")
            if getattr(self, name) is not None
        }
        if set(shapes.values()) != {(len(self.ratings),)}:
            raise RatingsError(
                f"users, items, ratings and timestamps have the shapes "
                f"{shapes}; give each the one shape (N,)."
            )
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
        """Say in one line how many, how dense, and which stars."""
        cells = self.n_users * self.n_items
        density = 100 * len(self) / cells if cells else 0.0
        low, high = self.scale
        times = ", no timestamps" if self.timestamps is None else ""
        return (
            f"Ratings({len(self):,} ratings, {self.n_users:,} users, "
            f"{self.n_items:,} items, {density:.3g} % dense, "
            f"stars {low:g} to {high:g}{times})"
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
        return _look_up(self._user_rows, user_id, self.user_ids, "user")

    def item_index(self, item_id: Hashable) -> int:
        """Find an item's row index from the data set's id.

        Raises
        ------
        RatingsError
            When there is no such item; names the ids that are known.
        """
        return _look_up(self._item_rows, item_id, self.item_ids, "item")

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
        """
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
    titles: Mapping[Any, str] | None = None,
    scale: tuple[float, float] | None = None,
    source: str = "frame",
) -> Ratings:
    """Check a table of ratings and turn its ids into row indexes.

    Parameters
    ----------
    frame
        Columns ``user``, ``item``, ``rating`` and, if known, ``timestamp``
        (Unix seconds). Ids are whole numbers from 0 up, or text. Other
        columns are ignored; rows keep their order. Errors call rows by the
        index of the frame, and by its name (``row`` if it has none).
    titles
        Item id to title; items without one are called ``"item 17"``.
    scale
        Lowest and highest star; None works it out from the ratings and the
        result's ``scale`` says what came out.
    source
        What errors call the table, a file's name for example.

    Returns
    -------
    Ratings
        As many ratings as the frame has rows.

    Raises
    ------
    RatingsError
        For a missing column, an empty table, a missing value, a rating or
        timestamp that is no number, a rating outside the scale, a negative
        or fractional id, and a (user, item) pair that stands twice. The
        error names the first bad rows, how many there are and a remedy.
    """
    needed = ("user", "item", "rating")
    lacking = [name for name in needed if name not in frame.columns]
    if lacking:
        raise RatingsError(
            f"{source}: no column {' and no column '.join(lacking)}; it has "
            f"{', '.join(map(str, frame.columns)) or 'no columns'}. Rename "
            f"them to user, item, rating and (if known) timestamp."
        )
    if len(frame) == 0:
        raise RatingsError(
            f"{source}: holds no ratings. Check that it is the right file "
            f"and that it came over whole."
        )
    stars = _numbers(frame, "rating", source)
    low, high = _scale_of(stars) if scale is None else scale
    if low > high:
        raise RatingsError(
            f"scale is ({low:g}, {high:g}); give the lowest star first."
        )
    _refuse(
        frame,
        "rating",
        (stars < low) | (stars > high),
        source,
        f"are outside the scale {low:g} to {high:g}",
        "Correct them, or give the scale that they are on: scale=(low, high)",
    )
    users, user_ids = _index_ids(frame, "user", source)
    items, item_ids = _index_ids(frame, "item", source)
    _refuse(
        frame,
        "item",
        pd.Series(users * len(item_ids) + items).duplicated().to_numpy(),
        source,
        "rate an item that the same user has rated in an earlier row",
        "Keep one, for example frame.drop_duplicates(['user', 'item'], "
        "keep='last')",
    )
    times = None
    if "timestamp" in frame.columns:
        seconds = _whole_numbers(frame, "timestamp", source)
        times = torch.tensor(seconds, dtype=torch.int64)
    known = titles or {}
    return Ratings(
        users=torch.tensor(users, dtype=torch.int64),
        items=torch.tensor(items, dtype=torch.int64),
        ratings=torch.tensor(stars, dtype=torch.float32),
        timestamps=times,
        user_ids=user_ids,
        item_ids=item_ids,
        titles=tuple(known.get(i, f"item {i}") for i in item_ids.tolist()),
        scale=(float(low), float(high)),
    )


def _look_up(
    rows: dict[Hashable, int], id_: Hashable, ids: np.ndarray, what: str
) -> int:
    row = rows.get(id_)
    if row is None:
        known = f"{ids[0]!s} to {ids[-1]!s}" if len(ids) else "none"
        raise RatingsError(
            f"no {what} has the id {id_!r}: {len(ids):,} {what}s are known, "
            f"ids {known}. Give an id of the data set, not a row index."
        )
    return row


def _refuse(
    frame: pd.DataFrame,
    column: str,
    bad: np.ndarray,
    source: str,
    what: str,
    remedy: str,
) -> None:
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


def _present(frame: pd.DataFrame, column: str, source: str) -> pd.Series:
    values = frame[column].infer_objects()
    missing = values.isna()
    if not pd.api.types.is_numeric_dtype(values.dtype):
        missing |= values.astype(str).str.strip() == ""
    _refuse(
        frame,
        column,
        missing.to_numpy(),
        source,
        f"have no {column}",
        "Fill them in, or leave those rows out",
    )
    return values


def _numbers(frame: pd.DataFrame, column: str, source: str) -> np.ndarray:
    values = _present(frame, column, source)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=float)
    _refuse(
        frame,
        column,
        ~np.isfinite(numbers),
        source,
        f"have a {column} that is no finite number",
        f"Make every {column} a number, with a point for the decimals",
    )
    return numbers


def _whole_numbers(
    frame: pd.DataFrame, column: str, source: str
) -> np.ndarray:
    if frame[column].dtype == np.int64:
        return frame[column].to_numpy()
    numbers = _numbers(frame, column, source)
    # From here on neighbouring whole numbers share one float.
    exact = np.abs(numbers) < 2**53
    _refuse(
        frame,
        column,
        (numbers % 1 != 0) | ~exact,
        source,
        f"have a {column} that is no whole number, or too large a one",
        f"Make every {column} a whole number below 2**53, or text",
    )
    return numbers.astype(np.int64)


def _index_ids(
    frame: pd.DataFrame, column: str, source: str
) -> tuple[np.ndarray, np.ndarray]:
    values = _present(frame, column, source)
    if pd.api.types.is_numeric_dtype(values.dtype):
        ids = _whole_numbers(frame, column, source)
        _refuse(
            frame,
            column,
            ids < 0,
            source,
            f"have a negative {column} id",
            "Ids count from 0 up; -1 often stands for 'unknown': drop those "
            "rows",
        )
    else:
        ids = values.astype(str).to_numpy(dtype=object)
    codes, known = pd.factorize(ids, sort=True)
    return codes.astype(np.int64), np.asarray(known)


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
