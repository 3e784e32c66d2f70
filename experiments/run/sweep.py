"""Running a sweep: composing its jobs, launching them, and printing a summary at the end."""

import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from hydra.core.plugins import Plugins
from hydra.core.utils import JobStatus
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig

from experiments.jobs.plan import Job, expand
from experiments.jobs.progress import Progress, kind_of
from experiments.run.closing import closing, stock_of
from pti.errors import InputError

STANDARD = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"


class Sweep(Sweeper):
    """Launches each job once, without the fields that its method lacks.

    Hydra loads sweepers only from its own namespace, so ``install`` replaces Hydra's standard one
    by this one.
    """

    progress: ClassVar[Progress | None] = None
    """The progress of this process's sweep; None where a job was sent to a different process."""

    def __init__(self, params: dict[str, str] | None, **standard: Any) -> None:
        """``params`` are the swept fields of an experiment, as Hydra's own sweeper takes them."""
        del standard
        self._swept = [f"{key}={value}" for key, value in (params or {}).items()]

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
        jobs = expand([*self._swept, *arguments], self._compose)
        _tell_left_out(jobs)
        configs = [job.cfg for job in jobs]
        before = stock_of(configs)
        there = {folder: stock.pictures for folder, stock in before.items()}
        Sweep.progress = Progress(configs, there)
        ended = self._launcher.launch([job.overrides for job in jobs], initial_job_idx=0)
        if said := closing(configs, before):
            print(said)  # noqa: T201
        _raise_failures(jobs, ended)

    def _compose(self, overrides: list[str]) -> DictConfig:
        return self._loader.load_sweep_config(self._config, overrides)


def _tell_left_out(jobs: Sequence[Job]) -> None:
    for field in dict.fromkeys(name for job in jobs for name in job.left_out):
        methods = dict.fromkeys(job.cfg.method.name for job in jobs if field in job.left_out)
        sentence = f"{field} is left out of {', '.join(methods)}, which has no such field"
        print(sentence, file=sys.stderr)  # noqa: T201


def _raise_failures(jobs: Sequence[Job], ended: Sequence[Any]) -> None:
    failed = [job for job in ended if job.status == JobStatus.FAILED]
    errors: list[Exception] = [job._return_value for job in failed]
    for error in errors:
        if len(failed) == 1 or not isinstance(error, InputError):
            raise error
    if failed:
        sentences = dict.fromkeys(map(str, errors))
        kind = kind_of(job.cfg for job in jobs)
        raise InputError(f"{len(failed)} of {len(jobs)} {kind}s failed: {'. '.join(sentences)}")
