"""One cell on the disk, and the fields of a record that identify its item."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from yaml import YAMLError

from data.opener import identity_of
from data.task import Opener, Task
from experiments.store.atomic import append_lines, read_lines
from experiments.store.formats import (
    CELLS,
    CLASSES,
    CONFIG,
    IMAGES,
    INPUTS,
    MASKS,
    METRICS,
    RECORDS,
    REGIONS,
    RUN,
    SCORES,
    TRUTHS,
    ClassLine,
    Record,
    RunInfo,
    Score,
    Stored,
)
from experiments.store.measures import Measures
from pti.errors import InputError


def seed_of(seed: int, key: str) -> int:
    """An item's own seed, 32 bits, which does not depend on the order, batch size or shard."""
    return int.from_bytes(sha256(f"{seed}/{key}".encode()).digest()[:4], "big")


def asked_of(task: Task, *, edits: bool) -> dict[str, Any]:
    """The fields of a ``Record`` that say what its result should be: prompts, class, phrases."""
    caption = task.caption or ""
    return {
        "caption": caption,
        "target": (task.target or "") if edits else caption,
        "target_class": task.target_class,
        "words": list(task.edited_words()) if edits else [],
        "tags": list(task.tags),
    }


def sources_of(task: Task, names: Iterable[str]) -> dict[str, str]:
    """The identity (see ``identity_of``) of each of a task's pictures in ``names``, by name.

    Pictures that the task lacks are left out. Raises ``InputError`` or ``OSError`` where one can't
    be read.
    """
    openers: dict[str, Opener | None] = {
        "picture": task.open,
        "true edit": task.counterfactual,
        "retrieved picture": task.retrieved,
        "region": task.region,
        "mask": task.mask,
        "imported picture": task.imported,
    }
    return {name: identity_of(opener) for name in names if (opener := openers[name]) is not None}


def acknowledge(cell: Path, records: Iterable[Record]) -> None:
    """Append records in one write; the images of the items must have been saved before."""
    append_lines(cell / RECORDS, (record.written() for record in records))


@dataclass(frozen=True)
class Cell:
    """One folder of results as it was read: records and scores by key, classes by name."""

    folder: Path
    config: DictConfig
    records: dict[str, Record]
    scores: dict[str, Score]
    classes: dict[str, ClassLine]

    @classmethod
    def read(cls, folder: Path) -> "Cell":
        """Read a cell's files; of several lines for one key, the last counts.

        Raises ``InputError`` where a file is damaged.
        """
        records = _lines(Record, folder / RECORDS)
        scores = _lines(Score, folder / SCORES)
        classes = _lines(ClassLine, folder / CLASSES)
        return cls(
            folder,
            _read_config(folder / CONFIG),
            {record.key: record for record in records},
            {score.key: score for score in scores},
            {line.name: line for line in classes},
        )

    @cached_property
    def done(self) -> frozenset[str]:
        """Keys of the items that are done and whose image exists, as of the first access."""
        images = self.folder / IMAGES
        there = {path.name for path in images.iterdir()} if images.is_dir() else set[str]()
        return frozenset(
            key
            for key, record in self.records.items()
            if record.done and self.image(key).name in there
        )

    @cached_property
    def run(self) -> RunInfo | None:
        """The cell's ``run.json``; None before its first run has begun to compute."""
        return read_run(self.folder)

    @cached_property
    def measures(self) -> Measures:
        """The cell's ``metrics.json``: what its results are, or will be, measured by.

        Raises ``InputError`` where the file is missing or damaged.
        """
        return _object(Measures, self.folder / METRICS)

    @property
    def shared(self) -> Path:
        """The folder of the result set, which holds the files that all its cells share."""
        return self.folder.parent.parent

    def image(self, key: str) -> Path:
        """The path of the result."""
        return self.folder / IMAGES / f"{key}.png"

    def mask(self, key: str) -> Path:
        """The path of the mask, white where the edit was free; absent if the method has none."""
        return self.folder / MASKS / f"{key}.png"

    def input(self, key: str) -> Path:
        """The path of the item's picture, cropped and resized for the model."""
        return self.shared / INPUTS / f"{key}.png"

    def truth(self, key: str) -> Path:
        """The path of the true edit; absent where the data set has none."""
        return self.shared / TRUTHS / f"{key}.png"

    def region(self, key: str) -> Path:
        """The path of the region, white where the picture should change; absent if unknown."""
        return self.shared / REGIONS / f"{key}.png"


L = TypeVar("L", bound=Stored)


def _lines(kind: type[L], path: Path) -> Iterator[L]:
    return (kind.read(line, path) for line in read_lines(path))


def read_run(cell: Path) -> RunInfo | None:
    """Read a cell's ``run.json``, None if it is absent; raises ``InputError`` if it is damaged."""
    return _object(RunInfo, cell / RUN) if (cell / RUN).exists() else None


def _object(kind: type[L], path: Path) -> L:
    try:
        return kind.read(json.loads(path.read_text("utf-8")), path)
    except FileNotFoundError as error:
        raise InputError(f"{path} is missing: run the experiment of its cell again") from error
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{path} is damaged: delete {path.parent} and run its experiment again"
        ) from error


def _read_config(path: Path) -> DictConfig:
    try:
        config = OmegaConf.load(path)
    except YAMLError as error:
        raise InputError(f"{path} is damaged: delete its folder and run it again") from error
    assert isinstance(config, DictConfig)
    return config


def read_cells(result_set: Path) -> list[Cell]:
    """All cells of the result set in the folder ``result_set``, sorted by name."""
    folders = sorted((result_set / CELLS).glob(f"*/{CONFIG}"))
    return [Cell.read(config.parent) for config in folders]
