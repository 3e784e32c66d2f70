"""Pictures as they come back from a JPEG file."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image as Pillow
from torch import Tensor

from eval.metric import Pictures
from pti.types import Image


def through_jpeg(pictures: Pictures, quality: int | None) -> Image:
    """The results, of 8 bits, saved by Pillow with ``quality`` of 100 and opened again.

    Each is saved in a strip, to the right of its input, as PnPInversion saves results: chroma has
    half the size, and is enlarged across the line between two pictures. Results stay as they are
    where ``quality`` is None, and where they were read from JPEG files already.
    """
    if quality is None or pictures.from_jpeg:
        return pictures.output
    strips = torch.cat([pictures.source, pictures.output], dim=3)
    saved = torch.stack([_saved(strip, quality) for strip in strips])
    return saved[..., pictures.source.shape[3] :].to(pictures.output.device)


def _saved(image: Tensor, quality: int) -> Tensor:
    stream = BytesIO()
    pixels = (image * 255).round().byte().permute(1, 2, 0)
    Pillow.fromarray(pixels.cpu().numpy()).save(stream, "JPEG", quality=quality)
    opened = torch.from_numpy(np.array(Pillow.open(stream)))
    return opened.permute(2, 0, 1).float() / 255
