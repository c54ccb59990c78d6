import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from recslib import progress
from recslib.models import (
    BothSides,
    DenseNet,
    LSTMRating,
    MatrixFactorization,
    squared_norms,
)
from recslib.movielens import synthetic
from recslib.sequences import backwards, cut_histories, lstm_inputs
from recslib.splits import random_split
from recslib.training import Examples, find_device, fit, predict

N_USERS, N_ITEMS = 20, 15


def examples(ratings):
    return Examples((ratings.users, ratings.items), ratings.ratings)


SPLIT = random_split(synthetic(N_USERS, N_ITEMS, 200).ratings)
TRAIN, TEST = examples(SPLIT.train), examples(SPLIT.test)


def new_model(kind=MatrixFactorization):
    torch.manual_seed(0)
    return kind(N_USERS, N_ITEMS, n_factors=3, mean=3.5)


def weights(model):
    return torch.cat([part.detach().flatten() for part in model.parameters()])


def fitted(model=None, *, rate=0.05, train=TRAIN, make=torch.optim.SGD, **how):
    """Fit with few epochs, and return the model and its history."""
    model = model or new_model()
    how = {"n_epochs": 2, "batch_size": 64, "seed": 0} | how
    history = fit(
        model, train, optimizer=make(model.parameters(), lr=rate), **how
    )
    return model, history


class Constant(nn.Module):
    """Answer one number, whoever asks."""

    def __init__(self, start=0.0):
        super().__init__()
        self.answer = nn.Parameter(torch.tensor(start))

    def forward(self, rows):
        return self.answer.expand(rows.shape)


def constants(value, n=4):
    return Examples((torch.zeros(n),), torch.full((n,), value))


# The loss and its gradient ---------------------------------------------------


def test_each_step_of_gradient_descent_is_the_one_worked_by_hand():
    # (answer - 1)² has the gradient 2 (answer - 1): at rate 0.05 each step
    # takes a tenth of the way, so after k epochs 1 - answer = 0.9^k.
    model, history = fitted(
        Constant(), train=constants(1.0), n_epochs=5, batch_size=4
    )
    assert model.answer.item() == pytest.approx(1 - 0.9**5)
    # An epoch's error is met before its step.
    assert history.train_rmse == pytest.approx([0.9**k for k in range(5)])
    assert history.best_epoch == 5 and history.validation_rmse == []


def test_the_error_of_an_epoch_is_over_all_its_ratings_not_over_batches():
    # Three targets in batches of two and one; a rate of 0 moves nothing.
    train = Examples((torch.zeros(3),), torch.tensor([3.0, 0.0, 0.0]))
    for seed in range(4):
        _, history = fitted(
            Constant(),
            train=train,
            rate=0.0,
            n_epochs=1,
            batch_size=2,
            seed=seed,
        )
        assert history.train_rmse == pytest.approx([3**0.5])


def test_the_penalty_shrinks_weights_as_its_derivative_says():
    # Where every prediction is right, only the penalty pulls. Its mean over
    # N examples has the derivative 2 l2 (count / N) w at a user's weight w.
    model = new_model()
    targets = predict(model, TRAIN.inputs)
    before = model.user_factors.weight.detach().clone()
    fitted(
        model,
        train=Examples(TRAIN.inputs, targets),
        rate=0.5,
        n_epochs=1,
        batch_size=len(TRAIN),
        penalty=lambda users, items: 0.1 * squared_norms(model, users, items),
    )
    shares = SPLIT.train.counts_by_user()[:, None] / len(TRAIN)
    expected = before * (1 - 0.5 * 2 * 0.1 * shares)
    assert torch.allclose(model.user_factors.weight, expected, atol=1e-7)


def test_a_step_with_a_penalty_is_what_autograd_gives_for_the_formula():
    model = new_model()
    parts = [
        part.detach().clone().requires_grad_() for part in model.parameters()
    ]
    p, q, user_bias, item_bias = parts
    users, items = TRAIN.inputs
    p_u, q_i, b_u, b_i = p[users], q[items], user_bias[users], item_bias[items]
    errors = 3.5 + (b_u + b_i)[:, 0] + (p_u * q_i).sum(1) - TRAIN.targets
    norms = sum(part.square().sum(1) for part in (p_u, q_i, b_u, b_i))
    ((errors**2).mean() + 0.3 * norms.mean()).backward()
    expected = torch.cat(
        [(part - 0.05 * part.grad).flatten() for part in parts]
    )

    fitted(
        model,
        n_epochs=1,
        batch_size=len(TRAIN),
        penalty=lambda users, items: 0.3 * squared_norms(model, users, items),
    )
    assert torch.allclose(weights(model), expected, atol=1e-6)


def test_the_sum_at_a_small_rate_is_the_mean_at_a_rate_times_the_batch():
    # 160 ratings make five full batches of 32.
    mean, _ = fitted(rate=0.01 * 32, batch_size=32)
    total, _ = fitted(rate=0.01, batch_size=32, reduction="sum")
    assert torch.allclose(weights(mean), weights(total), atol=1e-5)


def test_a_long_gradient_is_cut_to_the_length_that_is_allowed():
    start = weights(new_model())
    one_step = {"n_epochs": 1, "batch_size": len(TRAIN), "rate": 1.0}
    cut, _ = fitted(max_gradient_norm=0.01, **one_step)
    free, _ = fitted(**one_step)
    loose, _ = fitted(max_gradient_norm=1e6, **one_step)
    assert (weights(cut) - start).norm().item() == pytest.approx(0.01, 1e-3)
    assert torch.equal(weights(free), weights(loose))
    # The direction stays.
    steps = torch.stack([weights(cut) - start, weights(free) - start])
    assert torch.corrcoef(steps)[0, 1].item() == pytest.approx(1, abs=1e-4)


# A loss of one's own ---------------------------------------------------------


def squared(model, batch):
    return (model(*batch.inputs) - batch.targets).square()


def absolute(model, batch):
    return (model(*batch.inputs) - batch.targets).abs()


def test_squared_errors_as_a_loss_of_ones_own_learn_the_same_bits():
    usual, history = fitted()
    other, own = fitted(loss=squared)
    assert torch.equal(weights(usual), weights(other))
    # An epoch keeps the mean of the loss, without a root.
    expected = [error**2 for error in history.train_rmse]
    assert own.train_loss == pytest.approx(expected)
    assert own.train_rmse == [] and history.train_loss == []
    assert own.best_epoch == 2


def test_each_step_down_a_loss_of_ones_own_is_the_one_worked_by_hand():
    # |answer - 1| has the slope -1: each step goes by the rate.
    model, history = fitted(
        Constant(),
        train=constants(1.0),
        n_epochs=3,
        batch_size=4,
        loss=absolute,
    )
    assert model.answer.item() == pytest.approx(0.15)
    assert history.train_loss == pytest.approx([1, 0.95, 0.9])


def test_the_mean_is_over_the_things_that_a_loss_counts():
    # Of four examples a loss counts the first alone.
    def first_alone(model, batch):
        return absolute(model, batch)[:1]

    how = {"train": constants(1.0), "n_epochs": 1, "batch_size": 4}
    mean, history = fitted(Constant(), loss=first_alone, **how)
    total, _ = fitted(Constant(), loss=absolute, reduction="sum", **how)
    assert mean.answer.item() == pytest.approx(0.05)
    assert history.train_loss == [1]
    assert total.answer.item() == pytest.approx(4 * 0.05)


def test_the_loss_of_an_epoch_is_over_all_that_counts_not_over_batches():
    train = Examples((torch.zeros(3),), torch.tensor([3.0, 0.0, 0.0]))
    for seed in range(4):
        _, history = fitted(
            Constant(),
            train=train,
            rate=0.0,
            n_epochs=1,
            batch_size=2,
            seed=seed,
            loss=absolute,
        )
        assert history.train_loss == pytest.approx([1])


def test_a_penalty_is_added_to_a_loss_of_ones_own():
    # At 2, |answer| pulls by 1 and 0.5 answer² by 2 an example.
    model = Constant(2.0)
    _, history = fitted(
        model,
        train=constants(0.0),
        rate=0.1,
        n_epochs=1,
        batch_size=4,
        loss=absolute,
        penalty=lambda rows: 0.5 * model(rows).square(),
    )
    assert model.answer.item() == pytest.approx(2 - 0.1 * 3)
    # What an epoch keeps is the loss, without the penalty.
    assert history.train_loss == [2]


def test_a_loss_that_draws_draws_the_same_for_a_seed():
    def dropped(model, batch):
        kept = torch.rand(len(batch)) < 0.5
        return squared(model, batch) * kept

    one, again, other = (
        weights(fitted(loss=dropped, seed=seed)[0]) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_validation_beside_a_loss_of_ones_own_is_refused():
    model = new_model()
    before = weights(model)
    with pytest.raises(ValueError, match="leave one of the two out"):
        fitted(model, loss=squared, validation=TEST)
    assert torch.equal(weights(model), before)


# Masks -----------------------------------------------------------------------


@given(st.data())
@settings(max_examples=15)
def test_a_masked_rating_changes_neither_loss_nor_weights(data):
    flags = st.lists(st.booleans(), min_size=12, max_size=12)
    mask = torch.tensor(data.draw(flags)).reshape(3, 4)
    mask[0, 0] = True
    stars = torch.arange(12.0).reshape(3, 4) % 5 + 1
    items = torch.arange(12).reshape(3, 4)
    inputs = (items, torch.full((3, 4), 3.0), items // 2, stars - 3)
    whatever = torch.where(mask, stars, data.draw(st.floats(-1e6, 1e6)))
    results = []
    for targets in (stars, whatever):
        torch.manual_seed(0)
        model = LSTMRating(torch.randn(12, 2), n_hidden=4)
        train = Examples(inputs, targets, mask)
        _, history = fitted(model, train=train, batch_size=2, validation=train)
        results.append((weights(model), history))
    (one, first), (other, second) = results
    assert torch.equal(one, other)
    assert first.train_rmse == second.train_rmse
    assert first.validation_rmse == second.validation_rmse


@pytest.mark.parametrize("nothing", [torch.nan, torch.inf, -torch.inf])
def test_what_is_masked_may_be_missing(nothing):
    mask = torch.tensor([True, False, True, True])
    inputs = (torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 3]))
    results = []
    for masked in (4.0, nothing):
        targets = torch.tensor([3.0, masked, 5.0, 1.0])
        train = Examples(inputs, targets, mask)
        model, history = fitted(train=train, batch_size=2, validation=train)
        results.append((weights(model), history.validation_rmse))
    (one, first), (other, second) = results
    assert torch.equal(one, other) and first == second


def test_the_mean_is_over_the_ratings_that_count():
    # One of four counts: the loss is (answer - 1)², not a quarter of it.
    mask = torch.tensor([[False, True], [False, False]])
    targets = torch.where(mask, 1.0, 50.0)
    train = Examples((torch.zeros(2, 2),), targets, mask)
    model, history = fitted(
        Constant(), train=train, n_epochs=1, batch_size=2, validation=train
    )
    assert model.answer.item() == pytest.approx(0.1)
    assert history.train_rmse == pytest.approx([1.0])
    assert history.validation_rmse == pytest.approx([0.9])


def test_a_batch_in_which_nothing_counts_is_no_reason_to_stop():
    mask = torch.tensor([True, False])
    train = Examples((torch.zeros(2),), torch.tensor([1.0, 9.0]), mask)
    model, history = fitted(Constant(), train=train, n_epochs=1, batch_size=1)
    assert model.answer.item() == pytest.approx(0.1)
    assert history.train_rmse == [1.0]


def test_a_mask_must_be_flags_of_the_targets_shape():
    inputs, targets = (torch.zeros(2),), torch.ones(2)
    with pytest.raises(ValueError, match=r"mask has the shape \(3,\)"):
        Examples(inputs, targets, torch.ones(3, dtype=torch.bool))
    with pytest.raises(ValueError, match="int64"):
        Examples(inputs, targets, torch.tensor([0, 1]))


# Seeds -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", [MatrixFactorization, DenseNet])
def test_a_seed_gives_the_same_bits_twice_and_another_seed_does_not(kind):
    def bits(seed):
        model = new_model(kind)
        # Where the global random state stands does not matter.
        torch.rand(len(met))
        met.append(seed)
        _, history = fitted(model, seed=seed)
        return weights(model), history.train_rmse

    met = []
    (one, first), (again, second), (other, _) = bits(1), bits(1), bits(2)
    assert torch.equal(one, again) and first == second
    assert not torch.equal(one, other)


def test_every_epoch_meets_every_rating_once_in_a_new_order():
    met = []

    class Spy(Constant):
        def forward(self, rows):
            met.append(rows.tolist())
            return super().forward(rows)

    train = Examples((torch.arange(10.0),), torch.ones(10))
    fitted(Spy(), train=train, n_epochs=3, batch_size=4)
    assert [len(batch) for batch in met] == [4, 4, 2] * 3
    epochs = [met[n] + met[n + 1] + met[n + 2] for n in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) == 3


# Validation ------------------------------------------------------------------


def overshooting(n_epochs, **how):
    """Train towards 1 while the validation part says 0.5.

    After k epochs the answer is 1 - 0.9^k, nearest to 0.5 after seven.
    """
    return fitted(
        Constant(),
        train=constants(1.0),
        n_epochs=n_epochs,
        batch_size=4,
        validation=constants(0.5),
        **how,
    )


def test_early_stopping_waits_for_its_patience_and_restores_the_best():
    model, history = overshooting(n_epochs=50, patience=3)
    assert history.best_epoch == 7
    assert model.answer.item() == pytest.approx(1 - 0.9**7)
    assert history.validation_rmse == pytest.approx(
        [abs(0.5 - 0.9**k) for k in range(1, 11)], abs=1e-6
    )
    assert len(history.train_rmse) == len(history.learning_rates) == 10


def test_without_patience_all_epochs_run_and_the_best_is_restored():
    model, history = overshooting(n_epochs=20)
    assert len(history.validation_rmse) == 20
    assert history.best_epoch == 7
    assert model.answer.item() == pytest.approx(1 - 0.9**7)


def test_a_fit_that_is_still_getting_better_is_not_stopped():
    model, history = overshooting(n_epochs=5, patience=1)
    assert history.best_epoch == 5
    assert model.answer.item() == pytest.approx(1 - 0.9**5)


def test_the_validation_part_is_never_trained_on():
    met = []

    class Spy(MatrixFactorization):
        def forward(self, users, items):
            pairs = zip(users.tolist(), items.tolist(), strict=True)
            met.append((self.training, torch.is_grad_enabled(), set(pairs)))
            return super().forward(users, items)

    torch.manual_seed(0)
    model = Spy(N_USERS, N_ITEMS, n_factors=3, mean=3.5)
    fitted(model, validation=TEST)
    pairs = {
        name: set(zip(*(part.tolist() for part in data.inputs), strict=True))
        for name, data in (("train", TRAIN), ("validation", TEST))
    }
    learnt = set().union(*(batch for training, _, batch in met if training))
    read = set().union(*(batch for training, _, batch in met if not training))
    assert learnt == pairs["train"] and read == pairs["validation"]
    assert all(training == grad for training, grad, _ in met)


def test_what_the_validation_ratings_say_moves_no_weight_but_by_choice():
    # Both runs stop at the last epoch, so nothing is restored.
    runs = []
    for shift in (0.0, 1.0):
        validation = Examples(TEST.inputs, TEST.targets + shift)
        model, history = fitted(n_epochs=1, validation=validation)
        runs.append((weights(model), history))
    assert torch.equal(runs[0][0], runs[1][0])
    assert runs[0][1].train_rmse == runs[1][1].train_rmse
    assert runs[0][1].validation_rmse != runs[1][1].validation_rmse


def test_the_validation_error_is_that_of_predict():
    model, history = fitted(new_model(DenseNet), validation=TEST, n_epochs=1)
    errors = predict(model, TEST.inputs) - TEST.targets
    expected = errors.square().mean().sqrt().item()
    assert history.validation_rmse == pytest.approx([expected])


# Learning rates --------------------------------------------------------------


def test_a_constant_rate_stays():
    _, history = fitted(rate=0.07, n_epochs=3)
    assert history.learning_rates == [0.07] * 3


def test_one_cycle_warms_up_to_the_rate_and_ends_near_zero():
    _, history = fitted(
        rate=0.1, n_epochs=40, batch_size=len(TRAIN), schedule="one_cycle"
    )
    rates = history.learning_rates
    peak = rates.index(max(rates))
    assert 0.2 * 40 < peak < 0.4 * 40
    assert rates[peak] == pytest.approx(0.1, rel=0.01)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 1e-4 * 0.1


def test_one_cycle_works_with_a_single_step():
    _, history = fitted(
        n_epochs=1, batch_size=len(TRAIN), schedule="one_cycle"
    )
    assert history.learning_rates[0] > 0


def test_each_group_of_the_optimizer_has_its_own_peak():
    model = new_model()
    biases = [model.user_biases.weight, model.item_biases.weight]
    factors = [model.user_factors.weight, model.item_factors.weight]
    start = [part.detach().clone() for part in (*biases, *factors)]
    optimizer = torch.optim.SGD(
        [{"params": biases, "lr": 0.1}, {"params": factors, "lr": 0.0}]
    )
    fit(
        model,
        TRAIN,
        optimizer=optimizer,
        n_epochs=1,
        batch_size=64,
        seed=0,
        schedule="one_cycle",
    )
    moved = [
        not torch.equal(part, before)
        for part, before in zip((*biases, *factors), start, strict=True)
    ]
    assert moved == [True, True, False, False]


def test_an_optimizer_has_its_rate_back_after_one_cycle():
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        fit(
            model,
            TRAIN,
            optimizer=optimizer,
            n_epochs=2,
            batch_size=64,
            seed=0,
            schedule="one_cycle",
        )
        assert optimizer.param_groups[0]["lr"] == 0.1


# Every parameter does something ----------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"n_epochs": 3},
        {"batch_size": 32},
        {"seed": 1},
        {"rate": 0.06},
        {"make": torch.optim.Adam},
        {"reduction": "sum"},
        {"schedule": "one_cycle"},
        {"max_gradient_norm": 0.1},
        {"loss": absolute},
        {"train": Examples(TRAIN.inputs, TRAIN.targets, TRAIN.targets > 2)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_argument_of_fit_changes_what_is_learnt(change):
    usual, _ = fitted()
    other, _ = fitted(**change)
    assert not torch.equal(weights(usual), weights(other))


# What is learnt --------------------------------------------------------------


@given(seed=st.integers(0, 10_000))
@settings(max_examples=4, derandomize=True)
def test_fit_finds_a_planted_matrix_to_near_its_noise(seed):
    noise = 0.1
    generator = torch.Generator().manual_seed(seed)
    user_factors = torch.randn(40, 2, generator=generator)
    item_factors = torch.randn(30, 2, generator=generator)
    users, items = torch.arange(1200) // 30, torch.arange(1200) % 30
    stars = 3 + (user_factors[users] * item_factors[items]).sum(1)
    stars += noise * torch.randn(1200, generator=generator)
    order = torch.randperm(1200, generator=generator)
    train, test = (
        Examples((users[rows], items[rows]), stars[rows])
        for rows in (order[:1000], order[1000:])
    )
    torch.manual_seed(seed)
    model = MatrixFactorization(40, 30, n_factors=2, mean=3.0)
    fit(
        model,
        train,
        optimizer=torch.optim.Adam(model.parameters(), lr=0.1),
        n_epochs=60,
        batch_size=250,
        seed=seed,
        schedule="one_cycle",
    )
    errors = predict(model, test.inputs) - test.targets
    rmse = errors.square().mean().sqrt().item()
    # 1,000 ratings for 210 numbers: the error is the noise and a little.
    assert 0.8 * noise < rmse < 1.5 * noise
    # The mean alone is more than ten times as far off.
    assert (test.targets - 3).square().mean().sqrt() > 10 * noise


def noise_alone():
    """Make ratings that nothing can foretell: a die of five sides."""
    ratings = synthetic(40, 30, 800).ratings
    generator = torch.Generator().manual_seed(5)
    ratings.ratings[:] = torch.randint(1, 6, (800,), generator=generator)
    return ratings


@pytest.mark.parametrize("kind", [MatrixFactorization, DenseNet])
def test_nobody_foretells_a_die_from_who_and_what(kind):
    split = random_split(noise_alone(), 0.4)
    torch.manual_seed(0)
    model = kind(40, 30, n_factors=8, mean=3.0)
    train, test = examples(split.train), examples(split.test)
    _, history = fitted(
        model,
        train=train,
        rate=0.02,
        make=torch.optim.Adam,
        n_epochs=30,
        validation=test,
    )
    spread = (test.targets - 3).square().mean().sqrt().item()
    # It learns the training part by heart, and that is of no use.
    assert history.train_rmse[-1] < 0.9 * spread
    assert min(history.validation_rmse) > 0.97 * spread


def lstm_rmse(ratings, leak=False, both_sides=False):
    """Fit an LSTM to pieces, and return its error of the same ratings.

    A leak shows it the present rating in the place of the one before it, or
    of the one after it.
    """
    pieces = cut_histories(ratings, n_steps=10, seed=0)
    base = torch.full((len(ratings),), 3.0)
    surprises = ratings.ratings - base
    back = backwards(pieces, ratings) if both_sides else None
    inputs = list(lstm_inputs(pieces, base, surprises, back))
    if leak and both_sides:
        inputs[6] = back.now(surprises)
    elif leak:
        inputs[3] = pieces.now(surprises)
    torch.manual_seed(0)
    kind = BothSides if both_sides else LSTMRating
    model = kind(torch.randn(30, 8), n_hidden=16)
    train = Examples(tuple(inputs), pieces.now(ratings.ratings), pieces.mask)
    fitted(model, train=train, rate=0.02, make=torch.optim.Adam, n_epochs=40)
    errors = pieces.to_rows(predict(model, train.inputs)) - ratings.ratings
    return errors.square().mean().sqrt().item()


@pytest.mark.parametrize("both_sides", [False, True])
def test_an_lstm_that_is_shown_the_answer_finds_it_and_ours_is_not_shown_it(
    both_sides,
):
    leaky = lstm_rmse(noise_alone(), leak=True, both_sides=both_sides)
    honest = lstm_rmse(noise_alone(), both_sides=both_sides)
    # A die's spread is 1.41; a little of it can be learnt by heart.
    assert leaky < 0.5 < 1.0 < honest


# Devices ---------------------------------------------------------------------


def test_an_unknown_device_is_refused_with_those_that_are_there():
    with pytest.raises(ValueError, match=r"'gpu'; this machine has .*cpu"):
        fitted(device="gpu")
    with pytest.raises(ValueError, match=r"'gpu'; this machine has"):
        predict(new_model(), TRAIN.inputs, device="gpu")


def test_a_device_that_is_not_there_is_refused():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(ValueError, match="'cuda'; this machine has"):
        find_device("cuda")


def test_auto_takes_the_first_that_is_there(monkeypatch):
    assert find_device("auto").type in ("cuda", "mps", "cpu")
    for cuda, mps, expected in (
        (True, True, "cuda"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ):
        monkeypatch.setattr(torch.cuda, "is_available", lambda is_=cuda: is_)
        monkeypatch.setattr(
            torch.backends.mps, "is_available", lambda is_=mps: is_
        )
        assert find_device("auto").type == expected


@pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device on this machine"
)
def test_cuda_learns_what_the_cpu_learns_and_comes_back():
    on_cpu, _ = fitted(validation=TEST)
    on_cuda, _ = fitted(validation=TEST, device="cuda")
    assert weights(on_cuda).device.type == "cpu"
    assert torch.allclose(weights(on_cpu), weights(on_cuda), atol=1e-4)
    predictions = predict(on_cuda, TEST.inputs, device="cuda")
    assert predictions.device.type == "cpu"


# Progress --------------------------------------------------------------------


def test_a_person_sees_the_epochs_and_a_book_does_not(monkeypatch, capsys):
    monkeypatch.setenv("RECSLIB_PROGRESS", "on")
    monkeypatch.setattr(progress, "PATIENCE", 0)
    fitted()
    shown = capsys.readouterr()
    assert "fit: epoch 1 of " in shown.err and shown.out == ""
    monkeypatch.setenv("RECSLIB_PROGRESS", "off")
    fitted()
    assert capsys.readouterr() == ("", "")


# Predicting ------------------------------------------------------------------


def test_predict_leaves_the_model_unchanged_and_takes_no_gradient():
    model = new_model()
    before = weights(model)
    predictions = predict(model, TRAIN.inputs)
    assert not predictions.requires_grad
    assert torch.equal(weights(model), before)


@pytest.mark.parametrize("batch_size", [1, 7, 160, 500])
def test_the_batch_size_does_not_change_a_prediction(batch_size):
    model = new_model(DenseNet)
    assert torch.allclose(
        predict(model, TRAIN.inputs, batch_size=batch_size),
        predict(model, TRAIN.inputs),
        atol=1e-6,
    )


def test_nothing_to_predict_is_refused():
    with pytest.raises(ValueError, match=r"first sizes \[0, 0\]"):
        predict(new_model(), (torch.tensor([]), torch.tensor([])))
    with pytest.raises(ValueError, match=r"first sizes \[2, 1\]"):
        predict(new_model(), (torch.zeros(2), torch.zeros(1)))


# What is refused -------------------------------------------------------------


class Column(Constant):
    """Answer (B, 1) where (B,) is asked for."""

    def forward(self, rows):
        return super().forward(rows).unsqueeze(1)


def test_a_prediction_of_another_shape_is_refused_not_spread_out():
    said = r"predicts the shape \(4, 1\), the targets have \(4,\)"
    with pytest.raises(ValueError, match=said):
        fitted(Column(), train=constants(1.0))


def test_examples_of_unequal_length_or_none_are_refused():
    with pytest.raises(ValueError, match=r"first sizes \[2, 3\]"):
        Examples((torch.zeros(2),), torch.zeros(3))
    with pytest.raises(ValueError, match=r"first sizes \[0, 0\]"):
        Examples((torch.zeros(0),), torch.zeros(0))


class BreaksAtFifth(Constant):
    """Answer NaN when it is asked for the fifth time."""

    times = 0

    def forward(self, rows):
        self.times += 1
        return super().forward(rows) * (1 if self.times != 5 else torch.nan)


def test_a_loss_that_is_not_finite_names_its_epoch_and_batch():
    said = "loss is nan in epoch 2, batch 2 of 3. Likely causes: a learning"
    with pytest.raises(FloatingPointError, match=said):
        fitted(
            BreaksAtFifth(),
            train=constants(1.0, n=12),
            n_epochs=3,
            batch_size=4,
        )
    with pytest.raises(FloatingPointError, match=said):
        fitted(
            BreaksAtFifth(),
            train=constants(1.0, n=12),
            n_epochs=3,
            batch_size=4,
            loss=absolute,
        )


def test_a_rate_that_is_far_too_high_stops_with_an_error():
    with pytest.raises(FloatingPointError, match="a tenth of the rate"):
        fitted(rate=1e6, n_epochs=20)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"n_epochs": 0}, "n_epochs is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"patience": 2}, "patience needs validation"),
        ({"schedule": "cosine"}, "'cosine'; give 'constant' or 'one_cycle'"),
        ({"reduction": "none"}, "'none'; give 'mean' or 'sum'"),
        ({"patience": 0, "validation": TEST}, "patience is 0"),
        ({"patience": "2", "validation": TEST}, "patience is '2'; give"),
        ({"patience": 1.5, "validation": TEST}, r"patience is 1\.5; give"),
        ({"device": None}, "device is 'None'; this machine has"),
        (
            {"train": SPLIT.train},
            r"train came as Ratings; give .* Examples\(\(rat",
        ),
        ({"train": (1, 2)}, "train came as tuple; give a recslib"),
        (
            {"validation": SPLIT.test},
            "validation came as Ratings; give a recslib",
        ),
        ({"rate": float("nan")}, "learning rate is nan"),
        ({"rate": float("inf")}, "learning rate is inf"),
        (
            {"make": lambda *_, **__: torch.optim.SGD},
            "optimizer came as the class SGD; give a Py",
        ),
        (
            {"make": lambda *_, **__: None},
            "optimizer came as NoneType; give a PyTorch",
        ),
        ({"loss": lambda *_: None}, "loss of a batch is a NoneType"),
        ({"loss": lambda *_: 1.0}, "loss of a batch is a float"),
        (
            {"loss": lambda model, batch: batch.targets},
            r"a tensor of shape \(64,\) with no slope",
        ),
        (
            {"loss": lambda model, batch: model(*batch.inputs)[:0]},
            "counted nothing in epoch 1",
        ),
        (
            {"train": Examples(TRAIN.inputs, TRAIN.targets * torch.nan)},
            "160 of 160 targets of the training examples are NaN",
        ),
    ],
)
def test_arguments_that_cannot_be_are_refused(how, said):
    model = new_model()
    before = weights(model)
    with pytest.raises(ValueError, match=said):
        fitted(model, **how)
    assert torch.equal(weights(model), before)


def test_a_frozen_model_is_refused_and_the_remedy_works():
    model = new_model()
    for part in model.parameters():
        part.requires_grad_(False)
    with pytest.raises(ValueError, match="that are not frozen"):
        fitted(model)
    for part in model.parameters():
        part.requires_grad_(True)
    before = weights(model)
    fitted(model)
    assert not torch.equal(weights(model), before)


def test_a_device_may_be_given_as_one():
    assert find_device(torch.device("cpu")) == torch.device("cpu")


@pytest.mark.parametrize(
    "inputs", [SPLIT.train, ([1], [2]), (1, 2), torch.tensor([1, 2]), None]
)
def test_what_is_no_tuple_of_tensors_is_refused(inputs):
    with pytest.raises(ValueError, match=r"inputs.* came as .*; give a t"):
        predict(new_model(), inputs)
    pair = SPLIT.train.users, SPLIT.train.items
    assert len(predict(new_model(), pair)) == len(SPLIT.train)  # the remedy


@pytest.mark.parametrize(
    ("inputs", "targets"),
    [
        (([1], [2]), torch.ones(1)),
        ((torch.tensor([1]),), [1.0]),
        (torch.tensor([1]), torch.ones(1)),
        ((torch.tensor([1]),), torch.tensor(1.0)),
    ],
)
def test_examples_are_made_of_tensors(inputs, targets):
    with pytest.raises(
        ValueError, match=r"inputs (came|and targets) .*; give "
    ):
        Examples(inputs, targets)


# What it brings along --------------------------------------------------------


def brought_along(module):
    """Name all that a fresh interpreter has imported with a module."""
    code = f"import sys, {module}; print(*sys.modules)"
    run = [sys.executable, "-c", code]
    names = subprocess.run(run, capture_output=True, text=True, check=True)
    return set(names.stdout.split())


@pytest.mark.parametrize("name", ["training", "recipes"])
def test_who_fits_a_model_imports_neither_downloads_nor_figures(name):
    heavy = {"pooch", "requests", "filelock", "platformdirs", "matplotlib"}
    modules = brought_along(f"recslib.{name}")
    assert "torch" in modules and not heavy & modules


def test_the_loop_needs_none_of_the_library_but_its_checks_and_its_bar():
    ours = {
        name
        for name in brought_along("recslib.training")
        if name.startswith("recslib.")
    }
    needed = {"arguments", "progress", "training"}
    assert ours == {f"recslib.{name}" for name in needed}
