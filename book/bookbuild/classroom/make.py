"""Make all that a teacher takes to class, in _build/classroom."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.chapters import last_run
from bookbuild.classroom.editions import instructor_edition, student_edition
from bookbuild.classroom.exports import write_quizzes
from bookbuild.classroom.labs import labs_of
from bookbuild.classroom.leaks import (
    Secrets,
    leaks,
    leaks_in_text,
    secrets_of,
)
from bookbuild.classroom.notes import notes_on
from bookbuild.classroom.packs import beside, packed, write_folder
from bookbuild.classroom.slides import write_slides
from bookbuild.classroom.student_pages import (
    leaks_in_pages,
    student_pages,
    student_slides,
)
from bookbuild.current import current
from bookbuild.lone import script
from bookbuild.notebooks import text_of

Book = Mapping[str, NotebookNode]
Files = dict[str, bytes]


def chapters_to_teach() -> tuple[dict[str, NotebookNode], str]:
    """Return the chapters by name, and a line that says which they are.

    They are as they were run last, or as they are committed where that run
    is of other cells, or there is none.
    """
    book, runs = last_run()
    notebooks = {chapter.name: chapter.notebook for chapter in book}
    values = {chapter.name: chapter.values for chapter in book}
    made = current(notebooks, values, notebooks if runs else None)
    return made, "as they were run last" if runs else "as they are committed"


def as_bytes(notebook: NotebookNode) -> bytes:
    """Return a notebook as it lies on disk."""
    return text_of(notebook).encode()


def student_files(book: Book) -> Files:
    """Make the student edition: notebooks, and the same as scripts."""
    files = {}
    for name, notebook in book.items():
        edition = student_edition(notebook)
        files[f"notebooks/{name}.ipynb"] = as_bytes(edition)
        files[f"notebooks/{name}.py"] = script(edition).encode()
    return files


def instructor_files(book: Book) -> Files:
    """Make the instructor edition."""
    return {
        f"notebooks/{name}.ipynb": as_bytes(
            instructor_edition(notebook, notes_on(name, notebook))
        )
        for name, notebook in book.items()
    }


def lab_files(book: Book) -> Files:
    """Make the labs, and beside them the chapters that they link to."""
    labs = {
        f"labs/{lab}.ipynb": as_bytes(made)
        for name, notebook in book.items()
        for lab, made in labs_of(name, notebook).items()
    }
    chapters = {
        name: content
        for name, content in student_files(book).items()
        if name.endswith(".ipynb")
    }
    return labs | chapters


# What is made: a folder, and the archive of the same name.
PARTS: Mapping[str, Callable[[Book], Files]] = {
    "student": student_files,
    "instructor": instructor_files,
    "labs": lab_files,
}
FOR_STUDENTS = ("student", "labs")


def make_classroom() -> None:
    """Make every part, each as a folder and as an archive.

    Raises
    ------
    BuildError
        Where what is for students gives a solution away; then nothing is
        written.
    """
    book, which = chapters_to_teach()
    parts = {part: make(book) for part, make in PARTS.items()}
    check_kept(book, parts)
    pages = pages_files(book)
    around = beside()
    folder = places.BUILD / "classroom"
    print(f"{len(book)} chapters, {which}, into {folder}:")
    for part, files in parts.items():
        shutil.rmtree(folder / part, ignore_errors=True)
        write_folder(around | files, folder / part)
        archive = folder / f"{part}.zip"
        archive.write_bytes(packed(around | files))
        print(f"  {part}/ and {archive.name}: {told(files)}")
    shutil.rmtree(folder / "pages", ignore_errors=True)
    if pages:
        write_folder(pages, folder / "pages")
        (folder / "pages.zip").write_bytes(packed(pages))
        print(f"  pages/ and pages.zip: {len(pages)} files of the built book")
    else:
        (folder / "pages.zip").unlink(missing_ok=True)
        print("  no pages/: `make book` has to come first")
    quizzes = write_quizzes(folder / "quizzes", last_run()[0])
    print(f"  quizzes/: {len(quizzes)} files for learning systems")
    write_slides(folder / "slides")
    print("  slides/: a folder and a PDF for each deck")


def pages_files(book: Book) -> Files:
    """Make the pages for students; none where the book was not built.

    Raises
    ------
    BuildError
        Where they give a solution away.
    """
    if not places.HTML.is_dir():
        return {}
    secrets = secrets_of(list(book.values()))
    pages = student_pages(places.HTML, book, secrets)
    check_pages("pages", pages, secrets)
    return pages


def slides_files(book: Book) -> Files:
    """Make the slides for students; none where there are none.

    Raises
    ------
    BuildError
        Where they give a solution away.
    """
    slides = student_slides(places.BUILD / "classroom" / "slides")
    check_pages("slides", slides, secrets_of(list(book.values())))
    return slides


def check_pages(what: str, files: Files, secrets: Secrets) -> None:
    """Raise BuildError where a solution is in pages for students."""
    if found := leaks_in_pages(files, secrets):
        said = "\n".join(found)
        raise BuildError(
            f"{what} give solutions away, so nothing was written:\n{said}"
        )


def told(files: Files) -> str:
    """Say how many files of which kind there are, by folder and ending."""
    counts: dict[str, int] = {}
    for name in files:
        kind = f"{Path(name).parent}/*{Path(name).suffix}"
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{number} {kind}" for kind, number in counts.items())


def check_kept(book: Book, parts: Mapping[str, Files]) -> None:
    """Raise BuildError where a solution is in what is for students."""
    secrets = secrets_of(list(book.values()))
    seen: set[bytes] = set()
    for part in FOR_STUDENTS:
        for name, content in parts[part].items():
            if content in seen:
                continue
            seen.add(content)
            text = content.decode()
            if name.endswith(".ipynb"):
                notebook = nbformat.reads(text, as_version=4)
                found = leaks(notebook, secrets)
            else:
                found = leaks_in_text(text, name, secrets)
            if found:
                said = "\n".join(found)
                raise BuildError(
                    f"{part}/{name} gives solutions away, so nothing was "
                    f"written:\n{said}"
                )
