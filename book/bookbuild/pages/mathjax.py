"""Serve MathJax from the book itself, so that no page asks another host.

The files come from the Python package sphinx-mathjax-offline, which carries
MathJax 3.2.2. Its own Sphinx extension copies all of it, twenty megabytes;
a page needs one script and the fonts.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PACKAGE = "sphinx-mathjax-offline"
SCRIPT = Path("tex-chtml-full.js")
FONTS = Path("output", "chtml", "fonts", "woff-v2")


def mathjax_folder() -> Path:
    """Folder of the installed MathJax.

    Returns
    -------
    Path
        The folder that holds ``tex-chtml-full.js``.

    Raises
    ------
    ExtensionError
        When the package that carries MathJax is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ExtensionError(
            f"MathJax is missing: the Python package {PACKAGE} carries it "
            "and is not installed. Install the book's requirements: "
            "pip install -r requirements.txt"
        )
    return Path(spec.submodule_search_locations[0], "static", "mathjax")


def copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """Copy the script and its fonts beside the built pages."""
    if error is not None or app.builder.format != "html":
        return
    copy_files(Path(app.outdir, "_static", "mathjax"))


def copy_files(target: Path) -> None:
    """Copy the script and its fonts into a folder.

    Parameters
    ----------
    target
        A folder, which is made where it is missing.
    """
    source = mathjax_folder()
    (target / FONTS).mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source / SCRIPT, target / SCRIPT)
    for font in (source / FONTS).glob("*.woff"):
        shutil.copyfile(font, target / FONTS / font.name)
