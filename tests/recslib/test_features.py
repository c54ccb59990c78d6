from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from recslib.features import implicit_feedback, side_features
from recslib.movielens import load, synthetic
from recslib.ratings import RatingsError

DATA = synthetic()
SIDE = side_features(DATA)


def column(table, names, name):
    return table[:, names.index(name)]


def test_every_user_and_every_item_has_a_row_of_named_numbers():
    ratings = DATA.ratings
    assert SIDE.users.shape == (ratings.n_users, len(SIDE.user_names))
    assert SIDE.items.shape == (ratings.n_items, len(SIDE.item_names))
    assert SIDE.users.dtype == SIDE.items.dtype == torch.float32
    assert SIDE.n_features == len(SIDE.user_names) + len(SIDE.item_names)


def test_a_users_row_by_hand():
    people, names = DATA.users, SIDE.user_names
    for user in (0, 17):
        person, row = people.iloc[user], SIDE.users[user]
        assert row[names.index("age")].item() == pytest.approx(
            (person["age"] - 35) / 10
        )
        assert row[names.index("woman")] == (person["gender"] == "F")
        jobs = [name for name in names[2:] if row[names.index(name)] == 1]
        assert jobs == [person["occupation"]]


def test_an_items_row_by_hand():
    films, names = DATA.films, SIDE.item_names
    for item in (0, 5):
        film, row = films.iloc[item], SIDE.items[item]
        assert row[0].item() == pytest.approx((film["year"] - 1990) / 10)
        flagged = {name for name in names[1:] if row[names.index(name)] == 1}
        groups = [name for name in names if name.startswith("from ")]
        assert flagged - set(groups) == set(film["genres"])
        (since,) = flagged & set(groups)
        later = [name for name in groups if name > since]
        assert int(since[5:]) <= film["year"]
        assert not later or film["year"] < int(later[0][5:])


def test_a_pair_is_the_users_numbers_before_the_items():
    users, items = torch.tensor([3, 0, 3]), torch.tensor([1, 1, 0])
    pairs = SIDE.of(users, items)
    assert pairs.shape == (3, SIDE.n_features)
    assert torch.equal(pairs[0], torch.cat([SIDE.users[3], SIDE.items[1]]))
    assert SIDE.of(users[:0], items[:0]).shape == (0, SIDE.n_features)


def test_somebody_new_is_written_as_the_table_writes_them():
    person = DATA.users.iloc[4]
    row = SIDE.person(person["age"], person["gender"], person["occupation"])
    assert torch.equal(row, SIDE.users[4])
    with pytest.raises(ValueError, match="'pilot'; give one of: student"):
        SIDE.person(30, "F", "pilot")


@pytest.mark.parametrize(
    ("somebody", "said"),
    [
        ({"gender": "female"}, "gender is 'female'; give 'F' or 'M'"),
        ({"gender": "f"}, "gender is 'f'; give 'F' or 'M'"),
        ({"gender": None}, "gender is None; give 'F' or 'M'"),
        ({"age": -5}, "age is -5; give 0 to 120"),
        ({"age": 250}, "age is 250; give 0 to 120"),
        ({"age": float("nan")}, "age is nan; give 0 to 120"),
        ({"age": "30"}, "age is '30'; give a number of years"),
        ({"age": True}, "age is True; give a number of years"),
    ],
)
def test_somebody_who_cannot_be_is_refused(somebody, said):
    person = {"age": 30, "gender": "F", "occupation": SIDE.user_names[2]}
    with pytest.raises(ValueError, match=said):
        SIDE.person(**(person | somebody))


def test_all_that_is_wrong_with_somebody_is_said_at_once():
    with pytest.raises(ValueError, match=r"age.*\n.*gender.*\n.*occupation"):
        SIDE.person()


def test_data_that_know_nobody_say_so():
    side = side_features(replace(DATA, users=None))
    with pytest.raises(ValueError, match="know nothing of their users"):
        side.person(30, "F", "student")


def test_films_without_a_year_count_as_1990_and_without_genres_as_nothing():
    films = DATA.films.copy()
    films["year"] = films["year"].astype("Int64")
    films.loc[0, "year"] = pd.NA
    films.at[0, "genres"] = ()
    side = side_features(replace(DATA, films=films))
    names = np.array(side.item_names)
    flags = names[side.items[0].bool().numpy()]
    (since,) = flags
    assert since.startswith("from ") and int(since[5:]) <= 1990


def test_a_data_set_that_knows_no_users_has_features_of_films_alone():
    side = side_features(replace(DATA, users=None))
    assert side.users.shape == (DATA.ratings.n_users, 0)
    assert side.user_names == ()
    one = torch.tensor([0])
    assert torch.equal(side.of(one, one), side.items[:1])


def test_the_real_data_has_21_occupations_and_18_genres():
    side = side_features(load("100k"))
    assert len(side.user_names) == 2 + 21
    groups = [name.startswith("from ") for name in side.item_names]
    assert len(side.item_names) - sum(groups) == 1 + 18
    assert [n for n in side.item_names if n.startswith("from ")] == [
        f"from {start}"
        for start in (1920, *range(1950, 2000, 10), *range(1994, 1999))
    ]
    assert (side.items[:, groups].sum(dim=1) == 1).all()
    assert side.items[:, groups].sum(dim=0).min() >= 0.02 * 1_682
    # u.user's first line: 24 years, M, technician.
    assert side.users[0, :2].tolist() == pytest.approx([-1.1, 0.0])
    assert column(side.users, side.user_names, "technician")[0] == 1
    # Toy Story: 1995, animation, children's, comedy.
    assert side.items[0, 0].item() == pytest.approx(0.5)
    assert column(side.items, side.item_names, "from 1995")[0] == 1
    assert side.items[0, 1:].sum() == 1 + 3


# Who rated what --------------------------------------------------------------


def flags_of(train):
    flags = torch.zeros(train.n_users, train.n_items)
    flags[train.users, train.items] = 1
    return flags / flags.sum(dim=1, keepdim=True).clamp_min(1).sqrt()


def test_all_directions_hold_all_of_who_rated_what():
    train = DATA.ratings.select(torch.arange(200))
    told = implicit_feedback(train, n_directions=10_000)
    flags = flags_of(train)
    users = told.features.users
    # As many as there are users or items, and nothing is lost.
    assert users.shape == (train.n_users, min(flags.shape))
    assert torch.allclose(users @ users.T, flags @ flags.T, atol=1e-4)
    assert torch.allclose(flags @ told.directions, users, atol=1e-4)


def test_few_directions_hold_the_most_that_so_few_can():
    train = DATA.ratings
    told = implicit_feedback(train, n_directions=5)
    assert told.features.users.shape == (train.n_users, 5)
    assert told.features.items.shape == (train.n_items, 5)
    lengths = torch.linalg.svdvals(flags_of(train))[:5]
    found = told.features.users.norm(dim=0)
    assert torch.allclose(found, lengths, rtol=0.02)
    assert told.features.n_features == 10


def test_somebody_new_is_written_by_what_they_rated():
    train = DATA.ratings
    told = implicit_feedback(train, n_directions=8)
    items = train.items[train.users == 3]
    assert torch.allclose(
        told.person(items), told.features.users[3], atol=1e-4
    )
    nobody = told.person(items[:0])
    assert nobody.shape == (8,) and not nobody.any()


def test_stars_do_not_matter_to_who_rated_what():
    train = DATA.ratings
    turned = replace(train, ratings=train.ratings.flip(0))
    one, other = implicit_feedback(train, 5), implicit_feedback(turned, 5)
    assert torch.equal(one.features.users, other.features.users)
    before = torch.random.get_rng_state()
    implicit_feedback(train, 5, seed=1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_features_stand_beside_each_other():
    told = implicit_feedback(DATA.ratings, n_directions=3).features
    both = SIDE.beside(told)
    assert both.n_features == SIDE.n_features + 6
    assert torch.equal(both.users[:, -3:], told.users)
    assert both.item_names == (*SIDE.item_names, *told.item_names)


def test_who_rated_what_needs_ratings_and_a_direction():
    with pytest.raises(ValueError, match="n_directions is 0; give 1 or more"):
        implicit_feedback(DATA.ratings, n_directions=0)
    with pytest.raises(RatingsError, match="nobody rated anything"):
        implicit_feedback(DATA.ratings.select(torch.arange(0)))
