"""The residual of each step: what a path has beyond the network's prediction of it.

Edit-friendly DDPM and its kin keep it and add it to whatever is sampled. They differ in how the
path is made and in the noise of a step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Plain, Predict, State
from pti.diffusion.step import Step
from pti.types import Path, Residuals


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
