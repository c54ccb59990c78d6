"""One edition to be solved, one to teach from; the same bytes each time."""

import io
import posixpath
import re
import zipfile
from copy import deepcopy

import nbformat
import pytest

from bookbuild import BuildError, chapters, cli, places
from bookbuild.classroom import editions, make, packs
from bookbuild.classroom.exercises import exercises_in, solutions_in
from bookbuild.classroom.leaks import leaks, leaks_in_archive, leaks_in_text
from bookbuild.classroom.notes import notes_on
from bookbuild.lone import FIRST_CELL, FOLDER, script
from bookbuild.myst import ONE_LINK
from bookbuild.notebooks import tags
from bookbuild.results.page import BUILT

# Links to pages that archives do not have.
TO_LEFT_OUT = re.compile(
    r"\[([^][]+)\]\(\.\./book/(?!glossary\.md|setup\.md)[^)\s]*\)"
)
NAMES = [path.stem for path in chapters.paths()]


@pytest.mark.parametrize("name", NAMES)
def test_the_student_edition_gives_no_solution_away(name, book, secrets):
    edition = editions.student_edition(book[name])
    assert leaks(edition, secrets) == []
    assert leaks_in_text(script(edition), f"{name}.py", secrets) == []


@pytest.mark.parametrize("name", NAMES)
def test_students_have_the_chapters_cells_up_to_its_solutions(name, book):
    edition = editions.student_edition(book[name])
    cells = book[name].cells
    solutions = solutions_in(book[name])  # a template has none
    stop = cells.index(solutions[0]) if solutions else len(edition.cells)
    before = cells[:stop]
    assert [c.id for c in edition.cells] == [c.id for c in before]
    for cell, own in zip(edition.cells, before, strict=True):
        words = TO_LEFT_OUT.sub(r"*\1*", own.source)
        assert cell.source == words or cell.id == FIRST_CELL
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None


@pytest.mark.parametrize("name", NAMES)
def test_teachers_have_solutions_and_notes_where_they_belong(name, book):
    noted = notes_on(name, book[name])
    edition = editions.instructor_edition(book[name], noted)
    ids = [cell.id for cell in edition.cells]
    assert len(ids) == len(set(ids))
    for exercise in exercises_in(book[name]):
        check = ids.index(exercise.check.id)
        solved = [cell.id for cell in exercise.solution]
        assert ids[check + 1 :][: len(solved)] == solved
        assert ids[check + 1 + len(solved)] == f"wrong-{exercise.label}"
    shown = [c.source for c in edition.cells if c.id.startswith("note-")]
    assert len(shown) == len(noted.sections)
    for section in noted.sections.values():
        assert any(f"{section.minutes} minutes" in each for each in shown)
    assert not any(cell.id.startswith("record") for cell in edition.cells)


def test_the_instructor_edition_keeps_what_the_run_showed(book):
    name = NAMES[0]
    edition = editions.instructor_edition(
        book[name], notes_on(name, book[name])
    )
    shown = {c.id: c.outputs for c in edition.cells if c.cell_type == "code"}
    for cell in book[name].cells:
        if cell.cell_type == "code" and cell.id in shown and cell.outputs:
            assert shown[cell.id]
    passed = [o[0].text for k, o in shown.items() if k.endswith("-worked")]
    assert set(passed) == {"Pass.\n"}


def of_archives(part):
    """Name a case for the process that has made the archives."""
    return f"{part}@archives"


@pytest.fixture(scope="module", params=["@archives"])
def built(tmp_path_factory):
    """Make everything, twice; slides have tests of their own."""
    folder = tmp_path_factory.mktemp("build")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "BUILD", folder)
        patch.setattr(places, "EXECUTED", folder / "executed")
        patch.setattr(places, "HTML", folder / "html")
        patch.setattr(make, "write_slides", lambda folder: None)
        assert cli.main(["classroom"]) == 0
        first = {
            path.name: path.read_bytes()
            for path in (folder / "classroom").glob("*.zip")
        }
        assert cli.main(["classroom"]) == 0
    return folder / "classroom", first


def test_two_times_the_same_archives_come(built):
    folder, first = built
    assert set(first) == {"student.zip", "instructor.zip", "labs.zip"}
    for name, content in first.items():
        assert (folder / name).read_bytes() == content


@pytest.mark.parametrize("part", make.FOR_STUDENTS, ids=of_archives)
def test_an_archive_for_students_gives_nothing_away(built, part, secrets):
    """The library's checks know the answers: `test_leaks` says in what way."""
    _, archives = built
    found = [
        each
        for each in leaks_in_archive(archives[f"{part}.zip"], secrets)
        if f"{FOLDER}/recslib/" not in each
    ]
    assert found == []


@pytest.mark.parametrize("part", make.PARTS, ids=of_archives)
def test_an_archive_has_what_its_notebooks_need(built, part):
    folder, archives = built
    with zipfile.ZipFile(io.BytesIO(archives[f"{part}.zip"])) as archive:
        names = set(archive.namelist())
        assert f"{FOLDER}/recslib/checks/__init__.py" in names
        assert f"{FOLDER}/book/glossary.md" in names
        assert f"{FOLDER}/pyproject.toml" in names
        assert not any("/tests/" in name for name in names)
        for name in names:
            here = folder / part / name.removeprefix(f"{FOLDER}/")
            assert here.read_bytes() == archive.read(name)


@pytest.mark.parametrize("part", make.PARTS, ids=of_archives)
def test_an_archive_is_whole_without_the_built_book(built, part):
    """No table is missing that only the build fills, and no link is dead."""
    _, archives = built
    with zipfile.ZipFile(io.BytesIO(archives[f"{part}.zip"])) as archive:
        names = set(archive.namelist())
        texts = {name: archive.read(name).decode() for name in names}
    marked = [name for name, text in texts.items() if BUILT.search(text)]
    assert marked == []
    n_links = 0
    for name, text in texts.items():
        if not name.endswith(".ipynb"):
            continue
        for cell in nbformat.reads(text, as_version=4).cells:
            if cell.cell_type != "markdown":
                continue
            for link in ONE_LINK.finditer(cell.source):
                file = link["url"].partition("#")[0]
                # What has no dot is code: `layers[0](ratings)`.
                if "." in file and "://" not in file:
                    place = posixpath.join(posixpath.dirname(name), file)
                    assert posixpath.normpath(place) in names, (name, file)
                    n_links += 1
    assert n_links > 50


def test_where_a_solution_would_get_out_nothing_is_written(
    tmp_path, monkeypatch, book, capsys
):
    def leaky(notebook):
        edition = editions.student_edition(notebook)
        edition.cells += [c for c in notebook.cells if "solution" in tags(c)]
        return edition

    monkeypatch.setattr(places, "BUILD", tmp_path)
    monkeypatch.setattr(places, "HTML", tmp_path / "html")
    monkeypatch.setattr(make, "student_edition", leaky)
    assert cli.main(["classroom"]) == 1
    said = capsys.readouterr().err
    assert "student/notebooks/00_pytorch_in_twenty_minutes.ipynb" in said
    assert "nothing was written" in said
    assert not (tmp_path / "classroom").exists()


def test_an_exercise_that_is_not_complete_is_named(book):
    for ending, said in {
        "-check": "needs a cell for the answer",
        "-solution": "has no solution",
    }.items():
        notebook = deepcopy(book[NAMES[0]])
        name = f"ex-0-column{ending}"
        notebook.cells = [c for c in notebook.cells if c.id != name]
        with pytest.raises(BuildError, match=f"'ex-0-column' {said}"):
            exercises_in(notebook)


def test_the_archives_order_and_date_are_always_the_same():
    one = packs.packed({"b": b"2", "a": b"1"})
    assert one == packs.packed({"a": b"1", "b": b"2"})
