import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recslib.evaluation import judge_lists
from recslib.lists import (
    Audience,
    Heard,
    averaged,
    ease,
    first_ratings,
    fit_ials,
    fit_list_autoencoder,
    fit_list_factorization,
    fit_list_lstm,
    hear,
    hear_all,
    hear_half,
    hear_person,
    hear_some,
    ials_rows,
    item_neighbours,
    known_people,
    or_popular,
    popularity,
    softmax_loss,
    standardized,
    strangers,
)
from recslib.models import ListAutoencoder, ListLSTM
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.splits import Split, random_split, whole_users

COLUMNS = ["user", "item", "rating", "timestamp"]


def rated(*rows, scale=(1, 5)):
    """Make ratings; name each id from 0 on, so that ids are row indexes."""
    frame = pd.DataFrame(rows, columns=COLUMNS[: len(rows[0])])
    return from_frame(frame, scale=scale)


def parted(ratings, n_train):
    """Train on the first rows, test on the rest."""
    rows = torch.arange(len(ratings))
    return Split(
        ratings.select(rows < n_train), ratings.select(rows >= n_train)
    )


def some_split(seed=0):
    return random_split(synthetic(seed=seed).ratings, seed=seed)


def some_strangers():
    return whole_users(synthetic().ratings, n_folds=3)[0]


# What is heard ---------------------------------------------------------------

FOUR = rated((0, 0, 5), (0, 2, 1), (1, 1, 4), (2, 2, 3), (3, 0, 3.5))


def test_likes_and_dislikes_are_two_tables_by_hand():
    heard = hear(FOUR)
    assert len(heard) == 4
    assert heard.liked.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0]]
    assert heard.disliked.tolist() == [
        [0, 0, 1],
        [0, 0, 0],
        [0, 0, 1],
        [1, 0, 0],
    ]
    assert heard.rated[0].tolist() == [1, 0, 1]
    assert heard.both[0].tolist() == [1, 0, 0, 0, 0, 1]
    assert heard.liked.dtype == heard.rated.dtype == torch.float32


def test_people_are_heard_in_the_order_in_which_they_are_named():
    everybody = hear(FOUR)
    order = torch.tensor([3, 0, 2])
    heard = hear(FOUR, order)
    assert torch.equal(heard.liked, everybody.liked[order])
    assert torch.equal(heard.disliked, everybody.disliked[order])


def test_who_rated_nothing_is_a_row_of_zeros():
    first = hear(FOUR.select(torch.tensor([0])))
    assert first.liked.shape == (4, 3)
    assert first.rated.sum(dim=1).tolist() == [1, 0, 0, 0]
    nobody = hear(FOUR, torch.tensor([], dtype=torch.int64))
    assert len(nobody) == 0 and nobody.both.shape == (0, 6)


@pytest.mark.parametrize("users", [[0, -1], [4], [2, 1, 2]])
def test_people_who_are_none_of_the_ratings_or_named_twice_are_refused(users):
    with pytest.raises(ValueError, match="from 0 to 3"):
        hear(FOUR, torch.tensor(users))


@pytest.mark.parametrize("liked", [math.nan, math.inf])
@pytest.mark.parametrize(
    "ask",
    [
        partial(hear, FOUR),
        partial(hear_person, torch.tensor([1]), torch.tensor([4.0]), 3),
        partial(popularity, FOUR),
        partial(first_ratings, FOUR, 2, order="items"),
    ],
    ids=["hear", "hear_person", "popularity", "first_ratings"],
)
def test_liked_from_no_number_on_is_refused(ask, liked):
    with pytest.raises(ValueError, match=rf"liked is {liked}; give a finite"):
        ask(liked=liked)


def test_one_person_is_heard_by_hand_and_may_say_nothing():
    items, stars = torch.tensor([2, 0, 1]), torch.tensor([4.0, 1.0, 3.5])
    heard = hear_person(items, stars, 4)
    assert heard.liked.tolist() == [[0, 0, 1, 0]]
    assert heard.disliked.tolist() == [[1, 1, 0, 0]]
    silent = hear_person(items[:0], stars[:0], 4)
    assert len(silent) == 1 and silent.both.tolist() == [[0] * 8]


@pytest.mark.parametrize(
    ("items", "stars", "said"),
    [
        ([1], [4.0, 2.0], r"items of \(1,\) and stars of \(2,\)"),
        ([4], [5.0], "row index 4, .*from 0 to 3"),
        ([-1], [5.0], "row index -1, .*from 0 to 3"),
        ([2, 2], [5.0, 1.0], "from 0 to 3, each once"),
    ],
    ids=["fewer", "too high", "too low", "twice"],
)
def test_a_person_who_names_no_film_or_one_twice_is_refused(
    items, stars, said
):
    with pytest.raises(ValueError, match=said):
        hear_person(torch.tensor(items), torch.tensor(stars), 4)


@pytest.mark.parametrize(
    ("stars", "liked", "expected"),
    [
        ([0.0, 1.0, 1.0], 1.0, [0, 1, 1]),
        ([-10.0, -0.5, 9.75], 0.0, [0, 0, 1]),
        ([0.5, 3.5, 4.0], 3.5, [0, 1, 1]),
    ],
    ids=["clicks", "jokes", "half stars"],
)
def test_what_is_liked_can_be_said_for_any_scale(stars, liked, expected):
    rows = [(0, item, given) for item, given in enumerate(stars)]
    ratings = rated(*rows, scale=(min(stars), max(stars)))
    heard = hear(ratings, liked=liked)
    assert heard.liked[0].tolist() == expected
    assert heard.disliked[0].tolist() == [1 - told for told in expected]


# People of the training part -------------------------------------------------

# In the test part user 0 likes film 2; user 1 likes nothing; user 2, whom
# nobody trained on, likes films 0 and 3; user 3 is not in it.
KNOWN = parted(
    rated(
        *[(0, 0, 5), (0, 1, 1), (1, 0, 5), (3, 1, 4)],
        *[(0, 2, 4), (0, 3, 3), (1, 2, 2), (2, 0, 5), (2, 3, 4)],
    ),
    n_train=4,
)


def test_people_of_the_training_part_are_served_by_hand():
    audience = known_people(KNOWN)
    assert audience.users.tolist() == [0, 2] and len(audience) == 2
    assert audience.heard.liked.tolist() == [[1, 0, 0, 0], [0, 0, 0, 0]]
    assert audience.heard.disliked.tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]
    assert audience.seen.tolist() == [[True, True, False, False], [False] * 4]
    assert audience.wanted.tolist() == [
        [False, False, True, False],
        [True, False, False, True],
    ]


def test_all_that_they_rated_next_can_be_a_hit():
    audience = known_people(KNOWN, any_rated=True)
    assert audience.users.tolist() == [0, 1, 2]
    assert audience.wanted.nonzero().tolist() == [
        [0, 2],
        [0, 3],
        [1, 2],
        [2, 0],
        [2, 3],
    ]


def test_who_likes_from_fewer_stars_on_has_more_to_find():
    audience = known_people(KNOWN, liked=3.0)
    assert audience.wanted.sum(dim=1).tolist() == [2, 2]
    assert known_people(KNOWN, liked=5.0).users.tolist() == [2]


def test_nobody_who_has_something_to_find_is_refused():
    with pytest.raises(RatingsError, match="has 6 stars or more"):
        known_people(KNOWN, liked=6.0)
    with pytest.raises(RatingsError, match="nobody has something to find"):
        strangers(some_strangers(), 10_000)


def everything(audience: Audience, ratings) -> None:
    """See that nobody wants what was heard, and all is somebody's rating."""
    assert not (audience.wanted & audience.seen).any()
    assert audience.wanted.any(dim=1).all()
    assert audience.wanted.dtype == audience.seen.dtype == torch.bool
    everybody = hear(ratings, audience.users)
    told = audience.seen | audience.wanted
    assert not (told & (everybody.rated == 0)).any()
    # Of what they liked, all is heard or wanted.
    assert torch.equal(told & (everybody.liked > 0), everybody.liked > 0)
    assert not (audience.wanted & (everybody.liked == 0)).any()


@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_heard_to_say_what_they_are_to_find(seed):
    ratings = synthetic(seed=seed).ratings
    everything(known_people(some_split(seed)), ratings)
    split = whole_users(ratings, n_folds=3, seed=seed)[0]
    for n_heard in (0, 1, 10):
        for order in ("random", "time"):
            served = strangers(split, n_heard, order=order, seed=seed)
            everything(served, ratings)
            assert served.seen.sum(dim=1).max() == n_heard


# Strangers -------------------------------------------------------------------

# User 0 trains. User 1 rates 3, 1, 2, 0 in time; user 2 rates 0 and then 3.
STRANGERS = parted(
    rated(
        *[(0, item, 4, 9) for item in range(4)],
        *[(1, 0, 5, 40), (1, 1, 2, 20), (1, 2, 4, 30), (1, 3, 5, 10)],
        *[(2, 3, 3, 60), (2, 0, 5, 50)],
    ),
    n_train=4,
)


def test_strangers_say_what_they_rated_first_by_hand():
    audience = strangers(STRANGERS, 2, order="time")
    # User 2 has said all.
    assert audience.users.tolist() == [1]
    assert audience.heard.liked.tolist() == [[0, 0, 0, 1]]
    assert audience.heard.disliked.tolist() == [[0, 1, 0, 0]]
    assert audience.wanted.tolist() == [[True, False, True, False]]
    one = strangers(STRANGERS, 1, order="time")
    # What user 2 rates next, they do not like.
    assert one.users.tolist() == [1]


def test_at_a_first_visit_nothing_is_heard_and_every_like_is_wanted():
    for order in ("random", "time"):
        audience = strangers(STRANGERS, 0, order=order)
        assert audience.users.tolist() == [1, 2]
        assert not audience.heard.both.any() and not audience.seen.any()
        assert audience.wanted.tolist() == [
            [True, False, True, True],
            [True, False, False, False],
        ]


def test_random_strangers_say_as_much_as_is_asked_for_and_another_seed_else():
    split = some_strangers()
    one, again, other = (strangers(split, 5, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.seen, again.seen)
    shared = torch.isin(one.users, other.users)
    assert shared.any()
    others = torch.isin(other.users, one.users)
    assert not torch.equal(one.seen[shared], other.seen[others])
    assert (one.seen.sum(dim=1) == 5).all()


def test_which_of_the_ratings_is_heard_is_left_to_chance():
    # Of 3 in 10, each is heard in 300 of 1,000 draws, sd 14.5.
    rows = [(0, item, 5) for item in range(10)]
    split = parted(rated((1, 0, 5), *rows), n_train=1)
    times = sum(
        strangers(split, 3, seed=seed).seen[0].int() for seed in range(1_000)
    )
    assert times.sum() == 3_000
    assert times.min() > 300 - 5 * 14.5 and times.max() < 300 + 5 * 14.5


def test_ratings_of_one_second_are_heard_in_an_order_of_the_seed():
    split = parted(
        rated((1, 0, 5, 0), *((0, item, 5, 7) for item in range(6))), n_train=1
    )
    heard = {
        tuple(strangers(split, 1, order="time", seed=seed).seen[0].tolist())
        for seed in range(60)
    }
    # With all alike, 60 draws of six miss one of them once in 9,000 seeds.
    assert len(heard) == 6


def test_strangers_who_cannot_be_are_refused():
    with pytest.raises(ValueError, match="n_heard is -1; give a whole"):
        strangers(STRANGERS, -1)
    with pytest.raises(ValueError, match="'newest'; give 'random' or"):
        strangers(STRANGERS, 1, order="newest")
    with pytest.raises(RatingsError, match="2 people of the test part are in"):
        strangers(KNOWN)
    untimed = parted(rated((0, 0, 5), (1, 0, 5), (1, 1, 5)), n_train=1)
    assert len(strangers(untimed, 1)) == 1
    with pytest.raises(RatingsError, match="timestamp"):
        strangers(untimed, 1, order="time")


# First ratings ---------------------------------------------------------------


def test_first_ratings_come_in_three_orders_and_are_padded_by_hand():
    ratings = STRANGERS.test
    users, items, liked = first_ratings(ratings, 3)
    assert users.tolist() == [1, 2]
    assert items.tolist() == [[3, 1, 2], [0, 3, 4]]
    assert liked.tolist() == [[1, 0, 1], [1, 0, 0]]
    _, items, liked = first_ratings(ratings, 3, order="items", liked=5)
    assert items.tolist() == [[0, 1, 2], [0, 3, 4]]
    assert liked.tolist() == [[1, 0, 0], [1, 0, 0]]
    # More steps than anybody has: all ratings, whatever the order.
    _, items, _ = first_ratings(ratings, 6, order="random")
    assert items.sort(dim=1).values.tolist() == [
        [0, 1, 2, 3, 4, 4],
        [0, 3, 4, 4, 4, 4],
    ]
    assert (items[0, 4:] == 4).all() and (items[1, 2:] == 4).all()


def test_a_seed_gives_the_same_random_order_again_and_another_does_not():
    ratings = synthetic().ratings
    one, again, other = (
        first_ratings(ratings, 10, order="random", seed=seed)[1]
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_likes_stand_beside_the_films_they_belong_to():
    ratings = synthetic().ratings
    stars = torch.zeros(60, 80)
    stars[ratings.users, ratings.items] = ratings.ratings
    for order in ("time", "random", "items"):
        users, items, liked = first_ratings(ratings, 20, order=order)
        there = items < 80
        rows = users[:, None].expand_as(items)[there]
        assert torch.equal(stars[rows, items[there]] >= 4, liked[there] == 1)
        assert not liked[~there].any()


def test_first_ratings_that_cannot_be_had_are_refused():
    with pytest.raises(ValueError, match="n_steps is 0; give a whole num"):
        first_ratings(STRANGERS.test, 0)
    with pytest.raises(ValueError, match="'titles'; give 'time', 'random'"):
        first_ratings(STRANGERS.test, 3, order="titles")
    with pytest.raises(RatingsError, match="timestamp"):
        first_ratings(FOUR, 3)
    users, items, _ = first_ratings(FOUR, 3, order="items")
    assert items[0].tolist() == [0, 2, 3] and len(users) == 4


# Popular, neighbours, EASE ---------------------------------------------------


def test_popular_is_what_many_rated_or_many_liked_by_hand():
    ratings = rated((0, 0, 1), (1, 0, 2), (2, 0, 5), (0, 1, 5), (1, 1, 4))
    assert popularity(ratings).tolist() == [3, 2]
    assert popularity(ratings, liked=4).tolist() == [1, 2]
    assert popularity(ratings, liked=6).tolist() == [0, 0]


def test_neighbours_of_items_by_hand():
    table = torch.tensor(
        [[1.0, 1.0, 0.0, 1.0], [1.0, 1.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]
    )
    # How many have both over the root of the product of how many have each;
    # then n / (n + 1), where n have both.
    first = 2 / math.sqrt(3 * 2) * 2 / 3
    to_third = 1 / math.sqrt(3) / 2
    second = 1 / math.sqrt(2) / 2
    weights = item_neighbours(table, 1, shrinkage=1.0)
    expected = torch.tensor(
        [
            [0, first, 0, 0],
            [first, 0, second, second],
            [0, 0, 0, 0],
            [0, 0, 0, 0],
        ]
    )
    assert torch.allclose(weights, expected)
    expected[0, 2:] = to_third
    two = item_neighbours(table, 2, shrinkage=1.0)
    assert torch.allclose(two[:, 2:], expected[:, 2:])
    # Nobody has both of the last two; so many neighbours are not there.
    expected[2:, 0], expected[2:, 1] = to_third, second
    for n_neighbours in (3, 4, 99):
        every = item_neighbours(table, n_neighbours, shrinkage=1.0)
        assert torch.allclose(every, expected)


def test_a_film_that_nobody_has_is_nobodys_neighbour():
    table = torch.tensor([[1.0, 0.0, 1.0], [1.0, 0.0, 1.0]])
    for shrinkage in (0.0, 10.0):
        weights = item_neighbours(table, shrinkage=shrinkage)
        assert not weights[1].any() and not weights[:, 1].any()
        assert weights.isfinite().all() and weights[0, 2] > 0
    assert item_neighbours(table, shrinkage=0)[0, 2].item() == pytest.approx(1)


def test_neighbours_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="n_neighbours is 0"):
        item_neighbours(torch.ones(2, 2), 0)
    with pytest.raises(ValueError, match="shrinkage is -1"):
        item_neighbours(torch.ones(2, 2), shrinkage=-1)


def coins(n_people, n_items, share=0.3, seed=0):
    """Toss for each cell of a table: (n_people, n_items) of 0 and 1."""
    generator = torch.Generator().manual_seed(seed)
    tossed = torch.rand(n_people, n_items, generator=generator)
    return (tossed < share).float()


@pytest.mark.parametrize("l2", [0.1, 3.0, 200.0])
def test_ease_is_the_ridge_regression_of_each_column_on_the_others(l2):
    heard = coins(40, 12)
    weights = ease(heard, l2).numpy()
    table = heard.double().numpy()
    for column in range(12):
        others = np.arange(12) != column
        # Ridge as least squares with rows of sqrt(l2) I below.
        design = np.vstack([table[:, others], l2**0.5 * np.eye(11)])
        target = np.append(table[:, column], np.zeros(11))
        expected = np.linalg.lstsq(design, target)[0]
        assert np.allclose(weights[others, column], expected, atol=1e-6)
        assert weights[column, column] == 0


def test_ease_predicts_the_first_columns_alone_where_that_is_asked():
    heard = Heard(coins(40, 8, seed=1), coins(40, 8, seed=2))
    every = ease(heard.both, 2.0)
    likes = ease(heard.both, 2.0, n_targets=8)
    assert every.shape == (16, 16) and likes.shape == (16, 8)
    assert torch.equal(likes, every[:, :8])
    assert (heard.both @ likes).shape == heard.liked.shape


def test_more_people_than_are_added_up_at_once_are_one_table():
    heard = coins(9_000, 6)
    gram = (heard.T @ heard).double().numpy()  # sums of ones: exact
    inverse = np.linalg.inv(gram + 5 * np.eye(6))
    expected = np.eye(6) - inverse / np.diag(inverse)
    assert np.allclose(ease(heard, 5.0).numpy(), expected, atol=1e-6)


def test_a_film_that_nobody_has_weighs_nothing_in_ease():
    heard = coins(40, 6)
    heard[:, 2] = 0
    weights = ease(heard, 1.0)
    assert not weights[2].any() and not weights[:, 2].any()
    assert weights.isfinite().all()


@pytest.mark.parametrize("l2", [0, -1.0, math.nan])
def test_ease_without_a_ridge_is_refused(l2):
    with pytest.raises(ValueError, match=rf"l2 is {l2}; .*, above 0"):
        ease(coins(4, 3), l2)


# iALS ------------------------------------------------------------------------


def charge_of_rows(table, rows, others, unseen, l2):
    """Write out what iALS charges for the rows of one side, cell by cell."""
    total = 0.0
    for own, row in zip(table, rows, strict=True):
        told = others @ row
        total = total + (own * (1 - told) ** 2).sum()
        total = total + unseen * (told**2).sum()
        strength = own.sum() + unseen * len(others)
        total = total + l2 * strength * (row**2).sum()
    return total


@given(
    seed=st.integers(0, 1_000),
    unseen=st.floats(0.05, 2),
    l2=st.floats(0.005, 1),
)
def test_a_side_of_ials_stands_where_its_charge_has_no_slope(seed, unseen, l2):
    table = coins(5, 9, seed=seed).double()
    others = torch.randn(9, 3, dtype=torch.float64)
    rows = ials_rows(table, others, unseen=unseen, l2=l2).requires_grad_()
    charge_of_rows(table, rows, others, unseen, l2).backward()
    assert rows.grad.abs().max() < 1e-9


def test_a_side_of_ials_is_what_a_search_downhill_finds():
    table = coins(5, 9).double()
    torch.manual_seed(0)
    others = torch.randn(9, 3, dtype=torch.float64)
    found = torch.zeros(5, 3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [found],
        max_iter=200,
        tolerance_grad=1e-10,
        tolerance_change=1e-14,
        line_search_fn="strong_wolfe",
    )

    def charge():
        optimizer.zero_grad()
        total = charge_of_rows(table, found, others, 0.2, 0.05)
        total.backward()
        return total

    optimizer.step(charge)
    rows = ials_rows(table, others, unseen=0.2, l2=0.05)
    assert torch.allclose(found.detach(), rows, atol=1e-6)


def test_who_has_nothing_is_nowhere_in_ials():
    others = torch.randn(4, 2)
    rows = ials_rows(torch.zeros(1, 4), others, unseen=0.5, l2=0.1)
    assert rows.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"unseen": 0.0}, "unseen is 0.0; give a finite number, above 0"),
        ({"l2": math.nan}, "l2 is nan; give a finite number, above 0"),
        ({"others": torch.ones(5, 2)}, r"shape \(3, 4\); .* \(rows, 5\)"),
        ({"table": torch.ones(4)}, r"shape \(4,\); .* \(rows, 4\)"),
        ({"table": torch.full((3, 4), math.nan)}, "12 of 12 entries of the"),
        ({"others": torch.full((4, 2), math.inf)}, "8 of 8 factors are NaN"),
    ],
    ids=["no weight", "no charge", "others", "a row", "NaN", "infinite"],
)
def test_a_side_of_ials_that_cannot_be_solved_for_is_refused(how, said):
    given = {"table": torch.ones(3, 4), "others": torch.ones(4, 2)}
    given |= {"unseen": 0.2, "l2": 0.02} | how
    table, others = given.pop("table"), given.pop("others")
    with pytest.raises(ValueError, match=said):
        ials_rows(table, others, **given)


def test_one_more_sweep_of_ials_never_raises_the_charge():
    liked = coins(30, 20)
    charges = []
    for n_sweeps in range(1, 8):
        model = fit_ials(liked, 4, unseen=0.3, l2=0.05, n_sweeps=n_sweeps)
        users = model.user_factors.weight.detach().double()
        items = model.item_factors.weight.detach().double()
        table = liked.double()
        told = users @ items.T
        strengths = [
            0.05 * ((part.sum(1) + 0.3 * n) * (rows**2).sum(1)).sum()
            for part, rows, n in ((table, users, 20), (table.T, items, 30))
        ]
        seen = (table * (1 - told) ** 2).sum()
        charge = seen + 0.3 * (told**2).sum() + sum(strengths)
        charges.append(charge.item())
    steps = np.diff(charges)
    # To the last digits of float32.
    assert (steps <= 1e-5 * charges[0]).all() and steps[0] < 0
    # And the users stand at their best for the items at the end.
    rows = ials_rows(table, items, unseen=0.3, l2=0.05)
    assert torch.allclose(users, rows, atol=1e-4)
    assert not model.item_biases.weight.any() and not model.training


def test_ials_of_a_sparse_table_in_blocks_of_rows_has_the_same_bits(
    monkeypatch,
):
    liked = coins(30, 20)
    liked[7] = 0  # who liked nothing has a row, too
    whole = fit_ials(liked, 4).state_dict()
    monkeypatch.setattr("recslib.lists.ROWS_AT_ONCE", 7)
    in_blocks = fit_ials(liked.to_sparse(), 4).state_dict()
    for name, weights in whole.items():
        assert torch.equal(in_blocks[name], weights)


def test_ials_of_a_sparse_table_that_is_spoilt_is_refused():
    liked = coins(4, 3)
    liked[1, 2] = torch.nan
    with pytest.raises(ValueError, match="entries of the table are NaN"):
        fit_ials(liked.to_sparse(), 2)


@pytest.mark.parametrize(
    "how", [{"unseen": 0}, {"l2": -1}, {"n_sweeps": 0}, {"n_factors": 0}]
)
def test_ials_out_of_range_is_refused(how):
    with pytest.raises(ValueError, match=f"{next(iter(how))} is"):
        fit_ials(coins(4, 3), **how)


# Planted tastes --------------------------------------------------------------

N_KINDS, N_EACH = 4, 12


def planted():
    """Make 240 people of four kinds, who like half of their kind's films.

    Half of what they like is heard; they dislike three films of other kinds.
    """
    generator = np.random.default_rng(0)
    kinds = np.arange(240) % N_KINDS
    own = kinds[:, None] == np.arange(N_KINDS * N_EACH) // N_EACH
    tossed = generator.random((3, *own.shape))
    liked = own & (tossed[0] < 0.5)
    heard = liked & (tossed[1] < 0.5)
    disliked = ~own & (tossed[2] < 3 / (N_EACH * (N_KINDS - 1)))
    served = (heard.any(1)) & (liked & ~heard).any(1)
    tables = torch.tensor(
        np.stack([heard, disliked, liked & ~heard])[:, served]
    )
    return Heard(tables[0].float(), tables[1].float()), tables[2]


HEARD, WANTED = planted()


def quality(scores):
    return judge_lists(scores, HEARD.rated > 0, WANTED).ndcg.mean().item()


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (lambda liked, _: liked, "draw returned Tensor; return three tables"),
        (lambda liked, _: (liked, liked), "draw returned tuple; return three"),
        (lambda liked, _: None, "draw returned NoneType; return three"),
        (
            lambda liked, other: (liked, other, liked[:, :2]),
            "draw returned as to be found of .* same shape",
        ),
        (
            lambda liked, other: (liked.tolist(), other, liked),
            "what draw returned as liked came as list",
        ),
        (
            lambda liked, other: (liked > 0, other, liked),
            "what draw returned as liked hold torch.bool; give torch.float32",
        ),
    ],
)
def test_a_draw_that_returns_something_else_is_told_what_is_wanted(
    drawn, said
):
    with pytest.raises(ValueError, match=said):
        fit_list_autoencoder(HEARD, 2, draw=drawn, n_epochs=1)


def by_autoencoder(draw, seed=0, n_epochs=20, **how):
    model = fit_list_autoencoder(
        HEARD, 16, draw=draw, n_epochs=n_epochs, seed=seed, **how
    )
    return model(HEARD.liked, HEARD.disliked).detach()


def by_factors(fit, seed=0, **how):
    model = fit(HEARD.liked, 6, seed=seed, **how)
    assert not model.training
    return model(torch.arange(len(HEARD))).detach()


FITS = {
    "factorization": partial(
        by_factors, fit_list_factorization, l2=0.5, n_epochs=40
    ),
    "iALS": partial(by_factors, fit_ials),
    "autoencoder": partial(by_autoencoder, partial(hear_some, fewest=2.0)),
    "autoencoder, half": partial(by_autoencoder, hear_half),
    "autoencoder, all": partial(by_autoencoder, hear_all),
}


@pytest.mark.parametrize(
    "scores",
    [
        pytest.param(
            lambda: HEARD.liked @ item_neighbours(HEARD.liked), id="neighbours"
        ),
        pytest.param(lambda: HEARD.liked @ ease(HEARD.liked, 10.0), id="EASE"),
        pytest.param(
            lambda: (
                HEARD.both
                @ ease(HEARD.both, 100.0, n_targets=N_KINDS * N_EACH)
            ),
            id="EASE of both",
        ),
        *(pytest.param(fit, id=name) for name, fit in FITS.items()),
    ],
)
def test_whoever_hears_what_people_like_finds_the_planted_tastes(scores):
    popular = quality(HEARD.liked.sum(dim=0))
    # A list of the right kind's films alone, in any order: by an oracle.
    torch.manual_seed(0)
    kind = torch.arange(N_KINDS * N_EACH) // N_EACH
    own = HEARD.liked @ (kind[:, None] == kind).float()
    oracle = quality(own + 0.1 * torch.rand(own.shape))
    assert popular < oracle - 0.3
    assert quality(scores()) > oracle - 0.1


@pytest.mark.parametrize("fit", FITS.values(), ids=FITS.keys())
def test_a_seed_fits_the_same_bits_again_and_another_does_not(fit):
    few = {} if fit is FITS["iALS"] else {"n_epochs": 2}
    torch.manual_seed(5)
    one = fit(seed=1, **few)
    torch.manual_seed(6)  # what was drawn before has no say
    again, other = fit(seed=1, **few), fit(seed=2, **few)
    assert torch.equal(one, again) and not torch.equal(one, other)


# The softmax -----------------------------------------------------------------


def test_what_a_softmax_misses_by_hand():
    # exp(0), exp(log 3) and exp(log 4) are 1, 3 and 4 of 8.
    scores = torch.tensor([[0.0, math.log(3), math.log(4)]] * 3)
    wanted = torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 0]])
    expected = [-math.log(1 / 8 * 4 / 8), -math.log(3 / 8), 0]
    assert softmax_loss(scores, wanted).tolist() == pytest.approx(expected)
    # A constant more for all is the same softmax.
    missed = softmax_loss(scores + 100, wanted).tolist()
    assert missed == pytest.approx(expected, abs=1e-5)


def charge_of(model, liked, l2):
    """Write out what the factorization charges for all people."""
    told = model(torch.arange(len(liked)))
    shares = told.exp() / told.exp().sum(dim=1, keepdim=True)
    squares = [
        part.weight.square().sum()
        for part in (model.user_factors, model.item_factors)
    ]
    return -(liked * shares.log()).sum() + l2 * sum(squares)


def long_fit(liked, batch_size):
    how = {"l2": 0.05, "learning_rate": 0.2, "n_epochs": 300}
    return fit_list_factorization(liked, 2, batch_size=batch_size, **how)


def test_the_factorization_stands_where_its_charge_has_no_slope():
    liked = coins(7, 5, share=0.5)
    model = long_fit(liked, batch_size=7)
    charge = charge_of(model, liked, 0.05)
    charge.backward()
    for part in model.parameters():
        assert part.grad.abs().max() < 0.005  # at first above 2
    # Without factors, biases alone stand at the shares of the films.
    counts = liked.sum(dim=0)
    without = -(counts * (counts / counts.sum()).log()).sum()
    assert charge < without - 4


def test_the_size_of_a_batch_does_not_change_what_is_charged():
    liked = coins(7, 5, share=0.5)
    everybody = long_fit(liked, batch_size=7)
    more = long_fit(liked, batch_size=500)
    for name, part in everybody.state_dict().items():
        assert torch.equal(part, more.state_dict()[name])
    charge = charge_of(everybody, liked, 0.05).item()
    in_parts = charge_of(long_fit(liked, batch_size=4), liked, 0.05)
    assert in_parts.item() == pytest.approx(charge, rel=1e-3)


def test_who_likes_nothing_is_given_a_list_all_the_same():
    liked = HEARD.liked.clone()
    liked[3] = 0
    for model in (
        fit_list_factorization(liked, 4, n_epochs=2),
        fit_ials(liked, 4, n_sweeps=2),
    ):
        assert model(torch.tensor([3])).isfinite().all()
    silent = Heard(liked, torch.zeros_like(liked))
    model = fit_list_autoencoder(silent, 4, n_epochs=2)
    assert model(liked[3:4], liked[3:4]).isfinite().all()


# What the network hears ------------------------------------------------------


def a_table(n_people=4_000, n_liked=60, n_disliked=40):
    """Make people who are all alike."""
    liked, disliked = torch.zeros(2, n_people, 150)
    liked[:, :n_liked] = 1
    disliked[:, n_liked : n_liked + n_disliked] = 1
    return liked, disliked


def test_hearing_all_tells_again_what_was_liked():
    liked, disliked = coins(5, 6), coins(5, 6, seed=1)
    for told, expected in zip(
        hear_all(liked, disliked), (liked, disliked, liked), strict=True
    ):
        assert torch.equal(told, expected)


def test_what_is_heard_of_some_is_not_to_be_found():
    torch.manual_seed(0)
    liked, disliked = a_table(200)
    heard, against, wanted = hear_some(liked, disliked)
    assert not (heard * wanted).any()
    assert torch.equal(heard + wanted, liked)
    assert not (against > disliked).any()
    assert heard.any() and against.any() and wanted.any()


def test_between_the_fewest_and_the_share_are_heard_any_power_as_often():
    torch.manual_seed(0)
    # Of 100 ratings 6 to 50 on average. Where the logarithm is uniform, the
    # mean is (50 - 6) / log(50 / 6), and half hear sqrt(6 * 50) or less.
    heard, against, _ = hear_some(*a_table())
    n_heard = (heard + against).sum(dim=1)
    assert n_heard.mean().item() == pytest.approx(
        44 / math.log(50 / 6), abs=4 * 14 / 4_000**0.5
    )
    low = (n_heard <= math.sqrt(6 * 50)).float().mean().item()
    assert low == pytest.approx(0.5, abs=0.05)
    assert n_heard.max() < 80
    # Likes and dislikes alike.
    likes, dislikes = heard.sum().item(), against.sum().item()
    assert likes / 60 == pytest.approx(dislikes / 40, rel=0.03)


def test_who_rated_little_is_heard_to_the_largest_share_at_most():
    torch.manual_seed(0)
    # Of 8, six would be more than a half.
    heard, against, _ = hear_some(*a_table(n_liked=5, n_disliked=3))
    shares = (heard + against).sum(dim=1) / 8
    assert shares.mean().item() == pytest.approx(
        0.5, abs=4 * (0.25 / 8 / 4_000) ** 0.5
    )
    heard, _, wanted = hear_some(*a_table(), fewest=500, largest_share=1.0)
    assert not wanted.any() and torch.equal(heard, a_table()[0])
    nothing = torch.zeros(2, 5)
    assert not torch.stack(hear_some(nothing, nothing)).any()


@pytest.mark.parametrize(
    "how", [{"fewest": 0.0}, {"largest_share": 0.0}, {"largest_share": 1.5}]
)
def test_a_share_that_cannot_be_heard_is_refused(how):
    with pytest.raises(ValueError, match=f"{next(iter(how))} is .*above 0"):
        hear_some(*a_table(2), **how)


def test_hearing_half_drops_half_and_tells_all_that_was_liked():
    torch.manual_seed(0)
    liked, disliked = a_table()
    heard, against, wanted = hear_half(liked, disliked)
    assert torch.equal(wanted, liked)
    assert not (heard > liked).any() and not (against > disliked).any()
    for kept, whole in ((heard, liked), (against, disliked)):
        assert (kept.sum() / whole.sum()).item() == pytest.approx(
            0.5, abs=0.01
        )


# The network -----------------------------------------------------------------


def test_the_network_starts_from_the_popular_list():
    # Film k is liked by 3 (k + 1) of 60 people.
    liked = (torch.arange(60)[:, None] < 3 * torch.arange(1, 11)).float()
    heard = Heard(liked, torch.zeros_like(liked))
    model = fit_list_autoencoder(
        heard, 8, learning_rate=1e-9, n_epochs=1, batch_size=60
    )
    nothing = torch.zeros(1, 10)
    scores = model(nothing, nothing)[0].detach()
    assert scores.argsort(descending=True).tolist() == list(range(10))[::-1]
    # What lies between two films is the logarithm of how much more like one.
    expected = np.log((3 * 10 + 0.5) / (3 * 1 + 0.5))
    assert (scores[9] - scores[0]).item() == pytest.approx(expected, abs=0.02)


def test_the_network_hears_dislikes_too():
    # Who likes film 0 likes film 2, unless they dislike film 1.
    liked = torch.tensor([[1.0, 0, 1, 0], [1, 0, 0, 1]]).repeat(30, 1)
    disliked = torch.tensor([[0.0, 0, 0, 0], [0, 1, 0, 0]]).repeat(30, 1)

    def all_but_what_is_asked(liked, disliked):
        asked = torch.tensor([0.0, 0, 1, 1])
        return liked * (1 - asked), disliked, liked * asked

    model = fit_list_autoencoder(
        Heard(liked, disliked), 8, draw=all_but_what_is_asked, n_epochs=200
    )
    said = torch.tensor([[1.0, 0, 0, 0]] * 2)
    scores = model(said, disliked[:2]).detach()
    assert scores[0, 2] > scores[0, 3] + 1 and scores[1, 3] > scores[1, 2] + 1


def test_networks_side_by_side_score_as_their_mean():
    torch.manual_seed(0)
    models = [ListAutoencoder(7, n_hidden) for n_hidden in (3, 5, 4)]
    liked, disliked = coins(6, 7), coins(6, 7, seed=1)
    one = averaged(models)
    with torch.no_grad():
        told = torch.stack([model(liked, disliked) for model in models])
        assert torch.allclose(one(liked, disliked), told.mean(0), atol=1e-6)
        alone = averaged(models[:1])
        assert torch.allclose(alone(liked, disliked), told[0], atol=1e-6)
    assert one.hidden.out_features == 12 and not one.training


def test_networks_that_cannot_be_averaged_are_refused():
    with pytest.raises(ValueError, match=r"0 networks score \[\] items"):
        averaged([])
    with pytest.raises(ValueError, match=r"2 networks score \[3, 7\] items"):
        averaged([ListAutoencoder(7, 2), ListAutoencoder(3, 2)])


# Scores ----------------------------------------------------------------------


def test_to_whom_nothing_is_said_what_is_popular_is_said():
    scores = torch.tensor(
        [[0.0, 0.0, 0.0], [0.0, -0.0, 0.0], [2.5, 2.5, 2.5], [0.0, 0.0, 1e-9]]
    )
    popular = torch.tensor([3.0, 9.0, 1.0])
    told = or_popular(scores, popular)
    assert told.tolist() == [[3, 9, 1]] * 3 + [scores[3].tolist()]
    assert or_popular(torch.zeros(0, 3), popular).shape == (0, 3)
    # A linear model that has heard nothing.
    silent = torch.zeros(1, 48) @ ease(HEARD.liked, 10.0)
    assert or_popular(silent, torch.arange(48.0))[0].tolist() == list(
        range(48)
    )


def test_scores_of_one_scale_by_hand():
    scores = torch.tensor([[1.0, 2.0, 3.0], [7.0, 7.0, 7.0]])
    told = standardized(scores)
    root = math.sqrt(3 / 2)
    assert told[0].tolist() == pytest.approx([-root, 0, root])
    assert told[1].tolist() == [0, 0, 0]
    assert standardized(torch.zeros(0, 3)).shape == (0, 3)


def test_scores_that_are_missing_are_refused_before_they_are_mixed():
    missing = torch.tensor([[1.0, math.nan, 3.0], [1.0, 2.0, math.inf]])
    said = "2 of 6 scores are NaN or infinite"
    with pytest.raises(ValueError, match=said):
        standardized(missing)
    with pytest.raises(ValueError, match=said):
        or_popular(missing, torch.ones(3))
    with pytest.raises(ValueError, match="1 of 3 scores of the popular"):
        or_popular(torch.zeros(1, 3), missing[0])


@given(value=st.floats(-1e3, 1e3, width=32), n=st.integers(1, 2_000))
def test_equal_scores_are_zeros_on_any_scale(value, n):
    assert not standardized(torch.full((2, n), value)).any()


@given(
    shift=st.floats(-10, 10),
    stretch=st.floats(0.1, 10),
    seed=st.integers(0, 99),
)
def test_neither_shift_nor_stretch_moves_scores_of_one_scale(
    shift, stretch, seed
):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(3, 40, generator=generator)
    told = standardized(scores)
    assert torch.allclose(
        standardized(shift + stretch * scores), told, atol=1e-3
    )
    assert torch.allclose(told.std(dim=1, correction=0), torch.ones(3))


# The LSTM --------------------------------------------------------------------

N_FILMS = 10


def in_a_row(n_histories=200, n_steps=6, seed=0):
    """Make histories in which each film follows the one before it."""
    generator = torch.Generator().manual_seed(seed)
    start = torch.randint(N_FILMS, (n_histories, 1), generator=generator)
    items = (start + torch.arange(n_steps)) % N_FILMS
    return items, torch.ones(n_histories, n_steps)


def test_the_lstm_learns_a_planted_order():
    items, liked = in_a_row()
    # Histories of other lengths, with padding at their ends.
    items[::3, 4:] = N_FILMS
    liked[::3, 4:] = 0
    model = fit_list_lstm(items, liked, N_FILMS, 8, 16, n_epochs=40)
    asked, liked = in_a_row(seed=1)
    with torch.no_grad():
        named = model(asked, liked).argmax(dim=2)
    assert torch.equal(named, (asked + 1) % N_FILMS)
    assert not model.training


def test_the_lstm_hears_what_was_liked():
    # Film 1 follows film 0 that was liked, film 2 one that was not.
    liked = (torch.arange(64) % 2).float()
    items = torch.stack([torch.zeros(64), 2 - liked], dim=1).long()
    told = torch.stack([liked, torch.ones(64)], dim=1)
    model = fit_list_lstm(items, told, 3, 4, 8, n_epochs=20)
    zero = torch.zeros(2, 1, dtype=torch.int64)
    named = model(zero, torch.tensor([[1.0], [0.0]]))[:, -1].argmax(dim=1)
    assert named.tolist() == [1, 2]


def test_the_lstm_finds_what_is_liked_later():
    # Two camps: one likes the films 0 to 4, the other the rest.
    generator = torch.Generator().manual_seed(0)
    camp = torch.arange(200) % 2
    order = torch.rand(200, 5, generator=generator).argsort(dim=1)
    items = (order + 5 * camp[:, None])[:, :2]
    likes = (torch.arange(N_FILMS) // 5 == camp[:, None]).float()
    told = torch.ones(200, 2)
    model = fit_list_lstm(items, told, N_FILMS, 8, 16, to_find=likes)
    first = torch.tensor([[0], [7]])
    with torch.no_grad():
        scores = model(first, torch.ones(2, 1))[:, 0]
    found = scores.scatter(1, first, -torch.inf).topk(4, dim=1).indices
    assert [sorted(row) for row in found.tolist()] == [
        [1, 2, 3, 4],
        [5, 6, 8, 9],
    ]
    # What was heard is not to be found, so it is not what scores highest.
    assert not torch.equal(scores.argmax(dim=1), first[:, 0])


def test_what_stands_in_the_padding_of_likes_teaches_nothing():
    items, liked = in_a_row(40)
    items[::2, 3:] = N_FILMS
    other = liked.clone()
    other[::2, 3:] = 99.0
    one, two = (
        fit_list_lstm(items, told, N_FILMS, 4, 8, n_epochs=2)
        for told in (liked, other)
    )
    for name, part in one.state_dict().items():
        assert torch.equal(part, two.state_dict()[name])


def test_a_seed_fits_the_same_lstm_again_and_another_does_not():
    items, liked = in_a_row(40)
    one, again, other = (
        fit_list_lstm(items, liked, N_FILMS, 4, 8, n_epochs=1, seed=seed)
        for seed in (1, 1, 2)
    )
    pairs = [
        torch.nn.utils.parameters_to_vector(m.parameters())
        for m in (one, again, other)
    ]
    assert torch.equal(pairs[0], pairs[1])
    assert not torch.equal(pairs[0], pairs[2])


def test_a_single_rating_each_has_no_next_one_and_is_refused():
    items, liked = in_a_row(5, n_steps=1)
    with pytest.raises(ValueError, match=r"shape \(5, 1\); give at least 2"):
        fit_list_lstm(items, liked, N_FILMS)


def test_people_with_one_rating_teach_nothing_and_stop_nothing():
    items, liked = in_a_row(40)
    items[:, 1:] = N_FILMS
    model = fit_list_lstm(items, liked, N_FILMS, 4, 8, n_epochs=1)
    torch.manual_seed(0)
    new = ListLSTM(N_FILMS, 4, 8)
    for name, part in new.state_dict().items():
        assert torch.equal(part, model.state_dict()[name])
