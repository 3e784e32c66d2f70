"""PSNR and SSIM over part of a picture, for example the region that an edit should change."""

from jaxtyping import Bool, Float
from torch import Tensor

from eval.metric import PerImage
from pti.types import Image

Mask = Bool[Tensor, "b 1 height width"]
"""True where pixels count."""

CHANGED = 6.5 / 255
"""The true edit changes a pixel where any channel differs by more than 6 of 255 levels."""


def changed(truth: Image, source: Image) -> Mask:
    """True where the true edit changes ``source``; both are 8-bit pictures in [0, 1]."""
    return (truth - source).abs().amax(dim=1, keepdim=True) > CHANGED


def mse_where(images: Image, references: Image, mask: Mask) -> PerImage:
    """Mean squared error over the masked pixels; NaN where none counts."""
    return mean_where((images - references).square(), mask)


def psnr_where(images: Image, references: Image, mask: Mask) -> PerImage:
    """PSNR in dB over the masked pixels; infinite where they are equal, NaN where none counts."""
    return -10 * mse_where(images, references, mask).log10()


def ssim_where(images: Image, references: Image, mask: Mask) -> PerImage:
    """Mean of ``eval.ssim``'s map over the masked pixels; NaN where no pixel counts.

    Each pixel's window is 11 pixels wide, so it reaches up to 5 pixels beyond the mask.
    """
    # Imported here because the import takes seconds.
    from torchmetrics.functional.image import structural_similarity_index_measure

    _, similarity = structural_similarity_index_measure(
        images, references, data_range=1.0, reduction="none", return_full_image=True
    )
    return mean_where(similarity, mask)


def mean_where(values: Float[Tensor, "b _ height width"], mask: Mask) -> PerImage:
    """The mean of a map over the masked pixels; NaN where none counts."""
    return (values.mean(1, keepdim=True) * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))
