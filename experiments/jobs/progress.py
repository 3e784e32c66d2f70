"""The progress of a sweep: which job of how many, and about how long the rest will take."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic

from omegaconf import DictConfig

from data.progress import duration
from experiments.jobs.plan import name_of
from experiments.store.open import cell_folder

log = logging.getLogger(__name__)


def kind_of(jobs: Iterable[DictConfig]) -> str:
    """The word for one of these jobs: a cell, or a shard."""
    return "shard" if any(cfg.shard for cfg in jobs) else "cell"


class Progress:
    """Logs the jobs of a sweep as their results come, with the time left at the speed so far."""

    def __init__(self, jobs: Sequence[DictConfig], there: Mapping[Path, int]) -> None:
        """``there`` is the number of pictures in each cell's folder before the sweep."""
        self._kind, self._names = kind_of(jobs), [name_of(cfg) for cfg in jobs]
        folders = [cell_folder(cfg) for cfg in jobs]
        shards = Counter(folders)
        self._there = [there[folder] // shards[folder] for folder in folders]
        self._left: dict[int, int] = {}
        self._made = 0
        self._since: float | None = None

    def enter(self, number: int, left: int) -> None:
        """Count job ``number`` (from 0) as one with ``left`` pictures to make."""
        self._left[number] = left
        if left and self._since is None:
            self._since = monotonic()

    def begin(self, number: int, pictures: int) -> None:
        """Log that the next results are those of job ``number``, which has this many pictures."""
        of_later = range(max(self._left, default=-1) + 1, len(self._names))
        rest = sum(self._left.values())
        rest += sum(max(0, pictures - self._there[later]) for later in of_later)
        if len(self._names) > 1:
            of = f"{self._kind} {number + 1} of {len(self._names)}"
            log.info("%s: %s%s", of, self._names[number], self._time_for(rest))

    def made(self, number: int, pictures: int) -> None:
        """Count pictures that a job has made."""
        self._left[number] -= pictures
        self._made += pictures

    def failed(self, number: int) -> None:
        """Expect no more pictures of a job."""
        self._left[number] = 0

    def _time_for(self, pictures: int) -> str:
        if self._since is None or not self._made or not pictures:
            return ""
        seconds = monotonic() - self._since
        return f" (about {duration(seconds / self._made * pictures)} left)"
