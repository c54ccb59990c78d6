"""The packages that a kit carries: all that a system needs, and no more.

pip chooses files for another system, but reads the markers of requirements as
if that were this one. So requirements are followed here, a package at a time,
and pip fetches what is named to it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

import install
from bookbuild import BuildError, places
from bookbuild.classroom.packs import beside, write_folder
from bookbuild.pins import parse

# What a person starts with; all else is brought along.
ROOTS = ("recslib", "jupyterlab", "ipykernel", "ipywidgets")
# So that two builds of one library are the same file.
SAME_DATE = "315532800"


@dataclass(frozen=True)
class System:
    """A kind of machine.

    Parameters
    ----------
    platform, machine
        As `sys.platform` has it, and the processor as kits name it.
    tags
        What pip calls it in names of files.
    markers
        What else markers of requirements ask of it.
    """

    platform: str
    machine: str
    tags: tuple[str, ...]
    markers: Mapping[str, str]


def _linux(machine: str, processor: str) -> System:
    tags = [f"manylinux_2_{minor}_{processor}" for minor in range(28, 4, -1)]
    tags += [f"manylinux2014_{processor}", f"linux_{processor}"]
    markers = {
        "os_name": "posix",
        "platform_system": "Linux",
        "platform_machine": processor,
    }
    return System("linux", machine, tuple(tags), markers)


SYSTEMS = {
    "linux": _linux("x86_64", "x86_64"),
    "linux-arm64": _linux("arm64", "aarch64"),
    "macos": System(
        "darwin",
        "arm64",
        ("macosx_14_0_arm64",),
        {
            "os_name": "posix",
            "platform_system": "Darwin",
            "platform_machine": "arm64",
        },
    ),
    "windows": System(
        "win32",
        "x86_64",
        ("win_amd64",),
        {
            "os_name": "nt",
            "platform_system": "Windows",
            "platform_machine": "AMD64",
        },
    ),
}


@dataclass(frozen=True)
class Target:
    """A system, by its name above, and a version of Python."""

    system: str
    python: str

    @property
    def words(self) -> str:
        """What install.py calls it: ``3.11 linux x86_64``."""
        system = SYSTEMS[self.system]
        return f"{self.python} {system.platform} {system.machine}"

    @property
    def full_python(self) -> str:
        """A late release of that version: some packages ask for one."""
        return f"{self.python}.9"

    @property
    def environment(self) -> dict[str, str]:
        """What markers of requirements see there."""
        system = SYSTEMS[self.system]
        return {
            **system.markers,
            "sys_platform": system.platform,
            "python_version": self.python,
            "python_full_version": self.full_python,
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
        }

    @property
    def marker(self) -> str:
        """A marker that is true there, and in no other target."""
        markers = {
            "sys_platform": SYSTEMS[self.system].platform,
            "platform_machine": SYSTEMS[self.system].markers[
                "platform_machine"
            ],
            "python_version": self.python,
        }
        said = [f'{name} == "{value}"' for name, value in markers.items()]
        return f"({' and '.join(said)})"


def this_system() -> str:
    """Return the name of the system that this runs on.

    Raises
    ------
    BuildError
        Where it is none of those that kits know.
    """
    here = install.machine_words()
    for name, system in SYSTEMS.items():
        if here == f"{system.platform} {system.machine}":
            return name
    raise BuildError(
        f"There are no kits for this system ({here}). Name those that you "
        f"want one for: SYSTEMS='{' '.join(SYSTEMS)}', or some of them."
    )


def targets_of(systems: Sequence[str], pythons: Sequence[str]) -> list[Target]:
    """Return what a kit is asked to be for; none named: this machine.

    Parameters
    ----------
    systems
        Names of `SYSTEMS`.
    pythons
        Versions, such as 3.11.

    Raises
    ------
    BuildError
        Where one is not known.
    """
    for name in systems:
        if name not in SYSTEMS:
            raise BuildError(
                f"There are no kits for the system {name!r}; there are some "
                f"for {', '.join(SYSTEMS)}."
            )
    for version in pythons:
        major, _, minor = version.partition(".")
        is_version = major.isdigit() and minor.isdigit()
        if not is_version or (int(major), int(minor)) < install.OLDEST_PYTHON:
            raise BuildError(
                f"A kit is for a version of Python, 3.11 or newer, such as "
                f"3.12, and not for {version!r}."
            )
    systems = systems or [this_system()]
    pythons = pythons or [".".join(platform.python_version_tuple()[:2])]
    return [Target(s, p) for s in systems for p in dict.fromkeys(pythons)]


def library_wheel(folder: Path) -> Path:
    """Build recslib's wheel into a folder, and return its path.

    Raises
    ------
    BuildError
        With what pip said, where it fails.
    """
    with tempfile.TemporaryDirectory() as source:
        write_folder(beside(), Path(source))
        command = ["wheel", "--no-deps", "--no-build-isolation", "--no-index"]
        pip([*command, "--wheel-dir", str(folder), source])
    (made,) = folder.glob("recslib-*.whl")
    return made


def pip(arguments: Sequence[str]) -> None:
    """Run pip.

    Raises
    ------
    BuildError
        With what pip said, where it fails.
    """
    run = subprocess.run(
        [sys.executable, "-m", "pip", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"SOURCE_DATE_EPOCH": SAME_DATE},
    )
    if run.returncode != 0:
        said = [
            line
            for line in (run.stdout + run.stderr).splitlines()
            if line.startswith("ERROR")
        ]
        raise BuildError(
            f"pip {arguments[0]} failed: {' '.join(said) or run.stderr} Look "
            "at the network (HTTPS_PROXY, PIP_INDEX_URL), and run the "
            "command again: what has come is kept."
        )


def pinned() -> dict[str, str]:
    """Return the version of each package of requirements.txt."""
    text = (places.ROOT / "requirements.txt").read_text(encoding="utf-8")
    pins = parse(text)
    return {each.key: each.version for each in (*pins.direct, *pins.along)}


def needs_of(wheel: Path) -> list[Requirement]:
    """Return what a wheel says that it needs, markers included."""
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (
            name
            for name in packed.namelist()
            if name.endswith(".dist-info/METADATA") and name.count("/") == 1
        )
        metadata, _ = parse_email(packed.read(name))
    return [Requirement(text) for text in metadata.get("requires_dist", [])]


def applies(needed: Requirement, target: Target, extra: str) -> bool:
    """Whether a requirement holds on a target, for one extra or for none."""
    if needed.marker is None:
        return extra == ""
    return needed.marker.evaluate({**target.environment, "extra": extra})


class Followed:
    """The wheels of a target, while its requirements are followed.

    Parameters
    ----------
    target
        What they are for.
    folder
        Where wheels are kept.
    pins
        Versions by comparable name; another package comes in its newest.
    """

    def __init__(
        self, target: Target, folder: Path, pins: Mapping[str, str]
    ) -> None:
        self.target, self.folder, self.pins = target, folder, pins
        self.wheels: dict[str, Path] = {}
        self.asked: dict[str, list[Requirement]] = {}
        self.done: set[tuple[str, str]] = set()

    def ask(self, needed: Requirement) -> None:
        """Note that a package is needed."""
        self.asked.setdefault(canonicalize_name(needed.name), []).append(
            needed
        )

    def follow(self) -> None:
        """Fetch what is asked for, and ask for what that needs, to the end."""
        while True:
            missing = self.asked.keys() - self.wheels.keys()
            if missing:
                wishes = [self.wish(name) for name in sorted(missing)]
                self.wheels |= fetched(wishes, self.target, self.folder)
            before = len(self.done)
            for name, asking in list(self.asked.items()):
                extras = {"", *(e for each in asking for e in each.extras)}
                for extra in sorted(extras):
                    self.open(name, extra)
            if len(self.done) == before:
                return

    def open(self, name: str, extra: str) -> None:
        """Ask for what a package needs, once."""
        if (name, extra) in self.done:
            return
        self.done.add((name, extra))
        for needed in needs_of(self.wheels[name]):
            # What an extra adds alone: the rest was asked for without it.
            if applies(needed, self.target, extra) and not (
                extra and applies(needed, self.target, "")
            ):
                self.ask(needed)

    def wish(self, name: str) -> str:
        """Return what pip is asked for."""
        if name in self.pins:
            return f"{name}=={self.pins[name]}"
        bounds = ",".join(str(each.specifier) for each in self.asked[name])
        return name + bounds.strip(",").replace(",,", ",")

    def check(self) -> None:
        """Raise BuildError where a version is not one that is asked for."""
        for name, asking in self.asked.items():
            _, version, _, _ = parse_wheel_filename(self.wheels[name].name)
            for needed in asking:
                if not needed.specifier.contains(version, prereleases=True):
                    raise BuildError(
                        f"{name} {version} does not fit {needed}: settle the "
                        "pins with `make pins`."
                    )


def fetched(
    wishes: Sequence[str], target: Target, folder: Path
) -> dict[str, Path]:
    """Fetch wheels, and return their paths by comparable name.

    Parameters
    ----------
    wishes
        One for each package, as pip takes them.
    target
        What they are for.
    folder
        Where they go; what is there is not fetched again.
    """
    command = ["download", "--no-deps", "--only-binary", ":all:"]
    command += ["--python-version", target.full_python]
    command += ["--implementation", "cp"]
    for tag in SYSTEMS[target.system].tags:
        command += ["--platform", tag]
    command += ["--find-links", str(folder)]
    on_linux = SYSTEMS[target.system].platform == "linux"
    with_torch = any(wish.startswith("torch==") for wish in wishes)
    if on_linux and with_torch and install.answers(install.CPU_WHEELS):
        command += ["--extra-index-url", install.CPU_WHEELS]
    made = {}
    with tempfile.TemporaryDirectory(dir=folder, prefix="new-") as incoming:
        pip([*command, "--dest", incoming, *wishes])
        for path in sorted(Path(incoming).glob("*.whl")):
            name, *_ = parse_wheel_filename(path.name)
            made[name] = path.replace(folder / path.name)
    return made


def wheels_of(
    target: Target, library: Path, folder: Path, pins: Mapping[str, str]
) -> dict[str, Path]:
    """Fetch all that a target needs.

    Parameters
    ----------
    target
        What it is for.
    library
        recslib's wheel.
    folder
        Where wheels are kept; what is there is not fetched again.
    pins
        Versions by comparable name; another package comes in its newest.

    Returns
    -------
    dict
        Comparable name to the path of its wheel, by name.

    Raises
    ------
    BuildError
        Where pip cannot fetch one, what came does not fit together, or
        PyTorch is a build with CUDA.
    """
    followed = Followed(target, folder, pins)
    followed.wheels["recslib"] = library
    for name in ROOTS:
        followed.ask(Requirement(name))
    followed.follow()
    followed.check()
    if any(name.startswith("nvidia-") for name in followed.wheels):
        raise BuildError(
            f"PyTorch came with CUDA, which no kit has room for: let pip "
            f"reach its CPU build at {install.CPU_WHEELS}."
        )
    return dict(sorted(followed.wheels.items()))


def requirements_of(
    wheels: Mapping[Target, Mapping[str, Path]],
) -> str:
    """Return the requirements file of a kit: every package at its version.

    Parameters
    ----------
    wheels
        What each target needs.
    """
    users: dict[tuple[str, str], list[Target]] = {}
    for target, needed in wheels.items():
        for name, path in needed.items():
            _, version, _, _ = parse_wheel_filename(path.name)
            users.setdefault((name, version.public), []).append(target)
    lines = ["# Every package of this kit, at one version."]
    for (name, version), targets in sorted(users.items()):
        line = f"{name}=={version}"
        if len(targets) < len(wheels):
            line += " ; " + " or ".join(each.marker for each in targets)
        lines.append(line)
    return "\n".join(lines) + "\n"
