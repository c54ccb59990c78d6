"""A hub for a class: prepare its folder, start JupyterHub, end it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from bookbuild import BuildError, places
from bookbuild.classroom.students import Student, lesson, told

SOURCE = places.ROOT / "book" / "classroom" / "hub"
PROGRAMS = places.ROOT / ".venv-hub" / "bin"
FIRST = "labs/1-01_constant.ipynb"  # what the link opens
NOBODY = 65_534
# The library is installed in the book's environment: no second copy to pull.
NOT_PULLED = ("recslib", "pyproject.toml")
ME = ("-c", "user.name=The class", "-c", "user.email=class@localhost")


@dataclass(frozen=True)
class Hub:
    """A hub that is prepared: where it lies, and how it is reached.

    Attributes
    ----------
    folder
        Repository, cache, homes and the hub's own state.
    port
        Where students find it; the two after it are taken, too.
    accounts
        "own": a Unix user a student; "one": all have that of the hub.
    password
        What everybody logs in with.
    """

    folder: Path
    port: int
    accounts: str
    password: str

    @property
    def address(self) -> str:
        """Where the hub listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def repository(self) -> Path:
        """What students pull from."""
        return self.folder / "class"

    @property
    def pull(self) -> dict[str, str]:
        """What nbgitpuller is asked, without what it opens."""
        return {"repo": self.repository.as_uri(), "branch": "main"}

    @property
    def link(self) -> str:
        """What a teacher hands out: logs in, pulls, opens a notebook."""
        asked = self.pull | {
            "targetPath": "class",
            "urlpath": f"lab/tree/answers/{FIRST}",
        }
        return f"{self.address}/hub/user-redirect/git-pull?{urlencode(asked)}"


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder; return what it prints."""
    return subprocess.run(
        ["git", *ME, *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def commit(repository: Path, message: str) -> None:
    """Commit all that is in a repository, if it differs."""
    git(repository, "add", "--all")
    if git(repository, "status", "--porcelain"):
        git(repository, "commit", "--quiet", "--message", message)


def fill_repository(labs: Path, repository: Path) -> None:
    """Make the repository hold the labs, in a new commit if they changed.

    Raises
    ------
    BuildError
        Where there are no labs.
    """
    if not (labs / "labs").is_dir():
        raise BuildError(f"{labs} holds no labs: run `make classroom`.")
    repository.mkdir(parents=True, exist_ok=True)
    if not (repository / ".git").is_dir():
        git(repository, "init", "--quiet", "--initial-branch=main")
    for old in repository.iterdir():
        if old.name == ".git":
            continue
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    ignored = shutil.ignore_patterns(*NOT_PULLED)
    shutil.copytree(labs, repository, ignore=ignored, dirs_exist_ok=True)
    commit(repository, "What the class works with")


def fill_cache(cache: Path) -> None:
    """Bring MovieLens 100K once, and let nobody write beside it.

    Raises
    ------
    BuildError
        Where the data do not come; nothing is left then.
    """
    if cache.is_dir():
        return
    half = cache.with_name("cache-half")
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    brought = subprocess.run(
        [sys.executable, "-m", "recslib.movielens", "100k"],
        env=os.environ | {"RECSLIB_CACHE": str(half)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if brought.returncode:
        shutil.rmtree(half)
        raise BuildError(f"No data for the class:\n{brought.stderr}")
    for path in half.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    half.rename(cache)
    cache.chmod(0o555)


def write_settings(folder: Path, repository: Path) -> None:
    """Write what servers and git are told: the kernel, and whom to trust."""
    kernel = folder / "share" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True, exist_ok=True)
    data = os.environ.get("RECSLIB_DATA")
    spec = {
        "argv": [
            sys.executable,
            *("-m", "ipykernel_launcher", "-f", "{connection_file}"),
        ],
        "display_name": "Python 3 (the book)",
        "language": "python",
        "metadata": {"debugger": True},
        "env": {
            "OMP_NUM_THREADS": "1",
            "RECSLIB_CACHE": str(folder / "cache"),
            **({"RECSLIB_DATA": data} if data else {}),
        },
    }
    kernel.write_text(json.dumps(spec, indent=1) + "\n", encoding="utf-8")
    (folder / "gitconfig").write_text(
        f'[safe]\n\tdirectory = "{repository}"\n'
        f'\tdirectory = "{repository / ".git"}"\n'
        f'[core]\n\thooksPath = "{SOURCE / "hooks"}"\n',
        encoding="utf-8",
    )


def unreadable_to_others(folder: Path) -> str | None:
    """Return what another user of this machine lacks to be a student."""
    tries = {
        "the book's environment": [sys.executable, "-c", "import recslib"],
        "the hub's environment": [str(PROGRAMS / "python"), "-c", ""],
        "the hub's folder": ["ls", str(folder / "cache")],
    }
    for what, command in tries.items():
        if not _nobody_can(command):
            return f"{what} ({command[0]} ... {command[-1]})"
    return None


# What holds solutions, or marks.
TO_CLOSE = (
    ".git",
    "_build",
    "notebooks",
    "tests",
    "book/classroom/notes",
    "grades",
)


def open_to_others(root: Path) -> list[str]:
    """Name the folders of solutions and marks that any user can list.

    Parameters
    ----------
    root
        The repository. Root alone can try.
    """
    there = [name for name in TO_CLOSE if (root / name).is_dir()]
    return [name for name in there if _nobody_can(["ls", str(root / name)])]


def _nobody_can(command: list[str]) -> bool:
    """Try a command as the user who owns nothing."""
    try:
        subprocess.run(
            command,
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            cwd="/",
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def choose_accounts(folder: Path, wanted: str | None) -> str:
    """Return "own" where the hub is root's, and "one" where it is not.

    Raises
    ------
    BuildError
        Where root starts a hub whose students cannot read what they need.
    """
    if wanted == "one" or os.geteuid():
        if wanted == "own":
            raise BuildError("ACCOUNTS=own needs a hub that root starts.")
        return "one"
    lacking = unreadable_to_others(folder)
    if lacking:
        raise BuildError(
            "A hub that root starts gives each student a Unix user, and other "
            f"users cannot use {lacking}. Put the repository and its Python "
            "where all may read, or let all students be one user: "
            "make hub ACCOUNTS=one"
        )
    return "own"


def prepare(folder: Path, port: int, accounts: str | None) -> Hub:
    """Make all that a hub needs; what students have stays as it is.

    Parameters
    ----------
    folder
        Where it goes.
    port
        Where it will listen, on 127.0.0.1.
    accounts
        "own", "one", or None: what this machine allows.

    Raises
    ------
    BuildError
        Where something is missing; the message says what to do.
    """
    if not (PROGRAMS / "jupyterhub").exists():
        raise BuildError("JupyterHub is not installed: run `make hub`.")
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    fill_repository(places.BUILD / "classroom" / "labs", folder / "class")
    fill_cache(folder / "cache")
    write_settings(folder, folder / "class")
    (folder / "state").mkdir(mode=0o700, exist_ok=True)
    (folder / "homes").mkdir(mode=0o711, exist_ok=True)
    chosen = choose_accounts(folder, accounts)
    return Hub(folder, port, chosen, secrets.token_urlsafe(9))


def environment(hub: Hub, around: Mapping[str, str]) -> dict[str, str]:
    """Return what the hub's process is told."""
    return {
        **around,
        "PATH": f"{PROGRAMS}{os.pathsep}{around['PATH']}",
        "HUB_FOLDER": str(hub.folder),
        "HUB_PORT": str(hub.port),
        "HUB_ACCOUNTS": hub.accounts,
        "HUB_PASSWORD": hub.password,
    }


@contextmanager
def running(hub: Hub, log: Path | None = None) -> Iterator[subprocess.Popen]:
    """Start a hub, and end it and all its servers at the end.

    Parameters
    ----------
    hub
        As `prepare` made it.
    log
        A file for what it says; None shows it.
    """
    with open(log or os.devnull, "w") as file:
        process = subprocess.Popen(
            [
                str(PROGRAMS / "jupyterhub"),
                "--config",
                str(SOURCE / "jupyterhub_config.py"),
            ],
            cwd=hub.folder / "state",
            env=environment(hub, os.environ),
            stdout=file if log else None,
            stderr=subprocess.STDOUT if log else None,
            # Ctrl-C reaches this process alone, which then ends the hub once.
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


WHOSE_FILES = {
    "own": "Every student is a Unix user: nobody reads another's files.",
    "one": "All students are one Unix user, and it is yours: whoever writes "
    "code for it can read another's files, and all that you can, solutions "
    "too. Good for trying, not for a class.",
}


def start_hub(
    folder: str, port: int, accounts: str | None, students: int | None
) -> None:
    """Start a hub and wait for Ctrl-C, or try it with simulated students.

    Parameters
    ----------
    folder
        Where the hub lies, from the root of the repository.
    port
        Where it listens, on 127.0.0.1.
    accounts
        "own", "one", or None: what this machine allows.
    students
        How many are simulated; None: none are, and the hub stays.

    Raises
    ------
    BuildError
        Where it cannot start, or a simulated student found something wrong.
    """
    hub = prepare(places.ROOT / folder, port, accounts)
    print(WHOSE_FILES[hub.accounts])
    if hub.accounts == "own" and (still := open_to_others(places.ROOT)):
        print(
            f"Students' code can read {', '.join(still)}, which hold "
            f"solutions or marks. How to close them: book/classroom/hub.md, "
            f"'Close the solutions'."
        )
    if students is None:
        print(f"The hub: {hub.address} (Ctrl-C ends it)")
        print(f"Any name of a-z, 0-9 and -; the password: {hub.password}")
        print(f"The link for students: {hub.link}", flush=True)
        status = 0
        with suppress(KeyboardInterrupt), running(hub) as process:
            status = process.wait()
        if status:
            raise BuildError(f"JupyterHub ended with status {status}.")
        return
    print(simulate(hub, students))


def simulate(hub: Hub, students: int) -> str:
    """Let students work on a hub for a lesson; return a table of the cost.

    Raises
    ------
    BuildError
        Where one of them found something wrong.
    """
    stamp = secrets.token_hex(3)
    crowd = [
        Student(f"s{stamp}-{number}", hub.address, hub.password, hub.pull)
        for number in range(1, students + 1)
    ]
    log = hub.folder / "state" / "hub.log"
    homes = hub.folder / "homes"
    with running(hub, log):
        try:
            measured = lesson(
                crowd,
                homes=homes,
                private=hub.accounts == "own",
                update=lambda: mend(hub.repository),
            )
        except Exception as problem:
            raise BuildError(
                f"{problem}\nThe hub's own words: {log}"
            ) from problem
        finally:
            fill_repository(
                places.BUILD / "classroom" / "labs", hub.repository
            )
    for student in crowd:
        shutil.rmtree(homes / student.name, ignore_errors=True)
    return told(measured)


def mend(repository: Path) -> None:
    """Change every notebook of a repository, as a teacher's update does."""
    for path in repository.glob("*/*.ipynb"):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        notebook["cells"][0]["source"] = ["# Mended\n"]
        path.write_text(json.dumps(notebook, indent=1) + "\n", "utf-8")
    commit(repository, "A mended sentence in every notebook")
