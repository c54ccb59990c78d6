"""Everybody who makes lists in the benchmark: peers, and this book's models.

As in contenders.py, a function a library takes a training part, builds what
the library wants to read, and returns the step that is timed. Here that step
returns a function that scores every item for people who are served.

What a ranker hears of people is one of its settings, ``heard``: ``"liked"``
(four stars or more), ``"rated"`` (anything), or, of ours alone, ``"both"``,
what was liked beside what was not. Whoever gets the same score for all items,
since nothing of theirs was heard, gets the popular list, by whatever model.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.contenders import LENSKIT_MODULES, Contender, Params
from recslib.features import SideFeatures
from recslib.lists import (
    LIKED,
    Audience,
    Heard,
    averaged,
    ease,
    fit_ials,
    fit_list_autoencoder,
    fit_list_factorization,
    hear,
    hear_half,
    hear_some,
    ials_rows,
    item_neighbours,
    or_popular,
    popularity,
    standardized,
)
from recslib.ratings import Ratings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# From B people to (B, n_items), the best highest.
Score = Callable[[Audience], Tensor]
Fit = Callable[[], Score]

DRAWS = {"some": hear_some, "half": hear_half}


@dataclass(frozen=True)
class Ranker(Contender):
    """A model of a library with its settings, to score every item."""

    def prepare(
        self, train: Ratings, seed: int = 0, side: SideFeatures | None = None
    ) -> Fit:
        """Build what the library reads, and return the step to be timed.

        Parameters
        ----------
        train
            N ratings.
        seed
            Of everything that is drawn.
        side
            Nobody here is told side features.
        """
        fit = PREPARE[self.peer](train, self.model, self.params, seed)
        popular = popularity(train, liked=LIKED)
        return lambda: _or_popular(fit(), popular)


def _or_popular(score: Score, popular: Tensor) -> Score:
    return lambda audience: or_popular(score(audience), popular)


def table_of(heard: Heard, which: str) -> Tensor:
    """Pick the table that a ranker hears.

    Parameters
    ----------
    heard
        Of B people.
    which
        ``"liked"``, ``"rated"`` or ``"both"``.

    Returns
    -------
    Tensor
        (B, n_items), or (B, 2 n_items) for both, of 0 and 1.

    Raises
    ------
    ValueError
        When there is no such table.
    """
    if which not in ("liked", "rated", "both"):
        raise ValueError(
            f"heard is {which!r}; give 'liked', 'rated' or 'both'."
        )
    return getattr(heard, which)


def _parted(params: Params) -> tuple[str, dict[str, Any]]:
    """Part what is heard from the settings of the library."""
    settings = dict(params)
    return settings.pop("heard"), settings


# Ours ------------------------------------------------------------------------


def prepare_recslib(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of the book; `BOOK` lists them.

    Raises
    ------
    ValueError
        When there is no such model.
    """
    if model not in BOOK:
        raise ValueError(f"recslib has no {model!r} here; see BOOK.")
    return partial(BOOK[model], train, params, seed)


def _of_those_who_train(train: Ratings) -> Heard:
    return hear(train, train.users.unique())


def _fit_popularity(train: Ratings, params: Params, seed: int) -> Score:
    """Count who liked each item, or who rated it."""
    liked = LIKED if params["heard"] == "liked" else None
    counts = popularity(train, liked=liked)
    return lambda audience: counts.expand(len(audience), -1)


def _fit_weights(train: Ratings, params: Params, seed: int) -> Score:
    """Weigh items by items: EASE where there is an ``l2``, else neighbours."""
    which, settings = _parted(params)
    table = table_of(_of_those_who_train(train), which)
    if "l2" in settings:
        weights = ease(table, n_targets=train.n_items, **settings)
    else:
        weights = item_neighbours(table, **settings)
    return lambda audience: table_of(audience.heard, which) @ weights


def _fit_ials(train: Ratings, params: Params, seed: int) -> Score:
    """Fit iALS; everybody served gets a row from what is heard of them."""
    which, settings = _parted(params)
    table = table_of(_of_those_who_train(train), which)
    items = fit_ials(table, seed=seed, **settings).item_factors.weight.detach()
    weights = {name: settings[name] for name in ("unseen", "l2")}

    def score(audience: Audience) -> Tensor:
        heard = table_of(audience.heard, which)
        return ials_rows(heard, items, **weights) @ items.T

    return score


def _fit_factorization(train: Ratings, params: Params, seed: int) -> Score:
    """Fit the softmax factorization, which knows those who train alone."""
    which, settings = _parted(params)
    table = table_of(hear(train), which)
    model = fit_list_factorization(table, seed=seed, **settings)
    return lambda audience: model(audience.users).detach()


def _fit_autoencoder(train: Ratings, params: Params, seed: int) -> Score:
    """Fit ``n_networks`` networks, 1 where it is not given, into one.

    Told what was ``"rated"``, a network hears no dislikes and tells whatever
    was rated.
    """
    which, settings = _parted(params)
    n_networks = settings.pop("n_networks", 1)
    draw = DRAWS[settings.pop("draw")]
    heard = _told(_of_those_who_train(train), which)
    model = averaged(
        [
            fit_list_autoencoder(heard, draw=draw, seed=seed + n, **settings)
            for n in range(n_networks)
        ]
    )

    def score(audience: Audience) -> Tensor:
        told = _told(audience.heard, which)
        return model(told.liked, told.disliked).detach()

    return score


def _told(heard: Heard, which: str) -> Heard:
    if which == "both":
        return heard
    return Heard(table_of(heard, which), torch.zeros_like(heard.disliked))


def _fit_sum(train: Ratings, params: Params, seed: int) -> Score:
    """Add the standardized scores of the models in ``parts``."""
    scores = [
        BOOK[model](train, settings, seed)
        for model, settings in params["parts"].items()
    ]
    return lambda audience: sum(
        standardized(score(audience)) for score in scores
    )


BOOK: dict[str, Callable[[Ratings, Params, int], Score]] = {
    "popularity": _fit_popularity,
    "popularity liked": _fit_popularity,
    "item_neighbours": _fit_weights,
    "ease": _fit_weights,
    "ease both": _fit_weights,
    "ListFactorization": _fit_factorization,
    "ials": _fit_ials,
    "ListAutoencoder": _fit_autoencoder,
    "averaged": _fit_autoencoder,
    "standardized": _fit_sum,
}


# Peers -----------------------------------------------------------------------


def sparse_table(heard: Heard, which: str) -> csr_matrix:
    """Lay a table out as most libraries read it: (B, n_items), float32."""
    from scipy import sparse

    return sparse.csr_matrix(table_of(heard, which).numpy())


def prepare_implicit(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of implicit, on one thread.

    Its ALS gives people whom it was not fitted to a row by its own
    ``recalculate_user``. Its BPR has no way to.
    """
    from implicit import als, bpr, nearest_neighbours

    which, settings = _parted(params)
    table = sparse_table(hear(train), which)
    known = train.counts_by_user() > 0
    places = {
        "AlternatingLeastSquares": als,
        "BayesianPersonalizedRanking": bpr,
        "CosineRecommender": nearest_neighbours,
    }
    make = getattr(places[model], model)
    # The neighbours draw nothing, and take no seed.
    drawn = {} if model == "CosineRecommender" else {"random_state": seed}

    def fit_it() -> Score:
        fitted = make(num_threads=1, **drawn, **settings)
        fitted.fit(table, show_progress=False)

        def score(audience: Audience) -> Tensor:
            if model == "CosineRecommender":
                heard = sparse_table(audience.heard, which)
                found = (heard @ fitted.similarity).toarray()
                return torch.from_numpy(found).float()
            users = audience.users.numpy()
            rows = fitted.user_factors[users]
            if not known[audience.users].all():
                heard = sparse_table(audience.heard, which)
                rows = fitted.recalculate_user(users, heard)
            return torch.from_numpy(rows @ fitted.item_factors.T)

        return score

    return fit_it


LIST_MODULES = {
    **LENSKIT_MODULES,
    "ImplicitMFScorer": "lenskit.als",
    "EASEScorer": "lenskit.knn",
}


def prepare_lenskit(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a scorer of LensKit, and ask it with a history for each person.

    It is told of no item that is not in its training data, which its
    neighbours stop at. Items that it cannot score come last.
    """
    import pandas as pd
    from lenskit.data import ItemList, RecQuery, from_interactions_df
    from lenskit.training import TrainingOptions

    which, settings = _parted(params)
    users, items = table_of(hear(train), which).nonzero(as_tuple=True)
    frame = pd.DataFrame({"user": users.numpy(), "item": items.numpy()})
    data = from_interactions_df(frame, user_col="user", item_col="item")
    known = items.unique()
    make = getattr(import_module(LIST_MODULES[model]), model)

    def fit_it() -> Score:
        fitted = make(**settings)
        fitted.train(data, TrainingOptions(rng=seed))
        candidates = ItemList(item_ids=known.numpy())

        def of_one(heard: Tensor) -> np.ndarray:
            history = ItemList(item_ids=known[heard[known] > 0].numpy())
            query = RecQuery(user_items=history)
            return fitted(query=query, items=candidates).scores()

        def score(audience: Audience) -> Tensor:
            heard = table_of(audience.heard, which)
            scores = np.full(heard.shape, np.nan)
            scores[:, known] = [of_one(each) for each in heard]
            return _last_where_missing(scores)

        return score

    return fit_it


def _last_where_missing(scores: np.ndarray) -> Tensor:
    """Put items without a score behind the others of the same person.

    Whose others are all alike gets one score for all: nothing is said.
    """
    told = torch.from_numpy(scores).float()
    missing = told.isnan()
    lowest = told.masked_fill(missing, torch.inf).amin(dim=1, keepdim=True)
    highest = told.masked_fill(missing, -torch.inf).amax(dim=1, keepdim=True)
    filled = torch.where(missing, lowest - 1, told)
    return torch.where(lowest < highest, filled, 0.0)


def prepare_cornac(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of cornac on one thread; it knows those who train alone.

    As in its own data sets, people and items of whom nothing is heard have no
    row: such items come last.
    """
    import cornac

    which, settings = _parted(params)
    pairs = table_of(hear(train), which).nonzero().tolist()
    data = cornac.data.Dataset.from_uir(
        [(user, item, 1.0) for user, item in pairs], seed=seed
    )
    items = list(data.iid_map)
    own = {"num_threads": 1} if model == "BPR" else {"use_gpu": False}

    def fit_it() -> Score:
        fitted = getattr(cornac.models, model)(seed=seed, **own, **settings)
        fitted.fit(data)

        def score(audience: Audience) -> Tensor:
            scores = np.full(audience.seen.shape, np.nan)
            for row, user in enumerate(audience.users.tolist()):
                if user in data.uid_map:
                    scores[row, items] = fitted.score(data.uid_map[user])
            return _last_where_missing(scores)

        return score

    return fit_it


def prepare_recbole(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a model of RecBole by its own data set, sampler and trainer.

    Whoever is served is scored by what is heard of them, new or not: EASE by
    its weights, MultiVAE by its forward pass. Items that nobody heard of in
    training have no row there, and come last.

    Raises
    ------
    ValueError
        When the model is neither.
    """
    if model not in ("EASE", "MultiVAE"):
        raise ValueError(f"recbole has no {model!r} here; see list_tune.")
    from recbole.config import Config
    from recbole.data import create_dataset, data_preparation
    from recbole.utils import get_model, get_trainer, init_seed

    which, settings = _parted(params)
    pairs = table_of(hear(train), which).nonzero().tolist()
    rows = ["user_id:token\titem_id:token"]
    rows += [f"{user}\t{item}" for user, item in pairs]
    with _elsewhere() as folder:
        (folder / "heard").mkdir()
        file = folder / "heard" / "heard.inter"
        file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        config = Config(
            model,
            "heard",
            config_dict={
                "data_path": str(folder),
                "load_col": {"inter": ["user_id", "item_id"]},
                "eval_args": {
                    "split": {"RS": [1.0, 0.0, 0.0]},
                    "order": "RO",
                    "group_by": None,
                    "mode": "full",
                },
                "train_neg_sample_args": None,
                "use_gpu": False,
                "seed": seed,
                "show_progress": False,
                "state": "ERROR",
                **settings,
            },
        )
        init_seed(seed, True)
        data = create_dataset(config)
        batches, *_ = data_preparation(config, data)
    tokens = data.field2id_token[data.iid_field][1:]
    items = torch.tensor([int(token) for token in tokens])

    def fit_it() -> Score:
        with _elsewhere():
            fitted = get_model(model)(config, batches.dataset)
            trainer = get_trainer(config["MODEL_TYPE"], model)(config, fitted)
            trainer.fit(batches, verbose=False, saved=False)
        fitted.eval()

        def score(audience: Audience) -> Tensor:
            heard = table_of(audience.heard, which)
            # Its row 0 is padding.
            own = torch.zeros(len(heard), len(items) + 1)
            own[:, 1:] = heard[:, items]
            if model == "EASE":
                weights = np.asarray(fitted.item_similarity)
                said = own @ torch.from_numpy(weights).float()
            else:
                said = fitted(own)[0].detach()
            scores = np.full(heard.shape, np.nan)
            scores[:, items] = said[:, 1:]
            return _last_where_missing(scores)

        return score

    return fit_it


@contextmanager
def _elsewhere() -> Iterator[Path]:
    """Work in a folder that goes away: RecBole leaves logs where it is."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        yield Path(folder)


PREPARE: Mapping[str, Callable[..., Fit]] = {
    "recslib": prepare_recslib,
    "implicit": prepare_implicit,
    "lenskit": prepare_lenskit,
    "cornac": prepare_cornac,
    "recbole": prepare_recbole,
}
