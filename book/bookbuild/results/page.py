"""What the build adds to the results page: two figures, and tables.

The page in book/ has a mark, `<!-- built: NAME -->`, for each table. They come
from the executed chapters, from benchmarks/results and from the quoted figures
in published.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from docutils.nodes import make_id
from nbformat import NotebookNode

from bookbuild.results import benchmark
from bookbuild.results.ladder import Values, draw, ladder_frame, rungs
from bookbuild.results.published import (
    PUBLISHED,
    RANDOM_FOLDS,
    RANDOM_QUARTER,
    U1,
)

BUILT = re.compile(r"^<!-- built: ([a-z-]+) -->$", re.MULTILINE)
LIST_TABLE = re.compile(r"^```\{list-table\}.*?^```\n", re.MULTILINE | re.S)
GLUED = re.compile(r"\{glue:text\}`\.\./notebooks/(\w+)\.ipynb::(\w+)")
HEADING = re.compile(r"^#{1,4} +(.+?)\s*$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.S)
ROLE = re.compile(r"\{\w+\}`([^`<]+?)(?: <[^`]*>)?`")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def sections(notebook: NotebookNode) -> dict[str, tuple[str, str]]:
    """Say under which heading a notebook glues each of its values.

    Parameters
    ----------
    notebook
        An executed notebook.

    Returns
    -------
    dict
        Key to heading and the heading's anchor in the built page.
    """
    found, heading = {}, ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            titles = HEADING.findall(FENCED.sub("", cell.source))
            heading = titles[-1] if titles else heading
            continue
        for output in cell.get("outputs", []):
            key = output.get("metadata", {}).get("scrapbook", {}).get("name")
            if key is not None:
                found[key] = (heading, make_id(heading))
    return found


Sections = Mapping[str, Mapping[str, tuple[str, str]]]


def where(chapter: str, key: str, found: Sections) -> str:
    """Return a link to the section of a chapter that computes a value.

    Raises
    ------
    ValueError
        Where the chapter that was run does not glue it.
    """
    if key not in found.get(chapter, {}):
        raise ValueError(
            f"The results page quotes {key!r} of {chapter}, and the run in "
            "_build does not have it: run `make notebooks` again."
        )
    heading, anchor = found[chapter][key]
    number = chapter[:2].lstrip("0")
    address = f"../notebooks/{chapter}.html#{anchor}"
    return f'<a href="{address}">{number} {heading}</a>'


def plain(cell: str) -> str:
    """Leave of a table's cell what a reader sees: no roles, links, stars."""
    text = LINK.sub(r"\1", ROLE.sub(r"\1", cell)).replace("**", "")
    return " ".join(text.split())


def pipe_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], align: str
) -> str:
    """Write a table in Markdown.

    Parameters
    ----------
    header, rows
        Cells.
    align
        A letter a column: l or r.
    """
    marks = ["---:" if side == "r" else "---" for side in align]
    lines = [header, marks, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def titled(name: str, caption: str, rows: str) -> str:
    """Give a Markdown table a number, a caption and the page's looks."""
    return (
        f"```{{table}} {caption}\n:name: {name}\n:class: results dense\n\n"
        f"{rows}\n```"
    )


def dropdown(title: str, *parts: str) -> str:
    """Put Markdown behind a line that opens."""
    inside = "\n\n".join(parts)
    return f"::::{{dropdown}} {title}\n{inside}\n::::"


def again(list_table: str, found: Sections) -> str:
    """Say how to compute each row of a table of the page again.

    Parameters
    ----------
    list_table
        A list-table with glued values.
    found
        What `sections` returned, by chapter.
    """
    rows = []
    for row in re.split(r"^\* - ", list_table, flags=re.MULTILINE)[1:]:
        values = dict.fromkeys(GLUED.findall(row))
        if not values:
            continue
        keys = dict.fromkeys(f"`{key}`" for _, key in values)
        links = dict.fromkeys(where(*value, found) for value in values)
        label = plain(row.split("\n  - ")[0])
        rows.append([label, ", ".join(keys), "<br>".join(links)])
    return dropdown(
        "Get these numbers again",
        "`make results` runs the chapters that are not up to date, and prints "
        "their numbers under these names.",
        pipe_table(["Row", "Name", "Computed in"], rows, "lll"),
    )


def with_again(page: str, found: Sections) -> str:
    """Put what `again` says below each list-table that quotes a chapter."""

    def followed(match: re.Match[str]) -> str:
        if not GLUED.search(match[0]):
            return match[0]
        return f"{match[0]}\n{again(match[0], found)}\n"

    return LIST_TABLE.sub(followed, page)


def ladder_table(values: Values, found: Sections) -> str:
    """Write every rung of the ladder, its spread and where it is computed."""
    frame = ladder_frame(values)
    parts = []
    for (panel, part), group in groupby(
        zip(rungs(), frame.itertuples(), strict=True),
        key=lambda pair: pair[0][:2],
    ):
        rows = [
            [
                rung.model,
                f"{row.rmse:.4f}",
                "" if pd.isna(row.high) else f"± {row.high - row.rmse:.4f}",
                f"`{rung.key}`",
                where(rung.chapter, rung.key, found),
            ]
            for (_, _, rung), row in group
        ]
        header = ["Rung", "RMSE", "Spread", "Name", "Computed in"]
        parts.append(f"**{panel}: {part or 'guessing'}**")
        parts.append(pipe_table(header, rows, "lrrll"))
    return dropdown(
        "Every rung as a table, with its name and place",
        "`make results` prints the numbers under these names. What was "
        "printed in 2018 is on [0, 1] there; here it is four times as large, "
        "in stars.",
        *parts,
    )


def published_tables() -> str:
    """Write the quoted figures, a table a split, the best first."""
    names = {
        U1: "table-published",
        RANDOM_FOLDS: "table-published-folds",
        RANDOM_QUARTER: "table-published-quarter",
    }
    captions = {
        U1: "Published RMSE on fold u1 alone, the best first.",
        RANDOM_FOLDS: "Published RMSE over five random folds, the best first.",
        RANDOM_QUARTER: "Published RMSE on a random quarter, the best first.",
    }
    tables = []
    for split, name in names.items():
        quoted = [each for each in PUBLISHED if each.split == split]
        sources = {each.source for each in quoted}
        header = ["Method", "RMSE", "Who says so", "Keep in mind"]
        rows = [[q.method, q.rmse, q.source, q.doubt] for q in quoted]
        if len(sources) == 1:
            tables.append(f"From {sources.pop()}:")
            header, rows = header[:2], [row[:2] for row in rows]
        align = "lrll"[: len(header)]
        rows = pipe_table(header, rows, align)
        tables.append(titled(name, captions[split], rows))
    return "\n\n".join(tables)


def bench_dropdown(*names: str) -> str:
    """Say how to measure a table of the benchmark again."""
    files = " and ".join(f"`benchmarks/results/{name}`" for name in names)
    return dropdown(
        "Measure these numbers again",
        f"`make bench` fits everybody and writes {files}; `make book` then "
        "brings them here. `benchmarks/entries.py` has every setting, and "
        "`benchmarks/README.md` says how it is measured.",
    )


def folds_table() -> str:
    """Write the peers on the published folds."""
    caption = "The field on the five published folds, the best first."
    rows = benchmark.markdown(benchmark.measured_folds())
    return "\n\n".join(
        [
            titled("table-folds", caption, rows),
            bench_dropdown("folds.json", "intervals.json"),
        ]
    )


def sequences_tables() -> str:
    """Write the models that read histories, on both tasks."""
    captions = {
        "folds": "Listening on the five published folds, the best first.",
        "future": "Listening on the newest fifth, the best first.",
    }
    rows = benchmark.read("sequences.json")
    tables = [
        titled(
            f"table-sequences-{task}",
            caption,
            benchmark.sequences_markdown(rows, task),
        )
        for task, caption in captions.items()
    ]
    return "\n\n".join([*tables, bench_dropdown("sequences.json")])


def run_table(notebooks: Mapping[str, NotebookNode]) -> str:
    """Write when each chapter was run, from what, and how long it took."""
    rows = []
    for chapter, notebook in notebooks.items():
        run, facts = _run_of(chapter, notebook)
        rows.append(
            [
                f"Chapter {chapter[:2].lstrip('0')}",
                f"{run['duration']:.0f}",
                run["end_time"][:16].replace("T", " "),
                facts["commit"] or "not known",
            ]
        )
    header = ["Run", "Seconds", "Finished (UTC)", "Commit"]
    return titled(
        "table-run",
        "This copy of the book: each chapter from its first cell to its last.",
        pipe_table(header, rows, "lrrr"),
    )


def machine_table(notebooks: Mapping[str, NotebookNode]) -> str:
    """Write machine and versions: of the chapters, and of the benchmark."""
    chapters = [_run_of(*item)[1] for item in notebooks.items()]
    bench = json.loads(
        (benchmark.RESULTS / "machine.json").read_text(encoding="utf-8")
    )
    facts = {
        "processor": "Processor",
        "cores": "Cores",
        "memory_gb": "Memory (GB)",
        "system": "System",
        "python": "Python",
    }
    rows = [
        [words, _all_of([c[name] for c in chapters]), _all_of([bench[name]])]
        for name, words in facts.items()
    ]
    rows.append(["Threads a fit", "1", "1"])
    ran = {
        row["peer"]: row["version"] for row in benchmark.read("sequences.json")
    }
    theirs = {**ran, **bench["versions"]}
    ours = list(dict.fromkeys(n for c in chapters for n in c["versions"]))
    for name in [*ours, *sorted(set(theirs) - set(ours))]:
        used = [c["versions"].get(name) for c in chapters]
        rows.append([name, _all_of(used), _all_of([theirs.get(name)])])
    return titled(
        "table-machine",
        "The machine and the versions.",
        pipe_table(["What", "The chapters", "The benchmark"], rows, "lll"),
    )


def _run_of(chapter: str, notebook: NotebookNode) -> tuple[Any, Any]:
    """Return what papermill and the build noted of a run."""
    try:
        return notebook.metadata["papermill"], notebook.metadata["machine"]
    except KeyError as missing:
        raise ValueError(
            f"The run of {chapter} in _build does not say on what machine: "
            "run `make notebooks` again."
        ) from missing


def _all_of(values: Sequence[Any]) -> str:
    """Write what several runs say, once where they say the same."""
    said = dict.fromkeys("-" if v is None else str(v) for v in values)
    return " / ".join(said)


def filled(
    page: str, notebooks: Mapping[str, NotebookNode], values: Values
) -> str:
    """Put the tables into the page, and below each how to get it again.

    Parameters
    ----------
    page
        The page as it stands in book/.
    notebooks, values
        The executed chapters and what they glue, by name without ending.

    Raises
    ------
    ValueError
        Where a mark of the page is not known, or a chapter lacks a value.
    """
    found = {name: sections(each) for name, each in notebooks.items()}
    built = {
        "ladder-table": lambda: ladder_table(values, found),
        "folds": folds_table,
        "sequences": sequences_tables,
        "published": published_tables,
        "run": lambda: run_table(notebooks),
        "machine": lambda: machine_table(notebooks),
    }

    def put(match: re.Match[str]) -> str:
        if match[1] not in built:
            raise ValueError(
                f"results.md has the mark {match[0]!r}; what can be built is "
                f"{', '.join(built)}."
            )
        return built[match[1]]()

    return BUILT.sub(put, with_again(page, found))


def write(
    book: Path, notebooks: Mapping[str, NotebookNode], values: Values
) -> None:
    """Finish the results page in a copy of book/: figures, then tables."""
    draw(book, values)
    path = book / "results.md"
    text = filled(path.read_text(encoding="utf-8"), notebooks, values)
    path.write_text(text, encoding="utf-8", newline="\n")
