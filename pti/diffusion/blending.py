"""Masks of the region that an edit may change; outside it the picture's own latents are kept."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d

from pti.diffusion.attention import Chosen, Maps, Reweighted, Watch, side_of_maps, watched
from pti.diffusion.control import check_attention, open_attention
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
        chosen = self.chosen(model, batch, inversion.cond)
        about = {"chosen": chosen}
        height, width = inversion.path.shape[-2:]
        first = int(self.start * len(schedule))
        with open_attention(model) as attention, watched(model, chosen) as watch:
            control = None
            if self.weight != 1:
                about["weights"] = 1 + (self.weight - 1) * chosen[-len(batch) :, :, 0]
                control = Reweighted(about["weights"])
            with attention.controlled(control):
                yield _Attended(first, about, watch, self.joined, self.threshold, (height, width))

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where a target prompt does not contain its phrases, or has none.

        Also where the UNet has no attention that can be watched.
        """
        side_of_maps(check_attention(model), model.latent_shape[-1])
        tokens_of(model, batch.targets, batch.phrases)

    def chosen(self, model: LatentDiffusion, batch: Batch, like: Tensor) -> Chosen:
        """The tokens whose attention makes the mask: 1 for those of the phrases."""
        return chosen_of(tokens_of(model, batch.targets, batch.phrases), like)

    def joined(self, mask: Mask) -> Mask:
        """The mask of each image, from those of all rows that are watched."""
        return mask


@dataclass
class _Attended:
    """The mask by the maps of all steps so far."""

    first: int
    about: Mapping[str, Tensor]
    watch: Watch
    joined: Callable[[Mask], Mask]
    threshold: float
    size: tuple[int, int]

    def __call__(self, index: int) -> Mask | None:
        if index < self.first or (index == 0 and self._has_seen_nothing):
            return None
        return self.joined(attention_mask(self.watch.maps(), self.threshold, self.size))

    @property
    def _has_seen_nothing(self) -> bool:
        """As after the first step, if its mover predicts nothing there."""
        return self.watch.seen == 0

    def gathered(self) -> Tensors:
        return {} if self.first == 1 and self._has_seen_nothing else self.watch.gathered()

    def resume(self, gathered: Tensors) -> None:
        if "maps" in gathered:
            self.watch.resume(gathered)


def tokens_of(
    model: LatentDiffusion, prompts: Sequence[str], phrases: Sequence[Sequence[str]]
) -> list[list[int]]:
    """The places of each prompt's phrases; raises what ``positions`` raises."""
    pairs = zip(prompts, phrases, strict=True)
    return [model.positions(prompt, words) for prompt, words in pairs]


def chosen_of(tokens: Sequence[Sequence[int]], like: Float[Tensor, "b k tokens width"]) -> Chosen:
    """One map of each row's tokens."""
    chosen = like.new_zeros(len(tokens), like.shape[-2], 1)
    for row, columns in enumerate(tokens):
        chosen[row, columns] = 1
    return chosen


def attention_mask(maps: Maps, threshold: float, size: tuple[int, int]) -> Mask:
    """True where the attention to the words exceeds ``threshold`` times its maximum."""
    pooled = max_pool2d(maps.movedim(-1, 1), 3, stride=1, padding=1)
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
