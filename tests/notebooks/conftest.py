"""Every test that asks for `chapter` runs once for each notebook."""

from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def pytest_generate_tests(metafunc):
    if "chapter" in metafunc.fixturenames:
        paths = sorted(NOTEBOOKS.glob("*.ipynb"))
        metafunc.parametrize("chapter", paths, ids=lambda path: path.stem)
