"""Every test that asks for `chapter` runs once for each notebook."""

import build


def pytest_generate_tests(metafunc):
    if "chapter" in metafunc.fixturenames:
        paths = build.chapters()
        metafunc.parametrize("chapter", paths, ids=lambda path: path.stem)
