"""A sweep as a Slurm array, through Hydra's submitit launcher (``cluster=slurm``).

What is added to it: it refuses to start where dead tasks could not be noticed, says what it
submits, leaves out what is whole already, and lets every task end before it reports a failure.
"""

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import submitit
from hydra.core.plugins import Plugins
from hydra.core.singleton import Singleton
from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra_plugins.hydra_submitit_launcher.config import BaseQueueConf
from hydra_plugins.hydra_submitit_launcher.submitit_launcher import SlurmLauncher
from omegaconf import DictConfig, OmegaConf
from submitit.core.utils import UncompletedJobError

from experiments.plan import State, cell_of, name_of, settled, state_of
from experiments.table import Entry, Table, console
from pti.errors import InputError

PATIENCE = 20
"""Seconds that ``sacct`` may take to answer."""


class SlurmSweep(SlurmLauncher):
    """Submits the jobs of a sweep as one array and waits for all of them."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Results of the jobs that were not whole; raises ``InputError`` where some failed."""
        require_accounting()
        jobs = list(enumerate(map(list, job_overrides), start=initial_job_idx))
        found = [self._look(overrides) for _, overrides in jobs]
        todo = [i for i, (_, state) in enumerate(found) if not state.whole]
        if not todo:
            _say(f"All {len(jobs)} jobs are whole: nothing was submitted.")
            return []
        state = Singleton.get_state()
        calls = [(jobs[i][1], "hydra.sweep.dir", jobs[i][0], str(jobs[i][0]), state) for i in todo]
        submitted = self._executor().map_array(self, *zip(*calls, strict=True))
        _say(console(_submitted(submitted, [found[i] for i in todo])))
        return _gather(submitted)

    def _look(self, overrides: list[str]) -> tuple[str, State]:
        """A job's cell and shard in words, and how far it is."""
        assert self.hydra_context is not None
        assert self.config is not None
        loader = self.hydra_context.config_loader
        cfg = settled(loader.load_sweep_config(self.config, overrides), overrides)
        return name_of(cfg), state_of(cfg, cell_of(cfg))

    def _executor(self) -> Any:
        params: dict[str, Any] = dict(self.params)
        folder, timeouts = params.pop("submitit_folder"), params.pop("max_num_timeout")
        executor = submitit.AutoExecutor(
            folder=folder, cluster="slurm", slurm_max_num_timeout=timeouts
        )
        shared = set(OmegaConf.structured(BaseQueueConf))
        executor.update_parameters(
            **{key if key in shared else f"slurm_{key}": value for key, value in params.items()}
        )
        return executor


class UseSlurmSweep(Callback):
    """Has Hydra launch by ``SlurmSweep`` (``hydra.callbacks`` in configs/cluster/slurm.yaml)."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Hydra takes launchers from its own namespace alone, so ours stands in for submitit's."""
        del config, kwargs
        standard = f"{SlurmLauncher.__module__}.{SlurmLauncher.__name__}"
        Plugins.instance().class_name_to_class[standard] = SlurmSweep


def require_accounting() -> None:
    """Raise ``InputError`` where ``sacct`` does not answer: a dead task would never be noticed."""
    try:
        asked = subprocess.run(
            ["sacct", "--allocations", "--noheader", "--starttime=now"],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        problem = asked.stderr.strip() if asked.returncode else ""
    except FileNotFoundError:
        problem = "it is not installed"
    except subprocess.TimeoutExpired:
        problem = f"no answer in {PATIENCE} s"
    if problem:
        raise InputError(
            f"sacct does not answer ({problem.splitlines()[0]}), and without it a task that dies "
            "would be waited for without end: run this where Slurm's accounting works, or choose "
            "cluster=local or cluster=joblib"
        )


def _say(text: str) -> None:
    # Not logged: Hydra sets up the log of a job, not of the sweep that submits it.
    print(text, file=sys.stderr)  # noqa: T201


def _submitted(jobs: Sequence[Any], found: Sequence[tuple[str, State]]) -> Table:
    rows = tuple(
        (Entry(job.job_id), Entry(name), Entry(str(state.left + state.failed)))
        for job, (name, state) in zip(jobs, found, strict=True)
    )
    return Table("Submitted to Slurm", ("job", "cell", "pictures left"), rows, labels=2)


def _gather(jobs: Sequence[Any]) -> list[JobReturn]:
    """Results, once every job has ended; raises ``InputError`` with the logs of failed ones."""
    returned: list[JobReturn] = []
    failures: list[str] = []
    for job in jobs:
        try:
            result = job.results()[0]
        except UncompletedJobError:
            failures.append(f"job {job.job_id} ended as {job.state}; its log: {job.paths.stderr}")
            continue
        returned.append(result)
        if result.status == JobStatus.FAILED:
            reason = str(result._return_value).splitlines()[0]
            failures.append(f"job {job.job_id}: {reason}; its log: {job.paths.stderr}")
    if failures:
        raise InputError(
            f"{len(failures)} of {len(jobs)} jobs failed, the others have ended: "
            f"{'. '.join(failures)}. The same command again submits only what is missing"
        )
    return returned
