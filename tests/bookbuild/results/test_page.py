"""What the build adds to pages: figures, tables, ways back."""

import json
import math
import re
import xml.etree.ElementTree as ElementTree

import pandas as pd
import pytest
from nbformat import v4

from bookbuild import BuildError, places
from bookbuild.chapters import DASH, Chapter, Computed, Rung
from bookbuild.results import benchmark, card, ladder, page
from bookbuild.results.published import PUBLISHED, RANDOM_FOLDS, U1
from recslib import style
from recslib.ladders import NDCG, RMSE

FOLDS = benchmark.FOLDS
HEADLINE = {
    "mean": "mean_rmse",
    "item_mean": "item_mean_rmse",
    "biases": "bias_rmse",
    "rmse": "rmse",
    "spread": "rmse_sd",
    "difference": "vs_bias",
    "low": "vs_bias_low",
    "high": "vs_bias_high",
}
PRINTED = {"as_printed": "posted_rmse", "mean_as_printed": "mean_unit"}
VALUES = {
    "mean_rmse": 1.12,
    "item_mean_rmse": 1.02,
    "bias_rmse": 0.94,
    "rmse": 0.91,
    "rmse_sd": 0.007,
    "vs_bias": -0.03,
    "vs_bias_low": -0.035,
    "vs_bias_high": -0.025,
    "posted_rmse": 0.7,
    "mean_unit": 0.28,
    "fit_seconds": 1.25,
}
# Of a chapter whose lists are judged, for two kinds of people.
KNOWN = {
    "label": "People we know",
    "popular": "popular_ndcg",
    "counting": "ease_ndcg",
    "ndcg": "ndcg",
    "difference": "ahead",
    "low": "ahead_low",
    "high": "ahead_high",
}
STRANGERS = KNOWN | {"label": "Strangers", "ndcg": "strangers_ndcg"}
LIST_VALUES = {
    "popular_ndcg": 0.25,
    "popular_ndcg_low": 0.22,
    "popular_ndcg_high": 0.29,
    "ease_ndcg": 0.35,
    "ease_ndcg_sd": 0.02,
    "ndcg": 0.4,
    "strangers_ndcg": 0.31,
    "ahead": 0.15,
    "ahead_low": 0.1,
    "ahead_high": 0.2125,
}


def text(source):
    return v4.new_markdown_cell(source)


def notebook(*cells, **metadata):
    made = v4.new_notebook(cells=list(cells))
    made.metadata.update(metadata)
    return made


def chapter(name="01_first", values=VALUES, metadata=None, **says):
    """Make a chapter of made-up values, computed under two headings."""
    cells = [text("# The first of things"), text("## Mend it")]
    computed = {
        key: Computed(value, "trained", "Mend it")
        for key, value in values.items()
    }
    record = {
        "title": "First things",
        "question": "Is it better?",
        "about": "About it.",
        "printed": 0.66,
        "headline": HEADLINE | PRINTED,
    }
    made = notebook(*cells, **(metadata or {}))
    return Chapter(name, made, computed, **(record | says))


def guesses(panel=FOLDS):
    return [
        Rung(panel, "always the mean", "mean_rmse", "guess", line="mean"),
        Rung(panel, "damped biases", "bias_rmse", "guess", line="biases"),
    ]


def list_rungs(panel="Lists"):
    return [
        Rung(
            panel, "most popular", "popular_ndcg", "guess", "popular", "ndcg"
        ),
        Rung(panel, "EASE", "ease_ndcg", "guess", "", "ndcg"),
        Rung(panel, "ours", "ndcg", "ours", "", "ndcg"),
    ]


@pytest.fixture
def lists():
    """A chapter that predicts no stars, and makes lists."""
    return chapter(
        "04_lists",
        LIST_VALUES,
        title="Lists",
        printed=None,
        headline=None,
        lists=[KNOWN, STRANGERS],
        rungs=list_rungs(),
    )


@pytest.fixture
def book():
    """Two chapters on one split, the second on another one too."""
    first = chapter(
        rungs=[
            *guesses(),
            Rung(FOLDS, "as printed", "posted_rmse", "step", scale="unit"),
            Rung(FOLDS, "mended", "rmse", "ours"),
            Rung(U1, "mended", "rmse", "ours"),
        ]
    )
    second = chapter(
        "02_second",
        VALUES | {"rmse": 0.9, "time_mean_rmse": 1.2},
        title="Second things",
        rungs=[
            *guesses(),
            Rung("Time", "always the mean", "time_mean_rmse", "guess"),
            Rung(FOLDS, "mended again", "rmse", "ours"),
        ],
    )
    return [first, second]


# The figures -----------------------------------------------------------------


def test_a_rung_has_the_value_and_the_spread_of_its_key(book):
    frame = ladder.ladder_frame(book, RMSE)
    row = frame[frame["model"] == "mended"].squeeze()
    assert row["rmse"] == 0.91
    assert (row["low"], row["high"]) == pytest.approx((0.903, 0.917))


def test_what_is_on_the_unit_scale_is_four_times_that_in_stars(book):
    frame = ladder.ladder_frame(book, RMSE)
    row = frame[frame["model"] == "as printed"].squeeze()
    assert row["rmse"] == pytest.approx(2.8)


def test_a_rung_without_a_spread_has_no_whisker(book):
    frame = ladder.ladder_frame(book, RMSE)
    row = frame[frame["model"] == "as printed"].squeeze()
    assert math.isnan(row["low"]) and math.isnan(row["high"])


def test_a_panel_has_each_guess_once_and_then_chapter_after_chapter(book):
    frame = ladder.ladder_frame(book, RMSE)
    folds = frame[frame["panel"] == FOLDS]
    assert folds["model"].tolist() == [
        "always the mean",
        "damped biases",
        "as printed",
        "mended",
        "mended again",
    ]
    assert folds["part"].tolist() == [
        "",
        "",
        "1 First things",
        "1 First things",
        "2 Second things",
    ]
    assert frame["panel"].tolist() == [FOLDS] * 5 + ["Time"]


def test_two_chapters_that_guess_differently_on_one_split_are_named(book):
    other = chapter("03_third", VALUES | {"mean_rmse": 1.3}, rungs=guesses())
    with pytest.raises(BuildError, match=r"1\.1200 in 01_first and 1\.3"):
        ladder.placed_rungs([*book, other])


def test_rungs_of_lists_stand_in_a_frame_of_their_own(book, lists):
    both = [*book, lists]
    errors = ladder.ladder_frame(both, RMSE)
    pd.testing.assert_frame_equal(errors, ladder.ladder_frame(book, RMSE))
    frame = ladder.ladder_frame(both, NDCG)
    assert frame["model"].tolist() == ["most popular", "EASE", "ours"]
    assert frame["ndcg"].tolist() == [0.25, 0.35, 0.4]
    assert frame["part"].tolist() == ["", "", "4 Lists"]
    assert ladder.ladder_frame(book, NDCG).empty


def test_a_rung_of_lists_has_its_interval_or_else_its_spread_or_nothing(lists):
    frame = ladder.ladder_frame([lists], NDCG)
    ends = frame[["low", "high"]].to_numpy()
    assert ends[0].tolist() == [0.22, 0.29]
    assert ends[1].tolist() == pytest.approx([0.33, 0.37])
    assert all(map(math.isnan, ends[2]))


def test_an_error_has_its_spread_even_where_an_interval_is_kept():
    ends = {"rmse_low": 0.8, "rmse_high": 1.0}
    first = chapter(
        values=VALUES | ends, rungs=[Rung(FOLDS, "mended", "rmse", "ours")]
    )
    row = ladder.ladder_frame([first], RMSE).squeeze()
    assert (row["low"], row["high"]) == pytest.approx((0.903, 0.917))


def test_an_interval_with_one_end_is_refused_and_the_chapter_named():
    values = {k: v for k, v in LIST_VALUES.items() if k[-5:] != "_high"}
    half = chapter("04_lists", values, headline=None, rungs=list_rungs())
    with pytest.raises(
        BuildError,
        match=r"04_lists keeps 'popular_ndcg_low' alone.*popular_ndcg_high",
    ):
        ladder.placed_rungs([half])


@pytest.mark.parametrize("panel", [FOLDS, U1])
def test_a_panel_that_mixes_measures_is_refused_and_the_rung_named(
    book, panel
):
    values = VALUES | LIST_VALUES
    mixed = chapter("04_lists", values, rungs=list_rungs(panel))
    with pytest.raises(
        BuildError,
        match=rf"'{panel}' holds RMSE \(stars\), and 'most popular' of "
        r"04_lists is nDCG@10",
    ):
        ladder.placed_rungs([*book, mixed])


def test_a_split_of_published_figures_holds_errors_alone(lists):
    odd = chapter("04_lists", LIST_VALUES, rungs=list_rungs(RANDOM_FOLDS))
    with pytest.raises(BuildError, match=r"holds RMSE .*is nDCG@10"):
        ladder.placed_rungs([odd])


def test_a_peer_has_the_interval_of_its_distance_around_it(book):
    measured = pd.DataFrame(
        {
            "short": ["MF", "cornac MF, tuned"],
            "peer": ["recslib", "cornac"],
            "rmse": [0.9, 0.92],
            "u1": [0.91, 0.93],
            "low": [0.0, 0.015],
            "high": [0.0, 0.025],
        }
    )
    frame = ladder.peers_frame(book, measured)
    peer = frame[frame["model"] == "cornac MF, tuned"]
    row = peer[peer["panel"] == FOLDS].squeeze()
    assert (row["low"], row["high"]) == pytest.approx((0.915, 0.925))
    # The only peer is the best one on u1 too, and stands there as a point.
    single = peer[peer["panel"] == U1].squeeze()
    assert single["rmse"] == 0.93 and math.isnan(single["low"])


def test_a_chapters_rung_on_a_published_split_stands_among_the_field(book):
    frame = ladder.peers_frame(book, benchmark.measured_folds())
    own = frame[(frame["panel"] == U1) & (frame["kind"] == "ours")]
    assert own["rmse"].tolist() == [0.91]
    assert U1 not in set(ladder.ladder_frame(book, RMSE)["panel"])


def test_every_quoted_figure_stands_hollow_in_the_panel_of_its_split(book):
    frame = ladder.peers_frame(book, benchmark.measured_folds())
    quoted = frame[frame["kind"] == "published"]
    drawn = sorted(zip(quoted["panel"], quoted["rmse"], strict=True))
    assert drawn == sorted((p.split, float(p.rmse)) for p in PUBLISHED)


def test_every_contender_of_the_benchmark_is_in_the_figure(book):
    field = benchmark.measured_folds()
    frame = ladder.peers_frame(book, field)
    folds = frame[(frame["panel"] == FOLDS)]
    drawn = folds[folds["kind"].isin(["ours", "peer"])]
    assert drawn["rmse"].tolist() == field["rmse"].tolist()[::-1]
    assert drawn["model"].is_unique


def test_a_book_without_lists_has_no_ladder_of_them(book, tmp_path):
    ladder.draw(tmp_path, book)
    drawn = {path.name for path in tmp_path.glob("*.svg")}
    assert drawn == {"ladder.svg", "peers.svg"}


def test_figures_are_the_same_bytes_twice_in_colours_of_the_book(
    book, lists, tmp_path
):
    ladder.draw(tmp_path, [*book, lists])
    drawn = {p.name: p.read_bytes() for p in tmp_path.glob("*.svg")}
    assert set(drawn) == {"ladder.svg", "lists-ladder.svg", "peers.svg"}
    ladder.draw(tmp_path, [*book, lists])
    known = {colour.lower() for colour in style.COLOURS}
    known |= {"#000000", "#ffffff", "#b0b0b0"}  # text, ground, grid
    for name, svg in drawn.items():
        assert (tmp_path / name).read_bytes() == svg
        ElementTree.fromstring(svg)
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg.decode())) <= known


# Tables and cards ------------------------------------------------------------


def rows_of(list_table):
    """The cells of the first table in a piece of MyST."""
    source = list_table.split("```{list-table}")[1].split("\n```")[0]
    return [
        [cell.strip() for cell in row.split("\n  -")]
        for row in source.split("\n* - ")[1:]
    ]


def test_each_chapter_is_a_column_of_the_table_of_models(book):
    header, *rows = rows_of(page.models_table(book))
    assert header == [
        "Prediction",
        "[1 First things](../notebooks/01_first.ipynb)",
        "[2 Second things](../notebooks/02_second.ipynb)",
    ]
    assert ["Its spread", "± 0.0070", "± 0.0070"] in rows
    assert [
        "The mended model (best)",
        "**0.9100**",
        "**0.9000**",
    ] in rows
    assert ["to", "-0.0250", "-0.0250"] in rows


def test_a_chapter_that_predicts_no_stars_is_passed_over(book, lists):
    plain = chapter("03_third", {}, headline=None, printed=None)
    for table in (
        page.models_table,
        page.printed_table,
        page.landing_table,
        page.ladder_table,
    ):
        assert table([*book, plain, lists]) == table(book)
    cards = page.cards([*book, plain, lists])
    assert "3 The first of things" in cards
    assert "4 The first of things" in cards


def test_the_picture_of_a_link_shows_the_first_chapter_in_stars(
    book, lists, tmp_path
):
    for name, chapters in (("with", [lists, *book]), ("without", book)):
        card.write(tmp_path / f"{name}.png", "A book", chapters)
    pictures = [path.read_bytes() for path in tmp_path.iterdir()]
    assert pictures[0] == pictures[1]


def test_the_seconds_of_a_chapter_of_lists_stand_among_the_others():
    fit = {"label": "EASE", "key": "fit_seconds"}
    lists = chapter("04_lists", headline=None, seconds=[fit])
    assert rows_of(page.seconds_table([lists]))[1] == ["4 EASE", "1.25"]


def test_whom_lists_are_for_is_a_row_of_the_table_of_lists(book, lists):
    shown = page.lists_table([*book, lists])
    header, known, strangers = rows_of(shown)
    assert header[:3] == ["Lists for", "Most liked", "EASE"]
    apart = "+0.1500 (+0.1000 to +0.2125)"
    assert known == [
        *("4 People we know", "0.2500", "0.3500", "**0.4000**", apart)
    ]
    assert strangers[0] == "4 Strangers" and strangers[3] == "**0.3100**"
    assert ":name: table-lists" in shown
    (again,) = re.findall(r"^\| 4 Strangers.*$", shown, re.MULTILINE)
    assert "`strangers_ndcg`" in again and "`ahead_low`" in again


def test_the_rungs_of_lists_stand_in_a_table_with_their_intervals(lists):
    shown = page.lists_ladder_table([lists])
    for row in (
        "| Rung | nDCG@10 | 95 % over people | Name | Computed in |",
        "| most popular | 0.2500 | 0.2200 to 0.2900 | `popular_ndcg` | ",
        "| EASE | 0.3500 | ± 0.0200 | `ease_ndcg` | ",
        "| ours | 0.4000 |  | `ndcg` | ",
    ):
        assert row in shown
    assert shown.index("**Lists: guessing**") < shown.index("**Lists: 4 ")


def test_marks_of_lists_say_so_where_no_chapter_makes_any(book):
    marks = "<!-- built: lists -->\n\n<!-- built: lists-ladder-table -->"
    assert page.filled(marks, page.built(book)) == (
        "No chapter of this copy makes lists.\n\n"
        "No chapter of this copy makes lists."
    )


def test_what_was_not_printed_in_2018_is_a_dash():
    new = chapter("04_new", printed=None, headline=HEADLINE)
    _, row = rows_of(page.printed_table([new]))
    assert row == ["4 First things", *3 * [DASH]]
    _, row = rows_of(page.landing_table([new]))
    assert row[1:] == [DASH, "1.120", "**0.910**"]


def test_the_landing_page_has_the_post_in_stars_too(book):
    _, row, _ = rows_of(page.landing_table(book))
    # 0.66 on [0, 1] is 4 * 0.66 = 2.64 stars.
    assert row[1] == "0.66 on [0, 1], 2.64 stars"


def test_below_a_table_stands_how_to_get_each_row_again(book):
    shown = page.models_table(book[:1])
    (row,) = re.findall(r"^\| Damped.*$", shown, re.MULTILINE)
    assert row == (
        "| Damped biases | `bias_rmse` | "
        '<a href="../notebooks/01_first.html#mend-it">1 Mend it</a> |'
    )
    assert "`make results`" in shown


def test_a_chapters_own_table_stands_where_a_page_has_its_name():
    table = {
        "name": "features",
        "caption": "Errors.",
        "columns": ["Who", "RMSE", "From"],
        "rows": [
            ["Everybody", "bias_rmse:.3f", ""],
            ["With features (best)", "rmse:.3f", "vs_bias_low:+.2f"],
        ],
    }
    book = [chapter(tables=[table])]
    filled = page.filled(
        "before\n\n<!-- built: features -->\n", page.built(book)
    )
    assert rows_of(filled) == [
        ["Who", "RMSE", "From"],
        ["Everybody", "0.940", ""],
        ["With features (best)", "**0.910**", "-0.04"],
    ]
    assert ":name: table-features" in filled
    with pytest.raises(BuildError, match=r"02_b calls a table 'features'"):
        page.built([*book, chapter("02_b", tables=[table])])


def test_a_fit_has_its_chapters_number_and_its_seconds():
    book = [chapter(seconds=[{"label": "MF", "key": "fit_seconds"}])]
    assert rows_of(page.seconds_table(book))[1] == ["1 MF", "1.25"]


def test_commands_that_the_built_parts_name_are_targets_of_the_makefile(book):
    makefile = (places.ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    built = page.folds_table() + page.models_table(book)
    named = set(re.findall(r"`make ([a-z-]+)`", built))
    assert named == {"bench", "book", "results"}
    assert named <= targets


def test_what_draws_has_a_row_of_its_seeds_and_every_pair_its_interval():
    drawn = {"task": "folds", "name": "network, side"}
    rows = [
        {**drawn, "rmse": [[0.9, 0.92], [0.94, 0.96]]},
        {"task": "windows", "name": "running bias", "rmse": [[1.0], [1.0]]},
        {"task": "windows", "name": "LSTM on item biases", "rmse": [[1], [2]]},
    ]
    ends = {"difference": -0.00104, "low": -0.002, "high": 0.0}
    pair = {"first": "LSTM, past apart", "second": "average, all"}
    errors, intervals = benchmark.seeds_markdown(
        rows, [{"task": "folds", **pair, **ends}]
    )
    _, _, *shown = errors.splitlines()
    assert shown == [
        "| Dense network, ids, side features | published folds "
        "| 0.9300 | 0.0283 | 2 |",
        "| LSTM on item biases | windows of time | 1.5000 | 0.7071 | 2 |",
    ]
    assert intervals.splitlines()[2:] == [
        "| LSTM on the average told both, the past, not the same second "
        "| Average of draws, ids and both | published folds "
        "| -0.0010 | -0.0020 | +0.0000 |"
    ]


@pytest.mark.parametrize(
    "name",
    [
        *("folds", "sequences", "seeds", "published"),
        *("lists-field", "lists-published", "lists-growth"),
    ],
)
def test_a_table_of_the_page_holds_rows_and_nothing_else(name):
    made = page.built([])[name]()
    tables = re.findall(r"```\{table\}.*?\n\n(.*?)\n```", made, re.DOTALL)
    assert tables and all(
        line.startswith("|") for rows in tables for line in rows.splitlines()
    )


def test_an_unknown_mark_on_a_page_is_refused_and_the_page_named(tmp_path):
    with pytest.raises(BuildError, match=r"built: fold .*folds"):
        page.filled("<!-- built: fold -->", page.built([]))


def test_pages_are_filled_with_tables_and_numbers_and_no_marks(
    tmp_path, monkeypatch, book
):
    monkeypatch.setattr(page, "draw", lambda folder, book: None)
    monkeypatch.setattr(page, "built", lambda book: {"table": lambda: "T"})
    path = tmp_path / "faq.md"
    path.write_text(
        "By 0<!--01_first/rmse:.3f--> and 0<!--02_second/rmse:.1f-->.\n\n"
        "<!-- built: table -->\n"
    )
    page.fill_pages(tmp_path, book)
    assert path.read_text() == "By 0.910 and 0.9.\n\nT\n"
    path.write_text("By 0<!--01_first/lost:.3f-->.")
    with pytest.raises(BuildError, match=r"book/faq\.md: .*quotes 'lost'"):
        page.fill_pages(tmp_path, book)


def test_a_value_leads_to_the_section_that_computes_it():
    assert page.where(chapter(), "rmse") == (
        '<a href="../notebooks/01_first.html#mend-it">1 Mend it</a>'
    )


# The run ---------------------------------------------------------------------


def ran(seconds, **facts):
    return {
        "papermill": {
            "duration": seconds,
            "end_time": "2026-11-24T20:14:41.5+00:00",
        },
        "machine": {
            "processor": "Abacus",
            "cores": 2,
            "memory_gb": None,
            "system": "Linux",
            "python": "3.11.7",
            "commit": "abc1234+",
            "versions": {"torch": "2.13.0"},
            **facts,
        },
    }


def test_the_run_says_seconds_date_and_commit_of_each_chapter():
    one = chapter("01_one", metadata=ran(57.4))
    two = chapter("02_two", metadata=ran(90.6, commit=None))
    shown = page.run_table([one, two])
    assert "| Chapter 1 | 57 | 2026-11-24 20:14 | abc1234+ |" in shown
    assert "| Chapter 2 | 91 | 2026-11-24 20:14 | not known |" in shown


def test_chapters_that_ran_on_two_machines_say_both():
    one = chapter(metadata=ran(1))
    two = chapter(metadata=ran(1, python="3.12.1", memory_gb=8.6))
    shown = page.machine_table([one, two])
    assert "| Python | 3.11.7 / 3.12.1 |" in shown
    assert "| Memory (GB) | - / 8.6 |" in shown
    assert "| Processor | Abacus |" in shown


def test_the_benchmarks_versions_stand_beside_those_of_the_chapters():
    shown = page.machine_table([chapter(metadata=ran(1))])
    bench = benchmark.RESULTS / "machine.json"
    versions = json.loads(bench.read_text(encoding="utf-8"))["versions"]
    assert f"| torch | 2.13.0 | {versions['torch']} |" in shown
    assert f"| cornac | - | {versions['cornac']} |" in shown


def test_a_run_by_an_older_build_is_to_be_repeated():
    with pytest.raises(BuildError, match=r"01_first.*make notebooks"):
        page.run_table([chapter()])


# Quoted figures --------------------------------------------------------------


def test_quoted_figures_come_best_first_in_their_split():
    for split in {each.split for each in PUBLISHED}:
        errors = [float(p.rmse) for p in PUBLISHED if p.split == split]
        assert errors == sorted(errors)


def test_a_source_that_all_share_is_named_once():
    shown = page.published_tables()
    surprise = [p for p in PUBLISHED if p.split == RANDOM_FOLDS]
    assert len(surprise) > 1
    assert shown.count(surprise[0].source) == 1
    for each in PUBLISHED:
        assert f"| {each.method} | {each.rmse} |" in shown
