import re
from itertools import combinations
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from recslib import style

pytestmark = pytest.mark.usefixtures("a_clean_desk")

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
ON_DARK = tuple(style.ON_DARK_PAGES[colour] for colour in style.COLOURS)


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


@pytest.mark.parametrize("colours", [style.COLOURS, ON_DARK])
def test_nobody_confuses_colours_more_than_those_of_okabe_and_ito(colours):
    assert nearest_pair(colours) >= nearest_pair(OKABE_ITO)


def test_the_check_notices_two_colours_that_are_alike_without_a_cone():
    assert nearest_pair(["#00A000", "#B06000"]) < nearest_pair(OKABE_ITO) / 2


def test_colours_stand_out_from_the_page_light_or_dark():
    dark_page = style.ON_DARK_PAGES[style.WHITE]
    assert min(contrast(c, style.WHITE) for c in style.COLOURS) >= 3
    assert min(contrast(c, dark_page) for c in ON_DARK) >= 4.5


# Sizes and lines -------------------------------------------------------------


def test_the_style_of_the_book_is_set_for_what_follows():
    style.use_book_style()
    ax = plt.subplots()[1]
    assert ax.figure.dpi == 144
    assert not ax.spines["top"].get_visible()


# One place -------------------------------------------------------------------


def test_no_other_module_spells_a_colour():
    for path in Path(style.__file__).parent.glob("*.py"):
        found = re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text("utf-8"))
        assert not found or path.name == "style.py", (path.name, found)
