"""What the committed benchmark found, as the tables that the pages show.

The same tables stand in benchmarks/README.md and on the results page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any, NamedTuple

import pandas as pd

from bookbuild import places

BENCHMARKS = places.ROOT / "benchmarks"
RESULTS = BENCHMARKS / "results"
# The split of folds.json, as the chapters call it.
FOLDS = "Five published folds"
# Behind the name of a model that predicts one step ahead.
AHEAD = " ahead"


class Name(NamedTuple):
    """What a contender is called: in full, and in few words."""

    full: str
    short: str


# What a library's class is called in a table, and in a figure, in few words.
NAMES = {
    ("recslib", "MatrixFactorization"): Name(
        "This book, matrix factorization", "MF"
    ),
    ("recslib", "SampledFactorization"): Name(
        "This book, sampled factorization", "sampled"
    ),
    ("implicit", "AlternatingLeastSquares"): Name(
        "implicit ALS (C++)", "implicit ALS"
    ),
    ("myfm", "MyFMGibbsRegressor"): Name("myFM (C++)", "myFM"),
    ("myfm", "MyFMOrderedProbit"): Name(
        "myFM, ordered probit (C++)", "myFM probit"
    ),
    ("scikit-surprise", "SVD"): Name("Surprise SVD", "Surprise SVD"),
    ("scikit-surprise", "SVDpp"): Name("Surprise SVD++", "Surprise SVD++"),
    ("scikit-surprise", "KNNBaseline"): Name(
        "Surprise item k-NN with baseline", "Surprise k-NN + baseline"
    ),
    ("lenskit", "ItemKNNScorer"): Name(
        "LensKit item k-NN", "LensKit item k-NN"
    ),
    ("lenskit", "BiasedMFScorer"): Name(
        "LensKit BiasedMF (ALS)", "LensKit BiasedMF"
    ),
    ("cornac", "MF"): Name("cornac MF (C++)", "cornac MF"),
    ("recslib", "DenseNet"): Name("This book, dense network", "dense network"),
    ("lenskit", "FlexMFExplicitScorer"): Name(
        "LensKit FlexMF (PyTorch)", "LensKit FlexMF"
    ),
    ("fastai", "EmbeddingNN"): Name(
        "fastai dense network (PyTorch)", "fastai dense network"
    ),
    ("fastai", "EmbeddingDotBias"): Name(
        "fastai dot product (PyTorch)", "fastai dot product"
    ),
    ("recslib", "LSTMRating"): Name("This book, LSTM", "LSTM"),
    ("recslib", "BothSides"): Name(
        "This book, LSTM on both sides", "LSTM on both sides"
    ),
    ("recslib", "FoldedIn"): Name("This book, folded in", "folded in"),
    ("recslib", "RunningBias"): Name(
        "This book, running bias", "running bias"
    ),
    ("LibRecommender", "RNN4Rec"): Name(
        "LibRecommender RNN4Rec (TensorFlow)", "LibRecommender RNN4Rec"
    ),
}

# What a contender hears besides ratings, in words.
TOLD = {
    "ids": "ids",
    "side": "ids, side features",
    "flags": "ids, who rated what",
    "all": "ids and both",
}
# Who was fitted with several seeds, on what, and told what.
SEEDED = {
    "factorization": "Matrix factorization",
    "network": "Dense network",
    "average": "Average of draws",
    "LSTM": "LSTM on the average told both",
}
TASKS = {
    "folds": "published folds",
    "windows": "windows of time",
    "newest": "newest fifth",
}
WAYS = {
    "films": "ids, films' features",
    "product": "ids, a product beside it",
    "past": "the past",
    "past apart": "the past, not the same second",
}
# Behind seconds of another machine, and behind tries that nobody recorded.
ELSEWHERE, UNRECORDED = "\\*", "not recorded"


def folds_frame(
    rows: Sequence[dict[str, Any]], intervals: Sequence[dict[str, Any]]
) -> pd.DataFrame:
    """Sum up results/folds.json, one row a contender, the best first.

    Parameters
    ----------
    rows, intervals
        The content of folds.json and of intervals.json.

    Returns
    -------
    DataFrame
        ``model`` (in words) and ``short`` (in few, with the settings),
        ``peer``, ``told`` (a key of `TOLD`), ``settings`` ("tuned",
        "defaults", or of ours the number of factors and epochs or sweeps),
        ``tries`` (of the search for them; 0 for defaults, missing where
        nobody recorded them), ``seeds``; ``rmse`` (stars, mean over
        the folds), ``sd`` (between them), ``u1`` (the first fold alone),
        ``behind``, ``low`` and ``high`` (RMSE over all folds in one, minus
        that of our matrix factorization, with its 95 % interval);
        ``cpu_s``, ``wall_s`` (seconds a fit, median), ``processor`` (that
        took them) and ``peak_mb``.
    """
    frame = pd.DataFrame(
        {
            "model": [NAMES[row["peer"], row["model"]].full for row in rows],
            "short": [_short(row) for row in rows],
            "peer": [row["peer"] for row in rows],
            "told": [row["told"] for row in rows],
            "settings": [_settings(row) for row in rows],
            "tries": pd.array([row["tries"] for row in rows], "Int64"),
            "seeds": [row["seeds"] for row in rows],
            "fold_rmse": [pd.Series(row["fold_rmse"]) for row in rows],
            "behind": [each["difference"] for each in intervals],
            "low": [each["low"] for each in intervals],
            "high": [each["high"] for each in intervals],
            "cpu_s": [row["fit_cpu_s"] for row in rows],
            "wall_s": [row["fit_wall_s"] for row in rows],
            "processor": [row["processor"] for row in rows],
            "peak_mb": [row["peak_mb"] for row in rows],
        }
    )
    place, scores = frame.columns.get_loc("fold_rmse"), frame.pop("fold_rmse")
    frame.insert(place, "rmse", [folds.mean() for folds in scores])
    frame.insert(place + 1, "sd", [folds.std() for folds in scores])
    frame.insert(place + 2, "u1", [folds[0] for folds in scores])
    return frame.sort_values("rmse", ignore_index=True)


def markdown(frame: pd.DataFrame) -> str:
    """Write `folds_frame`'s table in Markdown.

    Seconds are marked where another processor took them than most.
    """
    usual = frame["processor"].mode().iloc[0]
    lines = [
        "| Model | Told | Settings | Tries | Seeds | RMSE | Spread | u1 "
        "| Behind our MF | CPU s | Peak MB |",
        "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in frame.itertuples():
        mark = "" if row.processor == usual else ELSEWHERE
        lines.append(
            f"| {row.model} | {TOLD[row.told]} | {row.settings} "
            f"| {_tries(row.tries)} "
            f"| {row.seeds} | {row.rmse:.4f} | {row.sd:.4f} | {row.u1:.4f} "
            f"| {behind(row.behind, row.low, row.high)} "
            f"| {seconds(row.cpu_s)}{mark} | {row.peak_mb:.0f} |"
        )
    return "\n".join(lines)


def remarks(frame: pd.DataFrame) -> str:
    """Say below the table of the folds what its marks mean, and who leads."""
    usual = frame["processor"].mode().iloc[0]
    others = frame.loc[frame["processor"] != usual, "processor"].unique()
    marks = (
        f"{ELSEWHERE} These seconds are of another processor "
        f"({', '.join(others)}) than the rest ({usual}), and do not "
        f"compare with theirs.\n\n"
    )
    return (marks if len(others) else "") + in_words(frame)


def in_words(frame: pd.DataFrame) -> str:
    """Say which peers are ahead of our models.

    A peer is ahead of our matrix factorization where its interval lies below
    0. Which peers come before every model of ours that is told the same is
    read off the mean over the folds.
    """
    named = [
        f"{model}, {settings}, told {TOLD[told]}"
        for model, settings, told in zip(
            frame["model"], frame["settings"], frame["told"], strict=True
        )
    ]
    theirs = frame["peer"] != "recslib"
    ours = frame[~theirs].groupby("told")["rmse"].min()
    ahead = theirs & frame["high"].lt(0)
    before = theirs & (frame["rmse"] < frame["told"].map(ours))
    said = [
        f"{words}: {'; '.join(pd.Series(named)[chosen])}."
        if chosen.any()
        else nobody
        for chosen, words, nobody in (
            (
                ahead,
                "Ahead of our matrix factorization, and the interval leaves "
                "out 0",
                "No library is ahead of our matrix factorization with an "
                "interval that leaves out 0.",
            ),
            (
                before,
                "With a lower error than every model of ours told the same",
                "No library has a lower error than the best of our models "
                "told the same.",
            ),
        )
    ]
    return " ".join(said)


def tellings_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Write results/tellings.json in Markdown: our sampler beside myFM."""
    lines = [
        "| Told | Our sampler | myFM | Ours minus it | CPU s, ours over its |",
        "|---|---|---|---:|---:|",
    ]
    ways = ("defaults", "tuned")
    verdicts: dict[str, list[str]] = {
        "Our sampler is ahead by the interval, told": [],
        "It is behind by the interval, told": [],
        "The interval holds 0, told": [],
    }
    for row in rows:
        limits = [row[limit] for limit in ("difference", "low", "high")]
        ours, theirs = ways[row["ours_tuned"]], ways[row["tuned"]]
        name = NAMES[row["peer"], row["model"]]
        told = TOLD[row["told"]]
        lines.append(
            f"| {told} | {ours} | {name.full}, {theirs} "
            f"| {behind(*limits)} | {row['times']:.2f} |"
        )
        place = 0 if row["high"] < 0 else 1 if row["low"] > 0 else 2
        list(verdicts.values())[place].append(
            f"{told} ({ours}; {name.short}, {theirs})"
        )
    said = [
        f"{words}: {', '.join(names)}."
        for words, names in verdicts.items()
        if names
    ]
    return "\n".join([*lines, "", " ".join(said)])


def seeds_markdown(
    rows: Sequence[dict[str, Any]], intervals: Sequence[dict[str, Any]]
) -> tuple[str, str]:
    """Write results/seeds.json and results/seed-intervals.json in Markdown.

    What draws nothing is left out of the first table.
    """
    lines = [
        "| Model | Where | RMSE, mean over seeds | Between seeds | Seeds |",
        "|---|---|---:|---:|---:|",
    ]
    for row in rows:
        of_seeds = [mean(scores) for scores in row["rmse"]]
        if len(set(of_seeds)) > 1:
            lines.append(
                f"| {_seeded(row['name'])} | {TASKS[row['task']]} "
                f"| {mean(of_seeds):.4f} | {stdev(of_seeds):.4f} "
                f"| {len(of_seeds)} |"
            )
    apart = [
        "| Model | Minus | Where | Difference | From | To |",
        "|---|---|---|---:|---:|---:|",
    ]
    for row in intervals:
        ends = (row[end] for end in ("difference", "low", "high"))
        signed = " | ".join(f"{end:+.4f}" for end in ends)
        apart.append(
            f"| {_seeded(row['first'])} | {_seeded(row['second'])} "
            f"| {TASKS[row['task']]} | {signed} |"
        )
    return "\n".join(lines), "\n".join(apart)


def _seeded(name: str) -> str:
    """Write who was fitted with several seeds in words."""
    who, _, told = name.partition(", ")
    if who not in SEEDED:
        return name[0].upper() + name[1:] if name[:4] != "LSTM" else name
    return f"{SEEDED[who]}, {TOLD.get(told) or WAYS.get(told, told)}"


def sequences_markdown(rows: Sequence[dict[str, Any]], task: str) -> str:
    """Write a task of results/sequences.json in Markdown, the best first."""
    lines = [
        "| Model | Settings | Tries | Seeds | RMSE | Behind the LSTM | CPU s "
        "| Peak MB |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    of_task = [row for row in rows if row["task"] == task]
    for row in sorted(of_task, key=lambda row: mean(row["fold_rmse"])):
        model = row["model"].removesuffix(AHEAD)
        ahead = ", one step ahead" if model != row["model"] else ""
        limits = [row[limit] for limit in ("difference", "low", "high")]
        lines.append(
            f"| {NAMES[row['peer'], model].full}{ahead} | {_settings(row)} "
            f"| {_tries(row['tries'])} | {row['seeds']} "
            f"| {mean(row['fold_rmse']):.4f} | {behind(*limits)} "
            f"| {seconds(row['fit_cpu_s'])} | {row['peak_mb']:.0f} |"
        )
    return "\n".join(lines)


def sequences_tables(rows: Sequence[dict[str, Any]]) -> str:
    """Write both tasks of results/sequences.json in Markdown."""
    titles = {"folds": "The five published folds:", "future": "The future:"}
    return "\n\n".join(
        f"{title}\n\n{sequences_markdown(rows, task)}"
        for task, title in titles.items()
    )


def read(name: str) -> list[dict[str, Any]]:
    """Read a JSON file from the folder of results."""
    return json.loads((RESULTS / name).read_text(encoding="utf-8"))


def measured_folds() -> pd.DataFrame:
    """Return what the benchmark found on the published folds."""
    return folds_frame(read("folds.json"), read("intervals.json"))


def with_interval(
    difference: float, low: float, high: float, digits: int = 4
) -> str:
    """Write a difference and its interval, with digits behind the dot."""
    form = f"+.{digits}f"
    return f"{difference:{form}} ({low:{form}} to {high:{form}})"


def _settings(row: dict[str, Any]) -> str:
    params = row["params"]
    if row["peer"] != "recslib":
        return "tuned" if row["tuned"] else "defaults"
    if "n_sweeps" in params:
        sampled = f"{params['n_factors']} factors, {params['n_sweeps']} sweeps"
        flags = params.get("n_directions")
        return f"{sampled}, {flags} directions" if flags else sampled
    if "n_factors" in params:
        return f"{params['n_factors']} factors, {params['n_epochs']} epochs"
    return ", ".join(f"{key} {value}" for key, value in params.items()) or "-"


def _short(row: dict[str, Any]) -> str:
    """Name a contender, its settings and what it is told in few words."""
    name = NAMES[row["peer"], row["model"]].short
    params = row["params"]
    told = "" if row["told"] == "ids" else f", {row['told']}"
    if row["peer"] == "recslib" and "n_factors" in params:
        times = "\N{MULTIPLICATION SIGN}"
        length = params.get("n_epochs", params.get("n_sweeps"))
        return f"{name}, {params['n_factors']} {times} {length}{told}"
    return f"{name}, {_settings(row)}{told}"


def _tries(number: int | None) -> str:
    """Write how many tries stand behind settings; a dash for defaults."""
    return UNRECORDED if pd.isna(number) else str(number or "-")


def behind(difference: float, low: float, high: float) -> str:
    """Write a difference and its interval; a dash for ours itself."""
    if low == high == 0:
        return "-"
    return with_interval(difference, low, high)


def seconds(number: float) -> str:
    """Write three digits that count, and no more than three behind a dot.

    Spaces as wide as a digit keep the dots of a column below each other.
    """
    digits = 3 if number < 1 else 2 if number < 10 else 1
    return f"{number:.{digits}f}" + (3 - digits) * "&numsp;"
