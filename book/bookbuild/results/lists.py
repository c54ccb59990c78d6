"""What the committed benchmark of lists found, as the pages show it.

The same tables stand in benchmarks/README.md and on the results page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean, stdev
from typing import Any

from bookbuild.chapters import DASH
from bookbuild.results.benchmark import behind, read, seconds
from bookbuild.results.published import PUBLISHED_LISTS, RECOMMENDERS

Rows = Sequence[Mapping[str, Any]]

# The tasks of lists.json, as headings.
FIELD = {
    "strangers": "Strangers, after ten of their ratings",
    "known": "Known people, on the five published folds",
}
BY_USER = "by user"

BOOK = "This book, "
NAMES = {
    ("recslib", "popularity"): BOOK + "most rated",
    ("recslib", "popularity liked"): BOOK + "most liked",
    ("recslib", "item_neighbours"): BOOK + "item neighbours",
    ("recslib", "ease"): BOOK + "EASE",
    ("recslib", "ease both"): BOOK + "EASE with dislikes",
    ("recslib", "ials"): BOOK + "iALS",
    ("recslib", "ListFactorization"): BOOK + "softmax factorization",
    ("recslib", "ListAutoencoder"): BOOK + "network",
    ("recslib", "averaged"): BOOK + "three networks",
    ("recslib", "standardized"): BOOK + "EASE + iALS + softmax",
    ("implicit", "AlternatingLeastSquares"): "ALS",
    ("implicit", "CosineRecommender"): "item cosine",
    ("implicit", "BayesianPersonalizedRanking"): "BPR",
    ("lenskit", "ItemKNNScorer"): "item k-NN",
    ("lenskit", "ImplicitMFScorer"): "ImplicitMF (ALS)",
    ("lenskit", "EASEScorer"): "EASE",
    ("cornac", "BPR"): "BPR",
    ("cornac", "BiVAECF"): "BiVAE",
    ("recbole", "EASE"): "EASE",
    ("recbole", "MultiVAE"): "MultiVAE",
}
LIBRARIES = {"lenskit": "LensKit", "recbole": "RecBole"}


def named(row: Mapping[str, Any]) -> str:
    """Name a row's model, a peer's with its library and version."""
    name = NAMES[row["peer"], row["model"]]
    if row["peer"] == "recslib":
        return name
    library = LIBRARIES.get(row["peer"], row["peer"])
    return f"{library} {row['version']} {name}"


def of_task(rows: Rows, task: str) -> list[Mapping[str, Any]]:
    """Pick the rows of a task of results/lists.json, the best first."""
    chosen = [row for row in rows if row["task"] == task]
    return sorted(chosen, key=lambda row: -mean(row["ndcg"]))


def field_markdown(rows: Rows, task: str) -> str:
    """Write a task of results/lists.json in Markdown, the best first.

    u1 and u5 have columns of their own where the splits are the five
    published folds.
    """
    folds = task == "known"
    lines = [
        f"| Model | Tries | nDCG@10 | Spread {'| u1 | u5 ' * folds}"
        "| Minus ours | Fit, CPU s | Rank, CPU s |",
        f"|---|---:|---:|---:{'|---:|---:' * folds}|---:|---:|---:|",
    ]
    for row in of_task(rows, task):
        values = row["ndcg"]
        ends = (f"| {values[0]:.4f} | {values[-1]:.4f} ") * folds
        lines.append(
            f"| {named(row)} | {row['tries'] or '-'} | {mean(values):.4f} "
            f"| {stdev(values):.4f} {ends}| {_minus_ours(row)} "
            f"| {seconds(row['fit_cpu_s'])} | {seconds(row['rank_cpu_s'])} |"
        )
    return "\n".join(lines)


def _minus_ours(row: Mapping[str, Any]) -> str:
    return behind(*(row[end] for end in ("difference", "low", "high")))


def in_words(rows: Rows, task: str) -> str:
    """Say who is compared with, and which peers are ahead of it or level."""
    (ours,) = (each for each in of_task(rows, task) if each["is_ours"])
    peers = [r for r in of_task(rows, task) if r["peer"] != "recslib"]
    ahead = [named(row) for row in peers if row["low"] > 0]
    level = [named(row) for row in peers if row["low"] <= 0 <= row["high"]]
    said = [f"Compared with: {named(ours)}, the best of ours on validation."]
    said.append(
        f"Ahead of it by the interval: {'; '.join(ahead)}."
        if ahead
        else "No peer is ahead of it by the interval."
    )
    if level:
        said.append(f"The interval holds 0: {'; '.join(level)}.")
    return " ".join(said)


def published_markdown(rows: Rows) -> str:
    """Write the protocol of Recommenders: measured here beside its table."""
    lines = [
        "| Model | Who says so | nDCG@10 | MAP | Precision | Recall "
        "| Minus ours | Fit, CPU s |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    figures = ("ndcg", "average_precision", "precision", "recall")
    measured = [
        (
            mean(row["ndcg"]),
            [
                named(row),
                "measured here",
                *(f"{mean(row[name]):.4f}" for name in figures),
                _minus_ours(row),
                seconds(row["fit_cpu_s"]),
            ],
        )
        for row in of_task(rows, BY_USER)
    ]
    quoted = [
        (
            float(each.ndcg),
            [
                each.method,
                RECOMMENDERS,
                *(value or DASH for value in each[1:]),
                DASH,
                DASH,
            ],
        )
        for each in PUBLISHED_LISTS
    ]
    for _, cells in sorted(measured + quoted, key=lambda pair: -pair[0]):
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def growth_markdown(rows: Rows) -> str:
    """Write results/list-growth.json in Markdown, a line a size."""
    sizes = list(dict.fromkeys(row["ratings"] for row in rows))
    models = list(dict.fromkeys((r["peer"], r["model"]) for r in rows))
    heads = [
        NAMES[who] if who[0] == "recslib" else f"{who[0]} {NAMES[who]}"
        for who in models
    ]
    lines = [
        f"| Films | Ratings | {' | '.join(heads)} |",
        f"|---:|---:|{'---:|' * len(heads)}",
    ]
    for size in sizes:
        own = [row for row in rows if row["ratings"] == size]
        cells = [
            f"{seconds(row['fit_cpu_s'])} ({row['times']:.1f})" for row in own
        ]
        lines.append(
            f"| {own[0]['items']:,} | {size:,} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def readme_tables() -> dict[str, str]:
    """Return the tables of benchmarks/README.md, by the names of marks."""
    rows = read("lists.json")
    field = "\n\n".join(
        f"{title}:\n\n{field_markdown(rows, task)}\n\n{in_words(rows, task)}"
        for task, title in FIELD.items()
    )
    return {
        "lists": field,
        "lists-published": f"{published_markdown(rows)}\n\n"
        f"{in_words(rows, BY_USER)}",
        "lists-growth": growth_markdown(read("list-growth.json")),
    }
