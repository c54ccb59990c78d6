"""Try a kit as a student does: install it and solve a lab, without a network.

On Linux the network is cut for good: what runs sees no other machine.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import install
from bookbuild import BuildError, notebooks, places
from bookbuild.classroom.exercises import Exercise, exercises_in
from bookbuild.classroom.labs import labs_of, name_of
from bookbuild.classroom.make import chapters_to_teach
from bookbuild.lone import FOLDER

# A process with no network but the machine's own, on which kernels speak.
ALONE = ("unshare", "--net", "--map-root-user", "sh", "-c")
LOOP_UP = 'ip link set lo up && exec "$@"'
STUB, SOLVED = "lab.ipynb", "lab-solved.ipynb"


def can_be_cut() -> bool:
    """Tell whether this machine can take the network from a process."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    command = [*ALONE, LOOP_UP, "sh", "true"]
    return subprocess.run(command, capture_output=True).returncode == 0


def run_alone(command: Sequence[str], folder: Path) -> str:
    """Run a command in a folder without a network; return what it prints.

    Raises
    ------
    BuildError
        With the end of what it said, where it fails.
    """
    cut = [*ALONE, LOOP_UP, "sh"] if can_be_cut() else []
    # What this machine tells pip, Python and Jupyter elsewhere is not there.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "PYTHON", "JUPYTER", "RECSLIB", "OMP"))
    }
    run = subprocess.run(
        [*cut, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if run.returncode != 0:
        said = (run.stdout + run.stderr).strip().splitlines()[-12:]
        words = " ".join(command[:4])
        raise BuildError(f"`{words}` failed in {folder}:\n" + "\n".join(said))
    return run.stdout


def first_exercise() -> Exercise:
    """Return the first exercise of the book whose lab reads no data."""
    book, _ = chapters_to_teach()
    for name, notebook in book.items():
        labs = labs_of(name, notebook)
        for exercise in exercises_in(notebook):
            cells = labs[name_of(exercise)].cells
            if not any("movielens" in cell.source for cell in cells):
                return exercise
    raise BuildError("The book has no exercise to try a kit with.")


def try_kit(folder: Path, exercise: Exercise) -> list[str]:
    """Install a kit and run one of its labs, as handed out and solved.

    Parameters
    ----------
    folder
        Where the kit was unpacked; it is changed.
    exercise
        Whose lab it is.

    Returns
    -------
    list of str
        What each step gave.

    Raises
    ------
    BuildError
        Where a step fails, or the lab does not say what it should.
    """
    said = run_alone([sys.executable, "book/install.py"], folder)
    told = [f"Installed: {said.strip().splitlines()[-1]}"]
    python = str(folder / install.venv_python().relative_to(install.ROOT))
    labs = folder / "labs"
    lab = notebooks.read(labs / f"{name_of(exercise)}.ipynb")
    notebooks.write(lab, labs / STUB)
    worked = [each for each in exercise.worked if "checks." in each.source]
    lab.cells += worked
    notebooks.write(notebooks.without_outputs(lab), labs / SOLVED)
    for name, wanted in ((STUB, "Not yet"), (SOLVED, "Pass.")):
        execute = ["-m", "nbconvert", "--to", "notebook", "--execute"]
        run_alone([python, *execute, "--inplace", f"labs/{name}"], folder)
        said = last_words(labs / name)
        if wanted not in said:
            raise BuildError(
                f"labs/{name} should say {wanted!r}, and says {said!r}."
            )
        told.append(f"{exercise.number}: {said.splitlines()[0]}")
    return told


def last_words(path: Path) -> str:
    """Return what the last code cell of a notebook printed."""
    cells = notebooks.read(path).cells
    outputs = [c.outputs for c in cells if c.cell_type == "code"][-1]
    return "".join(output.get("text", "") for output in outputs)


def check_kit() -> None:
    """Unpack the kit that was made last elsewhere, and try it.

    Raises
    ------
    BuildError
        Where there is none, or it does not work.
    """
    archive = places.BUILD / "kit.zip"
    if not archive.exists():
        raise BuildError("There is no kit yet: `make kit` makes one.")
    if not can_be_cut():
        print("This system does not cut a network: only pip goes without.")
    with tempfile.TemporaryDirectory() as unpacked:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(unpacked)
        told = try_kit(Path(unpacked, FOLDER), first_exercise())
        print("\n".join(told))
