"""Mend the built pages: one pass, each repair in its turn.

A page is read once, every repair of `REPAIRS` works on what was read, and
the page is written once. A repair says how many places it mended. One that
finds no place in the whole book stops the build: the theme has changed
under it, and nobody would notice. The browser tests read every page with
axe and notice when a repair is missing.

The pages are those that Sphinx has just written. A second pass over them
finds nothing to mend and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from bookbuild.pages import figures

# Mends a page in place; returns in how many places.
Repair = Callable[[BeautifulSoup], int]

# Signs of code in the colour of plain text.
PLAIN_MARKS = frozenset(["n", "nn", "p", "w"])
# Signs, numbers and built-in names: of little use where all is code.
MINOR_MARKS = PLAIN_MARKS.union(
    ["bp", "fm", "kc", "nb", "o", "ow"],
    ["mb", "mf", "mh", "mi", "mo", "sa", "se", "si"],
)


def removed(tags: Iterable[Tag]) -> int:
    """Take tags and what is in them out of their page; say how many."""
    found = list(tags)
    for tag in found:
        tag.decompose()
    return len(found)


def given(tags: Sequence[Tag], attributes: Mapping[str, str]) -> int:
    """Give attributes to tags, in place of their own; say how many."""
    for tag in tags:
        tag.attrs.update(attributes)
    return len(tags)


def without(tags: Sequence[Tag], attribute: str) -> int:
    """Take an attribute from tags that have it; say from how many."""
    for tag in tags:
        del tag[attribute]
    return len(tags)


def leave_out_minor_marks(page: BeautifulSoup) -> int:
    """Leave out marks of code that weigh more than they tell.

    These are marks in the colour of plain text. On a page of source, which
    is all code, only comments, strings, keywords and definitions keep theirs.
    """
    of_source = page.select_one("div.viewcode-block") is not None
    minor = MINOR_MARKS if of_source else PLAIN_MARKS
    found = 0
    for mark in page.find_all("span"):
        if mark.get("class") not in minor:
            continue
        inner = [part for part in mark.children if isinstance(part, Tag)]
        if all(tag.get("class") == "pre" for tag in inner):
            for tag in (mark, *inner):
                tag.unwrap()
            found += 1
    return found


def leave_out_thebe_address(page: BeautifulSoup) -> int:
    """Leave out where Thebe is: said twice, it throws in the console.

    Thebe runs cells on a server that this book does not have.
    """
    return removed(
        script
        for script in page.find_all("script", src=False)
        if script.text.startswith("const THEBE_JS_URL")
    )


def leave_out_thebe_script(page: BeautifulSoup) -> int:
    """Leave out Thebe's script, put in even when Thebe is off."""
    return removed(page.select('script[src*="sphinx-thebe.js"]'))


def leave_out_thebe_style(page: BeautifulSoup) -> int:
    """Leave out the style of Thebe's buttons, which no page has."""
    return removed(page.select('link[href*="sphinx-thebe.css"]'))


def leave_out_thebe_settings(page: BeautifulSoup) -> int:
    """Leave out Thebe's settings, which nothing reads."""
    return removed(page.select('script[type="text/x-thebe-config"]'))


def leave_out_thebe_kernel(page: BeautifulSoup) -> int:
    """Leave out the kernel that Thebe would start, were it there."""
    return removed(
        script
        for script in page.find_all("script", src=False)
        if script.text.startswith("kernelName =")
    )


def leave_out_icon_script(page: BeautifulSoup) -> int:
    """Leave out a megabyte of script that draws the icons once more.

    It is read before anything is shown.
    """
    return removed(page.select('script[src*="/fontawesome/"]'))


def leave_out_early_fonts(page: BeautifulSoup) -> int:
    """Leave out the early request for fonts: from a folder it fails."""
    return removed(page.select('link[rel="preload"][as="font"]'))


def make_sidebar_a_landmark(page: BeautifulSoup) -> int:
    """Make the sidebar a landmark: its title lies in no other."""
    sidebars = page.select("div.bd-sidebar-primary")
    return given(sidebars, {"role": "navigation", "aria-label": "Book"})


def name_sidebar_arrows(page: BeautifulSoup) -> int:
    """Name what opens a part of the sidebar: it shows only an arrow."""
    arrows = page.select("summary:has(> span.toctree-toggle)")
    return given(arrows, {"aria-label": "Show the pages below"})


def leave_search_button_its_words(page: BeautifulSoup) -> int:
    """Leave out a label unlike the words on its button: none can say it.

    A script writes the button, so here it is text.
    """
    label = ' aria-label="Search"'
    buttons = [
        script
        for script in page.find_all("script", src=False)
        if "search-button-field" in script.text and label in script.text
    ]
    for script in buttons:
        script.string = script.text.replace(label, "")
    return len(buttons)


def rename_search_field(page: BeautifulSoup) -> int:
    """Rename the field above the page: the search page has another."""
    fields = page.select(".search-button__search-container #search-input")
    return given(fields, {"id": "search-input-overlay"})


def leave_out_exercise_ids(page: BeautifulSoup) -> int:
    """Leave out the id that every exercise of a page gets."""
    return without(page.select("#exercise-content"), "id")


def leave_out_solution_ids(page: BeautifulSoup) -> int:
    """Leave out the id that every solution of a page gets."""
    return without(page.select("#solution-content"), "id")


def make_references_list_items(page: BeautifulSoup) -> int:
    """Make entries list items: their role is deprecated.

    The list that they stand in wants list items.
    """
    entries = page.select('[role="doc-biblioentry"]')
    return given(entries, {"role": "listitem"})


def make_signatures_lines(page: BeautifulSoup) -> int:
    """Make the lines of a long signature lines: they define nothing."""
    signatures = page.select("dt.sig > dl")
    for signature in signatures:
        for line in signature.find_all("dd", recursive=False):
            line.name = "span"
            line["class"] = "sig-line"
        signature.unwrap()
    return len(signatures)


def make_corners_cells(page: BeautifulSoup) -> int:
    """Make the corner above a data frame's index a cell: it heads nothing."""
    corners = page.select("th:empty")
    for corner in corners:
        corner.name = "td"
    return len(corners)


def let_keyboards_reach_equations(page: BeautifulSoup) -> int:
    """Let a keyboard reach equations: a wide one scrolls."""
    return given(page.select("div.math"), {"tabindex": "0"})


def let_keyboards_reach_tables(page: BeautifulSoup) -> int:
    """Let a keyboard reach tables: a wide one scrolls."""
    tables = page.select("div.pst-scrollable-table-container")
    return given(tables, {"tabindex": "0"})


REPAIRS: tuple[Repair, ...] = (
    leave_out_minor_marks,  # first, since the rest then search half as much
    leave_out_thebe_address,
    leave_out_thebe_script,
    leave_out_thebe_style,
    leave_out_thebe_settings,
    leave_out_thebe_kernel,
    leave_out_icon_script,
    leave_out_early_fonts,
    make_sidebar_a_landmark,
    name_sidebar_arrows,
    leave_search_button_its_words,
    rename_search_field,
    leave_out_exercise_ids,
    leave_out_solution_ids,
    make_references_list_items,
    make_signatures_lines,
    make_corners_cells,
    let_keyboards_reach_equations,
    let_keyboards_reach_tables,
)


def mended(
    html: str, repairs: Sequence[Repair] = REPAIRS
) -> tuple[str, list[int]]:
    """Mend one built page.

    Parameters
    ----------
    html
        A whole page.
    repairs
        What to do, in this order.

    Returns
    -------
    str
        The page with every repair made. What no repair is about means what
        it meant; the order of attributes and the spelling of signs such as
        ``&nbsp;`` may differ.
    list of int
        How many places each repair mended.
    """
    # As a browser reads it: a class is one string, and of two attributes
    # with one name the first counts.
    page = BeautifulSoup(
        html,
        "html.parser",
        multi_valued_attributes=None,
        on_duplicate_attribute="ignore",
    )
    counts = [repair(page) for repair in repairs]
    return str(page), counts


def mend(paths: Iterable[Path], repairs: Sequence[Repair]) -> None:
    """Mend the pages of a book, each once.

    Parameters
    ----------
    paths
        Every page of the book, as just written.
    repairs
        What to do, in this order.

    Raises
    ------
    ExtensionError
        Where a repair finds nothing to mend on any page.
    """
    totals = [0] * len(repairs)
    for path in paths:
        html, counts = mended(path.read_text(encoding="utf-8"), repairs)
        path.write_text(html, encoding="utf-8")
        totals = [sum(both) for both in zip(totals, counts, strict=True)]
    idle = [r for r, total in zip(repairs, totals, strict=True) if not total]
    if idle:
        raise ExtensionError(nothing_to_mend(idle))


def nothing_to_mend(repairs: Sequence[Repair]) -> str:
    """Say which repairs match nowhere, and what to do about it."""
    names = "".join(
        f"\n  {repair.__name__}: {repair.__doc__.splitlines()[0]}"
        for repair in repairs
    )
    return (
        "A repair of the built pages finds nothing to mend on any page:"
        f"{names}\n"
        "The theme, or what else writes these pages, has changed. Look at "
        "the new pages, under _build/new. Where the slip is gone, remove the "
        "repair from book/bookbuild/pages/repairs.py; where it is written in "
        "another way, mend what the repair looks for."
    )


def mend_pages(app: Sphinx, error: Exception | None) -> None:
    """Redraw the figures that Sphinx has just copied, and mend its pages."""
    if error is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    sizes = figures.redraw(out / "_images")
    # What lies in _static are templates of the theme, no pages.
    pages = sorted(
        path
        for path in out.rglob("*.html")
        if path.relative_to(out).parts[0] != "_static"
    )
    mend(pages, (*REPAIRS, figures.pairing(sizes)))
