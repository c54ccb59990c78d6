"""Notes of teachers fit the chapters: minutes, sections, wrong answers."""

import contextlib
import io
import re

import pytest
import yaml
from nbformat import v4

from bookbuild import BuildError, chapters
from bookbuild.classroom import notes
from bookbuild.classroom.exercises import exercises_in
from bookbuild.classroom.labs import labs_of, name_of
from bookbuild.classroom.slices import names_in
from bookbuild.lone import FIRST_CELL
from bookbuild.minutes import lengths
from recslib.movielens import synthetic
from recslib.splits import carve_validation, random_split

NAMES = [path.stem for path in chapters.paths()]


@pytest.fixture(scope="module")
def held():
    """Return a small set where a check is asked about data."""
    made = synthetic(150, 200, 12_000, n_factors=3).ratings
    split = random_split(made, 0.2, 0)
    return {"chosen_on": carve_validation(split, share=0.1, seed=0)}


def set_up(lab, exercise):
    """Run what a lab brings along, but for the data."""
    names, own = {}, (FIRST_CELL, exercise.stub.id, exercise.check.id)
    for cell in lab.cells:
        if cell.cell_type == "code" and cell.id not in own:
            if "data" in names_in(cell.source)[0]:
                break
            exec(cell.source, names)
    return names


def run(source, names):
    """Run code; return what it prints, in one line."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(source, names)
    return " ".join(printed.getvalue().split())


@pytest.mark.parametrize("name", NAMES)
def test_a_class_takes_as_long_as_a_reader_or_up_to_three_times(name, book):
    read = lengths(book[name])
    for heading, section in notes.notes_on(name, book[name]).sections.items():
        alone = read[heading].minutes
        assert alone <= section.minutes <= 3 * alone, heading


@pytest.mark.parametrize("name", NAMES)
def test_wrong_answers_get_what_the_notes_say(name, book, held):
    said_to = notes.notes_on(name, book[name])
    labs = labs_of(name, book[name])
    for exercise in exercises_in(book[name]):
        at_hand = set_up(labs[name_of(exercise)], exercise)
        for wrong in said_to.wrong[exercise.label]:
            names = at_hand | held
            exec(wrong.answer, names)
            said = run(exercise.check.source, names)
            assert said.startswith("Not yet: ")
            assert wrong.says in said, (exercise.label, said)


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_has_two_wrong_answers_and_their_reasons(name, book):
    for label, wrongs in notes.notes_on(name, book[name]).wrong.items():
        assert 2 <= len(wrongs) <= 3, label
        for wrong in wrongs:
            assert wrong.why.endswith((".", "?"))
            assert max(map(len, wrong.answer.splitlines())) <= 84


@pytest.fixture
def changed(tmp_path, monkeypatch, book):
    """Read the notes of the first chapter after a change."""
    name = NAMES[0]
    text = (notes.FOLDER / f"{name}.yml").read_text(encoding="utf-8")
    monkeypatch.setattr(notes, "FOLDER", tmp_path)

    def changed(change):
        read = yaml.safe_load(text)
        change(read)
        path = tmp_path / f"{name}.yml"
        path.write_text(yaml.safe_dump(read), encoding="utf-8")
        with pytest.raises(BuildError) as problem:
            notes.notes_on(name, book[name])
        return str(problem.value)

    return changed


def test_a_section_that_is_missing_or_unknown_is_named(changed):
    def rename(read):
        read["sections"]["Tensor"] = read["sections"].pop("Summary")

    said = changed(rename)
    assert re.search(r"'sections', missing are \['Summary'\]", said)
    assert "['Tensor']" in said


@pytest.mark.parametrize(
    ("key", "value"),
    [("says", ""), ("why", None), ("answer", 3), ("minutes", "ten")],
)
def test_an_entry_that_is_not_complete_is_named(changed, key, value):
    def spoil(read):
        entry = read["exercises"]["ex-0-rows"]
        (entry if key == "minutes" else entry["wrong"][0])[key] = value

    said = changed(spoil)
    assert f"'ex-0-rows' needs '{key}'" in said
    assert repr(value) in said


def test_notes_without_a_part_say_which(changed):
    assert "has no 'exercises'" in changed(lambda r: r.pop("exercises"))


def test_a_chapter_without_exercises_needs_no_notes(tmp_path, monkeypatch):
    monkeypatch.setattr(notes, "FOLDER", tmp_path)
    assert notes.notes_on("09_none", v4.new_notebook()).sections == {}
