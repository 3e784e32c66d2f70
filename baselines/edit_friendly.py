"""Edit-friendly DDPM inversion (Huberman-Spiegelglas et al., 2023, arXiv:2304.06140)."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.noise import noise
from pti.diffusion.residual import AddResidual, residuals_of
from pti.diffusion.trace import check_steps
from pti.types import Batch, Inversion, Latent, Path, no_losses


@dataclass(frozen=True)
class EditFriendly:
    """Noises the picture at each level by itself, and keeps the residual of each step.

    Sampling with any prompt adds the residuals (their Algorithm 1, where they are z times sigma).
    That of the last step is kept as well, so that the reconstruction is exact; the authors' code
    takes 0 there. ``omega`` is the guidance scale on the caption. ``eta``, from 0 (DDIM) to 1
    (DDPM), scales the noise of a step. ``ratio`` leaves out the noisiest steps, as ``skip`` does in
    their code.
    """

    exact: ClassVar[bool] = True

    steps: int = 50
    ratio: float = 1.0
    omega: float = 1.0
    eta: float = 1.0
    steps_offset: int | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an eta out of range, or where no step is left."""
        if not 0 <= self.eta <= 1:
            raise ValueError(f"eta={self.eta}: choose from 0 (DDIM) to 1 (DDPM)")
        check_steps(self.steps, self.ratio)

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The steps, with noise, which add the residuals."""
        steps = model.schedule(self.steps, self.ratio, self.steps_offset)
        return steps.stochastic(self.eta).moved_by(AddResidual())

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make K forward passes per image at omega 0 or 1, otherwise 2K."""
        schedule = self.schedule(model)
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        path = _noised(schedule, model.encode(batch.images), batch.seeds)
        residuals, retraced = residuals_of(model, schedule, path, guidance)
        losses, pair = no_losses(path[:, 0], len(schedule)), (guidance.cond, guidance.null)
        return Inversion(path, *pair, retraced, losses, residuals=residuals)


def _noised(schedule: Schedule, z: Latent, seeds: tuple[int, ...]) -> Path:
    """The picture's latent, and its noised versions, independent of one another."""
    noised = [step.diffuse(z, noise(seeds, __name__, step.t, z)) for step in reversed(schedule)]
    return torch.stack([z, *noised], dim=1)
