"""Masks of the region that an edit may change; outside it the picture's own latents are kept."""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d

from pti.diffusion.attention import Maps, TokenWeights, Watch, watched
from pti.diffusion.ddim import Schedule
from pti.diffusion.memory import Tensors
from pti.diffusion.model import LatentDiffusion
from pti.types import Batch, Inversion, Latent, Mask, Path

MaskAfter = Callable[[int], Mask | None]
"""The mask after step i of sampling; None where that step is not blended."""


def always(mask: Mask | None) -> MaskAfter:
    """The same mask after every step."""

    def mask_after(index: int) -> Mask | None:
        del index
        return mask

    return mask_after


@runtime_checkable
class Masker(Protocol):
    """Finds the region to edit, before or during sampling.

    A class that itself declares ``reads_path_alone = True`` takes of the inversion the trajectory
    alone, so that its edits can be remembered: see ``pti.diffusion.memory``.
    """

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> AbstractContextManager[MaskAfter]:
        """Return a context that stays open for the whole of sampling."""
        ...


@runtime_checkable
class Gathering(Protocol):
    """The mask after each step, of which the ``first`` are not blended but gathered from."""

    first: int
    about: Mapping[str, Tensor]
    """What it does to the UNet: see ``Piece.inputs``."""

    def __call__(self, index: int) -> Mask | None:
        """The mask after step ``index``; None before step ``first``."""
        ...

    def gathered(self) -> Tensors:
        """What the steps so far have given; the first axis of each tensor is the batch."""
        ...

    def resume(self, gathered: Tensors) -> None:
        """Go on from what an earlier run of the same steps has given."""
        ...


@runtime_checkable
class Selective(Protocol):
    """A masker or an editor that cannot edit every item, and reports this before any inversion."""

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where an item of the batch cannot be edited; make no UNet call."""
        ...


def check(part: object, model: LatentDiffusion, batch: Batch) -> None:
    """Call the check of the editor or masker ``part``, if it is ``Selective``."""
    if isinstance(part, Selective):
        part.check(model, batch)


@dataclass(frozen=True)
class NoMask:
    """The edit may change everything (DDIM-Global)."""

    reads_path_alone: ClassVar[bool] = True

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Generator[MaskAfter]:
        """Make no UNet call."""
        del model, schedule, inversion, batch
        yield always(None)


@dataclass(frozen=True)
class AttentionMask:
    """Masks the pixels that attend to the phrases, by Prompt-to-Prompt's blend (arXiv:2208.01626).

    The maps of all steps so far are averaged, summed over the phrases' tokens, max-pooled 3 by 3,
    enlarged to the latent, divided by their maximum, and cut at ``threshold`` (0 to 1). Blending
    begins after the share ``start`` of the steps. ``weight`` multiplies the phrases' attention.
    """

    reads_path_alone: ClassVar[bool] = True

    threshold: float = 0.3
    start: float = 0.2
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a start that is not a share of the steps."""
        if not 0 <= self.start <= 1:
            raise ValueError(f"start={self.start}: it is a share of the steps, from 0 to 1")

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Generator[MaskAfter]:
        """Make no UNet call beyond those of sampling; raises what ``check`` raises."""
        tokens = self._tokens(model, batch)
        weights = self._weights(tokens, inversion)
        about = {} if weights is None else {"weights": weights}
        height, width = inversion.path.shape[-2:]
        first = int(self.start * len(schedule))
        with watched(model, len(batch), weights) as watch:
            yield _Attended(first, about, watch, tokens, self.threshold, (height, width))

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where a target prompt does not contain its phrases, or has none."""
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


@dataclass
class _Attended:
    """The mask by the maps of all steps so far."""

    first: int
    about: Mapping[str, Tensor]
    watch: Watch
    tokens: list[list[int]]
    threshold: float
    size: tuple[int, int]

    def __call__(self, index: int) -> Mask | None:
        if index < self.first or (index == 0 and self._has_seen_nothing):
            return None
        return attention_mask(self.watch.maps(), self.tokens, self.threshold, self.size)

    @property
    def _has_seen_nothing(self) -> bool:
        """As after the first step, if its mover predicts nothing there."""
        return self.watch.seen == 0

    def gathered(self) -> Tensors:
        return {} if self.first == 1 and self._has_seen_nothing else self.watch.gathered()

    def resume(self, gathered: Tensors) -> None:
        if "maps" in gathered:
            self.watch.resume(gathered)


def attention_mask(
    maps: Maps, tokens: list[list[int]], threshold: float, size: tuple[int, int]
) -> Mask:
    """True where the attention to an image's ``tokens`` exceeds ``threshold`` times its maximum."""
    chosen = [maps[row][..., columns].sum(-1) for row, columns in enumerate(tokens)]
    pooled = max_pool2d(torch.stack(chosen)[:, None], 3, stride=1, padding=1)
    large = interpolate(pooled, size=size, mode="nearest")
    return large / large.amax(dim=(2, 3), keepdim=True) > threshold


@dataclass
class Blend:
    """Keeps ``background`` outside the mask after each step; ``mask`` is the mask of the last."""

    mask_after: MaskAfter
    background: Path
    mask: Mask | None = None

    def __call__(self, index: int, z: Latent) -> Latent:
        """Take the background's latent at the timestep that step ``index`` leads to."""
        self.mask = self.mask_after(index)
        if self.mask is None:
            return z
        return torch.where(self.mask.to(z.device), z, self.background[:, -2 - index])
