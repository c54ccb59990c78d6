"""The chapters as `make book` just ran them, against the committed ones."""

import json
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

# What a chapter says in words holds as long as these numbers do not exceed.
AT_MOST = {
    "01_matrix_factorization": {
        "rmse": 0.909,
        "u1_rmse": 0.920,
        "vs_bias_high": 0.0,
        "fold_in_rmse_gap": 0.005,
    },
    "02_dense_network": {
        "rmse": 0.917,
        "features_rmse": 0.911,
        "features_vs_ids_high": 0.0,
    },
    "03_lstm_sequences": {
        "rmse": 0.945,
        "vs_bias_high": 0.0,
        "time_rmse": 0.945,
        "time_high": 0.0,
        "time_vs_folded_high": 0.0,
        "past_rmse": 0.900,
        "both_rmse": 0.880,
        "u1_both_rmse": 0.8889,
        "past_vs_base_high": 0.0,
        "both_vs_average_high": 0.0,
    },
}


@pytest.fixture
def executed(chapter):
    path = places.EXECUTED / chapter.name
    if not path.exists():
        pytest.fail(f"{path} is missing: run `make book` first")
    return notebooks.read(path)


def with_tag(notebook, tag):
    """The keys that cells with this tag glue."""
    return set(notebooks.glued(notebook)) - set(notebooks.glued(notebook, tag))


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


def test_the_mended_model_beats_the_biases(executed):
    values = notebooks.glued(executed)
    low, high = values["vs_bias_low"], values["vs_bias_high"]
    assert low <= high
    assert low > 0 or high < 0
    assert values["rmse"] < values["bias_rmse"] < values["mean_rmse"]


def test_the_chapter_is_as_good_as_its_words(chapter, executed):
    values = notebooks.glued(executed)
    for key, most in AT_MOST[chapter.stem].items():
        assert values[key] <= most, key


def test_newcomers_have_a_score_a_baseline_and_an_interval_between_them():
    values = chapters.results()["02_dense_network"]
    for who in ("new_films", "new_people"):
        ours, theirs = values[f"{who}_rmse"], values[f"{who}_baseline_rmse"]
        assert values[f"{who}_low"] <= values[f"{who}_high"]
        # All ratings in one against the mean over the parts: about the same.
        apart = values[f"{who}_difference"]
        assert apart == pytest.approx(ours - theirs, abs=0.001)


def test_listening_has_scores_opponents_and_intervals():
    values = chapters.results()["03_lstm_sequences"]
    for key in ("time", "shuffled"):
        assert values[f"{key}_low"] <= values[f"{key}_difference"]
        assert values[f"{key}_difference"] <= values[f"{key}_high"]
    # One split, so the difference is that of the two scores.
    apart = values["time_rmse"] - values["time_running_bias_rmse"]
    assert values["time_difference"] == pytest.approx(apart, abs=1e-6)
    apart = values["time_rmse"] - values["time_folded_mf_rmse"]
    assert values["time_vs_folded_difference"] == pytest.approx(
        apart, abs=1e-6
    )
    # Who hears both sides hears more; who shuffles hears less.
    assert values["both_rmse"] < values["past_rmse"]
    assert values["shuffled_low"] > 0


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
    assert list(chapters.results()) == [p.stem for p in chapters.chapters()]
