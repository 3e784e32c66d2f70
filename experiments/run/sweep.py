"""Running a sweep: composing its jobs, launching them, and printing a summary at the end."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus, configure_log
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from experiments.jobs.forms import check_values
from experiments.jobs.plan import Job, expand
from experiments.jobs.progress import Progress, kind_of
from experiments.run.behind import Behind
from experiments.run.closing import Stock, closing, stock_of
from experiments.run.line import Line, Watcher
from experiments.run.ready import Ready
from experiments.store.open import refuse_collisions
from pti.errors import InputError

STANDARD = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
LOCAL = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


class Sweep(Sweeper):
    """Launches each job once, without the fields that its method lacks.

    Hydra loads sweepers only from its own namespace, so ``install`` replaces Hydra's standard one
    by this one.
    """

    def __init__(self, **standard: Any) -> None:
        """Hydra gives what its own sweeper takes; ``expand`` reads the swept fields itself."""
        del standard

    @staticmethod
    def install() -> None:
        """Make Hydra use this class for sweeps."""
        Plugins.instance().class_name_to_class[STANDARD] = Sweep

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        """Store what the jobs are composed and launched with."""
        self._config, self._loader = config, hydra_context.config_loader
        self._launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> None:
        """Run the jobs; raises the error of one, or an ``InputError`` with the errors of all."""
        jobs = expand(self._config, arguments, self._compose)
        tell_left_out(jobs)
        launched = self._config.hydra.launcher._target_ != LOCAL
        if not launched:
            configure_log(self._config.hydra.job_logging, self._config.hydra.verbose)
        run_all([job.cfg for job in jobs], partial(self._launch, jobs) if launched else None)

    def _launch(self, jobs: Sequence[Job]) -> list[BaseException]:
        """Have Hydra's launcher run the jobs elsewhere; the errors of those that failed."""
        ended = self._launcher.launch([job.overrides for job in jobs], initial_job_idx=0)
        returned: list[Any] = [job for job in ended if job.status == JobStatus.FAILED]
        return [job._return_value for job in returned]

    def _compose(self, overrides: list[str]) -> DictConfig:
        return self._loader.load_sweep_config(self._config, overrides)


def run_all(
    configs: Sequence[DictConfig], launch: Callable[[], list[BaseException]] | None = None
) -> None:
    """Check and run jobs, here or by ``launch``, and print a summary.

    Raises the error of one, or an ``InputError`` with the errors of all.
    """
    for cfg in configs:
        check_values(cfg)
    refuse_collisions(configs)
    before = stock_of(configs)
    errors = launch() if launch else _run_here(configs, before)
    if said := closing(configs, before):
        print(said)  # noqa: T201
    _raise(errors, configs)


def _run_here(configs: Sequence[DictConfig], before: Mapping[Path, Stock]) -> list[BaseException]:
    """Run the jobs one after the other; the errors of those that failed.

    While the pictures of a cell are computed, those of the cell before are saved and scored.
    """
    there = {folder: stock.pictures for folder, stock in before.items()}
    sweep = _Here(Progress(configs, there), Behind(), {})
    try:
        with Line() as line:
            for number, cfg in enumerate(configs):
                try:
                    _enter(Ready.of(cfg), number, line, sweep)
                except Exception as error:  # noqa: BLE001 (raised once the rest has run)
                    sweep.errors[number] = error
                    sweep.progress.failed(number)
            line.finish()
        errors = sweep.errors | sweep.behind.wait()
    except BaseException:
        sweep.behind.stop()
        raise
    return [errors[number] for number in sorted(errors)]


@dataclass(frozen=True)
class _Here:
    """A sweep that runs in this process."""

    progress: Progress
    behind: Behind
    errors: dict[int, BaseException]


def _enter(ready: Ready, number: int, line: Line, sweep: _Here) -> None:
    sweep.progress.enter(number, sum(map(len, ready.left)))
    ready.enter(line, _Job(sweep, number, ready))


@dataclass(frozen=True)
class _Job(Watcher):
    """A job of the sweep, on its way."""

    sweep: _Here
    number: int
    ready: Ready

    def come(self) -> None:
        self.sweep.progress.begin(self.number, len(self.ready.own))

    def made(self, count: int) -> None:
        self.sweep.progress.made(self.number, count)

    def over(self) -> None:
        self.sweep.behind.add(self.number, self.ready.finish)

    def failed(self, error: Exception) -> None:
        self.sweep.progress.failed(self.number)
        self.sweep.errors[self.number] = error


def tell_left_out(jobs: Sequence[Job]) -> None:
    """Say which fields of the command do not apply to which methods."""
    for field in dict.fromkeys(name for job in jobs for name in job.left_out):
        methods = dict.fromkeys(job.cfg.method.name for job in jobs if field in job.left_out)
        sentence = f"{field} is left out of {', '.join(methods)}, which has no such field"
        print(sentence, file=sys.stderr)  # noqa: T201


def _raise(errors: Sequence[BaseException], configs: Sequence[DictConfig]) -> None:
    for error in errors:
        if len(errors) == 1 or not isinstance(error, InputError):
            raise error
    if errors:
        sentences = dict.fromkeys(map(str, errors))
        many = f"{len(errors)} of {len(configs)} {kind_of(configs)}s failed"
        raise InputError(f"{many}: {'. '.join(sentences)}")
