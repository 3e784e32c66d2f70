"""Running the items of a cell, a batch at a time, to images and records."""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from omegaconf import DictConfig
from PIL import Image

from data.images import Pixels
from data.opener import PictureFile
from data.progress import bar
from data.task import Opener, Task
from data.tensors import to_pixels
from experiments.run.compute import Computation, Computed, Opened
from experiments.run.opened import squared
from experiments.run.workers import DeadWorkerError, Result, submit
from experiments.store.atomic import Tail, WriteError, write_aside
from experiments.store.cell import acknowledge, asked_of, seed_of, sources_of
from experiments.store.formats import (
    IMAGES,
    INPUTS,
    MASKS,
    RECORDS,
    REGIONS,
    RESERVATIONS,
    TRUTHS,
    Record,
)
from experiments.store.locks import Reservations
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError

log = logging.getLogger(__name__)

Begun = tuple[list[Task], list[Opened], Result | None]
"""A batch that a worker computes: its items, those of them that could be opened, the result."""


@dataclass(frozen=True)
class Runner:
    """Runs one method over the items of one cell."""

    cfg: DictConfig
    folder: Path
    computation: Computation
    peaks: set[int] = field(default_factory=set)
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    """By key, the identities of an item's pictures when they were opened."""

    @cached_property
    def model(self) -> LatentDiffusion:
        """The model, which gives the side of pictures and the end of prompts that are too long."""
        return self.computation.model()

    def run(self, batches: Sequence[list[Task]]) -> None:
        """Write an image and a record of each item, or a record of why it failed.

        Batches that a different process works on come last; items that it finishes are left out.
        """
        waiting, growing = deque(batches), Tail(self.folder / RECORDS)
        begun: deque[Begun] = deque()
        before = _latest(growing)
        now, total = dict(before), sum(map(len, batches))
        with (
            Reservations(self.folder / RESERVATIONS) as reserved,
            bar(total=total, desc=self.folder.name, unit="picture") as shown,
        ):
            while waiting or begun:
                room = len(begun) < self._most_begun
                if room and (batch := _take(reserved, waiting)) is not None:
                    # A different process may have finished or failed some items since this began.
                    now |= _latest(growing)
                    tried = {key for key, record in now.items() if record != before.get(key)}
                    over = tried | {key for key, record in now.items() if self._is_made(record)}
                    begun.append((batch, *self._begin([t for t in batch if t.key not in over])))
                elif begun:
                    batch, opened, result = begun.popleft()
                    if result is not None:
                        self._attempt(opened, result)
                    reserved.free(_keys(batch))
                    shown.update(len(batch))
                else:
                    log.info("waiting for another run's pictures of %s", self.folder.name)
                    reserved.wait(_keys(waiting[0]))

    @property
    def _most_begun(self) -> int:
        """One batch more than workers, so that none waits until the pictures of one are saved."""
        return 1 if self.cfg.workers == 1 else self.cfg.workers + 1

    def _is_made(self, record: Record) -> bool:
        return record.done and (self.folder / str(record.image)).is_file()

    def _begin(self, chunk: list[Task]) -> tuple[list[Opened], Result | None]:
        opened = list(self._open(chunk))
        return opened, submit(self.computation, opened, self.cfg.workers) if opened else None

    def _open(self, tasks: list[Task]) -> Iterator[Opened]:
        for task in tasks:
            try:
                self._check(task)
                pixels = squared(task.open, self.model.side)
                self.computation.check((task, pixels))
                self._keep(INPUTS, task.key, pixels)
                if self.computation.edits:
                    self._keep_edit(TRUTHS, task.key, task.counterfactual)
                    self._keep_edit(REGIONS, task.key, task.region)
                self.sources[task.key] = sources_of(task, self.computation.sources)
            except WriteError:  # the item is not at fault
                raise
            except Exception as error:  # noqa: BLE001 (kept as the item's record)
                self._fail(task, error)
            else:
                yield task, pixels

    def _check(self, task: Task) -> None:
        if not task.caption:
            raise InputError(f"{task.key} has no caption: add its text to the metadata")
        if self.computation.edits and not task.target:
            raise InputError(f"{task.key} has no target to edit to: add it, or goal=reconstruct")

    def _keep_edit(self, kind: str, key: str, opener: Opener | None) -> None:
        if opener:
            self._keep(kind, key, squared(opener, self.model.side))

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

    def _attempt(self, opened: list[Opened], result: Result) -> None:
        """Record a batch; where it fails, compute each item alone, so that one can't fail all."""
        try:
            computed = result()
        except (DeadWorkerError, WriteError):  # the items are not at fault
            raise
        except Exception as error:  # noqa: BLE001 (kept as the item's record)
            if len(opened) > 1:
                log.warning("a batch of %d failed (%s); one by one now", len(opened), error)
                for item in opened:
                    self._attempt([item], submit(self.computation, [item], self.cfg.workers))
            else:
                self._fail(opened[0][0], error)
        else:
            self.peaks.add(computed.memory)
            finished = [self._finish(task, row, computed) for row, (task, _) in enumerate(opened)]
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
            sources=self.sources[task.key],
            from_jpeg=isinstance(task.imported, PictureFile) and task.imported.is_jpeg(),
            mask=None if computed.mask is None else self._keep_mask(task, computed.mask[row, 0]),
            calls=computed.cost.as_json(),
            spent=computed.spent.as_json(),
            seconds=computed.seconds,
        )

    def _keep_mask(self, task: Task, mask: Bool[torch.Tensor, "h w"]) -> float:
        """Save the mask, white where the edit was free; return the white share, 0 to 1."""
        pixels = (mask.cpu().numpy() * 255).astype(np.uint8)
        side = (self.model.side, self.model.side)
        picture = Image.fromarray(pixels).resize(side, Image.Resampling.NEAREST)
        save_png(self.folder / MASKS / f"{task.key}.png", np.asarray(picture))
        return float(mask.float().mean())

    def _fail(self, task: Task, error: Exception) -> None:
        acknowledge(self.folder, [self._failure(task, error)])

    def _failure(self, task: Task, error: Exception) -> Record:
        reason = str(error) if isinstance(error, InputError) else repr(error)
        log.warning("%s failed: %s", task.key, reason)
        return self._record(task, status="failed", error=reason)

    def _record(self, task: Task, **outcome: Any) -> Record:
        asked = asked_of(task, edits=self.computation.edits)
        prompts = dict.fromkeys((asked["caption"], asked["target"]))
        notes = [*map(self._cut, prompts), _extent(outcome.get("mask"))]
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

    def _cut(self, prompt: str) -> str:
        end = self.model.cut_by_tokenizer(prompt)
        return end and f"{prompt!r} is longer than the text encoder takes: {end!r} was cut off"


def _take(reserved: Reservations, waiting: deque[list[Task]]) -> list[Task] | None:
    """Reserve the first batch that no different process works on, and remove it."""
    batch = next((one for one in waiting if reserved.take(_keys(one))), None)
    if batch is not None:
        waiting.remove(batch)
    return batch


def _latest(growing: Tail) -> dict[str, Record]:
    """The last record of each key among the lines that were added since the last call."""
    return {line["key"]: Record.read(line, growing.path) for line in growing.new()}


def _keys(batch: list[Task]) -> list[str]:
    return [task.key for task in batch]


def _extent(mask: float | None) -> str:
    """A note where a mask has no part in the result; empty otherwise."""
    if mask == 0:
        return "the mask selects nothing: the picture was kept whole"
    return "the mask selects everything: nothing was kept" if mask == 1 else ""


def save_png(path: Path, pixels: Pixels) -> None:
    """Write a PNG atomically, as ``write_aside`` does."""
    write_aside(path, partial(Image.fromarray(pixels).save, format="PNG"))
