"""What the pages' scripts get of the models."""

import inspect
import json
from types import SimpleNamespace

import pytest
import torch

from bookbuild import places, scripts
from recslib import lists, movielens, splits
from recslib.models import ListAutoencoder, LSTMRating, MatrixFactorization
from recslib.recipes import fit_factorization


def test_a_script_sets_one_name_to_what_json_holds():
    text = scripts.as_script("films", {"titles": ["Amélie"], "n": 1})
    assert text == 'window.recslibFilms = {"titles":["Amélie"],"n":1};\n'


def test_each_export_becomes_a_script(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "SCRIPTS", tmp_path / "scripts")
    made = {"films": {"n": 2}, "lstm": {"n": 3}, "network": {"n": 4}}
    monkeypatch.setattr(scripts, "exports", lambda: made)
    scripts.write_scripts()
    for name, contents in made.items():
        text = (tmp_path / "scripts" / f"{name}.js").read_text("utf-8")
        told = text.removeprefix(f"window.recslib{name.capitalize()} = ")
        assert json.loads(told.removesuffix(";\n")) == contents


def test_people_are_charged_what_the_model_was_fitted_with():
    settings = inspect.signature(fit_factorization).parameters
    charged = {name: settings[name].default for name in ("l2", "ridge")}
    assert charged == scripts.CHARGE


@pytest.fixture
def fits(monkeypatch):
    """What would be fitted to made-up data of 80 films, in order."""
    data, asked = movielens.synthetic(), []
    train = data.ratings.select(torch.arange(1_000))
    folds = [SimpleNamespace(train=part) for part in (None, train)]

    def factorization(ratings, *, n_epochs, seed, l2, ridge):
        assert n_epochs == 20
        asked.append(("mf", len(ratings), seed))
        torch.manual_seed(seed)
        return MatrixFactorization(ratings.n_users, ratings.n_items, 20, 3.5)

    def lstm(ratings, base, item_factors, *, n_epochs, seed):
        assert n_epochs == 10
        asked.append(("lstm", tuple(base.shape), tuple(item_factors.shape)))
        return LSTMRating(item_factors, 16).eval()

    def autoencoder(heard, *, seed):
        asked.append(("network", tuple(heard.liked.shape), seed))
        return ListAutoencoder(heard.liked.shape[1], 4)

    monkeypatch.setattr(movielens, "load", lambda name: data)
    monkeypatch.setattr(splits, "published_folds", lambda ratings: folds)
    monkeypatch.setattr(scripts, "fit_factorization", factorization)
    monkeypatch.setattr(scripts, "fit_lstm", lstm)
    monkeypatch.setattr(lists, "fit_list_autoencoder", autoencoder)
    return asked


def test_all_exports_are_of_models_fitted_to_all_ratings(fits):
    made = scripts.exports(seed=3)
    n_users = movielens.synthetic().ratings.n_users
    assert fits == [
        ("mf", 2_400, 3),
        ("mf", 1_000, 3),  # the last fold's, whose map chapter 1 shows
        ("lstm", (2_400,), (80, 16)),
        ("network", (n_users, 80), 3),
        ("network", (n_users, 80), 4),
        ("network", (n_users, 80), 5),
    ]
    assert set(made) == {"films", "lstm", "network"}
    films, lstm, network = made.values()
    assert len(films["titles"]) == len(films["genres"]) == 80
    assert lstm["of"] == films["fingerprint"]
    assert network["of"] == films["titles_fingerprint"]
    assert network["n_hidden"] == 12
    assert (films["l2"], films["ridge"], lstm["ridge"]) == (0.04, 3.0, 5.0)
    for name, contents in made.items():
        assert scripts.as_script(name, contents).count("\n") == 1
