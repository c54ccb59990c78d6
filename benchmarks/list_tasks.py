"""Who is served, with what to find, and what choices are made on.

- ``strangers``: people whom nobody trained on, after ten of their ratings, on
  five parts of all people;
- ``known``: people of the training part, on the five published folds;
- ``by user``: a quarter of each person's ratings is to be found, liked or not,
  on three draws. The protocol of the Recommenders repository.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from recslib import lists, splits
from recslib.lists import Audience
from recslib.ratings import Ratings
from recslib.splits import Split

N_HEARD = 10
# A fifth of the training part of the first split: ratings, or people.
N_PARTS = 5


@dataclass(frozen=True)
class Task:
    """A way to ask for lists.

    Parameters
    ----------
    parts
        Makes the splits that are tested on.
    audience
        Takes a split; says who is served, and what is a hit.
    carve
        Takes a training part; parts it once more, to choose on.
    heard
        What models hear of people, the likelier first.
    """

    parts: Callable[[Ratings], list[Split]]
    audience: Callable[[Split], Audience]
    carve: Callable[[Ratings], Split]
    heard: tuple[str, str]

    def judge(self, ratings: Ratings) -> Split:
        """Part the first split's training part; no test part is in it."""
        return self.carve(self.parts(ratings)[0].train)


TASKS: Mapping[str, Task] = {
    "strangers": Task(
        lambda ratings: splits.whole_users(ratings, 5, 0),
        lambda split: lists.strangers(split, N_HEARD, seed=0),
        lambda train: splits.whole_users(train, N_PARTS, 0)[0],
        ("liked", "rated"),
    ),
    "known": Task(
        splits.published_folds,
        lists.known_people,
        lambda train: splits.random_split(train, 1 / N_PARTS, 0),
        ("liked", "rated"),
    ),
    "by user": Task(
        lambda ratings: [
            splits.random_by_user(ratings, 0.25, seed) for seed in range(3)
        ],
        lambda split: lists.known_people(split, any_rated=True),
        lambda train: splits.random_split(train, 1 / N_PARTS, 0),
        ("rated", "liked"),
    ),
}
