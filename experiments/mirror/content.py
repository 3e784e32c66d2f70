"""The content of a mirror for one cell."""

import math
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from typing import Any

from omegaconf import OmegaConf

from experiments.store.cell import Cell
from experiments.store.formats import EVERYTHING

SHOWN = 8
"""The number of items whose pictures are mirrored."""


@dataclass(frozen=True)
class Mirrored:
    """The content for one cell: configuration, means, a row per item, and some pictures."""

    id: str
    group: str
    name: str
    config: dict[str, Any]
    means: dict[str, float]
    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    pictures: dict[str, tuple[Path, ...]]

    @classmethod
    def of(cls, cell: Cell) -> "Mirrored":
        """Collect the content from the cell's files alone."""
        result_set = cell.folder.parent.parent
        group = f"{result_set.parent.name}/{result_set.name}"
        metrics = [metric.id for metric in cell.measures.pictures]
        done = sorted(cell.done & cell.scores.keys())
        header = ("key", "caption", "target", *metrics, "seconds")
        rows = tuple(
            (
                key,
                cell.records[key].caption,
                cell.records[key].target,
                *(cell.scores[key].values.get(metric) for metric in metrics),
                cell.records[key].seconds,
            )
            for key in done
        )
        config: Any = OmegaConf.to_container(cell.config)
        return cls(
            id=sha256(f"{group}/{cell.folder.name}".encode()).hexdigest()[:16],
            group=group,
            name=cell.folder.name,
            config=config,
            means=_means(cell, metrics, done),
            header=header,
            rows=rows,
            pictures={key: _pictures(cell, key) for key in done[:SHOWN]},
        )


def _means(cell: Cell, metrics: list[str], done: list[str]) -> dict[str, float]:
    """Means over items and over classes, counts of items, and mean UNet calls per item."""
    scores = [cell.scores[key].values for key in done]
    values = {metric: [of[metric] for of in scores if metric in of] for metric in metrics}
    classes = [line for name, line in cell.classes.items() if name != EVERYTHING]
    for quantity in cell.measures.classes:
        values[quantity.id] = [
            line.values[quantity.id] for line in classes if quantity.id in line.values
        ]
    found = {name: [v for v in known if math.isfinite(v)] for name, known in values.items()}
    means = {name: fmean(known) for name, known in found.items() if known}
    records = [cell.records[key] for key in done]
    stages = sorted({stage for record in records for stage in record.calls})
    for stage in stages:
        means[f"calls/{stage}"] = fmean(record.calls.get(stage, 0) for record in records)
    failed = len(cell.records) - len(cell.done)
    return means | {"done": float(len(done)), "failed": float(failed)}


def _pictures(cell: Cell, key: str) -> tuple[Path, ...]:
    """The paths of the input, the result, and the true edit where it is known."""
    truth = cell.truth(key)
    return (cell.input(key), cell.image(key), *([truth] if truth.exists() else []))
