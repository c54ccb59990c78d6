"""MathJax comes from this machine, or the build says what is missing."""

import pytest
from sphinx.errors import ExtensionError

from bookbuild.pages import mathjax


def test_the_script_and_the_fonts_are_where_they_are_copied_from():
    folder = mathjax.mathjax_folder()
    assert (folder / mathjax.SCRIPT).stat().st_size > 1_000_000
    fonts = {path.name for path in (folder / mathjax.FONTS).iterdir()}
    assert "MathJax_Main-Regular.woff" in fonts


def test_a_missing_package_is_named_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setattr(mathjax, "PACKAGE", "no-such-package")
    with pytest.raises(ExtensionError, match="no-such-package") as caught:
        mathjax.mathjax_folder()
    assert "pip install -r requirements.txt" in str(caught.value)
