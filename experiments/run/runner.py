"""Running the items of a cell, a batch at a time, to images and records."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from data.progress import bar
from data.task import Task
from experiments.run.compute import Computation, Opened
from experiments.run.files import CellFiles
from experiments.run.workers import DeadWorkerError, Result, submit
from experiments.store.atomic import Tail, WriteError
from experiments.store.formats import (
    RECORDS,
    RESERVATIONS,
    Record,
)
from experiments.store.locks import Reservations

log = logging.getLogger(__name__)


@dataclass
class _Begun:
    """A batch in work: its items, what becomes of opening them, and the result once submitted."""

    batch: list[Task]
    opening: Future[list[Opened]]
    opened: list[Opened] = field(default_factory=list)
    result: Result | None = None


class Runner:
    """Runs one method over the items of one cell, batch by batch.

    ``beside`` is one thread that opens and saves pictures while this one computes.
    """

    def __init__(
        self,
        cfg: DictConfig,
        folder: Path,
        computation: Computation,
        batches: Iterable[list[Task]],
        beside: Executor,
    ) -> None:
        self.cfg, self.folder, self.computation = cfg, folder, computation
        self.waiting = deque(batches)
        self.total = sum(map(len, self.waiting))
        self.peaks: set[int] = set()
        self._beside = beside
        self._begun: deque[_Begun] = deque()
        self._saving: deque[Future[None]] = deque()
        self._files = CellFiles(cfg, folder, computation, computation.model())
        self._growing = Tail(folder / RECORDS)
        self._before = _latest(self._growing)
        self._now = dict(self._before)
        self._reserved = Reservations(folder / RESERVATIONS)
        self._shown: Any = None

    def show(self) -> None:
        """Show the progress from now on."""
        self._shown = bar(total=self.total, desc=self.folder.name, unit="picture")

    def begin(self) -> bool:
        """Begin the next batch that no different process works on; False where there is none.

        Its pictures are opened, and workers begin to compute it. Items that a different process has
        finished or failed since this began are left out.
        """
        if (batch := _take(self._reserved, self.waiting)) is None:
            return False
        self._now |= _latest(self._growing)
        now, before = self._now, self._before
        over = {key for key, record in now.items() if record != before.get(key)}
        over |= {key for key, record in now.items() if self._is_made(record)}
        tasks = [task for task in batch if task.key not in over]
        self._files.announce(tasks)
        begun = _Begun(batch, self._beside.submit(self._files.open, tasks))
        if self.cfg.workers > 1:
            self._submit(begun)
        self._begun.append(begun)
        return True

    def receive(self) -> int:
        """Wait for the batch that was begun first, or compute it here, and have it saved.

        Returns the number of its items. At most one result waits to be saved; raises what prevented
        saving the one before.
        """
        begun = self._begun.popleft()
        if self.cfg.workers == 1:
            self._submit(begun)
        saves = self._attempt(begun.opened, begun.result) if begun.result is not None else []
        self._saved()
        self._saving.append(self._beside.submit(self._save, saves, begun.batch))
        return len(begun.batch)

    def wait(self) -> None:
        """Wait for the process that works on the next batch."""
        log.info("waiting for another run's pictures of %s", self.folder.name)
        self._reserved.wait(_keys(self.waiting[0]))

    def close(self) -> None:
        """Wait until all is saved, and release the items; raises what prevented saving."""
        try:
            self._saved()
        finally:
            self._reserved.close()
            if self._shown is not None:
                self._shown.close()

    def _submit(self, begun: _Begun) -> None:
        begun.opened = [one for one in begun.opening.result() if self._can_be_made(one)]
        if begun.opened:
            begun.result = submit(self.computation, begun.opened, self.cfg.workers)

    def _saved(self) -> None:
        while self._saving:
            self._saving.popleft().result()

    def _save(self, saves: Iterable[Callable[[], None]], batch: list[Task]) -> None:
        try:
            for save in saves:
                save()
        finally:
            self._reserved.free(_keys(batch))
        if self._shown is not None:
            self._shown.update(len(batch))

    def _is_made(self, record: Record) -> bool:
        return record.done and (self.folder / str(record.image)).is_file()

    def _can_be_made(self, opened: Opened) -> bool:
        """Whether the method can edit the item; if not, that is recorded."""
        try:
            self.computation.check(opened)
        except Exception as error:  # noqa: BLE001 (kept as the item's record)
            self._saving.append(self._beside.submit(self._files.fail, opened[0], error))
            return False
        return True

    def _attempt(self, opened: list[Opened], result: Result) -> list[Callable[[], None]]:
        """What saves a batch; where it fails, its items are tried alone: one can't fail all."""
        try:
            computed = result()
        except (DeadWorkerError, WriteError):  # the items are not at fault
            raise
        except Exception as error:  # noqa: BLE001 (kept as the item's record)
            if len(opened) == 1:
                return [partial(self._files.fail, opened[0][0], error)]
            log.warning("a batch of %d failed (%s); one by one now", len(opened), error)
            saves: list[Callable[[], None]] = []
            for one in opened:
                saves += self._attempt([one], submit(self.computation, [one], self.cfg.workers))
            return saves
        self.peaks.add(computed.memory)
        return [partial(self._files.save, [task for task, _ in opened], computed)]


def _take(reserved: Reservations, waiting: deque[list[Task]]) -> list[Task] | None:
    """Reserve the first batch that no different process works on, and remove it."""
    batch = next((one for one in waiting if reserved.take(_keys(one))), None)
    if batch is not None:
        waiting.remove(batch)
    return batch


def _latest(growing: Tail) -> dict[str, Record]:
    """The last record of each key among the lines that were added since the last call."""
    return {line["key"]: Record.read(line, growing.path) for line in growing.new()}


def _keys(batch: list[Task]) -> list[str]:
    return [task.key for task in batch]
