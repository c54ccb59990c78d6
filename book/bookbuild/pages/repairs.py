"""Mend the theme's slips in the built pages.

Each repair is a pattern, what takes its place, and why. The browser tests
read every page with axe and notice when one is missing.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx

REPAIRS: tuple[tuple[str, str], ...] = (
    # Thebe runs cells on a server that this book does not have. Its script
    # is put in even when it is off, twice, which throws in the console.
    (r"<script>const THEBE_JS_URL[^<]*</script>\s*", ""),
    (r"<script[^>]*sphinx-thebe\.js[^>]*></script>\s*", ""),
    (r"<link[^>]*sphinx-thebe\.css[^>]*>\s*", ""),
    (r'<script type="text/x-thebe-config">.*?</script>\s*', ""),
    (r"<script>kernelName = '[^']*'</script>\s*", ""),
    # A megabyte of script, read before anything is shown, that draws the
    # icons once more; and fonts asked for in a way that fails from a folder.
    (r"<script[^>]*fontawesome[^>]*\.js[^>]*></script>\s*", ""),
    (r'<link\b(?=[^>]*rel="preload")[^>]*as="font"[^>]*>\s*', ""),
    # The sidebar's title lies outside every landmark.
    (
        r'<div class="bd-sidebar-primary bd-sidebar([^"]*)">',
        r'<div class="bd-sidebar-primary bd-sidebar\1"'
        r' role="navigation" aria-label="Book">',
    ),
    # What opens a part of the sidebar shows an arrow and says nothing.
    (
        r'<summary>(<span class="toctree-toggle")',
        r'<summary aria-label="Show the pages below">\1',
    ),
    # A label that differs from the words on the button cannot be spoken.
    (
        r'(<button class="btn search-button-field[^>]*?) aria-label="[^"]*"',
        r"\1",
    ),
    # The search page has two search fields with one id.
    (
        r'(class="search-button__search-container">(?:(?!</form>).)*?)'
        r'id="search-input"',
        r'\1id="search-input-overlay"',
    ),
    # Every exercise and every solution of a page gets the same id.
    (r' id="(?:exercise|solution)-content"', ""),
    # The role of an entry is deprecated, and its list wants list items.
    (r'role="doc-biblioentry"', 'role="listitem"'),
    # The lines of a long signature are no definitions.
    (
        r'<dd>(<em class="sig-param">[^\n]*</em>,?)</dd>',
        r'<span class="sig-line">\1</span>',
    ),
    (r'<dl>\s*(<span class="sig-line">)', r"\1"),
    (r'(</span>)\s*</dl>\s*(<span class="sig-paren">)', r"\1\n\2"),
    # The corner above a data frame's index is no header.
    (r"<th></th>", "<td></td>"),
    # These signs of code have the colour of plain text; their marks weigh
    # more than the text.
    (
        r'<span class="[np]"><span class="pre">([^<]*)</span></span>',
        r"\1",
    ),
    (r'<span class="(?:n|nn|p|w)">([^<]*)</span>', r"\1"),
    # An equation wider than the screen scrolls; a keyboard must get there.
    (
        r'<div class="math notranslate nohighlight"(?! tabindex)',
        r'<div class="math notranslate nohighlight" tabindex="0"',
    ),
    # So does a wide table.
    (
        r'<div class="pst-scrollable-table-container"(?! tabindex)',
        r'<div class="pst-scrollable-table-container" tabindex="0"',
    ),
)


def repair(page: str) -> str:
    """Mend one built page.

    Parameters
    ----------
    page
        HTML of a whole page.

    Returns
    -------
    str
        The page with every repair made; repairing it again changes nothing.
    """
    for pattern, replacement in REPAIRS:
        page = re.sub(pattern, replacement, page, flags=re.DOTALL)
    return page


def repair_pages(app: Sphinx, error: Exception | None) -> None:
    """Mend every page that Sphinx has just written."""
    if error is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        before = path.read_text(encoding="utf-8")
        after = repair(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
