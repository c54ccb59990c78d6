import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recslib.models import LSTMRating
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.sequences import cut_histories, join
from recslib.splits import global_time, random_split, time_order
from recslib.training import predict

COLUMNS = ["user", "item", "rating", "timestamp"]


def rated(*rows):
    return from_frame(
        pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])]), scale=(1, 5)
    )


# User 0 rates items 0, 1, 2 in this order; user 1 rates item 1, then 0.
SMALL = rated(
    (0, 2, 5.0, 30),
    (1, 1, 1.0, 10),
    (0, 0, 3.0, 10),
    (1, 0, 2.0, 20),
    (0, 1, 4.0, 20),
)


@st.composite
def cuts(draw):
    """Draw ratings with ties and a way to cut them."""
    row = st.tuples(
        st.integers(0, 3),
        st.integers(0, 9),
        st.sampled_from([1.0, 2.0, 3.0, 4.0, 5.0]),
        st.integers(0, 4),
    )
    rows = draw(st.lists(row, min_size=1, unique_by=lambda row: row[:2]))
    n_steps = draw(st.integers(1, 5))
    return rated(*rows), {
        "n_steps": n_steps,
        "n_context": draw(st.integers(0, n_steps - 1)),
        "seed": draw(st.integers(0, 3)),
    }


def histories(ratings, seed):
    """Sort each user's rows by time, in the plainest way."""
    order = time_order(ratings, seed).tolist()
    users = ratings.users.tolist()
    return [
        [row for row in order if users[row] == user]
        for user in range(ratings.n_users)
    ]


# Where each rating stands ----------------------------------------------------


def test_histories_by_hand():
    sequences = cut_histories(SMALL, n_steps=3, seed=0)
    none = 3  # there are three items
    assert len(sequences) == 2
    assert sequences.users.tolist() == [0, 1]
    assert sequences.items.tolist() == [[0, 1, 2], [1, 0, none]]
    assert sequences.past_items.tolist() == [[none, 0, 1], [none, 1, none]]
    assert sequences.past_ratings.tolist() == [[0, 3, 4], [0, 1, 0]]
    assert sequences.ratings.tolist() == [[3, 4, 5], [1, 2, 0]]
    assert sequences.mask.tolist() == [[True] * 3, [True, True, False]]
    assert sequences.rows.tolist() == [[2, 4, 0], [1, 3, -1]]


def test_a_long_history_is_cut_and_goes_on_with_its_context_by_hand():
    ratings = rated(*((0, item, 1.0 + item % 5, item) for item in range(6)))
    sequences = cut_histories(ratings, n_steps=3, n_context=2, seed=0)
    # The first piece counts 0 1 2; each next one hears two and counts one.
    assert sequences.items.tolist() == [
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
        [3, 4, 5],
    ]
    # A piece's first step knows the step before it, in another piece.
    assert sequences.past_items.tolist() == [
        [6, 0, 1],
        [0, 1, 2],
        [1, 2, 3],
        [2, 3, 4],
    ]
    assert sequences.mask.int().tolist() == [
        [1, 1, 1],
        [0, 0, 1],
        [0, 0, 1],
        [0, 0, 1],
    ]


def test_ratings_that_do_not_count_are_heard_only():
    counts = torch.tensor([True, False, False, False, False])
    sequences = cut_histories(SMALL, n_steps=3, seed=0, counts=counts)
    # User 1 has nothing that counts and is left out.
    assert sequences.users.tolist() == [0]
    assert sequences.past_ratings.tolist() == [[0, 3, 4]]
    assert sequences.mask.tolist() == [[False, False, True]]


@given(cut=cuts(), data=st.data())
def test_each_rating_that_counts_stands_in_exactly_one_step_that_counts(
    cut, data
):
    ratings, how = cut
    flags = st.lists(
        st.booleans(), min_size=len(ratings), max_size=len(ratings)
    )
    counts = torch.tensor(data.draw(flags))
    sequences = cut_histories(ratings, **how, counts=counts)
    rows = sequences.rows[sequences.mask]
    assert sorted(rows.tolist()) == counts.nonzero().squeeze(1).tolist()


@given(cut=cuts())
def test_every_step_knows_the_rating_just_before_it_and_no_other(cut):
    ratings, how = cut
    none = ratings.n_items
    sequences = cut_histories(ratings, **how)
    history_of = histories(ratings, how["seed"])
    for piece, user in enumerate(sequences.users.tolist()):
        history = history_of[user]
        for step, row in enumerate(sequences.rows[piece].tolist()):
            item, past_item, past_rating, rating = (
                values[piece, step].item()
                for values in (
                    sequences.items,
                    sequences.past_items,
                    sequences.past_ratings,
                    sequences.ratings,
                )
            )
            if row == -1:
                assert (item, past_item, past_rating, rating) == (
                    none,
                    none,
                    0,
                    0,
                )
                assert not sequences.mask[piece, step]
                continue
            assert (
                item == ratings.items[row] and rating == ratings.ratings[row]
            )
            place = history.index(row)
            if place == 0:
                assert (past_item, past_rating) == (none, 0)
            else:
                before = history[place - 1]
                assert past_item == ratings.items[before]
                assert past_rating == ratings.ratings[before]


@given(cut=cuts())
def test_each_step_that_counts_has_its_context_in_its_own_piece(cut):
    ratings, how = cut
    sequences = cut_histories(ratings, **how)
    history_of = histories(ratings, how["seed"])
    for piece, step in sequences.mask.nonzero().tolist():
        rows = sequences.rows[piece, : step + 1].tolist()
        history = history_of[sequences.users[piece].item()]
        place = history.index(rows[-1])
        assert rows == history[place - step : place + 1]
        assert step >= min(how["n_context"], place)


@given(cut=cuts())
def test_values_of_steps_come_back_in_the_order_of_the_ratings(cut):
    ratings, how = cut
    sequences = cut_histories(ratings, **how)
    assert torch.equal(sequences.to_rows(sequences.ratings), ratings.ratings)


# Training and test ratings in one history -----------------------------------


@pytest.mark.parametrize("split_by", [global_time, random_split])
def test_values_of_a_joined_test_part_come_back_aligned_with_it(split_by):
    split = split_by(synthetic().ratings)
    ratings, is_test = join(split.train, split.test)
    assert len(ratings) == 2400 and is_test.sum() == len(split.test)
    sequences = cut_histories(
        ratings, n_steps=8, n_context=3, seed=1, counts=is_test
    )
    assert torch.equal(sequences.to_rows(sequences.items), split.test.items)
    stars = sequences.to_rows(sequences.ratings)
    assert torch.equal(stars, split.test.ratings)


def test_a_joined_test_rating_hears_its_users_training_ratings_by_hand():
    train = SMALL.select(torch.tensor([2, 1, 4]))
    test = SMALL.select(torch.tensor([3, 0]))
    ratings, is_test = join(train, test)
    sequences = cut_histories(ratings, n_steps=3, seed=0, counts=is_test)
    assert sequences.past_ratings.tolist() == [[0, 3, 4], [0, 1, 0]]
    assert sequences.mask.int().tolist() == [[0, 0, 1], [0, 1, 0]]
    assert sequences.to_rows(sequences.ratings).tolist() == [2, 5]


def test_parts_that_number_users_differently_are_not_joined():
    other = rated((5, 1, 3.0, 0), (6, 2, 4.0, 1))
    with pytest.raises(ValueError, match="Take both from one split"):
        join(SMALL, other)


def test_parts_without_timestamps_are_not_joined():
    ratings = rated((1, 1, 3.0), (1, 2, 4.0))
    with pytest.raises(RatingsError, match="Give a timestamp column"):
        join(ratings, ratings)


# Ties ------------------------------------------------------------------------


def test_file_order_among_ratings_of_one_second_tells_nothing():
    # The file lists every user's ratings of one second from 1 to 5 stars.
    # Kept so, each rating would be one star above the one before it.
    ratings = rated(
        *(
            (user, star, float(star), 7)
            for user in range(200)
            for star in range(1, 6)
        )
    )
    sequences = cut_histories(ratings, n_steps=5, seed=0)
    steps = (sequences.ratings - sequences.past_ratings)[:, 1:]
    assert (steps < 0).float().mean() == pytest.approx(0.5, abs=0.06)
    first = sequences.ratings[:, 0].mean()
    assert first == pytest.approx(3, abs=0.4)


def test_ties_are_broken_by_the_seed():
    ratings = rated(*((0, item, 3.0, 7) for item in range(20)))
    one, again, other = (
        cut_histories(ratings, n_steps=20, seed=seed).items
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


# Planted leaks ---------------------------------------------------------------


@given(cut=cuts(), data=st.data())
def test_a_rating_never_sees_itself_or_what_comes_after_it(cut, data):
    ratings, how = cut
    row = data.draw(st.integers(0, len(ratings) - 1))
    torch.manual_seed(0)
    model = LSTMRating(ratings.n_items, n_factors=4, mean=3.0)

    def one_step_ahead(ratings):
        parts = cut_histories(ratings, **how)
        inputs = (parts.items, parts.past_items, parts.past_ratings)
        return parts.to_rows(predict(model, inputs))

    before = one_step_ahead(ratings)
    changed = ratings.select(torch.arange(len(ratings)))
    changed.ratings[row] = 6.5 - changed.ratings[row]
    moved = (one_step_ahead(changed) != before).nonzero().squeeze(1).tolist()

    history = histories(ratings, how["seed"])[ratings.users[row].item()]
    later = history[history.index(row) + 1 :]
    assert set(moved) <= set(later)
    # The very next rating of the user has heard it, whatever the cut.
    assert set(later[:1]) <= set(moved)


# What is refused -------------------------------------------------------------


@pytest.mark.parametrize("n_context", [-1, 3, 4])
def test_a_context_as_long_as_the_piece_is_refused(n_context):
    with pytest.raises(ValueError, match=f"n_context is {n_context}"):
        cut_histories(SMALL, n_steps=3, seed=0, n_context=n_context)


def test_counts_of_another_length_are_refused():
    counts = torch.ones(3, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"shape \(3,\).*one flag a rating"):
        cut_histories(SMALL, n_steps=3, seed=0, counts=counts)


def test_counts_that_are_no_flags_are_refused():
    counts = torch.ones(5, dtype=torch.int64)
    with pytest.raises(ValueError, match="int64"):
        cut_histories(SMALL, n_steps=3, seed=0, counts=counts)


def test_histories_need_timestamps():
    with pytest.raises(RatingsError, match="timestamp"):
        cut_histories(rated((1, 1, 3.0)), n_steps=3, seed=0)
