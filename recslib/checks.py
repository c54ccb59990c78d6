"""The functions behind the self-checks of the exercises.

Each takes an answer and returns ``"Pass."``, or says why not: it names the
case, what is wanted and what came. None of them raises.
"""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Generator, Tensor, nn

from recslib import baselines
from recslib.answers import (
    NotYetError,
    called,
    expect,
    flags,
    in_short,
    number,
    numbers,
    says,
    word,
)
from recslib.evaluation import mae, paired_bootstrap, rmse
from recslib.models import DenseNet
from recslib.ratings import Ratings
from recslib.recipes import fit_factorization
from recslib.splits import Split
from recslib.training import Examples, fit, predict

# ---- PyTorch in twenty minutes --------------------------------------------

# An answer that is rounded to three places is near enough.
_THREE_PLACES = 1e-3


@says
def column_error(
    answer: Callable[[Tensor, Tensor], float], *, seed: int = 0
) -> None:
    """Check a mean squared error: column (B, 1), row (B,) -> a number.

    Two guesses, three, and a single one; then made-up ones.
    """
    chance = torch.Generator().manual_seed(seed)
    asked = [
        ([4.0, 1.0], [5.0, 2.0]),
        ([1.0, 2.0, 3.0], [1.0, 4.0, 7.0]),
        ([2.5], [4.0]),
    ]
    for n in (4, 6):
        guessed = [_drawn_number(chance, 1, 5) for _ in range(n)]
        asked.append((guessed, _drawn_stars(chance, n).tolist()))
    for guessed, starred in asked:
        column, row = torch.tensor(guessed)[:, None], torch.tensor(starred)
        case = f"a column {in_short(column)} and a row {in_short(row)}"
        came = number(called(answer, column, row, case=case), case=case)
        apart = column.squeeze(1) - row
        wanted = apart.square().mean()
        mistakes = {
            "That is the mean over every guess with every rating: a column "
            "minus a row is a table.": (column - row).square().mean(),
            "That is its root. The error itself is wanted.": wanted.sqrt(),
            "That is the sum. Take the mean.": apart.square().sum(),
            "That is the mean absolute error. Square the differences.": (
                apart.abs().mean()
            ),
            "That is the mean difference. Square first.": apart.mean(),
            "That is the square of the mean. Square first.": (
                apart.mean().square()
            ),
        }
        hint = _named_mistake(came, mistakes)
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


@says
def guesses_for_user(
    answer: Callable[[nn.Embedding, nn.Embedding, int, Tensor], Tensor],
    *,
    seed: int = 0,
) -> None:
    """Check dot products: two tables, a user, films (B,) -> (B,).

    Three films, one film twice, and a single one; then made-up tables.
    """
    chance = torch.Generator().manual_seed(seed)
    of_users = [[1, 2], [3, 4], [5, 6]]
    of_films = [[1, 0], [0, 1], [1, 1], [2, -1]]
    asked = [
        (of_users, of_films, 2, [3, 0, 2]),
        (of_users, of_films, 0, [1, 1]),
        (of_users, of_films, 1, [2]),
    ]
    for n_factors in (3, 4):
        tables = [
            torch.randint(-3, 4, (n_rows, n_factors), generator=chance)
            for n_rows in (5, 6)
        ]
        films = [_drawn_integer(chance, 6) for _ in range(n_factors)]
        user = _drawn_integer(chance, 5)
        asked.append((*(each.tolist() for each in tables), user, films))
    for user_rows, film_rows, user, films in asked:
        p, q = torch.tensor(user_rows).float(), torch.tensor(film_rows).float()
        case = f"users {user_rows}, films {film_rows}: user {user} and films "
        case += str(films)
        tables = (
            nn.Embedding.from_pretrained(e, freeze=False) for e in (p, q)
        )
        came = called(answer, *tables, user, torch.tensor(films), case=case)
        came = numbers(came, (len(films),), case=case)
        products = p[user] * q[films]  # (B, F)
        mistakes = {
            "That adds up a column. Add up a film's row: `dim=1`.": (
                products.sum(dim=0)
            ),
            "That is the mean of the products. Add them up.": (
                products.mean(dim=1)
            ),
        }
        hint = _named_mistake(came, mistakes)
        wanted = products.sum(dim=1)
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


@says
def taste_and_bias(answer: Callable[[], nn.Module], *, seed: int = 0) -> None:
    """Check a class of modules: taste times loudness plus bias.

    Looks at both parameters, sets them, asks for guesses, and goes backward.
    """
    chance = torch.Generator().manual_seed(seed)
    case = "a new module"
    module = called(answer, case=case)
    if not isinstance(module, nn.Module):
        raise NotYetError(
            f"a class of modules is wanted; {in_short(module)} came of it."
        )
    held = dict(module.named_parameters())
    if set(held) != {"taste", "bias"}:
        loose = {"taste", "bias"} & (set(vars(module)) - set(held))
        hint = ""
        if loose:
            hint = (
                f" A plain {' and '.join(sorted(loose))} is not on the list: "
                f"`nn.Parameter` puts it there."
            )
        raise NotYetError(
            f"its parameters should be taste and bias; "
            f"{' and '.join(held) or 'none'} came.{hint}"
        )
    for name, parameter in held.items():
        start = number(parameter, case=f"the first {name}")
        expect(start, 0.0, case=f"the first {name}")
    asked = [(2.0, -1.0, [0.0, 1.0, 3.0]), (0.5, 3.0, [2.0])]
    for n in (2, 4):
        taste, bias = (_drawn_number(chance, -2, 3) for _ in "ab")
        loud = [_drawn_number(chance, 0, 3) for _ in range(n)]
        asked.append((taste, bias, loud))
    for taste, bias, loud in asked:
        with torch.no_grad():
            held["taste"].fill_(taste)
            held["bias"].fill_(bias)
        loudness = torch.tensor(loud)
        case = f"taste {taste:g}, bias {bias:g} and loudness {in_short(loud)}"
        came = called(module, loudness, case=case)
        came = numbers(came, (len(loud),), case=case)
        mistakes = {
            "The bias is missing.": taste * loudness,
            "The taste is missing.": loudness + bias,
            "Multiply first, then add the bias.": taste * (loudness + bias),
        }
        hint = _named_mistake(came, mistakes)
        wanted = taste * loudness + bias
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)
        _judge_backward(module, loudness, case)


def _judge_backward(module: nn.Module, loudness: Tensor, case: str) -> None:
    """Go backward from the sum of the guesses."""
    module.zero_grad()
    summed = module(loudness).sum()
    if not summed.requires_grad:
        raise NotYetError(
            f"for {case} no gradient comes back. `detach`, `item` and "
            f"`no_grad` cut it off."
        )
    summed.backward()
    wanted = {"taste": loudness.sum().item(), "bias": float(len(loudness))}
    for name, gradient in wanted.items():
        came = getattr(module, name).grad
        if came is None:
            raise NotYetError(f"for {case} no gradient reaches the {name}.")
        of = f"{case}, backward from the sum, the gradient of the {name},"
        expect(came, gradient, case=of, tolerance=_THREE_PLACES)


@says
def step_by_hand(
    answer: Callable[[float, Tensor, float], float], *, seed: int = 0
) -> None:
    """Check a step of descent: guess, given (B,), rate -> the next guess.

    The step of the text, a longer one, one on a single film; then made-up
    ones.
    """
    chance = torch.Generator().manual_seed(seed)
    asked = [
        (3.0, [5.0, 2.0], 0.1),
        (1.0, [4.0, 5.0, 3.0], 0.25),
        (4.0, [1.0], 0.5),
    ]
    for n in (3, 5):
        starred = _drawn_stars(chance, n).tolist()
        rate = _drawn_number(chance, 0.05, 0.4)
        asked.append((_drawn_number(chance, 1, 5), starred, rate))
    for guess, starred, rate in asked:
        given = torch.tensor(starred)
        case = (
            f"a guess of {guess:g}, given {in_short(starred)} (rate {rate:g})"
        )
        came = called(answer, guess, given, rate, case=case)
        came = number(came, case=case)
        gradient = (2 * (guess - given)).mean().item()
        mistakes = {
            "Step against the gradient, not along it.": guess
            + rate * gradient,
            "The derivative of a square has a 2.": guess - rate * gradient / 2,
            "That steps by the sum. The error is a mean: divide by the "
            "number of films.": guess - rate * gradient * len(given),
            "The rate is missing.": guess - gradient,
            "That is the gradient. The guess after the step is wanted.": (
                gradient
            ),
            "That is the step alone. Add it to the guess.": -rate * gradient,
            "That is the step alone. Take it from the guess.": rate * gradient,
            "That is where many steps end. One is wanted.": (
                given.mean().item()
            ),
        }
        hint = _named_mistake(came, mistakes)
        wanted = guess - rate * gradient
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


class _Taste(nn.Module):
    """Guess stars as taste times loudness."""

    def __init__(self, taste: float) -> None:
        super().__init__()
        self.taste = nn.Parameter(torch.tensor(taste))

    def forward(self, loudness: Tensor) -> Tensor:
        """Predict: loudness (B,) -> (B,)."""
        return self.taste * loudness


_Loop = Callable[[nn.Module, torch.optim.Optimizer], None]


@says
def three_loops(answer: Sequence[str], loops: Sequence[_Loop]) -> None:
    """Check what is said of loops: a word for each.

    Parameters
    ----------
    answer
        "clears", "adds up" or "stands still", for each loop.
    loops
        Each takes a model of taste, which starts from 1, and an optimizer,
        and takes three steps on films with a loudness of 1 and 2 that were
        given 2 and 4 stars.
    """
    paths = {
        "clears": [1.5, 1.75, 1.875],
        "adds up": [1.5, 2.25, 2.875],
        "stands still": [1.0, 1.0, 1.0],
    }
    told = answer.tolist() if isinstance(answer, np.ndarray) else answer
    if not isinstance(told, list | tuple) or len(told) != 3:
        raise NotYetError(
            f"a list of three words is wanted; {in_short(answer)} came."
        )
    for name, each, loop in zip("ABC", told, loops, strict=True):
        said = word(each, list(paths), case=f"loop {name}")
        path = _path_of(loop, name)
        if path != paths[said]:
            raise NotYetError(
                f"loop {name}, if it {said}, goes through the tastes "
                f"{paths[said]}; {path} came."
            )


def _path_of(loop: _Loop, name: str) -> list[float]:
    """Run a loop from a taste of 1, and return the taste after each step."""
    model, path = _Taste(1.0), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.register_step_post_hook(
        lambda *_: path.append(round(model.taste.item(), 3))
    )
    _acted(loop, model, optimizer, case=f"loop {name}")
    return path


_Fit = Callable[[nn.Module, Tensor, Tensor, float, int, int, int], None]


@says
def training_loop(answer: _Fit, *, seed: int = 0) -> None:
    """Check a training loop: batches, chance, and the taste in the end.

    Parameters
    ----------
    answer
        Takes a model, loudness (N,), given (N,), a rate, a number of epochs,
        a batch size and a seed. Fits the model in place.
    """
    chance = torch.Generator().manual_seed(seed)
    for n, size, n_epochs in ((10, 4, 2), (9, 2, 3), (12, 3, 2)):
        loudness = torch.arange(1.0, n + 1) / 10
        given = 2 * loudness
        stars = "twice that"
        if (n, size) != (10, 4):
            given = _drawn_stars(chance, n)
            stars = in_short(given)
        rate, own = 0.1, _drawn_integer(chance, 1_000)
        case = (
            f"loudness 0.1 to {n / 10:g}, stars {stars}, {n_epochs} epochs, "
        )
        case += f"batch size {size} and seed {own}"
        settings = loudness, given, rate, n_epochs, size
        taste, batches = _watched(answer, settings, own, case)
        _judge_batches(batches, loudness, n_epochs, size, case)
        again = _watched(answer, settings, own, case)[1]
        other = _watched(answer, settings, own + 1, case)[1]
        if again != batches:
            raise NotYetError(
                f"for {case} the order should come again with the same seed. "
                f"Set it at the start."
            )
        if other == batches:
            raise NotYetError(
                f"for {case} another seed should make another order. Use the "
                f"seed that is handed in."
            )
        wanted, adding, summing = (
            _taste_after(batches, loudness, given, rate, how)
            for how in ("clears", "adds up", "sums")
        )
        mistakes = {
            "Gradients add up: they are never cleared.": adding,
            "That follows the sum of the squared errors. Take the mean.": (
                summing
            ),
            "The model never moves. Is there a step, and is the gradient "
            "still there when it comes?": 0.0,
        }
        hint = _named_mistake(taste, mistakes)
        of = f"{case}, the taste in the end, from 0 by SGD at a rate of 0.1,"
        expect(taste, wanted, case=of, tolerance=_THREE_PLACES, hint=hint)


def _watched(
    fit: _Fit, settings: tuple[object, ...], seed: int, case: str
) -> tuple[float, list[list[float]]]:
    """Have a model fitted; return its taste and the batches it has seen."""
    model, batches = _Taste(0.0), []

    def note(module: nn.Module, plain: tuple, named: dict) -> None:
        if torch.is_grad_enabled():  # else it only looks
            seen = torch.as_tensor([*plain, *named.values()][0])
            batches.append([round(x, 1) for x in seen.flatten().tolist()])

    model.register_forward_pre_hook(note, with_kwargs=True)
    copies = [s.clone() if isinstance(s, Tensor) else s for s in settings]
    _acted(fit, model, *copies, seed, case=case)
    for given, setting in zip(copies, settings, strict=True):
        if isinstance(given, Tensor) and not torch.equal(given, setting):
            raise NotYetError(
                f"for {case} your function changes what it was given."
            )
    taste = number(model.taste, case=f"{case}, the taste")
    return taste, batches


def _judge_batches(
    batches: list[list[float]],
    loudness: Tensor,
    n_epochs: int,
    size: int,
    case: str,
) -> None:
    """See that each epoch has all films, in batches, in an order anew."""
    n = len(loudness)
    films = [round(each, 1) for each in loudness.tolist()]
    wanted = [len(part) for part in loudness.split(size)] * n_epochs
    sizes = [len(batch) for batch in batches]
    if sizes != wanted:
        full = [size] * (n // size) * n_epochs
        hints = {
            tuple(full): "The last batch of an epoch may be short. Take it.",
            tuple([n] * n_epochs): "Cut the films into batches.",
            tuple(wanted[: len(wanted) // n_epochs]): "Take every epoch.",
        }
        hint = hints.get(tuple(sizes), "")
        raise NotYetError(
            f"for {case} batches of the sizes {in_short(wanted)} are wanted; "
            f"{in_short(sizes)} came. {hint}"
        )
    order = [film for batch in batches for film in batch]
    epochs = [order[at : at + n] for at in range(0, len(order), n)]
    for epoch in epochs:
        if sorted(epoch) != films:
            raise NotYetError(
                f"for {case} each epoch should have every film once; "
                f"{in_short(epoch)} came."
            )
    if films in epochs:
        raise NotYetError(f"for {case} the films come in order. Shuffle them.")
    if len(set(map(tuple, epochs))) < n_epochs:
        raise NotYetError(
            f"for {case} each epoch has the same order. Shuffle before each, "
            f"and set the seed once, before the first."
        )


def _taste_after(
    batches: list[list[float]],
    loudness: Tensor,
    given: Tensor,
    rate: float,
    how: str,
) -> float:
    """Take the steps by hand from a taste of 0, as they should be or not."""
    taste, total = 0.0, 0.0
    tenths = (10 * loudness).round().int().tolist()
    stars = dict(zip(tenths, given.tolist(), strict=True))
    for batch in batches:
        loud = np.array(batch)
        right = np.array([stars[round(10 * each)] for each in batch])
        slopes = 2 * loud * (taste * loud - right)
        gradient = slopes.sum() if how == "sums" else slopes.mean()
        total += gradient
        taste -= rate * (total if how == "adds up" else gradient)
    return taste


def _named_mistake(
    came: float | Tensor, mistakes: Mapping[str, object]
) -> str:
    """Return what is said of the first known mistake that gives the same."""
    came = torch.as_tensor(came, dtype=torch.float64)
    for hint, value in mistakes.items():
        value = torch.as_tensor(value, dtype=torch.float64)
        if value.shape == came.shape and _agree(came, value):
            return hint
    return ""


def _agree(some: Tensor, others: Tensor) -> bool:
    """Say whether numbers agree to about three places."""
    return bool(((some - others).abs() <= _THREE_PLACES).all())


def _acted(answer: object, *inputs: object, case: str) -> None:
    """Have an answer act on its inputs themselves, whatever it returns."""
    if not callable(answer):
        called(answer, case=case)
    called(lambda: (answer(*inputs),), case=case)


def _drawn_stars(chance: torch.Generator, n: int) -> Tensor:
    return torch.randint(1, 6, (n,), generator=chance).float()


def _drawn_integer(chance: torch.Generator, n: int) -> int:
    return int(torch.randint(n, (), generator=chance))


def _drawn_number(chance: torch.Generator, low: float, high: float) -> float:
    """Draw a number with two places."""
    share = torch.rand((), generator=chance).item()
    return round(low + share * (high - low), 2)


# ---- Matrix factorization --------------------------------------------------


@says
def best_constant(answer: Callable[[Tensor], float], *, seed: int = 0) -> None:
    """Check the constant with the lowest RMSE: stars (N,) -> a number.

    Two stars that can be done in the head, then made-up ones.
    """
    chance = torch.Generator().manual_seed(seed)
    asked = [torch.tensor([5.0, 4.0]), torch.tensor([1.0, 2.0, 2.0, 5.0])]
    asked += [_drawn_stars(chance, n) for n in (7, 10, 30)]
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
        hint = _named_mistake(came, mistakes)
        wanted = stars.mean().item()
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


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
        mean, damping = (_drawn_number(chance, low, 4.5) for low in (2.5, 0.5))
        asked.append((_drawn_stars(chance, n).tolist(), mean, damping))
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
        hint = _named_mistake(came, mistakes)
        wanted = (total + damping * mean) / (n + damping)
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


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
            _acted(
                answer, model, optimizer, *one, target, case=f"step {count}"
            )
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
    if all(_agree(table, 0 * table) for table in used):
        raise NotYetError(
            f"{name} does not move the model. Is the gradient cleared after "
            f"`backward`, before the step could use it?"
        )
    carried = [
        _agree(table, new + old) and not _agree(old, 0 * old)
        for table, new, old in zip(used, own, older, strict=True)
    ]
    right = [_agree(*pair) for pair in zip(used, own, strict=True)]
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
        if not good and _agree(table, 0 * table):
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
        when = ("never", *_MOMENTS)[_drawn_integer(chance, 4)]
        which = every[_drawn_integer(chance, 3)]
        how = (*_CLEAR_SOME, *_CLEAR_ALL)[_drawn_integer(chance, 4)]
        if how in _CLEAR_ALL:
            which = every[0]
        kinds.append(
            (when, how, which, (0.5, 1.0, 2.0)[_drawn_integer(chance, 3)])
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
            hint = _named_mistake(came, parts)
            expect(came, wanted, case=of, tolerance=_THREE_PLACES, hint=hint)


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
    hint = _named_mistake(came, mistakes)
    expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


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
        stars = _drawn_stars(chance, len(users))
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
        residuals = [_drawn_number(chance, -1.5, 2.0) for _ in range(n)]
        asked.append((residuals, _drawn_number(chance, 0.1, 2.0)))
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
        hint = _named_mistake(came, mistakes)
        wanted = (mean / (1 + l2)).item()
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


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
        asked.append((hits, max(sum(hits), 1) + _drawn_integer(chance, n)))
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
        hint = _named_mistake(came, mistakes)
        wanted = share(gains)
        expect(came, wanted, case=case, tolerance=_THREE_PLACES, hint=hint)


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


# ---- A dense network -------------------------------------------------------

HALF_A_THOUSANDTH = 6e-4  # and a little: rounded to three decimal places


@says
def shapes_of_differences(shapes: object) -> None:
    """Check the shapes of three differences, by making them.

    Parameters
    ----------
    shapes
        Three: tuples, lists, sizes, a number for one dimension, or text such
        as ``"(4, 4)"``.
    """
    if not isinstance(shapes, list | tuple) or len(shapes) != 3:
        raise NotYetError(
            f"three shapes are wanted, in a list; {in_short(shapes)} came."
        )
    pairs = [((4,), (4,)), ((4, 1), (4,)), ((3, 1), (1, 5))]
    hints = [
        "The two are alike, so nothing is repeated.",
        "Write the second below the first, lined up from the right: its 4 "
        "stands below the 1, and a 1 is filled in below the 4. Then each 1 "
        "is repeated.",
        "Go place by place: 3 and 1, then 1 and 5. Each 1 is repeated until "
        "it fits.",
    ]
    for place, told in enumerate(shapes):
        if told is None or told is ...:
            raise NotYetError(f"number {place + 1} has no answer.")
        shape = _shape(told)
        if shape is None:
            raise NotYetError(
                f"for number {place + 1} a shape is wanted, such as (2, 7); "
                f"{in_short(told)} came. All three differences have one."
            )
        if shape != tuple(torch.broadcast_shapes(*pairs[place])):
            raise NotYetError(
                f"number {place + 1} is not {shape}. {hints[place]}"
            )


def _shape(told: object) -> tuple[int, ...] | None:
    """Read a shape in any form; None: it is none."""
    if isinstance(told, str):
        inside = told.strip().removeprefix("torch.Size").strip("()[] ")
        told = re.split(r"\s*[,x\u00d7]\s*", inside.removesuffix(","))
    if isinstance(told, Tensor | np.ndarray):
        told = told.tolist()
    try:
        several = told if isinstance(told, list | tuple) else [told]
        sizes = [float(size) for size in several]
    except (TypeError, ValueError, RuntimeError):
        return None
    if not all(size.is_integer() for size in sizes):
        return None
    return tuple(int(size) for size in sizes)


@says
def lowest_loss_of_pairs(predictions: object, lowest_loss: object) -> None:
    """Check what the slip asks for: four predictions, and their loss.

    Parameters
    ----------
    predictions
        Four numbers.
    lowest_loss
        One.
    """
    if predictions is None or lowest_loss is None:
        raise NotYetError("give four predictions and one loss.")
    told = numbers(_in_a_row(predictions), (4,), case="the predictions")
    targets = torch.tensor([0.0, 0.0, 0.5, 1.0], dtype=told.dtype)
    known_rows = {
        "These are the targets; but the loss compares each prediction with "
        "all four of them.": targets,
        "This is the median, and squares are lowest elsewhere.": (
            targets.quantile(0.5).expand(4)
        ),
        "This is halfway from the lowest to the highest, whatever is "
        "between.": torch.full_like(targets, 0.5),
    }
    hint = _known(told, known_rows, HALF_A_THOUSANDTH)
    for place, came in enumerate(told.tolist(), 1):
        above = came - targets.mean()
        if above.abs() > HALF_A_THOUSANDTH:
            raise NotYetError(
                f"prediction {place} should be "
                f"{'lower' if above > 0 else 'higher'} than {in_short(came)}."
                f" {hint}"
            )
    came = number(lowest_loss, case="the lowest loss")
    variance = targets.var(correction=0)
    if abs(came - variance) <= HALF_A_THOUSANDTH:
        return
    known_losses = {
        "No prediction can meet four targets: the second part of the "
        "equation is left.": torch.zeros(()),
        "That divides by 3, as one does for a sample; the equation divides "
        "by B, and B is 4.": targets.var(),
        "That is the sum over the targets; the loss takes the mean.": (
            4 * variance
        ),
        "That is the sum over all 16 pairs; the loss is the mean.": (
            16 * variance
        ),
        "That is the mean of the squared targets; take off their squared "
        "mean.": targets.square().mean(),
        "That is the root of it.": variance.sqrt(),
    }
    hint = _known(came, known_losses, HALF_A_THOUSANDTH)
    raise NotYetError(
        f"the predictions are right; their loss is not {in_short(came)}. "
        f"{hint or 'Only the second part of the equation is left.'}"
    )


def _in_a_row(came: object) -> object:
    """Drop the dimensions of size 1, such as those of a column."""
    return came.squeeze() if isinstance(came, Tensor | np.ndarray) else came


def _known(
    came: object, mistakes: Mapping[str, object], tolerance: float = 1e-4
) -> str:
    """Return the hint of the first mistake that gives what came, or ""."""
    for hint, given in mistakes.items():
        try:
            expect(came, given, case="", tolerance=tolerance)
        except NotYetError:
            continue
        return hint
    return ""


@says
def parameter_count(count: object, *, seed: int = 0) -> None:
    """Check a count of the parameters of `DenseNet`, by making some.

    Parameters
    ----------
    count
        Takes the numbers of users, items and factors.
    seed
        Of the sizes.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(2, 60, (4, 3), generator=generator).tolist()
    for n_users, n_items, n_factors in ([3, 4, 2], *drawn):
        case = f"{n_users} users, {n_items} items and {n_factors} factors"
        came = called(count, n_users, n_items, n_factors, case=case)
        model = DenseNet(n_users, n_items, n_factors, mean=3.5)
        real = sum(part.numel() for part in model.parameters())
        rows, network = n_users + n_items, 64 * (2 * n_factors + 2) + 1
        known = {
            "The biases of users and items are missing.": real - rows,
            "65 are missing. A linear layer has a constant for each number "
            "that it gives; the output is such a layer, too.": real - 65,
            "64 are missing: the constants of the hidden layer, or the "
            "weights of the output.": real - 64,
            "One is missing: the constant of the output.": real - 1,
            "The biases are missing, and the constants of the layers.": (
                real - rows - 65
            ),
            "The hidden layer takes both rows, side by side: 2 F numbers.": (
                real - 64 * n_factors
            ),
            "That is the network alone. Its inputs are learnt as well.": (
                network
            ),
            "Those are the embeddings alone; the network is missing.": (
                real - network
            ),
            "Those are the factors alone; biases and network are missing.": (
                rows * n_factors
            ),
            "Users and items have a table each. Their rows add up, and do "
            "not multiply.": n_users * n_items * n_factors,
            "The mean is handed over, and not learnt.": real + 1,
        }
        expect(came, real, case=case, hint=_known(came, known))


@says
def multiplying_weights(
    hidden: object, output: object, *, seed: int = 0
) -> None:
    """Check four hidden numbers that multiply, on pairs of numbers.

    Parameters
    ----------
    hidden
        (4, 2), a row for each hidden number.
    output
        (4,).
    seed
        Of the pairs.
    """
    tolerance = 0.01
    hidden = numbers(hidden, (4, 2), case="the hidden weights")
    output = numbers(_in_a_row(output), (4,), case="the output weights")
    generator = torch.Generator().manual_seed(seed)
    pairs = torch.rand(1_000, 2, generator=generator, dtype=output.dtype)
    pairs = 2 * pairs - 1
    pairs[:4] = pairs.new_tensor([[1, 1], [-1, -1], [1, -1], [-1, 1]])
    products = pairs.prod(dim=1)
    came = torch.relu(pairs @ hidden.T).square() @ output
    known = {
        "All is 0 so far.": 0 * products,
        "That is four times as much: the equation has a quarter.": 4
        * products,
        "The signs of the output are turned round.": -products,
    }
    hint = _known(came, known, tolerance)
    unbent = (pairs @ hidden.T).square() @ output
    halves = [factor * products for factor in (0.5, 1, 2, 4)]
    if not hint and any(
        torch.allclose(unbent, half, atol=tolerance) for half in halves
    ):
        hint = (
            "What is below 0 becomes 0 here. So each square takes two hidden "
            "numbers, one for each sign."
        )
    worst = (came - products).abs().argmax().item()
    for place in (0, 1, 2, 3, worst):
        x, y = pairs[place].tolist()
        case = f"the pair ({in_short(x)}, {in_short(y)})"
        wanted = products[place]
        expect(came[place], wanted, case=case, tolerance=tolerance, hint=hint)


@says
def bag_of_features(bag: object, *, seed: int = 0) -> None:
    """Check the sum of a film's features, against the matrix product.

    Parameters
    ----------
    bag
        Takes the factors of all features, and the numbers of a film.
    seed
        Of the factors and the films.
    """
    factors = {"year": [2.0, 0.0], "Drama": [3.0, -1.0], "War": [5.0, 5.0]}
    factors = {name: torch.tensor(row) for name, row in factors.items()}
    films = [(factors, {"year": 0.5, "Drama": 1.0})]
    generator = torch.Generator().manual_seed(seed)
    names = ["year", "Drama", "Comedy", "War"]
    for n_features in (3, 1, 2, 4):
        table = torch.randn(4, 2 + n_features, generator=generator)
        order = torch.randperm(4, generator=generator)[:n_features].tolist()
        # The first is below 0, as the year of an old film is.
        film = {names[k]: n - 0.75 for n, k in enumerate(order)}
        films.append((dict(zip(names, table, strict=True)), film))
    for factors, film in films:
        _try_film(bag, factors, film)


def _try_film(
    bag: object, factors: dict[str, Tensor], film: dict[str, float]
) -> None:
    rows = torch.stack([factors[name] for name in film])  # (K, F)
    weights = torch.tensor(list(film.values()))[:, None]
    parts = weights * rows
    in_order = torch.stack(list(factors.values()))[: len(film)]
    mistakes = {
        "The numbers of the film are left out.": rows.sum(dim=0),
        "That is the mean; a bag adds up.": parts.mean(dim=0),
        "That is the last feature alone.": parts[-1],
        "That is the first feature alone.": parts[0],
        "A number below 0 counts, too.": parts[weights[:, 0] > 0].sum(dim=0),
        "Find each row by its name, and not by its place.": (
            (weights * in_order).sum(dim=0)
        ),
        "Only what the film has counts.": sum(factors.values()),
        "The parts are added up, and not multiplied.": parts.prod(dim=0),
    }
    case = f"the film {film}"
    came = called(bag, factors, film, case=case)
    hint = _known(came, mistakes)
    expect(came, parts.sum(dim=0), case=case, hint=hint)


@says
def network_of_your_own(network: object, *, seed: int = 0) -> None:
    """Check a network on two embeddings: ask it, then fit it.

    It is fitted to a made-up taste: half of the people like what the others
    do not, so nothing that adds up a person and a film explains it.

    Parameters
    ----------
    network
        A class of modules; takes the numbers of users and of items.
    seed
        Of the first weights, the taste and the fit.
    """
    if isinstance(network, nn.Module):
        raise NotYetError(
            "a class is wanted; a network came that is made already. Leave "
            "out the brackets behind its name."
        )
    torch.manual_seed(seed)
    n_users, n_items = 61, 43
    for sizes in ((n_items, n_users), (n_users, n_items)):
        model = _made(network, *sizes)
        _answer_pairs(model, *sizes)
    _reach_each_parameter(model)
    users, items, stars, order = _taste_of_camps(n_users, n_items, seed)
    learnt, judge = order[:2_000], order[2_000:]
    try:
        fit(
            model,
            Examples((users[learnt], items[learnt]), stars[learnt]),
            optimizer=torch.optim.Adam(model.parameters(), lr=0.02),
            n_epochs=12,
            batch_size=100,
            seed=seed,
        )
    except (ValueError, FloatingPointError, RuntimeError) as error:
        raise NotYetError(f"the fit stops: {error}") from None
    _answer_pairs(model, n_users, n_items)  # biases are not 0 any more
    told = predict(model, (users, items)).double()
    _look_at_the_whole(model, told.reshape(n_users, n_items))
    error = rmse(told[judge], stars[judge])
    shrug = rmse(stars[learnt].mean().expand(len(judge)), stars[judge])
    if error > shrug / 2:
        raise NotYetError(
            f"fitted to {len(learnt):,} ratings, its error on {len(judge)} "
            f"others is {error:.2f} stars. Always answering the mean has "
            f"{shrug:.2f}; get below {shrug / 2:.2f}. More hidden numbers "
            f"may help, or other first weights."
        )


def _taste_of_camps(
    n_users: int, n_items: int, seed: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Let all rate all: users, items, stars, and a random order of them."""
    generator = torch.Generator().manual_seed(seed)
    camps = torch.randint(0, 2, (n_users + n_items,), generator=generator)
    camps = 2.0 * camps - 1
    pairs = torch.cartesian_prod(torch.arange(n_users), torch.arange(n_items))
    users, items = pairs.T.contiguous()
    ours, theirs = camps[users], camps[n_users + items]
    # One camp gives 5 and 1, the other 1 and 4: 5 + 4 is not 1 + 1.
    stars = 2.75 + (ours + theirs + 7 * ours * theirs) / 4
    stars += 0.3 * torch.randn(len(stars), generator=generator)
    order = torch.randperm(len(stars), generator=generator)
    return users, items, stars, order


def _look_at_the_whole(model: nn.Module, table: Tensor) -> None:
    """See that users and items matter, and meet: (n_users, n_items)."""
    nothing = 1e-3
    less_users = table - table.mean(dim=1, keepdim=True)
    less_items = table - table.mean(dim=0)
    if less_items.abs().max() < nothing:
        raise NotYetError("whoever asks, your network answers the same.")
    if less_users.abs().max() < nothing:
        raise NotYetError("whatever the film, your network answers the same.")
    if (less_users - less_users.mean(dim=0)).abs().max() < nothing:
        raise NotYetError(
            "what your network says is a number for the user plus one for "
            "the film: the two never meet. Put a bend, such as a ReLU, "
            "behind a layer that has both."
        )
    of_tables = (*table.shape, 1)
    if all(len(part) in of_tables for part in model.parameters() if part.ndim):
        raise NotYetError(
            "those are embeddings alone, as in chapter 1. Put the two rows "
            "side by side, and a layer above them."
        )


def _made(network: object, n_users: int, n_items: int) -> nn.Module:
    """Make the network, and see that it can learn."""
    case = f"{n_users} users and {n_items} items"
    model = called(network, n_users, n_items, case=case)
    if not isinstance(model, nn.Module):
        raise NotYetError(
            f"a class of `nn.Module` is wanted; it makes {in_short(model)}."
        )
    if not list(model.parameters()):
        raise NotYetError(
            "your network has no parameters. Give it embeddings and layers "
            "in `__init__`, each as `self.name = ...`."
        )
    return model


def _answer_pairs(model: nn.Module, n_users: int, n_items: int) -> None:
    """See that each pair gets one number, and always the same."""
    model.eval()
    last, film = n_users - 1, n_items - 1
    first = _stars(model, [0, 1, 2], [2, 1, 0], "three pairs")
    _stars(model, [last, 0], [0, film], f"user {last} and item {film}")
    for place, case in ((0, "one pair"), (2, "another pair")):
        alone = _stars(model, [place], [2 - place], case)
        if (alone - first[place]).abs() > 1e-4:
            raise NotYetError(
                "the same pair gets two answers, in company and alone. Keep "
                "the ratings of a batch apart; and does dropout stop when "
                "`self.training` is False?"
            )


def _stars(
    model: nn.Module, users: list[int], items: list[int], case: str
) -> Tensor:
    try:
        came = called(
            model, torch.tensor(users), torch.tensor(items), case=case
        )
    except NotYetError as missing:
        if "index" not in str(missing).lower():
            raise
        raise NotYetError(
            f"{missing} Has each table a row for everybody, and are the two "
            f"not swapped?"
        ) from None
    wanted = (len(users),)
    if isinstance(came, Tensor) and came.shape != wanted:
        why = {
            (len(users), 1): "Drop the second dimension: `squeeze(1)`.",
            (): "`squeeze()` drops each dimension of 1, the batch as well; "
            "write `squeeze(1)`.",
            (len(users),) * 2: "A column met a row there.",
        }
        raise NotYetError(
            f"for {case} the shape {wanted} is wanted; {tuple(came.shape)} "
            f"came. {why.get(tuple(came.shape), '')}"
        )
    if not isinstance(came, Tensor):
        raise NotYetError(
            f"for {case} a tensor is wanted; {in_short(came)} came."
        )
    return numbers(came, wanted, case=case)


def _reach_each_parameter(model: nn.Module) -> None:
    model.train()
    came = model(torch.tensor([0, 1, 2]), torch.tensor([2, 1, 0]))
    if not came.requires_grad:
        raise NotYetError(
            "no gradient goes back from its answers. Leave out `no_grad`, "
            "`detach` and `item`."
        )
    came.sum().backward()
    for name, part in model.named_parameters():
        if part.numel() and part.grad is None:
            raise NotYetError(
                f"no gradient reaches `{name}`: `forward` does not use it, "
                f"or it is frozen or detached."
            )


@says
def choice_by_interval(choose: object, *, seed: int = 0) -> None:
    """Check a choice between two models, on pairs where it is clear.

    Parameters
    ----------
    choose
        Takes predictions of the newer and of the older model, stars and
        users; answers ``"newer"`` or ``"older"``.
    seed
        Of the stars and the errors.
    """
    for case, wanted, hint, predictions in _contests(seed):
        came = called(choose, *predictions, case=case)
        came = word(came, ("newer", "older"), case=case)
        if came == wanted:
            continue
        interval = paired_bootstrap(*predictions)
        raise NotYetError(
            f'for {case} "{wanted}" is wanted; "{came}" came. Newer minus '
            f"older is {interval}. {hint}"
        )


def _contests(
    seed: int,
) -> list[tuple[str, str, str, tuple[Tensor, Tensor, Tensor, Tensor]]]:
    """Make cases: in words, which model is wanted, why, and what is given."""
    generator = torch.Generator().manual_seed(seed)

    def errors(n: int, sd: float = 1.0) -> Tensor:
        """Draw n errors whose root mean square is the given one."""
        drawn = torch.randn(n, generator=generator)
        return sd * drawn / drawn.square().mean().sqrt()

    def contest(newer: Tensor, older: Tensor, users: Tensor) -> tuple:
        drawn = torch.randint(1, 6, users.shape, generator=generator)
        stars = drawn.float()
        return stars + newer, stars + older, stars, users

    few, many = torch.arange(20) // 2, torch.arange(2_000) // 20
    none, one, n = torch.zeros(20), torch.ones(20), len(many)
    own = 0.4 + 2 * torch.rand(100, generator=generator)[many]
    uneven = own * errors(n)
    # Sixty people with ten ratings each, and one with 1,500.
    fan = (torch.arange(2_100) // 10).clamp(max=60)
    before, after = errors(2_100, 1.3), errors(2_100, 0.9)
    before[fan < 60] /= 1.3
    after[fan < 60] = 1.03 * before[fan < 60]
    ahead = "The interval is below 0, on the newer one's side."
    behind = "The interval leaves out 0, but on the older one's side."
    return [
        (
            "a newer model that is always right, and an older one that is "
            "always a star too high",
            "newer",
            f"{ahead} Below 0 is where the first of the two is better.",
            contest(none, one, few),
        ),
        (
            "a newer model that is always a star too high, and an older one "
            "that is always right",
            "older",
            behind,
            contest(one, none, few),
        ),
        (
            "two models that answer the same",
            "older",
            "It does not leave out 0.",
            contest(one, one, few),
        ),
        (
            "a newer model that is much better",
            "newer",
            ahead,
            contest(errors(n, 0.9), errors(n, 1.1), many),
        ),
        (
            "a newer model that is much worse",
            "older",
            behind,
            contest(errors(n, 1.1), errors(n, 0.9), many),
        ),
        (
            "a newer model that is better by a hair",
            "older",
            "It has 0 inside: other people could turn the order round.",
            contest(errors(n, 0.998), errors(n), many),
        ),
        (
            "a newer model that is a little better for everybody",
            "newer",
            f"{ahead} People differ more than the models do, so read both "
            f"models on the same draw.",
            contest(0.95 * uneven, uneven, many),
        ),
        (
            "a newer model that is better for one person, who has 1,500 of "
            "2,100 ratings, and worse for sixty others",
            "older",
            "It has 0 inside: draw people, each with all their ratings, and "
            "not ratings.",
            contest(after, before, fan),
        ),
    ]


@says
def gain_by_group(gains: object, *, seed: int = 0) -> None:
    """Check gains in RMSE, by how often a film was rated.

    Parameters
    ----------
    gains
        Takes predictions with and without side features, stars, and how
        often the film was rated; answers three gains.
    seed
        Of the ratings.
    """
    generator = torch.Generator().manual_seed(seed)
    stars = torch.tensor([3.0, 3, 4, 2, 5, 1])
    with_side = stars + torch.tensor([1, -1, 0.5, -0.5, -1.5, 1.5])
    without = stars + torch.tensor([2.0, -2, 1, -1, -1, 1])
    times = torch.tensor([0, 0, 1, 9, 10, 200])
    cases = {"the six ratings": (with_side, without, stars, times)}
    for n in (200, 50, 400):
        stars = torch.randint(1, 6, (n,), generator=generator).float()
        told = stars + torch.randn(2, n, generator=generator)
        some = torch.tensor([0, 0, 1, 5, 9, 9, 10, 10, 30, 400])
        times = some.repeat(n // 10)[torch.randperm(n, generator=generator)]
        cases[f"{n} ratings drawn at random"] = (*told, stars, times)
    for case, given in cases.items():
        came = called(gains, *given, case=case)
        came = list(came.values()) if isinstance(came, dict) else came
        right = _gains(*given)
        all_alike = _gains(*given, edges=(0, 0))[2].expand(3)
        mistakes = {
            "The signs are turned round: a gain is the error without, less "
            "the error with.": -right,
            "That is for squared errors; take the root of each mean.": (
                _gains(*given, root=1)
            ),
            "That is for absolute errors.": _gains(*given, power=1, root=1),
            "A film rated 9 times belongs to 1 to 9.": (
                _gains(*given, edges=(1, 9))
            ),
            "A film rated 10 times belongs to 10 and more.": (
                _gains(*given, edges=(1, 11))
            ),
            "Never rated is 0 times; a film rated once belongs to 1 to 9.": (
                _gains(*given, edges=(2, 10))
            ),
            "That is the gain over all ratings; part them first.": all_alike,
            "Those are errors; a gain is a difference of two.": (
                _gains(given[2], *given[1:])
            ),
            "Those are errors, and of the model with side features.": (
                _gains(given[2], given[0], *given[2:])
            ),
            "The groups are turned round: never comes first.": right.flip(0),
        }
        hint = _known(came, mistakes, HALF_A_THOUSANDTH)
        expect(came, right, case=case, tolerance=HALF_A_THOUSANDTH, hint=hint)


def _gains(
    with_side: Tensor,
    without: Tensor,
    stars: Tensor,
    times_rated: Tensor,
    edges: tuple[int, int] = (1, 10),
    power: int = 2,
    root: int = 2,
) -> Tensor:
    """Take the gains of three groups that start at 0 and at the edges."""
    errors = torch.stack([without, with_side]).sub(stars).abs().double()
    group = torch.bucketize(times_rated, torch.tensor(edges), right=True)
    means = [errors[:, group == k].pow(power).mean(dim=1) for k in range(3)]
    before, after = torch.stack(means, dim=1) ** (1 / root)
    return before - after


# ---- An LSTM that listens --------------------------------------------------


@says
def masked_error(answer: object, *, seed: int = 0) -> None:
    """Check a mean that knows what counts: its value and its gradient.

    Parameters
    ----------
    answer
        Takes scores, targets and a mask, three (B, T), and returns the mean
        squared error where the mask is True.
    seed
        Of the cases that are drawn.
    """
    scores = torch.tensor([[1.0, 2.0, 3.0], [4.0, 9.0, 9.0]])
    targets = torch.tensor([[2.0, 2.0, 6.0], [5.0, 0.0, 0.0]])
    mask = torch.tensor([[True, True, True], [True, False, False]])
    errors = "the errors 1, 0 and 3 of one person and 1 of another"
    _hold_masked_error(answer, scores, targets, mask, errors)
    generator = torch.Generator().manual_seed(seed)
    for n_people, n_steps in ((1, 4), (3, 5), (6, 8)):
        shape = n_people, n_steps
        scores, targets = torch.rand(2, *shape, generator=generator) * 5
        mask = torch.rand(shape, generator=generator) < 0.6
        mask[0] = True
        drawn = f"scores of the shape {shape}"
        _hold_masked_error(answer, scores, targets, mask, drawn)


def _hold_masked_error(
    answer: object, scores: Tensor, targets: Tensor, mask: Tensor, case: str
) -> None:
    """Ask for an error and its gradient, with and without spoiled padding."""
    squares, n = (scores - targets).square(), mask.sum()
    kept = squares.where(mask, 0.0)
    of_people = kept.sum(dim=1) / mask.sum(dim=1).clamp(min=1)
    wanted = kept.sum() / n
    mistakes = {
        "That is the sum divided by all B * T steps; padded ones do not "
        "count.": kept.sum() / mask.numel(),
        "That is the mean of the means of the people; take all steps that "
        "count together.": of_people.mean(),
        "That is its root; leave it squared.": wanted.sqrt(),
        "That is the sum; divide it by how many count.": kept.sum(),
        "That is the mean over all steps; look at the mask.": squares.mean(),
        "That is the mean of the absolute errors; square them.": (
            kept.sqrt().sum() / n
        ),
        "That is the mean over what the mask leaves out.": (
            (squares.sum() - kept.sum()) / (~mask).sum().clamp(min=1)
        ),
    }
    got = number(called(answer, scores, targets, mask, case=case), case=case)
    expect(got, wanted, case=case, hint=_mistake(got, mistakes))
    gradient = (2 * (scores - targets) / n).where(mask, 0.0)
    for spoil in (torch.nan, torch.inf):
        for place, name in enumerate(("scores", "targets")):
            pair = [scores, targets]
            pair[place] = pair[place].where(mask, spoil)
            padded = f"{name} that are padded with {spoil}"
            _hold_gradient(answer, *pair, mask, wanted, gradient, padded)


def _hold_gradient(
    answer: Callable[..., object],
    scores: Tensor,
    targets: Tensor,
    mask: Tensor,
    wanted: Tensor,
    gradient: Tensor,
    case: str,
) -> None:
    leaf = scores.clone().requires_grad_()
    loss = called(lambda *rest: answer(leaf, *rest), targets, mask, case=case)
    try:
        expect(loss, wanted, case=case)
    except NotYetError:
        raise NotYetError(
            f"{case} change the error: {in_short(wanted)} is wanted and "
            f"{in_short(loss)} came. NaN times 0 is NaN: pick what counts, "
            f"do not multiply."
        ) from None
    if not (isinstance(loss, Tensor) and loss.requires_grad):
        raise NotYetError(
            f"the value is right, and it has lost its gradient: "
            f"{type(loss).__name__} came. A loss stays a tensor, without "
            f"`.item()`, `float` or `.detach()`."
        )
    loss.sum().backward()
    got = torch.zeros_like(leaf) if leaf.grad is None else leaf.grad
    if not got.isfinite().all():
        raise NotYetError(
            f"for {case} the error is right, and its gradient is not a "
            f"number. `torch.where` after squaring does that: leave the "
            f"padding out before you subtract."
        )
    expect(got, gradient, case=f"the gradient with {case}")


@says
def shifted_by_one(answer: object, *, seed: int = 0) -> None:
    """Check that each step hears the one before it, and no other.

    Parameters
    ----------
    answer
        Takes stars (B, T) and returns those of the step before: (B, T).
    seed
        Of the cases that are drawn.
    """
    cases = [torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 1.5]])]
    generator = torch.Generator().manual_seed(seed)
    for shape in ((1, 4), (4, 1), (3, 6)):
        cases.append(1 + 4 * torch.rand(shape, generator=generator))
    for stars in cases:
        n_people, n_steps = stars.shape
        case = f"stars of the shape {n_people, n_steps}"
        if stars is cases[0]:
            case = f"the stars {in_short(stars)}"
        first, row = torch.zeros(n_people, 1), torch.zeros(1, n_steps)
        wanted = torch.cat([first, stars[:, :-1]], dim=1)
        so_far = stars.cumsum(dim=1) / (1 + torch.arange(n_steps))
        mistakes = {
            "Each step hears its own rating.": stars,
            "That is the other way: each step hears the one after it.": (
                torch.cat([stars[:, 1:], first], dim=1)
            ),
            "What fell off the end came round to the front, and the first "
            "step hears the future: clear it.": stars.roll(1, dims=1),
            "What fell off the end of a history came round into the next "
            "person: shift along dim 1.": stars.roll(1),
            "Each person hears the one in the row above: shift along dim 1, "
            "the steps.": torch.cat([row, stars[:-1]]),
            "A step hears all that came before; it is to hear the one step "
            "before it.": torch.cat([first, so_far[:, :-1]], dim=1),
            "A step hears the sum of all before; it is to hear the one step "
            "before it.": torch.cat(
                [first, stars.cumsum(dim=1)[:, :-1]], dim=1
            ),
        }
        came = called(answer, stars, case=case)
        got = numbers(came, stars.shape, case=case)
        expect(got, wanted, case=case, hint=_mistake(got, mistakes))


_LATE = 880_000_000  # seconds, of a real timestamp


@says
def newest_share(answer: object, *, seed: int = 0) -> None:
    """Check a cut at a moment: what is newest, and no second cut in two.

    Parameters
    ----------
    answer
        Takes timestamps (N,) in any order and a share, and returns flags
        (N,): True for the newest share, with the whole of its first second.
    seed
        Of the cases that are drawn.
    """
    by_hand = torch.tensor([90, 10, 80, 70, 80])
    _hold_cut(answer, by_hand, 0.4, f"the newest 40 % of {by_hand.tolist()}")
    generator = torch.Generator().manual_seed(seed)
    for n, n_seconds, begin in ((8, 60, 0), (24, 9, 100), (40, 400, _LATE)):
        for share in (0.25, 0.5, 0.75):
            seconds = torch.randint(n_seconds, (n,), generator=generator)
            case = f"the newest {100 * share:.0f} % of {n} ratings"
            if begin == _LATE:
                case += " with seconds like 880,000,123"
            _hold_cut(answer, begin + seconds, share, case)


def _hold_cut(answer: object, times: Tensor, share: float, case: str) -> None:
    n, n_test = len(times), round(share * len(times))
    in_order = times.sort().values
    cut, end = in_order[n - n_test], in_order[-1]
    wanted = times >= cut
    rough = times.float()
    since = in_order[0].double() + (1 - share) * (end - in_order[0])
    mistakes = {
        "float32 cannot tell these seconds apart: stay with whole numbers, or "
        "take float64.": rough >= rough.sort().values[n - n_test],
        "True is for what is tested, the newest; it trains on the rest.": (
            ~wanted
        ),
        "That is the oldest share. What is tested is the newest.": (
            times <= in_order[n_test - 1]
        ),
        "That is the end of the file, which is in no order: look at the "
        "timestamps.": torch.arange(n) >= n - n_test,
        "The second of the cut is left to the training part; all of it is to "
        "be tested.": times > cut,
        "That is a share of the time that passed; a share of the ratings is "
        "wanted.": times >= since,
        "The share is that of the test part; you took it for that of the "
        "training part.": times >= in_order[round(share * n)],
    }
    came = called(answer, times, share, case=case)
    got = flags(came, times.shape, case=case)
    if torch.equal(got, wanted):
        return
    hint = _mistake(got, mistakes)
    for second in () if hint else times.unique():
        of_it = got[times == second]
        if of_it.any() and not of_it.all():
            hint = (
                f"Second {second} stands on both sides of the cut: ratings of "
                f"one second stay together."
            )
    expect(got.int(), wanted.int(), case=case, hint=hint)


class _Hearer(nn.Module):
    """A model that answers with what a function makes of its inputs."""

    def __init__(
        self, names: Sequence[str], hear: Callable[[dict], Tensor]
    ) -> None:
        super().__init__()
        self.names, self.hear = names, hear

    def forward(self, *inputs: Tensor, **named: Tensor) -> Tensor:
        """Answer: any number of (B, T) -> (B, T)."""
        return self.hear(dict(zip(self.names, inputs, strict=False)) | named)


@says
def unheard_inputs(answer: object, *, seed: int = 0) -> None:
    """Check a detector of inputs that never change what a model answers.

    Parameters
    ----------
    answer
        Takes a model and its inputs by name, each (B, T), and returns the
        names of those that the model does not hear.
    seed
        Of the models and inputs that are drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    names = ["items", "past_items", "past_ratings"]
    shape = len(names), 4, 8
    # Numbers whose sums are exact, so that a mean is one too.
    drawn = 1 + torch.randint(4096, shape, generator=generator) / 1024
    inputs = dict(zip(names, drawn, strict=True))
    order = torch.randperm(3, generator=generator).tolist()
    one, two, three = (names[place] for place in order)
    only = torch.zeros(4, 8)
    only[2, torch.randint(1, 8, (1,), generator=generator)] = 1.0
    masked = {"mask": only, one: inputs[one], two: inputs[two]}
    for words, given, hear, unheard in (
        (
            f"a model that adds {one}, {two} and {three}",
            inputs,
            lambda x: x[one] + 2 * x[two] - x[three],
            set(),
        ),
        (
            f"a model that adds {one} and {two}",
            inputs,
            lambda x: x[one] + x[two],
            {three},
        ),
        (
            f"a model that returns {two}",
            inputs,
            lambda x: x[two] * 1.0,
            {one, three},
        ),
        (
            f"a model that hears {three} in its last two steps alone, and "
            f"{one} in all",
            inputs,
            lambda x: x[one] + x[three] * (torch.arange(8) > 5),
            {two},
        ),
        (
            f"a model that hears {one} only where the mask is 1",
            masked,
            lambda x: x[one].where(x["mask"] == 1, 0.0),
            {two},
        ),
        (
            f"a model that hears how far {three} is above its mean",
            inputs,
            lambda x: x[three] - x[three].mean(),
            {one, two},
        ),
        (
            f"a model that hears in which step {one} is highest, and {two}",
            inputs,
            lambda x: x[two] + (x[one] == x[one].amax(dim=1, keepdim=True)),
            {three},
        ),
    ):
        model = _Hearer(list(given), hear)
        came = called(answer, model, given, case=words)
        _hold_names(came, set(given), unheard, words)


def _hold_names(
    came: object, known: set[str], wanted: set[str], case: str
) -> None:
    """Hold names of inputs against those that are wanted."""
    listed = isinstance(came, list | tuple | set | frozenset | type({}.keys()))
    if not listed or not all(isinstance(name, str) for name in came):
        raise NotYetError(
            f"for {case} a list of names is wanted; {in_short(came)} came."
        )
    told, listing = set(came), ", ".join
    right = listing(sorted(wanted)) or "no name"
    said = listing(sorted(told)) or "no name"
    wrong = told - wanted
    if wrong - known:
        hint = f"It has no input {listing(sorted(wrong - known))}."
    elif wrong and told == known - wanted:
        hint = "These are the ones that it hears."
    elif wrong:
        hint = (
            f"It does hear {listing(sorted(wrong))}. Put other numbers into "
            f"all of it, and compare all of the answer."
        )
    else:
        hint = "Whatever stands in the others, the answer stays as it was."
    if told != wanted:
        raise NotYetError(f"for {case} {right} is wanted; {said} came. {hint}")


@says
def another_listener(answer: object, *, seed: int = 0) -> None:
    """Check a fit of a GRU: on histories that the check makes up.

    No model that was fitted to anything else can pass: moods turn in them,
    after every second rating. It is judged on people who were kept back.

    Parameters
    ----------
    answer
        Takes examples and the films' factors, and returns a model of the
        final kind that hears by a GRU, fitted to the examples.
    seed
        Of the histories, and of the model's first weights.
    """
    generator = torch.Generator().manual_seed(seed)
    films = 0.3 * torch.randn(40, 16, generator=generator)
    given = _turning_moods(1_000, len(films), generator)
    kept = _turning_moods(200, len(films), generator)
    torch.manual_seed(seed)
    case = "1,000 histories in which moods turn"
    model = called(answer, given, films, case=case)
    _hold_gru(model)
    case = "200 histories that were kept back"
    said = _ask(model, kept, case)
    _hold_heard(model, kept, said)
    for row in (1, 50, len(kept) - 1):
        one = kept.batch(slice(row, row + 1))
        alone = _ask(model, one, "one history alone")
        if (alone[0] - said[row])[kept.mask[row]].abs().max() > 1e-3:
            raise NotYetError(
                "your model answers a history in one way when it is alone, "
                "and in another among others: the GRU runs over people, and "
                "not over time. Say batch_first=True."
            )
    errors = [
        (each - kept.targets)[kept.mask].square().mean().sqrt().item()
        for each in (said, kept.inputs[1])
    ]
    if errors[0] > 0.9 * errors[1]:
        raise NotYetError(
            f"for {case} the error is {errors[0]:.3f}, and that of the base "
            f"alone is {errors[1]:.3f}. Fit the model to the examples that "
            f"your function is given, and to nothing else, for long enough."
        )


def _turning_moods(n: int, n_items: int, generator: Generator) -> Examples:
    """Make up histories: who is above the base twice is below it next."""
    n_steps = 12
    steps = torch.arange(n_steps)
    items = torch.randint(n_items, (n, n_steps), generator=generator)
    lengths = torch.randint(4, n_steps + 1, (n, 1), generator=generator)
    mask = steps < lengths
    base, noise = torch.randn(2, n, n_steps, generator=generator)
    moods = torch.randn(n, 1, generator=generator) * (1 - 2 * (steps // 2 % 2))
    surprises = (moods + 0.3 * noise).where(mask, 0.0)
    items = items.where(mask, n_items)
    base = (3 + 0.5 * base).where(mask, 0.0)
    past = nn.functional.pad(items[:, :-1], (1, 0), value=n_items)
    past_surprises = nn.functional.pad(surprises[:, :-1], (1, 0))
    inputs = items, base, past, past_surprises.where(mask, 0.0)
    return Examples(inputs, base + surprises, mask)


def _hold_gru(model: object) -> None:
    """See that a model holds an nn.GRU, and no nn.LSTM."""
    if not isinstance(model, nn.Module):
        raise NotYetError(
            f"a fitted model is wanted; {in_short(model)} came. Return the "
            f"model itself: what `fit` returns is a record of the fit."
        )
    parts = list(model.modules())
    if any(isinstance(part, nn.LSTM) for part in parts):
        raise NotYetError(
            "your model still holds an nn.LSTM. Put the nn.GRU in its place."
        )
    if not any(isinstance(part, nn.GRU) for part in parts):
        raise NotYetError("your model holds no nn.GRU.")


def _ask(model: nn.Module, asked: Examples, case: str) -> Tensor:
    """Ask a model: (S, T) predictions, float64."""
    said = called(lambda: predict(model, asked.inputs), case=case)
    return numbers(said, asked.targets.shape, case=case)


def _hold_heard(model: nn.Module, asked: Examples, said: Tensor) -> None:
    """Silence the GRU, and see that the answers change."""
    n_calls = 0

    def silence(
        _part: nn.Module, _inputs: object, heard: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        nonlocal n_calls
        n_calls += 1
        return torch.zeros_like(heard[0]), heard[1]

    hooks = [
        part.register_forward_hook(silence)
        for part in model.modules()
        if isinstance(part, nn.GRU)
    ]
    silent = _ask(model, asked, "histories that nobody hears")
    for hook in hooks:
        hook.remove()
    if n_calls == 0:
        raise NotYetError(
            "the nn.GRU is in your model, and nobody asks it. `listen` calls "
            "`self.lstm`: put it there."
        )
    if torch.equal(silent, said):
        raise NotYetError(
            "the nn.GRU is asked, and what it says never reaches the answer. "
            "Is your model fitted? Its last layer begins with zeros."
        )


@says
def told_from_the_end(answer: object, *, seed: int = 0) -> None:
    """Check histories that are turned round: who, when and in what order.

    Parameters
    ----------
    answer
        Takes `Ratings` and returns them with other timestamps.
    seed
        Of the cases that are drawn.
    """
    by_hand = torch.tensor([[0, 0, 1, 0, 1, 0], [10, 20, 30, 20, 70, 50]])
    _hold_turned(answer, _timed(*by_hand), "two people and six ratings")
    generator = torch.Generator().manual_seed(seed)
    for n, n_users, n_seconds in ((12, 2, 90), (40, 5, 30), (60, 4, 900)):
        users = torch.randint(n_users, (n,), generator=generator)
        times = torch.randint(n_seconds, (n,), generator=generator)
        case = f"{n} ratings of {n_users} people"
        _hold_turned(answer, _timed(users, _LATE + times), case)


def _timed(users: Tensor, timestamps: Tensor) -> Ratings:
    """Make ratings of which only people and times matter."""
    n = len(users)
    return Ratings(
        users=users,
        items=torch.arange(n),
        ratings=1.0 + torch.arange(n) % 5,
        timestamps=timestamps,
        user_ids=np.arange(int(users.max()) + 1),
        item_ids=np.arange(n),
        titles=tuple(f"film {row}" for row in range(n)),
    )


def _hold_turned(answer: object, part: Ratings, case: str) -> None:
    times = part.timestamps
    got = _new_times(answer, part, case=case)
    oldest, newest = times.min().item(), times.max().item()
    if got.min() < oldest or got.max() > newest:
        raise NotYetError(
            f"for {case} the times lie between {oldest} and {newest}; yours "
            f"go from {got.min():.0f} to {got.max():.0f}. Mirror the clock, "
            f"so that the oldest moment becomes the newest."
        )
    in_order = times.sort().values
    mistakes = {
        "Nothing is turned.": times,
        "These are the times of the rows from the last to the first; the "
        "file is in no order.": times.flip(0),
        "Sorted times no longer belong to their ratings.": in_order,
        "Times that are sorted from the newest on no longer belong to their "
        "ratings.": in_order.flip(0),
    }
    hint = _mistake(got, mistakes)
    for person in part.users.unique().tolist():
        own = part.users == person
        if not _is_turned(times[own].double(), got[own]):
            raise NotYetError(
                f"for {case} the times {in_short(times[own])} of user "
                f"{person} became {in_short(got[own])}: not turned round. "
                f"{hint}"
            )


def _is_turned(before: Tensor, after: Tensor) -> bool:
    """Say whether all pairs are turned, or all times dealt out from the end.

    A mirrored clock keeps a second together. Who deals out the same times
    from the newest rating back may part the ratings of one second: in what
    order they came, nobody knows.
    """
    was, is_now = ((each[:, None] - each).sign() for each in (before, after))
    dealt = torch.equal(before.sort().values, after.sort().values)
    return torch.equal(is_now, -was) or (
        dealt and bool((was * is_now <= 0).all())
    )


def _new_times(
    answer: object, part: Ratings, *settings: int, case: str
) -> Tensor:
    """Ask for other timestamps: all else must stay."""
    came = called(answer, part, *settings, case=case)
    if not isinstance(came, Ratings):
        raise NotYetError(
            f"for {case} ratings are wanted; {in_short(came)} came. "
            f"`replace(part, timestamps=...)` makes them."
        )
    for name in ("users", "items", "ratings"):
        if not torch.equal(getattr(came, name), getattr(part, name)):
            raise NotYetError(
                f"for {case} the {name} changed. Rows stay where they are; "
                f"change the timestamps alone."
            )
    own = copy.deepcopy(part)
    called(lambda: answer(own, *settings), case=case)
    if not torch.equal(own.timestamps, part.timestamps):
        raise NotYetError(
            f"for {case} your function changes the timestamps that it was "
            f"given. Work on a copy: `part.timestamps.clone()`."
        )
    return numbers(came.timestamps, part.timestamps.shape, case=case)


_HOUR = 3_600  # seconds


@says
def dealt_within_hours(answer: object, *, seed: int = 0) -> None:
    """Check times that are dealt anew: to whom, in which hour, how fairly.

    Parameters
    ----------
    answer
        Takes `Ratings` and a seed, and returns them with other timestamps.
    seed
        Of the cases that are drawn.
    """
    by_hand = torch.tensor(
        [[0, 0, 1, 0, 1, 0, 0], [10, 3700, 20, 30, 40, 3710, 50]]
    )
    part = _timed(*by_hand)
    case = "two people and seven ratings in two hours"
    _hold_dealt(answer, part, case)
    deals = [_new_times(answer, part, each, case=case) for each in range(100)]
    if not torch.equal(_new_times(answer, part, 99, case=case), deals[99]):
        raise NotYetError(
            "the seed 99 gives one deal, and then another. Draw from a "
            "generator of your own: `torch.Generator().manual_seed(seed)`."
        )
    for user, n_orders in ((0, 6), (1, 2)):
        own = (part.users == user) & (part.timestamps < _HOUR)
        n_met = len({tuple(each[own].tolist()) for each in deals})
        if n_met < n_orders:
            raise NotYetError(
                f"for {case} the times {in_short(part.timestamps[own])} of "
                f"one person in one hour can be dealt in {n_orders} orders; "
                f"in 100 deals {n_met} came. Draw every order alike, and "
                f"another one for each seed."
            )
    generator = torch.Generator().manual_seed(seed)
    for n, n_users in ((30, 3), (60, 2)):
        users = torch.randint(n_users, (n,), generator=generator)
        times = torch.randint(4 * _HOUR, (n,), generator=generator)
        case = f"{n} ratings of {n_users} people in five hours"
        _hold_dealt(answer, _timed(users, _LATE + times), case)


def _hold_dealt(answer: object, part: Ratings, case: str) -> None:
    """See that each person keeps the times of each hour, in any order."""
    times = part.timestamps
    got = _new_times(answer, part, 1, case=case)
    for user in part.users.unique().tolist():
        own = part.users == user
        if not _same_times(got[own], times[own]):
            raise NotYetError(
                f"for {case} the times {in_short(times[own])} of user {user} "
                f"became {in_short(got[own])}: these are not all and only "
                f"the times of this person."
            )
        for hour in (times[own] // _HOUR).unique():
            then = own & (times // _HOUR == hour)
            if not _same_times(got[then], times[then]):
                raise NotYetError(
                    f"for {case} the times {in_short(times[then])} of user "
                    f"{user} in one hour became {in_short(got[then])}: the "
                    f"hour is to stay."
                )


def _same_times(one: Tensor, other: Tensor) -> bool:
    return torch.equal(one.sort().values, other.double().sort().values)


@says
def base_out_of_fold(answer: object, *, seed: int = 0) -> None:
    """Check that nothing judges what it was fitted to.

    The models that it hands over remember what they were fitted to, so a
    leak gives stars back as they are.

    Parameters
    ----------
    answer
        Takes ``fit_to`` and flags (N,) of the second half, and returns a base
        (N,). ``fit_to`` takes rows and returns a function of rows.
    seed
        Of the cases that are drawn.
    """
    stars = torch.tensor([5.0, 1.0, 3.0])
    halves = torch.tensor([False, True, False])
    case = "the stars 5, 1, 3, the halves False, True, False and"
    _hold_base(answer, stars, halves, torch.zeros(3), case)
    generator = torch.Generator().manual_seed(seed)
    for n in (5, 12, 31):
        stars, tilt = 1 + 4 * torch.rand(2, n, generator=generator)
        halves = torch.randperm(n, generator=generator) % 2 == 0
        case = f"{n} ratings in two halves and"
        _hold_base(answer, stars, halves, tilt, case)


def _hold_base(
    answer: object, stars: Tensor, halves: Tensor, tilt: Tensor, case: str
) -> None:
    """Hand over models of means, and models that remember."""
    for remembers, kind in (
        (False, "a model of means"),
        (True, "a model that remembers what it was fitted to"),
    ):

        def fit_to(rows: object, remembers: bool = remembers) -> Callable:
            known = _rows(rows, len(stars))
            if not len(known):
                raise NotYetError("`fit_to` got no rows.")
            mean = stars[known].mean()

            def told(asked: object) -> Tensor:
                asked = _rows(asked, len(stars))
                new = mean + tilt[asked]
                old = torch.isin(asked, known) & remembers
                return torch.where(old, stars[asked], new)

            return told

        everything = torch.arange(len(stars))
        first, second = fit_to(~halves), fit_to(halves)
        by_first, by_second = first(everything), second(everything)
        wanted = torch.where(halves, by_first, by_second)
        own = torch.where(halves, by_second, by_first)
        nothing = torch.zeros_like(stars)
        mistakes = {
            "Each half was judged by the model that was fitted to it.": own,
            "One model was fitted to all, and so to what it judges.": (
                fit_to(everything)(everything)
            ),
            "One model judges everything, its own half too.": by_first,
            "One model judges all, its own half too.": by_second,
            "The mean of both models: one of them was fitted to the rating.": (
                (by_first + by_second) / 2
            ),
            "The halves stand one behind the other; bring them back into the "
            "order of the ratings.": torch.cat(
                [wanted[~halves], wanted[halves]]
            ),
            "The halves stand one behind the other, the second one first; "
            "bring them back into the order of the ratings.": torch.cat(
                [wanted[halves], wanted[~halves]]
            ),
            "One half has no base yet.": wanted.where(halves, nothing),
            "The first half is there, the second has no base yet.": (
                nothing.where(halves, wanted)
            ),
        }
        whole = f"{case} {kind}"
        came = called(answer, fit_to, halves, case=whole)
        got = numbers(came, stars.shape, case=whole)
        hint = _mistake(got, mistakes)
        n_leaked = int(((got - stars).abs() < 1e-4).sum())
        if remembers and n_leaked:
            hint = (
                f"{n_leaked} of {len(stars)} get their own stars back: their "
                f"model was fitted to them. {hint}"
            )
        expect(got, wanted, case=whole, hint=hint)


def _rows(rows: object, n: int) -> Tensor:
    """Read row numbers, or one flag a row."""
    rows = torch.as_tensor(rows)
    if rows.dtype == torch.bool and rows.shape == (n,):
        return rows.nonzero().squeeze(1)
    return rows.long()


@says
def mood_average(answer: object, *, seed: int = 0) -> None:
    """Check a damped mean of what was heard, and of nothing else.

    Parameters
    ----------
    answer
        Takes surprises and flags, two (M, K), and a damping above 0, and
        returns (M,).
    seed
        Of the cases that are drawn.
    """
    nan = torch.nan
    surprises = torch.tensor([[1.0, 2.0, nan], [nan, nan, nan]])
    heard = torch.tensor([[True, True, False], [False, False, False]])
    case = "the surprises 1 and 2, nothing else heard, and the damping 3"
    _hold_mood(answer, surprises, heard, 3.0, case)
    generator = torch.Generator().manual_seed(seed)
    for shape, damping in (((2, 3), 1.0), ((5, 8), 4.0), ((1, 6), 0.5)):
        surprises = torch.randn(shape, generator=generator)
        heard = torch.rand(shape, generator=generator) < 0.5
        heard[0] = torch.arange(shape[1]) > 0
        kind = f"surprises of the shape {shape}, damped by {damping:g}, where"
        case = f"{kind} what was not heard is a number too"
        _hold_mood(answer, surprises, heard, damping, case)
        surprises = surprises.where(heard, nan)
        case = f"{kind} what was not heard is NaN"
        _hold_mood(answer, surprises, heard, damping, case)


def _hold_mood(
    answer: object,
    surprises: Tensor,
    heard: Tensor,
    damping: float,
    case: str,
) -> None:
    total, n = surprises.where(heard, 0.0).sum(dim=1), heard.sum(dim=1)
    wanted, n_there = total / (n + damping), (~surprises.isnan()).sum(dim=1)
    mistakes = {
        "That is the plain mean: add the damping to the count.": (
            total / n.clamp(min=1)
        ),
        "Divide by how many were heard and the damping, not by all K.": (
            total / (heard.shape[1] + damping)
        ),
        "Something was added that nobody heard: look at `heard`, for what "
        "was not heard need not be NaN.": surprises.nansum(dim=1)
        / (n_there + damping),
        "What nobody heard was added, and not counted: look at `heard` in "
        "the sum too.": surprises.nansum(dim=1) / (n + damping),
        "The damping belongs to the count: sum / (count + damping).": (
            total / n.clamp(min=1) / (1 + damping)
        ),
        "The damping is added to the count, and not to the sum.": (
            (total + damping) / (n + damping)
        ),
        "The damping is taken off the count; add it.": total / (n - damping),
    }
    came = called(answer, surprises, heard, damping, case=case)
    try:
        got = numbers(came, wanted.shape, case=case)
    except NotYetError as missing:
        if "NaN, not a number," in str(missing):
            raise NotYetError(
                f"{missing} NaN times 0 is NaN, and 0 / 0 is too."
            ) from None
        raise
    expect(got, wanted, case=case, hint=_mistake(got, mistakes))


@says
def known_from(answer: object, *, seed: int = 0) -> None:
    """Check from which rating on a model is ahead, by its intervals.

    Parameters
    ----------
    answer
        Takes how many ratings were heard and both ends of intervals, three
        (G,), and returns the first number from which on all intervals lie
        below 0; -1 where there is none.
    seed
        Of the cases that are drawn.
    """
    heard = torch.tensor([1, 2, 3, 4, 10, 20, 50])
    low = torch.tensor([-0.1, -0.4, -0.1, -0.3, -0.2, -0.4, -0.3])
    high = torch.tensor([0.3, -0.1, 0.2, 0.1, 0.1, -0.2, -0.1])
    _hold_known(answer, heard, low, high)
    generator = torch.Generator().manual_seed(seed)
    for n_ahead in (2, 0, 6, 1, 3):
        steps = torch.randint(1, 9, (6,), generator=generator)
        middle, half = 0.1 + torch.rand(2, 6, generator=generator)
        low, high = -middle - half, middle - half
        is_ahead = torch.arange(6) >= 6 - n_ahead
        high[is_ahead] = low[is_ahead] / 2
        if n_ahead == 3:
            high[:3] = torch.tensor([-0.01, 0.1, 0.0])  # 0 is not below 0
        elif n_ahead < 5:
            high[5 - n_ahead] = 0.1
            high[0] = low[0] / 2
        _hold_known(answer, steps.cumsum(0), low, high)


def _hold_known(
    answer: object, heard: Tensor, low: Tensor, high: Tensor
) -> None:
    """Put intervals to an answer."""
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    ends = ", ".join(f"{one:.2f} to {other:.2f}" for one, other in pairs)
    case = f"the intervals {ends} after {in_short(heard)} ratings"
    below = high < 0
    places = below.nonzero().flatten().tolist()
    start = _start_of_run(below)
    wanted = _at(heard, start)
    touching = _start_of_run(high <= 0)
    mistakes = {
        "It is ahead there, and in a later group it is not: all that follow "
        "must lie below 0.": _at(heard, places[0] if places else -1),
        "The middle of an interval may lie below 0 and the interval not: "
        "look at its upper end.": _at(heard, _start_of_run(low + high < 0)),
        "The lower end lies below 0 there; the upper end must, too.": _at(
            heard, _start_of_run(low < 0)
        ),
        "An interval that ends at 0 does not lie below it.": _at(
            heard, touching
        ),
        "That is where the interval is still not below 0, one group too "
        "early.": _at(heard, start - 1),
        "That is one group too late.": _at(
            heard, start + 1 if 0 <= start < len(heard) - 1 else -1
        ),
        "That is the number of the group; return how many ratings were "
        "heard.": torch.tensor(start),
        "No group is ahead for good there: return -1.": heard[-1],
        "There is such a number.": torch.tensor(-1),
    }
    came = called(answer, heard, low, high, case=case)
    got = number(came, case=case)
    expect(got, wanted, case=case, hint=_mistake(got, mistakes))


def _start_of_run(flags_of: Tensor) -> int:
    """Find where True begins that goes on to the end; -1 for nowhere."""
    n_last = int(flags_of.flip(0).int().cumprod(0).sum())
    return len(flags_of) - n_last if n_last else -1


def _at(heard: Tensor, place: int) -> Tensor:
    return heard[place] if place >= 0 else torch.tensor(-1)


def _mistake(got: Tensor | float, mistakes: Mapping[str, Tensor]) -> str:
    """Find the known mistake that gives what came: its hint, or nothing."""
    got = torch.as_tensor(got, dtype=torch.float64)
    for hint, gives in mistakes.items():
        if got.shape == gives.shape and torch.allclose(
            got, gives.double(), rtol=0, atol=1e-4
        ):
            return hint
    return ""
