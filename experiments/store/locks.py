"""File locks that the kernel releases when their process ends, even by a kill.

POSIX record locks: they work between processes of one machine, and over NFS where its lock
manager works. A process must not open a locked file a second time: closing it would release the
locks.
"""

import fcntl
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Hold the lock of the file ``path`` within the block, once no different process holds it."""
    with path.open("ab") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def reserved(path: Path, key: str) -> Generator[None]:
    """Hold a byte of the file ``path`` within the block, once no different process holds it."""
    stream, place = _kept_open(path), _place_of(key)
    fcntl.lockf(stream, fcntl.LOCK_EX, 1, place)
    try:
        yield
    finally:
        fcntl.lockf(stream, fcntl.LOCK_UN, 1, place)


@contextmanager
def unreserved(path: Path) -> Generator[bool]:
    """Hold all of the file ``path`` within the block, if no process has reserved a byte of it."""
    stream = _kept_open(path)
    try:
        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # POSIX allows either error
        yield False
        return
    try:
        yield True
    finally:
        fcntl.lockf(stream, fcntl.LOCK_UN)


@cache
def _kept_open(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("ab")


def _place_of(key: str) -> int:
    return int.from_bytes(sha256(key.encode()).digest()[:7], "big")


class Reservations:
    """Reserves items for a process by locking one byte per item in a file that stays empty."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def take(self, keys: Iterable[str]) -> bool:
        """Reserve all items or, where a different process has one, none; return whether it did."""
        taken: list[str] = []
        for key in keys:
            try:
                self._lock(key, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):  # POSIX allows either error
                self.free(taken)
                return False
            taken.append(key)
        return True

    def free(self, keys: Iterable[str]) -> None:
        """Release items."""
        for key in keys:
            self._lock(key, fcntl.LOCK_UN)

    def wait(self, keys: Iterable[str]) -> None:
        """Wait until each item has been released by the process that has it; reserves none."""
        for key in keys:
            self._lock(key, fcntl.LOCK_EX)
            self._lock(key, fcntl.LOCK_UN)

    def _lock(self, key: str, how: int) -> None:
        fcntl.lockf(self._file, how, 1, _place_of(key))
