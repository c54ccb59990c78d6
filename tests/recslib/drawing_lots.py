"""Ratings that tests of studies share."""

import numpy as np
import pandas as pd

from recslib.ratings import from_frame


def with_values(values, n_users=60, n_items=50, n=1_000, **options):
    """Rate pairs that are drawn by lot, with no times."""
    pairs = np.random.default_rng(0).permutation(n_users * n_items)[:n]
    users, items = np.divmod(pairs, n_items)
    return from_frame(
        pd.DataFrame({"user": users, "item": items, "rating": values}),
        **options,
    )
