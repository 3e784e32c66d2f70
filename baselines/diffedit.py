"""DiffEdit's mask (Couairon et al., 2022, arXiv:2210.11427): contrast of two noise predictions."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from pti.diffusion.blending import MaskAfter, always
from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import guided
from pti.diffusion.memory import Piece
from pti.diffusion.model import LatentDiffusion
from pti.errors import one_of
from pti.types import Batch, Inversion, Latent, Mask

Reference = Literal["caption", "null"]


@dataclass(frozen=True)
class NoiseContrast:
    """Masks where the noise predictions for the target and for the picture's caption differ.

    The picture is noised ``noises`` times, to the share ``strength`` of the schedule. The absolute
    difference of the predictions is averaged over noises and channels, clamped at ``clamp`` times
    its mean over the image, divided by that bound, and cut at ``threshold`` (0 to 1). ``omega`` is
    the guidance scale of both predictions. ``reference="null"`` replaces the caption by "".
    """

    reads_path_alone: ClassVar[bool] = True

    threshold: float = 0.5
    noises: int = 10
    strength: float = 0.5
    clamp: float = 3.0
    omega: float = 1.0
    reference: Reference = "caption"
    steps: int = 50

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an unknown reference, or for a field that is not positive."""
        one_of("reference", self.reference, Reference)
        if self.noises < 1 or self.clamp <= 0:
            raise ValueError(f"noises={self.noises} clamp={self.clamp}: both must be positive")

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Generator[MaskAfter]:
        """Make 2 ``noises`` forward passes per image, or 4 ``noises`` with guidance."""
        del schedule
        yield always(self.mask(model, inversion.path[:, 0], batch))

    @torch.no_grad()
    def mask(self, model: LatentDiffusion, z: Latent, batch: Batch) -> Mask:
        """True where the clamped difference exceeds the threshold, for each image by itself."""
        difference = self.difference(model, z, batch)
        cap = self.clamp * difference.mean(dim=(1, 2, 3), keepdim=True)
        return difference.clamp(max=cap) / cap > self.threshold

    def difference(
        self, model: LatentDiffusion, z: Latent, batch: Batch
    ) -> Float[Tensor, "b 1 h w"]:
        """|eps(target) - eps(reference)|, averaged over noises and channels."""
        part = replace(self, threshold=0.0, clamp=1.0)  # neither changes it
        prompts = {"targets": batch.targets, "captions": batch.captions}
        piece = Piece(
            "contrast of noise", __name__, {}, {"z": z, "seeds": batch.seeds, **prompts}, (part,)
        )
        found = model.recall(piece, lambda: {"eps": self._difference(model, z, batch)})
        return found["eps"]

    def _difference(
        self, model: LatentDiffusion, z: Latent, batch: Batch
    ) -> Float[Tensor, "b 1 h w"]:
        step = model.schedule(self.steps, self.strength)[0]
        null, target = model.embed([""] * len(batch)), model.embed(batch.targets)
        reference = model.embed(batch.captions) if self.reference == "caption" else null
        total = torch.zeros_like(z)
        with model.counting("mask"):
            for eps in self._noises(z, batch.seeds):
                noisy = step.diffuse(z, eps)
                outs = (
                    guided(model, noisy, step.t, null=null, cond=cond, omega=self.omega)
                    for cond in (target, reference)
                )
                towards, away = (step.noise(noisy, out) for out in outs)
                total += (towards - away).abs()
        return total.mean(dim=1, keepdim=True) / self.noises

    def _noises(self, z: Latent, seeds: tuple[int, ...]) -> Float[Tensor, "noises b c h w"]:
        """Noise from each image's own seed, so that the batch does not change it."""
        shape = (self.noises, *z.shape[1:])
        draws = [torch.randn(shape, generator=torch.Generator().manual_seed(s)) for s in seeds]
        return torch.stack(draws, dim=1).to(z)
