"""Which tests run in one process, and the browser that they open."""

import gc
import os
from contextlib import ExitStack

import pytest
from xdist.scheduler import LoadScopeScheduling

from bookbuild.paper.browser import NoBrowserError, opened_browser

# Thousands of tests stay, and trees of whole pages: Python is not to look for
# garbage among them whenever 700 objects were made.
gc.set_threshold(100_000, 20, 50)


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
    with ExitStack() as stay:
        try:
            browser = stay.enter_context(opened_browser())
        except NoBrowserError as missing:
            if os.environ.get("REQUIRE_BROWSER") == "1":
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        browser.on("context", be_patient)
        yield browser
