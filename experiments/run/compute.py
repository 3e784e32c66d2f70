"""Computing results from opened pictures: the part of a run that needs the model."""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from data.images import Pixels, square
from data.task import Task
from data.tensors import to_tensor
from experiments.jobs.schema import Goal
from experiments.run.cache import cached, memory_of
from experiments.run.opened import squared_mask
from experiments.run.oracles import Oracle
from experiments.store.alone import alone_on
from experiments.store.cell import seed_of
from experiments.store.entries import Store
from experiments.store.fields import takes_mask
from experiments.store.provenance import peak_memory
from experiments.store.sources import code_of_part, module_of
from pti.diffusion.blending import check
from pti.diffusion.calls import Calls
from pti.diffusion.model import LatentDiffusion
from pti.method import Method
from pti.types import Batch, Edit, Mask
from pti.types import Image as Images

Opened = tuple[Task, Pixels]


@dataclass(frozen=True)
class Computation:
    """Everything but the pictures that determines results, as picklable strings.

    A worker can rebuild model and method from them. ``sources`` names the pictures of a task that a
    result is made from or compared with.
    """

    load: str
    precision: str
    device: str
    method: str
    cache: str
    seed: int
    edits: bool
    sources: tuple[str, ...]

    @classmethod
    def of(cls, cfg: DictConfig) -> "Computation":
        """Read it from a cell's configuration; raises the errors of instantiating the method."""
        edits = cfg.goal == Goal.edit
        oracle = isinstance(instantiate(cfg.method), Oracle)
        return cls(
            load=OmegaConf.to_yaml(cfg.model.load, resolve=True),
            precision=cfg.precision,
            device=cfg.device,
            method=OmegaConf.to_yaml(cfg.method, resolve=True),
            cache=cfg.cache,
            seed=cfg.seed,
            edits=edits,
            sources=(
                "picture",
                *(["true edit", "region"] if edits else []),
                *(["mask"] if edits and takes_mask(cfg.method) else []),
                *(["retrieved picture", "imported picture"] if oracle else []),
            ),
        )

    @property
    def takes_masks(self) -> bool:
        """Whether edits blend with masks that come with the pictures."""
        return "mask" in self.sources

    def model(self) -> LatentDiffusion:
        """The model, loaded once per process."""
        return load_model(self.load, self.precision, self.device)

    def target(self, task: Task) -> str:
        """The prompt that a result should match: the target of an edit, otherwise the caption."""
        return (task.target if self.edits else task.caption) or ""

    def check(self, opened: Opened) -> None:
        """Raise ``InputError`` where the method can't edit the item, without inverting it."""
        method = make_method(self.method)
        if self.edits and isinstance(method, Method):
            check(method.edit, self.model(), self._batch([opened]))

    def __call__(self, opened: list[Opened]) -> "Computed":
        """Compute the results of one batch."""
        model, store = self.model(), self._store()
        with alone_on(model.device.type):
            start, before = perf_counter(), model.calls
            images, mask = self._pictures(model, store, opened)
            images = images.cpu()  # waits for the GPU: its work counts towards the time
            seconds = (perf_counter() - start) / len(opened)
        spent = (model.calls - before).shared_by(len(opened))
        cost = spent + store.saved.shared_by(len(opened))
        return Computed(images, mask, cost, spent, seconds, peak_memory(model.device))

    def _store(self) -> Store:
        loader: Any = OmegaConf.create(self.load)
        return Store(Path(self.cache), code_of_part(module_of(loader._target_)))

    def _pictures(
        self, model: LatentDiffusion, store: Store, opened: list[Opened]
    ) -> tuple[Images, Mask | None]:
        method = make_method(self.method)
        if isinstance(method, Oracle):
            pictures = [square(method(task), model.side) for task, _ in opened]
            return torch.stack([to_tensor(pixels) for pixels in pictures]), None
        invert, batch = cached(method.invert, store), self._batch(opened)
        if self.edits:
            inversion = replace(method, invert=invert).inverted(model, batch)
            with model.remembering(memory_of(method.edit, model, store)):
                edit = method.edit(model, invert.schedule(model), inversion, batch)
        else:
            edit = Edit(invert.reconstruction(model, batch))
        return model.decode(edit.z), None if edit.mask is None else edit.mask.cpu()

    def _batch(self, opened: list[Opened]) -> Batch:
        tasks = [task for task, _ in opened]
        return Batch(
            torch.stack([to_tensor(pixels) for _, pixels in opened]),
            captions=tuple(str(task.caption) for task in tasks),
            targets=tuple(self.target(task) for task in tasks),
            seeds=tuple(seed_of(self.seed, task.key) for task in tasks),
            phrases=tuple(task.edited_words() for task in tasks),
            old_phrases=tuple(task.replaced_words() for task in tasks),
            masks=self._masks(tasks),
        )

    def _masks(self, tasks: list[Task]) -> Mask | None:
        """The masks that the method blends with; None where it takes none, or an item has none."""
        if not self.takes_masks or any(task.mask is None for task in tasks):
            return None
        masks = [squared_mask(task, self.model().side) for task in tasks]
        return torch.stack([torch.tensor(mask)[None] for mask in masks])


@dataclass(frozen=True)
class Computed:
    """The results of a batch, their masks, and the cost of each result.

    ``cost`` counts UNet calls per result, ``spent`` those of them that did not come from the cache.
    ``seconds`` is the time per result; ``memory`` is the peak memory of the process so far, in
    MiB.
    """

    images: Images
    mask: Mask | None
    cost: Calls
    spent: Calls
    seconds: float
    memory: int


@lru_cache(maxsize=1)
def make_method(method: str) -> Method | Oracle:
    """Instantiate a cell's method; ``method`` is YAML, which is hashable."""
    return instantiate(OmegaConf.create(method))


@lru_cache(maxsize=1)
def load_model(load: str, precision: str, device: str) -> LatentDiffusion:
    """Load a model, once for all cells of a process; ``load`` is YAML, which is hashable."""
    return instantiate(OmegaConf.create(load), precision=precision, device=device)
