"""What the checks of chapter 4 say to answers, right and wrong."""

import itertools
import math

import numpy as np
import pytest
import torch
from judging import each_of, enough, hold, not_a_number, right, stops, wrong
from torch import nn

from recslib import checks
from recslib.evaluation import best_items, coverage, judge_lists
from recslib.lists import ease
from recslib.lists import softmax_loss as book_loss
from recslib.recommend import leave_each_out

NAN = torch.nan


# ---- The list to beat ------------------------------------------------------


def popular(counts, seen, n):
    order = counts.argsort(descending=True, stable=True)
    return order[~seen[order]][:n].tolist()


def popular_in_plain_python(counts, seen, n):
    left = [row for row in range(len(counts)) if not seen[row]]
    return sorted(left, key=lambda row: (-counts[row], row))[:n]


def popular_one_by_one(counts, seen, n):
    left = counts.masked_fill(seen, -1)
    rows = []
    while len(rows) < n and left.max() >= 0:
        rows.append(left.argmax())
        left[left.argmax()] = -1
    return rows


def popular_of_numpy(counts, seen, n):
    rows = np.flatnonzero(~seen.numpy())
    return rows[np.argsort(-counts.numpy()[rows], kind="stable")][:n]


def popular_of_the_book(counts, seen, n):
    rows = best_items(counts.float(), seen[None], n)[0]
    return rows[rows >= 0]


def filled_with_minus_one(counts, seen, n):
    rows = popular(counts, seen, n)
    return rows + [-1] * (min(n, len(counts)) - len(rows))


def cut_and_left_out(counts, seen, n):
    best = counts.argsort(descending=True, stable=True)[:n]
    return best[~seen[best]]


def clears_counts(counts, seen, n):
    counts[seen] = -1
    return counts.argsort(descending=True, stable=True)[
        : min(n, int((~seen).sum()))
    ]


def last_row_first(counts, seen, n):
    order = counts.argsort(stable=True).flip(0)
    return order[~seen[order]][:n]


def without_seen(counts, seen, fill, n):
    left = counts.masked_fill(seen, fill)
    return left.argsort(descending=True, stable=True)[:n]


POPULAR = [
    right("sorted, left out, cut", popular),
    right("plain Python", popular_in_plain_python),
    right("one by one, tensors in a list", popular_one_by_one),
    right("NumPy", popular_of_numpy),
    right("the book's lists", popular_of_the_book),
    right("float32", lambda *given: torch.tensor(popular(*given)).float()),
    right("a tuple", lambda *given: tuple(popular(*given))),
    wrong(
        "seen not left out",
        "Leave out what was seen",
        lambda c, s, n: c.argsort(descending=True, stable=True)[:n],
    ),
    wrong("cut, then left out", "and cut then", cut_and_left_out),
    wrong(
        "seen counted 0",
        "at the end of the list",
        lambda c, s, n: without_seen(c, s, 0, n),
    ),
    wrong(
        "seen counted -1",
        "at the end of the list",
        lambda c, s, n: without_seen(c, s, -1, n),
    ),
    wrong("ties the other way", "lower row comes first", last_row_first),
    wrong(
        "ascending",
        "These are the least rated",
        lambda c, s, n: [row for row in c.argsort(stable=True) if not s[row]][
            :n
        ],
    ),
    wrong(
        "the end of the list",
        "from the end of the list",
        lambda c, s, n: popular(c, s, len(c))[::-1][:n],
    ),
    wrong(
        "the best one last",
        "turn the list round",
        lambda c, s, n: popular(c, s, n)[::-1],
    ),
    wrong(
        "the seen ones",
        "list the others",
        lambda c, s, n: popular(c, ~s, n),
    ),
    wrong(
        "from the second on",
        "The first of the list is missing",
        lambda c, s, n: popular(c, s, n + 1)[1:],
    ),
    wrong("one more", "one too many", lambda c, s, n: popular(c, s, n + 1)),
    wrong("one less", "one too few", lambda c, s, n: popular(c, s, n - 1)),
    wrong(
        "all of them", "cut the list", lambda c, s, n: popular(c, s, len(c))
    ),
    wrong(
        "rated ones alone",
        "nobody rated is a film",
        lambda c, s, n: popular(c, s | (c == 0), n),
    ),
    wrong("filled up", "nothing fills it up", filled_with_minus_one),
    wrong(
        "counts",
        "These are counts",
        lambda c, s, n: c[torch.tensor(popular(c, s, n), dtype=torch.long)],
    ),
    wrong(
        "places among what is left",
        "rows of the whole catalogue",
        lambda c, s, n: c[~s].argsort(descending=True, stable=True)[:n],
    ),
    wrong(
        "not sorted",
        "look at the counts",
        lambda c, s, n: (~s).nonzero().squeeze(1)[:n],
    ),
    wrong(
        "topk",
        "lower row comes first",
        lambda c, s, n: c.masked_fill(s, -1).topk(min(n, int((~s).sum())))[1],
    ),
    wrong("one twice", "is wanted", lambda c, s, n: popular(c, s, 1) * n),
    wrong("clears its input", "changes what it was given", clears_counts),
    wrong("a set", "numbers of the shape", lambda *g: {*popular(*g)}),
    wrong("flags", "numbers of the shape", lambda c, s, n: ~s),
    wrong("None", "returns nothing", lambda c, s, n: None),
    wrong("NaN", "is wanted", not_a_number),
    wrong("made for the case", "is wanted", lambda c, s, n: [3, 0]),
    wrong("no function", "a function is wanted", [3, 0]),
]


# ---- Average precision -----------------------------------------------------


def precision_at_hits(hits, n_wanted):
    places = torch.arange(1, len(hits) + 1)
    return (hits.cumsum(0) / places)[hits].sum() / n_wanted


def precision_in_a_loop(hits, n_wanted):
    total, found = 0.0, 0
    for place, hit in enumerate(hits, 1):
        if hit:
            found += 1
            total += found / place
    return total / n_wanted


def precision_of_numpy(hits, n_wanted):
    places = np.flatnonzero(hits.numpy()) + 1
    return np.sum(np.arange(1, len(places) + 1) / places) / n_wanted


def precision_of_the_book(hits, n_wanted):
    n = len(hits)
    scores = -torch.arange(n + n_wanted).float()
    wanted = torch.zeros(1, n + n_wanted, dtype=torch.bool)
    wanted[0, :n] = hits
    wanted[0, n : n + n_wanted - int(hits.sum())] = True
    seen = torch.zeros_like(wanted)
    return judge_lists(scores, seen, wanted, n=n).average_precision


def clears_hits(hits, n_wanted):
    told = precision_at_hits(hits, n_wanted)
    hits[:] = False
    return told


def at_all_places(hits, divide):
    return (hits.cumsum(0) / torch.arange(1, len(hits) + 1)).sum() / divide


def discounted(hits):
    return (hits / torch.log2(torch.arange(len(hits)) + 2.0)).sum()


PRECISIONS = [
    right("at hits", precision_at_hits),
    right("in a loop", precision_in_a_loop),
    right("NumPy", precision_of_numpy),
    right("the book's, in a tensor of one", precision_of_the_book),
    right("rounded", lambda h, n: round(precision_in_a_loop(h, n), 3)),
    wrong(
        "divided by the hits",
        "not by the hits",
        lambda h, n: precision_at_hits(h, max(int(h.sum()), 1)),
    ),
    wrong(
        "divided by the hits, 0 / 0",
        "not by the hits",
        lambda h, n: precision_at_hits(h, h.sum()),
    ),
    wrong(
        "divided by the length",
        "not by the length",
        lambda h, n: precision_at_hits(h, len(h)),
    ),
    wrong(
        "divided by what fits",
        "has no room for all",
        lambda h, n: precision_at_hits(h, min(n, len(h))),
    ),
    wrong("a sum", "Divide the sum by", lambda h, n: precision_at_hits(h, 1)),
    wrong(
        "at all places",
        "not those at every place",
        lambda h, n: at_all_places(h, n),
    ),
    wrong(
        "mean at all places",
        "the mean of the precisions",
        lambda h, n: at_all_places(h, len(h)),
    ),
    wrong("recall", "That is recall", lambda h, n: h.sum() / n),
    wrong("precision", "That is precision", lambda h, n: h.sum() / len(h)),
    wrong(
        "1 at each hit",
        "by the place, not 1",
        lambda h, n: (h / torch.arange(1, len(h) + 1)).sum() / n,
    ),
    wrong(
        "places from 0",
        "Infinity",
        lambda h, n: (h.cumsum(0) / torch.arange(len(h)))[h].sum() / n,
    ),
    wrong(
        "places from 2",
        "Places start from 1",
        lambda h, n: (h.cumsum(0) / (torch.arange(len(h)) + 2))[h].sum() / n,
    ),
    wrong(
        "hits before",
        "The hit itself",
        lambda h, n: (
            ((h.cumsum(0) - 1) / torch.arange(1, len(h) + 1))[h].sum() / n
        ),
    ),
    wrong(
        "from the end",
        "you begin at its end",
        lambda h, n: precision_at_hits(h.flip(0), n),
    ),
    wrong(
        "a discounted gain",
        "discounted gain",
        lambda h, n: discounted(h) / n,
    ),
    wrong(
        "nDCG",
        "That is nDCG",
        lambda h, n: discounted(h) / discounted(torch.ones(len(h))[:n]),
    ),
    wrong("percent", "is wanted", lambda h, n: 100 * precision_at_hits(h, n)),
    wrong(
        "one a place",
        "one number is wanted",
        lambda h, n: h.cumsum(0) / torch.arange(1, len(h) + 1),
    ),
    wrong("changes its input", "changes what it was given", clears_hits),
    wrong("None", "returns nothing", lambda h, n: None),
    wrong("stops", "your function stops", stops),
    wrong("made for the case", "is wanted", lambda h, n: 1 / 3),
    wrong("no function", "a function is wanted", 1 / 3),
]


# ---- EASE ------------------------------------------------------------------


def inverse_of(table, l2):
    gram = table.double().T @ table.double()
    return torch.linalg.inv(gram + l2 * torch.eye(len(gram)))


def weights_of(inverse):
    weights = -inverse / inverse.diagonal()
    return weights.fill_diagonal_(0)


def by_the_equation(table, l2):
    inverse = inverse_of(table, l2)
    return torch.eye(len(inverse)) - inverse / inverse.diagonal()


def ease_of_numpy(table, l2):
    x = table.numpy().astype(float)
    inverse = np.linalg.inv(x.T @ x + l2 * np.eye(x.shape[1]))
    return np.eye(x.shape[1]) - inverse / np.diag(inverse)


def by_regressions(table, l2):
    """Solve for each column on all others."""
    x = table.double()
    weights = torch.zeros(x.shape[1], x.shape[1], dtype=x.dtype)
    for film in range(x.shape[1]):
        others = [row for row in range(x.shape[1]) if row != film]
        gram = x[:, others].T @ x[:, others] + l2 * torch.eye(len(others))
        told = torch.linalg.solve(gram, x[:, others].T @ x[:, film])
        weights[others, film] = told
    return weights


def adds_in_place(table, l2):
    weights = weights_of(inverse_of(table, l2))
    table += 1
    return weights


def with_gram(change):
    """Make an answer of what is inverted."""
    return lambda table, l2: weights_of(
        torch.linalg.pinv(change(table.double().T @ table.double(), l2))
    )


EASE = [
    right("the equation", by_the_equation),
    right("cleared", lambda t, l2: weights_of(inverse_of(t, l2))),
    right("NumPy", ease_of_numpy),
    right("the book's", ease),
    right("a regression a film", by_regressions),
    right("lists", lambda t, l2: by_the_equation(t, l2).tolist()),
    right("float32", lambda t, l2: by_the_equation(t, l2).float()),
    wrong(
        "rows divided",
        "Divide each column",
        lambda t, l2: by_the_equation(t, l2).T,
    ),
    wrong(
        "sign", "sign is turned round", lambda t, l2: -by_the_equation(t, l2)
    ),
    wrong(
        "diagonal of -1",
        "the diagonal is to be 0",
        lambda t, l2: by_the_equation(t, l2) - torch.eye(t.shape[1]),
    ),
    wrong(
        "P / diag(P)",
        r"diagonal is to be 0.*sign is turned round",
        lambda t, l2: torch.eye(t.shape[1]) - by_the_equation(t, l2),
    ),
    wrong(
        "diagonal of 1",
        "the diagonal is to be 0",
        lambda t, l2: by_the_equation(t, l2) + torch.eye(t.shape[1]),
    ),
    wrong("no l2", "l2 is not in it", with_gram(lambda gram, l2: gram)),
    wrong(
        "no l2, and no inverse",
        "your function stops|l2 is not in it",
        lambda t, l2: weights_of(torch.linalg.inv(t.T @ t)),
    ),
    wrong(
        "l2 everywhere",
        "not in every place",
        with_gram(lambda gram, l2: gram + l2),
    ),
    wrong(
        "l2 beside the diagonal",
        "in all other places",
        with_gram(lambda gram, l2: gram + l2 * (1 - torch.eye(len(gram)))),
    ),
    wrong(
        "l2 taken off",
        "l2 is taken off",
        with_gram(lambda gram, l2: gram - l2 * torch.eye(len(gram))),
    ),
    wrong(
        "l2 squared",
        "not its square",
        with_gram(lambda gram, l2: gram + l2**2 * torch.eye(len(gram))),
    ),
    wrong(
        "l2 twice",
        "not twice",
        with_gram(lambda gram, l2: gram + 2 * l2 * torch.eye(len(gram))),
    ),
    wrong(
        "1 for l2",
        "1 is added where l2",
        with_gram(lambda gram, l2: gram + torch.eye(len(gram))),
    ),
    wrong(
        "l2 a person",
        "not l2 a person|not twice",
        lambda t, l2: by_the_equation(t, l2 * len(t)),
    ),
    wrong(
        "l2 after the inverse",
        "after the inverse",
        lambda t, l2: weights_of(
            torch.linalg.pinv(t.T @ t) + l2 * torch.eye(t.shape[1])
        ),
    ),
    wrong(
        "not divided",
        "Divide by the diagonal of P",
        lambda t, l2: -inverse_of(t, l2).fill_diagonal_(0),
    ),
    wrong(
        "not inverted",
        "not inverted yet",
        lambda t, l2: weights_of(t.T @ t + l2 * torch.eye(t.shape[1])),
    ),
    wrong(
        "people beside people",
        "films beside films",
        lambda t, l2: by_the_equation(t.T, l2),
    ),
    wrong(
        "divided by a matrix",
        r"`inverse.diagonal\(\)`. A matrix",
        lambda t, l2: (
            torch.eye(t.shape[1])
            - inverse_of(t, l2) / inverse_of(t, l2).diagonal().diag()
        ),
    ),
    wrong("changes its input", "changes what it was given", adds_in_place),
    wrong(
        "scores",
        "is wanted",
        lambda t, l2: t.double() @ by_the_equation(t, l2),
    ),
    wrong("a number", "the shape", lambda t, l2: l2),
    wrong("None", "returns nothing", lambda t, l2: None),
    wrong("stops", "your function stops", stops),
    wrong(
        "made for the case",
        "is wanted",
        lambda t, l2: [[0, 1 / 3], [1 / 2, 0]],
    ),
    wrong("no function", "a function is wanted", [[0, 1 / 3], [1 / 2, 0]]),
]


# ---- A softmax over films --------------------------------------------------


def losses(scores, wanted):
    return -(wanted * scores.log_softmax(dim=1)).sum(dim=1)


def with_highest_taken_off(scores, wanted):
    left = scores - scores.max(dim=1, keepdim=True).values
    logs = left - left.exp().sum(dim=1, keepdim=True).log()
    return -(wanted * logs).sum(dim=1)


def in_python(scores, wanted):
    told = []
    for row, want in zip(scores.tolist(), wanted.tolist(), strict=True):
        high = max(row)
        total = high + math.log(sum(math.exp(each - high) for each in row))
        told.append(
            sum(total - each for each, w in zip(row, want, strict=True) if w)
        )
    return told


def loss_of_numpy(scores, wanted):
    told = scores.numpy().astype(float)
    total = np.logaddexp.reduce(told, axis=1, keepdims=True)
    return ((total - told) * wanted.numpy()).sum(axis=1)


def of_exp(scores, wanted):
    chances = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
    return -(wanted * chances.log()).sum(dim=1)


def spoils_wanted(scores, wanted):
    loss = losses(scores, wanted)
    wanted[:] = 0
    return loss


def of_what_was_picked(scores, wanted):
    chances = scores.softmax(dim=1)
    return torch.stack(
        [
            -row[want > 0].log().sum()
            for row, want in zip(chances, wanted, strict=True)
        ]
    )


SOFTMAX = [
    right("log_softmax", losses),
    right("the book's", book_loss),
    right("the highest taken off", with_highest_taken_off),
    right("plain Python", in_python),
    right("NumPy", loss_of_numpy),
    right(
        "cross entropy",
        lambda s, w: nn.functional.cross_entropy(s, w, reduction="none"),
    ),
    right("float64", lambda s, w: losses(s.double(), w)),
    wrong(
        "over people",
        "Those of all films of one person should",
        lambda s, w: -(w * s.log_softmax(dim=0)).sum(dim=1),
    ),
    wrong(
        "over people, added over people",
        "the shape",
        lambda s, w: -(w * s.log_softmax(dim=0)).sum(dim=0),
    ),
    wrong("minus forgotten", "The minus is missing", lambda *g: -losses(*g)),
    wrong(
        "mean of what is wanted",
        "the mean over what is wanted",
        lambda s, w: losses(s, w) / w.sum(dim=1).clamp_min(1),
    ),
    wrong(
        "mean of all films",
        "the mean over all films",
        lambda s, w: -(w * s.log_softmax(dim=1)).mean(dim=1),
    ),
    wrong("log2", "base 2", lambda *g: losses(*g) / math.log(2)),
    wrong("log10", "base 10", lambda *g: losses(*g) / math.log(10)),
    wrong(
        "no logarithm",
        "These are probabilities",
        lambda s, w: -(w * s.softmax(dim=1)).sum(dim=1),
    ),
    wrong(
        "no logarithm, no minus",
        "and minus that",
        lambda s, w: (w * s.softmax(dim=1)).sum(dim=1),
    ),
    wrong(
        "logarithm of the sum",
        "and add up then",
        lambda s, w: -(w * s.softmax(dim=1)).sum(dim=1).log(),
    ),
    wrong(
        "what is not wanted",
        "it is what is not wanted",
        lambda s, w: losses(s, 1 - w),
    ),
    wrong(
        "every film",
        "it is every film",
        lambda s, w: losses(s, torch.ones_like(w)),
    ),
    wrong(
        "sigmoid",
        "Let all films share one probability",
        lambda s, w: -(w * nn.functional.logsigmoid(s)).sum(dim=1),
    ),
    wrong(
        "binary cross entropy",
        "Let all films share one probability",
        lambda s, w: nn.functional.binary_cross_entropy_with_logits(
            s, w, reduction="none"
        ).sum(dim=1),
    ),
    wrong(
        "scores",
        "make probabilities of them",
        lambda s, w: -(w * s).sum(dim=1),
    ),
    wrong(
        "one logarithm of the sum",
        "belongs to each film",
        lambda s, w: s.logsumexp(dim=1) - (w * s).sum(dim=1),
    ),
    wrong(
        "a loss a film",
        "for each film of each person",
        lambda s, w: -w * s.log_softmax(dim=1),
    ),
    wrong(
        "sum over people",
        "the sum over all people",
        lambda *g: losses(*g).sum(),
    ),
    wrong(
        "mean over people",
        "the mean over all people",
        lambda *g: losses(*g).mean(),
    ),
    wrong("exp", "too large for a float", of_exp),
    wrong(
        "exp in float64",
        "too large for a float",
        lambda s, w: of_exp(s.double(), w),
    ),
    wrong(
        "log of softmax",
        "rounded to 0",
        lambda s, w: -(w * s.softmax(dim=1).log()).sum(dim=1),
    ),
    wrong("log of softmax, picked", "rounded to 0", of_what_was_picked),
    wrong(
        "a small number added",
        "rounded to 0",
        lambda s, w: -(w * (s.softmax(dim=1) + 1e-9).log()).sum(dim=1),
    ),
    wrong(
        "clamped scores",
        "Take the largest score off",
        lambda s, w: losses(s.clamp(-20, 20), w),
    ),
    wrong("changes its input", "changes what it was given", spoils_wanted),
    wrong("None", "returns nothing", lambda s, w: None),
    wrong("NaN", r"the shape", not_a_number),
    wrong("stops", "your function stops", stops),
    wrong("no function", "a function is wanted", 2.77),
]


# ---- You have not rated everything -----------------------------------------


def heard_by(draw):
    """Make an answer of what draws flags of what is heard."""

    def answer(liked, disliked, share, generator):
        heard = draw(liked, share, generator)
        return liked * heard, disliked * heard, liked * ~heard

    return answer


def each_place(liked, share, generator):
    return torch.rand(liked.shape, generator=generator) < share


def of_shape(shape_of):
    """Make an answer that draws in another shape."""
    return heard_by(
        lambda liked, share, generator: (
            torch.rand(shape_of(*liked.shape), generator=generator) < share
        )
    )


hear_part = heard_by(each_place)


def by_bernoulli(liked, disliked, share, generator):
    heard = torch.bernoulli(torch.full_like(liked, share), generator=generator)
    likes = liked * heard
    return [likes, disliked * heard, liked - likes]


def by_two_draws(liked, disliked, share, generator):
    likes = liked.bool() & each_place(liked, share, generator)
    dislikes = disliked.bool() & each_place(liked, share, generator)
    return likes, dislikes, liked.bool() & ~likes


def by_each_rating(liked, disliked, share, generator):
    likes, dislikes = liked.clone(), disliked.clone()
    for table in (likes, dislikes):
        places = table.nonzero(as_tuple=True)
        drawn = torch.rand(len(places[0]), generator=generator)
        table[places] = (drawn < share).float()
    return torch.stack([likes, dislikes, liked - likes])


def by_numpy_of_the_generator(liked, disliked, share, generator):
    seed = torch.randint(1 << 31, (), generator=generator).item()
    heard = np.random.default_rng(seed).random(liked.shape) < share
    tables = liked.numpy(), disliked.numpy()
    return tables[0] * heard, tables[1] * heard, tables[0] * ~heard


def in_lists(*given):
    return tuple(table.tolist() for table in hear_part(*given))


def all_to_find(liked, disliked, share, generator):
    likes, dislikes, _ = hear_part(liked, disliked, share, generator)
    return likes, dislikes, liked


def dislikes_to_find(liked, disliked, share, generator):
    heard = each_place(liked, share, generator)
    return liked * heard, disliked * heard, (liked + disliked) * ~heard


def unrated_to_find(liked, disliked, share, generator):
    heard = each_place(liked, share, generator)
    return liked * heard, disliked * heard, (~heard) * (1 - disliked)


def drawn_again(liked, disliked, share, generator):
    likes, dislikes, _ = hear_part(liked, disliked, share, generator)
    find = liked * each_place(liked, 1 - share, generator)
    return likes, dislikes, find


def lost_likes(liked, disliked, share, generator):
    likes, dislikes, find = hear_part(liked, disliked, share, generator)
    return likes, dislikes, find * each_place(liked, share, generator)


def all_dislikes(liked, disliked, share, generator):
    likes, _, find = hear_part(liked, disliked, share, generator)
    return likes, disliked, find


def no_dislikes(liked, disliked, share, generator):
    likes, _, find = hear_part(liked, disliked, share, generator)
    return likes, torch.zeros_like(disliked), find


def dislikes_together(liked, disliked, share, generator):
    likes, _, find = hear_part(liked, disliked, share, generator)
    heard = torch.rand(len(liked), 1, generator=generator) < share
    return likes, disliked * heard, find


def just_drawn(liked, disliked, share, generator):
    heard = each_place(liked, share, generator)
    return heard, heard, ~heard


def tables_swapped(liked, disliked, share, generator):
    likes, dislikes, find = hear_part(liked, disliked, share, generator)
    return dislikes, likes, find


def order_swapped(liked, disliked, share, generator):
    likes, dislikes, find = hear_part(liked, disliked, share, generator)
    return likes, find, dislikes


def so_many_of_each(liked, disliked, share, generator):
    rated = liked + disliked
    drawn = torch.rand(liked.shape, generator=generator) + (1 - rated)
    place = drawn.argsort(dim=1).argsort(dim=1)
    heard = place < (share * rated.sum(dim=1, keepdim=True)).round()
    return liked * heard, disliked * heard, liked * ~heard


def first_of_each(liked, disliked, share, generator):
    rated = liked + disliked
    heard = rated.cumsum(1) <= (share * rated.sum(1, keepdim=True)).round()
    return liked * heard, disliked * heard, liked * ~heard


def by_dropout(liked, disliked, share, generator):
    drop = nn.Dropout(1 - share)
    likes = drop(liked)
    return likes, drop(disliked), liked * (likes == 0)


def with_a_seed(liked, disliked, share, generator):
    return hear_part(liked, disliked, share, generator.manual_seed(0))


def with_its_own(liked, disliked, share, generator):
    own = torch.Generator().manual_seed(generator.initial_seed())
    return hear_part(liked, disliked, share, own)


def with_a_global_seed(liked, disliked, share, generator):
    torch.manual_seed(0)
    return hear_part(liked, disliked, share, torch.default_generator)


def hears_in_place(liked, disliked, share, generator):
    heard = each_place(liked, share, generator)
    find = liked * ~heard
    liked *= heard
    disliked *= heard
    return liked, disliked, find


HEARD = [
    right("a draw a place", hear_part),
    right("Bernoulli, in a list", by_bernoulli),
    right("two draws, flags", by_two_draws),
    right("a draw a rating, stacked", by_each_rating),
    right("NumPy", by_numpy_of_the_generator),
    right("lists", in_lists),
    wrong("all likes to find", "is heard, and is to be found", all_to_find),
    wrong("dislikes to find", "a dislike is to be found", dislikes_to_find),
    wrong("anything to find", "that nobody liked", unrated_to_find),
    wrong("drawn again", "by the same draw|as well", drawn_again),
    wrong("likes are lost", "neither heard nor to be found", lost_likes),
    wrong(
        "one draw for all",
        "not once",
        of_shape(lambda n_people, n_items: (1, 1)),
    ),
    wrong(
        "one draw a person",
        "of one person tend",
        of_shape(lambda n_people, n_items: (n_people, 1)),
    ),
    wrong(
        "one draw a film",
        "of one film tend",
        of_shape(lambda n_people, n_items: (n_items,)),
    ),
    wrong("dislikes together", "of one person tend", dislikes_together),
    wrong("so many of each", "just about the same share", so_many_of_each),
    wrong("the first of each", "of one film tend", first_of_each),
    wrong(
        "the share left out",
        "not what is left out|and not what is left",
        heard_by(
            lambda liked, share, generator: each_place(
                liked, 1 - share, generator
            )
        ),
    ),
    wrong(
        "always half",
        r"0\.\d\d of all likes are heard",
        heard_by(
            lambda liked, share, generator: each_place(liked, 0.5, generator)
        ),
    ),
    wrong("all dislikes heard", "of all dislikes are heard", all_dislikes),
    wrong("no dislikes heard", "of all dislikes are heard", no_dislikes),
    wrong("what is drawn alone", "is heard as a like that is", just_drawn),
    wrong("likes and dislikes swapped", "as a like that is", tables_swapped),
    wrong("another order", "as a dislike that is none", order_swapped),
    wrong("dropout", "True and False are wanted", by_dropout),
    wrong(
        "the global draw",
        "two different draws came",
        heard_by(
            lambda liked, share, generator: torch.rand_like(liked) < share
        ),
    ),
    wrong(
        "NumPy's global draw",
        "two different draws came",
        heard_by(
            lambda liked, share, generator: (
                torch.from_numpy(np.random.default_rng().random(liked.shape))
                < share
            )
        ),
    ),
    wrong("a seed inside", "the same draw came twice", with_a_seed),
    wrong("another generator", "the same draw came twice", with_its_own),
    wrong("a global seed", "the same draw came twice", with_a_global_seed),
    wrong("in place", "changes what it was given", hears_in_place),
    wrong(
        "two tables",
        "three tables are wanted",
        lambda *given: hear_part(*given)[:2],
    ),
    wrong("one table", "three tables are wanted", lambda *g: hear_part(*g)[0]),
    wrong(
        "probabilities",
        "True and False are wanted",
        lambda liked, disliked, share, generator: (
            liked * share,
            disliked * share,
            liked * (1 - share),
        ),
    ),
    wrong("None", "returns nothing", lambda *given: None),
    wrong("stops", "your function stops", stops),
    wrong("no function", "a function is wanted", 0.5),
]


# ---- A detector for a leak -------------------------------------------------


def rising_share(items, n_items):
    earlier, later = items[:, :-1], items[:, 1:]
    return (later > earlier)[later < n_items].float().mean()


def rising_in_a_loop(items, n_items):
    rises = pairs = 0
    for row in items.tolist():
        films = [film for film in row if film != n_items]
        pairs += max(len(films) - 1, 0)
        rises += sum(a < b for a, b in itertools.pairwise(films))
    return rises / pairs


def rising_by_diff(items, n_items):
    kept = items.numpy()[:, 1:] < n_items
    return np.mean(np.diff(items.numpy(), axis=1)[kept] > 0)


def by_masks(items, n_items):
    real = (items < n_items).float()
    both = real[:, 1:] * real[:, :-1]
    return (both * (items.diff(dim=1) > 0)).sum() / both.sum()


def of_pairs(items, keep, rises=torch.gt):
    """Make an answer of pairs that are kept."""
    earlier, later = items[:, :-1], items[:, 1:]
    return rises(later, earlier)[keep(earlier, later)].float().mean()


def people_averaged(items, n_items):
    shares = [rising_share(row[None], n_items) for row in items]
    return torch.stack(shares).nanmean()


def across_people(items, n_items):
    films = items[items < n_items]
    return (films[1:] > films[:-1]).float().mean()


def every_two(items, n_items):
    rows = [torch.combinations(row[row < n_items]) for row in items]
    pairs = torch.cat(rows)
    return (pairs[:, 0] < pairs[:, 1]).float().mean()


def n_rising(items, n_items):
    return ((items.diff(dim=1) > 0) & (items[:, 1:] < n_items)).sum()


def marks_padding(items, n_items):
    told = rising_share(items, n_items)
    items[items == n_items] = -1
    return told


def sorts_first(items, n_items):
    return rising_share(items.sort(dim=1).values, n_items)


RISING = [
    right("neighbours", rising_share),
    right("in a loop", rising_in_a_loop),
    right("NumPy", rising_by_diff),
    right("masks", by_masks),
    right("a number", lambda *given: rising_share(*given).item()),
    right("in a row", lambda *given: rising_share(*given).reshape(1)),
    wrong(
        "padding counted",
        "Padding counts here|are no pair",
        lambda items, n: (items.diff(dim=1) > 0).float().mean(),
    ),
    wrong(
        "a film and padding",
        "are no pair",
        lambda items, n: of_pairs(items, lambda a, b: a < n),
    ),
    wrong(
        "over all places",
        "pairs with padding were counted",
        lambda items, n: n_rising(items, n) / items[:, 1:].numel(),
    ),
    wrong(
        ">=",
        "does not rise",
        lambda items, n: of_pairs(items, lambda a, b: b < n, torch.ge),
    ),
    wrong(
        ">=, padding counted",
        "Padding counts here",
        lambda items, n: (items.diff(dim=1) >= 0).float().mean(),
    ),
    wrong(
        "falling",
        "the share that falls",
        lambda items, n: of_pairs(items, lambda a, b: b < n, torch.lt),
    ),
    wrong(
        "not rising",
        "do not rise|the share that falls",
        lambda items, n: of_pairs(items, lambda a, b: b < n, torch.le),
    ),
    wrong("across people", "are no neighbours", across_people),
    wrong("people averaged", "mean of people's shares", people_averaged),
    wrong(
        "divided by films",
        "not of films",
        lambda items, n: n_rising(items, n) / (items < n).sum(),
    ),
    wrong(
        "divided by people",
        "not of people",
        lambda items, n: n_rising(items, n) / len(items),
    ),
    wrong("how many", "divide by the number of pairs", n_rising),
    wrong(
        "percent",
        "not to 100",
        lambda items, n: 100 * rising_share(items, n),
    ),
    wrong("any two", "not any two films", every_two),
    wrong(
        "0 as padding",
        "Film 0 is a film",
        lambda items, n: of_pairs(items, lambda a, b: (a > 0) & (b > 0)),
    ),
    wrong(
        "0 as padding too",
        "Film 0 is a film, too",
        lambda items, n: of_pairs(
            items, lambda a, b: (a > 0) & (b > 0) & (b < n)
        ),
    ),
    wrong(
        "the last film as padding",
        "Row n_items - 1 is a film",
        lambda items, n: of_pairs(
            items, lambda a, b: (a < n - 1) & (b < n - 1)
        ),
    ),
    wrong(
        "one person",
        "one person alone",
        lambda items, n: rising_share(items[:1], n),
    ),
    wrong("sorted first", "is wanted", sorts_first),
    wrong("always half", "is wanted", lambda items, n: torch.tensor(0.5)),
    wrong(
        "one a person",
        "one number is wanted",
        lambda items, n: (items.diff(dim=1) > 0).float().mean(dim=1),
    ),
    wrong("changes its input", "changes what it was given", marks_padding),
    wrong("NaN", "NaN", not_a_number),
    wrong("None", "returns nothing", lambda items, n: None),
    wrong("made for the case", "is wanted", lambda items, n: 2 / 3),
    wrong("no function", "a function is wanted", 2 / 3),
]


# ---- Hold the popular down -------------------------------------------------


def held_down(scores, counts, strength):
    return scores - strength * torch.log1p(counts)


def held_in_place(scores, counts, strength):
    scores -= strength * torch.log1p(counts)
    return scores


def held_in_a_loop(scores, counts, strength):
    return [
        [
            score - strength * math.log(count + 1)
            for score, count in zip(row, counts.tolist(), strict=True)
        ]
        for row in scores.tolist()
    ]


def lines_up_with_people(scores, counts, strength):
    taken = strength * torch.log1p(counts)
    square = len(scores) == len(counts)
    return scores - (taken[:, None] if square else taken)


DOWN = [
    right("log1p", held_down),
    right("plus 1", lambda s, c, k: s - k * (c + 1).log()),
    right("lists", held_in_a_loop),
    right("NumPy", lambda s, c, k: s.numpy() - k * np.log1p(c.numpy())),
    right("float64", lambda s, c, k: held_down(s.double(), c.double(), k)),
    right("in place on a copy", lambda s, *g: held_in_place(s.clone(), *g)),
    wrong("lifted", "That lifts what is", lambda s, c, k: held_down(s, c, -k)),
    wrong(
        "log of the counts",
        "The logarithm of 0",
        lambda s, c, k: s - k * c.log(),
    ),
    wrong("log2", "base 2", lambda s, c, k: s - k * (c + 1).log2()),
    wrong("log10", "base 10", lambda s, c, k: s - k * (c + 1).log10()),
    wrong(
        "clamped counts",
        "Add 1 to every count",
        lambda s, c, k: s - k * c.clamp_min(1).log(),
    ),
    wrong(
        "1 outside, clamped",
        "not to its logarithm",
        lambda s, c, k: s - k * (c.clamp_min(1).log() + 1),
    ),
    wrong(
        "1 outside",
        "The logarithm of 0",
        lambda s, c, k: s - k * (c.log() + 1),
    ),
    wrong(
        "a small number added",
        "is wanted",
        lambda s, c, k: s - k * (c + 1e-9).log(),
    ),
    wrong(
        "no strength",
        "strength is missing",
        lambda s, c, k: held_down(s, c, 1),
    ),
    wrong(
        "no logarithm",
        "as they are",
        lambda s, c, k: s - k * c,
    ),
    wrong(
        "counts plus 1",
        "logarithm of the counts plus 1",
        lambda s, c, k: s - k * (c + 1),
    ),
    wrong(
        "strength inside",
        "outside of the logarithm",
        lambda s, c, k: s - torch.log1p(k * c),
    ),
    wrong(
        "all times the strength",
        "scores are multiplied",
        lambda s, c, k: k * (s - torch.log1p(c)),
    ),
    wrong(
        "divided",
        "the scores are divided",
        lambda s, c, k: s / (1 + k * torch.log1p(c)),
    ),
    wrong(
        "divided by 0",
        "nothing can be divided by 0",
        lambda s, c, k: s / (k * torch.log1p(c)),
    ),
    wrong("root", "not the root", lambda s, c, k: s - k * c.sqrt()),
    wrong("nothing", "Nothing is taken off", lambda s, c, k: s),
    wrong(
        "scores missing",
        "the scores are missing",
        lambda s, c, k: (k * torch.log1p(c)).expand(s.shape),
    ),
    wrong(
        "for one person",
        "the shape",
        lambda s, c, k: k * torch.log1p(c),
    ),
    wrong(
        "not below 0",
        "may be below 0",
        lambda s, c, k: held_down(s, c, k).clamp_min(0),
    ),
    wrong("along people", "one number for each column", lines_up_with_people),
    wrong("in place", "changes what it was given", held_in_place),
    wrong("None", "returns nothing", lambda s, c, k: None),
    wrong("NaN", "the shape", not_a_number),
    wrong("stops", "your function stops", stops),
    wrong("made for the case", "the shape", lambda s, c, k: [[3.0, 0.6974]]),
    wrong("no function", "a function is wanted", [[3.0, 0.6974]]),
]


# ---- How much of the catalogue ---------------------------------------------


def covered(lists, n_items):
    return len(lists[lists >= 0].unique()) / n_items


def flagged(lists, n_items):
    """Flag rows: a -1 flags the last film."""
    is_listed = torch.zeros(n_items)
    is_listed[lists.flatten()] = 1
    return is_listed.mean()


def flagged_apart(lists, n_items):
    is_listed = torch.zeros(n_items + 1)
    is_listed[lists] = 1
    return is_listed[:-1].mean()


def in_every_list(lists, n_items):
    rows = [{*row} - {-1} for row in lists.tolist()]
    return len(set.intersection(*rows)) / n_items


def spoils_lists(lists, n_items):
    told = covered(lists, n_items)
    lists[lists < 0] = 0
    return told


COVERED = [
    right("unique", covered),
    right("one flag too many", flagged_apart),
    right("the book's", coverage),
    right(
        "a set",
        lambda lists, n: len({*lists.flatten().tolist()} - {-1}) / n,
    ),
    right(
        "NumPy",
        lambda lists, n: np.isin(np.arange(n), lists.numpy()).mean(),
    ),
    right(
        "a tensor of one",
        lambda lists, n: torch.tensor([covered(lists, n)]),
    ),
    wrong(
        "-1 counted",
        "-1 is no film",
        lambda lists, n: len(lists.unique()) / n,
    ),
    wrong("-1 as a row", "-1 is no film", flagged),
    wrong(
        "always one less",
        "A -1 is not always there",
        lambda lists, n: (len(lists.unique()) - 1) / n,
    ),
    wrong(
        "film 0 left out",
        "Film 0 is a film",
        lambda lists, n: len(lists[lists > 0].unique()) / n,
    ),
    wrong(
        "not unique",
        "counts once",
        lambda lists, n: (lists >= 0).sum() / n,
    ),
    wrong(
        "all places",
        "count each film once",
        lambda lists, n: lists.numel() / n,
    ),
    wrong(
        "divided by places",
        "not by the places",
        lambda lists, n: covered(lists, lists.numel()),
    ),
    wrong(
        "divided by what is listed",
        "not by how many are listed",
        lambda lists, n: covered(lists, int((lists >= 0).sum())),
    ),
    wrong(
        "divided by people",
        "not by that of the people",
        lambda lists, n: covered(lists, len(lists)),
    ),
    wrong("how many", "how many films there are", lambda s, n: covered(s, 1)),
    wrong("percent", "not to 100", lambda s, n: 100 * covered(s, n)),
    wrong("not covered", "nobody is shown", lambda s, n: 1 - covered(s, n)),
    wrong(
        "mean over people",
        "the mean over people",
        lambda lists, n: (lists >= 0).float().sum(dim=1).mean() / n,
    ),
    wrong("in every list", "one list is enough", in_every_list),
    wrong(
        "up to the highest",
        "up to the highest row",
        lambda lists, n: (lists.max() + 1) / n,
    ),
    wrong(
        "the first list",
        "one list alone",
        lambda lists, n: covered(lists[0], n),
    ),
    wrong(
        "whole per cent",
        "is wanted",
        lambda lists, n: covered(lists, n) // 0.01 / 100,
    ),
    wrong("the films", "one number is wanted", lambda s, n: s.unique()),
    wrong("changes its input", "changes what it was given", spoils_lists),
    wrong("NaN", "NaN", not_a_number),
    wrong("None", "returns nothing", lambda lists, n: None),
    wrong("made for the case", "is wanted", lambda lists, n: 0.5),
    wrong("no function", "a function is wanted", 0.5),
]


# ---- What speaks for it ----------------------------------------------------


def falls_of(score, liked, item):
    """Return liked rows and by how much the score falls without each."""
    rows = liked.nonzero().squeeze(1)
    without = liked.repeat(len(rows), 1)
    without[torch.arange(len(rows)), rows] = 0
    return rows, score(liked[None])[0, item] - score(without)[:, item]


def speaks_most(score, liked, item):
    rows, falls = falls_of(score, liked, item)
    if len(rows) == 0 or falls.max() <= 0:
        return None
    return rows[falls.argmax()]


def speaks_in_a_loop(score, liked, item):
    best, lowest = None, score(liked[None])[0, item].item()
    for row in range(len(liked)):
        if liked[row]:
            without = liked.clone()
            without[row] = 0
            told = score(without[None])[0, item].item()
            if told < lowest:
                best, lowest = row, told
    return best


def speaks_of_every_film(score, liked, item):
    """Leave out what is not liked too: that changes nothing."""
    told = score(liked * (1 - torch.eye(len(liked))))[:, item]
    fall = score(liked[None])[0, item] - told.min()
    return int(told.argmin()) if fall > 0 else None


def speaks_by_the_book(score, liked, item):
    from recslib.lists import Heard

    if not liked.any():
        return None
    heard = Heard(liked[None], torch.zeros(1, len(liked)))
    rows, falls = leave_each_out(lambda told: score(told.liked), heard, item)
    return np.int64(rows[0]) if falls[0] > 0 else None


def picked(pick, otherwise=None):
    """Make an answer of a choice among rows and falls."""

    def answer(score, liked, item):
        rows, falls = falls_of(score, liked, item)
        if len(rows) == 0 or falls.max() <= 0:
            return otherwise
        return pick(rows, falls)

    return answer


def without_none(score, liked, item):
    rows, falls = falls_of(score, liked, item)
    return rows[falls.argmax()] if len(rows) else None


def at_least_nothing(score, liked, item):
    rows, falls = falls_of(score, liked, item)
    if len(rows) == 0 or falls.max() < 0:
        return None
    return rows[falls.argmax()]


def alone(score, liked, item):
    if speaks_most(score, liked, item) is None:
        return None
    rows = liked.nonzero().squeeze(1)
    return rows[score(torch.eye(len(liked))[rows])[:, item].argmax()]


def in_turn(score, liked, item):
    rows, left = liked.nonzero().squeeze(1), liked.clone()
    best, lowest = None, score(liked[None])[0, item]
    for row in rows:
        left[row] = 0
        if score(left[None])[0, item] < lowest:
            best, lowest = row, score(left[None])[0, item]
    return best


def of_all_scores(score, liked, item):
    rows = liked.nonzero().squeeze(1)
    if speaks_most(score, liked, item) is None:
        return None
    out = liked - torch.eye(len(liked))[rows]
    return rows[score(out).sum(dim=1).argmin()]


def what_adds_most(score, liked, item):
    if speaks_most(score, liked, item) is None:
        return None
    others = (liked == 0).nonzero().squeeze(1)
    added = liked + torch.eye(len(liked))[others]
    return others[score(added)[:, item].argmax()]


def takes_out_for_good(score, liked, item):
    told = speaks_most(score, liked, item)
    liked[:] = 0
    return told


def on_a_row(score, liked, item):
    return score(liked)[item]


def always(row):
    return lambda score, liked, item: row


SPEAKS = [
    right("all at once", speaks_most),
    right("in a loop", speaks_in_a_loop),
    right("every film left out", speaks_of_every_film),
    right("the book's, NumPy", speaks_by_the_book),
    right("in a row", picked(lambda rows, falls: rows[falls.argmax()][None])),
    wrong(
        "a place",
        "its place among the likes",
        picked(lambda rows, falls: falls.argmax()),
    ),
    wrong(
        "falls least",
        "falls least, or rises",
        picked(lambda rows, falls: rows[falls.argmin()]),
    ),
    wrong(
        "changes most",
        "look at the sign",
        picked(lambda rows, falls: rows[falls.abs().argmax()]),
    ),
    wrong("each one alone", "That one alone", alone),
    wrong("never put back", "Put a film back", in_turn),
    wrong("all scores", "look at the item alone", of_all_scores),
    wrong("added", "It is not liked", what_adds_most),
    wrong("no None", "leaving out none of them", without_none),
    wrong("falls by nothing", "leaving out none", at_least_nothing),
    wrong(
        "-1 for None",
        "nothing is liked, so None",
        picked(lambda rows, falls: rows[falls.argmax()], -1),
    ),
    wrong(
        "0 for None",
        "nothing is liked, so None",
        picked(lambda rows, falls: rows[falls.argmax()], 0),
    ),
    wrong(
        "stops where nothing is liked",
        r"liked rows \[\] and item 5 your function stops",
        lambda *given: falls_of(*given)[0][falls_of(*given)[1].argmax()],
    ),
    wrong(
        "by how much",
        "by how much",
        picked(lambda rows, falls: falls.max()),
    ),
    wrong(
        "all that fall",
        "one number is wanted",
        picked(lambda rows, falls: rows[falls > 0]),
    ),
    wrong(
        "the highest score",
        "is wanted",
        lambda score, liked, item: score(liked[None])[0].argmax(),
    ),
    wrong("the item", "the item itself", lambda score, liked, item: item),
    wrong("the first liked", "is wanted", picked(lambda rows, _: rows[0])),
    wrong("the last liked", "is wanted", picked(lambda rows, _: rows[-1])),
    wrong("a row for a table", r"`score` takes a table", on_a_row),
    wrong("changes the likes", "changes what it was", takes_out_for_good),
    wrong("None", "None came", always(None)),
    wrong("NaN", "NaN", not_a_number),
    wrong("made for the case", "is wanted", always(2)),
    wrong("no function", "a function is wanted", 2),
]


TABLES = {
    checks.popular_unseen: POPULAR,
    checks.average_precision: PRECISIONS,
    checks.ease_weights: EASE,
    checks.softmax_over_items: SOFTMAX,
    checks.hear_part: HEARD,
    checks.rising_share: RISING,
    checks.held_down: DOWN,
    checks.covered: COVERED,
    checks.speaks_most: SPEAKS,
}


@pytest.mark.parametrize(("check", "answer"), [*each_of(TABLES)])
def test_each_answer_gets_what_it_deserves(check, answer):
    hold(check, answer)


def test_every_check_has_wrong_answers_and_right_ones():
    enough(TABLES)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("check", TABLES, ids=lambda check: check.__name__)
def test_every_right_answer_passes_whatever_is_drawn(check, seed):
    torch.manual_seed(seed)
    for answer in TABLES[check]:
        if not answer.hint:
            assert check(*answer.given, seed=seed) == "Pass.", answer.label


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("check", TABLES, ids=lambda check: check.__name__)
def test_no_wrong_answer_passes_by_luck_whatever_is_drawn(check, seed):
    torch.manual_seed(seed)
    for answer in TABLES[check]:
        if answer.hint:
            said = check(*answer.given, seed=seed)
            assert said.startswith("Not yet: "), answer.label
