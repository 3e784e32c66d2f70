"""Work that goes on behind the computing of pictures, in a thread of its own."""

import ctypes
from collections.abc import Callable
from queue import Queue
from threading import Thread

PATIENCE = 10.0
"""Seconds that a stopped job has to end."""


class Behind:
    """Does jobs one after the other, while their giver goes on."""

    def __init__(self) -> None:
        self._jobs: Queue[tuple[int, Callable[[], None]] | None] = Queue()
        self._errors: dict[int, BaseException] = {}
        self._at_work = self._stopped = False
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def add(self, number: int, job: Callable[[], None]) -> None:
        """Do a job after those that were added before."""
        self._jobs.put((number, job))

    def wait(self) -> dict[int, BaseException]:
        """Wait for all jobs; the errors of those that failed, by number."""
        self._jobs.put(None)
        self._thread.join()
        return self._errors

    def stop(self) -> None:
        """Interrupt the job at work, as Ctrl-C would, and do no more."""
        self._stopped = True
        if self._at_work:
            # A daemon thread that is still inside torch when Python ends takes the process down.
            number = ctypes.c_ulong(self._thread.ident or 0)
            interrupt = ctypes.py_object(KeyboardInterrupt)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(number, interrupt)
            self._thread.join(PATIENCE)

    def _work(self) -> None:
        while not self._stopped and (given := self._jobs.get()) is not None:
            number, job = given
            self._at_work = True
            try:
                job()
            except BaseException as error:  # noqa: BLE001 (given to who waits)
                self._errors[number] = error
            self._at_work = False
