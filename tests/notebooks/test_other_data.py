"""Each chapter on a table that is not MovieLens 100K's."""

from math import exp

import pytest
from kernels import quick_settings, running, shown

from bookbuild import chapters, notebooks
from recslib import movielens
from recslib.downloads import DownloadError


def write_bare(path, rating_of, sizes=(40, 60, 1_500)):
    """Write a user, an item and a rating made of stars, and no more."""
    ratings = movielens.synthetic(*sizes).ratings
    rows = zip(
        ratings.users.tolist(),
        ratings.items.tolist(),
        ratings.ratings.tolist(),
        strict=True,
    )
    lines = [
        f"u{user},i{item},{rating_of(stars, row)}"
        for row, (user, item, stars) in enumerate(rows)
    ]
    path.write_text("\n".join(["user,book,rating", *lines]) + "\n")
    return path


@pytest.fixture(scope="session")
def bare_table(tmp_path_factory):
    """Ratings on a scale from 0 to 100."""
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    return write_bare(path, lambda stars, _: f"{25 * (stars - 1):.0f}")


ABOUT_DATA = [
    path for path in chapters.paths() if "dataset" in quick_settings(path)
]
TEMPLATES = [each.name for each in chapters.committed() if each.template]


def said_on(path, dataset):
    """Run a notebook quick on other data; return all that it printed."""
    settings = quick_settings(path) | {"dataset": dataset}
    with running(path, settings) as ran:
        ran.run(ran.notebook.cells)
        return "".join(shown(cell)[0] for cell in ran.notebook.cells)


@pytest.mark.slow
@pytest.mark.parametrize("path", ABOUT_DATA, ids=lambda path: path.stem)
def test_a_chapter_runs_on_a_table_without_titles_and_times(path, bare_table):
    said = said_on(path, str(bare_table))
    if path.stem in TEMPLATES:
        assert "Liked is 100 or more" in said
        return
    assert "The text was written about MovieLens 100K" in said
    assert "Ratings from 0 to 100 are read as stars" in said
    assert "There are no timestamps: a random order stands in" in said


# The template, on scales that people have ------------------------------------

# From stars, and the number of the row, to a rating; what errors are in; and
# what the newcomer of the template gives, as is printed.
SCALES = {
    "1 to 10": (lambda stars, _: 2 * stars, "points", "10"),
    "-10 to 10": (lambda stars, _: 5 * (stars - 3), "points", "10"),
    "0 or 1": (lambda stars, _: int(stars > 3), "points", "1"),
    "half stars": (lambda stars, _: stars - 0.5, "stars", "4.5"),
    "hours": (
        lambda stars, row: f"{exp(3 * stars - 7) + row % 7:.1f}",
        "log(1 + amount)",
        "2987",
    ),
}


@pytest.fixture(scope="module")
def template():
    """Start the template in a kernel that all scales share."""
    (path,) = (each for each in ABOUT_DATA if each.stem in TEMPLATES)
    with running(path, quick_settings(path)) as ran:
        yield ran


@pytest.mark.slow
@pytest.mark.parametrize("scale", SCALES)
def test_the_template_runs_on_any_scale_and_names_its_unit(
    template, scale, tmp_path
):
    rating_of, unit, highest = SCALES[scale]
    table = write_bare(tmp_path / "mine.csv", rating_of, sizes=(25, 30, 500))
    settings = {"dataset": str(table), "folder": str(tmp_path / "own")}
    lines = [f"{name} = {value!r}" for name, value in settings.items()]
    cells = template.notebook.cells
    (given,) = (cell for cell in cells if "parameters" in notebooks.tags(cell))
    given.source = "\n".join([given.source, *lines])
    template.run(cells)
    assert (tmp_path / "own" / "report.html").is_file()
    assert f"RMSE in {unit}" in str(shown(template.cell("stars"))[1])
    told = shown(template.cell("told-by-newcomer"))[0]
    assert told.startswith(f"{highest} for item ")
    assert shown(template.cell("loaded"))[0] == "True\n"


# MovieLens latest-small, where it is here ------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("path", ABOUT_DATA, ids=lambda path: path.stem)
def test_a_chapter_runs_on_latest_small(path):
    try:
        movielens.find("latest-small", fetch=False)
    except DownloadError:
        pytest.skip(
            "MovieLens latest-small is not here: name the folder that holds "
            "ml-latest-small in RECSLIB_DATA"
        )
    said = said_on(path, "latest-small")
    if path.stem in TEMPLATES:
        assert "a model of ratings" in said
        return
    assert "The text was written about MovieLens 100K" in said
