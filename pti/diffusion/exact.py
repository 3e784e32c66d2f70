"""Inversion by a mover that undoes itself, in float64."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Mover
from pti.diffusion.sampling import ascend, path_of, sample_back
from pti.diffusion.trace import Levels
from pti.errors import InputError
from pti.types import Batch, Inversion, no_losses

MOST_GROWTH = 1e8
"""The largest factor by which rounding in float64, of 1e-16, may grow."""


@dataclass(frozen=True)
class Exact(ABC):
    """Goes up and down again with guidance ``omega`` on the caption.

    The reconstruction is sampled, and ends where inversion began, but for rounding.
    """

    exact: ClassVar[bool] = True

    trace: Levels = field(default_factory=Levels)
    omega: float = 1.0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` where rounding would grow too far."""
        count = int(self.trace.steps * self.trace.ratio)
        if self.growth**count > MOST_GROWTH:
            raise ValueError(
                f"{self}: each step up makes rounding {self.growth:.3g} times as large, which "
                f"after {count} is not exact any more: take fewer steps, or a weight nearer to 1"
            )

    @property
    def growth(self) -> float:
        """The factor by which a step up enlarges an error, as far as settings decide it."""
        return 1.0

    @abstractmethod
    def mover(self) -> Mover:
        """The mover, with its settings."""

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The steps, with the mover that makes them.

        Raises ``InputError`` where the noisiest level has no signal, from which no noise follows.
        """
        steps = self.trace.schedule(model)
        if steps[0].alpha == 0:
            raise InputError(
                f"{type(self).__name__} can't leave t={steps[0].t}, which has no signal in this "
                "model: give a ratio below 1"
            )
        return steps.moved_by(self.mover())

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Go up: one forward pass per image and prediction at omega 0 or 1, otherwise two."""
        schedule = self.schedule(model)
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        states = ascend(model, schedule, model.encode(batch.images).double(), guidance)
        path, losses = path_of(states), no_losses(states[0].z, len(schedule))
        pair, partner = (guidance.cond, guidance.null), states[-1].partner
        return Inversion(path, *pair, path, losses, partner=partner)

    def sampled_back(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Go up and down again, at about twice the cost."""
        return sample_back(model, self.schedule(model), self(model, batch), self.omega)
