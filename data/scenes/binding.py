"""How well the attention mask of the methods finds what an edit should change.

The edits are those of DDIM-Edit on the dev split: what an editor blends with at each threshold is
compared with the true mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn.functional import interpolate

from data.progress import bar
from data.scenes.edits import SceneEdits
from data.scenes.kinds import KINDS
from data.tensors import to_tensor
from pti.diffusion.blending import AttentionMask
from pti.diffusion.editing import SampleTarget
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Trace
from pti.types import Batch, Inversion, constant, no_losses

THRESHOLDS = (0.1, 0.3, 0.5, 0.7, 0.9)
OBJECT_KINDS = ("shape", "colour", "shape_and_colour", "pattern", "add")
"""Kinds whose words are those of an object, which the mask should find."""

Masks = Bool[Tensor, "n 64 64"]


@dataclass(frozen=True)
class Found:
    """A mask's intersection over union with the true one, and the share of the picture in it."""

    overlap: float
    share: float


def batch_of(items: SceneEdits) -> tuple[Batch, Masks]:
    """The items to edit, and their true masks."""
    tasks = list(items)
    batch = Batch(
        torch.stack([to_tensor(np.asarray(task.open())) for task in tasks]),
        captions=tuple(str(task.caption) for task in tasks),
        targets=tuple(str(task.target) for task in tasks),
        seeds=tuple(range(len(tasks))),
        phrases=tuple(task.words for task in tasks),
    )
    return batch, torch.stack([torch.from_numpy(items.mask(i)) for i in range(len(tasks))])


def attention_masks(
    model: LatentDiffusion, batch: Batch, thresholds: Sequence[float], steps: int = 50
) -> list[Masks]:
    """The mask that DDIM-Edit ends with at each threshold, enlarged to the pictures."""
    trace = Trace(steps=steps, ratio=0.8)
    path, schedule = trace(model, batch), trace.schedule(model)
    null, cond = (
        constant(model.embed(prompts), len(schedule))
        for prompts in ([""] * len(batch), batch.captions)
    )
    inversion = Inversion(path, cond, null, path, no_losses(path[:, 0], len(schedule)))
    masks: list[Masks] = []
    for threshold in thresholds:
        mask = SampleTarget(AttentionMask(threshold))(model, schedule, inversion, batch).mask
        assert mask is not None
        masks.append(interpolate(mask.float(), size=batch.images.shape[-2:])[:, 0].cpu() > 0.5)
    return masks


def overlap(masks: Masks, truths: Masks) -> list[float]:
    """Intersection over union, picture by picture."""
    both, either = (masks & truths).flatten(1).sum(1), (masks | truths).flatten(1).sum(1)
    return (both / either).tolist()


def binding(model: LatentDiffusion, each: int) -> dict[str, list[Found]]:
    """By kind of edit, what each of ``THRESHOLDS`` finds: the mean over ``each`` items."""
    table: dict[str, list[Found]] = {}
    for kind in bar(list(KINDS), desc="edit", unit="kind"):
        batch, truths = batch_of(SceneEdits("dev", each, (kind,)))
        masks = attention_masks(model, batch, THRESHOLDS)
        table[kind] = [
            Found(sum(overlap(mask, truths)) / each, mask.float().mean().item()) for mask in masks
        ]
    return table


def of_objects(table: dict[str, list[Found]]) -> list[Found]:
    """The mean over ``OBJECT_KINDS``, by threshold."""
    columns = zip(*(table[kind] for kind in OBJECT_KINDS), strict=True)
    return [
        Found(
            sum(found.overlap for found in column) / len(column),
            sum(found.share for found in column) / len(column),
        )
        for column in columns
    ]
