"""The names, directions and units of measured quantities; reports need no more of a metric."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Quantity:
    """A measured quantity, per picture or per class of pictures.

    ``id`` names the quantity and its settings: it is the key in the score files and the header of a
    table. ``decimals`` is the number of decimals in a table. ``below_zero`` explains a value below
    0, for a quantity that is never negative but whose estimate can be. ``matters`` is the smallest
    difference between two methods that matters to a reader, 0 where none is stated.
    """

    id: str
    higher_is_better: bool
    decimals: int
    unit: str = ""
    below_zero: str = ""
    matters: float = 0.0


PSNR = Quantity("psnr[0,1]", higher_is_better=True, decimals=2, unit="dB", matters=0.1)
MSE = Quantity("mse[0,1]", higher_is_better=False, decimals=5)
SSIM = Quantity("ssim[0,1]", higher_is_better=True, decimals=3, matters=0.005)
PSNR_TO_TRUTH = replace(PSNR, id="psnr-to-truth[0,1]")
PSNR_INSIDE = replace(PSNR, id="psnr-inside[0,1]")
"""Compares with the truth, where the truth differs from the input."""

PSNR_OUTSIDE = replace(PSNR, id="psnr-outside[0,1]")
"""Compares with the input, where the edit should change nothing."""

SSIM_INSIDE = replace(SSIM, id="ssim-inside[0,1]")
