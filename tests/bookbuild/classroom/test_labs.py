"""Every exercise works alone: its stub says "Not yet", its solution passes."""

import contextlib
import io
import re
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from bookbuild import chapters, notebooks
from bookbuild.classroom import labs
from bookbuild.classroom.editions import student_edition
from bookbuild.classroom.exercises import exercises_in
from bookbuild.classroom.leaks import leaks
from bookbuild.classroom.packs import beside
from bookbuild.marks import REFERENCE
from bookbuild.myst import ONE_LINK
from bookbuild.plain import heading_targets

NAMES = [path.stem for path in chapters.paths()]
QUICK = {"dataset": "synthetic", "quick": True}


@pytest.fixture(scope="module")
def made(book):
    return {name: labs.labs_of(name, book[name]) for name in book}


def cases():
    return [
        pytest.param(path.stem, exercise.label, id=exercise.label)
        for path in chapters.paths()
        for exercise in exercises_in(notebooks.read(path))
    ]


def run(source, names):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(source, names)
    return printed.getvalue()


@pytest.mark.parametrize(("name", "label"), cases())
def test_a_lab_stands_alone(name, label, book, made):
    """In one process: what it does, a kernel does, too."""
    (exercise,) = (e for e in exercises_in(book[name]) if e.label == label)
    lab, names = made[name][labs.name_of(exercise)], {}
    for cell in lab.cells:
        if cell.cell_type == "code":
            said = run(cell.source, names)
            if "parameters" in notebooks.tags(cell):
                names |= {k: v for k, v in QUICK.items() if k in names}
    assert said.startswith("Not yet: ")
    for worked in exercise.worked:
        if "checks." in worked.source:
            assert run(worked.source, names) == "Pass.\n"


@pytest.mark.parametrize("name", NAMES)
def test_labs_give_no_solution_away(name, made, secrets):
    for lab in made[name].values():
        assert leaks(lab, secrets) == []


@pytest.mark.parametrize("name", NAMES)
def test_links_of_labs_lead_somewhere(name, book, made):
    at_hand = set(beside())
    targets = {k: heading_targets(student_edition(b)) for k, b in book.items()}
    for lab in made[name].values():
        for cell in lab.cells:
            if cell.cell_type != "markdown":
                continue
            assert not REFERENCE.search(cell.source)
            for link in ONE_LINK.finditer(cell.source):
                file, _, place = link["url"].partition("#")
                if "://" in file:
                    continue
                path = Path(file)
                assert path.parts[0] == ".."
                if path.suffix == ".ipynb":
                    assert path.parts[1] == "notebooks"
                    assert not place or unquote(place) in targets[path.stem]
                else:
                    assert path.relative_to("..").as_posix() in at_hand


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_found_by_the_ids_of_the_chapter(name, book, made):
    for exercise in exercises_in(book[name]):
        lab = made[name][labs.name_of(exercise)]
        by_id = {cell.id: cell for cell in lab.cells}
        assert by_id[exercise.stub.id].source == exercise.stub.source
        assert by_id[exercise.check.id].source == exercise.check.source
        assert len(by_id) == len(lab.cells)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_lab_needs_is_folded_and_short(name, made):
    for lab in made[name].values():
        first = [c.id for c in lab.cells].index("lab-needs")
        assert lab.cells[first].metadata == labs.CLOSED
        for cell in lab.cells[first + 1 :]:
            if cell.cell_type != "code":
                break
            assert cell.metadata["jupyter"] == {"source_hidden": True}
            assert len(cell.source.splitlines()) <= 40


def test_what_would_have_to_be_computed_is_left_to_the_chapter(made):
    (note,) = (
        cell.source
        for cell in made["03_lstm_sequences"]["3-07_hours"].cells
        if cell.id == "lab-missing"
    )
    assert re.match(r"\*Not here:\* `compare`, `on_items`, `heard_in`", note)
    assert "03_lstm_sequences.ipynb#Exercise-3.7:" in note


def test_a_lab_brings_no_function_that_does_what_is_asked(made):
    lab = made["01_matrix_factorization"]["1-04_clear"]
    code = [c.source for c in lab.cells if c.cell_type == "code"]
    assert not any("zero_grad" in source for source in code)
    assert "`step_cleared`" in lab.cells[-3].source


@pytest.mark.slow
def test_a_lab_runs_in_a_kernel_from_the_folder_that_is_handed_out(
    tmp_path, monkeypatch, made
):
    tests = Path(__file__).parents[2] / "notebooks"
    monkeypatch.setattr(sys, "path", [str(tests), *sys.path])
    from kernels import opened

    from bookbuild.classroom.packs import write_folder

    write_folder(beside(), tmp_path)
    folder = tmp_path / "labs"
    folder.mkdir()
    lab = made["00_pytorch_in_twenty_minutes"]["0-05_loops"]
    with opened(lab, folder) as started:
        started.run(lab.cells)
        assert started.ask("import recslib; print(recslib.__name__)")
    assert lab.cells[-1].outputs[0].text.startswith("Not yet: for loop A")
