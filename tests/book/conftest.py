"""The built book, a server for it, and a browser to read it in."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from bs4 import BeautifulSoup
from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"


def pages_in(folder):
    """Every page of the book, relative to its folder."""
    return sorted(
        path.relative_to(folder)
        for path in folder.rglob("*.html")
        if "_static" not in path.parts
    )


def pytest_generate_tests(metafunc):
    """Every test that asks for `page_path` runs for each page."""
    if "page_path" in metafunc.fixturenames:
        # The longest first, so that none is left for one worker at the end.
        # The front door only sends the reader on.
        paths = sorted(
            (path for path in pages_in(HTML) if path != Path("index.html")),
            key=lambda path: -(HTML / path).stat().st_size,
        )
        metafunc.parametrize("page_path", paths, ids=Path.as_posix)


class FileOrPage(LoadFileScheduling):
    """Hands out files, whose tests share what they opened, and single pages.

    What a page shows at one width is mostly known at another, so one process
    looks at both. Pages share nothing else, and go where there is room.
    """

    def _split_scope(self, nodeid):
        page, of_a_page, _ = nodeid.partition(".html-")
        return page if of_a_page else super()._split_scope(nodeid)


def pytest_xdist_make_scheduler(config, log):
    """Take the place of `--dist loadfile`."""
    if config.getvalue("dist") == "loadfile":
        return FileOrPage(config, log)
    return None


@pytest.fixture(scope="session")
def html_folder():
    if not (HTML / "book" / "index.html").is_file():
        pytest.fail(f"no built book in {HTML}: run 'make book' first")
    return HTML


@pytest.fixture(scope="session")
def page_paths(html_folder):
    """Every page of the book, relative to its folder."""
    return pages_in(html_folder)


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


# What axe takes longest for, by far: it looks for all that lies behind a word.
# Where words look alike, on one page or on several, it looks at the first.
MARK_ALIKE = (Path(__file__).parent / "alike.js").read_text()
ONE_OF_A_KIND = """axe.configure({rules: [
    {id: "color-contrast", selector: ":not([data-alike])"},
    {id: "link-in-text-block", selector: "a[href]:not([data-alike])"},
]});"""
ASKED_OF_ONE = {"color-contrast", "link-in-text-block"}


@pytest.fixture(scope="session")
def axe():
    """Return what asks axe about a page, or about parts of it (a selector)."""
    # To say of all that is well that it is takes as long as to find what is
    # not.
    options = {"preload": False, "resultTypes": ["violations"]}
    well_seen = set()

    def ask(page, parts="html", **rules):
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT + ONE_OF_A_KIND)
        shown = page.evaluate(MARK_ALIKE, [parts, " ".join(well_seen)])
        found = page.evaluate(
            "([parts, options]) => axe.run(parts, options)",
            [parts, options | rules],
        )
        ran = set(rules.get("runOnly", ASKED_OF_ONE))
        if ran >= ASKED_OF_ONE and not found["violations"]:
            well_seen.update(shown)
        return found

    return ask
