import pytest

from recslib.movielens import load


@pytest.fixture(scope="session")
def ml_100k():
    """Read the real ratings once for all tests that are marked `data`."""
    return load("100k").ratings
