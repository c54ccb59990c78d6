"""Each chapter on a table that is not MovieLens's: no titles, no times."""

import pytest
from kernels import quick_settings, running, shown

from bookbuild import chapters
from recslib.movielens import synthetic


@pytest.fixture(scope="session")
def bare_table(tmp_path_factory):
    """Ratings of users and items, on a scale from 0 to 100, and no more."""
    ratings = synthetic(n_users=40, n_items=60, n_ratings=1_500).ratings
    rows = zip(
        ratings.users.tolist(),
        ratings.items.tolist(),
        ratings.ratings.tolist(),
        strict=True,
    )
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    lines = [
        f"u{user},i{item},{25 * (stars - 1):.0f}" for user, item, stars in rows
    ]
    path.write_text("\n".join(["user,book,rating", *lines]) + "\n")
    return path


ABOUT_DATA = [
    path for path in chapters.paths() if "dataset" in quick_settings(path)
]
TEMPLATES = [each.name for each in chapters.committed() if each.template]


@pytest.mark.slow
@pytest.mark.parametrize("path", ABOUT_DATA, ids=lambda path: path.stem)
def test_a_chapter_runs_on_a_table_without_titles_and_times(path, bare_table):
    settings = quick_settings(path) | {"dataset": str(bare_table)}
    with running(path, settings) as ran:
        ran.run(ran.notebook.cells)
        said = "".join(shown(cell)[0] for cell in ran.notebook.cells)
    if path.stem in TEMPLATES:
        assert "Liked is 100 or more" in said
        return
    assert "The text was written about MovieLens 100K" in said
    assert "Ratings from 0 to 100 are read as stars" in said
    assert "There are no timestamps: a random order stands in" in said
