"""Which tests run in one process, and the browser that they open."""

import os

import pytest
from playwright.sync_api import sync_playwright
from xdist.scheduler import LoadScopeScheduling

from bookbuild.paper.browser import FLAGS, NoBrowserError, browser_path


class OneByOneOrGroup(LoadScopeScheduling):
    """Hands out single tests, and groups whose tests share what they opened.

    A test is of a group where the name of its case ends in ``@GROUP``. Groups
    go first: they take the longest.
    """

    def _split_scope(self, nodeid):
        _, at, group = nodeid.removesuffix("]").rpartition("@")
        return group if at else nodeid


def pytest_xdist_make_scheduler(config, log):
    """Take the place of `--dist loadgroup`."""
    if config.getvalue("dist") == "loadgroup":
        return OneByOneOrGroup(config, log)
    return None


def be_patient(context):
    """Wait longer than a busy machine takes: two minutes, and not 30 s."""
    context.set_default_timeout(120_000)


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        try:
            path = browser_path(playwright.chromium.executable_path)
        except NoBrowserError as missing:
            if os.environ.get("REQUIRE_BROWSER") == "1":
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        browser.on("context", be_patient)
        yield browser
        browser.close()
