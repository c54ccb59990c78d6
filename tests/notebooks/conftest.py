"""Chapters for the tests, as files and in kernels that several tests share."""

from contextlib import ExitStack, contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from kernels import quick_settings, running, shown

from bookbuild import chapters, lone, notebooks, places, plain


def pytest_generate_tests(metafunc):
    """Every test that asks for `chapter` runs once for each notebook."""
    if "chapter" in metafunc.fixturenames:
        paths = chapters.paths()
        metafunc.parametrize("chapter", paths, ids=lambda path: path.stem)


@pytest.fixture(scope="session")
def opened_once():
    """Return what opens a chapter in one of two ways; the last one stays."""
    stay, last = ExitStack(), {}

    def opened_once(how, path):
        if (how, path) not in last:
            stay.close()
            last.clear()
            last[how, path] = stay.enter_context(how(path))
        return last[how, path]

    with stay:
        yield opened_once


@contextmanager
def after_run_all(path):
    with running(path, quick_settings(path)) as ran:
        ran.run(ran.notebook.cells)
        ran.path, ran.as_it_ran = path, deepcopy(ran.notebook)
        ran.first = {cell.id: shown(cell) for cell in ran.notebook.cells}
        yield ran


@contextmanager
def after_the_core(path):
    notebook = notebooks.read(path)
    notebook.cells = [c for c in notebook.cells if c.id != lone.FIRST_CELL]
    with TemporaryDirectory() as folder:
        for name in ("recslib", "benchmarks"):
            (Path(folder) / name).symlink_to(places.ROOT / name)
        alone = Path(folder) / "notebooks" / path.name
        notebooks.write(notebook, alone)
        with running(alone, quick_settings(path)) as ran:
            for heading, cells in ran.sections():
                if heading == plain.EXERCISES:
                    break
                ran.run(cells)
            yield ran


@pytest.fixture
def ran_all(request, opened_once):
    """A chapter on synthetic ratings, after Run All: its kernel waits.

    Tests that use it leave every name as Run All leaves it.
    """
    return opened_once(after_run_all, request.param)


@pytest.fixture
def ran_core(request, opened_once):
    """A chapter after its core alone, without the cell that brings the book.

    Tests that use it run what they run apart.
    """
    return opened_once(after_the_core, request.param)
