from itertools import pairwise
from math import erf

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from recslib.models import (
    BothSides,
    DenseNet,
    Dropout,
    FeatureFactorization,
    LinearLists,
    ListAutoencoder,
    ListFactorization,
    ListLSTM,
    LSTMRating,
    MatrixFactorization,
    embedding,
    main_directions,
    set_dropout,
    squared_norms,
)
from recslib.training import predict

USERS = torch.tensor([0, 1, 1])
ITEMS = torch.tensor([2, 0, 2])


def set_weights(model, **weights):
    with torch.no_grad():
        for name, values in weights.items():
            model.get_parameter(f"{name}.weight").copy_(torch.tensor(values))


def small_factorization():
    model = MatrixFactorization(2, 3, n_factors=2, mean=3.0)
    set_weights(
        model,
        user_factors=[[1.0, 2.0], [0.5, -1.0]],
        item_factors=[[1.0, 1.0], [9.0, 9.0], [2.0, -1.0]],
        user_biases=[[0.1], [-0.2]],
        item_biases=[[0.3], [9.0], [-0.4]],
    )
    return model


# Embeddings ------------------------------------------------------------------


def test_an_embedding_starts_with_the_spread_that_is_asked_for():
    torch.manual_seed(0)
    weights = embedding(500, 20, sd=0.1).weight
    assert weights.shape == (500, 20)
    # 10,000 draws: the sample's spread is within 4 standard errors.
    assert weights.std().item() == pytest.approx(0.1, rel=4 / 20_000**0.5)
    assert not embedding(4, 2, sd=0.0).weight.any()


@pytest.mark.parametrize("shape", [(7,), (2, 3), (0,), ()])
def test_an_embedding_looks_up_and_learns_as_pytorch_does(shape):
    torch.manual_seed(0)
    table = embedding(5, 3, sd=1.0)
    rows = torch.randint(0, 5, shape)
    ways = [table(rows), nn.functional.embedding(rows, table.weight)]
    assert torch.equal(*ways)
    towards = torch.rand(ways[0].shape)
    one, other = (
        torch.autograd.grad((way * towards).sum(), table.weight)[0]
        for way in ways
    )
    torch.testing.assert_close(one, other)


def test_a_row_that_is_not_there_is_refused():
    for row in (-1, 5):
        with pytest.raises(IndexError):
            embedding(5, 3, sd=1.0)(torch.tensor([row]))


@pytest.mark.parametrize("kind", [MatrixFactorization, DenseNet])
def test_biases_start_at_zero_and_factors_near_zero(kind):
    torch.manual_seed(0)
    model = kind(50, 60, n_factors=8, mean=3.5)
    assert not model.user_biases.weight.any()
    assert not model.item_biases.weight.any()
    for factors in (model.user_factors.weight, model.item_factors.weight):
        assert 0 < factors.abs().max() < 0.6


# Dropout ---------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_dropout_keeps_its_share_and_scales_the_rest_up(share):
    torch.manual_seed(0)
    values = torch.ones(100_000, requires_grad=True)
    dropped = Dropout(share)(values)
    kept = dropped != 0
    # The share of 100,000 draws is within 4 standard errors.
    assert kept.float().mean().item() == pytest.approx(
        1 - share, abs=4 * (share * (1 - share) / 100_000) ** 0.5 + 1e-9
    )
    if share < 1:
        assert dropped[kept].detach().unique().tolist() == pytest.approx(
            [1 / (1 - share)]
        )
    dropped.sum().backward()
    assert torch.equal(values.grad != 0, kept)


def test_dropout_is_off_when_a_model_is_asked():
    values = torch.rand(50)
    assert torch.equal(Dropout(0.5).eval()(values), values)


# Matrix factorization --------------------------------------------------------


def test_matrix_factorization_by_hand():
    # 3 + 0.1 - 0.4 + 1*2 - 2*1, 3 - 0.2 + 0.3 + 0.5 - 1,
    # 3 - 0.2 - 0.4 + 0.5*2 + 1*1
    predictions = small_factorization()(USERS, ITEMS)
    assert predictions.tolist() == pytest.approx([2.7, 2.6, 4.4])


def test_squared_norms_by_hand():
    # 1 + 4 + 4 + 1 + 0.01 + 0.16, 0.25 + 1 + 1 + 1 + 0.04 + 0.09, ...
    norms = squared_norms(small_factorization(), USERS, ITEMS)
    assert norms.tolist() == pytest.approx([10.17, 3.38, 6.45])


# Dense network ---------------------------------------------------------------


def test_the_dense_network_is_its_formula_in_plain_tensors():
    torch.manual_seed(0)
    model = DenseNet(2, 3, n_factors=4, mean=3.0, n_features=2).eval()
    nn.init.normal_(model.user_biases.weight)
    nn.init.normal_(model.item_biases.weight)
    nn.init.normal_(model.feature_factors.weight)
    features = torch.tensor([[1.0, 0.0], [0.5, -1.0], [0.0, 0.0]])
    part = {name: p.detach().numpy() for name, p in model.named_parameters()}
    for told, predictions in (
        (torch.zeros(3, 2), model(USERS, ITEMS)),
        (features, model(USERS, ITEMS, features)),
    ):
        for row, (user, item) in enumerate(
            zip(USERS.tolist(), ITEMS.tolist(), strict=True)
        ):
            pair = np.append(
                part["user_factors.weight"][user],
                part["item_factors.weight"][item],
            )
            pair = pair + told[row].numpy() @ part["feature_factors.weight"]
            hidden = part["hidden.weight"] @ pair + part["hidden.bias"]
            # GELU: z times the share of N(0, 1) below z.
            share = [0.5 * (1 + erf(z / 2**0.5)) for z in hidden]
            output = part["output.weight"][0] @ (hidden * share)
            expected = 3 + output + part["output.bias"][0]
            expected += part["user_biases.weight"][user, 0]
            expected += part["item_biases.weight"][item, 0]
            assert predictions[row].item() == pytest.approx(expected, abs=1e-4)


def test_features_say_nothing_before_they_are_learnt():
    torch.manual_seed(0)
    model = DenseNet(2, 3, n_factors=4, mean=3.0, n_features=2).eval()
    told = model(USERS, ITEMS, torch.ones(3, 2))
    assert torch.equal(told, model(USERS, ITEMS))


def test_the_dense_network_has_the_norms_of_its_embeddings_alone():
    model = DenseNet(2, 3, n_factors=4, mean=3.0)
    before = squared_norms(model, USERS, ITEMS)
    nn.init.ones_(model.hidden.weight)
    assert torch.equal(squared_norms(model, USERS, ITEMS), before)
    nn.init.ones_(model.user_biases.weight)
    assert torch.allclose(squared_norms(model, USERS, ITEMS), before + 1)


@pytest.mark.parametrize("kind", [MatrixFactorization, DenseNet])
def test_a_prediction_has_one_dimension(kind):
    # (B, 1) against (B,) would be compared each with each.
    model = kind(2, 3, n_factors=4, mean=3.0)
    assert model(USERS, ITEMS).shape == (3,)
    assert model(USERS[:1], ITEMS[:1]).shape == (1,)


# LSTM ------------------------------------------------------------------------

N_ITEMS = 6


def lstm(kind=LSTMRating):
    """Make an LSTM that has learnt to say something of what it hears."""
    torch.manual_seed(0)
    model = kind(torch.randn(N_ITEMS, 4), n_hidden=8).eval()
    for name, weights in model.named_parameters():
        if name.endswith("taste.weight"):
            nn.init.normal_(weights)
    return model


def heard(n_pieces, n_steps, kind=LSTMRating):
    """Make up what a model hears and is asked."""
    generator = torch.Generator().manual_seed(n_pieces * 100 + n_steps)
    shape = (n_pieces, n_steps)

    def some_items():
        return torch.randint(N_ITEMS, shape, generator=generator)

    def some_stars():
        return torch.randn(shape, generator=generator)

    items = some_items()
    past = (items, some_stars() + 3, some_items(), some_stars())
    if kind is LSTMRating:
        return past
    back = torch.arange(n_steps).flip(0).expand(shape)
    return *past, items.flip(1), some_items(), some_stars(), back


def test_the_lstm_is_its_formula_one_cell_at_a_time():
    model = lstm()
    items, base, past_items, past_surprises = heard(n_pieces=1, n_steps=5)
    past_items[0, 0] = N_ITEMS  # nothing was heard yet
    cell = nn.LSTMCell(4 + 1, 8)
    cell.load_state_dict(
        {
            name.removesuffix("_l0"): values
            for name, values in model.lstm.state_dict().items()
        }
    )
    table = model.item_factors.weight
    assert table[N_ITEMS].tolist() == [0, 0, 0, 0]
    state = None
    for step, prediction in enumerate(
        model(items, base, past_items, past_surprises)[0]
    ):
        past, now = past_items[0, step], items[0, step]
        surprise = past_surprises[0, step : step + 1]
        state = cell(torch.cat([table[past], surprise])[None], state)
        taste = model.taste(state[0])[0]
        expected = base[0, step] + taste[4] + taste[:4] @ table[now]
        assert prediction.item() == pytest.approx(expected.item(), abs=1e-5)


def test_an_lstm_says_nothing_of_what_it_hears_before_it_has_learnt():
    torch.manual_seed(0)
    model = LSTMRating(torch.randn(N_ITEMS, 4), n_hidden=8).eval()
    items, base, past_items, past_surprises = heard(3, 5)
    predictions = model(items, base, past_items, past_surprises)
    others = model(items, base, past_items.flip(1), 9 * past_surprises)
    assert torch.equal(predictions, others)
    assert not model.taste.weight.any()


def test_both_sides_are_the_sum_of_two_lstms_by_hand():
    model = lstm(BothSides)
    # Two sequences, asked for from the end in the other order of steps.
    items = torch.tensor([[0, 1, 2], [3, 4, 6]])
    base = torch.tensor([[3.0, 3.5, 2.5], [4.0, 2.0, 0.0]])
    past_items = torch.tensor([[6, 0, 1], [6, 3, 6]])
    past_surprises = torch.tensor([[0.0, 1.0, -0.5], [0.0, 0.5, 0.0]])
    items_back = torch.tensor([[2, 1, 0], [4, 3, 6]])
    next_items = torch.tensor([[6, 2, 1], [6, 4, 6]])
    next_surprises = torch.tensor([[0.0, 1.5, -0.5], [0.0, -2.0, 0.0]])
    mirror = torch.tensor([[2, 1, 0], [1, 0, 0]])
    predictions = model(
        items,
        base,
        past_items,
        past_surprises,
        items_back,
        next_items,
        next_surprises,
        mirror,
    )
    before = model.before(items, base, past_items, past_surprises)
    after = model.after(
        items_back, torch.zeros(2, 3), next_items, next_surprises
    )
    assert predictions.shape == (2, 3)
    for piece, step, step_back in (
        (0, 0, 2),
        (0, 1, 1),
        (0, 2, 0),
        (1, 0, 1),
        (1, 1, 0),
    ):
        expected = before[piece, step] + after[piece, step_back]
        assert predictions[piece, step].item() == pytest.approx(
            expected.item(), abs=1e-6
        )
    # Two ears of their own.
    assert not torch.equal(
        model.before.lstm.weight_hh_l0, model.after.lstm.weight_hh_l0
    )


# Padding ---------------------------------------------------------------------


def padded(inputs, fillers):
    """Put steps behind the real ones of (S, T) inputs, one row of each."""
    return [
        torch.cat([part, filler.to(part).expand(len(part), -1)], dim=1)
        for part, filler in zip(inputs, fillers, strict=True)
    ]


@pytest.mark.parametrize("kind", [LSTMRating, BothSides])
@given(n_real=st.integers(1, 6), n_padded=st.integers(1, 6), data=st.data())
def test_padding_changes_nothing_at_real_steps_whatever_stands_in_it(
    kind, n_real, n_padded, data
):
    model = lstm(kind)
    real = heard(3, n_real, kind)

    def steps(values):
        drawn = st.lists(values, min_size=n_padded, max_size=n_padded)
        return torch.tensor(data.draw(drawn))

    item = st.integers(0, N_ITEMS)
    stars = st.sampled_from([0.0, 3.0, 1e6, -1e6])
    fillers = [steps(item), steps(stars), steps(item), steps(stars)]
    if kind is BothSides:
        fillers += [steps(item), steps(item), steps(stars)]
        fillers.append(steps(st.integers(0, n_real + n_padded - 1)))
    with torch.no_grad():
        expected = model(*real)
        predictions = model(*padded(real, fillers))
    assert torch.allclose(predictions[:, :n_real], expected, atol=1e-5)


@pytest.mark.parametrize("kind", [LSTMRating, BothSides])
@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    garbage=st.sampled_from([0.0, -5.0, 1e6, torch.nan]),
)
def test_short_sequences_say_the_same_alone_and_beside_longer_ones(
    kind, lengths, garbage
):
    model = lstm(kind)
    alone = [heard(1, n_steps, kind) for n_steps in lengths]
    # Padded as `cut_histories` does, but for the base.
    fillers = [N_ITEMS, garbage, N_ITEMS, 0.0]
    if kind is BothSides:
        fillers += [N_ITEMS, N_ITEMS, 0.0, 0]
    n_steps = max(lengths) + 2
    together = [
        padded(
            inputs,
            [torch.tensor([f]).repeat(n_steps - length) for f in fillers],
        )
        for inputs, length in zip(alone, lengths, strict=True)
    ]
    batch = [torch.cat(parts) for parts in zip(*together, strict=True)]
    with torch.no_grad():
        predictions = model(*batch)
        for row, (inputs, length) in enumerate(
            zip(alone, lengths, strict=True)
        ):
            expected = model(*inputs)[0]
            assert torch.allclose(predictions[row, :length], expected, 0, 1e-5)


# What moves what -------------------------------------------------------------


@given(n_steps=st.integers(1, 6), step=st.integers(0, 5))
def test_what_is_heard_moves_its_own_step_and_later_ones_alone(n_steps, step):
    model = lstm()
    step = min(step, n_steps - 1)
    *asked, past_items, past_surprises = heard(2, n_steps)
    changed = past_surprises.clone()
    changed[0, step] += 1
    with torch.no_grad():
        before = model(*asked, past_items, past_surprises)
        after = model(*asked, past_items, changed)
    moved = before != after
    assert moved[0].tolist() == [False] * step + [True] * (n_steps - step)
    assert not moved[1].any()


@given(n_steps=st.integers(1, 6), step=st.integers(0, 5))
def test_what_is_heard_from_behind_moves_its_own_step_and_earlier_ones_alone(
    n_steps, step
):
    model = lstm(BothSides)
    step = min(step, n_steps - 1)
    inputs = list(heard(2, n_steps, BothSides))
    with torch.no_grad():
        before = model(*inputs)
        inputs[6] = inputs[6].clone()
        inputs[6][0, n_steps - 1 - step] += 1
        after = model(*inputs)
    moved = before != after
    assert moved[0].tolist() == [True] * (step + 1) + [False] * (
        n_steps - 1 - step
    )
    assert not moved[1].any()


def test_the_item_asked_about_moves_its_own_step_alone():
    model = lstm()
    items, *others = heard(2, 4)
    changed = items.clone()
    changed[1, 2] = (changed[1, 2] + 1) % N_ITEMS
    before = model(items, *others)
    after = model(changed, *others)
    assert (before != after).nonzero().tolist() == [[1, 2]]


def test_the_base_moves_its_own_step_by_as_much():
    model = lstm()
    items, base, *past = heard(2, 4)
    changed = base.clone()
    changed[1, 2] += 0.5
    moved = model(items, changed, *past) - model(items, base, *past)
    expected = torch.zeros(2, 4)
    expected[1, 2] = 0.5
    assert torch.allclose(moved, expected, atol=1e-6)


# The state of an LSTM --------------------------------------------------------


@given(
    n_steps=st.integers(1, 8),
    cuts=st.sets(st.integers(1, 7), max_size=4),
)
def test_listening_in_parts_is_listening_in_one_go(n_steps, cuts):
    model = lstm()
    *_, past_items, past_surprises = heard(3, n_steps)
    edges = [0, *sorted(cut for cut in cuts if cut < n_steps), n_steps]
    with torch.no_grad():
        whole, end = model.listen(past_items, past_surprises)
        state, parts = None, []
        for start, stop in pairwise(edges):
            tastes, state = model.listen(
                past_items[:, start:stop], past_surprises[:, start:stop], state
            )
            parts.append(tastes)
    assert whole.shape == (3, n_steps, 5)
    assert torch.allclose(torch.cat(parts, dim=1), whole, atol=1e-6)
    for one, other in zip(state, end, strict=True):
        assert one.shape == (1, 3, 8)
        assert torch.allclose(one, other, atol=1e-6)


def test_a_state_that_is_not_handed_on_is_forgotten():
    model = lstm()
    *_, past_items, past_surprises = heard(2, 6)
    first, then = past_surprises.split(3, dim=1)
    _, state = model.listen(past_items[:, :3], first)
    handed_on, _ = model.listen(past_items[:, 3:], then, state)
    forgotten, _ = model.listen(past_items[:, 3:], then)
    assert not torch.allclose(handed_on, forgotten, atol=1e-3)
    # Nor does a listener change the state that it is handed.
    again, _ = model.listen(past_items[:, 3:], then, state)
    assert torch.equal(handed_on, again)


@pytest.mark.parametrize("kind", [LSTMRating, BothSides])
def test_nothing_that_is_heard_is_kept_on_the_module(kind):
    model = lstm(kind)
    inputs = heard(2, 5, kind)
    ears = [model] if kind is LSTMRating else [model.before, model.after]
    kept = [dict(vars(module)) for module in model.modules()]
    values = {name: part.clone() for name, part in model.state_dict().items()}
    with torch.no_grad():
        first = model(*inputs)
        model(*heard(4, 3, kind))
        for ear in ears:
            _, state = ear.listen(*heard(2, 5)[2:])
            ear.listen(*heard(2, 5)[2:], state)
        assert torch.equal(model(*inputs), first)
    for module, before in zip(model.modules(), kept, strict=True):
        assert vars(module).keys() == before.keys()
        assert all(vars(module)[name] is before[name] for name in before)
    assert model.state_dict().keys() == values.keys()
    for name, part in model.state_dict().items():
        assert torch.equal(part, values[name])
    assert not list(model.buffers())


def test_item_factors_are_a_frozen_copy_with_a_row_for_none():
    table = nn.Parameter(torch.randn(N_ITEMS, 4))
    before = table.detach().clone()
    for model in (LSTMRating(table, 8), BothSides(table, 8).after):
        weights = model.item_factors.weight
        assert torch.equal(weights[:-1], before)
        assert not weights[-1].any() and not weights.requires_grad
        model(*heard(2, 5)).sum().backward()
        assert weights.grad is None and table.grad is None
        with torch.no_grad():
            weights.zero_()
        assert torch.equal(table, before)


# Dropout in the networks -----------------------------------------------------


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (DenseNet(6, 6, n_factors=8, mean=3.0), heard(1, 5)[::2]),
        (LSTMRating(torch.ones(6, 8), n_hidden=8), heard(2, 5)),
        (BothSides(torch.ones(6, 8), n_hidden=8), heard(2, 5, BothSides)),
    ],
    ids=["dense", "lstm", "both sides"],
)
def test_dropout_acts_while_training_and_is_off_in_predict(model, inputs):
    inputs = tuple(part.squeeze(0) for part in inputs)
    model.train()
    assert not torch.equal(model(*inputs), model(*inputs))
    assert torch.equal(predict(model, inputs), predict(model, inputs))


def test_dropout_acts_on_the_item_asked_about_too():
    model = LSTMRating(torch.ones(3, 8), n_hidden=8).train()
    # A taste of one for every factor, whatever was heard; factors of one.
    nn.init.zeros_(model.taste.weight)
    nn.init.ones_(model.taste.bias)
    items = torch.zeros(1, 50, dtype=torch.int64)
    base = torch.full((1, 50), 3.0)
    predictions = model(items, base, items, torch.zeros(1, 50))
    # 3 + 1 + the factors that are left, each worth 1 / 0.5.
    left = (predictions - 4) * 0.5
    assert torch.allclose(left, left.round(), atol=1e-5)
    assert left.min() < left.max()
    assert left.mean().item() == pytest.approx(8 * 0.5, abs=0.8)


def test_dropout_acts_on_what_the_lstm_hears_and_says():
    model = LSTMRating(torch.ones(3, 8), n_hidden=8)
    nn.init.ones_(model.taste.weight)
    past = torch.zeros(1, 50, dtype=torch.int64), torch.zeros(1, 50)
    said = []
    model.lstm.register_forward_hook(
        lambda lstm, inputs, outputs: said.append((inputs[0], outputs[0]))
    )
    model.eval().listen(*past)
    model.train()
    tastes, _ = model.listen(*past)
    (calm, _), (dropped, steps) = said
    assert calm[..., :-1].unique().tolist() == [1]
    assert dropped[..., :-1].unique().tolist() == [0, 2]
    # All of the hidden numbers weigh one: without dropout, their sum.
    sums = steps.sum(dim=2) + model.taste.bias[0]
    assert not torch.allclose(tastes[..., 0], sums, atol=1e-3)


# Main directions -------------------------------------------------------------


@given(seed=st.integers(0, 999), n_factors=st.integers(1, 6))
def test_all_directions_are_the_factors_turned_and_scaled(seed, n_factors):
    generator = torch.Generator().manual_seed(seed)
    factors = torch.randn(9, n_factors, generator=generator)
    turned = main_directions(factors, n_factors)
    assert turned.shape == (9, n_factors)
    assert turned.square().mean().sqrt().item() == pytest.approx(0.1)
    # Who is near whom stays, but for one number.
    gram, gram_turned = factors @ factors.T, turned @ turned.T
    scale = gram_turned.norm() / gram.norm()
    assert torch.allclose(gram_turned, scale * gram, atol=1e-5)
    # The columns stand upright on each other, the longest first.
    square = turned.T @ turned
    lengths = square.diagonal()
    assert torch.allclose(square, torch.diag(lengths), atol=1e-5)
    assert (lengths.diff() <= 1e-6).all()


@given(seed=st.integers(0, 999), n=st.integers(1, 5))
def test_no_other_directions_of_that_number_tell_more(seed, n):
    generator = torch.Generator().manual_seed(seed)
    factors = torch.randn(9, 5, generator=generator)
    kept = main_directions(factors, n)
    assert kept.shape == (9, n)
    assert kept.square().mean().sqrt().item() == pytest.approx(0.1)
    # What the kept columns cannot say is what Eckart and Young leave.
    told = kept @ torch.linalg.lstsq(kept, factors).solution
    left = (factors - told).square().sum().item()
    sizes = torch.linalg.svdvals(factors)
    assert left == pytest.approx(sizes[n:].square().sum().item(), abs=1e-4)
    # The same columns, whether more are kept or not, but for the scale.
    more = main_directions(factors, 5)[:, :n]
    cosines = nn.functional.cosine_similarity(more, kept, dim=0)
    assert cosines.tolist() == pytest.approx([1] * n, abs=1e-4)


def test_main_directions_by_hand_leave_the_factors_alone():
    # One column three times as long as the other, and turned by 45 degrees.
    columns = torch.tensor([[3.0, 1.0], [-3.0, 1.0], [3.0, -1], [-3, -1]])
    turn = torch.tensor([[1.0, 1.0], [-1.0, 1.0]]) / 2**0.5
    factors = nn.Parameter(columns @ turn)
    before = factors.detach().clone()
    kept = main_directions(factors, 1)
    sign = kept[0, 0].sign()
    assert (sign * kept[:, 0]).tolist() == pytest.approx(
        [0.1, -0.1, 0.1, -0.1]
    )
    assert not kept.requires_grad and torch.equal(factors, before)


@pytest.mark.parametrize(
    ("shape", "n", "most"),
    [((9, 3), 4, 3), ((2, 3), 3, 2)],
)
def test_a_number_of_directions_that_is_not_there_is_refused(shape, n, most):
    said = rf"n is {n}; factors of the shape \({shape[0]}, 3\) have 1 to"
    with pytest.raises(ValueError, match=f"{said} {most} directions"):
        main_directions(torch.randn(shape), n)


def test_every_dropout_of_a_model_gets_one_probability():
    model = nn.Sequential(Dropout(0.3), nn.Sequential(nn.Dropout(0.1)))
    set_dropout(model, 0.7)
    assert [model[0].p, model[1][0].p] == [0.7, 0.7]
    set_dropout(nn.Linear(1, 1), 0.5)  # a model without any is left alone


# Models that rank ------------------------------------------------------------


def test_a_factorization_of_lists_by_hand():
    model = ListFactorization(2, 3, n_factors=2)
    assert not model.item_biases.weight.any()
    set_weights(
        model,
        user_factors=[[1.0, 2.0], [0.5, -1.0]],
        item_factors=[[1.0, 1.0], [0.0, 3.0], [2.0, -1.0]],
        item_biases=[[0.25], [-1.0], [0.0]],
    )
    scores = model(torch.tensor([1, 0, 1]))
    assert scores.tolist() == [
        [-0.25, -4, 2],
        [3.25, 5, 0],
        [-0.25, -4, 2],
    ]
    assert model(torch.tensor([], dtype=torch.int64)).shape == (0, 3)


def test_the_network_of_lists_is_its_formula_in_numpy():
    torch.manual_seed(0)
    model = ListAutoencoder(3, n_hidden=4)
    liked = torch.tensor([[1.0, 0, 1], [0, 0, 0], [1, 0, 0]])
    disliked = torch.tensor([[0.0, 1, 0], [0, 0, 0], [0, 0, 0]])
    inner, outer = (
        [part.detach().double().numpy() for part in layer.parameters()]
        for layer in (model.hidden, model.output)
    )
    # Three, none and one heard: rows of length one, but of zeros for none.
    heard = np.array(
        [[1, 0, 1, 0, 1, 0], [0] * 6, [1, 0, 0, 0, 0, 0]], dtype=float
    )
    heard[0] /= 3**0.5
    hidden = heard @ inner[0].T + inner[1]
    bent = hidden * (1 + np.vectorize(erf)(hidden / 2**0.5)) / 2
    expected = bent @ outer[0].T + outer[1]
    scores = model(liked, disliked).detach().numpy()
    assert np.allclose(scores, expected, atol=1e-6)


def test_the_lstm_of_lists_is_its_formula_one_cell_at_a_time():
    torch.manual_seed(0)
    model = ListLSTM(N_ITEMS, n_factors=4, n_hidden=8)
    items = torch.tensor([[3, 0, 3, 5, N_ITEMS]])
    liked = torch.tensor([[1.0, 0.0, 0.0, 1.0, 0.0]])
    cell = nn.LSTMCell(4 + 1, 8)
    cell.load_state_dict(
        {
            name.removesuffix("_l0"): values
            for name, values in model.lstm.state_dict().items()
        }
    )
    state, scores = None, model(items, liked)
    assert scores.shape == (1, 5, N_ITEMS)
    for step in range(5):
        factors = model.item_factors.weight[items[0, step]]
        said = torch.cat([factors, liked[0, step : step + 1]])
        state = cell(said[None], state)
        expected = state[0] @ model.output.weight.T + model.output.bias
        assert torch.allclose(scores[0, step], expected[0], atol=1e-6)


@given(
    n_steps=st.integers(1, 6), step=st.integers(0, 5), seed=st.integers(0, 9)
)
def test_the_lstm_of_lists_hears_the_past_alone(n_steps, step, seed):
    torch.manual_seed(seed)
    model = ListLSTM(N_ITEMS, n_factors=4, n_hidden=8).eval()
    step = min(step, n_steps - 1)
    items = torch.randint(N_ITEMS, (2, n_steps))
    liked = torch.randint(2, (2, n_steps)).float()
    later = items.clone()
    later[0, step] = (later[0, step] + 1) % N_ITEMS
    turned = liked.clone()
    turned[0, step] = 1 - turned[0, step]
    with torch.no_grad():
        before = model(items, liked)
        for after in (model(later, liked), model(items, turned)):
            moved = (before != after).any(dim=2)
            assert moved[0].tolist() == [False] * step + [True] * (
                n_steps - step
            )
            assert not moved[1].any()
        alone = model(items[:, : step + 1], liked[:, : step + 1])
    assert torch.allclose(alone, before[:, : step + 1], atol=1e-6)


def test_every_part_of_a_model_of_lists_is_learnt():
    torch.manual_seed(0)
    everybody, items = torch.arange(3), torch.randint(5, (3, 4))
    liked = torch.randint(2, (3, 5)).float()
    for model, inputs in (
        (ListFactorization(3, 5, 2), (everybody,)),
        (ListAutoencoder(5, 4), (liked, 1 - liked)),
        (ListLSTM(5, 3, 4), (items, liked[:, :4])),
    ):
        scores = model(*inputs)
        (scores * torch.randn(scores.shape)).sum().backward()
        for part in model.parameters():
            assert part.grad.any()


def test_lists_by_a_matrix_by_hand():
    weights = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 0.0], [0.0, 4.0, 0.0]])
    liked = torch.tensor([[1.0, 0, 0], [0, 1, 1], [0, 0, 0]])
    disliked = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, 0, 1]])
    of_likes = LinearLists(weights, torch.tensor([7.0, 8.0, 9.0]))
    # The third person likes nothing, so hears what is popular.
    assert of_likes(liked, disliked).tolist() == [
        [0, 1, 2],
        [3, 4, 0],
        [7, 8, 9],
    ]
    of_both = LinearLists(torch.cat([weights, -weights]))
    assert of_both(liked, disliked).tolist() == [
        [0, -3, 2],
        [3, 3, -2],
        [0, -4, 0],
    ]
    nobody = torch.zeros(1, 3)
    assert LinearLists(weights)(nobody, nobody).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize(
    ("weights", "popular"),
    [((3, 2), None), ((5, 3), None), ((3,), None), ((3, 3), (2,))],
)
def test_a_matrix_that_fits_no_items_is_refused(weights, popular):
    with pytest.raises(ValueError, match=r"give \(n_items, n_items\) or"):
        LinearLists(
            torch.zeros(weights),
            None if popular is None else torch.zeros(popular),
        )


# What a model needs is in its state ------------------------------------------

PAIR = (torch.tensor([0, 1, 4]), torch.tensor([2, 0, 5]))
OF_PAIR = torch.arange(12.0).view(3, 4)
SEQUENCE = (
    torch.tensor([[0, 3]]),
    torch.tensor([[3.5, 3.0]]),
    torch.tensor([[5, 0]]),
    torch.tensor([[0.0, 1.0]]),
)


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda mean: MatrixFactorization(5, 6, 2, mean), PAIR),
        (
            lambda mean: FeatureFactorization(5, 6, 2, mean, 1, 3),
            (*PAIR, OF_PAIR),
        ),
        (lambda mean: DenseNet(5, 6, 2, mean, 4), (*PAIR, OF_PAIR)),
        (lambda mean: LSTMRating(mean * torch.ones(6, 2), 4), SEQUENCE),
        (
            lambda mean: BothSides(mean * torch.ones(6, 2), 4),
            (*SEQUENCE, SEQUENCE[0], *SEQUENCE[2:], torch.tensor([[1, 0]])),
        ),
        (lambda mean: ListFactorization(5, 6, 2), PAIR[:1]),
        (lambda mean: ListAutoencoder(4, 2), (OF_PAIR, OF_PAIR)),
        (lambda mean: ListLSTM(6, 2, 4), (SEQUENCE[0], SEQUENCE[3])),
        (lambda mean: LinearLists(mean * torch.eye(4)), (OF_PAIR, OF_PAIR)),
    ],
)
def test_a_state_is_all_that_a_model_needs_to_answer_alike(make, inputs):
    torch.manual_seed(0)
    fitted = make(1.0).eval()
    with torch.no_grad():
        for part in fitted.parameters():
            part.add_(torch.randn(part.shape))
    torch.manual_seed(1)
    fresh = make(0.0).eval()
    if isinstance(fitted, FeatureFactorization):
        # More features of users, fewer of items: as many in all.
        fresh = FeatureFactorization(5, 6, 2, 0.0, 3, 1).eval()
    assert not torch.equal(fresh(*inputs), fitted(*inputs))
    fresh.load_state_dict(fitted.state_dict())
    assert torch.equal(fresh(*inputs), fitted(*inputs))


def test_a_state_without_the_mean_is_refused():
    state = small_factorization().state_dict()
    del state["mean"]
    with pytest.raises(RuntimeError, match=r'Missing key.*"mean"'):
        small_factorization().load_state_dict(state)
