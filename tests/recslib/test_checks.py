"""Every check of an exercise is known to a notebook and to a table."""

import re

import pytest
import test_checks_dense_network
import test_checks_factorization
import test_checks_lists
import test_checks_lstm
import test_checks_pytorch

from bookbuild import chapters, notebooks
from recslib import checks

TABLED = {
    check.__name__
    for tests in (
        test_checks_pytorch,
        test_checks_factorization,
        test_checks_dense_network,
        test_checks_lstm,
        test_checks_lists,
    )
    for check in (*tests.TABLES, *getattr(tests, "SLOW_TABLES", ()))
}
ASKED = re.compile(r"print\(checks\.(\w+)\(")


def asked_by(path):
    """Name the checks that a notebook's cells call."""
    return [
        name
        for cell in notebooks.read(path).cells
        for name in ASKED.findall(cell.source)
    ]


def test_every_check_has_a_table_of_answers():
    assert set(checks.__all__) == TABLED


def test_every_check_is_asked_by_one_notebook():
    asked = [set(asked_by(path)) for path in chapters.paths()]
    assert set(checks.__all__) == set().union(*asked)
    assert sum(map(len, asked)) == len(checks.__all__)


@pytest.mark.parametrize("path", chapters.paths(), ids=lambda p: p.stem)
def test_a_check_is_asked_about_the_readers_answer_and_the_solution(path):
    asked = asked_by(path)
    assert all(asked.count(name) == 2 for name in asked)


@pytest.mark.parametrize("path", chapters.paths(), ids=lambda p: p.stem)
def test_no_check_stands_between_blank_and_solution(path):
    for cell in notebooks.read(path).cells:
        if "self-check" in notebooks.tags(cell):
            assert "def " not in cell.source
            assert "checks." in cell.source
