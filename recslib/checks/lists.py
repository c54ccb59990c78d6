"""Checks of "From stars to lists"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Generator, Tensor

from recslib.answers import (
    THREE_PLACES,
    NotYetError,
    called,
    drawn_integer,
    drawn_number,
    expect,
    flags,
    in_short,
    known_mistake,
    number,
    numbers,
    says,
)


def _expect(
    came: object,
    wanted: object,
    mistakes: Mapping[str, object],
    *,
    case: str,
    tolerance: float = 1e-4,
) -> None:
    """Hold what came against what is wanted, and name a known mistake.

    As `recslib.answers.expect`, and the hint comes too where the mistake is
    of another shape, or not finite.
    """
    hint = known_mistake(came, mistakes)
    try:
        if np.size(wanted):
            expect(came, wanted, case=case, tolerance=tolerance, hint=hint)
        else:
            numbers(came, np.shape(wanted), case=case)
    except NotYetError as missing:
        if not hint or hint in str(missing):
            raise
        raise NotYetError(f"{missing} {hint}") from None


@says
def popular_unseen(answer: object, *, seed: int = 0) -> None:
    """Check the list to beat: what is popular, without what was seen.

    Parameters
    ----------
    answer
        Takes counts (I,), flags (I,) of what was seen and the length n of the
        list, and returns rows, the most rated first.
    seed
        Of the cases that are drawn.
    """
    counts = torch.tensor([5, 7, 2, 8, 4, 2, 5])
    seen = torch.tensor([0, 1, 0, 1, 0, 0, 0]).bool()
    _hold_popular(answer, counts, seen, 3)
    generator = torch.Generator().manual_seed(seed)
    for n_items, n in ((6, 3), (12, 12), (9, 6), (300, 40)):
        counts = torch.randint(
            1 + n_items // 2, (n_items,), generator=generator
        )
        seen = torch.rand(n_items, generator=generator) < 0.4
        counts[0] = counts[1:].max() + 1  # the most rated was seen, and
        counts[-1] = 0  # one is left that nobody rated
        seen[0], seen[-1] = True, False
        _hold_popular(answer, counts, seen, n)
    _hold_popular(answer, counts[:5], torch.ones(5, dtype=torch.bool), 3)


def _hold_popular(
    answer: object, counts: Tensor, seen: Tensor, n: int
) -> None:
    rows, times, is_seen = range(len(counts)), counts.tolist(), seen.tolist()
    best = sorted(rows, key=lambda row: (-times[row], row))
    left = [row for row in best if not is_seen[row]]
    kept = [row for row in rows if not is_seen[row]]
    emptied = sorted(
        rows, key=lambda row: (0 if is_seen[row] else -times[row], row)
    )
    last = left + [row for row in rows if is_seen[row]]
    filled = "What was seen is at the end of the list, where few others are "
    filled += "left. Drop it, and let the list be shorter."
    mistakes = {
        "Leave out what was seen.": best[:n],
        "Leave out what was seen first, and cut then: the list has room for "
        "n others.": [row for row in best[:n] if not is_seen[row]],
        filled: emptied[:n],
        filled.replace("few", "too few"): last[:n],
        "These are the least rated; begin with the most rated.": sorted(
            left, key=lambda row: (times[row], row)
        )[:n],
        "These are the least rated, from the end of the list.": left[::-1][:n],
        "The best are there, the best one last; turn the list round.": (
            left[:n][::-1]
        ),
        "These are the films that were seen; list the others.": [
            row for row in best if is_seen[row]
        ][:n],
        "A film that nobody rated is a film that is left, too.": [
            row for row in left if times[row]
        ][:n],
        "The first of the list is missing.": left[1 : n + 1],
        "That is one too many.": left[: n + 1],
        "That is one too few.": left[: n - 1],
        "These are all that are left; cut the list after n.": left,
        "Where nothing is left, the list ends; nothing fills it up.": (
            left + [-1] * (n - len(left))
        )[:n],
        "These are counts; return the rows of the films.": [
            times[row] for row in left[:n]
        ],
        "These are places among the films that are left; return rows of the "
        "whole catalogue.": [kept.index(row) for row in left[:n]],
        "These are the first that were not seen; look at the counts.": (
            kept[:n]
        ),
    }
    seen_rows = [row for row in rows if is_seen[row]]
    case = f"the counts {in_short(counts)}, the rows {in_short(seen_rows)} "
    case += f"seen and n = {n}"
    came = called(answer, counts, seen, n, case=case)
    if _as_often_rated(came, left, counts, n):
        mistakes["Of two equal counts the lower row comes first."] = came
    _expect(came, left[:n], mistakes, case=case)


def _as_often_rated(
    came: object, left: Sequence[int], counts: Tensor, n: int
) -> bool:
    """Say whether a list is right but for rows with equal counts."""
    try:
        rows = [int(row) for row in came]
    except (TypeError, ValueError):
        return False
    distinct = set(rows)
    if len(distinct) < len(rows) or not distinct <= set(left):
        return False
    return torch.equal(counts[rows], counts[left[:n]])


@says
def average_precision(answer: object, *, seed: int = 0) -> None:
    """Check average precision: hits (n,) and how many are wanted -> a number.

    Parameters
    ----------
    answer
        Takes flags (n,) of hits, from the top of a list, and how many films
        were to be found.
    seed
        Of the cases that are drawn.
    """
    asked = [
        ([True, False, False, True, False, False], 3),
        ([False, False, False], 2),
        ([False, True], 1),
        ([True, True, False], 7),
    ]
    generator = torch.Generator().manual_seed(seed)
    for n in (5, 8, 12):
        hits = torch.rand(n, generator=generator) < 0.4
        hits[n // 2] = True
        more = drawn_integer(generator, 2 * n)
        asked.append((hits.tolist(), int(hits.sum()) + more))
    for hits, n_wanted in asked:
        _hold_precision(answer, torch.tensor(hits), n_wanted)


def _hold_precision(answer: object, hits: Tensor, n_wanted: int) -> None:
    n, n_hits = len(hits), int(hits.sum())
    found, places = hits.double(), torch.arange(1, n + 1)
    precisions = found.cumsum(dim=0) / places
    total = (found * precisions).sum()
    discounts = 1 / torch.log2(places + 1.0)
    mistakes = {
        "Divide by how many were to be found, also where the list has no "
        "room for all of them.": total / min(n, n_wanted),
        "Divide by how many were to be found, not by the hits: what is not "
        "in the list was missed.": total / max(n_hits, 1),
        "Divide by how many were to be found, not by the length of the "
        "list.": total / n,
        "Divide the sum by how many were to be found.": total,
        "Add the precisions at the places of hits, not those at every "
        "place.": precisions.sum() / n_wanted,
        "That is the mean of the precisions at all places.": precisions.mean(),
        "That is recall.": torch.tensor(n_hits / n_wanted),
        "That is precision.": torch.tensor(n_hits / n),
        "At a hit, divide the hits so far by the place, not 1.": (
            (found / places).sum() / n_wanted
        ),
        "Places start from 1, not from 0.": (
            (found * found.cumsum(dim=0) / (places + 1)).sum() / n_wanted
        ),
        "The hit itself is one of the hits so far.": (
            (found * (precisions - 1 / places)).sum() / n_wanted
        ),
        "The hits come from the top of the list; you begin at its end.": (
            (found.flip(0) * found.flip(0).cumsum(dim=0) / places).sum()
            / n_wanted
        ),
        "That is the discounted gain of nDCG; precisions are wanted.": (
            (found * discounts).sum() / n_wanted
        ),
        "That is nDCG.": (found * discounts).sum()
        / discounts[:n_wanted].sum(),
    }
    case = f"the hits {in_short(hits.int())} and {n_wanted} to be found"
    came = number(called(answer, hits, n_wanted, case=case), case=case)
    hint = known_mistake(came, mistakes)
    expect(came, total / n_wanted, case=case, tolerance=6e-4, hint=hint)


@says
def ease_weights(answer: object, *, seed: int = 0) -> None:
    """Check the weights of EASE: a table (U, I) and an L2 -> (I, I).

    Parameters
    ----------
    answer
        Takes a table of 0 and 1 and a number above 0.
    seed
        Of the cases that are drawn.
    """
    table = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    case = f"the table {in_short(table)} and an l2 of 1"
    _hold_ease(answer, table, 1.0, case)
    generator = torch.Generator().manual_seed(seed)
    for n_people, n_items in ((9, 4), (30, 6), (4, 7)):
        drawn = torch.rand(n_people, n_items, generator=generator)
        table = (drawn < 0.5).float()
        table[:, 0] = n_people == 30  # a film that all have, or nobody
        l2 = drawn_number(generator, 1.5, 9.0)
        case = f"a table of the shape {tuple(table.shape)} and an l2 of {l2:g}"
        _hold_ease(answer, table, l2, case)


def _hold_ease(answer: object, table: Tensor, l2: float, case: str) -> None:
    """Solve it, and in each wrong way too."""
    x = table.double()
    n_people, n_items = x.shape
    gram, eye = x.T @ x, torch.eye(n_items, dtype=x.dtype)
    precision = torch.linalg.inv(gram + l2 * eye)
    wanted = _ease_of(gram + l2 * eye)
    by_people = x @ x.T + l2 * torch.eye(n_people, dtype=x.dtype)
    mistakes = {
        "Divide each column by its own entry of the diagonal; here it was "
        "each row.": wanted.T,
        "The sign is turned round: what goes together speaks for each "
        "other.": -wanted,
        "l2 is not in it: add it to the diagonal of X'X.": _ease_of(gram),
        "l2 belongs on the diagonal of X'X alone, not in every place.": (
            _ease_of(gram + l2)
        ),
        "l2 belongs on the diagonal; here it stands in all other places.": (
            _ease_of(gram + l2 * (1 - eye))
        ),
        "l2 is taken off; add it.": _ease_of(gram - l2 * eye),
        "l2 is added after the inverse; add it to X'X.": _ease_of(
            torch.linalg.pinv(torch.linalg.pinv(gram) + l2 * eye)
        ),
        "Add l2 as it is, not its square.": _ease_of(gram + l2**2 * eye),
        "Add l2 as it is, not twice.": _ease_of(gram + 2 * l2 * eye),
        "Add l2 as it is, not l2 a person.": _ease_of(
            gram + l2 * n_people * eye
        ),
        "1 is added where l2 should be.": _ease_of(gram + eye),
        "Divide by the diagonal of P.": (eye - 1) * precision,
        "X'X is not inverted yet.": _cleared(gram / gram.diagonal()),
        "X'X with l2 is not inverted yet.": _cleared(
            -(gram + l2 * eye) / (gram + l2 * eye).diagonal()
        ),
        "X'X is `table.T @ table`: films beside films, and not people beside "
        "people.": _ease_of(by_people),
    }
    came = called(answer, table, l2, case=case)
    try:
        got = numbers(came, (n_items, n_items), case=case)
    except NotYetError as missing:
        hint = known_mistake(came, mistakes)
        if "Infinity" in str(missing) or "NaN" in str(missing):
            hint = (
                "diag(P) is a row of numbers, `inverse.diagonal()`. A matrix "
                "has zeros beside its diagonal, and nothing can be divided "
                "by 0."
            )
        raise NotYetError(f"{missing} {hint}".rstrip()) from None
    hint = known_mistake(got, mistakes) or known_mistake(
        _cleared(got), mistakes
    )
    if got.diagonal().abs().max() > THREE_PLACES:
        hint = (
            f"No film speaks for itself: the diagonal is to be 0, and yours "
            f"is {in_short(got.diagonal())}. {hint}"
        )
    expect(got, wanted, case=case, hint=hint.rstrip())


def _ease_of(gram: Tensor) -> Tensor:
    """Make weights of what is to be inverted."""
    inverse = torch.linalg.pinv(gram)
    return _cleared(-inverse / inverse.diagonal())


def _cleared(weights: Tensor) -> Tensor:
    return weights.clone().fill_diagonal_(0)


@says
def softmax_over_items(answer: object, *, seed: int = 0) -> None:
    """Check the loss of a softmax over films: two (B, I) -> (B,).

    Parameters
    ----------
    answer
        Takes scores, and 0 or 1 for what is wanted.
    seed
        Of the cases that are drawn.
    """
    scores = torch.tensor([[0, 0, 0, 0], [1, 0, 2, 0], [3, 1, 0, 2]]).float()
    wanted = torch.tensor([[1, 0, 1, 0], [1, 0, 0, 0], [0, 1, 1, 0]]).float()
    case = f"the scores {in_short(scores.int())} and the wanted "
    _hold_softmax(answer, scores, wanted, case + in_short(wanted.int()))
    generator = torch.Generator().manual_seed(seed)
    for n_people, n_items in ((3, 5), (5, 9)):
        shape = n_people, n_items
        scores = 2 * torch.randn(shape, generator=generator)
        wanted = (torch.rand(shape, generator=generator) < 0.5).float()
        wanted[0, :2] = torch.tensor([1.0, 0.0])
        wanted[1] = 0.0
        case = f"scores of the shape {shape}; the second person wants nothing"
        _hold_softmax(answer, scores, wanted, case)
    wanted = torch.tensor([[1.0, 0.0, 1.0, 0.0]])
    for high in (100, 1_000):
        scores = torch.tensor([[high, high, 0.0, -high]])
        case = f"the scores {in_short(scores)} and the wanted "
        case += in_short(wanted)
        _hold_softmax(answer, scores, wanted, case)


def _hold_softmax(
    answer: object, scores: Tensor, wanted: Tensor, case: str
) -> None:
    told = scores.double()
    logs, chances = told.log_softmax(dim=1), told.softmax(dim=1)
    misses = -wanted * logs
    loss, n_wanted = misses.sum(dim=1), wanted.sum(dim=1)
    of_people = -(wanted * told.log_softmax(dim=0)).sum(dim=1)
    signs = torch.where(wanted > 0, told, -told)
    mistakes = {
        "The minus is missing: a loss is never below 0.": -loss,
        "Here the probabilities of all people add up to 1. Those of all "
        "films of one person should: `dim=1`.": of_people,
        "That is the mean over what is wanted; add up.": (
            loss / n_wanted.clamp_min(1)
        ),
        "That is the mean over all films; add up.": misses.mean(dim=1),
        "Take the natural logarithm, not that to the base 2.": (
            loss / np.log(2)
        ),
        "Take the natural logarithm, not that to the base 10.": (
            loss / np.log(10)
        ),
        "These are probabilities; take their logarithms.": (
            -(wanted * chances).sum(dim=1)
        ),
        "These are probabilities; take their logarithms, and minus that.": (
            (wanted * chances).sum(dim=1)
        ),
        "Take the logarithm of each probability, and add up then.": (
            -(wanted * chances).sum(dim=1).clamp_min(1e-300).log()
        ),
        "Only what is wanted counts; here it is what is not wanted.": (
            -((1 - wanted) * logs).sum(dim=1)
        ),
        "Only what is wanted counts; here it is every film.": (
            -logs.sum(dim=1)
        ),
        "That asks of each film alone whether it is wanted (a sigmoid). Let "
        "all films share one probability of 1.": (
            -(wanted * torch.nn.functional.logsigmoid(told)).sum(dim=1)
        ),
        "That asks of each film alone whether it is wanted. Let all films "
        "share one probability of 1.": (
            -torch.nn.functional.logsigmoid(signs).sum(dim=1)
        ),
        "These are scores; make probabilities of them first.": (
            -(wanted * told).sum(dim=1)
        ),
        "The logarithm of the sum belongs to each film that is wanted.": (
            told.logsumexp(dim=1) - (wanted * told).sum(dim=1)
        ),
        "That is a loss for each film of each person; add up over films.": (
            misses
        ),
        "That is the sum over all people; one loss a person is wanted.": (
            loss.sum()
        ),
        "That is the mean over all people; one loss a person is wanted.": (
            loss.mean()
        ),
    }
    came = called(answer, scores, wanted, case=case)
    try:
        _expect(came, loss, mistakes, case=case, tolerance=2e-3)
    except NotYetError as missing:
        if scores.max() < 100 or known_mistake(came, mistakes):
            raise
        raise NotYetError(
            f"{missing} e to the power of {scores.max():g} is too large for "
            f"a float, and to the power of {scores.min():g} it is rounded to "
            f"0. Take the largest score off first, and never take the "
            f"logarithm of a probability: `log_softmax` does both."
        ) from None


@says
def hear_part(answer: object, *, seed: int = 0) -> None:
    """Check what is heard of ratings, and what is left to be found.

    Nobody can know what is drawn. So the check looks at what must hold for
    each draw, and counts how much is heard of many ratings.

    Parameters
    ----------
    answer
        Takes likes and dislikes, two (B, I) of 0 and 1, a probability and a
        `torch.Generator`, and returns three (B, I).
    seed
        Of the cases that are drawn.
    """
    liked = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    disliked = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    case = f"the likes {in_short(liked)} and the dislikes {in_short(disliked)}"
    for each in range(20):
        _heard_of(answer, liked, disliked, 0.5, seed + each, case)
    generator = torch.Generator().manual_seed(seed)
    other = drawn_integer(generator, 1_000_000)  # not what draws the tables
    drawn = torch.rand(120, 100, generator=generator)
    tables = (drawn < 0.3).float(), (drawn > 0.75).float()
    for share in (0.3, 0.8):
        case = f"120 people, 100 films and a share of {share}"
        heard = _heard_of(answer, *tables, share, other, case)
        _hold_spread(heard, *tables, case)
        _hold_share(heard, *tables, share, case)
    for share in (0.0, 1.0):
        case = f"120 people, 100 films and a share of {share:g}"
        heard = _heard_of(answer, *tables, share, other, case)
        _hold_share(heard, *tables, share, case)
    _hold_generator(answer, *tables, other)


def _heard_of(
    answer: object,
    liked: Tensor,
    disliked: Tensor,
    share: float,
    chance: int | Generator,
    case: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Ask what is heard, and hold what must be so for every draw."""
    if isinstance(chance, int):
        chance = torch.Generator().manual_seed(chance)
    if not callable(answer):
        called(answer, case=case)
    came = called(
        lambda *tables: answer(*tables, share, chance),
        liked,
        disliked,
        case=case,
    )
    likes, dislikes, find = _three_tables(came, liked.shape, case)
    faults = {
        "something is heard as a like that is none. Multiply the likes by "
        "what is drawn": likes & (liked == 0),
        "something is heard as a dislike that is none. The second table "
        "holds dislikes that are heard": dislikes & (disliked == 0),
        "a dislike is to be found. Nobody looks for what they dislike": (
            find & (disliked > 0)
        ),
        "something is to be found that nobody liked": find & (liked == 0),
        "a like is heard, and is to be found as well. Whoever hears the "
        "answer learns to repeat it": find & likes,
        "a like is neither heard nor to be found. What is to be found are "
        "all likes that are not heard, by the same draw": (
            (liked > 0) & ~likes & ~find
        ),
    }
    for fault, where in faults.items():
        if where.any():
            person, film = where.nonzero()[0].tolist()
            raise NotYetError(
                f"for {case} {fault}. (It is film {film} of person {person}.)"
            )
    return likes, dislikes, find


def _three_tables(
    came: object, shape: Sequence[int], case: str
) -> list[Tensor]:
    """Read three tables of flags, in a tuple, a list or one tensor."""
    if isinstance(came, Tensor | np.ndarray) and came.ndim == 3:
        came = list(came)
    if not isinstance(came, list | tuple) or len(came) != 3:
        raise NotYetError(
            f"for {case} three tables are wanted: heard likes, heard "
            f"dislikes, likes to find; {in_short(came)} came."
        )
    names = "the heard likes", "the heard dislikes", "the likes to find"
    return [
        flags(table, shape, case=f"{case}, in {name},")
        for table, name in zip(came, names, strict=True)
    ]


def _hold_share(
    heard: Sequence[Tensor],
    liked: Tensor,
    disliked: Tensor,
    share: float,
    case: str,
) -> None:
    """See whether about the right share of likes and dislikes is heard."""
    tolerance = 0.05 if 0 < share < 1 else 0.0
    for told, given, name in (
        (heard[0], liked, "likes"),
        (heard[1], disliked, "dislikes"),
    ):
        came = (told.sum() / given.sum()).item()
        if abs(came - share) <= tolerance:
            continue
        hint = ""
        if abs(came - (1 - share)) <= tolerance:
            hint = "The share is what is heard, and not what is left out."
        elif came in (0.0, 1.0):
            hint = "Draw for each rating, the dislikes too, and not once."
        raise NotYetError(
            f"for {case} {came:.2f} of all {name} are heard. {hint}".rstrip()
        )


def _hold_spread(
    heard: Sequence[Tensor],
    liked: Tensor,
    disliked: Tensor,
    case: str,
) -> None:
    """See whether the shares of people, and of films, differ as they should.

    The squared distance from what is expected, over its variance, is 1 on
    average where each rating has a draw of its own.
    """
    given = liked + disliked
    told = (heard[0] | heard[1]).double()
    share = (told.sum() / given.sum()).item()
    if share in (0.0, 1.0):
        return
    apart = {}
    for dim, whom in ((1, "person"), (0, "film")):
        n, n_heard = given.sum(dim=dim), told.sum(dim=dim)
        squares = (n_heard - n * share).square()
        apart[whom] = (squares / (n * share * (1 - share))).mean()
    for whom, ratio in apart.items():
        if ratio > 2:
            raise NotYetError(
                f"for {case} all ratings of one {whom} tend to be heard, or "
                f"none. Draw for each place of the table: `liked.shape`."
            )
    for whom, ratio in apart.items():
        if ratio < 0.4:
            raise NotYetError(
                f"for {case} of every {whom} just about the same share is "
                f"heard. Each rating is heard or not by a draw of its own, so "
                f"these shares differ."
            )


def _hold_generator(
    answer: object, liked: Tensor, disliked: Tensor, seed: int
) -> None:
    """See whether all that is drawn comes from the generator, in turn."""
    case = "two generators with the same seed"
    once, again = (
        _heard_of(answer, liked, disliked, 0.5, seed, case) for _ in range(2)
    )
    if not all(map(torch.equal, once, again)):
        raise NotYetError(
            f"for {case} two different draws came. Draw from the one that is "
            f"given: `torch.rand(..., generator=generator)`."
        )
    case = "one generator that is asked twice"
    generator = torch.Generator().manual_seed(seed)
    once, again = (
        _heard_of(answer, liked, disliked, 0.5, generator, case)
        for _ in range(2)
    )
    if torch.equal(once[0], again[0]):
        raise NotYetError(
            f"for {case} the same draw came twice. Each batch is to hear "
            f"another part: do not set a seed inside, and draw from "
            f"`generator`."
        )


@says
def rising_share(answer: object, *, seed: int = 0) -> None:
    """Check the share of neighbours that rise: (S, T) histories -> a number.

    Parameters
    ----------
    answer
        Takes int64 rows of films, padded with ``n_items``, and ``n_items``.
    seed
        Of the cases that are drawn.
    """
    items = [[0, 3, 2, 5, 5, 1, 2], [4, 5, 6, 2, 6, 7, 7], [0] + 6 * [7]]
    _hold_rising(answer, torch.tensor(items), 7)
    generator = torch.Generator().manual_seed(seed)
    for n_people, n_steps, n_items in ((3, 5, 4), (4, 6, 9), (6, 12, 50)):
        shape = n_people, n_steps
        items = torch.randint(n_items, shape, generator=generator)
        items[0, :4] = torch.tensor([0, n_items - 1, n_items - 1, 1])
        lengths = torch.randint(1, n_steps, (n_people,), generator=generator)
        lengths[0], lengths[-1] = n_steps, 1
        ended = torch.arange(n_steps) >= lengths[:, None]
        _hold_rising(answer, items.masked_fill(ended, n_items), n_items)
        in_order = items.sort(dim=1).values.masked_fill(ended, n_items)
        _hold_rising(answer, in_order, n_items)
    sorted_file = torch.arange(12).reshape(2, 6)
    _hold_rising(answer, sorted_file, 12)
    _hold_rising(answer, sorted_file.flip(1), 12)


def _hold_rising(answer: object, items: Tensor, n_items: int) -> None:
    earlier, later = items[:, :-1], items[:, 1:]
    rises, is_pair = (later > earlier).double(), later < n_items
    kept = rises * is_pair
    total, n_pairs = kept.sum(), is_pair.sum()
    of_people = kept.sum(dim=1) / is_pair.sum(dim=1).clamp_min(1)
    has_pairs = is_pair.any(dim=1)
    films = items[items < n_items]
    rows = [row[row < n_items] for row in items]
    all_pairs = torch.cat([torch.combinations(row) for row in rows])
    mistakes = {
        "Padding counts here: a pair is two films. Where a history has "
        "ended, there is none.": rises.mean(),
        "A film and the padding behind it are no pair. The padding is higher "
        "than every film.": rises[earlier < n_items].mean(),
        "Divide by the pairs of two films; pairs with padding were counted, "
        "too.": kept.mean(),
        "Padding counts here: it equals its neighbour, and a film before it "
        "is lower.": (later >= earlier).double().mean(),
        "The same film twice does not rise: the later row is to be higher.": (
            (later >= earlier)[is_pair].double().mean()
        ),
        "That is the share that falls.": (
            (later < earlier)[is_pair].double().mean()
        ),
        "That is the share of all that do not rise.": 1 - total / n_pairs,
        "The last film of one person and the first of the next are no "
        "neighbours.": (films[1:] > films[:-1]).double().mean(),
        "That is the mean of people's shares; take all pairs together.": (
            of_people[has_pairs].mean()
        ),
        "That is the mean of people's shares, 0 for who has no pair; take all "
        "pairs together.": of_people.mean(),
        "Divide by the number of pairs, not of films.": total / len(films),
        "Divide by the number of pairs, not of people.": total / len(items),
        "That is how many rise; divide by the number of pairs.": total,
        "A share goes from 0 to 1, not to 100.": 100 * total / n_pairs,
        "Neighbours alone are pairs, not any two films of a history.": (
            (all_pairs[:, 1] > all_pairs[:, 0]).double().mean()
        ),
        "Film 0 is a film; n_items stands where a history has ended.": (
            rises[(earlier > 0) & (later > 0)].mean()
        ),
        "Film 0 is a film, too.": (
            rises[(earlier > 0) & (later > 0) & is_pair].mean()
        ),
        "Row n_items - 1 is a film, too.": (
            rises[(earlier < n_items - 1) & (later < n_items - 1)].mean()
        ),
        "That is one person alone; take all pairs together.": of_people[0],
    }
    case = f"the histories {in_short(items)} of {n_items} films"
    came = number(called(answer, items, n_items, case=case), case=case)
    hint = known_mistake(came, mistakes)
    expect(came, total / n_pairs, case=case, hint=hint)


@says
def held_down(answer: object, *, seed: int = 0) -> None:
    """Check scores from which something is taken off where many rated.

    Parameters
    ----------
    answer
        Takes scores (B, I), counts (I,) and a strength, and returns (B, I).
    seed
        Of the cases that are drawn.
    """
    scores, counts = torch.tensor([[3.0, 3.0]]), torch.tensor([0, 99])
    case = "the scores 3 and 3, the counts 0 and 99 and a strength of 0.5"
    _hold_down(answer, scores, counts, 0.5, case)
    generator = torch.Generator().manual_seed(seed)
    for shape in ((2, 5), (4, 4), (3, 7)):
        scores = 3 * torch.randn(shape, generator=generator)
        counts = torch.randint(1, 300, shape[1:], generator=generator)
        counts[0] = 0
        for strength in (drawn_number(generator, 0.2, 2.0), 0.0):
            case = f"scores of the shape {shape}, the counts "
            case += f"{in_short(counts)} and a strength of {strength:g}"
            _hold_down(answer, scores, counts, strength, case)


def _hold_down(
    answer: object,
    scores: Tensor,
    counts: Tensor,
    strength: float,
    case: str,
) -> None:
    logs = torch.log1p(counts.double())
    wanted = scores - strength * logs
    with_one = torch.log(counts.double().clamp_min(1))
    mistakes = {
        "That lifts what is popular; take it off.": scores + strength * logs,
        "Take the natural logarithm, not that to the base 2.": (
            scores - strength * logs / np.log(2)
        ),
        "Take the natural logarithm, not that to the base 10.": (
            scores - strength * logs / np.log(10)
        ),
        "Add 1 to every count, not only where it is 0.": (
            scores - strength * with_one
        ),
        "The 1 is added to the count, and not to its logarithm.": (
            scores - strength * (with_one + 1)
        ),
        "The strength is missing.": scores - logs,
        "The strength is missing, and it lifts what is popular.": (
            scores + logs
        ),
        "Take the logarithm of the counts; they are taken off as they are.": (
            scores - strength * counts
        ),
        "Take the logarithm of the counts plus 1.": (
            scores - strength * (counts + 1)
        ),
        "The strength stands outside of the logarithm.": (
            scores - torch.log1p(strength * counts)
        ),
        "The scores are multiplied by the strength; multiply the "
        "logarithm.": strength * (scores - logs),
        "Take it off; here the scores are divided.": (
            scores / (1 + strength * logs)
        ),
        "Take it off; here the scores are divided by it.": (
            scores / (strength * logs)
        ),
        "Take the logarithm, not the root.": (
            scores - strength * counts.sqrt()
        ),
        "Nothing is taken off.": scores.double(),
        "That is what is to be taken off; the scores are missing.": (
            (strength * logs).expand(scores.shape)
        ),
        "A score may be below 0.": wanted.clamp_min(0),
    }
    if scores.shape[0] == scores.shape[1]:
        key = "A count belongs to a film: one number for each column."
        mistakes[key] = scores - strength * logs[:, None]
    came = called(answer, scores, counts, strength, case=case)
    try:
        _expect(came, wanted, mistakes, case=case)
    except NotYetError as missing:
        if "came out." in str(missing):
            raise NotYetError(
                f"{missing} The logarithm of 0 is minus infinity: add 1 to "
                f"the count first. And nothing can be divided by 0."
            ) from None
        raise


@says
def covered(answer: object, *, seed: int = 0) -> None:
    """Check the share of all films that are in some list.

    Parameters
    ----------
    answer
        Takes lists (B, n), int64 with -1 where a list has ended, and the
        number of films, and returns a number from 0 to 1.
    seed
        Of the cases that are drawn.
    """
    _hold_covered(answer, torch.tensor([[0, 2], [2, 3], [2, -1], [8, 2]]), 20)
    generator = torch.Generator().manual_seed(seed)
    for n_people, n, n_items in ((3, 4, 11), (5, 6, 40), (8, 3, 12)):
        lists = torch.stack(
            [
                torch.randperm(n_items, generator=generator)[:n]
                for _ in range(n_people)
            ]
        )
        lists[0, 0], lists[1, 0] = 0, n_items - 1
        lists[-1, 0] = lists[0, 1]  # in two lists
        _hold_covered(answer, lists, n_items)
        lists[1, 1:], lists[2] = -1, -1
        _hold_covered(answer, lists, n_items)
    _hold_covered(answer, torch.arange(6).reshape(2, 3), 6)


def _hold_covered(answer: object, lists: Tensor, n_items: int) -> None:
    listed = lists[lists >= 0]
    n_listed, n_distinct = len(listed), len(listed.unique())
    n_everywhere = sum(
        bool((lists == row).any(dim=1).all()) for row in range(n_items)
    )
    flagged = torch.zeros(n_items).index_fill(0, lists.flatten() % n_items, 1)
    wanted = torch.tensor(n_distinct / n_items)
    no_film = "-1 is no film: where a list has ended, nothing is listed."
    mistakes = {
        no_film: torch.tensor(len(lists.unique()) / n_items),
        f"{no_film} As a row it is the last film.": flagged.mean(),
        "One film is missing. A -1 is not always there.": torch.tensor(
            (len(lists.unique()) - 1) / n_items
        ),
        "Film 0 is a film, too.": torch.tensor(
            len(listed[listed > 0].unique()) / n_items
        ),
        "A film that is in two lists counts once.": torch.tensor(
            n_listed / n_items
        ),
        "These are all places of all lists; count each film once.": (
            torch.tensor(lists.numel() / n_items)
        ),
        "Divide by the number of all films, not by the places of the "
        "lists.": torch.tensor(n_distinct / lists.numel()),
        "Divide by the number of all films, not by how many are listed.": (
            torch.tensor(n_distinct / max(n_listed, 1))
        ),
        "Divide by the number of all films, not by that of the people.": (
            torch.tensor(n_distinct / len(lists))
        ),
        "That is how many films there are in the lists; divide by the number "
        "of all films.": torch.tensor(n_distinct),
        "A share goes from 0 to 1, not to 100.": 100 * wanted,
        "That is the share that nobody is shown.": 1 - wanted,
        "That is the mean over people; a film counts that is in any of the "
        "lists.": torch.tensor(n_listed / len(lists) / n_items),
        "These films are in everybody's list; one list is enough.": (
            torch.tensor(n_everywhere / n_items)
        ),
        "Not every film up to the highest row is in a list.": (
            (lists.max() + 1) / n_items
        ),
        "That is one list alone; look at all of them.": (
            (lists[0] >= 0).sum() / n_items
        ),
    }
    case = f"the lists {in_short(lists)} of {n_items} films"
    came = number(called(answer, lists, n_items, case=case), case=case)
    expect(came, wanted, case=case, hint=known_mistake(came, mistakes))


Score = Callable[[Tensor], Tensor]


@says
def speaks_most(answer: object, *, seed: int = 0) -> None:
    """Check which liked film the score of an item falls most without.

    The scores are whole numbers, so they are the same for one row and many.

    Parameters
    ----------
    answer
        Takes a function from likes (K, I) to scores (K, I), the likes (I,) of
        one person and a row, and returns a row or None.
    seed
        Of the cases that are drawn.
    """
    weights = torch.zeros(6, 6)
    weights[0, 5], weights[3, 5], weights[2, 5] = 2, 4, 5
    kind = "a score that adds up 2 for film 0, 4 for film 3 and 5 for film 2"
    score, against = _sum_of(weights), _sum_of(-weights)
    _hold_speaks(answer, score, _likes([0, 3], 6), 5, kind)
    _hold_speaks(answer, score, _likes([], 6), 5, kind)
    kind = "a score from which every liked film takes something, or nothing"
    _hold_speaks(answer, against, _likes([0, 1, 2], 6), 5, kind)
    weights = torch.zeros(8, 8)
    weights[0, 7], weights[3, 7], weights[4:7:2, 7] = 1, 2, 5
    score = _best_of_halves(weights)
    kind = "a score in which two films say the same, and either is enough"
    _hold_speaks(answer, score, _likes([0, 3, 4, 6], 8), 7, kind)
    _hold_speaks(answer, score, _likes([0, 4, 6], 8), 7, kind)
    generator = torch.Generator().manual_seed(seed)
    kind = "a score that adds up what each liked film says"
    for n_items in (7, 9, 12):
        weights = torch.randint(-9, 9, (n_items, n_items), generator=generator)
        order = torch.randperm(n_items, generator=generator).tolist()
        item, *rows = order[: n_items // 2 + 1]
        weights[:, item] = torch.randperm(n_items, generator=generator) - 3
        weights[rows[0], item] = -40  # speaks against it
        weights[rows[1], item] = 20
        weights[rows[2], order[-1]] = 200  # speaks for another item
        weights[order[-2], item] = 80  # is not liked
        score, liked = _sum_of(weights.float()), _likes(rows, n_items)
        _hold_speaks(answer, score, liked, item, kind)


def _likes(rows: Sequence[int], n_items: int) -> Tensor:
    """Lay liked rows out as 0 and 1: (n_items,)."""
    liked = torch.zeros(n_items)
    liked[list(rows)] = 1
    return liked


def _sum_of(weights: Tensor) -> Score:
    """Add up the weights of what is liked."""
    return lambda tables: tables @ weights


def _best_of_halves(weights: Tensor) -> Score:
    """Add the best of the films with even rows to the best of the others."""

    def score(tables: Tensor) -> Tensor:
        told = tables[:, :, None] * weights
        return told[:, 0::2].amax(dim=1) + told[:, 1::2].amax(dim=1)

    return score


def _of_tables(score: Score, n_items: int) -> Score:
    """Say what is wanted where anything but a table is scored."""

    def asked(tables: object) -> Tensor:
        tables = torch.as_tensor(tables, dtype=torch.float32)
        if tables.ndim != 2 or tables.shape[1] != n_items:
            raise NotYetError(
                f"`score` takes a table (K, {n_items}), a row for each try; "
                f"{tuple(tables.shape)} came. `likes[None]` makes a table of "
                f"one row."
            )
        return score(tables)

    return asked


def _hold_speaks(
    answer: object, score: Score, liked: Tensor, item: int, kind: str
) -> None:
    rows, n_items = liked.nonzero().squeeze(1), len(liked)
    case = f"{kind}, the liked rows {rows.tolist()} and item {item}"
    if not callable(answer):
        called(answer, case=case)
    came = called(
        lambda *given: (answer(_of_tables(score, n_items), *given),),
        liked,
        item,
        case=case,
    )[0]
    falls = score(liked[None])[0] - score(_each_out(liked))  # (K, I)
    own = falls[:, item]
    speaks = len(rows) > 0 and bool(own.max() > 0)
    if not speaks:
        if came is not None:
            why = "leaving out none of them lowers the score"
            why = why if len(rows) else "nothing is liked"
            raise NotYetError(
                f"for {case} {why}, so None is wanted; {in_short(came)} came."
            )
        return
    wanted = int(rows[own.argmax()])
    if came is None:
        raise NotYetError(
            f"for {case} row {wanted} is wanted; None came. Without it the "
            f"score falls by {own.max():g}."
        )
    others = (liked == 0).nonzero().squeeze(1)
    added = score(liked + torch.eye(n_items)[others]) - score(liked[None])
    in_turn = score(liked - torch.eye(n_items)[rows].cumsum(dim=0))
    mistakes = {
        "That is its place among the likes; return the row of the film.": (
            own.argmax()
        ),
        "Without it the score falls least, or rises: look at the sign.": (
            rows[own.argmin()]
        ),
        "That one alone makes the highest score. Leave out one, and keep all "
        "others.": rows[score(torch.eye(n_items)[rows])[:, item].argmax()],
        "All scores together fall most without it; look at the item alone.": (
            rows[falls.sum(dim=1).argmax()]
        ),
        "Put a film back before you leave out the next one.": (
            rows[in_turn[:, item].argmin()]
        ),
        "Without it something else falls most; look at the item.": rows[
            falls.max(dim=1).values.argmax()
        ],
        "That is the item itself; return what speaks for it.": (
            torch.tensor(item)
        ),
        "It is not liked: leave out what is liked, and add nothing.": others[
            added[:, item].argmax()
        ],
        "That is by how much the score falls; return the row of the film.": (
            own.max()
        ),
    }
    got = number(came, case=case)
    expect(got, wanted, case=case, hint=known_mistake(got, mistakes))


def _each_out(liked: Tensor) -> Tensor:
    """Leave out each like in turn: (n_items,) to a row for each of K."""
    rows = liked.nonzero().squeeze(1)
    return liked - torch.eye(len(liked))[rows]
