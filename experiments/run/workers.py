"""Several worker processes for the batches of a run.

With small networks, threads mostly wait for one another: on two cores, two processes with one
thread each make 1.5 times as many pictures as one process with two threads.
"""

import logging
import multiprocessing
import os
import pickle
import signal
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from threading import Thread

import torch

from experiments.run.compute import Computation, Computed, Opened
from pti.errors import InputError

log = logging.getLogger(__name__)

ALLOCATION = {"MALLOC_MMAP_THRESHOLD_": 2**25, "MALLOC_TRIM_THRESHOLD_": 2**30}
"""Bytes that glibc keeps for the next call; by default it gives back what a UNet call has freed,
and takes it anew for the next, at a tenth of the time."""

Result = Callable[[], Computed]
"""Waits for a batch's results and returns them, or raises the error that prevented them."""


class DeadWorkerError(InputError):
    """A worker process ended in the middle of its work."""


def submit(computation: Computation, opened: list[Opened], workers: int) -> Result:
    """Start a batch in a worker; with ``workers`` 1, compute it here when ``Result`` is called.

    A batch whose workers died is computed once more by a worker of its own, as a different batch
    may have killed them. Where that dies too, ``Result`` raises ``DeadWorkerError``.
    """
    if workers == 1:
        return lambda: computation(opened)
    with _deaf_to_interrupts():
        begun = _begin(computation, opened, workers)

    def result() -> Computed:
        try:
            return pickle.loads(begun.result())  # noqa: S301 (our own worker's)
        except BrokenProcessPool:
            log.warning("a worker died, and a batch of %d with it: computed again now", len(opened))
            return _alone(computation, opened, workers)

    return result


def _begin(computation: Computation, opened: list[Opened], workers: int) -> Future[bytes]:
    """Give a batch to the workers, to new ones where one of them has died."""
    try:
        return _pool(workers).submit(_compute, computation, opened)
    except BrokenProcessPool:
        _pool.cache_clear()
        return _pool(workers).submit(_compute, computation, opened)


def _alone(computation: Computation, opened: list[Opened], workers: int) -> Computed:
    """Compute a batch in a worker that no different batch can kill."""
    pool = _started(1, workers)
    try:
        with _deaf_to_interrupts():
            begun = pool.submit(_compute, computation, opened)
        return pickle.loads(begun.result())  # noqa: S301 (our own worker's)
    except BrokenProcessPool as error:
        raise DeadWorkerError(
            "a worker died twice, most likely for want of memory: run the same command again with "
            "workers=1, or a smaller batch_size"
        ) from error
    finally:
        pool.shutdown(wait=False)


@contextmanager
def _deaf_to_interrupts() -> Generator[None]:
    """Block SIGINT in processes that start within the block: on Ctrl-C, this process ends them."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@cache
def _pool(workers: int) -> ProcessPoolExecutor:
    # The workers have the cores; this process opens, saves and scores, which more threads slow.
    torch.set_num_threads(1)
    for name, value in ALLOCATION.items():  # read when a process starts, so by the workers alone
        os.environ.setdefault(name, str(value))
    return _started(workers, workers)


def _started(processes: int, workers: int) -> ProcessPoolExecutor:
    """Processes that have the threads of one of ``workers``."""
    threads = max(1, (os.cpu_count() or 1) // workers)
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, context, _start, (threads, os.getpid()))


def _start(threads: int, parent: int) -> None:
    torch.set_num_threads(threads)
    Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this worker once its parent process has ended, even by a kill."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _compute(computation: Computation, opened: list[Opened]) -> bytes:
    # Pickled here, so that tensors travel by value and not as handles of shared memory.
    return pickle.dumps(computation(opened))
