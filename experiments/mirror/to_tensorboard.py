"""A cell as a tensorboard run."""

import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from experiments.mirror.content import Mirrored


def show(shown: Mirrored, mirror: Path) -> None:
    """Write the run, replacing an earlier one; step i of ``items/...`` is the i-th item."""
    folder = mirror / shown.group / shown.name
    shutil.rmtree(folder, ignore_errors=True)
    with SummaryWriter(str(folder)) as writer:
        writer.add_text("config", f"```\n{shown.config}\n```")
        for name, value in shown.means.items():
            writer.add_scalar(name, value)
        for column, name in enumerate(shown.header):
            for step, row in enumerate(shown.rows):
                if isinstance(row[column], float):
                    writer.add_scalar(f"items/{name}", row[column], step)
        for key, paths in shown.pictures.items():
            side_by_side = np.concatenate([_pixels(path) for path in paths], axis=1)
            writer.add_image(f"pictures/{key}", side_by_side, dataformats="HWC")


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
