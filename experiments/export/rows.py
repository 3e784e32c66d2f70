"""A row of each exported picture: prompts, scores, and what made it."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from data.progress import bar
from experiments.report.summary import labels_of, method_of
from experiments.score.pictures import digest_of
from experiments.store.cell import Cell
from experiments.store.formats import CONFIG, INPUTS
from experiments.store.result_set import ResultSet
from pti.diffusion.calls import Calls

Row = dict[str, Any]
"""A row: its fields by name."""

TEXTS = ("text", "caption", "key", "cell", "method", "settings", "weights", "image_sha256")
"""The fields of a row that are text, beside the names of its files."""


def rows_of(result_set: ResultSet) -> Iterator[tuple[Cell, Row]]:
    """Each finished picture's cell and row, in the order of cells and keys.

    A score that is not finite is None, and so is one that the cell lacks.
    """
    labels, metrics = labels_of(result_set), metrics_of(result_set)
    made = {cell.folder: _made(cell, labels) for cell in result_set.cells}
    pictures = [(cell, key) for cell in result_set.cells for key in sorted(cell.done)]
    for cell, key in bar(pictures, desc="export", unit="picture"):
        yield cell, _item(cell, key) | made[cell.folder] | _scores(cell, key, metrics)


def counted(number: int, what: str) -> str:
    """A number of things, such as ``2 cells``."""
    return f"{number} {what}{'s' * (number != 1)}"


def said_of(written: int, what: str, result_set: ResultSet, where: Path) -> str:
    """What a form says when it is done."""
    cells = counted(len(result_set.cells), "cell")
    return f"wrote {counted(written, what)} of {cells}: {where}"


def metrics_of(result_set: ResultSet) -> list[str]:
    """The ids of what the pictures of any cell are measured by."""
    measured = (one.id for cell in result_set.cells for one in cell.measures.pictures)
    return list(dict.fromkeys(measured))


def settings_of(cell: Cell) -> str:
    """The digest of a cell's configuration."""
    return digest_of(cell.folder / CONFIG)


def weights_of(cell: Cell) -> str:
    """The digest of the weights that a cell was made with."""
    return "" if cell.run is None else cell.run.weights


def _item(cell: Cell, key: str) -> Row:
    record = cell.records[key]
    calls = Calls.from_json(record.calls)
    return {
        "file_name": f"{cell.folder.name}/{key}.png",
        "input_file_name": f"{INPUTS}/{key}.png",
        "text": record.target,
        "caption": record.caption,
        "key": key,
        "tags": record.tags,
        "seed": record.seed,
        "image_sha256": digest_of(cell.image(key)),
        "unet_forwards": calls.total("forward"),
        "unet_backwards": calls.total("backward"),
    }


def _made(cell: Cell, labels: dict[str, str]) -> Row:
    method = method_of(cell)
    return {
        "cell": cell.folder.name,
        "method": labels.get(method, method),
        "settings": settings_of(cell),
        "weights": weights_of(cell),
    }


def _scores(cell: Cell, key: str, metrics: list[str]) -> Row:
    values = cell.scores[key].values if key in cell.scores else {}
    found = {metric: values.get(metric, math.nan) for metric in metrics}
    return {metric: value if math.isfinite(value) else None for metric, value in found.items()}
