"""The size at which FlexIT compares pictures: shorter side resized, centre cut out."""

from jaxtyping import Float
from torch import Tensor

from pti.types import Image


def resize_and_crop(images: Image, size: int) -> Float[Tensor, "b 3 {size} {size}"]:
    """Squares of ``size`` pixels a side, in steps of 1/255.

    Bilinear and antialiased on 8-bit pixels, within one level of what torchvision's ``Resize`` and
    ``CenterCrop`` make of a Pillow image, as in facebookresearch/SemanticImageTranslation.
    """
    # Imported here because it takes seconds.
    from torchvision.transforms.v2 import functional

    pixels = (images * 255).round().byte()
    resized = functional.resize(pixels, [size], antialias=True)
    return functional.center_crop(resized, [size, size]).float() / 255
