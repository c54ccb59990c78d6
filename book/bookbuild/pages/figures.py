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
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path, PurePosixPath

import numpy as np
from bs4 import BeautifulSoup, Tag
from PIL import Image

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


def redraw(folder: Path) -> dict[str, tuple[int, int]]:
    """Tidy every drawing of a folder, and put its dark one beside it.

    Parameters
    ----------
    folder
        The built book's folder of pictures.

    Returns
    -------
    dict
        Name of a drawing to its width and height in CSS pixels.
    """
    sizes = {}
    for path in sorted(folder.glob("*.svg")):
        svg = tidied(path.read_text(encoding="utf-8"))
        sizes[path.name] = size_of(svg)
        path.write_text(svg, encoding="utf-8")
        path.with_name(f"{path.stem}-dark.svg").write_text(
            recoloured(svg), encoding="utf-8"
        )
    return sizes


def pairing(
    sizes: Mapping[str, tuple[int, int]],
) -> Callable[[BeautifulSoup], int]:
    """Return the repair that shows each drawing twice.

    Parameters
    ----------
    sizes
        As `redraw` returns them.
    """

    def pair_pictures(page: BeautifulSoup) -> int:
        """Pair drawings: one in a light page's colours is lost on dark."""
        pictures = page.select('img[src*="_images/"][src$=".svg"]')
        for picture in pictures:
            pair(picture, sizes[PurePosixPath(picture["src"]).name])
        return len(pictures)

    return pair_pictures


def pair(picture: Tag, size: tuple[int, int]) -> None:
    """Put a dark picture behind a light one: a page shows that of its mode.

    Parameters
    ----------
    picture
        The ``<img>`` of the light one, on its page.
    size
        Width and height in CSS pixels.
    """
    width, height = size
    picture.attrs |= {
        "width": str(width),
        "height": str(height),
        "loading": "lazy",
        # On a narrow page too, its place is as high before it arrives.
        "style": f"aspect-ratio: {width} / {height}",
    }
    dark = copy(picture)
    dark["src"] = picture["src"].removesuffix(".svg") + "-dark.svg"
    add_class(picture, "figure-light")
    add_class(dark, "figure-dark")
    picture.insert_after(dark)


def add_class(tag: Tag, name: str) -> None:
    """Put a class before those that a tag has."""
    tag["class"] = f"{name} {tag.get('class', '')}".rstrip()
