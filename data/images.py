"""Opens pictures as a viewer shows them, and squares them for a model."""

import logging
import warnings
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from stat import S_ISREG
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import UInt8
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin, UnidentifiedImageError

from data.colours import over_white, refuse_misread, to_srgb
from pti.errors import InputError

Pixels = UInt8[np.ndarray, "height width 3"]

# PIL's limits protect servers from files of strangers; these files are the user's own.
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
"""The transposition that sets a picture upright, by EXIF orientation."""

REDUCED = 1
"""The bit of a TIFF page's kind that marks a smaller copy of another page."""

TOO_LARGE = (Image.DecompressionBombError, Image.DecompressionBombWarning)

DAMAGE = (OSError, SyntaxError, ValueError, TypeError, RuntimeError, LookupError, AssertionError)
"""Exceptions that PIL raises for files that it can't read."""

log = logging.getLogger(__name__)

_warned = Lock()  # filters of warnings are the whole process's


def open_picture(path: Path) -> Image.Image:
    """A picture file as upright RGB in sRGB, over white where it is transparent.

    Raises ``InputError``, which names the file, where the file is missing, empty, damaged, too
    large or animated, or where the number that means white is unknown.
    """
    return over_white(open_with_alpha(path))


def open_bytes(content: bytes, name: str) -> Image.Image:
    """The same of a picture that lies in another file; ``name`` says where in messages."""
    if not content:
        raise InputError(f"{name} is empty (0 bytes): copy or download it again")
    return over_white(_opened(name, partial(BytesIO, content)))


def open_with_alpha(path: Path) -> Image.Image:
    """The same, but RGBA where parts may be transparent; transparent pixels keep their colours."""
    _check_file(path)
    return _opened(str(path), partial(path.open, "rb"))


def _opened(name: str, opener: Callable[[], BinaryIO]) -> Image.Image:
    with _warned, warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            raw, turn = _load(name, opener)
        except (*DAMAGE, *TOO_LARGE) as error:
            raise InputError(_explain(name, error)) from error
        try:
            picture = to_srgb(raw)
        except ValueError as error:
            raise InputError(_explain(name, error)) from error
    for note in notes:
        log.warning("%s: %s", name, note.message)
    return picture if turn is None else picture.transpose(turn)


def _check_file(path: Path) -> None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{path}: no such file; correct its name or put the picture there"
        ) from error
    except OSError as error:
        raise InputError(_explain(str(path), error)) from error
    if not S_ISREG(status.st_mode):
        raise InputError(f"{path} is not a file: name a picture")
    if status.st_size == 0:
        raise InputError(f"{path} is empty (0 bytes): copy or download it again")


def _explain(name: str, error: Exception) -> str:
    """A sentence on why a picture can't be opened, and what to do about it."""
    if isinstance(error, TOO_LARGE):
        return f"{name} is too large ({error}): scale it down"
    if isinstance(error, UnidentifiedImageError):
        return f"{name} is not a picture that can be read: save it as PNG or JPEG, or remove it"
    if isinstance(error, OSError) and error.errno is not None:  # the system's, not PIL's
        return f"{name} can't be read ({error.strerror}): mend that, or name another file"
    if isinstance(error, ValueError):
        return f"{name} can't be used ({error}): save it anew, with 8 bits a colour"
    return f"{name} is damaged ({error}): copy or download it again"


def _load(name: str, opener: Callable[[], BinaryIO]) -> tuple[Image.Image, Image.Transpose | None]:
    """The picture as stored, and the transposition that sets it upright, or None."""
    # Given a path, PIL would memory-map some turned TIFFs with width and height exchanged.
    with opener() as file, Image.open(file) as picture:
        pages = _full_pages(picture)
        if len(pages) != 1:
            raise InputError(
                f"{name} holds {len(pages)} pictures of full size (an animation, pages or layers): "
                "save the one that you mean"
            )
        picture.seek(pages[0])
        refuse_misread(picture)
        picture.load()
        return picture, TURNS.get(_orientation(picture))


def _full_pages(picture: Image.Image) -> list[int]:
    """Page numbers of the full-size pictures in a file, without thumbnails and phones' extras."""
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
    # ImageOps.exif_transpose rewrites all of the EXIF, which fails for any invalid field.
    try:
        return picture.getexif().get(ExifTags.Base.Orientation)
    except DAMAGE as error:
        warnings.warn(f"its EXIF can't be read ({error}), and was left out", stacklevel=2)
        return None


def square(picture: Image.Image, side: int) -> Pixels:
    """Centre-crop to a square and resize to ``side``, as the code of Null-Text Inversion does."""
    return np.asarray(centred(picture).resize((side, side), Image.Resampling.BICUBIC))


def centred(picture: Image.Image) -> Image.Image:
    """The largest centred square of a picture."""
    shorter = min(picture.size)
    left, top = ((full - shorter) // 2 for full in picture.size)
    return picture.crop((left, top, left + shorter, top + shorter))
