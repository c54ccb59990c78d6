import math

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

from recslib import checks

squared = nn.functional.mse_loss


# ---- A column and a row -----------------------------------------------------


def spoils(column, row):
    column -= row[:, None]
    return column.square().mean()


ERRORS = [
    right("squeeze", lambda c, r: (c.squeeze(1) - r).square().mean()),
    right("row upright", lambda c, r: squared(c, r[:, None]).item()),
    right("flatten", lambda c, r: sum((c.flatten() - r) ** 2) / len(r)),
    right("NumPy", lambda c, r: np.mean((c.numpy()[:, 0] - r.numpy()) ** 2)),
    right(
        "a loop",
        lambda c, r: (
            sum((a - b) ** 2 for a, b in zip(c[:, 0], r, strict=True)) / len(r)
        ),
    ),
    right(
        "rounded",
        lambda c, r: round((c[:, 0] - r).square().mean().item(), 3),
    ),
    wrong("nothing yet", r"\[\[4\], \[1\]\].*returns nothing", nothing),
    wrong("no function", "a function is wanted here; 1 came", 1.0),
    wrong(
        "every pair",
        "a column minus a row is a table",
        lambda c, r: (c - r).square().mean(),
    ),
    wrong("root", "its root", lambda c, r: squared(c.squeeze(1), r).sqrt()),
    wrong(
        "sum", "the sum. Take the", lambda c, r: (c[:, 0] - r).square().sum()
    ),
    wrong(
        "absolute", "absolute error", lambda c, r: (c[:, 0] - r).abs().mean()
    ),
    wrong("difference", "Square first", lambda c, r: (c[:, 0] - r).mean()),
    wrong(
        "square of the mean",
        "Square first",
        lambda c, r: (c[:, 0] - r).mean() ** 2,
    ),
    wrong(
        "all of them",
        "one number is wanted",
        lambda c, r: (c[:, 0] - r).square(),
    ),
    wrong("NaN", "NaN, not a number", not_a_number),
    wrong("a word", "one number is wanted; '1' came", lambda c, r: "1"),
    wrong("spoils", "changes what it was given", spoils),
    wrong("stops", "stops. ZeroDivisionError: by zero", stops),
    wrong("always 1", "6.6667 is wanted; 1 came", lambda c, r: 1.0),
]


# ---- Guesses for one user ---------------------------------------------------

GUESSES = [
    right(
        "looked up",
        lambda p, q, u, f: (p(torch.tensor([u])) * q(f)).sum(dim=1),
    ),
    right("weights", lambda p, q, u, f: q.weight[f] @ p.weight[u]),
    right(
        "NumPy",
        lambda p, q, u, f: (
            q.weight.detach().numpy()[f.numpy()] @ p.weight.detach().numpy()[u]
        ),
    ),
    right(
        "a list",
        lambda p, q, u, f: [
            (p.weight[u] @ q.weight[film]).item() for film in f
        ],
    ),
    right("whole table", lambda p, q, u, f: (p.weight @ q.weight.T)[u, f]),
    wrong("nothing yet", "user 2 and films.*returns nothing", nothing),
    wrong(
        "upright",
        r"the shape \(3,\) is wanted; \(3, 1\) came",
        lambda p, q, u, f: q.weight[f] @ p.weight[u][:, None],
    ),
    wrong(
        "not added up",
        r"the shape \(3,\) is wanted; \(3, 2\) came",
        lambda p, q, u, f: p.weight[u] * q.weight[f],
    ),
    wrong(
        "along a column",
        "shape|Add up a film's row",
        lambda p, q, u, f: (p.weight[u] * q.weight[f]).sum(dim=0),
    ),
    wrong(
        "mean",
        "mean of the products",
        lambda p, q, u, f: (p.weight[u] * q.weight[f]).mean(dim=1),
    ),
    wrong(
        "all films",
        "shape",
        lambda p, q, u, f: q.weight @ p.weight[u],
    ),
    wrong(
        "tables swapped",
        "stops. IndexError|is wanted",
        lambda p, q, u, f: p.weight[f] @ q.weight[u],
    ),
    wrong(
        "an int into a table",
        "stops. TypeError",
        lambda p, q, u, f: (p(u) * q(f)).sum(dim=1),
    ),
    wrong("NaN", "NaN", lambda p, q, u, f: torch.full((len(f),), math.nan)),
    wrong("words", "numbers of the shape", lambda p, q, u, f: ["4", "5"]),
    wrong("no function", "a function is wanted", [4.0, 5.0, 11.0]),
]


# ---- A module ---------------------------------------------------------------


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.taste = nn.Parameter(torch.tensor(0.0))
        self.bias = nn.Parameter(torch.tensor(0.0))

    def forward(self, loudness):
        return self.taste * loudness + self.bias


class OfOne(Own):
    def __init__(self):
        super().__init__()
        self.taste = nn.Parameter(torch.zeros(1))
        self.bias = nn.Parameter(torch.zeros(1, dtype=torch.float64))


class NothingYet(nn.Module):
    def forward(self, loudness): ...


class NoForward(Own):
    def forward(self, loudness): ...


class NoSuper(nn.Module):
    def __init__(self):
        self.taste = nn.Parameter(torch.tensor(0.0))


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.taste = nn.Parameter(torch.tensor(0.0))
        self.bias = torch.tensor(0.0)

    def forward(self, loudness):
        return self.taste * loudness + self.bias


class Linear(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, loudness):
        return self.layer(loudness[:, None]).squeeze(1)


class FromOne(Own):
    def __init__(self):
        super().__init__()
        self.taste = nn.Parameter(torch.tensor(1.0))


class NoBias(Own):
    def forward(self, loudness):
        return self.taste * loudness


class BiasFirst(Own):
    def forward(self, loudness):
        return self.taste * (loudness + self.bias)


class Detached(Own):
    def forward(self, loudness):
        return super().forward(loudness).detach()


class TasteCutOff(Own):
    def forward(self, loudness):
        return self.taste.item() * loudness + self.bias


class Upright(Own):
    def forward(self, loudness):
        return super().forward(loudness)[:, None]


class Spoils(Own):
    def forward(self, loudness):
        return loudness.mul_(self.taste.detach()) + self.bias


class NotANumber(Own):
    def forward(self, loudness):
        return super().forward(loudness) * math.nan


MODULES = [
    right("as the text has it", Own),
    right("one number each", OfOne),
    right("a function that makes one", lambda: Own()),
    wrong("nothing yet", "taste and bias; none came", NothingYet),
    wrong("no forward", "loudness .* returns nothing", NoForward),
    wrong("an instance", "stops. TypeError", Own()),
    wrong("no module", "a class of modules is wanted", lambda: 3),
    wrong("no super", "stops. AttributeError: cannot assign", NoSuper),
    wrong("a plain tensor", "A plain bias is not on the list", Plain),
    wrong("a layer", "layer.weight and layer.bias came", Linear),
    wrong("from one", "the first taste 0 is wanted; 1 came", FromOne),
    wrong("no bias", "The bias is missing", NoBias),
    wrong("bias first", "Multiply first", BiasFirst),
    wrong("detached", "no gradient comes back", Detached),
    wrong("taste cut off", "no gradient reaches the taste", TasteCutOff),
    wrong("upright", "the shape", Upright),
    wrong("spoils", "changes what it was given", Spoils),
    wrong("NaN", "NaN", NotANumber),
]


# ---- One step ---------------------------------------------------------------


def slope(guess, given):
    return (2 * (guess - given)).mean().item()


def by_autograd(guess, given, rate):
    start = torch.tensor(guess, requires_grad=True)
    squared(start.expand(len(given)), given).backward()
    return start - rate * start.grad


NEXT_GUESSES = [
    right("by hand", lambda g, s, r: g - r * slope(g, s)),
    right("mean", lambda g, s, r: g + 2 * r * (s.mean() - g)),
    right("autograd", by_autograd),
    right("rounded", lambda g, s, r: round(g - r * slope(g, s), 3)),
    right("in a tensor", lambda g, s, r: torch.tensor([g - r * slope(g, s)])),
    wrong("nothing yet", "returns nothing", nothing),
    wrong("along", "not along it", lambda g, s, r: g + r * slope(g, s)),
    wrong("no 2", "has a 2", lambda g, s, r: g - r * (g - s).mean().item()),
    wrong(
        "the sum",
        "steps by the sum",
        lambda g, s, r: g - r * (2 * (g - s)).sum(),
    ),
    wrong("no rate", "rate is missing", lambda g, s, r: g - slope(g, s)),
    wrong("gradient", "the gradient", lambda g, s, r: slope(g, s)),
    wrong("step", "Add it to", lambda g, s, r: -r * slope(g, s)),
    wrong("step back", "Take it from", lambda g, s, r: r * slope(g, s)),
    wrong("the end", "many steps end", lambda g, s, r: s.mean()),
    wrong("each", "one number", lambda g, s, r: g - r * 2 * (g - s)),
    wrong("NaN", "NaN", not_a_number),
    wrong("always", "2.5 is wanted; 3.1 came", lambda g, s, r: 3.1),
    wrong("no function", "a function is wanted", 3.1),
]


# ---- Three loops ------------------------------------------------------------

LOUDNESS, GIVEN = torch.tensor([1.0, 2.0]), torch.tensor([2.0, 4.0])


def loop_a(model, optimizer):
    for _ in range(3):
        squared(model(LOUDNESS), GIVEN).backward()
        optimizer.zero_grad()
        optimizer.step()


def loop_b(model, optimizer):
    for _ in range(3):
        squared(model(LOUDNESS), GIVEN).backward()
        optimizer.step()
        optimizer.zero_grad()


def loop_c(model, optimizer):
    optimizer.zero_grad()
    for _ in range(3):
        squared(model(LOUDNESS), GIVEN).backward()
        optimizer.step()


LOOPS = [loop_a, loop_b, loop_c]
WORDS = ["stands still", "clears", "adds up"]
PATH = r"\[1.0, 1.0, 1.0\] came"
SAID = [
    right("a list", WORDS, LOOPS),
    right("a tuple", tuple(WORDS), LOOPS),
    right("NumPy", np.array(WORDS), LOOPS),
    right("capitals", [f" {word.title()} " for word in WORDS], LOOPS),
    right("other loops", WORDS[::-1], LOOPS[::-1]),
    wrong("nothing yet", "loop A one of 'clears'", [None] * 3, LOOPS),
    wrong("None", "a list of three words is wanted; None", None, LOOPS),
    wrong("two", "a list of three words is wanted", WORDS[:2], LOOPS),
    wrong("one text", "a list of three words", ", ".join(WORDS), LOOPS),
    wrong("numbers", "one of 'clears'", [1, 2, 3], LOOPS),
    wrong("another word", "one of.*'stops' came", ["stops"] * 3, LOOPS),
    wrong(
        "A clears", f"loop A, if it clears, .*{PATH}", ["clears"] * 3, LOOPS
    ),
    wrong("A adds", f"loop A, if it adds up, .*{PATH}", WORDS[::-1], LOOPS),
    wrong("B still", "loop B, if it stands", [WORDS[0]] * 3, LOOPS),
    wrong("B adds", "loop B.*1.875", [WORDS[0], *WORDS[:0:-1]], LOOPS),
    wrong("C clears", "loop C.*2.875", [*WORDS[:2], "clears"], LOOPS),
    wrong("a loop stops", "loop A your function stops", WORDS, [stops] * 3),
    wrong("no loop", "a function is wanted", WORDS, [None] * 3),
]


# ---- The loop ---------------------------------------------------------------


def loop_of(
    lines="optimizer.zero_grad()\nloss.backward()\noptimizer.step()",
    rows="torch.randperm(len(given)).split(batch_size)",
    epoch="pass",
    start="torch.manual_seed(seed)",
    loss="squared(model(loudness[rows]), given[rows])",
    end="pass",
):
    """Make a training loop of its parts."""
    inner = lines.replace("\n", "\n            ")
    code = f"""
def fit(model, loudness, given, rate, n_epochs, batch_size, seed):
    {start}
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(n_epochs):
        {epoch}
        for rows in {rows}:
            loss = {loss}
            {inner}
    {end}
"""
    names = {"torch": torch, "squared": squared, "nn": nn}
    exec(code, names)
    return names["fit"]


def by_loader(model, loudness, given, rate, n_epochs, batch_size, seed):
    torch.manual_seed(seed)
    rows = torch.utils.data.TensorDataset(loudness, given)
    batches = torch.utils.data.DataLoader(rows, batch_size, shuffle=True)
    for _ in range(n_epochs):
        for loud, stars in batches:
            model.zero_grad()
            squared(model(loud), stars).backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= rate * parameter.grad


def by_numpy(model, loudness, given, rate, n_epochs, batch_size, seed):
    chance = np.random.default_rng(seed)
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(n_epochs):
        order = chance.permutation(len(given))
        for at in range(0, len(given), batch_size):
            rows = order[at : at + batch_size]
            optimizer.zero_grad()
            loss = (model(loudness[rows]) - given[rows]).square().mean()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            model(loudness)
    return model


FITS = [
    right("as the solution has it", loop_of()),
    right(
        "cleared after",
        loop_of("loss.backward()\noptimizer.step()\noptimizer.zero_grad()"),
    ),
    right("a loader", by_loader),
    right("NumPy", by_numpy),
    right(
        "a generator",
        loop_of(
            start="chance = torch.Generator().manual_seed(seed)",
            rows="torch.randperm(len(given), generator=chance).split("
            "batch_size)",
        ),
    ),
    wrong(
        "nothing yet", r"batches of the sizes \[4, 4, 2.*\[\] came", nothing
    ),
    wrong("no function", "a function is wanted", 3),
    wrong("stops", "stops. ZeroDivisionError", stops),
    wrong(
        "never cleared",
        "never cleared",
        loop_of("loss.backward()\noptimizer.step()"),
    ),
    wrong(
        "cleared too early",
        "never moves",
        loop_of("loss.backward()\noptimizer.zero_grad()\noptimizer.step()"),
    ),
    wrong("no step", "never moves", loop_of("loss.backward()")),
    wrong(
        "in order",
        "in order. Shuffle",
        loop_of(rows="torch.arange(len(given)).split(batch_size)"),
    ),
    wrong(
        "shuffled once",
        "the same order. Shuffle before each",
        loop_of(
            start="torch.manual_seed(seed); n = len(given)",
            rows="order.split(batch_size)",
            epoch="order = order if _ else torch.randperm(n)",
        ),
    ),
    wrong(
        "seed in each epoch",
        "set the seed once",
        loop_of(epoch="torch.manual_seed(seed)"),
    ),
    wrong("no seed", "same seed. Set it", loop_of(start="pass")),
    wrong(
        "a seed of its own",
        "Use the seed that is handed in",
        loop_of(start="torch.manual_seed(0)"),
    ),
    wrong(
        "last batch left out",
        "may be short. Take it",
        loop_of(
            rows="[r for r in torch.randperm(len(given)).split(batch_size)"
            " if len(r) == batch_size]"
        ),
    ),
    wrong(
        "all at once",
        "Cut the films into batches",
        loop_of(rows="[torch.randperm(len(given))]"),
    ),
    wrong(
        "one epoch",
        "Take every epoch",
        loop_of(start="torch.manual_seed(seed); n_epochs = 1"),
    ),
    wrong(
        "drawn with replacement",
        "every film once",
        loop_of(
            rows="torch.randint(len(given), (len(given),)).split(batch_size)"
        ),
    ),
    wrong(
        "summed",
        "sum of the squared errors",
        loop_of(
            loss="squared(model(loudness[rows]), given[rows], reduction='sum')"
        ),
    ),
    wrong(
        "another rate",
        "the taste in the end, .* is wanted",
        loop_of(start="torch.manual_seed(seed); rate = 0.05"),
    ),
    wrong(
        "given not shuffled along",
        "the taste in the end, .* is wanted",
        loop_of(loss="squared(model(loudness[rows]), given[: len(rows)])"),
    ),
    wrong(
        "NaN",
        "NaN",
        loop_of("(loss * float('nan')).backward()\noptimizer.step()"),
    ),
    wrong("spoils", "changes what it was given", loop_of(end="given.zero_()")),
]

TABLES = {
    checks.column_error: ERRORS,
    checks.guesses_for_user: GUESSES,
    checks.taste_and_bias: MODULES,
    checks.step_by_hand: NEXT_GUESSES,
    checks.three_loops: SAID,
    checks.training_loop: FITS,
}
DRAWN = [check for check in TABLES if check is not checks.three_loops]


@pytest.mark.parametrize(("check", "answer"), list(each_of(TABLES)))
def test_each_answer_gets_what_it_deserves(check, answer):
    hold(check, answer)


def test_each_table_holds_enough():
    enough(TABLES)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("check", DRAWN, ids=lambda check: check.__name__)
def test_answers_are_judged_alike_whatever_the_seed(check, seed):
    for answer in TABLES[check]:
        said = check(*answer.given, seed=seed)
        assert (said == "Pass.") == (not answer.hint), answer.label
