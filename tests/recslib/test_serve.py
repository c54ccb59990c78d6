import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from bookbuild import places
from recslib import features, lists, models, recipes, recommend, sampling
from recslib.movielens import synthetic
from recslib.ratings import RatingsError, from_frame
from recslib.saving import load, save
from recslib.serve import for_all, for_stranger, for_user
from recslib.training import predict

DATA = synthetic(13, 20, 120)
RATINGS = DATA.ratings
FEATURES = features.side_features(DATA)
HEARD = lists.hear(RATINGS)
COLUMNS = ["user", "place", "item_id", "title", "score"]
QUICK = {"n_factors": 4, "n_epochs": 2}
EVERYBODY = torch.arange(13)


class Bent(models.MatrixFactorization):
    """A class of one's own that is no dot product."""

    def forward(self, users, items):
        return super().forward(users, items).square()


def factorization():
    return recipes.fit_factorization(RATINGS, **QUICK)


def stars_of(model, **known):
    """Ask a model of stars for every pair by its forward."""
    users = EVERYBODY.repeat_interleave(20)
    items = torch.arange(20).repeat(13)
    inputs = (users, items)
    if known:
        inputs = (*inputs, FEATURES.of(users, items))
    return predict(model, inputs).view(13, 20)


def list_lstm():
    torch.manual_seed(0)
    return models.ListLSTM(20, 3, 5).eval()


def heard_in_time(model):
    rows = []
    for user in range(13):
        own = RATINGS.select(RATINGS.users == user)
        own = own.select(own.timestamps.argsort(stable=True)[-20:])
        likes = (own.ratings >= 4).float()
        rows.append(model(own.items[None], likes[None])[0, -1])
    return torch.stack(rows)


# How each is made, and its scores (13, 20) in the plainest way.
MODELS = {
    "factorization": (factorization, stars_of),
    "network": (lambda: recipes.fit_dense_net(RATINGS, **QUICK), stars_of),
    "own": (
        lambda: recipes.fit_factorization(RATINGS, **QUICK, kind=Bent),
        stars_of,
    ),
    "sampler": (
        lambda: sampling.sample_factorization(RATINGS, 2, n_sweeps=6),
        stars_of,
    ),
    "factorization of lists": (
        lambda: lists.fit_ials(HEARD.liked, 3, n_sweeps=2),
        lambda model: model(EVERYBODY),
    ),
    "autoencoder": (
        lambda: lists.fit_list_autoencoder(HEARD, 4, n_epochs=2),
        lambda model: model(HEARD.liked, HEARD.disliked),
    ),
    "matrix": (
        lambda: models.LinearLists(lists.ease(HEARD.liked, 9.0)),
        lambda model: HEARD.liked @ model.weights,
    ),
    "lstm": (list_lstm, heard_in_time),
}


@pytest.fixture(params=MODELS)
def fitted(request):
    make, scores = MODELS[request.param]
    model = make()
    with torch.no_grad():
        return model, scores(model)


# People of the data ----------------------------------------------------------


def test_everybody_gets_the_best_that_they_have_not_seen(fitted):
    model, scores = fitted
    listed = for_all(model, RATINGS, 3, batch_size=4)
    assert listed.columns.tolist() == COLUMNS
    for user in range(13):
        own = listed[listed["user"] == RATINGS.user_ids[user]]
        assert own["place"].tolist() == [1, 2, 3]
        left = scores[user].clone()
        left[RATINGS.items[RATINGS.users == user]] = -torch.inf
        best = left.topk(3).values.tolist()
        assert own["score"].tolist() == pytest.approx(best, abs=1e-5)
        rows = [RATINGS.item_index(id_) for id_ in own["item_id"]]
        assert len(set(rows)) == 3
        # Where two are level, either may come first.
        assert left[rows].tolist() == pytest.approx(best, abs=1e-5)
        assert own["title"].tolist() == [RATINGS.titles[row] for row in rows]


def test_a_person_gets_the_list_that_they_get_among_all(fitted):
    model, _ = fitted
    listed = for_all(model, RATINGS, 5)
    for user_id in RATINGS.user_ids[[0, 7, 12]]:
        one = for_user(model, RATINGS, user_id, 5)
        among = listed[listed["user"] == user_id].reset_index(drop=True)
        pd.testing.assert_frame_equal(one, among, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["FeatureFactorization", "DenseNet"])
def test_a_model_that_hears_features_is_told_them(kind):
    if kind == "DenseNet":
        model = recipes.fit_dense_net(RATINGS, FEATURES, **QUICK)
    else:
        model = recipes.fit_feature_factorization(RATINGS, FEATURES, **QUICK)
    scores = stars_of(model, told=True)
    listed = for_all(model, RATINGS, 1, features=FEATURES)
    left = scores.masked_fill(HEARD.rated > 0, -torch.inf)
    assert listed["score"].tolist() == left.max(dim=1).values.tolist()
    one = for_user(model, RATINGS, 7, 1, features=FEATURES)
    assert one["score"].item() == listed["score"][listed["user"] == 7].item()
    with pytest.raises(ValueError, match=f"{kind} was fitted with features"):
        for_user(model, RATINGS, 7)
    with pytest.raises(ValueError, match="for somebody new, take"):
        for_stranger(model, RATINGS, {})


def seen_all_or_nothing():
    """Ann has seen everything, Bob nothing, Cem the first item alone."""
    rows = [("ann", item, 5) for item in "abc"] + [("cem", "a", 2)]
    rows += [("bob", "a", 3)]
    frame = pd.DataFrame(rows, columns=["user", "item", "rating"])
    ratings = from_frame(frame, titles={"a": "Alien", "b": "Brazil"})
    return ratings.select(ratings.users != ratings.user_index("bob"))


@pytest.mark.parametrize(
    "model",
    [
        models.MatrixFactorization(3, 3, 2, 3.0),
        models.ListFactorization(3, 3, 2),
        models.ListAutoencoder(3, 2),
        models.ListLSTM(3, 2, 2),
        models.LinearLists(torch.ones(3, 3), torch.arange(3.0)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_who_has_seen_everything_has_no_row_and_who_nothing_has_all(model):
    ratings = seen_all_or_nothing()
    listed = for_all(model, ratings, 9, batch_size=1)
    counts = listed["user"].value_counts().to_dict()
    assert counts == {"bob": 3, "cem": 2}
    empty = for_user(model, ratings, "ann")
    assert len(empty) == 0 and empty.columns.tolist() == COLUMNS
    assert set(for_user(model, ratings, "cem")["item_id"]) == {"b", "c"}
    assert set(for_user(model, ratings, "bob")["title"]) == {
        "Alien",
        "Brazil",
        "item c",
    }


def test_who_has_told_an_lstm_nothing_hears_what_is_liked():
    ratings, model = seen_all_or_nothing(), models.ListLSTM(3, 2, 2)
    listed = for_user(model, ratings, "bob")
    # Ann likes all three, Cem does not like a.
    assert listed["score"].tolist() == [1, 1, 1]
    assert for_stranger(model, ratings, {})["score"].tolist() == [1, 1, 1]


def test_an_lstm_hears_the_last_of_a_long_history_in_the_order_of_time():
    rows = [("ann", item, 5, 99 - item) for item in range(40)]
    rows += [("bob", item, 5, item) for item in range(45)]
    names = ["user", "item", "rating", "timestamp"]
    ratings = from_frame(pd.DataFrame(rows, columns=names))
    torch.manual_seed(0)
    model = models.ListLSTM(45, 2, 3).eval()
    heard = torch.arange(19, -1, -1)[None]
    with torch.no_grad():
        expected = model(heard, torch.ones(1, 20))[0, -1, 40:]
    listed = for_all(model, ratings, 45)
    own = listed[listed["user"] == "ann"].sort_values("item_id")
    assert own["score"].tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_what_counts_as_liked_is_yours_to_say():
    model = MODELS["matrix"][0]()
    told = lists.hear(RATINGS, torch.tensor([7]), liked=2.0)
    scores = (told.liked @ model.weights).masked_fill(
        told.rated > 0, -torch.inf
    )
    one = for_user(model, RATINGS, RATINGS.user_ids[7], 1, liked=2.0)
    assert one["score"].item() == pytest.approx(scores.max().item(), abs=1e-6)


def test_lists_of_all_are_written_and_read_as_csv(tmp_path):
    ratings, model = RATINGS, factorization()
    titles = ('Comma, "quoted"', "Ünï / 🎬", *ratings.titles[2:])
    listed = for_all(model, replace(ratings, titles=titles), 20)
    listed.to_csv(tmp_path / "lists.csv", index=False)
    back = pd.read_csv(tmp_path / "lists.csv")
    assert back["title"].tolist() == listed["title"].tolist()
    assert back["item_id"].tolist() == listed["item_id"].tolist()


def test_the_table_of_all_scores_is_never_there(monkeypatch):
    largest, real = [], recommend.score_users

    def score(model, users):
        largest.append(len(users))
        return real(model, users)

    monkeypatch.setattr(recommend, "score_users", score)
    for_all(MODELS["own"][0](), RATINGS, 2, batch_size=5)
    assert largest == [5, 5, 3]


# Strangers -------------------------------------------------------------------

LIKES = {RATINGS.titles[4]: 5, RATINGS.item_ids[9].item(): 1.0}
LIKED_ITEMS = torch.tensor([4, 9]), torch.tensor([5.0, 1.0])


def stranger_of(model):
    """Score all items for who gave these stars, without the module."""
    if isinstance(model, sampling.SampledFactorization):
        person = sampling.fold_in(model, *LIKED_ITEMS)
        return sampling.score_items(model, person)[0]
    if isinstance(model, models.MatrixFactorization | models.DenseNet):
        person = recommend.fold_in(model, *LIKED_ITEMS, l2=0.04, ridge=3.0)
        return recommend.score_items(model, person)
    if isinstance(model, models.ListLSTM):
        likes = torch.tensor([[1.0, 0.0]])
        return model(LIKED_ITEMS[0][None], likes)[0, -1]
    liked, disliked = torch.zeros(2, 1, 20)
    liked[0, 4] = disliked[0, 9] = 1
    return model(liked, disliked)[0]


def test_a_stranger_is_served_by_titles_and_ids(fitted):
    model, _ = fitted
    if isinstance(model, models.ListFactorization):
        with pytest.raises(ValueError, match="and none for a stranger"):
            for_stranger(model, RATINGS, LIKES)
        return
    with torch.no_grad():
        scores = stranger_of(model)
    scores[LIKED_ITEMS[0]] = -torch.inf
    best = scores.topk(6)
    listed = for_stranger(model, RATINGS, LIKES, 6)
    assert listed.columns.tolist() == COLUMNS
    assert listed["user"].tolist() == ["stranger"] * 6
    assert listed["place"].tolist() == [1, 2, 3, 4, 5, 6]
    assert listed["item_id"].tolist() == RATINGS.item_ids[best[1]].tolist()
    assert listed["score"].tolist() == pytest.approx(best[0].tolist())


def mending_lstm():
    torch.manual_seed(0)
    model = models.LSTMRating(torch.randn(20, 3), 4)
    torch.nn.init.normal_(model.taste.weight)
    return model.eval()


def talked_to(model, base, items, stars, ridge):
    """Let an LSTM hear a history one rating at a time, as chapter 3 does."""
    state, past, surprise = None, torch.tensor([[20]]), torch.zeros(1, 1)
    for step in range(len(items) + 1):
        person = recommend.Person(torch.zeros(4), 0.0)
        if step:
            known = items[:step], stars[:step]
            person = recommend.fold_in(base, *known, l2=0.0, ridge=ridge)
        folded = recommend.score_items(base, person)
        with torch.no_grad():
            tastes, state = model.listen(past, surprise, state)
        if step < len(items):
            past = items[step].view(1, 1)
            surprise = (stars[step] - folded[items[step]]).view(1, 1)
    taste = tastes[0, 0]
    return folded + taste[3] + model.item_factors.weight[:20] @ taste[:3]


@pytest.mark.parametrize("ridge", [1.0, 5.0])
def test_an_lstm_of_stars_mends_what_its_base_says_of_anybody(ridge):
    model, base = mending_lstm(), factorization()
    how = {"base": base, "base_ridge": ridge}
    listed = for_stranger(model, RATINGS, LIKES, 1, **how)
    scores = talked_to(model, base, *LIKED_ITEMS, ridge).detach()
    scores[LIKED_ITEMS[0]] = -torch.inf
    assert listed["score"].item() == pytest.approx(scores.max().item())
    for_nobody = for_stranger(model, RATINGS, {}, 1, **how)["score"].item()
    nothing = torch.zeros(0, dtype=torch.int64), torch.zeros(0)
    scores = talked_to(model, base, *nothing, ridge)
    assert for_nobody == pytest.approx(scores.max().item())
    among = for_all(model, RATINGS, 1, batch_size=5, **how)
    for user_id in RATINGS.user_ids:
        own = RATINGS.select(RATINGS.users == RATINGS.user_index(user_id))
        own = own.select(own.timestamps.argsort(stable=True))
        scores = talked_to(model, base, own.items, own.ratings, ridge).detach()
        scores[own.items] = -torch.inf
        one = for_user(model, RATINGS, user_id, 1, **how)
        expected = pytest.approx(scores.max().item(), abs=1e-4)
        assert one["score"].item() == expected
        assert among["score"][among["user"] == user_id].item() == expected


def test_a_stranger_has_a_name_and_the_charge_of_the_fit():
    model = factorization()
    listed = for_stranger(model, RATINGS, LIKES, 1, l2=1, ridge=9, name="me")
    person = recommend.fold_in(model, *LIKED_ITEMS, l2=1, ridge=9)
    scores = recommend.score_items(model, person)
    scores[LIKED_ITEMS[0]] = -torch.inf
    assert listed["user"].item() == "me"
    assert listed["score"].item() == scores.max().item()


def test_a_stranger_who_has_rated_nothing_gets_a_list_of_everything():
    for make, _ in MODELS.values():
        model = make()
        if isinstance(model, models.ListFactorization):
            continue
        listed = for_stranger(model, RATINGS, {}, 99)
        assert sorted(listed["item_id"]) == sorted(RATINGS.item_ids)


def test_a_stranger_who_has_seen_everything_gets_no_row():
    everything = dict.fromkeys(RATINGS.item_ids.tolist(), 3)
    assert len(for_stranger(factorization(), RATINGS, everything)) == 0


def test_the_features_of_a_stranger_reach_the_sampler():
    model = sampling.sample_factorization(
        RATINGS, 2, n_sweeps=6, user_features=FEATURES.users
    )
    row = FEATURES.users[3]
    person = sampling.fold_in(model, *LIKED_ITEMS, row)
    scores, _ = sampling.score_items(model, person)
    scores[LIKED_ITEMS[0]] = -torch.inf
    listed = for_stranger(model, RATINGS, LIKES, 1, features=row)
    assert listed["score"].item() == scores.max().item()
    with pytest.raises(ValueError, match="the model was fitted with"):
        for_stranger(model, RATINGS, LIKES)


def test_all_that_is_wrong_with_a_strangers_stars_is_said_at_once():
    wrong = {"No such film": 5, 9999: 4, RATINGS.titles[0]: 77}
    with pytest.raises(RatingsError) as caught:
        for_stranger(factorization(), RATINGS, wrong)
    said = str(caught.value)
    assert "'No such film'" in said and "9999" in said and "77" in said


def test_an_id_of_text_is_meant_before_a_title():
    frame = pd.DataFrame({"user": [1, 1], "item": ["a", "b"], "rating": 5})
    ratings = from_frame(frame, titles={"a": "b", "b": "a"})
    items, _ = recommend.rated_items({"a": 5.0}, ratings)
    assert items.tolist() == [ratings.item_index("a")]


def test_one_item_by_id_and_by_title_is_refused():
    id_, title = RATINGS.item_ids[3].item(), RATINGS.titles[3]
    with pytest.raises(RatingsError, match=f"and {id_} are one item"):
        for_stranger(factorization(), RATINGS, {id_: 5, title: 4})


# What cannot be served -------------------------------------------------------


def test_classes_of_a_notebook_are_asked_like_the_books():
    class ListAutoencoder(nn.Module):
        """A copy, derived from nothing of the book's."""

        def __init__(self):
            super().__init__()
            self.output = nn.Linear(20, 20)

        def forward(self, liked, disliked):
            return self.output(liked - disliked)

    class Mine(ListAutoencoder):
        pass

    model = Mine()
    listed = for_user(model, RATINGS, RATINGS.user_ids[0], 1)
    told = model((HEARD.liked - HEARD.disliked)[:1], torch.zeros(1, 20))
    left = told.masked_fill(HEARD.rated[:1] > 0, -torch.inf)
    assert listed["score"].item() == pytest.approx(left.max().item(), abs=1e-6)


def test_a_model_that_hears_what_follows_is_refused():
    model = models.BothSides(torch.randn(20, 3), 4)
    for ask in (
        lambda: for_all(model, RATINGS),
        lambda: for_stranger(model, RATINGS, {}),
    ):
        with pytest.raises(ValueError, match="BothSides hears what came aft"):
            ask()


def test_an_lstm_of_stars_wants_what_it_mends():
    model = mending_lstm()
    for base in (None, MODELS["own"][0]()):
        with pytest.raises(ValueError, match="give it: base="):
            for_stranger(model, RATINGS, {}, base=base)
    with pytest.raises(ValueError, match="has 20 items, the ratings 3"):
        for_all(model, seen_all_or_nothing(), base=factorization())


def test_a_class_that_nothing_is_known_of_is_refused():
    with pytest.raises(ValueError, match="Linear has no user_factors"):
        for_all(nn.Linear(20, 20), RATINGS)


def test_people_of_ratings_that_are_none_cannot_be_served_and_strangers_can():
    model, none = factorization(), RATINGS.select([])
    for ask in (
        lambda: for_all(model, none),
        lambda: for_user(model, none, 7),
    ):
        with pytest.raises(RatingsError, match="list for a stranger"):
            ask()
    assert len(for_stranger(model, none, LIKES)) == 10


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (models.MatrixFactorization(12, 20, 2, 3.0), "has 12 users"),
        (models.MatrixFactorization(13, 21, 2, 3.0), "has 21 items"),
        (models.ListFactorization(14, 20, 2), "has 14 users"),
        (models.ListAutoencoder(19, 2), "has 19 items"),
        (models.ListLSTM(19, 2, 2), "has 19 items"),
        (models.LinearLists(torch.ones(19, 19)), "has 19 items"),
    ],
)
def test_a_model_of_other_people_or_items_is_refused(model, said):
    with pytest.raises(ValueError, match=said):
        for_all(model, RATINGS)
    with pytest.raises(ValueError, match=said):
        for_user(model, RATINGS, 7)


def test_a_number_below_one_is_refused():
    model = factorization()
    with pytest.raises(ValueError, match="n is 0"):
        for_all(model, RATINGS, 0)
    with pytest.raises(ValueError, match="n is 0"):
        for_user(model, RATINGS, 7, 0)
    with pytest.raises(ValueError, match="n is -1"):
        for_stranger(model, RATINGS, {}, -1)
    with pytest.raises(ValueError, match="batch_size is 0"):
        for_all(model, RATINGS, batch_size=0)


def test_somebody_who_is_not_there_is_named():
    with pytest.raises(RatingsError, match="no user has the id 'nobody'"):
        for_user(factorization(), RATINGS, "nobody")


# From a file to a list -------------------------------------------------------


def test_a_loaded_model_lists_alike(fitted, tmp_path):
    model, _ = fitted
    kind = models.MatrixFactorization if type(model) is Bent else None
    save(tmp_path, model, RATINGS, kind=kind)
    saved = load(tmp_path, kind=Bent if kind else None)
    pd.testing.assert_frame_equal(
        for_all(saved.model, saved.ratings), for_all(model, RATINGS)
    )


def examples_of_the_first_page():
    page = places.ROOT / "book" / "api" / "index.md"
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)


def test_the_library_goes_from_a_csv_to_titles_in_five_lines_and_back(
    tmp_path,
):
    first, kept, later = examples_of_the_first_page()
    assert len([line for line in first.splitlines() if line]) <= 5
    rng = np.random.default_rng(0)
    pairs = rng.permutation(30 * 40)[:600]
    pd.DataFrame(
        {
            "user_id": pairs // 40,
            "book_id": pairs % 40,
            "stars": rng.integers(1, 6, 600),
        }
    ).to_csv(tmp_path / "ratings.csv", index=False)
    titles = ["Emma", "Middlemarch", *(f"Book {row}" for row in range(38))]
    pd.DataFrame({"item": range(40), "title": titles}).to_csv(
        tmp_path / "books.csv", index=False
    )
    for program in (first + kept, later):
        told = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        ).stdout
        assert len(re.findall(r"Emma|Middlemarch|Book \d+", told)) == 10
    assert len(pd.read_csv(tmp_path / "lists.csv")) == 300
