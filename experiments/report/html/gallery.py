"""The pictures of a report with their scores, as data for its page."""

import base64
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data.scenes.render import true_mask
from experiments.report.sheet import read_picture
from experiments.report.summary import Summary, scores_of, used_model
from experiments.store.cell import Cell

BUDGET = 7 << 20
"""Bytes of encoded pictures; the whole page must stay below 10 MB."""

TRUE = "true edit"

LARGEST = 320
"""Pixels of the longer side; larger pictures are reduced."""


def gallery(summary: Summary) -> dict[str, Any]:
    """As many items as fit of those that any method finished: pictures, prompts and scores.

    A mask has the name of the method that used it; the true mask has the name of the true edit.
    """
    cells = dict(summary.named())
    finished = sorted(set[str]().union(*(cell.done for cell in cells.values())))
    scores = _scores(summary, cells)
    items: list[dict[str, Any]] = []
    size = 0
    for key in finished:
        item = _item(cells, key)
        size += sum(len(address) for _, address in [*item["pictures"], *item["masks"]])
        if size > BUDGET:
            break
        items.append(item | {"scores": scores[key]})
    metrics = [
        {"id": metric.id, "higher": metric.higher_is_better, "decimals": metric.decimals}
        for metric in summary.measures.pictures
    ]
    return {
        "items": items,
        "of": len(finished),
        "methods": list(cells),
        "first": _first(cells),
        "truth": TRUE,
        "metrics": metrics,
    }


def _first(cells: dict[str, Cell]) -> str:
    """The cell that the page first compares with the input: the last one that used the model."""
    names = [name for name, cell in cells.items() if used_model(cell)]
    return [*cells, *names][-1]


def _item(cells: dict[str, Cell], key: str) -> dict[str, Any]:
    finished = {name: cell for name, cell in cells.items() if key in cell.done}
    first = next(iter(finished.values()))
    record, source, truth = first.records[key], first.input(key), first.truth(key)
    results = [(name, cell.image(key)) for name, cell in finished.items()]
    pictures = [("input", source), *results, (TRUE, truth)]
    masks = {name: cell.mask(key) for name, cell in finished.items()}
    masks = {name: read_picture(path) for name, path in masks.items() if path.is_file()}
    if truth.is_file():
        masks[TRUE] = _changed(truth, source)
    return {
        "key": key,
        "caption": record.caption,
        "target": record.target,
        "class": record.target_class or "",
        "pictures": [(name, _encoded(path)) for name, path in pictures if path.is_file()],
        "masks": [(name, _encoded_mask(mask)) for name, mask in masks.items()],
    }


def _changed(truth: Path, source: Path) -> Image.Image:
    """The true mask, white where the true edit changes the input, by the rule of the metrics."""
    before, after = (np.asarray(read_picture(path)) for path in (source, truth))
    return Image.fromarray(true_mask(before, after))


def _scores(summary: Summary, cells: dict[str, Cell]) -> dict[str, dict[str, dict[str, Any]]]:
    """Scores by item, method and metric; null where a score is undefined."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, cell in cells.items():
        for key in cell.done:
            found.setdefault(key, {})[name] = {}
        for metric in summary.measures.pictures:
            for key, value in scores_of(cell, metric.id).items():
                if key in found and name in found[str(key)]:
                    shown = round(float(value), 4) if math.isfinite(value) else None
                    found[str(key)][name][metric.id] = shown
    return found


def _encoded(path: Path) -> str:
    """A data address of the picture; large pictures are reduced and compressed with loss."""
    picture = read_picture(path)
    if max(picture.size) <= LARGEST:
        return _address("png", path.read_bytes())
    small, stream = picture.convert("RGB"), io.BytesIO()
    small.thumbnail((LARGEST, LARGEST))
    small.save(stream, "JPEG", quality=85)
    return _address("jpeg", stream.getvalue())


def _encoded_mask(mask: Image.Image) -> str:
    """A data address of the mask in full size; black and white, it takes few bytes."""
    stream = io.BytesIO()
    mask.convert("1", dither=Image.Dither.NONE).save(stream, "PNG")
    return _address("png", stream.getvalue())


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
