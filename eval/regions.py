"""PSNR and SSIM over part of a picture, such as what an edit should change or leave alone."""

from jaxtyping import Bool, Float
from torch import Tensor

from eval.metric import PerImage
from pti.types import Image

Mask = Bool[Tensor, "b 1 height width"]
"""True where pixels count; its complement gives the other side."""

CHANGED = 6.5 / 255
"""A pixel that differs by over 6 of 255, in any channel, is one that the true edit changes."""


def changed(truth: Image, source: Image) -> Mask:
    """Where the true edit of ``source`` changes it; all are 8-bit pictures in [0, 1]."""
    return (truth - source).abs().amax(dim=1, keepdim=True) > CHANGED


def psnr_where(images: Image, references: Image, mask: Mask) -> PerImage:
    """In dB, for a peak of 1; infinite where the pictures are equal, NaN where no pixel counts."""
    return -10 * _mean_where((images - references).square(), mask).log10()


def ssim_where(images: Image, references: Image, mask: Mask) -> PerImage:
    """Mean of ``eval.ssim``'s map over the masked pixels; NaN where no pixel counts.

    Each pixel's window is 11 wide, so near the mask's edge it also sees 5 pixels beyond.
    """
    # Imported here because it takes seconds.
    from torchmetrics.functional.image import structural_similarity_index_measure

    _, similarity = structural_similarity_index_measure(
        images, references, data_range=1.0, reduction="none", return_full_image=True
    )
    return _mean_where(similarity, mask)


def _mean_where(values: Float[Tensor, "b 3 height width"], mask: Mask) -> PerImage:
    return (values.mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))
