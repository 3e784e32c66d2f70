"""One GPU a process: leased by a file lock that the kernel frees when the process ends."""

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
    """This process's device until it ends: ``cuda:1``, say, or ``cpu`` where there is no GPU.

    Raises ``InputError`` where other processes hold every GPU.
    """
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        return "cpu"
    names = [str(torch.cuda.get_device_properties(index).uuid) for index in range(count)]
    folder = Path(tempfile.gettempdir()) / f"gpu-leases-{getpass.getuser()}"
    return f"cuda:{lease(names, folder)}"


_held: list[BinaryIO] = []
"""Open files of this process's leases: closing one would end it."""


def lease(names: Sequence[str], folder: Path) -> int:
    """The index of the first of ``names`` that no process holds; held until this one ends.

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
