"""What the checks of chapter 2 say to answers, right and wrong."""

import math

import numpy as np
import pytest
import torch
from judging import each_of, enough, hold, nothing, right, stops, wrong
from torch import nn

from recslib import checks
from recslib.evaluation import error_by_count, paired_bootstrap
from recslib.models import DenseNet, MatrixFactorization, embedding

NAN = math.nan


# ---- Three shapes ----------------------------------------------------------

SHAPES = [
    right("tuples", [(4,), (4, 4), (3, 5)]),
    right("a number for one dimension", [(4), (4, 4), (3, 5)]),
    right("sizes and lists", [torch.Size([4]), [4, 4], [3, 5]]),
    right("a tuple of all", ((4,), (4, 4), (3, 5))),
    right("text", ["(4,)", "(4, 4)", "[3, 5]"]),
    right("text without brackets", ["4", "4 x 4", "3 x 5"]),
    right("text as PyTorch prints it", ["torch.Size([4])", [4, 4], (3, 5)]),
    right("arrays", [np.array([4]), torch.tensor([4, 4]), np.array([3, 5])]),
    wrong("the stub", "number 1 has no answer", [None, None, None]),
    wrong("the third left out", "number 3 has no answer", [4, [4, 4], None]),
    wrong("nothing", "three shapes are wanted.*None came", None),
    wrong("two of three", r"three shapes.*\(4, 4\)\] came", [(4,), (4, 4)]),
    wrong("a column", r"number 2 is not \(4, 1\)", [4, (4, 1), (3, 5)]),
    wrong("a row", r"2 is not \(4,\).*filled in", [4, (4,), (3, 5)]),
    wrong("turned round", r"3 is not \(5, 3\).*place", [4, (4, 4), (5, 3)]),
    wrong("all of them", r"3 is not \(15,\)", [4, (4, 4), 15]),
    wrong("the slip at once", r"1 is not \(4, 4\)", [(4, 4), (4, 4), (3, 5)]),
    wrong("an error", "number 3.*'error' came", [4, (4, 4), "error"]),
    wrong("NaN", "number 1.*shape is wanted", [NAN, (4, 4), (3, 5)]),
    wrong("half sizes", "number 2.*shape", [4, (4, 4.5), (3, 5)]),
    wrong("a difference", "number 2.*shape", [4, torch.zeros(4, 4), (3, 5)]),
    wrong("a module", "number 3.*shape", [4, (4, 4), torch]),
]


# ---- What the slip asks for ------------------------------------------------

BEST = [0.375] * 4

PAIRS = [
    right("exactly", BEST, 0.171875),
    right("fractions", [3 / 8] * 4, 11 / 64),
    right("rounded", tuple(BEST), 0.172),
    right("a tensor", torch.full((4,), 0.375), torch.tensor(0.171875)),
    right("a column", torch.full((4, 1), 0.375), torch.tensor([0.171875])),
    right("an array", np.full(4, 0.375), np.float64(0.171875)),
    right("the loss's own column", torch.full((1, 4), 0.375), 0.1719),
    wrong("the stub", "give four predictions and one loss", None, None),
    wrong("no loss", "give four", BEST, None),
    wrong("one number", "shape.*0.375 came|shape.*wanted", 0.375, 0.171875),
    wrong("three", r"\(4,\) is wanted; \(3,\)", [0.375] * 3, 0.171875),
    wrong("the targets", "1 should be higher.*targets", [0, 0, 0.5, 1], 0.0),
    wrong("whole numbers", "1 should be higher", [0, 0, 1, 1], 0.2),
    wrong("the median", "higher than 0.25.*median", [0.25] * 4, 0.1875),
    wrong("halfway", "lower than 0.5.*halfway", [0.5] * 4, 0.1875),
    wrong("two places", "lower than 0.38", [0.38] * 4, 0.171875),
    wrong("one is off", "3 should be lower", [0.375, 0.375, 0.4, 0.375], 0.2),
    wrong("a sample's variance", "divides by 3", BEST, 0.229167),
    wrong("a loss of 0", "second part", BEST, 0),
    wrong("the sum over the targets", "the mean", BEST, 0.6875),
    wrong("the sum over all pairs", "16 pairs", BEST, 2.75),
    wrong("the mean square", "take off their squared", BEST, 0.3125),
    wrong("the root", "the root of it", BEST, 0.4146),
    wrong("a wrong loss", "not 0.3. Only the second part", BEST, 0.3),
    wrong("loss with two places", "not 0.17", BEST, 0.17),
    wrong("NaN for predictions", "NaN", [NAN] * 4, 5.0),
    wrong("NaN in a column", "NaN", torch.full((4, 1), NAN), 0.171875),
    wrong("NaN for the loss", "NaN", BEST, NAN),
    wrong("infinity", "Infinity", BEST, math.inf),
    wrong("text", "one number is wanted", BEST, "11/64"),
    wrong("text for predictions", "numbers.*wanted", "0.375", 0.171875),
]


# ---- Count the parameters --------------------------------------------------


def counted(n_users, n_items, n_factors):
    rows = (n_users + n_items) * (n_factors + 1)
    return rows + 64 * 2 * n_factors + 64 + 64 + 1


def made_and_counted(*sizes):
    return sum(p.numel() for p in DenseNet(*sizes, mean=3.5).parameters())


COUNTS = [
    right("arithmetic", counted),
    right("a float", lambda u, i, f: (u + i) * (f + 1.0) + 128 * f + 129),
    right("a tensor", lambda *sizes: torch.tensor(counted(*sizes))),
    right("NumPy", lambda *sizes: np.int64(counted(*sizes))),
    right("a model that is made", made_and_counted),
    wrong("the stub", "returns nothing", nothing),
    wrong(
        "no biases",
        "for 3 users, 4 items and 2 factors 406 is wanted; 399 came. The bias",
        lambda u, i, f: (u + i) * f + 128 * f + 129,
    ),
    wrong(
        "no constants",
        "65 are missing",
        lambda u, i, f: (u + i) * (f + 1) + 128 * f + 64,
    ),
    wrong(
        "no constants of the hidden layer",
        "64 are missing",
        lambda u, i, f: counted(u, i, f) - 64,
    ),
    wrong(
        "no constant of the output",
        "One is missing",
        lambda u, i, f: counted(u, i, f) - 1,
    ),
    wrong(
        "neither biases nor constants",
        "biases are missing, and the constants",
        lambda u, i, f: (u + i) * f + 128 * f + 64,
    ),
    wrong(
        "one row into the hidden layer",
        "both rows",
        lambda u, i, f: (u + i) * (f + 1) + 64 * f + 129,
    ),
    wrong("the network", "network alone", lambda u, i, f: 128 * f + 129),
    wrong(
        "the embeddings",
        "embeddings alone",
        lambda u, i, f: (u + i) * (f + 1),
    ),
    wrong("the factors", "factors alone", lambda u, i, f: (u + i) * f),
    wrong("rows multiplied", "add up", lambda u, i, f: u * i * f),
    wrong("the mean", "handed over", lambda *sizes: counted(*sizes) + 1),
    wrong("the case by heart", "is wanted; 406 came", lambda *_: 406),
    wrong("NaN", "NaN", lambda *_: NAN),
    wrong("text", "one number is wanted", lambda *_: "406"),
    wrong("two numbers", "one number is wanted", lambda *_: (21, 385)),
    wrong("a number", "a function is wanted here; 406 came", 406),
    wrong("an error", "stops. ZeroDivisionError: by zero", stops),
]


# ---- Four hidden numbers that multiply -------------------------------------

HIDDEN = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
OUTPUT = torch.tensor([0.25, 0.25, -0.25, -0.25])
ONE_SIGN = torch.tensor([[1.0, 1.0], [1.0, 1.0], [1.0, -1.0], [1.0, -1.0]])

MULTIPLY = [
    right("as in the solution", HIDDEN, OUTPUT),
    right("whole numbers", HIDDEN.long(), OUTPUT),
    right("lists", HIDDEN.tolist(), OUTPUT.tolist()),
    right("arrays", HIDDEN.numpy(), OUTPUT.numpy()),
    right("float64", HIDDEN.double(), OUTPUT.double()),
    right("halves first", HIDDEN / 2, torch.tensor([1.0, 1, -1, -1])),
    right("a hundred times", HIDDEN * 100, OUTPUT / 10_000),
    right("the weight of a layer", HIDDEN, OUTPUT[None]),
    right("another order", HIDDEN.flip(0), OUTPUT.flip(0)),
    right("three places", HIDDEN * 0.707, torch.tensor([1, 1, -1, -1]) / 2),
    wrong(
        "the stub",
        r"the pair \(1, 1\) 1 is wanted; 0 came. All is 0 so far",
        torch.zeros(4, 2),
        torch.zeros(4),
    ),
    wrong("one sign", "one for each sign", ONE_SIGN, OUTPUT),
    wrong("one sign, twice as much", "each sign", ONE_SIGN, OUTPUT * 2),
    wrong(
        "signs of the output",
        r"the pair \(-1, -1\) 1 is wanted; -1 came",
        HIDDEN,
        torch.tensor([0.25, -0.25, 0.25, -0.25]),
    ),
    wrong("output turned round", "turned round", HIDDEN, -OUTPUT),
    wrong("no quarter", "4 came. That is four times", HIDDEN, OUTPUT * 4),
    wrong("output of 1", "1 is wanted; 4 came", HIDDEN, torch.ones(4)),
    wrong("NaN", "NaN", HIDDEN * NAN, OUTPUT),
    wrong("infinity", "Infinity", HIDDEN, OUTPUT * math.inf),
    wrong("much too large", "came out", HIDDEN * 1e300, OUTPUT),
    wrong("transposed", r"\(4, 2\) is wanted; \(2, 4\)", HIDDEN.T, OUTPUT),
    wrong("three rows", r"\(3, 2\) came", HIDDEN[:3], OUTPUT),
    wrong("three in the output", r"\(3,\) came", HIDDEN, OUTPUT[:3]),
    wrong("nothing", "None came", None, OUTPUT),
    wrong("no output", "output weights.*None came", HIDDEN, None),
]


# ---- A bag of features -----------------------------------------------------


def summed(factors, film):
    return sum(number * factors[name] for name, number in film.items())


def changes_rows(factors, film):
    total = 0
    for name, number in film.items():
        row = factors[name]
        row *= number
        total = total + row
    return total


def adds_into_the_table(factors, film):
    total = None
    for name, number in film.items():
        if total is None:
            total = factors[name]
            total *= number
        else:
            total += number * factors[name]
    return total


def without_numbers(factors, film):
    return sum(factors[name] for name in film)


def parts_of(factors, film):
    return [number * factors[name] for name, number in film.items()]


def above_0(factors, film):
    film = {name: number for name, number in film.items() if number > 0}
    return summed(factors, film) + 0 * factors["year"]


def by_place(factors, film):
    return sum(
        n * row
        for n, row in zip(film.values(), factors.values(), strict=False)
    )


BAG = [
    right("a sum", summed),
    right("a stack", lambda *given: torch.stack(parts_of(*given)).sum(0)),
    right("a list", lambda *given: summed(*given).tolist()),
    right("an array", lambda *given: summed(*given).numpy()),
    right("float64", lambda *given: summed(*given).double()),
    wrong("the stub", "returns nothing", nothing),
    wrong(
        "no numbers",
        r"for the film \{'year': 0.5, 'Drama': 1.0\} \[4, -1\] is wanted; "
        r"\[5, -1\] came. The numbers of the film are left out",
        without_numbers,
    ),
    wrong(
        "the mean",
        "That is the mean",
        lambda factors, film: summed(factors, film) / len(film),
    ),
    wrong("the last", "last feature", lambda *given: parts_of(*given)[-1]),
    wrong("the first", "first feature", lambda *given: parts_of(*given)[0]),
    wrong("above 0 only", "below 0 counts", above_0),
    wrong("by place", "by its name", by_place),
    wrong("the whole table", "Only what", lambda f, _: sum(f.values())),
    wrong(
        "a product",
        "not multiplied",
        lambda *given: math.prod(parts_of(*given)),
    ),
    wrong("rows that change", "changes what it was given", changes_rows),
    wrong("a table that changes", "changes what", adds_into_the_table),
    wrong("NaN", "NaN", lambda *given: summed(*given) * NAN),
    wrong("one number", "shape", lambda *given: summed(*given).sum()),
    wrong("parts", r"\(2,\) is wanted; \(2, 2\)", parts_of),
    wrong("a dictionary", "numbers of the shape", lambda _, film: film),
    wrong("an error", "stops. KeyError", lambda f, film: f["Western"]),
    wrong("no function", "a function is wanted", torch.zeros(3)),
]

# ---- A network of your own -------------------------------------------------


class Network(nn.Module):
    """Right in every part; the others change one of them."""

    sd, n_factors, bend = 1.0, 16, nn.ReLU

    def __init__(self, n_users, n_items):
        super().__init__()
        self.of_users = embedding(n_users, self.n_factors, self.sd)
        self.of_items = embedding(n_items, self.n_factors, self.sd)
        self.hidden = nn.Linear(2 * self.n_factors, 32)
        self.output = nn.Linear(32, 1)

    def side_by_side(self, users, items):
        return torch.cat([self.of_users(users), self.of_items(items)], dim=1)

    def column(self, users, items):
        hidden = self.hidden(self.side_by_side(users, items))
        return self.output(self.bend()(hidden))

    def forward(self, users, items):
        return self.column(users, items).squeeze(1)


class Small(Network):
    sd, n_factors, bend = 0.05, 4, nn.Tanh


class Deep(Network):
    def __init__(self, n_users, n_items):
        super().__init__(n_users, n_items)
        self.hidden = nn.Sequential(
            nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 32)
        )

    def forward(self, users, items):
        return 1 + 4 * torch.sigmoid(self.column(users, items)[:, 0])


class Biased(Network):
    def __init__(self, n_users, n_items):
        super().__init__(n_users, n_items)
        self.user_biases = embedding(n_users, 1, sd=0.0)
        self.item_biases = embedding(n_items, 1, sd=0.0)

    def column(self, users, items):
        biases = self.user_biases(users) + self.item_biases(items)
        return 3 + biases + super().column(users, items)


class Column(Network):
    forward = Network.column


class SqueezesAll(Network):
    def forward(self, users, items):
        return self.column(users, items).squeeze()


class MeetsARow(Biased):
    def forward(self, users, items):
        biases = self.user_biases(users).squeeze(1)
        return (Network.column(self, users, items) + biases).mean(dim=1) + (
            0 * self.item_biases(items).squeeze(1)
        )


class Square(Network):
    def forward(self, users, items):
        column = self.column(users, items)
        return column + column.squeeze(1)


class NoBend(Network):
    bend = nn.Identity


class UsersAlone(Network):
    def side_by_side(self, users, items):
        return torch.cat([self.of_users(users)] * 2, dim=1)


class ItemsTimes0(Network):
    def side_by_side(self, users, items):
        rows = [self.of_users(users), 0 * self.of_items(items)]
        return torch.cat(rows, dim=1)


class UsersTimes0(Network):
    def side_by_side(self, users, items):
        rows = [0 * self.of_users(users), self.of_items(items)]
        return torch.cat(rows, dim=1)


class Swapped(Network):
    def __init__(self, n_users, n_items):
        super().__init__(n_items, n_users)


class OneRowShort(Network):
    def __init__(self, n_users, n_items):
        super().__init__(n_users, n_items - 1)


class Detached(Network):
    def side_by_side(self, users, items):
        return super().side_by_side(users, items).detach()


class NoGradient(Network):
    def forward(self, users, items):
        with torch.no_grad():
            return super().forward(users, items)


class Frozen(Network):
    def __init__(self, n_users, n_items):
        super().__init__(n_users, n_items)
        self.of_users.requires_grad_(False)


class InAList(nn.Module):
    def __init__(self, n_users, n_items):
        super().__init__()
        self.parts = [nn.Embedding(n_users, 8), nn.Embedding(n_items, 8)]

    def forward(self, users, items):
        return (self.parts[0](users) * self.parts[1](items)).sum(dim=1)


class NeverStopsDropping(Network):
    def side_by_side(self, users, items):
        return nn.functional.dropout(super().side_by_side(users, items))


class LessTheBatch(Network):
    def forward(self, users, items):
        told = super().forward(users, items)
        return told - told.mean()


class NotANumber(Network):
    def forward(self, users, items):
        return super().forward(users, items) * NAN


class AsAList(Network):
    def forward(self, users, items):
        return super().forward(users, items).tolist()


class Says(Network):
    def forward(self, users, items):
        return nothing(users, items)


class ForgetsSuper(Network):
    def __init__(self, n_users, n_items):
        self.of_users = nn.Embedding(n_users, 8)


class Stub(nn.Module):
    def __init__(self, n_users, n_items):
        super().__init__()

    def forward(self, users, items): ...


class Factorization(MatrixFactorization):
    def __init__(self, n_users, n_items):
        super().__init__(n_users, n_items, 8, 3.0)


class Dense(DenseNet):
    def __init__(self, n_users, n_items):
        super().__init__(n_users, n_items, 16, 3.0)


class Bounded(NoBend):
    def forward(self, users, items):
        return 1 + 4 * torch.sigmoid(super().forward(users, items))


NETWORKS = [
    right("side by side", Network),
    right("small, with a tanh", Small),
    right("two hidden layers, and a sigmoid", Deep),
    right("with biases and a mean", Biased),
    right("the book's", Dense),
    right("a function that makes one", lambda *sizes: Network(*sizes)),
    wrong("the stub", "no parameters", Stub),
    wrong("made already", "class is wanted", Network(3, 3)),
    wrong("nothing", "a function is wanted here; None came", None),
    wrong("no module", "makes {'a': 1}", lambda *_: {"a": 1}),
    wrong("no call of super", "before Module.__init__", ForgetsSuper),
    wrong("no sizes", "stops. TypeError", lambda: Network(3, 3)),
    wrong("forward returns nothing", "returns nothing", Says),
    wrong("a list", "a tensor is wanted", AsAList),
    wrong("a column", r"\(3, 1\) came. Drop the second", Column),
    wrong("squeezed", r"one pair.*\(\) came. `squeeze\(\)`", SqueezesAll),
    wrong("a square", r"\(3, 3\) came. A column met a row", Square),
    wrong("a square's mean", "in company and alone", MeetsARow),
    wrong("tables swapped", "swapped", Swapped),
    wrong("a row short", "swapped", OneRowShort),
    wrong(
        "dropout for ever", "two answers.*self.training", NeverStopsDropping
    ),
    wrong("ratings that mix", "two answers", LessTheBatch),
    wrong("NaN", "NaN", NotANumber),
    wrong("parts in a list", "no parameters", InAList),
    wrong("users alone", "no gradient reaches `of_items", UsersAlone),
    wrong("rows detached", "no gradient reaches `of_users", Detached),
    wrong("a frozen table", "no gradient reaches `of_users", Frozen),
    wrong("without gradients", "Leave out `no_grad`", NoGradient),
    wrong("items times 0", "whatever the film", ItemsTimes0),
    wrong("users times 0", "whoever asks", UsersTimes0),
    wrong("no bend", "never meet", NoBend),
    wrong("a bend at the end alone", "get below", Bounded),
    wrong("a dot product", "embeddings alone", Factorization),
]

# ---- The newer one ---------------------------------------------------------


def side_of_0(newer, older, stars, users):
    interval = paired_bootstrap(newer, older, stars, users)
    return "newer" if interval.high < 0 else "older"


def turned_round(newer, older, stars, users):
    interval = paired_bootstrap(older, newer, stars, users)
    return "newer" if interval.low > 0 else "older"


def by_hand(newer, older, stars, users):
    squares = [(told - stars).square() for told in (newer, older)]
    people = users.unique()
    sums = [[s[users == p].sum() for p in people] for s in squares]
    n = [(users == p).sum() for p in people]
    sums, n = torch.tensor(sums), torch.tensor(n)
    draws = torch.randint(0, len(people), (1_000, len(people)))
    one, two = ((s[draws].sum(1) / n[draws].sum(1)).sqrt() for s in sums)
    return "newer" if (one - two).quantile(0.975) < 0 else "older"


def people_and_t(newer, older, stars, users):
    """Compare the mean over people of their mean squares."""
    apart = (newer - stars).square() - (older - stars).square()
    each = torch.stack([apart[users == p].mean() for p in users.unique()])
    error = each.std() / len(each) ** 0.5
    return "newer" if each.mean() + 1.96 * error < 0 else "older"


def lowest(newer, older, stars, users):
    better = (newer - stars).square().mean() < (older - stars).square().mean()
    return "newer" if better else "older"


def not_worse(newer, older, stars, users):
    interval = paired_bootstrap(newer, older, stars, users)
    return "newer" if interval.low < 0 else "older"


def leaves_out_0(newer, older, stars, users):
    interval = paired_bootstrap(newer, older, stars, users)
    return "older" if interval.low <= 0 <= interval.high else "newer"


def swapped(newer, older, stars, users):
    return side_of_0(older, newer, stars, users)


def over_ratings(newer, older, stars, users):
    return side_of_0(newer, older, stars, torch.arange(len(stars)))


def two_intervals(newer, older, stars, users):
    perfect = [
        paired_bootstrap(t, stars, stars, users) for t in (newer, older)
    ]
    return "newer" if perfect[0].high < perfect[1].low else "older"


def at_least_a_tenth(newer, older, stars, users):
    interval = paired_bootstrap(newer, older, stars, users)
    return "newer" if interval.difference < -0.1 else "older"


def spoils_its_input(newer, older, stars, users):
    newer -= stars
    older -= stars
    return side_of_0(newer, older, 0 * stars, users)


CHOICES = [
    right("by the interval", side_of_0),
    right("older minus newer", turned_round),
    right("drawn by hand", by_hand),
    right("people, and twice the standard error", people_and_t),
    right("in capitals", lambda *given: f" {side_of_0(*given).upper()} "),
    wrong("the stub", "returns nothing", nothing),
    wrong("the lowest error", "hair.*0 inside: other people", lowest),
    wrong("whatever is newer", "always right.*older one", lambda *_: "newer"),
    wrong("whatever is older", '"newer" is wanted', lambda *_: "older"),
    wrong("not worse", "the same|a hair", not_worse),
    wrong("on either side", "leaves out 0, but on the older", leaves_out_0),
    wrong("the two swapped", "first of the two is better", swapped),
    wrong("ratings drawn", "draw people", over_ratings),
    wrong("two intervals", "on the same draw", two_intervals),
    wrong("by a tenth", "little better for everybody", at_least_a_tenth),
    wrong("an input changed", "changes what it was given", spoils_its_input),
    wrong("an interval", "'newer', 'older' is", paired_bootstrap),
    wrong("True", "True came", lambda *_: True),
    wrong("another word", "'the newer one' came", lambda *_: "the newer one"),
    wrong("NaN", "one of 'newer', 'older'", lambda *_: NAN),
    wrong("an error", "stops. ZeroDivisionError", stops),
    wrong("no function", "a function is wanted", "newer"),
]

# ---- Where it helps --------------------------------------------------------


def parted(measure, edges=(1, 10)):
    """Make an answer that measures each of three groups."""

    def answer(with_side, without, stars, times):
        low, high = edges
        groups = [times < low, (times >= low) & (times < high), times >= high]
        return [
            measure(with_side[g], without[g], stars[g]).item() for g in groups
        ]

    return answer


def root_mean_square(told, stars):
    return (told - stars).square().mean().sqrt()


def gain(with_side, without, stars):
    return root_mean_square(without, stars) - root_mean_square(
        with_side, stars
    )


def mean_square_gain(with_side, without, stars):
    return nn.functional.mse_loss(without, stars) - nn.functional.mse_loss(
        with_side, stars
    )


def absolute_gain(with_side, without, stars):
    return ((without - stars).abs() - (with_side - stars).abs()).mean()


helps = parted(gain)


def by_table(*given):
    with_side, without, stars, times = given
    one, two = (
        error_by_count(told, stars, times, edges=(0, 1, 10))["rmse"]
        for told in (without, with_side)
    )
    return one - two


def named(*given):
    return dict(zip(["never", "1 to 9", "10 up"], helps(*given), strict=True))


def changes_stars(with_side, without, stars, times):
    with_side -= stars
    without -= stars
    return helps(with_side, without, 0 * stars, times)


WHERE = [
    right("by hand", helps),
    right("a column of a table", by_table),
    right("a tensor", lambda *given: torch.tensor(helps(*given))),
    right(
        "a tuple of tensors", lambda *g: tuple(map(torch.tensor, helps(*g)))
    ),
    right("an array", lambda *given: np.array(helps(*given))),
    right("by name", named),
    right("rounded", lambda *given: [round(x, 3) for x in helps(*given)]),
    wrong("the stub", "returns nothing", nothing),
    wrong(
        "turned round",
        r"the six ratings \[1, 0.5, -0.5\] is wanted; \[-1, -0.5, 0.5\] came. "
        "The signs are turned round",
        parted(lambda *given: -gain(*given)),
    ),
    wrong("no root", "squared errors", parted(mean_square_gain)),
    wrong("absolute errors", "absolute errors", parted(absolute_gain)),
    wrong("9 in the last", "9 times belongs to 1", parted(gain, (1, 9))),
    wrong("10 in the middle", "10 times belongs", parted(gain, (1, 11))),
    wrong("1 in the first", "Never rated is 0", parted(gain, (2, 10))),
    wrong("not parted", "over all", lambda *g: [gain(*g[:3]).item()] * 3),
    wrong("one number", "shape", lambda *given: gain(*given[:3])),
    wrong(
        "errors without",
        "difference of two",
        parted(lambda one, two, stars: root_mean_square(two, stars)),
    ),
    wrong(
        "errors with",
        "Those are errors, and of",
        parted(lambda one, two, stars: root_mean_square(one, stars)),
    ),
    wrong("last first", "never comes first", lambda *g: helps(*g)[::-1]),
    wrong("two groups", r"\(3,\) is wanted; \(2,\)", lambda *g: helps(*g)[1:]),
    wrong("percent", "is wanted", lambda *g: [100 * x for x in helps(*g)]),
    wrong("NaN", "NaN", parted(lambda *given: gain(*given) * NAN)),
    wrong("stars changed", "changes what it was given", changes_stars),
    wrong("text", "numbers of the shape", lambda *given: str(helps(*given))),
    wrong("an error", "stops. ZeroDivisionError", stops),
    wrong("no function", "a function is wanted", [1, 0.5, -0.5]),
]

TABLES = {
    checks.shapes_of_differences: SHAPES,
    checks.lowest_loss_of_pairs: PAIRS,
    checks.parameter_count: COUNTS,
    checks.multiplying_weights: MULTIPLY,
    checks.bag_of_features: BAG,
    checks.network_of_your_own: NETWORKS,
    checks.choice_by_interval: CHOICES,
    checks.gain_by_group: WHERE,
}


@pytest.mark.parametrize(("check", "answer"), list(each_of(TABLES)))
def test_each_answer_gets_what_it_deserves(check, answer):
    hold(check, answer)


def test_each_check_has_met_enough_answers():
    enough(TABLES)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("check", "solution"),
    [
        (checks.parameter_count, (counted,)),
        (checks.multiplying_weights, (HIDDEN, OUTPUT)),
        (checks.bag_of_features, (summed,)),
        (checks.network_of_your_own, (Network,)),
        (checks.gain_by_group, (helps,)),
        (checks.choice_by_interval, (side_of_0,)),
        (checks.choice_by_interval, (by_hand,)),
        (checks.choice_by_interval, (people_and_t,)),
    ],
)
def test_a_solution_passes_whatever_is_drawn(check, solution, seed):
    assert check(*solution, seed=seed) == "Pass."
