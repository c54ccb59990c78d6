from dataclasses import replace

import numpy as np
import pytest
import torch

from recslib import draws, movielens, sampling, splits
from recslib.baselines import damped_biases
from recslib.checkpoints import CheckpointError
from recslib.evaluation import rmse
from recslib.ratings import Ratings, RatingsError


def made_ratings(users, items, stars, n_users=None, n_items=None):
    users = torch.tensor(users, dtype=torch.long)
    items = torch.tensor(items, dtype=torch.long)
    n_users = n_users or int(users.max()) + 1
    n_items = n_items or int(items.max()) + 1
    return Ratings(
        users=users,
        items=items,
        ratings=torch.as_tensor(stars).float(),
        timestamps=None,
        user_ids=np.arange(n_users),
        item_ids=np.arange(n_items),
        titles=tuple(f"item {row}" for row in range(n_items)),
    )


@pytest.fixture(scope="module")
def split():
    ratings = movielens.load("synthetic").ratings
    return splits.folds_of(ratings, 5, seed=0)[0]


def fitted(train, **settings):
    settings = {"n_factors": 3, "n_sweeps": 40, **settings}
    return sampling.sample_factorization(train, **settings)


# --- The whole ----------------------------------------------------------


def test_the_mean_of_the_samples_is_ahead_of_each_of_them(split):
    model = fitted(split.train, validation=split.test)
    history = model.history
    assert len(history.sample_rmse) == len(history.mean_rmse) == 40
    assert len(history.noise) == 40 and history.n_burn_in == 10
    assert np.isnan(history.mean_rmse[:10]).all()
    assert history.mean_rmse[-1] < min(history.sample_rmse[10:])
    told = model(split.test.users, split.test.items)
    scored = rmse(told, split.test.ratings, clip=split.test.scale)
    assert scored == pytest.approx(history.mean_rmse[-1], abs=1e-6)


def test_a_seed_says_all(split):
    pair = split.test.users, split.test.items
    first, second, other = (
        fitted(split.train, seed=seed, n_sweeps=4)(*pair) for seed in (0, 0, 1)
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_a_state_is_all_that_a_sampler_needs_to_answer_alike(split):
    model, pair = fitted(split.train), (split.test.users, split.test.items)
    doubled = replace(split.train, ratings=2 * split.train.ratings)
    other = fitted(doubled, seed=1)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other(*pair), model(*pair))
    assert torch.equal(other.spread(*pair), model.spread(*pair))


def test_any_scale_gives_the_same_answer(split):
    pair = split.test.users, split.test.items
    in_stars = fitted(split.train, n_sweeps=8)(*pair)
    stretched = made_ratings(
        split.train.users.tolist(),
        split.train.items.tolist(),
        (25 * split.train.ratings - 100).tolist(),
        split.train.n_users,
        split.train.n_items,
    )
    again = fitted(stretched, n_sweeps=8)(*pair)
    assert torch.allclose(again, 25 * in_stars - 100, atol=0.05)


def test_the_samples_spread_less_where_more_is_known(split):
    model = fitted(split.train)
    counts = split.train.counts_by_item()
    few, many = counts.argsort()[[0, -1]]
    users = torch.arange(split.train.n_users)
    spreads = [
        model.samples(users, item.expand(len(users))).std(dim=1).mean()
        for item in (few, many)
    ]
    assert spreads[0] > 1.2 * spreads[1]


def test_ninety_percent_of_the_test_ratings_lie_in_a_ninety_percent_band():
    # Ratings made as the model says, not rounded: then the band is honest.
    chance = torch.Generator().manual_seed(0)
    rows = torch.randn(80, 3, generator=chance)
    columns = torch.randn(60, 3, generator=chance)
    users, items = torch.meshgrid(
        torch.arange(80), torch.arange(60), indexing="ij"
    )
    noise = 0.5 * torch.randn(80, 60, generator=chance)
    stars = rows[:, :1] + columns[:, :1].T + rows[:, 1:] @ columns[:, 1:].T
    stars, some = stars + noise, torch.rand(80, 60, generator=chance)
    made = [
        made_ratings(
            users[part].tolist(), items[part].tolist(), stars[part], 80, 60
        )
        for part in (some < 0.3, some > 0.7)
    ]
    model = fitted(made[0], n_factors=2, n_sweeps=200)
    told = model.samples(made[1].users, made[1].items)
    spread = model.spread(made[1].users, made[1].items)
    apart = (made[1].ratings - told.mean(dim=1)).abs() / spread
    assert 0.87 < (apart < 1.645).double().mean() < 0.93
    assert model.history.noise[-1] == pytest.approx(0.5, abs=0.04)


def test_whose_ratings_are_noise_is_found_out_and_said():
    # Every second user rates by lot, every third item is rated by lot.
    chance = torch.Generator().manual_seed(1)
    users, items = torch.meshgrid(
        torch.arange(60), torch.arange(45), indexing="ij"
    )
    noise_sd = 0.3 * (1 + (users % 2)) * (1 + (items % 3 == 1))
    noise = noise_sd * torch.randn(60, 45, generator=chance)
    level = torch.randn(60, 1, generator=chance)
    level = level + torch.randn(1, 45, generator=chance)
    known = torch.rand(60, 45, generator=chance) < 0.5
    stars = level + noise
    made = made_ratings(
        users[known].tolist(), items[known].tolist(), stars[known], 60, 45
    )
    model = fitted(made, n_factors=0, n_sweeps=80)
    all_alike = fitted(made, n_factors=0, n_sweeps=80, own_noise=False)
    assert (all_alike.user_trust == 1).all()
    unseen = users[~known], items[~known]
    errors = [
        (level[~known] - each(*unseen)).square().mean()
        for each in (model, all_alike)
    ]
    assert errors[0] < 0.9 * errors[1]
    trust = model.user_trust.mean(dim=1)
    assert trust[::2].quantile(0.1) > trust[1::2].quantile(0.9)
    trust = model.item_trust.mean(dim=1)
    assert trust[0::3].median() > 1.3 * trust[1::3].median()
    # What is said of an unseen rating is what it is off by.
    apart = (stars[~known] - model(*unseen)).abs() / model.spread(*unseen)
    noisy = unseen[0] % 2 == 1
    assert 0.85 < (apart[noisy] < 1.645).double().mean() < 0.95
    # Of the others it expects too much: some ordinary noise is presumed.
    assert (apart[~noisy] < 1.645).double().mean() > 0.88
    spreads = model.spread(*unseen)
    assert spreads[~noisy].mean() < 0.8 * spreads[noisy].mean()


def test_features_tell_of_rows_without_ratings():
    chance = torch.Generator().manual_seed(0)
    kinds = torch.randint(3, (90,), generator=chance)
    bag = torch.nn.functional.one_hot(kinds, 3).float()
    users = torch.arange(40).repeat_interleave(90)
    items = torch.arange(90).repeat(40)
    level = torch.tensor([1.5, 3.0, 4.5])[kinds]
    noise = 0.3 * torch.randn(3600, generator=chance)
    stars = level[items] + noise
    known = items < 60
    train = made_ratings(
        users[known].tolist(), items[known].tolist(), stars[known], 40, 90
    )
    asked = users[~known], items[~known]
    errors = {
        name: rmse(
            fitted(train, n_factors=2, item_features=told)(*asked),
            stars[~known],
        )
        for name, told in {"told": bag, "untold": None}.items()
    }
    assert errors["told"] < 0.4 < 1.0 < errors["untold"]


def test_a_stranger_is_folded_in_as_somebody_trained(split):
    model = fitted(split.train, n_sweeps=80)
    some_user = int(split.train.counts_by_user().argmax())
    theirs = split.train.select(split.train.users == some_user)
    stranger = sampling.fold_in(model, theirs.items, theirs.ratings)
    scores, spread = sampling.score_items(model, stranger)
    items = torch.arange(split.train.n_items)
    told = model.samples(torch.full_like(items, some_user), items)
    assert (scores - told.mean(dim=1)).abs().mean() < 0.05
    assert torch.allclose(spread, told.std(dim=1), rtol=0.5)
    # Who rated nothing is somebody like all, and not well known.
    nobody = sampling.fold_in(model, items[:0], theirs.ratings[:0])
    scores, unsure = sampling.score_items(model, nobody)
    assert unsure.mean() > 2 * spread.mean() and scores.isfinite().all()


def test_the_features_of_a_stranger_count(split):
    bag = torch.eye(split.train.n_users)[:, :4]
    model = fitted(split.train, n_sweeps=4, user_features=bag)
    nothing = torch.zeros(0, dtype=torch.long), torch.zeros(0)
    rows = [
        sampling.fold_in(model, *nothing, features=torch.eye(4)[row]).rows
        for row in (0, 1)
    ]
    assert not torch.equal(*rows)
    for wrong in (None, torch.zeros(3)):
        with pytest.raises(ValueError, match=r"fitted with \(4,\) a user"):
            sampling.fold_in(model, *nothing, features=wrong)


def test_many_blocks_give_the_answer_of_one(split, monkeypatch):
    pair = split.test.users, split.test.items
    one = fitted(split.train)(*pair)
    monkeypatch.setattr(draws, "BLOCK_RATINGS", 200)
    monkeypatch.setattr(draws, "BLOCK_OTHERS", 30)
    many = fitted(split.train)(*pair)
    assert torch.allclose(one, many, atol=1e-3)


# --- What a fit takes that is told nothing ------------------------------


@pytest.mark.parametrize(
    ("sizes", "noise"), [((60, 80, 1_000), 1.0), ((200, 300, 600), 0.5)]
)
def test_where_there_are_no_tastes_it_is_level_with_counting(sizes, noise):
    ratings = movielens.synthetic(*sizes, n_factors=0, noise=noise).ratings
    ours, of_counting = 0.0, 0.0
    for fold in splits.random_folds(ratings, 3, seed=0):
        pair = fold.test.users, fold.test.items
        stars, clip = fold.test.ratings, ratings.scale
        model = sampling.sample_factorization(fold.train)
        ours += rmse(model(*pair), stars, clip=clip)
        biases = damped_biases(fold.train)
        of_counting += rmse(biases.predict(*pair), stars, clip=clip)
    assert ours < 1.005 * of_counting


@pytest.mark.parametrize(
    ("sizes", "n_tastes", "n_factors"),
    [((60, 80, 1_000), 2, 10), ((60, 80, 1_000), 0, 0), ((9, 9, 19), 2, 0)],
)
def test_it_has_factors_where_they_are_ahead(sizes, n_tastes, n_factors):
    ratings = movielens.synthetic(*sizes, n_factors=n_tastes).ratings
    model = sampling.sample_factorization(ratings)
    assert model.users.shape[-1] == 1 + n_factors  # the bias stands first


def test_many_ratings_have_factors_and_nobody_asks(monkeypatch):
    ratings = movielens.synthetic(200, 200, 30_000, n_factors=0).ratings
    monkeypatch.delattr(sampling, "choose_n_factors")
    assert sampling.usual_n_factors(ratings) == 10
    model = sampling.sample_factorization(ratings, n_sweeps=2)
    assert model.users.shape[-1] == 11


def test_more_sweeps_are_averaged_where_ratings_are_thin():
    for n_ratings, n_sweeps in ((149, 300), (150, 100)):
        ratings = movielens.synthetic(25, 25, n_ratings).ratings
        model = sampling.sample_factorization(ratings, 0)
        assert len(model.history.noise) == n_sweeps
        assert sampling.are_thin(ratings) == (n_sweeps == 300)


# --- A fit that stops ---------------------------------------------------


def test_a_fit_that_was_stopped_goes_on_to_the_same_bits(
    split, tmp_path, monkeypatch
):
    settings = {
        "n_sweeps": 12,
        "validation": split.test,
        "user_features": torch.eye(split.train.n_users)[:, :4],
    }
    whole = fitted(split.train, **settings)
    draw, drawn = draws.draw_noise, []

    def draw_or_stop(*given):
        drawn.append(given)
        if len(drawn) == 9:
            raise KeyboardInterrupt
        return draw(*given)

    monkeypatch.setattr(sampling, "draw_noise", draw_or_stop)
    settings |= {"checkpoint": tmp_path, "checkpoint_every": 5}
    with pytest.raises(KeyboardInterrupt):
        fitted(split.train, **settings)
    again = fitted(split.train, **settings)
    assert len(drawn) == 9 + 12 - 5  # from the sweep behind the checkpoint
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name]), name
    for name in ("noise", "sample_rmse", "mean_rmse"):
        values = getattr(whole.history, name), getattr(again.history, name)
        np.testing.assert_array_equal(*values)
    # The last checkpoint is the end: nothing is drawn any more.
    ended = fitted(split.train, **settings)
    assert len(drawn) == 9 + 12 - 5
    assert torch.equal(ended.users, whole.users)


def test_a_checkpoint_of_another_fit_is_not_gone_on_from(split, tmp_path):
    fitted(split.train, n_sweeps=2, checkpoint=tmp_path)
    for other, what in (
        ({"seed": 1}, "seed 0 there and 1 here"),
        ({"n_factors": 2}, "n_factors 3 there"),
        ({"validation": split.test}, "validation 'none' there"),
        ({"item_features": torch.eye(split.train.n_items)}, "features"),
        ({"own_noise": False}, "own_noise True there and False here"),
    ):
        with pytest.raises(CheckpointError, match=what):
            fitted(split.train, n_sweeps=2, checkpoint=tmp_path, **other)
    # A whole number of NumPy's is the same number.
    fitted(split.train, n_sweeps=2, checkpoint=tmp_path, seed=np.int64(0))
    with pytest.raises(CheckpointError, match="ratings"):
        fitted(split.test, n_sweeps=2, checkpoint=tmp_path)
    with pytest.raises(ValueError, match="checkpoint_every"):
        fitted(split.train, checkpoint=tmp_path, checkpoint_every=0)


# --- Input that is bad or rare ------------------------------------------


def test_a_rank_is_chosen_by_the_validation_part():
    # Two factors made these ratings; one cannot say them.
    chance = np.random.default_rng(1)
    users, items = (chance.normal(size=(n, 2)) for n in (60, 50))
    stars = 3 + 0.5 * (users @ items.T).ravel().clip(-4, 4)
    pairs = np.divmod(np.arange(3_000), 50)
    made = made_ratings(*pairs, stars + 0.2 * chance.normal(size=3_000))
    cut = splits.carve_validation(splits.random_split(made), 0.2)
    best, errors = sampling.choose_n_factors(
        cut.train, cut.validation, (2, 0, 1), n_sweeps=40
    )
    assert list(errors) == [0, 1, 2]
    assert best == 2
    assert errors[2] < 0.8 * errors[1] < 0.8 * errors[0]
    pair = cut.validation.users, cut.validation.items
    model = fitted(cut.train, n_factors=1)
    wanted = rmse(model(*pair), cut.validation.ratings, clip=made.scale)
    assert errors[1] == pytest.approx(wanted, abs=1e-6)


def test_a_choice_wants_candidates_and_ratings_to_choose_by(split):
    nobody = split.test.select(torch.arange(0))
    with pytest.raises(ValueError, match="give candidates"):
        sampling.choose_n_factors(split.train, split.test, ())
    with pytest.raises(RatingsError, match="to choose by"):
        sampling.choose_n_factors(split.train, nobody)
    with pytest.raises(ValueError, match="candidate is -1"):
        sampling.choose_n_factors(split.train, split.test, (-1,))


def test_more_factors_than_the_data_bear_cost_time_and_no_accuracy(split):
    # 40 factors are more than most people have ratings here.
    errors = [
        rmse(
            fitted(split.train, n_factors=n)(
                split.test.users, split.test.items
            ),
            split.test.ratings,
            clip=(1.0, 5.0),
        )
        for n in (3, 40)
    ]
    assert errors[1] < errors[0] + 0.03


def test_more_factors_than_users_and_items_are_fitted_too():
    few = made_ratings([0, 0, 1, 1], [0, 1, 0, 1], [1.0, 2.0, 4.0, 5.0])
    told = fitted(few, n_factors=30)(few.users, few.items)
    assert torch.isfinite(told).all()
    assert told[:2].max() < told[2:].min()


def test_nothing_but_biases_is_a_model_too(split):
    model = fitted(split.train, n_factors=0)
    told = model(split.test.users, split.test.items)
    mean = torch.full_like(told, split.train.ratings.mean())
    assert rmse(told, split.test.ratings) < rmse(mean, split.test.ratings)


def test_ratings_that_are_all_equal_are_told_back():
    train = made_ratings([0, 0, 1, 2], [0, 1, 1, 0], [4.0] * 4)
    told = fitted(train)(torch.tensor([1, 2]), torch.tensor([0, 1]))
    assert told.tolist() == [4.0, 4.0]
    tenths = made_ratings([0, 0, 1, 2], [0, 1, 1, 0], [3.7] * 4)
    model = fitted(tenths)
    someone = sampling.fold_in(model, torch.tensor([0]), torch.tensor([3.7]))
    told, spread = sampling.score_items(model, someone)
    assert torch.allclose(told, torch.tensor(3.7)) and not spread.any()


def test_one_rating_is_enough():
    train = made_ratings([0], [0], [2.0], n_users=3, n_items=2)
    told = fitted(train)(torch.tensor([0, 2]), torch.tensor([1, 1]))
    assert told.isfinite().all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"n_factors": -1}, "n_factors is -1; give a whole number"),
        ({"n_factors": "10"}, "n_factors is '10'; give a whole number"),
        ({"n_factors": 2.5}, "n_factors is 2.5; give a whole number"),
        ({"n_sweeps": 0}, "n_sweeps is 0; give a whole number, not below 1"),
        ({"n_burn_in": 40}, "n_burn_in is 40; give 0 to 39"),
        ({"n_burn_in": -1}, "n_burn_in is -1; give a whole number"),
        (
            {"user_features": torch.zeros(2, 3)},
            r"features have the shape \(2, 3\); give one row each, \(3, K\)",
        ),
        ({"item_features": torch.zeros(2)}, "give one row each"),
        (
            {"item_features": torch.tensor([[1.0], [torch.nan]])},
            "a feature is NaN or infinite",
        ),
    ],
)
def test_what_cannot_be_used_is_named(settings, said):
    train = made_ratings([0, 0, 1, 2], [0, 1, 1, 0], [4.0, 2, 5, 1])
    with pytest.raises(ValueError, match=said):
        fitted(train, **settings)


def test_a_gpu_that_is_not_there_is_named(split, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="device is 'cuda'; this machine has"):
        fitted(split.train, device="cuda")


def test_no_ratings_at_all_are_refused():
    with pytest.raises(RatingsError, match="no ratings to learn from"):
        fitted(made_ratings([], [], [], 3, 3))
