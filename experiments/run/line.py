"""Cells that are computed one after the other, without waiting between two of them."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Self

from experiments.run.runner import Runner


class Watcher:
    """What is called as a cell goes through the line; by default only its error is raised."""

    def come(self) -> None:
        """The results of the cell are the next to come."""

    def made(self, count: int) -> None:
        """A batch of this many items has come."""

    def over(self) -> None:
        """All results are saved; called in the thread beside."""

    def failed(self, error: Exception) -> None:
        """Computing or saving has ended with an error; called in the thread beside."""
        raise error


@dataclass(eq=False)
class InLine:
    """A cell in the line; ``note`` is called in the thread beside before its watcher's ``over``."""

    runner: Runner
    watcher: Watcher
    note: Callable[[], None]
    has_come: bool = field(default=False, init=False)
    has_ended: bool = field(default=False, init=False)


class Line:
    """Computes cells one after the other: workers begin a cell while the one before still ends.

    A cell whose last items a different process works on waits behind all others. Use it as a
    context: its end, also by an error, waits until all that was computed is saved.
    """

    def __init__(self) -> None:
        self._beside = ThreadPoolExecutor(1, "beside")
        self._begun: deque[InLine] = deque()
        self._held_up: deque[InLine] = deque()
        self._ends: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._beside.shutdown()

    @property
    def beside(self) -> Executor:
        """One thread, for what is done beside the computing."""
        return self._beside

    def add(self, cell: InLine) -> None:
        """Begin all batches of a cell, and receive those that were begun before."""
        workers = cell.runner.cfg.workers
        while self._begin(cell):
            # One batch more than workers, so that none waits until the pictures of one are saved.
            self._receive(until=workers)
        if workers == 1:  # the next cell may load a different model
            self._receive()
        if cell.runner.waiting and not cell.has_ended:
            self._held_up.append(cell)
        self._end_if_over(cell)

    def finish(self) -> None:
        """Wait until the results of all cells are saved; raises what a watcher raises."""
        self._receive()
        while self._held_up:
            cell = self._held_up.popleft()
            if self._tried(cell, lambda cell=cell: self._wait(cell)):
                self.add(cell)
                self._receive()
        for end in self._ends:
            end.result()

    def _begin(self, cell: InLine) -> bool:
        """Whether a further batch of the cell is in work."""
        if cell.has_ended:
            return False
        try:
            if not cell.runner.begin():
                return False
        except Exception as error:  # noqa: BLE001 (told to the cell's watcher)
            self._end(cell, error)
            return False
        self._begun.append(cell)
        self._come_first()
        return True

    def _receive(self, until: int = 0) -> None:
        """Receive what was begun first, until no more than this many batches are in work."""
        while len(self._begun) > until:
            cell = self._begun.popleft()
            self._tried(cell, lambda cell=cell: cell.watcher.made(cell.runner.receive()))
            self._end_if_over(cell)
            self._come_first()

    def _wait(self, cell: InLine) -> None:
        self._come(cell)
        cell.runner.wait()

    def _come_first(self) -> None:
        if self._begun:
            first = self._begun[0]
            self._tried(first, lambda: self._come(first))

    def _come(self, cell: InLine) -> None:
        if not cell.has_come:
            cell.has_come = True
            cell.watcher.come()
            cell.runner.show()

    def _end_if_over(self, cell: InLine) -> None:
        if not (cell.has_ended or cell.runner.waiting or cell in self._begun):
            self._tried(cell, lambda: self._come(cell))
            self._end(cell, None)

    def _tried(self, cell: InLine, act: Callable[[], object]) -> bool:
        """Whether a cell that has not ended went well; an error ends it, and no other one."""
        if cell.has_ended:
            return False
        try:
            act()
        except Exception as error:  # noqa: BLE001 (told to the cell's watcher)
            self._end(cell, error)
            return False
        return True

    def _end(self, cell: InLine, error: Exception | None) -> None:
        if not cell.has_ended:
            cell.has_ended = True
            self._ends.append(self._beside.submit(_close, cell, error))


def _close(cell: InLine, error: Exception | None) -> None:
    try:
        cell.runner.close()
        if error is None:
            cell.note()
            cell.watcher.over()
    except Exception as late:  # noqa: BLE001 (told to the cell's watcher)
        error = error or late
    if error is not None:
        cell.watcher.failed(error)
