"""Converts a picture of any shape to the square that a model edits, and back."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from data.colours import over_white
from data.images import Pixels, square

FITS = {"crop": min, "pad": max}
"""The side of the edited square, from the picture's width and height."""


@dataclass(frozen=True)
class Frame:
    """A picture and the side in pixels of the centred square that is edited.

    The picture is RGB, or RGBA where parts may be transparent; those are edited as over white.
    """

    picture: Image.Image
    size: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the square in pixels; it may exceed the picture."""
        left, top = ((full - self.size) // 2 for full in self.picture.size)
        return left, top, left + self.size, top + self.size

    def squared(self, side: int) -> Pixels:
        """The square, resized to ``side`` by ``side``."""
        return square(Image.fromarray(self.extended()), side)

    def extended(self) -> Pixels:
        """The square at its own size; edge colours extend beyond the picture.

        Mirroring would duplicate objects, and one flat colour would add a border.
        """
        (left, top, right, bottom), (width, height) = self.box, self.picture.size
        there = (max(left, 0), max(top, 0), min(right, width), min(bottom, height))
        view = over_white(self.picture.crop(there))
        rows, columns = (there[1] - top, bottom - there[3]), (there[0] - left, right - there[2])
        return np.pad(np.asarray(view), (rows, columns, (0, 0)), mode="edge")

    def put_back(self, pixels: Pixels, how: Image.Resampling) -> Image.Image:
        """The picture with ``pixels`` in place of its square; its alpha is unchanged."""
        whole = self.picture.copy()
        patch = Image.fromarray(pixels).resize((self.size, self.size), how)
        if whole.mode == "RGBA":
            patch = _beneath(patch, whole.crop(self.box))
        whole.paste(patch, self.box)
        return whole


def _beneath(view: Image.Image, own: Image.Image) -> Image.Image:
    """Colours that look like ``view`` over white through the alpha of ``own``.

    Solves ``view = alpha colour + (1 - alpha) 255`` for the colour and clips it at black. Where
    alpha is 0, the colour of ``own`` is kept.
    """
    colours, alpha = np.asarray(own)[..., :3], np.asarray(own)[..., 3:]
    dark = (255 - np.asarray(view)).astype(np.uint16) * 255 + alpha // 2
    paint = 255 - (dark // np.maximum(alpha, 1)).clip(max=255).astype(np.uint8)
    patch = Image.fromarray(np.where(alpha > 0, paint, colours))
    patch.putalpha(own.getchannel("A"))
    return patch
