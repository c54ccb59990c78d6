import base64
import json

import numpy as np
import pytest
import torch

from recslib.baselines import damped_biases
from recslib.evaluation import best_items, judge_lists
from recslib.export import (
    films_for_pages,
    fingerprint,
    in_steps,
    lstm_for_pages,
    map_places,
    network_for_pages,
    rounded_network,
    titles_fingerprint,
)
from recslib.lists import LIKED, fit_list_autoencoder, hear, strangers
from recslib.models import (
    ListAutoencoder,
    LSTMRating,
    MatrixFactorization,
    main_directions,
)
from recslib.movielens import synthetic
from recslib.recipes import fit_factorization
from recslib.recommend import fold_in, score_items
from recslib.splits import whole_users

DATA = synthetic()
CHARGE = {"l2": 0.04, "ridge": 3.0}


def numbers(packed, kind, *shape):
    return np.frombuffer(base64.b64decode(packed), dtype=kind).reshape(shape)


def a_model(seed=0, n_factors=5):
    torch.manual_seed(seed)
    ratings = DATA.ratings
    model = MatrixFactorization(
        ratings.n_users, ratings.n_items, n_factors, mean=3.5
    )
    torch.nn.init.normal_(model.item_factors.weight, std=0.3)
    torch.nn.init.normal_(model.item_biases.weight, std=0.3)
    return model


# Films -----------------------------------------------------------------------


def test_films_travel_as_json_with_what_the_library_says_of_them():
    model, ratings = a_model(), DATA.ratings
    packed = films_for_pages(
        model, ratings, **CHARGE, genres=DATA.films["genres"]
    )
    films = json.loads(json.dumps(packed))
    assert films["titles"] == list(ratings.titles)
    assert films["counts"] == ratings.counts_by_item().tolist()
    assert films["genres"][3] == list(DATA.films["genres"][3])
    assert (films["l2"], films["ridge"], films["mean"]) == (0.04, 3.0, 3.5)
    assert films["scale"] == [1.0, 5.0]
    assert films["n_factors"] == 5
    biases = model.item_biases.weight.detach().numpy()
    assert np.array_equal(numbers(films["item_biases"], "<f4", 80, 1), biases)
    counted = damped_biases(ratings, 3.0)
    assert films["baseline"]["mean"] == counted.mean
    assert np.array_equal(
        numbers(films["baseline"]["item_biases"], "<f4", 80),
        counted.item.numpy(),
    )


def test_packed_factors_are_half_a_step_from_the_model_at_most():
    model = a_model()
    films = films_for_pages(model, DATA.ratings, **CHARGE)
    steps = numbers(films["factor_steps"], "<f4", 5)
    factors = numbers(films["factors"], "<i2", 80, 5) * steps
    apart = np.abs(factors - model.item_factors.weight.detach().numpy())
    assert (apart <= steps / 2 + 1e-7).all()
    # By hand: the largest of a column is 32,767 steps.
    largest = model.item_factors.weight.detach().abs().amax(dim=0).numpy()
    assert steps * 32_767 == pytest.approx(largest, rel=1e-6)


def test_a_column_of_zeros_stays_zero():
    table = torch.tensor([[0.0, 1.0], [0.0, -0.5]])
    whole, steps = in_steps(table, torch.int16)
    assert whole.tolist() == [[0, 32_767], [0, -16_384]]
    assert torch.isfinite(steps).all()


@pytest.mark.data
@pytest.mark.slow
def test_rounding_moves_no_score_by_a_ten_thousandth_of_a_star(ml_100k):
    model = fit_factorization(ml_100k)
    whole, steps = in_steps(model.item_factors.weight, torch.int16)
    exact, rounded = [], []
    random = np.random.default_rng(0)
    people = [
        (
            torch.tensor(random.choice(ml_100k.n_items, size, replace=False)),
            torch.tensor(random.integers(1, 6, size), dtype=torch.float32),
        )
        for size in random.integers(1, 60, 50)
    ]
    for rated, stars in people:
        person = fold_in(model, rated, stars, **CHARGE)
        exact.append(score_items(model, person))
    with torch.no_grad():
        model.item_factors.weight.copy_(whole * steps)
    for rated, stars in people:
        person = fold_in(model, rated, stars, **CHARGE)
        rounded.append(score_items(model, person))
    apart = (torch.stack(exact) - torch.stack(rounded)).abs().max()
    assert 0 < apart < 1e-4


def test_films_of_another_data_set_are_refused():
    other = synthetic(n_items=81).ratings
    with pytest.raises(ValueError, match="80 films, the ratings 81"):
        films_for_pages(a_model(), other, **CHARGE)


def test_genres_of_fewer_films_are_refused():
    with pytest.raises(ValueError, match="genres of 1"):
        films_for_pages(a_model(), DATA.ratings, **CHARGE, genres=[["War"]])


@pytest.mark.parametrize("genres", [None, [float("nan")] * 80])
def test_genres_that_are_no_lists_are_refused(genres):
    with pytest.raises(ValueError, match="or leave genres out"):
        films_for_pages(a_model(), DATA.ratings, **CHARGE, genres=genres)


@pytest.mark.parametrize("kind", [torch.uint8, torch.float32])
def test_steps_are_whole_and_have_a_sign(kind):
    with pytest.raises(ValueError, match=f"kind is {kind}; give a signed"):
        in_steps(torch.ones(2, 1), kind)


def test_another_fit_has_another_fingerprint():
    assert fingerprint(a_model(0)) == fingerprint(a_model(0))
    assert fingerprint(a_model(0)) != fingerprint(a_model(1))


def test_films_in_another_order_have_another_fingerprint():
    assert titles_fingerprint(["A", "B"]) == titles_fingerprint(["A", "B"])
    prints = [["A", "B"], ["B", "A"], ["A"], ["AB"], ["A", "B", ""]]
    assert len(set(map(titles_fingerprint, prints))) == len(prints)


# The map ---------------------------------------------------------------------


def test_the_map_has_the_variance_of_the_two_largest_components():
    factors = a_model().item_factors.weight.detach()
    counts = torch.ones(80, dtype=torch.int64)
    places = map_places(factors, counts)
    # An independent way to the same: eigenvalues of the covariance.
    largest = np.linalg.eigvalsh(np.cov(factors.numpy().T))[::-1][:2]
    assert places.var(dim=0).numpy() == pytest.approx(largest, rel=1e-4)
    assert (places[0] > 0).all()


def test_a_map_points_the_way_of_the_map_that_it_is_like():
    # Two fits of the same films: the second is turned round, and the film
    # that decides alone without a model to follow lies near the middle.
    factors = torch.tensor(
        [[0.1, -0.1], [3.0, 0], [-3, 0], [0, 1], [0, -1], [-0.1, 0.1]]
    )
    counts = torch.tensor([9, 8, 7, 6, 5, 4])
    like = torch.tensor(
        [[-0.1, 0.1], [-2.9, 0], [3.1, 0], [0, -1], [0, 1], [0.1, -0.1]]
    )
    places = map_places(factors, counts, 6, like=like)
    assert places[1, 0].item() == pytest.approx(-3, abs=0.05)
    assert places[3, 1].item() == pytest.approx(-1, abs=0.05)
    turned = map_places(factors, counts, 6, like=-like)
    assert torch.equal(turned, -places)


@pytest.mark.parametrize(
    ("factors", "counts", "like", "said"),
    [
        (torch.rand(3), torch.ones(3), None, r"shape \(3,\); give frac"),
        (torch.ones(3, 2).long(), torch.ones(3), None, "int64 of shape"),
        (torch.rand(3, 2), torch.tensor([1, torch.nan, 2]), None, "1 of 3 c"),
        (torch.rand(3, 2), torch.ones(3), torch.rand(2, 2), r"give \(3, 2\)"),
        (torch.rand(3, 2), torch.ones(3), torch.rand(3, 3), r"give \(3, 2\)"),
    ],
)
def test_what_cannot_be_placed_is_said(factors, counts, like, said):
    with pytest.raises(ValueError, match=said):
        map_places(factors, counts, like=like)


def test_rare_films_do_not_span_the_map():
    # The popular films differ in the first two columns alone; the one that
    # is rare differs in the third, and lies where they have their middle.
    factors = torch.tensor(
        [[3.0, 0, 0], [-3, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 9]]
    )
    counts = torch.tensor([9, 8, 7, 6, 1])
    places = map_places(factors, counts, n_often=4)
    assert places[:2, 0].tolist() == pytest.approx([3, -3], abs=1e-5)
    assert places[4].tolist() == pytest.approx([0, 0], abs=1e-5)


# The LSTM --------------------------------------------------------------------


def test_the_lstms_films_are_the_factors_times_the_directions():
    base = a_model()
    known = main_directions(base.item_factors.weight, 2)
    packed = lstm_for_pages(LSTMRating(known, 4), base, ridge=5.0)
    directions = numbers(packed["directions"], "<f4", 5, 2)
    factors = base.item_factors.weight.detach().numpy()
    assert factors @ directions == pytest.approx(known.numpy(), abs=1e-5)
    assert (packed["n_heard"], packed["n_hidden"]) == (2, 4)
    assert packed["of"] == fingerprint(base)
    assert packed["ridge"] == 5.0


def test_both_biases_of_the_gates_travel_as_their_sum():
    base = a_model()
    known = main_directions(base.item_factors.weight, 2)
    model = LSTMRating(known, 4)
    torch.nn.init.constant_(model.lstm.bias_ih_l0, 0.25)
    torch.nn.init.constant_(model.lstm.bias_hh_l0, 0.5)
    packed = lstm_for_pages(model, base, ridge=5.0)
    assert numbers(packed["biases"], "<f4", 16).tolist() == [0.75] * 16


def test_an_lstm_on_other_films_is_refused():
    with pytest.raises(ValueError, match="main_directions"):
        lstm_for_pages(LSTMRating(torch.rand(80, 2), 4), a_model(), ridge=5.0)


def test_an_lstm_on_fewer_films_is_refused():
    with pytest.raises(ValueError, match="knows 7 films"):
        lstm_for_pages(LSTMRating(torch.rand(7, 2), 4), a_model(), ridge=5.0)


# The network -----------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    return fit_list_autoencoder(hear(DATA.ratings), n_hidden=6, n_epochs=5)


def test_a_network_travels_film_by_film_with_its_steps(network):
    packed = json.loads(json.dumps(network_for_pages(network, DATA.ratings)))
    films = films_for_pages(a_model(), DATA.ratings, **CHARGE)
    assert packed["of"] == films["titles_fingerprint"]
    assert (packed["liked"], packed["n_hidden"]) == (LIKED, 6)
    heard = numbers(packed["heard_weights"], "i1", 160, 6)
    heard = heard * numbers(packed["heard_steps"], "<f4", 6)
    told = numbers(packed["told_weights"], "i1", 80, 6)
    told = told * numbers(packed["told_steps"], "<f4", 80, 1)
    rounded = rounded_network(network)
    assert np.array_equal(heard.T, rounded.hidden.weight.detach().numpy())
    assert np.array_equal(told, rounded.output.weight.detach().numpy())
    for key, bias in (
        ("hidden_biases", network.hidden.bias),
        ("told_biases", network.output.bias),
    ):
        sent = numbers(packed[key], "<f4", len(bias))
        assert np.array_equal(sent, bias.detach().numpy())


def test_a_rounded_network_is_half_a_step_from_its_model_at_most(network):
    before = network.hidden.weight.detach().clone()
    rounded = rounded_network(network)
    assert torch.equal(network.hidden.weight, before)
    for name in ("hidden", "output"):
        exact = getattr(network, name).weight.detach()
        apart = (getattr(rounded, name).weight.detach() - exact).abs()
        # By hand: the largest of a row is 127 steps.
        half = exact.abs().amax(dim=1, keepdim=True) / 127 / 2
        assert (apart <= half * 1.001).all()
        assert apart.max() > 0


def test_rounding_changes_few_places_of_the_lists(network):
    heard = hear(DATA.ratings)
    exact, rounded = (
        best_items(
            model(heard.liked, heard.disliked).detach(), heard.rated > 0
        )
        for model in (network, rounded_network(network))
    )
    assert (exact == rounded).float().mean() > 0.9
    # Where two films change places, both stay in the list.
    kept = [
        len(set(a) & set(b)) / 10
        for a, b in zip(exact.tolist(), rounded.tolist(), strict=True)
    ]
    assert np.mean(kept) > 0.98


def test_a_network_of_1682_films_is_under_a_megabyte():
    ratings = synthetic(n_items=1_682).ratings
    packed = network_for_pages(ListAutoencoder(1_682, 120), ratings)
    assert len(json.dumps(packed)) < 1_000_000


def test_a_network_of_other_films_is_refused():
    with pytest.raises(ValueError, match="ranks 7 films and the ratings"):
        network_for_pages(ListAutoencoder(7, 2), DATA.ratings)


@pytest.mark.data
@pytest.mark.slow
def test_rounding_costs_strangers_next_to_nothing(ml_100k):
    split = whole_users(ml_100k, 5, 0)[0]
    stranger = strangers(split, 10)
    model = fit_list_autoencoder(hear(split.train))
    exact, rounded = (
        judge_lists(
            each(stranger.heard.liked, stranger.heard.disliked).detach(),
            stranger.seen,
            stranger.wanted,
        )
        .ndcg.mean()
        .item()
        for each in (model, rounded_network(model))
    )
    assert exact > 0.4
    assert abs(exact - rounded) < 0.005
