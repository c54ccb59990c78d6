"""One fit in several processes: which part is whose, and how all get it.

``torchrun`` starts the processes and `torch.distributed` connects them.
Without a process group there is one process, which does everything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor


class LostProcessError(RuntimeError):
    """Another process of the group has ended, or cannot be reached."""


def place() -> tuple[int, int]:
    """Say which process this is, and how many there are.

    Returns
    -------
    tuple of int
        A number from 0 up, and how many.
    """
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


def join(minutes: float) -> None:
    """Join the group of processes that this one was started in.

    Parameters
    ----------
    minutes
        So long it waits for the others: here, and whenever it needs them.

    Raises
    ------
    LostProcessError
        When the others are not there in time.
    ValueError
        When ``torchrun`` has not said where they are, or there is no time.
    """
    if not minutes > 0:
        raise ValueError(
            f"the timeout is {minutes} minutes; give more than 0."
        )
    try:
        dist.init_process_group(timeout=timedelta(minutes=minutes))
    except RuntimeError as error:
        raise LostProcessError(
            f"the processes of the group did not find each other in "
            f"{minutes:g} minutes. Start as many as were announced, in as "
            f"many places, and give all the same address and port. "
            f"torch.distributed says: {_first_words(error)}"
        ) from error


def borders(n: int) -> list[int]:
    """Part n things among the processes, in order and as evenly as can be.

    Parameters
    ----------
    n
        How many things.

    Returns
    -------
    list of int
        One more than there are processes: process k has those from the k-th
        number up to the next.
    """
    _, n_processes = place()
    return [n * k // n_processes for k in range(n_processes + 1)]


def share(table: Tensor, ends: Sequence[int]) -> None:
    """Give everybody the rows that each process has made.

    Parameters
    ----------
    table
        (n, ...), the same shape in each; filled in place.
    ends
        Process k has made the rows from ``ends[k]`` up to ``ends[k + 1]``.

    Raises
    ------
    LostProcessError
        When a process has ended, or does not answer in the group's time.
    """
    _, n_processes = place()
    for k in range(n_processes) if n_processes > 1 else ():
        if ends[k] < ends[k + 1]:
            _broadcast(table[ends[k] : ends[k + 1]], k)


def tell(data: bytes) -> bytes:
    """Give everybody what the first process has.

    Parameters
    ----------
    data
        Of the first process; what others give does not matter.

    Returns
    -------
    bytes
        The first process's.

    Raises
    ------
    LostProcessError
        As `share`.
    """
    number, n_processes = place()
    if n_processes == 1:
        return data
    size = torch.tensor([len(data)])
    _broadcast(size, 0)
    if number > 0:
        data = bytes(int(size))
    told = torch.from_numpy(np.frombuffer(bytearray(data), dtype=np.uint8))
    if len(told):
        _broadcast(told, 0)
    return told.numpy().tobytes()


def check_alike(fit: Mapping[str, Any]) -> None:
    """See that all processes were given the same fit.

    Parameters
    ----------
    fit
        Settings and digests of data, as JSON has them.

    Raises
    ------
    ValueError
        In each process whose fit is not the first one's.
    LostProcessError
        As `share`.
    """
    number, n_processes = place()
    if n_processes == 1:
        return
    first = json.loads(tell(json.dumps(dict(fit)).encode()))
    odd = [name for name in fit if fit[name] != first.get(name)]
    if odd:
        raise ValueError(
            f"process {number} of {n_processes} was given another fit than "
            f"process 0: {', '.join(odd)} differ. Give all the same."
        )


def _broadcast(tensor: Tensor, source: int) -> None:
    try:
        dist.broadcast(tensor, src=source)
    except RuntimeError as error:
        number, n_processes = place()
        raise LostProcessError(
            f"process {number} of {n_processes} waits for another in vain: "
            f"one has ended, or cannot be reached. Look for the first error "
            f"among them, then start all again; with the same checkpoint "
            f"folder they go on from the last checkpoint. "
            f"torch.distributed says: {_first_words(error)}"
        ) from error


def _first_words(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
