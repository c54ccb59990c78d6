import pandas as pd
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import nn

from recslib.models import BothSides, LSTMRating
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.sequences import (
    ask_apart,
    backwards,
    cut_histories,
    lstm_inputs,
    mirror,
)
from recslib.splits import global_time, join, random_split, time_order
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


def drawn_flags(data, ratings):
    flags = st.lists(
        st.booleans(), min_size=len(ratings), max_size=len(ratings)
    )
    return torch.tensor(data.draw(flags))


def all_ears(kind, n_items):
    """Make an LSTM whose every prediction tells all that it has heard."""
    torch.manual_seed(0)
    model = kind(torch.randn(n_items, 3), n_hidden=4).eval()
    for name, weights in model.named_parameters():
        # They start at zero: nothing that is heard would be told.
        if name.endswith("taste.weight"):
            nn.init.normal_(weights)
    return model


def base_of(ratings):
    """Predict something that differs from item to item."""
    return 3 + 0.1 * ratings.items.float()


def readings(kind, before, after):
    """Return the sides that a model hears."""
    return (before, after) if kind is BothSides else (before, None)


# Where each rating stands ----------------------------------------------------


def test_histories_by_hand():
    sequences = cut_histories(SMALL, n_steps=3, seed=0)
    none = 3  # there are three items
    assert len(sequences) == 2
    assert sequences.users.tolist() == [0, 1]
    assert sequences.items.tolist() == [[0, 1, 2], [1, 0, none]]
    assert sequences.past_items.tolist() == [[none, 0, 1], [none, 1, none]]
    assert sequences.mask.tolist() == [[True] * 3, [True, True, False]]
    assert sequences.rows.tolist() == [[2, 4, 0], [1, 3, -1]]
    assert sequences.past_rows.tolist() == [[-1, 2, 4], [-1, 1, -1]]


def test_what_belongs_to_ratings_is_laid_out_by_hand():
    sequences = cut_histories(SMALL, n_steps=3, seed=0)
    stars = SMALL.ratings
    assert sequences.now(stars).tolist() == [[3, 4, 5], [1, 2, 0]]
    assert sequences.before(stars).tolist() == [[0, 3, 4], [0, 1, 0]]
    for values in (stars, SMALL.timestamps, stars.double()):
        assert sequences.now(values).dtype == values.dtype
        assert sequences.before(values).dtype == values.dtype
    # NaN is laid out where it belongs, and nowhere else.
    stars = torch.tensor([torch.nan, 1, 2, 3, torch.nan])
    assert sequences.now(stars).isnan().tolist() == [
        [False, True, True],
        [False] * 3,
    ]
    assert sequences.before(stars).isnan().tolist() == [
        [False, False, True],
        [False] * 3,
    ]


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


def test_ratings_that_are_no_targets_are_heard_only():
    is_target = torch.tensor([True, False, False, False, False])
    sequences = cut_histories(SMALL, n_steps=3, seed=0, is_target=is_target)
    # User 1 has no target and is left out.
    assert sequences.users.tolist() == [0]
    assert sequences.before(SMALL.ratings).tolist() == [[0, 3, 4]]
    assert sequences.mask.tolist() == [[False, False, True]]


@given(cut=cuts(), data=st.data())
def test_each_target_stands_in_exactly_one_step_that_counts(cut, data):
    ratings, how = cut
    is_target = drawn_flags(data, ratings)
    sequences = cut_histories(ratings, **how, is_target=is_target)
    rows = sequences.rows[sequences.mask]
    assert sorted(rows.tolist()) == is_target.nonzero().squeeze(1).tolist()
    assert sequences.mask.any(dim=1).all()


@given(cut=cuts())
def test_every_step_knows_the_rating_just_before_it_and_no_other(cut):
    ratings, how = cut
    none = ratings.n_items
    sequences = cut_histories(ratings, **how)
    history_of = histories(ratings, how["seed"])
    stars, past_stars = (
        lay_out(ratings.ratings)
        for lay_out in (sequences.now, sequences.before)
    )
    for piece, user in enumerate(sequences.users.tolist()):
        history = history_of[user]
        for step, row in enumerate(sequences.rows[piece].tolist()):
            past_row, item, past_item, past_rating, rating = (
                values[piece, step].item()
                for values in (
                    sequences.past_rows,
                    sequences.items,
                    sequences.past_items,
                    past_stars,
                    stars,
                )
            )
            past = (past_row, past_item, past_rating)
            if row == -1:
                assert (item, rating) == (none, 0)
                assert past == (-1, none, 0)
                assert not sequences.mask[piece, step]
                continue
            assert item == ratings.items[row]
            assert rating == ratings.ratings[row]
            place = history.index(row)
            if place == 0:
                assert past == (-1, none, 0)
            else:
                before = history[place - 1]
                assert past_row == before
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
    stars = sequences.now(ratings.ratings)
    assert torch.equal(sequences.to_rows(stars), ratings.ratings)


@given(cut=cuts(), data=st.data())
def test_values_of_targets_come_back_by_row(cut, data):
    ratings, how = cut
    is_target = drawn_flags(data, ratings)
    sequences = cut_histories(ratings, **how, is_target=is_target)
    stars = sequences.to_rows(sequences.now(ratings.ratings))
    assert torch.equal(stars, ratings.ratings[is_target])


# Training and test ratings in one history -----------------------------------


@pytest.mark.parametrize("split_by", [global_time, random_split])
def test_values_of_a_joined_test_part_come_back_aligned_with_it(split_by):
    split = split_by(synthetic().ratings)
    ratings, is_test = join(split.train, split.test)
    assert len(ratings) == 2400 and is_test.sum() == len(split.test)
    sequences = cut_histories(
        ratings, n_steps=8, n_context=3, seed=1, is_target=is_test
    )
    assert torch.equal(sequences.to_rows(sequences.items), split.test.items)
    stars = sequences.to_rows(sequences.now(ratings.ratings))
    assert torch.equal(stars, split.test.ratings)


def test_a_joined_test_rating_hears_its_users_training_ratings_by_hand():
    train = SMALL.select(torch.tensor([2, 1, 4]))
    test = SMALL.select(torch.tensor([3, 0]))
    ratings, is_test = join(train, test)
    sequences = cut_histories(ratings, n_steps=3, seed=0, is_target=is_test)
    heard = sequences.before(ratings.ratings)
    assert heard.tolist() == [[0, 3, 4], [0, 1, 0]]
    assert sequences.mask.int().tolist() == [[0, 0, 1], [0, 1, 0]]
    stars = sequences.now(ratings.ratings)
    assert sequences.to_rows(stars).tolist() == [2, 5]


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
    stars = sequences.now(ratings.ratings)
    steps = (stars - sequences.before(ratings.ratings))[:, 1:]
    assert (steps < 0).float().mean() == pytest.approx(0.5, abs=0.06)
    first = stars[:, 0].mean()
    assert first == pytest.approx(3, abs=0.4)


def test_ties_are_broken_by_the_seed():
    ratings = rated(*((0, item, 3.0, 7) for item in range(20)))
    one, again, other = (
        cut_histories(ratings, n_steps=20, seed=seed).items
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


# Read from the end -----------------------------------------------------------


def test_pieces_are_read_from_their_end_by_hand():
    pieces = cut_histories(SMALL, n_steps=3, seed=0)
    back = backwards(pieces, SMALL)
    none = 3  # there are three items
    assert back.users.tolist() == [0, 1]
    assert back.rows.tolist() == [[0, 4, 2], [3, 1, -1]]
    assert back.past_rows.tolist() == [[-1, 0, 4], [-1, 3, -1]]
    assert back.items.tolist() == [[2, 1, 0], [0, 1, none]]
    assert back.past_items.tolist() == [[none, 2, 1], [none, 0, none]]
    assert back.mask.tolist() == [[True] * 3, [True, True, False]]
    # 0 where nothing is asked.
    assert mirror(pieces, back).tolist() == [[2, 1, 0], [1, 0, 0]]


@given(cut=cuts(), data=st.data())
def test_pieces_read_twice_from_their_end_are_the_pieces(cut, data):
    ratings, how = cut
    is_target = drawn_flags(data, ratings)
    pieces = cut_histories(ratings, **how, is_target=is_target)
    back = backwards(pieces, ratings)
    again = backwards(back, ratings)
    for name in ("rows", "items", "mask", "users"):
        assert torch.equal(getattr(again, name), getattr(pieces, name))
    for row, row_back in zip(pieces.rows, back.rows, strict=True):
        n = (row >= 0).sum()
        assert torch.equal(row_back[:n], row[:n].flip(0))
        assert (row_back[n:] == -1).all()
    # A step hears what the piece asks after it, and the last one nothing.
    assert (back.past_rows[:, :1] == -1).all()
    asked = back.rows[:, 1:]
    heard = torch.where(asked < 0, -1, back.rows[:, :-1])
    assert torch.equal(back.past_rows[:, 1:], heard)


@given(cut=cuts(), data=st.data(), apart=st.booleans())
def test_a_mirror_brings_each_value_to_the_step_that_asks_for_the_same(
    cut, data, apart
):
    ratings, how = cut
    is_target = drawn_flags(data, ratings)
    assume(is_target.any())
    if apart:
        before, after = apart_from_both_sides(
            ratings, is_target, how["n_steps"], how["seed"]
        )
    else:
        before = cut_histories(ratings, **how, is_target=is_target)
        after = backwards(before, ratings)
    for one, other in ((before, after), (after, before)):
        brought = other.rows.gather(1, mirror(one, other))
        assert torch.equal(brought[one.mask], one.rows[one.mask])
        assert not mirror(one, other)[~one.mask].any()


def test_readings_of_different_ratings_are_not_mirrored():
    pieces = cut_histories(SMALL, n_steps=3, seed=0)
    is_target = torch.tensor([True, False, True, True, False])
    fewer = cut_histories(SMALL, n_steps=3, seed=0, is_target=is_target)
    with pytest.raises(ValueError, match="2 and 2 sequences ask for diff"):
        mirror(pieces, fewer)
    other = ask_apart(SMALL, ~is_target, n_steps=3, seed=0)
    with pytest.raises(ValueError, match="two readings of the same ones"):
        mirror(ask_apart(SMALL, is_target, n_steps=3, seed=0), other)


# Each target apart -----------------------------------------------------------

# In order of time: user 0 rates items 0 to 4; user 1 rates items 1, then 0.
ROWS_APART = [
    (0, 3, 4.0, 40),
    (1, 0, 3.0, 15),
    (0, 0, 1.0, 10),
    (0, 2, 3.0, 30),
    (0, 1, 2.0, 20),
    (1, 1, 2.0, 5),
    (0, 4, 5.0, 50),
]
APART = rated(*ROWS_APART)
# User 0's items 1 and 3, user 1's item 0.
APART_TARGETS = torch.tensor([True, True, False, False, True, False, False])


def apart_from_both_sides(ratings, is_target, n_steps, seed):
    return (
        ask_apart(ratings, is_target, n_steps, seed=seed, side=side)
        for side in ("before", "after")
    )


def heard_by(sequences):
    """List for each target the rows that its sequence hears, in order."""
    assert sequences.mask.sum(dim=1).tolist() == [1] * len(sequences)
    heard = {}
    for rows, mask, past_rows in zip(
        sequences.rows.tolist(),
        sequences.mask.tolist(),
        sequences.past_rows.tolist(),
        strict=True,
    ):
        place = mask.index(True)
        assert set(rows[place + 1 :]) <= {-1}
        # What is heard is each time the step before.
        assert past_rows[: place + 1] == [-1, *rows[:place]]
        assert set(past_rows[place + 1 :]) <= {-1}
        heard[rows[place]] = rows[:place]
    return heard


def test_targets_apart_by_hand():
    before, after = apart_from_both_sides(APART, APART_TARGETS, 3, seed=0)
    none = 5  # there are five items
    for side in (before, after):
        assert side.users.tolist() == [0, 1, 0]
    assert before.items.tolist() == [[0, 2, 3], [1, 0, none], [0, 1, none]]
    assert before.past_items.tolist() == [
        [none, 0, 2],
        [none, 1, none],
        [none, 0, none],
    ]
    assert before.rows.tolist() == [[2, 3, 0], [5, 1, -1], [2, 4, -1]]
    assert before.past_rows.tolist() == [[-1, 2, 3], [-1, 5, -1], [-1, 2, -1]]
    assert before.mask.int().tolist() == [[0, 0, 1], [0, 1, 0], [0, 1, 0]]
    # The other side comes from the newest back; user 1 has nothing there.
    assert after.items.tolist() == [[4, 3, none], [0, none, none], [4, 2, 1]]
    assert after.past_items.tolist() == [
        [none, 4, none],
        [none] * 3,
        [none, 4, 2],
    ]
    assert after.rows.tolist() == [[6, 0, -1], [1, -1, -1], [6, 3, 4]]
    assert after.past_rows.tolist() == [[-1, 6, -1], [-1] * 3, [-1, 6, 3]]
    assert after.mask.int().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert mirror(before, after).tolist() == [[0, 0, 1], [0, 0, 0], [0, 2, 0]]
    stars = before.to_rows(before.now(APART.ratings))
    assert stars.tolist() == [4, 3, 2]


def test_short_sequences_apart_hear_the_nearest_by_hand():
    before, after = apart_from_both_sides(APART, APART_TARGETS, 2, seed=0)
    assert before.items.tolist() == [[2, 3], [1, 0], [0, 1]]
    assert after.items.tolist() == [[4, 3], [0, 5], [2, 1]]
    for side in apart_from_both_sides(APART, APART_TARGETS, 1, seed=0):
        assert side.items.tolist() == [[3], [0], [1]]
        assert side.past_items.tolist() == [[5], [5], [5]]


@given(cut=cuts(), data=st.data())
def test_two_sides_together_hear_all_others_of_the_user_once_and_no_target(
    cut, data
):
    ratings, how = cut
    is_target = drawn_flags(data, ratings)
    before, after = apart_from_both_sides(ratings, is_target, 11, how["seed"])
    earlier, later = heard_by(before), heard_by(after)
    targets = is_target.nonzero().squeeze(1).tolist()
    assert list(earlier) == list(later) == targets
    users, times = ratings.users.tolist(), ratings.timestamps.tolist()
    assert before.users.tolist() == [users[row] for row in targets]
    assert torch.equal(before.users, after.users)
    for target in targets:
        others = [
            row
            for row, user in enumerate(users)
            if user == users[target] and not is_target[row]
        ]
        assert sorted(earlier[target] + later[target]) == others
        # Both come nearer and nearer, and neither goes past the target.
        for heard, far_to_near in ((earlier, 1), (later, -1)):
            passed = [far_to_near * times[row] for row in heard[target]]
            passed.append(far_to_near * times[target])
            assert passed == sorted(passed)
        ties = {row for row in others if times[row] == times[target]}
        assert len(ties & set(earlier[target])) == len(ties) // 2


@given(cut=cuts(), data=st.data())
def test_short_sequences_hear_the_end_of_what_long_ones_hear(cut, data):
    ratings, how = cut
    is_target = drawn_flags(data, ratings)
    n_steps, seed = how["n_steps"], how["seed"]
    long = apart_from_both_sides(ratings, is_target, 11, seed)
    short = apart_from_both_sides(ratings, is_target, n_steps, seed)
    for one, other in zip(long, short, strict=True):
        assert other.rows.shape == (is_target.sum(), n_steps)
        expected = {
            target: heard[max(len(heard) - (n_steps - 1), 0) :]
            for target, heard in heard_by(one).items()
        }
        assert heard_by(other) == expected


@pytest.mark.parametrize(("n_ties", "n_earlier"), [(1, 0), (4, 2), (5, 2)])
def test_one_half_of_a_tie_counts_as_before_and_one_half_as_after(
    n_ties, n_earlier
):
    ratings = rated(
        (0, 50, 3.0, 6),
        *((0, item, 3.0, 7) for item in range(n_ties + 1)),
        (0, 51, 3.0, 8),
        (1, 50, 3.0, 7),
    )
    is_target = torch.arange(len(ratings)) == 1
    halves = []
    for seed in range(20):
        before, after = apart_from_both_sides(ratings, is_target, 9, seed)
        earlier, later = heard_by(before)[1], heard_by(after)[1]
        assert earlier[0] == 0 and later[0] == n_ties + 2
        assert len(earlier) == 1 + n_earlier
        assert sorted(earlier + later) == [0, *range(2, n_ties + 3)]
        halves.append(tuple(earlier))
    # Which half is which is drawn: a place in the file tells nothing.
    assert len(set(halves)) > 1 or n_earlier == 0
    before, _ = apart_from_both_sides(ratings, is_target, 9, seed=19)
    assert tuple(heard_by(before)[1]) == halves[19]


def test_targets_alone_hear_nothing():
    is_target = torch.ones(len(APART), dtype=torch.bool)
    for side in apart_from_both_sides(APART, is_target, 3, seed=0):
        assert side.rows[:, 0].tolist() == list(range(7))
        assert (side.rows[:, 1:] == -1).all()
        assert (side.past_rows == -1).all()


def test_without_a_target_nothing_is_asked():
    is_target = torch.zeros(len(APART), dtype=torch.bool)
    for side in apart_from_both_sides(APART, is_target, 3, seed=0):
        assert len(side) == 0 and side.rows.shape == (0, 3)


# Inputs of a model -----------------------------------------------------------


def test_inputs_of_an_lstm_by_hand():
    before, after = apart_from_both_sides(APART, APART_TARGETS, 3, seed=0)
    base = torch.tensor([3.0, 3.5, 2.0, 2.5, 1.0, 1.5, 4.0])
    surprises = torch.where(APART_TARGETS, torch.nan, APART.ratings - base)
    past = lstm_inputs(before, base, surprises)
    assert len(past) == 4
    items, bases, past_items, past_surprises = past
    assert torch.equal(items, before.items)
    assert bases.tolist() == [[2, 2.5, 3], [1.5, 3.5, 0], [2, 1, 0]]
    assert torch.equal(past_items, before.past_items)
    assert past_surprises.tolist() == [[0, -1, 0.5], [0, 0.5, 0], [0, -1, 0]]
    both = lstm_inputs(before, base, surprises, after)
    assert len(both) == 8
    for one, other in zip(past, both[:4], strict=True):
        assert torch.equal(one, other)
    items_back, next_items, next_surprises, places = both[4:]
    assert torch.equal(items_back, after.items)
    assert torch.equal(next_items, after.past_items)
    assert next_surprises.tolist() == [[0, 1, 0], [0, 0, 0], [0, 1, 0.5]]
    assert torch.equal(places, mirror(before, after))


# Planted leaks ---------------------------------------------------------------


@given(cut=cuts(), data=st.data())
def test_a_rating_never_sees_itself_or_what_comes_after_it(cut, data):
    ratings, how = cut
    row = data.draw(st.integers(0, len(ratings) - 1))
    model = all_ears(LSTMRating, ratings.n_items)

    def one_step_ahead(ratings):
        parts = cut_histories(ratings, **how)
        base = base_of(ratings)
        inputs = lstm_inputs(parts, base, ratings.ratings - base)
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


@given(cut=cuts(), data=st.data())
def test_who_hears_both_sides_hears_all_of_a_piece_but_the_rating_itself(
    cut, data
):
    ratings, how = cut
    row = data.draw(st.integers(0, len(ratings) - 1))
    model = all_ears(BothSides, ratings.n_items)
    pieces = cut_histories(ratings, n_steps=how["n_steps"], seed=how["seed"])
    back = backwards(pieces, ratings)

    def answers(stars):
        base = base_of(ratings)
        inputs = lstm_inputs(pieces, base, stars - base, back)
        return pieces.to_rows(predict(model, inputs))

    changed = ratings.ratings.clone()
    changed[row] = 6.5 - changed[row]
    moved = answers(changed) != answers(ratings.ratings)
    assert not moved[row]
    # Its neighbours have heard it, each from its side, and nobody else's.
    piece, step = (pieces.rows == row).nonzero()[0].tolist()
    around = pieces.rows[piece, max(step - 1, 0) : step + 2]
    around = {near for near in around.tolist() if near >= 0} - {row}
    moved = set(moved.nonzero().squeeze(1).tolist())
    assert around <= moved
    users = ratings.users.tolist()
    assert {users[other] for other in moved} <= {users[row]}


def what_is_told(ratings, is_target, how, side):
    """List what is heard for each target, by what it is and not by row."""
    everything = list(
        zip(
            ratings.users.tolist(),
            ratings.items.tolist(),
            ratings.ratings.tolist(),
            ratings.timestamps.tolist(),
            strict=True,
        )
    )
    sequences = ask_apart(
        ratings, is_target, how["n_steps"], seed=how["seed"], side=side
    )
    return {
        everything[target][:2]: [everything[row] for row in rows]
        for target, rows in heard_by(sequences).items()
    }


def what_is_answered(ratings, is_target, how, kind):
    """Predict each target apart: (user, item) to stars."""
    if not is_target.any():
        return {}
    before, after = readings(
        kind,
        *apart_from_both_sides(
            ratings, is_target, how["n_steps"], how["seed"]
        ),
    )
    base = base_of(ratings)
    inputs = lstm_inputs(before, base, ratings.ratings - base, after)
    stars = before.to_rows(predict(all_ears(kind, ratings.n_items), inputs))
    pairs = zip(
        ratings.users[is_target].tolist(),
        ratings.items[is_target].tolist(),
        strict=True,
    )
    return dict(zip(pairs, stars.tolist(), strict=True))


@given(
    cut=cuts(),
    data=st.data(),
    change=st.sampled_from(["remove", "rating", "earlier", "later", "time"]),
)
def test_a_planted_target_reaches_no_other_target(cut, data, change):
    ratings, how = cut
    how["n_steps"] += data.draw(st.sampled_from([0, 6]))
    is_target = drawn_flags(data, ratings)
    row = data.draw(st.integers(0, len(ratings) - 1))
    is_target[row] = True
    changed = ratings.select(torch.arange(len(ratings)))
    flags = is_target
    if change == "remove":
        kept = torch.arange(len(ratings)) != row
        changed, flags = ratings.select(kept), is_target[kept]
    elif change == "rating":
        changed.ratings[row] = 6.5 - changed.ratings[row]
    else:
        times = {"earlier": -1, "later": 99, "time": 2}
        changed.timestamps[row] = times[change]

    planted = (ratings.users[row].item(), ratings.items[row].item())
    for side in ("before", "after"):
        told, told_now = (
            what_is_told(*parts, how, side)
            for parts in ((ratings, is_target), (changed, flags))
        )
        told.pop(planted)
        told_now.pop(planted, None)
        assert told == told_now
    for kind in (LSTMRating, BothSides):
        answered, answered_now = (
            what_is_answered(*parts, how, kind)
            for parts in ((ratings, is_target), (changed, flags))
        )
        own = answered.pop(planted)
        own_now = answered_now.pop(planted, None)
        assert answered.keys() == answered_now.keys()
        for pair, stars in answered.items():
            assert stars == pytest.approx(answered_now[pair], abs=1e-5)
        if change == "rating":  # nor does it reach its own prediction
            assert own == own_now


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_planted_target_does_not_even_shuffle_what_another_one_hears(side):
    # All in one second, by two users: the order is drawn, and must be drawn
    # the same whether the target of the second row is there or not.
    ratings = rated(
        *(
            (user, item, 1.0 + item % 5, 7)
            for item in range(12)
            for user in "ab"
        )
    )
    is_target = torch.arange(24) < 2
    for seed in range(10):
        how = {"n_steps": 12, "seed": seed}
        told = what_is_told(ratings, is_target, how, side)
        for row in (0, 1):
            kept = torch.arange(24) != row
            parts = ratings.select(kept), is_target[kept]
            ((pair, alone),) = what_is_told(*parts, how, side).items()
            assert told[pair] == alone and len(alone) >= 5


def test_a_rating_that_may_be_heard_does_reach_the_targets():
    # Or the test above would pass whatever is planted.
    how = {"n_steps": 3, "seed": 0}
    changed = APART.select(torch.arange(len(APART)))
    changed.ratings[3] = 1.0  # user 0's item 2, between two targets
    for kind, reached in ((LSTMRating, {(0, 3)}), (BothSides, {(0, 1)})):
        before, after = (
            what_is_answered(ratings, APART_TARGETS, how, kind)
            for ratings in (APART, changed)
        )
        moved = {pair for pair in before if before[pair] != after[pair]}
        assert reached <= moved <= {(0, 1), (0, 3)}


def answers_to_secrets(kind, before, after, is_secret):
    """Predict what is asked of APART, where NaN stands for some ratings."""
    before, after = readings(kind, before, after)
    base = base_of(APART)
    surprises = torch.where(is_secret, torch.nan, APART.ratings - base)
    inputs = lstm_inputs(before, base, surprises, after)
    model = all_ears(kind, APART.n_items)
    return before.to_rows(predict(model, inputs))


@given(cut=cuts(), data=st.data())
def test_what_nobody_may_hear_reaches_no_prediction(cut, data):
    ratings, how = cut
    is_target = drawn_flags(data, ratings)
    assume(is_target.any())
    base = base_of(ratings)
    surprises = torch.where(is_target, torch.nan, ratings.ratings - base)
    before, after = apart_from_both_sides(
        ratings, is_target, how["n_steps"], how["seed"]
    )
    for kind in (LSTMRating, BothSides):
        one, other = readings(kind, before, after)
        inputs = lstm_inputs(one, base, surprises, other)
        predictions = predict(all_ears(kind, ratings.n_items), inputs)
        assert torch.isfinite(predictions[one.mask]).all()


def test_nan_shows_a_target_that_is_heard():
    # Honest: every target is asked apart from the others.
    honest = tuple(apart_from_both_sides(APART, APART_TARGETS, 5, seed=0))
    for kind in (LSTMRating, BothSides):
        stars = answers_to_secrets(kind, *honest, APART_TARGETS)
        assert torch.isfinite(stars).all()

    # A leak: in pieces, the targets stand among what is heard. Of the
    # targets, by row: item 3 of user 0, item 0 of user 1, item 1 of user 0.
    pieces = cut_histories(APART, 5, seed=0, is_target=APART_TARGETS)
    leaky = pieces, backwards(pieces, APART)
    for kind, spoilt in (
        (LSTMRating, [True, False, False]),
        (BothSides, [True, False, True]),
    ):
        stars = answers_to_secrets(kind, *leaky, APART_TARGETS)
        assert stars.isnan().tolist() == spoilt

    # A leak: one of the targets is not named, and is heard by the others.
    named = APART_TARGETS.clone()
    named[0] = False
    leaky = tuple(apart_from_both_sides(APART, named, 5, seed=0))
    for kind, spoilt in (
        (LSTMRating, [False, False]),
        (BothSides, [False, True]),
    ):
        stars = answers_to_secrets(kind, *leaky, APART_TARGETS)
        assert stars.isnan().tolist() == spoilt


# What is refused -------------------------------------------------------------


@pytest.mark.parametrize("n_context", [-1, 3, 4])
def test_a_context_as_long_as_the_piece_is_refused(n_context):
    with pytest.raises(ValueError, match=f"n_context is {n_context}"):
        cut_histories(SMALL, n_steps=3, seed=0, n_context=n_context)


def test_targets_of_another_length_are_refused():
    is_target = torch.ones(3, dtype=torch.bool)
    said = r"shape \(3,\).*one flag a rating, \(5,\)"
    with pytest.raises(ValueError, match=said):
        cut_histories(SMALL, n_steps=3, seed=0, is_target=is_target)
    with pytest.raises(ValueError, match=said):
        ask_apart(SMALL, is_target, n_steps=3, seed=0)


def test_targets_that_are_no_flags_are_refused():
    is_target = torch.ones(5, dtype=torch.int64)
    with pytest.raises(ValueError, match="int64"):
        cut_histories(SMALL, n_steps=3, seed=0, is_target=is_target)
    with pytest.raises(ValueError, match="int64"):
        ask_apart(SMALL, is_target, n_steps=3, seed=0)


@pytest.mark.parametrize(
    ("n_steps", "side", "said"),
    [
        (0, "before", "n_steps is 0; give a whole number"),
        (-2, "after", "n_steps is -2"),
        (3, "both", "side is 'both'; give 'before' or 'after'"),
    ],
)
def test_a_side_that_is_none_or_no_step_is_refused(n_steps, side, said):
    is_target = torch.ones(5, dtype=torch.bool)
    with pytest.raises(ValueError, match=said):
        ask_apart(SMALL, is_target, n_steps, seed=0, side=side)


def test_histories_need_timestamps():
    ratings = rated((1, 1, 3.0), (1, 2, 3.0))
    with pytest.raises(RatingsError, match="timestamp"):
        cut_histories(ratings, n_steps=3, seed=0)
    for flags in ([True, False], [True, True], [False, False]):
        with pytest.raises(RatingsError, match="timestamp"):
            ask_apart(ratings, torch.tensor(flags), n_steps=3, seed=0)


def test_two_readings_of_other_sequences_are_refused():
    flags = torch.tensor([True, False, False, True, True])
    cut = cut_histories(SMALL, n_steps=4, seed=0, is_target=flags)
    apart = ask_apart(SMALL, flags, 4, seed=0, side="after")
    with pytest.raises(ValueError, match="two readings of the same ones"):
        mirror(cut, apart)


def test_nothing_asked_has_a_mirror_with_nothing_in_it():
    nobody = torch.zeros(5, dtype=torch.bool)
    before, after = (
        ask_apart(SMALL, nobody, 4, seed=0, side=side)
        for side in ("before", "after")
    )
    assert mirror(before, after).shape == (0, 4)


def test_flags_laid_out_stay_flags():
    sequences = cut_histories(SMALL, n_steps=3, seed=0)
    flags = sequences.now(torch.ones(5, dtype=torch.bool))
    assert torch.equal(flags, sequences.mask)


def test_no_ratings_make_no_sequences():
    nothing = SMALL.select(torch.zeros(5, dtype=torch.bool))
    sequences = cut_histories(nothing, n_steps=3, seed=0)
    assert len(sequences) == 0 and sequences.items.shape == (0, 3)
