"""The interfaces of networks whose features compare pictures."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from pti.types import Image

Features = Float[Tensor, "b d"]
"""One row per picture."""


@runtime_checkable
class FeatureNetwork(Protocol):
    """Gives one vector of features per picture, for the Fréchet distance and CSFID."""

    @property
    def id(self) -> str:
        """The network and the size of its input, as they stand in a metric's name."""
        ...

    def digest(self) -> str:
        """sha256 of the weights."""
        ...

    def __call__(self, images: Image) -> Features:
        """The features of each picture."""
        ...


@runtime_checkable
class LayeredNetwork(Protocol):
    """Gives the activations of its layers, for ``eval.perceptual``."""

    def layers(self, images: Image) -> list[Tensor]:
        """One tensor per layer, each of shape b c h w with its own c, h and w."""
        ...
