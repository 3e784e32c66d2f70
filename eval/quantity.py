"""The names, directions and units of measured quantities; reports need no more of a metric."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """A measured quantity, per picture or per class of pictures.

    ``id`` names the quantity and its settings: it is the key in the score files and the header of a
    table. ``decimals`` is the number of decimals in a table. ``below_zero`` explains a value below
    0, for a quantity that is never negative but whose estimate can be.
    """

    id: str
    higher_is_better: bool
    decimals: int
    unit: str = ""
    below_zero: str = ""


PSNR = Quantity("psnr[0,1]", higher_is_better=True, decimals=2, unit="dB")
MSE = Quantity("mse[0,1]", higher_is_better=False, decimals=5)
SSIM = Quantity("ssim[0,1]", higher_is_better=True, decimals=3)
PSNR_TO_TRUTH = Quantity("psnr-to-truth[0,1]", higher_is_better=True, decimals=2, unit="dB")
PSNR_INSIDE = Quantity("psnr-inside[0,1]", higher_is_better=True, decimals=2, unit="dB")
"""Compares with the truth, where the truth differs from the input."""

PSNR_OUTSIDE = Quantity("psnr-outside[0,1]", higher_is_better=True, decimals=2, unit="dB")
"""Compares with the input, where the truth equals the input."""

SSIM_INSIDE = Quantity("ssim-inside[0,1]", higher_is_better=True, decimals=3)
SSIM_OUTSIDE = Quantity("ssim-outside[0,1]", higher_is_better=True, decimals=3)
