import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recslib.evaluation import (
    FoldSummary,
    Interval,
    Ranking,
    error_by_count,
    error_by_label,
    mae,
    paired_bootstrap,
    rank_unrated,
    read_intervals,
    rmse,
    summarize,
)
from recslib.movielens import synthetic
from recslib.ratings import from_frame
from recslib.splits import Split, random_split

STARS = st.floats(-10, 10, width=32)


@st.composite
def pairs(draw, more_than=0):
    """Draw predictions and ratings of one length."""
    n = draw(st.integers(more_than + 1, 30))
    values = st.lists(STARS, min_size=n, max_size=n)
    return torch.tensor(draw(values)), torch.tensor(draw(values))


# RMSE and MAE ----------------------------------------------------------------


def test_errors_by_hand():
    predictions = torch.tensor([3.0, 4.0, 1.0, 5.0])
    ratings = torch.tensor([3.0, 2.0, 2.0, 2.0])
    # Errors 0, 2, -1, 3.
    assert rmse(predictions, ratings) == pytest.approx(math.sqrt(14 / 4))
    assert mae(predictions, ratings) == 6 / 4


def test_predictions_are_clipped_to_the_scale_where_that_is_asked():
    predictions, ratings = torch.tensor([7.0, -1.0]), torch.tensor([5.0, 2.0])
    assert mae(predictions, ratings) == 2.5  # 2 and 3
    assert mae(predictions, ratings, clip=(1, 5)) == 0.5  # 0 and 1
    clipped = rmse(predictions, ratings, clip=(1, 5))
    assert clipped == pytest.approx(math.sqrt(0.5))
    assert predictions.tolist() == [7.0, -1.0]


@given(pairs())
def test_errors_are_those_of_numpy(drawn):
    predictions, ratings = (part.double().numpy() for part in drawn)
    errors = predictions - ratings
    assert rmse(*drawn) == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert mae(*drawn) == pytest.approx(np.mean(np.abs(errors)))


@given(drawn=pairs(), data=st.data())
def test_the_order_of_the_ratings_does_not_matter(drawn, data):
    predictions, ratings = drawn
    order = torch.tensor(data.draw(st.permutations(range(len(ratings)))))
    for error in (rmse, mae):
        assert error(predictions[order], ratings[order]) == pytest.approx(
            error(predictions, ratings)
        )


@given(pairs())
def test_the_rmse_is_never_below_the_mae(drawn):
    assert rmse(*drawn) >= mae(*drawn) * (1 - 1e-12)


@given(pairs())
def test_clipping_to_a_scale_that_holds_the_ratings_never_hurts(drawn):
    predictions, ratings = drawn
    scale = (ratings.min().item(), ratings.max().item())
    for error in (rmse, mae):
        clipped = error(predictions, ratings, clip=scale)
        assert clipped <= error(predictions, ratings) * (1 + 1e-12)


def test_a_mean_of_batches_is_another_number_than_ours():
    # Batches of two and one: root means 1 and 4, whose mean is 2.5.
    errors = torch.tensor([1.0, 1.0, 4.0])
    assert rmse(errors, torch.zeros(3)) == pytest.approx(math.sqrt(18 / 3))


def test_millions_of_ratings_lose_no_digits():
    n = 3_000_000
    assert rmse(torch.full((n,), 0.1), torch.zeros(n)) == pytest.approx(
        np.float64(np.float32(0.1)), rel=1e-12
    )


def test_predictions_that_carry_a_gradient_are_read_all_the_same():
    predictions = torch.tensor([2.0], requires_grad=True)
    assert rmse(predictions, torch.tensor([5.0])) == 3.0


@given(drawn=pairs(more_than=1), data=st.data())
def test_missing_predictions_are_counted_and_refused(drawn, data):
    predictions, ratings = drawn
    n = len(ratings)
    places = data.draw(st.sets(st.integers(0, n - 1), min_size=1))
    bad = data.draw(st.sampled_from([math.nan, math.inf, -math.inf]))
    predictions[list(places)] = bad
    said = f"^{len(places)} of {n} predictions are missing"
    for error in (rmse, mae):
        for clip in (None, (1, 5)):
            with pytest.raises(ValueError, match=said):
                error(predictions, ratings, clip)
    with pytest.raises(ValueError, match=said):
        paired_bootstrap(ratings, predictions, ratings, torch.arange(n))
    with pytest.raises(ValueError, match=said):
        error_by_count(predictions, ratings, torch.arange(n))


def test_missing_ratings_are_refused_too():
    with pytest.raises(ValueError, match="1 of 2 ratings are missing"):
        rmse(torch.ones(2), torch.tensor([1.0, math.nan]))


@pytest.mark.parametrize("shape", [(3, 1), (1, 3), (3, 3), (2,), ()])
def test_another_shape_is_refused_not_spread_out(shape):
    for error in (rmse, mae):
        with pytest.raises(ValueError, match="spread out against each other"):
            error(torch.ones(shape), torch.ones(3))


def test_columns_against_columns_are_refused_too():
    with pytest.raises(ValueError, match=r"both must be \(N,\)"):
        rmse(torch.ones(3, 1), torch.ones(3, 1))


def test_no_ratings_are_refused():
    with pytest.raises(ValueError, match="no ratings to compare with"):
        rmse(torch.tensor([]), torch.tensor([]))


# Folds -----------------------------------------------------------------------


def test_mean_and_spread_over_folds_by_hand():
    # Squares from the mean 2: 1, 0, 1 over n - 1 = 2.
    summary = summarize([1, 2, 3])
    assert summary == FoldSummary(2.0, 1.0, (1.0, 2.0, 3.0))
    assert str(summary) == "2.0000 ± 1.0000"


def test_a_single_fold_has_no_spread():
    summary = summarize([0.9])
    assert summary.mean == 0.9 and math.isnan(summary.sd)


def test_no_folds_are_refused():
    with pytest.raises(ValueError, match="give one a fold"):
        summarize([])


# Paired bootstrap ------------------------------------------------------------


def two_models(seed, n_users=150, n_each=8):
    """Make errors of two models that hang together within each user.

    The mean squared error of A is 0.36 + 0.25 + 0.25, the parts being what it
    shares with B, what it has by user, and what it has by rating; that of B
    is 0.36 + 0.16 + 0.25.
    """
    generator = np.random.default_rng(seed)
    users = np.repeat(np.arange(n_users), n_each)
    common = generator.normal(0, 0.6, n_users)[users]
    a = common + generator.normal(0, 0.5, n_users)[users]
    b = common + generator.normal(0, 0.4, n_users)[users]
    a += generator.normal(0, 0.5, len(users))
    b += generator.normal(0, 0.5, len(users))
    ratings = torch.full((len(users),), 3.0, dtype=torch.float64)
    return (
        ratings + torch.tensor(a),
        ratings + torch.tensor(b),
        ratings,
        torch.tensor(users),
    )


TRUTH = math.sqrt(0.36 + 0.25 + 0.25) - math.sqrt(0.36 + 0.16 + 0.25)


def test_the_difference_is_that_of_the_two_rmses():
    a, b, ratings, users = two_models(seed=0)
    interval = paired_bootstrap(a, b, ratings, users)
    expected = rmse(a, ratings) - rmse(b, ratings)
    assert interval.difference == pytest.approx(expected)
    assert interval.low < interval.difference < interval.high


def test_a_model_against_itself_has_an_interval_of_exactly_zero():
    a, _, ratings, users = two_models(seed=0)
    assert paired_bootstrap(a, a, ratings, users) == Interval(0, 0, 0)


def test_exchanging_the_models_turns_the_interval_around():
    a, b, ratings, users = two_models(seed=0)
    one = paired_bootstrap(a, b, ratings, users)
    other = paired_bootstrap(b, a, ratings, users)
    assert other.difference == -one.difference
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))


def test_a_model_that_is_better_for_everybody_has_an_interval_below_zero():
    _, b, ratings, users = two_models(seed=0)
    better = ratings + 0.9 * (b - ratings)
    interval = paired_bootstrap(better, b, ratings, users)
    assert interval.high < 0


def test_a_seed_gives_the_same_interval_again_and_another_does_not():
    data = two_models(seed=0)
    one, again, other = (
        paired_bootstrap(*data, n_resamples=200, seed=seed)
        for seed in (1, 1, 2)
    )
    assert one == again != other


def test_kept_intervals_are_read_by_task_and_pair(tmp_path):
    kept = tmp_path / "intervals.json"
    kept.write_text(
        '[{"task": "folds", "first": "a", "second": "b",'
        ' "difference": -0.02, "low": -0.03, "high": -0.01}]'
    )
    assert read_intervals(kept) == {
        ("folds", "a", "b"): Interval(-0.02, -0.03, -0.01)
    }
    with pytest.raises(FileNotFoundError, match="none"):
        read_intervals(tmp_path / "none.json")


def test_seeds_widen_the_interval_by_what_they_differ():
    a, b, ratings, users = two_models(seed=0)
    of_people = paired_bootstrap(a, b, ratings, users)
    assert paired_bootstrap(a[None], b, ratings, users) == of_people
    same = paired_bootstrap(a.expand(5, -1), b, ratings, users)
    assert (same.low, same.high) == pytest.approx(
        (of_people.low, of_people.high)
    )
    # Five fits of one model, at whose errors other seeds are better or worse.
    share = torch.tensor([0.92, 0.96, 1.0, 1.04, 1.08])[:, None]
    fits = ratings + share * (a - ratings)
    with_seeds = paired_bootstrap(fits, b, ratings, users)
    seeds_sd = rmse(a, ratings) * share.std(correction=0).item() / 5**0.5
    width = (of_people.high - of_people.low) / 3.92  # as a standard deviation
    expected = 3.92 * (width**2 + seeds_sd**2) ** 0.5
    assert with_seeds.high - with_seeds.low == pytest.approx(expected, rel=0.1)
    assert with_seeds.difference == pytest.approx(
        of_people.difference, abs=1e-9
    )
    back = paired_bootstrap(b, fits, ratings, users)
    assert (-back.high, -back.low) == pytest.approx(
        (with_seeds.low, with_seeds.high), abs=0.003
    )


def test_predictions_of_no_seed_and_seeds_the_wrong_way_round_are_refused():
    a, b, ratings, users = two_models(seed=0)
    with pytest.raises(ValueError, match="of no seed"):
        paired_bootstrap(a[None][:0], b, ratings, users)
    with pytest.raises(ValueError, match=r"both must be \(N,\)"):
        paired_bootstrap(a[:, None].expand(-1, 3), b, ratings, users)


def test_neither_the_order_of_rows_nor_the_names_of_users_matter():
    a, b, ratings, users = two_models(seed=0)
    order = torch.randperm(
        len(users), generator=torch.Generator().manual_seed(0)
    )
    one = paired_bootstrap(a, b, ratings, users)
    other = paired_bootstrap(
        a[order], b[order], ratings[order], users[order] * 1000 + 7
    )
    assert (one.low, one.high) == pytest.approx((other.low, other.high))


def bootstrap_by_loop(a, b, ratings, groups, n_resamples, seed):
    """Draw groups of rows with replacement and read both models on them."""
    generator = np.random.default_rng(seed)
    groups = groups.numpy()
    rows_of = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    a, b, ratings = a.numpy(), b.numpy(), ratings.numpy()
    differences = []
    for _ in range(n_resamples):
        drawn = generator.integers(len(rows_of), size=len(rows_of))
        rows = np.concatenate([rows_of[group] for group in drawn])
        differences.append(
            np.sqrt(np.mean((a - ratings)[rows] ** 2))
            - np.sqrt(np.mean((b - ratings)[rows] ** 2))
        )
    return np.quantile(differences, [0.025, 0.975])


def test_users_are_drawn_whole_as_a_plain_loop_draws_them():
    a, b, ratings, users = two_models(seed=0)
    # Users of unequal length: half of them have two ratings only.
    keep = (users % 2 == 0) | (torch.arange(len(users)) % 8 < 2)
    data = [part[keep] for part in (a, b, ratings, users)]
    interval = paired_bootstrap(*data, n_resamples=4000)
    width = interval.high - interval.low
    low, high = bootstrap_by_loop(*data, n_resamples=2000, seed=9)
    assert interval.low == pytest.approx(low, abs=0.08 * width)
    assert interval.high == pytest.approx(high, abs=0.08 * width)
    # Single ratings drawn as if they had nothing to do with each other make
    # the interval far too narrow.
    *three, users = data
    low, high = bootstrap_by_loop(*three, torch.arange(len(users)), 500, 9)
    assert high - low < 0.7 * width


def test_the_interval_holds_the_truth_about_95_times_in_100():
    n_runs = 400
    hits = 0
    for seed in range(n_runs):
        interval = paired_bootstrap(
            *two_models(seed), n_resamples=200, seed=seed
        )
        hits += interval.low <= TRUTH <= interval.high
    # A percentile interval of 150 users is a touch short; 400 runs have a
    # standard error of 1.1 in 100.
    assert 0.91 <= hits / n_runs <= 0.98


def test_an_interval_reads_in_a_line():
    assert str(Interval(-0.0123, -0.02, 0.001)) == (
        "-0.0123 (95 % -0.0200 to +0.0010)"
    )


def test_users_of_another_length_are_refused():
    three = torch.ones(3)
    with pytest.raises(ValueError, match="give one user a rating"):
        paired_bootstrap(three, three, three, torch.arange(2))


# Error by count --------------------------------------------------------------


def test_errors_by_count_by_hand():
    predictions = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    ratings = torch.tensor([1.0, 1.0, 1.0, 1.0, 1.0])
    counts = torch.tensor([0, 4, 5, 1, 300])
    table = error_by_count(predictions, ratings, counts)
    assert table["group"].tolist() == ["0", "1 to 4", "5 to 19", "200 or more"]
    assert table["n"].tolist() == [1, 2, 1, 1]
    # Errors: 0; 1 and 3; 2; 4.
    expected = [0, math.sqrt((1 + 9) / 2), 2, 4]
    assert table["rmse"].tolist() == pytest.approx(expected)


@given(drawn=pairs(), data=st.data())
def test_the_groups_add_up_to_the_whole(drawn, data):
    predictions, ratings = drawn
    n = len(ratings)
    counts = data.draw(st.lists(st.integers(0, 300), min_size=n, max_size=n))
    table = error_by_count(predictions, ratings, torch.tensor(counts))
    assert table["n"].sum() == n
    total = (table["n"] * table["rmse"] ** 2).sum()
    assert math.sqrt(total / n) == pytest.approx(rmse(predictions, ratings))


def test_a_count_below_the_first_edge_is_refused():
    two = torch.ones(2)
    with pytest.raises(ValueError, match="lowest count is 0, the first edge"):
        error_by_count(two, two, torch.tensor([0, 9]), edges=(1, 5))


def test_counts_of_another_length_are_refused():
    with pytest.raises(ValueError, match="give one count a rating"):
        error_by_count(torch.ones(2), torch.ones(2), torch.tensor([1]))


# Lists -----------------------------------------------------------------------


def two_users():
    """Give user 0 one film to find, and user 1 two; user 2 likes none."""
    train = [(0, 0, 5), (1, 1, 5), (2, 0, 5), (2, 4, 5)]
    test = [(0, 1, 4), (0, 2, 3), (1, 2, 5), (1, 3, 4), (2, 1, 1)]
    frame = pd.DataFrame(train + test, columns=["user", "item", "rating"])
    ratings = from_frame(frame)
    rows = torch.arange(9)
    return Split(ratings.select(rows < 4), ratings.select(rows >= 4))


def answer(table):
    return lambda users: torch.tensor(table)[users]


def test_lists_are_judged_by_hand():
    scores = [
        [9.0, 3.0, 5.0, 4.0, 1.0],  # 0 is seen: 2, 3, 1*, 4
        [3.0, 9.0, 5.0, 1.0, 2.0],  # 1 is seen: 2*, 0, 4, 3*
        [0.0, 0.0, 0.0, 0.0, 0.0],
    ]
    three = rank_unrated(answer(scores), two_users(), n=3)
    # User 0 finds 1 of 1 at place 3; user 1 finds 1 of 2 at place 1.
    best = 1 + 1 / math.log2(3)
    assert three.precision == pytest.approx((1 / 3 + 1 / 3) / 2)
    assert three.recall == pytest.approx((1 + 1 / 2) / 2)
    assert three.ndcg == pytest.approx((1 / 2 + 1 / best) / 2)
    assert three.n_users == 2
    one = rank_unrated(answer(scores), two_users(), n=1)
    assert one == Ranking(0.5, 0.25, 0.5, 2)


def test_more_stars_make_fewer_favourites():
    # From 5 stars, user 1 alone has one to find: item 2.
    scores = [[0.0, 0.0, 1.0, 0.0, 0.0]] * 3
    best = rank_unrated(answer(scores), two_users(), n=1, favourite=5)
    assert best == Ranking(1, 1, 1, 1)


def lists_by_loop(score, split, n, favourite):
    """Judge one user at a time, with lists and sets."""
    pairs = {
        part: list(zip(data.users.tolist(), data.items.tolist(), strict=True))
        for part, data in (("train", split.train), ("test", split.test))
    }
    liked = [
        pair
        for pair, stars in zip(
            pairs["test"], split.test.ratings.tolist(), strict=True
        )
        if stars >= favourite
    ]
    rows = []
    for user in sorted({user for user, _ in liked}):
        wanted = {item for who, item in liked if who == user}
        seen = {item for who, item in pairs["train"] if who == user}
        scores = score(torch.tensor([user]))[0].tolist()
        unseen = [item for item in range(len(scores)) if item not in seen]
        places = sorted(unseen, key=lambda item: -scores[item])[:n]
        hits = [item in wanted for item in places]
        gain = sum(hit / math.log2(p + 2) for p, hit in enumerate(hits))
        best = sum(1 / math.log2(p + 2) for p in range(min(n, len(wanted))))
        rows.append((sum(hits) / n, sum(hits) / len(wanted), gain / best))
    return (*np.mean(rows, axis=0).tolist(), len(rows))


@pytest.mark.parametrize("n", [1, 5, 29, 40])
def test_lists_are_judged_as_a_plain_loop_judges_them(n):
    # More users than are scored at once.
    split = random_split(synthetic(1_100, 30, 6_000).ratings)
    scores = torch.rand(1_100, 30, generator=torch.Generator().manual_seed(0))
    ranking = rank_unrated(lambda users: scores[users], split, n=n)
    expected = lists_by_loop(lambda users: scores[users], split, n, 4.0)
    assert tuple(vars(ranking).values()) == pytest.approx(expected)


def test_what_trained_is_never_recommended_however_it_scores():
    split = random_split(synthetic().ratings)
    scores = torch.rand(60, 80, generator=torch.Generator().manual_seed(0))
    before = rank_unrated(lambda users: scores[users], split)
    tempting = scores.clone()
    tempting[split.train.users, split.train.items] = 100
    assert rank_unrated(lambda users: tempting[users], split) == before
    # It works on a copy of what it is given.
    assert tempting.isfinite().all()


def test_who_knows_the_answer_has_perfect_lists():
    split = random_split(synthetic().ratings)
    stars = torch.zeros(60, 80)
    stars[split.test.users, split.test.items] = split.test.ratings
    ranking = rank_unrated(lambda users: stars[users], split, n=80)
    assert ranking.recall == 1 and ranking.ndcg == pytest.approx(1)


def test_lists_that_cannot_be_judged_are_refused():
    split = two_users()
    with pytest.raises(ValueError, match="no test rating has 6 stars"):
        rank_unrated(answer([[0.0] * 5] * 3), split, favourite=6)
    with pytest.raises(ValueError, match=r"shape \(2, 4\) for 2 users"):
        rank_unrated(answer([[0.0] * 4] * 3), split)
    with pytest.raises(ValueError, match="2 of 10 scores are not finite"):
        rank_unrated(answer([[math.nan] + [0.0] * 4] * 3), split)
    with pytest.raises(ValueError, match="n is 0"):
        rank_unrated(answer([[0.0] * 5] * 3), split, n=0)


# Groups of people ------------------------------------------------------------


def test_each_label_has_its_own_error_by_hand():
    predictions = torch.tensor([3.0, 3.0, 3.0, 3.0])
    ratings = torch.tensor([4.0, 2.0, 5.0, 3.0])
    users = torch.tensor([7, 7, 2, 9])
    labels = ["men", "men", "women", "women"]
    table = error_by_label(predictions, ratings, users, labels)
    assert table["group"].tolist() == ["men", "women"]
    assert table["users"].tolist() == [1, 2]
    assert table["n"].tolist() == [2, 2]
    assert table["rmse"].tolist() == pytest.approx([1.0, 2**0.5])
    # One user is the same on every draw; of two, either may be drawn twice.
    assert table["low"].tolist() == pytest.approx([1.0, 0.0])
    assert table["high"].tolist() == pytest.approx([1.0, 2.0])


def test_categories_keep_their_order_and_those_without_ratings_are_left_out():
    ages = pd.Categorical(["old", "young"], ["young", "middling", "old"])
    two = torch.ones(2)
    table = error_by_label(two, two, torch.tensor([0, 1]), ages)
    assert table["group"].tolist() == ["young", "old"]


def test_labels_of_another_length_are_refused():
    two = torch.ones(2)
    with pytest.raises(ValueError, match="2 users and 1 labels; give one of"):
        error_by_label(two, two, torch.tensor([0, 1]), ["a"])
