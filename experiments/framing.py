"""From a picture of any shape to the square that a model edits, and back."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from data.images import Pixels, square


@dataclass(frozen=True)
class Frame:
    """The square of a picture that is edited, and its way back into the picture."""

    picture: Image.Image
    size: int

    @property
    def corner(self) -> tuple[int, int]:
        """Left and top of the square in the picture; negative where it reaches beyond."""
        left, top = ((full - self.size) // 2 for full in self.picture.size)
        return left, top

    def squared(self, side: int) -> Pixels:
        """The square at the model's size; beyond an edge of the picture its colours go on.

        Mirrored, things would be there twice, and one flat colour would draw a border.
        """
        columns, rows = (
            np.arange(start, start + self.size).clip(0, full - 1)
            for start, full in zip(self.corner, self.picture.size, strict=True)
        )
        return square(Image.fromarray(np.asarray(self.picture)[rows][:, columns]), side)

    def put_back(self, pixels: Pixels, around: Image.Image, how: Image.Resampling) -> Pixels:
        """The square over ``around``, which has the picture's size."""
        whole = around.copy()
        whole.paste(Image.fromarray(pixels).resize((self.size, self.size), how), self.corner)
        return np.asarray(whole)
