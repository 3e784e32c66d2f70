"""Scores a cell from its files alone: the pictures it made against the inputs they were made of."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image

from data.images import to_tensor
from eval.registry import METRICS
from experiments.files import append_line
from experiments.records import INPUTS, SCORES, Cell
from pti.types import Image as Images


def score(folder: Path) -> None:
    """Append a line for each finished item that has none, or whose picture has changed."""
    cell = Cell.read(folder)
    for key in sorted(cell.done()):
        image = folder / cell.records[key]["image"]
        digest = sha256(image.read_bytes()).hexdigest()
        if cell.scores.get(key, {}).get("image_sha256") == digest:
            continue
        output, source = read_image(image), read_image(folder.parent.parent / INPUTS / image.name)
        values = {spec: metric.measure(output, source).item() for spec, metric in METRICS.items()}
        append_line(folder / SCORES, {"key": key, "image_sha256": digest, **values})


def read_image(path: Path) -> Images:
    """One PNG as a batch of one."""
    with Image.open(path) as picture:
        return to_tensor(np.asarray(picture.convert("RGB")))[None]
