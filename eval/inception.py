"""Inception-v3 as the FID uses it (Heusel et al., 2017, arXiv 1706.08500), in two protocols."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from eval.crop import resize_and_crop
from eval.weights import digest_of, fill, load_weights, local_file
from pti.errors import InputError, one_of
from pti.types import Image

FidProtocol = Literal["pytorch-fid", "clean-fid"]

Square = Float[Tensor, "b 3 size size"]
Input = Float[Tensor, "b 3 299 299"]

NAMES = {"pytorch-fid": "inception", "clean-fid": "inception-clean"}
SIDE = 299


@dataclass(frozen=True)
class Inception:
    """Features of the last average pool, after FlexIT's resize and crop to ``size``.

    ``pytorch-fid`` is FlexIT's protocol: the weights and blocks of mseitzer/pytorch-fid, after
    bilinear enlargement. ``clean-fid`` is the protocol of Parmar et al. (2022, arXiv 2104.11222):
    StyleGAN's TorchScript, after Pillow's bicubic enlargement. Their features differ slightly, so
    never mix them.

    ``weights`` is the protocol's published file, by default the copy in torch hub's cache. The
    first use reads it, and raises ``InputError`` where it is missing or of a different network.
    """

    protocol: FidProtocol = "pytorch-fid"
    size: int = 256
    weights: str | None = None

    def __post_init__(self) -> None:
        one_of("protocol", self.protocol, FidProtocol)

    @property
    def id(self) -> str:
        """The protocol, and the side of the crop in pixels."""
        return f"{NAMES[self.protocol]}@{self.size}"

    @torch.no_grad()
    def __call__(self, images: Image) -> Float[Tensor, "b 2048"]:
        """The features of each picture."""
        squares = resize_and_crop(images, self.size)
        enlarge = _enlarged if self.protocol == "pytorch-fid" else _clean_enlarged
        return self._network.to(images.device)(enlarge(squares))

    def digest(self) -> str:
        """sha256 of the weight file, which is read once."""
        return digest_of(self._file)

    @property
    def _file(self) -> Path:
        # Imported here because the imports take seconds, and a report needs only the id.
        from cleanfid.downloads_helper import inception_url
        from cleanfid.inception_pytorch import FID_WEIGHTS_URL

        urls = {"pytorch-fid": FID_WEIGHTS_URL, "clean-fid": inception_url}
        return local_file(urls[self.protocol], self.weights)

    @cached_property
    def _network(self) -> nn.Module:
        build = {"pytorch-fid": pytorch_fid_network, "clean-fid": clean_fid_network}
        return build[self.protocol](self._file)


def pytorch_fid_network(path: Path) -> nn.Module:
    """The Inception-v3 of torchvision with pytorch-fid's blocks, which pool as TensorFlow does.

    The clean-fid package has these blocks, but builds the network only from a download. Raises
    ``InputError`` where the weights in ``path`` do not fit.
    """
    from cleanfid import inception_pytorch as fid
    from torchvision.models import Inception3

    network = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    network.Mixed_5b = fid.FIDInceptionA(192, pool_features=32)
    network.Mixed_5c = fid.FIDInceptionA(256, pool_features=64)
    network.Mixed_5d = fid.FIDInceptionA(288, pool_features=64)
    network.Mixed_6b = fid.FIDInceptionC(768, channels_7x7=128)
    network.Mixed_6c = fid.FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6d = fid.FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6e = fid.FIDInceptionC(768, channels_7x7=192)
    network.Mixed_7b = fid.FIDInceptionE_1(1280)
    network.Mixed_7c = fid.FIDInceptionE_2(2048)
    fill(network, load_weights(path), path)
    network.register_module("fc", nn.Identity())  # the features are the classifier's input
    return network.eval()


def clean_fid_network(path: Path) -> nn.Module:
    """The layers of StyleGAN's TorchScript below its classifier.

    Raises ``InputError`` where ``path`` does not hold this network.
    """
    try:
        return torch.jit.load(path, map_location="cpu").eval().layers
    except (RuntimeError, AttributeError) as error:
        raise InputError(
            f"{path} cannot be read as a TorchScript Inception: fetch it again"
        ) from error


def _enlarged(squares: Square) -> Input:
    """Enlarge as pytorch-fid does: bilinear, in [-1, 1]."""
    large = nn.functional.interpolate(squares, (SIDE, SIDE), mode="bilinear", align_corners=False)
    return 2 * large - 1


def _clean_enlarged(squares: Square) -> Input:
    """Enlarge as clean-fid does: Pillow's bicubic without rounding, in [-1, 127/128]."""
    from cleanfid.resize import build_resizer

    resize = build_resizer("clean")
    pixels = (squares * 255).round().permute(0, 2, 3, 1).cpu().numpy()
    large = torch.from_numpy(np.stack([resize(picture) for picture in pixels]))
    return (large.permute(0, 3, 1, 2).to(squares.device) - 128) / 128
