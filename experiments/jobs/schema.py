"""The schema of a run: a key that is not here cannot be set."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from omegaconf import MISSING, OmegaConf

from experiments.store.fields import names_a_cell

CONFIGS = Path(__file__).parents[2] / "configs"


class Goal(Enum):
    """Whether a method reconstructs the picture, or edits it towards the target."""

    reconstruct = "reconstruct"
    edit = "edit"


@dataclass
class Run:
    """The configuration of one job; a method's own dataclass is its schema."""

    name: str = "single"
    cell: str = MISSING
    method: Any = MISSING
    data: Any = MISSING
    model: Any = MISSING
    goal: Goal = Goal.reconstruct
    metrics: str = MISSING
    points: Any = field(default_factory=dict)
    point: str | None = None
    report: Any = MISSING
    precision: str = MISSING
    cluster: Any = MISSING
    log: str = "none"
    device: str = "auto"
    seed: int = 0
    limit: int | None = None
    shard: str | None = None
    batch_size: int = MISSING
    workers: int = 1
    results: str = "results"
    cache: str = "cache"
    accept_other_code: bool = False


def register() -> None:
    """Register the schema and the resolvers with Hydra."""
    ConfigStore.instance().store(name="schema", node=Run)
    OmegaConf.register_new_resolver("varied", _varied, replace=True)
    OmegaConf.register_new_resolver("basename", _basename, replace=True)
    OmegaConf.register_new_resolver(
        "field", lambda name, value: "" if value is None else f",{name}={value}", replace=True
    )
    OmegaConf.register_new_resolver(
        "metrics_of",
        lambda goal, of_edits: "reconstruction" if str(goal) == "reconstruct" else of_edits,
        replace=True,
    )
    OmegaConf.register_new_resolver("precision_on", _precision_on, replace=True)


def _varied() -> str:
    """The overrides that name a cell, joined by commas."""
    return ",".join(sorted(filter(names_a_cell, HydraConfig.get().overrides.task)))


def _basename(path: str) -> str:
    """The last part of a path; for ``.`` and ``..``, the name of the folder that they mean."""
    name = Path(path).name
    return Path(path).resolve().name if name in ("", "..") else name


def _precision_on(device: str, wanted: str) -> str:
    if wanted != "fastest":
        return wanted
    # Imported here because torch takes seconds to import, and a report does not need it.
    from pti.diffusion.load import torch_device
    from pti.diffusion.precision import fastest

    return fastest(torch_device(device))
