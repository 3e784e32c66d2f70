"""The pictures that a metric compares, as a cell's files have them."""

from collections.abc import Hashable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from PIL import Image

from data.tensors import to_tensor
from eval.metric import Pictures
from eval.regions import changed
from experiments.store.cell import Cell
from pti.types import Image as Images

T = TypeVar("T")


def pictures_of(cell: Cell, key: str) -> Pictures:
    """All that an item's result may be compared with."""
    record, source = cell.records[key], read_image(cell.input(key))
    truth = read_image(cell.truth(key)) if cell.truth(key).exists() else None
    if cell.region(key).exists():
        region = read_image(cell.region(key))[:, :1] > 0.5
    else:
        region = None if truth is None else changed(truth, source)
    return Pictures(
        read_image(cell.image(key)),
        source,
        truth,
        region,
        None if record.target_class is None else (record.target_class,),
        prompt=(record.target,),
        from_jpeg=record.from_jpeg,
    )


def knows(cell: Cell, key: str) -> Hashable:
    """What is known of an item's pictures; equal for those that may be one batch."""
    record, files = cell.records[key], (cell.truth(key), cell.region(key))
    return record.target_class is None, record.from_jpeg, *(path.exists() for path in files)


def parts_for(device: torch.device, whole: Sequence[T]) -> list[Sequence[T]]:
    """The parts in which networks see pictures: all at once on a GPU, one by one on a CPU.

    A CPU gains nothing by more than one, and a value's last bits would depend on its batch.
    """
    return [whole] if device.type == "cuda" else [[one] for one in whole]


def read_image(path: Path) -> Images:
    """Read a PNG as a batch of one."""
    with Image.open(path) as picture:
        return to_tensor(np.asarray(picture.convert("RGB")))[None]


def digest_of(path: Path) -> str:
    """The sha256 of a file."""
    return sha256(path.read_bytes()).hexdigest()
