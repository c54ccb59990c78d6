"""A teacher's notes on a chapter: minutes, what to say, what goes wrong.

They stand in ``book/classroom/notes/``, a file for each chapter::

    sections:
      Meet the data:
        minutes: 6
        note: What to say, and what to leave out.
    exercises:
      ex-1-constant:
        minutes: 8
        wrong:
          - answer: |
              def best_constant(stars):
                  return stars.median()
            says: That is the median
            why: What a student had in mind.

``says`` is a part of what the check says to that answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from bookbuild import BuildError, places
from bookbuild.classroom.exercises import exercises_in
from bookbuild.files import read_settings
from bookbuild.plain import EXERCISES, SOLUTIONS, sections_of

FOLDER = places.ROOT / "book" / "classroom" / "notes"


@dataclass(frozen=True)
class Wrong:
    """An answer that students give.

    Parameters
    ----------
    answer
        Its code, for the cell of the stub.
    says
        A part of what the check says to it.
    why
        What they had in mind, and what helps.
    """

    answer: str
    says: str
    why: str


@dataclass(frozen=True)
class Section:
    """What a teacher knows of a section.

    Parameters
    ----------
    minutes
        In front of a class.
    note
        What to say, and what to leave out.
    """

    minutes: int
    note: str


@dataclass(frozen=True)
class Notes:
    """What a teacher knows of a chapter.

    Parameters
    ----------
    sections
        By heading of the second level.
    minutes
        That a class takes over an exercise, by its label.
    wrong
        What students answer, by the label of the exercise.
    """

    sections: Mapping[str, Section]
    minutes: Mapping[str, int]
    wrong: Mapping[str, Sequence[Wrong]]


def noted_headings(notebook: NotebookNode) -> list[str]:
    """Return the sections that a teacher needs notes on, in their order."""
    left_out = ("", EXERCISES, SOLUTIONS)
    return [
        heading
        for heading, _ in sections_of(notebook)
        if heading not in left_out
    ]


def notes_on(name: str, notebook: NotebookNode) -> Notes:
    """Read the notes on a chapter.

    Parameters
    ----------
    name
        The chapter's, such as ``01_first``.
    notebook
        The chapter.

    Raises
    ------
    BuildError
        Where there are none, a section or an exercise is missing or unknown,
        or an entry is not complete. A chapter without exercises needs none.
    """
    path, asked = FOLDER / f"{name}.yml", exercises_in(notebook)
    if not path.exists() and not asked:
        return Notes({}, {}, {})
    read = read_settings(path)
    sections = _entries(path, read, "sections", noted_headings(notebook))
    exercises = _entries(path, read, "exercises", [e.label for e in asked])
    return Notes(
        {
            heading: Section(
                *_fields(path, heading, entry, minutes=int, note=str)
            )
            for heading, entry in sections.items()
        },
        {
            label: _fields(path, label, entry, minutes=int)[0]
            for label, entry in exercises.items()
        },
        {
            label: [
                Wrong(
                    *_fields(path, label, each, answer=str, says=str, why=str)
                )
                for each in _fields(path, label, entry, wrong=list)[0]
            ]
            for label, entry in exercises.items()
        },
    )


def _entries(
    path: Path, read: Mapping[str, Any], part: str, wanted: Sequence[str]
) -> Mapping[str, Any]:
    """Return a part of a file of notes, in the chapter's order."""
    found = read.get(part)
    if not isinstance(found, Mapping):
        raise BuildError(f"{path.name} has no {part!r}.")
    missing = [name for name in wanted if name not in found]
    unknown = [name for name in found if name not in wanted]
    if missing or unknown:
        raise BuildError(
            f"{path.name}: under {part!r}, missing are {missing}; no such "
            f"part of the chapter are {unknown}. Name each as the chapter "
            "does."
        )
    return {name: found[name] for name in wanted}


def _fields(path: Path, name: str, entry: object, **wanted: type) -> list[Any]:
    """Return some fields of an entry, each of its type."""
    values = []
    for key, kind in wanted.items():
        value = entry.get(key) if isinstance(entry, Mapping) else None
        if not isinstance(value, kind) or not value:
            raise BuildError(
                f"{path.name}: {name!r} needs {key!r}, "
                f"{'a whole number' if kind is int else f'a {kind.__name__}'}"
                f"; {value!r} stands there."
            )
        values.append(value.strip() if kind is str else value)
    return values
