"""Checks of "Matrix factorization"."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from recslib import baselines
from recslib.answers import (
    THREE_PLACES,
    NotYetError,
    acted,
    agree,
    called,
    drawn_integer,
    drawn_number,
    drawn_stars,
    expect,
    flags,
    in_short,
    known_mistake,
    number,
    numbers,
    says,
    word,
)
from recslib.evaluation import mae, paired_bootstrap, rmse
from recslib.ratings import Ratings
from recslib.recipes import fit_factorization
from recslib.splits import Split
from recslib.training import predict


@says
def best_constant(answer: Callable[[Tensor], float], *, seed: int = 0) -> None:
    """Check the constant with the lowest RMSE: stars (N,) -> a number.

    Two stars that can be done in the head, then made-up ones.
    """
    chance = torch.Generator().manual_seed(seed)
    asked = [torch.tensor([5.0, 4.0]), torch.tensor([1.0, 2.0, 2.0, 5.0])]
    asked += [drawn_stars(chance, n) for n in (7, 10, 30)]
    for stars in asked:
        case = f"the stars {in_short(stars)}"
        came = number(called(answer, stars, case=case), case=case)
        mistakes = {
            "That is the median. It makes the mean of the absolute errors "
            "smallest, not that of the squared ones.": stars.quantile(0.5),
            "That is the middle of the scale, whatever the stars are.": 3.0,
            "That is the root of the mean square of the stars.": (
                stars.square().mean().sqrt()
            ),
        }
        hint = known_mistake(came, mistakes)
        wanted = stars.mean().item()
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


@says
def damped_mean(
    answer: Callable[[Tensor, float, float], float], *, seed: int = 0
) -> None:
    """Check a damped mean: stars (N,), mean and damping -> a number.

    Cases for the head, one without any rating among them; then made-up ones.
    """
    chance = torch.Generator().manual_seed(seed)
    asked = [([5.0], 3.0, 1.0), ([5.0, 4.0], 3.0, 0.0), ([], 3.5, 2.0)]
    for n in (2, 3, 5, 8):
        mean, damping = (drawn_number(chance, low, 4.5) for low in (2.5, 0.5))
        asked.append((drawn_stars(chance, n).tolist(), mean, damping))
    for starred, mean, damping in asked:
        stars, n = torch.tensor(starred), len(starred)
        total = stars.sum().item()
        has = f"the stars {in_short(starred)}" if starred else "no stars"
        case = f"{has} (mean {mean:g}, damping {damping:g})"
        came = called(answer, stars, mean, damping, case=case)
        came = number(came, case=case)
        own = total / max(n, 1)
        mistakes = {
            "That is the plain mean: the imaginary ratings are missing.": own,
            "That counts all real ratings together as one. Each counts.": (
                (own + damping * mean) / (1 + damping)
            ),
            "That adds one imaginary rating to the sum. There are as many as "
            "`damping` says.": (total + mean) / (n + damping),
            "That counts imaginary ratings of 0. They are of `mean`.": (
                total / (n + damping)
            ),
            "That rounds `damping`, which need not be a whole number.": (
                (total + int(damping) * mean) / max(n + int(damping), 1)
            ),
        }
        hint = known_mistake(came, mistakes)
        wanted = (total + damping * mean) / (n + damping)
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


_VERDICTS = ("worse than the mean", "between", "ahead of both")


@says
def verdict(
    answer: Callable[[Ratings, Ratings, float], str], *, seed: int = 0
) -> None:
    """Check what is said of an RMSE: train, test, reported -> a word.

    Made-up ratings; the reported errors lie on all sides of the baselines,
    and where a baseline that is learnt or judged on the wrong part would say
    another word.
    """
    chance = torch.Generator().manual_seed(seed)
    train = _tiny_ratings([0, 0, 1], [0, 1, 0], [2.0, 4.0, 3.0], 2, 3)
    test = _tiny_ratings([1, 1], [1, 2], [5.0, 1.0], 2, 3)
    given = "the train stars [2, 4, 3], the test stars [5, 1]"
    _judge_verdicts(answer, train, test, [2.5], given)
    for _ in range(2):
        train, test = _unlike_parts(chance)
        given = f"{len(train):,} train and {len(test):,} test ratings"
        _judge_verdicts(answer, train, test, [], given)


def _unlike_parts(chance: torch.Generator) -> tuple[Ratings, Ratings]:
    """Make up a split that tests where guesses are worse than elsewhere."""
    n_users, n_items = 30, 40

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=chance)

    stars = 3 + 0.7 * normal(n_users, 1) + 0.7 * normal(n_items)
    wild = torch.arange(n_users) % 3 == 0  # their stars are hard to foretell
    stars += torch.where(wild, 1.0, 0.4)[:, None] * normal(n_users, n_items)
    drawn = torch.rand(n_users, n_items, generator=chance)
    parts = []
    for part in (drawn < 0.3, (drawn > 0.6) & wild[:, None]):
        users, items = part.nonzero().T
        kept = stars[part].round().clamp(1, 5)
        parts.append(_tiny_ratings(users, items, kept, n_users, n_items))
    train, test = parts
    return train, test


def _judge_verdicts(
    answer: Callable[[Ratings, Ratings, float], str],
    train: Ratings,
    test: Ratings,
    reported: list[float],
    given: str,
) -> None:
    """Ask for words; without errors to ask about, for those that tell most."""
    right = _baseline_errors(train, test, rmse)
    mistakes = {
        "Learn the baselines from `train`, and judge them on `test`: yours "
        "seem to be judged on `train`.": _baseline_errors(train, train, rmse),
        "Learn the baselines from `train` alone: yours seem to be learnt from "
        "`test`.": _baseline_errors(test, test, rmse),
        "Is yours the root of the mean squared error?": [e**2 for e in right],
        "Errors are in stars here, not on [0, 1].": [e / 4 for e in right],
        "Take the RMSE, not the mean absolute error.": (
            _baseline_errors(train, test, mae)
        ),
    }
    if not reported:
        marks = sorted({*right, *itertools.chain(*mistakes.values())})
        reported = [marks[-1] + 0.2]
        reported += [(a + b) / 2 for a, b in itertools.pairwise(marks)]
        # Those that are too near to call are left out.
        reported = [
            error
            for error in reported
            if min(abs(error - mark) for mark in right) > 0.04
        ]
    told = []
    for error in reported:
        case = f"{given} and an RMSE of {error:.3f}"
        came = called(answer, train, test, error, case=case)
        told.append(word(came, _VERDICTS, case=case))
    wanted = [_verdict_by(right, error) for error in reported]
    if told == wanted:
        return
    hint = ""
    for said, marks in mistakes.items():
        if told == [_verdict_by(marks, error) for error in reported]:
            hint = said
    error, one, other = next(
        row
        for row in zip(reported, wanted, told, strict=True)
        if row[1] != row[2]
    )
    raise NotYetError(
        f"for {given} and an RMSE of {error:.3f} {one!r} is wanted; {other!r} "
        f"came. The mean has {right[0]:.3f} on the test part, the damped "
        f"biases {right[1]:.3f}. {hint}"
    )


def _baseline_errors(
    train: Ratings, test: Ratings, error: Callable[..., float]
) -> list[float]:
    """Return the errors of the mean and of the damped biases, clipped."""
    return [
        error(
            learn(train).predict(test.users, test.items),
            test.ratings,
            clip=test.scale,
        )
        for learn in (baselines.global_mean, baselines.damped_biases)
    ]


def _verdict_by(marks: Sequence[float], reported: float) -> str:
    """Choose a word by the errors of the mean and of the biases."""
    mean, biases = marks
    if reported > mean:
        return _VERDICTS[0]
    return _VERDICTS[1] if reported > biases else _VERDICTS[2]


class _DotProduct(nn.Module):
    """A rating as user · item, as the notebook has it."""

    def __init__(self, n_factors: int, chance: torch.Generator) -> None:
        super().__init__()
        self.user_factors = nn.Embedding(3, n_factors)
        self.item_factors = nn.Embedding(3, n_factors)
        for table in self.parameters():
            nn.init.normal_(table, generator=chance)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        """Predict: users (B,), items (B,) -> (B,)."""
        return (self.user_factors(users) * self.item_factors(items)).sum(1)


_Step = Callable[
    [nn.Module, torch.optim.Optimizer, Tensor, Tensor, Tensor], None
]


@says
def learning_step(answer: _Step, *, seed: int = 0) -> None:
    """Check a step of learning: it follows its own gradient, and no other.

    Steps on a model of two tables: three on one rating, then others. Each is
    held against the gradient that is worked out anew.
    """
    chance, rate = torch.Generator().manual_seed(seed), 0.05
    for n_factors in (3, 2):
        model = _DotProduct(n_factors, chance)
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        older = [torch.zeros(3, n_factors)] * 2
        rated = [(1, 1, 0.5)] * 3 + [(0, 1, 1.0), (2, 0, -0.5)]
        for count, (user, item, star) in enumerate(rated, start=1):
            one = torch.tensor([user]), torch.tensor([item])
            target = torch.tensor([star])
            own = _gradients(model, *one, target)
            before = [table.detach().clone() for table in model.parameters()]
            acted(answer, model, optimizer, *one, target, case=f"step {count}")
            used = [
                (start - table.detach()) / rate
                for start, table in zip(
                    before, model.parameters(), strict=True
                )
            ]
            _judge_step(f"step {count}", used, own, older)
            older = [o + g for o, g in zip(older, own, strict=True)]


def _gradients(
    model: nn.Module, user: Tensor, item: Tensor, target: Tensor
) -> list[Tensor]:
    loss = (model(user, item) - target).square().mean()
    return list(torch.autograd.grad(loss, list(model.parameters())))


def _judge_step(
    name: str, used: list[Tensor], own: list[Tensor], older: list[Tensor]
) -> None:
    """Say what is wrong with the gradients of both tables that a step used."""
    if not all(table.isfinite().all() for table in used):
        raise NotYetError(f"after {name} the model holds NaN or Infinity.")
    if all(agree(table, 0 * table) for table in used):
        raise NotYetError(
            f"{name} does not move the model. Is the gradient cleared after "
            f"`backward`, before the step could use it?"
        )
    carried = [
        agree(table, new + old) and not agree(old, 0 * old)
        for table, new, old in zip(used, own, older, strict=True)
    ]
    right = [agree(*pair) for pair in zip(used, own, strict=True)]
    if all(right):
        return
    sides = ("users", "items")
    if any(carried):
        which = "both tables"
        if not all(carried):
            which = f"the table of {sides[carried.index(True)]}"
        raise NotYetError(
            f"{name} still carries older gradients in {which}. Clear them "
            f"somewhere between one step and the next `backward`."
        )
    for side, table, good in zip(sides, used, right, strict=True):
        if not good and agree(table, 0 * table):
            raise NotYetError(
                f"{name} does not move the table of {side}. Both tables learn."
            )
    row = own[0].norm(dim=1).argmax()
    times = (used[0][row].norm() / own[0][row].norm()).item()
    raise NotYetError(
        f"{name} should move each table by the rate times the gradient of the "
        f"squared error, once; it moves the user's row {times:.2f} times as "
        f"far."
    )


@says
def carries_over(answer: Callable[[_Step], bool], *, seed: int = 0) -> None:
    """Check a detector of steps that use older gradients too: step -> bool.

    Steps that clear before, after, between or never; in several ways; all
    tables, or not all; with a gradient that is halved or doubled.
    """
    chance = torch.Generator().manual_seed(seed)
    every = (
        "all tables",
        "all tables but the first",
        "all tables but the last",
    )
    kinds = [
        ("never", "grad = None", every[0], 1.0),
        ("before backward", "optimizer.zero_grad()", every[0], 1.0),
        ("after the step", "optimizer.zero_grad()", every[0], 1.0),
        ("between backward and step", "model.zero_grad()", every[0], 1.0),
        ("before backward", "grad = None", every[0], 0.5),
        ("before backward", "grad.zero_()", every[1], 1.0),
        ("after the step", "grad = None", every[2], 1.0),
        ("never", "grad = None", every[0], 0.5),
    ]
    for _ in range(12):
        when = ("never", *_MOMENTS)[drawn_integer(chance, 4)]
        which = every[drawn_integer(chance, 3)]
        how = (*_CLEAR_SOME, *_CLEAR_ALL)[drawn_integer(chance, 4)]
        if how in _CLEAR_ALL:
            which = every[0]
        kinds.append(
            (when, how, which, (0.5, 1.0, 2.0)[drawn_integer(chance, 3)])
        )
    for when, how, which, times in kinds:
        wanted = when == "never" or (which != every[0])
        case = f"a step that clears {which} {when} (`{how}`)"
        if when == "never":
            case = "a step that never clears its gradients"
        if times != 1:
            case += f", with {times:g} times the loss"
        came = called(
            answer, _clearing_step(when, how, which, times), case=case
        )
        if flags(came, (), case=case) != wanted:
            raise NotYetError(
                f"for {case} {wanted} is wanted; {in_short(came)} came. "
                f"{_detector_hint(when, which == every[0], times)}"
            )


_MOMENTS = ("before backward", "after the step", "between backward and step")
_CLEAR_SOME = ("grad = None", "grad.zero_()")  # what can leave a table out
_CLEAR_ALL = ("optimizer.zero_grad()", "model.zero_grad()")


def _clearing_step(when: str, how: str, which: str, times: float) -> _Step:
    """Make a step that clears some tables, in some way, at some time."""

    def clear(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        if how in _CLEAR_ALL:
            (model if how.startswith("model") else optimizer).zero_grad()
            return
        tables = list(model.parameters())
        first, last = which.endswith("first"), which.endswith("last")
        for table in tables[int(first) : len(tables) - int(last)]:
            if how == "grad = None":
                table.grad = None
            elif table.grad is not None:
                table.grad.zero_()

    def step(
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        user: Tensor,
        item: Tensor,
        target: Tensor,
    ) -> None:
        loss = times * (model(user, item) - target).square().mean()
        for moment, act in (
            ("before backward", loss.backward),
            ("between backward and step", optimizer.step),
            ("after the step", None),
        ):
            if when == moment:
                clear(model, optimizer)
            if act is not None:
                act()

    return step


def _detector_hint(when: str, cleared: bool, times: float) -> str:
    if when == "never":
        return (
            "Take two steps or more, for the first has nothing to carry "
            "over, from factors that are not 0."
        )
    if not cleared:
        return "One table is enough to carry over. Look at each."
    if when.startswith("between"):
        return "It never moves, so there is nothing that it carries over."
    if times != 1:
        return "How long a step is does not matter, only which gradients."
    return (
        "What lies in `.grad` after a step is no fault yet. See whether the "
        "next step uses it."
    )


@says
def factorization(
    answer: Callable[[int, int, int, float], nn.Module], *, seed: int = 0
) -> None:
    """Check a class of matrix factorizations: mean + biases + user · item.

    Tables are told by their shapes, not by their names. The check looks at
    them, goes backward from the first guesses, then fills the tables and
    holds guesses against those of equation (1.2).

    Parameters
    ----------
    answer
        Takes n_users, n_items, n_factors and the mean.
    """
    chance = torch.Generator().manual_seed(seed)
    for n_users, n_items, n_factors, mean in ((5, 7, 3, 3.5), (6, 4, 2, 2.25)):
        sizes = f"{n_users} users, {n_items} items, {n_factors} factors"
        case = f"{sizes} and a mean of {mean}"
        model = called(answer, n_users, n_items, n_factors, mean, case=case)
        if not isinstance(model, nn.Module):
            raise NotYetError(
                f"for {case} a module is wanted; {in_short(model)} came."
            )
        tables = _four_tables(model, n_users, n_items, n_factors, case)
        users = torch.tensor([0, 3, 3, 1, 2])
        items = torch.tensor([2, 0, 3, 3, 1])
        _all_learn(model, tables, users, items, case)
        with torch.no_grad():
            for table in tables.values():
                table.copy_(torch.randn(table.shape, generator=chance))
        for n in (5, 2, 1, n_factors):
            asked = users[:n], items[:n]
            of = f"users {asked[0].tolist()} and items {asked[1].tolist()} "
            of += f"({case}, tables filled anew)"
            wanted, parts = _guesses_by_parts(tables, mean, *asked)
            came = numbers(called(model, *asked, case=of), (n,), case=of)
            hint = known_mistake(came, parts)
            expect(came, wanted, case=of, tolerance=THREE_PLACES, hint=hint)


def _four_tables(
    model: nn.Module, n_users: int, n_items: int, n_factors: int, case: str
) -> dict[str, Tensor]:
    """Find the four tables of a factorization by their shapes."""
    found = [p for p in model.parameters() if p.numel() > 1]
    wanted = {
        "factors of users": [(n_users, n_factors)],
        "factors of items": [(n_items, n_factors)],
        "biases of users": [(n_users, 1), (n_users,)],
        "biases of items": [(n_items, 1), (n_items,)],
    }
    tables = {}
    for name, shapes in wanted.items():
        fits = [p for p in found if tuple(p.shape) in shapes]
        if len(fits) != 1 or len(found) != 4:
            came = ", ".join(str(tuple(p.shape)) for p in found) or "none"
            raise NotYetError(
                f"for {case} four tables are wanted, factors "
                f"({n_users}, {n_factors}) and ({n_items}, {n_factors}), "
                f"biases ({n_users}, 1) and ({n_items}, 1); among its "
                f"parameters: {came}. Is each made in `__init__`, as an "
                f"embedding or an `nn.Parameter`?"
            )
        tables[name] = fits[0]
    return tables


def _all_learn(
    model: nn.Module,
    tables: dict[str, Tensor],
    users: Tensor,
    items: Tensor,
    case: str,
) -> None:
    """Go backward from the first guesses; every table gets a gradient."""
    came = called(model, users, items, case=case)
    shape = tuple(came.shape) if isinstance(came, Tensor) else None
    if shape != (len(users),):
        what = in_short(came) if shape is None else f"the shape {shape}"
        hint = ""
        if shape == (len(users), len(users)):
            hint = " A column met a row. Make biases (B, 1) into (B,) first."
        raise NotYetError(
            f"for {case} and {len(users)} pairs a tensor of the shape "
            f"({len(users)},) is wanted; {what} came.{hint}"
        )
    if not came.requires_grad:
        raise NotYetError(f"for {case} no gradient reaches the tables.")
    model.zero_grad()
    # The model itself this time, for a copy was asked above.
    (model(users, items) - 1.0).square().sum().backward()
    for name, table in tables.items():
        if table.grad is None or not table.grad.any():
            hint = "forward does not use them, or cuts them off."
            if name.startswith("factors") and table.grad is not None:
                hint = (
                    "Where all factors start at 0, each waits for the other. "
                    "Start from small random ones."
                )
            raise NotYetError(
                f"for {case} no gradient reaches the {name}. {hint}"
            )


def _guesses_by_parts(
    tables: dict[str, Tensor], mean: float, users: Tensor, items: Tensor
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return what (1.2) guesses, and what it would without a part."""
    p, q, b_u, b_i = (table.detach() for table in tables.values())
    of_users, of_items = b_u.flatten()[users], b_i.flatten()[items]
    products = (p[users] * q[items]).sum(dim=1)
    whole = mean + of_users + of_items + products
    return whole, {
        "The mean is missing.": whole - mean,
        "The mean is to be the one that is handed in.": whole - mean + 3.5,
        "Both biases are missing.": mean + products,
        "The bias of the item is missing.": whole - of_items,
        "The bias of the user is missing.": whole - of_users,
        "The dot product is missing.": whole - products,
        "A dot product is a sum, not a mean.": (
            whole - products + products / p.shape[1]
        ),
    }


@says
def bootstrap_interval(
    answer: Callable[[Tensor, Tensor, Tensor, Tensor], tuple[float, float]],
    *,
    seed: int = 0,
) -> None:
    """Check the interval of a paired bootstrap, from draws that are given.

    One draw, for the head, then hundreds. Their number is such that every
    way to take a quantile gives the same.

    Parameters
    ----------
    answer
        Takes squared errors of two models summed by user, (U,) each, the
        ratings of each user (U,), and draws of users (R, U). Returns low and
        high.
    """
    chance = torch.Generator().manual_seed(seed)
    first, second = torch.tensor([4.0, 12.0]), torch.tensor([1.0, 27.0])
    counts = torch.tensor([1, 3])
    for draws in ([[1, 1]], [[0, 1]]):
        case = f"the example of the exercise, draws {draws}"
        inputs = first, second, counts, torch.tensor(draws)
        _judge_interval(answer, inputs, case)
    for n_users, n_draws in ((8, 41), (12, 201), (5, 401)):
        counts = torch.randint(1, 30, (n_users,), generator=chance)
        first, second = (
            torch.rand(n_users, generator=chance) * counts * 2 for _ in "ab"
        )
        draws = torch.randint(n_users, (n_draws, n_users), generator=chance)
        case = f"{n_draws} draws of {n_users} made-up users"
        _judge_interval(answer, (first, second, counts, draws), case)


def _judge_interval(
    answer: Callable[..., object], inputs: tuple[Tensor, ...], case: str
) -> None:
    came = numbers(called(answer, *inputs, case=case), (2,), case=case)
    first, second, counts, draws = (each.double() for each in inputs)
    draws = draws.long()

    def middle(differences: Tensor, share: float = 0.95) -> Tensor:
        ends = torch.tensor([(1 - share) / 2, (1 + share) / 2])
        return differences.quantile(ends.double())

    n = counts[draws].sum(dim=1)
    of_first, of_second = (e[draws].sum(dim=1) / n for e in (first, second))
    differences = of_first.sqrt() - of_second.sqrt()
    wanted = middle(differences)
    by_user = (first / counts).sqrt() - (second / counts).sqrt()
    spread = differences.std(correction=0) * 1.96
    straight = differences.mean() + torch.stack([-spread, spread])
    mistakes = {
        "Low comes first.": wanted.flip(0),
        "Take the first model minus the second.": middle(-differences),
        "That is without the root: a difference of mean squared errors.": (
            middle(of_first - of_second)
        ),
        "That is a mean of the RMSE of each user. Add up over the draw, "
        "squared errors and ratings, and divide then.": (
            middle(by_user[draws].mean(dim=1))
        ),
        "That divides by the number of users. Divide by that of ratings.": (
            middle(
                first[draws].mean(dim=1).sqrt()
                - second[draws].mean(dim=1).sqrt()
            )
        ),
        "That divides by all ratings. Divide by those of the draw, in which "
        "some users come twice.": middle(
            (first[draws].sum(dim=1) / counts.sum()).sqrt()
            - (second[draws].sum(dim=1) / counts.sum()).sqrt()
        ),
        "That is the middle 90 %. For 95 %, cut 2.5 % off at each end.": (
            middle(differences, 0.9)
        ),
        "That leaves nothing out. Cut 2.5 % off at each end.": (
            middle(differences, 1.0)
        ),
        "That is mean ± 1.96 standard deviations. Take the quantiles of the "
        "draws.": straight,
        "That takes no notice of the draws.": middle(
            (first.sum() / counts.sum()).sqrt()
            - (second.sum() / counts.sum()).sqrt().expand(len(draws))
        ),
    }
    hint = known_mistake(came, mistakes)
    expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


_WINNERS = ("the first", "the second", "neither")


@says
def better_model(
    answer: Callable[[Tensor, Tensor, Tensor, Tensor], str], *, seed: int = 0
) -> None:
    """Check the word for two models: predictions, stars, users -> a word.

    Made-up people of whom one model is ahead clearly, by a little, or thanks
    to a single busy user.

    Parameters
    ----------
    answer
        Takes predictions of the first and of the second model, the stars and
        the users, (N,) each.
    """
    chance = torch.Generator().manual_seed(seed)
    kinds = [_everybody, _nobody, _one_user] * 2
    for number_of, make in enumerate(kinds):
        ahead, behind, users, wanted, about = make(chance)
        stars = drawn_stars(chance, len(users))
        first, second = stars + ahead, stars + behind
        if number_of % 2:
            first, second = second, first
            swapped = {"the first": "the second"}
            wanted = swapped.get(wanted, wanted)
        case = f"{len(users)} ratings of {users.max() + 1} users"
        came = called(answer, first, second, stars, users, case=case)
        told = word(came, _WINNERS, case=case)
        if told == wanted:
            continue
        by_users = paired_bootstrap(first, second, stars, users)
        opposite = {"the first", "the second"} == {told, wanted}
        if opposite:
            about = "The smaller error is the better one."
        raise NotYetError(
            f"for {case} {wanted!r} is wanted; {told!r} came. The RMSE of the "
            f"first is {rmse(first, stars):.3f}, of the second "
            f"{rmse(second, stars):.3f}, and the paired interval of the "
            f"difference is {by_users.low:+.3f} to {by_users.high:+.3f}. "
            f"{about}"
        )


# Errors of the model that is ahead and of the other, users, the word, a hint.
_Race = tuple[Tensor, Tensor, Tensor, str, str]


def _everybody(chance: torch.Generator) -> _Race:
    """Make a model that is a little better for each of very unlike people."""
    users = torch.arange(60).repeat_interleave(5)
    moods = (1.6 * torch.rand(60, generator=chance) + 0.2)[users]
    errors = moods * torch.randn(300, generator=chance)
    hint = "Read both models on the same draw: its differences are all of a "
    hint += "kind, though the errors of people are not."
    return 0.9 * errors, errors, users, "the first", hint


def _nobody(chance: torch.Generator) -> _Race:
    """Make two models of which chance alone decides which is ahead."""
    users = torch.arange(40).repeat_interleave(5)
    own = torch.randn(200, generator=chance)
    swapped = own.view(20, 2, 5).flip(1).reshape(200)  # with a neighbour
    hint = "Other people could turn it round: 0 is within."
    return 0.99 * own, swapped, users, "neither", hint


def _one_user(chance: torch.Generator) -> _Race:
    """Make a model that is ahead thanks to one busy user alone."""
    users = torch.cat(
        [torch.arange(40).repeat_interleave(5), torch.full((200,), 40)]
    )
    behind = torch.randn(400, generator=chance)
    ahead = torch.where(users == 40, 0.7, 1.1) * behind
    hint = "One user gave half of the ratings, and without them the other "
    hint += "model leads. Draw users, each with all their ratings."
    return ahead, behind, users, "neither", hint


@says
def user_bias(
    answer: Callable[[Tensor, float], float], *, seed: int = 0
) -> None:
    """Check the bias of one user: residuals (K,) and l2 -> a number.

    One case for the head, a single residual, then made-up ones.
    """
    chance = torch.Generator().manual_seed(seed)
    asked = [([3.0, 2.0], 0.25), ([-1.0], 1.0)]
    for n in (3, 4, 7):
        residuals = [drawn_number(chance, -1.5, 2.0) for _ in range(n)]
        asked.append((residuals, drawn_number(chance, 0.1, 2.0)))
    for given, l2 in asked:
        residuals, n = torch.tensor(given), len(given)
        case = f"the residuals {in_short(given)} (l2 {l2:g})"
        came = number(called(answer, residuals, l2, case=case), case=case)
        total, mean = residuals.sum(), residuals.mean()
        mistakes = {
            "That charges `l2` once. Here each of the K ratings pays it.": (
                total / (n + l2)
            ),
            "That is the mean: nothing is charged for the size of b.": mean,
            "Its derivative is not 0 there: solve for b, do not subtract.": (
                mean * (1 - l2)
            ),
            "That is the sum. Divide by K as well.": total / (1 + l2),
            "That charges twice. The derivatives of both squares have a 2, "
            "so it cancels.": mean / (1 + 2 * l2),
        }
        hint = known_mistake(came, mistakes)
        wanted = (mean / (1 + l2)).item()
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


@says
def small_factorization(
    answer: Callable[[Ratings], nn.Module],
    chosen_on: Split,
    *,
    quick: bool = False,
    seed: int = 0,
) -> None:
    """Check a small model: how many parameters, and how far behind.

    The answer gets the training part alone, its users and films numbered
    anew, so that nothing but this part helps. The check fits the final model
    to it as well, and compares the two on the validation part.

    Parameters
    ----------
    answer
        Fits a model to the ratings that it is handed.
    chosen_on
        A split with a validation part.
    quick
        Whether to leave the comparison out.
    """
    train, held_out = _numbered_anew(chosen_on, seed)
    case = f"{len(train):,} training ratings"
    model = called(answer, train, case=case)
    if not isinstance(model, nn.Module):
        raise NotYetError(
            f"for {case} a fitted model is wanted; {in_short(model)} came."
        )
    n_parameters = sum(table.numel() for table in model.parameters())
    limit = 129 * (train.n_users + train.n_items) // 5
    if n_parameters >= limit:
        raise NotYetError(
            f"your model has {n_parameters:,} parameters; stay below "
            f"{limit:,}, a fifth of those of the final model."
        )
    rows = held_out.users, held_out.items
    case = f"{len(held_out):,} held-out ratings"
    came = called(predict, model, rows, case=case)
    stars = numbers(came, (len(held_out),), case=case)
    if quick:
        return

    def error(guessed: Tensor) -> float:
        return rmse(guessed, held_out.ratings, clip=train.scale)

    ours = error(stars)
    biases = error(baselines.damped_biases(train).predict(*rows))
    if ours >= biases:
        raise NotYetError(
            f"your model has {ours:.4f} stars on validation, and the damped "
            f"biases {biases:.4f}. Is it fitted, and to the ratings that it "
            f"is handed? The check numbers users and films anew, so what you "
            f"know of others does not help."
        )
    final = error(predict(fit_factorization(train), rows))
    if ours > final + 0.01:
        raise NotYetError(
            f"your model has {ours:.4f} stars on validation, and the final "
            f"one {final:.4f}. Come within a hundredth of it: there is room "
            f"for more factors."
        )


def _numbered_anew(split: Split, seed: int) -> tuple[Ratings, Ratings]:
    """Deal new row indexes to users and films: training and validation."""
    chance = torch.Generator().manual_seed(seed)
    users = torch.randperm(split.train.n_users, generator=chance)
    items = torch.randperm(split.train.n_items, generator=chance)
    of_users, of_items = users.argsort().numpy(), items.argsort().numpy()
    train, validation = (
        replace(
            part,
            users=users[part.users],
            items=items[part.items],
            user_ids=np.asarray(part.user_ids)[of_users],
            item_ids=np.asarray(part.item_ids)[of_items],
            titles=tuple(part.titles[item] for item in of_items),
        )
        for part in (split.train, split.validation)
    )
    return train, validation


@says
def ndcg(answer: Callable[[list[bool], int], float], *, seed: int = 0) -> None:
    """Check nDCG of a list: hits and the number of favourites -> a number.

    The list of the exercise, a perfect one, one without a hit, one that is
    too short for all favourites; then made-up ones.
    """
    chance = torch.Generator().manual_seed(seed)
    asked = [
        ([True, True], 2),
        ([False, False, False], 1),
        ([False, True, False, True, False], 3),
        ([True, True], 5),
    ]
    for n in (4, 6, 10):
        hits = (torch.rand(n, generator=chance) < 0.4).tolist()
        asked.append((hits, max(sum(hits), 1) + drawn_integer(chance, n)))
    for hits, n_favourites in asked:
        case = f"the hits {[int(hit) for hit in hits]} and {n_favourites} "
        case += "favourite" + "s" * (n_favourites != 1)
        came = called(answer, hits, n_favourites, case=case)
        came = number(came, case=case)
        n_hits, n_best = sum(hits), min(n_favourites, len(hits))
        places = np.arange(1, n_favourites + len(hits) + 2)

        def share(
            gains: np.ndarray, n_best: int = n_best, hits: list[bool] = hits
        ) -> float:
            found = gains[: len(hits)][np.array(hits, dtype=bool)].sum()
            return found / max(gains[:n_best].sum(), 1e-9)

        gains = 1 / np.log2(places + 1)
        older = 1 / np.maximum(np.log2(places), 1)
        mistakes = {
            "The best list there is has no room for all favourites. It holds "
            "as many as fit.": share(gains, n_favourites),
            "The best list has its favourites first, all that fit, not only "
            "those that were found.": share(gains, n_hits),
            "A favourite at place p counts 1 / log2(p + 1), not 1 / p.": (
                share(1 / places)
            ),
            "A favourite at place p counts 1 / log2(p + 1); places start "
            "from 1.": share(older),
            "That is precision.": n_hits / len(hits),
            "That is recall.": n_hits / n_favourites,
            "That is the gain. Divide it by that of the best list.": (
                gains[: len(hits)][np.array(hits, dtype=bool)].sum()
            ),
        }
        hint = known_mistake(came, mistakes)
        wanted = share(gains)
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


def _tiny_ratings(
    users: Tensor | Sequence[int],
    items: Tensor | Sequence[int],
    stars: Tensor | Sequence[float],
    n_users: int,
    n_items: int,
) -> Ratings:
    return Ratings(
        users=torch.as_tensor(users),
        items=torch.as_tensor(items),
        ratings=torch.as_tensor(stars),
        timestamps=None,
        user_ids=np.arange(n_users),
        item_ids=np.arange(n_items),
        titles=tuple(f"film {item}" for item in range(n_items)),
    )
