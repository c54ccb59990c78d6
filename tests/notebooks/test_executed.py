"""The chapters as `make book` just ran them, against the committed ones."""

import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from bookbuild import chapters, minutes, notebooks, places, plain
from bookbuild.marks import marks_in

# Trained numbers differ between processors: rounding in the last digits, and
# training amplifies it to about what another seed would give (0.001 stars).
TRAINED = {"abs": 0.002, "rel": 0}
# A trained number above this (an error that diverges, as printed in 2018, or
# a count) is compared by its size.
LARGE = 2.0
TRAINED_LARGE = {"rel": 0.01}
EXACT = {"rel": 1e-6}
# What nbval passes over too: see sanitize.cfg.
LAST_DIGITS = re.compile(r"-?\d+\.\d{7,}(?:e[-+]?\d+)?|-?\d(?:\.\d+)?e-\d+")


@pytest.fixture
def executed(chapter):
    path = places.EXECUTED / chapter.name
    if not path.exists():
        pytest.fail(f"{path} is missing: run `make book` first")
    return notebooks.read(path)


@pytest.fixture
def fresh(chapter, executed):
    """What the run keeps."""
    return chapters.ran(chapter)


@pytest.fixture
def committed(chapter):
    """What the committed outputs keep."""
    return chapters.chapter_of(chapter)


def shown(cell):
    """The text that a cell shows, without the last digits of floats."""
    texts = [
        text
        for output in cell.outputs
        for text in [output.get("text"), *output.get("data", {}).values()]
        if isinstance(text, str) and not text.startswith("iVBOR")
    ]
    return [LAST_DIGITS.sub("FLOAT", text) for text in texts]


def allowed(value, kind):
    """How far another machine's value may be from one."""
    if kind == "exact":
        return EXACT["rel"] * abs(value)
    if abs(value) > LARGE:
        return TRAINED_LARGE["rel"] * abs(value)
    return TRAINED["abs"]


def test_a_fresh_run_gives_the_committed_values(fresh, committed):
    assert set(fresh.computed) == set(committed.computed)
    for key, told in committed.computed.items():
        now = fresh.computed[key]
        assert (now.kind, now.section) == (told.kind, told.section), key
        if told.kind == "seconds":
            assert now.value > 0 and told.value > 0, key
        elif isinstance(told.value, str):
            assert now.value == told.value, key
        else:
            most = allowed(told.value, told.kind)
            assert abs(now.value - told.value) <= most, key


def number_in(text):
    """The number that a text shows, and half a unit of its last digit."""
    plain = text.replace(",", "").replace("\N{MINUS SIGN}", "-")
    share = 0.01 if plain.endswith("%") else 1.0
    plain = plain.rstrip("%")
    _, _, digits = plain.partition(".")
    return float(plain) * share, 0.5 * share * 10.0 ** -len(digits)


def test_a_number_in_the_text_is_what_a_fresh_run_gives(chapter, fresh):
    """A typed or stale number that is off by more than a machine's share."""
    quoted = 0
    for cell in notebooks.read(chapter).cells:
        if cell.cell_type != "markdown":
            continue
        for mark in marks_in(cell.source):
            told = fresh.computed.get(mark.key)
            if told is None or told.kind == "seconds" or mark.source:
                continue
            shown, half = number_in(mark.text)
            most = allowed(told.value, told.kind) + half * 1.000001
            assert abs(shown - told.value) <= most, (cell.id, mark)
            quoted += 1
    assert quoted or not fresh.ends_with_a_model


def test_a_core_leaves_two_of_its_45_minutes_for_the_run(chapter, executed):
    most = 43 if int(chapter.stem[:2]) else 20
    to_read = replace(minutes.core(executed), seconds=0.0)
    assert 10 <= to_read.minutes <= most


def test_a_fresh_run_shows_as_many_outputs_as_the_committed_one(
    chapter, executed
):
    committed = notebooks.read(chapter)
    fresh = notebooks.cleaned(executed)
    for before, after in zip(committed.cells, fresh.cells, strict=True):
        assert plain.without_numbers(before.source) == plain.without_numbers(
            after.source
        )
        if before.cell_type == "code":
            kinds = [
                [(o.output_type, sorted(o.get("data", {}))) for o in c.outputs]
                for c in (before, after)
            ]
            assert kinds[0] == kinds[1], before.source


def test_the_mended_model_beats_the_biases(chapter):
    says = chapters.chapter_of(places.EXECUTED / chapter.name)
    if says.headline is None:
        pytest.skip("a chapter that predicts no stars has no such numbers")
    low, high = says.headline_value("low"), says.headline_value("high")
    assert low <= says.headline_value("difference") <= high
    assert low > 0 or high < 0
    ladder = [says.headline_value(n) for n in ("rmse", "biases", "mean")]
    assert ladder == sorted(ladder)


def test_lists_are_ahead_of_the_most_popular_by_what_their_chapter_says(fresh):
    if not fresh.lists:
        pytest.skip("a chapter that makes no lists has no such numbers")
    for row in fresh.lists:
        numbers = fresh.list_values(row)
        ahead = numbers["ndcg"] - numbers["popular"]
        # Each of the two was rounded on its own, or not at all.
        assert numbers["difference"] == pytest.approx(ahead, abs=5e-4), row
        assert numbers["low"] <= numbers["difference"] <= numbers["high"], row


def test_the_chapter_is_as_good_as_its_words(chapter):
    says = chapters.chapter_of(places.EXECUTED / chapter.name)
    assert not chapters.broken_bounds(says)


def test_a_fresh_run_says_the_same_of_itself_as_the_committed_one(chapter):
    records = [
        chapters.record_of(notebooks.read(path))
        for path in (places.EXECUTED / chapter.name, chapter)
    ]
    for record in records:
        del record["values"]  # compared above, with tolerance
    assert records[0] == records[1]


def test_what_is_exact_came_out_of_the_full_run_as_it_is_committed(
    chapter, executed
):
    compared = 0
    committed = notebooks.read(chapter)
    fresh = notebooks.cleaned(executed)
    for before, after in zip(committed.cells, fresh.cells, strict=True):
        if "nbval-ignore-output" in notebooks.tags(before):
            continue
        if before.cell_type == "code":
            assert shown(after) == shown(before), before.source
            compared += bool(shown(before))
    assert compared >= 3


def test_a_difference_lies_in_the_interval_around_it(fresh):
    values = fresh.values
    for key in values:
        name = key.removesuffix("_low")
        if name == key:
            continue
        middles = (f"{name}_ahead", name, f"{name}_difference")
        middle = next((values[m] for m in middles if m in values), None)
        assert values[key] <= values[f"{name}_high"], name
        if middle is not None:
            assert values[key] <= middle <= values[f"{name}_high"], name


def test_make_results_prints_what_it_writes():
    run = subprocess.run(
        [sys.executable, "book/build.py", "results"],
        cwd=places.ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    written = (places.BUILD / "results.json").read_text(encoding="utf-8")
    assert json.loads(run.stdout) == json.loads(written) == chapters.results()
    assert list(chapters.results()) == [p.stem for p in chapters.paths()]
