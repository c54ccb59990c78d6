"""Every test that asks for `chapter` runs once for each notebook."""

from bookbuild import chapters


def pytest_generate_tests(metafunc):
    if "chapter" in metafunc.fixturenames:
        paths = chapters.paths()
        metafunc.parametrize("chapter", paths, ids=lambda path: path.stem)
