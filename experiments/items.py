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
from omegaconf import DictConfig
from PIL import Image
from tqdm import tqdm

from data.images import Pixels, square, to_pixels, to_tensor
from data.task import Task
from experiments.cache import Cached, Store
from experiments.files import write_aside
from experiments.records import INPUTS, Record, seed_of
from pti.diffusion.model import Calls, LatentDiffusion
from pti.errors import InputError
from pti.method import Method
from pti.types import Batch
from pti.types import Image as Images

log = logging.getLogger(__name__)

Opened = tuple[Task, Pixels]


@dataclass(frozen=True)
class Items:
    """Runs one method over the tasks of one cell."""

    cfg: DictConfig
    folder: Path
    model: LatentDiffusion
    method: Method
    invert: Cached
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
                if task.caption is None:
                    raise InputError(f"{task.key} has no caption: add its text to the metadata")
                pixels = square(task.open(), self.model.side)
                self._keep_input(task.key, pixels)
            except Exception as error:  # noqa: BLE001 (kept as the item's record)
                self._fail(task, error)
            else:
                yield task, pixels

    def _keep_input(self, key: str, pixels: Pixels) -> None:
        path = self.folder.parent.parent / INPUTS / f"{key}.png"
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
            for (task, _), image in zip(opened, computed.images, strict=True):
                self._finish(task, image, computed)

    def _compute(self, opened: list[Opened]) -> "Computed":
        start, before, saved = perf_counter(), self.model.calls, self.store.saved
        batch = self._batch(opened)
        inversion = self.invert(self.model, batch)
        images = self.model.decode(self.method.edit(self.model, inversion, batch.targets))
        spent = (self.model.calls - before).shared_by(len(opened))
        cost = spent + (self.store.saved - saved).shared_by(len(opened))
        return Computed(images, cost, spent, (perf_counter() - start) / len(opened))

    def _batch(self, opened: list[Opened]) -> Batch:
        captions = tuple(str(task.caption) for task, _ in opened)
        return Batch(
            torch.stack([to_tensor(pixels) for _, pixels in opened]),
            captions,
            targets=captions,
            seeds=tuple(seed_of(self.cfg.seed, task.key) for task, _ in opened),
        )

    def _finish(self, task: Task, image: torch.Tensor, computed: "Computed") -> None:
        if not image.isfinite().all():
            self._fail(task, InputError("the result is not finite: try precision=fp32"))
            return
        name = f"images/{task.key}.png"
        save_png(self.folder / name, to_pixels(image))
        self._record(
            task,
            status="done",
            image=name,
            calls=vars(computed.cost),
            spent=vars(computed.spent),
            seconds=computed.seconds,
        )

    def _fail(self, task: Task, error: Exception) -> None:
        reason = str(error) if isinstance(error, InputError) else repr(error)
        log.warning("%s failed: %s", task.key, reason)
        self._record(task, status="failed", error=reason)

    def _record(self, task: Task, **outcome: Any) -> None:
        caption = task.caption or ""
        seed, notes = seed_of(self.cfg.seed, task.key), self._cut(caption)
        record = Record(
            task.key, caption=caption, target=caption, seed=seed, notes=notes, **outcome
        )
        record.append(self.folder)

    def _cut(self, prompt: str) -> tuple[str, ...]:
        end = self.model.cut_by_tokenizer(prompt)
        if not end:
            return ()
        note = f"{prompt!r} is longer than the text encoder takes: {end!r} was cut off"
        log.warning(note)
        return (note,)


@dataclass(frozen=True)
class Computed:
    """The pictures of a batch, and what each of them cost: calls, calls not cached, seconds."""

    images: Images
    cost: Calls
    spent: Calls
    seconds: float


def save_png(path: Path, pixels: Pixels) -> None:
    """Write a whole PNG or none."""
    write_aside(path, partial(Image.fromarray(pixels).save, format="PNG"))
