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
class Levels:
    """The noise levels of a trajectory.

    ``ratio`` is the encoding ratio, or the strength: only the int(steps * ratio) least noisy of the
    ``steps`` are made. ``steps_offset=None`` takes the model's own.
    """

    steps: int = 50
    ratio: float = 1.0
    steps_offset: int | None = None

    def __post_init__(self) -> None:
        """Raise ``ValueError`` where ``ratio`` leaves no step, or is more than all."""
        if int(self.steps * self.ratio) < 1:
            raise ValueError(f"steps={self.steps} with ratio={self.ratio} leaves no step to make")
        if self.ratio > 1:
            raise ValueError(f"ratio={self.ratio}: it is a share of the steps, at most 1")

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The steps between the levels, made by DDIM."""
        return model.schedule(self.steps, self.ratio, self.steps_offset)


@dataclass(frozen=True)
class Trace(Levels):
    """Plain DDIM inversion with guidance ``omega`` on the picture's caption.

    The default, omega 0, evaluates the empty prompt alone and needs no caption. ``timestep`` is the
    end of a step at which the UNet is evaluated; every public implementation takes the destination,
    which is the noisier end.
    """

    omega: float = 0.0
    timestep: Ends = "destination"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` also for an unknown end."""
        super().__post_init__()
        one_of("timestep", self.timestep, Ends)

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Path:
        """Make K forward passes per image at omega 0 or 1, otherwise 2K."""
        schedule = self.schedule(model).moved_by(Plain(self.timestep == "destination"))
        guidance = Guidance.of(model, batch.captions, len(schedule), self.omega)
        return path_of(ascend(model, schedule, model.encode(batch.images), guidance))
