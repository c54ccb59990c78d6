"""The tables that the two READMEs show, between their marks."""

from __future__ import annotations

from pathlib import Path

from bookbuild import BuildError, places
from bookbuild.chapters import chapters
from bookbuild.notebooks import glued, read, title_of
from bookbuild.results import benchmark

# What the 2018 post reports, by chapter: quoted from it, never computed.
POST_REPORTED = {"01": "0.66", "02": "0.28", "03": "0.43"}


def readme_table() -> str:
    """Return README's table, from the committed notebooks."""
    rows = [
        "| chapter | the 2018 post reports, scale [0, 1] "
        "| its listing, run today, scale [0, 1] "
        "| always the mean, scale [0, 1] | always the mean, stars "
        "| damped biases, stars | this book, stars (five folds, SD) |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in chapters():
        notebook = read(path)
        values = glued(notebook)
        try:
            numbers = (
                f"{values['posted_rmse']:.2f} | {values['mean_rmse'] / 4:.2f} "
                f"| {values['mean_rmse']:.3f} | {values['bias_rmse']:.3f} "
                f"| **{values['rmse']:.3f}** ({values['rmse_sd']:.3f})"
            )
        except KeyError as missing:
            raise BuildError(
                f"notebooks/{path.name} glues no {missing}: run `make "
                "notebooks`, or mend the chapter."
            ) from missing
        rows.append(
            f"| [{title_of(notebook)}](notebooks/{path.name}) "
            f"| {POST_REPORTED[path.stem[:2]]} | {numbers} |"
        )
    return "\n".join(rows)


def with_table(page: str, name: str, table: str) -> str:
    """Return a page's text with `table` between its two marks.

    Parameters
    ----------
    page
        The text of a README.
    name
        What its marks call the table.
    table
        In Markdown.

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
    measured = benchmark.markdown(benchmark.measured_folds())
    text = with_table(text, "folds", measured)
    text = with_table(text, "sequences", benchmark.sequences_tables(rows))
    results = first.read_text(encoding="utf-8")
    return {
        first: with_table(results, "results", readme_table()),
        second: text,
    }


def write_readme() -> None:
    """Fill the tables of both READMEs."""
    for path, text in readmes().items():
        path.write_text(text, encoding="utf-8", newline="\n")
