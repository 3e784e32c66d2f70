"""The residual of each step: what a path has beyond the network's prediction of it.

Edit-friendly DDPM and its kin keep it and add it to whatever is sampled. They differ in how the
path is made and in the noise of a step.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Plain, Predict, State
from pti.diffusion.step import Step, check_eta
from pti.diffusion.trace import Levels
from pti.types import Batch, Inversion, Latent, Path, Residuals, no_losses


@dataclass(frozen=True)
class AddResidual(Plain):
    """Adds its residual to each step down; up, it is plain."""

    def down(self, steps: Sequence[Step], index: int, state: State, predict: Predict) -> State:
        """One prediction; raises ``ValueError`` where the inversion has no residuals."""
        if state.residuals is None:
            raise ValueError("AddResidual needs an Inversion with residuals: see residuals_of")
        landed = super().down(steps, index, state, predict)
        return replace(landed, z=landed.z + state.residuals[:, index])


@torch.no_grad()
def residuals_of(
    model: LatentDiffusion, schedule: Schedule, path: Path, guidance: Guidance
) -> tuple[Residuals, Path]:
    """The residuals of ``path``, and the path that sampling with them gives.

    The two paths differ by rounding alone: each step begins where sampling would. Makes K forward
    passes per image at omega 0 or 1, otherwise 2K.
    """
    z, residuals, retraced = path[:, -1], [], [path[:, -1]]
    with model.counting("trace"):
        for index, step in enumerate(schedule):
            mean = step.denoise(z, guidance.at(model, index)(z, step.t))
            residuals.append(path[:, len(schedule) - 1 - index] - mean)
            z = mean + residuals[-1]
            retraced.append(z)
    return torch.stack(residuals, dim=1), torch.stack(retraced[::-1], dim=1)


@dataclass(frozen=True)
class NoisedPath(ABC):
    """Noises the picture along a path, and keeps what each step of it has beyond the prediction.

    Sampling with any prompt adds these residuals, so that the reconstruction is exact. ``omega`` is
    the guidance scale on the caption. ``eta``, up to 1 (DDPM), scales the noise of a step.
    """

    exact: ClassVar[bool] = True

    trace: Levels = field(default_factory=Levels)
    omega: float = 1.0
    eta: float = 1.0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for an eta out of range."""
        check_eta(self.eta)

    @abstractmethod
    def noised(self, schedule: Schedule, z: Latent, seeds: tuple[int, ...]) -> Path:
        """The picture's latent, and its noised versions; noise is that of each item's seed."""

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The steps, with noise, which add the residuals."""
        return self.trace.schedule(model).stochastic(self.eta).moved_by(AddResidual())

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make K forward passes per image at omega 0 or 1, otherwise 2K."""
        schedule = self.schedule(model)
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        path = self.noised(schedule, model.encode(batch.images), batch.seeds)
        residuals, retraced = residuals_of(model, schedule, path, guidance)
        losses, pair = no_losses(path[:, 0], len(schedule)), (guidance.cond, guidance.null)
        return Inversion(path, *pair, retraced, losses, residuals=residuals)
