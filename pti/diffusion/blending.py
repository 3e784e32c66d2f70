"""Masks of what an edit may change; outside them the picture's own latents are kept."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch.nn.functional import interpolate, max_pool2d

from pti.diffusion.attention import Maps, TokenWeights, watched
from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.types import Batch, Inversion, Latent, Mask, Path

MaskAfter = Callable[[int], Mask | None]
"""The mask after step i of sampling; None where nothing is kept."""


def always(mask: Mask | None) -> MaskAfter:
    """The same mask after every step."""

    def mask_after(index: int) -> Mask | None:
        del index
        return mask

    return mask_after


@runtime_checkable
class Masker(Protocol):
    """Finds where to edit, before sampling or while it goes on."""

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> AbstractContextManager[MaskAfter]:
        """Lasts as long as the sampling that it belongs to."""
        ...


@runtime_checkable
class Selective(Protocol):
    """A masker, or an editor, that can't serve every item: it says so before any is inverted."""

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where an item of the batch can't be edited; no UNet call."""
        ...


def check(part: object, model: LatentDiffusion, batch: Batch) -> None:
    """Raise what an editor or a masker has against the batch, if it is ``Selective``."""
    if isinstance(part, Selective):
        part.check(model, batch)


@dataclass(frozen=True)
class NoMask:
    """The edit may change everything (DDIM-Global)."""

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Generator[MaskAfter]:
        """No UNet call."""
        del model, schedule, inversion, batch
        yield always(None)


@dataclass(frozen=True)
class AttentionMask:
    """Where the target's words are attended to: Prompt-to-Prompt's local blend (arXiv:2208.01626).

    The maps of all steps so far are averaged, those of the words' tokens summed, max-pooled 3 by 3,
    divided by their maximum, and cut at ``threshold``. Blending begins after the share ``start`` of
    the steps. ``weight`` multiplies the attention that the words get.
    """

    threshold: float = 0.3
    start: float = 0.2
    weight: float = 1.0

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Generator[MaskAfter]:
        """No UNet call beyond sampling's own; raises what ``check`` does."""
        tokens = self._tokens(model, batch)
        size = inversion.path.shape[-2:]

        def mask_after(index: int) -> Mask | None:
            if index < int(self.start * len(schedule)):
                return None
            return attention_mask(watch.maps(), tokens, self.threshold, (size[0], size[1]))

        with watched(model, len(batch), self._weights(tokens, inversion)) as watch:
            yield mask_after

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where a target does not contain its words, or has none."""
        self._tokens(model, batch)

    def _tokens(self, model: LatentDiffusion, batch: Batch) -> list[list[int]]:
        pairs = zip(batch.targets, batch.phrases, strict=True)
        return [model.positions(target, words) for target, words in pairs]

    def _weights(self, tokens: list[list[int]], inversion: Inversion) -> TokenWeights | None:
        if self.weight == 1:
            return None
        weights = inversion.cond.new_ones(len(tokens), inversion.cond.shape[-2])
        for row, columns in enumerate(tokens):
            weights[row, columns] = self.weight
        return weights


def attention_mask(
    maps: Maps, tokens: list[list[int]], threshold: float, size: tuple[int, int]
) -> Mask:
    """Where the attention to each image's ``tokens`` exceeds ``threshold`` of its maximum."""
    chosen = [maps[row][..., columns].sum(-1) for row, columns in enumerate(tokens)]
    pooled = max_pool2d(torch.stack(chosen)[:, None], 3, stride=1, padding=1)
    large = interpolate(pooled, size=size, mode="nearest")
    return large / large.amax(dim=(2, 3), keepdim=True) > threshold


@dataclass
class Blend:
    """Keeps ``background`` outside the mask after each step; ``mask`` is the last one."""

    mask_after: MaskAfter
    background: Path
    mask: Mask | None = None

    def __call__(self, index: int, z: Latent) -> Latent:
        """The background's latent is that of the level that step ``index`` leads to."""
        self.mask = self.mask_after(index)
        if self.mask is None:
            return z
        return torch.where(self.mask.to(z.device), z, self.background[:, -2 - index])
