"""The versions and the machine that made a result."""

import os
import platform
import resource
import subprocess
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

REPOSITORY = Path(__file__).parents[2]
LIBRARIES = ("torch", "torchvision", "diffusers", "transformers", "hydra-core", "torchmetrics")


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def peak_memory(device: "torch.device") -> int:
    """The peak memory of this process so far, in MiB: GPU memory where ``device`` is a GPU."""
    import torch  # here, because commands that only read results import this module

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) >> 20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit >> 20


@cache
def provenance(device: str) -> dict[str, Any]:
    """``git``, ``versions`` and ``machine`` of a ``RunInfo``; git's values are None without git."""
    import torch

    state = _git("status", "--porcelain", "--untracked-files=no")
    return {
        "git": {
            "commit": _git("rev-parse", "HEAD"),
            "changed": None if state is None else bool(state),
        },
        "versions": {"python": platform.python_version(), **{n: version(n) for n in LIBRARIES}},
        "machine": {
            "system": platform.platform(),
            "processor": _processor(),
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "device": device,
            "gpu": torch.cuda.get_device_name(device) if device.startswith("cuda") else None,
        },
    }
