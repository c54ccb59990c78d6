"""The look of every figure: its colours, its marks, its sizes.

Colours start from Okabe and Ito's, which people with any kind of colour vision
can tell apart; those that are pale on white are darker here. None carries a
meaning that a label or a shape does not.
"""

import matplotlib.pyplot as plt

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#0E9F84"
PURPLE, BROWN, GREY = "#A6287F", "#7A5200", "#505050"
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, BROWN, GREY)
BLACK, WHITE, GRID, PALE = "#000000", "#FFFFFF", "#B0B0B0", "#E8F1F8"
# What a figure's colours become where the page is dark. A colour that is not
# here stays: it lies on another one that stays.
ON_DARK_PAGES = {
    BLUE: "#3B90FA",
    ORANGE: "#F18C27",
    GREEN: "#BFF1D5",
    PURPLE: "#F2339F",
    BROWN: "#FFD937",
    GREY: "#B5B5B5",
    BLACK: "#E8E8E8",
    WHITE: "#121212",
    GRID: "#5A5A5A",
    PALE: "#16324A",
}
# Words and lines on a colour map, wherever the page is.
ON_LOW, ON_HIGH = "#FCFCFC", "#0A0A0A"
# The card of a shared link: it has a ground of its own, wherever it is shown.
CARD_INK, CARD_STAR = "#0F3A5C", "#FFC145"
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


def use_book_style() -> None:
    """Set sizes, fonts and lines for every figure that follows."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 3.6),
            "figure.dpi": 144,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "grid.alpha": 0.35,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "svg.hashsalt": "recslib",  # the same names inside, every time
        }
    )
