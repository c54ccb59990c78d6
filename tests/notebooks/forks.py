"""What a kernel does in a copy of itself, so that it stays as it was.

A kernel runs this file by its path: no name of it becomes one of the kernel's.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterable

from IPython import get_ipython
from IPython.utils.capture import capture_output

DIED = "The copy of the kernel died."


def stopped(cells: Iterable[tuple[str, str]]) -> str:
    """Run cells, given by id and source; say which one stopped, or nothing.

    Figures are made and not turned into pictures: that takes the longest, and
    what goes wrong there stops no cell.
    """
    shell = get_ipython()
    shell.display_formatter.active_types = ["text/plain"]
    shell.showtraceback = lambda *_, **__: None
    with capture_output():
        for name, source in cells:
            result = shell.run_cell(source, store_history=False)
            error = result.error_before_exec or result.error_in_exec
            if error is not None:
                return f"{name} stopped: {type(error).__name__}: {error}"
    return ""


def run_apart(cells: Iterable[tuple[str, str]]) -> str:
    """Run cells in a fork of this process; return what `stopped` says."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        said = DIED
        gc.freeze()  # who looks at objects that are shared copies them
        try:
            said = stopped(cells)
        finally:
            os.write(writing, f"said {said}".encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return said.removeprefix("said ") if said else DIED
