"""The sampler as a command, in one process or in many that share its work.

``python -m recslib.cluster ratings.csv --out model`` fits in one process.
``torchrun --nproc-per-node 2 -m recslib.cluster ratings.csv --out model`` does
so in two, to the same bits.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import torch
import torch.distributed as dist

from recslib import sampling, saving
from recslib.checkpoints import CheckpointError
from recslib.processes import LostProcessError, join, place
from recslib.ratings import RatingsError
from recslib.tables import read_ratings


def main(arguments: Sequence[str] | None = None) -> None:
    """Read ratings, fit the sampler, and save the model.

    Parameters
    ----------
    arguments
        Of the command line; None takes this process's own.

    Raises
    ------
    SystemExit
        With one sentence, when the ratings, a setting, the checkpoint or the
        folder cannot be used, or another process has ended.
    """
    given = _parser().parse_args(arguments)
    try:
        device = "cpu" if given.device == "cpu" else _own_gpu()
        if "RANK" in os.environ:  # torchrun says who is who
            join(given.timeout)
        if place()[0] > 0:
            os.environ["RECSLIB_PROGRESS"] = "off"  # one bar is enough
        _fit(given, device)
    except (
        CheckpointError,
        LostProcessError,
        OSError,
        RatingsError,
        ValueError,
    ) as error:
        sys.exit(f"recslib.cluster: {error}")
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()


def _own_gpu() -> str:
    """Take a GPU of this process's own: the n-th for the n-th of a machine."""
    number = int(os.environ.get("LOCAL_RANK", 0))
    n_gpus = torch.cuda.device_count()
    if number >= n_gpus:
        raise ValueError(
            f"PyTorch sees {n_gpus} GPUs here, and this is process {number} "
            f"of the machine, counted from 0; each takes one of its own. "
            f"Start {n_gpus} at most, or leave out --device cuda."
        )
    torch.cuda.set_device(number)
    return f"cuda:{number}"


def _fit(given: argparse.Namespace, device: str) -> None:
    ratings = read_ratings(given.ratings)
    settings = {
        "n_factors": given.factors,
        "n_sweeps": given.sweeps,
        "seed": given.seed,
    }
    model = sampling.sample_factorization(
        ratings,
        **settings,
        device=device,
        checkpoint=given.checkpoint,
        checkpoint_every=given.every,
    )
    number, n_processes = place()
    if number > 0:
        return
    saving.save(given.out, model.cpu(), ratings, settings=settings)
    print(
        f"{len(ratings):,} ratings, {given.sweeps} sweeps in "
        f"{model.history.seconds:.1f} s, processes: {n_processes}. The model "
        f"is in {given.out}."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="recslib.cluster", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("ratings", help="a file that recslib.tables.read_ratings reads")
    add("--out", required=True, help="folder for the model")
    add("--factors", type=int, default=10, help="of a sample; default 10")
    add("--sweeps", type=int, default=100, help="draws of all; default 100")
    add("--seed", type=int, default=0, help="of everything that is drawn")
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add(
        "--checkpoint",
        help="folder: where the fit stands, and from where it goes on",
    )
    add("--every", type=int, default=10, help="sweeps from one to the next")
    add(
        "--timeout",
        type=float,
        default=10.0,
        help="minutes that a process waits for another; default 10",
    )
    return parser


if __name__ == "__main__":
    main()
