import hashlib
from itertools import pairwise

import pandas as pd
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from recslib.movielens import load, synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.splits import (
    Split,
    carve_validation,
    folds_of,
    global_time,
    history_order,
    join,
    last_per_user,
    newest_per_user,
    out_of_fold,
    published_folds,
    random_by_user,
    random_folds,
    random_split,
    time_order,
    time_windows,
    whole_items,
    whole_users,
)
from recslib.tables import read_ratings

COLUMNS = ["user", "item", "rating", "timestamp"]


def rated(*rows):
    return from_frame(
        pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])]), scale=(1, 5)
    )


def many_ratings(min_size=2):
    """Draw ratings with few seconds, so that ties are the rule."""
    row = st.tuples(
        st.integers(0, 5), st.integers(0, 9), st.just(3.0), st.integers(0, 8)
    )
    rows = st.lists(row, min_size=min_size, unique_by=lambda row: row[:2])
    return rows.map(lambda rows: rated(*rows))


def rows_of(ratings):
    return list(
        zip(
            ratings.users.tolist(),
            ratings.items.tolist(),
            ratings.timestamps.tolist(),
            strict=True,
        )
    )


def what_is_tested(split):
    return set(rows_of(split.test))


def try_to_split(make, *arguments, **options):
    """Skip the drawn ratings that leave a part empty."""
    try:
        return make(*arguments, **options)
    except RatingsError as error:
        assume("holds no ratings" not in str(error))
        raise


# What every split promises ---------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda ratings, seed: random_folds(ratings, 2, seed=seed)[0],
        lambda ratings, seed: random_split(ratings, 0.3, seed=seed),
        lambda ratings, seed: random_by_user(ratings, 0.4, seed=seed),
        lambda ratings, seed: last_per_user(ratings, 2, seed=seed),
        lambda ratings, seed: newest_per_user(ratings, 0.4, seed=seed),
        lambda ratings, seed: global_time(ratings, 0.3),
        lambda ratings, seed: carve_validation(
            random_split(ratings, 0.3, seed=seed), 0.4, seed=seed
        ),
        lambda ratings, seed: carve_validation(
            global_time(ratings, 0.3), 0.4, by_time=True
        ),
    ],
    ids=[
        "folds",
        "random",
        "by user",
        "last",
        "newest",
        "time",
        "carved",
        "carved by time",
    ],
)
@given(ratings=many_ratings(), seed=st.integers(0, 3))
def test_every_rating_is_in_exactly_one_part_and_unchanged(
    make, ratings, seed
):
    split = try_to_split(make, ratings, seed)
    parts = [split.train, split.test, split.validation]
    rows = [row for part in parts if part for row in rows_of(part)]
    assert sorted(rows) == sorted(rows_of(ratings))


@pytest.mark.parametrize(
    "make",
    [
        lambda ratings, seed: random_folds(ratings, 2, seed=seed)[0],
        lambda ratings, seed: random_split(ratings, seed=seed),
        lambda ratings, seed: random_by_user(ratings, seed=seed),
        lambda ratings, seed: last_per_user(ratings, seed=seed),
    ],
    ids=["folds", "random", "by user", "last"],
)
def test_a_seed_gives_the_same_split_again_and_another_seed_does_not(make):
    ratings = synthetic().ratings
    assert what_is_tested(make(ratings, 1)) == what_is_tested(make(ratings, 1))
    assert what_is_tested(make(ratings, 1)) != what_is_tested(make(ratings, 2))


def test_splitting_leaves_the_global_random_state_alone():
    ratings = synthetic().ratings
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    last_per_user(ratings, seed=1)
    random_split(ratings, seed=2)
    random_by_user(ratings, seed=3)
    assert torch.equal(torch.rand(3), expected)


def test_a_rating_in_two_parts_is_refused():
    ratings = rated((1, 1, 3.0, 0), (1, 2, 4.0, 1), (2, 1, 5.0, 2))
    one, two, three = (ratings.select(torch.tensor([row])) for row in range(3))
    Split(one, two, three)
    both = ratings.select(torch.tensor([1, 2]))
    with pytest.raises(RatingsError, match=r"'odd': 1 \(user, item\) pairs"):
        Split(both, two, name="odd")
    with pytest.raises(RatingsError, match="train, test, validation"):
        Split(one, two, both)


def test_parts_that_were_read_alone_are_no_split_and_the_remedy_works():
    train = pd.DataFrame([(1, 10, 3.0), (2, 20, 4.0)], columns=COLUMNS[:3])
    test = pd.DataFrame([(5, 20, 3.0), (2, 10, 4.0)], columns=COLUMNS[:3])
    with pytest.raises(RatingsError, match="in different ways") as caught:
        Split(read_ratings(train), read_ratings(test))
    call = str(caught.value).split("as one table, ")[1].split(" of two")[0]
    names = {"pd": pd, "train": train, "test": test}
    whole = eval(call, names | {"read_ratings": read_ratings})
    rows = torch.arange(4)
    split = Split(whole.select(rows < 2), whole.select(rows >= 2))
    assert split.train.user_ids[split.train.users].tolist() == [1, 2]
    assert split.test.user_ids[split.test.users].tolist() == [5, 2]


def test_a_part_without_ratings_is_refused():
    ratings = rated((1, 1, 3.0, 0), (1, 2, 4.0, 1))
    none = ratings.select(torch.tensor([]))
    with pytest.raises(RatingsError, match="the test part holds no ratings"):
        Split(ratings, none)
    with pytest.raises(RatingsError, match="the train part"):
        Split(none, ratings)
    with pytest.raises(RatingsError, match="the validation part"):
        Split(ratings, ratings, none)


def test_a_split_says_how_much_of_its_test_part_is_unseen():
    ratings = rated(
        (1, 1, 3.0, 0),
        (1, 2, 3.0, 1),
        (2, 1, 3.0, 2),
        (2, 3, 3.0, 3),
        (3, 3, 3.0, 4),
        (1, 4, 3.0, 5),
    )
    split = Split(
        train=ratings.select(torch.tensor([0, 1])),
        test=ratings.select(torch.tensor([2, 3, 4, 5])),
    )
    assert split.unseen_users == 0.75  # users 2, 2 and 3 of 2, 2, 3, 1
    assert split.unseen_items == 0.75  # items 3, 3 and 4 of 1, 3, 3, 4


def test_a_split_describes_itself_in_a_line():
    split = random_split(synthetic().ratings, 0.25)
    assert repr(split) == "Split(random: train 1,800, test 600)"
    assert repr(carve_validation(split, 0.5)) == (
        "Split(random: train 900, test 600, validation 900)"
    )


# Folds -----------------------------------------------------------------------


@given(
    ratings=many_ratings(min_size=4),
    n_folds=st.integers(2, 4),
    seed=st.integers(0, 3),
)
def test_folds_test_every_rating_once_in_parts_of_equal_size(
    ratings, n_folds, seed
):
    folds = random_folds(ratings, n_folds, seed)
    rows = [row for fold in folds for row in rows_of(fold.test)]
    assert sorted(rows) == sorted(rows_of(ratings))
    sizes = [len(fold.test) for fold in folds]
    assert len(folds) == n_folds and max(sizes) - min(sizes) <= 1


NO_FOLDS = [(1, "whole number, not below 2"), (3, "2 ratings can be parted")]


@pytest.mark.parametrize(("n_folds", "said"), NO_FOLDS)
def test_a_number_of_folds_that_cannot_be_is_refused(n_folds, said):
    ratings = rated((1, 1, 3.0), (1, 2, 4.0))
    with pytest.raises(ValueError, match=f"n_folds is {n_folds}; .*{said}"):
        random_folds(ratings, n_folds)


def test_only_ml_100k_has_published_folds():
    with pytest.raises(RatingsError, match=r"'ratings': 2400.*random_folds"):
        published_folds(synthetic().ratings)


@pytest.mark.data
def test_the_first_fold_is_the_published_u1_test_byte_for_byte(ml_100k):
    test = published_folds(ml_100k)[0].test
    lines = sorted(
        zip(
            test.user_ids[test.users].tolist(),
            test.item_ids[test.items].tolist(),
            test.ratings.int().tolist(),
            test.timestamps.tolist(),
            strict=True,
        )
    )
    text = "".join("\t".join(map(str, line)) + "\n" for line in lines)
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "18c6014a4b2c7324f250a63f8904a7b16b2b19f911129e346141507b0cbac950"
    )


@pytest.mark.data
def test_the_published_folds_test_each_rating_once(ml_100k):
    ratings = ml_100k
    folds = published_folds(ratings)
    assert [fold.name for fold in folds] == ["u1", "u2", "u3", "u4", "u5"]
    assert [len(fold.test) for fold in folds] == [20_000] * 5
    together = torch.cat([fold.test.timestamps for fold in folds])
    assert torch.equal(together, ratings.timestamps)
    assert len(folds[0].test.users.unique()) == 459


# Random ----------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_a_random_split_tests_the_share_that_was_asked_for(share):
    assert len(random_split(synthetic().ratings, share).test) == 2400 * share


def test_a_random_split_favours_no_place_in_the_file():
    # 2,000 draws of 2 out of 10: each row is tested 400 times, sd 18.
    ratings = rated(*((1, item, 3.0) for item in range(10)))
    counts = sum(
        random_split(ratings, 0.2, seed).test.counts_by_item()
        for seed in range(2000)
    )
    assert counts.sum() == 4000
    assert counts.min() > 400 - 5 * 18 and counts.max() < 400 + 5 * 18


@pytest.mark.parametrize("share", [0, 1, -0.2, 20])
def test_a_share_that_is_no_share_is_refused(share):
    split = random_split(synthetic().ratings)
    for make in (
        lambda: random_split(split.train, share),
        lambda: random_by_user(split.train, share),
        lambda: global_time(split.train, share),
        lambda: carve_validation(split, share),
        lambda: time_windows(split.train, first_share=share),
    ):
        with pytest.raises(RatingsError, match=f"share is {share}; give"):
            make()


# A share of each user --------------------------------------------------------


def test_each_user_is_tested_on_a_share_of_theirs_rounded():
    # Users with 1 to 10 ratings; of an exact half the even number is tested.
    counts = range(1, 11)
    ratings = rated(
        *((user, item, 3.0) for user in counts for item in range(user))
    )
    quarter = random_by_user(ratings, 0.25, seed=4)
    expected = [0, 0, 1, 1, 1, 2, 2, 2, 2, 2]
    assert quarter.test.counts_by_user().tolist() == expected
    assert quarter.name == "25 % of each user"
    most = random_by_user(ratings, 0.9)
    assert most.test.counts_by_user().tolist() == [
        *[1, 2, 3, 4, 4, 5, 6, 7, 8, 9]
    ]


def test_a_share_of_each_user_favours_no_place_in_the_file():
    # 2,000 draws of 2 of each user's 8: each is tested 500 times, sd 19.4.
    ratings = rated(
        *((user, item, 3.0) for item in range(8) for user in range(2))
    )
    tests = [random_by_user(ratings, 0.25, seed).test for seed in range(2_000)]
    for user in range(2):
        own = torch.cat([test.items[test.users == user] for test in tests])
        counts = own.bincount(minlength=8)
        assert counts.sum() == 4_000
        assert counts.min() > 500 - 5 * 19.4 and counts.max() < 500 + 5 * 19.4


def test_a_share_that_leaves_everybody_without_a_test_is_refused():
    ratings = rated((1, 1, 3.0), (2, 1, 4.0), (2, 2, 4.0))
    with pytest.raises(RatingsError, match="the test part holds no ratings"):
        random_by_user(ratings, 0.2)


# Last per user ---------------------------------------------------------------


def test_the_last_ratings_of_each_user_are_tested_by_hand():
    ratings = rated(
        (1, 1, 3.0, 50),
        (2, 1, 3.0, 10),
        (1, 2, 3.0, 20),
        (2, 2, 3.0, 30),
        (1, 3, 3.0, 40),
        (3, 1, 3.0, 99),
    )
    assert rows_of(last_per_user(ratings).test) == [(0, 0, 50), (1, 1, 30)]
    # Two of user 1; users 2 and 3 have no more than two, so they only train.
    two = last_per_user(ratings, 2)
    assert rows_of(two.test) == [(0, 0, 50), (0, 2, 40)]


@given(
    ratings=many_ratings(), n_last=st.integers(1, 3), seed=st.integers(0, 3)
)
def test_nothing_that_trains_is_newer_than_what_tests_for_one_user(
    ratings, n_last, seed
):
    split = try_to_split(last_per_user, ratings, n_last, seed)
    counts = ratings.counts_by_user()
    n_tested = split.test.counts_by_user()
    assert n_tested.tolist() == [n_last if n > n_last else 0 for n in counts]
    for user in n_tested.nonzero().squeeze(1):
        newest = split.train.timestamps[split.train.users == user].max()
        assert split.test.timestamps[split.test.users == user].min() >= newest


def test_file_order_among_ratings_of_one_second_tells_nothing():
    # Every user rates 1, 2, 3, 4, 5 in this order in the file, all in one
    # second. Were the file's order kept, the test part would be all fives.
    ratings = rated(
        *(
            (user, star, float(star), 7)
            for user in range(200)
            for star in range(1, 6)
        )
    )
    stars = last_per_user(ratings, seed=0).test.ratings
    shares = torch.bincount(stars.long(), minlength=6)[1:] / 200
    assert torch.allclose(shares, torch.full((5,), 0.2), atol=0.1)


def test_asking_for_more_than_anybody_rated_is_refused():
    ratings = rated((1, 1, 3.0, 0), (1, 2, 3.0, 1))
    said = "n_last is 2, and nobody has more than 2, so .* smaller n_last"
    with pytest.raises(RatingsError, match=said):
        last_per_user(ratings, 2)
    assert len(last_per_user(ratings, 1).test) == 1  # the remedy


# Time ------------------------------------------------------------------------


def test_one_cut_in_time_by_hand():
    times = [50, 10, 40, 30, 20]
    ratings = rated(*((1, time, 3.0, time) for time in times))
    split = global_time(ratings, test_share=0.4)
    assert split.test.timestamps.tolist() == [50, 40]
    assert split.train.timestamps.tolist() == [10, 30, 20]
    assert split.name == "newest 40 %"


def test_ratings_of_the_second_at_the_cut_all_test():
    times = [1, 2, 3, 3, 3, 4]
    ratings = rated(*((1, n, 3.0, time) for n, time in enumerate(times)))
    split = global_time(ratings, test_share=2 / 6)
    assert split.test.timestamps.tolist() == [3, 3, 3, 4]


@given(ratings=many_ratings(), share=st.floats(0.05, 0.95))
def test_the_future_is_never_in_the_past_and_no_second_is_on_both_sides(
    ratings, share
):
    split = try_to_split(global_time, ratings, share)
    assert split.train.timestamps.max() < split.test.timestamps.min()
    assert len(split.test) >= int(share * len(ratings))


def test_windows_of_time_by_hand():
    ratings = rated(*((1, time, 3.0, time) for time in range(8)))
    first, second = time_windows(ratings, n_windows=2, first_share=0.5)
    assert first.train.timestamps.tolist() == [0, 1, 2, 3]
    assert first.test.timestamps.tolist() == [4, 5]
    assert second.train.timestamps.tolist() == [0, 1, 2, 3, 4, 5]
    assert second.test.timestamps.tolist() == [6, 7]
    assert [first.name, second.name] == ["window 1", "window 2"]


@given(ratings=many_ratings(), n_windows=st.integers(1, 3))
def test_windows_follow_each_other_without_gap_and_train_on_the_past_alone(
    ratings, n_windows
):
    windows = try_to_split(time_windows, ratings, n_windows)
    assert len(windows) == n_windows
    for window in windows:
        assert window.train.timestamps.max() < window.test.timestamps.min()
    for before, after in pairwise(windows):
        heard = rows_of(before.train) + rows_of(before.test)
        assert sorted(heard) == sorted(rows_of(after.train))
    last = rows_of(windows[-1].train) + rows_of(windows[-1].test)
    assert sorted(last) == sorted(rows_of(ratings))


def test_a_share_without_a_past_is_told_to_be_nearer_to_a_half():
    ratings = rated(*((1, item, 3.0, item) for item in range(20)))
    with pytest.raises(RatingsError, match="another test_share, nearer to a"):
        global_time(ratings, 0.99)
    with pytest.raises(RatingsError, match="another first_share, nearer to "):
        time_windows(ratings, 2, 0.01)
    assert len(global_time(ratings, 0.5).train) == 10
    assert len(time_windows(ratings, 2, 0.5)) == 2


def test_no_window_at_all_is_refused():
    with pytest.raises(ValueError, match="n_windows is 0"):
        time_windows(synthetic().ratings, 0)


@given(ratings=many_ratings(), seed=st.integers(0, 3))
def test_order_of_time_is_a_permutation_that_never_goes_back(ratings, seed):
    order = time_order(ratings, seed)
    assert sorted(order.tolist()) == list(range(len(ratings)))
    assert (ratings.timestamps[order].diff() >= 0).all()


def test_histories_come_user_by_user_each_in_order_of_time():
    ratings = synthetic().ratings
    order = history_order(ratings, 3)
    users = ratings.users[order]
    assert torch.equal(users, ratings.users.sort().values)
    # Within a user nothing moves: it is the order of time, lots and all.
    in_time = time_order(ratings, 3)
    for user in users.unique():
        own = in_time[ratings.users[in_time] == user]
        assert torch.equal(order[users == user], own)


def test_ties_come_in_every_order_equally_often():
    # 600 seeds, 6 orders of three ratings: 100 each, sd 9.
    ratings = rated(*((1, item, 3.0, 7) for item in range(3)))
    orders = [tuple(time_order(ratings, seed).tolist()) for seed in range(600)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    assert min(counts) > 100 - 5 * 9 and max(counts) < 100 + 5 * 9


@pytest.mark.parametrize(
    "make",
    [
        last_per_user,
        global_time,
        time_windows,
        lambda ratings: time_order(ratings, 0),
        lambda ratings: carve_validation(random_split(ratings), by_time=True),
    ],
)
def test_time_without_timestamps_is_refused(make):
    ratings = rated(*((1, item, 3.0) for item in range(20)))
    with pytest.raises(RatingsError, match="give a timestamp column"):
        make(ratings)


@pytest.mark.data
def test_most_who_rate_in_the_newest_fifth_of_100k_are_strangers(ml_100k):
    split = global_time(ml_100k, test_share=0.2)
    assert split.unseen_users == pytest.approx(0.852, abs=0.001)
    assert split.unseen_items == pytest.approx(0.01, abs=0.005)


# Validation ------------------------------------------------------------------


def test_validation_is_carved_out_of_what_trains_and_the_test_part_stays():
    split = random_split(synthetic().ratings)
    carved = carve_validation(split, share=0.25)
    assert carved.test is split.test and carved.name == split.name
    assert len(carved.validation) == 0.25 * len(split.train)
    together = rows_of(carved.train) + rows_of(carved.validation)
    assert sorted(together) == sorted(rows_of(split.train))


def test_validation_by_time_is_the_newest_of_what_trains():
    carved = carve_validation(
        global_time(synthetic().ratings), share=0.2, by_time=True
    )
    newest = carved.validation.timestamps
    assert carved.train.timestamps.max() < newest.min()
    assert newest.max() < carved.test.timestamps.min()


def test_carving_depends_on_the_seed_alone():
    split = random_split(synthetic().ratings)
    one, again, other = (
        set(rows_of(carve_validation(split, seed=seed).validation))
        for seed in (1, 1, 2)
    )
    assert one == again != other


def test_carving_twice_is_refused():
    carved = carve_validation(random_split(synthetic().ratings))
    with pytest.raises(RatingsError, match="already has a validation part"):
        carve_validation(carved)


@pytest.mark.parametrize("share", [0, 2, "0.2", float("nan")])
def test_a_share_for_validation_is_called_by_its_name(share):
    split = random_split(synthetic().ratings)
    for by_time in (False, True):
        with pytest.raises(RatingsError, match=f"^share is {share!r}; give"):
            carve_validation(split, share, by_time=by_time)


def test_what_leaves_no_validation_part_is_said_and_the_remedies_work():
    ratings = rated(*((1, item, 3.0, 7) for item in range(9)))
    split = random_split(ratings, 0.2)
    with pytest.raises(RatingsError, match=r"validation part .* another sh"):
        carve_validation(split, 0.01)
    assert len(carve_validation(split, 0.3).validation) == 2
    with pytest.raises(RatingsError, match=r"share, or by_time=False\. \(te"):
        carve_validation(split, 0.3, by_time=True)
    assert len(carve_validation(split, 0.3, by_time=False).validation) == 2


# Whole items and users -------------------------------------------------------


@given(ratings=many_ratings(min_size=12), seed=st.integers(0, 99))
def test_whole_items_and_users_are_tested_once_and_never_trained_on(
    ratings, seed
):
    for make, rows_of in (
        (whole_items, lambda part: part.items),
        (whole_users, lambda part: part.users),
    ):
        assume(len(rows_of(ratings).unique()) >= 3)
        tested = []
        for split in make(ratings, n_folds=3, seed=seed):
            assert len(split.train) + len(split.test) == len(ratings)
            test_rows = rows_of(split.test)
            assert not torch.isin(test_rows, rows_of(split.train)).any()
            tested.append(test_rows.unique())
        everything = torch.cat(tested).sort().values
        assert torch.equal(everything, rows_of(ratings).unique())


def test_a_fold_of_whole_items_says_that_none_of_them_was_seen():
    split, *_ = whole_items(synthetic().ratings)
    assert split.unseen_items == 1 and split.name == "new items 1"


def test_more_folds_than_users_are_refused():
    few = rated((1, 1, 3, 0), (2, 1, 3, 0))
    with pytest.raises(RatingsError, match="n_folds is 3; 2 of them"):
        whole_users(few, n_folds=3)


def test_the_seed_of_whole_items_decides_who_goes_together():
    ratings = synthetic().ratings
    first, again, other = (
        whole_items(ratings, seed=seed)[0].test.items for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert set(first.tolist()) != set(other.tolist())


# Parts laid together ---------------------------------------------------------


@given(ratings=many_ratings(), seed=st.integers(0, 3))
def test_joined_parts_are_the_training_part_and_then_the_test_part(
    ratings, seed
):
    split = try_to_split(random_split, ratings, 0.3, seed=seed)
    joined, is_test = join(split.train, split.test)
    assert rows_of(joined) == rows_of(split.train) + rows_of(split.test)
    assert joined.n_users == ratings.n_users
    assert joined.n_items == ratings.n_items
    n_train = len(split.train)
    assert is_test.tolist() == [False] * n_train + [True] * len(split.test)
    stars = torch.cat([split.train.ratings, split.test.ratings])
    assert torch.equal(joined.ratings, stars)


def test_parts_that_number_users_differently_are_not_joined():
    one = rated((0, 1, 5.0, 30), (1, 2, 1.0, 10))
    other = rated((5, 1, 3.0, 0), (6, 2, 4.0, 1))
    with pytest.raises(ValueError, match="Take both from one split"):
        join(one, other)


def test_parts_without_timestamps_are_not_joined():
    ratings = rated((1, 1, 3.0), (1, 2, 4.0))
    with pytest.raises(RatingsError, match="Give a timestamp column"):
        join(ratings, ratings)


# Out of fold -----------------------------------------------------------------


@given(
    ratings=many_ratings(min_size=5),
    n_folds=st.integers(2, 5),
    seed=st.integers(0, 3),
)
def test_every_rating_is_predicted_once_by_a_model_that_was_not_fitted_to_it(
    ratings, n_folds, seed
):
    met = []

    def predict(split):
        met.append(split)
        return torch.full((len(split.test),), float(len(met)))

    predictions = out_of_fold(ratings, predict, n_folds, seed)
    assert len(met) == n_folds and predictions.shape == (len(ratings),)
    everything = rows_of(ratings)
    for row, which in zip(everything, predictions.tolist(), strict=True):
        by = met[int(which) - 1]
        assert row in rows_of(by.test) and row not in rows_of(by.train)
    for split in met:
        parts = rows_of(split.train) + rows_of(split.test)
        assert sorted(parts) == sorted(everything)
    # The folds are those of `random_folds`.
    folds = random_folds(ratings, n_folds, seed)
    for split, fold in zip(met, folds, strict=True):
        assert what_is_tested(split) == what_is_tested(fold)


def test_predictions_out_of_fold_are_aligned_with_the_ratings():
    ratings = synthetic().ratings
    stars = out_of_fold(ratings, lambda split: split.test.ratings, 3)
    assert torch.equal(stars, ratings.ratings)


def test_who_knows_the_training_part_by_heart_knows_nothing_out_of_fold():
    def by_heart(split):
        known = {
            row[:2]: stars
            for row, stars in zip(
                rows_of(split.train), split.train.ratings.tolist(), strict=True
            )
        }
        rows = rows_of(split.test)
        return torch.tensor([known.get(row[:2], 0.0) for row in rows])

    assert not out_of_fold(synthetic().ratings, by_heart).any()


def test_the_folds_of_out_of_fold_depend_on_the_seed_alone():
    ratings = synthetic().ratings

    def mean(split):
        return split.train.ratings.mean().expand(len(split.test))

    one, again, other = (
        out_of_fold(ratings, mean, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)
    # Two folds, unless more are asked for.
    assert len(one.unique()) == 2
    assert len(out_of_fold(ratings, mean, 5).unique()) == 5


@pytest.mark.parametrize(("n_folds", "said"), NO_FOLDS)
def test_folds_that_cannot_be_are_refused_before_anything_is_fitted(
    n_folds, said
):
    ratings = rated((1, 1, 3.0), (1, 2, 4.0))
    with pytest.raises(ValueError, match=f"n_folds is {n_folds}; .*{said}"):
        out_of_fold(ratings, lambda split: pytest.fail("fitted"), n_folds)


@pytest.mark.parametrize(
    ("told", "came"),
    [
        (None, r"NoneType of shape \(\)"),
        ([3.0, 3.0], r"list of shape \(\)"),
        (torch.zeros(3), r"Tensor of shape \(3,\)"),
        (torch.zeros(2, 1), r"Tensor of shape \(2, 1\)"),
    ],
)
def test_what_is_no_prediction_for_each_rating_is_refused(told, came):
    ratings = rated(*((1, item, 3.0) for item in range(4)))
    with pytest.raises(ValueError, match=rf"{came}; return .* \(2,\)"):
        out_of_fold(ratings, lambda split: told)


# Folds of any ratings --------------------------------------------------------


@pytest.mark.parametrize("n_folds", [1, 2, 5, 7])
def test_folds_can_be_had_of_any_ratings(n_folds):
    ratings = synthetic(30, 20, 400).ratings
    folds = folds_of(ratings, n_folds, seed=3)
    assert len(folds) == n_folds
    for fold in folds:
        assert len(fold.train) + len(fold.test) == 400
    expected = random_folds(ratings, max(n_folds, 2), seed=3)
    if n_folds == 1:
        expected = random_folds(ratings, 5, seed=3)
    assert torch.equal(folds[0].test.items, expected[0].test.items)


def test_no_fold_is_refused():
    ratings = synthetic(30, 20, 400).ratings
    with pytest.raises(ValueError, match=r"n_folds is 0; .* not below 1"):
        folds_of(ratings, 0, seed=0)


@pytest.mark.data
def test_the_published_folds_come_first_where_there_are_some():
    ratings = load("100k").ratings
    assert [f.name for f in folds_of(ratings, 2, seed=0)] == ["u1", "u2"]
    with pytest.raises(RatingsError, match="ML-100K has 5 published folds"):
        folds_of(ratings, 6, seed=0)


def test_the_newest_share_of_each_person_is_tested():
    split = newest_per_user(
        rated(
            *((1, item, 3.0, 90 - item) for item in range(10)),
            *((2, item, 4.0, item) for item in range(5)),
            (3, 0, 5.0, 99),
        ),
        0.2,
    )
    tested = zip(
        split.test.users.tolist(), split.test.items.tolist(), strict=True
    )
    assert sorted(tested) == [(0, 0), (0, 1), (1, 4)]


def test_as_many_of_each_person_are_tested_by_time_as_at_random():
    ratings = synthetic().ratings
    newest, drawn = newest_per_user(ratings, 0.3), random_by_user(ratings, 0.3)
    assert torch.equal(
        newest.test.counts_by_user(), drawn.test.counts_by_user()
    )


def test_the_newest_are_asked_of_ratings_with_times():
    with pytest.raises(RatingsError, match="give a timestamp column"):
        newest_per_user(rated((1, 1, 3.0), (1, 2, 4.0)), 0.5)
    with pytest.raises(RatingsError, match="share between 0 and 1"):
        newest_per_user(rated((1, 1, 3.0, 0), (1, 2, 4.0, 1)), 1.5)
