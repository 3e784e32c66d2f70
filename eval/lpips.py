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
    """Distance of two pictures, 0 for a copy; papers often print 100 times it.

    ``weights`` is torchvision's published ImageNet file of the backbone; by default the copy in
    torch hub's cache. The package brings its own linear weights. The files are read at first use,
    which raises ``InputError`` where there is none, or another network's.
    """

    net: Backbone = "alex"
    size: int = 256
    weights: str | None = None

    def __post_init__(self) -> None:
        one_of("net", self.net, Backbone)

    @property
    def id(self) -> str:
        """The backbone and the size in pixels of what it sees."""
        return f"lpips-{self.net}@{self.size}"

    def load(self) -> None:
        """Read the files of weights, once; raises ``InputError`` as the first use would."""
        _ = self._network

    @torch.no_grad()
    def __call__(self, images: Image, references: Image) -> PerImage:
        """One value a picture, after FlexIT's resize and crop to ``size``."""
        network = self._network.to(images.device)
        pairs = (resize_and_crop(pictures, self.size) for pictures in (images, references))
        return network(*pairs, normalize=True).reshape(len(images))

    @cached_property
    def _network(self) -> nn.Module:
        # Imported here because they take seconds, and a report needs no more than the id.
        from lpips import LPIPS
        from torchvision.models import get_weight

        url = get_weight(f"{TORCHVISION[self.net]}_Weights.IMAGENET1K_V1").url
        path = local_file(url, self.weights)
        with warnings.catch_warnings():
            # The package asks torchvision for a network in words that torchvision gave up.
            warnings.simplefilter("ignore", UserWarning)
            network = LPIPS(net=self.net, pnet_rand=True, verbose=False)
        # The package cuts `features` into slices, whose layers keep their numbers.
        names = {key: f"features.{key.split('.', 1)[1]}" for key in network.net.state_dict()}
        tensors = load_weights(path)
        found = {key: tensors[name] for key, name in names.items() if name in tensors}
        fill(network.net, found, path)
        return network
