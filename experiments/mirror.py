"""A cell as other programs show it: wandb or tensorboard; the records stay the only store."""

import json
import math
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import fmean
from typing import Any

from omegaconf import OmegaConf

from experiments.files import write_json
from experiments.records import (
    CLASSES,
    CONFIG,
    EVERYTHING,
    INPUTS,
    RECORDS,
    SCORES,
    TRUTHS,
    Cell,
)
from experiments.suites import suite
from pti.errors import InputError

KINDS = ("none", "wandb", "tensorboard")
SHOWN = 8
"""How many items' pictures are mirrored."""


@dataclass(frozen=True)
class Mirrored:
    """What is shown of one cell: its settings, means, a row an item, and some pictures."""

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
        """From the cell's files alone."""
        setting = cell.folder.parent.parent
        group = f"{setting.parent.name}/{setting.name}"
        metrics = [metric.id for metric in suite(cell.config.metrics).metrics]
        done = sorted(cell.done() & cell.scores.keys())
        header = ("key", "caption", "target", *metrics, "seconds")
        rows = tuple(
            (
                key,
                cell.records[key]["caption"],
                cell.records[key]["target"],
                *(cell.scores[key].get(metric) for metric in metrics),
                cell.records[key]["seconds"],
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
    """Means over items and over classes, counts, and UNet calls and seconds an image."""
    values = {m: [cell.scores[key][m] for key in done if m in cell.scores[key]] for m in metrics}
    classes = [line for name, line in cell.classes.items() if name != EVERYTHING]
    for quantity in suite(cell.config.metrics).of_classes:
        values[quantity.id] = [line[quantity.id] for line in classes if quantity.id in line]
    found = {name: [v for v in known if math.isfinite(v)] for name, known in values.items()}
    means = {name: fmean(known) for name, known in found.items() if known}
    records = [cell.records[key] for key in done]
    stages = sorted({stage for record in records for stage in record["calls"]})
    for stage in stages:
        means[f"calls/{stage}"] = fmean(record["calls"].get(stage, 0) for record in records)
    failed = len(cell.records) - len(cell.done())
    return means | {"done": float(len(done)), "failed": float(failed)}


def _pictures(cell: Cell, key: str) -> tuple[Path, ...]:
    """Input, result, and the true edit where it is known."""
    setting = cell.folder.parent.parent
    truth = setting / TRUTHS / f"{key}.png"
    made = cell.folder / cell.records[key]["image"]
    return (setting / INPUTS / f"{key}.png", made, *([truth] if truth.exists() else []))


def mirror_cell(folder: Path, kind: str, mirror: Path) -> bool:
    """Show the cell in ``mirror``; False where it shows this very content already.

    What was shown of the cell before is replaced. Raises ``InputError`` for an unknown ``kind``,
    where its package is not installed, or where that can't write.
    """
    check_kind(kind)
    if kind == "none":
        return False
    content, shown = _digest(folder), Mirrored.of(Cell.read(folder))
    stamp = mirror / "cells" / f"{shown.id}.json"
    before = json.loads(stamp.read_text("utf-8")) if stamp.exists() else {}
    if before.get("content") == content:
        return False
    mirror.mkdir(parents=True, exist_ok=True)
    try:
        _show(kind)(shown, mirror)
    except OSError as error:
        raise InputError(
            f"log={kind} can't show {shown.name} ({error}); its results are whole, and python -m "
            "experiments.sync shows them once that is mended"
        ) from error
    write_json(stamp, {"content": content})
    return True


def mirror_of(results: Path, kind: str) -> Path:
    """The folder of a mirror."""
    return results / ".mirror" / kind


def check_kind(kind: str) -> None:
    """Raise ``InputError`` for a mirror that there is not."""
    if kind not in KINDS:
        raise InputError(f"log={kind} is no mirror: there are {', '.join(KINDS)}")


def _show(kind: str) -> Any:
    """The function that writes one run; its package is imported only now."""
    try:
        if kind == "wandb":
            from experiments.mirror_wandb import show
        else:
            from experiments.mirror_tensorboard import show
    except ImportError as error:
        raise InputError(f"log={kind} needs the package {error.name}: install it") from error
    return show


def _digest(folder: Path) -> str:
    """Changes when the cell does."""
    paths = [folder / name for name in (CONFIG, RECORDS, SCORES, CLASSES)]
    return sha256(b"".join(path.read_bytes() for path in paths if path.exists())).hexdigest()
