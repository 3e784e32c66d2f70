"""Opens what a user of Python calls a picture: a path, a picture of PIL, or an array."""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image

from data.colours import refuse_misread, to_srgb
from data.images import DAMAGE, TURNS, open_with_alpha
from pti.errors import InputError

Picture = str | PathLike[str] | Image.Image | np.ndarray
"""A file, a picture of PIL, or bytes of height by width by 3 (RGB) or 4 (RGBA)."""


def opened(picture: Any) -> Image.Image:
    """The picture as a viewer shows it: upright and in sRGB, RGBA where it may be transparent.

    Raises ``InputError`` where it can't be opened, or is no picture.
    """
    if isinstance(picture, str | PathLike):
        return open_with_alpha(Path(picture))
    if isinstance(picture, np.ndarray):
        return _of_array(picture)
    if isinstance(picture, Image.Image):
        return _of_pil(picture)
    raise InputError(
        f"{type(picture).__name__} is no picture: give a path, a picture of PIL, or an array of "
        "bytes, height by width by 3"
    )


def _of_array(array: np.ndarray) -> Image.Image:
    if array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size:
        raise InputError(
            f"an array of shape {array.shape} is no picture: give height by width by 3 (RGB) or 4 "
            "(RGBA), and several pictures as a list"
        )
    if array.dtype != np.uint8:
        raise InputError(
            f"an array of {array.dtype} does not tell which number is white: give bytes (uint8), "
            "from 0 to 255"
        )
    return Image.fromarray(array)


def _of_pil(picture: Image.Image) -> Image.Image:
    if not all(picture.size):
        raise InputError(f"a picture of {picture.width} by {picture.height} pixels is empty")
    try:
        if getattr(picture, "tile", None):  # not read from its file yet
            refuse_misread(picture)
        picture.load()
        orientation: Any = picture.getexif().get(ExifTags.Base.Orientation)
        upright = to_srgb(picture)
    except DAMAGE as error:
        raise InputError(f"the picture can't be used ({error}): save it anew as PNG") from error
    turn = TURNS.get(orientation)
    return upright if turn is None else upright.transpose(turn)
