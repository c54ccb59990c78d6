"""The tables of lists: who is ahead, beside what others print."""

import pytest

from bookbuild import places
from bookbuild.chapters import DASH
from bookbuild.readme import readmes
from bookbuild.results import lists, page
from bookbuild.results.published import PUBLISHED_LISTS, RECOMMENDERS

LEVEL = {"difference": 0.0, "low": 0.0, "high": 0.0}
BEHIND = {"difference": -0.03, "low": -0.05, "high": -0.01}
UNSURE = {"difference": -0.01, "low": -0.03, "high": 0.01}
AHEAD = {"difference": 0.02, "low": 0.01, "high": 0.03}


def row(peer, model, ndcg, ends, task="known", tries=8):
    return {
        "task": task,
        "peer": peer,
        "model": model,
        "tries": tries,
        "ndcg": ndcg,
        "average_precision": [0.1, 0.2],
        "precision": [0.3, 0.3],
        "recall": [0.2, 0.4],
        "fit_cpu_s": 0.25,
        "rank_cpu_s": 1.5,
        "version": "1.2",
        "is_ours": ends == LEVEL,
        **ends,
    }


ROWS = [
    row("recslib", "popularity", [0.1, 0.2], BEHIND, tries=0),
    row("recslib", "ease", [0.4, 0.3], LEVEL),
    row("cornac", "BPR", [0.3, 0.2], BEHIND),
    row("lenskit", "EASEScorer", [0.4, 0.28], UNSURE),
]


def test_a_row_says_library_version_tries_folds_interval_and_seconds():
    lines = lists.field_markdown(ROWS, "known").splitlines()
    assert lines[0] == (
        "| Model | Tries | nDCG@10 | Spread | u1 | u5 | Minus ours "
        "| Fit, CPU s | Rank, CPU s |"
    )
    assert lines[2].startswith(
        "| This book, EASE | 8 | 0.3500 | 0.0707 | 0.4000 | 0.3000 | - |"
    )
    assert lines[4] == (
        "| cornac 1.2 BPR | 8 | 0.2500 | 0.0707 | 0.3000 | 0.2000 "
        "| -0.0300 (-0.0500 to -0.0100) | 0.250 | 1.50&numsp; |"
    )
    assert lines[5].startswith("| This book, most rated | - | 0.1500 |")


def test_strangers_have_no_published_folds():
    rows = [{**each, "task": "strangers"} for each in ROWS]
    header, marks, *_ = lists.field_markdown(rows, "strangers").splitlines()
    assert "u1" not in header
    assert header.count("|") == marks.count("|") == 8


def test_a_peer_that_wins_is_said_to_win():
    said = lists.in_words(ROWS, "known")
    assert "Compared with: This book, EASE" in said
    assert "No peer is ahead of it by the interval." in said
    assert "The interval holds 0: LensKit 1.2 EASE." in said
    won = [*ROWS, row("implicit", "CosineRecommender", [0.5, 0.5], AHEAD)]
    said = lists.in_words(won, "known")
    assert "Ahead of it by the interval: implicit 1.2 item cosine." in said


def test_what_others_print_stands_between_what_is_measured():
    ours = row("recslib", "ease", [0.47, 0.46], LEVEL, "by user")
    lines = lists.published_markdown([ours]).splitlines()[2:]
    assert len(lines) == 1 + len(PUBLISHED_LISTS)
    assert lines[0] == (
        f"| BiVAE | {RECOMMENDERS} | 0.475 | 0.146 | 0.412 | 0.219 "
        f"| {DASH} | {DASH} |"
    )
    assert lines[1] == (
        "| This book, EASE | measured here | 0.4650 | 0.1500 | 0.3000 "
        "| 0.3000 | - | 0.250 |"
    )
    assert lines[-1] == (
        f"| SVD | {RECOMMENDERS} | 0.096 | 0.013 | {DASH} | {DASH} | {DASH} "
        f"| {DASH} |"
    )


def test_a_line_of_the_growth_has_seconds_and_how_many_times_the_first():
    grown = [
        {
            **{"peer": peer, "model": model, "ratings": 1_000_000},
            **{"items": 20_000, "fit_cpu_s": seconds, "times": seconds / 2},
        }
        for peer, model, seconds in (
            ("implicit", "AlternatingLeastSquares", 2.0),
            ("recslib", "ease", 300.0),
        )
    ]
    header, _, line = lists.growth_markdown(grown).splitlines()
    assert header == "| Films | Ratings | implicit ALS | This book, EASE |"
    assert line == (
        "| 20,000 | 1,000,000 | 2.00&numsp; (1.0) "
        "| 300.0&numsp;&numsp; (150.0) |"
    )


@pytest.mark.parametrize(
    "name", ["lists-field", "lists-published", "lists-growth"]
)
def test_a_page_may_have_a_mark_for_it_and_the_way_to_measure_it(name):
    made = page.built([])[name]()
    assert ":name: table-lists" in made
    assert "`make bench`" in made and ".json`" in made


def test_the_readme_of_the_benchmark_has_the_tables_as_measured():
    path = places.ROOT / "benchmarks" / "README.md"
    assert readmes()[path] == path.read_text(encoding="utf-8")
