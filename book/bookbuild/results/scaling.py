"""How cost grows with the ratings, and what a second process saves."""

from __future__ import annotations

from typing import Any

import numpy as np

from bookbuild.results.benchmark import NAMES, read, seconds

Rows = list[dict[str, Any]]


def growth_markdown(rows: Rows) -> str:
    """Write results/growth.json in Markdown, a line a model."""
    sizes = list(dict.fromkeys(row["ratings"] for row in rows))
    models = list(dict.fromkeys((r["peer"], r["model"]) for r in rows))
    heads = " | ".join(f"{size:,}" for size in sizes)
    lines = [
        f"| Model | {heads} | Slope | Peak MB |",
        f"|---|{'---:|' * (len(sizes) + 2)}",
    ]
    for model in models:
        own = {
            row["ratings"]: row
            for row in rows
            if (row["peer"], row["model"]) == model
        }
        cells = [
            f"{seconds(own[size]['fit_cpu_s'])} ({own[size]['times']:.1f})"
            if size in own
            else "-"
            for size in sizes
        ]
        peak = own[max(own)]["peak_mb"]
        lines.append(
            f"| {NAMES[model].full} | {' | '.join(cells)} | {slope(own):.2f} "
            f"| {peak:,.0f} |"
        )
    return "\n".join(lines)


def slope(rows: dict[int, dict[str, Any]]) -> float:
    """Say by which power of the ratings the seconds of a model grow."""
    cost = [row["fit_cpu_s"] for row in rows.values()]
    return float(np.polyfit(np.log(list(rows)), np.log(cost), 1)[0])


def processes_markdown(rows: Rows) -> str:
    """Write results/processes.json in Markdown, a line a row."""
    lines = [
        "| Processes a fit | Fits | CPU s of each | Wall s | Load | Peak MB "
        "| RMSE |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        each = " and ".join(f"{cpu:.1f}" for cpu in row["cpu_s"])
        lines.append(
            f"| {row['processes']} | {row['fits']} | {each} "
            f"| {row['wall_s']:.1f} | {row['load_at_start']:.1f} "
            f"| {row['peak_mb']:,} | {row['rmse']:.6f} |"
        )
    return "\n".join(lines)


def scales_markdown(rows: Rows) -> str:
    """Write results/scales.json in Markdown, a line a set of ratings."""
    fits = list(dict.fromkeys(row["fit"] for row in rows))
    lines = [
        f"| Set | Ratings | Scale | {' | '.join(fits)} |",
        f"|---|---:|---|{'---:|' * len(fits)}",
    ]
    sets = dict.fromkeys(
        (row["set"], row["ratings"], tuple(row["scale"])) for row in rows
    )
    for name, n_ratings, (low, high) in sets:
        own = [
            row
            for row in rows
            if (row["set"], row["ratings"]) == (name, n_ratings)
        ]
        counted, *others = own
        mean = sum(counted["rmse"]) / len(counted["rmse"])
        ratios = " | ".join(f"{row['ratio']:.3f}" for row in others)
        lines.append(
            f"| {name} | {n_ratings:,} | {low:g} to {high:g} | {mean:.4g} "
            f"| {ratios} |"
        )
    return "\n".join(lines)


def readme_tables() -> dict[str, str]:
    """Return the tables of benchmarks/README.md, by the names of marks."""
    return {
        "growth": growth_markdown(read("growth.json")),
        "processes": processes_markdown(read("processes.json")),
        "scales": scales_markdown(read("scales.json")),
    }
