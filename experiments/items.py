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
        with tqdm(total=len(tasks), desc=self.cfg.cell, unit="picture") as bar:
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
                if self.cfg.goal == "edit" and task.target is None:
                    raise InputError(f"{task.key} has no target prompt: add it to the metadata")
                pixels = square(task.open(), self.model.side)
                self._keep_input(task.key, pixels)
            except InputError as error:
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
            self._compute(opened)
        except Exception as error:  # noqa: BLE001 (kept as the item's record)
            if len(opened) > 1:
                log.warning("a batch of %d failed (%s); one by one now", len(opened), error)
                for item in opened:
                    self._attempt([item])
            else:
                self._fail(opened[0][0], error)

    def _compute(self, opened: list[Opened]) -> None:
        start, before, saved = perf_counter(), self.model.calls, self.store.saved
        batch = self._batch(opened)
        inversion = self.invert(self.model, batch)
        latents = self.method.edit(self.model, inversion, batch.targets)
        images = self.model.decode(latents)
        share = len(opened)
        spent = (self.model.calls - before).shared_by(share)
        cost = spent + (self.store.saved - saved).shared_by(share)
        seconds = (perf_counter() - start) / share
        for row, (task, _) in enumerate(opened):
            if latents[row].isfinite().all():
                self._finish(task, images[row], (cost, spent), seconds)
            else:
                self._fail(task, InputError("the result is not finite: try precision=fp32"))

    def _batch(self, opened: list[Opened]) -> Batch:
        tasks = [task for task, _ in opened]
        captions = tuple(str(task.caption) for task in tasks)
        targets = tuple(str(task.target) for task in tasks)
        return Batch(
            torch.stack([to_tensor(pixels) for _, pixels in opened]),
            captions,
            captions if self.cfg.goal == "reconstruct" else targets,
            tuple(seed_of(self.cfg.seed, task.key) for task in tasks),
        )

    def _finish(
        self, task: Task, image: torch.Tensor, calls: tuple[Calls, Calls], seconds: float
    ) -> None:
        name = f"images/{task.key}.png"
        save_png(self.folder / name, to_pixels(image))
        cost, spent = (vars(part) for part in calls)
        self._record(task, status="done", image=name, calls=cost, spent=spent, seconds=seconds)

    def _fail(self, task: Task, error: Exception) -> None:
        reason = str(error) if isinstance(error, InputError) else repr(error)
        log.warning("%s failed: %s", task.key, reason)
        self._record(task, status="failed", error=reason)

    def _record(self, task: Task, **outcome: Any) -> None:
        caption = task.caption or ""
        target = caption if self.cfg.goal == "reconstruct" else task.target or ""
        make = partial(Record, key=task.key, caption=caption, target=target)
        seed = seed_of(self.cfg.seed, task.key)
        make(seed=seed, notes=self._cut({caption, target}), **outcome).append(self.folder)

    def _cut(self, prompts: set[str]) -> tuple[str, ...]:
        cut = {prompt: self.model.cut_by_tokenizer(prompt) for prompt in sorted(prompts)}
        notes = tuple(
            f"{prompt!r} is longer than the text encoder takes: {end!r} was cut off"
            for prompt, end in cut.items()
            if end
        )
        for note in notes:
            log.warning(note)
        return notes


def save_png(path: Path, pixels: Pixels) -> None:
    """Write a whole PNG or none."""
    write_aside(path, partial(Image.fromarray(pixels).save, format="PNG"))
