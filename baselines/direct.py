"""Direct Inversion, also called PnP Inversion (Ju et al., 2023, arXiv:2310.01506)."""

from dataclasses import dataclass, field
from typing import ClassVar

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Inversion, no_losses


@dataclass(frozen=True)
class Direct:
    """Puts the picture's own row of sampling back on the trajectory after each step.

    That row is therefore the trajectory (their Algorithm 1), and nothing is sampled to know it. The
    target's row is left alone: an editor that samples the target by itself gives DDIM's edit, and
    one that takes attention from the picture's row finds there what inversion has seen.
    """

    exact: ClassVar[bool] = True

    trace: Tracer = field(default_factory=lambda: Trace(omega=1.0))

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make no UNet call beyond those of the trace."""
        path, steps = self.trace(model, batch), len(self.schedule(model))
        of_caption = Guidance.of(model, batch.captions, steps, omega=1)
        losses = no_losses(path[:, 0], steps)
        return Inversion(path, of_caption.cond, of_caption.null, path, losses)
