"""How a sweep is submitted and waited for, without a Slurm."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from hydra.core.utils import JobReturn, JobStatus
from hydra.types import RunMode

from experiments.cluster import slurm
from experiments.jobs.plan import State
from experiments.jobs.schema import CONFIGS
from pti.errors import InputError


@dataclass
class Job:
    """A job that has ended, as submitit tells it."""

    job_id: str
    result: JobReturn
    state: str = "COMPLETED"
    paths = SimpleNamespace(stderr="job.err")

    def results(self):
        return [self.result]


def ended(status, value=None):
    result = JobReturn(status=status)
    result.return_value = value
    return result


def test_a_failure_in_one_array_does_not_keep_the_next_from_being_submitted(monkeypatch, capsys):
    arrays = []

    class Sweep(slurm.SlurmSweep):
        def _look(self, overrides):
            done = overrides == ["cell=whole"]
            return overrides[0], State(done=done, failed=0, left=not done, unscored=0)

        def _submit(self, jobs):
            arrays.append([words[0] for _, words in jobs])
            failed = ended(JobStatus.FAILED, AssertionError())
            good = ended(JobStatus.COMPLETED)
            return [Job(str(number), good if number else failed) for number, _ in jobs]

    monkeypatch.setattr(slurm, "require_accounting", lambda: None)
    monkeypatch.setattr(slurm, "LONGEST", 2)
    words = [["cell=a"], ["cell=whole"], ["cell=b"], ["cell=c"]]
    with pytest.raises(InputError, match=r"1 of 3 jobs failed.*job 0: AssertionError.*job\.err"):
        Sweep().launch(words, 0)

    assert arrays == [["cell=a", "cell=b"], ["cell=c"]]
    assert "cell=c" in capsys.readouterr().err


def test_a_slurm_that_keeps_no_accounts_is_refused(monkeypatch, tmp_path):
    sacct = tmp_path / "sacct"
    sacct.write_text("#!/bin/sh\necho 'Slurm accounting storage is disabled' >&2; exit 1\n")
    sacct.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"sacct does not answer \(Slurm accounting storage is"):
        slurm.require_accounting()


@pytest.mark.parametrize(
    "path", sorted((CONFIGS / "cluster").glob("*.yaml")), ids=lambda path: path.stem
)
def test_a_single_job_is_launched_like_a_sweep(path):
    if path.stem == "ray":
        pytest.importorskip("hydra_plugins.hydra_ray_launcher")
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        cfg = compose("run", [f"cluster={path.stem}"], return_hydra_config=True)
    assert cfg.hydra.mode == RunMode.MULTIRUN
