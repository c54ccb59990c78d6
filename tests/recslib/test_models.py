from math import erf

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from recslib.models import (
    DenseNet,
    Dropout,
    LSTMRating,
    MatrixFactorization,
    embedding,
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
            assert predictions[row].item() == pytest.approx(
                expected, abs=1e-4
            )


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


def lstm(n_items=6):
    torch.manual_seed(0)
    model = LSTMRating(n_items, n_factors=4, mean=3.0).eval()
    nn.init.normal_(model.item_biases.weight)
    return model


def heard(n_pieces, n_steps, n_items=6):
    generator = torch.Generator().manual_seed(n_pieces * 100 + n_steps)
    items, past_items, past_ratings = (
        torch.randint(high, (n_pieces, n_steps), generator=generator)
        for high in (n_items, n_items, 5)
    )
    return items, past_items, past_ratings + 1.0


def test_the_lstm_is_its_formula_one_cell_at_a_time():
    model = lstm()
    items, past_items, past_ratings = heard(n_pieces=1, n_steps=5)
    cell = nn.LSTMCell(4 + 1, 8)
    cell.load_state_dict(
        {
            name.removesuffix("_l0"): values
            for name, values in model.lstm.state_dict().items()
        }
    )
    table = model.item_factors.weight
    state = None
    for step, prediction in enumerate(
        model(items, past_items, past_ratings)[0]
    ):
        past, now = past_items[0, step], items[0, step]
        surprise = past_ratings[0, step : step + 1] - 3
        state = cell(torch.cat([table[past], surprise])[None], state)
        taste = model.taste(state[0])[0]
        expected = (
            3
            + model.item_biases.weight[now, 0]
            + taste[4]
            + taste[:4] @ table[now]
        )
        assert prediction.item() == pytest.approx(expected.item(), abs=1e-5)


@given(n_real=st.integers(1, 6), n_padded=st.integers(1, 6), data=st.data())
def test_padding_changes_nothing_at_real_steps_whatever_stands_in_it(
    n_real, n_padded, data
):
    model = lstm()
    real = heard(3, n_real)
    whatever = data.draw(st.sampled_from([0.0, 3.0, 1e6, -1e6]))
    item = data.draw(st.integers(0, 6))
    padded = [
        torch.cat([part, torch.full((3, n_padded), filler).to(part)], dim=1)
        for part, filler in zip(real, (item, item, whatever), strict=True)
    ]
    with torch.no_grad():
        assert torch.allclose(
            model(*padded)[:, :n_real], model(*real), atol=1e-6
        )


@given(n_steps=st.integers(1, 6), step=st.integers(0, 5))
def test_what_is_heard_moves_its_own_step_and_later_ones_alone(n_steps, step):
    model = lstm()
    step = min(step, n_steps - 1)
    items, past_items, past_ratings = heard(2, n_steps)
    changed = past_ratings.clone()
    changed[0, step] += 1
    with torch.no_grad():
        before = model(items, past_items, past_ratings)
        after = model(items, past_items, changed)
    moved = before != after
    assert moved[0].tolist() == [False] * step + [True] * (n_steps - step)
    assert not moved[1].any()


def test_the_item_asked_about_moves_its_own_step_alone():
    model = lstm()
    items, past_items, past_ratings = heard(2, 4)
    changed = items.clone()
    changed[1, 2] = (changed[1, 2] + 1) % 6
    before = model(items, past_items, past_ratings)
    after = model(changed, past_items, past_ratings)
    assert (before != after).nonzero().tolist() == [[1, 2]]


# Dropout ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (DenseNet(6, 6, n_factors=8, mean=3.0), heard(1, 5)[:2]),
        (LSTMRating(6, n_factors=8, mean=3.0), heard(2, 5)),
    ],
    ids=["dense", "lstm"],
)
def test_dropout_acts_while_training_and_is_off_in_predict(model, inputs):
    inputs = tuple(part.squeeze(0) for part in inputs)
    model.train()
    assert not torch.equal(model(*inputs), model(*inputs))
    assert torch.equal(predict(model, inputs), predict(model, inputs))


def test_dropout_acts_on_the_item_asked_about_too():
    model = LSTMRating(3, n_factors=8, mean=3.0).train()
    # A taste of one for every factor, whatever was heard; factors of one.
    nn.init.zeros_(model.taste.weight)
    nn.init.ones_(model.taste.bias)
    nn.init.ones_(model.item_factors.weight)
    items = torch.zeros(1, 50, dtype=torch.int64)
    predictions = model(items, items, torch.zeros(1, 50))
    # 3 + 1 + the factors that are left, each worth 1 / 0.6.
    left = (predictions - 4) * 0.6
    assert torch.allclose(left, left.round(), atol=1e-5)
    assert left.min() < left.max()
    assert left.mean().item() == pytest.approx(8 * 0.6, abs=0.8)
