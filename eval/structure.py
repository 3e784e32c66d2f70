"""The distance of structures: self-similarity of a DINO network's keys.

Tumanyan et al., 2022 (arXiv 2201.00424, Eq. 4), with the network and the layer that PIE-Bench's
evaluation takes: ViT-B/8, the keys of its last layer, all heads and the class token included.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import linear, normalize

from eval.in_region import saved_as
from eval.jpeg import through_jpeg
from eval.metric import PerImage, Pictures, ReadsInput
from eval.quantity import Quantity
from eval.weights import digest_of, fill, load_weights, local_file
from pti.types import Image

URL = "https://dl.fbaipublicfiles.com/dino/dino_vitbase8_pretrain/dino_vitbase8_pretrain.pth"
SIDE = 224
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

NAMES = {
    "cls_token": "class_token",
    "pos_embed": "encoder.pos_embedding",
    "patch_embed.proj": "conv_proj",
    "norm": "encoder.ln",
}
PARTS = {
    "norm1": "ln_1",
    "norm2": "ln_2",
    "attn.qkv.weight": "self_attention.in_proj_weight",
    "attn.qkv.bias": "self_attention.in_proj_bias",
    "attn.proj": "self_attention.out_proj",
    "mlp.fc1": "mlp.0",
    "mlp.fc2": "mlp.3",
}
"""torchvision's names of DINO's tensors: of the whole network, and of one of its blocks."""


@dataclass(frozen=True)
class Structure(ReadsInput):
    """Mean squared difference of the self-similarities of result and input, 0 for a copy.

    ``levels`` is the value of white before ImageNet's normalisation: 1, or 255, as PIE-Bench's
    evaluation has it. ``antialias`` is that of the bilinear resize to 224 pixels: torchvision 0.13,
    which that evaluation pins, has none for tensors. ``jpeg`` is that of ``InRegion``. ``weights``
    is DINO's published file, by default the copy in torch hub's cache.
    """

    levels: Literal[1, 255] = 1
    antialias: bool = True
    jpeg: int | None = None
    weights: str | None = None

    def __post_init__(self) -> None:
        if self.levels not in (1, 255):
            raise ValueError(f"levels={self.levels}: choose 1 or 255")

    @property
    def quantity(self) -> Quantity:
        """The distance; papers print it times 1000."""
        said = [f"0,{self.levels}", *(["antialias"] * self.antialias), *saved_as(self.jpeg)]
        name = f"structure-dino-vitb8@{SIDE}[{','.join(said)}]"
        return Quantity(name, higher_is_better=False, decimals=5, matters=0.001)

    def digest(self) -> str:
        """The sha256 of the weights; raises ``InputError`` where they are missing or others."""
        path = local_file(URL, self.weights)
        _ = dino(path)
        return digest_of(path)

    @torch.no_grad()
    def read(self, images: Image) -> Float[Tensor, "b n n"]:
        """The self-similarity of each picture."""
        network = dino(local_file(URL, self.weights)).to(images.device)
        return self_similarity(keys(network, self.prepared(images)))

    def compare(self, pictures: Pictures, read: Float[Tensor, "b n n"]) -> PerImage:
        """One value per picture."""
        output = self.read(through_jpeg(pictures, self.jpeg))
        return (output - read).square().mean((1, 2))

    def prepared(self, images: Image) -> Float[Tensor, "b 3 side side"]:
        """The network's input."""
        # Imported here because the import takes seconds.
        from torchvision.transforms.v2 import functional

        sized = functional.resize(images * self.levels, [SIDE, SIDE], antialias=self.antialias)
        return functional.normalize(sized, list(MEAN), list(DEVIATION))


def keys(network: Any, images: Float[Tensor, "b 3 side side"]) -> Float[Tensor, "b n d"]:
    """The keys of the last block, a row per token, the class token first."""
    tokens = network._process_input(images)
    tokens = torch.cat([network.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
    tokens = tokens + network.encoder.pos_embedding
    *before, last = network.encoder.layers
    for block in before:
        tokens = block(tokens)
    _, weight, _ = last.self_attention.in_proj_weight.chunk(3)
    _, bias, _ = last.self_attention.in_proj_bias.chunk(3)
    return linear(last.ln_1(tokens), weight, bias)


def self_similarity(rows: Float[Tensor, "b n d"]) -> Float[Tensor, "b n n"]:
    """The cosine of each pair of rows."""
    unit = normalize(rows, dim=2)
    return unit @ unit.transpose(1, 2)


@lru_cache(maxsize=1)
def dino(path: Path) -> nn.Module:
    """DINO's ViT-B/8; raises ``InputError`` where ``path`` holds a different network."""
    # Imported here because the import takes seconds.
    from torchvision.models import VisionTransformer

    network = VisionTransformer(SIDE, 8, 12, 12, 768, 3072)
    network.register_module("heads", nn.Identity())
    tensors = {torchvision_name(key): tensor for key, tensor in load_weights(path).items()}
    fill(network, tensors, path)
    return network.eval()


def torchvision_name(key: str) -> str:
    """The name that torchvision gives one of DINO's tensors; the key itself where it has none."""
    of_block = key.startswith("blocks.")
    start, rest = "", key
    if of_block:
        _, number, rest = key.split(".", 2)
        start = f"encoder.layers.encoder_layer_{number}."
    for ours, theirs in (PARTS if of_block else NAMES).items():
        if rest == ours or rest.startswith(f"{ours}."):
            return f"{start}{theirs}{rest.removeprefix(ours)}"
    return key
