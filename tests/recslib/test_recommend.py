import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from recslib.features import side_features
from recslib.lists import Heard
from recslib.models import (
    DenseNet,
    FeatureFactorization,
    MatrixFactorization,
    embedding,
    squared_norms,
)
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.recommend import (
    Person,
    arguments,
    fold_in,
    fold_in_ahead,
    is_dot_product,
    leave_each_out,
    lists_for,
    nearest_items,
    rated_items,
    score_items,
    score_users,
    top_n,
)
from recslib.sampling import fold_in as fold_in_to_samples
from recslib.sampling import sample_factorization
from recslib.serve import for_user
from recslib.splits import time_order
from recslib.training import Examples, fit

NOTHING = torch.tensor([], dtype=torch.int64)
TITLES = {10: "Alien", 11: "Brazil", 12: "Casablanca", 13: "Diva"}
# Casablanca is rated twice, the others once.
FILMS = from_frame(
    pd.DataFrame(
        [(1, 10, 3.0), (1, 11, 3.0), (1, 12, 3.0), (1, 13, 3.0), (2, 12, 4.0)],
        columns=["user", "item", "rating"],
    ),
    titles=TITLES,
    scale=(1, 5),
)


@pytest.mark.parametrize("kind", [FeatureFactorization, DenseNet])
def test_a_model_that_was_told_features_is_not_asked_by_ids_alone(kind):
    data = synthetic(12, 15, 90)
    side, stars = side_features(data), torch.tensor([4.0])
    sizes = {"n_users": 12, "n_items": 15, "n_factors": 2, "mean": 3.5}
    if kind is DenseNet:
        model = DenseNet(**sizes, n_features=side.n_features)
    else:
        n_known = side.users.shape[1], side.items.shape[1]
        model = FeatureFactorization(*sizes.values(), *n_known)
    one, person = torch.tensor([1]), Person(torch.zeros(2), 0.0)
    assert not is_dot_product(model)
    for call in (
        lambda: fold_in(model, one, stars, l2=0.1),
        lambda: fold_in_ahead(model, data.ratings),
        lambda: arguments(model, one, stars, 2, l2=0.1),
        lambda: score_items(model, person),
        lambda: score_users(model, one),
    ):
        with pytest.raises(ValueError, match=r"for_user takes features; .*in"):
            call()
    # What the error offers.
    assert len(for_user(model, data.ratings, 3, 2, features=side)) == 2
    told = {"user_features": side.users, "item_features": side.items}
    sampled = sample_factorization(data.ratings, 1, **told, n_sweeps=2)
    fold_in_to_samples(sampled, one, stars, side.users[0])


def test_a_class_of_ones_own_that_takes_more_than_ids_says_what_it_takes():
    class Moody(MatrixFactorization):
        def forward(self, users, items, mood):
            return super().forward(users, items) + mood

    said = r"Moody.forward takes \(users, items, mood\) and is called with"
    one = torch.tensor([1])
    for ask in (
        is_dot_product,
        lambda moody: score_users(moody, one),
        lambda moody: fold_in(moody, one, torch.ones(1), l2=0.1),
    ):
        with pytest.raises(ValueError, match=said):
            ask(Moody(3, 4, 2, 3.5))


# Top N -----------------------------------------------------------------------


def test_the_best_come_first_with_titles_and_scores():
    scores = torch.tensor([2.0, 5.0, 3.0, 4.0])
    best = top_n(scores, FILMS, seen=NOTHING, n=3)
    assert best.columns.tolist() == ["item", "title", "score"]
    assert best["item"].tolist() == [1, 3, 2]
    assert best["title"].tolist() == ["Brazil", "Diva", "Casablanca"]
    assert best["score"].tolist() == [5, 4, 3]


def test_what_was_seen_is_left_out_and_the_list_may_be_shorter():
    scores = torch.tensor([2.0, 5.0, 3.0, 4.0])
    best = top_n(scores, FILMS, seen=torch.tensor([1, 2]), n=10)
    assert best["title"].tolist() == ["Diva", "Alien"]
    assert len(top_n(scores, FILMS, seen=torch.arange(4))) == 0


@given(
    scores=st.lists(st.floats(-5, 5, width=32), min_size=80, max_size=80),
    seen=st.sets(st.integers(0, 79)),
    n=st.integers(1, 100),
)
def test_nothing_unseen_that_is_left_off_beats_the_list(scores, seen, n):
    ratings = synthetic().ratings
    best = top_n(
        torch.tensor(scores),
        ratings,
        seen=torch.tensor(sorted(seen), dtype=torch.int64),
        n=n,
    )
    listed = best["item"].tolist()
    unseen = set(range(80)) - seen
    assert len(listed) == len(set(listed)) == min(n, len(unseen))
    assert set(listed) <= unseen
    expected = sorted((scores[item] for item in unseen), reverse=True)
    assert best["score"].tolist() == expected[:n]


def test_scores_that_carry_a_gradient_are_listed_all_the_same():
    model = MatrixFactorization(2, 4, n_factors=2, mean=3.0)
    scores = model(torch.zeros(4, dtype=torch.int64), torch.arange(4))
    assert len(top_n(scores, FILMS, seen=NOTHING)) == 4


def test_scores_that_cannot_be_ranked_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3,\); give one an item"):
        top_n(torch.ones(3), FILMS, seen=NOTHING)
    scores = torch.tensor([1.0, torch.nan, torch.inf, 2.0])
    with pytest.raises(ValueError, match="2 of 4 scores are not finite"):
        top_n(scores, FILMS, seen=NOTHING)
    with pytest.raises(ValueError, match="n is 0"):
        top_n(torch.ones(4), FILMS, seen=NOTHING, n=0)
    with pytest.raises(ValueError, match="row index -1, and there are 4"):
        top_n(torch.ones(4), FILMS, seen=torch.tensor([2, -1]))
    with pytest.raises(ValueError, match="row index 4, and there are 4 it"):
        top_n(torch.ones(4), FILMS, seen=torch.tensor([4]))


# Lists of many people --------------------------------------------------------

MANY = torch.tensor([[2.0, 5.0, 3.0, 4.0], [1.0, 1.0, 9.0, 0.0]])
UNSEEN = torch.zeros(2, 4, dtype=torch.bool)


def test_lists_of_many_people_have_titles_and_scores():
    seen = UNSEEN.clone()
    seen[0, 1] = seen[1, :3] = True
    lists = lists_for(MANY, seen, FILMS, n=2)
    assert lists.to_dict("list") == {
        "user": [0, 0, 1],
        "place": [1, 2, 1],
        "item": [3, 2, 3],
        "title": ["Diva", "Casablanca", "Diva"],
        "score": [4.0, 3.0, 0.0],
    }


def test_lists_name_people_by_the_ids_of_the_data():
    both = lists_for(MANY, UNSEEN, FILMS, users=torch.tensor([1, 0]), n=1)
    assert both["user"].tolist() == [2, 1]
    assert both["title"].tolist() == ["Brazil", "Casablanca"]
    alone = lists_for(
        MANY[:1], UNSEEN[:1], FILMS, users=torch.tensor([1]), n=1
    )
    assert alone["user"].tolist() == [2]


def test_one_list_for_all_is_the_list_of_top_n():
    scores = MANY[0].clone().requires_grad_()
    lists = lists_for(scores, UNSEEN, FILMS)
    expected = top_n(scores, FILMS, seen=NOTHING)
    for _, own in lists.groupby("user"):
        own = own[["item", "title", "score"]].reset_index(drop=True)
        pd.testing.assert_frame_equal(own, expected)
    assert lists["place"].tolist() == [1, 2, 3, 4] * 2


def test_who_has_seen_everything_has_no_list():
    lists = lists_for(MANY, ~UNSEEN, FILMS)
    assert len(lists) == 0 and lists.columns[0] == "user"
    nobody = lists_for(MANY[:0], UNSEEN[:0], FILMS, users=NOTHING)
    assert len(nobody) == 0


def test_lists_that_are_not_aligned_with_people_and_films_are_refused():
    with pytest.raises(ValueError, match="row for each of 2 people and a col"):
        lists_for(MANY[:, :3], UNSEEN[:, :3], FILMS)
    with pytest.raises(ValueError, match=r"shape \(2, 4\); give a row for ea"):
        lists_for(MANY, UNSEEN, FILMS, users=torch.tensor([0]))
    for users in ([0, 2], [-1, 0]):
        with pytest.raises(ValueError, match="2 users, from 0 to 1"):
            lists_for(MANY, UNSEEN, FILMS, users=torch.tensor(users))
    missing = MANY.clone()
    missing[1, 2] = torch.nan
    with pytest.raises(ValueError, match="1 of 8 scores are not finite"):
        lists_for(missing, UNSEEN, FILMS)


# What speaks for an item -----------------------------------------------------


def heard_of_one(liked, disliked):
    return Heard(
        torch.tensor([liked]).float(), torch.tensor([disliked]).float()
    )


def test_what_each_rating_does_for_a_score_by_hand():
    # Film 3 scores 2 for film 0 liked, -5 for film 1 disliked, 3 for film 2.
    weights = torch.zeros(8, 4)
    weights[[0, 4 + 1, 2], 3] = torch.tensor([2.0, -5.0, 3.0])
    heard = heard_of_one([1, 0, 1, 0], [0, 1, 0, 0])
    rated, changes = leave_each_out(
        lambda heard: heard.both @ weights, heard, 3
    )
    assert rated.tolist() == [2, 0, 1]
    assert changes.tolist() == [3, 2, -5]


def test_a_model_is_asked_once_of_all_that_is_left_and_without_gradients():
    weights = torch.ones(4, 4, requires_grad=True)
    asked = []

    def score(heard):
        asked.append(heard.rated)
        return heard.liked @ weights

    # Both of the films are asked about too: what is left out may be scored.
    rated, changes = leave_each_out(
        score, heard_of_one([1, 0, 1, 0], [0, 0, 0, 0]), 0
    )
    (tables,) = asked
    assert tables.tolist() == [[1, 0, 1, 0], [0, 0, 1, 0], [1, 0, 0, 0]]
    # Of equal changes the lower row comes first.
    assert rated.tolist() == [0, 2] and changes.tolist() == [1, 1]
    assert not changes.requires_grad


def test_who_cannot_be_explained_is_refused():
    one = heard_of_one([1, 0, 1, 0], [0, 1, 0, 0])

    def score(heard):
        return heard.liked

    for item in (-1, 4):
        with pytest.raises(ValueError, match=f"item is {item}; row indexes"):
            leave_each_out(score, one, item)
    silent = heard_of_one([0, 0, 0, 0], [0, 0, 0, 0])
    with pytest.raises(ValueError, match="1 people with 0 ratings"):
        leave_each_out(score, silent, 0)
    two = Heard(one.liked.repeat(2, 1), one.disliked.repeat(2, 1))
    with pytest.raises(ValueError, match="2 people with 3 ratings"):
        leave_each_out(score, two, 0)
    nobody = Heard(torch.zeros(0, 4), torch.zeros(0, 4))
    with pytest.raises(ValueError, match="0 people with 0 ratings"):
        leave_each_out(score, nobody, 0)


def test_scores_that_explain_nothing_are_refused():
    one = heard_of_one([1, 0, 1, 0], [0, 1, 0, 0])
    for score in (
        lambda heard: heard.liked[:1],
        lambda heard: heard.liked.sum(dim=1),
    ):
        with pytest.raises(ValueError, match=r"one score an item .* \(4, 4\)"):
            leave_each_out(score, one, 0)
    with pytest.raises(ValueError, match="16 of 16 scores are not finite"):
        leave_each_out(
            lambda heard: torch.full_like(heard.liked, torch.nan), one, 0
        )


# Neighbours ------------------------------------------------------------------

FACTORS = torch.tensor([[1.0, 0.0], [3.0, 3.0], [-2.0, 0.0], [0.0, 7.0]])


def test_neighbours_point_the_same_way_whatever_their_length():
    nearest = nearest_items(FACTORS, 0, FILMS)
    assert nearest.columns.tolist() == ["item", "title", "cosine"]
    assert nearest["title"].tolist() == ["Brazil", "Diva", "Casablanca"]
    expected = [0.5**0.5, 0, -1]
    assert nearest["cosine"].tolist() == pytest.approx(expected, abs=1e-6)


def test_films_with_few_ratings_can_be_left_out():
    nearest = nearest_items(FACTORS, 0, FILMS, min_ratings=2)
    assert nearest["title"].tolist() == ["Casablanca"]
    assert len(nearest_items(FACTORS, 0, FILMS, n=1)) == 1


def test_neighbours_can_be_asked_of_a_model_as_it_is():
    model = MatrixFactorization(2, 4, n_factors=2, mean=3.0)
    assert len(nearest_items(model.item_factors.weight, 2, FILMS)) == 3


def test_neighbours_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 2\); give one row an"):
        nearest_items(FACTORS[:3], 0, FILMS)
    for item in (-1, 4):
        with pytest.raises(ValueError, match=f"item is {item}; row indexes"):
            nearest_items(FACTORS, item, FILMS)


# Folding in ------------------------------------------------------------------


def random_model(seed, n_items=12, n_factors=3):
    torch.manual_seed(seed)
    model = MatrixFactorization(4, n_items, n_factors, mean=3.2)
    for part in model.parameters():
        torch.nn.init.normal_(part)
    return model


@given(
    seed=st.integers(0, 10_000),
    n_rated=st.integers(1, 12),
    l2=st.floats(0.01, 10),
    ridge=st.sampled_from([0.0, 0.5, 7.0]),
)
def test_folding_in_solves_the_normal_equations(seed, n_rated, l2, ridge):
    model = random_model(seed)
    items = torch.randperm(12)[:n_rated]
    ratings = torch.randint(1, 6, (n_rated,)).float()
    person = fold_in(model, items, ratings, l2=l2, ridge=ridge)

    q = model.item_factors.weight.detach().double()[items].numpy()
    biases = model.item_biases.weight.detach().double()[items, 0].numpy()
    left = ratings.double().numpy() - 3.2 - biases
    # Ridge as least squares with rows of sqrt(l2 K + ridge) I below.
    design = np.vstack(
        [
            np.column_stack([q, np.ones(n_rated)]),
            (l2 * n_rated + ridge) ** 0.5 * np.eye(4),
        ]
    )
    expected = np.linalg.lstsq(design, np.append(left, np.zeros(4)))[0]
    assert np.allclose(person.factors, expected[:3], atol=1e-4)
    assert person.bias == pytest.approx(expected[3], abs=1e-4)


@given(seed=st.integers(0, 10_000), n_rated=st.integers(1, 12))
def test_no_step_in_any_direction_improves_a_folded_in_person(seed, n_rated):
    model = random_model(seed).double()
    items = torch.randperm(12)[:n_rated]
    ratings = torch.randint(1, 6, (n_rated,)).double()
    person = fold_in(model, items, ratings, l2=0.3)
    # Put the person into the model's first row and ask autograd.
    with torch.no_grad():
        model.user_factors.weight[0] = person.factors
        model.user_biases.weight[0] = person.bias
    users = torch.zeros(n_rated, dtype=torch.int64)
    errors = model(users, items) - ratings
    penalties = 0.3 * squared_norms(model, users, items)
    (errors.square() + penalties).sum().backward()
    for part in (model.user_factors, model.user_biases):
        assert part.weight.grad[0].abs().max() < 1e-3


@pytest.mark.parametrize("penalty", [(0.5, 0.0), (0.2, 0.6), (0.0, 1.0)])
def test_a_person_by_hand(penalty):
    # One factor of 1 and no biases: two ratings one star above the mean.
    # (X'X + 1 I) w = X'y with X = [[1, 1], [1, 1]] and y = [1, 1]:
    # [[3, 2], [2, 3]] w = [2, 2], so w = [0.4, 0.4].
    model = MatrixFactorization(1, 2, n_factors=1, mean=3.0)
    torch.nn.init.ones_(model.item_factors.weight)
    # The penalty of 1: l2 times two ratings, and the ridge.
    l2, ridge = penalty
    person = fold_in(
        model,
        torch.tensor([0, 1]),
        torch.tensor([4.0, 4.0]),
        l2=l2,
        ridge=ridge,
    )
    assert person.factors.tolist() == pytest.approx([0.4])
    assert person.bias == pytest.approx(0.4)
    assert score_items(model, person).tolist() == pytest.approx([3.8, 3.8])


def test_someone_the_model_was_fitted_with_is_found_again():
    ratings = synthetic(n_users=30, n_items=20, n_ratings=300).ratings
    torch.manual_seed(0)
    model = MatrixFactorization(30, 20, n_factors=2, mean=3.5)
    l2 = 0.02
    fit(
        model,
        Examples((ratings.users, ratings.items), ratings.ratings),
        optimizer=torch.optim.Adam(model.parameters(), lr=0.05),
        n_epochs=400,
        batch_size=300,
        seed=0,
        penalty=lambda *inputs: l2 * squared_norms(model, *inputs),
        schedule="one_cycle",
    )
    for user in (0, 7, 29):
        own = ratings.select(ratings.users == user)
        person = fold_in(model, own.items, own.ratings, l2=l2)
        learnt = model.user_factors.weight[user]
        assert torch.allclose(person.factors, learnt, atol=0.01)
        assert person.bias == pytest.approx(
            model.user_biases.weight[user].item(), abs=0.01
        )


def test_weight_decay_is_a_ridge_times_two_over_the_batches():
    ratings = synthetic(n_users=30, n_items=20, n_ratings=300).ratings
    torch.manual_seed(0)
    model = MatrixFactorization(30, 20, n_factors=2, mean=3.5)
    ridge = 0.6
    fit(
        model,
        Examples((ratings.users, ratings.items), ratings.ratings),
        optimizer=torch.optim.SGD(
            model.parameters(), lr=0.02, weight_decay=2 * ridge / 3
        ),
        n_epochs=1_500,
        batch_size=100,
        seed=0,
        reduction="sum",
        schedule="one_cycle",
    )
    for user in (0, 7, 29):
        own = ratings.select(ratings.users == user)
        person = fold_in(model, own.items, own.ratings, l2=0, ridge=ridge)
        learnt = model.user_factors.weight[user]
        assert torch.allclose(person.factors, learnt, atol=0.01)
        assert person.bias == pytest.approx(
            model.user_biases.weight[user].item(), abs=0.01
        )


def test_folding_in_leaves_the_model_as_it_was():
    model = random_model(0)
    before = {name: p.clone() for name, p in model.state_dict().items()}
    person = fold_in(model, torch.tensor([1]), torch.tensor([5.0]), l2=0.1)
    score_items(model, person)
    for name, values in model.state_dict().items():
        assert torch.equal(values, before[name])
    assert all(part.grad is None for part in model.parameters())


def test_the_stronger_the_penalty_the_nearer_the_person_to_anybody():
    model = random_model(0)
    items, ratings = torch.tensor([1, 2, 3]), torch.tensor([5.0, 1.0, 5.0])
    person = fold_in(model, items, ratings, l2=1e9)
    assert person.factors.abs().max() < 1e-7 and abs(person.bias) < 1e-7


def test_scores_are_what_the_model_says_of_its_own_user():
    model = random_model(3)
    users, items = torch.full((12,), 2), torch.arange(12)
    person = Person(
        model.user_factors.weight[2].detach(),
        model.user_biases.weight[2].item(),
    )
    scores = score_items(model, person)
    assert not scores.requires_grad
    assert torch.allclose(scores, model(users, items), atol=1e-5)


@pytest.mark.parametrize(
    ("items", "ratings", "penalty", "said"),
    [
        ([], [], (0.1, 0), "at least one"),
        ([1, 2], [3.0], (0.1, 0), r"ratings of \(1,\); give each the"),
        ([[1]], [[3.0]], (0.1, 0), r"items have the shape \(1, 1\)"),
        ([1], [3.0], (0, 0), "l2 is 0 and ridge 0; give one above 0"),
        ([1], [3.0], (-1, 2), "l2 is -1"),
        ([1], [3.0], (2, -1), "ridge is -1"),
    ],
)
def test_people_who_cannot_be_folded_in_are_refused(
    items, ratings, penalty, said
):
    rated = torch.tensor(items).long(), torch.tensor(ratings)
    weights = dict(zip(("l2", "ridge"), penalty, strict=True))
    with pytest.raises(ValueError, match=said):
        fold_in(random_model(0), *rated, **weights)
    with pytest.raises(ValueError, match=said):
        arguments(random_model(0), *rated, 0, **weights)


# Folding in, one rating ahead ------------------------------------------------


def timed(*rows):
    return from_frame(
        pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"]),
        scale=(1, 5),
    )


def histories(ratings, seed):
    """Sort each user's rows by time, in the plainest way."""
    order = time_order(ratings, seed).tolist()
    users = ratings.users.tolist()
    return [
        [row for row in order if users[row] == user]
        for user in range(ratings.n_users)
    ]


@given(
    seed=st.integers(0, 10_000),
    ridge=st.sampled_from([0.3, 1.0, 20.0]),
    absent=st.integers(0, 6),
)
def test_folding_in_ahead_is_folding_in_anew_before_each_rating(
    seed, ridge, absent
):
    model = random_model(seed)
    ratings = synthetic(6, 12, 40, seed=seed).ratings
    # A user with no rating is no reason to stop.
    ratings = ratings.select(ratings.users != absent)
    ahead = fold_in_ahead(model, ratings, ridge=ridge, seed=seed)
    assert ahead.shape == (len(ratings),) and ahead.dtype == torch.float32
    for history in histories(ratings, seed):
        for place, row in enumerate(history):
            item = ratings.items[row]
            if place == 0:
                bias = model.item_biases.weight[item, 0].item()
                expected = model.mean.item() + bias
            else:
                before = torch.tensor(history[:place])
                person = fold_in(
                    model,
                    ratings.items[before],
                    ratings.ratings[before],
                    l2=0,
                    ridge=ridge,
                )
                expected = score_items(model, person)[item].item()
            assert ahead[row].item() == pytest.approx(expected, abs=1e-3)


def test_a_first_rating_is_predicted_from_mean_and_item_bias():
    model = random_model(1)
    ratings = timed((5, 0, 1.0, 9), (6, 1, 5.0, 2), (7, 0, 3.0, 4))
    for mood in (0.0, 0.4):
        ahead = fold_in_ahead(model, ratings, mood=mood)
        biases = model.item_biases.weight[torch.tensor([0, 1, 0]), 0]
        expected = (model.mean + biases).tolist()
        assert ahead.tolist() == pytest.approx(expected, abs=1e-5)


def test_a_person_ahead_by_hand():
    # One factor of 1, no biases: each rating is the sum of two weights of
    # variance 1/2 each and a noise of 1. After k ratings of +1: k / (k + 1).
    model = MatrixFactorization(1, 3, n_factors=1, mean=3.0)
    torch.nn.init.ones_(model.item_factors.weight)
    ratings = timed((0, 2, 4.0, 30), (0, 0, 4.0, 10), (0, 1, 4.0, 20))
    ahead = fold_in_ahead(model, ratings, ridge=2.0)
    expected = [3 + 2 / 3, 3, 3.5]
    assert ahead.tolist() == pytest.approx(expected, abs=1e-6)


def test_a_mood_that_drifts_by_hand():
    # No factors; bias of variance 1/2, mood of variance 1/2 that is halved
    # a rating, noise of 1. Variances of ratings: 2; covariances of
    # neighbours: 1/2 + 1/4, and of the first and third: 1/2 + 1/8.
    # The second: 0.75 / 2 of the first. The third: the solution w of
    # [[2, .75], [.75, 2]] w = [.625, .75], which is [0.2, 0.3].
    model = MatrixFactorization(1, 3, n_factors=1, mean=3.0)
    torch.nn.init.zeros_(model.item_factors.weight)
    with torch.no_grad():
        model.item_biases.weight[:, 0] = torch.tensor([0.5, 0.0, 0.25])
    # What is left of them: 1, -2, and whatever.
    ratings = timed((0, 2, 5.0, 99), (0, 0, 4.5, 10), (0, 1, 1.0, 11))
    how = {"ridge": 2.0, "mood": 0.5, "fades": 1 / np.log(2)}
    ahead = fold_in_ahead(model, ratings, **how)
    assert ahead.tolist() == pytest.approx(
        [3.25 + 0.2 * 1 - 0.3 * 2, 3.5, 3 + 0.375], abs=1e-6
    )
    # Without a mood, how fast it fades says nothing.
    calm = [
        fold_in_ahead(model, ratings, ridge=2.0, fades=fades)
        for fades in (0.1, 20.0)
    ]
    assert torch.equal(*calm) and not torch.allclose(calm[0], ahead)


@given(seed=st.integers(0, 10_000), mood=st.sampled_from([0.0, 0.3]))
def test_a_mood_is_the_mean_of_a_gaussian_given_all_that_came_before(
    seed, mood
):
    model = random_model(seed)
    ratings = synthetic(4, 12, 25, seed=seed).ratings
    how = {"ridge": 2.0, "mood": mood, "fades": 3.0, "seed": seed}
    ahead = fold_in_ahead(model, ratings, **how)
    for rows in histories(ratings, seed):
        items = ratings.items[rows]
        x = model.item_factors.weight.detach()[items].double().numpy()
        biases = model.item_biases.weight.detach()[items, 0].double().numpy()
        y = ratings.ratings[rows].double().numpy()
        y = y - model.mean.item() - biases
        place = np.arange(len(rows))
        signal = (x @ x.T + 1) / 2.0
        signal += mood * np.exp(-np.abs(place[:, None] - place) / 3.0)
        for t in place:
            noisy = signal[:t, :t] + np.eye(t)
            told = signal[t, :t] @ np.linalg.solve(noisy, y[:t])
            expected = model.mean.item() + biases[t] + told
            assert ahead[rows[t]].item() == pytest.approx(expected, abs=1e-4)


@given(
    seed=st.integers(0, 10_000),
    place=st.integers(0, 39),
    mood=st.sampled_from([0.0, 0.3]),
)
def test_a_rating_moves_only_what_its_user_is_told_ahead_later(
    seed, place, mood
):
    model = random_model(seed)
    ratings = synthetic(6, 12, 40, seed=seed).ratings
    how = {"ridge": 1.0, "mood": mood, "seed": seed}
    before = fold_in_ahead(model, ratings, **how)
    changed = ratings.select(torch.arange(40))
    changed.ratings[place] = 6.5 - changed.ratings[place]
    after = fold_in_ahead(model, changed, **how)
    moved = ((after - before).abs() > 1e-5).nonzero().squeeze(1).tolist()
    history = histories(ratings, seed)[ratings.users[place].item()]
    assert set(moved) <= set(history[history.index(place) + 1 :])


def test_a_rating_does_move_what_comes_after_it():
    model = random_model(0)
    ratings = timed(*((0, item, 3.0, item) for item in range(12)))
    before = fold_in_ahead(model, ratings, ridge=1.0)
    ratings.ratings[4] = 5.0
    moved = (fold_in_ahead(model, ratings, ridge=1.0) - before).abs() > 1e-4
    assert moved.tolist() == [False] * 5 + [True] * 7


def test_folding_in_ahead_breaks_ties_by_seed_and_leaves_the_model_alone():
    model = random_model(0)
    values = {name: p.clone() for name, p in model.state_dict().items()}
    ratings = timed(*((0, item, 1.0 + item % 5, 7) for item in range(12)))
    one, again, other = (
        fold_in_ahead(model, ratings, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)
    assert not one.requires_grad
    for name, part in model.state_dict().items():
        assert torch.equal(part, values[name])


def test_users_of_the_model_are_not_asked_ahead():
    model = random_model(0)
    ratings = synthetic(6, 12, 40).ratings
    before = fold_in_ahead(model, ratings)
    with torch.no_grad():
        model.user_factors.weight.fill_(torch.nan)
        model.user_biases.weight.fill_(torch.nan)
    assert torch.equal(fold_in_ahead(model, ratings), before)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"ridge": 0}, "ridge is 0; give a finite number, above 0"),
        ({"ridge": -1}, "ridge is -1"),
        ({"fades": 0}, "fades is 0; .*, above 0"),
        ({"mood": -0.1}, "mood is -0.1; .*, not below 0"),
    ],
)
def test_weights_that_cannot_be_are_refused_ahead(how, said):
    with pytest.raises(ValueError, match=said):
        fold_in_ahead(random_model(0), synthetic(6, 12, 40).ratings, **how)


def test_folding_in_ahead_needs_timestamps():
    with pytest.raises(RatingsError, match="timestamp"):
        fold_in_ahead(random_model(0, n_items=4), FILMS)


# Arguments -------------------------------------------------------------------


def test_two_equal_ratings_argue_equally_by_hand():
    # The person of `test_a_person_by_hand`: 3 + 0.8, half from each rating.
    model = MatrixFactorization(1, 2, n_factors=1, mean=3.0)
    torch.nn.init.ones_(model.item_factors.weight)
    items, ratings = torch.tensor([0, 1]), torch.tensor([4.0, 4.0])
    shares = arguments(model, items, ratings, 0, l2=0.5)
    assert shares.tolist() == pytest.approx([0.4, 0.4])


@given(seed=st.integers(0, 10_000), n_rated=st.integers(1, 12))
def test_arguments_add_up_to_the_prediction(seed, n_rated):
    model = random_model(seed)
    items = torch.randperm(12)[:n_rated]
    ratings = torch.randint(1, 6, (n_rated,)).float()
    weights = {"l2": 0.3, "ridge": 0.2}
    scores = score_items(model, fold_in(model, items, ratings, **weights))
    for item in (0, 11):
        shares = arguments(model, items, ratings, item, **weights)
        total = model.mean + model.item_biases.weight[item, 0] + shares.sum()
        assert total.item() == pytest.approx(scores[item].item(), abs=1e-4)


def test_the_share_of_a_rating_is_what_would_be_missing_were_it_as_expected():
    model = random_model(0)
    items, ratings = torch.tensor([1, 2, 3]), torch.tensor([5.0, 1.0, 4.0])
    shares = arguments(model, items, ratings, 7, l2=0.3)
    with torch.no_grad():
        expected = model.mean + model.item_biases(items).squeeze(1)
    whole = score_items(model, fold_in(model, items, ratings, l2=0.3))[7]
    for place in range(3):
        without = ratings.clone()
        without[place] = expected[place]
        score = score_items(model, fold_in(model, items, without, l2=0.3))[7]
        missing = (whole - score).item()
        assert missing == pytest.approx(shares[place].item(), abs=1e-4)


def test_arguments_for_an_item_that_is_not_there_are_refused():
    for item in (-1, 12):
        with pytest.raises(ValueError, match=f"item is {item}; row indexes"):
            arguments(
                random_model(0), torch.tensor([1]), torch.ones(1), item, l2=1
            )


# A class of your own ---------------------------------------------------------


class HalfAStarMore(MatrixFactorization):
    """Answers half a star more than the tables give."""

    def forward(self, users, items):
        return super().forward(users, items) + 0.5


class Bent(MatrixFactorization):
    """Bends the user's factors before the product."""

    def forward(self, users, items):
        biases = self.user_biases(users) + self.item_biases(items)
        bent = torch.tanh(self.user_factors(users)) * self.item_factors(items)
        return self.mean + biases.squeeze(1) + bent.sum(dim=1)


class TwoRowsAUser(MatrixFactorization):
    """Has a second table of users."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.user_mood = embedding(sizes[0], 1, sd=1.0)

    def forward(self, users, items):
        mood = self.user_mood(users).squeeze(1)
        return super().forward(users, items) + mood


def drawn_model(kind):
    torch.manual_seed(0)
    model = kind(7, 12, 3, 3.5)
    for part in model.parameters():
        nn.init.normal_(part, std=0.5)
    return model


RATED = torch.tensor([1, 4, 7, 9]), torch.tensor([5.0, 3.0, 1.0, 4.0])


def test_the_tables_tell_whether_a_model_is_their_dot_product():
    assert is_dot_product(drawn_model(MatrixFactorization))
    assert not is_dot_product(drawn_model(HalfAStarMore))
    assert not is_dot_product(drawn_model(Bent))


def test_a_class_of_your_own_is_folded_in_by_its_own_answers():
    items, stars = RATED
    known = fold_in(drawn_model(MatrixFactorization), items, stars, l2=0.1)
    model = drawn_model(HalfAStarMore)
    person = fold_in(model, items, stars + 0.5, l2=0.1)
    assert torch.allclose(person.factors, known.factors, atol=1e-3)
    assert person.bias == pytest.approx(known.bias, abs=1e-3)
    known_scores = score_items(drawn_model(MatrixFactorization), known)
    scores = score_items(model, person)
    assert torch.allclose(scores, known_scores + 0.5, atol=1e-3)


def test_no_step_improves_a_person_who_is_folded_in_to_a_bent_model():
    model, (items, stars) = drawn_model(Bent), RATED
    person = fold_in(model, items, stars, l2=0.1, ridge=0.3)

    def loss(factors, bias):
        told = score_items(model, Person(factors, bias))[items]
        squares = factors.square().sum() + bias**2
        return (stars - told).square().sum() + (0.1 * 4 + 0.3) * squares

    least = loss(person.factors, person.bias)
    for step in 0.05 * torch.randn(50, 4):
        moved = person.factors + step[:3], person.bias + step[3].item()
        assert loss(*moved) > least - 1e-5


def test_a_model_without_the_tables_says_which_is_missing():
    model = drawn_model(MatrixFactorization)
    model.people = model.user_factors
    del model.user_factors
    with pytest.raises(ValueError, match=r"has no user_factors\. Keep these"):
        fold_in(model, *RATED, l2=0.1)
    with pytest.raises(ValueError, match=r"L2 charges .* no user_factors"):
        squared_norms(model, RATED[0], RATED[0])


def test_what_only_users_of_the_data_have_is_not_made_up():
    with pytest.raises(ValueError, match="row for each user in user_mood"):
        fold_in(drawn_model(TwoRowsAUser), *RATED, l2=0.1)


def test_a_bent_model_has_no_shares_that_add_up():
    with pytest.raises(ValueError, match="Bent is no dot product"):
        arguments(drawn_model(Bent), *RATED, 2, l2=0.1)


def test_users_of_the_data_are_scored_by_the_models_own_answers():
    model, users = drawn_model(Bent), torch.tensor([4, 0])
    scores = score_users(model, users)
    assert scores.shape == (2, 12)
    for row, user in zip(scores, users, strict=True):
        told = model(user.expand(12), torch.arange(12))
        assert torch.allclose(row, told, atol=1e-6)


# What a person rated ---------------------------------------------------------


def test_titles_and_stars_are_read_in_their_order():
    items, stars = rated_items({"diva": 1, "Alien": 4.5}, FILMS)
    assert items.tolist() == [3, 0] and stars.tolist() == [1.0, 4.5]
    assert items.dtype == torch.int64 and stars.dtype == torch.float32
    items, _ = rated_items({"Brazil": np.float64(5)}, FILMS)
    assert items.tolist() == [1]


def test_all_that_is_wrong_is_said_at_once():
    mine = {
        "Alien": 6,
        "Alein": 3,
        "Brazil": "five",
        "brazil": 2,
        "Diva": float("nan"),
        "Matrix": 4,
        "Casablanca": True,
    }
    with pytest.raises(RatingsError) as refused:
        rated_items(mine, FILMS)
    said = str(refused.value).splitlines()
    assert len(said) == 7
    for words in (
        "'Alien' has 6 stars; give 1 to 5.",
        "no item has the title 'Alein'. Nearest: Alien.",
        "'Brazil' has 'five' stars; give 1 to 5.",
        "'brazil' and 'Brazil' are one item.",
        "'Diva' has nan stars; give 1 to 5.",
        "'Casablanca' has True stars; give 1 to 5.",
    ):
        assert words in said


def test_nobody_can_be_folded_in_who_rated_nothing():
    with pytest.raises(RatingsError, match="nothing is rated"):
        rated_items({}, FILMS)
