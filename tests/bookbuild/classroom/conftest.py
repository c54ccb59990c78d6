"""The book's chapters, read once for the tests of the classroom."""

import pytest

from bookbuild import chapters, notebooks
from bookbuild.classroom.leaks import secrets_of


@pytest.fixture(scope="session")
def book():
    """Return the committed chapters by name; no test changes them."""
    return {path.stem: notebooks.read(path) for path in chapters.paths()}


@pytest.fixture(scope="session")
def secrets(book):
    """Return what gives the solutions of the book away."""
    return secrets_of(list(book.values()))
