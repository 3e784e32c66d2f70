"""The pictures of a report and what was measured of each, as data for its page."""

import base64
import io
import math
from pathlib import Path
from typing import Any

from experiments.records import INPUTS, MASKS, TRUTHS, Cell
from experiments.sheet import read_picture
from experiments.summary import Summary, scores_of

BUDGET = 7 << 20
"""Bytes of pictures, as encoded for the page: the whole must stay below 10 MB."""

LARGEST = 320
"""Pixels; larger pictures are shown smaller."""


def gallery(summary: Summary) -> dict[str, Any]:
    """Items that some method finished, as many as fit: pictures, prompts, and scores by method."""
    cells = dict(summary.named())
    finished = sorted(set[str]().union(*(cell.done() for cell in cells.values())))
    scores = _scores(summary, cells)
    items: list[dict[str, Any]] = []
    size = 0
    for key in finished:
        item = _item(summary, cells, key)
        size += sum(map(len, [picture for _, picture in item["pictures"]]))
        if size > BUDGET:
            break
        items.append(item | {"scores": scores[key]})
    metrics = [
        {"id": metric.id, "higher": metric.higher_is_better} for metric in summary.suite.metrics
    ]
    return {
        "items": items,
        "of": len(finished),
        "methods": list(cells),
        "first": _first(cells),
        "metrics": metrics,
    }


def _first(cells: dict[str, Cell]) -> str:
    """What is compared with the input at first: the last method that used the UNet, no oracle."""
    names = [n for n, cell in cells.items() if any(r["calls"] for r in cell.records.values())]
    return [*cells, *names][-1]


def _item(summary: Summary, cells: dict[str, Cell], key: str) -> dict[str, Any]:
    folder = summary.setting.folder
    record = next(c.records[key] for c in cells.values() if key in c.done())
    paths = {"input": folder / INPUTS / f"{key}.png"}
    for name, cell in cells.items():
        if key in cell.done():
            paths[name] = cell.folder / cell.records[key]["image"]
    paths["true edit"] = folder / TRUTHS / f"{key}.png"
    masks = [cell.folder / MASKS / f"{key}.png" for cell in cells.values()]
    mask = next((path for path in masks if path.is_file()), None)
    if mask is not None:
        paths["mask"] = mask
    return {
        "key": key,
        "caption": record["caption"],
        "target": record["target"],
        "class": record["target_class"] or "",
        "pictures": [(name, _encoded(path)) for name, path in paths.items() if path.is_file()],
    }


def _scores(summary: Summary, cells: dict[str, Cell]) -> dict[str, dict[str, dict[str, Any]]]:
    """By item, method and metric; null where it is undefined."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for name, cell in cells.items():
        for key in cell.done():
            found.setdefault(key, {})[name] = {}
        for metric in summary.suite.metrics:
            for key, value in scores_of(cell, metric.id).items():
                if key in found and name in found[str(key)]:
                    shown = round(float(value), 4) if math.isfinite(value) else None
                    found[str(key)][name][metric.id] = shown
    return found


def _encoded(path: Path) -> str:
    """A data address of the picture; smaller, and no longer exact, where it is large."""
    picture = read_picture(path)
    if max(picture.size) <= LARGEST:
        return _address("png", path.read_bytes())
    small, stream = picture.convert("RGB"), io.BytesIO()
    small.thumbnail((LARGEST, LARGEST))
    small.save(stream, "JPEG", quality=85)
    return _address("jpeg", stream.getvalue())


def _address(kind: str, data: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
