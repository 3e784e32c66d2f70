"""Locks that the kernel frees when their owner ends, however it ends: none is ever left behind.

POSIX record locks: they work between processes of one machine, and over NFS as far as its lock
manager does. A process must not open a locked file a second time: closing either frees the locks.
"""

import fcntl
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Wait until nobody else is within ``exclusive(path)``, and keep others out."""
    with path.open("ab") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        yield


class Reservations:
    """Which items a process works on: one byte an item of a file that stays empty."""

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
        """Reserve all items or, where another process has one of them, none."""
        taken: list[str] = []
        for key in keys:
            try:
                self._lock(key, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except (BlockingIOError, PermissionError):  # POSIX leaves the choice of the two open
                self.free(taken)
                return False
            taken.append(key)
        return True

    def free(self, keys: Iterable[str]) -> None:
        """Give items back."""
        for key in keys:
            self._lock(key, fcntl.LOCK_UN)

    def wait(self, keys: Iterable[str]) -> None:
        """Return once none of the items is another process's; reserves none of them."""
        for key in keys:
            self._lock(key, fcntl.LOCK_EX)
            self._lock(key, fcntl.LOCK_UN)

    def _lock(self, key: str, how: int) -> None:
        place = int.from_bytes(sha256(key.encode()).digest()[:7], "big")
        fcntl.lockf(self._file, how, 1, place)
