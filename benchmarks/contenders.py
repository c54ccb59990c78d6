"""Everybody in the benchmark: the models of the peers, and this book's.

For each library there is a function that takes a training part, builds what
the library wants to read, and returns the step that is timed. That step
returns a function that predicts. Peers are imported inside their function:
a process runs one of them, and the tests of this folder none.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
import torch

from recslib.models import MatrixFactorization, squared_norms
from recslib.ratings import Ratings
from recslib.training import Examples, fit, fit_dense_net, predict

Predict = Callable[[Ratings], np.ndarray]
Fit = Callable[[], Predict]
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Contender:
    """A model of a library with its parameters: one row of the table.

    Parameters
    ----------
    peer
        The package's name on PyPI; ``"recslib"`` for the book's own.
    model
        What the library calls the model.
    params
        What is not the library's default.
    tuned
        Whether they were chosen on validation data.
    """

    peer: str
    model: str
    params: Params = field(default_factory=dict)
    tuned: bool = False

    @property
    def version(self) -> str:
        """Version of the installed package."""
        return version(self.peer)

    def prepare(self, train: Ratings, seed: int = 0) -> Fit:
        """Build what the library reads, and return the step to be timed."""
        prepare = PREPARE[self.peer]
        return prepare(train, self.model, self.params, seed)


def prepare_recslib(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of the book by plain SGD and one cycle.

    ``"DenseNet"`` is fitted on ids alone, as chapter 2 does; ``params`` are
    those of `recslib.training.fit_dense_net`. For ``"MatrixFactorization"``
    ``params`` are ``n_factors``, ``first_scale`` (times the model's own
    first factors), ``learning_rate`` (one a rating), ``l2`` (a rating's
    penalty), ``ridge`` (a row's), ``momentum``, ``n_epochs``, ``batch_size``.
    """
    if model == "DenseNet":
        return _prepare_dense_net(train, params, seed)
    if model != "MatrixFactorization":
        raise ValueError(f"recslib has no {model!r} here; see CONTENDERS.")
    mean = train.ratings.double().mean().item()
    examples = Examples((train.users, train.items), train.ratings)

    def fit_it() -> Predict:
        torch.manual_seed(seed)
        fitted = MatrixFactorization(
            train.n_users, train.n_items, params["n_factors"], mean
        )
        with torch.no_grad():
            for factors in (fitted.user_factors, fitted.item_factors):
                factors.weight.mul_(params["first_scale"])
        n_batches = math.ceil(len(train) / params["batch_size"])
        fit(
            fitted,
            examples,
            optimizer=torch.optim.SGD(
                fitted.parameters(),
                lr=params["learning_rate"],
                momentum=params["momentum"],
                weight_decay=2 * params["ridge"] / n_batches,
            ),
            n_epochs=params["n_epochs"],
            batch_size=params["batch_size"],
            seed=seed,
            penalty=lambda *rows: params["l2"] * squared_norms(fitted, *rows),
            reduction="sum",
            schedule="one_cycle",
        )
        return lambda test: predict(fitted, (test.users, test.items)).numpy()

    return fit_it


def _prepare_dense_net(train: Ratings, params: Params, seed: int) -> Fit:
    def fit_it() -> Predict:
        fitted = fit_dense_net(train, seed=seed, **params)
        return lambda test: predict(fitted, (test.users, test.items)).numpy()

    return fit_it


def prepare_surprise(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of Surprise."""
    import surprise

    reader = surprise.Reader(rating_scale=train.scale)
    data = surprise.Dataset.load_from_df(_frame(train), reader)
    data = data.build_full_trainset()
    make = getattr(surprise, model)
    # The neighbours draw nothing, and take no seed.
    drawn = {} if model == "KNNBaseline" else {"random_state": seed}

    def fit_it() -> Predict:
        fitted = make(verbose=False, **drawn, **params).fit(data)
        return lambda test: np.array(
            [fitted.predict(*pair).est for pair in _pairs(test)]
        )

    return fit_it


LENSKIT_MODULES = {
    "FlexMFExplicitScorer": "lenskit.flexmf",
    "ItemKNNScorer": "lenskit.knn",
    "BiasedMFScorer": "lenskit.als",
}


def prepare_lenskit(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a scorer of LensKit in its own pipeline for predicting ratings.

    The pipeline falls back on biases where the scorer has no answer.
    """
    from lenskit.data import ItemList, from_interactions_df
    from lenskit.pipeline import predict_pipeline
    from lenskit.training import TrainingOptions

    data = from_interactions_df(
        _frame(train), user_col="user", item_col="item"
    )
    scorer = getattr(import_module(LENSKIT_MODULES[model]), model)

    def fit_it() -> Predict:
        pipeline = predict_pipeline(scorer(**params))
        pipeline.train(data, TrainingOptions(rng=seed))

        def predict_test(test: Ratings) -> np.ndarray:
            frame = _frame(test)
            predicted = np.empty(len(frame))
            for user, rows in frame.groupby("user").indices.items():
                items = ItemList(item_ids=frame["item"].to_numpy()[rows])
                answer = pipeline.run(query=int(user), items=items)
                predicted[rows] = answer.scores()
            return predicted

        return predict_test

    return fit_it


def prepare_cornac(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of cornac, compiled, on one thread."""
    import cornac

    # Users and items that nobody trains on have a row too, as they do here.
    data = cornac.data.Dataset(
        train.n_users,
        train.n_items,
        {user: user for user in range(train.n_users)},
        {item: item for item in range(train.n_items)},
        (
            train.users.numpy(),
            train.items.numpy(),
            train.ratings.double().numpy(),
        ),
    )
    make = getattr(cornac.models, model)

    def fit_it() -> Predict:
        fitted = make(seed=seed, num_threads=1, **params).fit(data)
        return lambda test: np.array(
            [fitted.score(*pair) for pair in _pairs(test)]
        )

    return fit_it


def prepare_fastai(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of fastai by its own learner.

    ``params`` are those of ``collab_learner`` and ``fit_one_cycle``, and
    ``dropout``, a share, of embeddings and layers alike.
    """
    if model not in ("EmbeddingDotBias", "EmbeddingNN"):
        raise ValueError(f"fastai has no {model!r} here; see CONTENDERS.")
    from fastai.collab import CollabDataLoaders, collab_learner
    from fastai.torch_core import set_seed

    data = CollabDataLoaders.from_df(_frame(train), valid_pct=0.0, seed=seed)
    if model == "EmbeddingNN":
        layers, dropout = params["layers"], params["dropout"]
        config = {"embed_p": dropout, "ps": [dropout] * len(layers)}
        network = {"use_nn": True, "layers": layers, "config": config}
    else:
        network = {"n_factors": params["n_factors"]}

    def fit_it() -> Predict:
        set_seed(seed)
        # fastai writes the range into the network's own settings: a copy.
        learner = collab_learner(
            data, y_range=params["y_range"], **copy.deepcopy(network)
        )
        with learner.no_bar(), learner.no_logging():
            learner.fit_one_cycle(
                params["n_epoch"], lr_max=params["lr_max"], wd=params["wd"]
            )

        def predict_test(test: Ratings) -> np.ndarray:
            rows = data.test_dl(_frame(test), with_labels=True)
            with learner.no_bar(), learner.no_logging():
                return learner.get_preds(dl=rows)[0].flatten().numpy()

        return predict_test

    return fit_it


def _frame(part: Ratings) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user": part.users.numpy(),
            "item": part.items.numpy(),
            "rating": part.ratings.numpy(),
        }
    )


def _pairs(part: Ratings) -> list[tuple[int, int]]:
    return list(zip(part.users.tolist(), part.items.tolist(), strict=True))


PREPARE: dict[str, Callable[[Ratings, str, Params, int], Fit]] = {
    "recslib": prepare_recslib,
    "scikit-surprise": prepare_surprise,
    "lenskit": prepare_lenskit,
    "cornac": prepare_cornac,
    "fastai": prepare_fastai,
}
