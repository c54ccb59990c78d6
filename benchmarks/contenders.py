"""Everybody in the benchmark: the models of the peers, and this book's.

For each library there is a function that takes a training part, builds what
the library wants to read, and returns the step that is timed. That step
returns a function that predicts. Peers are imported inside their function:
a process runs one of them, and the tests of this folder none.
"""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import torch

from benchmarks.tellings import TELLINGS, Told, in_directions, tell
from recslib.baselines import running_user_bias
from recslib.features import SideFeatures, implicit_feedback
from recslib.models import (
    BothSides,
    DenseNet,
    LSTMRating,
    MatrixFactorization,
    main_directions,
    squared_norms,
)
from recslib.ratings import Ratings
from recslib.recipes import fit_dense_net, fit_factorization, fit_lstm
from recslib.recommend import fold_in_ahead
from recslib.sampling import SampledFactorization, sample_factorization
from recslib.sequences import ask_apart, cut_histories, lstm_inputs
from recslib.splits import Split, join, out_of_fold, time_order
from recslib.training import Examples, fit, predict

if TYPE_CHECKING:
    from libreco.algorithms import RNN4Rec
    from scipy.sparse import csr_matrix

Predict = Callable[[Ratings], np.ndarray]
Fit = Callable[[], Predict]
Params = Mapping[str, Any]

# Packages that compute for a peer and are not in machine.json.
ENGINES = {"LibRecommender": "tensorflow-cpu"}


@dataclass(frozen=True)
class Contender:
    """A model of a library with its parameters: one row of the table.

    Parameters
    ----------
    peer
        The package's name on PyPI; ``"recslib"`` for the book's own.
    model
        What the library calls the model; "ahead" where each test rating is
        heard once it has been predicted.
    params
        What is not the library's default.
    tuned
        Whether they were chosen on validation data.
    told
        What it hears besides ratings; one of `tellings.TELLINGS`.

    Raises
    ------
    ValueError
        When it is told what its model has no ears for; `HEARING` lists those
        that have.
    """

    peer: str
    model: str
    params: Params = field(default_factory=dict)
    tuned: bool = False
    told: str = "ids"

    def __post_init__(self) -> None:
        """Refuse what nobody says, or this one cannot hear."""
        if self.told not in TELLINGS:
            raise ValueError(
                f"nobody is told {self.told!r}; give one of "
                f"{', '.join(TELLINGS)}."
            )
        if self.told != "ids" and (self.peer, self.model) not in HEARING:
            raise ValueError(
                f"{self.peer} {self.model} hears ratings alone, not "
                f"{self.told!r}."
            )

    @property
    def version(self) -> str:
        """Version of the installed package, and of what computes for it."""
        engine = ENGINES.get(self.peer)
        behind = f" on {engine} {version(engine)}" if engine else ""
        return version(self.peer) + behind

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
            Side features of the same users and items; wanted by those who
            are told "side" or "all".
        """
        prepare = PREPARE[self.peer]
        if (self.peer, self.model) in HEARING:
            prepare = partial(prepare, told=tell(train, self.told, side))
        return prepare(train, self.model, self.params, seed)


def prepare_recslib(
    train: Ratings,
    model: str,
    params: Params,
    seed: int,
    told: Told | None = None,
) -> Fit:
    """Fit a model of the book; `BOOK` lists them.

    ``told`` goes to those that hear it.
    """
    if model not in BOOK:
        raise ValueError(f"recslib has no {model!r} here; see BOOK.")
    if told is None:
        return partial(BOOK[model], train, params, seed)
    return partial(BOOK[model], train, params, seed, told)


def _fit_factorization(train: Ratings, params: Params, seed: int) -> Predict:
    """Fit a matrix factorization by plain SGD and one cycle.

    ``params`` are ``n_factors``, ``first_scale`` (times the model's own
    first factors), ``learning_rate`` (one a rating), ``l2`` (a rating's
    penalty), ``ridge`` (a row's), ``momentum``, ``n_epochs``, ``batch_size``.
    """
    torch.manual_seed(seed)
    mean = train.ratings.double().mean().item()
    fitted = MatrixFactorization(
        train.n_users, train.n_items, params["n_factors"], mean
    )
    with torch.no_grad():
        for factors in (fitted.user_factors, fitted.item_factors):
            factors.weight.mul_(params["first_scale"])
    n_batches = math.ceil(len(train) / params["batch_size"])
    fit(
        fitted,
        Examples((train.users, train.items), train.ratings),
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
    return lambda test: _stars(fitted, test).numpy()


def _fit_sampled(
    train: Ratings, params: Params, seed: int, told: Told
) -> Predict:
    """Average sampled factorizations.

    ``params`` as of its function, and ``n_directions``: flags are said in so
    many numbers a row. Finding them is a part of the fit.
    """
    settings = dict(params)
    n_directions = settings.pop("n_directions", None)
    if n_directions is not None:
        told = in_directions(told, train, n_directions, seed)
    fitted = sample_factorization(
        train,
        user_features=told.users,
        item_features=told.items,
        seed=seed,
        **settings,
    )
    return lambda test: _stars(fitted, test).numpy()


def _fit_dense_net(train: Ratings, params: Params, seed: int) -> Predict:
    """Fit our dense network on ids alone; ``params`` as its function's."""
    fitted = fit_dense_net(train, seed=seed, **params)
    return lambda test: _stars(fitted, test).numpy()


def _fit_lstm(
    train: Ratings, params: Params, seed: int, both_sides: bool = False
) -> Predict:
    """Fit our LSTM on top of our sampler, on ids alone.

    Each test rating is asked for apart: no test rating is heard. ``params``
    are ``n_factors`` (main directions of the items), ``n_sweeps`` of the
    sampler and those of `recslib.recipes.fit_lstm`.
    """
    settings = dict(params)
    n_sweeps = settings.pop("n_sweeps", 100)
    base = averaged_base(train, None, seed, n_sweeps)
    factorization = fit_factorization(train, seed=seed)
    fitted = _fit_on(
        factorization, base.out_of_fold, train, settings, seed, both_sides
    )
    sides = ("before", "after") if both_sides else ("before",)

    def predict_test(test: Ratings) -> np.ndarray:
        return ask_lstm(fitted, base, train, test, sides, seed).numpy()

    return predict_test


@dataclass(frozen=True, eq=False)
class Base:
    """What an LSTM stands on.

    Parameters
    ----------
    model
        Fitted to a training part of N ratings.
    out_of_fold
        (N,) stars of that part, each by a model that did not see it.
    """

    model: SampledFactorization
    out_of_fold: torch.Tensor


def averaged_base(
    train: Ratings,
    side: SideFeatures | None,
    seed: int,
    n_sweeps: int = 100,
) -> Base:
    """Average factorizations, out of fold and of the whole.

    Parameters
    ----------
    train
        N ratings.
    side
        Side features of the same users and items: who rated what is told
        beside them. None for ids alone.
    seed, n_sweeps
        Of the sampler, which runs six times.
    """

    def average(part: Ratings) -> SampledFactorization:
        known = {}
        if side is not None:
            told = side.beside(implicit_feedback(part).features)
            known = {"user_features": told.users, "item_features": told.items}
        return sample_factorization(
            part, n_sweeps=n_sweeps, seed=seed, **known
        )

    def of_the_rest(split: Split) -> torch.Tensor:
        return _stars(average(split.train), split.test)

    heard = out_of_fold(train, of_the_rest, n_folds=5, seed=seed)
    return Base(average(train), heard)


def ask_lstm(
    fitted: LSTMRating | BothSides,
    base: Base,
    train: Ratings,
    test: Ratings,
    sides: Sequence[str],
    seed: int,
    same_second: bool = True,
) -> torch.Tensor:
    """Ask an LSTM for test ratings, none of which is heard: (M,) stars.

    Parameters
    ----------
    fitted
        One LSTM, or two.
    base
        What they stand on.
    train, test
        N and M ratings with timestamps.
    sides
        "before", or that and "after".
    seed
        Orders the ratings of one second.
    same_second
        Hear training ratings of the test rating's own second too.
    """
    joined, is_test = join(train, test)
    stars = torch.cat([base.out_of_fold, _stars(base.model, test)])
    surprises = (joined.ratings - stars).masked_fill(is_test, math.nan)
    if not same_second:
        # A test rating moves to just before its second.
        halves = 2 * joined.timestamps - is_test.long()
        joined = replace(joined, timestamps=halves)
    before, *after = (
        ask_apart(joined, is_test, N_APART, seed=seed, side=side)
        for side in sides
    )
    inputs = lstm_inputs(before, stars, surprises, *after)
    return before.to_rows(predict(fitted, inputs))


def _fit_lstm_ahead(train: Ratings, params: Params, seed: int) -> Predict:
    """Fit our LSTM on top of people who are folded in anew.

    It predicts one step ahead: each test rating after all that its user
    rated before it, in the test part too. ``params`` as of `_fit_lstm`.
    """
    base = fit_factorization(train, seed=seed)
    ahead = fold_in_ahead(base, train, seed=seed)
    fitted = _fit_on(base, ahead, train, params, seed)

    def predict_test(test: Ratings) -> np.ndarray:
        joined, is_test = join(train, test)
        stars = fold_in_ahead(base, joined, seed=seed)
        pieces = cut_histories(
            joined, 100, n_context=50, is_target=is_test, seed=seed
        )
        inputs = lstm_inputs(pieces, stars, joined.ratings - stars)
        return pieces.to_rows(predict(fitted, inputs)).numpy()

    return predict_test


def _fit_on(
    base: MatrixFactorization,
    stars: torch.Tensor,
    train: Ratings,
    params: Params,
    seed: int,
    both_sides: bool = False,
) -> LSTMRating | BothSides:
    """Fit the LSTM to what stars (N,) leave of the training part."""
    settings = dict(params)
    directions = main_directions(
        base.item_factors.weight, settings.pop("n_factors")
    )
    return fit_lstm(
        train, stars, directions, both_sides=both_sides, seed=seed, **settings
    )


def _fit_folded_in(train: Ratings, params: Params, seed: int) -> Predict:
    """Fit our matrix factorization; fold all in anew after each rating.

    ``params`` are those of `recslib.recommend.fold_in_ahead`.
    """
    base = fit_factorization(train, seed=seed)

    def predict_test(test: Ratings) -> np.ndarray:
        joined, is_test = join(train, test)
        stars = fold_in_ahead(base, joined, seed=seed, **params)
        return stars[is_test].numpy()

    return predict_test


def _fit_running_bias(train: Ratings, params: Params, seed: int) -> Predict:
    """Fit nothing; ``params`` as of `recslib.baselines.running_user_bias`."""
    return lambda test: running_user_bias(
        train, test, seed=seed, **params
    ).numpy()


def _stars(
    fitted: MatrixFactorization | DenseNet | SampledFactorization,
    part: Ratings,
) -> torch.Tensor:
    return predict(fitted, (part.users, part.items))


# Steps of a sequence that asks for one test rating: what is heard, and it.
N_APART = 50

BOOK: dict[str, Callable[..., Predict]] = {
    "MatrixFactorization": _fit_factorization,
    "SampledFactorization": _fit_sampled,
    "DenseNet": _fit_dense_net,
    "LSTMRating": _fit_lstm,
    "BothSides": partial(_fit_lstm, both_sides=True),
    "LSTMRating ahead": _fit_lstm_ahead,
    "FoldedIn ahead": _fit_folded_in,
    "RunningBias ahead": _fit_running_bias,
}


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

    ``params`` are those of ``collab_learner`` and ``fit_one_cycle``, ``bs``
    of its data loaders (ratings in a batch, 64 where it is not given), and
    ``dropout``, a share, of embeddings and layers alike.
    """
    if model not in ("EmbeddingDotBias", "EmbeddingNN"):
        raise ValueError(f"fastai has no {model!r} here; see CONTENDERS.")
    from fastai.collab import CollabDataLoaders, collab_learner
    from fastai.torch_core import set_seed

    data = CollabDataLoaders.from_df(
        _frame(train), valid_pct=0.0, seed=seed, bs=params.get("bs", 64)
    )
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


def prepare_myfm(
    train: Ratings, model: str, params: Params, seed: int, told: Told
) -> Fit:
    """Fit a Bayesian factorization machine of myFM.

    A rating's row is a user and an item, each a `RelationBlock` of its own:
    the library's way to say what is true of all ratings of a user once. The
    columns of a block are its ids, then what is told. ``params`` are
    ``rank``, ``n_iter`` and what else the class takes, and ``groups``:
    ``"kind"`` lets each kind of column have a hyperprior of its own, as the
    library's tutorial on these data does; ``"table"`` gives side features
    one together. The classifier predicts by its expected stars.
    """
    if model not in ("MyFMGibbsRegressor", "MyFMOrderedProbit"):
        raise ValueError(f"myfm has no {model!r} here; see entries.")
    import myfm

    settings = {"groups": "kind", "n_iter": 100, **params}
    groups, n_iter = settings.pop("groups"), settings.pop("n_iter")
    tables = [_own_ids(told.users), _own_ids(told.items)]
    shapes = [
        *_group_sizes(train.n_users, told.user_kinds, groups),
        *_group_sizes(train.n_items, told.item_kinds, groups),
    ]

    def blocks(part: Ratings) -> list[myfm.RelationBlock]:
        rows = part.users.numpy(), part.items.numpy()
        return [
            myfm.RelationBlock(*pair)
            for pair in zip(rows, tables, strict=True)
        ]

    ordered = model == "MyFMOrderedProbit"
    lowest = round(train.scale[0])
    stars = train.ratings.double().numpy()
    wanted = (stars - lowest).astype(int) if ordered else stars
    known = blocks(train)

    def fit_it() -> Predict:
        fitted = getattr(myfm, model)(random_seed=seed, **settings).fit(
            None, wanted, known, n_iter=n_iter, group_shapes=shapes
        )

        def predict_test(test: Ratings) -> np.ndarray:
            if not ordered:
                return fitted.predict(None, blocks(test))
            chances = fitted.predict_proba(None, blocks(test))
            return chances @ (lowest + np.arange(chances.shape[1]))

        return predict_test

    return fit_it


def _own_ids(told: torch.Tensor) -> csr_matrix:
    """Put a column of its own for each row before what is told of it."""
    from scipy import sparse

    table = sparse.csr_matrix(told.double().numpy())
    return sparse.hstack([sparse.identity(len(told)), table]).tocsr()


def _group_sizes(
    n_ids: int, kinds: Sequence[Sequence[int]], groups: str
) -> list[int]:
    """Count the columns of each group of a block: ids first."""
    if groups not in ("kind", "table"):
        raise ValueError(f"groups is {groups!r}; give 'kind' or 'table'.")
    if groups == "table":
        return [n_ids, *map(sum, kinds)]
    return [n_ids, *chain.from_iterable(kinds)]


def prepare_librecommender(
    train: Ratings, model: str, params: Params, seed: int
) -> Fit:
    """Fit a sequence model of LibRecommender to ratings in time order.

    ``params`` are those of the class. Its ``predict`` answers for
    ``"RNN4Rec"``: it knows the last items of the training part, and gives
    whoever is new the mean of all users. ``"RNN4Rec ahead"`` predicts one
    step ahead, by the library's user embedding of the items that the user
    rated just before, in the test part too.
    """
    if model not in ("RNN4Rec", "RNN4Rec ahead"):
        raise ValueError(f"LibRecommender has no {model!r} here; see entries.")
    from libreco import algorithms
    from libreco.data import DatasetPure
    from libreco.tfops import tf

    # The library takes the order of the rows for the order in time.
    in_order = _frame(train.select(time_order(train, seed)))
    data, known = DatasetPure.build_trainset(
        in_order.rename(columns={"rating": "label"})
    )

    def fit_it() -> Predict:
        tf.reset_default_graph()
        fitted = algorithms.RNN4Rec(
            "rating",
            known,
            seed=seed,
            lower_upper_bound=train.scale,
            tf_sess_config=TENSORFLOW_SESSION,
            **params,
        )
        fitted.fit(data, neg_sampling=False, verbose=0)
        if model.endswith("ahead"):
            return lambda test: _embedded(fitted, train, test, seed)
        return lambda test: np.asarray(
            fitted.predict(test.users.tolist(), test.items.tolist())
        )

    return fit_it


# The library's own session, but for one thread instead of all.
TENSORFLOW_SESSION = {
    "intra_op_parallelism_threads": 1,
    "inter_op_parallelism_threads": 1,
    "allow_soft_placement": True,
    "device_count": {"CPU": 1},
}


def _embedded(
    fitted: RNN4Rec, train: Ratings, test: Ratings, seed: int
) -> np.ndarray:
    """Predict one step ahead with LibRecommender's embeddings: (N,).

    The last number of each is the bias. Items that nobody rated in training
    get the mean of all items, as they do in the library's ``predict``.
    """
    items = fitted.get_item_embedding(include_bias=True)
    items = np.vstack([items, items.mean(axis=0)])
    known = fitted.data_info.item2id
    heard = items_before(train, test, fitted.max_seq_len, seed)
    predicted = np.empty(len(test))
    for row, (user, item) in enumerate(_pairs(test)):
        user_embedding = fitted.dyn_user_embedding(
            user, seq=heard[row], include_bias=True
        )
        predicted[row] = user_embedding @ items[known.get(item, -1)]
    return predicted


def items_before(
    train: Ratings, test: Ratings, n_last: int, seed: int
) -> list[list[int]]:
    """List what each test rating's user rated before it, in either part.

    Parameters
    ----------
    train, test
        N and M ratings with timestamps.
    n_last
        How many items at most, the newest.
    seed
        Orders the ratings of one second, as in `cut_histories`.

    Returns
    -------
    list
        M lists of item indexes, the oldest first, aligned with ``test``.
    """
    joined, _ = join(train, test)
    users, items = joined.users.tolist(), joined.items.tolist()
    past: dict[int, list[int]] = defaultdict(list)
    heard: dict[int, list[int]] = {}
    for row in time_order(joined, seed).tolist():
        if row >= len(train):
            heard[row - len(train)] = past[users[row]][-n_last:]
        past[users[row]].append(items[row])
    return [heard[row] for row in range(len(test))]


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


# Models that take what they are told besides ratings.
HEARING = frozenset(
    {
        ("recslib", "SampledFactorization"),
        ("myfm", "MyFMGibbsRegressor"),
        ("myfm", "MyFMOrderedProbit"),
    }
)

PREPARE: dict[str, Callable[..., Fit]] = {
    "recslib": prepare_recslib,
    "scikit-surprise": prepare_surprise,
    "lenskit": prepare_lenskit,
    "cornac": prepare_cornac,
    "fastai": prepare_fastai,
    "LibRecommender": prepare_librecommender,
    "myfm": prepare_myfm,
}
