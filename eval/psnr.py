"""Peak signal-to-noise ratio, and the mean squared error it comes from, of pictures in [0, 1]."""

from eval.metric import Metric, PerImage, to_source
from pti.types import Image


def mse(images: Image, references: Image) -> PerImage:
    """Mean squared error over channels and pixels; pixels lie in [0, 1]."""
    return (images - references).square().mean(dim=(1, 2, 3))


def psnr(images: Image, references: Image) -> PerImage:
    """PSNR in dB for a peak of 1; infinite where the pictures are equal."""
    return -10 * mse(images, references).log10()


MSE = Metric("mse[0,1]", higher_is_better=False, decimals=5, measure=to_source(mse))
PSNR = Metric("psnr[0,1]", higher_is_better=True, decimals=2, unit="dB", measure=to_source(psnr))
