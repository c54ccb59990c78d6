"""The study as a command: ``python -m recslib ratings.csv --out folder``.

A file of ratings goes in; a report page, lists for everybody, the saved models
and a summary come out, all of them or none. ``python -m recslib recommend``
makes a list from what was saved, ``python -m recslib predict`` says what a
person would give. ``--help`` is the manual of each.
"""

from __future__ import annotations

import argparse
import codecs
import importlib.util
import json
import os
import re
import shutil
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

import recslib
from recslib import fitted, saving, study
from recslib.arguments import check_count, check_seed, is_quoted
from recslib.ratings import Ratings, RatingsError, RatingsWarning, plain_id
from recslib.report import (
    list_model_in_words,
    report,
    split_in_words,
    star_model_in_words,
)
from recslib.saving import SavingError
from recslib.tables import read_ratings, read_titles
from recslib.verdicts import N_PLACES

MADE_BY = "recslib.command"
REPORT, SUMMARY = "report.html", "summary.json"
CSV, PARQUET = "lists.csv", "lists.parquet"
STAR_MODEL, LIST_MODEL = "model-of-ratings", "model-of-lists"
# In the order in which they are put in place: the summary says whose the
# folder is, so it comes last.
FILES = (LIST_MODEL, STAR_MODEL, CSV, PARQUET, REPORT, SUMMARY)
# Holds what is not whole yet, and is gone in the end.
PART = ".recslib-part"

DONE, UNUSABLE, INTERRUPTED = 0, 1, 130  # argparse exits with 2

MANUAL = """\
Examine a file of ratings: say what was read, hold a model of ratings and a
model of lists against counting, and write lists for everybody.

the file
  A CSV or TSV file or the like, a row a rating: who, what, how much, and when
  if you know. Columns are found by their usual names (userId, movie_id,
  stars, ...); a file without a header is taken as user, item, rating, time.
  Ratings may be stars, points, 0 or 1, or hours. Times may be Unix seconds,
  or dates such as 2024-03-01. Nobody may rate an item twice.

what it does
  1. It tests on the newest fifth of each person's ratings. Without times, on
     a random fifth.
  2. It guesses by counting: means, and damped biases.
  3. It fits a model of ratings and a model of lists. Settings are chosen on
     validation data; the test part is read once. Hours and other amounts are
     predicted as log(1 + amount).
  4. It says whether each is ahead of counting, with a 95 % interval over
     people. If not, it says that these data do not bear a model yet, and why.
  5. It makes lists by the model that is ahead, or else by counting.

what it writes into --out
  report.html        all of it on one page, for any browser
  lists.csv          for everybody: user, place, item_id, title, score
  lists.parquet      the same, where pyarrow is installed
  model-of-lists/    what made the lists
  model-of-ratings/  what predicts ratings, where it is ahead of counting
  summary.json       the numbers and the verdicts, for programs
  All of it is put in place at the end, or nothing. A folder of an earlier
  study is renewed; one that holds something else is left alone. In Python,
  recslib.saving.load("folder/model-of-lists") gives the model back.
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
  python -m recslib predict study --user 7 --item "Emma" --item "Dracula"

exit codes
  0    done, whatever the verdict
  1    the file or the folder cannot be used; the last line says why
  2    the command was not understood
  130  interrupted; nothing was written

RECSLIB_PROGRESS=off in the environment switches the bar off. A file that is
called recommend or predict is given as ./recommend.
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
Exit codes are those of `python -m recslib --help`.
"""

MANUAL_OF_PREDICT = """\
Say what a person of the data would give, from a folder that
`python -m recslib ratings.csv --out folder` wrote. It holds a model of ratings
where one is ahead of counting.
"""

EXAMPLES_OF_PREDICT = """\
examples
  python -m recslib predict study --user 7 --item "Emma" --item "Dracula"

A title is found without case, accents or the year; an item's id does, too.
Exit codes are those of `python -m recslib --help`.
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
    try:
        if arguments[:1] == ["recommend"]:
            _recommend(recommend_parser().parse_args(arguments[1:]))
        elif arguments[:1] == ["predict"]:
            _predict(predict_parser().parse_args(arguments[1:]))
        else:
            _study(study_parser().parse_args(arguments))
        sys.stdout.flush()
    except (RatingsError, SavingError, FolderError) as error:
        return _sorry(f"{error}{_flags_for(str(error))}")
    except BrokenPipeError:
        # Who reads has enough, and what was to be written stands.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        return _sorry(
            f"{error.filename or 'a file'}: {error.strerror or error}. Check "
            f"the name, that it may be read or written, and that there is "
            f"room."
        )
    except MemoryError:
        return _sorry(
            "the memory is full. Take a part of the ratings, or a larger "
            "machine."
        )
    except KeyboardInterrupt:
        print("interrupted: nothing was written.", file=sys.stderr)
        return INTERRUPTED
    return DONE


def _sorry(words: str) -> int:
    print(f"error: {' '.join(words.split())}", file=sys.stderr)
    return UNUSABLE


def _flags_for(message: str) -> str:
    """Say what here is what the library's errors ask for."""
    flags = {
        "columns=": "--user, --item, --rating or --time COLUMN",
        "separator=": "--separator SIGN",
        "encoding=": "--encoding NAME",
        "scale=": "--scale LOW HIGH",
        "quotes=": "--no-quotes",
    }
    meant = [flag for word, flag in flags.items() if word in message]
    said = f" Here that is {' and '.join(meant)}." if meant else ""
    if "frame" in message:
        said += (
            " In Python: frame = pandas.read_csv(the file), what is said "
            "above, frame.to_csv('mended.csv', index=False)."
        )
    return said


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
        "--no-quotes",
        action="store_true",
        help="quotation marks are letters like any other",
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


def predict_parser() -> argparse.ArgumentParser:
    """Make what reads the arguments of a prediction from a saved model."""
    parser = _parser(
        "python -m recslib predict", MANUAL_OF_PREDICT, EXAMPLES_OF_PREDICT
    )
    parser.add_argument(
        "folder", type=Path, help="what --out named when it was written"
    )
    parser.add_argument(
        "--user", required=True, metavar="ID", help="a person of the data"
    )
    parser.add_argument(
        "--item",
        required=True,
        action="append",
        metavar="TITLE",
        help="title or id; may be given several times",
    )
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
        default=N_PLACES,
        metavar="N",
        help=f"places of a list (default {N_PLACES})",
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


def _whole(text: str, check: Callable[[object], None]) -> int:
    value = int(text) if re.fullmatch("[+-]?[0-9]+", text) else text
    try:
        check(value)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return int(value)


def _places(text: str) -> int:
    return _whole(text, lambda value: check_count(value, "places"))


def _seed(text: str) -> int:
    return _whole(text, check_seed)


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
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RatingsWarning)
        ratings = _read(given)
    notes = list(dict.fromkeys(str(each.message) for each in caught))
    for note in notes:
        print(f"note: {note}{_flags_for(note)}", file=sys.stderr)
    with staged(given.out) as stage:
        done = study.examine(ratings, seed=given.seed)
        table = fitted.for_all(done.list_model, given.places)
        write(stage, done, table, Path(given.file).name, notes=notes)
    print(in_words(done))
    print(f"\nThe report is {given.out / REPORT}.")


def _read(given: argparse.Namespace) -> Ratings:
    form = {"encoding": given.encoding, "quotes": not given.no_quotes}
    titles = None
    if given.titles is not None:
        titles = read_titles(given.titles, **form)
    roles = {"timestamp": given.time} | {
        role: getattr(given, role) for role in ("user", "item", "rating")
    }
    return read_ratings(
        given.file,
        columns={
            role: name for role, name in roles.items() if name is not None
        },
        scale=None if given.scale is None else tuple(given.scale),
        titles=titles,
        separator=given.separator,
        **form,
    )


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
            split_in_words(done),
            "",
            str(done.stars.verdict),
            star_model_in_words(done),
            "",
            str(done.lists.verdict),
            list_model_in_words(done),
        ]
    )


# The folder ------------------------------------------------------------------


def check_folder(folder: Path) -> None:
    """See that a folder may be written into, before the work begins.

    Raises
    ------
    FolderError
        When it is a file, or holds what this command did not write.
    """
    if is_quoted(folder):
        raise FolderError(
            f"{folder}: has quotation marks at its ends, and there is no such "
            f"folder. Give what is between them as --out."
        )
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder}: is a file. Give a folder as --out.")
    if not folder.exists() or _is_ours(folder) or (folder / PART).is_dir():
        return
    there = sorted(path.name for path in folder.iterdir())
    if there:
        raise FolderError(
            f"{folder}: holds {', '.join(there[:5])}"
            f"{', ...' if len(there) > 5 else ''}, and no study of this "
            f"command. Give a new folder as --out, or an empty one."
        )


def _is_ours(folder: Path) -> bool:
    try:
        told = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("made_by") == MADE_BY


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give a place for files that come into a folder together, or not at all.

    Parameters
    ----------
    folder
        Made where it is not there, and gone again where nothing comes in.

    Yields
    ------
    Path
        Where to write. What lies there when the block ends takes the place
        of all that an earlier study left in the folder.

    Raises
    ------
    FolderError
        As in `check_folder`, and when another process writes there.
    OSError
        When the folder may not be written into.
    """
    check_folder(folder)
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    part = folder / PART
    try:
        part.mkdir(parents=True, exist_ok=True)
        with FileLock(part / "lock", timeout=0):
            stage, old = part / "new", part / "old"
            for each in (stage, old):
                shutil.rmtree(each, ignore_errors=True)
                each.mkdir()
            yield stage
            with _undisturbed():
                for name in FILES:
                    if (folder / name).exists():
                        os.replace(folder / name, old / name)
                    if (stage / name).exists():
                        os.replace(stage / name, folder / name)
    except Timeout as error:
        new, part = [], None
        raise FolderError(
            f"{folder}: another process is writing a study there. Wait for "
            f"it, or give another folder as --out."
        ) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)
        for each in new:
            with suppress(OSError):  # what is not empty stays
                each.rmdir()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let Ctrl-C wait for the few moments that moving files takes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, signal.SIG_IGN)
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def write(
    folder: Path,
    done: study.Study,
    table: pd.DataFrame,
    source: str,
    *,
    notes: Sequence[str] = (),
) -> None:
    """Write all files of a study.

    Parameters
    ----------
    folder
        Empty.
    done
        The study.
    table
        Its lists, as of `recslib.fitted.for_all`.
    source
        What the report calls the file of ratings.
    notes
        What was noticed about it, a sentence each.
    """
    models = {LIST_MODEL: done.list_model, STAR_MODEL: done.star_model}
    for name, made in models.items():
        if made is not None:
            saving.save(
                folder / name, made.model, made.ratings, settings=made.settings
            )
    table.to_csv(folder / CSV, index=False)
    if importlib.util.find_spec("pyarrow") is not None:
        table.to_parquet(folder / PARQUET, index=False)
    texts = {
        REPORT: report(done, table, source, notes=notes),
        SUMMARY: json.dumps(
            summarize(done, source, notes), indent=1, allow_nan=False
        ),
    }
    for name, text in texts.items():
        (folder / name).write_text(f"{text.rstrip()}\n", encoding="utf-8")


def summarize(
    done: study.Study, source: str, notes: Sequence[str] = ()
) -> dict[str, Any]:
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
        "notes": list(notes),
        "overview": dict(done.overview.itertuples(index=False)),
        "ratings": len(ratings),
        "people": ratings.n_users,
        "items": ratings.n_items,
        "items_in_lists": done.list_model.ratings.n_items,
        "scale": list(ratings.scale),
        "liked": asdict(done.liked),
        "split": parts,
        "stars": _judged(done.stars),
        "lists": _judged(done.lists),
        "model_of_lists": done.list_model.settings,
        "model_of_ratings": (
            None if done.star_model is None else done.star_model.settings
        ),
    }


def _judged(judgement: study.Judgement) -> dict[str, Any]:
    interval = judgement.interval
    return {
        "measure": judgement.measure,
        "unit": judgement.unit,
        "models": judgement.table.to_dict("records"),
        "model_minus_counting": None if interval is None else asdict(interval),
        "people": judgement.n_people,
        "settings": judgement.settings,
        "outcome": judgement.verdict.outcome,
        "verdict": judgement.verdict.words,
        "reasons": list(judgement.verdict.reasons),
    }


# What was saved, asked -------------------------------------------------------


def _recommend(given: argparse.Namespace) -> None:
    saved = _saved(given.folder, LIST_MODEL)
    if given.user is not None:
        table = fitted.for_user(
            saved,
            _known_id(given.user, saved.ratings.user_ids),
            given.places,
        )
        nobody = f"{given.user} has rated every item."
    else:
        stars = {
            _known_id(title, saved.ratings.item_ids): rating
            for title, rating in given.rated
        }
        if len(stars) < len(given.rated):
            raise RatingsError("a title is rated twice; give each one rating.")
        table = fitted.for_newcomer(saved, stars, given.places)
        nobody = "Every item is rated."
    for place, title in zip(table["place"], table["title"], strict=True):
        print(f"{place:>3}  {title}")
    if len(table) == 0:
        print(nobody)


def _predict(given: argparse.Namespace) -> None:
    saved = _saved(given.folder, STAR_MODEL)
    table = fitted.predict_ratings(
        saved,
        _known_id(given.user, saved.ratings.user_ids),
        [_known_id(item, saved.ratings.item_ids) for item in given.item],
    )
    for title, told in zip(table["title"], table["prediction"], strict=True):
        print(f"{told:8.2f}  {title}")


def _saved(folder: Path, name: str) -> saving.Saved:
    if not _is_ours(folder):
        raise FolderError(
            f"{folder}: holds no study of this command. Give the folder that "
            f"--out named: python -m recslib ratings.csv --out {folder}"
        )
    if name == STAR_MODEL and not (folder / name).exists():
        raise FolderError(
            f"{folder}: holds no model of ratings, for none was ahead of "
            f"counting. {REPORT} says why; lists are there: python -m recslib "
            f"recommend {folder} --user ID"
        )
    return saving.load(folder / name)


def _known_id(text: str, ids: np.ndarray) -> Hashable:
    """Read an id as the data have it, and leave a title as it is."""
    number = plain_id(text.strip())
    return number if number in set(ids.tolist()) else text
