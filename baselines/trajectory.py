"""Inversion by the trajectory alone: nothing is tuned, and nothing sampled back."""

from dataclasses import dataclass, field

from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Inversion, constant, no_losses


@dataclass(frozen=True)
class Trajectory:
    """What DDIM-Edit, DDIM-Global and DiffEdit start from.

    Their background is the trajectory itself, so it stands for the retraced latents too.
    """

    trace: Tracer = field(default_factory=Trace)

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """That of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """No UNet call beyond the trace's own."""
        path, steps = self.trace(model, batch), len(self.schedule(model))
        null = constant(model.embed([""] * len(batch)), steps)
        cond = constant(model.embed(batch.targets), steps)
        return Inversion(path, cond, null, path, no_losses(path[:, 0], steps))
