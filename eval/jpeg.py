"""Pictures as they come back from a JPEG file."""

from functools import lru_cache
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
    pixels = (strips * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    saved = torch.stack([_saved(one.tobytes(), one.shape, quality) for one in pixels])
    return saved[..., pictures.source.shape[3] :].to(pictures.output.device)


@lru_cache(maxsize=16)
def _saved(pixels: bytes, shape: tuple[int, ...], quality: int) -> Tensor:
    """A picture as its JPEG gives it back; the last ones are kept for the next metric."""
    stream = BytesIO()
    picture = np.frombuffer(pixels, np.uint8).reshape(shape)
    Pillow.fromarray(picture).save(stream, "JPEG", quality=quality)
    opened = torch.from_numpy(np.array(Pillow.open(stream)))
    return opened.permute(2, 0, 1).float() / 255
