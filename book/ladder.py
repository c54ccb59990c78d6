"""The rungs of all chapters, and the peers, as two figures.

Errors come from the executed chapters, from benchmarks/results, and from the
quoted figures in published.py; here they get an order and short names.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
from published import PUBLISHED, RANDOM_FOLDS, RANDOM_QUARTER, U1

from recslib import ladders, style

# The benchmark's scripts run in their own folder; its tables are wanted here.
BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))
import table  # noqa: E402

MF, DENSE, LSTM = (
    "01_matrix_factorization",
    "02_dense_network",
    "03_lstm_sequences",
)
CHAPTER_1, CHAPTER_2, CHAPTER_3 = (
    "1 Matrix factorization",
    "2 A dense network",
    "3 An LSTM that listens",
)
FOLDS = "Five published folds"
WINDOWS = "Five windows of time"
NEWEST = "The newest fifth"
# Of the axis, stars: what lies outside gets an arrow.
LIMITS = (0.86, 1.24)
PEER_LIMITS = (0.87, 1.0)
# What the chapters glue, by chapter and key.
Values = Mapping[str, Mapping[str, Any]]


class Rung(NamedTuple):
    """A row of the ladder: what it is called, and where its value is.

    Parameters
    ----------
    model
        In words.
    chapter, key
        The notebook's name without ending, and the name of a glued value in
        stars, or on [0, 1] where it starts with ``posted``. Its spread is
        glued as ``<key>_sd``, or is not known.
    kind
        A key of `recslib.ladders.KINDS`.
    line
        What the vertical line through it is called, empty for none.
    """

    model: str
    chapter: str
    key: str
    kind: str = "step"
    line: str = ""


# By panel and part, from the top.
LADDER: Mapping[str, Mapping[str, Sequence[Rung]]] = {
    FOLDS: {
        "": (
            Rung("always the mean", MF, "mean_rmse", "guess", "mean"),
            Rung("user mean", MF, "user_mean_rmse", "guess"),
            Rung("item mean", MF, "item_mean_rmse", "guess"),
            Rung("damped biases", MF, "bias_rmse", "guess", "biases"),
        ),
        CHAPTER_1: (
            Rung("as printed, u1 only", MF, "posted_rmse"),
            Rung("gradients cleared", MF, "rung_cleared"),
            Rung("a rate that learns", MF, "rung_rate"),
            Rung("small first factors", MF, "rung_small"),
            Rung("mean and biases", MF, "rung_biases"),
            Rung("large batches", MF, "rung_batches"),
            Rung("L2", MF, "rung_l2"),
            Rung("a schedule, no L2", MF, "rung_schedule"),
            Rung("a schedule and L2", MF, "rung_both"),
            Rung("128 factors", MF, "rung_factors"),
            Rung("a ridge on every row", MF, "rmse", "ours"),
            Rung("Adam instead of SGD", MF, "rung_adam"),
        ),
        CHAPTER_2: (
            Rung("as printed", DENSE, "posted_rmse"),
            Rung("shapes mended", DENSE, "rung_shapes"),
            Rung("small first vectors", DENSE, "rung_small"),
            Rung("mean and biases", DENSE, "rung_biases"),
            Rung("dropout", DENSE, "rung_dropout"),
            Rung("L2", DENSE, "rung_l2"),
            Rung("a schedule", DENSE, "rung_schedule"),
            Rung("SGD, a rate a part", DENSE, "rmse", "ours"),
            Rung("with side features", DENSE, "features_rmse", "ours"),
        ),
        CHAPTER_3: (
            Rung("chapters 1 and 2", LSTM, "two_chapters_rmse"),
            Rung("LSTM on the past", LSTM, "past_rmse", "ours"),
            Rung("LSTMs on both sides", LSTM, "both_rmse", "ours"),
        ),
    },
    WINDOWS: {
        "": (
            Rung("always the mean", LSTM, "mean_rmse", "guess", "mean"),
            Rung("item mean", LSTM, "item_mean_rmse", "guess"),
            Rung("damped biases", LSTM, "bias_rmse", "guess", "biases"),
            Rung(
                "running bias",
                LSTM,
                "running_bias_rmse",
                "guess",
                "running bias",
            ),
            Rung("fading bias", LSTM, "fading_bias_rmse", "guess"),
        ),
        CHAPTER_3: (
            Rung("as printed, 1 window", LSTM, "posted_rmse"),
            Rung("right shapes", LSTM, "rung_shapes"),
            Rung("a mask", LSTM, "rung_mask"),
            Rung("ratings go in", LSTM, "rung_ratings"),
            Rung("longer histories", LSTM, "rung_long"),
            Rung("Adam and a schedule", LSTM, "rung_adam"),
            Rung("a base, known films", LSTM, "rung_base"),
            Rung("chapter 1, folded in", LSTM, "folded_rmse"),
            Rung("LSTM on that", LSTM, "rmse", "ours"),
        ),
    },
    NEWEST: {
        "": (
            Rung("always the mean", LSTM, "time_mean_rmse", "guess", "mean"),
            Rung("item mean", LSTM, "time_item_mean_rmse", "guess"),
            Rung(
                "running bias",
                LSTM,
                "time_running_bias_rmse",
                "guess",
                "running bias",
            ),
            Rung("fading bias", LSTM, "time_fading_bias_rmse", "guess"),
        ),
        CHAPTER_3: (
            Rung("chapter 1, as it was", LSTM, "time_mf_rmse"),
            Rung("LSTM on item biases", LSTM, "time_items_rmse"),
            Rung("chapter 1, folded in", LSTM, "time_folded_mf_rmse"),
            Rung("LSTM on that", LSTM, "time_rmse", "ours"),
        ),
    },
}


def rungs() -> Iterator[tuple[str, str, Rung]]:
    """Go through the ladder: panel, part, rung."""
    for panel, parts in LADDER.items():
        for part, members in parts.items():
            for rung in members:
                yield panel, part, rung


def value_of(values: Values, chapter: str, key: str) -> float:
    """Return a glued number.

    Raises
    ------
    ValueError
        Where the chapter that was run does not glue it.
    """
    try:
        return float(values[chapter][key])
    except KeyError as missing:
        raise ValueError(
            f"The results page wants {missing} of {chapter}, and the run in "
            "_build does not have it: run `make notebooks` again."
        ) from missing


def ladder_frame(values: Values) -> pd.DataFrame:
    """Collect the rungs of all chapters for `recslib.ladders.ladders`.

    Parameters
    ----------
    values
        What the chapters glue, by chapter and key.
    """
    rows = []
    for panel, part, rung in rungs():
        stars = 4.0 if rung.key.startswith("posted") else 1.0
        rmse = stars * value_of(values, rung.chapter, rung.key)
        sd = values[rung.chapter].get(f"{rung.key}_sd", math.nan)
        rows.append(
            _row(
                *(panel, rung.model, rmse, rung.kind),
                part=part,
                line=rung.line,
                ends=(rmse - sd, rmse + sd),
            )
        )
    return pd.DataFrame(rows)


def field() -> pd.DataFrame:
    """Read what the benchmark found on the published folds."""
    return table.folds_frame(
        table.read("folds.json"), table.read("intervals.json")
    )


def peers_frame(values: Values, measured: pd.DataFrame) -> pd.DataFrame:
    """Collect peers and published figures for `recslib.ladders.ladders`.

    Parameters
    ----------
    values
        What the chapters glue, by chapter and key.
    measured
        What `field` returned.
    """
    itself = measured["low"].eq(0) & measured["high"].eq(0)
    ours = measured.loc[itself, "rmse"].item()
    of_chapter_1, of_chapter_3 = (
        partial(value_of, values, chapter) for chapter in (MF, LSTM)
    )
    rows = [
        _row(FOLDS, name, of_chapter_1(f"{key}_rmse"), "guess", line=line)
        for name, key, line in (
            ("always the mean", "mean", "mean"),
            ("item mean", "item_mean", ""),
            ("damped biases", "bias", "biases"),
        )
    ]
    for row in measured.iloc[::-1].itertuples():
        name = _short(row.model, row.settings)
        kind = "ours" if row.peer == "recslib" else "peer"
        ends = ours + row.low, ours + row.high
        rows.append(_row(FOLDS, name, row.rmse, kind, ends=ends))

    peers = measured[measured["peer"] != "recslib"]
    best = peers.sort_values("u1").iloc[0]
    single = [
        _row(U1, name, value, kind, line=line)
        for name, value, kind, line in (
            ("always the mean", of_chapter_1("u1_mean_rmse"), "guess", "mean"),
            ("damped biases", of_chapter_1("u1_bias_rmse"), "guess", "biases"),
            ("matrix factorization", of_chapter_1("u1_rmse"), "ours", ""),
            ("LSTM on the past", of_chapter_3("u1_past_rmse"), "ours", ""),
            ("LSTMs on both sides", of_chapter_3("u1_both_rmse"), "ours", ""),
            (_short(best["model"], best["settings"]), best["u1"], "peer", ""),
        )
    ]
    for quoted in PUBLISHED:
        name, _, _ = quoted.method.partition(" {")
        line = "biases" if name == "Biases" else ""
        rmse = float(quoted.rmse)
        single.append(_row(quoted.split, name, rmse, "published", line=line))
    for split in (U1, RANDOM_FOLDS, RANDOM_QUARTER):
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


def _short(model: str, settings: str) -> str:
    """Name a contender in few words."""
    model = re.sub(r" \((?:C\+\+|PyTorch|ALS)\)", "", model)
    model = model.removeprefix("This book, ")
    model = model.replace("matrix factorization", "MF")
    settings = settings.replace(" factors, ", " \N{MULTIPLICATION SIGN} ")
    settings = settings.removesuffix(" epochs")
    model = model.replace("item k-NN with baseline", "k-NN + baseline")
    return f"{model}, {settings}"


def draw(folder: Path, values: Values) -> None:
    """Draw both ladders into a folder, as SVG."""
    mpl.use("Agg")
    with mpl.rc_context({"svg.hashsalt": "recslib"}):
        style.use_book_style()
        for name, frame, limits in (
            ("ladder", ladder_frame(values), LIMITS),
            ("peers", peers_frame(values, field()), PEER_LIMITS),
        ):
            ax = ladders.ladders(frame, limits=limits)
            ax.figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
            mpl.pyplot.close(ax.figure)
