"""The rungs of all chapters, and the peers, as two figures.

Rungs come from the chapters' records, errors of peers from benchmarks/results,
and quoted figures from published.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd

from bookbuild import BuildError
from bookbuild.chapters import STARS, Chapter, Rung
from bookbuild.results import benchmark
from bookbuild.results.published import PUBLISHED, SPLITS, U1
from recslib import ladders, style

# Of the axis, stars: what lies outside gets an arrow.
LIMITS = (0.86, 1.24)
PEER_LIMITS = (0.87, 1.0)
# Two chapters that guess alike on one split may differ by this, in stars.
SAME_GUESS = 1e-4


class Placed(NamedTuple):
    """A rung in its place, with its value in stars.

    Parameters
    ----------
    panel, part
        The split, and the chapter in it; no part for guesses.
    rung
        As the chapter's record has it.
    chapter
        That chapter.
    rmse, sd
        In stars; ``sd`` is NaN where it is not known.
    """

    panel: str
    part: str
    rung: Rung
    chapter: Chapter
    rmse: float
    sd: float


def placed_rungs(book: Sequence[Chapter]) -> list[Placed]:
    """Put the rungs of all chapters in order, panel by panel.

    In a panel the guesses come first, each once: whoever guesses on a split
    guesses the same. The chapters follow in the book's order.

    Parameters
    ----------
    book
        The chapters.

    Raises
    ------
    BuildError
        Where two chapters guess alike on one split, and score differently.
    """
    rungs = [_placed(chapter, r) for chapter in book for r in chapter.rungs]
    panels = dict.fromkeys(placed.panel for placed in rungs)
    return [
        placed
        for panel in panels
        for placed in _in_panel([r for r in rungs if r.panel == panel])
    ]


def _placed(chapter: Chapter, rung: Rung) -> Placed:
    stars = STARS[rung.scale]
    sd = chapter.values.get(f"{rung.key}_sd", math.nan)
    part = "" if rung.kind == "guess" else chapter.numbered_title
    rmse = stars * float(chapter.values[rung.key])
    return Placed(rung.panel, part, rung, chapter, rmse, stars * float(sd))


def _in_panel(rungs: Sequence[Placed]) -> Iterator[Placed]:
    guesses: dict[str, Placed] = {}
    for placed in rungs:
        if placed.part:
            continue
        first = guesses.setdefault(placed.rung.label, placed)
        if abs(first.rmse - placed.rmse) > SAME_GUESS:
            raise BuildError(
                f"On {placed.panel!r}, {placed.rung.label!r} scores "
                f"{first.rmse:.4f} in {first.chapter.name} and "
                f"{placed.rmse:.4f} in {placed.chapter.name}. A panel is one "
                "split: give the panel, or the rung, another name in one of "
                "the two records."
            )
    yield from guesses.values()
    yield from (placed for placed in rungs if placed.part)


def own_panels(book: Sequence[Chapter]) -> list[Placed]:
    """Return the rungs of the splits that the chapters climb on.

    Rungs on a split of published figures belong to the field instead.
    """
    return [p for p in placed_rungs(book) if p.panel not in SPLITS]


def ladder_frame(book: Sequence[Chapter]) -> pd.DataFrame:
    """Collect the rungs of all chapters for `recslib.ladders.ladders`.

    Parameters
    ----------
    book
        The chapters.
    """
    return pd.DataFrame([_row_of(placed) for placed in own_panels(book)])


def _row_of(placed: Placed) -> dict[str, Any]:
    rmse, sd = placed.rmse, placed.sd
    return _row(
        *(placed.panel, placed.rung.label, rmse, placed.rung.kind),
        part=placed.part,
        line=placed.rung.line,
        ends=(rmse - sd, rmse + sd),
    )


def peers_frame(
    book: Sequence[Chapter], measured: pd.DataFrame
) -> pd.DataFrame:
    """Collect peers and published figures for `recslib.ladders.ladders`.

    Parameters
    ----------
    book
        The chapters.
    measured
        What `benchmark.measured_folds` returned.
    """
    itself = measured["low"].eq(0) & measured["high"].eq(0)
    ours = measured.loc[itself, "rmse"].item()
    rungs = placed_rungs(book)
    rows = [
        _row(benchmark.FOLDS, p.rung.label, p.rmse, "guess", line=p.rung.line)
        for p in rungs
        if p.panel == benchmark.FOLDS and p.rung.kind == "guess"
    ]
    for row in measured.iloc[::-1].itertuples():
        kind = "ours" if row.peer == "recslib" else "peer"
        ends = ours + row.low, ours + row.high
        rows.append(
            _row(benchmark.FOLDS, row.short, row.rmse, kind, ends=ends)
        )

    peers = measured[measured["peer"] != "recslib"]
    best = peers.sort_values("u1").iloc[0]
    single = [_row(U1, best["short"], best["u1"], "peer")]
    single += [
        _row(p.panel, p.rung.label, p.rmse, p.rung.kind, line=p.rung.line)
        for p in rungs
        if p.panel in SPLITS
    ]
    for quoted in PUBLISHED:
        name, _, _ = quoted.method.partition(" {")
        rmse = float(quoted.rmse)
        single.append(
            _row(quoted.split, name, rmse, "published", line=quoted.line)
        )
    for split in SPLITS:
        of_split = [row for row in single if row["panel"] == split]
        rows += sorted(of_split, key=lambda row: -row["rmse"])
    return pd.DataFrame(rows)


def _row(
    panel: str,
    model: str,
    rmse: float,
    kind: str,
    *,
    part: str = "",
    line: str = "",
    ends: tuple[float, float] = (math.nan, math.nan),
) -> dict[str, Any]:
    """Return a row as `recslib.ladders.ladders` wants it."""
    return {
        "panel": panel,
        "part": part,
        "model": model,
        "rmse": rmse,
        "low": ends[0],
        "high": ends[1],
        "kind": kind,
        "line": line,
    }


def draw(folder: Path, book: Sequence[Chapter]) -> None:
    """Draw both ladders into a folder, as SVG."""
    peers = peers_frame(book, benchmark.measured_folds())
    mpl.use("Agg")
    with mpl.rc_context({"svg.hashsalt": "recslib"}):
        style.use_book_style()
        for name, frame, limits in (
            ("ladder", ladder_frame(book), LIMITS),
            ("peers", peers, PEER_LIMITS),
        ):
            ax = ladders.ladders(frame, limits=limits)
            ax.figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            mpl.pyplot.close(ax.figure)
