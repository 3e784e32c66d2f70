"""What made a result: code, versions, machine."""

import os
import platform
import resource
import subprocess
import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

REPOSITORY = Path(__file__).parent.parent
SOURCES = ("pti", "baselines", "eval", "data")
LIBRARIES = ("torch", "torchvision", "diffusers", "transformers", "hydra-core", "torchmetrics")


@cache
def code_digest() -> str:
    """sha256 over the sources that results depend on."""
    total = sha256()
    for folder in SOURCES:
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            total.update(f"{file.relative_to(REPOSITORY)}\n".encode() + file.read_bytes())
    return total.hexdigest()


def _git(*arguments: str) -> str | None:
    command = ["git", "-C", str(REPOSITORY), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def peak_memory(device: torch.device) -> int:
    """The most that this process has held so far, in MiB: on the GPU where it used one."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) >> 20
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit >> 20


@cache
def provenance(device: str) -> dict[str, Any]:
    """Everything about this run that its config does not say; None where there is no git."""
    state = _git("status", "--porcelain", "--untracked-files=no")
    return {
        "code": code_digest(),
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
