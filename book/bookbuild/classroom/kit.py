"""A kit for a room without a network: packages, labs, chapters and the book.

It is a folder of the repository's shape, so `python book/install.py` and
`python book/doctor.py` are the commands there, too.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import install
from bookbuild import BuildError, places
from bookbuild.classroom.make import (
    FOR_STUDENTS,
    chapters_to_teach,
    check_kept,
    lab_files,
    pages_files,
    slides_files,
)
from bookbuild.classroom.packs import beside, write_folder
from bookbuild.classroom.wheels import (
    Target,
    library_wheel,
    pinned,
    requirements_of,
    targets_of,
    wheels_of,
)
from bookbuild.lone import FOLDER
from recslib import movielens

DATA_SET = "100k"
READ_ME = "book/classroom/kit.md"
# What is in the folder for the teacher alone, and never in the archive.
OWN = "data"
# A target's packages, as fetched, in the kit and in its archive.
SPACE_A_TARGET, SPACE_BESIDE = 1.5e9, 0.3e9
PACKED_ALREADY = (".whl", ".zip", ".png", ".pdf", ".woff2")
TERMS_AHEAD = """\
This copy of MovieLens is yours: you fetched it, and it serves the machines
that you set up yourself. Do not pass this folder on with it: the archive,
kit.zip, is for that, and has no data.

"""


def make_kit(
    systems: Sequence[str] = (),
    pythons: Sequence[str] = (),
    with_data: bool = False,
) -> None:
    """Make the kit as a folder, and without the data as an archive.

    Parameters
    ----------
    systems, pythons
        As in `targets_of`.
    with_data
        Whether the teacher wants a copy of the data in the folder, having
        read their terms.

    Raises
    ------
    BuildError
        Where there is no room, a package cannot be fetched, or what is for
        students gives a solution away. The kit that was there then stays.
    """
    targets = targets_of(systems, pythons)
    check_room(shutil.disk_usage(places.ROOT).free, len(targets))
    store, kit = places.BUILD / "wheels", places.BUILD / "kit"
    store.mkdir(parents=True, exist_ok=True)
    made = kit.with_name("kit-new")
    shutil.rmtree(made, ignore_errors=True)
    try:
        fill(made, targets, store)
        if with_data:
            add_data(made / OWN)
        write_sums(made)
        archive = made.with_suffix(".zip")
        pack(made, archive)
        shutil.rmtree(kit, ignore_errors=True)
        made.replace(kit)
        archive.replace(kit.with_suffix(".zip"))
    finally:
        shutil.rmtree(made, ignore_errors=True)
        made.with_suffix(".zip").unlink(missing_ok=True)
    print(movielens.GROUPLENS.terms)
    print(
        f"\nOn these terms {kit / OWN} is your copy; it is not in the archive."
        if with_data
        else "\nThe kit has no data. On these terms `make kit DATA=yes` puts "
        "a copy of yours into the folder, and not into the archive."
    )
    size = kit.with_suffix(".zip").stat().st_size / 1e6
    print(f"{kit}, and to hand out {kit.with_suffix('.zip')} ({size:.0f} MB)")


def check_room(free: float, n_targets: int) -> None:
    """Raise BuildError where `free` bytes are too few."""
    needed = SPACE_BESIDE + n_targets * SPACE_A_TARGET
    if free < needed:
        raise BuildError(
            f"Not enough disk space: {free / 1e9:.1f} GB are free for "
            f"{places.BUILD}, and this kit takes {needed / 1e9:.1f}. Free "
            "some, or name fewer systems and versions of Python."
        )


def fill(folder: Path, targets: Sequence[Target], store: Path) -> None:
    """Put all but data and sums into a folder.

    Parameters
    ----------
    folder
        Of the kit.
    targets
        What its packages are for.
    store
        Where packages are kept from one kit to the next.
    """
    book, which = chapters_to_teach()
    files = lab_files(book)
    check_kept(book, dict.fromkeys(FOR_STUDENTS, files))
    print(f"{len(book)} chapters, {which}.")
    library = library_wheel(store)
    wheels = {}
    for target in targets:
        wheels[target] = wheels_of(target, library, store, pinned())
        print(f"Python {target.words}: {len(wheels[target])} packages")
    write_folder(beside() | files, folder)
    write_folder(own_files(wheels), folder)
    for path in {p for needed in wheels.values() for p in needed.values()}:
        shutil.copyfile(path, folder / "wheels" / path.name)
    pages = pages_files(book)
    write_folder(pages, folder / "html")
    if not pages:
        print("Without html/: `make book` has to come first.")
    slides = slides_files(book)
    write_folder(slides, folder / "slides")
    if not slides:
        print("Without slides/: `python book/build.py slides` comes first.")


def own_files(
    wheels: Mapping[Target, Mapping[str, Path]],
) -> dict[str, bytes]:
    """Return the files that only a kit has, or has otherwise.

    Parameters
    ----------
    wheels
        What each target needs.
    """
    made_for = "".join(f"{target.words}\n" for target in wheels)
    return {
        "README.md": (places.ROOT / READ_ME).read_bytes(),
        "book/doctor.py": (places.ROOT / "book/doctor.py").read_bytes(),
        "requirements.txt": requirements_of(wheels).encode(),
        install.MADE_FOR.relative_to(install.ROOT).as_posix(): (
            made_for.encode()
        ),
    }


def add_data(folder: Path) -> None:
    """Copy the teacher's data into a folder, with their terms."""
    archive, place = movielens.find(DATA_SET)
    folder.mkdir(parents=True)
    if isinstance(place, zipfile.Path):
        shutil.copyfile(place.root.filename, folder / archive.file)
    else:
        shutil.copytree(place, folder / place.name)
    terms = TERMS_AHEAD + movielens.GROUPLENS.terms + "\n"
    (folder / "TERMS.txt").write_text(terms, encoding="utf-8")


def files_of(folder: Path) -> list[Path]:
    """Return the files of a kit that are handed out, by name."""
    found = [
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    return sorted(path for path in found if path.parts[0] != OWN)


def write_sums(folder: Path) -> None:
    """List the SHA-256 of each file, as `sha256sum --check` reads it."""
    sums = folder / install.SUMS.name
    sums.unlink(missing_ok=True)
    lines = [
        f"{install.sum_of(folder / path)}  {path.as_posix()}\n"
        for path in files_of(folder)
    ]
    sums.write_text("".join(lines), encoding="utf-8", newline="\n")


def pack(folder: Path, archive: Path) -> None:
    """Pack a kit without its data: the same files make the same bytes."""
    with zipfile.ZipFile(archive, "w") as packed:
        for path in files_of(folder):
            entry = zipfile.ZipInfo(f"{FOLDER}/{path.as_posix()}")
            entry.external_attr = 0o644 << 16
            if path.suffix not in PACKED_ALREADY:
                entry.compress_type = zipfile.ZIP_DEFLATED
            entry.file_size = (folder / path).stat().st_size
            with (
                (folder / path).open("rb") as source,
                packed.open(entry, "w") as target,
            ):
                shutil.copyfileobj(source, target, 1 << 20)
