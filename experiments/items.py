"""From tasks to pictures and records, a batch at a time."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from omegaconf import DictConfig
from PIL import Image
from tqdm import tqdm

from data.images import Pixels, square, to_pixels, to_tensor
from data.task import Task
from experiments.cache import Store
from experiments.files import write_aside
from experiments.oracles import Oracle
from experiments.records import IMAGES, INPUTS, MASKS, TRUTHS, Record, seed_of
from experiments.schema import Goal
from pti.diffusion.model import Calls, LatentDiffusion
from pti.errors import InputError
from pti.method import Method
from pti.types import Batch, Edit, Mask
from pti.types import Image as Images

log = logging.getLogger(__name__)

Opened = tuple[Task, Pixels]


@dataclass(frozen=True)
class Items:
    """Runs one method over the tasks of one cell."""

    cfg: DictConfig
    folder: Path
    model: LatentDiffusion
    method: Method | Oracle
    store: Store

    def run(self, tasks: list[Task]) -> None:
        """Leave an image and a record of each task, or a record of why there is none."""
        with tqdm(total=len(tasks), desc=self.folder.name, unit="picture") as bar:
            for start in range(0, len(tasks), self.cfg.batch_size):
                chunk = tasks[start : start + self.cfg.batch_size]
                opened = list(self._open(chunk))
                if opened:
                    self._attempt(opened)
                bar.update(len(chunk))

    def _open(self, tasks: list[Task]) -> Iterator[Opened]:
        for task in tasks:
            try:
                self._check(task)
                pixels = square(task.open(), self.model.side)
                self._keep(INPUTS, task.key, pixels)
                if self.edits and task.counterfactual:
                    self._keep(TRUTHS, task.key, square(task.counterfactual(), self.model.side))
            except Exception as error:  # noqa: BLE001 (kept as the item's record)
                self._fail(task, error)
            else:
                yield task, pixels

    @property
    def edits(self) -> bool:
        """Whether pictures are edited, rather than given back."""
        return self.cfg.goal == Goal.edit

    def _check(self, task: Task) -> None:
        if not task.caption:
            raise InputError(f"{task.key} has no caption: add its text to the metadata")
        if self.edits and not task.target:
            raise InputError(f"{task.key} has no target to edit to: add it, or goal=reconstruct")

    def _keep(self, kind: str, key: str, pixels: Pixels) -> None:
        """Keep what all cells share; raises ``InputError`` where another picture was kept."""
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

    def _attempt(self, opened: list[Opened]) -> None:
        """The whole batch; where that raises, each item alone, so that one cannot fail the rest."""
        try:
            computed = self._compute(opened)
        except Exception as error:  # noqa: BLE001 (kept as the item's record)
            if len(opened) > 1:
                log.warning("a batch of %d failed (%s); one by one now", len(opened), error)
                for item in opened:
                    self._attempt([item])
            else:
                self._fail(opened[0][0], error)
        else:
            for row, (task, _) in enumerate(opened):
                self._finish(task, row, computed)

    def _compute(self, opened: list[Opened]) -> "Computed":
        start, before, saved = perf_counter(), self.model.calls, self.store.saved
        images, mask = self._pictures(opened)
        spent = (self.model.calls - before).shared_by(len(opened))
        cost = spent + (self.store.saved - saved).shared_by(len(opened))
        return Computed(images, mask, cost, spent, (perf_counter() - start) / len(opened))

    def _pictures(self, opened: list[Opened]) -> tuple[Images, Mask | None]:
        if isinstance(self.method, Oracle):
            pictures = [square(self.method(task), self.model.side) for task, _ in opened]
            return torch.stack([to_tensor(pixels) for pixels in pictures]), None
        batch = self._batch(opened)
        inversion = self.method.invert(self.model, batch)
        edit = Edit(inversion.reconstruction)
        if self.edits:
            schedule = self.method.invert.schedule(self.model)
            edit = self.method.edit(self.model, schedule, inversion, batch)
        return self.model.decode(edit.z), edit.mask

    def _batch(self, opened: list[Opened]) -> Batch:
        tasks = [task for task, _ in opened]
        return Batch(
            torch.stack([to_tensor(pixels) for _, pixels in opened]),
            captions=tuple(str(task.caption) for task in tasks),
            targets=tuple(self._target(task) for task in tasks),
            seeds=tuple(seed_of(self.cfg.seed, task.key) for task in tasks),
            words=tuple(task.edited_words() for task in tasks),
        )

    def _target(self, task: Task) -> str:
        return str(task.target if self.edits else task.caption)

    def _finish(self, task: Task, row: int, computed: "Computed") -> None:
        image = computed.images[row]
        if not image.isfinite().all():
            self._fail(task, InputError("the result is not finite: try precision=fp32"))
            return
        name = f"{IMAGES}/{task.key}.png"
        save_png(self.folder / name, to_pixels(image))
        self._record(
            task,
            status="done",
            image=name,
            mask=None if computed.mask is None else self._keep_mask(task, computed.mask[row, 0]),
            calls=computed.cost.as_json(),
            spent=computed.spent.as_json(),
            seconds=computed.seconds,
        )

    def _keep_mask(self, task: Task, mask: Bool[torch.Tensor, "h w"]) -> float:
        """Save the mask, white where the edit was free; the share of it."""
        pixels = (mask.cpu().numpy() * 255).astype(np.uint8)
        side = (self.model.side, self.model.side)
        picture = Image.fromarray(pixels).resize(side, Image.Resampling.NEAREST)
        save_png(self.folder / MASKS / f"{task.key}.png", np.asarray(picture))
        return float(mask.float().mean())

    def _fail(self, task: Task, error: Exception) -> None:
        reason = str(error) if isinstance(error, InputError) else repr(error)
        log.warning("%s failed: %s", task.key, reason)
        self._record(task, status="failed", error=reason)

    def _record(self, task: Task, **outcome: Any) -> None:
        caption, target = task.caption or "", self._target(task)
        notes = [*map(self._cut, dict.fromkeys((caption, target))), _extent(outcome.get("mask"))]
        for note in filter(None, notes):
            log.warning("%s: %s", task.key, note)
        record = Record(
            task.key,
            caption=caption,
            target=target,
            target_class=task.target_class,
            seed=seed_of(self.cfg.seed, task.key),
            notes=tuple(filter(None, notes)),
            **outcome,
        )
        record.append(self.folder)

    def _cut(self, prompt: str) -> str:
        end = self.model.cut_by_tokenizer(prompt)
        return end and f"{prompt!r} is longer than the text encoder takes: {end!r} was cut off"


@dataclass(frozen=True)
class Computed:
    """The pictures of a batch and where they were edited, and what each of them cost.

    ``cost`` counts UNet calls, ``spent`` those that did not come from the cache.
    """

    images: Images
    mask: Mask | None
    cost: Calls
    spent: Calls
    seconds: float


def _extent(mask: float | None) -> str:
    """A note where a mask has no part in the result; empty otherwise."""
    if mask == 0:
        return "the mask selects nothing: the picture was kept whole"
    return "the mask selects everything: nothing was kept" if mask == 1 else ""


def save_png(path: Path, pixels: Pixels) -> None:
    """Write a whole PNG or none."""
    write_aside(path, partial(Image.fromarray(pixels).save, format="PNG"))
