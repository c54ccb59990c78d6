"""Say whether a machine is ready for class: `python book/doctor.py`.

It looks at the Python in .venv where there is one, else at the Python that
runs it, and changes nothing. Like install.py, beside it, it starts with the
standard library alone and can be read by an outdated Python 3; what needs the
book's packages is asked of the Python that has them.
"""

import argparse
import ctypes
import json
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import webbrowser
from pathlib import Path
from typing import NamedTuple

import install

OK, WARNING, FAULT, SKIPPED = "ok", "warning", "fault", "skipped"
# Without these no notebook of the book opens and runs.
NEEDED = ("recslib", "torch", "jupyterlab", "ipykernel", "ipywidgets")
DATA_SET = "100k"
# What is left to work with when all is installed, in bytes.
SPACE_TO_WORK = 0.5e9
MEMORY = 1.5e9
PORT = 8888
# A clock that is behind: its files are from tomorrow. Sticks keep local time.
CLOCK_SECONDS = 86400
SECONDS = 240  # for what is asked of another Python
CONTROL_GROUP = Path("/sys/fs/cgroup")
MEMORY_INFO = Path("/proc/meminfo")
# Safari and Edge come with their systems.
BROWSERS = (
    "firefox",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "brave-browser",
)
# Seconds of a processor that the fit below took where it was measured.
FIT_SECONDS = 1.0
# A lesson no longer fits into its minutes where a processor takes so many
# times as long, or the clock so many times as long as the processor.
TOO_SLOW, TOO_BUSY = 5, 3


class Finding(NamedTuple):
    """What one check found, and what to do about it."""

    name: str
    status: str
    found: str
    remedy: str = ""


def quoted(*words: str) -> str:
    """Write a command as a person types it."""
    if os.name == "nt":
        return subprocess.list2cmdline(words)
    return " ".join(map(shlex.quote, words))


def run_again() -> str:
    """Return the command that installs what is missing into .venv."""
    name = "python" if os.name == "nt" else "python3"
    same = shutil.which(name)
    if not same or Path(same).resolve() != Path(sys.executable).resolve():
        name = sys.executable
    return quoted(name, str(Path(install.__file__).resolve()))


def how_to_install(here: bool) -> str:
    """Return what brings the book's packages to where they are missing.

    Parameters
    ----------
    here
        Whether they belong to the Python that runs this, and not to .venv.
    """
    if not here:
        return f"run `{run_again()}`"
    pins = ("--requirement", "requirements.txt")
    command = quoted(sys.executable, "-m", "pip", "install", *pins)
    return f"in {install.ROOT} run `{command}`"


# What the standard library can tell ----------------------------------------


def check_python(version: tuple, bits: int) -> Finding:
    """Look at the version of Python, and at the size of its addresses."""
    told = "{}, {} bit".format(".".join(map(str, version)), bits)
    newer = [f"python3.{minor}" for minor in (14, 13, 12, 11)]
    found = [name for name in newer if shutil.which(name)]
    script = str(Path(__file__).resolve())
    remedy = (
        f"you have {found[0]}: run `{quoted(found[0], script)}`"
        if found
        else "install Python 3.12 (python.org, or your system's package "
        "manager), in 64 bit, and run this with it"
    )
    if tuple(version) < install.OLDEST_PYTHON:
        return Finding("python", FAULT, f"{told}; 3.11 is needed", remedy)
    if bits != 64:
        told += "; PyTorch needs 64"
        return Finding("python", FAULT, told, remedy)
    return Finding("python", OK, told)


def is_in_venv() -> bool:
    """Tell whether the Python that runs this is that of .venv."""
    return Path(sys.prefix).resolve() == install.VENV.resolve()


def check_venv(here: bool) -> Finding:
    """Look whether there is an environment, or one can be made."""
    name = "environment"
    if here or is_in_venv():
        return Finding(name, OK, sys.prefix)
    if install.VENV.exists():
        found = f"{install.VENV} does not run: was it moved, or its Python?"
        remedy = f"{how_to_install(here)}, which makes it anew"
        return Finding(name, FAULT, found, remedy)
    try:
        install.check_venv()
    except install.MachineError as problem:
        found, _, remedy = str(problem).partition(". ")
        return Finding(name, FAULT, found, remedy)
    return Finding(name, OK, "no .venv yet; one can be made")


def check_disk(free: float, installed: bool) -> Finding:
    """Look whether `free` bytes are enough."""
    needed = SPACE_TO_WORK if installed else install.SPACE_CPU
    told = f"{free / 1e9:.1f} GB free for {install.ROOT}"
    if free >= needed:
        return Finding("disk", OK, told)
    why = "to work" if installed else "to install"
    return Finding(
        "disk",
        FAULT,
        f"{told}; {needed / 1e9:.1f} GB are needed {why}",
        "empty the bin and the downloads, or take this folder to a larger "
        "disk",
    )


def free_memory() -> "float | None":
    """Return the bytes that programs may still take; None: nobody says."""
    if os.name == "nt":
        return _free_memory_of_windows()
    limits = []
    if MEMORY_INFO.exists():
        told = MEMORY_INFO.read_text(encoding="utf-8")
        found = re.search(r"^MemAvailable:\s+(\d+) kB", told, re.MULTILINE)
        limits += [int(found.group(1)) * 1024.0] if found else []
    else:
        try:
            pages = os.sysconf("SC_PHYS_PAGES")
            limits.append(float(os.sysconf("SC_PAGE_SIZE") * pages))
        except (OSError, ValueError):
            pass
    try:
        most = int((CONTROL_GROUP / "memory.max").read_text())
        used = int((CONTROL_GROUP / "memory.current").read_text())
        limits.append(float(most - used))
    except (OSError, ValueError):  # no container, or one without a limit
        pass
    return min(limits) if limits else None


def _free_memory_of_windows() -> float:
    # MEMORYSTATUSEX: two words of 32 bits, then seven of 64.
    status = ctypes.create_string_buffer(64)
    struct.pack_into("I", status, 0, 64)
    ctypes.windll.kernel32.GlobalMemoryStatusEx(status)
    return float(struct.unpack_from("Q", status, 16)[0])


def check_memory(free: "float | None") -> Finding:
    """Look whether a notebook has room."""
    if free is None:
        return Finding("memory", OK, "this system does not say")
    told = f"{free / 1e9:.1f} GB free"
    if free >= MEMORY:
        return Finding("memory", OK, told)
    return Finding(
        "memory",
        WARNING,
        f"{told}; a chapter with JupyterLab wants {MEMORY / 1e9:.1f}",
        "close other programs, and keep one notebook open at a time",
    )


def check_folders(folders: "list[Path]") -> Finding:
    """Look whether notebooks can be saved."""
    for folder in folders:
        try:
            with tempfile.TemporaryFile(dir=str(folder)):
                pass
        except OSError as problem:
            return Finding(
                "folders",
                FAULT,
                f"{folder} takes no files ({problem.strerror})",
                "copy the whole folder to a place of yours, such as your "
                "home, and go on there",
            )
    told = ", ".join(folder.name for folder in folders)
    return Finding("folders", OK, f"{told}: can be written")


def find_browser() -> str:
    """Return what opens pages here; empty where nothing does."""
    if sys.platform in ("darwin", "win32"):
        return "that of the system"
    named = os.environ.get("RECSLIB_BROWSER", "")
    if named and Path(named).is_file():
        return named
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return path
    try:
        name = getattr(webbrowser.get(), "name", "")
    except webbrowser.Error:
        return ""
    # Of those that Python would take, a few show text alone.
    return "" if name in ("www-browser", "links", "lynx", "w3m") else name


def check_browser(path: str, on_a_hub: bool) -> Finding:
    """Look whether there is something to see JupyterLab with."""
    if on_a_hub:
        return Finding("browser", OK, "a hub: the reader brings one")
    if path:
        return Finding("browser", OK, path)
    return Finding(
        "browser",
        FAULT,
        "none was found",
        "install Firefox or Chromium (`sudo apt-get install chromium` on "
        "Debian; `sudo snap install firefox` on Ubuntu)",
    )


def check_port(number: int = PORT) -> Finding:
    """Look whether JupyterLab can be heard on this machine."""
    try:
        # To take a port is not enough: the loop may be down, and is tried.
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), 5).close()
    except OSError as problem:
        return Finding(
            "port",
            FAULT,
            f"127.0.0.1 takes no connections ({problem.strerror})",
            "let programs of this machine talk to each other: look at its "
            "firewall (on Linux at `ip link set lo up`, as root)",
        )
    try:
        socket.create_server(("127.0.0.1", number)).close()
    except OSError:
        return Finding(
            "port",
            WARNING,
            f"{number} is taken, perhaps by a JupyterLab that runs",
            "nothing: JupyterLab takes the next one, so open the address "
            "that it prints",
        )
    return Finding("port", OK, f"{number} is free")


def check_clock(now: float, files: "list[Path]") -> Finding:
    """Look whether files are from the future."""
    newest = max(path.stat().st_mtime for path in files)
    ahead = newest - now
    today = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
    if ahead < CLOCK_SECONDS:
        return Finding("clock", OK, today)
    return Finding(
        "clock",
        FAULT,
        f"it says {today}, and files here are {ahead / 86400:.0f} days newer",
        "set date and time, or let the system set them: downloads and "
        "`make` go by them",
    )


def check_network(python: str) -> Finding:
    """Look whether pip can fetch what is missing here."""
    try:
        install.check_network(Path(python))
    except install.MachineError as problem:
        said = str(problem).splitlines()[0]
        found, _, remedy = said.partition(". ")
        return Finding("network", FAULT, found, remedy)
    return Finding("network", OK, "pip can fetch packages")


# What the Python of notebooks tells ----------------------------------------


def pins_of(text: str) -> dict:
    """Return the version of each package of a requirements file."""
    found = re.findall(r"^([\w.-]+)==([^\s;#]+)", text, re.MULTILINE)
    return dict(found)


def check_packages(here: bool) -> Finding:
    """Look whether packages are there, and are those of the book."""
    from importlib.metadata import PackageNotFoundError, version

    path = install.ROOT / "requirements.txt"
    pins = pins_of(path.read_text(encoding="utf-8")) if path.exists() else {}
    lacking, others = [], []
    for name in dict.fromkeys([*NEEDED, *pins]):
        try:
            installed = version(name).split("+")[0]
        except PackageNotFoundError:
            lacking += [name] if name in NEEDED else []
            continue
        if installed != pins.get(name, installed):
            others.append(f"{name} {installed}, not {pins[name]}")
    lacking += [] if lacking else _unmet([*NEEDED, *pins])
    remedy = how_to_install(here)
    if lacking:
        told = "missing: " + _some(lacking)
        return Finding("packages", FAULT, told, remedy)
    if others:
        told = "another version: " + _some(others)
        remedy += ", or expect other numbers"
        return Finding("packages", WARNING, told, remedy)
    told = f"torch {version('torch')} and what it takes, as pinned"
    return Finding("packages", OK, told)


def _some(words: list) -> str:
    more = f", and {len(words) - 4} more" if len(words) > 4 else ""
    return ", ".join(words[:4]) + more


def _unmet(names: list) -> "list[str]":
    """Ask pip what packages of ours need and do not find."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "check"],
        cwd=str(install.ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    known = {re.sub("[-_.]+", "-", name).lower() for name in names}
    found = re.findall(
        r"^(\S+) \S+ requires (\S+), which is not installed",
        asked.stdout,
        re.MULTILINE,
    )
    of_ours = [
        needed
        for needing, needed in found
        if re.sub("[-_.]+", "-", needing).lower() in known
    ]
    return list(dict.fromkeys(of_ours))


def check_kernel(here: bool) -> "list[Finding]":
    """Start Jupyter's kernel, and look at what it sees.

    Returns
    -------
    list of Finding
        On the kernel, its threads, the data, and a fit.
    """
    try:
        told = ask_kernel(
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
            "import doctor; print(doctor.seen_by_kernel())"
        )
        prefix, python, threads, findings = json.loads(told.splitlines()[-1])
    except Exception as problem:
        said = (str(problem).strip().splitlines() or [repr(problem)])[-1]
        return [
            Finding(
                "kernel",
                FAULT,
                f"Jupyter's kernel python3 does not start: {said}",
                remove_kernel(here),
            ),
            *not_tried("threads", "data", "fit"),
        ]
    if Path(prefix).resolve() != Path(sys.prefix).resolve():
        return [
            Finding(
                "kernel",
                FAULT,
                f"Jupyter's kernel python3 is another Python, {python}",
                remove_kernel(here),
            ),
            *not_tried("threads", "data", "fit"),
        ]
    found = [Finding("kernel", OK, f"python3 is {python}")]
    found.append(check_threads(here, threads, os.cpu_count() or 1))
    return found + [Finding(*each) for each in findings]


def not_tried(*names: str) -> "list[Finding]":
    """Say of checks that one before them has to pass first."""
    return [Finding(name, SKIPPED, "a fault comes first") for name in names]


def remove_kernel(here: bool) -> str:
    """Return what to do about a kernel that is not the environment's own."""
    remove = quoted(
        sys.executable,
        *("-m", "jupyter_client.kernelspecapp", "remove", "-f", "python3"),
    )
    again = "" if here else f", then {how_to_install(here)}"
    return f"run `{remove}`{again}"


def ask_kernel(source: str) -> str:
    """Run code in Jupyter's kernel python3, and return what it prints."""
    from jupyter_client.manager import start_new_kernel

    printed, problems = [], []

    def hear(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "stream" and content["name"] == "stdout":
            printed.append(content["text"])
        if message["msg_type"] == "error":
            problems.append("{ename}: {evalue}".format(**content))

    with open(os.devnull, "w") as nowhere:
        manager, client = start_new_kernel(
            kernel_name="python3", startup_timeout=60, stderr=nowhere
        )
        try:
            client.execute_interactive(
                source, output_hook=hear, allow_stdin=False, timeout=SECONDS
            )
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    if problems:
        raise RuntimeError(problems[0])
    return "".join(printed)


def check_threads(here: bool, threads: "str | None", cores: int) -> Finding:
    """Look at how many threads a kernel takes."""
    if threads:
        told = f"OMP_NUM_THREADS is {threads} in a notebook"
        return Finding("threads", OK, told)
    if cores == 1:
        return Finding("threads", OK, "one core")
    if not here:
        remedy = how_to_install(here)
    elif os.name == "nt":
        remedy = "`$env:OMP_NUM_THREADS = 1` before Jupyter starts"
    else:
        remedy = "`export OMP_NUM_THREADS=1` before Jupyter starts"
    return Finding(
        "threads",
        WARNING,
        f"OMP_NUM_THREADS is not set in a notebook: it takes all {cores} "
        "cores, and where they are busy a run takes 3 to 20 times as long",
        remedy,
    )


def seen_by_kernel() -> str:
    """Return what a notebook sees, as JSON: who it is, and two findings."""
    findings = []
    for name, check in (("data", check_data), ("fit", check_fit)):
        try:
            findings.append(check())
        except Exception as problem:
            said = f"{type(problem).__name__}: {problem}".splitlines()[0]
            remedy = "mend what is missing above, and run this again"
            findings.append(Finding(name, FAULT, said, remedy))
    threads = os.environ.get("OMP_NUM_THREADS")
    return json.dumps([sys.prefix, sys.executable, threads, findings])


def check_data() -> Finding:
    """Look whether MovieLens is here, and whole; fetch nothing."""
    from recslib import downloads, movielens, ratings

    command = quoted(sys.executable, "-m", "recslib.movielens", DATA_SET)
    try:
        archive, place = movielens.find(DATA_SET, fetch=False)
        archive.read(place)
    except (downloads.DownloadError, ratings.RatingsError) as problem:
        cache = downloads.cache_folder()
        remedy = (
            f"where there is a network run `{command}`; where there is none, "
            "set RECSLIB_DATA to the folder of a copy that you fetched "
            "yourself"
        )
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=str(cache)):
                pass
        except OSError:
            remedy = (
                f"{cache} takes no files: set RECSLIB_CACHE to a folder of "
                f"yours, then {remedy}"
            )
        return Finding("data", FAULT, str(problem), remedy)
    return Finding("data", OK, f"MovieLens {DATA_SET}, whole, in {place}")


def check_fit() -> Finding:
    """Fit a small model to ratings that were made up, and say how long."""
    from recslib.movielens import synthetic
    from recslib.recipes import fit_factorization

    os.environ["RECSLIB_PROGRESS"] = "off"
    ratings = synthetic(100, 150, 5_000).ratings
    clock, work = time.perf_counter(), time.process_time()
    model = fit_factorization(ratings, n_epochs=3)
    seconds = time.perf_counter() - clock
    work = time.process_time() - work
    errors = model(ratings.users, ratings.items).detach() - ratings.ratings
    rmse = float(errors.square().mean().sqrt())
    if not rmse < float(ratings.ratings.std()):
        return Finding(
            "fit",
            FAULT,
            f"its error is {rmse:.2f} stars, more than a guess",
            "install the packages again: delete .venv, then run "
            "book/install.py",
        )
    return in_time(seconds, work)


def in_time(seconds: float, work: float) -> Finding:
    """Say of a fit whether a lesson fits into its minutes.

    Parameters
    ----------
    seconds, work
        That it took on the clock, and of a processor.
    """
    told = (
        f"{seconds:.1f} s, of which a processor worked {work:.1f}; "
        f"{FIT_SECONDS:.0f} s is usual"
    )
    if work > TOO_SLOW * FIT_SECONDS:
        return Finding(
            "fit",
            WARNING,
            f"{told}: this processor is slow",
            "set `quick = True` where a notebook's settings are, or let two "
            "share a faster machine",
        )
    if seconds > TOO_BUSY * max(work, FIT_SECONDS):
        return Finding(
            "fit",
            WARNING,
            f"{told}: other programs keep it waiting",
            "close them, and run this again",
        )
    return Finding("fit", OK, told)


# All of it ------------------------------------------------------------------


def runs(python: Path) -> bool:
    """Tell whether a Python starts, and has pip."""
    try:
        return not subprocess.call(
            [str(python), "-c", "import pip"], stderr=subprocess.DEVNULL
        )
    except OSError:
        return False


def examine(here: bool) -> "list[Finding]":
    """Run all checks.

    Parameters
    ----------
    here
        Whether to look at the Python that runs this in place of .venv.
    """
    later = ("packages", "kernel", "threads", "data", "fit")
    python = check_python(sys.version_info[:3], 8 * struct.calcsize("P"))
    if python.status == FAULT:
        return [python, *not_tried(*later)]
    root = install.ROOT
    folders = [root / name for name in ("notebooks", "labs")]
    venv = check_venv(here)
    found = [
        python,
        venv,
        check_disk(
            shutil.disk_usage(str(root)).free,
            here or install.STAMP.exists(),
        ),
        check_memory(free_memory()),
        check_folders([each for each in folders if each.is_dir()] or [root]),
        check_browser(find_browser(), "JUPYTERHUB_USER" in os.environ),
        check_port(),
        check_clock(time.time(), [Path(__file__), Path(install.__file__)]),
    ]
    if venv.status == FAULT:
        return found + not_tried(*later)
    packages = check_packages(here)
    if packages.status == FAULT:
        found += [packages, *not_tried(*later[1:])]
    else:
        found += [packages, *check_kernel(here)]
    missing = {each.name for each in found if each.status == FAULT}
    if missing & {"packages", "data"} and not install.WHEELS.is_dir():
        found.append(check_network(sys.executable))
    return found


def told(findings: "list[Finding]") -> str:
    """Write findings for a person."""
    lines = []
    for each in findings:
        lines.append(f"{each.status:8}{each.name:12}{each.found}")
        if each.remedy:
            lines.append(" " * 20 + f"-> {each.remedy}")
    kinds = [each.status for each in findings]
    counts = [_counted(kinds.count(kind), kind) for kind in (FAULT, WARNING)]
    if SKIPPED in kinds:
        counts.append(f"{kinds.count(SKIPPED)} skipped")
    counted = ", ".join(counts)
    if FAULT not in kinds:
        return "\n".join([*lines, f"This machine is ready. {counted}."])
    end = f"This machine is not ready. {counted}."
    return "\n".join([*lines, end, "Mend what is at fault, and run it again."])


def _counted(number: int, kind: str) -> str:
    return f"{number} {kind}" + ("" if number == 1 else "s")


def main(arguments: "list | None" = None) -> int:
    """Run the command line; return 1 where something is at fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--json", action="store_true", help="print findings as JSON"
    )
    parser.add_argument(
        "--here",
        action="store_true",
        help="look at the Python that runs this, as on a hub, not at .venv",
    )
    given = parser.parse_args(arguments)
    python = install.venv_python()
    if not (given.here or is_in_venv()) and runs(python):
        words = sys.argv[1:] if arguments is None else arguments
        return subprocess.call([str(python), str(Path(__file__)), *words])
    findings = examine(given.here)
    at_fault = any(each.status == FAULT for each in findings)
    if given.json:
        checks = [each._asdict() for each in findings]
        ready = {"ready": not at_fault, "checks": checks}
        print(json.dumps(ready, indent=2))
    else:
        print(told(findings))
    return int(at_fault)


if __name__ == "__main__":
    sys.exit(main())
