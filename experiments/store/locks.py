"""File locks that the kernel releases when their process ends, even by a kill.

POSIX record locks: they work between processes of one machine, and over NFS where its lock
manager works. A process must not open a locked file a second time: closing it would release the
locks.
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
    """Hold the lock of the file ``path`` within the block, once no different process holds it."""
    with path.open("ab") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        yield


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
        place = int.from_bytes(sha256(key.encode()).digest()[:7], "big")
        fcntl.lockf(self._file, how, 1, place)
