import copy
import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
import torch
from judging import (
    each_of,
    enough,
    hold,
    not_a_number,
    nothing,
    right,
    stops,
    wrong,
)
from torch import nn

from recslib import baselines, checks, movielens, splits
from recslib.evaluation import paired_bootstrap, rmse
from recslib.models import MatrixFactorization
from recslib.recipes import fit_factorization

squared = nn.functional.mse_loss


# ---- The best constant ------------------------------------------------------


def spoils(stars):
    mean = stars.mean().item()
    stars -= mean
    return mean


CONSTANTS = [
    right("mean", lambda s: s.mean()),
    right("sum by len", lambda s: sum(s) / len(s)),
    right("NumPy", lambda s: np.mean(s.numpy())),
    right("statistics", lambda s: statistics.mean(s.tolist())),
    right("rounded to three places", lambda s: round(s.mean().item(), 3)),
    right("one in a list", lambda s: [s.double().mean().item()]),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("no function", "a function is wanted here; 2.9 came", 2.9),
    wrong("median", "the median", lambda s: s.quantile(0.5)),
    wrong("lower median", "is wanted", lambda s: s.median()),
    wrong("middle", "middle of the scale", lambda s: 3.0),
    wrong("rounded", "is wanted; ", lambda s: round(s.mean().item(), 1)),
    wrong("a grid", "is wanted; ", lambda s: round(s.mean().item(), 2)),
    wrong("rms", "root of the mean", lambda s: s.square().mean().sqrt()),
    wrong("a constant", r"\[5, 4\] 4.5 is wanted; 2.9 came", lambda s: 2.9),
    wrong("nobody's mean", "NaN, not a number", lambda s: s[s > 5].mean()),
    wrong("Infinity", "Infinity came out", lambda s: math.inf),
    wrong("the stars", "one number is wanted", lambda s: s),
    wrong("a word", "one number is wanted; '4.5' came", lambda s: "4.5"),
    wrong("spoils", "changes what it was given", spoils),
    wrong("stops", "stops. ZeroDivisionError: by zero", stops),
]


# ---- A damped mean ----------------------------------------------------------

DAMPED_MEANS = [
    right("a tensor", lambda s, m, d: (s.sum() + d * m) / (len(s) + d)),
    right(
        "from the mean",
        lambda s, m, d: m + (s - m).sum().item() / (len(s) + d),
    ),
    right(
        "weights",
        lambda s, m, d: np.average([*s, m], weights=[1] * len(s) + [d]),
    ),
    right(
        "rounded",
        lambda s, m, d: round(float(sum(s) + d * m) / (len(s) + d), 3),
    ),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("NaN", r"for the stars \[5\].*NaN", not_a_number),
    wrong(
        "shares of a mean that is missing",
        "for no stars .*NaN, not a number",
        lambda s, m, d: (len(s) * s.mean() + d * m) / (len(s) + d),
    ),
    wrong(
        "real ones as one",
        "all real ratings together as one",
        lambda s, m, d: ((s.mean() if len(s) else 0) + d * m) / (1 + d),
    ),
    wrong(
        "one imaginary",
        "adds one imaginary rating",
        lambda s, m, d: (s.sum() + m) / (len(s) + d),
    ),
    wrong(
        "whole ratings",
        "rounds `damping`",
        lambda s, m, d: torch.cat([s, torch.full((int(d),), m)]).mean(),
    ),
    wrong(
        "of 0",
        "imaginary ratings of 0",
        lambda s, m, d: s.sum() / (len(s) + d),
    ),
    wrong(
        "plain",
        "the plain mean",
        lambda s, m, d: s.mean() if len(s) else m,
    ),
    wrong(
        "divided by the real ones alone",
        "stops. ZeroDivisionError|is wanted",
        lambda s, m, d: (s.sum().item() + d * m) / len(s),
    ),
    wrong("a word", "one number is wanted", lambda s, m, d: "4"),
]


# ---- What an RMSE is worth --------------------------------------------------


def baseline_errors(train, test, judge=rmse, learn=baselines.damped_biases):
    mean = baselines.global_mean(train).predict(test.users, test.items)
    biases = learn(train).predict(test.users, test.items)
    return judge(mean, test.ratings), judge(biases, test.ratings)


def worded(mean, biases, reported):
    if reported > mean:
        return "worse than the mean"
    return "between" if reported > biases else "ahead of both"


def by_hand(train, test, reported):
    mean = train.ratings.mean()
    users, items = torch.zeros(train.n_users), torch.zeros(train.n_items)
    for _ in range(10):
        for item in range(train.n_items):
            of = train.items == item
            left = train.ratings[of] - mean - users[train.users[of]]
            items[item] = left.sum() / (of.sum() + 3)
        for user in range(train.n_users):
            of = train.users == user
            left = train.ratings[of] - mean - items[train.items[of]]
            users[user] = left.sum() / (of.sum() + 3)
    told = mean + users[test.users] + items[test.items]
    error = (told.clamp(*test.scale) - test.ratings).square().mean().sqrt()
    plain = (mean - test.ratings).square().mean().sqrt()
    return worded(plain, error, reported)


def judged_by(errors):
    return lambda train, test, said: worded(*errors(train, test), said)


def mean_absolute(told, stars):
    return (told - stars).abs().mean().item()


VERDICTS = [
    right("library", judged_by(baseline_errors)),
    right("by hand", by_hand),
    right(
        "capitals",
        lambda *given: f" {judged_by(baseline_errors)(*given).upper()} ",
    ),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("a number", "one of 'worse than", lambda *_: 2),
    wrong(
        "another word", "one of .* is wanted; 'good' came", lambda *_: "good"
    ),
    wrong("always worse", "wanted; 'worse", lambda *_: "worse than the mean"),
    wrong("always between", "The mean has 2.000", lambda *_: "between"),
    wrong("always ahead", "The mean has 2.000", lambda *_: "ahead of both"),
    wrong(
        "judged on train",
        "seem to be judged on `train`",
        judged_by(lambda train, test: baseline_errors(train, train)),
    ),
    wrong(
        "learnt from test",
        "learnt from `test`",
        judged_by(lambda train, test: baseline_errors(test, test)),
    ),
    wrong(
        "no root",
        "Is yours the root",
        judged_by(lambda *parts: np.square(baseline_errors(*parts))),
    ),
    wrong(
        "absolute",
        "not the mean absolute error",
        judged_by(lambda *parts: baseline_errors(*parts, mean_absolute)),
    ),
    wrong(
        "on [0, 1]",
        "Errors are in stars",
        judged_by(lambda *parts: np.divide(baseline_errors(*parts), 4)),
    ),
    wrong(
        "beside the user means",
        "the damped biases",
        judged_by(
            lambda *parts: baseline_errors(*parts, learn=baselines.global_mean)
        ),
    ),
]


# ---- A step of learning -----------------------------------------------------


def step_of(lines):
    """Make a step of the lines of its body."""
    body = "\n".join(f"    {line}" for line in lines.split("\n"))
    names = {"nn": nn, "squared": squared, "torch": torch}
    exec(f"def step(model, optimizer, user, item, target):\n{body}", names)
    return names["step"]


LOSS = "loss = squared(model(user, item), target)\n"
GO = "loss.backward()\noptimizer.step()"
STEPS = [
    right("optimizer, before", step_of(f"{LOSS}optimizer.zero_grad()\n{GO}")),
    right("model, first of all", step_of(f"model.zero_grad()\n{LOSS}{GO}")),
    right("after the step", step_of(f"{LOSS}{GO}\noptimizer.zero_grad()")),
    right(
        "None by hand",
        step_of(
            f"for p in model.parameters():\n    p.grad = None\n{LOSS}{GO}"
        ),
    ),
    right(
        "zeros in place",
        step_of(f"optimizer.zero_grad(set_to_none=False)\n{LOSS}{GO}"),
    ),
    right(
        "by hand",
        step_of(
            f"{LOSS}tables = list(model.parameters())\n"
            "with torch.no_grad():\n"
            "    for p, g in zip(tables, torch.autograd.grad(loss, tables)):\n"
            "        p -= optimizer.param_groups[0]['lr'] * g"
        ),
    ),
    right(
        "returns the loss",
        step_of(f"{LOSS}optimizer.zero_grad()\n{GO}\nreturn loss"),
    ),
    wrong("no function", "a function is wanted", 3),
    wrong("nothing yet", "step 1 does not move", nothing),
    wrong("stops", "step 1 your function stops", stops),
    wrong(
        "as printed",
        "step 2 still carries older gradients",
        step_of(LOSS + GO),
    ),
    wrong(
        "between backward and step",
        "does not move the model. Is the gradient cleared after",
        step_of(
            f"{LOSS}loss.backward()\noptimizer.zero_grad()\noptimizer.step()"
        ),
    ),
    wrong(
        "clears the items alone",
        "older gradients in the table of users",
        step_of(f"{LOSS}model.item_factors.weight.grad = None\n{GO}"),
    ),
    wrong(
        "clears the users alone",
        "older gradients in the table of items",
        step_of(f"{LOSS}model.user_factors.weight.grad = None\n{GO}"),
    ),
    wrong(
        "items alone learn",
        "does not move the table of users",
        step_of(
            f"{LOSS}optimizer.zero_grad()\nloss.backward()\n"
            "model.user_factors.weight.grad = None\noptimizer.step()"
        ),
    ),
    wrong(
        "users alone learn",
        "does not move the table of items",
        step_of(
            f"{LOSS}optimizer.zero_grad()\nloss.backward()\n"
            "model.item_factors.weight.grad = None\noptimizer.step()"
        ),
    ),
    wrong(
        "the same gradient twice",
        "2.00 times as far",
        step_of(f"{LOSS}optimizer.zero_grad()\n{GO}\noptimizer.step()"),
    ),
    wrong(
        "two whole steps",
        "once; it moves the user's row",
        step_of(
            f"for _ in range(2):\n    {LOSS}    optimizer.zero_grad()\n"
            "    loss.backward()\n    optimizer.step()"
        ),
    ),
    wrong(
        "half",
        "0.50 times as far",
        step_of(f"{LOSS}loss = loss / 2\noptimizer.zero_grad()\n{GO}"),
    ),
    wrong("the loss made 0", "not move", step_of(f"{LOSS}loss.zero_()\n{GO}")),
    wrong(
        "no notes",
        "does not require grad",
        step_of(f"with torch.no_grad():\n    {LOSS}{GO}"),
    ),
    wrong(
        "NaN",
        "holds NaN",
        step_of(f"{LOSS}loss = loss / 0 * 0\noptimizer.zero_grad()\n{GO}"),
    ),
]


# ---- A detector -------------------------------------------------------------


class Dots(nn.Module):
    def __init__(self):
        super().__init__()
        self.user_factors = nn.Embedding(2, 3)
        self.item_factors = nn.Embedding(2, 3)

    def forward(self, users, items):
        return (self.user_factors(users) * self.item_factors(items)).sum(1)


RATED = torch.tensor([1]), torch.tensor([1]), torch.tensor([0.5])
OTHER = torch.tensor([0]), torch.tensor([0]), torch.tensor([0.5])


def tables(model):
    return [table.detach().clone() for table in model.parameters()]


def learner(rate=0.01):
    model = Dots()
    return model, torch.optim.SGD(model.parameters(), lr=rate)


def fresh_copy(step):
    """Hold a second step against the first of a model that forgot."""
    model, optimizer = learner()
    step(model, optimizer, *RATED)
    other = copy.deepcopy(model)
    for table in other.parameters():
        table.grad = None
    step(model, optimizer, *RATED)
    step(other, torch.optim.SGD(other.parameters(), lr=0.01), *RATED)
    return not all(map(torch.allclose, tables(model), tables(other)))


def another_row(step):
    """See whether rows move that the second rating says nothing of."""
    model, optimizer = learner()
    step(model, optimizer, *RATED)
    before = tables(model)
    step(model, optimizer, *OTHER)
    return any(
        bool((now[1] != then[1]).any())
        for now, then in zip(tables(model), before, strict=True)
    )


def without_a_rate(step):
    """Let nothing move, and see whether the gradient grows."""
    model, optimizer = learner(rate=0.0)
    seen = []
    optimizer.register_step_pre_hook(
        lambda *_: seen.append(
            [
                torch.zeros(2, 3) if p.grad is None else p.grad.clone()
                for p in model.parameters()
            ]
        )
    )
    for _ in range(2):
        step(model, optimizer, *RATED)
    return np.array(
        any(not torch.allclose(a, b) for a, b in zip(*seen, strict=True))
    )


def left_over(step):
    """Look at what lies there after a step."""
    model, optimizer = learner()
    step(model, optimizer, *RATED)
    return any(
        p.grad is not None and bool(p.grad.any()) for p in model.parameters()
    )


def items_alone(step):
    model, optimizer = learner()
    step(model, optimizer, *RATED)
    before = tables(model)
    step(model, optimizer, *OTHER)
    return bool((tables(model)[1][1] != before[1][1]).any())


def against_its_own(step):
    """Expect that a step is the rate times the gradient of its loss."""
    model, optimizer = learner()
    step(model, optimizer, *RATED)
    start = tables(model)
    loss = squared(model(*RATED[:2]), RATED[2])
    own = torch.autograd.grad(loss, list(model.parameters()))
    step(model, optimizer, *RATED)
    return any(
        not torch.allclose(a - b, 0.01 * g, atol=1e-6)
        for a, b, g in zip(start, tables(model), own, strict=True)
    )


def from_zeros(step):
    model, optimizer = learner()
    for table in model.parameters():
        nn.init.zeros_(table)
    step(model, optimizer, *RATED)
    step(model, optimizer, *RATED)
    return any(bool(table.any()) for table in tables(model))


DETECTORS = [
    right("fresh copy", fresh_copy),
    right("another row", another_row),
    right("no rate", without_a_rate),
    right("1 and 0", lambda step: int(another_row(step))),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("always", "False is wanted; True came", lambda step: True),
    wrong("never", "never clears.*True is wanted", lambda step: False),
    wrong("left over", "is no fault yet", left_over),
    wrong("items alone", "One table is enough", items_alone),
    wrong("against its own", "never moves|How long", against_its_own),
    wrong("from zeros", "never clears.*True is wanted", from_zeros),
    wrong("a word", "True and False are wanted", lambda step: "yes"),
    wrong("a number", "True and False are wanted", lambda step: 0.3),
    wrong("NaN", "True and False are wanted", not_a_number),
    wrong("one a table", "shape", lambda step: [True, False]),
    wrong("stops", "stops. ZeroDivisionError", stops),
]


# ---- A matrix factorization -------------------------------------------------


class Book(nn.Module):
    def __init__(self, n_users, n_items, n_factors, mean):
        super().__init__()
        self.mean = mean
        self.p, self.q = (
            self.table(n, n_factors, 0.1) for n in (n_users, n_items)
        )
        self.b_u, self.b_i = (
            self.table(n, 1, 0.0) for n in (n_users, n_items)
        )

    def table(self, n_rows, n_columns, sd):
        made = nn.Embedding(n_rows, n_columns)
        nn.init.normal_(made.weight, std=sd)
        return made

    def products(self, users, items):
        return (self.p(users) * self.q(items)).sum(dim=1)

    def biases(self, users, items):
        return (self.b_u(users) + self.b_i(items)).squeeze(1)

    def forward(self, users, items):
        biases = self.biases(users, items)
        return self.mean + biases + self.products(users, items)


class Parameters(nn.Module):
    """Plain parameters, biases (N,), the mean a buffer."""

    def __init__(self, n_users, n_items, n_factors, mean):
        super().__init__()
        self.register_buffer("mu", torch.tensor(mean))
        self.users = nn.Parameter(torch.randn(n_users, n_factors))
        self.items = nn.Parameter(torch.randn(n_items, n_factors))
        self.of_users = nn.Parameter(torch.zeros(n_users))
        self.of_items = nn.Parameter(torch.zeros(n_items))

    def forward(self, users, items):
        products = torch.einsum(
            "bf,bf->b", self.users[users], self.items[items]
        )
        return products + self.of_users[users] + self.of_items[items] + self.mu


class LearntMean(Book):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.mean = nn.Parameter(torch.tensor(float(sizes[-1])))


class NoForward(nn.Module):
    def __init__(self, *sizes):
        super().__init__()


class Column(Book):
    def forward(self, users, items):
        return super().forward(users, items)[:, None]


class Table(Book):
    def biases(self, users, items):
        return self.b_u(users) + self.b_i(items)


class NoMean(Book):
    def forward(self, users, items):
        return super().forward(users, items) - self.mean


class OneMean(Book):
    def forward(self, users, items):
        return super().forward(users, items) - self.mean + 3.5


class NoBiases(Book):
    def biases(self, users, items):
        return 0


class UserBiasAlone(Book):
    def biases(self, users, items):
        return self.b_u(users).squeeze(1)


class ItemBiasTwice(Book):
    def biases(self, users, items):
        return super().biases(users, items) + self.b_i(items).squeeze(1)


class MeanOfProducts(Book):
    def products(self, users, items):
        return (self.p(users) * self.q(items)).mean(dim=1)


class SumOfAll(Book):
    def products(self, users, items):
        return (self.p(users) * self.q(items)).sum()


class NoTables(Book):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        del self.b_i
        self.b_i = torch.zeros(sizes[1])

    def biases(self, users, items):
        return self.b_u(users).squeeze(1) + self.b_i[items]


class FromZero(Book):
    def table(self, n_rows, n_columns, sd):
        return super().table(n_rows, n_columns, 0.0)


class CutOff(Book):
    def forward(self, users, items):
        return super().forward(users, items).detach()


class CutOffBiases(Book):
    def biases(self, users, items):
        return super().biases(users, items).detach()


class Infinite(Book):
    def forward(self, users, items):
        return super().forward(users, items) / torch.zeros(len(users))


class TooWide(Book):
    def __init__(self, n_users, n_items, n_factors, mean):
        super().__init__(n_users, n_items, n_factors + 1, mean)


FACTORIZATIONS = [
    right("as in the book", Book),
    right("parameters", Parameters),
    right("learns the mean", LearntMean),
    right("a function that makes one", lambda *sizes: Book(*sizes)),
    wrong("an instance", "stops. TypeError|takes", Book(5, 7, 3, 3.5)),
    wrong("nothing yet", "four tables are wanted.*: none", NoForward),
    wrong("no module", "a module is wanted; 3 came", lambda *sizes: 3),
    wrong("a column", r"shape \(5,\) is wanted; the shape \(5, 1\)", Column),
    wrong("a table", "A column met a row", Table),
    wrong("no mean", "The mean is missing", NoMean),
    wrong("a mean of its own", "handed in", OneMean),
    wrong("no biases", "no gradient reaches the biases of users", NoBiases),
    wrong("no item bias", "reaches the biases of items", UserBiasAlone),
    wrong("an item bias twice", "is wanted", ItemBiasTwice),
    wrong("mean of products", "is a sum, not a mean", MeanOfProducts),
    wrong("sum of all", "is wanted", SumOfAll),
    wrong("not learnt", "four tables are wanted", NoTables),
    wrong("zeros", "Where all factors start at 0", FromZero),
    wrong("detached", "no gradient reaches the tables", CutOff),
    wrong("biases detached", "reaches the biases of users", CutOffBiases),
    wrong("Infinity", "reaches|NaN|Infinity", Infinite),
    wrong("too wide", r"factors \(5, 3\).*: \(5, 4\)", TooWide),
]


# ---- An interval by hand ----------------------------------------------------


def differences(first, second, counts, draws):
    n = counts[draws].sum(dim=1)
    return (first[draws].sum(dim=1) / n).sqrt() - (
        second[draws].sum(dim=1) / n
    ).sqrt()


def by_loop(first, second, counts, draws):
    gaps = []
    for draw in draws:
        n = counts[draw].sum().item()
        errors = [math.sqrt(e[draw].sum().item() / n) for e in (first, second)]
        gaps.append(errors[0] - errors[1])
    gaps.sort()
    return gaps[int(0.025 * len(gaps))], gaps[int(0.975 * len(gaps))]


def by_counts(first, second, counts, draws):
    """Count how often each user comes."""
    times = torch.stack(
        [torch.bincount(d, minlength=len(first)) for d in draws]
    )
    n = times @ counts
    gaps = (times @ first.long() * 0 + times.float() @ first) / n
    gaps = gaps.sqrt() - (times.float() @ second / n).sqrt()
    return np.percentile(gaps.numpy(), [2.5, 97.5])


def middle_of(gaps, low=0.025, high=0.975):
    return gaps.quantile(torch.tensor([low, high]))


def of_each_user(first, second, counts, draws):
    gaps = (first / counts).sqrt() - (second / counts).sqrt()
    return middle_of(gaps[draws].mean(dim=1))


def by_users(first, second, counts, draws):
    gaps = first[draws].mean(dim=1).sqrt() - second[draws].mean(dim=1).sqrt()
    return middle_of(gaps)


def by_all_ratings(first, second, counts, draws):
    n = counts.sum()
    gaps = (first[draws].sum(dim=1) / n).sqrt()
    return middle_of(gaps - (second[draws].sum(dim=1) / n).sqrt())


def no_root(first, second, counts, draws):
    n = counts[draws].sum(dim=1)
    return middle_of((first[draws] - second[draws]).sum(dim=1) / n)


def no_draws(first, second, counts, draws):
    n = counts.sum()
    gap = (first.sum() / n).sqrt() - (second.sum() / n).sqrt()
    return gap, gap


def straight(*given):
    gaps = differences(*given)
    spread = 1.96 * gaps.std(correction=0)
    return gaps.mean() - spread, gaps.mean() + spread


INTERVALS = [
    right("torch", lambda *given: middle_of(differences(*given))),
    right("a loop", by_loop),
    right("NumPy", by_counts),
    right(
        "rounded",
        lambda *given: tuple(round(end, 3) for end in by_loop(*given)),
    ),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("one number", r"shape \(2,\) is wanted", lambda *g: 0.1),
    wrong("all", r"shape \(2,\) is wanted", differences),
    wrong("NaN", "NaN", lambda *given: (math.nan, math.nan)),
    wrong("high first", "Low comes first", lambda *g: by_loop(*g)[::-1]),
    wrong(
        "the other way",
        "first model minus the second",
        lambda a, b, *rest: by_loop(b, a, *rest),
    ),
    wrong("no root", "without the root", no_root),
    wrong("of each user", "mean of the RMSE of each user", of_each_user),
    wrong("by users", "by the number of users", by_users),
    wrong("by all", "divides by all ratings", by_all_ratings),
    wrong("no draws", "no notice of the draws", no_draws),
    wrong(
        "90 %",
        "the middle 90 %",
        lambda *given: middle_of(differences(*given), 0.05, 0.95),
    ),
    wrong(
        "ends",
        "leaves nothing out",
        lambda *given: middle_of(differences(*given), 0.0, 1.0),
    ),
    wrong("straight", "Take the quantiles", straight),
    wrong("stops", "stops. ZeroDivisionError", stops),
]


# ---- Which is better? -------------------------------------------------------


def said_of(low, high):
    if low <= 0 <= high:
        return "neither"
    return "the first" if high < 0 else "the second"


def by_library(first, second, stars, users):
    interval = paired_bootstrap(first, second, stars, users, seed=7)
    return said_of(interval.low, interval.high)


def by_own_draws(first, second, stars, users):
    n = int(users.max()) + 1
    sums = [
        torch.zeros(n).index_add(0, users, (told - stars).square())
        for told in (first, second)
    ]
    draws = torch.randint(n, (2_000, n))
    counts = torch.bincount(users, minlength=n)
    return said_of(*middle_of(differences(*sums, counts, draws)))


def lower_wins(first, second, stars, users):
    ahead = rmse(first, stars) < rmse(second, stars)
    return "the first" if ahead else "the second"


def by_ratings(first, second, stars, users):
    rows = torch.arange(len(stars))
    return by_library(first, second, stars, rows)


def unpaired(first, second, stars, users):
    n = int(users.max()) + 1
    ends = []
    for told in (first, second):
        sums = torch.zeros(n).index_add(0, users, (told - stars).square())
        counts = torch.bincount(users, minlength=n)
        draws = torch.randint(n, (2_000, n))
        errors = (sums[draws].sum(1) / counts[draws].sum(1)).sqrt()
        ends.append(middle_of(errors))
    if ends[0][1] < ends[1][0]:
        return "the first"
    return "the second" if ends[1][1] < ends[0][0] else "neither"


def turned_round(*given):
    other = {"the first": "the second", "the second": "the first"}
    told = by_library(*given)
    return other.get(told, told)


WINNERS = [
    right("library", by_library),
    right("own draws", by_own_draws),
    right("capitals", lambda *given: by_library(*given).title()),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("lower wins", "'neither' is wanted.*0 is within", lower_wins),
    wrong("ratings drawn", "Draw users, each with all", by_ratings),
    wrong("unpaired", "Read both models on the same draw", unpaired),
    wrong("turned round", "smaller error is the better", turned_round),
    wrong("never", "'the first' is wanted", lambda *given: "neither"),
    wrong("a number", "one of 'the first'", lambda *given: 1),
    wrong("a letter", "one of 'the first'.*'A' came", lambda *given: "A"),
    wrong("stops", "stops. ZeroDivisionError", stops),
]


# ---- The bias of one user ---------------------------------------------------


def least_squares(residuals, l2):
    own = math.sqrt(l2 * len(residuals))
    left = torch.cat([torch.ones(len(residuals), 1), torch.tensor([[own]])])
    wanted = torch.cat([residuals, torch.zeros(1)])[:, None]
    return torch.linalg.lstsq(left, wanted).solution


BIASES = [
    right("mean", lambda r, l2: r.mean() / (1 + l2)),
    right("sum", lambda r, l2: sum(r.tolist()) / (len(r) + l2 * len(r))),
    right("lstsq", least_squares),
    right("rounded", lambda r, l2: round(float(r.mean()) / (1 + l2), 3)),
    wrong("nothing yet", "returns nothing", nothing),
    wrong(
        "textbook", "charges `l2` once", lambda r, l2: r.sum() / (len(r) + l2)
    ),
    wrong("plain mean", "That is the mean", lambda r, l2: r.mean()),
    wrong("subtracted", "solve for b", lambda r, l2: r.mean() * (1 - l2)),
    wrong("sum by 1 + l2", "Divide by K", lambda r, l2: r.sum() / (1 + l2)),
    wrong("K is 2", "is wanted", lambda r, l2: r.sum() / 2 / (1 + l2)),
    wrong("2 l2", "That charges twice", lambda r, l2: r.mean() / (1 + 2 * l2)),
    wrong("median", "is wanted", lambda r, l2: r.median() / (1 + l2)),
    wrong("NaN", "NaN, not a number", not_a_number),
    wrong("all", "one number is wanted", lambda r, l2: r / (1 + l2)),
    wrong("no function", "a function is wanted", 0.5),
]


# ---- A list -----------------------------------------------------------------


def log_gain(place):
    return 1 / math.log2(place + 1)


def shared(hits, n_best, gain=log_gain):
    found = sum(gain(p) for p, hit in enumerate(hits, start=1) if hit)
    return found / sum(gain(p) for p in range(1, n_best + 1))


def fits(hits, n_favourites):
    return min(n_favourites, len(hits))


def in_torch(hits, n_favourites):
    gains = 1 / torch.log2(torch.arange(len(hits)) + 2.0)
    best = gains.sort(descending=True).values[:n_favourites].sum()
    return gains[torch.tensor(hits)].sum() / best


def older(place):
    return 1 if place == 1 else 1 / math.log2(place)


def numpy_of_found(hits, n_favourites):
    gains, hit = 1 / np.log2(np.arange(len(hits)) + 2), np.array(hits, float)
    with np.errstate(invalid="ignore"):
        return (gains * hit).sum() / gains[: int(hit.sum())].sum()


LISTS = [
    right("by hand", lambda h, n: shared(h, fits(h, n))),
    right(
        "natural logarithm",
        lambda h, n: shared(h, fits(h, n), lambda p: 1 / math.log(p + 1)),
    ),
    right("torch", in_torch),
    right("rounded", lambda h, n: round(shared(h, fits(h, n)), 3)),
    wrong("nothing yet", "returns nothing", nothing),
    wrong(
        "1 by place",
        "not 1 / p",
        lambda h, n: shared(h, fits(h, n), lambda p: 1 / p),
    ),
    wrong("not cut", "no room for all favourites", shared),
    wrong(
        "those found",
        "not only those that were found",
        lambda h, n: shared(h, max(sum(h), 1)),
    ),
    wrong("those found, in NumPy", r"\[0, 0, 0\].*NaN", numpy_of_found),
    wrong(
        "older gain", "places start", lambda h, n: shared(h, fits(h, n), older)
    ),
    wrong("precision", "That is precision", lambda h, n: sum(h) / len(h)),
    wrong("recall", "That is recall", lambda h, n: sum(h) / n),
    wrong("not divided", "That is the gain", lambda h, n: shared(h, 1)),
    wrong("NaN", "NaN", not_a_number),
    wrong("a list", "one number is wanted", lambda h, n: [0.5, 0.5]),
    wrong("a spoilt list", "changes what", lambda h, n: h.clear() or 0.5),
]

TABLES = {
    checks.best_constant: CONSTANTS,
    checks.damped_mean: DAMPED_MEANS,
    checks.verdict: VERDICTS,
    checks.learning_step: STEPS,
    checks.carries_over: DETECTORS,
    checks.factorization: FACTORIZATIONS,
    checks.bootstrap_interval: INTERVALS,
    checks.better_model: WINNERS,
    checks.user_bias: BIASES,
    checks.ndcg: LISTS,
}


@pytest.mark.parametrize(("check", "answer"), list(each_of(TABLES)))
def test_each_answer_gets_what_it_deserves(check, answer):
    hold(check, answer)


def test_each_table_holds_enough():
    enough(TABLES)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("check", TABLES, ids=lambda check: check.__name__)
def test_right_answers_pass_whatever_the_seed(check, seed):
    for answer in TABLES[check]:
        if not answer.hint:
            assert check(*answer.given, seed=seed) == "Pass.", answer.label


@pytest.mark.parametrize("check", TABLES, ids=lambda check: check.__name__)
def test_wrong_answers_do_not_pass_with_another_seed(check):
    for answer in TABLES[check]:
        if answer.hint:
            said = check(*answer.given, seed=1)
            assert said.startswith("Not yet: "), answer.label


# ---- A small model ----------------------------------------------------------


@pytest.fixture(scope="module")
def chosen_on():
    made = movielens.synthetic(150, 200, 12_000, n_factors=3).ratings
    split = splits.random_split(made, 0.2, 0)
    return splits.carve_validation(split, share=0.1, seed=0)


class Tuned(nn.Module):
    """Answers what the library's model does, and a bit of it wrong."""

    def __init__(self, train, wanted=None):
        super().__init__()
        self.model = fit_factorization(train, 3, n_epochs=1)
        self.wanted = wanted or (lambda stars: stars)

    def forward(self, users, items):
        return self.wanted(self.model(users, items))


def unfitted(train):
    return MatrixFactorization(train.n_users, train.n_items, 3, 3.0)


def small(n_factors, **settings):
    return lambda train: fit_factorization(train, n_factors, **settings)


SMALL = [
    right("three", small(3, n_epochs=60)),
    right("eight", small(8, n_epochs=60, seed=5)),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("a number", "a function is wanted here; 4 came", 4),
    wrong("a number of factors", "a fitted model is wanted; 4", lambda t: 4),
    wrong(
        "the final one",
        "45,150 parameters; stay below 9,030",
        small(128, n_epochs=1),
    ),
    wrong("too large", "stay below", small(30, n_epochs=1)),
    wrong("not fitted", "Is it fitted", unfitted),
    wrong("no factors", "more factors|Is it fitted", small(0, n_epochs=20)),
    wrong("one factor", "room for more factors", small(1, n_epochs=60)),
    wrong("NaN", "NaN", lambda t: Tuned(t, lambda stars: stars * math.nan)),
    wrong(
        "column", r"shape", lambda t: Tuned(t, lambda stars: stars[:, None])
    ),
    wrong("one epoch", "Is it fitted", small(3, n_epochs=1)),
    wrong("a spoilt batch", "stops", lambda t: Tuned(t, stops)),
]


@pytest.mark.parametrize("answer", SMALL, ids=lambda answer: answer.label)
def test_each_small_model_gets_what_it_deserves(answer, chosen_on):
    hold(
        checks.small_factorization,
        replace(answer, given=(*answer.given, chosen_on)),
    )


# Apart, for each answer is fitted to a split of its own.
SLOW_TABLES = {checks.small_factorization: SMALL}


def test_the_table_of_small_models_holds_enough():
    enough(SLOW_TABLES)


def test_a_model_that_has_seen_the_held_out_ratings_does_not_pass(chosen_on):
    both, _ = splits.join(chosen_on.train, chosen_on.validation)
    for seen in (both, chosen_on.validation):
        said = checks.small_factorization(
            lambda _, seen=seen: fit_factorization(seen, 8, n_epochs=20),
            chosen_on,
        )
        assert "numbers users and films anew" in " ".join(said.split())


def test_a_quick_run_leaves_the_comparison_out(chosen_on):
    said = checks.small_factorization(unfitted, chosen_on, quick=True)
    assert said == "Pass."
    said = checks.small_factorization(
        small(128, n_epochs=1), chosen_on, quick=True
    )
    assert said.startswith("Not yet: your model has")


@pytest.mark.slow
@pytest.mark.data
def test_one_factor_is_too_few_for_people_and_eight_are_enough(ml_100k):
    fold = splits.published_folds(ml_100k)[0]
    split = splits.carve_validation(fold, share=0.1, seed=0)
    check = checks.small_factorization
    assert check(small(8), split) == "Pass."
    assert "more factors" in check(small(1), split)
