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
    """Logs the jobs of a sweep as they start, with the time left at the speed so far."""

    def __init__(self, jobs: Sequence[DictConfig], there: Mapping[Path, int]) -> None:
        """``there`` is the number of pictures in each cell's folder before the sweep."""
        self._kind, self._names = kind_of(jobs), [name_of(cfg) for cfg in jobs]
        folders = [cell_folder(cfg) for cfg in jobs]
        shards = Counter(folders)
        self._there = [there[folder] // shards[folder] for folder in folders]
        self._made, self._seconds, self._since = 0, 0.0, monotonic()

    def begin(self, number: int, pictures: int, left: int) -> None:
        """Log that job ``number`` (from 0) starts, with ``left`` of its ``pictures`` to make."""
        rest = left + sum(max(0, pictures - there) for there in self._there[number + 1 :])
        name, self._since = self._names[number], monotonic()
        if len(self._names) > 1:
            of = f"{self._kind} {number + 1} of {len(self._names)}"
            log.info("%s: %s%s", of, name, self._time_for(rest))

    def end(self, made: int) -> None:
        """Count the number of pictures that the job ``made`` since it began, and their time."""
        if made:
            self._made += made
            self._seconds += monotonic() - self._since

    def _time_for(self, pictures: int) -> str:
        if not self._made or not pictures:
            return ""
        return f" (about {duration(self._seconds / self._made * pictures)} left)"
