"""What the tests of the benchmark share."""

import pytest

from benchmarks import contenders, scales, seeds
from recslib import recipes
from recslib.sampling import sample_factorization


@pytest.fixture
def short_fits(monkeypatch):
    """Let fits be short, for tests that do not ask how good they are."""

    def held_out(train, usual, *parts, **how):
        return 1, 1.0, 1.0

    def drawn(train, **how):
        few = {"n_factors": 2, "n_sweeps": 8}
        return sample_factorization(train, **how | few)

    monkeypatch.setattr(recipes, "_hold_out", held_out)
    for script in (contenders, scales, seeds):
        monkeypatch.setattr(script, "sample_factorization", drawn)
    for name in ("N_EPOCHS", "N_NETWORK_EPOCHS", "N_LSTM_EPOCHS"):
        monkeypatch.setattr(seeds, name, 1)
