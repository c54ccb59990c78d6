"""Checks of "An LSTM that listens"."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Generator, Tensor, nn

from recslib.answers import (
    NotYetError,
    called,
    expect,
    flags,
    in_short,
    known_mistake,
    number,
    numbers,
    says,
)
from recslib.ratings import Ratings
from recslib.training import Examples, predict


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
    expect(got, wanted, case=case, hint=known_mistake(got, mistakes))
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
        expect(got, wanted, case=case, hint=known_mistake(got, mistakes))


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
    hint = known_mistake(got, mistakes)
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
        Takes `recslib.ratings.Ratings` and returns them with other timestamps.
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
    hint = known_mistake(got, mistakes)
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
        Takes `recslib.ratings.Ratings` and a seed, and returns them with other
        timestamps.
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
    for each, deal in enumerate(deals):
        if not torch.equal(_new_times(answer, part, each, case=case), deal):
            raise NotYetError(
                f"the seed {each} gives one deal, and then another. Draw from "
                f"a generator of your own: "
                f"`torch.Generator().manual_seed(seed)`."
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
        hint = known_mistake(got, mistakes)
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
    expect(got, wanted, case=case, hint=known_mistake(got, mistakes))


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
    expect(got, wanted, case=case, hint=known_mistake(got, mistakes))


def _start_of_run(flags_of: Tensor) -> int:
    """Find where True begins that goes on to the end; -1 for nowhere."""
    n_last = int(flags_of.flip(0).int().cumprod(0).sum())
    return len(flags_of) - n_last if n_last else -1


def _at(heard: Tensor, place: int) -> Tensor:
    return heard[place] if place >= 0 else torch.tensor(-1)
