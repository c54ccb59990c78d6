"""Fit the book's models of lists with five seeds, and bound what they gain.

``python -m benchmarks.list_seeds`` fits chapter 4's final models with every
seed on every split of their task. It writes results/list-seeds.json, the
nDCG@10 of each seed, and results/list-seed-intervals.json, intervals over
people and seeds. The chapter reads the intervals, and fits one seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from benchmarks.measure import write
from recslib import lists, movielens, splits
from recslib.evaluation import judge_lists, mean_bootstrap
from recslib.lists import Audience
from recslib.progress import progress_bar
from recslib.ratings import Ratings
from recslib.splits import Split

SEEDS = range(5)
N_NETWORKS = 3
N_HEARD = 10
EASE_ON_BOTH = "EASE, likes and dislikes"

Parts = Sequence[tuple[Split, Audience]]
# From a split, its people and a seed to (B, n_items) scores.
Score = Callable[[Split, Audience, int], Tensor]


def most_liked(split: Split, people: Audience, seed: int) -> Tensor:
    """Count likes; draws nothing."""
    return lists.popularity(split.train, liked=lists.LIKED)


def ease(split: Split, people: Audience, seed: int) -> Tensor:
    """Solve for the likes; draws nothing."""
    table = lists.hear(split.train).liked
    return people.heard.liked @ lists.ease(table, 400.0)


def ease_on_both(split: Split, people: Audience, seed: int) -> Tensor:
    """Solve for the likes from likes and dislikes; draws nothing."""
    both = lists.hear(split.train, split.train.users.unique()).both
    n_items = split.train.n_items
    return people.heard.both @ lists.ease(both, 3_000.0, n_targets=n_items)


def all_three(split: Split, people: Audience, seed: int) -> Tensor:
    """Add EASE and both factorizations."""
    table = lists.hear(split.train).liked
    fits = lists.fit_list_factorization, lists.fit_ials
    scores = [fit(table, seed=seed)(people.users).detach() for fit in fits]
    scores.append(ease(split, people, seed))
    return sum(lists.standardized(each) for each in scores)


def three_networks(split: Split, people: Audience, seed: int) -> Tensor:
    """Average networks; no two seeds share one."""
    heard = lists.hear(split.train, split.train.users.unique())
    of_seed = range(N_NETWORKS * seed, N_NETWORKS * (seed + 1))
    one = lists.averaged(
        [lists.fit_list_autoencoder(heard, seed=each) for each in of_seed]
    )
    with torch.no_grad():
        return one(people.heard.liked, people.heard.disliked)


def lstm(split: Split, people: Audience, seed: int) -> Tensor:
    """Hear first ratings in time order, and find what is liked later."""
    users, items, told = lists.first_ratings(
        split.train, N_HEARD + 1, seed=seed
    )
    likes = lists.hear(split.train, users).liked
    n_items = split.train.n_items
    model = lists.fit_list_lstm(items, told, n_items, to_find=likes, seed=seed)
    users, items, told = lists.first_ratings(people.told, N_HEARD, seed=seed)
    last = (items < n_items).sum(dim=1) - 1
    with torch.no_grad():
        steps = model(items, told)
    place = torch.searchsorted(users, people.users)
    return steps[place, last[place]]


def tasks(ratings: Ratings) -> dict[str, Parts]:
    """Say who is served, as the chapter does."""
    folds = splits.folds_of(ratings, splits.N_PUBLISHED_FOLDS, 0)
    guests = splits.whole_users(ratings, 5, 0)
    return {
        "people you know": [(f, lists.known_people(f)) for f in folds],
        "strangers": [(f, lists.strangers(f, N_HEARD)) for f in guests],
        "first visits": [
            (f, lists.strangers(f, N_HEARD, order="time")) for f in guests
        ],
    }


# Who is judged at each task: the chapter's model first. What draws nothing
# has one seed.
MODELS: dict[str, dict[str, tuple[Score, Sequence[int]]]] = {
    "people you know": {
        "all three added": (all_three, SEEDS),
        "EASE": (ease, [0]),
        "most liked": (most_liked, [0]),
    },
    "strangers": {
        "average of three networks": (three_networks, SEEDS),
        EASE_ON_BOTH: (ease_on_both, [0]),
        "most liked": (most_liked, [0]),
    },
    "first visits": {
        "LSTM, in time order": (lstm, SEEDS),
        EASE_ON_BOTH: (ease_on_both, [0]),
        "most liked": (most_liked, [0]),
    },
}


def judged(score: Score, parts: Parts, seed: int) -> Tensor:
    """Judge everybody's list, all splits in a row: (M,) nDCG@10."""
    values = []
    for split, people in parts:
        scores = score(split, people, seed)
        quality = judge_lists(scores, people.seen, people.wanted)
        values.append(quality.ndcg)
    return torch.cat(values)


def compared(
    task: str, values: dict[str, Tensor], people: Tensor
) -> list[dict[str, Any]]:
    """Bound the first model of a task against each other one.

    Parameters
    ----------
    task
        Its name.
    values
        By model, (S, M): a row a seed.
    people
        (M,) int64, whose list it is.
    """
    ours, *others = values
    rows = []
    for other in others:
        interval = mean_bootstrap(values[ours], values[other], people)
        row = {"task": task, "first": ours, "second": other}
        rows.append(row | vars(interval))
    return rows


def main() -> None:
    """Fit everything, and write both results."""
    means, intervals = [], []
    for task, parts in tasks(movielens.load("100k").ratings).items():
        values = {}
        for name, (score, seeds) in MODELS[task].items():
            bar = progress_bar(seeds, description=f"{task}: {name}")
            values[name] = torch.stack([judged(score, parts, s) for s in bar])
            means.append(
                {
                    "task": task,
                    "model": name,
                    "seeds": list(seeds),
                    "ndcg": values[name].mean(dim=1).tolist(),
                }
            )
        people = torch.cat([audience.users for _, audience in parts])
        intervals += compared(task, values, people)
    write("list-seeds.json", means)
    write("list-seed-intervals.json", intervals)


if __name__ == "__main__":
    main()
