"""What a run of the book says about where it ran, with no name of a host."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bookbuild.places import ROOT

# What the chapters compute and draw with.
PACKAGES = ("recslib", "torch", "numpy", "pandas", "matplotlib")
CPU_INFO = Path("/proc/cpuinfo")

Facts = dict[str, int | float | str | dict[str, str] | None]


def describe(packages: Sequence[str] = PACKAGES) -> Facts:
    """Describe this machine, its Python, and the versions of packages.

    Parameters
    ----------
    packages
        Names of installed packages.

    Returns
    -------
    dict
        ``processor``, ``cores``, ``memory_gb`` (10^9 bytes; None where the
        system does not say), ``system``, ``python``, ``commit`` (of this
        repository, with a + where files were changed; None without git) and
        ``versions``, by package.
    """
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": platform.system(),
        "python": platform.python_version(),
        "commit": _commit(),
        "versions": {name: version(name) for name in packages},
    }


def _processor() -> str:
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.check_output(asked, text=True).strip()
    if CPU_INFO.exists():
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _memory_gb() -> float | None:
    try:
        pages = os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError):  # Windows has no sysconf
        return None
    return round(os.sysconf("SC_PAGE_SIZE") * pages / 1e9, 1)


def _commit() -> str | None:
    try:
        return subprocess.check_output(
            ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            text=True,
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return None
