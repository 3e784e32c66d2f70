"""What an edit of one picture has made."""

from dataclasses import dataclass, replace

from PIL import Image

from data.images import Pixels
from experiments.edit.frame import Frame
from pti.diffusion.calls import Calls


@dataclass(frozen=True, eq=False)
class Result:
    """An edited picture, at the size of the input.

    ``mask`` is white where the edit was let in, and None for a method without a mask. ``square`` is
    what the model made, at its own size, before it was put in its place; ``share`` is the mask's
    share of it, from 0 to 1. ``calls`` counts the UNet calls, and ``seconds`` the time, of this
    picture's inversion, whenever it was made, and of its edit; in a list it is an average.
    """

    image: Image.Image
    mask: Image.Image | None
    square: Image.Image
    share: float | None
    calls: Calls
    seconds: dict[str, float]


def result_of(
    frame: Frame, square: Pixels, mask: Pixels | None, calls: Calls, seconds: dict[str, float]
) -> Result:
    """The result of the model's square and its mask, put back in the frame."""
    nothing = replace(frame, picture=Image.new("RGB", frame.picture.size))
    nearest = Image.Resampling.NEAREST
    return Result(
        image=frame.put_back(square, Image.Resampling.BICUBIC),
        mask=None if mask is None else nothing.put_back(mask, nearest).convert("L"),
        square=Image.fromarray(square),
        share=None if mask is None else float(mask.mean() / 255),
        calls=calls,
        seconds=dict(seconds),
    )
