import pytest
import torch
from hypothesis import settings

from recslib.movielens import load

# A busy machine is no failure: nothing here is judged by the clock.
settings.register_profile("book", deadline=None, max_examples=40)
settings.load_profile("book")
# Threads that wait for each other on busy cores cost more than they bring.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def ml_100k():
    """Read the real ratings once for all tests that are marked `data`."""
    return load("100k").ratings
