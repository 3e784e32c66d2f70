"""One GPU per process, leased by a file lock that the kernel releases when the process ends."""

import fcntl
import getpass
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

import torch

from pti.errors import InputError


@cache
def leased_device() -> str:
    """The device of this process until it ends, such as ``cuda:1``; ``cpu`` without a GPU.

    Raises ``InputError`` where other processes hold every GPU.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        return "cpu"
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(count)]
    folder = Path(tempfile.gettempdir()) / f"gpu-leases-{getpass.getuser()}"
    return f"cuda:{lease(names, folder)}"


_held: list[BinaryIO] = []
"""The open lock files of this process: closing one would end its lease."""


def lease(names: Sequence[str], folder: Path) -> int:
    """Lease the first of ``names`` that is free until this process ends; return its index.

    Raises ``InputError`` where all are held.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(names):
        stream = (folder / f"{name}.lock").open("ab")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.close()
        else:
            _held.append(stream)
            return index
    raise InputError(
        f"all {len(names)} GPUs are held by other processes: lower cluster.processes, or wait"
    )
