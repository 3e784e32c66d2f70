"""Metrics of edits whose true result is known: outside the edit, inside it, and as a whole."""

from torch import Tensor

from eval.metric import Metric, PerImage, Pictures
from eval.psnr import PSNR, psnr
from eval.regions import psnr_where, ssim_where
from eval.ssim import SSIM
from pti.types import Image


def _truth(pictures: Pictures) -> tuple[Image, Tensor]:
    assert pictures.truth is not None
    assert pictures.changed is not None
    return pictures.truth, pictures.changed


def _to_truth(pictures: Pictures) -> PerImage:
    return psnr(pictures.output, _truth(pictures)[0])


def _psnr_inside(pictures: Pictures) -> PerImage:
    return psnr_where(pictures.output, *_truth(pictures))


def _psnr_outside(pictures: Pictures) -> PerImage:
    return psnr_where(pictures.output, pictures.source, ~_truth(pictures)[1])


def _ssim_inside(pictures: Pictures) -> PerImage:
    return ssim_where(pictures.output, *_truth(pictures))


def _ssim_outside(pictures: Pictures) -> PerImage:
    return ssim_where(pictures.output, pictures.source, ~_truth(pictures)[1])


PSNR_TO_TRUTH = Metric("psnr-to-truth[0,1]", True, PSNR.decimals, _to_truth, unit=PSNR.unit)
PSNR_INSIDE = Metric("psnr-inside[0,1]", True, PSNR.decimals, _psnr_inside, unit=PSNR.unit)
"""Compares with the truth, where the truth differs from the input."""

PSNR_OUTSIDE = Metric("psnr-outside[0,1]", True, PSNR.decimals, _psnr_outside, unit=PSNR.unit)
"""Compares with the input, where the truth equals the input."""

SSIM_INSIDE = Metric("ssim-inside[0,1]", True, SSIM.decimals, _ssim_inside)
SSIM_OUTSIDE = Metric("ssim-outside[0,1]", True, SSIM.decimals, _ssim_outside)

BESIDE_TRUTH = (PSNR_OUTSIDE, PSNR_INSIDE, SSIM_OUTSIDE, SSIM_INSIDE)
