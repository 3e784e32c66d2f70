"""CycleDiffusion's DPM-Encoder (Wu & De la Torre, 2022, arXiv:2210.05559)."""

from dataclasses import dataclass

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.noise import noise
from pti.diffusion.residual import NoisedPath
from pti.types import Latent, Path


@dataclass(frozen=True)
class CycleDiffusion(NoisedPath):
    """Noises the picture fully, and comes back by draws from the posterior of each step.

    Neighbouring latents are those of one chain q(z_{t-1} | z_t, z_0), as in sampling (their
    Algorithm 1); edit-friendly inversion draws each level anew. ``eta`` above 0: DDIM's chain has
    no noise.
    """

    def __post_init__(self) -> None:
        """Raise ``ValueError`` also for an eta of 0."""
        if self.eta == 0:
            raise ValueError(
                "eta=0: a chain without noise has no residuals to keep; choose up to 1"
            )
        super().__post_init__()

    def noised(self, schedule: Schedule, z: Latent, seeds: tuple[int, ...]) -> Path:
        """The chain, which ends in the picture's own latent."""
        first = schedule[0]
        path = [first.diffuse(z, noise(seeds, f"{__name__}/first", first.t, z))]
        for step in schedule.moves[:-1]:
            drawn = noise(seeds, __name__, step.t, z)
            path.append(step.land(z, step.noise_beyond(path[-1], z), drawn))
        return torch.stack([*path, z][::-1], dim=1)
