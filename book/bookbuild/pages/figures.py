"""Show each figure twice: as drawn, and redrawn for a dark page.

Figures are SVG files in the colours of `recslib.style`. On a dark page every
colour gives way to its partner there, so nothing is inverted or dimmed by a
filter. Each picture gets the size that it will have, so that the text around
it does not jump when it arrives.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from sphinx.application import Sphinx

from recslib import style

DARK = {light.lower(): dark for light, dark in style.ON_DARK_PAGES.items()}
# SVG's own size is in points, a page's in pixels.
PIXELS = {"pt": 96 / 72, "px": 1.0, "": 1.0}

COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
RASTER = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=\s]+)")
# Not scale(): the signs of a font are large, and shrunk by it.
PLACES = re.compile(r'(?<=[\s"])(?:d|x|y|points)="[^"]*"|translate\([^)]*\)')
NUMBER = re.compile(r"-?\d+\.\d{3,}")
UNSEEN = re.compile(
    r"<!--.*?-->|<!DOCTYPE[^>]*>|<metadata>.*?</metadata>", re.DOTALL
)
SIZE = re.compile(r'<svg[^>]*?\swidth="([\d.]+)(\w*)"', re.DOTALL)
HEIGHT = re.compile(r'<svg[^>]*?\sheight="([\d.]+)(\w*)"', re.DOTALL)
PICTURE = re.compile(r'<img\b[^>]*\bsrc="([^"]*_images/[^"]*\.svg)"[^>]*>')


def tidied(svg: str) -> str:
    """Leave out what nobody sees, and name the colour that is left unsaid.

    Remarks go, and digits beyond 0.01 points. What has no colour is black.
    """

    def shorter(match: re.Match[str]) -> str:
        text = NUMBER.sub(lambda n: f"{float(n[0]):.2f}", match[0])
        return " ".join(text.split())

    svg = svg.replace("<svg ", f'<svg fill="{style.BLACK}" ', 1)
    svg = re.sub(r">\s+<", "><", UNSEEN.sub("", svg))
    svg = PLACES.sub(shorter, svg)
    return recoloured(svg, {})  # which makes pictures inside smaller


def recoloured(svg: str, partners: Mapping[str, str] = DARK) -> str:
    """Give every colour its partner, in drawings and in pictures inside.

    Parameters
    ----------
    svg
        A drawing.
    partners
        Colours as ``#rrggbb`` in small letters, to what takes their place;
        others stay.
    """

    def partner(match: re.Match[str]) -> str:
        return partners.get(match[0].lower(), match[0])

    def picture(match: re.Match[str]) -> str:
        png = recoloured_dots(base64.b64decode(match[1]), partners)
        return "data:image/png;base64," + base64.b64encode(png).decode()

    pieces = RASTER.split(svg)
    drawn = [COLOUR.sub(partner, piece) for piece in pieces[::2]]
    pictures = [picture(match) for match in RASTER.finditer(svg)]
    return "".join(
        piece + raster
        for piece, raster in zip(drawn, [*pictures, ""], strict=True)
    )


def recoloured_dots(png: bytes, partners: Mapping[str, str] = DARK) -> bytes:
    """Give dots of one colour on nothing the partner of that colour.

    Parameters
    ----------
    png
        A picture whose visible pixels have one colour, more or less opaque.
    partners
        As for `recoloured`.
    """
    pixels = np.array(Image.open(io.BytesIO(png)).convert("RGBA"))
    opaque = pixels[pixels[..., 3] == pixels[..., 3].max(), :3]
    colours, counts = np.unique(opaque, axis=0, return_counts=True)
    colour = "#{:02x}{:02x}{:02x}".format(*colours[counts.argmax()])
    dark = partners.get(colour, colour)
    pixels[..., :3] = [int(dark[at : at + 2], 16) for at in (1, 3, 5)]
    written = io.BytesIO()
    # Few shades of one colour: a palette holds them all.
    Image.fromarray(pixels).quantize(64).save(written, "PNG", optimize=True)
    return written.getvalue()


def size_of(svg: str) -> tuple[int, int]:
    """Return width and height of a drawing in CSS pixels.

    Raises
    ------
    ValueError
        Where it does not say how large it is.
    """
    width, height = SIZE.search(svg), HEIGHT.search(svg)
    if width is None or height is None:
        raise ValueError(
            'This SVG does not say how large it is: give width="..." and '
            'height="..." in its first tag.'
        )
    return tuple(
        round(float(side[1]) * PIXELS[side[2]]) for side in (width, height)
    )


def pair(tag: str, source: str, size: tuple[int, int]) -> str:
    """Return two pictures for one: a page shows the one of its mode.

    Parameters
    ----------
    tag
        The ``<img>`` of the light one.
    source
        Its address, ending in ``.svg``.
    size
        Width and height in CSS pixels.
    """
    width, height = size
    sized = tag.replace(
        "<img",
        f'<img width="{width}" height="{height}" loading="lazy"',
        1,
    )
    dark = source.removesuffix(".svg") + "-dark.svg"
    light_one, dark_one = (
        with_class(sized, name) for name in ("figure-light", "figure-dark")
    )
    return light_one + dark_one.replace(f'"{source}"', f'"{dark}"')


def with_class(tag: str, name: str) -> str:
    """Add a class to an ``<img>``."""
    if ' class="' in tag:
        return tag.replace(' class="', f' class="{name} ', 1)
    return tag.replace("<img", f'<img class="{name}"', 1)


def pair_pictures(app: Sphinx, error: Exception | None) -> None:
    """Redraw every figure for dark pages, and put both into each page."""
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    sizes = {}
    for path in sorted((out / "_images").glob("*.svg")):
        svg = tidied(path.read_text(encoding="utf-8"))
        sizes[path.name] = size_of(svg)
        path.write_text(svg, encoding="utf-8")
        path.with_name(f"{path.stem}-dark.svg").write_text(
            recoloured(svg), encoding="utf-8"
        )
    for path in out.rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        paired = PICTURE.sub(
            lambda m: pair(m[0], m[1], sizes[Path(m[1]).name]), page
        )
        if paired != page:
            path.write_text(paired, encoding="utf-8")
