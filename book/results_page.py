"""What the build adds to the results page: two figures, and tables.

The page in book/ has a mark, `<!-- built: NAME -->`, for each. Everything
comes from the executed chapters, from benchmarks/results and from the quoted
figures in published.py.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import pandas as pd
from docutils.nodes import make_id
from nbformat import NotebookNode

from published import PUBLISHED, RANDOM_FOLDS, RANDOM_QUARTER, U1
from recslib import plots

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "benchmarks"
# The benchmark's scripts are run from their folder; their tables are ours.
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
LIMITS = (0.86, 1.24)
PEER_LIMITS = (0.87, 1.0)

BUILT = re.compile(r"^<!-- built: ([a-z-]+) -->$", re.MULTILINE)
LIST_TABLE = re.compile(r"^```\{list-table\}.*?^```\n", re.MULTILINE | re.S)
TABLE_NAME = re.compile(r"^:name: (\S+)$", re.MULTILINE)
GLUED = re.compile(r"\{glue:text\}`\.\./notebooks/(\w+)\.ipynb::(\w+)")
HEADING = re.compile(r"^#{1,4} +(.+?)\s*$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.S)
ROLE = re.compile(r"\{\w+\}`([^`<]+?)(?: <[^`]*>)?`")
LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")

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
        A key of `recslib.plots.KINDS`.
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
    """Collect the rungs of all chapters for `recslib.plots.ladders`.

    Parameters
    ----------
    values
        What the chapters glue, by chapter and key.
    """
    rows = []
    for panel, part, rung in rungs():
        stars = 4.0 if rung.key.startswith("posted") else 1.0
        rmse = stars * value_of(values, rung.chapter, rung.key)
        sd = values[rung.chapter].get(f"{rung.key}_sd", float("nan"))
        rows.append(
            {
                "panel": panel,
                "part": part,
                "model": rung.model,
                "rmse": rmse,
                "low": rmse - sd,
                "high": rmse + sd,
                "kind": rung.kind,
                "line": rung.line,
            }
        )
    return pd.DataFrame(rows)


def peers_frame(values: Values, field: pd.DataFrame) -> pd.DataFrame:
    """Collect peers and published figures for `recslib.plots.ladders`.

    Parameters
    ----------
    values
        What the chapters glue, by chapter and key.
    field
        What `table.folds_frame` returned.
    """
    ours = field.loc[field["low"].eq(0) & field["high"].eq(0), "rmse"].item()
    guesses = [
        Rung("always the mean", MF, "mean_rmse", "guess", "mean"),
        Rung("item mean", MF, "item_mean_rmse", "guess"),
        Rung("damped biases", MF, "bias_rmse", "guess", "biases"),
    ]
    rows = [
        _plain(FOLDS, rung, value_of(values, rung.chapter, rung.key))
        for rung in guesses
    ]
    for row in field.iloc[::-1].itertuples():
        own = row.peer == "recslib"
        rows.append(
            {
                "panel": FOLDS,
                "model": _short(row.model, row.settings),
                "rmse": row.rmse,
                "low": ours + row.low,
                "high": ours + row.high,
                "kind": "ours" if own else "peer",
            }
        )
    on_u1 = [
        Rung("always the mean", MF, "u1_mean_rmse", "guess", "mean"),
        Rung("damped biases", MF, "u1_bias_rmse", "guess", "biases"),
        Rung("matrix factorization", MF, "u1_rmse", "ours"),
        Rung("LSTM on the past", LSTM, "u1_past_rmse", "ours"),
        Rung("LSTMs on both sides", LSTM, "u1_both_rmse", "ours"),
    ]
    scored = [
        _plain(U1, rung, value_of(values, rung.chapter, rung.key))
        for rung in on_u1
    ]
    best = field[field["peer"] != "recslib"].sort_values("u1").iloc[0]
    name = _short(best["model"], best["settings"])
    scored.append(_plain(U1, Rung(name, "", "", "peer"), best["u1"]))
    for quoted in PUBLISHED:
        line = "biases" if quoted.method == "Biases" else ""
        name = ROLE.sub("", quoted.method).strip()
        rung = Rung(name, "", "", "published", line)
        scored.append(_plain(quoted.split, rung, float(quoted.rmse)))
    for split in (U1, RANDOM_FOLDS, RANDOM_QUARTER):
        of_split = [row for row in scored if row["panel"] == split]
        rows += sorted(of_split, key=lambda row: -row["rmse"])
    frame = pd.DataFrame(rows)
    blank = {"part": "", "line": ""}
    frame = frame.reindex(columns=[*frame.columns, "part"]).fillna(blank)
    return frame.astype({"low": float, "high": float})


def _plain(panel: str, rung: Rung, rmse: float) -> dict[str, Any]:
    """Return a row without a whisker."""
    return {
        "panel": panel,
        "model": rung.model,
        "rmse": rmse,
        "kind": rung.kind,
        "line": rung.line,
    }


def _short(model: str, settings: str) -> str:
    """Name a contender in few words."""
    model = re.sub(r" \((?:C\+\+|PyTorch|ALS)\)", "", model)
    model = model.removeprefix("This book, ")
    model = model.replace("matrix factorization", "MF")
    settings = settings.replace(" factors, ", " × ").replace(" epochs", "")
    model = model.replace("item k-NN with baseline", "k-NN + baseline")
    return f"{model}, {settings}"


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
    """Return a link to the section of a chapter that computes a value."""
    heading, anchor = found[chapter][key]
    number = chapter[:2].lstrip("0")
    return f'<a href="../notebooks/{chapter}.html#{anchor}">{number} {heading}</a>'


def plain(cell: str) -> str:
    """Leave of a table's cell what a reader sees: no roles, links, stars."""
    text = LINK.sub(r"\1", ROLE.sub(r"\1", cell)).replace("**", "")
    return " ".join(text.split())


def pipe_table(
    header: Sequence[str], rows: Sequence[Sequence[str]], align: str = ""
) -> str:
    """Write a table in Markdown.

    Parameters
    ----------
    header, rows
        Cells.
    align
        A letter a column, l or r; empty for all to the left.
    """
    marks = ["---:" if side == "r" else "---" for side in align or header]
    if not align:
        marks = ["---"] * len(header)
    lines = [header, marks, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def titled(name: str, caption: str, rows: str) -> str:
    """Give a Markdown table a number, a caption and the page's looks."""
    return (
        f"```{{table}} {caption}\n:name: {name}\n:class: results numbers\n\n"
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
        pipe_table(["Row", "Name", "Computed in"], rows),
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
        "`make results` prints the numbers under these names. What was printed "
        "in 2018 is on [0, 1] there; here it is four times as large, in stars.",
        *parts,
    )


def published_table() -> str:
    """Write the quoted figures, the best of each split first."""
    rows = []
    for quoted in PUBLISHED:
        method, _, cited = quoted.method.partition(" {")
        source = quoted.source + (f", {{{cited}" if cited else "")
        rows.append([method, quoted.rmse, quoted.split, source, quoted.doubt])
    header = ["Method", "RMSE", "Split", "Who says so", "Keep in mind"]
    return titled(
        "table-published",
        "Published RMSE in stars, as printed. In each split, the best first.",
        pipe_table(header, rows, "lrlll"),
    ).replace("results numbers", "results")


def bench_dropdown(*names: str) -> str:
    """Say how to measure a table of the benchmark again."""
    files = " and ".join(f"`benchmarks/results/{name}`" for name in names)
    return dropdown(
        "Measure these numbers again",
        f"`make bench` fits everybody, writes {files}, and fills the table in "
        "`benchmarks/README.md`; `make book` then brings it here. All settings "
        "are in `benchmarks/entries.py`, and the protocol is in "
        "`benchmarks/README.md`.",
    )


def folds_table() -> str:
    """Write the peers on the published folds."""
    rows = table.markdown(
        table.folds_frame(table.read("folds.json"), table.read("intervals.json"))
    )
    caption = "The field on the five published folds, the best first."
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
    rows = table.read("sequences.json")
    tables = [
        titled(
            f"table-sequences-{task}",
            caption,
            table.sequences_markdown(rows, task),
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
        (BENCHMARKS / "results" / "machine.json").read_text(encoding="utf-8")
    )
    facts = {
        "processor": "Processor",
        "cores": "Cores",
        "memory_gb": "Memory, 10^9 bytes",
        "system": "System",
        "python": "Python",
    }
    rows = [
        [words, _all_of([c[name] for c in chapters]), _all_of([bench[name]])]
        for name, words in facts.items()
    ]
    rows.append(["Threads a fit", "1", "1"])
    ran = {row["peer"]: row["version"] for row in table.read("sequences.json")}
    theirs = {**ran, **bench["versions"]}
    ours = list(dict.fromkeys(n for c in chapters for n in c["versions"]))
    for name in [*ours, *sorted(set(theirs) - set(ours))]:
        used = [c["versions"].get(name) for c in chapters]
        rows.append([name, _all_of(used), _all_of([theirs.get(name)])])
    return titled(
        "table-machine",
        "The machine and the versions.",
        pipe_table(["", "The chapters", "The benchmark"], rows),
    ).replace("results numbers", "results")


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
    said = dict.fromkeys("–" if v is None else str(v) for v in values)
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
        "published": published_table,
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


def draw(folder: Path, values: Values) -> None:
    """Draw both ladders into a folder, as SVG."""
    mpl.use("Agg")
    field = table.folds_frame(
        table.read("folds.json"), table.read("intervals.json")
    )
    with mpl.rc_context({"svg.hashsalt": "recslib"}):
        plots.use_book_style()
        for name, frame, limits in (
            ("ladder", ladder_frame(values), LIMITS),
            ("peers", peers_frame(values, field), PEER_LIMITS),
        ):
            ax = plots.ladders(frame, limits=limits)
            ax.figure.savefig(
                folder / f"{name}.svg", metadata={"Date": None}
            )
            mpl.pyplot.close(ax.figure)


def write(
    book: Path, notebooks: Mapping[str, NotebookNode], values: Values
) -> None:
    """Finish the results page in a copy of book/: figures, then tables."""
    draw(book / "assets", values)
    path = book / "results.md"
    text = filled(path.read_text(encoding="utf-8"), notebooks, values)
    path.write_text(text, encoding="utf-8", newline="\n")
