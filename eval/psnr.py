"""Peak signal-to-noise ratio, and the mean squared error it comes from, of pictures in [0, 1]."""

from dataclasses import dataclass

from eval.metric import Metric, PerImage, Pictures
from eval.quantity import MSE, PSNR, Quantity
from pti.types import Image


def mse(images: Image, references: Image) -> PerImage:
    """Mean squared error over channels and pixels; pixels lie in [0, 1]."""
    return (images - references).square().mean(dim=(1, 2, 3))


def psnr(images: Image, references: Image) -> PerImage:
    """PSNR in dB for a peak of 1; infinite where the pictures are equal."""
    return -10 * mse(images, references).log10()


@dataclass(frozen=True)
class Mse(Metric):
    """Mean squared error of the result to the input."""

    @property
    def quantity(self) -> Quantity:
        """Mean squared error."""
        return MSE

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture, 0 for a copy."""
        return mse(pictures.output, pictures.source)


@dataclass(frozen=True)
class Psnr(Metric):
    """PSNR of the result to the input."""

    @property
    def quantity(self) -> Quantity:
        """PSNR in dB."""
        return PSNR

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value in dB per picture, infinite for a copy."""
        return psnr(pictures.output, pictures.source)
