"""Checks of "A dense network"."""

from __future__ import annotations

import re

import numpy as np
import torch
from torch import Tensor, nn

from recslib.answers import (
    NotYetError,
    called,
    expect,
    in_short,
    known_mistake,
    number,
    numbers,
    says,
    word,
)
from recslib.evaluation import paired_bootstrap, rmse
from recslib.models import DenseNet
from recslib.training import Examples, fit, predict

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
    hint = known_mistake(told, known_rows, HALF_A_THOUSANDTH)
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
    hint = known_mistake(came, known_losses, HALF_A_THOUSANDTH)
    raise NotYetError(
        f"the predictions are right; their loss is not {in_short(came)}. "
        f"{hint or 'Only the second part of the equation is left.'}"
    )


def _in_a_row(came: object) -> object:
    """Drop the dimensions of size 1, such as those of a column."""
    return came.squeeze() if isinstance(came, Tensor | np.ndarray) else came


@says
def parameter_count(count: object, *, seed: int = 0) -> None:
    """Check a count of the parameters of the book's dense network.

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
        expect(came, real, case=case, hint=known_mistake(came, known))


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
    hint = known_mistake(came, known, tolerance)
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
    hint = known_mistake(came, mistakes)
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
        hint = known_mistake(came, mistakes, HALF_A_THOUSANDTH)
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
