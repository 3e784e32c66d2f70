"""Negative-Prompt Inversion: the caption replaces the empty prompt (arXiv 2305.16807)."""

from dataclasses import dataclass, field

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.sampling import sample
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Inversion, constant, no_losses


@dataclass(frozen=True)
class NegativePrompt:
    """Takes the caption's embedding as the null embedding, because NTI's tuned one is near it.

    Guidance then goes from the caption's prediction towards the target's. A reconstruction samples
    the caption alone, so the guidance scale does not change it (their Section 3.2).
    """

    trace: Tracer = field(default_factory=lambda: Trace(omega=1.0))

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make K forward passes per image, as both branches are equal, and those of the trace."""
        path, schedule = self.trace(model, batch), self.schedule(model)
        caption = constant(model.embed(batch.captions), len(schedule))
        retraced = sample(model, schedule, path[:, -1], Guidance(caption, caption, omega=1))
        return Inversion(path, caption, caption, retraced, no_losses(path[:, 0], len(schedule)))
