"""Mistakes at the command line get a reason, and leave nothing half done."""

import os
import re
import subprocess
import sys
from importlib import import_module

import pytest
from nbformat import v4

from bookbuild import (
    BuildError,
    cli,
    files,
    new_chapter,
    notebooks,
    places,
)
from bookbuild.marks import marks_in

RECORD = {
    "title": "First",
    "question": "Is it so?",
    "about": "About it.",
    "printed": None,
    "headline": None,
    "values": [],
}
KIND = "application/vnd.recslib.chapter+json"
CONTENTS = """\
root: book/index
parts:
  - chapters:
{}"""


def cell(source, *outputs, name):
    made = v4.new_code_cell(source, outputs=list(outputs), execution_count=1)
    made.id = name
    return made


def chapter(first="bring-the-book", answer="42"):
    record = v4.new_output("display_data", {KIND: RECORD})
    number = v4.new_output("stream", text=answer)
    title = v4.new_markdown_cell("# First things")
    title.id = "title"
    return v4.new_notebook(
        cells=[
            title,
            cell('address = ""', name=first),
            cell("answer()", number, name="answer"),
            cell("record", record, name="record"),
        ]
    )


class House:
    """A repository of two chapters, run, in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("01_first", "02_second"):
            self.write(f"notebooks/{name}.ipynb", chapter())
            self.write(f"_build/notebooks/{name}.ipynb", chapter(answer="43"))
        listed = "      - file: notebooks/{}\n"
        lines = [listed.format(name) for name in ("01_first", "02_second")]
        self.write("_toc.yml", CONTENTS.format("".join(lines)))
        self.write("_config.yml", 'title: A book\nrepository: {url: ""}\n')

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        else:
            notebooks.write(notebooks.cleaned(content), path)

    def files(self):
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr(places, "BUILD", tmp_path / "_build")
    monkeypatch.setattr(places, "STAGE", tmp_path / "_build")
    monkeypatch.setattr(places, "EXECUTED", tmp_path / "_build/notebooks")
    monkeypatch.chdir(tmp_path)
    return House(tmp_path)


def told(capsys, *command):
    """Run a command that fails; return what it says, in one line."""
    assert cli.main(command) == 1
    said = capsys.readouterr()
    assert not said.out
    assert "Traceback" not in said.err
    return " ".join(said.err.split())


def test_all_notebooks_are_refreshed(house):
    assert cli.main(["refresh"]) == 0
    for name in ("01_first", "02_second"):
        fresh = notebooks.read(house.folder / f"notebooks/{name}.ipynb")
        assert fresh.cells[2].outputs[0].text == "43"


@pytest.mark.parametrize("slip", ["missing", "broken", "edited"])
def test_where_one_cannot_be_refreshed_none_is(house, capsys, slip):
    second = house.folder / "_build/notebooks/02_second.ipynb"
    if slip == "missing":
        second.unlink()
    if slip == "broken":
        second.write_text("<<<<<<< HEAD\n", encoding="utf-8")
    if slip == "edited":
        source = chapter()
        source.cells[2].source = "another()"
        house.write("notebooks/02_second.ipynb", source)
    before = house.files()
    said = told(capsys, "refresh")
    assert "02_second.ipynb" in said
    assert "No notebook was written" in said
    assert house.files() == before


@pytest.mark.parametrize(
    "name", ["03_third.ipynb", "notebooks/01_frist.ipynb"]
)
def test_a_notebook_that_is_not_there_is_named_before_any_runs(
    house, capsys, name
):
    said = told(capsys, "execute", "01_first.ipynb", name)
    assert name in said
    assert "01_first.ipynb, 02_second.ipynb" in said


def test_a_broken_notebook_is_named_before_any_runs(house, capsys):
    house.write("notebooks/02_second.ipynb", '{"cells": [')
    said = told(capsys, "execute")
    assert "02_second.ipynb is no notebook" in said


@pytest.mark.parametrize("command", ["html", "results"])
def test_what_was_not_run_is_named_with_the_command_to_run_it(
    house, capsys, command
):
    (house.folder / "_build/notebooks/02_second.ipynb").unlink()
    said = told(capsys, command)
    assert "Not run yet: 02_second.ipynb" in said
    assert "make book" in said


@pytest.mark.parametrize("command", ["html", "results"])
def test_a_run_of_an_older_source_is_no_run(house, capsys, command):
    source = chapter()
    source.cells[2].source = "another()"
    house.write("notebooks/01_first.ipynb", source)
    said = told(capsys, command)
    assert "01_first.ipynb: The notebook was changed after" in said


def test_a_chapter_that_is_not_in_the_contents_is_named(house, capsys):
    house.write(
        "_toc.yml", CONTENTS.format("      - file: notebooks/01_first\n")
    )
    before = house.files()
    assert "`- file: notebooks/02_second`" in told(capsys, "html")
    assert house.files() == before


def test_contents_that_name_no_notebook_are_told_so(house, capsys):
    (house.folder / "notebooks/02_second.ipynb").unlink()
    assert "names notebooks/02_second" in told(capsys, "html")


def test_a_chapter_that_nobody_could_run_alone_is_found_at_once(house, capsys):
    house.write("notebooks/02_second.ipynb", chapter(first="imports"))
    said = told(capsys, "html")
    assert "02_second.ipynb" in said
    assert "copy that cell" in said


@pytest.mark.parametrize("name", ["_toc.yml", "_config.yml"])
@pytest.mark.parametrize("text", ["a: [1,\n", "only words\n", None])
def test_settings_that_cannot_be_read_are_named(house, capsys, name, text):
    if text is None:
        (house.folder / name).unlink()
    else:
        house.write(name, text)
    assert name in told(capsys, "html")


def test_a_repository_with_no_address_is_told_where_to_write_it(house, capsys):
    before = house.files()
    assert "repository: url" in told(capsys, "address")
    assert house.files() == before


def test_an_address_goes_into_all_chapters_or_into_none(house, capsys):
    url = "https://github.com/a/b"
    house.write("_config.yml", f'repository: {{url: "{url}"}}\n')
    house.write("notebooks/02_second.ipynb", chapter(first="imports"))
    before = house.files()
    assert "copy that cell" in told(capsys, "address")
    assert house.files() == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("trial", "two digits"),
        ("04_Trial", "small letters"),
        ("../04_trial", "two digits"),
        ("", "NAME=04_trial"),
        ("02_other", "taken by notebooks/02_second.ipynb"),
    ],
)
def test_a_chapter_with_an_impossible_name_is_not_started(
    house, capsys, name, reason
):
    before = house.files()
    assert reason in told(capsys, "chapter", name)
    assert house.files() == before


def test_nothing_is_left_of_a_chapter_that_does_not_run(
    house, capsys, monkeypatch
):
    def fails(*_, **__):
        raise BuildError("No data.")

    monkeypatch.setattr(new_chapter, "execute", fails)
    before = house.files()
    assert "No data." in told(capsys, "chapter", "04_trial")
    assert house.files() == before


def test_a_new_chapter_has_the_outputs_and_numbers_of_its_first_run(
    house, monkeypatch
):
    def runs(source, output):
        """Stand in for a run, in which every value is 0.5."""
        made = notebooks.read(source)
        texts = [c.source for c in made.cells if c.cell_type == "markdown"]
        keys = {mark.key for text in texts for mark in marks_in(text)}
        numbers = dict.fromkeys(sorted(keys - {"minutes"}), 0.5)
        kept = {"section": "Trial", "kind": "exact", "numbers": numbers}
        data = {KIND: RECORD | {"values": [kept]}}
        made.cells[-1].outputs = [v4.new_output("display_data", data)]
        notebooks.write(made, output)

    monkeypatch.setattr(new_chapter, "execute", runs)
    monkeypatch.setattr(new_chapter, "write_readme", lambda: None)
    before = house.files()
    assert cli.main(["chapter", "04_trial"]) == 0
    made = notebooks.read(house.folder / "notebooks/04_trial.ipynb")
    assert made.cells[-1].outputs[0].data[KIND]["title"] == RECORD["title"]
    texts = [c.source for c in made.cells if c.cell_type == "markdown"]
    found = [mark for text in texts for mark in marks_in(text)]
    assert {mark.key for mark in found} > {"minutes"}
    for mark in found:
        if mark.key == "minutes":
            assert int(mark.text) > 0
        else:
            assert float(mark.text) == 0.5
    references = re.findall(r"(?:Figure |\()(\d\.\d)\)?<!--", "".join(texts))
    assert references and all(each.startswith("4.") for each in references)
    for name, content in before.items():  # and the others are as they were
        assert (house.folder / name).read_bytes() == content


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_each_command_has_its_function_and_is_one_of_the_help(command):
    module, function, _ = cli.COMMANDS[command]
    assert callable(getattr(import_module(f"bookbuild.{module}"), function))
    assert command in cli.parser().format_help()


def test_a_python_without_the_packages_names_the_one_that_has_them():
    started = subprocess.run(
        [sys.executable, "-S", places.ROOT / "book" / "build.py", "numbers"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert started.returncode == 1
    assert f"{sys.executable} lacks 'nbformat'" in started.stderr
    assert ".venv/bin/python" in started.stderr
    assert "Traceback" not in started.stderr


def test_numbers_go_into_all_notebooks_or_into_none(house, capsys):
    (house.folder / "book").mkdir()
    lost = chapter()
    lost.cells[0].source += "\n\n0<!--lost:.2f-->"
    house.write("notebooks/02_second.ipynb", lost)
    before = house.files()
    said = told(capsys, "numbers")
    assert "notebooks/02_second.ipynb: the text quotes 'lost'" in said
    assert house.files() == before


def test_a_build_without_what_the_scripts_need_is_told_the_command(
    house, capsys, monkeypatch
):
    monkeypatch.setattr(places, "SCRIPTS", house.folder / "_build" / "scripts")
    assert "book/build.py scripts" in told(capsys, "html")


def test_a_paper_that_nobody_has_is_refused_with_those_there_are():
    run = subprocess.run(
        [sys.executable, "book/build.py", "pdf", "--paper", "A5"],
        cwd=places.ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 2
    assert "A4" in run.stderr and "Traceback" not in run.stderr


def test_several_files_are_written_or_none(tmp_path, monkeypatch):
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text("old")

    def full(*_, **__):
        raise OSError(28, "No space left on device", str(second))

    files.write_all({first: "new", second: "new"})
    assert (first.read_text(), second.read_text()) == ("new", "new")
    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_all({first: "newer", second: "newer"})
    assert (first.read_text(), second.read_text()) == ("new", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "a.txt",
        "b.txt",
    ]


def test_a_full_disk_is_said_in_words(house, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device", "notebooks/01")

    monkeypatch.setattr(os, "fdopen", full)
    before = house.files()
    assert "No space left on device" in told(capsys, "refresh")
    assert house.files() == before


def test_a_command_that_is_stopped_says_so_and_no_more(
    house, capsys, monkeypatch
):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(notebooks, "check_unchanged", stopped)
    assert cli.main(["refresh"]) == cli.INTERRUPTED
    assert "Stopped." in capsys.readouterr().err


def test_a_command_of_the_classroom_has_a_manual_and_its_words(capsys):
    with pytest.raises(SystemExit):
        cli.main(["grade", "--help"])
    said = capsys.readouterr().out
    for part in ("grades.csv", "which cell is an answer", "could forge one"):
        assert part in said
    chosen = cli.parser().parse_args(
        ["grade", "--only", "1.1, 1.4", "class", "--seconds", "3"]
    )
    assert (chosen.only, chosen.folder) == (["1.1", "1.4"], "class")
    with pytest.raises(SystemExit):
        cli.main(["grade", "class", "--seconds", "0"])
    assert "less than 1" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_told_in_words(capsys):
    assert cli.main(["grade", "nowhere"]) == 1
    assert "There is no folder 'nowhere'" in capsys.readouterr().err
