"""A throw-away Slurm of two nodes with two fake GPUs each, and what disturbs its jobs."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.slurm.processes import (
    Process,
    computes,
    crash_node,
    go_on,
    processes,
    stop,
    was_told_to_go,
    workers,
)

HERE = Path(__file__).parent
NEEDED = ("slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd", "sacct", "sbatch")


def lacking() -> list[str]:
    """What a Slurm needs and this machine has not."""
    path = os.environ["PATH"] + ":/usr/sbin"
    return [name for name in NEEDED if shutil.which(name, path=path) is None]


def wait_until(
    true: Callable[[], object], seconds: float = 90, instead: Callable[[], object] = lambda: ""
) -> None:
    """Look ten times a second; fails after ``seconds``, and says what there was ``instead``."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain. {instead()}"
        time.sleep(0.1)


def free_ports() -> int:
    """The first of the ports that ``up.sh`` takes.

    Below the range that outgoing connections are given, one of which could take a port between
    this look and the daemon's.
    """
    while True:
        first = secrets.choice(range(20000, 30000, 100))
        with ExitStack() as taken:
            try:
                for offset in (0, 1, 2, 90):
                    taken.enter_context(socket.socket()).bind(("", first + offset))
            except OSError:
                continue
        return first


@dataclass(frozen=True)
class Slurm:
    """Commands on the cluster whose files are in ``state``."""

    state: Path

    @property
    def environment(self) -> dict[str, str]:
        """That of a process that talks to this cluster."""
        return os.environ | {"SLURM_CONF": str(self.state / "slurm.conf"), "OMP_NUM_THREADS": "1"}

    def __call__(self, *command: str) -> str:
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

    def workers(self) -> dict[str, Process]:
        """Processes of the tasks of arrays that run now, by the task, as ``12_3``."""
        return workers(self.state)

    def computing(self) -> dict[str, Process]:
        """Those of them that are past their imports and not yet done."""
        return {task: process for task, process in self.workers().items() if computes(process)}

    def states(self) -> list[str]:
        """How every run of every job ended, requeued ones included."""
        return self("sacct", "-X", "--duplicates", "--noheader", "--format=State").split()

    def held(self) -> tuple[str, Process]:
        """A task that was stopped (SIGSTOP) in the middle of its work, so that it cannot end."""
        found: list[tuple[str, Process]] = []

        def found_one() -> bool:
            found.extend(item for item in self.computing().items() if stop(item[1]))
            for _, process in found[1:]:
                go_on(process)
            return bool(found)

        wait_until(found_one)
        return found[0]

    def kill(self, process: Process) -> None:
        """SIGKILL to a task's Python process; returns once its task is requeued, or given up."""
        with self._ends([process], "REQUEUED", "FAILED"):
            os.kill(process.number, signal.SIGKILL)

    def requeue(self, task: str, process: Process) -> None:
        """Requeue a task as an administrator would; returns once it is."""
        with self._ends([process], "REQUEUED"):
            self("scontrol", "requeue", task)

    def preempt(self, process: Process) -> None:
        """Have a job of higher priority take all GPUs; returns once all tasks have gone for it."""
        urgent = ["--partition=urgent", "--nodes=2", "--gres=gpu:2", "--output=/dev/null"]
        with self._ends(self.workers().values(), "REQUEUED", "PREEMPTED"):
            self("sbatch", *urgent, "--wrap=sleep 1")
            wait_until(lambda: was_told_to_go(process))
            go_on(process)

    def crash(self, process: Process) -> None:
        """Lose the task's node, and start it again once that was noticed."""
        node = process.environment["SLURMD_NODENAME"]
        with self._ends([process], "NODE_FAIL"):
            crash_node(self.state, node)
        self("/usr/sbin/slurmd", "-N", node, "-f", str(self.state / "slurm.conf"))

    @contextmanager
    def _ends(self, victims: Iterable[Process], *states: str) -> Generator[None]:
        """Return once a job has ended so and the victims are gone.

        A task is called REQUEUED while its processes still have seconds to live, and one of those
        would be the next to be disturbed, to no effect.
        """
        numbers = {process.number for process in victims}

        def count() -> int:
            return sum(state in states for state in self.states())

        before = count()
        yield
        wait_until(
            lambda: count() > before and not numbers & processes(self.state).keys(),
            instead=lambda: self("sacct", "-X", "--duplicates", "--format=JobID,State,ExitCode"),
        )


@contextmanager
def running(state: Path) -> Generator[Slurm]:
    """Start a Slurm, and stop it in the end."""
    try:
        subprocess.run([HERE / "up.sh", state, str(free_ports())], check=True, timeout=300)
        yield Slurm(state)
    finally:
        subprocess.run([HERE / "down.sh", state], check=False, timeout=60)
