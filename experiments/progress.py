"""How far a sweep is: which cell of how many, and about how long the rest will take."""

import logging
from time import monotonic
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

log = logging.getLogger(__name__)


class Progress(Callback):
    """Counts a sweep's jobs when it starts (``hydra.callbacks`` in configs/run.yaml)."""

    total = 0
    started = 0.0

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Expand the sweep as Hydra's own sweeper will."""
        del kwargs
        swept = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
        overrides = [*swept, *config.hydra.overrides.task]
        parsed = OverridesParser.create().parse_overrides(overrides)
        Progress.total = sum(len(jobs) for jobs in BasicSweeper.split_arguments(parsed, None))
        Progress.started = monotonic()


def announce(hydra_config: Any, cell: str) -> None:
    """Log which cell starts now, and about how long it and the rest will take.

    Says nothing outside a sweep, or where a launcher has taken the cell to another process.
    """
    if Progress.total and hydra_config.mode == RunMode.MULTIRUN:
        done = hydra_config.job.num
        log.info("cell %d of %d: %s%s", done + 1, Progress.total, cell.strip(","), _left(done))


def _left(done: int) -> str:
    if done == 0:
        return ""
    minutes = (monotonic() - Progress.started) / done * (Progress.total - done) / 60
    return f" (about {minutes:.0f} min left)" if minutes >= 1 else " (about a minute left)"
