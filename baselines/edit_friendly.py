"""Edit-friendly DDPM inversion (Huberman-Spiegelglas et al., 2023, arXiv:2304.06140)."""

from dataclasses import dataclass

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.noise import noise
from pti.diffusion.residual import NoisedPath
from pti.types import Latent, Path


@dataclass(frozen=True)
class EditFriendly(NoisedPath):
    """Noises the picture at each level by itself (their Algorithm 1, residual = z times sigma).

    The residual of the last step is kept as well, so that the reconstruction is exact; the authors'
    code takes 0 there. A ratio leaves out what ``skip`` does in their code.
    """

    def noised(self, schedule: Schedule, z: Latent, seeds: tuple[int, ...]) -> Path:
        """The noises of different levels are independent of one another."""
        noised = [step.diffuse(z, noise(seeds, __name__, step.t, z)) for step in reversed(schedule)]
        return torch.stack([z, *noised], dim=1)
