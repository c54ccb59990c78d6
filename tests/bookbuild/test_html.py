"""The step from executed notebooks to HTML, without a book to build."""

import subprocess
import sys

from bookbuild.html import JUPYTER_BOOK


def test_what_stops_jupyter_book_is_said_without_a_way_through_its_code(
    tmp_path,
):
    run = subprocess.run(
        [sys.executable, "-c", JUPYTER_BOOK, "build", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 1
    assert "Table of Contents" in run.stdout
    assert "Traceback" not in run.stdout
