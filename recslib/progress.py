"""One bar for long work: in a terminal and in a notebook's cell."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

from tqdm import tqdm

FORMAT = "{desc} {bar:24} {percentage:3.0f} %, {remaining} left"
PATIENCE = 0.4  # seconds: what is done by then shows no bar


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
    total: float | None = None,
    description: str = "",
    unit: str = "step",
) -> Progress:
    """Show how far a loop or a download has come, and the time left.

    One bar is shown at a time. A bar that begins while another one is open,
    such as that of a fit inside a loop over folds, moves the outer one on by
    its share of a step. In a notebook the bar stands in the cell's output,
    elsewhere on standard error. It takes itself away when it is done.
    The variable ``RECSLIB_PROGRESS=off`` switches every bar off.

    Parameters
    ----------
    iterable
        What to loop over; leave it out and call ``update`` yourself.
    total
        Steps (or bytes) expected, where the iterable has no length.
    description
        A few words in front of the bar.
    unit
        What one step is, in the singular: ``"fold"`` is shown as "fold 2 of
        5". ``"B"`` counts bytes in kB and MB.

    Returns
    -------
    Progress
        Iterate over it, or use it as a context manager.
    """
    return Progress(iterable, total, description, unit)


class Progress:
    """Counts steps, and shows them where no other bar is open.

    Parameters
    ----------
    iterable, total, description, unit
        As in `progress_bar`.
    """

    def __init__(
        self,
        iterable: Iterable[Any] | None,
        total: float | None,
        description: str,
        unit: str,
    ) -> None:
        if total is None and hasattr(iterable, "__len__"):
            total = len(iterable)
        self.iterable, self.total = iterable, total
        self.description, self.unit = description, unit
        self.n = 0.0
        # Of the step that is on: how far inner bars have brought it, how many
        # of them are done, and how many the last step had.
        self._within, self._n_inner, self._n_expected = 0.0, 0, 1
        self._shown: tqdm | None = None
        if not _open and not progress_is_off():
            cell = _cell()
            self._shown = tqdm(
                desc=self._words(),
                total=total,
                bar_format=FORMAT,
                delay=PATIENCE,
                file=sys.stderr if cell is None else cell,
                leave=False,
                miniters=0,
                smoothing=0.1,
            )
        _open.append(self)

    def __iter__(self) -> Iterator[Any]:
        """Go through the iterable, a step each."""
        try:
            for item in () if self.iterable is None else self.iterable:
                yield item
                self.update(1)
        finally:
            self.close()

    def __enter__(self) -> Progress:
        """Keep the bar open for a block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take it away, whatever happened."""
        self.close()

    def update(self, n: float = 1) -> None:
        """Note that n more steps are done; parts of a step count too."""
        self.n += n
        if self._n_inner:
            self._n_expected = self._n_inner
        self._within, self._n_inner = 0.0, 0
        self.refresh()

    def reset(self) -> None:
        """Begin anew at 0."""
        self.n = self._within = 0.0

    def refresh(self) -> None:
        """Show where the work stands, here or in the bar around this one."""
        place = _open.index(self) if self in _open else 0
        if place > 0 and self.total:
            outer = _open[place - 1]
            outer._within = max(outer._within, outer._share(self))
            outer.refresh()
        if self._shown is not None:
            done = self.n + self._within
            # Parts of steps add up to a little more than there is.
            self._shown.n = min(done, self.total) if self.total else done
            self._shown.total = self.total
            self._shown.set_description_str(self._words(), refresh=False)
            self._shown.update(0)

    def _share(self, inner: Progress) -> float:
        """Say how far an inner bar has brought the step that is on."""
        done = min((inner.n + inner._within) / inner.total, 1.0)
        n_inner = max(self._n_expected, self._n_inner + 1)
        return (self._n_inner + done) / n_inner

    def close(self) -> None:
        """Take the bar away, and those that were left open inside it."""
        if self not in _open:
            return
        while _open and _open[-1] is not self:
            _open[-1].close()
        _open.remove(self)
        if _open:
            _open[-1]._n_inner += 1
        if self._shown is not None:
            self._shown.close()

    def _words(self) -> str:
        """Say what is done and which step of how many is on."""
        if self.unit == "B":
            done = tqdm.format_sizeof(self.n)
            size = tqdm.format_sizeof(self.total or 0)
            step = f"{done}B of {size}B"
        elif self.total:
            count = min(int(self.n + 1e-6) + 1, int(self.total))
            step = f"{self.unit} {count:,} of {int(self.total):,}"
        else:
            step = f"{self.unit} {int(self.n) + 1:,}"
        return f"{self.description}: {step}" if self.description else step


_open: list[Progress] = []  # the outermost first


class _Cell:
    """What a notebook's cell shows, as a file that tqdm writes to."""

    encoding = "utf-8"

    def __init__(self, display: Callable[..., Any]) -> None:
        self._display = display
        self._handle: Any = None

    def write(self, text: str) -> None:
        """Show a line in place of the last one."""
        line = text.strip()
        bundle = {"text/plain": line} if line else {}
        if self._handle is not None:
            self._handle.update(bundle, raw=True)
        elif line:
            self._handle = self._display(bundle, raw=True, display_id=True)

    def flush(self) -> None:
        """Nothing waits."""


def _cell() -> _Cell | None:
    """Return the output of the cell that runs, or None outside a kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):
        return None
    if _close_all not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _close_all)
    return _Cell(ipython.display.display)


def _close_all(*_: object) -> None:
    """Close what a cell left open: it was interrupted, or it failed."""
    while _open:
        _open[-1].close()
