"""Solutions are found wherever they may be left, and nothing else is."""

import base64
import io
import re
import zipfile
from copy import deepcopy

import nbformat
import pytest
from nbformat import v4

from bookbuild import places
from bookbuild.classroom import leaks as search
from bookbuild.classroom.editions import student_edition
from bookbuild.classroom.exercises import exercises_in

STUB = '''\
def your_total(stars: list[float], n: int) -> float:
    """Return a total."""
    ...  # your answer here
'''
WORKED = '''\
def total_solution(stars: list[float], n: int) -> float:
    """Add up the best."""
    best = sorted(stars, reverse=True)[:n]
    return sum(best) / max(len(best), 1)


print(checks.total(total_solution))'''
BODY = """\
best = sorted(stars, reverse=True)[:n]
return sum(best) / max(len(best), 1)"""
RENAMED = """\
def anything(a, b):
    c = sorted(a, reverse=True)[:b]
    return sum(c) / max(len(c), 1)"""
SENTENCE = "Sort the stars first, and take the mean of the best ones."


def cell(kind, source, name, tag=""):
    made = {"code": v4.new_code_cell, "markdown": v4.new_markdown_cell}[kind](
        source, metadata={"tags": [tag]} if tag else {}
    )
    made.id = name
    return made


@pytest.fixture
def chapter():
    return v4.new_notebook(
        cells=[
            cell("markdown", "# A chapter", "title"),
            cell("code", "import os", "bring-the-book", "remove-cell"),
            cell("code", "import math\nx = math.sqrt(2)", "own"),
            cell("markdown", "## Exercises", "exercises"),
            cell("markdown", "### Exercise 9.1: A total", "ex-9-total"),
            cell("code", STUB, "stub"),
            cell("code", "print(checks.total(your_total))", "c", "self-check"),
            cell("markdown", "## Solutions", "solutions"),
            cell(
                "markdown",
                f"### Solution 9.1: A total\n\n{SENTENCE}",
                "ex-9-total-solution",
            ),
            cell("code", WORKED, "worked", "solution"),
            cell("code", "record = 1", "record", "remove-cell"),
        ]
    )


@pytest.fixture
def found(chapter):
    """Search a student's copy to which something was done."""
    secrets = search.secrets_of([chapter])

    def found(change):
        edition = student_edition(chapter)
        change(edition)
        return "\n".join(search.leaks(edition, secrets))

    return found


def zipped(name, content):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(name, content)
    return written.getvalue()


def with_cell(kind, source, **metadata):
    def change(edition):
        edition.cells.append(cell(kind, source, "added"))
        edition.cells[-1].metadata.update(metadata)

    return change


def with_output(**output):
    return lambda edition: edition.cells[2].outputs.append(
        v4.new_output(**output)
    )


def filled(edition):
    edition.cells[5].source = STUB.replace("...", "return 4.5")


def attached(edition):
    text = base64.b64encode(WORKED.encode()).decode()
    edition.cells[0].attachments = {"a.txt": {"text/plain": text}}


INDENTED = BODY.replace("\n", "\n    ")
COMMENTED = "\n".join(f"# {line}" for line in RENAMED.splitlines())
LEAKS = {
    "the cell": (with_cell("code", WORKED), "a name of the solution"),
    "a line": (
        with_cell("code", "top = 1; best = sorted(stars, reverse=True)[:n]"),
        "is a line of the solution of ex-9-total",
    ),
    "other blanks": (
        with_cell("code", "best=sorted( stars,reverse = True )[:n]"),
        "is a line of",
    ),
    "other names": (with_cell("code", RENAMED), "the tree of the solution"),
    "the body alone": (
        with_cell("code", f"def f(stars, n):\n    'x'\n    {INDENTED}"),
        "the tree of",
    ),
    "a body in a loop": (
        with_cell(
            "code",
            "for a in rows:\n    def g(b):\n        y = 1\n"
            "        c = sorted(a, reverse=True)[:b]\n"
            "        return sum(c) / max(len(c), 1)",
        ),
        "the tree of",
    ),
    "the name alone": (with_cell("code", "total_solution = 3"), "is a name"),
    "the stub filled in": (filled, "your_total is more than its stub"),
    "the answer elsewhere": (
        with_cell("code", "your_total = lambda stars, n: 4"),
        "your_total is more than its stub",
    ),
    "a comment": (with_cell("code", f"y = 1\n{COMMENTED}"), "the tree of"),
    "a text in code": (
        with_cell("code", f'hint = """\n{RENAMED}\n"""'),
        "the tree of",
    ),
    "a block in words": (
        with_cell("markdown", f"So:\n\n```python\n{RENAMED}\n```\n"),
        "the tree of",
    ),
    "a code span": (
        with_cell("markdown", "Try `your_total = sum` here."),
        "more than its stub",
    ),
    "a sentence": (
        with_cell("markdown", f"Hint: {SENTENCE}".replace(" the ", "\nthe ")),
        "is in the solution of ex-9-total",
    ),
    "a heading": (with_cell("markdown", "### Solution 9.1: X"), "heads a"),
    "metadata": (with_cell("code", "y = 2", was=[{"a": BODY}]), "metadata"),
    "metadata of the notebook": (
        lambda edition: edition.metadata.update(before={"old": WORKED}),
        "metadata, before, old",
    ),
    "a printed output": (
        with_output(output_type="stream", text=BODY),
        "outputs, text",
    ),
    "a shown output": (
        with_output(
            output_type="display_data", data={"text/html": f"<p>{SENTENCE}"}
        ),
        "text/html",
    ),
    "an attachment": (attached, "attachments.*unpacked"),
    "an archive": (
        with_cell(
            "code",
            f'z = "{base64.b64encode(zipped("a/b.py", RENAMED)).decode()}"',
        ),
        "a/b.py: code with the tree",
    ),
}


@pytest.mark.parametrize("place", LEAKS)
def test_a_solution_is_found(found, place):
    change, said = LEAKS[place]
    assert_said(said, found(change))


def assert_said(pattern, text):
    assert re.search(pattern, text, re.DOTALL), text or "nothing was found"


@pytest.mark.parametrize(
    "source",
    [
        STUB,
        "import math\ny = math.sqrt(3)",
        "print(checks.total(your_total))",
        "best = sorted(stars)[:n]",
        "def f(a, b):\n    c = sorted(a)[:b]\n    return sum(c) / len(c)",
    ],
)
def test_what_is_no_solution_is_not_found(found, source):
    assert found(with_cell("code", source)) == ""


def test_a_notebook_in_a_notebooks_archive_is_read(chapter):
    secrets = search.secrets_of([chapter])
    inner = zipped("deep/x.ipynb", nbformat.writes(chapter))
    outer = zipped("kit.zip", inner)
    said = "\n".join(search.leaks_in_archive(outer, secrets))
    assert "kit.zip, deep/x.ipynb" in said
    assert "total_solution is a name" in said


def test_every_solution_of_the_book_has_something_that_gives_it_away(secrets):
    for secret in secrets.each:
        assert secret.lines and secret.sentences and secret.trees


def test_every_solution_of_the_book_would_be_found(book, secrets):
    for notebook in book.values():
        edition = student_edition(notebook)
        edition.cells = edition.cells[:3]
        for exercise in exercises_in(notebook):
            leaky = deepcopy(edition)
            leaky.cells += exercise.worked
            said = search.leaks(leaky, secrets)
            of = f"of the solution of {exercise.label}."
            assert any(f"is a line {of}" in each for each in said)
            if exercise.label not in TOLD.values():
                assert any(f"the tree {of}" in each for each in said), of


# What the chapters themselves tell, and mean to: the exercise asks to write
# it from memory.
TOLD = {"softmax-loss": "ex-4-softmax"}


def test_no_chapter_solves_an_exercise_before_its_solutions(secrets):
    told = {
        cell_id: secret.label
        for secret in secrets.each
        for tree, cell_id in secrets.shared.items()
        if tree in secret.trees
    }
    assert told == TOLD


# The one of the pairs that a check asks about has the numbers of a solution;
# the other is the loss that the chapter shows.
IN_THE_LIBRARY = {
    ("checks/dense_network.py", "ex-2-multiply"),
    ("lists.py", "ex-4-softmax"),
}


def test_the_library_holds_no_solution_as_it_is_worked_out(secrets):
    """A check knows the right answer, in words of its own."""
    folder, found = places.ROOT / "recslib", set()
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        trees = search.trees_in(source, secrets.fixed, secrets.outlines)
        for secret in secrets.each:
            assert not any(f"def {name}(" in source for name in secret.names)
            if trees & secret.trees:
                name = path.relative_to(folder).as_posix()
                found.add((name, secret.label))
    assert found == IN_THE_LIBRARY
