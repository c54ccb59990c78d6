"""The rungs of all chapters, in stars and of lists, and the peers, as figures.

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
from bookbuild.chapters import UNIT_IN_STARS, Chapter, Rung
from bookbuild.results import benchmark
from bookbuild.results.published import PUBLISHED, SPLITS, U1
from recslib import ladders, style

# Of the axis, stars: what lies outside gets an arrow.
LIMITS = (0.86, 1.24)
PEER_LIMITS = (0.87, 1.0)
# Two chapters that guess alike on one split may differ by this.
SAME_GUESS = 1e-4


class Scale(NamedTuple):
    """What the value of a rung is measured on.

    Parameters
    ----------
    measure
        That of its panel.
    worth
        How many units of the measure a unit of the value is.
    """

    measure: ladders.Measure
    worth: float


# By their names in chapter.schema.json.
SCALES = {
    "stars": Scale(ladders.RMSE, 1.0),
    "unit": Scale(ladders.RMSE, UNIT_IN_STARS),
    "ndcg": Scale(ladders.NDCG, 1.0),
}


class Placed(NamedTuple):
    """A rung in its place, with its value in the unit of its measure.

    Parameters
    ----------
    panel, part
        The split, and the chapter in it; no part for guesses.
    rung
        As the chapter's record has it.
    chapter
        That chapter.
    measure
        Of its panel.
    value
        In stars, or an nDCG@10.
    sd
        Its spread; NaN where it is not known.
    interval
        Ends of its interval over people; None where it is not kept, and for
        errors, which show their spread.
    """

    panel: str
    part: str
    rung: Rung
    chapter: Chapter
    measure: ladders.Measure
    value: float
    sd: float
    interval: tuple[float, float] | None

    @property
    def ends(self) -> tuple[float, float]:
        """Ends of its whisker: the interval, or one spread to each side."""
        return self.interval or (self.value - self.sd, self.value + self.sd)


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
        Where two chapters guess alike on one split, and score differently,
        or a panel mixes measures.
    """
    rungs = [_placed(chapter, r) for chapter in book for r in chapter.rungs]
    panels = dict.fromkeys(placed.panel for placed in rungs)
    return [
        placed
        for panel in panels
        for placed in _in_panel([r for r in rungs if r.panel == panel])
    ]


def _placed(chapter: Chapter, rung: Rung) -> Placed:
    measure, worth = SCALES[rung.scale]
    return Placed(
        panel=rung.panel,
        part="" if rung.kind == "guess" else chapter.numbered_title,
        rung=rung,
        chapter=chapter,
        measure=measure,
        value=worth * float(chapter.values[rung.key]),
        sd=worth * float(chapter.values.get(f"{rung.key}_sd", math.nan)),
        interval=_interval(chapter, rung.key)
        if measure is ladders.NDCG
        else None,
    )


def _interval(chapter: Chapter, key: str) -> tuple[float, float] | None:
    """Return the ends that a chapter keeps around a value, if it does."""
    names = f"{key}_low", f"{key}_high"
    kept = [name for name in names if name in chapter.values]
    if len(kept) == 1:
        raise BuildError(
            f"{chapter.name} keeps {kept[0]!r} alone: an interval has two "
            f"ends, {' and '.join(names)}."
        )
    if not kept:
        return None
    low, high = (float(chapter.values[name]) for name in names)
    return low, high


def _in_panel(rungs: Sequence[Placed]) -> Iterator[Placed]:
    _check_one_measure(rungs)
    guesses: dict[str, Placed] = {}
    for placed in rungs:
        if placed.part:
            continue
        first = guesses.setdefault(placed.rung.label, placed)
        if abs(first.value - placed.value) > SAME_GUESS:
            raise BuildError(
                f"On {placed.panel!r}, {placed.rung.label!r} scores "
                f"{first.value:.4f} in {first.chapter.name} and "
                f"{placed.value:.4f} in {placed.chapter.name}. A panel is one "
                "split: give the panel, or the rung, another name in one of "
                "the two records."
            )
    yield from guesses.values()
    yield from (placed for placed in rungs if placed.part)


def _check_one_measure(rungs: Sequence[Placed]) -> None:
    """Raise BuildError where the rungs of a panel are of two measures.

    Published figures are errors: so are the panels of their splits.
    """
    first = rungs[0]
    measure = ladders.RMSE if first.panel in SPLITS else first.measure
    for placed in rungs:
        if placed.measure is not measure:
            raise BuildError(
                f"The panel {placed.panel!r} holds {measure.name}, and "
                f"{placed.rung.label!r} of {placed.chapter.name} is "
                f"{placed.measure.name}. A panel is one measure: give that "
                "rung a panel of another name, or mend its scale, in the "
                "chapter's record."
            )


def own_panels(
    book: Sequence[Chapter], measure: ladders.Measure
) -> list[Placed]:
    """Return the rungs of the splits that the chapters climb on.

    Rungs on a split of published figures belong to the field instead.

    Parameters
    ----------
    book
        The chapters.
    measure
        Of the panels.
    """
    return [
        placed
        for placed in placed_rungs(book)
        if placed.measure is measure and placed.panel not in SPLITS
    ]


def ladder_frame(
    book: Sequence[Chapter], measure: ladders.Measure
) -> pd.DataFrame:
    """Collect the rungs of all chapters for `recslib.ladders.ladders`.

    Parameters
    ----------
    book
        The chapters.
    measure
        Of the panels.
    """
    placed = own_panels(book, measure)
    return pd.DataFrame([_row_of(each) for each in placed])


def _row_of(placed: Placed) -> dict[str, Any]:
    return _row(
        *(placed.panel, placed.rung.label, placed.value, placed.rung.kind),
        measure=placed.measure,
        part=placed.part,
        line=placed.rung.line,
        ends=placed.ends,
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
        _row(benchmark.FOLDS, p.rung.label, p.value, "guess", line=p.rung.line)
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
        _row(p.panel, p.rung.label, p.value, p.rung.kind, line=p.rung.line)
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
    value: float,
    kind: str,
    *,
    measure: ladders.Measure = ladders.RMSE,
    part: str = "",
    line: str = "",
    ends: tuple[float, float] = (math.nan, math.nan),
) -> dict[str, Any]:
    """Return a row as `recslib.ladders.ladders` wants it."""
    return {
        "panel": panel,
        "part": part,
        "model": model,
        measure.column: value,
        "low": ends[0],
        "high": ends[1],
        "kind": kind,
        "line": line,
    }


def draw(folder: Path, book: Sequence[Chapter]) -> None:
    """Draw the ladders into a folder, as SVG; one without a rung is left out.

    Parameters
    ----------
    folder
        Where they go.
    book
        The chapters.
    """
    errors = ladder_frame(book, ladders.RMSE)
    lists = ladder_frame(book, ladders.NDCG)
    peers = peers_frame(book, benchmark.measured_folds())
    mpl.use("Agg")
    with mpl.rc_context({"svg.hashsalt": "recslib"}):
        style.use_book_style()
        for name, frame, measure, limits in (
            ("ladder", errors, ladders.RMSE, LIMITS),
            ("lists-ladder", lists, ladders.NDCG, None),
            ("peers", peers, ladders.RMSE, PEER_LIMITS),
        ):
            if frame.empty:
                continue
            ax = ladders.ladders(frame, measure=measure, limits=limits)
            ax.figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            mpl.pyplot.close(ax.figure)
