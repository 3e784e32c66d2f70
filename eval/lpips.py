"""LPIPS 0.1 (Zhang et al., 2018, arXiv 1801.03924) by the authors' package."""

import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from eval.crop import resize_and_crop
from eval.metric import Metric, PerImage, Pictures
from eval.quantity import Quantity
from eval.weights import digest_of, fill, load_weights, local_file
from pti.errors import one_of
from pti.types import Image

Backbone = Literal["alex", "vgg", "squeeze"]

TORCHVISION = {"alex": "AlexNet", "vgg": "VGG16", "squeeze": "SqueezeNet1_1"}


@dataclass(frozen=True)
class Lpips(Metric):
    """LPIPS distance of the result to the input, 0 for a copy; papers often print it times 100.

    ``weights`` is torchvision's published ImageNet file of the backbone, by default the copy in
    torch hub's cache. The package brings its own linear weights. The first use reads the files, and
    raises ``InputError`` where ``weights`` is missing or of a different network.
    """

    net: Backbone = "alex"
    size: int = 256
    weights: str | None = None

    def __post_init__(self) -> None:
        one_of("net", self.net, Backbone)

    @property
    def quantity(self) -> Quantity:
        """LPIPS, named after the backbone and the side of its input in pixels."""
        name = f"lpips-{self.net}@{self.size}"
        return Quantity(name, higher_is_better=False, decimals=3, matters=0.01)

    def digest(self) -> str:
        """The sha256 of the backbone's file; raises ``InputError`` as the first use does."""
        path = weights_of(self.net, self.weights)
        _ = lpips_network(self.net, path)
        return digest_of(path)

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture."""
        return self.distance(pictures.output, pictures.source)

    @torch.no_grad()
    def distance(self, images: Image, references: Image) -> PerImage:
        """One value per pair of pictures, after FlexIT's resize and crop to ``size``."""
        network = lpips_network(self.net, weights_of(self.net, self.weights)).to(images.device)
        pairs = (resize_and_crop(pictures, self.size) for pictures in (images, references))
        return network(*pairs, normalize=True).reshape(len(images))


def weights_of(net: Backbone, given: str | None) -> Path:
    """``given``, or torchvision's file of the backbone in torch hub's cache.

    Raises ``InputError`` where it is missing.
    """
    from torchvision.models import get_weight

    return local_file(get_weight(f"{TORCHVISION[net]}_Weights.IMAGENET1K_V1").url, given)


@lru_cache
def lpips_network(net: Backbone, path: Path, *, spatial: bool = False) -> nn.Module:
    """The package's network over the backbone in ``path``.

    Its output is a distance a picture, or a map of the picture's size where it is ``spatial``.
    Raises ``InputError`` where the file holds a different network.
    """
    # Imported here because the import takes seconds, and not every set of metrics has LPIPS.
    from lpips import LPIPS

    with warnings.catch_warnings():
        # The package calls torchvision with arguments that torchvision has deprecated.
        warnings.simplefilter("ignore", UserWarning)
        network = LPIPS(net=net, pnet_rand=True, verbose=False, spatial=spatial)
    # The package splits `features` into slices, whose layers keep their numbers.
    names = {key: f"features.{key.split('.', 1)[1]}" for key in network.net.state_dict()}
    tensors = load_weights(path)
    found = {key: tensors[name] for key, name in names.items() if name in tensors}
    fill(network.net, found, path)
    return network
