"""One fit of the sampler in one process and in two, on made-up ratings.

``python -m benchmarks.processes`` writes results/processes.json: the wall
time of the fit, the CPU seconds of each process, its memory, and the RMSE on
ratings that were held back. How much two cores give depends on what they
share, memory first of all. So two whole fits that have nothing to do with each
other run side by side too: no way to share one fit can gain more than they do.
A row holds the machine's load at its start.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

from benchmarks import growth
from benchmarks.measure import (
    HERE,
    ONE_THREAD,
    in_own_process,
    print_result,
    timed,
    write,
)
from recslib.evaluation import rmse
from recslib.processes import place
from recslib.sampling import sample_factorization

N_RATINGS = 10_000_000
HELD_BACK = 100  # one rating of so many


def together(
    n_processes: int, folder: str, *, n_fits: int = 1
) -> list[dict[str, Any]]:
    """Fit in so many processes; return what each of them measured.

    Parameters
    ----------
    n_processes
        Share a fit.
    folder
        Holds the ratings.
    n_fits
        Run side by side, each for itself.
    """
    started = [
        process
        for _ in range(n_fits)
        for process in _start_group(n_processes, folder)
    ]
    said = [each.communicate()[0] for each in started]
    if any(each.returncode for each in started):
        raise RuntimeError(f"one of {len(started)} processes failed.")
    return [json.loads(each.strip().splitlines()[-1]) for each in said]


def _start_group(n_processes: int, folder: str) -> list[subprocess.Popen]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    environment = {
        **os.environ,
        **ONE_THREAD,
        "PYTHONPATH": os.pathsep.join(map(str, HERE)),
        "RECSLIB_PROGRESS": "off",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": str(n_processes),
    }
    return [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.processes", folder],
            env={**environment, "RANK": str(number)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(n_processes)
    ]


def fit_here(folder: str) -> None:
    """Fit as one process of a group, and print what it took."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    made = growth.load(Path(folder))
    # Made-up ratings come in no order.
    is_test = torch.arange(len(made)) % HELD_BACK == 0
    test, train = made.select(is_test), made.select(~is_test)
    del made
    model, cost = timed(lambda: sample_factorization(train))
    error = rmse(model(test.users, test.items), test.ratings, clip=test.scale)
    sweeps = len(model.history.noise)
    print_result(
        {"process": place()[0], "rmse": error, "sweeps": sweeps}, cost
    )
    dist.destroy_process_group()


def measure(folder: str) -> list[dict[str, Any]]:
    """Measure one process, two that share a fit, and two with a fit each."""
    rows = []
    for n_processes, n_fits in ((1, 1), (2, 1), (1, 2)):
        load = os.getloadavg()[0]
        told = together(n_processes, folder, n_fits=n_fits)
        rows.append(
            {
                "processes": n_processes,
                "fits": n_fits,
                "ratings": N_RATINGS - N_RATINGS // HELD_BACK,
                "sweeps": told[0]["sweeps"],
                "wall_s": round(max(each["fit_wall_s"] for each in told), 1),
                "cpu_s": [round(each["fit_cpu_s"], 1) for each in told],
                "peak_mb": round(max(each["peak_mb"] for each in told)),
                "rmse": told[0]["rmse"],
                "load_at_start": round(load, 1),
            }
        )
        print(rows[-1], flush=True)
    return rows


def run() -> None:
    """Make ratings up, and measure."""
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: see growth.
        in_own_process(growth.__file__, "make", str(N_RATINGS), folder)
        write("processes.json", measure(folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", help="with what growth made up")
    given = parser.parse_args().folder
    if given is None:
        run()
    else:
        fit_here(given)
