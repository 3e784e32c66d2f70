"""Pictures as tensors and back."""

import torch
from jaxtyping import Float
from torch import Tensor

from data.images import Pixels


def to_tensor(pixels: Pixels) -> Float[Tensor, "3 height width"]:
    """Convert bytes to [0, 1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255


def to_pixels(image: Float[Tensor, "3 height width"]) -> Pixels:
    """Convert [0, 1] to bytes by truncation, as is common in code for inversion."""
    return (image * 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
