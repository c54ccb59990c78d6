"""A copy of a kernel runs on from where the kernel is, and leaves it so."""

import kernels
import pytest
from nbformat.v4 import new_code_cell, new_notebook

FORK_OR_AGAIN = [
    pytest.param(
        True,
        marks=pytest.mark.skipif(
            not kernels.CAN_FORK, reason="a process is not copied here"
        ),
    ),
    False,
]


@pytest.fixture
def started(tmp_path):
    cells = [
        new_code_cell("names = ['first']", id="first"),
        new_code_cell("assert names == ['first']", id="asked"),
        new_code_cell("names.append('second')", id="second"),
        new_code_cell("names.nothing", id="wrong"),
        new_code_cell("names = (", id="broken"),
        new_code_cell("import os; os._exit(0)", id="gone"),
    ]
    with kernels.opened(new_notebook(cells=cells), tmp_path) as started:
        started.run([started.cell("first")])
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("forks", FORK_OR_AGAIN)
def test_what_is_run_apart_leaves_no_trace(monkeypatch, started, forks):
    monkeypatch.setattr(kernels, "CAN_FORK", forks)
    for _ in range(2):
        started.run_apart([started.cell("asked"), started.cell("second")])
    assert started.ask("print(names)") == "['first']"
    second, asked = started.cell("second"), started.cell("asked")
    with pytest.raises(AssertionError, match="asked stopped: AssertionError"):
        started.run_apart([second, asked])


@pytest.mark.slow
@pytest.mark.parametrize("forks", FORK_OR_AGAIN)
def test_a_cell_that_stops_apart_is_named_with_its_error(
    monkeypatch, started, forks
):
    monkeypatch.setattr(kernels, "CAN_FORK", forks)
    for name, error in {
        "wrong": "wrong stopped: AttributeError: 'list' object has no",
        "broken": "broken stopped: SyntaxError: ",
    }.items():
        with pytest.raises(AssertionError, match=error):
            started.run_apart([started.cell(name)])


@pytest.mark.slow
@pytest.mark.skipif(not kernels.CAN_FORK, reason="no process is copied here")
def test_a_copy_that_dies_is_no_success(started):
    with pytest.raises(AssertionError, match="The copy of the kernel died"):
        started.run_apart([started.cell("gone")])
    assert started.ask("print(len(names))") == "1"
