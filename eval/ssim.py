"""Structural similarity (Wang et al., 2004): Gaussian window, sigma 1.5, population variance."""

from eval.metric import Metric, PerImage, to_source
from pti.types import Image


def ssim(images: Image, references: Image) -> PerImage:
    """SSIM as in torchmetrics: the mean over channels and pixels, with mirrored borders.

    scikit-image leaves out the five outermost pixels, so its values differ.
    """
    # Imported here because the import takes seconds, and a report needs only the metric's name.
    from torchmetrics.functional.image import structural_similarity_index_measure

    values = structural_similarity_index_measure(
        images, references, data_range=1.0, reduction="none"
    )
    assert not isinstance(values, tuple)
    return values.reshape(len(images))


SSIM = Metric("ssim[0,1]", higher_is_better=True, decimals=3, measure=to_source(ssim))
