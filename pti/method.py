"""A method: an inverter and an editor."""

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.types import Batch, Edit, Inversion, Latent


@runtime_checkable
class Inverter(Protocol):
    """Inverts pictures. An inverter is a frozen dataclass, and its fields are its configuration.

    One whose inversion depends on ``batch.targets`` says so: its class has ``reads_target = True``.
    That of any other serves each target of a picture.
    """

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """The steps between the latents of the trajectory, and their mover."""
        ...

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Invert each picture of the batch independently."""
        ...


@runtime_checkable
class SamplesBack(Protocol):
    """An inverter that samples back only where the reconstruction is asked for."""

    def sampled_back(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """Invert each picture, and sample its reconstruction, whose latents are ``retraced``."""
        ...


def reconstruct(inverter: Inverter, model: LatentDiffusion, batch: Batch) -> Latent:
    """The latents of the reconstructions, sampled by the inverter."""
    if isinstance(inverter, SamplesBack):
        return inverter.sampled_back(model, batch).reconstruction
    return inverter(model, batch).reconstruction


@runtime_checkable
class Editor(Protocol):
    """Turns an inversion into the latents of the edited pictures."""

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Edit:
        """Return one latent per picture, to be decoded; ``schedule`` is the inverter's."""
        ...


@runtime_checkable
class Refuses(Protocol):
    """A half of a method that does not go with everything."""

    def refuse(self, half: object) -> None:
        """Raise ``ValueError`` where it and the method's ``half`` have no meaning together."""
        ...


@dataclass(frozen=True)
class Reconstruct:
    """The editor that changes nothing: it returns the inversion's reconstruction."""

    def __call__(
        self, model: LatentDiffusion, schedule: Schedule, inversion: Inversion, batch: Batch
    ) -> Edit:
        """Make no UNet call."""
        del model, schedule, batch
        return Edit(inversion.reconstruction)


@dataclass(frozen=True)
class Method:
    """One row of a table: a name, an inverter and an editor. Reports call it ``label``.

    ``inversion`` is the name of the inverter where both halves can be chosen. Raises ``ValueError``
    where one half refuses the other.
    """

    name: str
    invert: Inverter
    edit: Editor = field(default_factory=Reconstruct)
    label: str = ""
    inversion: str = ""

    def __post_init__(self) -> None:
        """Ask both halves whether they go together."""
        if isinstance(self.invert, Refuses):
            self.invert.refuse(self.edit)
        if isinstance(self.edit, Refuses):
            self.edit.refuse(self.invert)

    def inverted(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """The inversion that the editor starts from.

        An editor whose class says ``reads_retraced`` gets the latents of the reconstruction, which
        an inverter may have to sample; those of an exact one are its trajectory.
        """
        if self.samples_back and isinstance(self.invert, SamplesBack):
            return self.invert.sampled_back(model, batch)
        return self.invert(model, batch)

    @property
    def samples_back(self) -> bool:
        """Whether the inverter has to sample back for the editor."""
        reads = getattr(self.edit, "reads_retraced", False)
        exact = getattr(self.invert, "exact", False)
        return reads and not exact and isinstance(self.invert, SamplesBack)
