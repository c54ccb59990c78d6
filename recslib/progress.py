"""One progress bar for downloads and for training."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from tqdm import tqdm


def progress_is_off() -> bool:
    """Say whether the environment asks for silence.

    Returns
    -------
    bool
        True when the variable ``RECSLIB_PROGRESS`` is ``off``, in any case.
    """
    return os.environ.get("RECSLIB_PROGRESS", "").strip().lower() == "off"


def progress_bar(
    iterable: Iterable[Any] | None = None,
    *,
    total: int | None = None,
    description: str = "",
    unit: str = "it",
) -> tqdm:
    """Show how far a loop or a download has come, on standard error.

    The bar clears itself when it is done, so a saved notebook keeps no trace
    of it. The variable ``RECSLIB_PROGRESS=off`` switches every bar off.

    Parameters
    ----------
    iterable
        What to loop over; leave it out and call ``update`` yourself.
    total
        Steps (or bytes) expected, where the iterable has no length.
    description
        A few words in front of the bar.
    unit
        What one step is; ``"B"`` counts bytes in kB and MB.

    Returns
    -------
    tqdm
        Iterate over it, or use it as a context manager.
    """
    return tqdm(
        iterable,
        total=total,
        desc=description or None,
        unit=unit,
        unit_scale=unit == "B",
        leave=False,
        disable=progress_is_off(),
    )
