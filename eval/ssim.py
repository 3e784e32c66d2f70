"""Structural similarity (Wang et al., 2004): Gaussian window, sigma 1.5, population variance."""

from dataclasses import dataclass

from eval.metric import Metric, PerImage, Pictures
from eval.quantity import SSIM, Quantity
from pti.types import Image


def ssim(images: Image, references: Image) -> PerImage:
    """SSIM as in torchmetrics: the mean over channels and pixels, with mirrored borders.

    scikit-image leaves out the five outermost pixels, so its values differ.
    """
    # Imported here because the import takes seconds, and not every set of metrics has SSIM.
    from torchmetrics.functional.image import structural_similarity_index_measure

    values = structural_similarity_index_measure(
        images, references, data_range=1.0, reduction="none"
    )
    assert not isinstance(values, tuple)
    return values.reshape(len(images))


@dataclass(frozen=True)
class Ssim(Metric):
    """SSIM of the result to the input."""

    @property
    def quantity(self) -> Quantity:
        """SSIM, 1 for a copy."""
        return SSIM

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture."""
        return ssim(pictures.output, pictures.source)
