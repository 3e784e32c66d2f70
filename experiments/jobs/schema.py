"""The schema of a run: a key that is not here cannot be set."""

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from omegaconf import MISSING, DictConfig, OmegaConf

from experiments.store.fields import INVERSION, names_a_cell, takes_mask

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
    metrics: Any = MISSING
    grids: list[Any] = field(default_factory=list)
    debug: Any = None
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


def register(*, know_device: bool = True) -> None:
    """Register the schema and the resolvers with Hydra.

    Without ``know_device`` the precision ``fastest`` stays as it is: asking the device which that
    is takes seconds, for the import of torch.
    """
    ConfigStore.instance().store(name="schema", node=Run)
    OmegaConf.register_new_resolver("cell_of", _cell_of, replace=True)
    OmegaConf.register_new_resolver("basename", _basename, replace=True)
    OmegaConf.register_new_resolver(
        "precision_on", _precision_on if know_device else lambda _, wanted: wanted, replace=True
    )


def fitting_metrics(cfg: DictConfig) -> str:
    """The name of the metrics that suit a run's goal and, to edit, its data."""
    # A cell's file has the name of its goal.
    reconstructs = cfg.goal in (Goal.reconstruct, Goal.reconstruct.name)
    return "reconstruction" if reconstructs else cfg.data.metrics


def _cell_of(*, _root_: DictConfig) -> str:
    """The name of a cell: its method, and what tells it from the other cells of its result set.

    In an experiment these are the fields of its report that the method has, and whether its mask
    is given, else the overrides.
    """
    if HydraConfig.get().runtime.choices.get("experiment") is None:
        varied = sorted(filter(names_a_cell, HydraConfig.get().overrides.task))
        varied = [override.replace(INVERSION, "inversion") for override in varied]
    else:
        fields = _root_.report.fields.items()
        values = [(name, OmegaConf.select(_root_, path)) for name, path in fields]
        varied = [f"{name.replace(' ', '_')}={v}" for name, v in values if v is not None]
        varied += ["mask=given"] * takes_mask(_root_.method)  # it replaces the fields of a mask
    return ",".join([_root_.method.name, *varied])


def _basename(path: str, unless: str = "") -> str:
    """The last part of a path, or the one before where that is ``unless``.

    For ``.`` and ``..`` it is the name of the folder that they mean.
    """
    place = Path(path)
    place = place.parent if place.name == unless else place
    return place.resolve().name if place.name in ("", "..") else place.name


def _precision_on(device: str, wanted: str) -> str:
    if wanted != "fastest":
        return wanted
    from pti.diffusion.load import torch_device
    from pti.diffusion.precision import fastest

    return fastest(torch_device(device))
