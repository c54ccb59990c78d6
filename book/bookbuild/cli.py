"""The commands of the book: what `python book/build.py` takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from bookbuild import BuildError
from bookbuild.classroom import manual

# Command, the module and the function behind it, and what it does. A command
# waits for no module but its own.
COMMANDS = {
    "execute": ("run", "execute_all", "run notebooks (none named: all)"),
    "html": ("html", "build_html", "build the HTML from executed notebooks"),
    "pdf": ("paper.print", "build_pdf", "print the built HTML to one PDF"),
    "slides": (
        "classroom.slides",
        "write_slides",
        "make the slides of the chapters",
    ),
    "refresh": ("run", "refresh_all", "write the outputs into notebooks/"),
    "results": (
        "chapters",
        "write_results",
        "print what the chapters compute",
    ),
    "numbers": ("current", "write_numbers", "renew the numbers in the text"),
    "scripts": ("scripts", "write_scripts", "fit what the pages' scripts use"),
    "quizzes": (
        "classroom.exports",
        "write_quizzes",
        "write the quizzes for learning systems",
    ),
    "readme": ("readme", "write_readme", "fill the READMEs' tables"),
    "short": ("short", "write_short", "write short copies, for nbval"),
    "chapter": ("new_chapter", "start_chapter", "start a chapter"),
    "pins": ("pins", "settle", "settle the pins of a requirements file"),
    "address": ("address", "write_address", "name it in notebooks/"),
    "classroom": (
        "classroom.make",
        "make_classroom",
        "make what teachers take to class",
    ),
    "grade": ("classroom.grading", "grade", "grade what a class handed in"),
    "nbgrader": (
        "classroom.nbgrader",
        "write_nbgrader",
        "write the exercises for nbgrader",
    ),
    "kit": ("classroom.kit", "make_kit", "make a kit for a room offline"),
    "kitcheck": (
        "classroom.kit_check",
        "check_kit",
        "install that kit and run a lab, without a network",
    ),
    "hub": ("classroom.hub", "start_hub", "start a hub for a class"),
}
INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    made = argparse.ArgumentParser(
        prog="python book/build.py", description=__doc__.splitlines()[0]
    )
    commands = made.add_subparsers(dest="command", required=True)
    for name, (_, _, explanation) in COMMANDS.items():
        command = commands.add_parser(name, help=explanation)
        if name == "execute":
            command.add_argument("names", nargs="*", metavar="notebook")
        if name == "chapter":
            command.add_argument("name", metavar="NAME", help="04_trial")
        if name == "pins":
            command.add_argument("--file", default="requirements.txt")
            command.add_argument(
                "--upgrade", nargs="+", default=[], metavar="NAME"
            )
        if name in ("grade", "nbgrader"):
            manual.add_to(command, name)
        if name == "kit":
            command.add_argument(
                "--systems", nargs="+", default=[], metavar="SYSTEM"
            )
            command.add_argument(
                "--pythons", nargs="+", default=[], metavar="3.12"
            )
            command.add_argument("--with-data", action="store_true")
        if name == "hub":
            command.add_argument("--folder", default="_build/hub")
            command.add_argument("--port", type=int, default=8000)
            command.add_argument("--accounts", choices=["own", "one"])
            command.add_argument("--students", type=int, metavar="N")
        if name == "pdf":
            command.add_argument(
                "--paper", choices=["A4", "letter"], default="A4"
            )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status.

    Parameters
    ----------
    arguments
        The command line; None takes that of this process.
    """
    chosen = vars(parser().parse_args(arguments))
    module, function, _ = COMMANDS[chosen.pop("command")]
    try:
        step = getattr(import_module(f"bookbuild.{module}"), function)
    except ModuleNotFoundError as missing:
        print(
            f"{sys.executable} lacks {missing.name!r}. `make setup` makes a "
            "Python that has all: run this with .venv/bin/python (on Windows "
            "with .venv\\Scripts\\python).",
            file=sys.stderr,
        )
        return 1
    try:
        step(**chosen)
    except BuildError as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as problem:
        where = problem.filename or "a file"
        print(
            f"{where}: {problem.strerror or problem}. Nothing was changed "
            "half way: mend that and run the command again.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nStopped. What was finished is kept.", file=sys.stderr)
        return INTERRUPTED
    return 0
