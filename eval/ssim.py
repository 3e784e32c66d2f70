"""Structural similarity (Wang et al., 2004): Gaussian window, sigma 1.5, population variance."""

from eval.metric import Metric, PerImage, to_source
from pti.types import Image


def ssim(images: Image, references: Image) -> PerImage:
    """Mean over channels and pixels as torchmetrics takes it: borders are mirrored and count.

    scikit-image leaves the five outermost pixels out instead, so its values differ.
    """
    # Imported here because it takes seconds, and a report needs no more than the metric's name.
    from torchmetrics.functional.image import structural_similarity_index_measure

    values = structural_similarity_index_measure(
        images, references, data_range=1.0, reduction="none"
    )
    assert not isinstance(values, tuple)
    return values.reshape(len(images))


SSIM = Metric("ssim[0,1]", higher_is_better=True, decimals=3, measure=to_source(ssim))
