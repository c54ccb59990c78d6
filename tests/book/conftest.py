"""The built book, a server for it, and a browser to read it in."""

import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"

BROWSER_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
BROWSER_PATHS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_BROWSER = (
    "no Chromium, Chrome or Edge found, so nobody looked at the pages. "
    "Get one with 'apt-get install chromium' (Debian, Ubuntu), "
    "'brew install --cask chromium' (macOS) or "
    "'python -m playwright install chromium' (anywhere)."
)


@pytest.fixture(scope="session")
def html_folder():
    if not (HTML / "book" / "index.html").is_file():
        pytest.fail(f"no built book in {HTML}: run 'make book' first")
    return HTML


@pytest.fixture(scope="session")
def page_paths(html_folder):
    """Every page of the book, relative to its folder."""
    return sorted(
        path.relative_to(html_folder)
        for path in html_folder.rglob("*.html")
        if "_static" not in path.parts
    )


@pytest.fixture(scope="session")
def pages(html_folder, page_paths):
    """Every page, parsed, by its path."""
    return {
        path: BeautifulSoup((html_folder / path).read_bytes(), "html.parser")
        for path in page_paths
    }


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture(scope="session")
def book_address(html_folder):
    handler = partial(QuietHandler, directory=html_folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def browser_path(own):
    """The browser to run: one on this machine, else playwright's own."""
    found = [shutil.which(name) for name in BROWSER_NAMES]
    for path in [*found, *BROWSER_PATHS, own]:
        if path and Path(path).is_file():
            return path
    return None


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        path = browser_path(playwright.chromium.executable_path)
        if path is None:
            if os.environ.get("REQUIRE_BROWSER") == "1":
                pytest.fail(NO_BROWSER)
            pytest.skip(NO_BROWSER)
        browser = playwright.chromium.launch(
            executable_path=path, args=BROWSER_FLAGS
        )
        yield browser
        browser.close()
