"""DDIM inversion: from a picture's latent along its trajectory to noise (paper, Eq. 6)."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import Guidance
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Plain
from pti.diffusion.sampling import ascend, path_of
from pti.errors import one_of
from pti.types import Batch, Path

Ends = Literal["destination", "source"]


@runtime_checkable
class Tracer(Protocol):
    """Computes the trajectory that a method retraces."""

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The steps between the latents of the trajectory."""
        ...

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Path:
        """z*_0 .. z*_K of each picture."""
        ...


@dataclass(frozen=True)
class Trace:
    """Plain DDIM inversion with guidance ``omega`` on the picture's caption.

    The default, omega 0, evaluates the empty prompt alone and needs no caption. ``ratio`` is the
    encoding ratio: only the int(steps * ratio) least noisy steps are made. ``timestep`` is the end
    of a step at which the UNet is evaluated; every public implementation takes the destination,
    which is the noisier end. ``steps_offset=None`` takes the model's own.
    """

    steps: int = 50
    ratio: float = 1.0
    omega: float = 0.0
    timestep: Ends = "destination"
    steps_offset: int | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a field that no trajectory can have."""
        check_steps(self.steps, self.ratio)
        one_of("timestep", self.timestep, Ends)

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The steps between the latents of the trajectory."""
        return model.schedule(self.steps, self.ratio, self.steps_offset)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Path:
        """Make K forward passes per image at omega 0 or 1, otherwise 2K."""
        schedule = self.schedule(model).moved_by(Plain(self.timestep == "destination"))
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        return path_of(ascend(model, schedule, model.encode(batch.images), guidance))


def check_steps(steps: int, ratio: float) -> None:
    """Raise ``ValueError`` where the share ``ratio`` of ``steps`` is none, or more than all."""
    if int(steps * ratio) < 1:
        raise ValueError(f"steps={steps} with ratio={ratio} leaves no step to make")
    if ratio > 1:
        raise ValueError(f"ratio={ratio}: it is a share of the steps, at most 1")
