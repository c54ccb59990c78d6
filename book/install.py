"""Make .venv and install requirements.txt into it: `python book/install.py`.

The one file that runs before anything is installed, so it uses the standard
library alone, and its syntax is one that an outdated Python 3 can read: that
Python then says that it is outdated, not that the syntax is wrong.
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
OLDEST_PYTHON = (3, 11)
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
GB = 1e9
# On Linux plain torch brings CUDA; everywhere else it is a CPU build.
SPACE_CPU, SPACE_CUDA = 3 * GB, 10 * GB


class MachineError(Exception):
    """What the machine lacks; the message says so, and what to do."""


def check_python(version: tuple = sys.version_info[:3]) -> None:
    """Raise MachineError where `version` is older than the book can use."""
    if tuple(version) >= OLDEST_PYTHON:
        return
    newer = [f"python3.{minor}" for minor in (14, 13, 12, 11)]
    found = [name for name in newer if shutil.which(name)]
    if found:
        remedy = f"You have a newer one: run `make PYTHON={found[0]} book`."
    else:
        remedy = (
            "Install one (python.org, or your system's package manager) "
            "and name it: `make PYTHON=python3.12 book`."
        )
    given = ".".join(map(str, version))
    raise MachineError(
        f"Python 3.11 or newer is needed, and this is {given}. {remedy}"
    )


def check_venv() -> None:
    """Raise MachineError where Python cannot make virtual environments."""
    for name in ("venv", "ensurepip"):
        if importlib.util.find_spec(name) is None:
            raise MachineError(
                f"This Python lacks its module `{name}`, which makes "
                "virtual environments. On Debian and Ubuntu: `sudo apt "
                "install python3-venv`; then run the command again."
            )


def check_space(free: float, cuda: bool) -> None:
    """Raise MachineError where `free` bytes are too few for the packages."""
    needed = SPACE_CUDA if cuda else SPACE_CPU
    if free >= needed:
        return
    remedy = "Free some space, or clone to a larger disk."
    if cuda:
        remedy += (
            " With no NVIDIA card, take the CPU build of PyTorch, which "
            f"needs {SPACE_CPU / GB:.0f} GB: `make CPU=1 book`."
        )
    raise MachineError(
        f"Not enough disk space: {free / GB:.1f} GB are free for {ROOT}, "
        f"and installing takes {needed / GB:.0f} GB. {remedy}"
    )


def check_network(python: Path) -> None:
    """Raise MachineError where pip cannot fetch one small package."""
    pins = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    small = re.search(r"^tqdm==\S+", pins, re.MULTILINE).group()
    with tempfile.TemporaryDirectory() as folder:
        command = [str(python), "-m", "pip", "download", small, "--no-deps"]
        command += ["--retries", "1", "--timeout", "15", "--dest", folder]
        asked = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    if asked.returncode != 0:
        raise MachineError(
            f"No network: pip could not fetch {small}, the small package "
            "that it was asked for first. Check the connection (behind a "
            "proxy set HTTPS_PROXY; for a mirror set PIP_INDEX_URL) and run "
            f"the command again. pip said:\n{asked.stdout.strip()}"
        )


def make_venv() -> Path:
    """Make .venv where there is none that works, and return its Python."""
    if os.name == "nt":
        python = VENV / "Scripts" / "python.exe"
    else:
        python = VENV / "bin" / "python"
    works = (
        python.exists()
        and not subprocess.run(
            [str(python), "-c", "import pip"], stderr=subprocess.DEVNULL
        ).returncode
    )
    if not works:
        command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        subprocess.run(command, check=True)
    return python


def pip_install(cpu: bool) -> list:
    """Return pip's arguments: the pins and, with `cpu`, PyTorch's wheels."""
    arguments = ["install", "--requirement", "requirements.txt"]
    if cpu:
        arguments += ["--extra-index-url", CPU_WHEELS]
    return arguments


def install(cpu: bool) -> None:
    """Check this machine, make .venv, fill it, and leave the stamp last."""
    check_python()
    check_venv()
    # An installed torch is kept, so only a first install needs the space.
    if not STAMP.exists():
        cuda = sys.platform == "linux" and not cpu
        check_space(shutil.disk_usage(str(ROOT)).free, cuda)
    python = make_venv()
    check_network(python)
    for arguments in (pip_install(cpu), ["check"]):
        command = [str(python), "-m", "pip", *arguments]
        subprocess.run(command, cwd=str(ROOT), check=True)
    STAMP.touch()


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cpu", action="store_true", help="take PyTorch's CPU wheels"
    )
    try:
        install(parser.parse_args().cpu)
    except MachineError as problem:
        print(problem, file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as failure:
        print(
            f"Installing stopped at `{' '.join(failure.cmd[1:4])}`: the "
            "messages above say why. Mend that and run the command again; "
            "what was downloaded is kept.",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
