"""The look of the book: its colours, and the marks and sizes of figures.

Colours start from Okabe and Ito's, which people with any kind of colour vision
can tell apart; those that are pale on white are darker here. None carries a
meaning that a label or a shape does not.
"""

from collections.abc import Iterable
from functools import cache

import matplotlib.pyplot as plt
from matplotlib import font_manager

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


def lacking(text: str, families: Iterable[str]) -> set[str]:
    """Return the signs of a text that no font of these families has."""
    signs = {sign for sign in text if sign.isprintable()}
    for family in families:
        properties = font_manager.FontProperties(family=[family])
        signs = signs - _signs_of(font_manager.findfont(properties))
    return signs


def fonts_for(text: str, usual: Iterable[str] | None = None) -> list[str]:
    """Name the usual fonts, and those that have signs which they lack.

    Parameters
    ----------
    text
        What is to be written, such as a title in Japanese.
    usual
        Families; None takes those of all figures.

    Returns
    -------
    list of str
        Families in the order in which Matplotlib is to look. Where signs are
        lacking, fonts that are installed and have them come last: each time
        the one that has most of them.
    """
    families = list(plt.rcParams["font.family"] if usual is None else usual)
    left = lacking(text, families)
    while left:
        others = [
            (len(left & _signs_of(font.fname)), font.name)
            for font in font_manager.fontManager.ttflist
            # The last resort has a box for every sign there is.
            if font.name not in families and "LastResort" not in font.fname
        ]
        n_found, name = max(others, default=(0, ""))
        if n_found == 0:
            break
        families.append(name)
        left = lacking("".join(left), [name])
    return families


@cache
def _signs_of(path: str) -> frozenset[str]:
    """Return the signs that a font has."""
    return frozenset(map(chr, font_manager.get_font(path).get_charmap()))


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
