"""LPIPS to the input in part of the picture, at the size that the pictures have."""

from dataclasses import dataclass

import torch

from eval.in_region import InRegion
from eval.lpips import Backbone, lpips_network, weights_of
from eval.metric import PerImage
from eval.quantity import Quantity
from eval.regions import Mask, mean_where
from eval.weights import digest_of
from pti.errors import one_of
from pti.types import Image


@dataclass(frozen=True)
class LpipsInRegion(InRegion):
    """LPIPS of the result to the input in part of the picture, 0 for a copy.

    ``weights`` is that of ``eval.lpips.Lpips``.
    """

    net: Backbone = "squeeze"
    weights: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("net", self.net, Backbone)

    @property
    def quantity(self) -> Quantity:
        """LPIPS, named after the backbone."""
        name = f"lpips-{self.net}"
        return self.named(Quantity(name, higher_is_better=False, decimals=4, matters=0.01))

    def digest(self) -> str:
        """The sha256 of the backbone's file; raises ``InputError`` as the first use does."""
        path = weights_of(self.net, self.weights)
        _ = lpips_network(self.net, path)
        return digest_of(path)

    @torch.no_grad()
    def whole(self, images: Image, references: Image) -> PerImage:
        """Over the whole frame."""
        network = lpips_network(self.net, weights_of(self.net, self.weights))
        return network.to(images.device)(images, references, normalize=True).reshape(len(images))

    @torch.no_grad()
    def where(self, images: Image, references: Image, mask: Mask) -> PerImage:
        """Over the masked pixels of its map, where the network sees what lies around the mask."""
        network = lpips_network(self.net, weights_of(self.net, self.weights), spatial=True)
        return mean_where(network.to(images.device)(images, references, normalize=True), mask)
