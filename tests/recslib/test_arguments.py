"""What no function can use is refused in the words of its caller."""

import dataclasses
import json
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from recslib import (
    baselines,
    evaluation,
    export,
    features,
    fitted,
    lists,
    models,
    movielens,
    overview,
    recipes,
    recommend,
    sampling,
    sequences,
    serve,
    splits,
    titles,
    training,
)
from recslib.arguments import (
    RowError,
    check_clip,
    check_finite,
    check_finite_model,
    check_number,
    check_rows,
    check_seed,
    check_some,
    check_takes,
)
from recslib.movielens import synthetic
from recslib.ratings import Ratings
from recslib.tables import read_ratings

DATA = synthetic(12, 15, 90)
R = DATA.ratings
SPLIT = splits.random_split(R)
NAN, INF = float("nan"), float("inf")
EMPTY = R.select(torch.tensor([]))
ONE = torch.tensor([1])
FOUR = torch.tensor([4.0])
FEW = {"n_epochs": 1}
HEARD = lists.hear(R)


@pytest.fixture(scope="module")
def model():
    return recipes.fit_factorization(R, 3, n_epochs=1)


@pytest.fixture(scope="module")
def sampled():
    return sampling.sample_factorization(R, 2, n_sweeps=4)


def with_nan(model):
    """Spoil one factor of one item."""
    spoilt = models.MatrixFactorization(R.n_users, R.n_items, 3, 3.0)
    spoilt.load_state_dict(model.state_dict())
    with torch.no_grad():
        spoilt.item_factors.weight[2, 1] = NAN
    return spoilt


# Seeds ---------------------------------------------------------------------

SEEDED = {
    "random_split": partial(splits.random_split, R),
    "random_folds": partial(splits.random_folds, R),
    "random_by_user": partial(splits.random_by_user, R),
    "whole_items": partial(splits.whole_items, R),
    "whole_users": partial(splits.whole_users, R),
    "folds_of": partial(splits.folds_of, R, 2),
    "last_per_user": partial(splits.last_per_user, R),
    "carve_validation": partial(splits.carve_validation, SPLIT),
    "time_order": partial(splits.time_order, R),
    "history_order": partial(splits.history_order, R),
    "out_of_fold": partial(splits.out_of_fold, R, lambda part: part),
    "cut_histories": partial(sequences.cut_histories, R, 5),
    "fit_factorization": partial(recipes.fit_factorization, R, **FEW),
    "fit_dense_net": partial(recipes.fit_dense_net, R, **FEW),
    "fit_lstm": partial(
        recipes.fit_lstm, R, R.ratings, torch.ones(R.n_items, 2), **FEW
    ),
    "sample_factorization": partial(sampling.sample_factorization, R, 2),
    "implicit_feedback": partial(features.implicit_feedback, R),
    "fit_ials": partial(lists.fit_ials, HEARD.liked, 2),
    "fit_list_factorization": partial(
        lists.fit_list_factorization, HEARD.liked, 2, **FEW
    ),
    "fit_list_autoencoder": partial(
        lists.fit_list_autoencoder, HEARD, 2, **FEW
    ),
    "paired_bootstrap": partial(
        evaluation.paired_bootstrap, R.ratings, R.ratings, R.ratings, R.users
    ),
    "mean_bootstrap": partial(
        evaluation.mean_bootstrap, R.ratings, R.ratings, R.users
    ),
}


@pytest.mark.parametrize("seed", [None, "0", 1.5, -1, NAN, 2**63])
@pytest.mark.parametrize("name", SEEDED)
def test_what_is_no_seed_is_refused_by_name(name, seed):
    with pytest.raises(ValueError, match=r"seed is .*such as seed=0"):
        SEEDED[name](seed=seed)


@pytest.mark.parametrize("seed", [0, np.int64(7), 2**63 - 1])
def test_whole_numbers_of_any_kind_are_seeds(seed):
    check_seed(seed)
    np.random.default_rng(seed)
    assert torch.equal(
        splits.time_order(R, seed), splits.time_order(R, int(seed))
    )


@pytest.mark.parametrize("name", SEEDED)
def test_the_seed_that_the_error_offers_works(name):
    if name == "out_of_fold":
        pytest.skip("what it is given here predicts nothing")
    SEEDED[name](seed=0)


def test_the_made_up_set_refuses_what_no_set_can_have():
    for how in (
        {"seed": None},
        {"n_users": 0},
        {"n_items": 2.5},
        {"n_factors": -1},
        {"noise": NAN},
    ):
        with pytest.raises(ValueError, match=f"{next(iter(how))} is"):
            synthetic(**how)


# Numbers that are none -------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda m: recommend.fold_in(m, ONE, FOUR * NAN, l2=0.1), "ratings"),
        (lambda m: recommend.fold_in(m, ONE, FOUR / 0, l2=0.1), "ratings"),
        (lambda m: recommend.fold_in(m, ONE, FOUR, l2=NAN), "l2 is nan"),
        (lambda m: recommend.fold_in(m, ONE, FOUR, l2=INF), "l2 is inf"),
        (
            lambda m: recommend.fold_in(m, ONE, FOUR, l2=0.1, ridge=NAN),
            "ridge is nan",
        ),
        (
            lambda m: recommend.arguments(m, ONE, FOUR * NAN, 2, l2=0.1),
            "1 of 1 ratings are NaN",
        ),
        (lambda m: recommend.fold_in_ahead(m, R, ridge=NAN), "ridge is nan"),
        (lambda m: recommend.fold_in_ahead(m, R, mood=NAN), "mood is nan"),
        (
            lambda m: recommend.fold_in(with_nan(m), ONE, FOUR, l2=0.1),
            "model's item_factors[.]weight are NaN",
        ),
        (
            lambda m: recommend.nearest_items(
                with_nan(m).item_factors.weight.detach(), 0, R
            ),
            "1 of 45 factors are NaN",
        ),
        (
            lambda m: export.films_for_pages(with_nan(m), R, l2=0.1, ridge=1),
            "model's item_factors.weight are NaN",
        ),
        (
            lambda m: export.films_for_pages(m, R, l2=NAN, ridge=1),
            "l2 is nan",
        ),
        (
            lambda m: export.map_places(
                with_nan(m).item_factors.weight.detach(), R.counts_by_item()
            ),
            "1 of 45 factors",
        ),
        (
            lambda m: export.in_steps(torch.tensor([[NAN]]), torch.int8),
            "1 of 1 numbers",
        ),
        (lambda m: recipes.fit_factorization(R, 3, l2=NAN), "l2 is nan"),
        (lambda m: recipes.fit_factorization(R, 3, ridge=-1), "ridge is -1"),
        (
            lambda m: recipes.fit_factorization(R, 3, learning_rate=NAN),
            "learning_rate is nan",
        ),
        (lambda m: baselines.damped_biases(R, NAN), "damping is nan"),
        (lambda m: evaluation.summarize([1.0, NAN]), "1 of 2 values"),
        (lambda m: lists.ease(HEARD.liked, INF), "l2 is inf"),
        (lambda m: lists.ease(HEARD.liked * NAN, 1.0), "180 of 180 entries"),
        (
            lambda m: lists.item_neighbours(HEARD.liked, shrinkage=NAN),
            "shrinkage is nan",
        ),
    ],
)
def test_a_number_that_is_not_finite_is_refused_where_it_comes_in(
    model, call, said
):
    with pytest.raises(ValueError, match=said):
        call(model)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: baselines.global_mean(None), "train came as NoneType"),
        (
            lambda: evaluation.best_items(torch.ones(1, 1), [[True]]),
            "seen came as list; give a torch.Tensor: torch.as_tensor",
        ),
        (lambda: check_rows([1, 2], 3, "user"), "users came as list"),
        (lambda: check_finite(np.ones(2), "factors"), "factors came as ndarr"),
        (lambda: check_some(torch.tensor(1.0), "values"), "one number came"),
        (
            lambda: fitted.on_logarithms(
                dataclasses.replace(R, ratings=-R.ratings)
            ),
            "give amounts of 0 or more",
        ),
        (lambda: fitted.only_items(R, ONE * 99), "row index 99"),
        (lambda: fitted.only_items(R, FOUR), "items hold torch.float32"),
        (lambda: lists.hear(R, FOUR), "users hold torch.float32"),
        (
            lambda: lists.hear_person(ONE.to(torch.uint8), FOUR, 15),
            "items hold torch.uint8",
        ),
        (
            lambda: export.in_steps(torch.ones(0, 3), torch.int8),
            "no rows of the table",
        ),
        (
            lambda: export.map_places(torch.ones(0, 3), torch.ones(0)),
            "no factors of films",
        ),
        (
            lambda: export.map_places(torch.ones(4, 3), torch.ones(5)),
            "4 factors and 5 counts",
        ),
        (
            lambda: export.map_places(torch.ones(4, 3), torch.ones(4), 0),
            "n_often is 0",
        ),
        (
            lambda: evaluation.error_by_count(
                R.ratings, R.ratings, R.items, edges=()
            ),
            "no edges of groups",
        ),
    ],
)
def test_what_no_function_can_use_is_told_in_the_same_words(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_stranger_with_nan_is_refused_by_the_sampler(sampled):
    with pytest.raises(ValueError, match="1 of 1 ratings are NaN"):
        sampling.fold_in(sampled, ONE, FOUR * NAN)
    with pytest.raises(RowError, match="row index 15, and there are 15 item"):
        sampling.fold_in(sampled, ONE * 15, FOUR)


def test_what_goes_to_a_page_is_json_that_a_browser_can_read(model):
    packed = export.films_for_pages(model, R, l2=0.1, ridge=1.0)
    json.dumps(packed, allow_nan=False)


@pytest.mark.parametrize(
    "clip", [(5, 1), (NAN, 5.0), (1, INF), (1,), (1, 3, 5), "15", 5, ("1", 5)]
)
def test_limits_between_which_nothing_lies_are_refused(clip):
    for judge in (evaluation.rmse, evaluation.mae):
        with pytest.raises(ValueError, match=r"clip is .*the lowest star f"):
            judge(R.ratings + 0.1, R.ratings, clip)
    with pytest.raises(ValueError, match="clip is"):
        check_clip(clip)


def test_the_clip_that_the_error_offers_works():
    told = torch.full_like(R.ratings, 7.0)
    by_hand = (5.0 - R.ratings.double()).square().mean().sqrt().item()
    assert evaluation.rmse(told, R.ratings, R.scale) == by_hand
    equal = evaluation.rmse(R.ratings, R.ratings, (3, 3))
    assert equal == (3.0 - R.ratings.double()).square().mean().sqrt().item()


def test_numbers_say_their_bounds():
    with pytest.raises(ValueError, match=r"a is -1; .*number, not below 0\."):
        check_number(-1, "a", least=0)
    with pytest.raises(ValueError, match=r"a is 0; .*number, above 0\."):
        check_number(0, "a", above=0)
    with pytest.raises(ValueError, match=r"a is '3'; give a finite number\."):
        check_number("3", "a")
    check_number(np.float32(3), "a", least=3)
    check_finite(torch.tensor([1, 2]), "whole numbers")


# Ids in place of rows --------------------------------------------------------


class WithTorchsOwn(nn.Module):
    """A class of a reader's own, on PyTorch's embedding."""

    def __init__(self):
        super().__init__()
        self.people = nn.Embedding(R.n_users, 2)
        self.films = nn.Embedding(R.n_items, 2)

    def forward(self, users, items):
        return (self.people(users) * self.films(items)).sum(dim=1)


def wrong(user, item):
    return torch.tensor([0, user]), torch.tensor([0, item])


@pytest.mark.parametrize("user", [12, 999, -1])
def test_a_user_who_is_no_row_is_named_with_how_many_there_are(model, user):
    said = f"1 of 2 users are no rows: row index {user}, and there are 12 user"
    with pytest.raises(RowError, match=said):
        training.predict(model, wrong(user, 0))
    with pytest.raises(RowError, match=f"row index {user} is looked up"):
        model(*wrong(user, 0))
    with pytest.raises(RowError, match=said):
        baselines.global_mean(R).predict(*wrong(user, 0))
    with pytest.raises(RowError, match=f"row index {user}, and there are 12"):
        recommend.score_users(model, torch.tensor([user]))


@pytest.mark.parametrize("item", [15, 100_000, -3])
def test_an_item_that_is_no_row_is_named_with_how_many_there_are(
    model, item, sampled
):
    said = f"row index {item}, and there are 15 items, from 0 to 14"
    rows = torch.tensor([item])
    with pytest.raises(RowError, match=said):
        training.predict(model, wrong(0, item))
    with pytest.raises(RowError, match=said):
        recommend.fold_in(model, rows, FOUR, l2=0.1)
    with pytest.raises(RowError, match=said):
        sampled(*wrong(0, item))
    with pytest.raises(RowError, match=said):
        features.side_features(DATA).of(*wrong(0, item))
    with pytest.raises(RowError, match=said):
        features.implicit_feedback(R).person(rows)


def test_a_class_on_pytorchs_own_tables_is_explained_too():
    for inputs in (wrong(13, 0), wrong(0, 15)):
        with pytest.raises(RowError, match="people 12, films 15"):
            training.predict(WithTorchsOwn(), inputs)


def test_ids_are_refused_while_fitting_and_while_validating():
    def fitted(train, validation=None):
        net = WithTorchsOwn()
        training.fit(
            net,
            train,
            optimizer=torch.optim.SGD(net.parameters(), lr=0.01),
            n_epochs=1,
            batch_size=2,
            seed=0,
            validation=validation,
        )

    sound = training.Examples((R.users, R.items), R.ratings)
    ids = training.Examples(wrong(13, 3), torch.ones(2))
    with pytest.raises(RowError, match="from 0 to 13"):
        fitted(ids)
    with pytest.raises(RowError, match="from 0 to 13"):
        fitted(sound, ids)


def test_the_remedy_for_an_id_is_followed():
    own = read_ratings(b"user,item,rating\n70,900,4\n71,901,5\n70,901,2\n")
    model = recipes.fit_factorization(own, 2, n_epochs=1)
    ids = torch.tensor([70]), torch.tensor([901])
    with pytest.raises(RowError, match=r"Ratings\.user_index"):
        training.predict(model, ids)
    rows = own.user_index(70), own.item_index(901)
    told = training.predict(model, tuple(torch.tensor([r]) for r in rows))
    assert told.shape == (1,)


def test_an_error_of_another_kind_is_not_taken_for_ids(model):
    with pytest.raises(TypeError, match="positional"):
        training.predict(model, (R.users, R.items, R.items))
    with pytest.raises(RuntimeError, match="size"):
        training.predict(model, (R.users, R.items[:, None].expand(-1, 7)))


def test_rows_are_whole_numbers():
    with pytest.raises(ValueError, match=r"users hold torch\.float32"):
        check_rows(torch.tensor([1.0]), 3, "user")
    check_rows(torch.tensor([]), 3, "user")


def test_factors_of_other_items_are_refused_by_their_numbers():
    said = "item_factors of 5 items; there are 90 ratings and 15 items"
    with pytest.raises(ValueError, match=said):
        recipes.fit_lstm(R, torch.zeros(90), torch.randn(5, 3), n_epochs=1)
    with pytest.raises(ValueError, match="base is of 89 ratings"):
        recipes.fit_lstm(R, torch.zeros(89), torch.randn(15, 3), n_epochs=1)


# A wrong argument, whatever takes it -----------------------------------------

NET = models.MatrixFactorization(R.n_users, R.n_items, 3, 3.5)
RANKS = models.ListAutoencoder(R.n_items, 2)
HEARS = models.LSTMRating(NET.item_factors.weight.detach(), 2)
OF_LISTS = models.LinearLists(torch.eye(R.n_items))
NEW_USERS = splits.whole_users(R, 3)[0]
SIDE = features.side_features(DATA)
FLAGS = torch.arange(90) % 7 == 0
PIECES = sequences.cut_histories(R, 5, seed=0)
TELLS = lists.first_ratings(R, 4)
EXAMPLES = training.Examples((R.users, R.items), R.ratings)
TOLD = {R.titles[0]: 4, R.titles[1]: 3}
PAIR = {"items": ONE, "ratings": FOUR}
ADAM = torch.optim.Adam(NET.parameters(), lr=0.0)
LISTED = {"model": OF_LISTS, "ratings": R, "n": 3, "liked": 4.0}
OF_LSTM = {"base": R.ratings, "item_factors": torch.ones(15, 2)}
SHORT = FEW | {"seed": 0, "batch_size": 30}


def called(function, kinds, **given):
    """Return a call that is right, and of which kind its arguments are."""
    return partial(function, **given), given, kinds


# Of each function: a call that works, and of which kind each argument is.
CALLS = {
    "hear": called(
        lists.hear,
        {"ratings": "Ratings", "users": "rows or None", "liked": "number"},
        **{"ratings": R, "users": ONE, "liked": 4.0},
    ),
    "hear_person": called(
        lists.hear_person,
        {"items": "rows", "stars": "Tensor", "n_items": "count"}
        | {"liked": "number"},
        **{"items": ONE, "stars": FOUR, "n_items": 15, "liked": 4.0},
    ),
    "known_people": called(
        lists.known_people,
        {"split": "Split", "liked": "number", "any_rated": "flag"},
        **{"split": SPLIT, "liked": 1.0, "any_rated": False},
    ),
    "strangers": called(
        lists.strangers,
        {"split": "Split", "n_heard": "count", "order": "choice"}
        | {"liked": "number"},
        **{"split": NEW_USERS, "n_heard": 2, "order": "time", "liked": 1.0},
    ),
    "first_ratings": called(
        lists.first_ratings,
        {"ratings": "Ratings", "n_steps": "count", "order": "choice"}
        | {"liked": "number"},
        **{"ratings": R, "n_steps": 4, "order": "time", "liked": 4.0},
    ),
    "popularity": called(
        lists.popularity,
        {"train": "Ratings", "liked": "number or None"},
        **{"train": R, "liked": 4.0},
    ),
    "item_neighbours": called(
        lists.item_neighbours,
        {"table": "table", "n_neighbours": "count", "shrinkage": "number"},
        **{"table": HEARD.liked, "n_neighbours": 3, "shrinkage": 1.0},
    ),
    "ease": called(
        lists.ease,
        {"heard": "table", "l2": "number", "n_targets": "count or None"},
        **{"heard": HEARD.liked, "l2": 1.0, "n_targets": 15},
    ),
    "fit_ials": called(
        lists.fit_ials,
        {"liked": "table", "n_factors": "count", "unseen": "number"}
        | {"l2": "number", "n_sweeps": "count"},
        **{"liked": HEARD.liked, "n_factors": 2, "unseen": 0.2, "l2": 0.1},
        n_sweeps=1,
    ),
    "ials_rows": called(
        lists.ials_rows,
        {"table": "table", "others": "table", "unseen": "number"}
        | {"l2": "number"},
        **{"table": HEARD.liked, "others": torch.ones(15, 2), "unseen": 0.2},
        l2=0.1,
    ),
    "hear_some": called(
        lists.hear_some,
        {"liked": "Tensor", "fewest": "number", "largest_share": "number"},
        **{"liked": HEARD.liked, "disliked": HEARD.disliked},
        **{"fewest": 6.0, "largest_share": 0.5},
    ),
    "softmax_loss": called(
        lists.softmax_loss,
        {"scores": "Tensor", "wanted": "Tensor"},
        **{"scores": HEARD.liked, "wanted": HEARD.liked},
    ),
    "fit_list_factorization": called(
        lists.fit_list_factorization,
        {"liked": "table", "n_factors": "count", "l2": "number"}
        | {"learning_rate": "number", "n_epochs": "count"}
        | {"batch_size": "count"},
        **{"liked": HEARD.liked, "n_factors": 2, "l2": 1.0, **SHORT},
        learning_rate=0.01,
    ),
    "fit_list_autoencoder": called(
        lists.fit_list_autoencoder,
        {"heard": "Heard", "n_hidden": "count", "draw": "function"},
        **{"heard": HEARD, "n_hidden": 2, "draw": lists.hear_all, **SHORT},
    ),
    "fit_list_lstm": called(
        lists.fit_list_lstm,
        {"items": "rows", "liked": "Tensor", "n_items": "count"}
        | {"n_factors": "count", "n_hidden": "count"},
        **{"items": TELLS[1], "liked": TELLS[2], "n_items": 15},
        **{"n_factors": 2, "n_hidden": 2, **SHORT},
    ),
    "Heard": called(
        lists.Heard,
        {"disliked": "Tensor"},
        **{"liked": HEARD.liked, "disliked": HEARD.disliked},
    ),
    "linear": called(
        models.linear,
        {"sd": "number"},
        **{"n_inputs": 2, "n_outputs": 2, "sd": 0.1},
    ),
    "set_dropout": called(
        models.set_dropout,
        {"model": "model", "p": "number"},
        **{"model": NET, "p": 0.5},
    ),
    "main_directions": called(
        models.main_directions,
        {"factors": "table", "n": "count"},
        **{"factors": torch.randn(15, 3), "n": 2},
    ),
    "squared_norms": called(
        models.squared_norms,
        {"model": "model", "users": "rows", "items": "rows"},
        **{"model": NET, "users": R.users, "items": R.items},
    ),
    "a table": called(
        lambda rows: NET.item_factors(rows),
        {"rows": "rows"},
        rows=ONE,
    ),
    "LinearLists": called(
        OF_LISTS,
        {"liked": "table"},
        **{"liked": HEARD.liked, "disliked": HEARD.disliked},
    ),
    "lacks": called(movielens.lacks, {"data": "DataSet"}, data=DATA),
    "for_the_book": called(
        movielens.for_the_book,
        {"data": "DataSet", "seed": "seed", "most_items": "count"},
        **{"data": DATA, "seed": 0, "most_items": 9},
    ),
    "synthetic": called(
        synthetic, {"n_ratings": "count"}, n_users=2, n_items=3, n_ratings=5
    ),
    "describe": called(overview.describe, {"ratings": "Ratings"}, ratings=R),
    "has_order": called(overview.has_order, {"ratings": "Ratings"}, ratings=R),
    "is_amount": called(overview.is_amount, {"ratings": "Ratings"}, ratings=R),
    "liked_of": called(overview.liked_of, {"ratings": "Ratings"}, ratings=R),
    "counted": called(overview.counted, {"n": "count"}, n=3, thing="star"),
    "unit_of": called(recipes.unit_of, {"train": "Ratings"}, train=R),
    "batch_size_of": called(
        recipes.batch_size_of,
        {"train": "Ratings", "most": "count", "meetings": "number"},
        **{"train": R, "most": 100, "meetings": 25},
    ),
    "fit_factorization": called(
        recipes.fit_factorization,
        {"train": "Ratings", "n_epochs": "count or None", "kind": "class"},
        **{"train": R, "n_factors": 2, "kind": models.MatrixFactorization},
        **SHORT,
    ),
    "fit_feature_factorization": called(
        recipes.fit_feature_factorization,
        {"features": "SideFeatures"},
        **{"train": R, "features": SIDE, "n_factors": 2, **SHORT},
    ),
    "fit_dense_net": called(
        recipes.fit_dense_net,
        {"train": "Ratings", "kind": "class"},
        **{"train": R, "n_factors": 2, "kind": models.DenseNet, **SHORT},
    ),
    "fit_lstm": called(
        recipes.fit_lstm,
        {"train": "Ratings", "item_factors": "table", "both_sides": "flag"}
        | {"n_steps": "count", "n_hidden": "count"},
        **{"train": R, "both_sides": False, "n_steps": 5, "n_hidden": 2},
        **{**OF_LSTM, **SHORT},
    ),
    "top_n": called(
        recommend.top_n,
        {"scores": "Tensor", "ratings": "Ratings", "seen": "rows"}
        | {"n": "count"},
        **{"scores": torch.arange(15.0), "ratings": R, "seen": ONE, "n": 3},
    ),
    "lists_for": called(
        recommend.lists_for,
        {"scores": "Tensor", "seen": "Tensor", "ratings": "Ratings"}
        | {"users": "rows or None", "n": "count"},
        **{"scores": torch.rand(1, 15), "seen": torch.zeros(1, 15) > 0},
        **{"ratings": R, "users": ONE, "n": 3},
    ),
    "leave_each_out": called(
        recommend.leave_each_out,
        {"score": "function", "heard": "Heard", "item": "row"},
        **{"score": lambda heard: heard.liked, "item": 2},
        heard=lists.hear(R, ONE),
    ),
    "nearest_items": called(
        recommend.nearest_items,
        {"factors": "table", "item": "row", "ratings": "Ratings"}
        | {"n": "count", "min_ratings": "count"},
        **{"factors": torch.rand(15, 2), "item": 2, "ratings": R, "n": 3},
        min_ratings=1,
    ),
    "fold_in": called(
        recommend.fold_in,
        {"model": "model", "items": "Tensor", "ratings": "Tensor"}
        | {"l2": "number", "ridge": "number"},
        **{"model": NET, **PAIR, "l2": 0.1, "ridge": 1.0},
    ),
    "fold_in_ahead": called(
        recommend.fold_in_ahead,
        {"model": "model", "ratings": "Ratings", "ridge": "number"}
        | {"mood": "number", "fades": "number"},
        **{"model": NET, "ratings": R, "ridge": 5.0, "mood": 0.1},
        fades=20.0,
    ),
    "arguments": called(
        recommend.arguments,
        {"item": "row"},
        **{"model": NET, **PAIR, "item": 3, "l2": 0.1},
    ),
    "rated_items": called(
        recommend.rated_items,
        {"stars": "Mapping", "ratings": "Ratings"},
        **{"stars": TOLD, "ratings": R},
    ),
    "score_items": called(
        recommend.score_items,
        {"model": "model", "person": "Person"},
        **{"model": NET, "person": recommend.Person(torch.ones(3), 0.0)},
    ),
    "score_users": called(
        recommend.score_users,
        {"model": "model", "users": "rows"},
        **{"model": NET, "users": ONE},
    ),
    "sample_factorization": called(
        sampling.sample_factorization,
        {
            "train": "Ratings",
            "own_noise": "flag",
            "user_features": "Tensor or None",
        }
        | {"validation": "Ratings or None", "checkpoint": "path or None"}
        | {"device": "device"},
        **{"train": R, "n_factors": 1, "n_sweeps": 2, "own_noise": True},
        **{"user_features": SIDE.users, "validation": R, "device": "cpu"},
        checkpoint=None,
    ),
    "choose_n_factors": called(
        sampling.choose_n_factors,
        {"train": "Ratings", "validation": "Ratings"},
        **{"train": SPLIT.train, "validation": SPLIT.test, "n_sweeps": 2},
        candidates={0},
    ),
    "are_thin": called(sampling.are_thin, {"train": "Ratings"}, train=R),
    "usual_n_factors": called(
        sampling.usual_n_factors,
        {"train": "Ratings", "seed": "seed"},
        **{"train": R, "n_sweeps": 2, "seed": 0},
    ),
    "cut_histories": called(
        sequences.cut_histories,
        {"ratings": "Ratings", "n_steps": "count", "n_context": "count"}
        | {"is_target": "Tensor or None"},
        **{"ratings": R, "n_steps": 5, "n_context": 2, "is_target": FLAGS},
        seed=0,
    ),
    "backwards": called(
        sequences.backwards,
        {"pieces": "Sequences", "ratings": "Ratings"},
        **{"pieces": PIECES, "ratings": R},
    ),
    "ask_apart": called(
        sequences.ask_apart,
        {"ratings": "Ratings", "is_target": "Tensor", "n_steps": "count"}
        | {"side": "choice"},
        **{"ratings": R, "is_target": FLAGS, "n_steps": 4, "side": "after"},
        seed=0,
    ),
    "mirror": called(
        sequences.mirror,
        {"before": "Sequences", "after": "Sequences"},
        **{"before": PIECES, "after": sequences.backwards(PIECES, R)},
    ),
    "lstm_inputs": called(
        sequences.lstm_inputs,
        {"before": "Sequences", "base": "Tensor", "surprises": "Tensor"}
        | {"after": "Sequences or None"},
        **{"before": PIECES, "base": R.ratings, "surprises": R.ratings},
        after=None,
    ),
    "now": called(PIECES.now, {"values": "Tensor"}, values=R.ratings),
    "to_rows": called(
        PIECES.to_rows, {"values": "Tensor"}, values=PIECES.now(R.ratings)
    ),
    "for_user": called(
        serve.for_user,
        {"model": "model", "ratings": "Ratings", "n": "count"}
        | {"liked": "number"},
        **{**LISTED, "user_id": 3},
    ),
    "for_all": called(
        serve.for_all,
        {"model": "model", "ratings": "Ratings", "n": "count"}
        | {"liked": "number", "batch_size": "count"},
        **{**LISTED, "batch_size": 5},
    ),
    "for_stranger": called(
        serve.for_stranger,
        {"model": "model", "ratings": "Ratings", "n": "count"}
        | {"liked": "number", "stars": "Mapping", "name": "name"},
        **{**LISTED, "stars": TOLD, "name": "me"},
    ),
    "Split": called(
        splits.Split,
        {"train": "Ratings", "test": "Ratings"},
        **{"train": SPLIT.train, "test": SPLIT.test},
    ),
    "random_split": called(
        splits.random_split,
        {"ratings": "Ratings", "test_share": "share"},
        **{"ratings": R, "test_share": 0.2},
    ),
    **{
        split.__name__: called(
            split,
            {"ratings": "Ratings", "n_folds": "count"},
            **{"ratings": R, "n_folds": 2, "seed": 0},
        )
        for split in (
            splits.folds_of,
            splits.random_folds,
            splits.whole_items,
            splits.whole_users,
        )
    },
    "last_per_user": called(
        splits.last_per_user,
        {"ratings": "Ratings", "n_last": "count"},
        **{"ratings": R, "n_last": 1},
    ),
    "time_windows": called(
        splits.time_windows,
        {"ratings": "Ratings", "n_windows": "count", "first_share": "share"},
        **{"ratings": R, "n_windows": 2, "first_share": 0.5},
    ),
    "global_time": called(
        splits.global_time, {"ratings": "Ratings"}, ratings=R, test_share=0.2
    ),
    "carve_validation": called(
        splits.carve_validation,
        {"split": "Split", "share": "share", "by_time": "flag"},
        **{"split": SPLIT, "share": 0.1, "by_time": False},
    ),
    "join": called(
        splits.join,
        {"train": "Ratings", "test": "Ratings"},
        **{"train": SPLIT.train, "test": SPLIT.test},
    ),
    "out_of_fold": called(
        splits.out_of_fold,
        {"ratings": "Ratings", "predict": "function", "n_folds": "count"},
        **{"ratings": R, "predict": lambda split: split.test.ratings},
        n_folds=2,
    ),
    "history_order": called(
        splits.history_order,
        {"ratings": "Ratings", "seed": "seed"},
        **{"ratings": R, "seed": 0},
    ),
    "split_year": called(titles.split_year, {"title": "text"}, title="Heat"),
    "words_of": called(titles.words_of, {"text": "text"}, text="Heat"),
    "spelling": called(titles.spelling, {"name": "text"}, name="Heat"),
    "search_titles": called(R.search_titles, {"n": "count"}, text="film", n=3),
    "Examples": called(
        training.Examples,
        {"targets": "inputs and targets", "mask": "Tensor or None"},
        **{"inputs": EXAMPLES.inputs, "targets": R.ratings, "mask": FLAGS},
    ),
    "Examples.to": called(EXAMPLES.to, {"device": "device"}, device="cpu"),
    "films_for_pages": called(
        export.films_for_pages,
        {"model": "model", "ratings": "Ratings", "l2": "number"}
        | {"ridge": "number", "damping": "number"},
        **{"model": NET, "ratings": R, "l2": 0.1, "ridge": 1.0},
        damping=3.0,
    ),
    "lstm_for_pages": called(
        export.lstm_for_pages,
        {"model": "model", "ridge": "number"},
        **{"model": HEARS, "factorization": NET, "ridge": 1.0},
    ),
    "network_for_pages": called(
        export.network_for_pages,
        {"model": "model", "ratings": "Ratings", "liked": "number"},
        **{"model": RANKS, "ratings": R, "liked": 4.0},
    ),
    "rounded_network": called(
        export.rounded_network, {"model": "model"}, model=RANKS
    ),
    "fingerprint": called(export.fingerprint, {"model": "model"}, model=NET),
    "damped_biases": called(
        baselines.damped_biases,
        {"train": "Ratings", "damping": "number", "n_sweeps": "count"},
        **{"train": R, "damping": 3.0, "n_sweeps": 2},
    ),
    "running_user_bias": called(
        baselines.running_user_bias,
        {"train": "Ratings", "test": "Ratings", "damping": "number"}
        | {"keep": "number"},
        **{"train": SPLIT.train, "test": SPLIT.test, "damping": 3.0},
        keep=1.0,
    ),
    "fit": called(
        training.fit,
        {
            "model": "model",
            "train": "Examples",
            "validation": "Examples or None",
        }
        | {"n_epochs": "count", "patience": "count or None"}
        | {"reduction": "choice", "schedule": "choice", "device": "device"},
        **{"model": NET, "train": EXAMPLES, "validation": EXAMPLES, **SHORT},
        **{"patience": 2, "reduction": "mean", "schedule": "constant"},
        **{"optimizer": ADAM, "device": "cpu"},
    ),
    "predict": called(
        training.predict,
        {"model": "model", "device": "device"},
        **{"model": NET, "inputs": (R.users, R.items), "device": "cpu"},
    ),
    "averaged": called(
        lists.averaged,
        {"models": "Sequence"},
        models=[models.ListAutoencoder(15, 2)],
    ),
}

NO_NUMBERS = [None, "3", "abc", NAN, INF, True, [], [3], np.ones(2)]
OF_ANOTHER_CLASS = [None, "abc", 3, [], R.ratings.numpy(), Ratings]
# Of each kind of argument: what is none, and what is said of it.
WRONG = {
    "count": ([*NO_NUMBERS, 2.5, -1, torch.ones(2)], "{} is .*; give a whole"),
    "number": ([*NO_NUMBERS, torch.ones(2)], "{} is .*; give a finite number"),
    "share": ([None, "0.2", NAN, 0, 1, 2, []], "{} is .*; give a share"),
    "seed": ([None, "0", NAN, -1, 1.5, []], "{} is .*such as seed=0"),
    "row": ([None, "3", 2.5, -1, 15, NAN, ONE], "{} is .*; row indexes go f"),
    "flag": ([None, "no", 2, np.ones(2)], "{} is .*; give True or False"),
    "choice": ([None, "abc", 3, [], np.ones(2)], "{} is .*; give '"),
    "device": (
        [None, "abc", 3, [], "cpu:7", "cpu:a"],
        "device is .*; this machine has",
    ),
    "text": ([None, 3, NAN, b"Heat", ["Heat"]], "{} is .*; give a text"),
    "name": (
        [None, NAN, [], ["me"], 2.5],
        "{} is .*; give a text, or a whole",
    ),
    "path": ([3, NAN, [], b"here"], "{} is .*; give a path"),
    "class": ([None, "abc", 3, NET, int], "{} came as .*; give a class"),
    "table": (
        [*OF_ANOTHER_CLASS, torch.ones(15), torch.ones(15, 2, 1)],
        "(came as .*; give a torch.Tensor|have the shape .*; give a table)",
    ),
    "inputs and targets": (OF_ANOTHER_CLASS, "{} came as .*torch.Tensor"),
    "function": ([None, "abc", 3, []], "{} came as .*; give a function"),
    "model": ([*OF_ANOTHER_CLASS, R], "{} came as .*; give a model"),
    "Ratings": ([*OF_ANOTHER_CLASS, DATA, SPLIT], "{} came as .*Ratings"),
    "Tensor": ([*OF_ANOTHER_CLASS, [1.0]], "came as .*; give a torch.Tensor"),
} | {
    kind: ([*OF_ANOTHER_CLASS, R], f"{{}} came as .*{kind}")
    for kind in ("Split", "DataSet", "Examples", "Heard", "SideFeatures")
}
WRONG |= {
    "Sequences": ([*OF_ANOTHER_CLASS, R], "{} came as .*Sequences"),
    "Person": ([*OF_ANOTHER_CLASS, R], "{} came as .*Person"),
    "Mapping": ([None, "abc", 3, ["Heat"]], "{} came as .*; give a mapping"),
    "Sequence": ([None, 3, NET, NAN], "{} came as .*; give a list"),
}
WRONG["rows"] = (
    [None, 3, "abc", [1], np.ones(1), FOUR, ONE * 99, -ONE],
    "(came as .*; give a torch.Tensor|hold torch.float32; give|row index -?)",
)


@pytest.mark.parametrize(
    ("name", "argument"),
    [(name, each) for name, (_, _, kinds) in CALLS.items() for each in kinds],
)
def test_a_wrong_argument_is_told_in_the_words_of_its_caller(name, argument):
    call, _, kinds = CALLS[name]
    kind = kinds[argument]
    wrong, said = WRONG[kind.removesuffix(" or None")]
    for value in wrong:
        if value is None and kind.endswith(" or None"):
            continue
        with pytest.raises(ValueError, match=said.format(argument)):
            call(**{argument: value})


@pytest.mark.parametrize("name", CALLS)
def test_the_right_arguments_work_and_numbers_of_numpy_do_too(name):
    call, given, kinds = CALLS[name]
    call()
    numbers = {
        argument: np.int64(given[argument])
        for argument, kind in kinds.items()
        if kind in ("count", "count or None", "row", "seed")
    }
    call(**numbers)


def test_parts_of_a_model_that_a_page_needs_are_named():
    for call, said in (
        (
            lambda: export.films_for_pages(RANKS, R, l2=0.1, ridge=1),
            "ListAutoencoder has no user_factors and no item_factors",
        ),
        (
            lambda: export.lstm_for_pages(NET, NET, ridge=1),
            "has no lstm and no taste",
        ),
        (
            lambda: export.network_for_pages(NET, R),
            "has no hidden and no output",
        ),
        (lambda: export.rounded_network(NET), "has no hidden and no output"),
        (lambda: export.fingerprint(RANKS), "has no user_factors"),
        (lambda: export.titles_fingerprint("Heat"), "give a list of texts"),
        (lambda: export.titles_fingerprint(None), "titles came as NoneType"),
        (
            lambda: export.in_steps(torch.ones(1, 1), "int8"),
            "kind came as str; give a torch.dtype, such",
        ),
        (
            lambda: export.map_places(
                torch.ones(1, 2), torch.ones(1), like=[[0, 0]]
            ),
            "places of like came as list",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            call()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: splits.out_of_fold(R, lambda: None),
            r"predict takes \(\) and is called with \(split\)",
        ),
        (
            lambda: recommend.leave_each_out(
                lambda liked, disliked: liked, HEARD, 3
            ),
            r"score takes \(liked, disliked\) and .* with \(heard\)",
        ),
        (
            lambda: lists.fit_list_autoencoder(HEARD, 2, draw=lambda a: a),
            r"draw takes \(a\) and is called with \(liked, disliked\)",
        ),
        (
            lambda: training.fit(
                NET,
                EXAMPLES,
                optimizer=ADAM,
                loss=lambda batch: batch,
                **SHORT,
            ),
            r"loss takes \(batch\) and is called with \(model, batch\)",
        ),
        (
            lambda: training.fit(
                NET,
                EXAMPLES,
                optimizer=ADAM,
                penalty=lambda users: users,
                **SHORT,
            ),
            r"penalty takes \(users\) .* \(inputs\[0\], inputs\[1\]\)",
        ),
        (
            lambda: recipes.fit_factorization(
                R, 2, **FEW, kind=models.ListFactorization
            ),
            r"kind takes \(n_users, n_items, n_factors\) and .* mean\)",
        ),
        (
            lambda: recipes.fit_lstm(
                R, **OF_LSTM, **FEW, kind=models.MatrixFactorization
            ),
            r"kind takes \(.*\) and is called with \(item_factors, n_hidd",
        ),
    ],
)
def test_a_function_that_takes_something_else_is_told_what_it_is_handed(
    call, said
):
    with pytest.raises(ValueError, match=said):
        call()


def test_an_order_is_a_row_of_numbers_and_a_prediction_a_tensor():
    with pytest.raises(ValueError, match=r"shape \(1, 90\); .*\(90,\)"):
        EXAMPLES.reordered(torch.arange(90)[None])

    class InPairs(models.MatrixFactorization):
        def forward(self, users, items):
            return super().forward(users, items), items

    with pytest.raises(ValueError, match="predictions of the model came as t"):
        training.predict(InPairs(12, 15, 2, 3.5), EXAMPLES.inputs)


def test_a_function_that_does_not_tell_what_it_takes_is_let_through():
    check_takes(max, "max", "one", "other", "and more")
    check_takes(lambda *rows: rows, "penalty", "users", "items")


def test_models_and_parts_that_do_not_belong_together_are_told(sampled):
    other = synthetic(6, 7, 20).ratings
    person = recommend.Person(torch.ones(5), 0.0)
    for call, said in (
        (lambda: sampling.fold_in(NET, **PAIR), "sample_factorization"),
        (
            lambda: sampling.score_items(sampled, person),
            "stranger came as Person; .*Stranger",
        ),
        (lambda: recommend.score_items(NET, person), r"\(3,\); fold the pers"),
        (lambda: lists.averaged([NET]), "has no layers hidden and output"),
        (lambda: splits.Split(R, other), "in different ways"),
        (lambda: sequences.backwards(PIECES, other), "that were cut"),
        (lambda: PIECES.now(other.ratings), "one value a rating"),
        (
            lambda: splits.out_of_fold(R, lambda split: FOUR),
            r"shape \(1,\); return a tensor of shape \(45,\)",
        ),
        (
            lambda: sampled(R.users, R.items[:5]),
            r"users of \(90,\) and items of \(5,\)",
        ),
        (
            lambda: lists.fit_ials(HEARD.liked.double(), 2),
            "hold torch.float64; give torch.float32",
        ),
        (
            lambda: lists.or_popular(torch.ones(2, 3), torch.ones(4)),
            r"\(2, 3\), and those of the popular list \(4,\)",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_numbers_of_another_width_fold_in_alike(sampled):
    told = sampling.fold_in(sampled, ONE, FOUR)
    for stars in (FOUR.double(), FOUR.long()):
        again = sampling.fold_in(sampled, ONE, stars)
        assert torch.equal(told.rows, again.rows)


# Nothing at all ------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        recipes.fit_factorization,
        recipes.fit_dense_net,
        lambda r: recipes.fit_lstm(r, r.ratings, torch.ones(R.n_items, 2)),
        lambda r: recipes.fit_feature_factorization(
            r, features.side_features(DATA)
        ),
        baselines.global_mean,
        baselines.user_means,
        baselines.damped_biases,
        sampling.sample_factorization,
    ],
)
def test_nothing_to_learn_from_is_said(call):
    with pytest.raises(ValueError, match="no ratings to learn from"):
        call(EMPTY)


@pytest.mark.parametrize("size", [0, -5, 1.5, None, "8"])
def test_a_batch_that_holds_nothing_is_refused_by_name(model, size):
    with pytest.raises(ValueError, match="batch_size is"):
        training.predict(model, (R.users, R.items), batch_size=size)
    if size is None:  # of a recipe: as many as fit the ratings
        return
    for recipe in (recipes.fit_factorization, recipes.fit_dense_net):
        with pytest.raises(ValueError, match="batch_size is"):
            recipe(R, batch_size=size)


@pytest.mark.parametrize("norm", [-1.0, 0, NAN, INF, "1"])
def test_a_length_that_no_gradient_has_is_refused(norm):
    net = WithTorchsOwn()
    with pytest.raises(ValueError, match="max_gradient_norm is"):
        training.fit(
            net,
            training.Examples((R.users, R.items), R.ratings),
            optimizer=torch.optim.SGD(net.parameters(), lr=0.01),
            n_epochs=1,
            batch_size=9,
            seed=0,
            max_gradient_norm=norm,
        )


@pytest.mark.parametrize("part", ["training", "validation"])
def test_a_mask_that_lets_nothing_count_is_refused(part):
    net = WithTorchsOwn()
    nothing = torch.zeros(90, dtype=torch.bool)
    masked = training.Examples((R.users, R.items), R.ratings, nothing)
    sound = dataclasses.replace(masked, mask=None)
    train, validation = masked, None
    if part == "validation":
        train, validation = sound, masked
    with pytest.raises(ValueError, match=f"mask of the {part} examples"):
        training.fit(
            net,
            train,
            optimizer=torch.optim.SGD(net.parameters(), lr=0.01),
            n_epochs=1,
            batch_size=9,
            seed=0,
            validation=validation,
        )


# Small data, other scales ----------------------------------------------------


@pytest.mark.parametrize(("n_films", "n_factors"), [(1, 4), (2, 1), (1, 0)])
def test_few_films_or_factors_have_a_map_whose_other_axis_is_zero(
    n_films, n_factors
):
    text = "".join(f"{u},{f},{3 + f}\n" for u in range(3) for f in range(2))
    own = read_ratings(text.encode())
    own = own.select(own.items < n_films)
    own = dataclasses.replace(
        own, item_ids=own.item_ids[:n_films], titles=own.titles[:n_films]
    )
    net = recipes.fit_factorization(own, n_factors, n_epochs=1)
    packed = export.films_for_pages(net, own, l2=0.1, ridge=1.0)
    assert len(packed["titles"]) == n_films
    json.dumps(packed, allow_nan=False)
    factors = torch.ones(n_films, n_factors)
    places = export.map_places(factors, own.counts_by_item())
    assert places.shape == (n_films, 2)
    assert places[:, 1].abs().max() == 0


def on_scale(low: float, high: float) -> Ratings:
    ratings = synthetic(100, 120, 6_000).ratings
    stars = low + (ratings.ratings - 1) * (high - low) / 4
    return dataclasses.replace(ratings, ratings=stars, scale=(low, high))


@pytest.mark.parametrize(
    "scale", [(-10.0, 10.0), (1.0, 10.0), (0.0, 100.0), (0.0, 1.0)]
)
@pytest.mark.parametrize(
    "fit_it", [recipes.fit_factorization, recipes.fit_dense_net]
)
def test_other_scales_are_fitted_better_than_by_guessing(fit_it, scale):
    split = splits.random_split(on_scale(*scale))
    model = fit_it(split.train, n_factors=8, n_epochs=20)
    told = training.predict(model, (split.test.users, split.test.items))
    mean = baselines.global_mean(split.train)
    guess = mean.predict(split.test.users, split.test.items)
    ours = evaluation.rmse(told, split.test.ratings, scale)
    assert ours < evaluation.rmse(guess, split.test.ratings, scale)


def test_a_fit_that_diverges_offers_a_rate_that_works():
    wide = on_scale(-10.0, 10.0)
    few = {"n_factors": 16, "n_epochs": 5}
    said = r"epoch \d+, .*try learning_rate=(\S+), a tenth"
    with pytest.raises(FloatingPointError, match=said) as caught:
        recipes.fit_factorization(wide, **few, learning_rate=0.4)
    assert "max_gradient_norm" not in str(caught.value)
    offered = str(caught.value).split("learning_rate=")[1].split(",")[0]
    assert float(offered) == 0.04
    recipes.fit_factorization(wide, **few, learning_rate=float(offered))


def test_stars_beyond_the_scale_that_is_told_are_fitted_too():
    wide = on_scale(-10.0, 10.0)
    told = dataclasses.replace(wide, scale=(1.0, 5.0))
    model = recipes.fit_factorization(told, 16, n_epochs=10)
    answers = training.predict(model, (wide.users, wide.items))
    error = evaluation.rmse(answers, wide.ratings, wide.scale)
    assert error < 0.95 * wide.ratings.std().item()


def test_an_optimizer_of_another_model_is_refused():
    net, other = WithTorchsOwn(), WithTorchsOwn()
    examples = training.Examples((R.users, R.items), R.ratings)
    how = {"n_epochs": 1, "batch_size": 9, "seed": 0}
    of_other = torch.optim.SGD(other.parameters(), lr=0.01)
    with pytest.raises(ValueError, match=r"from model\.parameters\(\)"):
        training.fit(net, examples, optimizer=of_other, **how)
    own = torch.optim.SGD(net.parameters(), lr=0.01)
    training.fit(net, examples, optimizer=own, **how)


def test_a_validation_part_with_nan_is_refused_before_anything_is_learnt():
    net = WithTorchsOwn()
    before = net.people.weight.clone()
    spoilt = R.ratings.clone()
    spoilt[3] = NAN
    part = training.Examples((R.users, R.items), spoilt)
    with pytest.raises(ValueError, match="1 of 90 targets of the validation"):
        training.fit(
            net,
            training.Examples((R.users, R.items), R.ratings),
            optimizer=torch.optim.SGD(net.parameters(), lr=0.01),
            n_epochs=1,
            batch_size=9,
            seed=0,
            validation=part,
        )
    assert torch.equal(net.people.weight, before)


# Splits of next to nothing ---------------------------------------------------


@pytest.mark.parametrize(
    "split",
    [
        splits.random_folds,
        splits.whole_items,
        splits.whole_users,
        lambda r: splits.out_of_fold(r, None),
        lambda r: splits.folds_of(r, 2, 0),
    ],
)
def test_one_rating_is_too_few_for_folds(split):
    with pytest.raises(ValueError, match="1 is too few to be parted"):
        split(read_ratings(b"1,2,3\n"))


def test_ratings_of_one_second_have_no_past():
    own = read_ratings(
        b"user,item,rating,timestamp\n1,2,3,7\n1,3,3,7\n2,2,3,7\n2,3,4,7\n"
    )
    for split in (
        splits.global_time,
        splits.time_windows,
        lambda r: splits.carve_validation(
            splits.random_split(r, 0.25), by_time=True
        ),
    ):
        with pytest.raises(ValueError, match=r"first second, 7, .*random_spl"):
            split(own)
    assert len(splits.random_split(own, 0.25).test) == 1  # the remedy
    few = read_ratings(
        b"user,item,rating,timestamp\n"
        b"1,2,3,1\n1,3,3,2\n2,2,3,3\n2,3,4,3\n2,4,4,3\n"
    )
    with pytest.raises(ValueError, match="Give fewer windows"):
        splits.time_windows(few, n_windows=3, first_share=0.2)
    assert len(splits.time_windows(few, n_windows=1, first_share=0.2)) == 1


def test_a_mean_in_a_models_state_is_looked_at_like_any_number():
    model = models.MatrixFactorization(2, 3, 2, float("nan"))
    with pytest.raises(ValueError, match="the model's mean is nan"):
        check_finite_model(model)
    check_finite_model(models.MatrixFactorization(2, 3, 2, 3.5))
