"""Opening pictures as a viewer would show them, and squaring them for a model."""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from pti.errors import InputError

Pixels = UInt8[np.ndarray, "height width 3"]


def open_picture(path: Path) -> Image.Image:
    """One picture file as upright RGB; transparent parts show white.

    Raises ``InputError`` naming the file where it is missing, empty, damaged or animated.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; correct its name or put the picture there")
    if path.stat().st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy or download it again")
    try:
        with Image.open(path) as picture:
            if getattr(picture, "n_frames", 1) > 1:
                raise InputError(f"{path} is animated or has several pages: save the one you mean")
            picture.load()
            return to_rgb(ImageOps.exif_transpose(picture))
    except UnidentifiedImageError as error:
        raise InputError(f"{path} is no picture that can be read: replace or remove it") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(f"{path} is damaged ({error}): copy or download it again") from error


def to_rgb(picture: Image.Image) -> Image.Image:
    """Eight bits of RGB from any mode: 16-bit is scaled, alpha is laid over white."""
    if picture.mode.startswith("I") or picture.mode == "F":
        return _from_deep(picture)
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")


def _from_deep(picture: Image.Image) -> Image.Image:
    # PIL would clip values above 255 and so turn most 16-bit pictures white.
    values = np.asarray(picture, np.float64)
    full = 1.0 if picture.mode == "F" and values.max() <= 1 else 65535.0
    scaled = (values / full * 255).clip(0, 255).round().astype(np.uint8)
    return Image.fromarray(scaled).convert("RGB")


def square(picture: Image.Image, side: int) -> Pixels:
    """Centre-crop to a square and resize, as Null-Text Inversion's code loads its pictures."""
    shorter = min(picture.size)
    left, top = ((full - shorter) // 2 for full in picture.size)
    box = (left, top, left + shorter, top + shorter)
    return np.asarray(picture.crop(box).resize((side, side), Image.Resampling.BICUBIC))


def to_tensor(pixels: Pixels) -> Float[Tensor, "3 height width"]:
    """Bytes to [0, 1]."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255


def to_pixels(image: Float[Tensor, "3 height width"]) -> Pixels:
    """[0, 1] to bytes by truncation, as the field's code does it."""
    return (image * 255).to(torch.uint8).permute(1, 2, 0).cpu().numpy()
