"""SDEdit (Meng et al., 2021, arXiv:2108.01073): noise the picture, and sample it clean again."""

from dataclasses import dataclass, field

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.noise import noise
from pti.diffusion.sampling import sample_back
from pti.diffusion.trace import Levels
from pti.types import Batch, Inversion, no_losses


@dataclass(frozen=True)
class SdEdit:
    """Inverts nothing: the latent of each level is the picture's with the same noise.

    Sampling is DDIM's; the authors' adds noise. The ratio of the levels is the strength. ``omega``
    guides the reconstruction.
    """

    trace: Levels = field(default_factory=lambda: Levels(ratio=0.8))
    omega: float = 1.0

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """DDIM's steps."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make no UNet call."""
        schedule, z = self.schedule(model), model.encode(batch.images)
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        drawn = noise(batch.seeds, __name__, 0, z)
        path = torch.stack([z, *(step.diffuse(z, drawn) for step in reversed(schedule))], dim=1)
        losses = no_losses(z, len(schedule))
        return Inversion(path, guidance.cond, guidance.null, path, losses)

    def sampled_back(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Sample the caption: K forward passes per image at omega 0 or 1, otherwise 2K."""
        return sample_back(model, self.schedule(model), self(model, batch), self.omega)
