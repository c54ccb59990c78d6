"""Resolve the pins of a requirements file anew: `make pins`.

pip's own resolver says what belongs together. Here its answer is put into the
file: versions change, and packages that nobody asked for by name come and go
in the last section. The order of the sections, the comments and the markers
stay. The file is written when all is known, or not at all.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bookbuild import BuildError, places
from bookbuild.files import write_all

ALONG = "# What those bring along"
PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s;#]+)(.*)")
STAYS = re.compile(r"# stays(?: (<\S+))?$")
# What torch brings along for NVIDIA cards, on Linux and without its CPU build.
CUDA = re.compile(r"(nvidia|cuda)-|triton$")
ON_ONE_SYSTEM = re.compile(r"sys_platform|platform_system|os_name")
NO_VERSIONS = "ResolutionImpossible"


@dataclass(frozen=True)
class Pin:
    """A line of a requirements file that pins a package.

    Parameters
    ----------
    name, version
        As they are written there.
    rest
        What follows: a marker, a comment, or nothing.
    above
        The comments on the lines above; kept in the last section alone.
    """

    name: str
    version: str
    rest: str = ""
    above: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The name in the one spelling that can be compared."""
        return canonicalize_name(self.name)

    @property
    def marker(self) -> str:
        """The condition after the semicolon; empty where there is none."""
        return self.rest.partition("#")[0].strip().lstrip(";").strip()

    @property
    def applies(self) -> bool:
        """Whether the marker asks for the package on this machine."""
        return not self.marker or Marker(self.marker).evaluate()

    @property
    def line(self) -> str:
        """The pin as it is written."""
        return f"{self.name}=={self.version}{self.rest}"


@dataclass(frozen=True)
class Package:
    """A package of a resolution.

    Parameters
    ----------
    name, version
        As the package spells them, without the build (`+cpu`).
    requires
        Its requirements, as its metadata has them.
    """

    name: str
    version: str
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Requirements:
    """A requirements file, in two parts.

    Parameters
    ----------
    lines
        All down to the heading of the last section: comments and empty lines
        as text, what is asked for by name as `Pin`, other requests as text.
    along
        The pins of the last section.
    """

    lines: tuple[str | Pin, ...]
    along: tuple[Pin, ...]

    @property
    def direct(self) -> tuple[Pin, ...]:
        """The pins of what is asked for by name."""
        return tuple(line for line in self.lines if isinstance(line, Pin))

    @property
    def text(self) -> str:
        """The file."""
        lines = [*self.lines]
        for pin in self.along:
            lines += [*pin.above, pin]
        written = [
            line.line if isinstance(line, Pin) else line for line in lines
        ]
        return "\n".join(written) + "\n"


def parse(text: str) -> Requirements:
    """Read a requirements file.

    Raises
    ------
    BuildError
        Where the last section is missing, or a line in it is no pin.
    """
    lines = text.splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith(ALONG)]
    if len(starts) != 1:
        raise BuildError(
            f"One section has to start with a line '{ALONG}', for what the "
            f"packages of the other sections need; there are {len(starts)}."
        )
    n_top = starts[0] + 1
    while n_top < len(lines) and lines[n_top].startswith("#"):
        n_top += 1
    along, above = [], []
    for line in lines[n_top:]:
        found = PIN.fullmatch(line)
        if found:
            along.append(Pin(*found.groups(), above=tuple(above)))
            above = []
        elif line.startswith("#"):
            above.append(line)
        else:
            raise BuildError(
                f"Only lines 'name==version' and comments can follow '{ALONG}'"
                f", and there is {line!r}. Move it up to the other sections."
            )
    if above:
        raise BuildError(f"No pin follows the comment {above[-1]!r}: move it.")
    top = []
    for line in lines[:n_top]:
        found = PIN.fullmatch(line)
        top.append(Pin(*found.groups()) if found else line)
    return Requirements(tuple(top), tuple(along))


def wish(pin: Pin, upgrade: frozenset[str] | None) -> str:
    """Write down what pip is asked for in place of a pin.

    Parameters
    ----------
    pin
        Of a package that is asked for by name, or brought along.
    upgrade
        The packages that may move, in their comparable spelling; None for
        all but those whose comment says `# stays`.

    Returns
    -------
    str
        The pin, or the name with the bound of `# stays <2`.
    """
    stays = STAYS.search(pin.rest)
    bound = (stays.group(1) or "") if stays else ""
    if upgrade is None:
        moves = stays is None or bool(bound)
    else:
        moves = pin.key in upgrade
    wanted = bound if moves else f"=={pin.version}"
    return f"{pin.name}{wanted}" + (f" ; {pin.marker}" if pin.marker else "")


def packages_of(report: Mapping) -> dict[str, Package]:
    """Return what pip's report would install, by comparable name.

    Parameters
    ----------
    report
        As `pip install --report` writes it. Folders such as this one, which
        have no version to pin, and CUDA are left out.
    """
    packages = {}
    for entry in report["install"]:
        about = entry["metadata"]
        key = canonicalize_name(about["name"])
        if "dir_info" in entry["download_info"] or CUDA.match(key):
            continue
        packages[key] = Package(
            about["name"],
            about["version"].partition("+")[0],
            tuple(about.get("requires_dist", ())),
        )
    return packages


def marker_of(
    key: str, packages: Mapping[str, Package], known: Mapping[str, str]
) -> str:
    """Return on which systems a package is needed; empty for all.

    Parameters
    ----------
    key
        Its comparable name.
    packages
        The whole resolution.
    known
        Markers of the pins that there are, by comparable name.
    """
    markers = set()
    for needing, package in packages.items():
        for text in package.requires:
            needed = Requirement(text)
            if canonicalize_name(needed.name) != key:
                continue
            marker = str(needed.marker or "")
            if "extra" in marker:
                continue
            if not ON_ONE_SYSTEM.search(marker):
                marker = known.get(needing, "")
            markers.add(marker)
    return "" if "" in markers else " or ".join(sorted(markers))


def resolved(
    requirements: Requirements, packages: Mapping[str, Package]
) -> Requirements:
    """Put a resolution into the pins.

    Parameters
    ----------
    requirements
        The file as it was.
    packages
        What belongs together now, by comparable name.

    Returns
    -------
    Requirements
        Direct pins in their places. Pins of what is brought along in the
        order of the alphabet; what nobody needs is gone, unless its marker
        says that it is for another system.

    Raises
    ------
    BuildError
        Where a package that is asked for by name has no version.
    """
    lines = []
    for line in requirements.lines:
        if isinstance(line, Pin) and line.applies:
            if line.key not in packages:
                raise BuildError(
                    f"pip found no version for {line.name}, which is asked "
                    "for by name. Nothing was written."
                )
            line = replace(line, version=packages[line.key].version)
        lines.append(line)
    named = {pin.key for pin in requirements.direct}
    old = {pin.key: pin for pin in requirements.along}
    known = {
        pin.key: pin.marker
        for pin in (*requirements.direct, *requirements.along)
    }
    along = [pin for pin in requirements.along if not pin.applies]
    for key, package in packages.items():
        if key in named:
            continue
        if key in old:
            along.append(replace(old[key], version=package.version))
        else:
            marker = marker_of(key, packages, known)
            rest = f" ; {marker}" if marker else ""
            along.append(Pin(package.name, package.version, rest))
    along.sort(key=lambda pin: pin.name.lower())
    return Requirements(tuple(lines), tuple(along))


def changes(old: Requirements, new: Requirements) -> list[str]:
    """Tell what differs between two versions of a file, a line a package."""
    before, after = (
        {pin.key: pin for pin in (*part.direct, *part.along)}
        for part in (old, new)
    )
    told = []
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            told.append(f"{before[key].name} {before[key].version} is gone")
        elif key not in before:
            told.append(f"{after[key].name} {after[key].version} is new")
        elif before[key].version != after[key].version:
            told.append(
                f"{after[key].name} {before[key].version} -> "
                f"{after[key].version}"
            )
    return told


def reason(printed: str, errors: str) -> str:
    """Return what pip said about its failure, without its warnings."""
    _, heading, rest = printed.partition("The conflict is caused by:")
    lines = [
        line for line in errors.splitlines() if not line.startswith("WARNING")
    ]
    return "\n".join([f"{heading}{rest}".strip(), *lines]).strip()


def ask_pip(wishes: Iterable[str], limits: Iterable[str]) -> dict:
    """Let pip resolve, and return its report; nothing is installed.

    Parameters
    ----------
    wishes
        Lines of a requirements file.
    limits
        Lines of a constraints file: which versions, where one is needed.

    Raises
    ------
    BuildError
        With what pip said, where it found no versions that fit together.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, bounds, report = (
            Path(folder, name) for name in ("asked", "bounds", "report")
        )
        asked.write_text("\n".join(wishes) + "\n", encoding="utf-8")
        bounds.write_text("\n".join(limits) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--dry-run"]
        command += ["--ignore-installed", "--report", str(report)]
        command += ["--requirement", str(asked), "--constraint", str(bounds)]
        # In the root, because `-e .` means this folder.
        run = subprocess.run(
            command, cwd=places.ROOT, capture_output=True, text=True
        )
        if run.returncode != 0:
            raise BuildError(
                "pip found no versions that fit together, and nothing was "
                f"written.\n{reason(run.stdout, run.stderr)}"
            )
        return json.loads(report.read_text(encoding="utf-8"))


def renewed(
    requirements: Requirements, upgrade: frozenset[str] | None
) -> Requirements:
    """Resolve a file anew, and move no more than has to move.

    Parameters
    ----------
    requirements
        The file as it is.
    upgrade
        As in `wish`.

    Raises
    ------
    BuildError
        Where a name in `upgrade` has no pin, or pip finds no versions.
    """
    pins = (*requirements.direct, *requirements.along)
    unknown = (upgrade or frozenset()) - {pin.key for pin in pins}
    if unknown:
        raise BuildError(
            f"No pin of {', '.join(sorted(unknown))}: UPGRADE takes names "
            "that are in the file, or 1 for all. To add a package, write it "
            "into a section with its version, and run `make pins`."
        )
    wishes = [
        wish(line, upgrade) if isinstance(line, Pin) else line
        for line in requirements.lines
    ]
    limits = [wish(pin, upgrade) for pin in requirements.along]
    try:
        report = ask_pip(wishes, limits)
    except BuildError as problem:
        if NO_VERSIONS not in str(problem):
            raise
        print("What is brought along cannot stay as it is: resolved anew.")
        limits = [
            wish(pin, None)
            for pin in requirements.along
            if STAYS.search(pin.rest) and pin.key not in (upgrade or ())
        ]
        report = ask_pip(wishes, limits)
    return resolved(requirements, packages_of(report))


def for_other_pythons(version: tuple[int, int], oldest: str) -> str:
    """Say for which Pythons a resolution may lack something.

    Parameters
    ----------
    version
        Of the Python that pip resolves for: major and minor.
    oldest
        `requires-python` of pyproject.toml, such as `>=3.11`.

    Returns
    -------
    str
        Empty where that is the oldest that the book supports.
    """
    here = ".".join(map(str, version))
    if oldest == f">={here}":
        return ""
    return (
        f"These pins are what Python {here} needs, and the book takes {oldest}"
        ": an older one may need more. Rather settle them in a .venv of the "
        "oldest."
    )


def settle(file: str, upgrade: Sequence[str]) -> None:
    """Resolve the pins of a file anew, and say what changed.

    Parameters
    ----------
    file
        The requirements file, seen from the root.
    upgrade
        Names of packages to move to their newest version; "1" for all.

    Raises
    ------
    BuildError
        Where the file cannot be read, or there are no versions that fit; then
        it stays as it is.
    """
    path = places.ROOT / file
    if not path.is_file():
        raise BuildError(f"There is no file {file} in {places.ROOT}.")
    old = parse(path.read_text(encoding="utf-8"))
    names = frozenset(canonicalize_name(name) for name in upgrade)
    new = renewed(old, None if "1" in upgrade else names)
    project = tomllib.loads(
        (places.ROOT / "pyproject.toml").read_text("utf-8")
    )
    oldest = project["project"]["requires-python"]
    note = for_other_pythons(sys.version_info[:2], oldest)
    if note:
        print(note, file=sys.stderr)
    write_all({path: new.text})
    print("\n".join(changes(old, new)) or f"{file}: every pin stays.")
