"""Each figure twice: what is tidied, recoloured and put into a page."""

import base64
import io
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from bookbuild.pages import figures
from recslib import style


def png_of(colour, alphas):
    pixels = np.array([[[*colour, alpha] for alpha in alphas]], dtype=np.uint8)
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


def test_tidying_shortens_places_and_leaves_scales():
    svg = (
        '<!-- made by --><svg width="1pt"><metadata>when</metadata>'
        '<path d="M 1.23456 2.5 \nL -0.00001 3" transform="scale(0.015625)"/>'
        "</svg>"
    )
    assert figures.tidied(svg) == (
        '<svg fill="#000000" width="1pt">'
        '<path d="M 1.23 2.5 L -0.00 3" transform="scale(0.015625)"/></svg>'
    )


def test_colours_give_way_to_their_partners_and_others_stay():
    svg = 'fill: #0072b2; stroke: #0072B2; fill: #abcdef; href="#m12"'
    assert figures.recoloured(svg, {"#0072b2": "#3B90FA"}) == (
        'fill: #3B90FA; stroke: #3B90FA; fill: #abcdef; href="#m12"'
    )


def test_dots_inside_a_drawing_change_colour_and_keep_their_opacity():
    raster = base64.b64encode(png_of((0, 0x72, 0xB2), [0, 90, 255])).decode()
    svg = f'<image href="data:image/png;base64,{raster}"/>'
    after = figures.recoloured(svg, {"#0072b2": "#3b90fa"})
    packed = re.search(r'base64,([^"]+)"', after)[1]
    pixels = np.array(
        Image.open(io.BytesIO(base64.b64decode(packed))).convert("RGBA")
    )
    assert pixels[0, :, 3].tolist() == [0, 90, 255]
    assert pixels[0, 2, :3].tolist() == [0x3B, 0x90, 0xFA]


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ('width="72pt" height="36pt"', (96, 48)),
        ('width="64" height="10px"', (64, 10)),
    ],
)
def test_a_drawing_says_how_large_it_is(sides, size):
    assert figures.size_of(f"<svg {sides}>") == size


def test_a_drawing_without_a_size_is_an_error_that_says_what_to_do():
    with pytest.raises(ValueError, match="width="):
        figures.size_of("<svg viewBox='0 0 1 1'>")


def test_a_picture_becomes_two_with_the_same_words_and_size():
    page = BeautifulSoup(
        '<p><img alt="A line." class="x" src="../_images/a.svg"/>'
        '<img src="../_static/logo.svg"/></p>',
        "html.parser",
        multi_valued_attributes=None,
    )
    assert figures.pairing({"a.svg": (96, 48)})(page) == 1
    light, dark, logo = page.find_all("img")
    assert light["src"] == "../_images/a.svg"
    assert dark["src"] == "../_images/a-dark.svg"
    assert light["class"] == "figure-light x"
    assert dark["class"] == "figure-dark x"
    for image in (light, dark):
        assert (image["alt"], image["width"], image["height"]) == (
            "A line.",
            "96",
            "48",
        )
    assert logo.attrs == {"src": "../_static/logo.svg"}


def test_drawings_are_redrawn_where_they_lie(tmp_path):
    drawing = tmp_path / "a.svg"
    drawing.write_text(
        f'<svg width="64" height="10"><g stroke="{style.BLACK}"/></svg>',
        "utf-8",
    )
    assert figures.redraw(tmp_path) == {"a.svg": (64, 10)}
    dark = (tmp_path / "a-dark.svg").read_text("utf-8")
    assert style.BLACK in drawing.read_text("utf-8")
    assert style.BLACK not in dark
    assert style.ON_DARK_PAGES[style.BLACK] in dark
