"""File locks that the kernel releases when their process ends, even by a kill.

Bytes of a file are reserved by POSIX record locks: they work between processes of one machine, and
over NFS where its lock manager works. A process opens such a file once for all who use it: closing
it would release the locks of all.
"""

import fcntl
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from errno import EDEADLK
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import sleep
from typing import BinaryIO, Self

from experiments.store.atomic import WriteError

AGAIN = 0.1
"""Seconds until a lock is tried again that the kernel would not wait for."""


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Hold the lock of the file ``path`` within the block, once nobody else holds it.

    Unlike a record lock it also keeps out the other threads of a process.
    """
    with path.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


@contextmanager
def reserved(path: Path, keys: Iterable[str]) -> Generator[None]:
    """Hold a byte of the file ``path`` for each key, once no different process holds it.

    Blocks may be nested. Raises ``WriteError`` where the file can't be written or locked.
    """
    places = sorted(map(_place_of, keys))
    with _open_once(path) as stream:
        try:
            for place in places:
                _telling(path, stream, fcntl.LOCK_EX, place)
            yield
        finally:
            for place in places:
                _telling(path, stream, fcntl.LOCK_UN, place)


@contextmanager
def reserved_whole(path: Path) -> Generator[bool]:
    """Hold the file ``path`` within the block, and say True, if no process holds a byte of it."""
    with _open_once(path) as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX allows either error
            yield False
        else:
            yield True


def _telling(path: Path, stream: BinaryIO, how: int, place: int) -> None:
    try:
        _lock(stream, how, place)
    except OSError as error:
        raise WriteError(error.errno, error.strerror, str(path)) from error


def _lock(stream: BinaryIO, how: int, place: int) -> None:
    """Lock a byte, or release it; raises ``OSError`` where it can't be.

    The kernel refuses to wait where processes seem to wait for one another. They don't: what one
    of them waits for is held by a different thread, which goes on.
    """
    while True:
        try:
            fcntl.lockf(stream, how, 1, place)
        except OSError as error:
            if error.errno != EDEADLK:
                raise
            sleep(AGAIN)
        else:
            return


_opened: dict[Path, tuple[BinaryIO, int]] = {}
"""Files that this process holds bytes of, each with the number of its users."""

_opening = Lock()


@contextmanager
def _open_once(path: Path) -> Generator[BinaryIO]:
    """Open a file for the first of its users, and close it after the last: closing frees all."""
    stream = _opened_for_one_more(path)
    try:
        yield stream
    finally:
        _closed_for_one(path)


def _opened_for_one_more(path: Path) -> BinaryIO:
    with _opening:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            stream, users = _opened.get(path) or (path.open("ab"), 0)
        except OSError as error:
            raise WriteError(error.errno, error.strerror, str(path)) from error
        _opened[path] = stream, users + 1
        return stream


def _closed_for_one(path: Path) -> None:
    with _opening:
        stream, users = _opened.pop(path)
        if users > 1:
            _opened[path] = stream, users - 1
        else:
            stream.close()


def _place_of(key: str) -> int:
    return int.from_bytes(sha256(key.encode()).digest()[:7], "big")


class Reservations:
    """Reserves items for a process by locking one byte per item in a file that stays empty.

    Several objects of a process may reserve items in one file; they don't keep one another out.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._taken = path, set[str]()
        self._file = _opened_for_one_more(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Release all items."""
        self.free(set(self._taken))
        _closed_for_one(self._path)

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
        self._taken.update(taken)
        return True

    def free(self, keys: Iterable[str]) -> None:
        """Release items."""
        for key in keys:
            self._lock(key, fcntl.LOCK_UN)
            self._taken.discard(key)

    def wait(self, keys: Iterable[str]) -> None:
        """Wait until each item has been released by the process that has it; reserves none."""
        for key in keys:
            self._lock(key, fcntl.LOCK_EX)
            self._lock(key, fcntl.LOCK_UN)

    def _lock(self, key: str, how: int) -> None:
        _lock(self._file, how, _place_of(key))
