import inspect
import io
import re
from itertools import combinations

import matplotlib
import matplotlib.dates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from recslib import plots
from recslib.evaluation import error_by_count
from recslib.movielens import synthetic
from recslib.ratings import from_frame
from recslib.training import History

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
HISTORY = History(
    train_rmse=[1.0, 0.9, 0.8],
    validation_rmse=[1.1, 0.95, 0.97],
    learning_rates=[0.1] * 3,
    best_epoch=2,
)
RUNGS = pd.DataFrame(
    {
        "model": ["mean", "as printed", "mended"],
        "rmse": [1.1, 2.7, 0.9],
        "sd": [0.1, 0.2, np.nan],
    }
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
    "ladder": lambda ax: plots.ladder(
        RUNGS, guess=("a guess", 1.1), limits=(0.8, 1.3), ax=ax
    ),
    "ladders": lambda ax: plots.ladders(SPLITS, limits=(0.8, 1.3), ax=ax),
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
    "factorization_idea": lambda ax: plots.factorization_idea(ax),
    "boxes": lambda ax: plots.boxes([["user", "item"], ["network"]], ax),
    "listening_idea": lambda ax: plots.listening_idea(ax),
    "padded_batch": lambda ax: plots.padded_batch(MASK, ax),
}
DRAWINGS = {"factorization_idea", "boxes", "listening_idea", "padded_batch"}


MASK = torch.tensor([[True, True, True], [True, False, False]])


@pytest.fixture(autouse=True)
def a_clean_desk():
    with matplotlib.rc_context():
        yield
    plt.close("all")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def points(line):
    return np.column_stack(line.get_data()).tolist()


# Every figure ----------------------------------------------------------------


def test_every_figure_of_the_book_is_drawn_here():
    made = {
        name
        for name, function in inspect.getmembers(plots, inspect.isfunction)
        if function.__module__ == plots.__name__
        and not name.startswith("_")
        and inspect.signature(function).return_annotation == "Axes"
    }
    assert made == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_where_it_is_told_to_or_makes_its_own(name):
    _, (left, right) = plt.subplots(1, 2)
    assert FIGURES[name](left) is left
    assert left.has_data() or left.texts
    assert not (right.has_data() or right.texts)
    assert len(plt.get_fignums()) == 1
    assert FIGURES[name](None).figure.number == 2


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_renders_twice_to_the_same_bytes(name):
    def picture():
        plots.use_book_style()
        png = io.BytesIO()
        FIGURES[name](None).figure.savefig(png, format="png")
        return png.getvalue()

    assert picture() == picture()


@pytest.mark.parametrize("name", sorted(set(FIGURES) - DRAWINGS))
def test_a_chart_says_what_its_axes_hold(name):
    ax = FIGURES[name](None)
    assert ax.get_xlabel()
    # The rungs of a ladder are named one by one.
    assert ax.get_ylabel() or name in {"ladder", "ladders"}


@pytest.mark.parametrize("name", sorted(DRAWINGS))
def test_a_drawing_has_no_axes_and_keeps_its_words_on_the_page(name):
    plots.use_book_style()
    ax = FIGURES[name](None)
    assert not ax.axison
    ax.figure.canvas.draw()
    frame = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()


def test_curves_differ_in_colour_and_in_line_and_in_marker():
    curves = {str(number): [1.0, 2.0] for number in range(6)}
    drawn = plots.lines(curves, xlabel="x", ylabel="y").lines
    assert len({line.get_color() for line in drawn}) == 6
    assert len({line.get_marker() for line in drawn}) == 6
    assert len({str(line._dash_pattern) for line in drawn}) == 6


# Colours ---------------------------------------------------------------------

# What people see who lack one kind of cone, in linear RGB: G. Machado, M.
# Oliveira, L. Fernandes, "A Physiologically-based Model for Simulation of
# Color Vision Deficiency", IEEE TVCG 15(6), 2009, severity 1.
VISIONS = {
    "three cones": np.eye(3),
    "no long cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no medium cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no short cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#666666")
ON_DARK = tuple(plots.ON_DARK_PAGES[colour] for colour in plots.COLOURS)


def linear(colour):
    """Linear RGB of a colour: IEC 61966-2-1."""
    part = np.array(to_rgb(colour))
    return np.where(
        part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4
    )


def oklab(rgb):
    """Where a colour lies by eye: B. Ottosson, Oklab, 2020."""
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    opponents = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return opponents @ np.cbrt(cones @ np.clip(rgb, 0, 1))


def nearest_pair(colours):
    """Least distance between two colours, over all kinds of vision."""
    return min(
        np.linalg.norm(
            oklab(vision @ linear(one)) - oklab(vision @ linear(other))
        )
        for vision in map(np.array, VISIONS.values())
        for one, other in combinations(colours, 2)
    )


def contrast(one, other):
    """Contrast ratio of two colours: WCAG 2.2."""
    light = sorted(
        float(np.dot([0.2126, 0.7152, 0.0722], linear(colour)))
        for colour in (one, other)
    )
    return (light[1] + 0.05) / (light[0] + 0.05)


@pytest.mark.parametrize("colours", [plots.COLOURS, ON_DARK])
def test_nobody_confuses_colours_more_than_those_of_okabe_and_ito(colours):
    assert nearest_pair(colours) >= nearest_pair(OKABE_ITO)


def test_the_check_notices_two_colours_that_are_alike_without_a_cone():
    assert nearest_pair(["#00A000", "#B06000"]) < nearest_pair(OKABE_ITO) / 2


def test_colours_stand_out_from_the_page_light_or_dark():
    dark_page = plots.ON_DARK_PAGES[plots.WHITE]
    assert min(contrast(c, plots.WHITE) for c in plots.COLOURS) >= 3
    assert min(contrast(c, dark_page) for c in ON_DARK) >= 4.5


def test_figures_are_drawn_in_colours_that_have_a_partner_on_dark_pages():
    known = {colour.lower() for colour in plots.ON_DARK_PAGES}
    for name in sorted(set(FIGURES) - {"surface"}):  # a colour map
        plots.use_book_style()
        svg = io.StringIO()
        FIGURES[name](None).figure.savefig(svg, format="svg")
        used = set(re.findall(r"#[0-9a-f]{6}(?=[;\"])", svg.getvalue()))
        assert used <= known, name


# The card --------------------------------------------------------------------


def test_the_card_has_the_size_that_links_are_shown_with_and_fits_it():
    card = plots.social_card(
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
    ax = plots.ladder(RUNGS, highlight="mean")
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
    everything = plots.ladder(RUNGS)
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
    assert texts(plots.ladders(SPLITS)).count("→") == 0


def test_kinds_of_rungs_differ_by_shape_or_filling_and_not_by_colour_alone():
    shapes = {look[1:3] for look in plots.KINDS.values()}
    assert len(shapes) == len(plots.KINDS)
    ax = FIGURES["ladders"](None)
    *_, quoted = (bars.lines[0] for bars in ax.containers)
    assert quoted.get_markerfacecolor() == "none"
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == [
        plots.KINDS[kind][-1]
        for kind in ("guess", "step", "ours", "published")
    ]


def test_a_rung_of_no_known_kind_is_refused():
    odd = SPLITS.assign(kind="rumour")
    with pytest.raises(ValueError, match="'rumour'; the kinds are guess"):
        plots.ladders(odd)


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
    plots.use_book_style()
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


# Drawings --------------------------------------------------------------------


def test_boxes_feed_their_own_or_all_of_the_row_above():
    ax = plots.boxes([["u", "i"], ["p", "q"], ["net"], ["a", "b", "c"]])
    assert texts(ax) == ["u", "i", "p", "q", "net", "a", "b", "c"]
    arrows = [p for p in ax.patches if isinstance(p, FancyArrowPatch)]
    assert len(arrows) == 2 + 2 + 3
    heights = [text.get_position()[1] for text in ax.texts]
    assert heights == sorted(heights)


def test_the_idea_of_factorization_has_ratings_and_a_cell_to_be_found():
    ax = FIGURES["factorization_idea"](None)
    shown = texts(ax)
    assert sum(text.isdigit() for text in shown) == 8
    assert shown.count("?") == 1
    assert "user factors" in shown and "item factors" in shown


def test_what_an_lstm_hears_is_always_one_step_behind_what_it_is_asked():
    shown = texts(FIGURES["listening_idea"](None))
    heard = [text for text in shown if "nothing" in text or "stars" in text]
    asked = [text for text in shown if text.startswith("guess for")]
    assert [text.split(",")[0] for text in heard[1:]] == [
        text.removeprefix("guess for ") for text in asked[:-1]
    ]
    assert heard[0] == "nothing yet" and len(asked) == 3


def test_a_batch_is_drawn_with_its_padding_hatched():
    ax = FIGURES["padded_batch"](None)
    hatched = [patch.get_hatch() is not None for patch in ax.patches]
    # Three sheets, two histories of three steps, two steps padded.
    assert len(hatched) == 18 and sum(hatched) == 6
    assert {"B histories", "d numbers\na step"} <= set(texts(ax))


def test_the_style_of_the_book_is_set_for_what_follows():
    plots.use_book_style()
    ax = plots.stars_histogram(synthetic().ratings)
    assert ax.figure.dpi == 144
    assert not ax.spines["top"].get_visible()


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


def test_a_flat_surface_is_drawn_without_contours_and_without_a_warning():
    x = np.arange(3.0)
    ax = plots.surface(np.ones((3, 3)), x, x, xlabel="x", ylabel="y")
    assert not ax.texts
