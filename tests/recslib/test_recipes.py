import inspect
import re
from dataclasses import replace

import pandas as pd
import pytest
import torch
from torch import nn

from recslib import recipes
from recslib.baselines import damped_biases, global_mean
from recslib.evaluation import rmse
from recslib.features import SideFeatures, side_features
from recslib.models import (
    BothSides,
    DenseNet,
    LSTMRating,
    MatrixFactorization,
)
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.recipes import (
    fit_dense_net,
    fit_factorization,
    fit_feature_factorization,
    fit_lstm,
    unit_of,
)
from recslib.recommend import fold_in, score_items
from recslib.sampling import sample_factorization
from recslib.sequences import (
    ask_apart,
    backwards,
    cut_histories,
    lstm_inputs,
)
from recslib.splits import random_split, whole_items
from recslib.training import predict

N_USERS, N_ITEMS = 20, 15
SPLIT = random_split(synthetic(N_USERS, N_ITEMS, 200).ratings)


def weights(model):
    return torch.cat([part.detach().flatten() for part in model.parameters()])


# The matrix factorization ----------------------------------------------------


def test_the_factorization_beats_biases_on_ratings_made_of_factors():
    split = random_split(synthetic(60, 40, 1_500).ratings)
    rows = (split.test.users, split.test.items)
    settings = {"n_epochs": 60, "batch_size": 256, "ridge": 0.5}
    model = fit_factorization(split.train, n_factors=4, **settings)
    ours = rmse(predict(model, rows), split.test.ratings)
    biases = damped_biases(split.train).predict(*rows)
    assert ours < 0.9 * rmse(biases, split.test.ratings)


def test_the_factorization_repeats_its_bits_and_follows_its_seed():
    one, again, other = (
        weights(fit_factorization(SPLIT.train, 3, n_epochs=2, seed=seed))
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


@pytest.mark.parametrize("charge", [{"l2": 0.5}, {"ridge": 20.0}])
def test_each_charge_makes_the_rows_shorter(charge):
    free = {"l2": 0.0, "ridge": 0.0, "n_epochs": 20}
    plain = weights(fit_factorization(SPLIT.train, 3, **free))
    held = weights(fit_factorization(SPLIT.train, 3, **{**free, **charge}))
    assert held.norm() < 0.8 * plain.norm()


def test_a_ridge_is_the_same_charge_in_batches_of_any_size():
    settings = {"n_epochs": 40, "l2": 0.0, "ridge": 5.0}
    small, large = (
        weights(fit_factorization(SPLIT.train, 3, batch_size=n, **settings))
        for n in (20, 80)
    )
    assert torch.allclose(small, large, atol=0.05)


# The dense network -----------------------------------------------------------


def test_the_dense_net_learns_and_repeats_its_bits():
    one, again, other = (
        fit_dense_net(SPLIT.train, n_factors=4, n_epochs=18, seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(weights(one), weights(again))
    assert not torch.equal(weights(one), weights(other))
    rows = (SPLIT.test.users, SPLIT.test.items)
    ours = rmse(predict(one, rows), SPLIT.test.ratings)
    mean = global_mean(SPLIT.train).predict(*rows)
    assert ours < rmse(mean, SPLIT.test.ratings)


@pytest.mark.parametrize("fit_it", [fit_dense_net, fit_feature_factorization])
def test_features_tell_what_ids_cannot_know(fit_it):
    data = synthetic(200, 60, 3_000)
    side = side_features(data)
    # A star more for comedies, and new films to ask about.
    comedy = side.items[:, side.item_names.index("Comedy")]
    ratings = replace(
        data.ratings, ratings=2.0 + 2.0 * comedy[data.ratings.items]
    )
    split, *_ = whole_items(ratings)
    rows = (split.test.users, split.test.items)
    gently = {"n_factors": 8, "n_epochs": 40, "batch_size": 64}
    rate = 0.005 if fit_it is fit_dense_net else 0.025
    model = fit_it(split.train, side, **gently, learning_rate=rate)
    told = predict(model, (*rows, side.of(*rows)))
    assert rmse(told, split.test.ratings) < 0.7
    blind_fit = fit_dense_net if fit_it is fit_dense_net else fit_factorization
    blind = blind_fit(split.train, **gently, learning_rate=rate)
    assert rmse(predict(blind, rows), split.test.ratings) > 0.8


def test_features_that_are_all_0_change_nothing():
    data = synthetic(N_USERS, N_ITEMS, 200)
    side = side_features(data)
    nothing = replace(
        side,
        users=torch.zeros_like(side.users),
        items=torch.zeros_like(side.items),
    )
    few = {"n_factors": 4, "n_epochs": 5, "seed": 3}
    rows = (SPLIT.test.users, SPLIT.test.items)
    told = fit_feature_factorization(SPLIT.train, nothing, **few)
    blind = fit_factorization(SPLIT.train, **few)
    answer = predict(told, (*rows, nothing.of(*rows)))
    assert torch.allclose(answer, predict(blind, rows), atol=1e-5)


def test_features_of_others_are_refused():
    side = side_features(synthetic(N_USERS + 1, N_ITEMS, 200))
    said = f"features of {N_USERS + 1} users and {N_ITEMS} items"
    with pytest.raises(ValueError, match=said):
        fit_feature_factorization(SPLIT.train, side)


def rates_of(monkeypatch, fit_it):
    """Run a recipe up to its fit; return each parameter's learning rate."""
    seen = {}

    def watch(model, train, *, optimizer, **settings):
        names = {id(p): name for name, p in model.named_parameters()}
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                seen[names[id(parameter)]] = group["lr"]

    monkeypatch.setattr(recipes, "fit", watch)
    fit_it(SPLIT.train, side_features(synthetic(N_USERS, N_ITEMS, 200)))
    return seen


def test_each_kind_of_weight_has_a_rate_of_its_own(monkeypatch):
    seen = rates_of(monkeypatch, fit_dense_net)
    assert seen["user_factors.weight"] == seen["item_biases.weight"] == 0.011
    assert seen["hidden.weight"] == seen["output.bias"]
    assert seen["hidden.weight"] == pytest.approx(0.011 / 100)
    assert seen["feature_factors.weight"] == pytest.approx(0.011 / 25)
    seen = rates_of(monkeypatch, fit_feature_factorization)
    assert seen["user_factors.weight"] == seen["item_biases.weight"] == 0.025
    assert seen["feature_factors.weight"] == pytest.approx(0.025 / 100)


# The LSTM --------------------------------------------------------------------


def moody(n_users=60, n_each=60, keep=0.95, seed=0):
    """Make ratings of a base, a mood that drifts, and noise.

    Returns the ratings, and the base of each.
    """
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    mood, moods = normal(n_users), []
    for _ in range(n_each):
        moods.append(mood)
        mood = keep * mood + (1 - keep**2) ** 0.5 * normal(n_users)
    # Everybody rates everything, in an order of their own.
    items = normal(n_users, n_each).argsort(dim=1)
    base = 3 + 0.3 * normal(n_each)[items]
    stars = base + 0.7 * torch.stack(moods, dim=1) + 0.4 * normal(*base.shape)
    frame = pd.DataFrame(
        {
            "user": torch.arange(n_users).repeat_interleave(n_each),
            "item": items.flatten(),
            "rating": stars.flatten(),
            "timestamp": torch.arange(n_each).repeat(n_users),
        }
    )
    return from_frame(frame, scale=(-9, 15)), base.flatten()


def moody_parts(seed=0):
    """Part moody people into those to learn from and those to ask about."""
    ratings, base = moody(seed=seed)
    is_new = ratings.users >= 40
    return (
        (ratings.select(~is_new), base[~is_new]),
        (ratings.select(is_new), base[is_new]),
    )


def some_factors(n_items=60):
    generator = torch.Generator().manual_seed(0)
    return 0.1 * torch.randn(n_items, 2, generator=generator)


QUICK = {"n_hidden": 8, "n_steps": 30, "n_epochs": 12, "learning_rate": 0.02}


def rmse_apart(model, ratings, base, is_target):
    """Score what a model says of targets when it hears all the others."""
    before, after = (
        ask_apart(ratings, is_target, 30, seed=0, side=side)
        for side in ("before", "after")
    )
    surprises = torch.where(is_target, torch.nan, ratings.ratings - base)
    after = after if isinstance(model, BothSides) else None
    inputs = lstm_inputs(before, base, surprises, after)
    stars = before.to_rows(predict(model, inputs))
    return rmse(stars, ratings.ratings[is_target])


@pytest.mark.parametrize("seed", range(2))
def test_an_lstm_hears_moods_that_fade_and_more_of_them_from_both_sides(seed):
    (train, base), (asked, asked_base) = moody_parts(seed)
    generator = torch.Generator().manual_seed(seed)
    is_target = torch.rand(len(asked), generator=generator) < 0.2
    past, both = (
        rmse_apart(
            fit_lstm(train, base, some_factors(), both_sides=side, **QUICK),
            asked,
            asked_base,
            is_target,
        )
        for side in (False, True)
    )
    deaf = rmse(asked_base[is_target], asked.ratings[is_target])
    # The base misses mood and noise, 0.8; nobody foretells the noise, 0.4.
    assert 0.38 < both < 0.95 * past
    assert past < 0.85 * deaf


def test_an_lstm_improves_on_its_base_one_step_ahead_too():
    (train, base), (asked, asked_base) = moody_parts()
    model = fit_lstm(train, base, some_factors(), **QUICK)
    pieces = cut_histories(asked, 30, n_context=15, seed=0)
    surprises = asked.ratings - asked_base
    inputs = lstm_inputs(pieces, asked_base, surprises)
    stars = pieces.to_rows(predict(model, inputs))
    deaf = rmse(asked_base, asked.ratings)
    assert 0.4 < rmse(stars, asked.ratings) < 0.75 * deaf
    # Where there is no mood but noise alone, it finds nothing to improve.
    noise = asked_base + 0.4 * torch.randn(
        len(asked), generator=torch.Generator().manual_seed(1)
    )
    inputs = lstm_inputs(pieces, asked_base, noise - asked_base)
    stars = pieces.to_rows(predict(model, inputs))
    assert rmse(stars, noise) > 0.38


@pytest.mark.parametrize("both_sides", [False, True])
def test_the_lstm_repeats_its_bits_and_follows_its_seed(both_sides):
    (train, base), _ = moody_parts()
    how = {**QUICK, "n_epochs": 2, "both_sides": both_sides}

    def bits(seed):
        torch.rand(7)  # where the global random state stands does not matter
        return weights(fit_lstm(train, base, some_factors(), seed=seed, **how))

    one, again, other = bits(1), bits(1), bits(2)
    assert torch.equal(one, again) and not torch.equal(one, other)


@pytest.mark.parametrize("both_sides", [False, True])
@pytest.mark.parametrize("times", [0.25, 20])
def test_an_lstm_hears_and_answers_on_any_scale(both_sides, times):
    (train, base), _ = moody_parts()
    pieces = cut_histories(train, 30, seed=0)
    after = backwards(pieces, train) if both_sides else None
    how = {**QUICK, "n_epochs": 3, "both_sides": both_sides}

    def told(scaled, base):
        model = fit_lstm(scaled, base, some_factors(), **how)
        surprises = scaled.ratings - base
        inputs = lstm_inputs(pieces, base, surprises, after)
        return pieces.to_rows(predict(model, inputs))

    answer = told(on_a_scale(train, times), times * base)
    wanted = times * told(train, base)
    unit = times * unit_of(train)
    assert torch.allclose(answer, wanted, rtol=0, atol=1e-3 * unit)


@pytest.mark.parametrize("both_sides", [False, True])
def test_item_factors_stay_as_they_are_while_an_lstm_is_fitted(both_sides):
    (train, base), _ = moody_parts()
    factors = nn.Parameter(some_factors())
    how = {**QUICK, "n_epochs": 2, "both_sides": both_sides}
    model = fit_lstm(train, base, factors, **how)
    assert not model.training
    assert torch.equal(factors, some_factors()) and factors.grad is None
    ears = [model.before, model.after] if both_sides else [model]
    for ear in ears:
        assert torch.equal(ear.item_factors.weight[:-1], some_factors())
        assert not ear.item_factors.weight[-1].any()
        # All else has moved: it started from zero.
        assert ear.taste.weight.abs().min() > 0
    kind = BothSides if both_sides else LSTMRating
    assert type(model) is kind and ears[0].lstm.hidden_size == 8


@pytest.mark.parametrize("both_sides", [False, True])
def test_an_lstm_is_fitted_to_pieces_and_their_targets_as_told(
    monkeypatch, both_sides
):
    (train, base), _ = moody_parts()
    # Three ratings a second, in an order that the seed draws.
    train = replace(train, timestamps=train.timestamps // 3)
    seen = {}

    def watch(model, examples, **how):
        seen.update(model=model, examples=examples, **how)

    monkeypatch.setattr(recipes, "fit", watch)
    fit_lstm(
        train,
        base,
        some_factors(),
        both_sides=both_sides,
        n_steps=25,
        n_epochs=3,
        batch_size=5,
        learning_rate=0.03,
        seed=4,
    )
    # 60 ratings each: pieces of 25, 25 and 10 of all 40 people.
    pieces = cut_histories(train, 25, seed=4)
    assert seen["examples"].targets.shape == (120, 25)
    unit = unit_of(train)
    told = pieces.to_rows(seen["examples"].targets)
    assert torch.equal(told, train.ratings / unit)
    assert torch.equal(seen["examples"].mask, pieces.mask)
    back = backwards(pieces, train) if both_sides else None
    surprises = (train.ratings - base) / unit
    expected = lstm_inputs(pieces, base / unit, surprises, back)
    for one, other in zip(seen["examples"].inputs, expected, strict=True):
        assert torch.equal(one, other)
    assert (seen["n_epochs"], seen["batch_size"], seen["seed"]) == (3, 5, 4)
    assert seen["optimizer"].param_groups[0]["lr"] == 0.03


def test_an_lstm_that_cannot_be_fitted_is_refused():
    (train, base), _ = moody_parts()
    for how, said in (
        ({"n_epochs": 0}, "n_epochs is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"n_steps": 0}, "n_steps is 0"),
    ):
        with pytest.raises(ValueError, match=said):
            fit_lstm(train, base, some_factors(), **how)
    with pytest.raises(ValueError, match="predictions of the base are NaN"):
        fit_lstm(train, base * torch.nan, some_factors())
    with pytest.raises(RatingsError, match="timestamp"):
        fit_lstm(replace(train, timestamps=None), base, some_factors())


# A class of your own, and small files ----------------------------------------


@pytest.mark.parametrize("n_factors", ["20", 2.5, -1, None])
@pytest.mark.parametrize("fit_it", [fit_factorization, fit_dense_net])
def test_a_number_of_factors_that_is_none_is_refused(fit_it, n_factors):
    with pytest.raises(ValueError, match=r"n_factors is .*; give a whole"):
        fit_it(SPLIT.train, n_factors=n_factors)


def test_a_class_of_your_own_is_fitted():
    class Mine(MatrixFactorization):
        pass

    class MyNet(DenseNet):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.hidden = nn.Sequential(self.hidden, nn.Linear(64, 64))

    class MyListener(LSTMRating):
        pass

    few = {"n_epochs": 1, "seed": 0}
    assert type(fit_factorization(SPLIT.train, 4, **few, kind=Mine)) is Mine
    before = MyNet(N_USERS, N_ITEMS, 8, 3.5, 0).hidden[1].weight
    net = fit_dense_net(SPLIT.train, n_factors=8, **few, kind=MyNet)
    assert not torch.equal(net.hidden[1].weight, before)
    base = torch.full((len(SPLIT.train),), 3.5)
    films = torch.randn(N_ITEMS, 4)
    heard = fit_lstm(SPLIT.train, base, films, **few, kind=MyListener)
    assert type(heard) is MyListener


def test_a_class_that_makes_or_takes_something_else_is_told_so():
    class Alone(MatrixFactorization):
        def forward(self, users):
            return self.user_biases(users).squeeze(1)

    class InWords(MatrixFactorization):
        def forward(self, users, items):
            return ["4 stars"] * len(users)

    for kind, said in (
        (lambda *sizes: dict, "what kind makes came as .*; give a model"),
        (lambda *sizes: nn.Linear(1, 1), r"Linear.forward takes \(input\)"),
        (Alone, r"Alone.forward takes \(users\) .* with \(users, items\)"),
        (InWords, "predictions of the model came as list"),
    ):
        with pytest.raises(ValueError, match=said):
            fit_factorization(SPLIT.train, 2, n_epochs=1, kind=kind)
    base = torch.full((len(SPLIT.train),), 3.5)
    with pytest.raises(ValueError, match=r"base, past, surprises\): too many"):
        fit_lstm(
            SPLIT.train,
            base,
            torch.ones(N_ITEMS, 2),
            n_epochs=1,
            kind=lambda item_factors, n_hidden: Alone(2, 2, 2, 3.5),
        )


def test_a_small_file_is_fitted_in_twenty_batches_an_epoch():
    as_it_is = weights(fit_factorization(SPLIT.train, 4, n_epochs=2))
    size = len(SPLIT.train) // 20
    by_hand = fit_factorization(SPLIT.train, 4, n_epochs=2, batch_size=size)
    assert torch.equal(as_it_is, weights(by_hand))


# Ratings on any scale, of any number -----------------------------------------


def made(n_users, n_items, n_ratings, *, taste=1.0, noise=0.5, tail=0.0):
    """Make stars of two tastes and noise; some people and items have most."""
    chance = torch.Generator().manual_seed(0)

    def normal(*shape):
        return torch.randn(shape, generator=chance)

    often = [(5.0 + torch.arange(n)) ** -tail for n in (n_users, n_items)]
    shares = torch.outer(*often).flatten()
    # The largest of these keys are drawn in proportion to their shares.
    keys = torch.rand(len(shares), generator=chance).log() / shares
    pairs = keys.topk(n_ratings).indices
    users, items = pairs // n_items, pairs % n_items
    tastes = (normal(n_users, 2)[users] * normal(n_items, 2)[items]).sum(1)
    stars = 3 + 0.3 * (normal(n_users)[users] + normal(n_items)[items])
    stars += taste * tastes / 2**0.5 + noise * normal(n_ratings)
    frame = pd.DataFrame(
        {"user": users, "item": items, "rating": stars.round().clamp(1, 5)}
    )
    return from_frame(frame, scale=(1, 5))


SQUARE = made(50, 40, 2_000)


def on_a_scale(ratings, times=1.0, shift=0.0):
    low, high = ratings.scale
    return replace(
        ratings,
        ratings=ratings.ratings * times + shift,
        scale=(low * times + shift, high * times + shift),
    )


def errors_of(ratings, fit_it=fit_factorization):
    """Return the test RMSE of a model by default, and of damped biases."""
    split = random_split(ratings)
    pair = rows = (split.test.users, split.test.items)
    known = ()
    if fit_it is fit_feature_factorization:
        known = (flags_of(ratings),)
        rows = (*pair, known[0].of(*pair))
    model = fit_it(split.train, *known)
    biases = damped_biases(split.train)
    return tuple(
        rmse(told.clamp(*ratings.scale), split.test.ratings)
        for told in (predict(model, rows), biases.predict(*pair))
    )


def flags_of(ratings):
    """Make three flags of every user and item that mean nothing."""
    chance = torch.Generator().manual_seed(3)
    users, items = (
        torch.randint(0, 2, (n, 3), generator=chance).float()
        for n in (ratings.n_users, ratings.n_items)
    )
    return SideFeatures(users, items, tuple("abc"), tuple("def"))


def test_a_unit_is_a_star_of_one_to_five():
    stars = made(40, 30, 400)
    assert unit_of(stars) == 1.0
    assert unit_of(on_a_scale(stars, 25, -7)) == 25.0
    # 0 or 1: the spread is half the width, and a unit not much less.
    half = torch.arange(400) % 2
    unit = unit_of(replace(stars, ratings=half.float(), scale=(0.0, 1.0)))
    assert unit == pytest.approx(0.5 / 1.2)
    # All near one end of a wide scale.
    assert unit_of(replace(stars, scale=(1.0, 1_000.0))) < 2
    alike = replace(stars, ratings=torch.full((400,), 4.0))
    assert unit_of(alike) == 1.0


@pytest.mark.parametrize(
    ("times", "shift"), [(25, -25), (5, -15), (0.25, -0.25), (1_000, 0)]
)
@pytest.mark.parametrize(
    "fit_it", [fit_factorization, fit_feature_factorization, fit_dense_net]
)
def test_any_scale_gives_the_same_answers(fit_it, times, shift):
    data = synthetic(N_USERS, N_ITEMS, 200)
    side, rows = side_features(data), (SPLIT.test.users, SPLIT.test.items)
    inputs = rows if fit_it is fit_factorization else (*rows, side.of(*rows))
    known = () if fit_it is fit_factorization else (side,)

    def told(train):
        model = fit_it(train, *known, n_factors=4, n_epochs=6)
        return predict(model, inputs)

    wanted = times * told(SPLIT.train) + shift
    answer = told(on_a_scale(SPLIT.train, times, shift))
    unit = times * unit_of(SPLIT.train)
    assert torch.allclose(answer, wanted, rtol=0, atol=1e-3 * unit)


def test_a_person_folded_in_hears_the_same_on_any_scale():
    def folded(model, times):
        films = torch.arange(6)
        stars = times * (films % 3 + 2.0)
        return fold_in(model, films, stars, l2=0.04, ridge=3.0)

    models = [
        fit_factorization(on_a_scale(SPLIT.train, times), 4, n_epochs=20)
        for times in (1, 20)
    ]
    one, other = (
        score_items(model, folded(model, times))
        for times, model in zip((1, 20), models, strict=True)
    )
    assert torch.allclose(other, 20 * one, atol=0.02)


@pytest.mark.parametrize("ends", [(0.0, 1.0), (0.0, 5_000.0)])
def test_a_scale_of_another_kind_is_level_with_biases_or_ahead(ends):
    ratings = made(60, 40, 1_000, taste=0.4, noise=0.8)
    stars = ratings.ratings
    told = (stars > 3).float() if ends[1] == 1 else (1.6 * stars).exp()
    ours, biases = errors_of(replace(ratings, ratings=told, scale=ends))
    assert ours < 1.005 * biases


def test_ratings_that_are_all_equal_are_said_again():
    alike = replace(SPLIT.train, ratings=torch.full((len(SPLIT.train),), 4.0))
    for fit_it in (fit_factorization, fit_dense_net):
        model = fit_it(alike, n_factors=4, n_epochs=2)
        told = predict(model, (SPLIT.test.users, SPLIT.test.items))
        assert (told - 4).abs().max() < 0.1


@pytest.mark.parametrize("fit_it", [fit_factorization, fit_dense_net])
def test_tastes_are_found_in_a_small_file(fit_it):
    ours, biases = errors_of(made(80, 60, 2_000), fit_it)
    assert ours < 0.97 * biases


@pytest.mark.parametrize(
    "fit_it", [fit_factorization, fit_feature_factorization, fit_dense_net]
)
def test_where_there_are_no_tastes_biases_are_not_behind(fit_it):
    ours, biases = errors_of(made(100, 80, 1_000, taste=0, noise=1.0), fit_it)
    assert ours < 1.005 * biases


def test_four_ratings_a_person_are_level_with_biases_and_the_mean():
    chance = torch.Generator().manual_seed(0)
    items = torch.rand(300, 120, generator=chance).topk(4).indices.flatten()
    stars = torch.randint(1, 6, (1_200,), generator=chance)
    users = torch.arange(300).repeat_interleave(4)
    books = from_frame(
        pd.DataFrame({"user": users, "item": items, "rating": stars})
    )
    split = random_split(books)
    rows = (split.test.users, split.test.items)
    ours, biases = errors_of(books)
    mean = global_mean(split.train).predict(*rows)
    assert ours < 1.005 * min(biases, rmse(mean, split.test.ratings))


@pytest.mark.parametrize("both_sides", [False, True])
def test_where_there_are_no_moods_an_lstm_is_not_behind_its_base(both_sides):
    ratings = made(60, 40, 1_000, taste=0.0, noise=1.0)
    ratings = replace(ratings, timestamps=torch.arange(1_000))
    base = torch.full((1_000,), ratings.ratings.mean().item())
    factors = some_factors(40)
    how = {"n_hidden": 8, "n_steps": 30, "both_sides": both_sides}
    model = fit_lstm(ratings, base, factors, **how)
    pieces = cut_histories(ratings, 30, seed=0)
    after = backwards(pieces, ratings) if both_sides else None
    # Asked about chance alone, it moves the base by next to nothing.
    chance = ratings.ratings[torch.randperm(1_000)] - base
    inputs = lstm_inputs(pieces, base, chance, after)
    told = pieces.to_rows(predict(model, inputs)) - base
    assert (told**2).mean() < 0.1 * (chance**2).mean()


def chosen(told_by, n=1_000, biases=0.0):
    """Ask what is chosen where 3 is the mean, and biases tell so much."""
    train = made(60, 40, n)
    return recipes._hold_out(
        train,
        20,
        lambda _, held, n_epochs: told_by(train.ratings[held], n_epochs),
        lambda _, held: (3.0, 3 + biases * (train.ratings[held] - 3)),
        seed=0,
    )


@pytest.mark.parametrize(
    ("times", "share"), [(0.5, 1.0), (1.0, 1.0), (4.0, 0.25), (-1.0, 0.01)]
)
def test_as_much_is_kept_of_what_a_model_adds_as_predicts_best(times, share):
    n_epochs, kept, _ = chosen(lambda stars, _: 3 + times * (stars - 3))
    assert (n_epochs, kept) == (20, pytest.approx(share))


@pytest.mark.parametrize(
    ("times", "share"), [(0.5, 1.0), (2.0, 0.5), (-1.0, 0.0)]
)
def test_as_much_is_kept_of_biases_as_predicts_best(times, share):
    *_, kept = chosen(lambda stars, _: 0 * stars, biases=times)
    assert kept == pytest.approx(share)


def test_more_epochs_are_taken_where_they_predict_better():
    def after(better):
        return lambda stars, n: torch.where(
            torch.arange(len(stars)) < better[n] * len(stars), stars, 3
        )

    for better, n_epochs in (((0.2, 0.8), 60), ((0.8, 0.2), 20), ((1, 1), 20)):
        found, kept, _ = chosen(
            after(dict(zip((20, 60), better, strict=True)))
        )
        assert (found, kept) == (n_epochs, pytest.approx(1))


def test_a_handful_of_ratings_tells_nothing_of_a_model():
    assert chosen(lambda stars, _: stars, n=19) == (20, 0.01, 1.0)


def test_a_large_set_is_looked_at_and_held_out_where_that_says_so(monkeypatch):
    monkeypatch.setattr(recipes, "ENOUGH_RATINGS", 500)

    def asked_where(*ahead):
        asked = []

        def told_by(stars, n_epochs):
            asked.append((len(stars), n_epochs))
            return stars if ahead[len(asked) - 1] else 6 - stars

        return chosen(told_by)[:2], asked

    # Of 1,000 ratings 500 are enough, and a fifth of those is held out.
    assert asked_where(True) == ((20, 1.0), [(100, 20)])
    looks = [(100, 20), (200, 20)]
    assert asked_where(False, True) == ((20, 1.0), looks)
    never = [False] * 6
    assert asked_where(*never) == ((20, 0.01), looks + [(200, 20)] * 4)


def test_epochs_that_are_given_are_what_is_fitted(monkeypatch):
    asked, fitted = [], recipes.fit

    def watch(model, examples, *, n_epochs, **settings):
        asked.append((len(examples), n_epochs))
        return fitted(model, examples, n_epochs=n_epochs, **settings)

    monkeypatch.setattr(recipes, "fit", watch)
    for fit_it in (fit_factorization, fit_dense_net):
        fit_it(SPLIT.train, n_factors=2, n_epochs=3)
    assert asked == [(len(SPLIT.train), 3)] * 2


@pytest.mark.parametrize("fit_it", [fit_factorization, fit_dense_net])
def test_a_person_with_a_large_part_of_all_ratings_is_fitted(fit_it):
    # As in MovieLens latest-small: most films have a handful of ratings, and
    # one person has so many that a batch of 2,048 would hold 60 of them.
    ratings = made(300, 3_000, 20_000, taste=0.4, noise=0.8, tail=1.1)
    busiest = ratings.counts_by_user().max() / len(ratings)
    assert busiest > 0.03
    split = random_split(on_a_scale(ratings, 0.5))
    model = fit_it(split.train, n_factors=8, n_epochs=3)
    rows = (split.test.users, split.test.items)
    mean = global_mean(split.train).predict(*rows)
    told = predict(model, rows)
    assert rmse(told, split.test.ratings) < rmse(mean, split.test.ratings)


@pytest.mark.parametrize("fit_it", [fit_factorization, fit_dense_net])
def test_a_fit_that_fails_names_what_its_function_takes(fit_it):
    few = {"n_factors": 4, "n_epochs": 8}
    with pytest.raises(FloatingPointError) as failed:
        fit_it(SQUARE, **few, learning_rate=1e25)
    # No batch is so small that it helps.
    named = re.findall(r"(\w+)=([\d.e+-]+)", str(failed.value))
    assert named == [("learning_rate", "1e+24")]
    assert "learning_rate" in inspect.signature(fit_it).parameters


def test_each_remedy_of_a_fit_that_fails_helps():
    edge = {"n_factors": 4, "n_epochs": 8}
    failing = {"learning_rate": 0.1, "batch_size": 2_000}
    with pytest.raises(FloatingPointError) as failed:
        fit_factorization(SQUARE, **edge, **failing)
    said = str(failed.value)
    rate = float(re.search(r"learning_rate=([\d.]+\d)", said)[1])
    size = int(re.search(r"batch_size=(\d+)", said)[1])
    assert "recslib.sampling.sample_factorization" in said
    for remedy in ({"learning_rate": rate}, {"batch_size": size}):
        fit_factorization(SQUARE, **edge, **{**failing, **remedy})
    model = sample_factorization(SQUARE, 2, n_sweeps=4)
    assert model(SQUARE.users, SQUARE.items).isfinite().all()


def test_a_class_whose_answers_cannot_be_turned_learns_in_stars():
    class Clamped(MatrixFactorization):
        def forward(self, users, items):
            return super().forward(users, items).clamp(10, 50)

    class WithoutMean(MatrixFactorization):
        def __init__(self, n_users, n_items, n_factors, mean):
            super().__init__(n_users, n_items, n_factors, mean)
            del self.mean
            self.centre = mean

        def forward(self, users, items):
            return self.centre + self.user_biases(users).squeeze(1)

    wide = on_a_scale(SPLIT.train, 10)
    for kind in (Clamped, WithoutMean):
        gently = {"learning_rate": 0.001, "n_epochs": 5}
        told = fit_factorization(wide, 2, kind=kind, **gently)
        answer = predict(told, (wide.users, wide.items))
        assert rmse(answer, wide.ratings) < 20


def test_an_lstm_of_your_own_that_cannot_be_turned_learns_in_stars():
    class Own(nn.Module):
        def __init__(self, item_factors, n_hidden):
            super().__init__()
            self.mood = nn.Linear(1, 1)

        def forward(self, items, base, past, surprises):
            return base + self.mood(surprises[..., None]).squeeze(2).tanh()

    (train, base), _ = moody_parts()
    wide = on_a_scale(train, 20)
    model = fit_lstm(wide, 20 * base, some_factors(), **QUICK, kind=Own)
    assert weights(model).isfinite().all()


@pytest.mark.parametrize("n_ratings", [1, 5, 30])
def test_a_handful_of_ratings_is_fitted(n_ratings):
    few = SPLIT.train.select(torch.arange(min(n_ratings, len(SPLIT.train))))
    for fit_it in (fit_factorization, fit_dense_net):
        model = fit_it(few, n_factors=2)
        assert predict(model, (few.users, few.items)).isfinite().all()
