"""What a method is: an inverter and an editor."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.types import Batch, Edit, Inversion


@runtime_checkable
class Inverter(Protocol):
    """Finds what reproduces a picture. A frozen dataclass: its fields are the method's schema."""

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The moves between the latents of its trajectory."""
        ...

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Invert every picture of the batch, each as if it were alone."""
        ...


@runtime_checkable
class Editor(Protocol):
    """Makes of an inversion the latents of the pictures that the batch's targets ask for."""

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Edit:
        """One latent a picture, ready to decode; ``schedule`` is the inverter's."""
        ...


@dataclass(frozen=True)
class Reconstruct:
    """The editor that changes nothing: the inversion's own reconstruction."""

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Edit:
        """No UNet call is made."""
        del model, schedule, batch
        return Edit(inversion.reconstruction)


@dataclass(frozen=True)
class Method:
    """A row of a table: a name, and what runs under it. Reports call it ``label``."""

    name: str
    invert: Inverter
    edit: Editor = field(default_factory=Reconstruct)
    label: str = ""
