"""What a contender is told besides who rated what how high.

One function makes the numbers, so that all who are told the same hear the
same: `tell`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recslib.features import SideFeatures, implicit_feedback
from recslib.ratings import Ratings

# "ids" is who rated what how high, and nothing else. "side" adds the side
# features of people and films, "flags" who has rated what at all, "all" both.
TELLINGS = ("ids", "side", "flags", "all")


@dataclass(frozen=True, eq=False)
class Told:
    """A row of numbers for each user and for each item.

    Parameters
    ----------
    users
        (n_users, K) float32; K is 0 for ids alone.
    items
        (n_items, L) float32.
    user_kinds, item_kinds
        For each table in a row (side features; flags), how many of its
        columns are of one kind (age; occupations; ...): they add up to K and
        to L.
    """

    users: Tensor
    items: Tensor
    user_kinds: tuple[tuple[int, ...], ...] = ()
    item_kinds: tuple[tuple[int, ...], ...] = ()


def tell(
    train: Ratings, telling: str, side: SideFeatures | None = None
) -> Told:
    """Collect what a contender is told about users and items.

    Parameters
    ----------
    train
        N ratings. Flags are of these alone, and of no test part.
    telling
        One of `TELLINGS`.
    side
        Side features of the same users and items; "side" and "all" want them.

    Returns
    -------
    Told
        Side features first, then flags.

    Raises
    ------
    ValueError
        When there is no such telling, or side features are missing.
    """
    if telling not in TELLINGS:
        raise ValueError(
            f"nobody is told {telling!r}; give one of {', '.join(TELLINGS)}."
        )
    users = [torch.zeros(train.n_users, 0)]
    items = [torch.zeros(train.n_items, 0)]
    user_kinds: list[tuple[int, ...]] = []
    item_kinds: list[tuple[int, ...]] = []
    if telling in ("side", "all"):
        if side is None:
            raise ValueError(f"{telling!r} wants side features; give them.")
        users.append(side.users)
        items.append(side.items)
        user_kinds.append(kinds(side.user_names, ("age", "woman")))
        item_kinds.append(kinds(side.item_names, ("year", "from ")))
    if telling in ("flags", "all"):
        of_users, of_items = flags(train)
        users.append(of_users)
        items.append(of_items)
        user_kinds.append((train.n_items,))
        item_kinds.append((train.n_users,))
    return Told(
        torch.cat(users, dim=1),
        torch.cat(items, dim=1),
        tuple(user_kinds),
        tuple(item_kinds),
    )


def in_directions(
    told: Told, train: Ratings, n_directions: int, seed: int = 0
) -> Told:
    """Say the same flags in fewer numbers: in their main directions.

    Parameters
    ----------
    told
        With flags: what `tell` made of "flags" or "all".
    train
        The N ratings that the flags are of.
    n_directions
        Numbers that take the place of a row's flags.
    seed
        Of `recslib.features.implicit_feedback`, which finds them.

    Returns
    -------
    Told
        (n_users, K - n_items + n_directions) and, for items, likewise.
    """
    said = implicit_feedback(train, n_directions, seed).features
    rest = (
        told.users[:, : -train.n_items],
        told.items[:, : -train.n_users],
    )
    k = said.users.shape[1]
    return Told(
        torch.cat([rest[0], said.users], dim=1),
        torch.cat([rest[1], said.items], dim=1),
        (*told.user_kinds[:-1], (k,)),
        (*told.item_kinds[:-1], (k,)),
    )


def flags(train: Ratings) -> tuple[Tensor, Tensor]:
    """Flag who has rated what, whatever the stars.

    Each row is divided by the square root of how many flags it has, so that
    its length is 1: Y. Koren, "Factorization Meets the Neighborhood", KDD
    2008, equation 15. A row without ratings stays 0.

    Returns
    -------
    tuple of Tensor
        (n_users, n_items) and (n_items, n_users).
    """
    flagged = torch.zeros(train.n_users, train.n_items)
    flagged[train.users, train.items] = 1
    return _to_length_one(flagged), _to_length_one(flagged.T)


def _to_length_one(flagged: Tensor) -> Tensor:
    counts = flagged.sum(dim=1, keepdim=True)
    return flagged / counts.clamp_min(1).sqrt()


def kinds(names: Sequence[str], starts: Sequence[str]) -> tuple[int, ...]:
    """Count columns that belong together, in their order.

    Parameters
    ----------
    names
        Of columns.
    starts
        Columns that start with one of these are of one kind each; those that
        start with none are of the last kind together.

    Returns
    -------
    tuple of int
        They add up to the number of names; a kind without columns is left
        out.
    """
    places = [
        next(
            (
                place
                for place, start in enumerate(starts)
                if name.startswith(start)
            ),
            len(starts),
        )
        for name in names
    ]
    counts = (places.count(place) for place in range(len(starts) + 1))
    return tuple(count for count in counts if count)
