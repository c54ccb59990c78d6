"""Seconds and memory of one fit, each in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
# Where a process finds the library and the press.
HERE = (ROOT, ROOT / "book")
MB = 1e6

T = TypeVar("T")
Json = list[dict[str, Any]] | dict[str, Any]

# Whatever a library computes with, it gets one thread.
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "NUMBA_NUM_THREADS",
        "RAYON_NUM_THREADS",
        "LK_NUM_THREADS",
        "LK_NUM_BACKEND_THREADS",
        "LK_NUM_PROCS",
        "TF_NUM_INTRAOP_THREADS",
        "TF_NUM_INTEROP_THREADS",
    ),
    "1",
)


@dataclass(frozen=True)
class Cost:
    """What one fit took.

    Parameters
    ----------
    fit_cpu_s, fit_wall_s
        Seconds of the fit alone.
    peak_mb
        The most memory that the process ever held, in 10^6 bytes: the
        interpreter, the libraries, the data and the fit.
    """

    fit_cpu_s: float
    fit_wall_s: float
    peak_mb: float


def timed(fit: Callable[[], T]) -> tuple[T, Cost]:
    """Call ``fit()``; return what it returns, and what it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = fit()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return result, Cost(cpu, wall, peak_mb())


def peak_mb() -> float:
    """Return the most memory that this process ever held, in 10^6 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux units of 1,024.
    return peak / MB if sys.platform == "darwin" else peak * 1024 / MB


def in_own_process(
    script: str, *arguments: str, python: str = sys.executable
) -> dict[str, Any]:
    """Run a script of this folder; return the JSON that it prints last.

    Parameters
    ----------
    script, arguments
        What to run, with what.
    python
        The interpreter, where it is not this one. It finds recslib and the
        press in this repository, installed in its environment or not.

    Raises
    ------
    RuntimeError
        When it fails; holds what it wrote to stderr.
    """
    command = [python, str(Path(script).resolve()), *arguments]
    environment = {
        **os.environ,
        **ONE_THREAD,
        "PYTHONPATH": os.pathsep.join(str(path) for path in HERE),
        "RECSLIB_PROGRESS": "off",
    }
    run = subprocess.run(
        command, capture_output=True, text=True, env=environment
    )
    if run.returncode != 0:
        raise RuntimeError(
            f"{Path(script).name} {' '.join(arguments)} failed. Run it alone "
            f"to see more; it said:\n{run.stderr[-3_000:]}"
        )
    return json.loads(run.stdout.strip().splitlines()[-1])


def print_result(values: Mapping[str, Any], cost: Cost) -> None:
    """Hand values to `in_own_process`, from the inside."""
    print(json.dumps({**values, **asdict(cost)}))


def write(name: str, content: Json) -> None:
    """Write a JSON file into the folder of results, whole or not at all."""
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(content, indent=1, ensure_ascii=False)
    half = RESULTS / f"{name}.part"
    half.write_text(text + "\n", encoding="utf-8")
    half.replace(RESULTS / name)


def read(name: str) -> Json:
    """Read a JSON file from the folder of results; [] where there is none."""
    file = RESULTS / name
    return (
        json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    )
