"""What `python book/build.py grade --help` says, and which words it takes."""

from __future__ import annotations

import argparse

GRADE = """\
Grade a folder of notebooks with the checks of the book.

The folder holds a notebook or a folder of notebooks a student:

  class/ann.ipynb                          the student is ann
  class/ben/01_matrix_factorization.ipynb  the student is ben
  class/ben/labs/1.4.ipynb                 and so is this one's

What Moodle, Canvas and nbgrader write when all submissions are downloaded is
taken as it is, once it is unpacked. A notebook may be a chapter, a student
edition or a lab: which exercises it holds is read from its cells.
"""

AFTER_GRADE = """\
what is written
  grades.csv      a row a notebook, a column an exercise: pass, not yet,
                  missing, or error and the reason; then the total, out of how
                  many, a note where a file could not be graded, and seconds
  index.html      the same for you, what went wrong most, and what to look at
  students/       a page of feedback a student, to hand back
  grades.json     all of it for programs, answers too
  Nothing is written unless all of it is. A second run writes the same bytes,
  but for the seconds, where it has the seed that grades.json names: --seed.

which cell is an answer
  The cell with the id of the exercise's stub. Where that makes nothing (it was
  deleted, retyped, or its id was lost in another program), another cell that
  makes the same name. Of several, the last that was changed counts: it is the
  one in force after Run All. The feedback says how an answer was found. What
  an answer uses of cells that the student added comes along: imports,
  functions, classes, plain values. Nothing else of a notebook is run, and no
  check in it is asked: the checks are those of this copy of the book.

which marks there are
  pass      the check says so, of the cases that a student sees and of others
  not yet   the check says why not, and the feedback quotes it
  missing   no answer: the cell is gone, empty, or as it was handed out
  error     no verdict: the reason is a word or two, such as time, memory,
            exit, crash, "changes the check", or "no second pass"
  Before anything is graded the book's own solutions are put to the checks.
  Where one does not pass, the command stops and says so.

what an answer cannot do
  Each answer runs in a process of its own, with limits on time, memory and
  files. On Linux it reads nothing but Python, its packages and recslib, writes
  nowhere but in a folder that is thrown away, and has no network and no other
  processes. Other systems offer less. What holds on yours is tried first, and
  index.html says it. No answer sees a GPU, so marks do not depend on one.
  What an answer uses of its chapter, such as a fit, is computed beforehand,
  for two minutes a chapter; who uses what takes longer is told so.
  What is printed, patched or cut short does not make a pass. What a function
  gave is put to the check once more, in a process where the answer is not; a
  pass takes both. Where an answer is a model, makes one, or acts on what it is
  given, there is no second time. It shares a process with its check, so who
  searches its memory could forge one: index.html lists answers that use what
  no exercise needs.

needs
  The environment of `make setup`, and for some exercises the data of `make
  data`. Windows has no fork: there each answer prepares its chapter anew,
  which takes seconds an answer, and nothing is put to a check once more.
"""

NBGRADER = """\
Write the chapters as source notebooks of nbgrader.

Each answer becomes a cell that nbgrader empties, each check a locked cell of
one point. The folder is a course: in it, use `nbgrader generate_assignment
NAME` and what follows it. NAME is a chapter's, such as
01_matrix_factorization. It needs the cells that its exercises need, and no
others, so that a submission runs in seconds.
"""


def add_to(command: argparse.ArgumentParser, name: str) -> None:
    """Say what a command of the classroom takes.

    Parameters
    ----------
    command
        What reads its part of the command line.
    name
        ``"grade"`` or ``"nbgrader"``.
    """
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    if name == "nbgrader":
        command.description = NBGRADER
        command.add_argument(
            "--out",
            default="_build/nbgrader",
            metavar="FOLDER",
            help="where to write (%(default)s)",
        )
        return
    command.description, command.epilog = GRADE, AFTER_GRADE
    command.add_argument("folder", help="what the class handed in")
    command.add_argument(
        "--out",
        default="grades",
        metavar="FOLDER",
        help="where to write (%(default)s); not inside the folder",
    )
    command.add_argument(
        "--only",
        type=_numbers,
        default=(),
        metavar="NUMBERS",
        help="the exercises that count, such as 1.1,1.4: who lacks one has it "
        "missing; if not given, those that a notebook holds",
    )
    command.add_argument(
        "--seconds",
        type=_whole,
        default=5,
        metavar="N",
        help="of a core, that an answer may take (%(default)s), or ten times "
        "what the book's solution takes if that is more",
    )
    command.add_argument(
        "--jobs",
        type=_whole,
        default=None,
        metavar="N",
        help="answers judged at a time (two a core, or fewer where memory is "
        "short); one may take 2 GB, or its share of what is free",
    )
    command.add_argument(
        "--seed",
        type=_whole,
        default=None,
        metavar="N",
        help="of the cases that students do not see; if not given, one is "
        "drawn, and grades.json names it",
    )


def _numbers(text: str) -> list[str]:
    """Read numbers of exercises, with commas between."""
    return [number for number in text.replace(" ", "").split(",") if number]


def _whole(text: str) -> int:
    """Read a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number
