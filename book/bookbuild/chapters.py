"""Which chapters there are, and what each says of itself.

The last cell of a notebook displays one record: chapter.schema.json says what
it holds. Tables, ladder, landing page, card and tests read it, so that what a
chapter is stands in one place, the chapter.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema
from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.files import write_all
from bookbuild.marks import Value
from bookbuild.notebooks import (
    check_unchanged,
    named,
    outputs_of,
    read,
    title_of,
)
from bookbuild.plain import headings

RECORD = "application/vnd.recslib.chapter+json"
SCHEMA = Path(__file__).with_name("chapter.schema.json")
NUMBERED = re.compile(r"(\d\d)_\w+")
# What stands where a chapter has no such number.
DASH = "\N{EN DASH}"
# The numbers of a row of `lists`, as the schema names them, in its order.
LIST_NUMBERS = ("popular", "counting", "ndcg", "difference", "low", "high")
# How many stars an error of 1 on [0, 1] is worth.
UNIT_IN_STARS = 4.0


@dataclass(frozen=True)
class Rung:
    """A row of the ladder; chapter.schema.json says what its fields mean."""

    panel: str
    label: str
    key: str
    kind: str
    line: str = ""
    scale: str = "stars"


@dataclass(frozen=True)
class Computed:
    """A value that a notebook keeps for texts and tables.

    Parameters
    ----------
    value
        A finite number, or a text.
    kind
        ``exact`` (the same on every machine), ``trained`` (compared with a
        tolerance) or ``seconds`` (measured, not compared).
    section
        The heading under which it is computed.
    """

    value: Value
    kind: str
    section: str


@dataclass(frozen=True)
class Chapter:
    """A notebook that was run, and its record.

    Parameters
    ----------
    name
        The notebook's name without ending, such as ``01_first``.
    notebook
        With outputs.
    computed
        What it keeps, by key.
    title, question, about, printed
        Its record, as what follows: see chapter.schema.json.
    headline, lists, rungs, seconds, tables, bounds
        Where its values are shown, and what its words rely on.
    template
        Is there to be pointed at a file, and has no exercises.
    """

    name: str
    notebook: NotebookNode
    computed: Mapping[str, Computed]
    title: str
    question: str
    about: str
    printed: float | None
    headline: Mapping[str, str] | None
    lists: Sequence[Mapping[str, str]] = ()
    rungs: Sequence[Rung] = ()
    seconds: Sequence[Mapping[str, str]] = ()
    tables: Sequence[Mapping[str, Any]] = ()
    bounds: Sequence[Mapping[str, Any]] = ()
    template: bool = False

    @cached_property
    def values(self) -> dict[str, Value]:
        """What it computes, by key."""
        return {key: each.value for key, each in self.computed.items()}

    @property
    def number(self) -> int:
        """The chapter's number, from its name."""
        return int(self.name[:2])

    @property
    def heading(self) -> str:
        """The notebook's own, long title."""
        return title_of(self.notebook)

    @property
    def numbered_title(self) -> str:
        """Number and short title."""
        return f"{self.number} {self.title}"

    def headline_value(self, name: str) -> float | None:
        """Return a number of the headline; None where it has none.

        Parameters
        ----------
        name
            A property of ``headline`` in the schema.
        """
        if self.headline is None or name not in self.headline:
            return None
        return float(self.values[self.headline[name]])

    @property
    def ends_with_a_model(self) -> bool:
        """Whether it has a model of its own, measured in stars or by lists."""
        return self.headline is not None or bool(self.lists)

    def list_values(self, row: Mapping[str, str]) -> dict[str, float]:
        """Return the numbers of a row of its `lists`, by name in the schema.

        Parameters
        ----------
        row
            One of them.
        """
        return {name: float(self.values[key]) for name, key in keyed(row)}


def keyed(row: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Go through names and keys of the numbers of a row of `lists`."""
    return ((name, row[name]) for name in LIST_NUMBERS)


def paths() -> list[Path]:
    """Return the notebooks, in the book's order."""
    return sorted((places.ROOT / "notebooks").glob("*.ipynb"))


def committed() -> list[Chapter]:
    """Return the chapters with the outputs that are committed."""
    return [chapter_of(path) for path in paths()]


def executed() -> list[Chapter]:
    """Return the chapters as they were run last, for the book.

    Raises
    ------
    BuildError
        Where one was not run, or says something that does not hold.
    """
    missing = [p.name for p in paths() if not _run_of(p).exists()]
    if missing:
        raise BuildError(
            f"Not run yet: {', '.join(missing)}. Run `python book/build.py "
            "execute` first (`make book` does both)."
        )
    for path in paths():
        with named(path):
            check_unchanged(read(path), read(_run_of(path)))
    return [ran(path) for path in paths()]


def last_run() -> tuple[list[Chapter], bool]:
    """Return the chapters, and whether they are as they were run last.

    Where one was not run, or other cells than these, they are as committed.
    """
    try:
        return executed(), True
    except BuildError:
        return committed(), False


def ran(path: Path) -> Chapter:
    """Return a chapter as it was run last."""
    return chapter_of(_run_of(path))


def _run_of(path: Path) -> Path:
    return places.EXECUTED / path.name


def chapter_of(path: Path) -> Chapter:
    """Read a notebook with outputs, and what it says of itself.

    Parameters
    ----------
    path
        The notebook.

    Raises
    ------
    BuildError
        Where its name is not numbered, or its record is missing, does not fit
        the schema, names a value that it does not keep, or has an nDCG that
        is none.
    """
    if not NUMBERED.fullmatch(path.stem):
        raise BuildError(
            f"notebooks/{path.name}: a notebook's name starts with its number "
            "in two digits, such as 04_trial.ipynb. Rename it."
        )
    notebook = read(path)
    with named(path):
        record = record_of(notebook)
        computed = computed_in(notebook, record.pop("values"))
        check_keys(record, computed)
        check_ndcg(record, computed)
    rungs = [Rung(**rung) for rung in record.pop("rungs", ())]
    return Chapter(path.stem, notebook, computed, rungs=rungs, **record)


def computed_in(
    notebook: NotebookNode, groups: Sequence[Mapping[str, Any]]
) -> dict[str, Computed]:
    """Return the values of a record, by key.

    Raises
    ------
    BuildError
        Where a key is there twice, a number is not finite, or a section is
        none of the notebook's.
    """
    known = {text for _, text in headings(notebook)}
    found: dict[str, Computed] = {}
    for group in groups:
        section, kind = group["section"], group["kind"]
        if section not in known:
            raise BuildError(
                f"its record keeps values of {section!r}, and the notebook "
                "has no such heading."
            )
        for key, value in group["numbers"].items():
            if key in found:
                raise BuildError(f"its record keeps the key {key!r} twice.")
            if isinstance(value, float) and not math.isfinite(value):
                raise BuildError(
                    f"its record keeps {key!r}, and that is {value}: keep a "
                    "finite number, or leave it out."
                )
            found[key] = Computed(value, kind, section)
    return found


def record_of(notebook: NotebookNode) -> dict[str, Any]:
    """Return the record that a notebook's last cell displays.

    Raises
    ------
    BuildError
        Where there is none, or more than one, or it does not fit the schema.
    """
    found = [
        (cell, output["data"][RECORD])
        for cell, output in outputs_of(notebook)
        if RECORD in output.get("data", {})
    ]
    if len(found) != 1 or found[0][0] is not notebook.cells[-1]:
        raise BuildError(
            f"its last cell displays the chapter's record, as {RECORD}, and "
            f"no other cell does; found are {len(found)}. CONTRIBUTING.md "
            "says what is in it. (A notebook that was never run has none: "
            "run `make notebooks`.)"
        )
    record = found[0][1]
    error = jsonschema.exceptions.best_match(_checks().iter_errors(record))
    if error is not None:
        where = "/".join(map(str, error.absolute_path)) or "the record"
        raise BuildError(
            f"{where} does not fit {SCHEMA.name}: {error.message}. "
            "CONTRIBUTING.md says what a record holds."
        )
    return json.loads(json.dumps(record))


@cache
def _checks() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema)


def keys_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Go through every key of a value that a record names.

    Parameters
    ----------
    record
        What a chapter says of itself.
    """
    yield from (record["headline"] or {}).values()
    for row in record.get("lists", ()):
        yield from (key for _, key in keyed(row))
    for row in (*record.get("rungs", ()), *record.get("seconds", ())):
        yield row["key"]
    for table in record.get("tables", ()):
        for _, *cells in table["rows"]:
            yield from (cell.partition(":")[0] for cell in cells if cell)
    for bound in record.get("bounds", ()):
        yield bound["key"]
        yield from bound.get("difference_of", ())
        for side in ("at_most", "at_least"):
            if isinstance(bound.get(side), str):
                yield bound[side]


def check_keys(
    record: Mapping[str, Any], computed: Mapping[str, Computed]
) -> None:
    """Raise BuildError where a record names what it does not keep."""
    missing = dict.fromkeys(k for k in keys_of(record) if k not in computed)
    if missing:
        raise BuildError(
            f"its record names {', '.join(missing)}, and keeps no value of "
            "that name. Keep it among its values, mend the name, or run "
            "`make notebooks` again."
        )
    for table in record.get("tables", ()):
        for row in table["rows"]:
            if len(row) != len(table["columns"]):
                raise BuildError(
                    f"the row {row[0]!r} of its table {table['name']!r} has "
                    f"{len(row)} cells, and there are "
                    f"{len(table['columns'])} columns."
                )


def check_ndcg(
    record: Mapping[str, Any], computed: Mapping[str, Computed]
) -> None:
    """Raise BuildError where an nDCG of a record is not from 0 to 1."""
    keys = [
        row[name]
        for row in record.get("lists", ())
        for name in ("popular", "counting", "ndcg")
    ]
    rungs = record.get("rungs", ())
    keys += [rung["key"] for rung in rungs if rung.get("scale") == "ndcg"]
    for key in keys:
        value = computed[key].value
        if isinstance(value, str) or not 0 <= value <= 1:
            raise BuildError(
                f"its record keeps {value!r} as {key!r}, and says that it is "
                "an nDCG@10, which lies from 0 to 1. Keep that, or name "
                "another key."
            )


def broken_bounds(chapter: Chapter) -> list[str]:
    """Say which bounds of a chapter its values do not keep, and by what."""

    def number(limit: float | str) -> float:
        return float(
            chapter.values[limit] if isinstance(limit, str) else limit
        )

    broken = []
    for bound in chapter.bounds:
        key, value = bound["key"], number(bound["key"])
        if "at_most" in bound and value > number(bound["at_most"]):
            broken.append(f"{key} is {value}, at most {bound['at_most']}")
        if "at_least" in bound and value < number(bound["at_least"]):
            broken.append(f"{key} is {value}, at least {bound['at_least']}")
        if "difference_of" in bound:
            one, other = bound["difference_of"]
            apart = number(one) - number(other)
            if abs(value - apart) > bound["within"]:
                broken.append(f"{key} is {value}, and {one} - {other} {apart}")
    return broken


def results() -> dict[str, Mapping[str, Value]]:
    """Return every value that the executed chapters keep, by chapter."""
    return {chapter.name: chapter.values for chapter in executed()}


def write_results() -> None:
    """Print every value, and write them to _build/results.json."""
    text = json.dumps(results(), indent=2, ensure_ascii=False)
    write_all({places.BUILD / "results.json": f"{text}\n"})
    print(text)
