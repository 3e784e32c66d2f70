"""A real Slurm of two nodes with two fake GPUs each, for the tests of this folder."""

import os
import shutil
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.slurm.processes import computes, workers

HERE = Path(__file__).parent
NEEDED = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd", "sacct", "sbatch")


@dataclass(frozen=True)
class Slurm:
    """Commands on the cluster whose files are in ``state``."""

    state: Path

    @property
    def environment(self):
        return os.environ | {"SLURM_CONF": str(self.state / "slurm.conf"), "OMP_NUM_THREADS": "1"}

    def __call__(self, *command):
        """The command's output; it must succeed within 20 s."""
        done = subprocess.run(
            ["timeout", "20", *command],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def workers(self):
        """Processes of the tasks of arrays that run now, by the task, as ``12_3``."""
        return workers(self.state)

    def computing(self):
        """Those of them that are past their imports and not yet done."""
        return {task: process for task, process in self.workers().items() if computes(process)}

    def states(self):
        """How every run of every job ended, requeued ones included."""
        return self("sacct", "-X", "--duplicates", "--noheader", "--format=State").split()


@pytest.fixture
def slurm(tmp_path):
    path = os.environ["PATH"] + ":/usr/sbin"
    lacking = [name for name in NEEDED if shutil.which(name, path=path) is None]
    if lacking:
        pytest.skip(f"Slurm is not installed here: {', '.join(lacking)} missing")
    state = tmp_path / "slurm"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = min(free.getsockname()[1], 60000)
    try:
        subprocess.run([HERE / "up.sh", state, str(port)], check=True, timeout=120)
        yield Slurm(state)
    finally:
        subprocess.run([HERE / "down.sh", state], check=False, timeout=60)
