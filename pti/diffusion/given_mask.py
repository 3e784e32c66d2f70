"""The mask that comes with a picture, from the user or the data set."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Bool
from torch import Tensor
from torch.nn.functional import adaptive_max_pool2d

from pti.diffusion.blending import MaskAfter, always
from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError
from pti.types import Batch, Inversion, Mask


@dataclass(frozen=True)
class GivenMask:
    """Blends with ``batch.masks`` after every step; it has no threshold and needs no phrases."""

    # The masks are a column of the batch, which is all in the key of a remembered edit.
    reads_path_alone: ClassVar[bool] = True

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Generator[MaskAfter]:
        """Make no UNet call; raises what ``check`` raises."""
        del model, schedule
        height, width = inversion.path.shape[-2:]
        yield always(reduced(_given(batch), (height, width)))

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where a picture of the batch has no mask, or an empty one."""
        del model
        _given(batch)


def reduced(masks: Mask, size: tuple[int, int]) -> Bool[Tensor, "b 1 height width"]:
    """The masks at the ``size`` of latents: True where any pixel of a latent's cell is True.

    By the majority of its pixels, a mask thinner than half a cell would vanish; so it grows by less
    than a cell instead, and what the user marked is free to change as a whole.
    """
    return adaptive_max_pool2d(masks.float(), size) > 0


def _given(batch: Batch) -> Mask:
    if batch.masks is None:
        raise InputError(
            "a mask is to be given and there is none: name its file in the column mask of the "
            "metadata, or in mask=... of experiments.edit, or choose another mask"
        )
    if not batch.masks.flatten(1).any(1).all():
        raise InputError(
            "the mask that was given selects nothing of the square that is edited: paint white "
            "what may change"
        )
    return batch.masks
