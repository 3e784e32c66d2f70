"""DDIM inversion alone, without tuning and without sampling back."""

from dataclasses import dataclass, field
from typing import ClassVar

from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Inversion, constant, no_losses


@dataclass(frozen=True)
class Trajectory:
    """The inverter of DDIM-Edit, DDIM-Global and DiffEdit.

    Their background is the trajectory, so the trajectory is also given as ``retraced``.
    """

    reads_target: ClassVar[bool] = True

    trace: Tracer = field(default_factory=Trace)

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make no UNet call beyond those of the trace."""
        path, steps = self.trace(model, batch), len(self.schedule(model))
        null = constant(model.embed([""] * len(batch)), steps)
        cond = constant(model.embed(batch.targets), steps)
        return Inversion(path, cond, null, path, no_losses(path[:, 0], steps))
