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
        self._made = 0
        self._since: float | None = None

    def begin(self, number: int, pictures: int, left: int) -> None:
        """Log that job ``number`` (from 0) starts, with ``left`` of its ``pictures`` to make."""
        rest = left + sum(max(0, pictures - there) for there in self._there[number + 1 :])
        if left and self._since is None:
            self._since = monotonic()
        if len(self._names) > 1:
            of = f"{self._kind} {number + 1} of {len(self._names)}"
            log.info("%s: %s%s", of, self._names[number], self._time_for(rest))

    def made(self, pictures: int) -> None:
        """Count pictures that were made."""
        self._made += pictures

    def _time_for(self, pictures: int) -> str:
        if self._since is None or not self._made or not pictures:
            return ""
        seconds = monotonic() - self._since
        return f" (about {duration(seconds / self._made * pictures)} left)"
