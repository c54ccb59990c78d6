"""Ratings of your own: what was read, what they bear, and a verdict in words.

`examine` does all of it. First it parts the ratings, by each person's time
where there are times. Then it guesses by counting, fits a model of ratings
and a model of lists with settings chosen on validation data, and holds each
against counting on the test part, which is read once. A model is called ahead
where a 95 % interval over people says so. Where it does not, the verdict says
that these data do not bear a model yet, and what about them may be why; the
lists are then those of counting, too.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from recslib import baselines, lists, recommend, sampling, serve
from recslib.evaluation import (
    Interval,
    judge_lists,
    mean_bootstrap,
    paired_bootstrap,
    rmse,
)
from recslib.models import LinearLists, ListFactorization
from recslib.progress import progress_bar
from recslib.ratings import Ratings, RatingsError, from_frame
from recslib.splits import (
    Split,
    newest_per_user,
    random_by_user,
    random_split,
)
from recslib.tables import Place, read_frame

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.15  # the second of what is left
N_PLACES = 10  # of a list that is judged
# With fewer, nothing is fitted: a test part would hold a handful.
FEWEST_RATINGS = 50
# With fewer people to judge by, an interval over people says little.
FEWEST_PEOPLE = 20
# An error that is lower by a smaller share of itself is called level.
SMALLEST_GAIN = 0.005
N_RESAMPLES = 1_000

# What is tried on validation data.
DAMPINGS = (1.0, 3.0, 10.0, 30.0, 100.0, 1_000.0)
N_FACTORS = (0, 5, 10, 20)
EASE_L2 = (20.0, 100.0, 500.0, 2_000.0)
IALS = tuple(
    {"n_factors": n_factors, "unseen": unseen, "l2": l2}
    for n_factors, unseen, l2 in (
        (8, 0.2, 0.2),
        (16, 0.2, 0.05),
        (32, 0.2, 0.02),
        (32, 0.05, 0.05),
    )
)
# EASE holds a few tables of items by items, and inverts one: above so many
# items iALS takes its place.
MOST_ITEMS_OF_EASE = 3_000
# Lists need tables of people by items; where they had more cells, items that
# few liked are left out of lists. So many of them stay in any case.
MOST_CELLS, FEWEST_ITEMS = 100_000_000, 200
MOST_JUDGED = 5_000  # people whose lists are judged
# With more rows than these, fewer samples are kept, or they fill the memory.
MANY_ROWS = 100_000

# Shares of ratings that count as likes, where the scale does not say.
SHARE_LIKED, FEW_LIKED, MANY_LIKED = 0.4, 0.05, 0.8
STARS = ((1.0, 5.0), (0.5, 5.0))

Outcome = Literal["ahead", "level", "behind", "none"]


@dataclass(frozen=True, eq=False)
class Found:
    """A table of ratings, as it was read.

    Parameters
    ----------
    ratings
        One for each person and item.
    n_repeated
        Rows that were left out, for the same person rates the same item in a
        later row.
    """

    ratings: Ratings
    n_repeated: int


@dataclass(frozen=True)
class Liked:
    """From which rating on something is liked, and why.

    Parameters
    ----------
    least
        The lowest rating that is a like.
    share
        Of all ratings that are likes, 0 to 1.
    words
        The rule, as a sentence.
    """

    least: float
    share: float
    words: str


@dataclass(frozen=True)
class Verdict:
    """What came out, in words.

    Parameters
    ----------
    outcome
        Of the model against counting: ``"ahead"``, ``"level"``, ``"behind"``
        or, where nothing could be judged, ``"none"``.
    words
        One or two sentences with the numbers.
    reasons
        What about the data may be why, a sentence each; empty where the model
        is ahead.
    """

    outcome: Outcome
    words: str
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Write the verdict and its reasons, a line each."""
        return "\n".join([self.words, *(f"- {why}" for why in self.reasons)])


@dataclass(frozen=True, eq=False)
class Judgement:
    """How models did on the test part, and what that says.

    Parameters
    ----------
    measure
        ``"RMSE"``, lower is better, or ``"nDCG@10"``, higher is better.
    table
        A row a model, counting first and the model last: ``model``,
        ``setting`` (chosen on validation data, or empty) and ``value``. No
        rows where nothing could be judged.
    interval
        The model minus counting, 95 % over people; None where there are too
        few people.
    n_people
        Who was judged by.
    settings
        Of the model: what validation data chose.
    verdict
        In words.
    """

    measure: str
    table: pd.DataFrame
    interval: Interval | None
    n_people: int
    settings: dict[str, Any]
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Study:
    """All that `examine` found out.

    Parameters
    ----------
    ratings
        That were examined.
    overview
        What was read, as `describe` writes it.
    liked
        What counts as a like.
    split
        Who was tested on what; None where there are too few ratings.
    stars, lists
        How well ratings are predicted, and how good lists are.
    model
        Makes lists; fitted to all ratings.
    served
        The ratings that it was fitted to: those of all items, but where there
        are too many of them for a table.
    settings
        What the model was fitted with, and ``liked``: all that JSON can hold.
    """

    ratings: Ratings
    overview: pd.DataFrame
    liked: Liked
    split: Split | None
    stars: Judgement
    lists: Judgement
    model: nn.Module
    served: Ratings
    settings: dict[str, Any]


# What was read ---------------------------------------------------------------


def read(
    path_or_frame: str | Place | bytes | pd.DataFrame,
    *,
    columns: Mapping[str, str | int] | None = None,
    scale: tuple[float, float] | None = None,
    titles: Mapping[Any, str] | None = None,
    separator: str | None = None,
    encoding: str = "utf-8",
) -> Found:
    """Read ratings of your own, and mend what can be mended.

    Where a person rates an item in several rows, the last one counts. Dates
    such as ``2024-03-01`` or ``2024-03-01 18:30`` become Unix seconds.

    Parameters
    ----------
    path_or_frame, columns, scale, titles, separator, encoding
        As in `recslib.tables.read_ratings`.

    Returns
    -------
    Found
        The ratings, and how many rows stood twice.

    Raises
    ------
    RatingsError
        As in `recslib.tables.read_ratings`.
    """
    source = getattr(path_or_frame, "name", None)
    if isinstance(path_or_frame, str):
        source = path_or_frame
    source = source if isinstance(source, str) else "table"
    frame = read_frame(
        path_or_frame,
        columns=columns,
        separator=separator,
        encoding=encoding,
        source=source,
    )
    repeated = frame.duplicated(["user", "item"], keep="last").to_numpy()
    frame = _with_seconds(frame[~repeated])
    ratings = from_frame(frame, titles=titles, scale=scale, source=source)
    return Found(ratings, int(repeated.sum()))


def _with_seconds(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn dates into Unix seconds, where every row has one."""
    if "timestamp" not in frame or pd.api.types.is_numeric_dtype(
        frame["timestamp"]
    ):
        return frame
    dates = pd.to_datetime(
        frame["timestamp"], utc=True, errors="coerce", format="ISO8601"
    )
    if dates.isna().any():
        return frame  # who checks the table names the rows
    seconds = (dates - pd.Timestamp(0, tz="UTC")) // pd.Timedelta(seconds=1)
    return frame.assign(timestamp=seconds.astype(np.int64))


def describe(ratings: Ratings, n_repeated: int = 0) -> pd.DataFrame:
    """Say what was read, so that a person can check it.

    Parameters
    ----------
    ratings
        At least one.
    n_repeated
        Rows that were left out, as in `Found`.

    Returns
    -------
    DataFrame
        Columns ``what`` and ``value``, both text.

    Raises
    ------
    RatingsError
        When there are no ratings.
    """
    _check_some(ratings)
    low, high = ratings.scale
    values = ratings.ratings.unique()
    a_person = _counts(ratings.counts_by_user())
    an_item = _counts(ratings.counts_by_item())
    filled = 100 * len(ratings) / (ratings.n_users * ratings.n_items)
    named = sum(
        title != f"item {id_}"
        for title, id_ in zip(ratings.titles, ratings.item_ids, strict=True)
    )
    mean = ratings.ratings.double().mean().item()
    rows = {
        "ratings": f"{len(ratings):,}",
        "people": f"{ratings.n_users:,}",
        "items": f"{ratings.n_items:,}",
        "items with a title": f"{named:,}",
        "filled, of people by items": f"{filled:.3g} %",
        "rows that stood twice": f"{n_repeated:,}",
        "scale": f"{low:g} to {high:g}",
        "different ratings": f"{len(values):,}",
        "mean rating": f"{mean:.3g}",
        "ratings a person": a_person,
        "ratings an item": an_item,
        "time": _span(ratings),
    }
    return pd.DataFrame({"what": list(rows), "value": list(rows.values())})


def _counts(counts: Tensor) -> str:
    counts = counts[counts > 0]
    return (
        f"{int(counts.min()):,} to {int(counts.max()):,}, half of them "
        f"{int(counts.median()):,} or fewer"
    )


def _span(ratings: Ratings) -> str:
    if not has_times(ratings):
        return "none" if ratings.timestamps is None else "all the same"
    first, last = int(ratings.timestamps.min()), int(ratings.timestamps.max())
    if last > 10**11:  # milliseconds
        first, last = first // 1_000, last // 1_000
    if not 0 <= first <= last < 10**10:
        return f"{first} to {last}"
    days = [f"{pd.Timestamp(at, unit='s'):%Y-%m-%d}" for at in (first, last)]
    return " to ".join(days)


def has_times(ratings: Ratings) -> bool:
    """Say whether times tell what came first."""
    times = ratings.timestamps
    return times is not None and bool((times != times[:1]).any())


def is_amount(ratings: Ratings) -> bool:
    """Say whether ratings are amounts, such as hours or plays, and no stars.

    They are where nothing is negative, there are more than ten different
    values, and the highest is more than ten times the one in the middle.
    """
    values = ratings.ratings
    return bool(
        values.min() >= 0
        and len(values.unique()) > 10
        and values.max() > 10 * values.median()
    )


def liked_of(ratings: Ratings) -> Liked:
    """Decide from which rating on something is liked.

    - Stars, 1 to 5: four or more, as in chapter 4.
    - One value alone, for it only says who had what: all of them.
    - Two values: the higher one.
    - Anything else (and stars where four or more are nearly all ratings, or
      hardly any): the value from which on the share is nearest 40 %. Never
      the lowest value.

    One bound holds for everybody: a person who likes little gets few likes.

    Parameters
    ----------
    ratings
        At least one.

    Raises
    ------
    RatingsError
        When there are no ratings.
    """
    _check_some(ratings)
    values, counts = ratings.ratings.double().unique(return_counts=True)
    shares = counts.flip(0).cumsum(0).flip(0) / len(ratings)  # at or above
    if len(values) == 1:
        words = "Every rating is the same, so all that was rated is liked."
        return Liked(values.item(), 1.0, words)
    if len(values) == 2:
        low, high = values.tolist()
        words = f"Liked is {high:g}; {low:g} is not."
        return Liked(high, shares[1].item(), words)
    if ratings.scale in STARS:
        share = (ratings.ratings >= lists.LIKED).double().mean().item()
        if FEW_LIKED <= share <= MANY_LIKED:
            words = f"Liked is {lists.LIKED:g} or more, as in chapter 4."
            return Liked(lists.LIKED, share, words)
    place = 1 + int((shares[1:] - SHARE_LIKED).abs().argmin())
    least, share = values[place].item(), shares[place].item()
    return Liked(
        least,
        share,
        f"Liked is {least:.4g} or more: the upper {100 * share:.0f} % of the "
        f"ratings, as near to {100 * SHARE_LIKED:.0f} % as can be.",
    )


# Who is tested on what -------------------------------------------------------


def part(ratings: Ratings, seed: int = 0) -> Split:
    """Part ratings for training, choices and one test.

    The newest fifth of each person's ratings is tested, and of what is left
    the newest 15 % are what choices are made on. Where there are no times,
    both are drawn at random; where people have so few ratings that rounding
    leaves most of them out, both are drawn from all ratings.

    Parameters
    ----------
    ratings
        N ratings.
    seed
        Of what is drawn, and of ties.

    Returns
    -------
    Split
        With a validation part.

    Raises
    ------
    RatingsError
        When there are fewer than 50.
    """
    if len(ratings) < FEWEST_RATINGS:
        raise RatingsError(
            f"there are {len(ratings):,} ratings; give {FEWEST_RATINGS} or "
            f"more, for a test part of fewer says nothing."
        )
    outer = _held_out(ratings, TEST_SHARE, seed)
    inner = _held_out(outer.train, VALIDATION_SHARE, seed + 1)
    return replace(outer, train=inner.train, validation=inner.test)


def _held_out(ratings: Ratings, share: float, seed: int) -> Split:
    n_of_each = (share * ratings.counts_by_user()).round()
    if n_of_each.sum() < share * len(ratings) / 2:
        split = random_split(ratings, share, seed)
        return replace(split, name=f"random {100 * share:g} %")
    by_user = newest_per_user if has_times(ratings) else random_by_user
    split = by_user(ratings, share, seed)
    if by_user is random_by_user:
        split = replace(split, name=f"random {split.name}")
    return split


def _learnt_from(split: Split) -> Ratings:
    """Lay training and validation parts together, once choices are made."""
    parts = split.train, split.validation
    columns = {
        name: torch.cat([getattr(each, name) for each in parts])
        for name in ("users", "items", "ratings")
    }
    if split.train.timestamps is not None:
        times = [each.timestamps for each in parts]
        columns["timestamps"] = torch.cat(times)
    return replace(split.train, **columns)


# Stars -----------------------------------------------------------------------


def judge_stars(split: Split, seed: int = 0) -> Judgement:
    """Hold a model of ratings against counting, on the test part.

    Counting is the mean, people's means, items' means, and damped biases with
    the damping that validation data choose. The model is the sampler of
    `recslib.sampling`, with 0 to 20 factors, chosen likewise. Amounts, such
    as hours, are predicted as log(1 + amount): else the few largest decide.

    Parameters
    ----------
    split
        With a validation part, as of `part`.
    seed
        Of the sampler and of the interval.
    """
    unit = "stars" if split.train.scale in STARS else "points"
    if is_amount(_learnt_from(split)):
        split, unit = _on_logarithms(split), "of log(1 + amount)"
    train, test = _learnt_from(split), split.test
    n_people = len(test.users.unique())
    if len(train.ratings.unique()) == 1:
        value = train.ratings[0].item()
        return _nothing(
            "RMSE",
            n_people,
            f"These data do not bear a model of ratings: every one to learn "
            f"from is {value:g}.",
            ("Nothing varies. Only who rated what can tell: see the lists.",),
        )
    damping, _ = _chosen(
        {
            damping: _error_of(
                baselines.damped_biases(split.train, damping).predict,
                split.validation,
            )
            for damping in DAMPINGS
        }
    )
    many = train.n_users + train.n_items > MANY_ROWS
    n_factors, _ = sampling.choose_n_factors(
        split.train,
        split.validation,
        [n for n in N_FACTORS if n <= 10 or not many],
        n_sweeps=40,
        seed=seed,
    )
    model = sampling.sample_factorization(
        train, n_factors, n_sweeps=40 if many else 100, seed=seed
    )
    guesses = {
        "the mean": baselines.global_mean(train),
        "people's means": baselines.user_means(train),
        "items' means": baselines.item_means(train),
        "damped biases": baselines.damped_biases(train, damping),
    }
    told = {
        name: guess.predict(test.users, test.items)
        for name, guess in guesses.items()
    }
    with torch.no_grad():
        told["sampler"] = model(test.users, test.items)
    told = {name: each.clamp(*test.scale) for name, each in told.items()}
    errors = {name: rmse(each, test.ratings) for name, each in told.items()}
    chosen = {
        "damped biases": f"damping {damping:g}",
        "sampler": f"{n_factors} factors",
    }
    interval = None
    if n_people >= FEWEST_PEOPLE:
        interval = paired_bootstrap(
            told["sampler"],
            told["damped biases"],
            test.ratings,
            test.users,
            n_resamples=N_RESAMPLES,
            seed=seed,
        )
    return Judgement(
        "RMSE",
        _table(errors, chosen),
        interval,
        n_people,
        {"n_factors": n_factors, "damping": damping},
        _verdict_on_stars(errors, interval, train, n_factors, unit, n_people),
    )


def _on_logarithms(split: Split) -> Split:
    def turned(ratings: Ratings) -> Ratings:
        low, high = np.log1p(ratings.scale)
        return replace(
            ratings,
            ratings=ratings.ratings.log1p(),
            scale=(float(low), float(high) + 1e-6),
        )

    return replace(
        split,
        train=turned(split.train),
        validation=turned(split.validation),
        test=turned(split.test),
    )


def _error_of(
    predict: Callable[[Tensor, Tensor], Tensor], held_out: Ratings
) -> float:
    told = predict(held_out.users, held_out.items)
    return rmse(told, held_out.ratings, clip=held_out.scale)


def _chosen(errors: Mapping[float, float]) -> tuple[float, float]:
    best = min(errors, key=errors.__getitem__)
    return best, errors[best]


def _table(
    values: Mapping[str, float], chosen: Mapping[str, str]
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "model": list(values),
            "setting": [chosen.get(name, "") for name in values],
            "value": [float(value) for value in values.values()],
        }
    )


def _nothing(
    measure: str, n_people: int, words: str, reasons: Sequence[str]
) -> Judgement:
    verdict = Verdict("none", words, tuple(reasons))
    return Judgement(measure, _table({}, {}), None, n_people, {}, verdict)


def _verdict_on_stars(
    errors: Mapping[str, float],
    interval: Interval | None,
    train: Ratings,
    n_factors: int,
    unit: str,
    n_people: int,
) -> Verdict:
    counting, model = errors["damped biases"], errors["sampler"]
    pair = f"RMSE {model:.3f} against {counting:.3f} {unit}"
    reasons = _reasons_of_stars(errors, train, n_factors)
    if interval is None:
        return _too_few_people("ratings", n_people, pair, reasons)
    outcome: Outcome = "level"
    if abs(interval.difference) >= SMALLEST_GAIN * counting:
        if interval.high < 0:
            outcome = "ahead"
        elif interval.low > 0:
            outcome = "behind"
    found = Interval(-interval.difference, -interval.high, -interval.low)
    words = _words("ratings", outcome, found, pair)
    if outcome == "ahead" and n_factors == 0:
        words += (
            " It has 0 factors: it knows no tastes, and weighs better who is "
            "generous and what is good."
        )
    return Verdict(outcome, words, () if outcome == "ahead" else reasons)


def _words(of_what: str, outcome: Outcome, gain: Interval, pair: str) -> str:
    """Say how far a model is ahead: the gain is above zero where it is."""
    bounds = f"95 % interval {gain.low:+.3f} to {gain.high:+.3f}, {pair}"
    if outcome == "ahead":
        return (
            f"The model of {of_what} is ahead of counting by "
            f"{gain.difference:.3f}: {bounds}."
        )
    level = "it is level with counting"
    if gain.low > 0 or gain.high < 0:
        level += f", within {100 * SMALLEST_GAIN:g} % of its error"
    how = {
        "level": level,
        "behind": f"it is behind counting by {-gain.difference:.3f}",
    }[outcome]
    return (
        f"These data do not bear a model of {of_what} yet: {how} "
        f"({gain.difference:+.3f}; {bounds})."
    )


def _too_few_people(
    of_what: str, n_people: int, pair: str, reasons: tuple[str, ...]
) -> Verdict:
    who = "1 person" if n_people == 1 else f"{n_people} people"
    return Verdict(
        "none",
        f"These data do not bear a verdict on a model of {of_what} yet: "
        f"{who} could be tested ({pair}).",
        (
            f"An interval over people takes {FEWEST_PEOPLE} of them or more; "
            f"what holds for fewer may be chance.",
            *reasons,
        ),
    )


def _reasons_of_stars(
    errors: Mapping[str, float], train: Ratings, n_factors: int
) -> tuple[str, ...]:
    reasons = _reasons_of_size(train)
    values, counts = train.ratings.unique(return_counts=True)
    share = counts.max().item() / len(train)
    if share >= 0.9:
        reasons.append(
            f"Hardly anything varies: {100 * share:.0f} % of the ratings are "
            f"{values[counts.argmax()].item():g}."
        )
    if errors["damped biases"] > 0.99 * errors["the mean"]:
        reasons.append(
            "Counting is hardly better than the mean: neither who rates nor "
            "what is rated says much, as if ratings were drawn by lot."
        )
    elif n_factors == 0:
        reasons.append(
            "Everybody is alike: no tastes show, beyond who is generous and "
            "what is good. Validation data chose 0 factors."
        )
    return tuple(reasons or [_NO_REASON])


_NO_REASON = (
    "None of the usual reasons shows. More ratings a person would tell more."
)


def _reasons_of_size(train: Ratings) -> list[str]:
    """Say what there is too little of. The bounds are rules of thumb."""
    users, items = train.counts_by_user(), train.counts_by_item()
    a_person = int(users[users > 0].median())
    an_item = int(items[items > 0].median())
    n_people = int((users > 0).sum())
    reasons = []
    if n_people < 50:
        people = "person" if n_people == 1 else "people"
        reasons.append(f"There are few people: {n_people} {people}.")
    if len(train) < 5_000:
        reasons.append(f"There is little to learn from: {len(train):,} rows.")
    if a_person < 10:
        reasons.append(
            f"People have few ratings: half of them {a_person} or fewer to "
            f"learn from."
        )
    if an_item < 5:
        reasons.append(
            f"Items have few ratings: half of them {an_item} or fewer to "
            f"learn from."
        )
    return reasons


# Lists -----------------------------------------------------------------------


def judge_top(split: Split, liked: Liked, seed: int = 0) -> Judgement:
    """Hold a model of lists against what most people like, on the test part.

    Up to 3,000 items the model is EASE; above that, where its table grows too
    large, iALS. Validation data choose what its weights cost, by nDCG@10. A
    hit is what a person liked of what is tested.

    Parameters
    ----------
    split
        With a validation part, as of `part`.
    liked
        What counts as a like.
    seed
        Of the first weights, of the interval, and of who is judged where
        there are more than 5,000 people.
    """
    train, test = _learnt_from(split), split.test
    kept = items_to_list(train, liked)
    choose = (
        only_items(each, kept) for each in (split.train, split.validation)
    )
    judge = (only_items(each, kept) for each in (train, test))
    people: lists.Audience | None = None
    try:
        deciders = _audience(*choose, liked, seed)
        people = _audience(*judge, liked, seed)
    except RatingsError:
        return _nothing(
            f"nDCG@{N_PLACES}",
            0,
            "These data do not bear a model of lists: nobody has something "
            "to find.",
            (f"{liked.words} No rating that is held out is a like.",),
        )
    found = {
        _in_words(settings): (settings, _ndcg(model, deciders).mean().item())
        for settings, model in _candidates(deciders.told, liked, seed)
    }
    name = max(found, key=lambda each: found[each][1])
    settings = found[name][0]
    popular = popular_lists(people.told, liked)
    model = fit_lists(people.told, liked, settings, seed)
    values = [_ndcg(each, people) for each in (popular, model)]
    means = [each.mean().item() for each in values]
    n_people = len(people)
    interval = None
    if n_people >= FEWEST_PEOPLE:
        interval = mean_bootstrap(
            *reversed(values),
            people.users,
            n_resamples=N_RESAMPLES,
            seed=seed,
        )
    kind = settings["kind"]
    return Judgement(
        f"nDCG@{N_PLACES}",
        _table(
            {"most liked": means[0], kind: means[1]},
            {kind: name.partition(", ")[2]},
        ),
        interval,
        n_people,
        settings,
        _verdict_on_lists(means, interval, people, liked),
    )


def items_to_list(ratings: Ratings, liked: Liked) -> Tensor:
    """Say which items lists are made of: all, or those that most like.

    Where people by items have more cells than a table may hold, the items
    with the fewest likes are left out.

    Returns
    -------
    Tensor
        (K,) int64 row indexes, in order.
    """
    most = max(MOST_CELLS // max(ratings.n_users, 1), FEWEST_ITEMS)
    if ratings.n_items <= most:
        return torch.arange(ratings.n_items)
    likes = lists.popularity(ratings, liked=liked.least)
    return likes.argsort(descending=True, stable=True)[:most].sort().values


def only_items(ratings: Ratings, kept: Tensor) -> Ratings:
    """Take the ratings of some items, which are numbered anew.

    Parameters
    ----------
    ratings
        N ratings.
    kept
        (K,) int64 row indexes of items, in order.
    """
    if len(kept) == ratings.n_items:
        return ratings
    places = torch.full((ratings.n_items,), -1)
    places[kept] = torch.arange(len(kept))
    rows = ratings.select(places[ratings.items] >= 0)
    return replace(
        rows,
        items=places[rows.items],
        item_ids=ratings.item_ids[kept.numpy()],
        titles=tuple(ratings.titles[item] for item in kept.tolist()),
    )


def _audience(
    train: Ratings, held_out: Ratings, liked: Liked, seed: int
) -> lists.Audience:
    likes = held_out.select(held_out.ratings >= liked.least)
    users = likes.users.unique()
    if len(users) == 0:
        raise RatingsError("nobody has something to find.")
    if len(users) > MOST_JUDGED:
        generator = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(users), generator=generator)
        some = torch.isin(likes.users, users[order[:MOST_JUDGED]])
        likes = likes.select(some)
    return lists.known_people(Split(train, likes), liked=liked.least)


def _candidates(
    train: Ratings, liked: Liked, seed: int
) -> Iterator[tuple[dict[str, Any], nn.Module]]:
    """Fit each setting that is tried, one at a time."""
    if train.n_items <= MOST_ITEMS_OF_EASE:
        tried = [{"kind": "EASE", "l2": l2} for l2 in EASE_L2]
    else:
        tried = [{"kind": "iALS", **settings} for settings in IALS]
    return (
        (settings, fit_lists(train, liked, settings, seed))
        for settings in progress_bar(tried, unit="candidate")
    )


def _in_words(settings: Mapping[str, Any]) -> str:
    others = [
        f"{name} {value:g}"
        for name, value in settings.items()
        if name != "kind"
    ]
    return ", ".join([settings["kind"], *others])


def fit_lists(
    train: Ratings, liked: Liked, settings: Mapping[str, Any], seed: int = 0
) -> nn.Module:
    """Fit a model of lists with settings that were chosen.

    Parameters
    ----------
    train
        N ratings.
    liked
        What counts as a like.
    settings
        ``kind`` is ``"EASE"``, with ``l2``; ``"iALS"``, with ``n_factors``,
        ``unseen`` and ``l2``; or ``"most liked"``.
    seed
        Of the first weights.

    Returns
    -------
    Module
        A `recslib.models.LinearLists` or `recslib.models.ListFactorization`.
        To whom it has nothing to say, it lists what most people liked.
    """
    if settings["kind"] == "most liked":
        return popular_lists(train, liked)
    popular = lists.popularity(train, liked=liked.least)
    table = _likes(train, liked)
    if settings["kind"] == "EASE":
        return LinearLists(lists.ease(table, settings["l2"]), popular).eval()
    model = lists.fit_ials(
        table,
        settings["n_factors"],
        unseen=settings["unseen"],
        l2=settings["l2"],
        seed=seed,
    )
    # Too little to change a list, and enough for who has told nothing.
    small = 1e-6 * popular / popular.max().clamp_min(1)
    model.item_biases.weight.data = small[:, None]
    return model.eval()


def _likes(train: Ratings, liked: Liked) -> Tensor:
    """Lay likes out: (n_users, n_items) of 0 and 1."""
    table = torch.zeros(train.n_users, train.n_items)
    is_like = train.ratings >= liked.least
    table[train.users[is_like], train.items[is_like]] = 1.0
    return table


def popular_lists(train: Ratings, liked: Liked) -> ListFactorization:
    """Make the model that lists what most people like, to everybody alike."""
    model = ListFactorization(train.n_users, train.n_items, 1)
    popular = lists.popularity(train, liked=liked.least)
    for table in (model.user_factors, model.item_factors):
        table.weight.data.zero_()
    model.item_biases.weight.data = popular[:, None]
    return model.eval()


def _ndcg(model: nn.Module, people: lists.Audience) -> Tensor:
    with torch.no_grad():
        if isinstance(model, ListFactorization):
            scores = model(people.users)
        else:
            scores = model(people.heard.liked, people.heard.disliked)
    return judge_lists(scores, people.seen, people.wanted, n=N_PLACES).ndcg


def _verdict_on_lists(
    means: Sequence[float],
    interval: Interval | None,
    people: lists.Audience,
    liked: Liked,
) -> Verdict:
    pair = f"nDCG@{N_PLACES} {means[1]:.3f} against {means[0]:.3f}"
    reasons = _reasons_of_lists(people, liked)
    if interval is None:
        return _too_few_people("lists", len(people), pair, reasons)
    outcome: Outcome = "level"
    if interval.low > 0:
        outcome = "ahead"
    elif interval.high < 0:
        outcome = "behind"
    words = _words("lists", outcome, interval, pair)
    return Verdict(outcome, words, () if outcome == "ahead" else reasons)


def _reasons_of_lists(people: lists.Audience, liked: Liked) -> tuple[str, ...]:
    train = people.told
    reasons = _reasons_of_size(train)
    likes = lists.popularity(train, liked=liked.least)
    top = likes.topk(min(N_PLACES, len(likes))).values.sum().item()
    share = top / max(likes.sum().item(), 1.0)
    n_items = int((train.counts_by_item() > 0).sum())
    if n_items <= 3 * N_PLACES:
        reasons.append(
            f"There is little to choose from: {n_items} items, for lists of "
            f"{N_PLACES}."
        )
    elif share >= 0.5:
        reasons.append(
            f"Everybody is alike: {N_PLACES} items have {100 * share:.0f} % "
            f"of all likes."
        )
    if liked.share < FEW_LIKED:
        reasons.append(
            f"Likes are rare: {100 * liked.share:.1f} % of the ratings."
        )
    return tuple(reasons or [_NO_REASON])


# All of it -------------------------------------------------------------------


def examine(ratings: Ratings, *, n_repeated: int = 0, seed: int = 0) -> Study:
    """Find out what ratings bear, and fit what makes lists of them.

    Parameters
    ----------
    ratings
        At least one.
    n_repeated
        Rows that were left out, for the overview.
    seed
        Of all that is drawn.

    Returns
    -------
    Study
        Its model is the one of lists, fitted to all ratings with the settings
        that were chosen, where it is ahead of counting; else counting itself.

    Raises
    ------
    RatingsError
        When there are no ratings.
    """
    overview = describe(ratings, n_repeated)
    liked = liked_of(ratings)
    split = part(ratings, seed) if len(ratings) >= FEWEST_RATINGS else None
    with progress_bar(total=3, description="your ratings", unit="step") as bar:
        if split is None:
            stars, top = (_too_few(ratings, each) for each in _MEASURES)
        else:
            stars = judge_stars(split, seed)
            bar.update(1)
            top = judge_top(split, liked, seed)
        bar.update(1)
        settings = {"kind": "most liked"}
        if top.verdict.outcome == "ahead":
            settings = top.settings
        served = only_items(ratings, items_to_list(ratings, liked))
        model = fit_lists(served, liked, settings, seed)
    return Study(
        ratings,
        overview,
        liked,
        split,
        stars,
        top,
        model,
        served,
        {**settings, "liked": liked.least, "seed": seed},
    )


_MEASURES = {"ratings": "RMSE", "lists": f"nDCG@{N_PLACES}"}


def _too_few(ratings: Ratings, of_what: str) -> Judgement:
    return _nothing(
        _MEASURES[of_what],
        0,
        f"These data do not bear a model of {of_what} yet: there are "
        f"{len(ratings):,} ratings.",
        (f"With fewer than {FEWEST_RATINGS}, a test says nothing.",),
    )


def _check_some(ratings: Ratings) -> None:
    if len(ratings) == 0:
        raise RatingsError(
            "there are no ratings. Check that the table is the right one."
        )


# Lists with titles -----------------------------------------------------------


def for_all(study: Study, n: int = N_PLACES) -> pd.DataFrame:
    """List items for everybody, as `recslib.serve.for_all` does."""
    return serve.for_all(study.model, study.served, n, liked=study.liked.least)


def for_user(
    model: nn.Module,
    ratings: Ratings,
    user_id: Hashable,
    settings: Mapping[str, Any],
    n: int = N_PLACES,
) -> pd.DataFrame:
    """List items for a person of the data.

    Parameters
    ----------
    model, ratings, settings
        Of a `Study` (its ``served`` ratings), or of what it saved.
    user_id
        The data set's id.
    n
        Length of the list.

    Raises
    ------
    RatingsError
        When there is no such person.
    """
    liked = settings["liked"]
    return serve.for_user(model, ratings, user_id, n, liked=liked)


def for_newcomer(
    model: nn.Module,
    ratings: Ratings,
    stars: Mapping[Hashable, float],
    settings: Mapping[str, Any],
    n: int = N_PLACES,
) -> pd.DataFrame:
    """List items for somebody who is new: hear what they rated, and fit none.

    EASE hears likes as it is. A row of iALS is solved for, with its items as
    they are.

    Parameters
    ----------
    model, ratings, settings
        Of a `Study` (its ``served`` ratings), or of what it saved.
    stars
        From an item's title or id to a rating, on the scale of the ratings.
    n
        Length of the list.

    Returns
    -------
    DataFrame
        As of `recslib.serve.for_user`.

    Raises
    ------
    RatingsError
        As in `recslib.recommend.rated_items`.
    """
    if not isinstance(model, ListFactorization):
        return serve.for_stranger(
            model, ratings, stars, n, liked=settings["liked"], name="newcomer"
        )
    items, given = recommend.rated_items(stars, ratings)
    alone = ListFactorization(1, *model.item_factors.weight.shape)
    alone.load_state_dict(
        {
            **model.state_dict(),
            "user_factors.weight": _newcomers_row(
                model, items, given, settings
            ),
        }
    )
    own = replace(
        ratings,
        users=torch.zeros_like(items),
        items=items,
        ratings=given,
        timestamps=None,
        user_ids=np.array(["newcomer"], dtype=object),
    )
    return serve.for_user(alone, own, "newcomer", n)


def _newcomers_row(
    model: ListFactorization,
    items: Tensor,
    given: Tensor,
    settings: Mapping[str, Any],
) -> Tensor:
    """Solve for the row of one person: (1, n_factors)."""
    others = model.item_factors.weight.detach()
    if settings["kind"] != "iALS":
        return torch.zeros(1, others.shape[1])
    table = torch.zeros(1, len(others))
    table[0, items[given >= settings["liked"]]] = 1.0
    return lists.ials_rows(
        table, others, unseen=settings["unseen"], l2=settings["l2"]
    )
