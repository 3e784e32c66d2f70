"""One part of a process at a time on its GPU."""

from collections.abc import Generator
from contextlib import contextmanager
from threading import Lock

_gpu = Lock()


@contextmanager
def alone_on(kind: str) -> Generator[None]:
    """Keep other threads off the device within the block, if its ``kind`` is "cuda".

    A batch is timed, and must not wait for what scoring computes meanwhile.
    """
    if kind != "cuda":
        yield
        return
    with _gpu:
        yield
