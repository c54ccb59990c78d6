"""The chapters as `make book` just ran them, against the committed ones."""

import json
import re
import subprocess
import sys

import pytest

from bookbuild import chapters, notebooks, places

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


def with_tag(notebook, tag):
    """The keys that cells with this tag glue."""
    return set(notebooks.glued(notebook)) - set(notebooks.glued(notebook, tag))


def shown(cell):
    """The text that a cell shows, without the last digits of floats."""
    texts = [
        text
        for output in cell.outputs
        for text in [output.get("text"), *output.get("data", {}).values()]
        if isinstance(text, str) and not text.startswith("iVBOR")
    ]
    return [LAST_DIGITS.sub("FLOAT", text) for text in texts]


def expected(value, trained):
    if not isinstance(value, float):
        return value
    if not trained:
        return pytest.approx(value, **EXACT)
    size = TRAINED_LARGE if abs(value) > LARGE else TRAINED
    return pytest.approx(value, **size)


def test_a_fresh_run_gives_the_committed_values(chapter, executed):
    committed = notebooks.glued(notebooks.read(chapter), "seconds")
    fresh = notebooks.glued(executed, "seconds")
    assert set(fresh) == set(committed)
    assert fresh
    trained = with_tag(executed, "trained")
    for key, value in committed.items():
        assert fresh[key] == expected(value, key in trained), key


def test_measured_seconds_are_positive_numbers(executed):
    seconds = with_tag(executed, "seconds")
    values = notebooks.glued(executed)
    assert "fit_seconds" in seconds
    for key in seconds:
        assert values[key] > 0, key


def test_a_fresh_run_shows_as_many_outputs_as_the_committed_one(
    chapter, executed
):
    committed = notebooks.read(chapter)
    fresh = notebooks.cleaned(executed)
    for before, after in zip(committed.cells, fresh.cells, strict=True):
        assert before.source == after.source
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


def test_the_chapter_is_as_good_as_its_words(chapter):
    says = chapters.chapter_of(places.EXECUTED / chapter.name)
    assert not chapters.broken_bounds(says)


def test_a_fresh_run_says_the_same_of_itself_as_the_committed_one(chapter):
    fresh = notebooks.read(places.EXECUTED / chapter.name)
    committed = notebooks.read(chapter)
    assert chapters.record_of(fresh) == chapters.record_of(committed)


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


def test_a_difference_lies_in_the_interval_around_it(executed):
    values = notebooks.glued(executed)
    for key in values:
        name = key.removesuffix("_low")
        if name == key:
            continue
        middle = values.get(name, values.get(f"{name}_difference"))
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
