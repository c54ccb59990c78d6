"""Checks of "PyTorch in twenty minutes"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from recslib.answers import (
    THREE_PLACES,
    NotYetError,
    acted,
    called,
    drawn_integer,
    drawn_number,
    drawn_stars,
    expect,
    in_short,
    known_mistake,
    number,
    numbers,
    says,
    word,
)


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
        guessed = [drawn_number(chance, 1, 5) for _ in range(n)]
        asked.append((guessed, drawn_stars(chance, n).tolist()))
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
        hint = known_mistake(came, mistakes)
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


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
        films = [drawn_integer(chance, 6) for _ in range(n_factors)]
        user = drawn_integer(chance, 5)
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
        hint = known_mistake(came, mistakes)
        wanted = products.sum(dim=1)
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


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
        taste, bias = (drawn_number(chance, -2, 3) for _ in "ab")
        loud = [drawn_number(chance, 0, 3) for _ in range(n)]
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
        hint = known_mistake(came, mistakes)
        wanted = taste * loudness + bias
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)
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
        expect(came, gradient, case=of, tolerance=THREE_PLACES)


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
        starred = drawn_stars(chance, n).tolist()
        rate = drawn_number(chance, 0.05, 0.4)
        asked.append((drawn_number(chance, 1, 5), starred, rate))
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
        hint = known_mistake(came, mistakes)
        wanted = guess - rate * gradient
        expect(came, wanted, case=case, tolerance=THREE_PLACES, hint=hint)


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
    acted(loop, model, optimizer, case=f"loop {name}")
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
            given = drawn_stars(chance, n)
            stars = in_short(given)
        rate, own = 0.1, drawn_integer(chance, 1_000)
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
        hint = known_mistake(taste, mistakes)
        of = f"{case}, the taste in the end, from 0 by SGD at a rate of 0.1,"
        expect(taste, wanted, case=of, tolerance=THREE_PLACES, hint=hint)


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
    acted(fit, model, *copies, seed, case=case)
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
