"""The study as a command: ``python -m recslib ratings.csv --out folder``.

A file of ratings goes in; a report page, lists for everybody, a saved model
and a summary come out. ``python -m recslib recommend folder --user 7`` makes
lists from what was saved. ``--help`` is the manual of both.
"""

from __future__ import annotations

import argparse
import codecs
import html
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Hashable, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import recslib
from recslib import saving, study
from recslib.ratings import Ratings, RatingsError
from recslib.saving import SavingError
from recslib.style import BLUE, GREY, GRID, ON_DARK_PAGES, WHITE
from recslib.tables import read_titles

MADE_BY = "recslib.command"
# Says that a folder is ours; written before anything else.
MARK = ".recslib-study"
REPORT, SUMMARY, MODEL = "report.html", "summary.json", "model"
CSV, PARQUET = "lists.csv", "lists.parquet"

DONE, UNUSABLE, INTERRUPTED = 0, 1, 130  # argparse exits with 2

MANUAL = """\
Examine a file of ratings: say what was read, hold a model of ratings and a
model of lists against counting, and write lists for everybody.

the file
  A CSV or TSV file, a row a rating: who, what, how much, and when if you
  know. Columns are found by their usual names (userId, movie_id, stars, ...);
  a file without a header is taken as user, item, rating, time. Ratings may be
  stars, points, 0 or 1, or hours. Times may be Unix seconds, or dates such as
  2024-03-01. Where a person rates an item in several rows, the last counts.

what it does
  1. It tests on the newest fifth of each person's ratings. Without times, on
     a random fifth.
  2. It guesses by counting: means, and damped biases.
  3. It fits a model of ratings and a model of lists. Settings are chosen on
     validation data; the test part is read once.
  4. It says whether each is ahead of counting, with a 95 % interval over
     people. If not, it says that these data do not bear a model yet, and why.
  5. It makes lists by the model that is ahead, or else by counting.

what it writes into --out
  report.html    all of it on one page, for any browser
  lists.csv      a list for everybody: user, place, item_id, title, score
  lists.parquet  the same, where pyarrow is installed
  model/         the model of lists: recslib.saving.load("folder/model")
  summary.json   the numbers and the verdicts, for programs
  Each file is there whole or not at all. A folder that holds something else
  is left alone.
"""

EXAMPLES = """\
examples
  python -m recslib ratings.csv --out study
  python -m recslib ratings.tsv --out study --titles books.csv
  python -m recslib plays.csv --out study --user who --item game \\
      --rating hours --time date
  python -m recslib ratings.dat --out study --separator :: --encoding latin-1
  python -m recslib recommend study --user 7
  python -m recslib recommend study --rated "Emma=5" --rated "Dracula=2"

exit codes
  0  done, whatever the verdict
  1  the file or the folder cannot be used; the last line says why
  2  the command was not understood
  130  interrupted

RECSLIB_PROGRESS=off in the environment switches the bar off. A file that is
called recommend is given as ./recommend.
"""

MANUAL_OF_RECOMMEND = """\
Make a list from a folder that `python -m recslib ratings.csv --out folder`
wrote: for a person of the data, or for somebody new who rates a few titles.
"""

EXAMPLES_OF_RECOMMEND = """\
examples
  python -m recslib recommend study --user 7
  python -m recslib recommend study --rated "Emma=5" --rated "Dracula=2" -n 5

A title is found without case, accents or the year; an item's id does, too.
"""


class FolderError(ValueError):
    """A folder that is not the command's to write into or to read from."""


# The command -----------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Run the command.

    Parameters
    ----------
    arguments
        What stands behind ``python -m recslib``.

    Returns
    -------
    int
        The exit code: 0, 1 where something cannot be used, 130 where it was
        interrupted.

    Raises
    ------
    SystemExit
        With code 0 after ``--help``, and 2 for what is not understood.
    """
    arguments = list(arguments)
    is_recommend = arguments[:1] == ["recommend"]
    try:
        if is_recommend:
            given = recommend_parser().parse_args(arguments[1:])
            _recommend(given)
        else:
            given = study_parser().parse_args(arguments)
            _study(given)
    except (RatingsError, SavingError, FolderError) as error:
        print(f"error: {error}{_flags_for(str(error))}", file=sys.stderr)
        return UNUSABLE
    except OSError as error:
        where = error.filename or "a file"
        print(
            f"error: {where}: {error.strerror or error}. Check the name, and "
            f"that it may be read or written.",
            file=sys.stderr,
        )
        return UNUSABLE
    except KeyboardInterrupt:
        print("interrupted: files that stand are whole.", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _flags_for(message: str) -> str:
    """Say which flags are what the library's errors ask for."""
    flags = {
        "columns=": "--user, --item, --rating or --time COLUMN",
        "separator=": "--separator SIGN",
        "encoding=": "--encoding NAME",
        "scale=": "--scale LOW HIGH",
    }
    meant = [flag for word, flag in flags.items() if word in message]
    return f" Here that is {' and '.join(meant)}." if meant else ""


def study_parser() -> argparse.ArgumentParser:
    """Make what reads the arguments of a study."""
    parser = _parser("python -m recslib", MANUAL, EXAMPLES)
    parser.add_argument("file", help="the ratings: CSV, TSV or the like")
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FOLDER",
        help="where to write; made if it is not there",
    )
    columns = parser.add_argument_group(
        "columns", "by name, or by number from 0 up; default: guessed"
    )
    for role, what in (
        ("user", "who rates"),
        ("item", "what is rated"),
        ("rating", "how much"),
        ("time", "when"),
    ):
        columns.add_argument(
            f"--{role}", type=_column, metavar="COLUMN", help=what
        )
    form = parser.add_argument_group("form of the file")
    form.add_argument(
        "--separator",
        type=_separator,
        metavar="SIGN",
        help="one character, 'tab' or '::'; default: guessed",
    )
    form.add_argument(
        "--encoding",
        type=_encoding,
        default="utf-8",
        metavar="NAME",
        help="utf-8 (the default), latin-1, utf-16, ...",
    )
    form.add_argument(
        "--scale",
        type=float,
        nargs=2,
        metavar=("LOW", "HIGH"),
        help="lowest and highest rating; default: what the ratings suggest",
    )
    form.add_argument(
        "--titles",
        metavar="FILE",
        help="a table with a column 'item' and a column 'title'",
    )
    lists = parser.add_argument_group("lists")
    _add_length(lists)
    lists.add_argument(
        "--seed",
        type=_seed,
        default=0,
        help="of all that is drawn (default 0); the same gives the same",
    )
    return parser


def recommend_parser() -> argparse.ArgumentParser:
    """Make what reads the arguments of a list from a saved model."""
    parser = _parser(
        "python -m recslib recommend",
        MANUAL_OF_RECOMMEND,
        EXAMPLES_OF_RECOMMEND,
    )
    parser.add_argument(
        "folder", type=Path, help="what --out named when it was written"
    )
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--user", metavar="ID", help="a person of the data")
    whom.add_argument(
        "--rated",
        action="append",
        type=_rated,
        metavar="TITLE=RATING",
        help="what somebody new rated; may be given several times",
    )
    _add_length(parser)
    return parser


def _parser(name: str, manual: str, examples: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=name,
        description=manual,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _add_length(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
) -> None:
    parser.add_argument(
        "-n",
        "--places",
        type=_places,
        default=study.N_PLACES,
        metavar="N",
        help=f"places of a list (default {study.N_PLACES})",
    )


def _column(text: str) -> str | int:
    return int(text) if text.isdecimal() else text


def _separator(text: str) -> str:
    sign = {"tab": "\t", "\\t": "\t"}.get(text, text)
    if len(sign) != 1 and sign != "::":
        raise argparse.ArgumentTypeError(
            f"{text!r} is no separator; give one character, 'tab' or '::'"
        )
    return sign


def _encoding(text: str) -> str:
    try:
        return codecs.lookup(text).name
    except LookupError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no encoding; give utf-8, latin-1, utf-16 or another "
            f"that Python knows"
        ) from None


def _places(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no length of a list; give 1 or more"
        )
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no seed; give a whole number from 0 up"
        )
    return int(text)


def _rated(text: str) -> tuple[str, float]:
    title, _, rating = text.rpartition("=")
    try:
        number = float(rating)
    except ValueError:
        number = float("nan")
    if not title.strip() or not np.isfinite(number):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no rating; give a title, an equals sign and a "
            f'number, as in "Emma=5"'
        )
    return title.strip(), number


# A study ---------------------------------------------------------------------


def _study(given: argparse.Namespace) -> None:
    check_folder(given.out)  # before the work, not after it
    roles = {"timestamp": given.time} | {
        role: getattr(given, role) for role in ("user", "item", "rating")
    }
    form = {"separator": given.separator, "encoding": given.encoding}
    titles = None
    if given.titles is not None:
        titles = read_titles(given.titles, encoding=given.encoding)
    found = study.read(
        given.file,
        columns={
            role: name for role, name in roles.items() if name is not None
        },
        scale=None if given.scale is None else tuple(given.scale),
        titles=titles,
        **form,
    )
    claim(given.out)
    done = study.examine(
        found.ratings, n_repeated=found.n_repeated, seed=given.seed
    )
    table = study.for_all(done, given.places)
    write(given.out, done, table, Path(given.file).name)
    print(in_words(done))
    print(f"\nThe report is {given.out / REPORT}.")


def in_words(done: study.Study) -> str:
    """Write what was read and both verdicts as plain text."""
    width = max(map(len, done.overview["what"]))
    read = [
        f"  {what:<{width}}  {value}"
        for what, value in done.overview.itertuples(index=False)
    ]
    return "\n".join(
        [
            "What was read",
            *read,
            "",
            str(done.stars.verdict),
            "",
            str(done.lists.verdict),
            "",
            _lists_in_words(done),
        ]
    )


def _lists_in_words(done: study.Study) -> str:
    kind = done.settings["kind"]
    if kind == "most liked":
        made = "Lists hold what most people liked, and each person has not."
    else:
        made = f"Lists are made by {kind}, fitted to all ratings."
    n_left_out = done.ratings.n_items - done.served.n_items
    if n_left_out:
        made += (
            f" {n_left_out:,} items with the fewest likes are in no list: the "
            f"table of people by items would be too large."
        )
    return f"{done.liked.words} {made}"


def check_folder(folder: Path) -> None:
    """See that a folder may be written into, before the work begins.

    Raises
    ------
    FolderError
        When it is a file, or holds what this command did not write.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder}: is a file. Give a folder as --out.")
    if not folder.exists() or _is_ours(folder):
        return
    there = sorted(path.name for path in folder.iterdir())
    if there:
        raise FolderError(
            f"{folder}: holds {', '.join(there[:5])}"
            f"{', ...' if len(there) > 5 else ''}, which this command did not "
            f"write. Give a new folder as --out, or an empty one."
        )


def claim(folder: Path) -> None:
    """Make a folder that is not there, and mark it as this command's.

    Raises
    ------
    FolderError
        As in `check_folder`.
    """
    check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _put_text(folder / MARK, f"{MADE_BY}\n")


def _is_ours(folder: Path) -> bool:
    try:
        text = (folder / MARK).read_text(encoding="utf-8")
    except (OSError, UnicodeError):
        return False
    return text.strip() == MADE_BY


def write(
    folder: Path, done: study.Study, table: pd.DataFrame, source: str
) -> None:
    """Write all files of a study, each whole or not at all.

    Parameters
    ----------
    folder
        Made where it is not there.
    done
        The study.
    table
        Its lists, as of `recslib.study.for_all`.
    source
        What the report calls the file of ratings.

    Raises
    ------
    FolderError
        As in `check_folder`.
    """
    claim(folder)
    saving.save(
        folder / MODEL, done.model, done.served, settings=done.settings
    )
    _put(folder / CSV, lambda path: table.to_csv(path, index=False))
    if importlib.util.find_spec("pyarrow") is not None:
        _put(
            folder / PARQUET, lambda path: table.to_parquet(path, index=False)
        )
    else:
        (folder / PARQUET).unlink(missing_ok=True)  # of an older study
    _put_text(folder / REPORT, report(done, table, source))
    summary = json.dumps(summarize(done, source), indent=1, allow_nan=False)
    _put_text(folder / SUMMARY, summary + "\n")


def _put_text(path: Path, text: str) -> None:
    _put(path, lambda part: part.write_text(text, encoding="utf-8"))


def _put(path: Path, make: Callable[[Path], Any]) -> None:
    """Make a file beside its place, and move it there when it is whole."""
    part = path.with_name(f"{path.name}.part")
    try:
        make(part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def summarize(done: study.Study, source: str) -> dict[str, Any]:
    """Write a study as what JSON can hold."""
    ratings, split = done.ratings, done.split
    parts = None
    if split is not None:
        parts = {
            "name": split.name,
            "train": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
        }
    return {
        "made_by": MADE_BY,
        "recslib": recslib.__version__,
        "file": source,
        "overview": dict(done.overview.itertuples(index=False)),
        "ratings": len(ratings),
        "people": ratings.n_users,
        "items": ratings.n_items,
        "items_in_lists": done.served.n_items,
        "scale": list(ratings.scale),
        "liked": asdict(done.liked),
        "split": parts,
        "stars": _judged(done.stars),
        "lists": _judged(done.lists),
        "model": done.settings,
    }


def _judged(judgement: study.Judgement) -> dict[str, Any]:
    interval = judgement.interval
    return {
        "measure": judgement.measure,
        "models": judgement.table.to_dict("records"),
        "model_minus_counting": None if interval is None else asdict(interval),
        "people": judgement.n_people,
        "settings": judgement.settings,
        "outcome": judgement.verdict.outcome,
        "verdict": judgement.verdict.words,
        "reasons": list(judgement.verdict.reasons),
    }


# A list from a saved model ---------------------------------------------------


def _recommend(given: argparse.Namespace) -> None:
    if not _is_ours(given.folder):
        raise FolderError(
            f"{given.folder}: was not written by this command. Give the "
            f"folder that --out named: python -m recslib ratings.csv --out "
            f"{given.folder}"
        )
    saved = saving.load(given.folder / MODEL)
    asked = saved.model, saved.ratings
    if given.user is not None:
        user_id = _known_id(given.user, saved.ratings.user_ids)
        table = study.for_user(*asked, user_id, saved.settings, given.places)
        nobody = f"{given.user} has rated every item."
    else:
        stars = {
            _item_called(title, saved.ratings): rating
            for title, rating in given.rated
        }
        if len(stars) < len(given.rated):
            raise RatingsError("a title is rated twice; give each one rating.")
        table = study.for_newcomer(*asked, stars, saved.settings, given.places)
        nobody = "Every item is rated."
    for place, title in zip(table["place"], table["title"], strict=True):
        print(f"{place:>3}  {title}")
    if len(table) == 0:
        print(nobody)


def _known_id(text: str, ids: np.ndarray) -> Hashable:
    """Read an id as the data have it: whole numbers, or text."""
    if ids.dtype != object and text.strip().isdecimal():
        return int(text)
    return text


def _item_called(text: str, ratings: Ratings) -> Hashable:
    """Return a title as it is, and a number that is no title as an id."""
    id_ = _known_id(text, ratings.item_ids)
    if id_ == text:
        return text
    try:
        ratings.item_titled(text)
    except RatingsError:
        return id_
    return text


# The report ------------------------------------------------------------------


def report(done: study.Study, table: pd.DataFrame, source: str) -> str:
    """Write the report: one page that needs no other file.

    Parameters
    ----------
    done
        The study.
    table
        Its lists, as of `recslib.study.for_all`.
    source
        What it calls the file of ratings.

    Returns
    -------
    str
        HTML with its own style, for light and dark.
    """
    name = html.escape(source)
    parts = [
        f"<h1>What {name} bears</h1>",
        *(_verdict(each.verdict) for each in (done.stars, done.lists)),
        "<h2>What was read</h2>",
        _html_table(done.overview, header=False),
        values_figure(done.ratings),
        "<h2>Who was tested on what</h2>",
        f"<p>{html.escape(_split_in_words(done))}</p>",
        "<h2>Ratings, predicted</h2>",
        _judged_html(done.stars, "lower is better"),
        "<h2>Lists</h2>",
        f"<p>{html.escape(_lists_in_words(done))}</p>",
        _judged_html(done.lists, "higher is better"),
        *_example_lists(done, table),
        f"<footer>Made by recslib {recslib.__version__}. "
        f"<code>{SUMMARY}</code> has the same numbers, <code>{CSV}</code> a "
        f"list for everybody, <code>{MODEL}/</code> the model.</footer>",
    ]
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, '
        'initial-scale=1">\n'
        f"<title>What {name} bears</title>\n<style>\n{_css()}</style>\n"
        f"</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _css() -> str:
    colours = {"ground": WHITE, "bar": BLUE, "quiet": GREY, "rule": GRID}
    light = "".join(f"--{name}: {c}; " for name, c in colours.items())
    dark = "".join(
        f"--{name}: {ON_DARK_PAGES[c]}; " for name, c in colours.items()
    )
    return f"""\
:root {{ color-scheme: light dark; {light}--ink: #1A1A1A; }}
@media (prefers-color-scheme: dark) {{
  :root {{ {dark}--ink: #E8E8E8; }}
}}
body {{ background: var(--ground); color: var(--ink); margin: 0;
  font: 1rem/1.5 system-ui, sans-serif; }}
main {{ max-width: 44rem; margin: 0 auto; padding: 1rem; }}
.verdict {{ border-left: 0.3rem solid var(--bar); padding-left: 1rem; }}
.verdict p {{ font-size: 1.15rem; }}
.wide {{ overflow-x: auto; }}
table {{ border-collapse: collapse; }}
th, td {{ text-align: left; padding: 0.2rem 1.2rem 0.2rem 0;
  border-bottom: 1px solid var(--rule); vertical-align: top; }}
th {{ font-weight: 600; }}
figure {{ margin: 1.5rem 0; }}
svg {{ width: 100%; height: auto; }}
svg rect {{ fill: var(--bar); }}
svg text {{ fill: var(--ink); font: 13px system-ui, sans-serif; }}
figcaption, footer {{ color: var(--quiet); font-size: 0.9rem; }}
footer {{ margin-top: 3rem; }}
"""


def _verdict(verdict: study.Verdict) -> str:
    reasons = "".join(
        f"<li>{html.escape(why)}</li>" for why in verdict.reasons
    )
    reasons = f"<ul>{reasons}</ul>" if reasons else ""
    words = html.escape(verdict.words)
    return f'<div class="verdict"><p>{words}</p>{reasons}</div>'


def _split_in_words(done: study.Study) -> str:
    split = done.split
    if split is None:
        return f"Nobody: there are {len(done.ratings):,} ratings."
    article = "a" if split.name.startswith("random") else "the"
    return (
        f"Tested was {article} {split.name}: {len(split.test):,} ratings. "
        f"{len(split.train):,} were learnt from, and choices were made on "
        f"{len(split.validation):,}, which were then learnt from, too."
    )


def _judged_html(judgement: study.Judgement, better: str) -> str:
    table = judgement.table
    if len(table) == 0:
        return "<p>There is nothing to compare: the verdict says why.</p>"
    shown = pd.DataFrame(
        {
            "model": table["model"],
            "chosen": table["setting"],
            judgement.measure: [f"{value:.4f}" for value in table["value"]],
        }
    )
    caption = f"{judgement.measure} on the test part; {better}."
    interval = judgement.interval
    bounds = ""
    if interval is not None:
        bounds = (
            f"<p>Model minus counting: {html.escape(str(interval))}, over "
            f"{judgement.n_people:,} people.</p>"
        )
    return (
        _html_table(shown)
        + bounds
        + bars(
            table["model"].tolist(),
            table["value"].tolist(),
            caption,
            form="{:.3f}",
        )
    )


def _example_lists(done: study.Study, table: pd.DataFrame) -> list[str]:
    shown = []
    if len(table):
        user = table["user"].iloc[0]
        own = table[table["user"] == user]
        shown += [
            f"<h3>For {html.escape(str(user))}</h3>",
            _html_table(own[["place", "title"]]),
        ]
    served = done.served
    known = int(served.counts_by_item().argmax())
    stars = {served.item_ids[known : known + 1].tolist()[0]: served.scale[1]}
    new = study.for_newcomer(done.model, served, stars, done.settings)
    if len(new):
        shown += [
            f"<h3>For somebody new, who gave {served.scale[1]:g} to "
            f"{html.escape(served.titles[known])}</h3>",
            _html_table(new[["place", "title"]]),
        ]
    return shown


def _html_table(frame: pd.DataFrame, header: bool = True) -> str:
    rows = []
    if header:
        cells = "".join(
            f'<th scope="col">{html.escape(str(name))}</th>' for name in frame
        )
        rows.append(f"<thead><tr>{cells}</tr></thead>")
    rows.append("<tbody>")
    for first, *others in frame.itertuples(index=False):
        cells = "".join(
            f"<td>{html.escape(str(each))}</td>" for each in others
        )
        head = html.escape(str(first))
        rows.append(f'<tr><th scope="row">{head}</th>{cells}</tr>')
    rows.append("</tbody>")
    return f'<div class="wide"><table>{"".join(rows)}</table></div>'


def values_figure(ratings: Ratings, n_most: int = 12) -> str:
    """Draw how often each rating was given: a bar a value, or a range."""
    values, counts = np.unique(ratings.ratings.numpy(), return_counts=True)
    if len(values) <= n_most:
        labels = [f"{value:g}" for value in values]
    else:
        counts, edges = np.histogram(ratings.ratings.numpy(), n_most)
        labels = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(edges)]
    caption = "How often each rating was given."
    return bars(labels, counts.tolist(), caption, form="{:,}")


def bars(
    labels: Sequence[str],
    values: Sequence[float],
    caption: str,
    *,
    form: str,
) -> str:
    """Draw bars with a label and a number each, as SVG in a figure.

    Parameters
    ----------
    labels, values
        One of each a bar; values are 0 or more.
    caption
        What is seen; stands below, and is read aloud with all numbers.
    form
        Of a number, such as ``"{:.3f}"``.
    """
    step, left, width = 26, 170, 360
    most = max([*values, 1e-12])
    rows, told = [], []
    for place, (label, value) in enumerate(zip(labels, values, strict=True)):
        top, number = step * place, form.format(value)
        long = width * value / most
        rows.append(
            f'<text x="{left - 10}" y="{top + 17}" text-anchor="end">'
            f"{html.escape(label)}</text>"
            f'<rect x="{left}" y="{top + 4}" width="{long:.1f}" height="18"/>'
            f'<text x="{left + long + 8:.1f}" y="{top + 17}">{number}</text>'
        )
        told.append(f"{label}: {number}")
    spoken = html.escape(f"{caption} {'; '.join(told)}")
    return (
        f'<figure><svg role="img" aria-label="{spoken}" '
        f'viewBox="0 0 620 {step * len(rows)}">{"".join(rows)}</svg>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
