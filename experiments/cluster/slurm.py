"""A sweep as a Slurm array, through Hydra's submitit launcher (``cluster=slurm``).

This launcher also refuses to start where dead tasks could not be noticed, prints what it submits,
leaves out jobs that are whole already, and waits for all tasks before it reports a failure.
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

from experiments.jobs.plan import State, name_of, settled, state_of
from experiments.store.open import existing_cell
from experiments.table import Entry, Table, console
from pti.errors import InputError

PATIENCE = 20
"""The time that ``sacct`` may take to answer, in seconds."""
LONGEST = 1000
"""The most tasks in one array: Slurm's MaxArraySize is 1001 unless a site says otherwise."""


class SlurmSweep(SlurmLauncher):
    """Submits the jobs of a sweep as arrays of at most ``LONGEST`` tasks, and waits for all."""

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        """Run the jobs that are not whole; raises ``InputError`` where some failed."""
        require_accounting()
        jobs = list(enumerate(map(list, job_overrides), start=initial_job_idx))
        found = {number: self._look(overrides) for number, overrides in jobs}
        todo = [job for job in jobs if not found[job[0]][1].whole]
        if not todo:
            _say(f"All {len(jobs)} jobs are whole: nothing was submitted.")
            return []
        ended: list[JobReturn | str] = []
        # The sweep is divided here: if Hydra did it, it would stop after the first failed array.
        for start in range(0, len(todo), LONGEST):
            part = todo[start : start + LONGEST]
            submitted = self._submit(part)
            _say(console(_submitted(submitted, [found[number] for number, _ in part])))
            ended += map(_end, submitted)
        if failures := [job for job in ended if isinstance(job, str)]:
            raise InputError(
                f"{len(failures)} of {len(ended)} jobs failed, the others have ended: "
                f"{'. '.join(failures)}. The same command again submits only what is missing"
            )
        return [job for job in ended if not isinstance(job, str)]

    def _submit(self, jobs: Sequence[tuple[int, list[str]]]) -> Sequence[Any]:
        state = Singleton.get_state()
        calls = [
            (overrides, "hydra.sweep.dir", number, str(number), state) for number, overrides in jobs
        ]
        return self._executor().map_array(self, *zip(*calls, strict=True))

    def _look(self, overrides: list[str]) -> tuple[str, State]:
        """The name of a job, and the state of its items."""
        assert self.hydra_context is not None
        assert self.config is not None
        loader = self.hydra_context.config_loader
        cfg = settled(loader.load_sweep_config(self.config, overrides))
        return name_of(cfg), state_of(cfg, existing_cell(cfg))

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
    """Lets Hydra launch with ``SlurmSweep`` (``hydra.callbacks`` in configs/cluster/slurm.yaml)."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Replace submitit's launcher: Hydra loads launchers only from its own namespace."""
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
        problem = ""
        if asked.returncode:
            problem = asked.stderr.strip() or f"it ended with {asked.returncode}"
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


def _end(job: Any) -> JobReturn | str:
    """Wait for a job; return its result, or a sentence on why it failed and where its log is."""
    try:
        result = job.results()[0]
    except UncompletedJobError:
        return f"job {job.job_id} ended as {job.state}; its log: {job.paths.stderr}"
    if result.status != JobStatus.FAILED:
        return result
    error = result._return_value
    reason = str(error) if isinstance(error, InputError) else repr(error)
    return f"job {job.job_id}: {reason}; its log: {job.paths.stderr}"
