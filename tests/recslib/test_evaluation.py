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
    best_items,
    coverage,
    error_by_count,
    error_by_label,
    judge_lists,
    mae,
    mean_bootstrap,
    mean_popularity,
    paired_bootstrap,
    read_intervals,
    rmse,
    summarize,
)
from recslib.lists import known_people
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


def flags(*rows):
    return torch.tensor(rows, dtype=torch.bool)


# Of five films each, what three people saw, and what they are to find.
SCORES = torch.tensor(
    [
        [9.0, 3.0, 5.0, 4.0, 1.0],  # 0 is seen: 2, 3, 1*, 4
        [3.0, 9.0, 5.0, 1.0, 2.0],  # 1 is seen: 2*, 0, 4, 3*
        [1.0, 2.0, 3.0, 4.0, 5.0],  # nothing is seen: 4*, 3, 2*, 1, 0*
    ]
)
SEEN = flags([1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0])
WANTED = flags([0, 1, 0, 0, 0], [0, 0, 1, 1, 0], [1, 0, 1, 0, 1])


def test_lists_are_judged_by_hand():
    three = judge_lists(SCORES, SEEN, WANTED, n=3)
    assert three.items.tolist() == [[2, 3, 1], [2, 0, 4], [4, 3, 2]]
    # A hit at place p counts 1 / log2(p + 1): 1, 0.63 and 0.5.
    second = 1 / math.log2(3)
    ndcg = [0.5, 1 / (1 + second), 1.5 / (1.5 + second)]
    assert three.ndcg.tolist() == pytest.approx(ndcg)
    assert three.precision.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert three.recall.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    # Precisions at the hits, over how many are wanted: those of the last
    # person are 1 at place 1 and 2/3 at place 3.
    expected = [1 / 3, 1 / 2, (1 + 2 / 3) / 3]
    assert three.average_precision.tolist() == pytest.approx(expected)
    one = judge_lists(SCORES, SEEN, WANTED, n=1)
    assert one.ndcg.tolist() == [0, 1, 1]
    assert one.recall.tolist() == pytest.approx([0, 1 / 2, 1 / 3])
    assert len(one) == 3


def test_the_whole_list_of_five_films_by_hand():
    whole = judge_lists(SCORES, SEEN, WANTED, n=5)
    # The last person's hits stand at places 1, 3 and 5, the best at 1, 2, 3.
    gain = 1 + 1 / 2 + 1 / math.log2(6)
    best = 1 + 1 / math.log2(3) + 1 / 2
    assert whole.ndcg[2].item() == pytest.approx(gain / best)
    assert whole.average_precision[2].item() == pytest.approx(
        (1 + 2 / 3 + 3 / 5) / 3
    )
    assert whole.recall.tolist() == [1, 1, 1]
    assert whole.items[0].tolist() == [2, 3, 1, 4, -1]
    assert repr(whole) == (
        "ListQuality(nDCG 0.7542, precision 0.4000, recall 1.0000, 3 people)"
    )


def test_a_list_that_is_longer_than_all_films_has_empty_places():
    five, forty = (judge_lists(SCORES, SEEN, WANTED, n=n) for n in (5, 40))
    for name in ("ndcg", "recall", "average_precision", "items"):
        assert torch.equal(getattr(five, name), getattr(forty, name))
    # They are places without a hit.
    assert torch.allclose(five.precision * 5, forty.precision * 40)


def test_who_has_few_films_left_has_a_short_list():
    seen = flags([1, 1, 0, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1])
    lists = best_items(SCORES, seen, 3)
    assert lists.tolist() == [[2, 3, 4], [4, -1, -1], [-1, -1, -1]]


def test_more_stars_make_fewer_favourites():
    frame = pd.DataFrame(
        [(0, 0, 5), (0, 1, 4), (0, 2, 5)], columns=["user", "item", "rating"]
    )
    ratings = from_frame(frame)
    rows = torch.arange(3)
    split = Split(ratings.select(rows < 1), ratings.select(rows >= 1))
    told = torch.tensor([[0.0, 1.0, 2.0]])
    for liked, recall in ((4.0, 0.5), (5.0, 1.0)):
        audience = known_people(split, liked=liked)
        one = judge_lists(told, audience.seen, audience.wanted, n=1)
        assert one.recall.tolist() == [recall] and one.ndcg.tolist() == [1]


def list_by_loop(scores, seen, wanted, n):
    """Judge one person, with lists and sets."""
    unseen = [item for item, known in enumerate(seen) if not known]
    places = sorted(unseen, key=lambda item: (-scores[item], item))[:n]
    hits = [wanted[item] for item in places]
    gain = sum(hit / math.log2(p + 2) for p, hit in enumerate(hits))
    n_wanted = sum(wanted)
    best = sum(1 / math.log2(p + 2) for p in range(min(n, n_wanted)))
    precisions = [sum(hits[: p + 1]) / (p + 1) for p in range(len(hits))]
    return (
        gain / best,
        sum(hits) / n,
        sum(hits) / n_wanted,
        sum(p for p, hit in zip(precisions, hits, strict=True) if hit)
        / n_wanted,
        places,
    )


@pytest.mark.parametrize("n_values", [3, 10_000], ids=["ties", "no ties"])
@pytest.mark.parametrize("n", [1, 5, 29, 40])
def test_lists_are_judged_as_a_plain_loop_judges_them(n, n_values):
    generator = torch.Generator().manual_seed(n)
    cells = (200, 30)
    scores = torch.randint(n_values, cells, generator=generator).float()
    seen = torch.rand(cells, generator=generator) < 0.5
    wanted = ~seen & (torch.rand(cells, generator=generator) < 0.3)
    wanted[:, 7], seen[:, 7] = True, False
    judged = judge_lists(scores, seen, wanted, n=n)
    for row in range(200):
        *expected, places = list_by_loop(
            scores[row].tolist(), seen[row].tolist(), wanted[row].tolist(), n
        )
        told = (
            judged.ndcg,
            judged.precision,
            judged.recall,
            judged.average_precision,
        )
        assert [each[row].item() for each in told] == pytest.approx(expected)
        listed = judged.items[row].tolist()
        assert listed == places + [-1] * (min(n, 30) - len(places))


def test_what_trained_is_never_listed_however_it_scores():
    audience = known_people(random_split(synthetic().ratings))
    scores = torch.rand(
        audience.seen.shape, generator=torch.Generator().manual_seed(0)
    )
    before = judge_lists(scores, audience.seen, audience.wanted)
    tempting = scores + 100 * audience.seen
    after = judge_lists(tempting, audience.seen, audience.wanted)
    assert torch.equal(before.items, after.items)
    assert not audience.seen.gather(1, after.items).any()
    # It works on a copy of what it is given.
    assert torch.equal(tempting, scores + 100 * audience.seen)


def test_who_knows_the_answer_has_perfect_lists():
    audience = known_people(random_split(synthetic().ratings))
    judged = judge_lists(
        audience.wanted.float(), audience.seen, audience.wanted, n=80
    )
    ones = torch.ones(len(audience), dtype=torch.float64)
    for each in (judged.ndcg, judged.recall, judged.average_precision):
        assert torch.allclose(each, ones)


def test_a_film_that_nobody_rated_stands_where_its_score_puts_it():
    counts = torch.tensor([3.0, 0.0, 5.0])
    lists = best_items(counts, torch.zeros(2, 3, dtype=torch.bool), 3)
    assert lists.tolist() == [[2, 0, 1]] * 2


def test_one_score_an_item_is_the_same_list_for_all_but_what_they_saw():
    counts = torch.tensor([5, 4, 3, 2, 1])  # whole numbers, as they come
    lists = best_items(counts, SEEN, 2)
    assert lists.tolist() == [[1, 2], [0, 2], [0, 1]]
    apart = best_items(counts.expand(3, -1).float(), SEEN, 2)
    assert torch.equal(lists, apart)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 9])
def test_of_equal_scores_the_lower_row_comes_first(n, dtype):
    scores = torch.tensor(
        [
            [7.0, 7.0, 7.0, 7.0, 7.0],
            [0.0, -0.0, 0.0, -0.0, -1.0],
            [-0.0, 0.0, -0.0, 0.0, 1.0],
            [1.0, 2.0, 1.0, 2.0, 1.0],
            [-3.0, -3.0, 5.0, -3.0, 5.0],
        ],
        dtype=dtype,
    )
    seen = torch.zeros(5, 5, dtype=torch.bool)
    seen[0, 1] = True
    expected = [
        [0, 2, 3, 4, -1],
        [0, 1, 2, 3, 4],
        [4, 0, 1, 2, 3],
        [1, 3, 0, 2, 4],
        [2, 4, 0, 1, 3],
    ]
    lists = best_items(scores, seen, n)
    assert lists.tolist() == [row[:n] for row in expected]


@given(
    scores=st.lists(
        st.sampled_from([0.0, -0.0, 1.0]), min_size=60, max_size=60
    ),
    n=st.integers(1, 70),
)
def test_among_many_ties_rows_keep_their_order_to_the_edge(scores, n):
    seen = torch.zeros(1, 60, dtype=torch.bool)
    expected = sorted(range(60), key=lambda item: (-scores[item], item))
    lists = best_items(torch.tensor([scores]), seen, n)
    assert lists[0].tolist() == expected[:n]


def test_scores_that_differ_beyond_single_precision_are_no_ties():
    scores = 1 + 1e-12 * torch.arange(5, dtype=torch.float64)[None]
    assert len(scores.float().unique()) == 1
    lists = best_items(scores, torch.zeros(1, 5, dtype=torch.bool), 3)
    assert lists.tolist() == [[4, 3, 2]]


def test_scores_that_carry_a_gradient_are_ranked_all_the_same():
    scores = SCORES.clone().requires_grad_()
    judged = judge_lists(scores, SEEN, WANTED)
    assert not judged.ndcg.requires_grad
    assert torch.equal(judged.items, judge_lists(SCORES, SEEN, WANTED).items)


def test_nobody_has_no_lists():
    lists = best_items(torch.zeros(0, 5), torch.zeros(0, 5, dtype=torch.bool))
    assert lists.shape == (0, 5)
    with pytest.raises(ValueError, match="nobody to judge"):
        judge_lists(torch.zeros(0, 5), SEEN[:0], WANTED[:0])


def test_lists_that_cannot_be_made_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 4\); give one an item, \(3,"):
        judge_lists(SCORES[:, :4], SEEN, WANTED)
    with pytest.raises(ValueError, match=r"shape \(2, 5\); give one an item"):
        best_items(SCORES[:2], SEEN)
    with pytest.raises(ValueError, match=r"shape \(3,\); give one an item"):
        best_items(torch.ones(3), SEEN)
    for bad in (math.nan, math.inf, -math.inf):
        scores = SCORES.clone()
        scores[1, [1, 3]] = bad  # of what was seen, too
        with pytest.raises(ValueError, match="2 of 15 scores are not finite"):
            judge_lists(scores, SEEN, WANTED)
    with pytest.raises(ValueError, match="n is 0"):
        judge_lists(SCORES, SEEN, WANTED, n=0)
    with pytest.raises(ValueError, match=r"seen holds torch.float32; give bo"):
        best_items(SCORES, SEEN.float())


def test_people_who_cannot_be_judged_are_refused():
    nothing = WANTED.clone()
    nothing[1] = False
    with pytest.raises(ValueError, match="of 3 people 1 want nothing, and 0"):
        judge_lists(SCORES, SEEN, nothing)
    with pytest.raises(ValueError, match="2 items are wanted that were seen"):
        judge_lists(SCORES, SEEN, WANTED | SEEN)
    everything = torch.ones_like(SEEN)
    with pytest.raises(ValueError, match="6 items are wanted that were seen"):
        judge_lists(SCORES, everything, WANTED)
    with pytest.raises(ValueError, match=r"wanted has the shape \(3, 4\)"):
        judge_lists(SCORES, SEEN, WANTED[:, :4])
    with pytest.raises(ValueError, match=r"wanted holds torch.int64; give bo"):
        judge_lists(SCORES, SEEN, WANTED.long())


def test_what_lists_cover_and_how_popular_it_is_by_hand():
    items = torch.tensor([[0, 2, -1], [2, 3, 0]])
    assert coverage(items, 5) == 3 / 5
    counts = torch.tensor([10, 99, 20, 5, 99])
    assert mean_popularity(items, counts) == (10 + 20 + 20 + 5 + 10) / 5
    empty = torch.full((2, 3), -1)
    assert coverage(empty, 5) == 0
    with pytest.raises(ValueError, match="no list holds an item"):
        mean_popularity(empty, counts)


# Means over people -----------------------------------------------------------

ONE, OTHER = torch.tensor([0.75, 0.25]), torch.tensor([0.25, 0.5])
TWO_PEOPLE = torch.tensor([7, 3])


def test_two_people_are_drawn_as_they_can_be_listed_by_hand():
    # Differences of 0.5 and -0.25: the first twice in 1 of 4 draws, the other
    # twice in 1 of 4, and both in the rest.
    interval = mean_bootstrap(ONE, OTHER, TWO_PEOPLE)
    assert interval == Interval(0.125, -0.25, 0.5)


def test_values_of_one_person_are_drawn_together():
    # Somebody has values in two folds. Twice the one: 1/2; twice the other:
    # 1/4; both: 5/4 of three values. Drawn apart, they would reach 1 and 0.
    values = torch.tensor([1.0, 0.25, 0.0])
    people = torch.tensor([5, 9, 5])
    interval = mean_bootstrap(values, torch.zeros(3), people)
    assert interval.difference == pytest.approx(5 / 12)
    assert (interval.low, interval.high) == (0.25, 0.5)
    apart = mean_bootstrap(values, torch.zeros(3), torch.arange(3))
    assert (apart.low, apart.high) != (0.25, 0.5)


def test_rows_of_seeds_are_drawn_for_each_model_apart():
    # One person, so that only seeds are drawn: 0, 1/2 or 1 for A, 0 or 2 or 1
    # for B. The ends have 1 in 16 draws each.
    alone = torch.tensor([0])
    first, second = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [2.0]])
    interval = mean_bootstrap(first, second, alone)
    assert interval == Interval(-0.5, -2, 1)
    one_seed = mean_bootstrap(ONE[None], OTHER, TWO_PEOPLE)
    assert one_seed == mean_bootstrap(ONE, OTHER, TWO_PEOPLE)


def means_by_loop(a, b, people, n_resamples, seed):
    """Draw people with replacement, with all their values."""
    generator = np.random.default_rng(seed)
    rows_of = [np.flatnonzero(people == each) for each in np.unique(people)]
    differences = []
    for _ in range(n_resamples):
        drawn = generator.integers(len(rows_of), size=len(rows_of))
        rows = np.concatenate([rows_of[each] for each in drawn])
        differences.append(a[rows].mean() - b[rows].mean())
    return np.quantile(differences, [0.025, 0.975])


def test_people_are_drawn_whole_as_a_plain_loop_draws_them_for_means():
    generator = np.random.default_rng(0)
    people = generator.integers(60, size=300)
    own = generator.normal(0, 1, 60)[people]  # what a person's values share
    a, b = own + generator.normal(0, 0.5, (2, 300))
    b *= 0.3
    tensors = [torch.tensor(part) for part in (a, b, people)]
    interval = mean_bootstrap(*tensors, n_resamples=4_000)
    width = interval.high - interval.low
    low, high = means_by_loop(a, b, people, 4_000, seed=9)
    assert interval.low == pytest.approx(low, abs=0.08 * width)
    assert interval.high == pytest.approx(high, abs=0.08 * width)
    assert interval.difference == pytest.approx(a.mean() - b.mean())


def test_two_lists_of_one_model_differ_by_nothing_and_turn_around():
    values = torch.rand(40, generator=torch.Generator().manual_seed(0))
    people = torch.arange(40)
    assert mean_bootstrap(values, values, people) == Interval(0, 0, 0)
    one = mean_bootstrap(values, values**2, people)
    other = mean_bootstrap(values**2, values, people)
    assert one.low > 0
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))
    again, else_ = (
        mean_bootstrap(values, values**2, people, seed=seed) for seed in (0, 1)
    )
    assert again == one != else_


@pytest.mark.parametrize(
    "shapes",
    [
        ((3,), (2,), (2,)),
        ((2,), (2,), (3,)),
        ((0, 2), (2,), (2,)),
        ((2, 1), (2,), (2,)),
        ((1, 2, 2), (2,), (2,)),
        ((), (2,), (2,)),
        ((0,), (0,), (0,)),
        ((2,), (2,), (2, 1)),
    ],
    ids=str,
)
def test_values_of_other_shapes_are_refused(shapes):
    *values, people = (torch.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match="give one person a value"):
        mean_bootstrap(*values, people.long())


def test_means_of_what_is_missing_are_refused():
    bad = torch.tensor([0.5, math.nan])
    for pair in ((bad, ONE), (ONE, bad), (torch.stack([ONE, bad]), ONE)):
        with pytest.raises(ValueError, match="some values are not finite"):
            mean_bootstrap(*pair, TWO_PEOPLE)


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
