"""Work that goes on behind the computing of pictures, in a thread of its own."""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread


class Behind:
    """Does jobs one after the other, while their giver goes on.

    The thread does not keep the process alive: after Ctrl-C nobody waits for it.
    """

    def __init__(self) -> None:
        self._jobs: SimpleQueue[tuple[int, Callable[[], None]] | None] = SimpleQueue()
        self._errors: dict[int, Exception] = {}
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def add(self, number: int, job: Callable[[], None]) -> None:
        """Do a job after those that were added before."""
        self._jobs.put((number, job))

    def wait(self) -> dict[int, Exception]:
        """Wait for all jobs; the errors of those that failed, by number."""
        self._jobs.put(None)
        self._thread.join()
        return self._errors

    def _work(self) -> None:
        while (next_one := self._jobs.get()) is not None:
            number, job = next_one
            try:
                job()
            except Exception as error:  # noqa: BLE001 (given to who waits)
                self._errors[number] = error
