import json

import pytest
from IPython.core.interactiveshell import InteractiveShell

from recslib import tracebacks

CELLS = [
    ("markdown", "# Title\n\n## Before you start"),
    ("code", "%load_ext x\nimport numpy as np"),
    ("markdown", "## Mend it"),
    ("code", "def add_rung(name):\n    inner = 1"),
    ("code", "for split in folds:\n    pass\nrungs, (one, two) = {}, (1, 2)"),
    ("code", "this is no Python"),
    ("markdown", "## Later"),
    ("code", "add_rung('L2')\nrungs['L2']"),
    ("markdown", "text alone"),
    ("code", "add_rung = 2"),
]


@pytest.fixture
def notebook(tmp_path):
    cells = [
        {"cell_type": kind, "source": source.splitlines(keepends=True)}
        for kind, source in CELLS
    ]
    path = tmp_path / "chapter.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "section"),
    [
        ("np", "Before you start"),
        ("add_rung", "Mend it"),
        ("split", "Mend it"),
        ("two", "Mend it"),
        ("'L2'", "Later"),
        ("'L3'", ""),
        ("folds", ""),
        ("ad_rung", ""),
    ],
)
def test_a_name_is_found_in_the_section_that_sets_it(notebook, name, section):
    assert tracebacks.section_of(name, notebook) == section


@pytest.mark.parametrize("text", ["", "no JSON", "{}", None])
def test_a_file_that_is_no_notebook_names_no_section(tmp_path, text):
    path = tmp_path / "some.ipynb"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert tracebacks.section_of("np", path) == ""


@pytest.fixture
def shell(notebook, monkeypatch):
    shell = InteractiveShell.instance()
    shell.colors = "nocolor"
    monkeypatch.setattr(tracebacks, "_is_cell", is_cell)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(notebook.parent)
    tracebacks.keep_short(notebook.name)
    tracebacks.keep_short(notebook.name)
    yield shell
    InteractiveShell.clear_instance()


def is_cell(trace):
    """Say whether a frame is of a cell, for a shell without a kernel."""
    return trace.tb_frame.f_code.co_filename.startswith("<ipython-input")


def stopped(shell, source, capsys):
    result = shell.run_cell(source)
    shown = capsys.readouterr()
    return result.error_in_exec, shown.out + shown.err


def test_a_slip_shows_the_readers_line_and_no_line_of_a_library(shell, capsys):
    source = "import json\nx = 1\njson.loads('{')"
    error, shown = stopped(shell, source, capsys)
    assert isinstance(error, ValueError) and "json.loads('{')" in shown
    assert "JSONDecodeError: Expecting property name" in shown
    assert "raw_decode" not in shown and "site-packages" not in shown
    assert len(shown.splitlines()) < 15
    # For %debug all of it is still there.
    assert error.__traceback__.tb_next.tb_next is not None


def test_between_lines_of_cells_no_line_of_a_library_stands(shell, capsys):
    shell.run_cell(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def forward(self, x):\n"
        "        return x @ torch.zeros(9, 9)"
    )
    error, shown = stopped(shell, "Net()(torch.zeros(2, 3))", capsys)
    assert "Net()(torch.zeros(2, 3))" in shown
    assert "x @ torch.zeros(9, 9)" in shown
    assert "_call_impl" not in shown and "module.py" not in shown
    assert len(shown.splitlines()) < 12
    names, trace = [], error.__traceback__
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert "_call_impl" in names  # for %debug


def test_a_missing_name_names_its_section(shell, capsys):
    error, shown = stopped(shell, "add_rung('L2')", capsys)
    assert isinstance(error, NameError)
    assert "add_rung is made in the section 'Mend it'" in shown
    assert shown.count("is made in the section") == 1
    _, shown = stopped(shell, "ad_rung('L2')", capsys)
    assert "is made in the section" not in shown


def test_a_missing_rung_names_its_section(shell, capsys):
    error, shown = stopped(shell, "rungs = {}\nrungs['L2']", capsys)
    assert isinstance(error, KeyError)
    assert "'L2' is made in the section 'Later'" in shown
    for source in ("rungs['L3']", "rungs[2]", "{}.popitem()"):
        _, shown = stopped(shell, source, capsys)
        assert "is made in the section" not in shown


def test_who_interrupts_a_cell_is_told_how_to_go_on(shell, capsys):
    source = "def work():\n    raise KeyboardInterrupt\nx = 1\nwork()"
    error, shown = stopped(shell, source, capsys)
    assert isinstance(error, KeyboardInterrupt)
    assert "You stopped it. Run the cell again to go on." in shown
    assert "4 work()" in shown and "in work" not in shown


def test_outside_of_ipython_nothing_happens(notebook):
    InteractiveShell.clear_instance()
    tracebacks.keep_short(notebook.name)
