"""Figures on MovieLens 100K that others print: quoted, never computed here.

One list, of RMSE, feeds the table and the figure of the results page; the
other is of lists.
"""

from __future__ import annotations

from typing import NamedTuple

U1 = "Fold u1 alone"
U3 = "Fold u3 alone"
RANDOM_FOLDS = "Five random folds"
RANDOM_QUARTER = "A random quarter"
SPLITS = (U1, U3, RANDOM_FOLDS, RANDOM_QUARTER)

GITHUB = "https://github.com"
DGL = f"[DGL's example]({GITHUB}/dmlc/dgl/tree/master/examples/pytorch/gcmc)"
SURPRISE = (
    f"[Surprise's README]({GITHUB}/NicolasHug/Surprise) {{cite}}`hug2020`"
)
MYFM = (
    "[myFM's tutorial](https://myfm.readthedocs.io/en/latest/movielens.html)"
)
RECOMMENDERS = (
    f"[Recommenders' README]({GITHUB}/recommenders-team/recommenders)"
)


class Published(NamedTuple):
    """A figure as its source prints it.

    Parameters
    ----------
    method
        In words.
    rmse
        Stars, with as many digits as are printed.
    split
        What was held out: one of `SPLITS`.
    source
        Who prints it, in MyST.
    doubt
        What to keep in mind, empty where the split says it all.
    line
        What a vertical line through it is called in the figure, empty for
        none.
    """

    method: str
    rmse: str
    split: str
    source: str
    doubt: str = ""
    line: str = ""


PUBLISHED = (
    Published(
        "GLocal-K",
        "0.8889",
        U1,
        f"[Its repository]({GITHUB}/usydnlp/Glocal_K), with the paper "
        "{cite}`han2021`",
        "Its notebook takes the lowest test error over all epochs, and has "
        "no validation part",
    ),
    Published(
        "GC-MC with side features",
        "0.905",
        U1,
        f"The paper {{cite}}`vandenberg2017`, as {DGL} quotes it",
        "Knows ages, occupations and genres, as our network with features "
        "does",
    ),
    Published("GC-MC, rerun", "0.9088", U1, DGL),
    Published(
        "GC-MC",
        "0.910",
        U1,
        f"The paper {{cite}}`vandenberg2017`, as {DGL} quotes it",
    ),
    Published(
        "GC-MC with side features, rerun",
        "0.9448",
        U1,
        DGL,
        "DGL leaves out the paper's way of taking features in, it says",
    ),
    Published(
        "myFM, a variance for users and one for films", "0.8925", U3, MYFM
    ),
    Published("myFM", "0.8944", U3, MYFM),
    Published("SVD++ {cite}`koren2008`", "0.919", RANDOM_FOLDS, SURPRISE),
    Published("k-NN with baseline", "0.931", RANDOM_FOLDS, SURPRISE),
    Published("SVD", "0.934", RANDOM_FOLDS, SURPRISE),
    Published("Biases", "0.944", RANDOM_FOLDS, SURPRISE, line="biases"),
    Published("NMF", "0.963", RANDOM_FOLDS, SURPRISE),
    Published("k-NN", "0.980", RANDOM_FOLDS, SURPRISE),
    Published("A random guess", "1.518", RANDOM_FOLDS, SURPRISE),
    Published("SVD", "0.939", RANDOM_QUARTER, RECOMMENDERS),
    Published("fastai", "0.943", RANDOM_QUARTER, RECOMMENDERS),
    Published("ALS", "0.965", RANDOM_QUARTER, RECOMMENDERS),
)


class PublishedList(NamedTuple):
    """How good lists of ten are, as `RECOMMENDERS` prints it.

    A random quarter of each person's ratings is to be found, liked or not,
    and what they rated in training is not listed again.

    Parameters
    ----------
    method
        In words.
    ndcg, average_precision, precision, recall
        With three digits; empty where it is not quoted.
    """

    method: str
    ndcg: str
    average_precision: str
    precision: str = ""
    recall: str = ""


PUBLISHED_LISTS = (
    PublishedList("BiVAE", "0.475", "0.146", "0.412", "0.219"),
    PublishedList("BPR", "0.442", "0.132", "0.388", "0.213"),
    PublishedList("LightGCN", "0.420", "0.089", "0.380", "0.144"),
    PublishedList("NCF", "0.396", "0.108", "0.347", "0.181"),
    PublishedList("SAR", "0.382", "0.111", "0.331", "0.176"),
    PublishedList("fastai", "0.148", "0.026"),
    PublishedList("SVD", "0.096", "0.013"),
)
