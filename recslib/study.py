"""Ratings of your own: what they bear, and what can be made of them.

`examine` does all of it. First it parts the ratings, by each person's time
where there are times. Then it guesses by counting, fits a model of ratings
and a model of lists with settings chosen on validation data, and holds each
against counting on the test part, which is read once. A model is called ahead
where a 95 % interval over people says so. Where it does not, the verdict says
that these data do not bear a model yet, and what about them may be why; the
lists are then those of counting, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from recslib import baselines, lists, overview, sampling, verdicts
from recslib.arguments import check_seed
from recslib.evaluation import (
    Interval,
    judge_lists,
    mean_bootstrap,
    paired_bootstrap,
    rmse,
)
from recslib.fitted import (
    N_SWEEPS_TO_CHOOSE,
    Fitted,
    fit_lists,
    fit_sampler,
    items_to_list,
    most_factors,
    on_logarithms,
    only_items,
    popular_lists,
    predicted,
)
from recslib.models import ListFactorization
from recslib.overview import Liked
from recslib.progress import progress_bar
from recslib.ratings import Ratings, RatingsError
from recslib.splits import (
    Split,
    newest_per_user,
    random_by_user,
    random_split,
)
from recslib.verdicts import FEWEST_PEOPLE, N_PLACES, SMALLEST_GAIN, Verdict

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.15  # the second of what is left
# With fewer, nothing is fitted: a test part would hold a handful.
FEWEST_RATINGS = 50
N_RESAMPLES = 1_000
STARS, LISTS = "RMSE", f"nDCG@{N_PLACES}"

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
MOST_JUDGED = 5_000  # people whose lists are judged


@dataclass(frozen=True, eq=False)
class Judgement:
    """How models did on the test part, and what that says.

    Parameters
    ----------
    measure
        ``"RMSE"``, lower is better, or ``"nDCG@10"``, higher is better.
    unit
        ``"stars"``, ``"points"``, or ``"log(1 + amount)"`` of amounts such as
        hours; empty for nDCG, which has none, and where nothing was judged.
    table
        A row a model, counting first and the model last: ``model``,
        ``setting`` (chosen on validation data, or empty) and ``value``. No
        row for a model that validation data did not choose, and none at all
        where nothing could be judged.
    interval
        The model minus counting, 95 % over people; None where there are too
        few people, or counting was chosen.
    n_people
        Who was judged by.
    settings
        What validation data chose: ``kind``, and what it was fitted with.
    verdict
        In words.
    """

    measure: str
    unit: str
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
        What was read, as `recslib.overview.describe` writes it.
    liked
        What counts as a like.
    split
        Who was tested on what; None where there are too few ratings.
    stars, lists
        How well ratings are predicted, and how good lists are.
    star_model
        Predicts ratings; None where no model is ahead of counting.
    list_model
        Makes lists: the model that is ahead, else counting. Its ratings are
        those of all items, but where there are too many for a table.
    """

    ratings: Ratings
    overview: pd.DataFrame
    liked: Liked
    split: Split | None
    stars: Judgement
    lists: Judgement
    star_model: Fitted | None
    list_model: Fitted


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
        there = overview.counted(len(ratings), "rating")
        raise RatingsError(
            f"there are only {there}; give {FEWEST_RATINGS} or more, for a "
            f"test part of fewer says nothing."
        )
    outer = _held_out(ratings, TEST_SHARE, seed)
    inner = _held_out(outer.train, VALIDATION_SHARE, seed + 1)
    return replace(outer, train=inner.train, validation=inner.test)


def _held_out(ratings: Ratings, share: float, seed: int) -> Split:
    n_of_each = (share * ratings.counts_by_user()).round()
    if n_of_each.sum() < share * len(ratings) / 2:
        split = random_split(ratings, share, seed)
        return replace(split, name=f"random {100 * share:g} %")
    by_user = random_by_user
    if overview.has_order(ratings):
        by_user = newest_per_user
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


# Ratings, predicted ----------------------------------------------------------


def judge_stars(split: Split, seed: int = 0) -> Judgement:
    """Hold a model of ratings against counting, on the test part.

    Counting is the mean, people's means, items' means, and damped biases with
    the damping that validation data choose. The model is the sampler of
    `recslib.sampling`, with 0 to 20 factors, chosen likewise. Where it is not
    ahead of damped biases by half a percent on validation data, counting
    itself is chosen. Amounts, such as hours, are predicted as
    log(1 + amount): else the few largest decide.

    Parameters
    ----------
    split
        With a validation part, as of `part`.
    seed
        Of the sampler and of the interval.

    Raises
    ------
    ValueError
        When the seed is none.
    """
    check_seed(seed)
    unit = "stars" if split.train.scale in overview.STARS else "points"
    in_words = unit
    is_log = overview.is_amount(_learnt_from(split))
    if is_log:
        unit = "log(1 + amount)"
        in_words = f"of {unit}"
        split = replace(
            split,
            train=on_logarithms(split.train),
            validation=on_logarithms(split.validation),
            test=on_logarithms(split.test),
        )
    train, test = _learnt_from(split), split.test
    n_people = len(test.users.unique())
    if len(train.ratings.unique()) == 1:
        value = train.ratings[0].item()
        return _nothing(
            STARS,
            n_people,
            f"These data do not bear a model of ratings: every one to learn "
            f"from is {value:g}.",
            ("Nothing varies. Only who rated what can tell: see the lists.",),
        )
    of_counting = {
        damping: _error_of(
            baselines.damped_biases(split.train, damping).predict,
            split.validation,
        )
        for damping in DAMPINGS
    }
    damping = min(of_counting, key=of_counting.__getitem__)
    n_factors, of_sampler = sampling.choose_n_factors(
        split.train,
        split.validation,
        [n for n in N_FACTORS if n <= most_factors(train)],
        n_sweeps=N_SWEEPS_TO_CHOOSE,
        seed=seed,
    )
    if sampling.are_thin(split.train):
        # Few sweeps set the candidates in order. How the best of them stands
        # beside counting, only as many tell as it will be fitted with.
        model = fit_sampler(split.train, n_factors, seed)
        error = _error_of(model, split.validation)
        of_sampler[n_factors] = error
    told = _counted(train, test, damping)
    chosen = {"damped biases": f"damping {damping:g}"}
    pair = of_sampler[n_factors], of_counting[damping]
    if pair[0] > (1 - SMALLEST_GAIN) * pair[1]:
        errors = _errors(told, test)
        reasons = verdicts.reasons_of_stars(errors, train, n_factors)
        return Judgement(
            STARS,
            unit,
            _table(errors, chosen),
            None,
            n_people,
            {"kind": "damped biases", "damping": damping, "is_log": is_log},
            verdicts.on_a_choice(
                "ratings",
                verdicts.pair_in_words(STARS, *pair, in_words),
                reasons,
            ),
        )
    settings = {"kind": "sampler", "n_factors": n_factors, "is_log": is_log}
    told["sampler"] = predicted(fit_sampler(train, n_factors, seed), test)
    chosen["sampler"] = f"{n_factors} factors"
    errors = _errors(told, test)
    interval = None
    if n_people >= FEWEST_PEOPLE:
        interval = paired_bootstrap(
            told["sampler"].clamp(*test.scale),
            told["damped biases"].clamp(*test.scale),
            test.ratings,
            test.users,
            n_resamples=N_RESAMPLES,
            seed=seed,
        )
    return Judgement(
        STARS,
        unit,
        _table(errors, chosen),
        interval,
        n_people,
        settings,
        verdicts.on_stars(
            errors, interval, train, n_factors, in_words, n_people
        ),
    )


def _counted(
    train: Ratings, test: Ratings, damping: float
) -> dict[str, Tensor]:
    """Predict the test part by each kind of counting."""
    guesses = {
        "the mean": baselines.global_mean(train),
        "people's means": baselines.user_means(train),
        "items' means": baselines.item_means(train),
        "damped biases": baselines.damped_biases(train, damping),
    }
    return {
        name: guess.predict(test.users, test.items)
        for name, guess in guesses.items()
    }


def _errors(told: Mapping[str, Tensor], test: Ratings) -> dict[str, float]:
    return {
        name: rmse(each, test.ratings, clip=test.scale)
        for name, each in told.items()
    }


def _error_of(
    predict: Callable[[Tensor, Tensor], Tensor], held_out: Ratings
) -> float:
    told = predict(held_out.users, held_out.items)
    return rmse(told, held_out.ratings, clip=held_out.scale)


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
    return Judgement(measure, "", _table({}, {}), None, n_people, {}, verdict)


# Lists -----------------------------------------------------------------------


def judge_top(split: Split, liked: Liked, seed: int = 0) -> Judgement:
    """Hold a model of lists against what most people like, on the test part.

    Up to 3,000 items the model is EASE; above that, where its table grows too
    large, iALS. Validation data choose what its weights cost, by
    ``nDCG@10``, or the most liked items themselves. A hit is what a person
    liked of what is tested.

    Parameters
    ----------
    split
        With a validation part, as of `part`.
    liked
        What counts as a like.
    seed
        Of the first weights, of the interval, and of who is judged where
        there are more than 5,000 people.

    Raises
    ------
    ValueError
        When the seed is none.
    """
    check_seed(seed)
    train, test = _learnt_from(split), split.test
    kept = items_to_list(train, liked)
    choose = (
        only_items(each, kept) for each in (split.train, split.validation)
    )
    judge = (only_items(each, kept) for each in (train, test))
    try:
        deciders = _audience(*choose, liked, seed)
        people = _audience(*judge, liked, seed)
    except RatingsError:
        return _nothing(
            LISTS,
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
    settings, best = found[name]
    popular = popular_lists(deciders.told, liked)
    of_counting = _ndcg(popular, deciders).mean().item()
    values = {"most liked": _ndcg(popular_lists(people.told, liked), people)}
    n_people = len(people)
    if best <= of_counting:
        return Judgement(
            LISTS,
            "",
            _table(_means(values), {}),
            None,
            n_people,
            {"kind": "most liked"},
            verdicts.on_a_choice(
                "lists",
                verdicts.pair_in_words("nDCG", best, of_counting),
                verdicts.reasons_of_lists(people, liked),
            ),
        )
    kind = settings["kind"]
    values[kind] = _ndcg(fit_lists(people.told, liked, settings, seed), people)
    interval = None
    if n_people >= FEWEST_PEOPLE:
        interval = mean_bootstrap(
            values[kind],
            values["most liked"],
            people.users,
            n_resamples=N_RESAMPLES,
            seed=seed,
        )
    return Judgement(
        LISTS,
        "",
        _table(_means(values), {kind: name.partition(", ")[2]}),
        interval,
        n_people,
        settings,
        verdicts.on_lists(_means(values), interval, people, liked),
    )


def _means(values: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: each.mean().item() for name, each in values.items()}


def _audience(
    train: Ratings, held_out: Ratings, liked: Liked, seed: int
) -> lists.Audience:
    likes = held_out.select(held_out.ratings >= liked.least)
    users = likes.users.unique()
    if len(users) == 0 or len(train) == 0:
        raise RatingsError("nobody has something to find.")
    if len(users) > MOST_JUDGED:
        generator = torch.Generator().manual_seed(int(seed))
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


def _ndcg(model: nn.Module, people: lists.Audience) -> Tensor:
    with torch.no_grad():
        if isinstance(model, ListFactorization):
            scores = model(people.users)
        else:
            scores = model(people.heard.liked, people.heard.disliked)
    return judge_lists(scores, people.seen, people.wanted, n=N_PLACES).ndcg


# All of it -------------------------------------------------------------------


def examine(ratings: Ratings, *, seed: int = 0) -> Study:
    """Find out what ratings bear, and fit to all of them what is ahead.

    Parameters
    ----------
    ratings
        At least one.
    seed
        Of all that is drawn.

    Returns
    -------
    Study
        Its models are fitted to all ratings, with the settings that were
        chosen.

    Raises
    ------
    ValueError
        When there are no ratings, or the seed is none.
    """
    check_seed(seed)
    told = overview.describe(ratings)
    liked = overview.liked_of(ratings)
    split = part(ratings, seed) if len(ratings) >= FEWEST_RATINGS else None
    with progress_bar(total=3, description="your ratings", unit="step") as bar:
        if split is None:
            stars = _too_few(ratings, "ratings", STARS)
            top = _too_few(ratings, "lists", LISTS)
        else:
            stars = judge_stars(split, seed)
            bar.update(1)
            top = judge_top(split, liked, seed)
        bar.update(1)
        return Study(
            ratings=ratings,
            overview=told,
            liked=liked,
            split=split,
            stars=stars,
            lists=top,
            star_model=fit_star_model(ratings, stars, seed),
            list_model=fit_list_model(ratings, liked, top, seed),
        )


def _too_few(ratings: Ratings, of_what: str, measure: str) -> Judgement:
    return _nothing(
        measure,
        0,
        f"These data do not bear a model of {of_what} yet: there are "
        f"only {overview.counted(len(ratings), 'rating')}.",
        (f"With fewer than {FEWEST_RATINGS}, a test says nothing.",),
    )


def fit_star_model(
    ratings: Ratings, stars: Judgement, seed: int = 0
) -> Fitted | None:
    """Fit the model of ratings to all of them, where it is ahead.

    Parameters
    ----------
    ratings
        All.
    stars
        From `judge_stars`.
    seed
        Of the sampler.

    Returns
    -------
    Fitted or None
        A sampler; of amounts its ratings and its scale are logarithms, and
        `recslib.fitted.predict_ratings` turns back. None where counting is
        not beaten.
    """
    if stars.verdict.outcome != "ahead":
        return None
    if stars.settings["is_log"]:
        ratings = on_logarithms(ratings)
    model = fit_sampler(ratings, stars.settings["n_factors"], seed)
    return Fitted(model, ratings, {**stars.settings, "seed": seed})


def fit_list_model(
    ratings: Ratings, liked: Liked, top: Judgement, seed: int = 0
) -> Fitted:
    """Fit what makes lists to all ratings: the model that is ahead.

    Parameters
    ----------
    ratings
        All.
    liked
        What counts as a like.
    top
        From `judge_top`.
    seed
        Of first weights.

    Returns
    -------
    Fitted
        Counting where no model is ahead.
    """
    settings = {"kind": "most liked"}
    if top.verdict.outcome == "ahead":
        settings = top.settings
    served = only_items(ratings, items_to_list(ratings, liked))
    model = fit_lists(served, liked, settings, seed)
    settings = {**settings, "liked": liked.least, "seed": seed}
    return Fitted(model, served, settings)
