"""FlexIT's preprocessing of pictures: resize the shorter side, then crop the centre."""

from jaxtyping import Float
from torch import Tensor

from pti.types import Image


def resize_and_crop(images: Image, size: int) -> Float[Tensor, "b 3 {size} {size}"]:
    """Squares of ``size`` by ``size`` pixels, in [0, 1] and in steps of 1/255.

    Resizing is bilinear and antialiased on 8-bit pixels. The result differs by at most 1/255 from
    torchvision's ``Resize`` and ``CenterCrop`` on a Pillow image, which
    facebookresearch/SemanticImageTranslation uses.
    """
    # Imported here because the import takes seconds.
    from torchvision.transforms.v2 import functional

    pixels = (images * 255).round().byte()
    resized = functional.resize(pixels, [size], antialias=True)
    return functional.center_crop(resized, [size, size]).float() / 255
