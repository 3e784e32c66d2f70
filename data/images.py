"""Opening pictures as a viewer would show them, and squaring them for a model."""

import logging
import warnings
from pathlib import Path
from stat import S_ISREG
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError
from torch import Tensor

from data.colours import over_white, refuse_misread, to_srgb
from pti.errors import InputError

Pixels = UInt8[np.ndarray, "height width 3"]

# PIL's limits are those of a web server that strangers send files to. These are the user's own.
Image.MAX_IMAGE_PIXELS = 500_000_000
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 2**28

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture of each EXIF orientation upright."""

REDUCED = 1
"""The bit of a TIFF page's kind that marks a smaller copy of another page."""

TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)

DAMAGE = (OSError, SyntaxError, ValueError, TypeError, RuntimeError, LookupError, AssertionError)
"""What PIL raises of files that it can't make sense of."""

log = logging.getLogger(__name__)


def open_picture(path: Path) -> Image.Image:
    """One picture file as upright RGB in sRGB; transparent parts show white.

    Raises ``InputError`` naming the file where it is missing, empty, damaged, too large or
    animated, or where nothing tells which of its numbers is white.
    """
    return over_white(open_with_alpha(path))


def open_with_alpha(path: Path) -> Image.Image:
    """The same, but RGBA where parts may be transparent, with the colours beneath them."""
    _check_file(path)
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            raw, turn = _load(path)
        except (*DAMAGE, *TOO_LARGE) as error:
            raise InputError(_explain(path, error)) from error
        try:
            picture = to_srgb(raw)
        except ValueError as error:
            raise InputError(_explain(path, error)) from error
    for note in notes:
        log.warning("%s: %s", path, note.message)
    return picture if turn is None else picture.transpose(turn)


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{path}: no such file; correct its name or put the picture there"
        ) from error
    except OSError as error:
        raise InputError(_explain(path, error)) from error
    if not S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a file: name a picture")
    if status.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy or download it again")


def _explain(path: Path, error: Exception) -> str:
    """What is wrong with a picture that PIL can't open, and what to do."""
    if isinstance(error, TOO_LARGE):
        return f"{path} is too large ({error}): scale it down"
    if isinstance(error, UnidentifiedImageError):
        return f"{path} is not a picture that can be read: save it as PNG or JPEG, or remove it"
    if isinstance(error, OSError) and error.errno is not None:  # the system's, not PIL's
        return f"{path} can't be read ({error.strerror}): mend that, or name another file"
    if isinstance(error, ValueError):
        return f"{path} can't be used ({error}): save it anew, with 8 bits a colour"
    return f"{path} is damaged ({error}): copy or download it again"


def _load(path: Path) -> tuple[Image.Image, Image.Transpose | None]:
    """The picture as it is stored, and what sets it upright."""
    # By its name, PIL would map some turned TIFFs into memory with width and height exchanged.
    with path.open("rb") as file, Image.open(file) as picture:
        pages = _full_pages(picture)
        if len(pages) != 1:
            raise InputError(
                f"{path} holds {len(pages)} pictures of full size (an animation, pages or layers): "
                "save the one that you mean"
            )
        picture.seek(pages[0])
        refuse_misread(picture)
        picture.load()
        return picture, TURNS.get(_orientation(picture))


def _full_pages(picture: Image.Image) -> list[int]:
    """Numbers of the pictures in a file; thumbnails and what a phone hides behind aren't any."""
    if picture.format == "MPO":
        return [0]
    pages = list(range(getattr(picture, "n_frames", 1)))
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return pages
    kinds: list[int] = []
    for page in pages:
        picture.seek(page)
        kinds.append(picture.tag_v2.get(ExifTags.Base.NewSubfileType, 0))
    return [page for page, kind in zip(pages, kinds, strict=True) if not kind & REDUCED]


def _orientation(picture: Image.Image) -> Any:
    # Not ImageOps.exif_transpose: it writes all of the EXIF anew, where any odd field fails.
    try:
        return picture.getexif().get(ExifTags.Base.Orientation)
    except DAMAGE as error:
        warnings.warn(f"its EXIF can't be read ({error}), and was left out", stacklevel=2)
        return None


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
