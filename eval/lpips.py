"""LPIPS 0.1 (Zhang et al., 2018, arXiv 1801.03924) by the authors' package."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import nn

from eval.crop import resize_and_crop
from eval.metric import PerImage
from eval.weights import fill, load_weights, local_file
from pti.errors import one_of
from pti.types import Image

Backbone = Literal["alex", "vgg", "squeeze"]

TORCHVISION = {"alex": "AlexNet", "vgg": "VGG16", "squeeze": "SqueezeNet1_1"}


@dataclass(frozen=True)
class Lpips:
    """LPIPS distance of two pictures, 0 for a copy; papers often print 100 times the value.

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
    def id(self) -> str:
        """The backbone, and the side of its input in pixels."""
        return f"lpips-{self.net}@{self.size}"

    def load(self) -> None:
        """Read the weight files, once; raises ``InputError`` as the first use does."""
        _ = self._network

    @torch.no_grad()
    def __call__(self, images: Image, references: Image) -> PerImage:
        """One value per picture, after FlexIT's resize and crop to ``size``."""
        network = self._network.to(images.device)
        pairs = (resize_and_crop(pictures, self.size) for pictures in (images, references))
        return network(*pairs, normalize=True).reshape(len(images))

    @cached_property
    def _network(self) -> nn.Module:
        # Imported here because the imports take seconds, and a report needs only the id.
        from lpips import LPIPS
        from torchvision.models import get_weight

        url = get_weight(f"{TORCHVISION[self.net]}_Weights.IMAGENET1K_V1").url
        path = local_file(url, self.weights)
        with warnings.catch_warnings():
            # The package calls torchvision with arguments that torchvision has deprecated.
            warnings.simplefilter("ignore", UserWarning)
            network = LPIPS(net=self.net, pnet_rand=True, verbose=False)
        # The package splits `features` into slices, whose layers keep their numbers.
        names = {key: f"features.{key.split('.', 1)[1]}" for key in network.net.state_dict()}
        tensors = load_weights(path)
        found = {key: tensors[name] for key, name in names.items() if name in tensors}
        fill(network.net, found, path)
        return network
