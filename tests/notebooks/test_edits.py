"""What a person changes after Run All: the cell and all below run on.

Each run is of a few changes at once, since all cells below the first of them
run again; it says which cell stopped, or which change was not used.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

import pytest
from nbformat.v4 import new_code_cell

from bookbuild import chapters


@dataclass(frozen=True)
class Edit:
    """A change of one cell, and a line that shows that it was used."""

    label: str
    cell: str
    old: str
    new: str
    used: str = "True"


FACTORIZATION = [
    [
        Edit(
            "seed and folds", "cell-005", "seed = 0", "seed = 42; n_folds = 1"
        ),
        Edit("rate", "cell-057", "rate=1e-6", "rate=1e-4"),
        Edit("first factors", "cell-063", "sd=0.003", "sd=0.01"),
        Edit("batch", "cell-064", "batch_size=256", "batch_size=64"),
        Edit("width", "cell-070", "n_factors=128", "n_factors=64"),
    ],
    [
        Edit(
            "optimizer",
            "cell-054",
            "torch.optim.SGD(model.parameters(), lr=rate)",
            "torch.optim.AdamW(model.parameters(), lr=rate)",
        ),
        Edit(
            "dropout",
            "cell-063",
            "products = self.user_factors(users) * self.item_factors(items)",
            "products = nn.functional.dropout("
            "self.user_factors(users), 0.2, self.training"
            ") * self.item_factors(items)",
            "recommend.is_dot_product(last_model)",
        ),
    ],
    [
        Edit(
            "a layer more",
            "cell-063",
            "products = self.user_factors(users) * self.item_factors(items)",
            "products = torch.tanh(self.user_factors(users)) "
            "* self.item_factors(items).exp()",
            "not recommend.is_dot_product(last_model)",
        ),
        Edit(
            "your stars",
            "cell-107",
            "mine = dict(zip(ratings.titles[:10], range(1, 6), strict=False))",
            "mine = {ratings.titles[3].upper(): 5}",
            "len(rated) == 1",
        ),
    ],
]
DENSE = [
    [
        Edit(
            "folds",
            "cell-004",
            "n_folds = 5",
            "n_folds = 1",
            "len(folds) == 1",
        ),
        Edit("dropout", "cell-049", "Dropout(0.3)", "Dropout(0.2)"),
    ],
    [
        Edit("rate", "cell-043", "rate=0.004", "rate=0.001"),
        Edit("batch", "cell-043", "= batch_size_of(train)", "= 64"),
        Edit("no dropout", "cell-049", "Dropout(0.3)", "nn.Identity()"),
    ],
    [
        Edit("seed", "cell-004", "seed = 0", "seed = 7", "seed == 7"),
        Edit(
            "a layer more",
            "cell-049",
            "self.output = linear(64, 1, sd=0.2)",
            "self.output = nn.Sequential("
            "linear(64, 64, sd=0.1), nn.GELU(), linear(64, 1, sd=0.2))",
            "len(models[with_side].output) == 3",
        ),
    ],
    [
        Edit(
            "squared ReLU",
            "cell-049",
            "nn.functional.gelu(self.hidden(inputs))",
            "torch.relu(self.hidden(inputs)).square()",
        ),
        Edit(
            "who you are",
            "you-002",
            '"age": 30, "gender": "F"',
            '"age": 71, "gender": "M"',
        ),
    ],
]
LSTM = [
    [
        Edit("windows", "cell-004", "n_folds = 5", "n_folds = 1"),
        Edit(
            "GRU",
            "cell-070",
            "nn.LSTM(n_factors",
            "nn.GRU(n_factors",
            "isinstance(listener.lstm, nn.GRU)"
            " and isinstance(fitted[on_base][0].lstm, nn.GRU)"
            " and isinstance(mood_models['both sides'][0].after.lstm, nn.GRU)",
        ),
    ],
    [
        Edit("seed", "cell-004", "seed = 0", "seed = 3", "seed == 3"),
        Edit("rate", "fit-steps", "lr=0.1", "lr=0.02"),
        Edit("dropout", "cell-070", "Dropout(0.5)", "Dropout(0.2)"),
    ],
    [
        Edit(
            "another listener",
            "cell-051",
            "nn.LSTM(64 + hears",
            "nn.GRU(64 + hears",
            "isinstance(fitted['a mask'][0].lstm, nn.GRU)",
        ),
        Edit(
            "a layer more",
            "cell-070",
            "n_hidden, batch_first=True)",
            "n_hidden, num_layers=2, batch_first=True)",
            "listener.lstm.num_layers == 2",
        ),
        Edit(
            "memory",
            "cell-072",
            '"n_epochs": longest',
            '"n_hidden": 8',
            "fitted[on_base][0].lstm.hidden_size == 8",
        ),
    ],
]
LISTS = [
    [
        Edit("liked", "settings", "liked = 4.0", "liked = 3.0", "liked == 3"),
        Edit(
            "heard",
            "settings",
            "n_heard = 10",
            "n_heard = 5",
            "int(guests[0][1].heard.rated.sum(dim=1).max()) == 5",
        ),
    ],
    [
        Edit(
            "folds",
            "settings",
            "n_folds = 5",
            "n_folds = 1",
            "len(folds) == 1",
        ),
        Edit("seed", "settings", "seed = 0", "seed = 9", "seed == 9"),
        Edit(
            "neighbours",
            "neighbours",
            '"n_neighbours": 400',
            '"n_neighbours": 4',
        ),
    ],
    [
        Edit(
            "charge of EASE",
            "ease-both",
            "3_000.0",
            "30.0",
            "float(kept_weights[guest_folds[0].name].abs().max()) > 0.02",
        ),
        Edit(
            "no item biases",
            "list-mf",
            "return products + self.item_biases.weight[:, 0]",
            "return products",
        ),
        Edit("factors", "softmax-mf", "n_factors=32", "n_factors=8"),
        Edit(
            "empty cells",
            "ials",
            '"unseen": 0.2',
            '"unseen": 0.5',
            "charges['unseen'] == 0.5",
        ),
        Edit(
            "bend",
            "list-net",
            "nn.functional.gelu(self.hidden(heard / length))",
            "torch.tanh(self.hidden(heard / length))",
        ),
        Edit(
            "GRU",
            "list-lstm",
            "self.lstm = nn.LSTM(",
            "self.lstm = nn.GRU(",
            "isinstance(listener.lstm, nn.GRU)",
        ),
        Edit("strengths", "held-down", "(0.0, 0.1, ", "(0.0, 0.2, "),
    ],
    [
        Edit(
            "a layer more",
            "list-net",
            "self.output = linear(n_hidden, n_items, sd=0.02)",
            "self.deep = linear(n_hidden, n_hidden, sd=0.1)\n"
            "        self.output = linear(n_hidden, n_items, sd=0.02)",
            "hasattr(networks[ten_name][guest_folds[0].name][0], 'deep')",
        ),
        Edit(
            "hidden numbers",
            "net-fit",
            "n_hidden=40",
            "n_hidden=12",
            "your_networks[0].hidden.out_features == 12",
        ),
        Edit("what is heard", "net-ten", "counts / 2", "counts / 4"),
        Edit(
            "your stars",
            "mine",
            "mine = dict(zip(ratings.titles[:10], (5, 4, 3, 2, 1) * 2, "
            "strict=False))",
            "mine = {ratings.titles[3].upper(): 5}",
            "int(you.rated.sum()) == 1",
        ),
    ],
]
EDITS = {
    "01_matrix_factorization": FACTORIZATION,
    "02_dense_network": DENSE,
    "03_lstm_sequences": LSTM,
    "04_from_stars_to_lists": LISTS,
}


def edits():
    return [
        pytest.param(path, several, id=f"{names(several)}@{path.stem}")
        for path in chapters.paths()
        for several in EDITS.get(path.stem, ())
    ]


def names(several):
    return ", ".join(edit.label for edit in several)


@pytest.mark.slow
@pytest.mark.parametrize(("ran_all", "several"), edits(), indirect=["ran_all"])
def test_edits_after_run_all_are_used_by_all_below(ran_all, several):
    cells = {cell.id: cell for cell in deepcopy(ran_all.notebook.cells)}
    for edit in several:
        cell = cells[edit.cell]
        assert edit.old in cell.source, edit.label
        cell.source = cell.source.replace(edit.old, edit.new)
    edited = {edit.cell for edit in several}
    first = next(name for name in cells if name in edited)
    below = [cells[cell.id] for cell in ran_all.below(first)]
    asked = [
        new_code_cell(f"assert ({edit.used}) is True", id=f"used-{number}")
        for number, edit in enumerate(several)
    ]
    ran_all.run_apart([*below, *asked])


def test_every_chapter_whose_edits_are_listed_is_in_the_book():
    assert set(EDITS) <= {path.stem for path in chapters.paths()}
