"""Histories: a person's ratings in time order, cut, padded and masked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from recslib.arguments import (
    check_choice,
    check_count,
    check_kind,
    check_same_shape,
    check_tensor,
)
from recslib.ratings import Ratings
from recslib.splits import history_order


@dataclass(frozen=True, eq=False)
class Sequences:
    """S pieces of histories of N ratings, padded to T steps at the end.

    Step t asks for the rating in row ``rows[:, t]``; what a model may know
    then is the step before it, in ``past_rows``.

    Parameters
    ----------
    rows
        (S, T) int64, row of the rating asked for; -1 where padded.
    past_rows
        (S, T) int64, row of the rating heard just before; -1 for none.
    items
        (S, T) int64, row index of the item asked about; ``n_items`` where
        padded.
    past_items
        (S, T) int64, the item heard just before; ``n_items`` for none.
    mask
        (S, T) bool, True where a step counts.
    users
        (S,) int64, whose history it is.
    """

    rows: Tensor
    past_rows: Tensor
    items: Tensor
    past_items: Tensor
    mask: Tensor
    users: Tensor

    def __len__(self) -> int:
        """Count the sequences."""
        return len(self.users)

    def now(self, values: Tensor) -> Tensor:
        """Lay out what belongs to the rating that each step asks for.

        Parameters
        ----------
        values
            (N,), one a rating.

        Returns
        -------
        Tensor
            (S, T); 0 where padded.

        Raises
        ------
        ValueError
            When there is not one value a rating.
        """
        return _laid_out(values, self.rows)

    def before(self, values: Tensor) -> Tensor:
        """Lay out what belongs to the rating before: (N,) -> (S, T).

        It is 0 where there is none. This is what a step may hear.
        """
        return _laid_out(values, self.past_rows)

    def to_rows(self, values: Tensor) -> Tensor:
        """Bring one value a step back to the order of the ratings.

        Parameters
        ----------
        values
            (S, T), a prediction a step.

        Returns
        -------
        Tensor
            (M,), the values of the M steps that count, by row.

        Raises
        ------
        ValueError
            When there is not one value a step.
        """
        check_tensor(values, "values")
        if values.shape != self.rows.shape:
            raise ValueError(
                f"values have the shape {tuple(values.shape)}; give one a "
                f"step, {tuple(self.rows.shape)}."
            )
        order = self.rows[self.mask].argsort()
        return values[self.mask][order]


def cut_histories(
    ratings: Ratings,
    n_steps: int,
    *,
    seed: int,
    n_context: int = 0,
    is_target: Tensor | None = None,
) -> Sequences:
    """Lay every user's history out in pieces of ``n_steps``.

    Ratings of one second come in random order, so that a tie tells nothing.
    A long history is cut; each piece but the first starts with the last
    ``n_context`` steps of the piece before, which are there to be heard and
    do not count again. Targets are heard too, by the steps after them: see
    `ask_apart` for targets that nobody may hear.

    Parameters
    ----------
    ratings
        N ratings with timestamps.
    n_steps
        T, steps a piece.
    seed
        Orders the ratings of one second.
    n_context
        Steps repeated from the piece before, fewer than ``n_steps``.
    is_target
        (N,) bool, the ratings that are to be predicted; None means all.
        The others are heard only. Pieces without a target are left out.

    Returns
    -------
    Sequences
        Users in order of their row index; each target stands in exactly one
        step that counts.

    Raises
    ------
    ValueError
        When ``n_context`` is not between 0 and ``n_steps - 1``, or
        ``is_target`` is not (N,) bool.
    RatingsError
        When there are no timestamps.
    """
    check_kind(ratings, Ratings, "ratings")
    check_count(n_context, "n_context", least=0)
    check_count(n_steps, "n_steps")
    if n_context >= n_steps:
        raise ValueError(
            f"n_context is {n_context} and n_steps {n_steps}; the context "
            f"must be shorter than the piece."
        )
    if is_target is None:
        is_target = torch.ones(len(ratings), dtype=torch.bool)
    _check_flags(is_target, len(ratings))
    order = history_order(ratings, seed)
    rows, users, n_heard = _cut(
        order, ratings.counts_by_user(), n_steps, n_context
    )
    step = torch.arange(n_steps)
    mask = (rows >= 0) & is_target[rows] & (step >= n_heard[:, None])
    past_rows = _past_rows(order, ratings.users)[rows]
    keep = mask.any(dim=1)
    return _sequences(
        ratings, rows[keep], past_rows[keep], mask[keep], users[keep]
    )


def backwards(pieces: Sequences, ratings: Ratings) -> Sequences:
    """Read the pieces from their end: each step hears what came after it.

    Parameters
    ----------
    pieces
        From `cut_histories`; S pieces of T steps.
    ratings
        What was cut.

    Returns
    -------
    Sequences
        The same steps in the same S pieces. The last step of a piece comes
        first and hears nothing. `mirror` says which step is where.

    Raises
    ------
    ValueError
        When the pieces are those of other ratings.
    """
    check_kind(pieces, Sequences, "pieces")
    check_kind(ratings, Ratings, "ratings")
    if pieces.rows.numel() and int(pieces.rows.max()) >= len(ratings):
        raise ValueError(
            f"the pieces ask for rating {int(pieces.rows.max())}, and there "
            f"are {len(ratings):,}; give the ratings that were cut."
        )
    n_padded = (pieces.rows < 0).sum(dim=1, keepdim=True)
    n_steps = pieces.rows.shape[1]
    step = (n_steps - 1 - n_padded - torch.arange(n_steps)) % n_steps
    rows = pieces.rows.gather(1, step)
    mask = pieces.mask.gather(1, step)
    return _sequences(ratings, rows, _shifted(rows), mask, pieces.users)


def ask_apart(
    ratings: Ratings,
    is_target: Tensor,
    n_steps: int,
    *,
    seed: int,
    side: Literal["before", "after"] = "before",
) -> Sequences:
    """Ask for each target in a sequence of its own, with no other target.

    Neither the value nor the existence of a target reaches the sequence of
    another one. Where a user's other ratings share the target's second, one
    half of them counts as before it and one half as after it.

    Parameters
    ----------
    ratings
        N ratings with timestamps.
    is_target
        (N,) bool, M of them True. The others are heard only.
    n_steps
        T: the target at the last step that is not padded, and the nearest
        T - 1 others of its user at the steps before it.
    seed
        Orders the ratings of one second.
    side
        Hear what came before the target, from the oldest on; or what came
        after it, from the newest back.

    Returns
    -------
    Sequences
        M of them, by the row of their target, with one step each that
        counts.

    Raises
    ------
    ValueError
        When ``n_steps`` is not positive, ``side`` is neither, or
        ``is_target`` is not (N,) bool.
    RatingsError
        When there are no timestamps.
    """
    check_kind(ratings, Ratings, "ratings")
    check_count(n_steps, "n_steps")
    check_choice(side, "side", ("before", "after"))
    _check_flags(is_target, len(ratings))
    others = (~is_target).nonzero().squeeze(1)
    heard = ratings.select(others)
    others = others[history_order(heard, seed)]
    targets = is_target.nonzero().squeeze(1)
    users = ratings.users[targets]
    # Users in order, and in each the moments in order, as one number.
    moment = ratings.timestamps.unique(return_inverse=True)[1]
    key = ratings.users * (len(ratings) + 1) + moment
    place = (
        torch.searchsorted(key[others], key[targets])
        + torch.searchsorted(key[others], key[targets], right=True)
    ) // 2
    counts = heard.counts_by_user()
    end = counts.cumsum(0)[users]
    first = end - counts[users]
    n_there = place - first if side == "before" else end - place
    n_heard = n_there.clamp(max=n_steps - 1)[:, None]
    step = torch.arange(n_steps)
    from_target = n_heard - step  # how many ratings away
    away = -from_target if side == "before" else from_target - 1
    near = (place[:, None] + away).clamp(0, max(len(others) - 1, 0))
    rows = torch.where(step == n_heard, targets[:, None], -1)
    if len(others):
        rows = torch.where(step < n_heard, others[near], rows)
    return _sequences(ratings, rows, _shifted(rows), step == n_heard, users)


def mirror(before: Sequences, after: Sequences) -> Tensor:
    """Find the steps of one reading that ask for the same in another.

    Parameters
    ----------
    before, after
        The same S sequences read from either end, by `cut_histories` and
        `backwards`, or by two calls of `ask_apart`.

    Returns
    -------
    Tensor
        (S, T) int64: ``values.gather(1, mirror(before, after))`` brings one
        value a step of ``after`` to the steps of ``before``. 0 where a step
        of ``before`` does not count.

    Raises
    ------
    ValueError
        When the steps that count ask for different ratings.
    """
    check_kind(before, Sequences, "before")
    check_kind(after, Sequences, "after")
    ours, theirs = _asked(before), _asked(after)
    if not torch.equal(ours[:, :2], theirs[:, :2]):
        raise ValueError(
            f"{len(before)} and {len(after)} sequences ask for different "
            f"ratings; give two readings of the same ones."
        )
    steps = torch.zeros_like(before.rows)
    steps[ours[:, 1], ours[:, 2]] = theirs[:, 2]
    return steps


def lstm_inputs(
    before: Sequences,
    base: Tensor,
    surprises: Tensor,
    after: Sequences | None = None,
) -> tuple[Tensor, ...]:
    """Make what the forward of an LSTM of the book takes.

    Parameters
    ----------
    before
        S sequences of T steps, in time order.
    base
        (N,) stars that something else predicts for each rating.
    surprises
        (N,) stars: what was given, minus the base. NaN for what nobody may
        hear: it would spoil every prediction that hears it.
    after
        The same, read from the other end; None: the past alone.

    Returns
    -------
    tuple of Tensor
        For `recslib.models.LSTMRating`: items, base, past items and past
        surprises, each (S, T). With ``after``, for
        `recslib.models.BothSides`: three more of the other end and `mirror`.

    Raises
    ------
    ValueError
        When there is not one base and one surprise a rating, or the two ends
        are no sequences of the same ratings.
    """
    check_kind(before, Sequences, "before")
    if after is not None:
        check_kind(after, Sequences, "after")
    check_same_shape(base=base, surprises=surprises)
    past = before.past_items, before.before(surprises)
    inputs = before.items, before.now(base), *past
    if after is None:
        return inputs
    future = after.past_items, after.before(surprises)
    return *inputs, after.items, *future, mirror(before, after)


def _sequences(
    ratings: Ratings,
    rows: Tensor,
    past_rows: Tensor,
    mask: Tensor,
    users: Tensor,
) -> Sequences:
    """Look the items up; what is padded hears nothing."""
    past_rows = torch.where(rows < 0, -1, past_rows)
    return Sequences(
        rows=rows,
        past_rows=past_rows,
        items=torch.where(rows < 0, ratings.n_items, ratings.items[rows]),
        past_items=torch.where(
            past_rows < 0, ratings.n_items, ratings.items[past_rows]
        ),
        mask=mask,
        users=users,
    )


def _laid_out(values: Tensor, rows: Tensor) -> Tensor:
    check_tensor(values, "values")
    n = int(rows.max()) + 1 if rows.numel() else 0
    if values.ndim != 1 or len(values) < n:
        raise ValueError(
            f"values have the shape {tuple(values.shape)}, and the sequences "
            f"are of {n:,} ratings or more; give one value a rating, (N,)."
        )
    return values[rows].masked_fill(rows < 0, 0)


def _asked(sequences: Sequences) -> Tensor:
    """List row, sequence and step of what counts, by row: (M, 3)."""
    places = sequences.mask.nonzero()  # (M, 2)
    rows = sequences.rows[sequences.mask]
    return torch.cat([rows[:, None], places], dim=1)[rows.argsort()]


def _shifted(rows: Tensor) -> Tensor:
    """Return the row of the step before, -1 at the first: (S, T)."""
    return torch.cat([torch.full_like(rows[:, :1], -1), rows[:, :-1]], dim=1)


def _check_flags(is_target: Tensor, n: int) -> None:
    check_tensor(is_target, "is_target")
    if is_target.shape != (n,) or is_target.dtype != torch.bool:
        raise ValueError(
            f"is_target has the shape {tuple(is_target.shape)} and holds "
            f"{is_target.dtype}; give one flag a rating, ({n},) of "
            f"torch.bool."
        )


def _cut(
    order: Tensor, lengths: Tensor, n_steps: int, n_context: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return rows (S, T), users (S,), and how many steps repeat (S,)."""
    rows, users, n_heard = [order.new_empty(0, n_steps)], [], []
    for user, history in enumerate(order.split(lengths.tolist())):
        start = 0
        while start < len(history):
            first = max(start - n_context, 0)
            piece = history[first : first + n_steps]
            padding = piece.new_full((n_steps - len(piece),), -1)
            rows.append(torch.cat([piece, padding])[None])
            users.append(user)
            n_heard.append(start - first)
            start = first + n_steps
    return (
        torch.cat(rows),
        torch.tensor(users, dtype=torch.int64),
        torch.tensor(n_heard, dtype=torch.int64),
    )


def _past_rows(order: Tensor, users: Tensor) -> Tensor:
    """Return for each rating the row of the one before it, or -1: (N,)."""
    past = torch.full_like(order, -1)
    same = users[order[1:]] == users[order[:-1]]
    past[order[1:]] = torch.where(same, order[:-1], -1)
    return past
