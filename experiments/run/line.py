"""Cells that are computed one after the other, without waiting between two of them."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from experiments.run.runner import Runner


@dataclass
class Turn:
    """A cell in the line, and what is called as it goes.

    ``come`` is called once, when the results of the cell are the next to come; ``over``, in the
    thread beside, once all of them are saved; and ``failed`` in place of it after an error.
    """

    runner: Runner
    come: Callable[[], None]
    over: Callable[[], None]
    failed: Callable[[Exception], None]
    has_come: bool = False
    has_ended: bool = False


class Line:
    """Computes cells one after the other: workers begin a cell while the one before still ends.

    A cell whose last items a different process works on waits behind all others. Use it as a
    context: its end, also by an error, ends the thread that opens and saves pictures.
    """

    def __init__(self) -> None:
        self._beside = ThreadPoolExecutor(1, "beside")
        self._begun: deque[Turn] = deque()
        self._held_up: list[Turn] = []
        self._ends: list[Future[None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._beside.shutdown(cancel_futures=True)

    @property
    def beside(self) -> Executor:
        """One thread, for what is done beside the computing."""
        return self._beside

    def add(self, turn: Turn) -> None:
        """Begin all batches of a cell, and receive those that were begun before."""
        workers = turn.runner.cfg.workers
        while not turn.has_ended and self._begin(turn):
            # One batch more than workers, so that none waits until the pictures of one are saved.
            self._receive(until=workers)
        if workers == 1:  # the next cell may load a different model
            self._receive()
        if turn.runner.waiting and not turn.has_ended:
            self._held_up.append(turn)
        self._end_if_over(turn)

    def finish(self) -> None:
        """Wait until the results of all cells are saved."""
        self._receive()
        while self._held_up:
            turn = self._held_up.pop(0)
            self._come(turn)
            turn.runner.wait()
            self.add(turn)
            self._receive()
        for end in self._ends:
            end.result()

    def _begin(self, turn: Turn) -> bool:
        try:
            if not turn.runner.begin():
                return False
        except Exception as error:  # noqa: BLE001 (told to whoever gave the cell)
            self._fail(turn, error)
            return False
        self._begun.append(turn)
        self._come(self._begun[0])
        return True

    def _receive(self, until: int = 0) -> None:
        """Receive what was begun first, until no more than this many batches are in work."""
        while len(self._begun) > until:
            turn = self._begun.popleft()
            if not turn.has_ended:
                try:
                    turn.runner.receive()
                except Exception as error:  # noqa: BLE001 (told to whoever gave the cell)
                    self._fail(turn, error)
            self._end_if_over(turn)
            if self._begun:
                self._come(self._begun[0])

    def _come(self, turn: Turn) -> None:
        if not (turn.has_come or turn.has_ended):
            turn.has_come = True
            turn.come()

    def _end_if_over(self, turn: Turn) -> None:
        if not (turn.has_ended or turn.runner.waiting or turn in self._begun):
            self._come(turn)
            turn.has_ended = True
            self._ends.append(self._beside.submit(_close, turn, None))

    def _fail(self, turn: Turn, error: Exception) -> None:
        turn.has_ended = True
        self._ends.append(self._beside.submit(_close, turn, error))


def _close(turn: Turn, error: Exception | None) -> None:
    try:
        turn.runner.close()
        if error is None:
            turn.over()
    except Exception as late:  # noqa: BLE001 (told to whoever gave the cell)
        error = error or late
    if error is not None:
        turn.failed(error)
