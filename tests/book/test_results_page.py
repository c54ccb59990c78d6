"""The built parts of the results page: figures, tables, ways back."""

import math
import re
import xml.etree.ElementTree as ElementTree

import build
import ladder
import nbformat
import pandas as pd
import pytest
import results_page
from nbformat import v4
from published import PUBLISHED, RANDOM_FOLDS, U1

from recslib import style


def chapter(*cells, **metadata):
    notebook = v4.new_notebook(cells=list(cells))
    notebook.metadata.update(metadata)
    return notebook


def text(source):
    return v4.new_markdown_cell(source)


def glues(key):
    mark = {"scrapbook": {"name": key, "mime_prefix": build.GLUE_PREFIX}}
    data = {f"{build.GLUE_PREFIX}text/plain": "1.0"}
    output = v4.new_output("display_data", data, metadata=mark)
    return v4.new_code_cell("glue()", outputs=[output])


@pytest.fixture
def values():
    """A number for each rung, the next a hundredth lower, spread 0.01."""
    made = {name: {} for name in (ladder.MF, ladder.DENSE, ladder.LSTM)}
    for number, (*_, rung) in enumerate(ladder.rungs()):
        made[rung.chapter][rung.key] = 2 - number / 100
        made[rung.chapter][f"{rung.key}_sd"] = 0.01
    for key in ("u1_mean_rmse", "u1_bias_rmse", "u1_rmse"):
        made[ladder.MF][key] = 1.5
    for key in ("u1_past_rmse", "u1_both_rmse"):
        made[ladder.LSTM][key] = 1.5
    return made


# The two figures -------------------------------------------------------------


def test_a_rung_has_the_value_and_the_spread_of_its_key(values):
    frame = ladder.ladder_frame(values)
    row = frame[frame["model"] == "128 factors"].squeeze()
    value = values[ladder.MF]["rung_factors"]
    assert row["rmse"] == value
    assert row["low"] == pytest.approx(value - 0.01)
    assert row["high"] == pytest.approx(value + 0.01)


def test_what_is_glued_on_the_unit_scale_is_four_times_that_in_stars(values):
    values[ladder.DENSE]["posted_rmse"] = 0.28
    frame = ladder.ladder_frame(values)
    row = frame[frame["model"] == "as printed"].squeeze()
    assert row["rmse"] == pytest.approx(1.12)


def test_a_rung_without_a_spread_has_no_whisker(values):
    del values[ladder.LSTM]["time_rmse_sd"]
    last = ladder.ladder_frame(values).iloc[-1]
    assert math.isnan(last["low"]) and math.isnan(last["high"])


def test_each_split_has_a_mean_and_another_guess_of_its_own(values):
    frame = ladder.ladder_frame(values)
    for _, panel in frame.groupby("panel"):
        lines = [line for line in panel["line"] if line]
        assert lines[0] == "mean" and len(lines) > 1
        assert set(panel.loc[panel["line"] != "", "kind"]) == {"guess"}


def test_a_missing_value_is_named_with_what_to_do(values):
    del values[ladder.MF]["rung_l2"]
    with pytest.raises(ValueError, match=r"rung_l2.*make notebooks"):
        ladder.ladder_frame(values)


def test_a_peer_has_the_interval_of_its_distance_around_it(values):
    measured = pd.DataFrame(
        {
            "model": ["This book, matrix factorization", "cornac MF (C++)"],
            "peer": ["recslib", "cornac"],
            "settings": ["128 factors, 20 epochs", "tuned"],
            "rmse": [0.9, 0.92],
            "u1": [0.91, 0.93],
            "low": [0.0, 0.015],
            "high": [0.0, 0.025],
        }
    )
    frame = ladder.peers_frame(values, measured)
    peer = frame[frame["model"] == "cornac MF, tuned"]
    row = peer[peer["panel"] == ladder.FOLDS].squeeze()
    assert (row["low"], row["high"]) == pytest.approx((0.915, 0.925))
    # The only peer is the best one on u1 too, and stands there as a point.
    single = peer[peer["panel"] == U1].squeeze()
    assert single["rmse"] == 0.93 and math.isnan(single["low"])
    assert "MF, 128 \N{MULTIPLICATION SIGN} 20" in set(frame["model"])


def test_every_quoted_figure_stands_hollow_in_the_panel_of_its_split(values):
    frame = ladder.peers_frame(values, ladder.field())
    quoted = frame[frame["kind"] == "published"]
    drawn = sorted(zip(quoted["panel"], quoted["rmse"], strict=True))
    assert drawn == sorted((p.split, float(p.rmse)) for p in PUBLISHED)


def test_every_contender_of_the_benchmark_is_in_the_figure(values):
    field = ladder.field()
    frame = ladder.peers_frame(values, field)
    folds = frame[(frame["panel"] == ladder.FOLDS)]
    drawn = folds[folds["kind"].isin(["ours", "peer"])]
    assert drawn["rmse"].tolist() == field["rmse"].tolist()[::-1]
    assert drawn["model"].is_unique


def test_figures_are_the_same_bytes_twice_in_colours_of_the_book(
    values, tmp_path
):
    ladder.draw(tmp_path, values)
    drawn = {p.name: p.read_bytes() for p in tmp_path.glob("*.svg")}
    assert set(drawn) == {"ladder.svg", "peers.svg"}
    ladder.draw(tmp_path, values)
    known = {colour.lower() for colour in style.COLOURS}
    known |= {"#000000", "#ffffff", "#b0b0b0"}  # text, ground, grid
    for name, svg in drawn.items():
        assert (tmp_path / name).read_bytes() == svg
        ElementTree.fromstring(svg)
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg.decode())) <= known


# Where a value comes from ----------------------------------------------------


def test_a_value_belongs_to_the_heading_above_the_cell_that_glues_it():
    notebook = chapter(
        text("# A title"),
        glues("early"),
        text("## What guessing scores\n\nwords\n\n### A detail, of it"),
        glues("late"),
        text("no heading\n\n```\n# a remark in code\n```"),
        glues("later"),
    )
    assert results_page.sections(notebook) == {
        "early": ("A title", "a-title"),
        "late": ("A detail, of it", "a-detail-of-it"),
        "later": ("A detail, of it", "a-detail-of-it"),
    }


FOUND = {"01_matrix_factorization": {"rmse": ("Mend it", "mend-it")}}
TABLE = """\
```{list-table} Errors.
:name: table-errors

* - Model
  - [RMSE](elsewhere.md)
* - The {term}`mended <mend>` **model**
  - {glue:text}`../notebooks/01_matrix_factorization.ipynb::rmse:.4f`
```
"""


def test_below_a_table_stands_how_to_get_each_row_again():
    page = results_page.with_again(f"before\n\n{TABLE}\nafter\n", FOUND)
    assert page.startswith(f"before\n\n{TABLE}")
    assert page.endswith("after\n")
    (row,) = re.findall(r"^\| The.*$", page, re.MULTILINE)
    assert row == (
        "| The mended model | `rmse` | "
        '<a href="../notebooks/01_matrix_factorization.html#mend-it">'
        "1 Mend it</a> |"
    )
    assert "`make results`" in page


def test_a_table_that_quotes_no_chapter_is_left_alone():
    quoted = "```{list-table} Quoted.\n\n* - Method\n* - SVD\n```\n"
    assert results_page.with_again(quoted, FOUND) == quoted


def test_a_table_that_quotes_what_no_chapter_has_is_refused():
    wrong = TABLE.replace("::rmse:", "::rmsd:")
    with pytest.raises(ValueError, match=r"'rmsd'.*make notebooks"):
        results_page.with_again(wrong, FOUND)


def test_commands_that_the_built_parts_name_are_targets_of_the_makefile():
    makefile = (build.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    built = results_page.folds_table() + results_page.with_again(TABLE, FOUND)
    named = set(re.findall(r"`make ([a-z-]+)`", built))
    assert named == {"bench", "book", "results"}
    assert named <= targets


def test_an_unknown_mark_on_the_page_is_refused():
    with pytest.raises(ValueError, match=r"built: fold .*folds"):
        results_page.filled("<!-- built: fold -->", {}, {})


# The run ---------------------------------------------------------------------


def ran(seconds, **facts):
    return chapter(
        papermill={
            "duration": seconds,
            "end_time": "2026-11-24T20:14:41.5+00:00",
        },
        machine={
            "processor": "Abacus",
            "cores": 2,
            "memory_gb": None,
            "system": "Linux",
            "python": "3.11.7",
            "commit": "abc1234+",
            "versions": {"torch": "2.13.0"},
            **facts,
        },
    )


def test_the_run_says_seconds_date_and_commit_of_each_chapter():
    shown = results_page.run_table(
        {"01_one": ran(57.4), "02_two": ran(90.6, commit=None)}
    )
    assert "| Chapter 1 | 57 | 2026-11-24 20:14 | abc1234+ |" in shown
    assert "| Chapter 2 | 91 | 2026-11-24 20:14 | not known |" in shown


def test_chapters_that_ran_on_two_machines_say_both():
    one, two = ran(1), ran(1, python="3.12.1", memory_gb=8.6)
    shown = results_page.machine_table({"01_one": one, "02_two": two})
    assert "| Python | 3.11.7 / 3.12.1 |" in shown
    assert "| Memory (GB) | - / 8.6 |" in shown
    assert "| Processor | Abacus |" in shown


def test_the_benchmarks_versions_stand_beside_those_of_the_chapters():
    shown = results_page.machine_table({"01_one": ran(1)})
    bench = results_page.BENCHMARKS / "results" / "machine.json"
    assert f"| {nbformat.__name__} |" not in shown
    versions = build.json.loads(bench.read_text(encoding="utf-8"))["versions"]
    assert f"| torch | 2.13.0 | {versions['torch']} |" in shown
    assert f"| cornac | - | {versions['cornac']} |" in shown


def test_a_run_by_an_older_build_is_to_be_repeated():
    with pytest.raises(ValueError, match=r"01_one.*make notebooks"):
        results_page.run_table({"01_one": chapter()})


# Quoted figures --------------------------------------------------------------


def test_quoted_figures_come_best_first_in_their_split():
    for split in {each.split for each in PUBLISHED}:
        errors = [float(p.rmse) for p in PUBLISHED if p.split == split]
        assert errors == sorted(errors)


def test_a_source_that_all_share_is_named_once():
    shown = results_page.published_tables()
    surprise = [p for p in PUBLISHED if p.split == RANDOM_FOLDS]
    assert len(surprise) > 1
    assert shown.count(surprise[0].source) == 1
    for each in PUBLISHED:
        assert f"| {each.method} | {each.rmse} |" in shown
