"""What the build adds to pages: tables, cards, figures.

A page in book/ has a mark, `<!-- built: NAME -->`, where one goes. They come
from the chapters' records and values, from benchmarks/results and from the
quoted figures in published.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd
from docutils.nodes import make_id

from bookbuild import BuildError
from bookbuild.chapters import DASH, UNIT_IN_STARS, Chapter, keyed
from bookbuild.classroom import quizzes
from bookbuild.current import number_for
from bookbuild.marks import numbers_filled
from bookbuild.results import benchmark, lists, scaling
from bookbuild.results.ladder import Placed, draw, own_panels
from bookbuild.results.published import (
    PUBLISHED,
    RANDOM_FOLDS,
    RANDOM_QUARTER,
    U1,
    U3,
)
from recslib import ladders

BUILT = re.compile(r"^<!-- built: ([a-z-]+) -->$", re.MULTILINE)
# Behind the name of the row that a table is about.
BEST = "(best)"

# Where a book makes none.
NO_LISTS = "No chapter of this copy makes lists."
# Words and the name of a headline value, and how to write it.
HEADLINES = (
    ("Always the mean", "mean", "{:.4f}"),
    ("Item mean", "item_mean", "{:.4f}"),
    ("Damped biases", "biases", "{:.4f}"),
    (f"The mended model {BEST}", "rmse", "**{:.4f}**"),
    ("Its spread", "spread", "± {:.4f}"),
    ("The model minus the biases", "difference", "{:+.4f}"),
    ("95 % of that, from", "low", "{:+.4f}"),
    ("to", "high", "{:+.4f}"),
)


def where(chapter: Chapter, key: str) -> str:
    """Return a link to the section of a chapter that computes a value."""
    heading = chapter.computed[key].section
    address = f"../notebooks/{chapter.name}.html#{make_id(heading)}"
    return f'<a href="{address}">{chapter.number} {heading}</a>'


def linked(chapter: Chapter, words: str) -> str:
    """Return words that lead to a chapter."""
    return f"[{words}](../notebooks/{chapter.name}.ipynb)"


def written(value: float | None, form: str) -> str:
    """Write a number, or a dash where there is none."""
    return DASH if value is None else form.format(value)


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


def list_table(
    name: str,
    caption: str,
    rows: Iterable[Sequence[str]],
    *,
    numbers: bool = True,
) -> str:
    """Write a table with the looks of the pages.

    Parameters
    ----------
    name
        What a reference calls it, without ``table-``.
    caption
        Below its number.
    rows
        The header, then the others; cells in MyST.
    numbers
        Whether all but the first column hold numbers.
    """
    lines = [
        f"```{{list-table}} {caption}",
        f":name: table-{name}",
        ":header-rows: 1",
        *([":stub-columns: 1"] if numbers else []),
        f":class: results{' numbers' if numbers else ''}",
        "",
    ]
    for first, *others in rows:
        lines.append(f"* - {first}")
        lines += [f"  - {cell}".rstrip() for cell in others]
    return "\n".join([*lines, "```"])


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


# What stands in a row: its words, and the values it shows with their chapters.
Source = tuple[str, Sequence[tuple[Chapter, str]]]


def again(sources: Iterable[Source]) -> str:
    """Say how to compute each row of a table again.

    Parameters
    ----------
    sources
        A row's words, and the chapter and key of each value that it shows.
    """
    rows = []
    for words, values in sources:
        if values:
            keys = dict.fromkeys(f"`{key}`" for _, key in values)
            links = dict.fromkeys(where(*value) for value in values)
            rows.append([words, ", ".join(keys), "<br>".join(links)])
    return dropdown(
        "Get these numbers again",
        "`make results` runs the chapters that are not up to date, and prints "
        "their numbers under these names.",
        pipe_table(["Row", "Name", "Computed in"], rows, "lll"),
    )


def with_headline(book: Sequence[Chapter]) -> list[Chapter]:
    """Return the chapters that predict stars."""
    return [chapter for chapter in book if chapter.headline is not None]


def models_table(book: Sequence[Chapter]) -> str:
    """Write every chapter's headline, a column a chapter."""
    chapters = with_headline(book)
    titles = [linked(c, c.numbered_title) for c in chapters]
    rows = [["Prediction", *titles]]
    sources: list[Source] = []
    for words, name, form in HEADLINES:
        numbers = [written(c.headline_value(name), form) for c in chapters]
        rows.append([words, *numbers])
        sources.append((words, [(c, c.headline[name]) for c in chapters]))
    caption = (
        "Error in stars on each chapter's test parts: the mean over them."
    )
    return f"{list_table('results', caption, rows)}\n\n{again(sources)}"


def printed_table(book: Sequence[Chapter]) -> str:
    """Write what the post reports, beside its listing run today."""
    rows = [
        ["Model", "Printed in 2018", "As printed, today", "Always the mean"]
    ]
    sources: list[Source] = []
    for chapter in with_headline(book):
        names = ("as_printed", "mean_as_printed")
        numbers = [
            written(chapter.headline_value(name), "{:.4f}") for name in names
        ]
        title = chapter.numbered_title
        rows.append([title, written(chapter.printed, "{:.2f}"), *numbers])
        keys = [chapter.headline.get(name) for name in names]
        sources.append((title, [(chapter, key) for key in keys if key]))
    caption = "RMSE on the [0, 1] scale."
    return f"{list_table('printed', caption, rows)}\n\n{again(sources)}"


def seconds_table(book: Sequence[Chapter]) -> str:
    """Write how long the fits took that the chapters name."""
    rows = [["Model", "Seconds"]]
    sources: list[Source] = []
    for chapter in book:
        for fit in chapter.seconds:
            words = f"{chapter.number} {fit['label']}"
            rows.append([words, f"{chapter.values[fit['key']]:.2f}"])
            sources.append((words, [(chapter, fit["key"])]))
    caption = "Median seconds to fit a model once, on one thread."
    return f"{list_table('seconds', caption, rows)}\n\n{again(sources)}"


def chapters_table(chapter: Chapter, table: Mapping[str, Any]) -> str:
    """Write a table that a chapter's record holds."""
    rows = [table["columns"]]
    sources: list[Source] = []
    for words, *cells in table["rows"]:
        form = "**{}**" if words.endswith(BEST) else "{}"
        numbers = [_cell(chapter, cell, form) for cell in cells]
        rows.append([words, *numbers])
        keys = [cell.partition(":")[0] for cell in cells if cell]
        sources.append((words, [(chapter, key) for key in keys]))
    shown = list_table(table["name"], table["caption"], rows)
    return f"{shown}\n\n{again(sources)}"


def _cell(chapter: Chapter, cell: str, form: str) -> str:
    key, _, digits = cell.partition(":")
    if not key:
        return ""
    number = format(chapter.values[key], digits)
    return number if number[0] in "+-" else form.format(number)


def landing_table(book: Sequence[Chapter]) -> str:
    """Write what was printed, a constant, and the book, a row a chapter."""
    rows = [["Model", "2018, as printed", "Always the mean", "This book"]]
    for chapter in with_headline(book):
        printed = DASH
        if chapter.printed is not None:
            unit = f"{chapter.printed:.2f} on [0, 1]"
            printed = f"{unit}, {UNIT_IN_STARS * chapter.printed:.2f} stars"
        numbers = [
            written(chapter.headline_value(name), form)
            for name, form in (("mean", "{:.3f}"), ("rmse", "**{:.3f}**"))
        ]
        rows.append([linked(chapter, chapter.title), printed, *numbers])
    caption = "Printed in 2018, against a constant, against now."
    return list_table("landing", caption, rows, numbers=False)


def cards(book: Sequence[Chapter]) -> str:
    """Write a card for each chapter, three in a row where they fill it."""
    in_a_row = "1 1 3 3" if len(book) % 3 == 0 else "1 1 2 2"
    shown = "\n\n".join(
        f":::{{grid-item-card}} {chapter.number} {chapter.heading}\n"
        f":link: ../notebooks/{chapter.name}\n:link-type: doc\n\n"
        f"{chapter.about}\n:::"
        for chapter in book
    )
    return f"::::{{grid}} {in_a_row}\n:gutter: 3\n\n{shown}\n::::"


def lists_table(book: Sequence[Chapter]) -> str:
    """Write how good the lists are, a row for each whom they are for."""
    rows = [
        [
            "Lists for",
            "Most liked",
            "EASE",
            "This book",
            "This book minus most liked",
        ]
    ]
    sources: list[Source] = []
    for chapter in book:
        for row in chapter.lists:
            words = f"{chapter.number} {row['label']}"
            numbers = chapter.list_values(row)
            apart = (numbers[name] for name in ("difference", "low", "high"))
            rows.append(
                [
                    words,
                    f"{numbers['popular']:.4f}",
                    f"{numbers['counting']:.4f}",
                    f"**{numbers['ndcg']:.4f}**",
                    benchmark.with_interval(*apart),
                ]
            )
            sources.append((words, [(chapter, key) for _, key in keyed(row)]))
    if not sources:
        return NO_LISTS
    caption = "nDCG@10 of each chapter's lists: higher is better."
    return f"{list_table('lists', caption, rows)}\n\n{again(sources)}"


def ladder_table(book: Sequence[Chapter]) -> str:
    """Write every rung of errors, its spread and where it is computed."""
    return dropdown(
        "Every rung as a table, with its name and place",
        "`make results` prints the numbers under these names. What was "
        "printed in 2018 is on [0, 1] there; here it is four times as large, "
        "in stars.",
        *_panels(own_panels(book, ladders.RMSE), "RMSE", "Spread"),
    )


def lists_ladder_table(book: Sequence[Chapter]) -> str:
    """Write every rung of lists, its interval and where it is computed."""
    placed = own_panels(book, ladders.NDCG)
    if not placed:
        return NO_LISTS
    return dropdown(
        "Every rung of lists as a table, with its name and place",
        "`make results` prints the numbers under these names. Where no "
        "interval is kept, the spread stands in its place, behind a ±.",
        *_panels(placed, ladders.NDCG.name, "95 % over people"),
    )


def _panels(placed: Sequence[Placed], value: str, whisker: str) -> list[str]:
    """Write rungs with their places, a table a panel and chapter.

    Parameters
    ----------
    placed
        The rungs, in order.
    value, whisker
        What the columns of the values and of their whiskers are called.
    """
    header = ["Rung", value, whisker, "Name", "Computed in"]
    parts = []
    for (panel, part), group in groupby(placed, lambda p: p[:2]):
        rows = [
            [
                each.rung.label,
                f"{each.value:.4f}",
                _whisker(each),
                f"`{each.rung.key}`",
                where(each.chapter, each.rung.key),
            ]
            for each in group
        ]
        parts.append(f"**{panel}: {part or 'guessing'}**")
        parts.append(pipe_table(header, rows, "lrrll"))
    return parts


def _whisker(placed: Placed) -> str:
    """Write a rung's interval, or its spread, or nothing."""
    if placed.interval is not None:
        low, high = placed.interval
        return f"{low:.4f} to {high:.4f}"
    return "" if pd.isna(placed.sd) else f"± {placed.sd:.4f}"


def published_tables() -> str:
    """Write the quoted figures, a table a split, the best first."""
    names = {
        U1: "table-published",
        U3: "table-published-u3",
        RANDOM_FOLDS: "table-published-folds",
        RANDOM_QUARTER: "table-published-quarter",
    }
    captions = {
        U1: "Published RMSE on fold u1 alone, the best first.",
        U3: "Published RMSE on fold u3 alone, the best first.",
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
        "brings them here. `benchmarks/entries.py` and `list_entries.py` "
        "have every setting, and "
        "`benchmarks/README.md` says how it is measured.",
    )


def folds_table() -> str:
    """Write the peers on the published folds."""
    caption = "The field on the five published folds, the best first."
    measured = benchmark.measured_folds()
    return "\n\n".join(
        [
            titled("table-folds", caption, benchmark.markdown(measured)),
            benchmark.remarks(measured),
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


def lists_tables() -> str:
    """Write who makes the best lists, for strangers and for known people."""
    rows = benchmark.read("lists.json")
    parts = []
    for task, title in lists.FIELD.items():
        table = lists.field_markdown(rows, task)
        caption = f"{title}, the best first."
        parts.append(titled(f"table-lists-{task}", caption, table))
        parts.append(lists.in_words(rows, task))
    return "\n\n".join([*parts, bench_dropdown("lists.json")])


def lists_published() -> str:
    """Write lists in the protocol of Recommenders, beside its own table."""
    rows = benchmark.read("lists.json")
    caption = "A quarter of each person's ratings to be found, the best first."
    return "\n\n".join(
        [
            titled(
                "table-lists-published",
                caption,
                lists.published_markdown(rows),
            ),
            lists.in_words(rows, lists.BY_USER),
            bench_dropdown("lists.json"),
        ]
    )


def lists_growth() -> str:
    """Write how the cost of lists grows."""
    rows = benchmark.read("list-growth.json")
    caption = "CPU seconds of a fit, and in brackets over those of implicit."
    return "\n\n".join(
        [
            titled("table-lists-growth", caption, lists.growth_markdown(rows)),
            bench_dropdown("list-growth.json"),
        ]
    )


def growth_table() -> str:
    """Write how the cost of a fit grows with the ratings."""
    rows = benchmark.read("growth.json")
    caption = "CPU seconds of a fit, and in brackets over those of implicit."
    return "\n\n".join(
        [
            titled("table-growth", caption, scaling.growth_markdown(rows)),
            bench_dropdown("growth.json"),
        ]
    )


def processes_table() -> str:
    """Write what a fit takes in one process and in two."""
    rows = benchmark.read("processes.json")
    alone, shared, apart = (row["wall_s"] for row in rows)
    caption = (
        f"{rows[0]['sweeps']} sweeps over {rows[0]['ratings']:,} made-up "
        f"ratings. One fit is {alone / shared:.2f} times as fast in two "
        f"processes as in one. The last line is two fits side by side, "
        f"which shows what two cores lose by sharing a memory: against it, "
        f"two processes gain {apart / shared:.2f} times, of 2 that there are."
    )
    table = scaling.processes_markdown(rows)
    return "\n\n".join(
        [
            titled("table-processes", caption, table),
            bench_dropdown("processes.json"),
        ]
    )


def seeds_tables() -> str:
    """Write what five seeds of each model came to."""
    errors, intervals = benchmark.seeds_markdown(
        benchmark.read("seeds.json"), benchmark.read("seed-intervals.json")
    )
    return "\n\n".join(
        [
            titled("table-seeds", "Five seeds of each model.", errors),
            titled(
                "table-seed-intervals",
                "Differences in RMSE, over people and seeds.",
                intervals,
            ),
            dropdown(
                "Measure these numbers again",
                "`make seeds` fits every model five times and writes "
                "`benchmarks/results/seeds.json` and `seed-intervals.json`; "
                "`make book` then brings them here.",
            ),
        ]
    )


def run_table(book: Sequence[Chapter]) -> str:
    """Write when each chapter was run, from what, and how long it took."""
    rows = []
    for chapter in book:
        run, facts = _run_of(chapter)
        rows.append(
            [
                f"Chapter {chapter.number}",
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


def machine_table(book: Sequence[Chapter]) -> str:
    """Write machine and versions: of the chapters, and of the benchmark."""
    chapters = [_run_of(chapter)[1] for chapter in book]
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
        row["peer"]: row["version"]
        for name in ("lists.json", "sequences.json")
        for row in benchmark.read(name)
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


def _run_of(chapter: Chapter) -> tuple[Any, Any]:
    """Return what papermill and the build noted of a run."""
    noted = chapter.notebook.metadata
    try:
        return noted["papermill"], noted["machine"]
    except KeyError as missing:
        raise BuildError(
            f"The run of {chapter.name} in _build does not say on what "
            "machine: run `make notebooks` again."
        ) from missing


def _all_of(values: Sequence[Any]) -> str:
    """Write what several runs say, once where they say the same."""
    said = dict.fromkeys("-" if v is None else str(v) for v in values)
    return " / ".join(said)


def built(book: Sequence[Chapter]) -> dict[str, Callable[[], str]]:
    """Return what makes each thing that a page may have a mark for.

    Parameters
    ----------
    book
        The chapters.

    Raises
    ------
    BuildError
        Where two tables have one name.
    """
    makers: dict[str, Callable[[], str]] = {
        "landing-table": lambda: landing_table(book),
        "cards": lambda: cards(book),
        "quizzes": lambda: quizzes.listed(quizzes.read_quizzes(book)),
        "models": lambda: models_table(book),
        "printed": lambda: printed_table(book),
        "seconds": lambda: seconds_table(book),
        "ladder-table": lambda: ladder_table(book),
        "lists": lambda: lists_table(book),
        "lists-ladder-table": lambda: lists_ladder_table(book),
        "folds": folds_table,
        "sequences": sequences_tables,
        "seeds": seeds_tables,
        "lists-field": lists_tables,
        "lists-published": lists_published,
        "lists-growth": lists_growth,
        "growth": growth_table,
        "processes": processes_table,
        "published": published_tables,
        "run": lambda: run_table(book),
        "machine": lambda: machine_table(book),
    }
    for chapter in book:
        for table in chapter.tables:
            name = table["name"]
            if name in makers:
                raise BuildError(
                    f"{chapter.name} calls a table {name!r}, and that name is "
                    "taken: call it something else in the chapter's record."
                )
            makers[name] = lambda c=chapter, t=table: chapters_table(c, t)
    return makers


def filled(page: str, makers: Mapping[str, Callable[[], str]]) -> str:
    """Put what is built in the place of each mark of a page.

    Parameters
    ----------
    page
        Its text, as it stands in book/.
    makers
        From `built`.

    Raises
    ------
    BuildError
        Where a mark is not known.
    """

    def put(match: re.Match[str]) -> str:
        if match[1] not in makers:
            raise BuildError(
                f"The mark {match[0]!r} is not known; what can be built is "
                f"{', '.join(makers)}."
            )
        return makers[match[1]]()

    return BUILT.sub(put, page)


def fill_pages(
    folder: Path,
    book: Sequence[Chapter],
    more: Mapping[str, Callable[[], str]] | None = None,
) -> None:
    """Finish the pages in a copy of book/: figures, tables and numbers.

    Parameters
    ----------
    folder
        That copy.
    book
        The chapters.
    more
        What makes other things that a page may have a mark for.

    Raises
    ------
    BuildError
        Where a page asks for what is not there.
    """
    draw(folder, book)
    makers = built(book) | dict(more or {})
    values = {chapter.name: chapter.values for chapter in book}
    for path in sorted(folder.rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        try:
            text = filled(page, makers)
            text = numbers_filled(
                text, lambda mark: number_for(mark, "", values), keep=False
            )
        except BuildError as problem:
            raise BuildError(f"book/{path.name}: {problem}") from problem
        if text != page:
            path.write_text(text, encoding="utf-8", newline="\n")
