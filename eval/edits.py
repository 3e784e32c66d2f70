"""Metrics of edits whose true result is known: inside the edit, and as a whole."""

from dataclasses import dataclass

from torch import Tensor

from eval.metric import Metric, PerImage, Pictures
from eval.psnr import psnr
from eval.quantity import (
    PSNR_INSIDE,
    PSNR_TO_TRUTH,
    SSIM_INSIDE,
    Quantity,
)
from eval.regions import psnr_where, ssim_where
from pti.types import Image


@dataclass(frozen=True)
class PsnrToTruth(Metric):
    """PSNR of the result to the true edit."""

    needs = ("truth",)

    @property
    def quantity(self) -> Quantity:
        """PSNR in dB."""
        return PSNR_TO_TRUTH

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value in dB per picture, infinite for the truth itself."""
        return psnr(pictures.output, _truth(pictures))


@dataclass(frozen=True)
class PsnrInside(Metric):
    """PSNR of the result to the true edit, where that differs from the input."""

    needs = ("truth", "changed")

    @property
    def quantity(self) -> Quantity:
        """PSNR in dB."""
        return PSNR_INSIDE

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value in dB per picture, NaN where the true edit changes nothing."""
        return psnr_where(pictures.output, _truth(pictures), _changed(pictures))


@dataclass(frozen=True)
class SsimInside(Metric):
    """SSIM of the result to the true edit, where that differs from the input."""

    needs = ("truth", "changed")

    @property
    def quantity(self) -> Quantity:
        """SSIM, 1 for the truth itself."""
        return SSIM_INSIDE

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture, NaN where the true edit changes nothing."""
        return ssim_where(pictures.output, _truth(pictures), _changed(pictures))


def _truth(pictures: Pictures) -> Image:
    assert pictures.truth is not None
    return pictures.truth


def _changed(pictures: Pictures) -> Tensor:
    assert pictures.changed is not None
    return pictures.changed
