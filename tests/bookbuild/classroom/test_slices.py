"""What a name needs is cut out of a chapter: no more, and no less."""

import pytest
from nbformat import v4

from bookbuild import BuildError
from bookbuild.classroom import slices

CELLS = [
    "import torch\nfrom os import path, sep",
    "seed = 3\nsize = 2",
    "rungs, notes = {}, []",
    "def scale(x):\n    return factor * x",
    "factor = 10",
    "def add(name, value):\n    rungs[name] = scale(value)",
    'add("first", size)',
    "notes.append(1)\nprint(notes)",
    "torch.manual_seed(seed)\nweights = torch.ones(size)\nother = 5",
    "for k in range(size):\n    total = k\n    notes.append(total)",
    "weights[0] = 7",
    "# about the class\nclass Box(dict):\n    def get(self, n):\n"
    "        self.n = n\n        return sep",
    "from training import tune",
    "model = Box()\ntune(model, 3)",
    "rungs = None",
]


@pytest.fixture
def sources():
    cells = [v4.new_code_cell(source) for source in CELLS]
    statements = slices.statements_of(cells)

    def sources(*names, stop=14):
        kept = slices.needed(statements, frozenset(names), stop)
        return [each.source for each in kept]

    return sources


def test_a_number_needs_its_line_alone(sources):
    assert sources("size") == ["size = 2"]


def test_what_python_has_needs_nothing(sources):
    assert sources("print", "len", "display") == []


def test_a_function_needs_what_it_looks_up_when_it_is_called(sources):
    assert sources("scale") == [CELLS[3], "factor = 10"]


def test_an_object_needs_whoever_changes_it_and_what_they_use(sources):
    assert sources("rungs") == [
        "size = 2",
        CELLS[2],
        CELLS[3],
        "factor = 10",
        CELLS[5],
        CELLS[6],
    ]


def test_what_only_shows_is_left_out(sources):
    assert sources("notes") == [
        "size = 2",
        CELLS[2],
        "notes.append(1)",
        CELLS[9],
    ]


def test_a_change_after_the_exercise_does_not_count(sources):
    assert sources("notes", stop=7) == [CELLS[2]]


def test_chance_comes_from_its_seed_in_the_cell(sources):
    assert sources("weights") == [
        "import torch\nfrom os import path, sep".splitlines()[0],
        "seed = 3",
        "size = 2",
        "torch.manual_seed(seed)",
        "weights = torch.ones(size)",
        "weights[0] = 7",
    ]


def test_a_number_behind_a_seed_needs_the_seed_and_nothing_drawn(sources):
    assert "weights = torch.ones(size)" not in sources("other")


def test_a_class_keeps_its_remark_and_its_own_names(sources):
    assert sources("Box") == ["from os import path, sep", CELLS[11]]


def test_what_is_handed_to_a_call_for_nothing_is_changed(sources):
    assert "tune(model, 3)" in sources("model")
    assert CELLS[12] in sources("model")


def test_who_hands_a_model_on_to_be_fitted_changes_it():
    cells = [
        "def fit_well(data, model):\n    fit(model, data)\n    return model",
        "def fit_anew(model):\n    return make(model)",
        "model, data = [], []\nfitted = fit_well(data, model)",
        "other = fit_anew(data)",
    ]
    made = [v4.new_code_cell(source) for source in cells]
    changes = [each.changes for each in slices.statements_of(made)]
    assert changes == [set(), set(), set(), {"model"}, set()]


def test_what_a_loop_makes_needs_nothing_above(sources):
    assert sources("total") == [
        "size = 2",
        CELLS[2],
        "notes.append(1)",
        CELLS[9],
    ]


def test_what_an_if_asks_is_needed_though_it_makes_that_anew():
    cells = [
        v4.new_code_cell("given = {}"),
        v4.new_code_cell("if not given:\n    given = {1: 5}"),
    ]
    statements = slices.statements_of(cells)
    kept = slices.needed(statements, frozenset({"given"}), 2)
    assert [each.cell for each in kept] == [0, 1]


def test_a_name_that_nobody_makes_is_an_error(sources):
    with pytest.raises(BuildError, match="'nowhere' is used, and nothing"):
        sources("nowhere")
    with pytest.raises(BuildError, match="'model' is used"):
        sources("model", stop=13)


def test_an_answer_asks_for_what_it_does_not_make_first():
    source = """\
import numpy as np
low, high = scale
total = total + low
def f(a, b=default):
    local = a + outside
    return np.sum(local) + len(f(a, b))
"""
    assert slices.asked_by(source) == {"scale", "total", "default", "outside"}


def test_an_import_brings_the_names_that_are_used():
    (statement,) = slices.statements_of(
        [v4.new_code_cell("from os import path as p, sep, getcwd")]
    )
    kept = slices.import_of(statement, frozenset({"p", "getcwd"}))
    assert kept == "from os import path as p, getcwd"
