"""What a metric is: a quantity, what it needs, and how it is measured on a batch of pictures."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from eval.quantity import Quantity
from pti.types import Image

PerImage = Float[Tensor, " b"]
Need = Literal["truth", "changed", "target_class"]
"""A field of ``Pictures`` that may be None."""


@dataclass(frozen=True)
class Pictures:
    """Result pictures, and the references that a metric compares them with.

    ``source`` is the input. ``truth`` is the true result of the edit, and ``changed`` is True where
    the truth differs from the input; both are None where they are not known. ``target_class`` is
    the class that the result should show, and ``prompt`` is the prompt of the result.
    ``from_jpeg`` says that the results were read from JPEG files.
    """

    output: Image
    source: Image
    truth: Image | None = None
    changed: Bool[Tensor, "b 1 height width"] | None = None
    target_class: tuple[str, ...] | None = None
    prompt: tuple[str, ...] | None = None
    from_jpeg: bool = False

    @classmethod
    def together(cls, parts: "Sequence[Pictures]") -> "Pictures":
        """All pictures of the parts, which must know the same of theirs, as one batch."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: _joined([getattr(part, name) for part in parts]) for name in names})

    def to(self, device: torch.device) -> "Pictures":
        """The same pictures on a device."""
        tensors = {name: value for name, value in vars(self).items() if isinstance(value, Tensor)}
        return replace(self, **{name: value.to(device) for name, value in tensors.items()})


def _joined(values: list[Any]) -> Any:
    if isinstance(values[0], Tensor):
        return torch.cat(values)
    return tuple(chain(*values)) if isinstance(values[0], tuple) else values[0]


class Metric(ABC):
    """A quantity that is measured on each picture by itself; its fields are its settings.

    ``needs`` names the fields of ``Pictures`` that must not be None: a run refuses data that lacks
    them before its first picture.
    """

    needs: ClassVar[tuple[Need, ...]] = ()

    @property
    @abstractmethod
    def quantity(self) -> Quantity:
        """What is measured; its id must differ where the settings differ."""

    @abstractmethod
    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture; NaN or infinite where the quantity is not defined."""

    def digest(self) -> str:
        """A digest of the weights, empty without any; raises ``InputError`` where they are missing.

        A run calls it before its first picture, and scores anew where the digest has changed.
        """
        return ""


class ReadsInput(Metric):
    """A metric whose reading of the input costs as much as that of the result, and can be kept.

    ``read`` and then ``compare`` are the metric.
    """

    @abstractmethod
    def read(self, images: Image) -> Float[Tensor, "b ..."]:
        """What the metric needs to know of the inputs."""

    @abstractmethod
    def compare(self, pictures: Pictures, read: Float[Tensor, "b ..."]) -> PerImage:
        """One value per picture, from what was read of the inputs."""

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture."""
        return self.compare(pictures, self.read(pictures.source))
