import dataclasses
import re
import warnings

import matplotlib.dates
import matplotlib.font_manager
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.text import Text

from recslib import plots, style
from recslib.evaluation import error_by_count
from recslib.ratings import from_frame
from recslib.training import History

pytestmark = pytest.mark.usefixtures("a_clean_desk")

RATED = from_frame(
    pd.DataFrame(
        [(1, 10, 4.0), (2, 10, 5.0), (2, 11, 4.0), (2, 12, 1.0)],
        columns=["user", "item", "rating"],
    )
)
# Three weeks of 1998: two ratings in the first, none, one.
MONDAY, DAY = 883_958_400, 86_400
TIMED = from_frame(
    pd.DataFrame(
        {
            "user": [1, 2, 1],
            "item": [1, 1, 2],
            "rating": 3.0,
            "timestamp": [MONDAY + 14 * DAY, MONDAY, MONDAY + 7 * DAY - 1],
        }
    )
)
# As if milliseconds were seconds.
LATE = dataclasses.replace(TIMED, timestamps=1_000 * TIMED.timestamps)
HISTORY = History(
    train_rmse=[1.0, 0.9, 0.8],
    validation_rmse=[1.1, 0.95, 0.97],
    learning_rates=[0.1] * 3,
    best_epoch=2,
)
GROUPS = error_by_count(
    torch.tensor([1.0, 2.0]), torch.tensor([1.0, 1.0]), torch.tensor([0, 9])
)
POINTS = pd.DataFrame(
    {
        "label": ["slow", "quick", "poor", "a peer", "other", "off scale"],
        "ours": [True, True, True, False, False, False],
        "cpu_s": [1.0, 0.1, 0.5, 1.02, 0.99, 0.5],
        "rmse": [0.905, 0.915, 0.94, 0.9051, 0.9049, 1.5],
    }
)
COSTS = pd.DataFrame(
    {
        "peer": ["ours", "theirs", "ours", "theirs"],
        "ratings": [100, 100, 1_000, 1_000],
        "peak_mb": [300.0, 200.0, 400.0, 900.0],
    }
)

PARTED = pd.DataFrame(
    {
        "group": ["women", "men"],
        "users": [273, 670],
        "n": [25_740, 74_260],
        "rmse": [0.95, 0.9],
        "low": [0.93, 0.89],
        "high": [0.97, 0.91],
    }
)
FIGURES = {
    "stars_histogram": lambda ax: plots.stars_histogram(RATED, ax),
    "rating_matrix": lambda ax: plots.rating_matrix(RATED, ax),
    "counts_by_rank": lambda ax: plots.counts_by_rank(
        {"users": torch.tensor([3, 0, 7]), "films": torch.tensor([1])}, ax
    ),
    "ratings_by_week": lambda ax: plots.ratings_by_week(TIMED, ax),
    "rating_times": lambda ax: plots.rating_times(
        TIMED, [MONDAY + 3 * DAY, MONDAY + 9 * DAY], ax
    ),
    "fold_users": lambda ax: plots.fold_users(
        {"u1": np.array([3, 1, 0]), "u2": np.array([0, 0, 2])}, ax
    ),
    "lines": lambda ax: plots.lines(
        {"a": [3.0, 1.0], "b": [2.0, 2.5]},
        xlabel="factors",
        ylabel="RMSE (stars)",
        reference=("biases", 0.94),
        ax=ax,
    ),
    "training_history": lambda ax: plots.training_history(HISTORY, ax=ax),
    "error_by_group": lambda ax: plots.error_by_group(
        {"a": GROUPS}, xlabel="ratings of the user", ax=ax
    ),
    "group_intervals": lambda ax: plots.group_intervals(PARTED, ax=ax),
    "surface": lambda ax: plots.surface(
        np.outer([-1.0, 0.0, 1.0], [-1.0, 1.0]),
        np.array([-1.0, 1.0]),
        np.array([-1.0, 0.0, 1.0]),
        xlabel="user",
        ylabel="film",
        ax=ax,
    ),
    "time_to_quality": lambda ax: plots.time_to_quality(
        POINTS, limits=(0.9, 0.95), ax=ax
    ),
    "cost_growth": lambda ax: plots.cost_growth(
        COSTS,
        column="peak_mb",
        ylabel="peak memory (MB)",
        limit=("2 GB", 2_000.0),
        ax=ax,
    ),
    "prediction_histogram": lambda ax: plots.prediction_histogram(
        {"a": torch.tensor([1.0, 2.0, 2.0]), "b": torch.tensor([4.0])},
        xlabel="stars",
        ax=ax,
    ),
    "item_map": lambda ax: plots.item_map(
        np.array([[0.0, 0.0], [1.0, 1.0]]), ["Alien", "Brazil"], ax=ax
    ),
}


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points(line):
    return np.column_stack(line.get_data()).tolist()


# Every figure ----------------------------------------------------------------


def test_every_figure_of_the_module_is_drawn_here(figures_of):
    assert figures_of(plots) == set(FIGURES)


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
    for name in sorted(set(FIGURES) - {"surface"}):  # a colour map
        assert colours_of(FIGURES[name]) <= known, name


@pytest.mark.parametrize("name", FIGURES)
def test_a_chart_says_what_its_axes_hold(name):
    ax = FIGURES[name](None)
    assert ax.get_xlabel()
    assert ax.get_ylabel()


def test_curves_differ_in_colour_and_in_line_and_in_marker():
    curves = {str(number): [1.0, 2.0] for number in range(6)}
    drawn = plots.lines(curves, xlabel="x", ylabel="y").lines
    assert len({line.get_color() for line in drawn}) == 6
    assert len({line.get_marker() for line in drawn}) == 6
    assert len({str(line._dash_pattern) for line in drawn}) == 6


# Data ------------------------------------------------------------------------


def test_the_histogram_of_stars_counts_each_star_and_marks_the_mean():
    ax = plots.stars_histogram(RATED)
    centres = [bar.get_center()[0] for bar in ax.patches]
    assert centres == pytest.approx([1, 4, 5])
    assert [bar.get_height() for bar in ax.patches] == [1, 2, 1]
    assert ax.lines[0].get_xdata()[0] == 3.5
    assert texts(ax) == ["mean 3.50"]


def test_bars_of_half_stars_do_not_overlap():
    stars = [0.5, 1.0, 1.5, 5.0]
    frame = pd.DataFrame({"user": 1, "item": range(4), "rating": stars})
    ax = plots.stars_histogram(from_frame(frame))
    edges = [
        (bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.patches
    ]
    assert edges[0][1] < edges[1][0] and edges[1][1] < edges[2][0]


def test_one_kind_of_star_alone_can_be_drawn():
    frame = pd.DataFrame({"user": 1, "item": range(4), "rating": 3.0})
    (bar,) = plots.stars_histogram(from_frame(frame)).patches
    assert bar.get_height() == 4


def test_many_different_ratings_are_drawn_in_ranges_that_hold_all():
    values = np.linspace(-10, 10, 400).round(2)
    frame = pd.DataFrame({"user": 1, "item": range(400), "rating": values})
    bars = plots.stars_histogram(from_frame(frame)).patches
    assert len(bars) == plots.N_RANGES
    assert sum(bar.get_height() for bar in bars) == 400
    assert bars[0].get_x() == -10
    assert bars[-1].get_x() + bars[-1].get_width() == pytest.approx(10)


def test_hours_are_drawn_on_a_log_scale():
    values = np.exp(np.arange(100) / 12)
    frame = pd.DataFrame({"user": 1, "item": range(100), "rating": values})
    ax = plots.stars_histogram(from_frame(frame))
    assert ax.get_xscale() == "symlog"
    assert sum(bar.get_height() for bar in ax.patches) == 100


def test_the_matrix_has_a_dot_a_rating_with_the_busiest_on_top():
    ax = plots.rating_matrix(RATED)
    # User 2 and film 10 have the most ratings; films 11 and 12 tie.
    dots = ax.collections[0].get_offsets().tolist()
    assert sorted(dots) == [[0, 0], [0, 1], [1, 0], [2, 0]]
    assert ax.get_ylim() == (2, 0) and ax.get_xlim() == (0, 3)


def test_ranks_go_from_the_busiest_to_the_least_and_leave_zeros_out():
    ax = FIGURES["counts_by_rank"](None)
    assert points(ax.lines[0]) == [[1, 7], [2, 3]]
    assert points(ax.lines[1]) == [[1, 1]]
    assert legend(ax) == ["users", "films"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_weeks_are_counted_from_monday_to_sunday():
    ax = FIGURES["ratings_by_week"](None)
    days = [bar.get_center()[0] - MONDAY / DAY for bar in ax.patches]
    assert days == pytest.approx([0, 14])
    assert [bar.get_height() for bar in ax.patches] == [2, 1]


def test_users_stand_in_order_of_their_first_rating_over_the_cuts():
    ax = FIGURES["rating_times"](None)
    # User 2 came first; user 1 a second before a week later.
    dots = [
        (day - MONDAY / DAY, row)
        for day, row in ax.collections[0].get_offsets().tolist()
    ]
    assert sorted(dots) == [
        (0, 0),
        (pytest.approx(7, abs=1e-4), 1),
        (14, 1),
    ]
    cuts = [
        matplotlib.dates.date2num(line.get_xdata()[0]) - MONDAY / DAY
        for line in ax.lines
    ]
    assert cuts == pytest.approx([3, 9])
    assert texts(ax) == [" 1", " 2"]
    assert ax.get_ylim() == (2, 0)


def test_the_spread_of_a_fold_over_users_is_a_running_share():
    ax = FIGURES["fold_users"](None)
    first, second = ax.lines
    assert first.get_ydata().tolist() == [0.75, 1, 1]
    assert second.get_ydata().tolist() == [0, 0, 1]
    assert legend(ax) == ["u1", "u2"]


# Curves ----------------------------------------------------------------------


def test_curves_count_from_one_unless_told_otherwise():
    ax = FIGURES["lines"](None)
    assert points(ax.lines[0]) == [[1, 3], [2, 1]]
    assert points(ax.lines[1]) == [[1, 2], [2, 2.5]]
    assert set(ax.lines[2].get_ydata()) == {0.94}
    assert legend(ax) == ["a", "b", "biases"]
    ax = plots.lines({"a": [3.0, 1.0]}, xlabel="", ylabel="", x=[8, 16])
    assert points(ax.lines[0]) == [[8, 3], [16, 1]]


def test_the_history_shows_both_errors_and_names_the_best_epoch():
    ax = plots.training_history(HISTORY, reference=("biases", 0.94))
    assert points(ax.lines[0]) == [[1, 1.0], [2, 0.9], [3, 0.8]]
    assert points(ax.lines[1]) == [[1, 1.1], [2, 0.95], [3, 0.97]]
    assert legend(ax) == ["training", "validation", "biases"]
    assert texts(ax) == ["best epoch: 2"]
    assert ax.texts[0].xy == (2, 0.95)


def test_a_history_without_validation_has_one_curve_and_no_best_epoch():
    ax = plots.training_history(History([1.0, 0.9], [], [0.1] * 2, 2))
    assert legend(ax) == ["training"] and texts(ax) == []


# Models side by side ---------------------------------------------------------


def test_errors_by_group_stand_over_the_names_of_their_groups():
    ax = FIGURES["error_by_group"](None)
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == ["0", "5 to 19"]
    assert ax.lines[0].get_ydata().tolist() == [0, 1]
    counts = plots.error_by_group(
        {"a": GROUPS}, xlabel="", column="n", ylabel="ratings"
    )
    assert counts.lines[0].get_ydata().tolist() == [1, 1]
    assert counts.get_ylabel() == "ratings"


def test_our_curve_joins_the_best_and_peers_are_points():
    ax = FIGURES["time_to_quality"](None)
    curve, ours, peers = ax.lines
    assert points(curve) == [[0.1, 0.915], [1, 0.905]]
    assert points(ours) == [[0.1, 0.915], [0.5, 0.94], [1, 0.905]]
    assert curve.get_linestyle() == "-" and peers.get_linestyle() == "None"
    assert points(peers) == [[1.02, 0.9051], [0.99, 0.9049]]
    assert ax.get_xscale() == "log"
    assert "off scale" not in texts(ax)


def test_labels_of_points_that_almost_coincide_stand_apart():
    style.use_book_style()
    ax = FIGURES["time_to_quality"](None)
    ax.figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    assert len(boxes) == 5
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])
        assert ax.bbox.x0 <= box.x0 and box.x1 <= ax.bbox.x1


def test_growth_has_a_line_a_peer_and_slope_one_is_a_diagonal():
    ax = FIGURES["cost_growth"](None)
    ours, theirs, limit = ax.lines
    assert points(ours) == [[100, 300], [1_000, 400]]
    assert points(theirs) == [[100, 200], [1_000, 900]]
    assert set(limit.get_ydata()) == {2_000}
    assert legend(ax) == ["ours", "theirs", "2 GB"]
    assert ax.get_xscale() == ax.get_yscale() == "log"


def test_predictions_are_counted_over_bins_that_all_models_share():
    ax = FIGURES["prediction_histogram"](None)
    outlines = [patch.get_xy() for patch in ax.patches]
    tops = [outline[:, 1].max() for outline in outlines]
    assert tops == [2, 1]
    starts = [outline[:, 0].min() for outline in outlines]
    ends = [outline[:, 0].max() for outline in outlines]
    assert starts == [1, 1] and ends == [4, 4]
    assert set(legend(ax)) == {"a", "b"}


def test_a_constant_model_can_be_drawn_beside_none():
    ax = plots.prediction_histogram({"mean": torch.full((9,), 3.5)}, xlabel="")
    assert ax.patches[0].get_xy()[:, 1].max() == 9


def test_groups_stand_from_the_top_with_their_intervals_and_sizes():
    ax = plots.group_intervals(PARTED)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "women",
        "men",
    ]
    assert ax.yaxis_inverted()
    (points,) = ax.lines
    assert points.get_xdata().tolist() == [0.95, 0.9]
    ends = [
        segment[:, 0].tolist() for segment in ax.collections[0].get_segments()
    ]
    assert ends == [[0.93, 0.97], [0.89, 0.91]]
    assert ax.texts[0].get_text() == "273 users, 25,740 ratings"


# Maps ------------------------------------------------------------------------


def test_every_item_has_a_dot_and_a_label_where_there_is_room():
    places = np.array([[0.0, 0.0], [0.01, 0.0], [5.0, 5.0]])
    labels = ["The most rated of all films", "One that lies under it", "Diva"]
    ax = plots.item_map(places, labels)
    assert ax.collections[0].get_offsets().tolist() == places.tolist()
    assert {"The most rated of all films", "Diva"} <= set(texts(ax))
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    for number, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:number])


def test_of_labels_that_cover_each_other_the_first_stay():
    # Fifty films in one place have room for a label to each side.
    labels = [f"film {number}" for number in range(50)]
    assert texts(plots.item_map(np.zeros((50, 2)), labels)) == labels[:2]


def test_a_flat_surface_is_drawn_without_contours_and_without_a_warning():
    x = np.arange(3.0)
    ax = plots.surface(np.ones((3, 3)), x, x, xlabel="x", ylabel="y")
    assert not ax.texts


# Names that others chose -----------------------------------------------------

ODD = {
    "a formula that is none": r"$\frac{$",
    "prices": "$9.99 and $ALT",
    "an escaped sign": r"5 \$ a day",
    "underscores": "__init__",
    "one underscore": "_",
    "a tag": "<b>Heat</b> & <script>",
    "Hebrew": "\u05e9\u05dc\u05d5\u05dd",
    "Arabic": "\u0645\u0631\u062d\u0628\u0627",
    "300 signs": "long " * 60,
    "two lines": "one\ntwo",
    "percents": "100 % {of} it",
    "nothing": "",
    "signs for machines": "a\0b\tc\x1bd\x85e",
}
NAMED = {
    "counts_by_rank": lambda name: plots.counts_by_rank(
        {name: torch.tensor([3, 1])}
    ),
    "fold_users": lambda name: plots.fold_users({name: np.array([3, 1])}),
    "lines": lambda name: plots.lines(
        {name: [1.0, 2.0]}, xlabel=name, ylabel=name, reference=(name, 1.5)
    ),
    "training_history": lambda name: plots.training_history(
        HISTORY, (name, 1.0)
    ),
    "error_by_group": lambda name: plots.error_by_group(
        {name: GROUPS.assign(group=[name, "b"])}, xlabel=name
    ),
    "group_intervals": lambda name: plots.group_intervals(
        PARTED.assign(group=[name, "men"]), xlabel=name
    ),
    "surface": lambda name: plots.surface(
        np.ones((2, 2)),
        np.array([0.0, 1.0]),
        np.array([0.0, 1.0]),
        xlabel=name,
        ylabel=name,
        title=name,
    ),
    "time_to_quality": lambda name: plots.time_to_quality(
        POINTS.assign(label=name)
    ),
    "cost_growth": lambda name: plots.cost_growth(
        COSTS.assign(peer=name),
        column="peak_mb",
        ylabel=name,
        limit=(name, 1.0),
    ),
    "prediction_histogram": lambda name: plots.prediction_histogram(
        {name: torch.tensor([1.0, 2.0])}, xlabel=name
    ),
    "item_map": lambda name: plots.item_map(
        np.array([[0.0, 0.0], [1.0, 1.0]]), [name, "b"], xlabel=name
    ),
}


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("draw", NAMED)
def test_a_name_is_text_whatever_signs_are_in_it(draw, name):
    ax = NAMED[draw](ODD[name])
    ax.figure.canvas.draw()
    shown = [text for text in ax.findobj(Text) if text.get_text()]
    for text in shown:
        if "\\frac" in text.get_text() or "9.99" in text.get_text():
            _, is_formula = text._preprocess_math(text.get_text())
            assert not is_formula


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("draw", NAMED)
def test_signs_that_no_font_has_are_drawn_as_blanks(draw):
    ax = NAMED[draw]("a\0b\tc\x1bd")
    ax.figure.canvas.draw()
    shown = [text.get_text().strip() for text in ax.findobj(Text)]
    assert "a b c d" in shown


def file_of(name):
    properties = matplotlib.font_manager.FontProperties(family=[name])
    return matplotlib.font_manager.findfont(properties)


def charmap(name):
    return set(matplotlib.font_manager.get_font(file_of(name)).get_charmap())


# Matplotlib brings this sign along, in another font than its usual one.
RARE = next(
    chr(code)
    for code in sorted(charmap("STIXGeneral") - charmap("DejaVu Sans"))
    if chr(code).isalnum()
)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("draw", NAMED)
def test_signs_that_another_font_has_are_written_in_it(draw):
    ax = NAMED[draw](f"{RARE} b")
    ax.figure.canvas.draw()
    shown = [text for text in ax.findobj(Text) if RARE in text.get_text()]
    assert shown
    for text in shown:
        usual, *others = text.get_fontfamily()
        assert usual == "sans-serif" and len(others) == 1


@pytest.mark.parametrize("draw", NAMED)
def test_signs_that_no_font_has_are_boxes_and_that_is_said_in_words(
    draw, monkeypatch
):
    manager = matplotlib.font_manager.fontManager
    usual = [f for f in manager.ttflist if f.name.startswith("DejaVu")]
    monkeypatch.setattr(manager, "ttflist", usual)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ax = NAMED[draw]("\u65e5\u672c b")
        ax.figure.canvas.draw()
    assert {str(each.message) for each in caught} == {plots.NO_FONT}
    shown = [text.get_text().strip() for text in ax.findobj(Text)]
    assert "\u25a1\u25a1 b" in shown


def test_a_font_that_is_added_as_the_warning_says_is_used(monkeypatch):
    manager = matplotlib.font_manager.fontManager
    path = file_of("STIXGeneral")
    usual = [f for f in manager.ttflist if f.name.startswith("DejaVu")]
    monkeypatch.setattr(manager, "ttflist", usual)
    with pytest.warns(UserWarning, match="fontManager.addfont") as caught:
        plots.item_map(np.zeros((1, 2)), [RARE])
    call = re.search(r"(\S+addfont\(path\))", str(caught[0].message))[1]
    eval(call, {"matplotlib": matplotlib, "path": path})
    assert texts(plots.item_map(np.zeros((1, 2)), [RARE])) == [RARE]


@pytest.mark.parametrize("name", ["__init__", "_", "$9.99 and $ALT", "a"])
def test_every_name_has_its_place_in_the_legend(name):
    ax = plots.lines({name: [1.0], "b": [2.0]}, xlabel="", ylabel="")
    assert [text.strip() for text in legend(ax)] == [name, "b"]


def test_a_name_of_300_signs_leaves_room_for_the_curves():
    ax = plots.lines({"long " * 60: [1.0]}, xlabel="", ylabel="")
    (shown,) = legend(ax)
    assert len(shown) == 60 and shown.endswith("…")


def test_the_title_of_a_film_stands_on_the_map_as_it_is():
    titles = ["$9.99 (2008)", "_ <b>"]
    ax = plots.item_map(np.array([[0.0, 0.0], [1.0, 1.0]]), titles)
    assert texts(ax) == titles
    assert not any(text.get_parse_math() for text in ax.texts)


def test_weights_are_drawn_like_any_numbers():
    weights = torch.tensor([[0.0, 0.0], [1.0, 1.0]], requires_grad=True)
    ax = plots.item_map(weights, ["a", "b"])
    assert ax.collections[0].get_offsets().tolist() == weights.tolist()
    ax = plots.lines({"a": weights[0]}, xlabel="", ylabel="")
    assert points(ax.lines[0]) == [[1, 0], [2, 0]]
    ax = plots.prediction_histogram({"a": weights[:, 0]}, xlabel="")
    assert ax.patches[0].get_xy()[:, 1].max() == 1
    ax = plots.counts_by_rank({"a": np.array([3, 1])})
    assert points(ax.lines[0]) == [[1, 3], [2, 1]]


def test_a_group_without_an_interval_has_its_point():
    lone = PARTED.assign(low=[np.nan, 0.89], high=[np.nan, 0.91])
    ax = plots.group_intervals(lone)
    ax.figure.canvas.draw()
    assert ax.lines[0].get_xdata().tolist() == [0.95, 0.9]
    assert ax.texts[0].xy[0] == 0.95
    only = lone.iloc[:1]
    low, high = plots.group_intervals(only).get_xlim()
    assert low < 0.95 < high


def test_half_a_letter_is_a_question_mark():
    ax = plots.item_map(np.zeros((1, 2)), ["a\ud800b"])
    ax.figure.canvas.draw()
    assert texts(ax) == ["a?b"]


def test_no_film_at_all_is_an_empty_map():
    assert texts(plots.item_map(np.empty((0, 2)), [])) == []


def test_powers_of_ten_on_an_axis_are_still_formulas():
    ax = plots.counts_by_rank({"users": torch.tensor([1_000, 10, 1])})
    ax.figure.canvas.draw()
    label = ax.get_yticklabels()[1]
    assert label._preprocess_math(label.get_text())[1]


def test_numbers_of_groups_stay_numbers():
    ax = plots.error_by_group(
        {"a": GROUPS.assign(group=[1.0, 10.0])}, xlabel="ratings"
    )
    assert points(ax.lines[0])[1][0] == 10.0


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (
            lambda: plots.item_map(np.zeros((2, 2)), ["a"]),
            r"shape \(2, 2\) and there are 1 labels",
        ),
        (
            lambda: plots.item_map(np.array([[np.nan, 0.0]]), ["a"]),
            "1 of 2 places are NaN",
        ),
        (
            lambda: plots.stars_histogram(RATED.select(torch.tensor([]))),
            "no ratings to draw",
        ),
        (
            lambda: plots.counts_by_rank({"films": torch.zeros(3)}),
            "no films with ratings",
        ),
        (
            lambda: plots.group_intervals(PARTED.iloc[:0]),
            "no groups to draw",
        ),
        (
            lambda: plots.group_intervals(PARTED.assign(rmse=np.nan)),
            "2 of 2 errors of groups are NaN",
        ),
        (lambda: plots.ratings_by_week(LATE), r"timestamps // 1_000\)"),
        (lambda: plots.rating_times(LATE, []), r"timestamps // 1_000\)"),
        (lambda: plots.ratings_by_week(RATED), "give ratings with a timestam"),
        (lambda: plots.rating_times(RATED, []), "give ratings with a timest"),
        (
            lambda: plots.prediction_histogram({}, xlabel=""),
            "no models to draw",
        ),
        (
            lambda: plots.prediction_histogram(
                {"a": torch.tensor([])}, xlabel=""
            ),
            "no predictions of a",
        ),
        (
            lambda: plots.prediction_histogram(
                {"a": torch.tensor([np.nan])}, xlabel=""
            ),
            "1 of 1 predictions of a are NaN",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(draw, said):
    with pytest.raises(ValueError, match=said):
        draw()


def test_milliseconds_are_drawn_once_they_are_divided_as_the_error_says():
    with pytest.raises(ValueError, match="count milliseconds") as caught:
        plots.ratings_by_week(LATE)
    call = str(caught.value).split("milliseconds: ")[1].removesuffix(".")
    names = {"dataclasses": dataclasses, "ratings": LATE}
    ax = plots.ratings_by_week(eval(call, names))
    assert [bar.get_height() for bar in ax.patches] == [2, 1]
