"""Make .venv and install requirements.txt into it: `python book/install.py`.

The one file that runs before anything is installed, so it uses the standard
library alone, and its syntax is one that an outdated Python 3 can read: that
Python then says that it is outdated, not that the syntax is wrong.
"""

import argparse
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "installed"
# A kit carries its packages, and perhaps its data: there is no network where
# it is used.
WHEELS = ROOT / "wheels"
MADE_FOR = WHEELS / "made-for.txt"
SUMS = ROOT / "SHA256SUMS"
DATA = ROOT / "data"
OLDEST_PYTHON = (3, 11)
# Python compiles a module where it is first used, and most never are. Where it
# may not keep what it compiles, pip does so once, and for all.
COMPILED_WHEN_USED = () if sys.dont_write_bytecode else ("--no-compile",)
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
GB = 1e9
# On Linux plain torch brings CUDA; everywhere else it is a CPU build.
SPACE_CPU, SPACE_CUDA = 3 * GB, 10 * GB
# In WSL the program is not always on PATH.
NVIDIA_SMI = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi")
# /proc/driver/nvidia is no proof: containers see it without having a card.
NVIDIA_DEVICE = Path("/dev/nvidia0")


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
    remedy = "Free some space, or take this folder to a larger disk."
    if cuda:
        remedy += (
            f" With PyTorch's CPU build it takes {SPACE_CPU / GB:.0f} GB: "
            f"`make CPU=1 book`, where {CPU_WHEELS} can be reached."
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
            # Python looks for a pip.py where it is started.
            cwd=str(ROOT),
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


def nvidia_card() -> str:
    """Tell what shows that there is an NVIDIA card; empty where nothing is."""
    for name in NVIDIA_SMI:
        program = shutil.which(name)
        if program is None:
            continue
        try:
            told = subprocess.run(
                [program, "-L"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                timeout=30,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        if told.returncode == 0 and "GPU " in told.stdout:
            return f"{program} lists one"
    return f"{NVIDIA_DEVICE} exists" if NVIDIA_DEVICE.exists() else ""


def choose_build(asked: "bool | None", system: str, card: str) -> tuple:
    """Choose between PyTorch's builds.

    Parameters
    ----------
    asked
        True for the CPU build, False for the plain one, None where nobody
        has said.
    system
        As `sys.platform` has it.
    card
        What `nvidia_card` returned.

    Returns
    -------
    tuple
        Whether to take the CPU build, and a line that says so; the line is
        empty where there is nothing to choose.
    """
    if system != "linux":
        return False, ""
    cpu = not card if asked is None else bool(asked)
    build = "its CPU build" if cpu else "the build with CUDA"
    if asked is not None:
        return cpu, f"PyTorch: {build}, as you say."
    why = f"NVIDIA card: {card}" if card else "no NVIDIA card found"
    return cpu, (
        f"PyTorch: {build} ({why}). For the other one delete .venv and run "
        f"`make CPU={int(not cpu)} book`."
    )


def answers(address: str, seconds: float = 5) -> bool:
    """Tell whether a server answers at `address`, whatever it says."""
    request = urllib.request.Request(address, method="HEAD")
    try:
        urllib.request.urlopen(request, timeout=seconds).close()
    except urllib.error.HTTPError:
        return True
    except urllib.error.URLError as problem:
        # pip knows more certificates than Python does: let it try.
        return isinstance(problem.reason, ssl.SSLError)
    except OSError:
        return False
    return True


def machine_words(
    system: str = sys.platform, machine: str = platform.machine()
) -> str:
    """Name a system and its processor as kits do, such as linux x86_64."""
    machine = {"amd64": "x86_64", "aarch64": "arm64"}.get(
        machine.lower(), machine.lower()
    )
    return f"{system} {machine}"


def check_made_for(python: tuple, machine: str) -> None:
    """Raise MachineError where a kit has no packages for a machine.

    Parameters
    ----------
    python
        Version of Python.
    machine
        From `machine_words`.
    """
    here = "{}.{} {}".format(*python[:2], machine)
    made_for = MADE_FOR.read_text(encoding="utf-8").splitlines()
    if here in made_for:
        return
    versions = [line.split()[0] for line in made_for if machine in line]
    told = "; ".join(made_for)
    remedy = (
        "Run this with Python " + " or ".join(versions) + "."
        if versions
        else "Ask your teacher for a kit with this line in it (`make kit`)."
    )
    raise MachineError(
        f"This kit has no packages for this machine ({here}). It has those "
        f"for: {told}. {remedy}"
    )


def check_wheels() -> None:
    """Raise MachineError where a package of a kit is damaged or missing."""
    for line in SUMS.read_text(encoding="utf-8").splitlines():
        known, name = line.split(maxsplit=1)
        if not name.startswith(f"{WHEELS.name}/"):
            continue
        path = ROOT / name
        if not path.is_file():
            trouble = "is missing"
        elif sum_of(path) != known:
            trouble = "is damaged"
        else:
            continue
        raise MachineError(
            f"{name} {trouble}: copy the kit again from where you got it, "
            "all of it."
        )


def sum_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    made = hashlib.sha256()
    with path.open("rb") as file:
        while True:
            some = file.read(1 << 20)
            if not some:
                return made.hexdigest()
            made.update(some)


def venv_python() -> Path:
    """Return where the Python of .venv is, or will be."""
    if os.name == "nt":
        return VENV / "Scripts" / "python.exe"
    return VENV / "bin" / "python"


def make_venv() -> Path:
    """Make .venv where there is none that works, and return its Python."""
    python = venv_python()
    works = (
        python.exists()
        and not subprocess.run(
            [str(python), "-c", "import pip"],
            cwd=str(ROOT),
            stderr=subprocess.DEVNULL,
        ).returncode
    )
    if not works:
        command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        subprocess.run(command, cwd=str(ROOT), check=True)
    return python


def pip_install(cpu: bool) -> list:
    """Return pip's arguments: the pins and, with `cpu`, PyTorch's wheels."""
    arguments = [
        "install",
        *COMPILED_WHEN_USED,
        "--requirement",
        "requirements.txt",
    ]
    if cpu:
        arguments += ["--extra-index-url", CPU_WHEELS]
    return arguments


def kernel_command(python: "Path | str") -> list:
    """Return the command that gives Jupyter a kernel of `python`.

    It has one thread: several wait for each other where cores are busy, and
    a run takes up to twenty times as long. In a kit it knows its data.
    """
    command = [str(python), "-m", "ipykernel", "install", "--sys-prefix"]
    command += ["--name", "python3", "--env", "OMP_NUM_THREADS", "1"]
    if WHEELS.is_dir() and DATA.is_dir():
        command += ["--env", "RECSLIB_DATA", str(DATA)]
    return command


def install(asked: "bool | None") -> None:
    """Check this machine, make .venv, fill it, and leave the stamp last.

    Parameters
    ----------
    asked
        As in `choose_build`; a kit has made the choice.
    """
    check_python()
    check_venv()
    if WHEELS.is_dir():
        python, arguments = prepare_from_kit()
    else:
        python, arguments = prepare_from_network(asked)
    for command in (arguments, ["check"]):
        pip = [str(python), "-m", "pip", *command]
        subprocess.run(pip, cwd=str(ROOT), check=True)
    subprocess.run(
        kernel_command(python),
        cwd=str(ROOT),
        check=True,
        stdout=subprocess.DEVNULL,
    )
    STAMP.touch()


def prepare_from_kit() -> tuple:
    """Check a kit, make .venv, and return its Python and pip's arguments."""
    check_made_for(tuple(sys.version_info), machine_words())
    check_wheels()
    if not STAMP.exists():
        check_space(shutil.disk_usage(str(ROOT)).free, False)
    # What this machine tells pip elsewhere is not asked.
    arguments = ["--isolated", "install", *COMPILED_WHEN_USED, "--no-index"]
    arguments += ["--find-links", str(WHEELS)]
    return make_venv(), [*arguments, "--requirement", "requirements.txt"]


def prepare_from_network(asked: "bool | None") -> tuple:
    """Choose a build, make .venv; return its Python and pip's arguments."""
    cpu, line = choose_build(asked, sys.platform, nvidia_card())
    if line:
        print(line, flush=True)
    # pip asks an address that does not answer again and again, for each
    # package: so it is not told of one.
    if cpu and not answers(CPU_WHEELS):
        print(
            f"{CPU_WHEELS} does not answer, so PyTorch comes from where pip "
            "finds it otherwise: that may be the build with CUDA.",
            flush=True,
        )
        cpu = False
    # An installed torch is kept, so only a first install needs the space.
    if not STAMP.exists():
        cuda = sys.platform == "linux" and not cpu
        check_space(shutil.disk_usage(str(ROOT)).free, cuda)
    python = make_venv()
    check_network(python)
    return python, pip_install(cpu)


def notebook_to_open(name: str) -> Path:
    """Return the path of a notebook that a person names.

    Raises
    ------
    MachineError
        Where there is none: says which there are.
    """
    path = ROOT / name
    if path.suffix == ".ipynb" and path.is_file():
        return path
    there = sorted(
        found.relative_to(ROOT).as_posix()
        for folder in ("labs", "notebooks")
        for found in (ROOT / folder).glob("*.ipynb")
    )
    raise MachineError(
        f"There is no notebook {name} here. There are: {', '.join(there)}."
    )


def install_missing() -> None:
    """Give the Python that runs this the book's library, if it lacks it.

    For a notebook that was alone: it runs this in its own process, and goes on
    in the folder of notebooks that came with the book.
    """
    check_python()
    if importlib.util.find_spec("recslib") is None:
        command = [sys.executable, "-m", "pip", "install", "--quiet"]
        subprocess.run([*command, str(ROOT)], cwd=str(ROOT), check=True)
        importlib.invalidate_caches()
    os.chdir(str(ROOT / "notebooks"))


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        epilog="Without --cpu and --no-cpu, Linux gets the CPU build where "
        "there is no NVIDIA card; other systems have no other build.",
    )
    build = parser.add_mutually_exclusive_group()
    build.add_argument(
        "--cpu",
        action="store_true",
        default=None,
        help="take PyTorch's CPU build",
    )
    build.add_argument(
        "--no-cpu",
        dest="cpu",
        action="store_false",
        default=None,
        help="take the build with CUDA",
    )
    parser.add_argument(
        "--missing",
        action="store_true",
        help="make no .venv: install what this Python lacks to run a notebook",
    )
    parser.add_argument(
        "--open",
        metavar="NOTEBOOK",
        help="then open it in JupyterLab, such as labs/1-04_clear.ipynb",
    )
    given = parser.parse_args()
    try:
        if given.missing:
            install_missing()
            return 0
        notebook = given.open and notebook_to_open(given.open)
        install(given.cpu)
        if notebook:
            lab = [str(venv_python()), "-m", "jupyterlab", str(notebook)]
            subprocess.run(lab, cwd=str(ROOT), check=True)
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


if __name__ == "__main__" and main() != 0:
    sys.exit(1)
