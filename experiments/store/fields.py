"""Which fields of a configuration affect results, and how two configurations are compared."""

from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict

UNSTORED = frozenset(
    {
        "accept_other_code",
        "batch_size",
        "cache",
        "cluster",
        "debug",
        "device",
        "grids",
        "limit",
        "log",
        "metrics",
        "results",
        "shard",
        "workers",
    }
)
"""Top-level fields that do not affect results, but for the last bits of fp32, which the size of a
batch may change; they are not stored and may differ between runs of a cell."""

UNCOMPARED = frozenset(
    {
        "data.tasks.train",
        "data.tasks.types",
        "data.train",
        "data.types",
        "method.label",
        "model.batch_size",
        "model.load.offline",
    }
)
"""Fields that do not affect results, though they are stored; ``types`` select items, as ``limit``
does."""

LISTS = frozenset({"data.tasks.types", "data.types"})
"""Fields that hold a list, which people write with commas alone."""

PLACES = frozenset({"annotations", "cache", "path", "results", "root", "train"})
"""Fields, by the last part of their names, that hold a path: it may be spelt in several ways."""

INVERSION = "inversion@method.inversion"
"""Hydra's name for the choice of a pair's inversion, where people write ``inversion``."""

SAID_ELSEWHERE = frozenset(
    {"data", "data.path", "data.root", "goal", "method", "method.path", "model", "model.path"}
)
"""Overrides that are left out of a cell's name: the method's name in it, or the folder of the
result set, says them."""

GIVEN = "pti.diffusion.given_mask.GivenMask"
"""The class of masks that come with the pictures."""

IMPORTED = "experiments.run.imported.Imported"
"""The class of methods whose pictures other code made."""


def is_compared(key: str) -> bool:
    """Whether a cell refuses a stored field that has changed: not if it only concerns reports."""
    return key not in UNCOMPARED and key.partition(".")[0] not in {"report", *UNSTORED}


def names_a_cell(override: str) -> bool:
    """Whether an override such as ``seed=1`` is part of the name of a cell."""
    key = override.partition("=")[0]
    return (
        key.partition(".")[0] not in UNSTORED
        and key not in UNCOMPARED
        and key not in SAID_ELSEWHERE
    )


def flat(config: Any, prefix: str = "") -> dict[str, Any]:
    """A nested configuration as one dictionary from dotted keys to values."""
    if not isinstance(config, dict | DictConfig):
        return {prefix: config}
    pairs: dict[str, Any] = {}
    items: Any = OmegaConf.to_container(config) if isinstance(config, DictConfig) else config
    for key, value in items.items():
        pairs |= flat(value, f"{prefix}.{key}" if prefix else str(key))
    return pairs


def takes_mask(method: DictConfig) -> bool:
    """Whether a method's configuration has its edits blend with the masks of the data set."""
    return any(
        value == GIVEN and key.rpartition(".")[2] == "_target_"
        for key, value in flat(method).items()
    )


def strip_masks(node: DictConfig) -> None:
    """Leave given masks without fields, in place: a method's file may set those of its own mask."""
    for key, value in list(node.items_ex(resolve=False)):
        if not isinstance(value, DictConfig):
            continue
        if OmegaConf.select(value, "_target_") == GIVEN:
            with open_dict(node):
                node[key] = {"_target_": GIVEN}
        else:
            strip_masks(value)
