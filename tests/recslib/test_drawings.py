import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.patches import FancyArrowPatch

from recslib import drawings, style

pytestmark = pytest.mark.usefixtures("a_clean_desk")

MASK = torch.tensor([[True, True, True], [True, False, False]])
FIGURES = {
    "factorization_idea": lambda ax: drawings.factorization_idea(ax),
    "boxes": lambda ax: drawings.boxes([["user", "item"], ["network"]], ax),
    "listening_idea": lambda ax: drawings.listening_idea(ax),
    "padded_batch": lambda ax: drawings.padded_batch(MASK, ax),
}


def texts(ax):
    return [text.get_text() for text in ax.texts]


# Every figure ----------------------------------------------------------------


def test_every_figure_of_the_module_is_drawn_here(figures_of):
    assert figures_of(drawings) == set(FIGURES)


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
def test_a_drawing_has_no_axes_and_keeps_its_words_on_the_page(name):
    style.use_book_style()
    ax = FIGURES[name](None)
    assert not ax.axison
    ax.figure.canvas.draw()
    frame = ax.figure.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()


# Drawings --------------------------------------------------------------------


def test_boxes_feed_their_own_or_all_of_the_row_above():
    ax = drawings.boxes([["u", "i"], ["p", "q"], ["net"], ["a", "b", "c"]])
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
