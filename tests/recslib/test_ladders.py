import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from recslib import ladders, style

pytestmark = pytest.mark.usefixtures("a_clean_desk")

RUNGS = pd.DataFrame(
    {
        "model": ["mean", "as printed", "mended"],
        "rmse": [1.1, 2.7, 0.9],
        "sd": [0.1, 0.2, np.nan],
    }
)
# Two splits; the second has a part with a name, and no spread.
SPLITS = pd.DataFrame(
    {
        "panel": ["folds", "folds", "future", "future", "future"],
        "part": ["", "", "", "chapter", "chapter"],
        "model": ["mean", "off", "mean", "ours", "quoted"],
        "rmse": [1.1, 12.5, 1.2, 0.9, 0.95],
        "low": [1.05, 12.0, np.nan, np.nan, np.nan],
        "high": [1.2, 13.0, np.nan, np.nan, np.nan],
        "kind": ["guess", "step", "guess", "ours", "published"],
        "line": ["mean", "", "mean", "", ""],
    }
)
# Two models whose lists are judged, the first with an interval.
LISTS = pd.DataFrame(
    {
        "model": ["most popular", "ours"],
        "ndcg": [0.25, 0.4],
        "low": [0.22, np.nan],
        "high": [0.29, np.nan],
    }
)
FIGURES = {
    "ladder": lambda ax: ladders.ladder(
        RUNGS, guess=("a guess", 1.1), limits=(0.8, 1.3), ax=ax
    ),
    "ladders": lambda ax: ladders.ladders(SPLITS, limits=(0.8, 1.3), ax=ax),
}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def points(line):
    return np.column_stack(line.get_data()).tolist()


# Every figure ----------------------------------------------------------------


def test_every_figure_of_the_module_is_drawn_here(figures_of):
    assert figures_of(ladders) == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_where_it_is_told_to_or_makes_its_own(name):
    _, (left, right) = plt.subplots(1, 2)
    assert FIGURES[name](left) is left
    assert left.has_data() or left.texts
    assert not (right.has_data() or right.texts)
    assert len(plt.get_fignums()) == 1
    assert FIGURES[name](None).figure.number == 2


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_renders_twice_to_the_same_bytes(name, picture_of):
    assert picture_of(FIGURES[name]) == picture_of(FIGURES[name])


def test_figures_are_drawn_in_colours_that_have_a_partner_on_dark_pages(
    colours_of,
):
    known = {colour.lower() for colour in style.ON_DARK_PAGES}
    for name in FIGURES:
        assert colours_of(FIGURES[name]) <= known, name


@pytest.mark.parametrize("name", FIGURES)
def test_a_ladder_says_what_its_axis_holds_and_names_its_rungs(name):
    ax = FIGURES[name](None)
    assert ax.get_xlabel()
    assert all(label.get_text() for label in ax.get_yticklabels())


# Rungs -----------------------------------------------------------------------


def test_the_ladder_reads_from_the_top_and_ends_in_full_colour():
    ax = FIGURES["ladder"](None)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["mean", "as printed", "mended"]
    bottom, top = ax.get_ylim()
    assert bottom > 2 > 0 > top
    first, last = (bars.lines[0] for bars in ax.containers)
    assert points(first) == [[1.1, 0]] and points(last) == [[0.9, 2]]
    assert to_hex(first.get_color()) != to_hex(last.get_color())
    assert first.get_marker() != last.get_marker()
    assert {"1.100", "0.900", " a guess"} < set(texts(ax))


def test_any_rung_can_be_set_off():
    ax = ladders.ladder(RUNGS, highlight="mean")
    markers = [bars.lines[0].get_marker() for bars in ax.containers]
    assert markers[0] != markers[1] == markers[2]


def test_a_rung_has_a_bar_of_one_spread_to_each_side_if_it_is_known():
    first, last = FIGURES["ladder"](None).containers
    (segment,) = first.lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([1.0, 1.2])
    assert not last.has_xerr


def test_a_rung_off_the_scale_has_its_number_and_an_arrow_but_no_dot():
    ax = FIGURES["ladder"](None)
    assert len(ax.containers) == 2
    assert "2.70 →" in texts(ax)
    everything = ladders.ladder(RUNGS)
    assert len(everything.containers) == 3
    assert not any("→" in text for text in texts(everything))


def heights_of(ax):
    """Where each name stands beside the axis; doubles keep the lowest."""
    ticks = zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
    return {label.get_text(): height for height, label in ticks}


def test_panels_and_parts_stand_above_their_rungs_with_a_gap_between():
    heights = heights_of(FIGURES["ladders"](None))
    read = ["folds", "off", "future", "mean", "chapter", "ours", "quoted"]
    assert sorted(heights, key=heights.get) == read
    # folds 0, mean 1, off 2, a gap, future 4.
    assert [heights[name] for name in read] == [0, 2, 4, 5, 6, 7, 8]


def test_a_guess_has_a_line_through_its_own_panel_alone():
    ax = FIGURES["ladders"](None)
    first, second = (
        lines.get_segments()[0]
        for lines in ax.collections
        if len(lines.get_segments()) == 1
        and np.ptp(lines.get_segments()[0][:, 0]) == 0
    )
    assert (first[0, 0], second[0, 0]) == (1.1, 1.2)
    heights = heights_of(ax)
    assert heights["folds"] < first[:, 1].min()
    assert heights["off"] < first[:, 1].max() < heights["future"]
    assert heights["future"] < second[:, 1].min()
    assert heights["quoted"] < second[:, 1].max()
    assert texts(ax).count("mean") == 2


def test_whiskers_of_a_ladder_end_where_they_are_told():
    mean, future, *_ = FIGURES["ladders"](None).containers
    (segment,) = mean.lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([1.05, 1.2])
    assert not future.has_xerr


def test_every_rung_of_a_ladder_has_its_number_even_off_the_scale():
    ax = FIGURES["ladders"](None)
    assert {"1.100", "12.5", "1.200", "0.900", "0.950"} < set(texts(ax))
    assert texts(ax).count("→") == 1
    assert len(ax.containers) == 4
    assert texts(ladders.ladders(SPLITS)).count("→") == 0


def test_kinds_of_rungs_differ_by_shape_or_filling_and_not_by_colour_alone():
    shapes = {look[1:3] for look in ladders.KINDS.values()}
    assert len(shapes) == len(ladders.KINDS)
    ax = FIGURES["ladders"](None)
    *_, quoted = (bars.lines[0] for bars in ax.containers)
    assert quoted.get_markerfacecolor() == "none"
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == [
        ladders.KINDS[kind][-1]
        for kind in ("guess", "step", "ours", "published")
    ]


def test_a_rung_of_no_known_kind_is_refused():
    odd = SPLITS.assign(kind="rumour")
    with pytest.raises(ValueError, match="'rumour'; the kinds are guess"):
        ladders.ladders(odd)


# Lists, where more is better -------------------------------------------------


def test_the_axis_of_all_ladders_says_the_measure_and_which_way_is_better():
    stars = ladders.ladders(SPLITS)
    assert stars.get_xlabel() == "RMSE (stars): lower is better"
    lists = ladders.ladders(
        SPLITS.rename(columns={"rmse": "ndcg"}), measure=ladders.NDCG
    )
    assert lists.get_xlabel() == "nDCG@10: higher is better"


def test_a_ladder_of_lists_stands_where_its_values_are():
    ax = ladders.ladder(LISTS, measure=ladders.NDCG)
    first, last = ax.containers
    assert points(first.lines[0]) == [[0.25, 0]]
    assert points(last.lines[0]) == [[0.4, 1]]
    assert {"0.250", "0.400"} == set(texts(ax))


@pytest.mark.parametrize("guess", [0.21, 0.25, 0.292, 0.3, 0.31, 0.33, 0.39])
def test_no_number_is_crossed_by_the_line_of_guessing(guess):
    rungs = pd.concat([LISTS[:1].assign(ndcg=0.12, low=0.1, high=0.15), LISTS])
    ax = ladders.ladder(rungs, measure=ladders.NDCG, guess=("guess", guess))
    ax.figure.draw_without_rendering()
    line = ax.transData.transform((guess, 0))[0]
    for text in ax.texts:
        if text.get_text() in ("0.250", "0.400"):
            number = text.get_window_extent()
            assert not number.x0 <= line <= number.x1
            assert number.x0 > ax.bbox.x0


def test_where_there_is_no_room_on_the_left_a_number_stays_on_the_right():
    guess = ("guess", 0.3)
    ax = ladders.ladder(LISTS, measure=ladders.NDCG, guess=guess)
    (number,) = (text for text in ax.texts if text.get_text() == "0.250")
    assert number.get_ha() == "left"


def test_the_bar_of_a_rung_with_an_interval_ends_where_that_does():
    ax = ladders.ladder(LISTS, measure=ladders.NDCG)
    first, last = ax.containers
    (segment,) = first.lines[2][0].get_segments()
    assert segment[:, 0].tolist() == pytest.approx([0.22, 0.29])
    assert not last.has_xerr
    assert ax.get_xlabel() == "nDCG@10, 95 % over people"


def test_a_ladder_with_spreads_says_that_its_bars_are_those():
    spread = LISTS.drop(columns=["low", "high"]).assign(sd=0.01)
    ax = ladders.ladder(spread, measure=ladders.NDCG)
    assert ax.get_xlabel() == "nDCG@10, mean and spread over the folds"
    assert ladders.ladder(RUNGS).get_xlabel() == (
        "RMSE (stars), mean and spread over the folds"
    )


def test_a_list_below_the_limits_has_an_arrow_to_the_left():
    limits = (0.3, 0.5)
    alone = ladders.ladder(LISTS, measure=ladders.NDCG, limits=limits)
    assert "← 0.25" in texts(alone)
    panel = LISTS.assign(panel="people", part="", kind="step", line="")
    ax = ladders.ladders(panel, measure=ladders.NDCG, limits=limits)
    assert {"←", "0.250", "0.400"} == set(texts(ax))


@pytest.mark.parametrize("draw", [ladders.ladder, ladders.ladders])
def test_rungs_of_another_measure_are_refused_and_their_columns_named(draw):
    rows = SPLITS.assign(sd=np.nan)
    with pytest.raises(ValueError, match=r"no column 'ndcg'.*model, rmse"):
        draw(rows, measure=ladders.NDCG)


# The card --------------------------------------------------------------------


def test_the_card_has_the_size_that_links_are_shown_with_and_fits_it():
    card = ladders.social_card(
        "PyTorch for Recommenders 101",
        "Is it better than guessing?",
        {"always the mean": 1.126, "this book": 0.903},
    )
    assert (card.get_size_inches() * card.dpi).tolist() == [1200, 630]
    card.canvas.draw()
    words = [*card.texts, *card.axes[0].texts, *card.axes[0].get_yticklabels()]
    assert "0.903" in [text.get_text() for text in words]
    for text in words:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= 1200, text.get_text()
        assert box.y0 >= 0 and box.y1 <= 630, text.get_text()


@pytest.mark.parametrize("name", ["$9.99 and $ALT", r"$\frac{$", "__init__"])
def test_a_model_may_be_called_what_one_likes(name):
    drawn = [
        ladders.ladder(RUNGS.assign(model=[name, "b", "c"]), guess=(name, 1)),
        ladders.ladders(SPLITS.assign(model=name, panel=name, line=name)),
        ladders.social_card(name, name, {name: 1.0, "ours": 0.9}).axes[0],
    ]
    for ax in drawn:
        ax.figure.canvas.draw()
        shown = [each.get_text() for each in ax.get_yticklabels()]
        assert name in shown
