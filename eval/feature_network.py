"""What a network must offer so that pictures can be compared by its features."""

from typing import Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor

from pti.types import Image

Features = Float[Tensor, "b d"]
"""One row a picture."""


@runtime_checkable
class FeatureNetwork(Protocol):
    """Reads one vector from each picture, as the Fréchet distance and CSFID need it."""

    @property
    def id(self) -> str:
        """Names the network and the size it sees; a metric's name carries it."""
        ...

    def digest(self) -> str:
        """sha256 of its weights."""
        ...

    def __call__(self, images: Image) -> Features:
        """The features of each picture."""
        ...


@runtime_checkable
class LayeredNetwork(Protocol):
    """Shows the activations inside it, as ``eval.perceptual`` compares them."""

    def layers(self, images: Image) -> list[Tensor]:
        """One tensor a layer, each of shape b c h w with its own c, h and w."""
        ...
