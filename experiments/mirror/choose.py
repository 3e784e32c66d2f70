"""Choosing the mirror of a cell, wandb or tensorboard, and keeping it up to date."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from experiments.mirror.content import Mirrored
from experiments.store.atomic import write_json
from experiments.store.cell import Cell
from experiments.store.formats import CLASSES, CONFIG, RECORDS, SCORES
from pti.errors import InputError

KINDS = ("none", "wandb", "tensorboard")


def mirror_cell(folder: Path, kind: str, mirror: Path) -> bool:
    """Write the cell to the folder ``mirror``; return False where nothing had to be written.

    The cell's earlier run in the mirror is replaced. Raises ``InputError`` where ``kind`` is
    unknown, its package is not installed, or the package can't write.
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
    """The folder of the mirror of that kind."""
    return results / ".mirror" / kind


def check_kind(kind: str) -> None:
    """Raise ``InputError`` where ``kind`` is not one of ``KINDS``, or its package is missing."""
    if kind not in KINDS:
        raise InputError(f"log={kind} is not a mirror: there are {', '.join(KINDS)}")
    if kind != "none":
        _show(kind)


def _show(kind: str) -> Any:
    """The function that writes one run; its package is imported only now."""
    try:
        if kind == "wandb":
            from experiments.mirror.to_wandb import show
        else:
            from experiments.mirror.to_tensorboard import show
    except ImportError as error:
        raise InputError(
            f"log={kind} needs the package {error.name}: pip install -e '.[mirrors]' brings it"
        ) from error
    return show


def _digest(folder: Path) -> str:
    """The digest of the cell's files, without its pictures."""
    paths = [folder / name for name in (CONFIG, RECORDS, SCORES, CLASSES)]
    return sha256(b"".join(path.read_bytes() for path in paths if path.exists())).hexdigest()
