"""Find the browser that prints the book and that the tests look through."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from bookbuild import BuildError

VARIABLE = "RECSLIB_BROWSER"
NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
PATHS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = (
    "No Chromium, Chrome or Edge was found. "
    "Get one with 'apt-get install chromium' (Debian, Ubuntu), "
    "'brew install --cask chromium' (macOS) or "
    "'python -m playwright install chromium' (anywhere), "
    f"or set {VARIABLE} to the path of the one that you have."
)


class NoBrowserError(BuildError):
    """No browser was found; the message says how to get one."""


def browser_path(own: str) -> str:
    """Return the path of the browser to run.

    It is the one that the environment variable names, else one that is
    installed on this machine, else Playwright's own.

    Parameters
    ----------
    own
        Where Playwright keeps its own; there need not be one.

    Raises
    ------
    NoBrowserError
        Where there is none, or the variable names no file.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not Path(named).is_file():
            raise NoBrowserError(
                f"{VARIABLE} is {named!r}, and there is no such file. Set it "
                "to the path of Chromium, Chrome or Edge, or unset it."
            )
        return named
    found = [shutil.which(name) for name in NAMES]
    for path in [*found, *PATHS, own]:
        if path and Path(path).is_file():
            return path
    raise NoBrowserError(MISSING)


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Open a browser, and close it in the end.

    Raises
    ------
    NoBrowserError
        Where there is none.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path(playwright.chromium.executable_path),
            args=FLAGS,
        )
        yield browser
        browser.close()
