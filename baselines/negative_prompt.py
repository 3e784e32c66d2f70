"""Negative-Prompt Inversion: the caption stands in for the null embedding (arXiv 2305.16807)."""

from dataclasses import dataclass, field

from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.sampling import sample
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Inversion, constant, no_losses


@dataclass(frozen=True)
class NegativePrompt:
    """Null-Text Inversion's embedding is near the caption's own, so that is taken untuned.

    Guidance then goes from the caption's prediction towards the target's, and a reconstruction is
    plain sampling of the caption: omega has no part in it (Section 3.2).
    """

    trace: Tracer = field(default_factory=lambda: Trace(omega=1.0))

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """That of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """K forwards an image beyond the trace's own: of two equal branches one is evaluated."""
        path, schedule = self.trace(model, batch), self.schedule(model)
        caption = constant(model.embed(batch.captions), len(schedule))
        retraced = sample(model, schedule, path[:, -1], null=caption, cond=caption, omega=1)
        return Inversion(path, caption, caption, retraced, no_losses(path[:, 0], len(schedule)))
