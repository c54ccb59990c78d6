"""Who trains and who tests: every way that the book parts ratings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
import torch
from torch import Tensor

from recslib.arguments import (
    check_count,
    check_flag,
    check_kind,
    check_seed,
    check_takes,
)
from recslib.progress import progress_bar
from recslib.ratings import Ratings, RatingsError

N_PUBLISHED_FOLDS = 5
_ML_100K = {"ratings": 100_000, "users": 943, "items": 1_682}


@dataclass(frozen=True, eq=False)
class Split:
    """Ratings parted for training and for one reading of the test part.

    Parameters
    ----------
    train
        What a model may learn from.
    test
        What it is judged on, once.
    validation
        What choices are made on, or None. See `carve_validation`.
    name
        How tables and figures call this split.

    Raises
    ------
    RatingsError
        When a part is empty, the parts number users or items in different
        ways, or a (user, item) pair is in two parts.
    ValueError
        When a part is something else than ratings.
    """

    train: Ratings
    test: Ratings
    validation: Ratings | None = None
    name: str = ""

    def __post_init__(self) -> None:
        """Check that no part is empty and nothing is in two parts."""
        parts = {"train": self.train, "test": self.test}
        if self.validation is not None:
            parts["validation"] = self.validation
        for name, part in parts.items():
            check_kind(part, Ratings, name)
        empty = [name for name, part in parts.items() if len(part) == 0]
        if empty:
            raise RatingsError(
                f"split {self.name!r}: the {' and '.join(empty)} part holds "
                f"no ratings. Change the share or the number of ratings."
            )
        others = [part for part in parts.values() if part is not self.train]
        if not all(_number_alike(self.train, part) for part in others):
            raise RatingsError(
                f"split {self.name!r}: {_shown(parts)}: they number users or "
                f"items in different ways. Read the parts as one table, "
                f"read_ratings(pd.concat([train, test], ignore_index=True)) "
                f"of two frames, and take each part's rows by select."
            )
        pairs = torch.cat(
            [part.users * part.n_items + part.items for part in parts.values()]
        )
        n_shared = len(pairs) - len(pairs.unique())
        if n_shared:
            raise RatingsError(
                f"split {self.name!r}: {n_shared:,} (user, item) pairs are in "
                f"two of the parts {', '.join(parts)}; each belongs in one."
            )

    def __repr__(self) -> str:
        """Say how many ratings each part holds."""
        sizes = f"train {len(self.train):,}, test {len(self.test):,}"
        if self.validation is not None:
            sizes += f", validation {len(self.validation):,}"
        return f"Split({self.name}: {sizes})"

    @property
    def unseen_users(self) -> float:
        """Share (0 to 1) of test ratings by users with none in train."""
        return _unseen(self.train.counts_by_user(), self.test.users)

    @property
    def unseen_items(self) -> float:
        """Share (0 to 1) of test ratings of items with none in train."""
        return _unseen(self.train.counts_by_item(), self.test.items)


def _number_alike(one: Ratings, other: Ratings) -> bool:
    """Tell whether a row index means the same in both."""
    return all(
        ids is others or np.array_equal(ids, others)
        for ids, others in (
            (one.user_ids, other.user_ids),
            (one.item_ids, other.item_ids),
        )
    )


def _shown(parts: dict[str, Ratings]) -> str:
    return ", ".join(f"{name} is {part}" for name, part in parts.items())


def _unseen(counts: Tensor, rows: Tensor) -> float:
    return (counts[rows] == 0).float().mean().item()


def published_folds(ratings: Ratings) -> list[Split]:
    """Part ML-100K into GroupLens's five folds, u1 to u5.

    Fold i tests on rows (i - 1) * 20,000 to i * 20,000 - 1 of u.data in the
    file's order, and trains on the rest.

    Parameters
    ----------
    ratings
        The 100,000 ratings in the file's order.

    Returns
    -------
    list of Split
        Five, named u1 to u5.

    Raises
    ------
    RatingsError
        When these are not the ratings of ML-100K.
    """
    check_kind(ratings, Ratings, "ratings")
    given = _counts_of(ratings)
    if given != _ML_100K:
        raise RatingsError(
            f"the five published folds belong to ML-100K, which has "
            f"{_ML_100K}; these have {given}. Use random_folds instead."
        )
    parts = torch.arange(len(ratings)).chunk(N_PUBLISHED_FOLDS)
    return _folds(ratings, parts, "u")


def folds_of(ratings: Ratings, n_folds: int, seed: int) -> list[Split]:
    """Take folds of any ratings: the published ones where there are some.

    Parameters
    ----------
    ratings
        N ratings. Those of ML-100K get the first of `published_folds`, all
        others `random_folds`.
    n_folds
        How many folds, at least 1. A single random fold tests on a fifth.
    seed
        Of the random folds.

    Raises
    ------
    ValueError
        When ``n_folds`` is no whole number from 1.
    RatingsError
        When there are not so many folds to be had.
    """
    check_kind(ratings, Ratings, "ratings")
    check_count(n_folds, "n_folds")
    if _counts_of(ratings) != _ML_100K:
        drawn = n_folds if n_folds > 1 else N_PUBLISHED_FOLDS
        return random_folds(ratings, drawn, seed)[:n_folds]
    if n_folds > N_PUBLISHED_FOLDS:
        raise RatingsError(
            f"n_folds is {n_folds}; ML-100K has {N_PUBLISHED_FOLDS} published "
            f"folds. Take so many at most."
        )
    return published_folds(ratings)[:n_folds]


def random_folds(
    ratings: Ratings, n_folds: int = 5, seed: int = 0
) -> list[Split]:
    """Part ratings at random into folds that each test once.

    Parameters
    ----------
    ratings
        N ratings.
    n_folds
        How many folds, at least 2.
    seed
        Of the shuffle.

    Returns
    -------
    list of Split
        ``n_folds`` of them; each rating is tested in exactly one.

    Raises
    ------
    ValueError
        When ``n_folds`` is no whole number from 2.
    RatingsError
        When there are more folds than ratings.
    """
    check_kind(ratings, Ratings, "ratings")
    rows = torch.arange(len(ratings))
    parts = _random_parts(rows, n_folds, seed, "ratings")
    return _folds(ratings, parts, "random fold ")


def _counts_of(ratings: Ratings) -> dict[str, int]:
    return {
        "ratings": len(ratings),
        "users": ratings.n_users,
        "items": ratings.n_items,
    }


def _random_parts(
    rows: Tensor, n_folds: int, seed: int, what: str
) -> tuple[Tensor, ...]:
    """Part rows at random into folds of equal size."""
    check_count(n_folds, "n_folds", least=2)
    n = len(rows)
    if n_folds > n:
        raise RatingsError(
            f"n_folds is {n_folds}; {n:,} {what} can be parted into "
            f"2 to {n:,} folds."
            if n >= 2
            else f"n_folds is {n_folds}; {n} is too few to be parted: each "
            f"fold tests on one at least, and trains on another. Give data "
            f"with more of them."
        )
    return rows[_shuffled(len(rows), seed)].tensor_split(n_folds)


def _folds(
    ratings: Ratings, parts: tuple[Tensor, ...] | list[Tensor], prefix: str
) -> list[Split]:
    return [
        _part(ratings, _mask(rows, len(ratings)), f"{prefix}{number}")
        for number, rows in enumerate(parts, start=1)
    ]


def random_split(
    ratings: Ratings, test_share: float = 0.2, seed: int = 0
) -> Split:
    """Test on a random share of the ratings.

    Parameters
    ----------
    ratings
        N ratings.
    test_share
        Between 0 and 1.
    seed
        Of the draw.

    Raises
    ------
    RatingsError
        When the share is not between 0 and 1, or leaves a part empty.
    """
    check_kind(ratings, Ratings, "ratings")
    _check_share(test_share, "test_share")
    n_test = round(test_share * len(ratings))
    rows = _shuffled(len(ratings), seed)[:n_test]
    return _part(ratings, _mask(rows, len(ratings)), "random")


def random_by_user(
    ratings: Ratings, test_share: float = 0.25, seed: int = 0
) -> Split:
    """Test on a random share of every user's ratings, rounded.

    Parameters
    ----------
    ratings
        N ratings.
    test_share
        Between 0 and 1. Of an exact half, the even number is tested.
    seed
        Of the draw.

    Raises
    ------
    RatingsError
        When the share is not between 0 and 1, or leaves a part empty.
    """
    check_kind(ratings, Ratings, "ratings")
    _check_share(test_share, "test_share")
    shuffled = _shuffled(len(ratings), seed)
    by_user = shuffled[ratings.users[shuffled].argsort(stable=True)]
    counts = ratings.counts_by_user()
    first = counts.cumsum(0) - counts
    n_test = (test_share * counts).round().long()
    users = ratings.users[by_user]
    chosen = torch.arange(len(ratings)) - first[users] < n_test[users]
    name = f"{100 * test_share:g} % of each user"
    return _part(ratings, _mask(by_user[chosen], len(ratings)), name)


def whole_items(
    ratings: Ratings, n_folds: int = 5, seed: int = 0
) -> list[Split]:
    """Test on items that nobody trains on, each once.

    Parameters
    ----------
    ratings
        N ratings.
    n_folds
        How many folds, at least 2; each holds as many items, not as many
        ratings.
    seed
        Of the draw.

    Returns
    -------
    list of Split
        ``n_folds`` of them; every item with a rating is tested in one.

    Raises
    ------
    ValueError
        When ``n_folds`` is no whole number from 2.
    RatingsError
        When there are more folds than items.
    """
    check_kind(ratings, Ratings, "ratings")
    return _whole(ratings, ratings.items, n_folds, seed, "new items ")


def whole_users(
    ratings: Ratings, n_folds: int = 5, seed: int = 0
) -> list[Split]:
    """Test on users whom nobody trains on, each once; see `whole_items`."""
    check_kind(ratings, Ratings, "ratings")
    return _whole(ratings, ratings.users, n_folds, seed, "new users ")


def _whole(
    ratings: Ratings, rows: Tensor, n_folds: int, seed: int, prefix: str
) -> list[Split]:
    what = "of them have ratings and"
    parts = _random_parts(rows.unique(), n_folds, seed, what)
    return [
        _part(ratings, torch.isin(rows, part), f"{prefix}{number}")
        for number, part in enumerate(parts, start=1)
    ]


def last_per_user(ratings: Ratings, n_last: int = 1, seed: int = 0) -> Split:
    """Test on the last ratings of every user.

    Ratings of one second are taken in random order. A user with no more than
    ``n_last`` ratings only trains.

    Parameters
    ----------
    ratings
        N ratings with timestamps.
    n_last
        How many to test a user.
    seed
        Breaks ties.

    Raises
    ------
    ValueError
        When ``n_last`` is no whole number from 1.
    RatingsError
        When there are no timestamps, or nobody has enough ratings.
    """
    check_count(n_last, "n_last")
    by_user = history_order(ratings, seed)
    counts = ratings.counts_by_user()
    end = counts.cumsum(0)[ratings.users[by_user]]
    from_end = end - torch.arange(len(ratings))
    most = int(counts.max()) if len(counts) else 0
    if 0 < most <= n_last:
        remedy = "Give a smaller n_last, or use" if most > 1 else "Use"
        raise RatingsError(
            f"n_last is {n_last}, and nobody has more than {most}, so the "
            f"test part holds no ratings. {remedy} random_split."
        )
    enough = counts[ratings.users[by_user]] > n_last
    rows = by_user[(from_end <= n_last) & enough]
    name = f"last {n_last} of each user"
    return _part(ratings, _mask(rows, len(ratings)), name)


def newest_per_user(
    ratings: Ratings, test_share: float = 0.2, seed: int = 0
) -> Split:
    """Test on the newest share of every user's ratings, rounded.

    So many a user as `random_by_user` draws, and the last ones in time.
    Ratings of one second are taken in random order.

    Parameters
    ----------
    ratings
        N ratings with timestamps.
    test_share
        Between 0 and 1. Of an exact half, the even number is tested.
    seed
        Breaks ties.

    Raises
    ------
    RatingsError
        When the share is not between 0 and 1, leaves a part empty, or there
        are no timestamps.
    """
    _check_share(test_share, "test_share")
    by_user = history_order(ratings, seed)
    counts = ratings.counts_by_user()
    n_test = (test_share * counts).round().long()
    users = ratings.users[by_user]
    from_end = counts.cumsum(0)[users] - torch.arange(len(ratings))
    name = f"newest {100 * test_share:g} % of each user"
    rows = by_user[from_end <= n_test[users]]
    return _part(ratings, _mask(rows, len(ratings)), name)


def global_time(ratings: Ratings, test_share: float = 0.2) -> Split:
    """Train on the past and test on the future, with one cut for everybody.

    Ratings of one second stay together on the later side, so the test part
    can be a little larger than asked.

    Parameters
    ----------
    ratings
        N ratings with timestamps.
    test_share
        Between 0 and 1, the newest.

    Raises
    ------
    RatingsError
        When the share is not between 0 and 1, there are no timestamps, or
        the oldest second holds all that would train.
    """
    check_kind(ratings, Ratings, "ratings")
    _check_share(test_share, "test_share")
    times = _times(ratings)
    cut = _time_at(times, 1 - test_share)
    _check_past(times, cut, f"test_share={test_share:g}")
    return _part(ratings, times >= cut, f"newest {100 * test_share:g} %")


def time_windows(
    ratings: Ratings, n_windows: int = 5, first_share: float = 0.5
) -> list[Split]:
    """Test on window after window of time, training on all that came before.

    The first window starts when ``first_share`` of the ratings have been
    given; the windows hold equal numbers of ratings, but for ratings of one
    second, which stay together. What comes after a window is left out of its
    split.

    Parameters
    ----------
    ratings
        N ratings with timestamps.
    n_windows
        How many, at least 1.
    first_share
        Between 0 and 1.

    Returns
    -------
    list of Split
        One a window, the earliest first.

    Raises
    ------
    ValueError
        When ``n_windows`` is no whole number from 1.
    RatingsError
        When the share is out of range, there are no timestamps, or so many
        ratings share one second that a window is left empty.
    """
    check_kind(ratings, Ratings, "ratings")
    _check_share(first_share, "first_share")
    check_count(n_windows, "n_windows")
    times = _times(ratings)
    width = (1 - first_share) / n_windows
    starts = [
        _time_at(times, first_share + width * number)
        for number in range(n_windows)
    ]
    _check_past(times, starts[0], f"first_share={first_share:g}")
    ends = [*starts[1:], times.max() + 1]
    if len({int(start) for start in starts}) < n_windows:
        raise RatingsError(
            f"n_windows is {n_windows}; too many of the {len(times):,} "
            f"ratings share one second: a window holds no ratings. Give "
            f"fewer windows, or use random_split."
        )
    return [
        Split(
            train=ratings.select(times < start),
            test=ratings.select((times >= start) & (times < end)),
            name=f"window {number}",
        )
        for number, (start, end) in enumerate(
            zip(starts, ends, strict=True), start=1
        )
    ]


def carve_validation(
    split: Split, share: float = 0.1, seed: int = 0, by_time: bool = False
) -> Split:
    """Take a validation part out of the training part.

    Every choice (epochs, regularization, number of factors) is made on it, so
    that the test part is read once.

    Parameters
    ----------
    split
        Without a validation part.
    share
        Of the training part, between 0 and 1.
    seed
        Of the draw.
    by_time
        Take the newest ratings instead of random ones. Use it where the test
        part is the future.

    Returns
    -------
    Split
        The same test part, a smaller training part, and a validation part.

    Raises
    ------
    RatingsError
        When the split has a validation part, or the share is out of range.
    """
    check_kind(split, Split, "split")
    check_flag(by_time, "by_time")
    if split.validation is not None:
        raise RatingsError(
            f"split {split.name!r} already has a validation part of "
            f"{len(split.validation):,} ratings; carve from the first split."
        )
    _check_share(share, "share")
    try:
        carved = (
            global_time(split.train, share)
            if by_time
            else random_split(split.train, share, seed)
        )
    except RatingsError as error:
        remedy = ", or by_time=False" if by_time else ""
        raise RatingsError(
            f"no validation part can be carved out of the "
            f"{len(split.train):,} ratings of the training part with "
            f"share={share:g}. Give another share{remedy}. ({error})"
        ) from error
    return replace(split, train=carved.train, validation=carved.test)


def join(train: Ratings, test: Ratings) -> tuple[Ratings, Tensor]:
    """Lay training and test ratings together, to hear one before the other.

    Test ratings keep their order, behind those of the training part.

    Parameters
    ----------
    train, test
        N and M ratings with the same maps to ids, with timestamps.

    Returns
    -------
    tuple
        N + M ratings, and (N + M,) bool, True for those of the test part.

    Raises
    ------
    ValueError
        When the two number users or items in different ways.
    RatingsError
        When there are no timestamps.
    """
    check_kind(train, Ratings, "train")
    check_kind(test, Ratings, "test")
    if not _number_alike(train, test):
        raise ValueError(
            f"train is {train}, test is {test}: they number users or items "
            f"in different ways. Take both from one split."
        )
    if train.timestamps is None or test.timestamps is None:
        raise RatingsError(
            f"train is {train}, test is {test}: without timestamps nobody "
            f"knows what came first. Give a timestamp column."
        )
    columns = {
        name: torch.cat([getattr(train, name), getattr(test, name)])
        for name in ("users", "items", "ratings", "timestamps")
    }
    is_test = torch.arange(len(train) + len(test)) >= len(train)
    return replace(train, **columns), is_test


def out_of_fold(
    ratings: Ratings,
    predict: Callable[[Split], Tensor],
    n_folds: int = 2,
    seed: int = 0,
) -> Tensor:
    """Predict every rating by a model that was not fitted to it.

    What a model leaves of the ratings that it was fitted to is too little:
    it has overfitted them. A second model that is to learn from what the
    first one leaves needs these predictions instead.

    Parameters
    ----------
    ratings
        N ratings, the training part.
    predict
        Takes a split; fits its training part and returns what it predicts
        for its test part.
    n_folds, seed
        As in `random_folds`.

    Returns
    -------
    Tensor
        (N,) stars.

    Raises
    ------
    RatingsError
        As in `random_folds`.
    ValueError
        When ``predict`` is no function, or does not return one number for
        each rating of the test part.
    """
    check_kind(ratings, Ratings, "ratings")
    predictions = torch.empty(len(ratings))
    rows = torch.arange(len(ratings))
    parts = _random_parts(rows, n_folds, seed, "ratings")
    check_takes(predict, "predict", "split")
    for part in progress_bar(parts, description="out of fold", unit="part"):
        is_test = _mask(part, len(ratings))
        told = predict(_part(ratings, is_test, "out of fold"))
        if not isinstance(told, Tensor) or told.shape != part.shape:
            came = tuple(getattr(told, "shape", ()))
            raise ValueError(
                f"predict returned {type(told).__name__} of shape {came}; "
                f"return a tensor of shape ({len(part)},), one prediction "
                f"for each rating of split.test."
            )
        predictions[is_test] = told
    return predictions


def time_order(ratings: Ratings, seed: int) -> Tensor:
    """Order ratings by time; those of one second come in random order.

    Returns
    -------
    Tensor
        (N,) int64 row numbers, the oldest first.

    Raises
    ------
    RatingsError
        When there are no timestamps.
    """
    times = _times(ratings)
    shuffled = _shuffled(len(ratings), seed)
    return shuffled[torch.argsort(times[shuffled], stable=True)]


def history_order(ratings: Ratings, seed: int) -> Tensor:
    """Order ratings by user, and each user's by time, as `time_order` does.

    Returns
    -------
    Tensor
        (N,) int64 row numbers: the histories of all users, one by one.

    Raises
    ------
    RatingsError
        When there are no timestamps.
    """
    order = time_order(ratings, seed)
    return order[torch.argsort(ratings.users[order], stable=True)]


def _part(ratings: Ratings, is_test: Tensor, name: str) -> Split:
    return Split(
        train=ratings.select(~is_test),
        test=ratings.select(is_test),
        name=name,
    )


def _mask(rows: Tensor, n: int) -> Tensor:
    mask = torch.zeros(n, dtype=torch.bool)
    mask[rows] = True
    return mask


def _shuffled(n: int, seed: int) -> Tensor:
    check_seed(seed)
    generator = torch.Generator().manual_seed(int(seed))
    return torch.randperm(n, generator=generator)


def _times(ratings: Ratings) -> Tensor:
    check_kind(ratings, Ratings, "ratings")
    if ratings.timestamps is None:
        raise RatingsError(
            f"{ratings} cannot be split by time; give a timestamp column, or "
            f"use random_split."
        )
    return ratings.timestamps


def _time_at(times: Tensor, share: float) -> Tensor:
    if len(times) == 0:
        raise RatingsError("there are no ratings to split; give some.")
    in_order = times.sort().values
    return in_order[min(round(share * len(times)), len(times) - 1)]


def _check_past(times: Tensor, cut: Tensor, given: str) -> None:
    """Refuse a cut in time that leaves nothing before it."""
    if (times < cut).any():
        return
    n_first = int((times == cut).sum())
    said = (
        f"{given}: {n_first:,} of {len(times):,} ratings are of the first "
        f"second, {int(cut)}, so the training part holds no ratings."
    )
    if n_first < len(times) / 2:
        name, _, _ = given.partition("=")
        raise RatingsError(f"{said} Give another {name}, nearer to a half.")
    raise RatingsError(
        f"{said} Look whether these are the seconds at which people rated, "
        f"or use random_split."
    )


def _check_share(share: float, name: str) -> None:
    if not isinstance(share, Real) or not 0 < share < 1:
        raise RatingsError(
            f"{name} is {share!r}; give a share between 0 and 1."
        )
