"""DDIM inversion followed by guided DDIM sampling, without tuning."""

from dataclasses import dataclass, field

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.sampling import sample
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Inversion, no_losses


@dataclass(frozen=True)
class Ddim:
    """Samples the caption with guidance scale ``omega`` (paper, Section 3.2, Table 1)."""

    trace: Tracer = field(default_factory=Trace)
    omega: float = 7.5

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make K forward passes per image at omega 0 or 1, otherwise 2K, and those of the trace."""
        path, schedule = self.trace(model, batch), self.schedule(model)
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        retraced = sample(model, schedule, path[:, -1], guidance)
        losses = no_losses(path[:, 0], len(schedule))
        return Inversion(path, guidance.cond, guidance.null, retraced, losses)
