"""Brings an archive to this machine: checked, whole, and once.

It knows files by name, size and hash, and nothing of what is in them.
"""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path
from textwrap import indent
from typing import Any

import platformdirs
import pooch
from filelock import FileLock, Timeout

from recslib.progress import progress_bar, progress_is_off
from recslib.tables import Place

logger = logging.getLogger(__name__)

LOCK_SECONDS = 1800
# What requests, pooch, pip and the disk raise when a download comes to grief.
_REFUSALS = (OSError, ValueError, subprocess.SubprocessError)


class DownloadError(OSError):
    """A data set that no source could give."""


@dataclass(frozen=True)
class Publisher:
    """Who hands archives out, and on what terms.

    Parameters
    ----------
    address
        Of the folder that its archives lie in; ends with a slash.
    terms
        What a person is told when something has been downloaded.
    """

    address: str
    terms: str


@dataclass(frozen=True)
class Archive:
    """One published file that holds a data set.

    Parameters
    ----------
    file
        Its name.
    folder
        Where the data set lies inside it.
    marker
        A file that must be in that folder.
    read
        What its owner makes of the folder; nothing here calls it.
    n_bytes, known_hash
        Size and ``"algorithm:hex"``; None where the file changes over time.
    requirement
        What to ask pip for; None for what the publisher hands out.
    """

    file: str
    folder: str
    marker: str
    read: Callable[[Place], Any]
    n_bytes: int | None = None
    known_hash: str | None = None
    requirement: str | None = None


def find_archive(
    name: str,
    archives: Sequence[Archive],
    publisher: Publisher,
    *,
    folder: str | Path | None = None,
    cache: str | Path | None = None,
) -> tuple[Archive, Place]:
    """Find a data set's files, and download them where there are none.

    Looks in ``folder``, then in the cache, then asks each archive's source in
    turn. A damaged file in the cache is set aside as ``*.bad`` and fetched
    again.

    Parameters
    ----------
    name
        What the data set is called.
    archives
        Those that hold it, at least one; the preferred one first.
    publisher
        Whose they are.
    folder
        Where you keep an archive or its unpacked files; the environment
        variable ``RECSLIB_DATA`` does the same.
    cache
        Where downloads are kept; else the variable ``RECSLIB_CACHE``, else
        your user cache directory. The variable ``RECSLIB_MIRROR`` replaces
        the publisher's address.

    Returns
    -------
    tuple
        The archive that it is, and where in it (or in your folder) the
        files lie.

    Raises
    ------
    DownloadError
        When no source could give the data: says what each one said.
    """
    tried = []
    folder = folder or os.environ.get("RECSLIB_DATA")
    if folder:
        for archive in archives:
            place = _in_folder(Path(folder).expanduser(), archive)
            if place is not None:
                return archive, place
        logger.warning(
            "%s holds no sound copy of %s; looking in the cache.",
            folder,
            archives[0].file,
        )
        tried.append(f"the folder {folder}: no sound copy")
    cache = cache or os.environ.get("RECSLIB_CACHE")
    cache = Path(cache or platformdirs.user_cache_path("recslib"))
    archive = _in_cache(archives, cache)
    if archive is None:
        tried.append(f"the cache {cache}: no sound copy")
        cache = _writable(cache)
        archive = _in_cache(archives, cache) or _fetch(
            name, archives, publisher, cache, tried
        )
    return archive, _open(cache / archive.file, archive)


def _open(path: Path, archive: Archive) -> Place:
    return zipfile.Path(path, archive.folder + "/")


def _in_folder(folder: Path, archive: Archive) -> Place | None:
    path = folder / archive.file
    trouble = _trouble(path, archive)
    if trouble is None:
        return _open(path, archive)
    if path.exists():
        logger.warning("%s %s; not used.", path, trouble)
    for place in (folder / Path(archive.folder).name, folder):
        if (place / archive.marker).is_file():
            return place
    return None


def _in_cache(archives: Sequence[Archive], cache: Path) -> Archive | None:
    for archive in archives:
        if _trouble(cache / archive.file, archive) is None:
            return archive
    return None


def _trouble(path: Path, archive: Archive) -> str | None:
    """Say what is wrong with a file, None where it is the published one."""
    try:
        n_bytes = path.stat().st_size
        if archive.n_bytes not in (None, n_bytes):
            return f"has {n_bytes:,} bytes, not {archive.n_bytes:,}"
        if archive.known_hash is not None:
            algorithm, known = archive.known_hash.split(":")
            if pooch.file_hash(path, alg=algorithm) != known:
                return f"does not have the published {algorithm}"
            return None
        with zipfile.ZipFile(path) as whole:
            broken = whole.testzip()
            if broken is not None:
                return f"is damaged at {broken}"
            if f"{archive.folder}/{archive.marker}" not in whole.namelist():
                return f"does not hold {archive.folder}/{archive.marker}"
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        return f"cannot be read ({error})"
    return None


def _writable(cache: Path) -> Path:
    """Give back the cache, or a temporary one where it takes no files."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return cache
    except OSError as error:
        temporary = _temporary_cache()
        logger.warning(
            "The cache %s cannot be written (%s). Downloads go to %s and are "
            "deleted at the end; set RECSLIB_CACHE to a folder of yours.",
            cache,
            error,
            temporary,
        )
        return temporary


@remember
def _temporary_cache() -> Path:
    folder = tempfile.mkdtemp(prefix="recslib-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def _locked(cache: Path, name: str) -> Iterator[None]:
    # Any user of a shared cache may take the lock.
    lock = FileLock(cache / f"{name}.lock", mode=0o666)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        logger.warning("Another process is fetching %s: waiting.", name)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise DownloadError(
                f"{lock.lock_file} has been held by another process for "
                f"{LOCK_SECONDS // 60} minutes. End that process, or set "
                f"RECSLIB_CACHE to another folder, and try again."
            ) from error
    try:
        yield
    finally:
        lock.release()


def _fetch(
    name: str,
    archives: Sequence[Archive],
    publisher: Publisher,
    cache: Path,
    tried: list[str],
) -> Archive:
    with _locked(cache, name):
        archive = _in_cache(archives, cache)
        if archive is not None:
            return archive
        incoming = cache / f"{name}.incoming"
        for archive in archives:
            path = cache / archive.file
            if path.exists():
                trouble = _trouble(path, archive)
                logger.warning("%s %s: set aside as .bad.", path, trouble)
                path.replace(path.with_name(path.name + ".bad"))
            # A killed process may have left its half behind.
            shutil.rmtree(incoming, ignore_errors=True)
            source = _source(archive, publisher)
            try:
                _download(archive, source, incoming).replace(path)
            except _REFUSALS as error:
                tried += [source, indent(str(error), "  ")]
            else:
                if not progress_is_off():
                    print(publisher.terms)
                return archive
            finally:
                shutil.rmtree(incoming, ignore_errors=True)
    address, wanted = publisher.address, archives[0].file
    raise DownloadError(
        f"no source could give the data set {name}. Tried:\n  "
        + "\n  ".join(tried)
        + f"\nYou can:\n  1. look at the network or proxy and run this "
        f"again;\n  2. download {wanted} in a browser from {address}{wanted}"
        f" and set RECSLIB_DATA to the folder that holds it;\n  3. set "
        f"RECSLIB_MIRROR to the address of a mirror of {address}"
    )


def _source(archive: Archive, publisher: Publisher) -> str:
    if archive.requirement is not None:
        return f"pip:{archive.requirement}"
    mirror = os.environ.get("RECSLIB_MIRROR") or publisher.address
    return f"{mirror.rstrip('/')}/{archive.file}"


def _download(archive: Archive, source: str, incoming: Path) -> Path:
    # Its notes would end up on a notebook's standard error.
    pooch.get_logger().setLevel(logging.WARNING)
    by_pip = archive.requirement is not None
    path = Path(
        pooch.retrieve(
            source,
            archive.known_hash,
            fname=archive.file,
            path=incoming,
            downloader=_pip_download if by_pip else _http_download,
        )
    )
    trouble = _trouble(path, archive)
    if trouble is not None:
        raise ValueError(f"what came {trouble}")
    # pooch leaves it readable for its owner alone.
    path.chmod(0o644)
    return path


def _http_download(url: str, output_file: str, _: object) -> None:
    name = url.rpartition("/")[2]
    with progress_bar(total=1, description=name, unit="B") as bar:
        fetch = pooch.HTTPDownloader(progressbar=bar, timeout=(10, 60))
        fetch(url, output_file, None)


def _pip_download(url: str, output_file: str, _: object) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps"]
    command += ["--quiet", "--no-input", "--disable-pip-version-check"]
    # Others may be waiting for the lock.
    command += ["--retries", "1"]
    with tempfile.TemporaryDirectory(dir=Path(output_file).parent) as folder:
        run = subprocess.run(
            [*command, "--dest", folder, url.removeprefix("pip:")],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        wheels = list(Path(folder).glob("*.whl"))
        if run.returncode != 0 or not wheels:
            raise OSError(run.stderr.strip() or "pip brought no wheel")
        shutil.move(wheels[0], output_file)
