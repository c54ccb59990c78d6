"""Keeps an answer in its place: limits of a process, and what they hold.

What a system offers differs. Linux has Landlock for files and seccomp for
calls, both open to everybody; elsewhere there is less. So nothing is claimed
by name: `what_holds` tries, and reports what was refused.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import shutil
import socket
import struct
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20
# Of memory, that an answer may take: less is too little for PyTorch.
LEAST_MEMORY, MOST_MEMORY = 512 * MEGABYTE, 2048 * MEGABYTE
TRIED = (
    "time",
    "memory",
    "size of files",
    "reading outside",
    "writing outside",
    "network",
    "other processes",
)


@dataclass(frozen=True)
class Limits:
    """How much an answer may use.

    Parameters
    ----------
    cpu_seconds
        Of one core.
    wall_seconds
        On the clock; more than the others, for who waits uses no core.
    memory
        Bytes on top of what the prepared process has.
    written
        Bytes of one file.
    """

    cpu_seconds: int
    wall_seconds: float
    memory: int = MOST_MEMORY
    written: int = 16 * MEGABYTE


def system_folders() -> list[Path]:
    """Return what Python and its packages are read from, and no more."""
    paths = sysconfig.get_paths()
    named = [paths[key] for key in ("stdlib", "platstdlib", "purelib")]
    named += [paths["platlib"], sys.prefix, sys.base_prefix]
    named += [path for path in sys.path if path.endswith("-packages")]
    named += ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib"]
    named += ["/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime"]
    named += ["/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu"]
    found = {Path(name).resolve() for name in named}
    return sorted(path for path in found if path.exists() and path.parts[1:])


def lanes_at_most(wanted: int) -> int:
    """Return how many answers have room in memory at a time, at least one."""
    return max(1, min(wanted, _memory_at_hand() // LEAST_MEMORY))


def memory_for(lanes: int) -> int:
    """Return the bytes that each of some answers at a time may take.

    All of them together take no more than is at hand, unless that leaves an
    answer less than `LEAST_MEMORY`.
    """
    return max(LEAST_MEMORY, min(MOST_MEMORY, _memory_at_hand() // lanes))


def confine(limits: Limits, folder: Path, readable: Sequence[Path]) -> None:
    """Limit this process from here on; nothing takes it back.

    What the system does not offer is left out: see `what_holds`.

    Parameters
    ----------
    limits
        How much it may use.
    folder
        The one place where it may write.
    readable
        What it may read besides, as `system_folders` and the library.
    """
    _limit_resources(limits)
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        # It ends when the process that started it does.
        _call(_PRCTL, 1, 9, 0, 0, 0)
        # Without this neither Landlock nor seccomp is open to everybody.
        _call(_PRCTL, 38, 1, 0, 0, 0)
    for limit in (lambda: _landlock(folder, readable), _no_rights, _seccomp):
        with contextlib.suppress(OSError):
            limit()


def remove(folder: Path) -> None:
    """Delete the folder of an answer, whatever it left there."""
    # Folders can lie in each other deeper than Python goes.
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)


def what_holds(outside: Path) -> dict[str, bool]:
    """Try what an answer must not do, in a process that is confined.

    Parameters
    ----------
    outside
        A file that may be read and written without confinement, and lies
        where the answer has no business. It is opened, and not changed.

    Returns
    -------
    dict
        By the names of `TRIED`, whether it was refused. Of time, memory and
        size of files, whether a limit is set.
    """
    found = (
        _is_set("RLIMIT_CPU"),
        _is_set("RLIMIT_AS") and sys.platform != "darwin",
        _is_set("RLIMIT_FSIZE"),
        _refused(lambda: _open(outside, os.O_RDONLY)),
        _refused(lambda: _open(outside, os.O_WRONLY)),
        _refused(_open_socket),
        _refused(_start_process),
    )
    return dict(zip(TRIED, found, strict=True))


# ---- Limits of a process, wherever there is POSIX ---------------------------


def _limit_resources(limits: Limits) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {
        "RLIMIT_CPU": limits.cpu_seconds,
        "RLIMIT_FSIZE": limits.written,
        "RLIMIT_AS": _memory_in_use() + limits.memory,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": 64,
    }
    if sys.platform == "darwin":  # counts processes, and no threads
        wanted["RLIMIT_NPROC"] = 0
    for name, value in wanted.items():
        kind = getattr(resource, name, None)
        if kind is None:
            continue
        hard = resource.getrlimit(kind)[1]
        value = value if hard < 0 else min(value, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (value, value))


def _memory_in_use() -> int:
    """Return the address space of this process, in bytes."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _memory_at_hand() -> int:
    """Return the bytes that are free here, or that the machine has.

    Where nobody says, it is taken for what one answer may have.
    """
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        told = Path("/proc/meminfo").read_text().split("MemAvailable:")[1]
        found.append(1024 * int(told.split()[0]))
    with contextlib.suppress(OSError, ValueError):  # of a container
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    if not found:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            pages = os.sysconf("SC_PHYS_PAGES")
            found.append(pages * os.sysconf("SC_PAGE_SIZE"))
    return min(found, default=MOST_MEMORY)


def _is_set(name: str) -> bool:
    try:
        import resource
    except ImportError:
        return False
    kind = getattr(resource, name, None)
    return kind is not None and (
        resource.getrlimit(kind)[0] != resource.RLIM_INFINITY
    )


# ---- Linux: files by Landlock, rights by capset, calls by seccomp -----------

# Numbers of calls. Those above 400 are the same on all machines.
_LANDLOCK = (444, 445, 446)  # create a rule set, add a rule, keep to it
_X86_64 = {
    "prctl": 157,
    "capset": 126,
    "clone": 56,
    "fcntl": 72,
    "tgkill": 234,
    "prlimit64": 302,
}
_AARCH64 = {
    "prctl": 167,
    "capset": 91,
    "clone": 220,
    "fcntl": 25,
    "tgkill": 131,
    "prlimit64": 261,
}
# socket socketpair bind connect, fork vfork execve execveat, kill tkill
# rt_sigqueueinfo rt_tgsigqueueinfo, ptrace process_vm_readv and writev,
# unshare setns mount umount2 pivot_root chroot, bpf perf_event_open
# userfaultfd keyctl add_key request_key, shmget msgget semget, setrlimit,
# setpriority sched_setparam sched_setscheduler sched_setaffinity
# sched_setattr ioprio_set;
# then what Landlock lets through: modes, owners, attributes, times of files.
_REFUSED_X86_64 = (
    *(41, 53, 49, 42, 57, 58, 59, 322, 62, 200, 129, 297, 101, 310, 311),
    *(272, 308, 165, 166, 155, 161, 321, 298, 323, 250, 248, 249),
    *(29, 68, 64, 160, 141, 142, 144, 203, 314, 251),
    *(90, 91, 268, 92, 93, 94, 260),
    *(188, 189, 190, 197, 198, 199, 132, 235, 261, 280),
)
_REFUSED_AARCH64 = (
    *(198, 199, 200, 203, 221, 281, 129, 130, 138, 240, 117, 270, 271),
    *(97, 268, 40, 39, 41, 51, 280, 241, 282, 219, 217, 218),
    *(194, 186, 190, 164, 140, 118, 119, 122, 274, 30),
    *(52, 53, 54, 55, 5, 6, 7, 14, 15, 16, 88),
)
# pidfd_send_signal io_uring_setup pidfd_open pidfd_getfd fchmodat2
# setxattrat removexattrat
_REFUSED_ANYWHERE = (424, 425, 434, 438, 452, 463, 466)
_CLONE3 = 435
_MACHINES = {
    "x86_64": (0xC000003E, _X86_64, _REFUSED_X86_64),
    "aarch64": (0xC00000B7, _AARCH64, _REFUSED_AARCH64),
}
_KNOWN = _MACHINES.get(platform.machine(), (0, {}, ()))
_PRCTL = _KNOWN[1].get("prctl", -1)


def _call(number: int, *arguments: object) -> int:
    """Make a system call.

    Raises
    ------
    OSError
        Where the system refuses it, or does not know it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    got = library.syscall(ctypes.c_long(number), *wide)
    if got < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return got


# Rights to a file, of https://docs.kernel.org/userspace-api/landlock.html
_READ = 1 | 4 | 8  # execute, read a file, list a folder
_OF_FILES = 1 | 2 | 4 | 1 << 14  # what a rule of a single file may have
# Make devices, folders, sockets, pipes, links; move files between folders.
_NO_FILES = 1 << 6 | 1 << 7 | 0b11111 << 9


def _landlock(folder: Path, readable: Sequence[Path]) -> None:
    """Read what is readable, write in a folder, and nothing else."""
    version = _call(_LANDLOCK[0], None, 0, 1)
    # Each version of Landlock knows more rights than the one before.
    newest = {1: 12, 2: 13, 3: 14, 4: 14}.get(version, 15)
    rights = (1 << newest + 1) - 1
    attribute = struct.pack(
        "QQQ",
        rights,
        3 if version >= 4 else 0,  # no TCP
        3 if version >= 6 else 0,  # no signal and no socket to others
    )
    size = 8 if version < 4 else 16 if version < 6 else 24
    rules = _call(_LANDLOCK[0], attribute, size, 0)
    devices = [Path("/dev", name) for name in ("zero", "urandom", "random")]
    allowed = [(path, _READ) for path in (*readable, *devices)]
    allowed += [(folder, rights & ~_NO_FILES), (Path(os.devnull), 2 | 4)]
    for path, access in allowed:
        access &= rights if path.is_dir() else _OF_FILES & rights
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # what is not there cannot be read
        try:
            rule = struct.pack("=Qi", access, opened)
            _call(_LANDLOCK[1], rules, 1, rule, 0)
        finally:
            os.close(opened)
    _call(_LANDLOCK[2], rules, 0)
    os.close(rules)


def _no_rights() -> None:
    """Give up what root may do and others may not."""
    header = struct.pack("=Ii", 0x20080522, 0)
    _call(_KNOWN[1].get("capset", -1), header, bytes(24))


def _seccomp() -> None:
    """Refuse sockets, processes, signals to others, and changes of rights.

    A filter is a program of the classic BPF: each line is a code, how many
    lines to skip where its test holds and where not, and a number.
    """
    machine, numbers, refused = _KNOWN
    if not machine:
        return
    load, equal, at_least, any_bit, answer = 0x20, 0x15, 0x35, 0x45, 0x06
    allow, no, unknown = 0x7FFF0000, 0x50000 | 13, 0x50000 | 38

    def argument(place: int, high: int = 0) -> tuple[int, int, int, int]:
        return load, 0, 0, 16 + 8 * place + 4 * high

    lines = [
        (load, 0, 0, 4),
        (equal, 1, 0, machine),
        (answer, 0, 0, 0x80000000),  # calls of another machine end it
        (load, 0, 0, 0),
        (at_least, 0, 1, 0x40000000),  # a second set of numbers, on x86
        (answer, 0, 0, unknown),
    ]
    for number in (*refused, *_REFUSED_ANYWHERE):
        lines += [(equal, 0, 1, number), (answer, 0, 0, no)]
    lines += [(equal, 0, 1, _CLONE3), (answer, 0, 0, unknown)]
    # A thread is no process.
    lines += [(equal, 0, 4, numbers["clone"]), argument(0)]
    lines += [(any_bit, 0, 1, 0x10000)]
    lines += [(answer, 0, 0, allow), (answer, 0, 0, no)]
    # A signal to oneself harms nobody.
    lines += [(equal, 0, 4, numbers["tgkill"]), argument(0)]
    lines += [(equal, 0, 1, os.getpid())]
    lines += [(answer, 0, 0, allow), (answer, 0, 0, no)]
    # Nobody else gets a signal when a pipe fills.
    lines += [(equal, 0, 6, numbers["fcntl"]), argument(1)]
    lines += [(equal, 2, 0, 8), (equal, 1, 0, 10), (equal, 0, 1, 15)]
    lines += [(answer, 0, 0, no), (answer, 0, 0, allow)]
    # Limits may be asked for, and not set.
    lines += [(equal, 0, 6, numbers["prlimit64"]), argument(2)]
    lines += [(equal, 0, 2, 0), argument(2, high=1), (equal, 1, 0, 0)]
    lines += [(answer, 0, 0, no), (answer, 0, 0, allow)]
    lines += [(answer, 0, 0, allow)]
    code = b"".join(struct.pack("=HBBI", *line) for line in lines)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(kept))
    _call(numbers["prctl"], 22, 2, program, 0, 0)


# ---- Trying -----------------------------------------------------------------


def _refused(attempt: object) -> bool:
    try:
        attempt()
    except OSError:
        return True
    return False


def _open(path: Path, how: int) -> None:
    os.close(os.open(path, how))


def _open_socket() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def _start_process() -> None:
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
