"""The look of the book: its colours, and the marks and sizes of figures.

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
# The gold of a star, on dark ground; and from two stars to five, as cells.
STAR = "#FFC145"
STARS_AS_CELLS = ("#CBE3F5", "#9FCBEC", "#5B9FD0", "#134A72")
# What pages beside figures are coloured with: on a light page, on a dark one.
ON_PAGES = {
    "primary": (STARS_AS_CELLS[-1], "#8EC5EA"),
    "link": ("#14568A", "#8EC5EA"),
    "link-hover": ("#8A4B08", STAR),
    "inline-code": ("#8A2F5B", "#F2A7C8"),
    "star": (STAR, STAR),
    "stars-in-words": ("#8F5C00", STAR),
    "up": ("#1B6B3A", "#7ED3A0"),
    "down": ("#9C2F1F", "#FF9D8C"),
    "quiet": (GREY, ON_DARK_PAGES[GREY]),
    "rule": (GRID, ON_DARK_PAGES[GRID]),
}
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


def mixed(colour: str, other: str, share: float) -> str:
    """Mix two colours.

    Parameters
    ----------
    colour, other
        As ``#RRGGBB``.
    share
        Of the other one, from 0 to 1.
    """
    pairs = (
        tuple(int(c[at : at + 2], 16) for c in (colour, other))
        for at in (1, 3, 5)
    )
    parts = (round(one + share * (two - one)) for one, two in pairs)
    return "#" + "".join(f"{part:02X}" for part in parts)


# The card of a shared link has a ground of its own, wherever it is shown.
CARD_GROUND = mixed(BLUE, BLACK, 0.5)


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
