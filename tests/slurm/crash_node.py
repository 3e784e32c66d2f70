"""Loses one fake node as a power cut would: its daemon, its steps, and all that they started."""

import os
import signal
from pathlib import Path


def crash_node(state: Path, node: str) -> None:
    """Kill, found by their environment and never by name."""
    found: dict[int, tuple[int, list[bytes], str]] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                parent = int((process / "stat").read_text().rsplit(")", 1)[1].split()[1])
                environment = (process / "environ").read_bytes().split(b"\0")
                name = (process / "comm").read_text().strip()
            except OSError:  # it has ended meanwhile
                continue
            found[int(process.name)] = (parent, environment, name)
    ours = {f"SLURM_CONF={state}/slurm.conf".encode(), f"SLURMD_NODENAME={node}".encode()}
    tasks = {number for number, (_, environment, _) in found.items() if ours <= set(environment)}
    parents = {found[task][0] for task in tasks}
    steps = {parent for parent in parents if parent in found and found[parent][2] == "slurmstepd"}
    daemon = int((state / "run" / f"{node}.pid").read_text())
    # All are frozen first: a batch script that saw its step die would still act on it.
    for signal_ in (signal.SIGSTOP, signal.SIGKILL):
        for number in [daemon, *steps, *tasks]:
            try:
                os.kill(number, signal_)
            except ProcessLookupError:
                continue
