"""A cell as other programs show it: wandb or tensorboard; the records stay the only store."""

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
            from experiments.mirror.to_wandb import show
        else:
            from experiments.mirror.to_tensorboard import show
    except ImportError as error:
        raise InputError(f"log={kind} needs the package {error.name}: install it") from error
    return show


def _digest(folder: Path) -> str:
    """Changes when the cell does."""
    paths = [folder / name for name in (CONFIG, RECORDS, SCORES, CLASSES)]
    return sha256(b"".join(path.read_bytes() for path in paths if path.exists())).hexdigest()
