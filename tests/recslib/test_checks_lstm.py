"""What the checks of chapter 3 say to answers, right and wrong."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from judging import each_of, enough, hold, right, wrong
from torch import nn

from recslib import checks
from recslib.models import LSTMRating
from recslib.training import Examples, fit

NAN = torch.nan


# ---- A mean that knows what counts -----------------------------------------


def masked_loss(scores, targets, mask):
    return (scores - targets)[mask].square().mean()


def by_people(scores, targets, mask):
    squares = (scores - targets).square()
    rows = zip(squares, mask, strict=True)
    return torch.stack([each[counts].mean() for each, counts in rows]).mean()


def in_numpy(scores, targets, mask):
    error = (scores - targets).detach().numpy()[mask.numpy()]
    return (error**2).mean()


def spoils_scores(scores, targets, mask):
    scores.data[~mask] = 0
    return masked_loss(scores, targets, mask)


def in_a_loop(scores, targets, mask):
    total, n = 0.0, 0
    for row in range(mask.shape[0]):
        for step in range(mask.shape[1]):
            if mask[row, step]:
                total = total + (scores[row, step] - targets[row, step]) ** 2
                n += 1
    return total / n


MASKED = [
    right("indexed", masked_loss),
    right(
        "mse_loss of both",
        lambda s, t, m: nn.functional.mse_loss(s[m], t[m]),
    ),
    right(
        "both filled",
        lambda s, t, m: (
            (s.masked_fill(~m, 0) - t.masked_fill(~m, 0)).square().sum()
            / m.sum()
        ),
    ),
    right(
        "where before squaring",
        lambda s, t, m: torch.where(m, s - t, 0.0).square().sum() / m.sum(),
    ),
    right("in a loop", in_a_loop),
    right("float64", lambda s, t, m: masked_loss(s.double(), t, m)),
    right(
        "one number in a row",
        lambda s, t, m: masked_loss(s, t, m).reshape(1),
    ),
    wrong(
        "times the mask",
        "NaN times 0 is NaN",
        lambda s, t, m: ((s - t) ** 2 * m).sum() / m.sum(),
    ),
    wrong("mean of people's means", "mean of the means", by_people),
    wrong(
        "over all steps that there are",
        "all B \\* T steps",
        lambda s, t, m: (s - t)[m].square().sum() / m.numel(),
    ),
    wrong(
        "root",
        "That is its root",
        lambda s, t, m: masked_loss(s, t, m).sqrt(),
    ),
    wrong(
        "sum",
        "That is the sum;",
        lambda s, t, m: (s - t)[m].square().sum(),
    ),
    wrong(
        "no mask",
        "look at the mask",
        lambda s, t, m: (s - t).square().mean(),
    ),
    wrong(
        "absolute errors",
        "absolute errors",
        lambda s, t, m: (s - t)[m].abs().mean(),
    ),
    wrong(
        "what is padded",
        "what the mask leaves out",
        lambda s, t, m: (s - t)[~m].square().mean(),
    ),
    wrong(
        "a Python number",
        "lost its gradient: float came",
        lambda s, t, m: masked_loss(s, t, m).item(),
    ),
    wrong("NumPy", "lost its gradient: float32 came", in_numpy),
    wrong(
        "detached",
        "lost its gradient: Tensor came",
        lambda s, t, m: masked_loss(s, t, m).detach(),
    ),
    wrong(
        "where after squaring",
        "`torch.where` after squaring",
        lambda s, t, m: torch.where(m, (s - t) ** 2, 0.0).sum() / m.sum(),
    ),
    wrong(
        "nan_to_num of the scores",
        "NaN times 0 is NaN",
        lambda s, t, m: ((s.nan_to_num() - t) ** 2 * m).sum() / m.sum(),
    ),
    wrong(
        "nan_to_num of the targets",
        "NaN times 0 is NaN",
        lambda s, t, m: ((s - t.nan_to_num()) ** 2 * m).sum() / m.sum(),
    ),
    wrong(
        "nan_to_num of the squares",
        "not a number",
        lambda s, t, m: ((s - t) ** 2).nan_to_num().mul(m).sum() / m.sum(),
    ),
    wrong("changes the scores", "changes what it was given", spoils_scores),
    wrong("NaN", "NaN, not a number", lambda s, t, m: NAN),
    wrong("None", "returns nothing", lambda s, t, m: None),
    wrong(
        "one error a step", "one number is wanted", lambda s, t, m: (s - t)[m]
    ),
    wrong("no function", "a function is wanted", 2.75),
    wrong("stops", "your function stops. TypeError", lambda s, t: s),
]


# ---- Shift by one ----------------------------------------------------------


def past_of(stars):
    past = stars.roll(1, dims=1)
    past[:, 0] = 0
    return past


def shifted_in_place(stars):
    stars[:, 1:] = stars[:, :-1].clone()
    stars[:, 0] = 0
    return stars


def first_cleared(stars, *dims):
    past = stars.roll(1, *dims)
    past[:, 0] = 0
    return past


def row_above(stars):
    past = stars.roll(1, 0)
    past[0] = 0
    return past


def mean_so_far(stars):
    so_far = stars.cumsum(1) / torch.arange(1, stars.shape[1] + 1)
    return nn.functional.pad(so_far, (1, 0))[:, :-1]


SHIFTED = [
    right("rolled and cleared", past_of),
    right(
        "padded and cut",
        lambda stars: nn.functional.pad(stars, (1, 0))[:, :-1],
    ),
    right("rolled through all people, and cleared", first_cleared),
    right("in place on a copy", lambda s: shifted_in_place(s.clone())),
    right("lists", lambda s: [[0.0, *row[:-1]] for row in s.tolist()]),
    right(
        "NumPy",
        lambda s: np.pad(s.numpy(), ((0, 0), (1, 0)))[:, :-1],
    ),
    right("float64", lambda s: past_of(s.double())),
    wrong(
        "the other way",
        "the one after it",
        lambda s: nn.functional.pad(s, (0, 1))[:, 1:],
    ),
    wrong("rolled", "the first step hears the future", lambda s: s.roll(1, 1)),
    wrong("rolled without dims", "into the next person", lambda s: s.roll(1)),
    wrong("the row above", "the row above", row_above),
    wrong("mean of the past", "hears all that came before", mean_so_far),
    wrong(
        "sum of the past",
        "the sum of all before",
        lambda s: nn.functional.pad(s.cumsum(1), (1, 0))[:, :-1],
    ),
    wrong("itself", "its own rating", lambda s: s.clone()),
    wrong(
        "a step more",
        r"shape \(2, 3\) is wanted; \(2, 4\) came",
        lambda s: nn.functional.pad(s, (1, 0)),
    ),
    wrong("changes the stars", "changes what it was given", shifted_in_place),
    wrong("NaN first", "NaN", lambda s: past_of(s).where(s == 0, NAN)),
    wrong("None", "returns nothing", lambda s: None),
    wrong("words", "numbers of the shape", lambda s: "0, 1, 2"),
    wrong("made for the case", "shape", lambda s: [[0, 1, 2], [0, 4, 5]]),
]


# ---- Cut at a moment -------------------------------------------------------


def flags_from(times, share):
    in_order = times.sort().values
    return times >= in_order[len(times) - round(share * len(times))]


def in_plain_python(times, share):
    seconds = sorted(times.tolist(), reverse=True)
    cut = seconds[round(share * len(seconds)) - 1]
    return [second >= cut for second in times.tolist()]


def picked(times, share):
    newest = times.argsort(descending=True)[: round(share * len(times))]
    tested = torch.zeros(len(times), dtype=torch.bool)
    tested[newest] = True
    return tested


def by_rows(times, share):
    first = len(times) - round(share * len(times))
    return torch.arange(len(times)) >= first


def by_span(times, share):
    oldest, newest = times.min(), times.max()
    return times >= oldest + (1 - share) * (newest - oldest)


def sorts_what_it_got(times, share):
    told = flags_from(times, share)
    times[:] = times.sort().values
    return told


CUT = [
    right("a moment", flags_from),
    right("plain Python", in_plain_python),
    right("numbers 0 and 1", lambda t, share: flags_from(t, share).int()),
    right("NumPy", lambda t, share: flags_from(t, share).numpy()),
    right(
        "a quantile in float64",
        lambda t, share: t >= t.double().quantile(1 - share),
    ),
    right(
        "topk",
        lambda t, share: t >= t.topk(round(share * len(t))).values.min(),
    ),
    wrong("so many ratings", "both sides of the cut", picked),
    wrong(
        "later than the cut",
        "left to the training part",
        lambda t, share: t > t.sort().values[len(t) - round(share * len(t))],
    ),
    wrong("the end of the file", "the end of the file", by_rows),
    wrong("a share of the time", "share of the time that passed", by_span),
    wrong("the oldest", "the newest", lambda t, s: flags_from(-t, s)),
    wrong(
        "the training part",
        "it trains on the rest",
        lambda t, share: ~flags_from(t, share),
    ),
    wrong(
        "the share that trains",
        "took it for that of the training part",
        lambda t, share: flags_from(t, 1 - share),
    ),
    wrong(
        "float32",
        "float32 cannot tell",
        lambda t, share: flags_from(t.float(), share),
    ),
    wrong(
        "row numbers",
        "True and False are wanted",
        lambda t, share: flags_from(t, share).nonzero().squeeze(1),
    ),
    wrong(
        "the times",
        "True and False are wanted",
        lambda t, share: t[flags_from(t, share)],
    ),
    wrong("all", "is wanted", lambda t, share: t > 0),
    wrong("sorts its input", "changes what it was given", sorts_what_it_got),
    wrong("None", "returns nothing", lambda t, share: None),
    wrong("NaN", "True and False are wanted", lambda t, share: NAN),
]


# ---- An input that is not heard --------------------------------------------


def differs(model, inputs, name, value):
    return not torch.equal(
        model(**inputs), model(**{**inputs, name: value.to(inputs[name])})
    )


def detector(change):
    """Make an answer of a way to change an input."""
    return lambda model, inputs: [
        name
        for name in inputs
        if not differs(model, inputs, name, change(inputs[name].clone()))
    ]


def unheard(model, inputs):
    return detector(lambda x: torch.randn_like(x) * 9)(model, inputs)


def first_step_changed(values):
    values[0, 0] += 7
    return values


def by_gradient(model, inputs):
    leaves = {k: v.clone().requires_grad_() for k, v in inputs.items()}
    told = torch.autograd.grad(
        model(**leaves).sum(), leaves.values(), allow_unused=True
    )
    pairs = zip(leaves, told, strict=True)
    return [name for name, grad in pairs if grad is None or not grad.any()]


def changes_inputs(model, inputs):
    told = unheard(model, inputs)
    for values in inputs.values():
        values += 1
    return told


UNHEARD = [
    right("drawn anew", unheard),
    right("by position", lambda model, inputs: by_position(model, inputs)),
    right("a set", lambda model, inputs: set(unheard(model, inputs))),
    right("a tuple", lambda model, inputs: tuple(unheard(model, inputs))),
    right("another order", lambda m, inputs: unheard(m, inputs)[::-1]),
    right("zeros", detector(torch.zeros_like)),
    wrong(
        "the heard ones",
        "the ones that it hears",
        lambda m, inputs: [k for k in inputs if k not in unheard(m, inputs)],
    ),
    wrong("the first step", "Put other numbers", detector(first_step_changed)),
    wrong("plus one", "Put other numbers", detector(lambda x: x + 1)),
    wrong("twice", "Put other numbers", detector(lambda x: 2 * x)),
    wrong("by gradient", "It does hear|stays as it was", by_gradient),
    wrong("none", "stays as it was", lambda model, inputs: []),
    wrong("all", "the ones that|It does hear", lambda m, inputs: [*inputs]),
    wrong(
        "always the ratings",
        "It does hear|ones that it hears",
        lambda m, inputs: ["past_ratings"],
    ),
    wrong("a name that is none", "has no input", lambda m, i: ["stars"]),
    wrong("a word", "a list of names", lambda model, inputs: "items"),
    wrong("numbers", "a list of names", lambda model, inputs: [0]),
    wrong("NaN", "a list of names", lambda model, inputs: NAN),
    wrong("None", "returns nothing", lambda model, inputs: None),
    wrong("changes its inputs", "changes what it was", changes_inputs),
    wrong("no function", "a function is wanted", ["past_ratings"]),
]


def by_position(model, inputs):
    told = []
    for place, name in enumerate(inputs):
        others = [value.clone() for value in inputs.values()]
        others[place] = torch.randn_like(others[place]) * 9
        if torch.equal(model(*others), model(*inputs.values())):
            told.append(name)
    return told


# ---- Another listener ------------------------------------------------------


def with_gru(films, **settings):
    settings = {"batch_first": True, **settings}
    model = LSTMRating(films, n_hidden=16)
    model.lstm = nn.GRU(films.shape[1] + 1, 16, **settings)
    return model


def fitted(model, given, n_epochs=2):
    fit(
        model,
        given,
        optimizer=torch.optim.Adam(model.parameters(), lr=0.014),
        n_epochs=n_epochs,
        batch_size=32,
        schedule="one_cycle",
        max_gradient_norm=1.0,
        seed=0,
    )
    return model


def gru_fit(given, films):
    return fitted(with_gru(films), given)


def gru_left_in_training(given, films):
    return gru_fit(given, films).train()


def two_layers(given, films):
    return fitted(with_gru(films, num_layers=2), given, 3)


def lstm_fit(given, films):
    return fitted(LSTMRating(films, n_hidden=16), given, 1)


def rnn_beside_a_gru(given, films):
    model = LSTMRating(films, n_hidden=16)
    model.lstm = nn.RNN(films.shape[1] + 1, 16, batch_first=True)
    model.spare = nn.GRU(1, 1)
    return fitted(model, given, 1)


class AsksInVain(LSTMRating):
    """Asks a GRU, and answers by what an RNN says."""

    def __init__(self, films):
        super().__init__(films, 16)
        self.lstm = nn.RNN(films.shape[1] + 1, 16, batch_first=True)
        self.spare = nn.GRU(films.shape[1] + 1, 16, batch_first=True)

    def forward(self, items, base, past, surprises):
        heard = [self.item_factors(past), surprises.unsqueeze(2)]
        self.spare(torch.cat(heard, dim=2))
        return super().forward(items, base, past, surprises)


def fitted_to_other_moods(given, films):
    """As a fit to anything else than what was given."""
    items, base, past, surprises = given.inputs
    turned = base + (given.targets - base).roll(1, 0)
    other = Examples((items, base, past, surprises), turned, given.mask)
    return fitted(with_gru(films), other, 1)


LISTENERS = [
    right("a GRU", gru_fit),
    right("two layers", two_layers),
    right("left in training", gru_left_in_training),
    wrong("the LSTM", "still holds an nn.LSTM", lstm_fit),
    wrong("not fitted", "Is your model fitted", lambda given, f: with_gru(f)),
    wrong(
        "time and people mixed up",
        "Say batch_first=True",
        lambda given, f: fitted(with_gru(f, batch_first=False), given, 1),
    ),
    wrong("a spare GRU", "nobody asks it", rnn_beside_a_gru),
    wrong(
        "a GRU that is asked in vain",
        "never reaches the answer",
        lambda given, films: fitted(AsksInVain(films), given, 1),
    ),
    wrong("fitted to another thing", "nothing else", fitted_to_other_moods),
    wrong(
        "an RNN",
        "holds no nn.GRU",
        lambda given, films: nn.RNN(films.shape[1] + 1, 16),
    ),
    wrong("the class", "a fitted model is wanted", lambda g, f: LSTMRating),
    wrong(
        "the record of the fit",
        "a fitted model is wanted",
        lambda given, films: [1.0, 0.9],
    ),
    wrong("a GRU alone", "your function stops", lambda g, f: nn.GRU(17, 16)),
    wrong("a number", "a fitted model is wanted", lambda given, f: NAN),
    wrong("None", "returns nothing", lambda given, films: None),
    wrong("a model", "your function stops|function is wanted", nn.GRU(17, 16)),
    wrong("a number for a function", "a function is wanted", 8),
]


# ---- Told from the end -----------------------------------------------------


def turned_round(part):
    oldest, newest = part.timestamps.aminmax()
    return replace(part, timestamps=oldest + newest - part.timestamps)


def of_each(part, turn):
    """Turn each person's own times."""
    times = part.timestamps.clone()
    for user in part.users.unique():
        own = part.users == user
        times[own] = turn(times[own])
    return replace(part, timestamps=times)


def dealt_from_the_end(times):
    order = times.argsort(stable=True)
    dealt = times.clone()
    dealt[order] = times[order].flip(0)
    return dealt


def turned_in_place(part):
    mirrored = turned_round(part).timestamps
    part.timestamps[:] = mirrored
    return part


TURNED = [
    right("the clock of the part", turned_round),
    right(
        "each person's clock",
        lambda part: of_each(part, lambda t: t.min() + t.max() - t),
    ),
    right(
        "own times, dealt from the end",
        lambda part: of_each(part, dealt_from_the_end),
    ),
    right(
        "float64",
        lambda part: replace(
            part, timestamps=turned_round(part).timestamps.double()
        ),
    ),
    wrong(
        "below 0",
        "Mirror the clock",
        lambda part: replace(part, timestamps=-part.timestamps),
    ),
    wrong(
        "from 0 on",
        "Mirror the clock",
        lambda part: replace(
            part, timestamps=part.timestamps.max() - part.timestamps
        ),
    ),
    wrong(
        "rows of times turned",
        "from the last to the first",
        lambda part: replace(part, timestamps=part.timestamps.flip(0)),
    ),
    wrong(
        "rows turned",
        "the users changed|the items changed",
        lambda part: part.select(torch.arange(len(part)).flip(0)),
    ),
    wrong(
        "sorted times",
        "no longer belong",
        lambda part: replace(part, timestamps=part.timestamps.sort().values),
    ),
    wrong("as it was", "Nothing is turned", lambda part: part),
    wrong(
        "all at once",
        "not turned round",
        lambda part: of_each(part, lambda t: t.min().expand(len(t))),
    ),
    wrong(
        "newest times alone",
        "not turned round",
        lambda part: of_each(
            part,
            lambda t: t.where(t < t.max(), t.min()),
        ),
    ),
    wrong(
        "timestamps alone",
        "ratings are wanted",
        lambda part: turned_round(part).timestamps,
    ),
    wrong("in place", "timestamps that it was given", turned_in_place),
    wrong("None", "returns nothing", lambda part: None),
    wrong(
        "NaN",
        "NaN",
        lambda part: replace(part, timestamps=part.timestamps * NAN),
    ),
    wrong("a number", "ratings are wanted", lambda part: 8),
]


# ---- Dealt within the hour -------------------------------------------------


def dealt_by(key, part, seed):
    """Deal times anew among the rows of one key."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randperm(len(part), generator=generator)
    drawn = drawn[key[drawn].argsort(stable=True)]
    times = torch.empty_like(part.timestamps)
    times[key.argsort(stable=True)] = part.timestamps[drawn]
    return replace(part, timestamps=times)


def hours(part):
    return part.users * 1_000_000 + part.timestamps // 3600


def deal_hours(part, seed):
    return dealt_by(hours(part), part, seed)


def deal_in_a_loop(part, seed):
    draw = np.random.default_rng(seed)
    times = part.timestamps.numpy().copy()
    for hour in hours(part).unique():
        rows = (hours(part) == hour).numpy()
        times[rows] = draw.permutation(times[rows])
    return replace(part, timestamps=torch.from_numpy(times))


def by_the_global_seed(part, seed):
    return deal_hours(part, int(torch.randint(1_000_000, ())))


def reversed_in_the_hour(part, seed):
    return replace(
        part,
        timestamps=torch.stack(
            [
                part.timestamps[hours(part) == hour].flip(0)[
                    int((hours(part)[:row] == hour).sum())
                ]
                for row, hour in enumerate(hours(part))
            ]
        ),
    )


def moved_round(part, seed):
    """Move each hour's times on by so many places."""
    times = part.timestamps.clone()
    for hour in hours(part).unique():
        rows = hours(part) == hour
        times[rows] = times[rows].roll(seed)
    return replace(part, timestamps=times)


def rows_shuffled(part, seed):
    generator = torch.Generator().manual_seed(seed)
    return part.select(torch.randperm(len(part), generator=generator))


def dealt_in_place(part, seed):
    part.timestamps[:] = deal_hours(part, seed).timestamps
    return part


DEALT = [
    right("by a key", deal_hours),
    right("in a loop", deal_in_a_loop),
    right(
        "float64",
        lambda part, seed: replace(
            part, timestamps=deal_hours(part, seed).timestamps.double()
        ),
    ),
    wrong(
        "among all of a person's",
        "the hour is to stay",
        lambda part, seed: dealt_by(part.users, part, seed),
    ),
    wrong(
        "among all people in the hour",
        "not all and only",
        lambda part, seed: dealt_by(part.timestamps // 3600, part, seed),
    ),
    wrong(
        "among all",
        "not all and only",
        lambda part, seed: dealt_by(torch.zeros(len(part)), part, seed),
    ),
    wrong(
        "one seed for all",
        "another one for each seed",
        lambda part, seed: deal_hours(part, 0),
    ),
    wrong("turned round", "can be dealt in 6 orders", reversed_in_the_hour),
    wrong("moved round", "can be dealt in 6 orders", moved_round),
    wrong("as it was", "can be dealt in 6 orders", lambda part, seed: part),
    wrong("no seed", "manual_seed", by_the_global_seed),
    wrong(
        "all at the hour",
        "not all and only",
        lambda part, seed: replace(
            part, timestamps=part.timestamps // 3600 * 3600
        ),
    ),
    wrong("rows", "changed. Rows stay", rows_shuffled),
    wrong(
        "times alone",
        "ratings are wanted",
        lambda part, seed: deal_hours(part, seed).timestamps,
    ),
    wrong("in place", "timestamps that it was given", dealt_in_place),
    wrong("None", "returns nothing", lambda part, seed: None),
    wrong("without a seed", "your function stops", lambda part: part),
    wrong(
        "NaN",
        "NaN",
        lambda part, seed: replace(part, timestamps=part.timestamps * NAN),
    ),
]


# ---- A base with no leak ---------------------------------------------------


def your_base(fit_to, halves):
    base = torch.empty(len(halves))
    for half in (halves, ~halves):
        judged = half.nonzero().squeeze(1)
        others = (~half).nonzero().squeeze(1)
        base[judged] = fit_to(others)(judged)
    return base


def in_lists(fit_to, halves):
    told = {}
    for half in (True, False):
        judged = [row for row, side in enumerate(halves) if side == half]
        others = [row for row, side in enumerate(halves) if side != half]
        told |= dict(zip(judged, fit_to(others)(judged).tolist(), strict=True))
    return [told[row] for row in range(len(halves))]


def rows_of(halves):
    return (~halves).nonzero().squeeze(1), halves.nonzero().squeeze(1)


def one_behind_the_other(fit_to, halves):
    one, two = rows_of(halves)
    return torch.cat([fit_to(two)(one), fit_to(one)(two)])


def half_a_base(fit_to, halves):
    one, two = rows_of(halves)
    base = torch.zeros(len(halves))
    base[two] = fit_to(one)(two)
    return base


def both_models(fit_to, halves):
    everything = torch.arange(len(halves))
    one, two = rows_of(halves)
    return (fit_to(one)(everything) + fit_to(two)(everything)) / 2


def changes_halves(fit_to, halves):
    base = your_base(fit_to, halves)
    halves[:] = True
    return base


BASES = [
    right("out of fold", your_base),
    right("lists", in_lists),
    right(
        "flags for rows",
        lambda fit_to, halves: torch.where(
            halves,
            fit_to(~halves)(torch.arange(len(halves))),
            fit_to(halves)(torch.arange(len(halves))),
        ),
    ),
    right(
        "float64", lambda fit_to, halves: your_base(fit_to, halves).double()
    ),
    right("NumPy", lambda fit_to, halves: your_base(fit_to, halves).numpy()),
    wrong(
        "one model for all",
        "One model was fitted to all",
        lambda fit_to, halves: fit_to(torch.arange(len(halves)))(
            torch.arange(len(halves))
        ),
    ),
    wrong(
        "own half",
        "the model that was fitted to it",
        lambda fit_to, halves: torch.where(
            halves,
            fit_to(halves)(torch.arange(len(halves))),
            fit_to(~halves)(torch.arange(len(halves))),
        ),
    ),
    wrong(
        "first half for all",
        "its own half too",
        lambda fit_to, halves: fit_to(~halves)(torch.arange(len(halves))),
    ),
    wrong(
        "second half for all",
        "its own half too",
        lambda fit_to, halves: fit_to(halves)(torch.arange(len(halves))),
    ),
    wrong("mean of both", "The mean of both models", both_models),
    wrong("in another order", "one behind the other", one_behind_the_other),
    wrong("half a base", "has no base yet", half_a_base),
    wrong(
        "a half alone",
        r"shape \(3,\) is wanted",
        lambda fit_to, halves: fit_to(~halves)(halves),
    ),
    wrong(
        "the mean of the stars",
        "is wanted",
        lambda fit_to, halves: torch.full((len(halves),), 2.75),
    ),
    wrong(
        "a function",
        "numbers of the shape",
        lambda fit_to, halves: fit_to(halves),
    ),
    wrong(
        "fitted to nothing",
        "no rows",
        lambda fit_to, halves: fit_to([])(torch.arange(len(halves))),
    ),
    wrong("changes the halves", "changes what it was", changes_halves),
    wrong("NaN", "NaN", lambda fit_to, halves: halves * NAN),
    wrong("None", "returns nothing", lambda fit_to, halves: None),
]


# ---- A mood in two lines ---------------------------------------------------


def mood(surprises, heard, damping):
    total = torch.where(heard, surprises, 0.0).sum(dim=1)
    return total / (heard.sum(dim=1) + damping)


def mood_in_a_loop(surprises, heard, damping):
    moods = []
    for row, kept in zip(surprises, heard, strict=True):
        own = row[kept].tolist()
        moods.append(sum(own) / (len(own) + damping))
    return moods


def cleans_its_input(surprises, heard, damping):
    surprises[~heard] = 0
    return surprises.sum(1) / (heard.sum(1) + damping)


MOODS = [
    right("where", mood),
    right("in a loop", mood_in_a_loop),
    right(
        "masked_fill",
        lambda s, h, d: s.masked_fill(~h, 0).sum(1) / (h.sum(1) + d),
    ),
    right("NumPy", lambda s, h, d: mood(s, h, d).numpy()),
    right("float64", lambda s, h, d: mood(s.double(), h, d)),
    wrong(
        "times heard",
        "NaN times 0",
        lambda s, h, d: (s * h).sum(1) / (h.sum(1) + d),
    ),
    wrong(
        "what is not NaN",
        "look at `heard`",
        lambda s, h, d: s.nansum(1) / ((~s.isnan()).sum(1) + d),
    ),
    wrong(
        "heard only counted",
        "look at `heard` in the sum too",
        lambda s, h, d: s.nan_to_num().sum(1) / (h.sum(1) + d),
    ),
    wrong(
        "over all K",
        "not by all K",
        lambda s, h, d: s.where(h, 0).sum(1) / (s.shape[1] + d),
    ),
    wrong(
        "damping beside the mean",
        "belongs to the count",
        lambda s, h, d: s.where(h, 0).sum(1) / h.sum(1).clamp(min=1) / (1 + d),
    ),
    wrong(
        "no damping",
        "the plain mean",
        lambda s, h, d: s.where(h, 0).sum(1) / h.sum(1).clamp(min=1),
    ),
    wrong(
        "no damping, 0 / 0",
        "0 / 0 is too",
        lambda s, h, d: s.where(h, 0).sum(1) / h.sum(1),
    ),
    wrong(
        "damping in the sum",
        "not to the sum",
        lambda s, h, d: (s.where(h, 0).sum(1) + d) / (h.sum(1) + d),
    ),
    wrong(
        "all people together",
        "shape",
        lambda s, h, d: s[h].sum() / (h.sum() + d),
    ),
    wrong(
        "along people",
        "shape",
        lambda s, h, d: s.where(h, 0).sum(0) / (h.sum(0) + d),
    ),
    wrong("in place", "changes what it was given", cleans_its_input),
    wrong("None", "returns nothing", lambda s, h, d: None),
    wrong("words", "numbers of the shape", lambda s, h, d: "0.6"),
    wrong("made for the case", "shape|wanted", lambda s, h, d: [0.6, 0.0]),
]


# ---- Known from which rating on --------------------------------------------


def knows_from(heard, low, high):
    known = -1
    for n, end in zip(heard.flip(0), high.flip(0), strict=True):
        if end >= 0:
            break
        known = n
    return known


def at_once(heard, low, high):
    ahead = (high < 0).flip(0).cummin(0).values.flip(0)
    return heard[ahead][0].item() if ahead.any() else -1


def from_where(heard, ahead):
    """Return where a run of True begins that goes on to the end."""
    return at_once(heard, -1.0 * ahead, -1.0 * ahead)


def first_ahead(heard, low, high):
    return heard[high < 0][0] if (high < 0).any() else -1


def one_too_early(heard, low, high):
    known = heard.tolist().index(int(knows_from(heard, low, high)))
    return heard[max(known - 1, 0)]


def one_too_late(heard, low, high):
    known = heard.tolist().index(int(knows_from(heard, low, high)))
    return heard[min(known + 1, len(heard) - 1)]


def its_place(heard, low, high):
    return heard.tolist().index(int(knows_from(heard, low, high)))


def none_for_nowhere(heard, low, high):
    known = int(knows_from(heard, low, high))
    return None if known < 0 else known


KNOWN = [
    right("from the end", knows_from),
    right("at once", at_once),
    right("an int", lambda *given: int(knows_from(*given))),
    right("float64", lambda *given: np.float64(knows_from(*given))),
    wrong("the first ahead", "in a later group it is not", first_ahead),
    wrong(
        "by the middle",
        "The middle of an interval",
        lambda heard, low, high: from_where(heard, low + high < 0),
    ),
    wrong(
        "by the lower end",
        "the upper end must, too",
        lambda heard, low, high: from_where(heard, low < 0),
    ),
    wrong(
        "touching 0",
        "ends at 0",
        lambda heard, low, high: from_where(heard, high <= 0),
    ),
    wrong("a group too early", "too early", one_too_early),
    wrong("a group too late", "too late", one_too_late),
    wrong("a place", "the number of the group", its_place),
    wrong("never", "There is such a number", lambda *given: -1),
    wrong("None for nowhere", "returns nothing", none_for_nowhere),
    wrong(
        "above 0",
        "There is such a number",
        lambda heard, low, high: from_where(heard, low > 0),
    ),
    wrong(
        "all of them",
        "one number is wanted",
        lambda heard, low, high: heard[high < 0],
    ),
    wrong("NaN", "NaN", lambda *given: NAN),
    wrong("made for the case", "is wanted", lambda *given: 20),
    wrong("no function", "a function is wanted", 20),
]


TABLES = {
    checks.masked_error: MASKED,
    checks.shifted_by_one: SHIFTED,
    checks.newest_share: CUT,
    checks.unheard_inputs: UNHEARD,
    checks.another_listener: LISTENERS,
    checks.told_from_the_end: TURNED,
    checks.dealt_within_hours: DEALT,
    checks.base_out_of_fold: BASES,
    checks.mood_average: MOODS,
    checks.known_from: KNOWN,
}


@pytest.mark.parametrize(("check", "answer"), [*each_of(TABLES)])
def test_each_answer_gets_what_it_deserves(check, answer):
    hold(check, answer)


def test_every_check_has_wrong_answers_and_right_ones():
    enough(TABLES)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("check", TABLES, ids=lambda check: check.__name__)
def test_a_right_answer_passes_whatever_is_drawn(check, seed):
    assert check(*TABLES[check][0].given, seed=seed) == "Pass."


@pytest.mark.parametrize("check", TABLES, ids=lambda check: check.__name__)
def test_what_passes_once_by_luck_does_not_pass_with_other_cases(check):
    for answer in TABLES[check]:
        if answer.hint and check is not checks.another_listener:
            for seed in (1, 2):
                said = check(*answer.given, seed=seed)
                assert said.startswith("Not yet: "), answer.label
