"""Edit by guided sampling of the target prompt, blended with the picture's own latents."""

from dataclasses import dataclass, field
from typing import Literal

from pti.diffusion.blending import Blend, Masker, NoMask, check
from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.sampling import sample
from pti.errors import one_of
from pti.types import Batch, Contexts, Edit, Inversion, Latent, constant

Background = Literal["trajectory", "retraced"]


@dataclass(frozen=True)
class SampleTarget:
    """Samples the target prompt from z*_K, with the inversion's null embeddings.

    After DDIM inversion alone this is DDIM-Edit (attention mask), DDIM-Global (no mask) or DiffEdit
    (mask by noise contrast), which differ only in the mask (paper, Section 4.2). Outside the mask
    ``background`` is kept: the latents of the DDIM trajectory, or those of retracing.
    """

    mask: Masker = field(default_factory=NoMask)
    omega: float = 7.5
    background: Background = "trajectory"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an unknown background."""
        one_of("background", self.background, Background)

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Edit:
        """Make 2K forward passes per image (K at omega 0 or 1), and those of the mask."""
        target = constant(model.embed(batch.targets), len(schedule))
        kept = inversion.path if self.background == "trajectory" else inversion.retraced
        with self.mask(model, schedule, inversion, batch) as mask_after:
            blend = Blend(mask_after, kept)
            latents = sample(
                model,
                schedule,
                inversion.path[:, -1],
                null=inversion.null,
                cond=self.condition(inversion, target),
                omega=self.omega,
                after=lambda index, z: blend(index, self.adjust(inversion, index, z)),
            )
        return Edit(latents[:, 0], blend.mask)

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where the mask does not support an item of the batch."""
        check(self.mask, model, batch)

    def condition(self, inversion: Inversion, target: Contexts) -> Contexts:
        """The conditional embedding of each step: here the target prompt's."""
        del inversion
        return target

    def adjust(self, inversion: Inversion, index: int, z: Latent) -> Latent:
        """Change a latent before it is blended; here it stays unchanged."""
        del inversion, index
        return z
