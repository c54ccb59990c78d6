"""Colours have one source: pages, drawings and card take theirs from it."""

import re

import pytest
from PIL import Image

from bookbuild import places
from bookbuild.pages import colours
from recslib import ladders, style

ASSETS = places.ROOT / "book" / "assets"
HEX = re.compile(r"#[0-9a-fA-F]{3,8}\b")
KNOWN = {
    *style.COLOURS,
    *style.ON_DARK_PAGES,
    *style.ON_DARK_PAGES.values(),
    *style.STARS_AS_CELLS,
    *(colour for pair in style.ON_PAGES.values() for colour in pair),
    style.ON_LOW,
    style.ON_HIGH,
    style.STAR,
}


def sheet(theme):
    """The properties that the stylesheet gives a page in this mode."""
    (block,) = re.findall(
        rf'html\[data-theme="{theme}"\] {{(.*?)}}', colours.css(), re.DOTALL
    )
    return dict(re.findall(r"(--[\w-]+): (#\w{6});", block))


def test_a_page_has_the_colours_of_figures_light_and_dark():
    light, dark = sheet("light"), sheet("dark")
    assert light["--dot"] == style.BLUE.lower()
    assert dark["--dot"] == style.ON_DARK_PAGES[style.BLUE].lower()
    assert set(light) == set(dark) == set(colours.properties())


@pytest.mark.parametrize(
    "path", sorted(ASSETS.glob("*.css")), ids=lambda path: path.name
)
def test_no_stylesheet_spells_a_colour(path):
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert not HEX.findall(text)
    for name in re.findall(r"var\((--[\w-]+)\)", text):
        if name.startswith(("--pst", "--book", "--sd", "--pygments")):
            continue
        defined = f"{name}:" in text or name in colours.properties()
        assert defined, name


@pytest.mark.parametrize(
    "path", sorted(ASSETS.glob("*.svg")), ids=lambda path: path.name
)
def test_a_drawing_by_hand_has_no_colour_of_its_own(path):
    known = {colour.lower() for colour in KNOWN}
    drawn = {c.lower() for c in HEX.findall(path.read_text("utf-8"))}
    assert drawn <= known, f"{path.name}: {drawn - known}"


def test_the_card_is_painted_with_the_colours_of_figures(tmp_path):
    card = ladders.social_card("A book", "Is it so?", {"a": 1.1, "b": 0.9})
    card.savefig(tmp_path / "card.png")
    picture = Image.open(tmp_path / "card.png").convert("RGB")
    corner = "#{:02X}{:02X}{:02X}".format(*picture.getpixel((3, 3)))
    assert (
        corner
        == style.CARD_GROUND
        == style.mixed(style.BLUE, style.BLACK, 0.5)
    )
    star = tuple(int(style.STAR[at : at + 2], 16) for at in (1, 3, 5))
    assert star in {colour for _, colour in picture.getcolors(2**20)}


def test_two_colours_are_mixed_by_their_parts():
    assert style.mixed("#000000", "#FFFFFF", 0.2) == "#333333"
    assert style.mixed("#0072B2", "#000000", 0.0) == "#0072B2"
