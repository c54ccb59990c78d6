"""The commands of the book: what `python book/build.py` takes."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from bookbuild import BuildError

# Command, the module and the function behind it, and what it does. A command
# waits for no module but its own.
COMMANDS = {
    "html": ("html", "build_html", "build the HTML from executed notebooks"),
    "refresh": ("run", "refresh_all", "write the outputs into notebooks/"),
    "results": ("chapters", "write_results", "print every glued value"),
    "readme": ("readme", "write_readme", "fill the READMEs' tables"),
    "address": (
        "address",
        "write_address",
        "name the repository in notebooks/",
    ),
}


def main() -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "execute", help="run notebooks (none named: all)"
    )
    run.add_argument("notebooks", nargs="*")
    pdf = commands.add_parser("pdf", help="print the built book, on A4")
    pdf.add_argument("--paper", choices=["A4", "letter"], default="A4")
    for name, (_, _, explanation) in COMMANDS.items():
        commands.add_parser(name, help=explanation)
    arguments = parser.parse_args()
    try:
        if arguments.command == "execute":
            from bookbuild.run import execute_all

            execute_all(arguments.notebooks)
        elif arguments.command == "pdf":
            from bookbuild.paper.print import build_pdf

            build_pdf(arguments.paper)
        else:
            module, function, _ = COMMANDS[arguments.command]
            getattr(import_module(f"bookbuild.{module}"), function)()
    except BuildError as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0
