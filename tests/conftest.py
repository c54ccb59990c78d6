"""Which tests run in one process, where several processes share the work."""

from xdist.scheduler import LoadScopeScheduling


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
