"""Leave out of the built book what no page asks for.

The theme brings its icons three times, its translations, and maps that lead
from its scripts back to their sources. A book that people download is
lighter without them. `repairs` takes out what would ask for one.
"""

from pathlib import Path

from sphinx.application import Sphinx

UNUSED = (
    # README shows it to those who have no book yet.
    "page.png",
    "locales",
    "scripts/*.map",
    "styles/*.map",
    "sphinx-thebe.*",
    # Browsers take the .woff2 of the same icons.
    "vendor/fontawesome/*/webfonts/*.ttf",
    # A script that draws what the font already shows.
    "vendor/fontawesome/*/js",
)


def unused_in(static: Path) -> list[Path]:
    """List the files under a built ``_static`` that no page asks for."""
    found = [path for pattern in UNUSED for path in static.glob(pattern)]
    return sorted(
        file
        for path in found
        for file in (path.rglob("*") if path.is_dir() else [path])
        if file.is_file()
    )


def leave_out(app: Sphinx, error: Exception | None) -> None:
    """Remove unused files when the pages are written."""
    if error is None and app.builder.format == "html":
        static = Path(app.outdir, "_static")
        for path in unused_in(static):
            path.unlink()
        folders = [path for path in static.rglob("*") if path.is_dir()]
        for folder in sorted(folders, reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()
