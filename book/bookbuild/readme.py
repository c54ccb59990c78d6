"""The tables that the two READMEs show, between their marks."""

from __future__ import annotations

from pathlib import Path

from bookbuild import BuildError, places
from bookbuild.chapters import DASH, UNIT_IN_STARS, committed
from bookbuild.files import write_all
from bookbuild.results import benchmark, lists, scaling


def readme_table() -> str:
    """Return README's table, from the committed notebooks."""
    rows = [
        "| chapter | the 2018 post reports, scale [0, 1] "
        "| its listing, run today, scale [0, 1] "
        "| always the mean, scale [0, 1] | always the mean, stars "
        "| damped biases, stars | this book, stars (five folds, SD) |",
        "|---|---|---|---|---|---|---|",
    ]
    for chapter in committed():
        if chapter.headline is None:
            continue
        mean = chapter.headline_value("mean")
        cells = [
            f"[{chapter.heading}](notebooks/{chapter.name}.ipynb)",
            _two_digits(chapter.printed),
            _two_digits(chapter.headline_value("as_printed")),
            f"{mean / UNIT_IN_STARS:.2f}",
            f"{mean:.3f}",
            f"{chapter.headline_value('biases'):.3f}",
            f"**{chapter.headline_value('rmse'):.3f}** "
            f"({chapter.headline_value('spread'):.3f})",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def lists_table() -> str:
    """Return README's table of lists, from the committed notebooks.

    Nothing where no chapter makes lists.
    """
    rows = []
    for chapter in committed():
        for row in chapter.lists:
            numbers = chapter.list_values(row)
            apart = (numbers[name] for name in ("difference", "low", "high"))
            cells = [
                f"[{chapter.heading}](notebooks/{chapter.name}.ipynb)",
                row["label"],
                f"{numbers['popular']:.3f}",
                f"{numbers['counting']:.3f}",
                f"**{numbers['ndcg']:.3f}**, "
                f"{benchmark.with_interval(*apart, digits=3)}",
            ]
            rows.append(f"| {' | '.join(cells)} |")
    if not rows:
        return ""
    header = [
        "Lists are judged by nDCG@10, from 0 to 1: higher is better. The "
        "interval in brackets is 95 % over people.",
        "",
        "| chapter | whom the list is for | most liked, same for all | EASE "
        "| this book, and minus most liked |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*header, *rows])


def _two_digits(value: float | None) -> str:
    """Write a number on [0, 1], or a dash where there is none."""
    return DASH if value is None else f"{value:.2f}"


def with_table(page: str, name: str, table: str) -> str:
    """Return a page's text with `table` between its two marks.

    Parameters
    ----------
    page
        The text of a README.
    name
        What its marks call the table.
    table
        In Markdown; it may be nothing.

    Raises
    ------
    BuildError
        When the page does not have both marks, in order.
    """
    start_mark = f"<!-- {name}: written by `make readme` -->"
    end_mark = f"<!-- end of {name} -->"
    before, start, rest = page.partition(start_mark)
    _, end, after = rest.partition(end_mark)
    if not (start and end):
        raise BuildError(
            f"The README needs the lines {start_mark!r} and {end_mark!r}, "
            "around the place where the table belongs."
        )
    return f"{before}{start}\n{table}\n{end}{after}"


def readmes() -> dict[Path, str]:
    """Return both READMEs as they should be, by path."""
    first = places.ROOT / "README.md"
    second = benchmark.BENCHMARKS / "README.md"
    text = second.read_text(encoding="utf-8")
    rows = benchmark.read("sequences.json")
    measured = benchmark.measured_folds()
    table = benchmark.markdown(measured)
    below = benchmark.remarks(measured)
    text = with_table(text, "folds", f"{table}\n\n{below}")
    compared = benchmark.tellings_markdown(benchmark.read("tellings.json"))
    text = with_table(text, "tellings", compared)
    text = with_table(text, "sequences", benchmark.sequences_tables(rows))
    for name, table in (
        lists.readme_tables() | scaling.readme_tables()
    ).items():
        text = with_table(text, name, table)
    results = first.read_text(encoding="utf-8")
    results = with_table(results, "results", readme_table())
    results = with_table(results, "lists", lists_table())
    return {first: results, second: text}


def write_readme() -> None:
    """Fill the tables of both READMEs."""
    write_all(readmes())
