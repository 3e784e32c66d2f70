"""The processes of one Slurm, found by their environment and never by name."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from experiments.store.formats import RESERVATIONS


@dataclass(frozen=True)
class Process:
    number: int
    parent: int
    words: list[str]
    environment: dict[str, str]


def processes(state: Path) -> dict[int, Process]:
    """Those that the Slurm in ``state`` has started and that still run, by number."""
    found: dict[int, Process] = {}
    for folder in Path("/proc").iterdir():
        try:
            parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            words = (folder / "cmdline").read_text().split("\0")
            lines = (folder / "environ").read_text(errors="replace").split("\0")
        except OSError:  # it is no process, or has ended meanwhile
            continue
        environment = dict(line.split("=", 1) for line in lines if "=" in line)
        if environment.get("SLURM_CONF") == f"{state}/slurm.conf":
            found[int(folder.name)] = Process(int(folder.name), parent, words, environment)
    return found


def workers(state: Path) -> dict[str, Process]:
    """The Python process of each task of an array, by the task, as ``12_3``."""
    names = ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID")
    return {
        "_".join(process.environment[name] for name in names): process
        for process in processes(state).values()
        # srun has the words, too, as its own.
        if "submitit.core._submit" in process.words and "python" in process.words[0]
    }


def computes(process: Process) -> bool:
    """Whether a worker is past its imports and not yet done: it holds the cell's claims open."""
    try:
        files = [file.readlink().name for file in Path(f"/proc/{process.number}/fd").iterdir()]
    except OSError:  # it has ended meanwhile
        return False
    return RESERVATIONS in files


def stop(process: Process) -> bool:
    """SIGSTOP; whether that met a worker which is past its imports and not yet done."""
    with suppress(ProcessLookupError):
        os.kill(process.number, signal.SIGSTOP)
    held = computes(process)
    if not held:
        go_on(process)
    return held


def go_on(process: Process) -> None:
    """SIGCONT, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(process.number, signal.SIGCONT)


def was_told_to_go(process: Process) -> bool:
    """Whether the signal before a preemption waits for a stopped process, or it is gone already."""
    try:
        lines = Path(f"/proc/{process.number}/status").read_text().splitlines()
    except OSError:
        return True
    waiting = dict(line.split(":\t", 1) for line in lines if "Pnd" in line)
    told = 1 << (signal.SIGUSR2 - 1)
    return any(int(signals, 16) & told for signals in waiting.values())


def crash_node(state: Path, node: str) -> None:
    """Lose a node as a power cut would: its daemon, its steps, and all that they started."""
    running = processes(state)
    tasks = {
        process.number
        for process in running.values()
        if process.environment.get("SLURMD_NODENAME") == node
    }
    parents = {running[task].parent for task in tasks} & running.keys()
    steps = {parent for parent in parents if "slurmstepd" in running[parent].words[0]}
    daemon = int((state / "run" / f"{node}.pid").read_text())
    # All are frozen first: a batch script that saw its step die would still act on it.
    for end in (signal.SIGSTOP, signal.SIGKILL):
        for number in {daemon} | steps | tasks:
            with suppress(ProcessLookupError):
                os.kill(number, end)
