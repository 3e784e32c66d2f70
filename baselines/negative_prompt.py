"""Negative-Prompt Inversion: the caption replaces the empty prompt (arXiv 2305.16807)."""

from dataclasses import dataclass, field

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.sampling import sample_back
from pti.diffusion.trace import Trace, Tracer
from pti.types import Batch, Context, Inversion, constant, no_losses


@dataclass(frozen=True)
class NegativePrompt:
    """Takes the caption's embedding as the null embedding, because NTI's tuned one is near it.

    Guidance then goes from the caption's prediction towards the target's. A reconstruction samples
    the caption alone, so the guidance scale does not change it (their Section 3.2). With ``share``
    below 1 the null embedding lies on the arc from the empty prompt's, at 0, to the caption's; the
    reconstruction is then guided by ``omega``. The authors of ProxNPI call 1 - share npi_interp.
    """

    trace: Tracer = field(default_factory=lambda: Trace(omega=1.0))
    share: float = 1.0
    omega: float | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a share out of range, or one that needs an omega."""
        if not 0 <= self.share <= 1:
            raise ValueError(f"share={self.share}: it is the caption's part, from 0 to 1")
        if self.share < 1 and self.omega is None:
            raise ValueError(f"share={self.share} needs omega, by which a reconstruction is guided")

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The schedule of the trajectory."""
        return self.trace.schedule(model)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make no UNet call beyond those of the trace."""
        path, steps = self.trace(model, batch), len(self.schedule(model))
        caption = model.embed(batch.captions)
        between = along_arc(model.embed([""] * len(batch)), caption, self.share)
        contexts = constant(caption, steps), constant(between, steps)
        return Inversion(path, *contexts, path, no_losses(path[:, 0], steps))

    def sampled_back(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Make K forward passes per image where both branches are equal, otherwise 2K."""
        omega = 1.0 if self.share == 1 else self.omega
        assert omega is not None
        return sample_back(model, self.schedule(model), self(model, batch), omega)


def along_arc(start: Context, end: Context, share: float) -> Context:
    """Spherical interpolation of whole embeddings, as ProxNPI's authors do; the ends are exact.

    Embeddings of the same direction are interpolated linearly.
    """
    if share in (0, 1):
        return end if share else start
    cosine = torch.cosine_similarity(start.flatten(1), end.flatten(1), dim=1).clamp(-1, 1)
    angle = cosine.arccos()[:, None, None]
    same = angle.sin() < 1e-6
    whole = angle.where(~same, 1.0)
    weights = ((1 - share) * whole).sin() / whole.sin(), (share * whole).sin() / whole.sin()
    return torch.lerp(start, end, share).where(same, weights[0] * start + weights[1] * end)
