"""What a cell leaves on the disk, and how it is read back."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from data.opener import identity_of
from data.task import Opener, Task
from experiments.store.atomic import append_lines, read_lines
from pti.errors import InputError

CONFIG, RUN, RECORDS, SCORES = "config.yaml", "run.json", "records.jsonl", "scores.jsonl"
CLASSES, FEATURES = "classes.jsonl", "features.npz"
CELLS, SETTING = "cells", "setting.yaml"
CLAIMS, TURN = ".claims", ".turn"
INPUTS, TRUTHS = "inputs", "truths"
IMAGES, MASKS = "images", "masks"
EVERYTHING = "all"
"""Under which ``classes.jsonl`` keeps what is measured of all results together."""


def seed_of(seed: int, key: str) -> int:
    """An item's own seed: the same whatever the order, the batch size or the shard."""
    return int.from_bytes(sha256(f"{seed}/{key}".encode()).digest()[:4], "big")


def asked_of(task: Task, *, edits: bool) -> dict[str, Any]:
    """What a result is asked for in words."""
    caption = task.caption or ""
    return {
        "caption": caption,
        "target": (task.target or "") if edits else caption,
        "target_class": task.target_class,
        "words": list(task.edited_words()) if edits else [],
    }


def sources_of(task: Task, names: Iterable[str]) -> dict[str, str]:
    """Those of a task's pictures that have these names, by what ``identity_of`` knows them by.

    Raises ``InputError`` or ``OSError`` where one can't be read.
    """
    openers: dict[str, Opener | None] = {
        "picture": task.open,
        "true edit": task.counterfactual,
        "retrieved picture": task.retrieved,
    }
    return {name: identity_of(opener) for name in names if (opener := openers[name]) is not None}


@dataclass(frozen=True)
class Record:
    """One line of ``records.jsonl``; the last line of a key counts.

    ``calls`` are the UNet evaluations an image that the method costs, by stage, ``spent`` those of
    them that this run made: the rest came from the cache. ``seconds`` is the item's share of its
    batch, ``at`` the time (UTC) when it was made. ``mask`` is the share of the picture that the
    edit was free to change. ``sources`` are the pictures that the result was made of or is
    compared with, by what ``identity_of`` knows them by.
    """

    key: str
    status: Literal["done", "failed"]
    caption: str
    target: str
    seed: int
    error: str | None = None
    target_class: str | None = None
    words: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    image: str | None = None
    mask: float | None = None
    calls: dict[str, float] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    at: str = ""


def acknowledge(cell: Path, records: Iterable[Record]) -> None:
    """Append the items' lines, all at once; their images must be in place."""
    append_lines(cell / RECORDS, map(asdict, records))


@dataclass(frozen=True)
class Cell:
    """One folder of results, as read."""

    folder: Path
    config: DictConfig
    records: dict[str, dict[str, Any]]
    scores: dict[str, dict[str, Any]]
    classes: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> "Cell":
        """Read a cell's files; of several lines for one key, the last."""
        config = _read_config(folder / CONFIG)
        records = {line["key"]: line for line in read_lines(folder / RECORDS)}
        scores = {line["key"]: line for line in read_lines(folder / SCORES)}
        classes = {line["class"]: line for line in read_lines(folder / CLASSES)}
        return cls(folder, config, records, scores, classes)

    def done(self) -> set[str]:
        """Keys of finished items whose image is in place."""
        finished = (r for r in self.records.values() if r["status"] == "done")
        return {r["key"] for r in finished if (self.folder / r["image"]).is_file()}


def _read_config(path: Path) -> DictConfig:
    try:
        config = OmegaConf.load(path)
    except YAMLError as error:
        raise InputError(f"{path} is damaged: delete its folder and run it again") from error
    assert isinstance(config, DictConfig)
    return config


def read_cells(setting: Path) -> list[Cell]:
    """All cells under ``results/<experiment>/<model>-<data>``, by name."""
    folders = sorted((setting / CELLS).glob(f"*/{CONFIG}"))
    return [Cell.read(config.parent) for config in folders]
