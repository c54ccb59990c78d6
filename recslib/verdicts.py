"""Whether a model is ahead of counting, in words; where not, what may be why.

A model is called ahead where a 95 % interval over people lies above zero, and
where it is a model of ratings, its error is lower by half a percent at least.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from recslib import lists
from recslib.evaluation import Interval
from recslib.overview import FEW_LIKED, Liked, counted
from recslib.ratings import Ratings

N_PLACES = 10  # of a list that is judged
# With fewer people to judge by, an interval over people says little.
FEWEST_PEOPLE = 20
# An error that is lower by a smaller share of itself is called level.
SMALLEST_GAIN = 0.005
# Below these there is little to learn from. Rules of thumb.
FEW_PEOPLE, FEW_ROWS, FEW_A_PERSON, FEW_AN_ITEM = 50, 5_000, 10, 5

Outcome = Literal["ahead", "level", "behind", "none"]

_NO_REASON = (
    "None of the usual reasons shows. More ratings a person would tell more."
)


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


def on_stars(
    errors: Mapping[str, float],
    interval: Interval | None,
    train: Ratings,
    n_factors: int,
    unit: str,
    n_people: int,
) -> Verdict:
    """Say whether the sampler predicts ratings better than counting.

    Parameters
    ----------
    errors
        RMSE by model: ``"the mean"``, ``"damped biases"``, ``"sampler"``.
    interval
        The sampler's error minus that of damped biases; None where there are
        too few people.
    train
        What both were fitted to.
    n_factors
        Of the sampler.
    unit
        Of the errors, in words.
    n_people
        Whose ratings were tested.
    """
    counting, model = errors["damped biases"], errors["sampler"]
    pair = pair_in_words("RMSE", model, counting, unit)
    reasons = reasons_of_stars(errors, train, n_factors)
    if interval is None:
        return _too_few_people("ratings", n_people, pair, reasons)
    outcome: Outcome = "level"
    if abs(interval.difference) >= SMALLEST_GAIN * counting:
        outcome = _side(-interval.high, -interval.low)
    gain = Interval(-interval.difference, -interval.high, -interval.low)
    words = _words("ratings", outcome, gain, pair, digits_of(counting))
    if outcome == "ahead" and n_factors == 0:
        words += (
            " It has 0 factors: it knows no tastes, and weighs better who is "
            "generous and what is good."
        )
    return Verdict(outcome, words, () if outcome == "ahead" else reasons)


def on_lists(
    qualities: Mapping[str, float],
    interval: Interval | None,
    people: lists.Audience,
    liked: Liked,
) -> Verdict:
    """Say whether a model's lists are better than the most liked items.

    Parameters
    ----------
    qualities
        nDCG by model: ``"most liked"``, and the model's.
    interval
        The model's minus the other; None where there are too few people.
    people
        Who was judged by.
    liked
        What counts as a like.
    """
    counting, model = qualities.values()
    pair = pair_in_words("nDCG", model, counting)
    reasons = reasons_of_lists(people, liked)
    if interval is None:
        return _too_few_people("lists", len(people), pair, reasons)
    outcome = _side(interval.low, interval.high)
    words = _words("lists", outcome, interval, pair, 3)
    return Verdict(outcome, words, () if outcome == "ahead" else reasons)


def on_a_choice(of_what: str, pair: str, reasons: tuple[str, ...]) -> Verdict:
    """Say that validation data chose counting, so that no model was tested.

    Parameters
    ----------
    of_what
        ``"ratings"`` or ``"lists"``.
    pair
        From `pair_in_words`, of validation data.
    reasons
        What about the data may be why.
    """
    ahead = "ahead of counting"
    if of_what == "ratings":
        ahead += f" by {100 * SMALLEST_GAIN:g} %"
    return Verdict(
        "level",
        f"These data do not bear a model of {of_what} yet: on validation data "
        f"none was {ahead} ({pair}), so counting itself was chosen.",
        reasons,
    )


def pair_in_words(
    measure: str, model: float, counting: float, unit: str = ""
) -> str:
    """Write what a model and what counting reached.

    Parameters
    ----------
    measure
        What was measured.
    model, counting
        The two values.
    unit
        Of both, in words; empty where they have none.
    """
    digits = digits_of(counting) if unit else 3
    told = f"{measure} {model:.{digits}f} against {counting:.{digits}f}"
    return f"{told} {unit}".rstrip()


def digits_of(error: float) -> int:
    """Say how many decimals of an error and of its differences are shown.

    Parameters
    ----------
    error
        On any scale: three decimals where it is about 1.
    """
    if error <= 0:
        return 3
    return max(0, 3 - round(math.log10(error)))


def _side(low: float, high: float) -> Outcome:
    """Say where an interval of gains lies."""
    if low > 0:
        return "ahead"
    return "behind" if high < 0 else "level"


def _words(
    of_what: str, outcome: Outcome, gain: Interval, pair: str, digits: int
) -> str:
    """Say how far a model is ahead: the gain is above zero where it is."""
    by, low, high = (
        f"{value:+.{digits}f}"
        for value in (gain.difference, gain.low, gain.high)
    )
    bounds = f"95 % interval {low} to {high}, {pair}"
    if outcome == "ahead":
        return (
            f"The model of {of_what} is ahead of counting by "
            f"{by[1:]}: {bounds}."
        )
    how = "it is level with counting"
    if outcome == "behind":
        how = f"it is behind counting by {by[1:]}"
    elif _side(gain.low, gain.high) != "level":
        how += f", within {100 * SMALLEST_GAIN:g} % of its error"
    return (
        f"These data do not bear a model of {of_what} yet: {how} "
        f"({by}; {bounds})."
    )


def _too_few_people(
    of_what: str, n_people: int, pair: str, reasons: tuple[str, ...]
) -> Verdict:
    who = counted(n_people, "person", "people")
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


# What may be why -------------------------------------------------------------


def reasons_of_stars(
    errors: Mapping[str, float], train: Ratings, n_factors: int
) -> tuple[str, ...]:
    """Say what about ratings may be why no model of them is ahead.

    Parameters
    ----------
    errors
        RMSE of ``"damped biases"`` and ``"the mean"``.
    train
        What was learnt from.
    n_factors
        That were chosen.
    """
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
            "No tastes show, beyond who is generous and what is good: people "
            "are alike, or have rated too little to tell. Validation data "
            "chose 0 factors."
        )
    return tuple(reasons or [_NO_REASON])


def reasons_of_lists(people: lists.Audience, liked: Liked) -> tuple[str, ...]:
    """Say what about ratings may be why no model of lists is ahead.

    Parameters
    ----------
    people
        Who was judged by.
    liked
        What counts as a like.
    """
    train, n = people.told, N_PLACES
    reasons = _reasons_of_size(train)
    likes = lists.popularity(train, liked=liked.least)
    top = likes.topk(min(n, len(likes))).values.sum().item()
    share = top / max(likes.sum().item(), 1.0)
    n_items = int((train.counts_by_item() > 0).sum())
    if n_items <= 3 * n:
        reasons.append(
            f"There is little to choose from: {counted(n_items, 'item')}, for "
            f"lists of {n}."
        )
    elif share >= 0.5:
        reasons.append(
            f"Everybody is alike: {n} items have {100 * share:.0f} % of all "
            f"likes."
        )
    if liked.share < FEW_LIKED:
        reasons.append(
            f"Likes are rare: {100 * liked.share:.1f} % of the ratings."
        )
    return tuple(reasons or [_NO_REASON])


def _reasons_of_size(train: Ratings) -> list[str]:
    users, items = train.counts_by_user(), train.counts_by_item()
    a_person = int(users[users > 0].median())
    an_item = int(items[items > 0].median())
    n_people = int((users > 0).sum())
    reasons = []
    if n_people < FEW_PEOPLE:
        who = counted(n_people, "person", "people")
        reasons.append(f"There are few people: {who}.")
    if len(train) < FEW_ROWS:
        reasons.append(
            f"There is little to learn from: {counted(len(train), 'row')}."
        )
    if a_person < FEW_A_PERSON:
        reasons.append(
            f"People have few ratings: half of them {a_person} or fewer to "
            f"learn from."
        )
    if an_item < FEW_AN_ITEM:
        reasons.append(
            f"Items have few ratings: half of them {an_item} or fewer to "
            f"learn from."
        )
    return reasons
