"""Pictures as they come back from a JPEG file."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from pti.types import Image


def through_jpeg(images: Image, quality: int | None, beside: Image) -> Image:
    """8-bit pictures in [0, 1], saved by Pillow with ``quality`` of 100 and opened again.

    Each is saved in a strip, to the right of its picture ``beside``, as PnPInversion saves results:
    chroma has half the size, and is enlarged across the line between two pictures. None leaves the
    pictures as they are.
    """
    if quality is None:
        return images
    strips = torch.cat([beside, images], dim=3)
    saved = torch.stack([_saved(strip, quality) for strip in strips])
    return saved[..., beside.shape[3] :].to(images.device)


def _saved(image: Tensor, quality: int) -> Tensor:
    stream = BytesIO()
    pixels = (image * 255).round().byte().permute(1, 2, 0)
    Pillow.fromarray(pixels.cpu().numpy()).save(stream, "JPEG", quality=quality)
    opened = torch.from_numpy(np.array(Pillow.open(stream)))
    return opened.permute(2, 0, 1).float() / 255
