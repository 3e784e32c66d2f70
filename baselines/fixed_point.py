"""Inversion by fixed points: each step up is solved for the latent that leads back down.

FPI: Pan et al., 2023 (AIDI, arXiv:2309.04907) and Meiri et al., 2023 (arXiv:2312.12540); damped:
Hong et al., 2023 (arXiv:2311.18387).
"""

from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from pti.diffusion.ddim import Schedule
from pti.diffusion.fixed_point import Iteration, Rows
from pti.diffusion.guidance import Guidance, guided
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.sampling import sample_back
from pti.diffusion.step import Step
from pti.diffusion.trace import Levels
from pti.types import Batch, Inversion, Latent


@dataclass(frozen=True)
class FixedPoint:
    """Solves z = R(z) at each step, where R undoes DDIM's step by what the network says of z.

    DDIM's step down then ends where the step up began. The first prediction is made, as plain
    inversion makes its only one, at the latent before the step; of a network that predicts epsilon,
    one iteration is plain inversion. ``omega`` guides both ways towards the caption; R contracts
    less the larger it is. ``losses`` of the inversion are the residuals before each update.
    """

    trace: Levels = field(default_factory=Levels)
    omega: float = 1.0
    solver: Iteration = field(default_factory=Iteration)

    def solver_of(self, step: Step) -> Iteration:
        """How a step is solved; here all alike."""
        del step
        return self.solver

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """DDIM's steps."""
        return self.trace.schedule(model)

    @torch.no_grad()
    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make K times the iterations forward passes per image at omega 0 or 1, else twice that."""
        schedule = self.schedule(model)
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        path, residuals = [model.encode(batch.images)], list[Tensor]()
        with model.counting("trace"):
            for step in reversed(schedule):
                undone = partial(_undo, model, step, guidance, path[-1])
                z, residual = self.solver_of(step)(undone, path[-1])
                path.append(z)
                residuals.append(residual.mT)
        along = torch.stack(path, dim=1)
        # Where steps differ in the number of their updates, NaN fills up.
        losses = pad_sequence(residuals[::-1], padding_value=torch.nan).permute(2, 1, 0)
        return Inversion(along, guidance.cond, guidance.null, along, losses)

    def sampled_back(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Sample back with the same guidance: K forward passes more, or 2K."""
        return sample_back(model, self.schedule(model), self(model, batch), self.omega)


def _undo(
    model: LatentDiffusion, step: Step, guidance: Guidance, landed: Latent, z: Latent, rows: Rows
) -> Latent:
    """R(z): the latent that the step takes to ``landed``, by what the network says of ``z``."""
    own = {name: context[rows] for name, context in guidance.pair(0).items()}
    return step.undo(landed[rows], guided(model, z, step.t, **own, omega=guidance.omega))
