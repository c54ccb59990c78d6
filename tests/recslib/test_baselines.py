import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recslib.baselines import (
    Biases,
    damped_biases,
    feature_ridge,
    global_mean,
    item_means,
    running_user_bias,
    user_means,
)
from recslib.evaluation import rmse
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.splits import (
    global_time,
    join,
    published_folds,
    random_split,
    time_order,
)

COLUMNS = ["user", "item", "rating", "timestamp"]


def rated(*rows):
    return from_frame(
        pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])]), scale=(1, 5)
    )


# Mean 3.
#          item 0  item 1  item 2
# user 0      5       3
# user 1      4       1
# user 2                      2
FIVE = rated((0, 0, 5.0), (0, 1, 3.0), (1, 0, 4.0), (1, 1, 1.0), (2, 2, 2.0))
ALL_USERS = torch.arange(3).repeat_interleave(3)
ALL_ITEMS = torch.arange(3).repeat(3)


def grid(biases):
    return biases.predict(ALL_USERS, ALL_ITEMS).reshape(3, 3).tolist()


# Means -----------------------------------------------------------------------


def test_the_global_mean_answers_the_same_whoever_asks():
    assert grid(global_mean(FIVE)) == [[3.0] * 3] * 3


def test_user_means_by_hand():
    assert grid(user_means(FIVE)) == [[4.0] * 3, [2.5] * 3, [2.0] * 3]


def test_item_means_by_hand():
    assert grid(item_means(FIVE)) == [[4.5, 2.0, 2.0]] * 3


def test_who_is_not_seen_gets_the_global_mean():
    train = FIVE.select(torch.tensor([0, 1]))
    assert grid(user_means(train)) == [[4.0] * 3] * 3
    assert grid(item_means(train)) == [[5.0, 3.0, 4.0]] * 3


def test_a_prediction_is_mean_and_biases_and_is_not_clipped():
    biases = Biases(3.0, torch.tensor([2.0, -1.0]), torch.tensor([0.5, -2.0]))
    users, items = torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1])
    assert biases.predict(users, items).tolist() == [5.5, 2.5, 0.0]


# Damped biases ---------------------------------------------------------------


def test_one_sweep_of_damped_biases_by_hand():
    # Residuals from 3: user 0: +2, 0; user 1: +1, -2; user 2: -1.
    # Items first, damping 1: 3/3 = 1, -2/3, -1/2.
    # Users then: (1 + 2/3)/3 = 5/9, (0 - 4/3)/3 = -4/9, -1/2/2 = -1/4.
    biases = damped_biases(FIVE, damping=1, n_sweeps=1)
    assert biases.mean == 3.0
    assert biases.item.tolist() == pytest.approx([1, -2 / 3, -1 / 2])
    assert biases.user.tolist() == pytest.approx([5 / 9, -4 / 9, -1 / 4])


def test_many_sweeps_end_at_the_ridge_solution():
    train = synthetic(n_users=9, n_items=7, n_ratings=40).ratings
    damping = 2.0
    # [users, items; sqrt(damping) I] b = [residuals; 0], by least squares.
    rows = torch.arange(40)
    design = np.zeros((40, 16))
    design[rows, train.users] = 1
    design[rows, 9 + train.items] = 1
    mean = train.ratings.numpy().mean()
    expected = np.linalg.lstsq(
        np.vstack([design, np.sqrt(damping) * np.eye(16)]),
        np.concatenate([train.ratings.numpy() - mean, np.zeros(16)]),
    )[0]
    biases = damped_biases(train, damping, n_sweeps=200)
    assert np.allclose(biases.user, expected[:9], atol=1e-5)
    assert np.allclose(biases.item, expected[9:], atol=1e-5)


def test_damping_draws_biases_towards_zero():
    biases = [damped_biases(FIVE, damping).item for damping in (0, 3, 1e9)]
    assert (biases[1].abs() < biases[0].abs()).all()
    assert biases[2].abs().max() < 1e-8


def test_who_is_not_seen_has_a_bias_of_zero_even_without_damping():
    biases = damped_biases(FIVE.select(torch.tensor([0, 1])), damping=0)
    assert biases.user[1:].tolist() == [0, 0] and biases.item[2] == 0
    assert torch.isfinite(biases.user).all()


def test_a_negative_damping_is_refused():
    with pytest.raises(ValueError, match=r"damping is -1; .* below 0"):
        damped_biases(FIVE, damping=-1)


@pytest.mark.data
def test_baselines_on_the_published_folds_score_what_others_measured(ml_100k):
    scores = {"mean": [], "user": [], "item": [], "biases": []}
    for split in published_folds(ml_100k):
        test = split.test
        for name, fit in zip(
            scores,
            (global_mean, user_means, item_means, damped_biases),
            strict=True,
        ):
            predictions = fit(split.train).predict(test.users, test.items)
            scores[name].append(rmse(predictions, test.ratings, clip=(1, 5)))
    means = {name: np.mean(values) for name, values in scores.items()}
    assert means == pytest.approx(
        {"mean": 1.1256, "user": 1.0437, "item": 1.0246, "biases": 0.9414},
        abs=1e-4,
    )


# Running user bias -----------------------------------------------------------


def running_by_loop(train, test, damping, keep, seed):
    """Tell the story of `running_user_bias` one rating at a time."""
    biases = damped_biases(train, damping)
    joined, is_test = join(train, test)
    heard = {user: [] for user in range(train.n_users)}
    predictions = [None] * len(joined)
    for row in time_order(joined, seed).tolist():
        base = biases.mean + biases.item[joined.items[row]].item()
        residuals = heard[joined.users[row].item()]
        # The last one weighs 1, the one before it `keep`, and so on.
        n = len(residuals)
        weights = [keep ** (n - 1 - place) for place in range(n)]
        weight = sum(weights) + damping
        total = sum(w * r for w, r in zip(weights, residuals, strict=True))
        predictions[row] = base + (total / weight if weight else 0.0)
        residuals.append(joined.ratings[row].item() - base)
    return [predictions[row] for row in is_test.nonzero().squeeze(1).tolist()]


@given(
    seed=st.integers(0, 1000),
    damping=st.sampled_from([0.0, 1.0, 3.0]),
    keep=st.sampled_from([1.0, 0.9, 0.2]),
    by_time=st.booleans(),
)
@settings(max_examples=25)
def test_the_running_bias_is_what_a_plain_loop_says(
    seed, damping, keep, by_time
):
    ratings = synthetic(12, 10, 70, seed=seed).ratings
    split = global_time(ratings) if by_time else random_split(ratings)
    assert running_user_bias(
        split.train, split.test, damping, keep, seed
    ).tolist() == pytest.approx(
        running_by_loop(split.train, split.test, damping, keep, seed), abs=1e-4
    )


def test_a_running_bias_by_hand():
    past = [(1, 0, 3.0, 0), (1, 1, 3.0, 0), (1, 2, 3.0, 0), (0, 3, 3.0, 0)]
    later = [(0, 2, 1.0, 30), (0, 0, 2.0, 10), (0, 1, 5.0, 20)]
    ratings = rated(*past, *later)
    # All that trains is 3: no item biases, and user 0 has heard one 0.
    # At 10: 3 + 0/2, hears -1. At 20: 3 - 1/3, hears +2. At 30: 3 + 1/4.
    predictions = running_user_bias(
        train=ratings.select(torch.arange(4)),
        test=ratings.select(torch.arange(4, 7)),
        damping=1,
    )
    assert predictions.tolist() == pytest.approx([3.25, 3.0, 3 - 1 / 3])


def test_a_running_bias_that_fades_by_hand():
    past = [(1, 0, 3.0, 0), (1, 1, 3.0, 0), (1, 2, 3.0, 0), (0, 3, 3.0, 0)]
    later = [(0, 2, 1.0, 30), (0, 0, 2.0, 10), (0, 1, 5.0, 20)]
    ratings = rated(*past, *later)
    # As above, but what was heard keeps half of its weight each time.
    # At 10: 3 + 0/2, hears -1. At 20: sum -1, count 1/2 + 1: 3 - 1/2.5,
    # hears +2. At 30: sum -1/2 + 2, count 3/4 + 1: 3 + 1.5/2.75.
    predictions = running_user_bias(
        train=ratings.select(torch.arange(4)),
        test=ratings.select(torch.arange(4, 7)),
        damping=1,
        keep=0.5,
    )
    expected = [3 + 1.5 / 2.75, 3.0, 2.6]
    assert predictions.tolist() == pytest.approx(expected)


def test_a_running_bias_that_keeps_all_is_the_damped_mean_of_all():
    split = global_time(synthetic().ratings)
    kept = running_user_bias(split.train, split.test, keep=1.0)
    assert torch.equal(kept, running_user_bias(split.train, split.test))
    # The last rating of each user has heard all their others.
    biases = damped_biases(split.train)
    joined, is_test = join(split.train, split.test)
    expected = biases.mean + biases.item[joined.items]
    residuals = joined.ratings - expected
    stars = torch.full((len(joined),), torch.nan)
    stars[is_test] = kept
    order = time_order(joined, 0).tolist()
    last = {joined.users[row].item(): row for row in order}
    for user, row in last.items():
        if is_test[row]:
            heard = residuals[joined.users == user].sum() - residuals[row]
            n_heard = (joined.users == user).sum() - 1
            bias = stars[row] - expected[row]
            hoped = (heard / (n_heard + 3)).item()
            assert bias.item() == pytest.approx(hoped, abs=1e-4)


def test_a_training_rating_is_heard_only_by_what_comes_after_it():
    # The test ratings are at 10 and 30; one of the user trains at 20, five
    # stars for what everybody finds a three.
    others = [(user, item, 3.0, 0) for user in (1, 2) for item in range(3)]
    ratings = rated((0, 0, 3.0, 10), (0, 1, 5.0, 20), (0, 2, 3.0, 30), *others)
    is_test = torch.tensor([True, False, True] + [False] * 6)
    train, test = ratings.select(~is_test), ratings.select(is_test)
    biases = damped_biases(train)
    early, late = running_user_bias(train, test).tolist()
    first = biases.mean + biases.item[0].item()
    assert early == pytest.approx(first)
    assert late > biases.mean + biases.item[2].item() + 0.2


@pytest.mark.parametrize("keep", [0, -0.5, 1.01, float("nan")])
def test_a_share_that_cannot_be_kept_is_refused(keep):
    split = global_time(synthetic().ratings)
    with pytest.raises(ValueError, match=f"keep is {keep}; .*at most 1"):
        running_user_bias(split.train, split.test, keep=keep)


def test_the_first_rating_of_a_stranger_is_predicted_from_the_item_alone():
    split = global_time(synthetic().ratings, 0.3)
    biases = damped_biases(split.train)
    for seed in range(3):
        predictions = running_user_bias(split.train, split.test, seed=seed)
        joined, _ = join(split.train, split.test)
        met = set(split.train.users.tolist())
        strangers = set(split.test.users.tolist()) - met
        assert strangers
        for row in time_order(joined, seed).tolist():
            user, item = joined.users[row].item(), joined.items[row]
            if user not in met:
                expected = biases.mean + biases.item[item].item()
                stars = predictions[row - len(split.train)].item()
                assert stars == pytest.approx(expected)
                met.add(user)


@given(seed=st.integers(0, 1000), place=st.integers(0, 19))
@settings(max_examples=25)
def test_a_rating_moves_only_what_its_user_is_told_later(seed, place):
    split = global_time(synthetic(12, 10, 100, seed=seed).ratings)
    test = split.test
    row = place % len(test)
    before = running_user_bias(split.train, test, seed=seed)
    changed = test.select(torch.arange(len(test)))
    changed.ratings[row] = 6 - changed.ratings[row] + 0.5
    after = running_user_bias(split.train, changed, seed=seed)
    # The ties of both parts are drawn together; all that trains is older.
    joined, _ = join(split.train, test)
    order = time_order(joined, seed)[len(split.train) :] - len(split.train)
    order = order.tolist()
    later = order[order.index(row) + 1 :]
    same_user = (test.users == test.users[row]).nonzero().squeeze(1).tolist()
    moved = (before != after).nonzero().squeeze(1).tolist()
    assert set(moved) == set(later) & set(same_user)


def test_the_running_bias_breaks_ties_by_seed():
    ratings = rated(
        (1, 1, 3.0, 0), *((2, item, 1.0 + item % 5, 9) for item in range(10))
    )
    split = global_time(ratings, 0.5)
    one, again, other = (
        running_user_bias(split.train, split.test, seed=seed)
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_a_running_bias_needs_timestamps():
    with pytest.raises(RatingsError, match="timestamp"):
        running_user_bias(FIVE, FIVE)


@pytest.mark.data
def test_strangers_in_100k_score_what_was_measured(ml_100k):
    split = global_time(ml_100k)
    train, test = split.train, split.test
    fixed = global_mean(train).predict(test.users, test.items)
    assert rmse(fixed, test.ratings) == pytest.approx(1.119, abs=1e-3)
    by_item = damped_biases(train)
    by_item = Biases(by_item.mean, by_item.user * 0, by_item.item)
    by_item = by_item.predict(test.users, test.items)
    assert rmse(by_item, test.ratings) == pytest.approx(1.029, abs=3e-3)
    running = running_user_bias(train, test)
    assert rmse(running, test.ratings, (1, 5)) == pytest.approx(
        0.968, abs=3e-3
    )


# Features --------------------------------------------------------------------


def featured(seed, n=40, n_rows=6, n_features=3):
    """Make up rows, features and ratings; nobody rates as the last row."""
    random = np.random.default_rng(seed)
    rows = torch.from_numpy(random.integers(0, n_rows - 1, n))
    features = torch.from_numpy(random.normal(size=(n, n_features))).float()
    ratings = torch.from_numpy(random.integers(1, 6, n)).float()
    return rows, features, ratings, n_rows


def least_squares(design, target, costs):
    """Ridge regression as least squares with rows of roots below."""
    below = np.diag(np.sqrt(costs))
    return np.linalg.lstsq(
        np.vstack([design, below]), np.append(target, np.zeros(len(costs)))
    )[0]


@given(seed=st.integers(0, 999), damping=st.floats(0.1, 9))
def test_biases_and_shared_weights_are_one_ridge_regression(seed, damping):
    rows, features, ratings, n_rows = featured(seed)
    fitted = feature_ridge(
        rows, features, ratings, n_rows, damping=damping, ridge=2.0
    )
    y = ratings.double().numpy() - ratings.double().mean().item()
    design = np.column_stack([np.eye(n_rows)[rows], features.numpy()])
    w = least_squares(design, y, [damping] * n_rows + [2.0] * 3)
    assert np.allclose(fitted.biases, w[:n_rows], atol=1e-4)
    assert np.allclose(fitted.weights, w[n_rows:], atol=1e-4)
    assert fitted.biases[-1] == pytest.approx(0, abs=1e-6)


def test_own_weights_are_a_regression_a_row_on_what_the_shared_ones_leave():
    rows, features, ratings, n_rows = featured(3)
    shared = feature_ridge(rows, features, ratings, n_rows, ridge=2.0)
    own = feature_ridge(
        rows, features, ratings, n_rows, ridge=2.0, own_ridge=1.5
    )
    here = (rows == 1).numpy()
    x = features.numpy()[here]
    left = ratings.numpy()[here] - shared.mean - x @ shared.weights[1].numpy()
    design = np.column_stack([np.ones(len(x)), x])
    w = least_squares(design, left, [3.0, 1.5, 1.5, 1.5])
    assert own.biases[1].item() == pytest.approx(w[0], abs=1e-4)
    wanted = shared.weights[1].numpy() + w[1:]
    assert np.allclose(own.weights[1], wanted, atol=1e-4)
    # Without ratings nothing is a row's own.
    assert torch.allclose(own.weights[-1], shared.weights[-1])


def test_a_feature_ridge_by_hand():
    # One row, its bias held at nearly 0: ratings 4 and 2 around 3, x = ±1.
    # w = sum of x y / (sum of x² + ridge) = 2 / (2 + 2).
    fitted = feature_ridge(
        torch.zeros(2, dtype=torch.int64),
        torch.tensor([[1.0], [-1.0]]),
        torch.tensor([4.0, 2.0]),
        1,
        damping=1e9,
        ridge=2.0,
    )
    predicted = fitted.predict(torch.tensor([0]), torch.tensor([[3.0]]))
    assert predicted.tolist() == pytest.approx([3 + 0.5 * 3])


def test_features_that_do_not_fit_the_ratings_are_refused():
    rows, features, ratings, n_rows = featured(0)
    with pytest.raises(ValueError, match="40 rows, 39 features and 40"):
        feature_ridge(rows, features[1:], ratings, n_rows)
    with pytest.raises(ValueError, match=r"own_ridge is 0; .*, above 0"):
        feature_ridge(rows, features, ratings, n_rows, own_ridge=0)
