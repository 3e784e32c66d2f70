"""Eta Inversion (Kang et al., 2024, arXiv:2403.09468): the target gets the picture's noise."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.noise import noise
from pti.diffusion.residual import AddResidual
from pti.diffusion.step import Step, check_eta
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Inversion, Latent, Path, Residuals, no_losses


@dataclass(frozen=True)
class EtaInversion:
    """Adds noise to each step of the target: of some draws, the one that the picture's row needs.

    That row is put back on the trajectory after each step, as Direct does. Its step, guided by
    ``omega`` on the caption, misses the trajectory by a difference; of ``draws`` the nearest to it
    is added to the target's step. The noise is eta times DDPM's, which rises from 0 at the share
    ``begin`` of the noise schedule to ``eta`` at its end. Their mask of the noise is left out.
    """

    exact: ClassVar[bool] = True

    trace: Tracer = field(default_factory=lambda: Trace(omega=1.0))
    omega: float = 7.5
    eta: float = 0.7
    begin: float = 0.6
    draws: int = 10

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a field out of range."""
        check_eta(self.eta)
        if not 0 <= self.begin < 1:
            raise ValueError(f"begin={self.begin}: it is a share of the noise schedule, below 1")
        if self.draws < 1:
            raise ValueError(f"draws={self.draws}: at least 1 is needed")

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The trajectory's steps, with noise where there is to be some, which add the residuals."""
        steps, last = self.trace.schedule(model), model.timesteps - 1
        return replace(
            steps,
            moves=tuple(step.stochastic(self.eta_at(step.t / last)) for step in steps),
            mover=AddResidual(),
        )

    def eta_at(self, share: float) -> float:
        """The eta at a share of the noise schedule, from 0 to 1."""
        return self.eta * max(0.0, share - self.begin) / (1 - self.begin)

    @torch.no_grad()
    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make the trace's UNet calls, and a guided one for each step with noise."""
        path, schedule = self.trace(model, batch), self.schedule(model)
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        with model.counting("trace"):
            residuals = self._residuals(model, schedule, path, guidance, batch.seeds)
        pair, losses = (guidance.cond, guidance.null), no_losses(path[:, 0], len(schedule))
        return Inversion(path, *pair, path, losses, residuals=residuals)

    def _residuals(
        self,
        model: LatentDiffusion,
        schedule: Schedule,
        path: Path,
        guidance: Guidance,
        seeds: Sequence[int],
    ) -> Residuals:
        found = list[Latent]()
        for index, step in enumerate(schedule):
            z, goal = path[:, -1 - index], path[:, -2 - index]
            if not step.sigma:
                found.append(torch.zeros_like(z))
                continue
            mean = step.denoise(z, guidance.at(model, index)(z, step.t))
            found.append(step.sigma * self._nearest(step, (goal - mean) / step.sigma, seeds))
        return torch.stack(found, dim=1)

    def _nearest(self, step: Step, wanted: Latent, seeds: Sequence[int]) -> Latent:
        """Of each image's draws, the one nearest to what is wanted."""
        streams = (f"{__name__}/{draw}" for draw in range(self.draws))
        drawn = torch.stack([noise(seeds, stream, step.t, wanted) for stream in streams], dim=1)
        far = (drawn - wanted[:, None]).square().flatten(2).sum(2)
        return drawn[torch.arange(len(drawn)), far.argmin(1)]
