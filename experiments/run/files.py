"""The files of a cell: pictures opened for its items, results and records saved.

All of it is done beside the computing, in a thread that reads no model: tokenizers and networks are
not made for two threads.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from omegaconf import DictConfig
from PIL import Image

from data.images import Pixels
from data.opener import PictureFile
from data.task import Opener, Task
from data.tensors import to_pixels
from experiments.run.compute import Computation, Computed, Opened
from experiments.run.opened import squared
from experiments.store.atomic import WriteError, write_aside
from experiments.store.cell import acknowledge, asked_of, seed_of, sources_of
from experiments.store.formats import IMAGES, INPUTS, MASKS, REGIONS, TRUTHS, Record
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError

log = logging.getLogger(__name__)


class CellFiles:
    """Opens the pictures of a cell's items, and saves their results.

    ``model`` gives the side of pictures, and says in ``announce`` which prompts are too long.
    """

    def __init__(
        self, cfg: DictConfig, folder: Path, computation: Computation, model: LatentDiffusion
    ) -> None:
        self.cfg, self.folder, self.computation = cfg, folder, computation
        self._model, self._side = model, model.side
        self._cuts: dict[str, str] = {}
        self._sources: dict[str, dict[str, str]] = {}

    def announce(self, tasks: Iterable[Task]) -> None:
        """Read the prompts of items that will be opened; the thread of the model must call it."""
        for prompt in {prompt for task in tasks for prompt in self._prompts(task)}:
            if prompt not in self._cuts:
                self._cuts[prompt] = self._cut(prompt)

    def open(self, tasks: Iterable[Task]) -> list[Opened]:
        """The items whose pictures could be opened; of each of the others, the failure is recorded.

        Raises ``WriteError`` where a picture can't be saved.
        """
        return list(self._opened(tasks))

    def _opened(self, tasks: Iterable[Task]) -> Iterator[Opened]:
        for task in tasks:
            try:
                self._check(task)
                pixels = squared(task.open, self._side)
                self._keep(INPUTS, task.key, pixels)
                if self.computation.edits:
                    self._keep_edit(TRUTHS, task.key, task.counterfactual)
                    self._keep_edit(REGIONS, task.key, task.region)
                self._sources[task.key] = sources_of(task, self.computation.sources)
            except WriteError:  # the item is not at fault
                raise
            except Exception as error:  # noqa: BLE001 (kept as the item's record)
                self.fail(task, error)
            else:
                yield task, pixels

    def _check(self, task: Task) -> None:
        if not task.caption:
            raise InputError(f"{task.key} has no caption: add its text to the metadata")
        if self.computation.edits and not task.target:
            raise InputError(f"{task.key} has no target to edit to: add it, or goal=reconstruct")

    def _keep_edit(self, kind: str, key: str, opener: Opener | None) -> None:
        if opener:
            self._keep(kind, key, squared(opener, self._side))

    def _keep(self, kind: str, key: str, pixels: Pixels) -> None:
        """Save a picture that cells share; raises ``InputError`` if a different one is there."""
        path = self.folder.parent.parent / kind / f"{key}.png"
        if path.exists():
            with Image.open(path) as kept:
                if not np.array_equal(np.asarray(kept), pixels):
                    raise InputError(
                        f"{path} was made of another picture of that name: choose another folder "
                        "with results=..."
                    )
        else:
            save_png(path, pixels)

    def save(self, tasks: list[Task], computed: Computed) -> None:
        """Save the results of a batch, and then a record of each; raises ``WriteError``."""
        finished = [self._finish(task, row, computed) for row, task in enumerate(tasks)]
        # In one write: after a kill between two records, the rest would be computed in a
        # smaller batch, which in fp32 can change its last bits.
        acknowledge(self.folder, finished)

    def _finish(self, task: Task, row: int, computed: Computed) -> Record:
        image = computed.images[row]
        if not image.isfinite().all():
            way = "smaller omegas, or a smaller lr"
            way = way if self.cfg.precision == "fp32" else "precision=fp32"
            return self._failure(task, InputError(f"the result is not finite: try {way}"))
        name = f"{IMAGES}/{task.key}.png"
        save_png(self.folder / name, to_pixels(image))
        return self._record(
            task,
            status="done",
            image=name,
            sources=self._sources[task.key],
            from_jpeg=isinstance(task.imported, PictureFile) and task.imported.is_jpeg(),
            mask=None if computed.mask is None else self._keep_mask(task, computed.mask[row, 0]),
            calls=computed.cost.as_json(),
            spent=computed.spent.as_json(),
            seconds=computed.seconds,
        )

    def _keep_mask(self, task: Task, mask: Bool[torch.Tensor, "h w"]) -> float:
        """Save the mask, white where the edit was free; return the white share, 0 to 1."""
        pixels = (mask.cpu().numpy() * 255).astype(np.uint8)
        side = (self._side, self._side)
        picture = Image.fromarray(pixels).resize(side, Image.Resampling.NEAREST)
        save_png(self.folder / MASKS / f"{task.key}.png", np.asarray(picture))
        return float(mask.float().mean())

    def fail(self, task: Task, error: Exception) -> None:
        """Record why an item has no result."""
        acknowledge(self.folder, [self._failure(task, error)])

    def _failure(self, task: Task, error: Exception) -> Record:
        reason = str(error) if isinstance(error, InputError) else repr(error)
        log.warning("%s failed: %s", task.key, reason)
        return self._record(task, status="failed", error=reason)

    def _record(self, task: Task, **outcome: Any) -> Record:
        asked = asked_of(task, edits=self.computation.edits)
        cuts = map(self._cuts.__getitem__, self._prompts(task))
        notes = [*cuts, _extent(outcome.get("mask"))]
        for note in filter(None, notes):
            log.warning("%s: %s", task.key, note)
        # Nothing to warn of, but the result is not the method's alone.
        given = "the mask was given" if self.computation.takes_masks and "mask" in outcome else ""
        imported = "made by other code" if task.imported and "image" in outcome else ""
        return Record(
            task.key,
            **asked,
            seed=seed_of(self.cfg.seed, task.key),
            notes=list(filter(None, [*notes, given, imported])),
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            **outcome,
        )

    def _prompts(self, task: Task) -> dict[str, None]:
        asked = asked_of(task, edits=self.computation.edits)
        return dict.fromkeys((asked["caption"], asked["target"]))

    def _cut(self, prompt: str) -> str:
        end = self._model.cut_by_tokenizer(prompt)
        return end and f"{prompt!r} is longer than the text encoder takes: {end!r} was cut off"


def _extent(mask: float | None) -> str:
    """A note where a mask has no part in the result; empty otherwise."""
    if mask == 0:
        return "the mask selects nothing: the picture was kept whole"
    return "the mask selects everything: nothing was kept" if mask == 1 else ""


def save_png(path: Path, pixels: Pixels) -> None:
    """Write a PNG atomically, as ``write_aside`` does."""
    write_aside(path, partial(Image.fromarray(pixels).save, format="PNG"))
