"""Converts pictures of any mode to 8-bit sRGB, as a viewer shows them."""

import warnings
from io import BytesIO
from typing import Any

import numpy as np
from jaxtyping import Num
from PIL import Image, ImageChops, ImageCms, PngImagePlugin, TiffImagePlugin

Numbers = Num[np.ndarray, "height width"]
Layers = tuple[Image.Image, Image.Image | None]
"""Colours, and alpha or None."""

SRGB, LAB = (ImageCms.ImageCmsProfile(ImageCms.createProfile(kind)) for kind in ("sRGB", "LAB"))
SIXTEEN = ("JPEG2000", "PNG", "PPM", "TIFF")
"""Formats whose integers of more than 8 bits have white at the largest value of their bits."""

MISREAD_KEYS = ("L;2", "L;4", "RGB;16B")
"""Raw modes of PNG that PIL converts to 8 bits without converting their transparent colour."""

DARK = 16
"""A picture whose brightest pixel is at most white divided by this may have a different white."""

DIM = 8.0
"""Median of 255 below which floats more likely have a different white."""


def to_srgb(picture: Image.Image) -> Image.Image:
    """RGB, or RGBA where parts may be transparent, with an embedded colour profile applied.

    Warns where the profile can't be applied. Raises ``ValueError`` where white is unknown.
    """
    colours, alpha = _layers(picture)
    result = _apply_profile(colours, picture.info.get("icc_profile"))
    if alpha is not None:
        result.putalpha(alpha)
    result.info = {}  # its profile and transparent colour refer to the numbers before conversion
    return result


def refuse_misread(picture: Image.Image) -> None:
    """Raise ``ValueError`` for pictures that PIL misreads; call it before the picture is loaded."""
    tags = _tags(picture)
    if 2 in tags.get(TiffImagePlugin.SAMPLEFORMAT, ()):
        raise ValueError("its numbers are signed, and nothing tells which of them is white")
    planes = tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
    plain = tags.get(TiffImagePlugin.COMPRESSION) == 1
    if planes and plain and tags[TiffImagePlugin.BITSPERSAMPLE][0] > 8:
        raise ValueError("its colours lie in planes of 16 bits, which are not supported")
    png = isinstance(picture, PngImagePlugin.PngImageFile)
    if png and "transparency" in picture.info and picture.tile[0].args in MISREAD_KEYS:
        raise ValueError("a transparent colour of 2, 4 or 16 bits is not supported")


def over_white(picture: Image.Image) -> Image.Image:
    """RGB over white; ``picture`` is RGB or RGBA."""
    if picture.mode == "RGB":
        return picture
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")


def _layers(picture: Image.Image) -> Layers:
    if picture.mode.startswith("I") or picture.mode == "F":
        return _from_deep(picture)
    mode = "L" if Image.getmodebase(picture.mode) == "L" else "RGB"
    if picture.has_transparency_data:
        whole = picture.convert("RGBA")
        return whole.convert(mode), whole.getchannel("A")
    return (picture if picture.mode in ("CMYK", "LAB") else picture.convert(mode)), None


def _tags(picture: Image.Image) -> dict[int, Any]:
    return dict(picture.tag_v2) if isinstance(picture, TiffImagePlugin.TiffImageFile) else {}


def _apply_profile(colours: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert colours from ``profile`` to sRGB."""
    if profile:
        try:
            return _transform(colours, profile)
        except (OSError, ImageCms.PyCMSError) as error:
            warnings.warn(
                f"its colour profile can't be used ({error}), and was left out", stacklevel=2
            )
    if colours.mode == "LAB":
        return _through(colours, LAB)
    return colours.convert("RGB")


def _transform(colours: Image.Image, profile: bytes) -> Image.Image:
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    if colours.mode == "L" and profile[16:20] == b"RGB ":
        colours = colours.convert("RGB")
    result, plain = _through(colours, source), colours.convert("RGB")
    change = np.asarray(ImageChops.difference(result, plain)).max()
    return plain if change <= 1 else result  # the profile is sRGB, up to rounding


def _through(colours: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    result = ImageCms.profileToProfile(colours, profile, SRGB, outputMode="RGB")
    assert result is not None, "it is None where it works in place"
    return result


def _from_deep(picture: Image.Image) -> Layers:
    # PIL would clip values above 255, which turns most 16-bit pictures white.
    numbers = np.asarray(picture)
    white = _white(picture, numbers)
    if 0 < float(numbers.max()) * DARK <= white:
        warnings.warn(
            f"its brightest number is {numbers.max():g}, where white is {white:g}: it is read as "
            "nearly black",
            stacklevel=2,
        )
    levels = np.multiply(numbers, 255 / white, dtype=np.float32)
    if _tags(picture).get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0:
        levels = 255 - levels  # zero is white, which PIL respects only up to 8 bits
    colours = Image.fromarray(levels.clip(0, 255).round().astype(np.uint8))
    clear = picture.info.get("transparency")
    if clear is None:
        return colours, None
    return colours, Image.fromarray(np.where(numbers == clear, 0, 255).astype(np.uint8))


def _white(picture: Image.Image, numbers: Numbers) -> float:
    """The number that means white; raises ``ValueError`` where it is unknown."""
    if not np.isfinite(numbers).all():
        raise ValueError("some of its numbers are not finite")
    low, high = float(numbers.min()), float(numbers.max())

    def within(white: float) -> bool:
        step = white / 255  # smaller excess comes from rounding
        return -step <= low and high <= white + step

    if picture.mode == "F":
        if within(1.0):
            return 1.0
        if within(255.0) and np.median(numbers[numbers > 0]) >= DIM:
            return 255.0
    elif picture.format in SIXTEEN and (picture.format, picture.mode) != ("TIFF", "I"):
        return 2.0 ** _tags(picture).get(TiffImagePlugin.BITSPERSAMPLE, (16,))[0] - 1
    raise ValueError(f"its numbers go from {low:g} to {high:g}, and nothing tells which is white")
