"""Comparisons of a result with its input in part of the picture, by conventions that ids name.

PIE-Bench (Ju et al., 2024, arXiv 2310.01506) sets all pixels of the other part to 0 in both
pictures and averages over the whole frame, so that its values depend on how large the part is. The
mean over the part alone does not. Its results were saved as JPEG files before they were compared.
"""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Literal

import torch

from eval.jpeg import through_jpeg
from eval.metric import Metric, PerImage, Pictures
from eval.psnr import mse, psnr
from eval.quantity import MSE, PSNR, SSIM, Quantity
from eval.regions import Mask, mse_where, psnr_where, ssim_where
from eval.ssim import ssim
from pti.errors import one_of
from pti.types import Image

Part = Literal["outside", "inside"]
Masking = Literal["mean", "zeroed"]

NAMES = {"outside": "outside", "inside": "inside-to-input"}
"""``inside`` alone compares with the truth."""


@dataclass(frozen=True)
class InRegion(Metric):
    """A comparison with the input outside or inside of the region that the edit should change.

    ``masking`` is the mean over the part, or ``zeroed`` as PIE-Bench has it. ``jpeg`` is the
    quality, of 100, with which the result is saved first; None leaves it as its PNG has it.
    """

    part: Part
    masking: Masking = "mean"
    jpeg: int | None = None

    needs = ("changed",)

    def __post_init__(self) -> None:
        one_of("part", self.part, Part)
        one_of("masking", self.masking, Masking)

    def __call__(self, pictures: Pictures) -> PerImage:
        """One value per picture, NaN where no pixel counts."""
        assert pictures.changed is not None
        output, source = through_jpeg(pictures, self.jpeg), pictures.source
        mask = pictures.changed if self.part == "inside" else ~pictures.changed
        if self.masking == "zeroed":
            values = self.whole(output * mask, source * mask)
        else:
            values = self.where(output, source, mask)
        return values.where(mask.flatten(1).any(1), torch.nan)

    @abstractmethod
    def whole(self, images: Image, references: Image) -> PerImage:
        """The comparison over the whole frame."""

    @abstractmethod
    def where(self, images: Image, references: Image, mask: Mask) -> PerImage:
        """Its mean over the pixels of ``mask``."""

    def named(self, quantity: Quantity) -> Quantity:
        """``quantity`` with the part and the conventions in its id."""
        name, bracket, setting = quantity.id.partition("[")
        said = [setting.rstrip("]")] if bracket else []
        said += (["zeroed"] if self.masking == "zeroed" else []) + saved_as(self.jpeg)
        about = f"[{','.join(said)}]" if said else ""
        return replace(quantity, id=f"{name}-{NAMES[self.part]}{about}")


def saved_as(jpeg: int | None) -> list[str]:
    """What an id says of the file format: nothing of a PNG."""
    return [] if jpeg is None else [f"jpeg{jpeg}"]


@dataclass(frozen=True)
class PsnrInRegion(InRegion):
    """PSNR to the input in part of the picture."""

    @property
    def quantity(self) -> Quantity:
        """PSNR in dB, infinite for a copy."""
        return self.named(PSNR)

    def whole(self, images: Image, references: Image) -> PerImage:
        """Over the whole frame."""
        return psnr(images, references)

    def where(self, images: Image, references: Image, mask: Mask) -> PerImage:
        """Over the masked pixels."""
        return psnr_where(images, references, mask)


@dataclass(frozen=True)
class MseInRegion(InRegion):
    """Mean squared error to the input in part of the picture."""

    @property
    def quantity(self) -> Quantity:
        """Mean squared error, 0 for a copy."""
        return self.named(MSE)

    def whole(self, images: Image, references: Image) -> PerImage:
        """Over the whole frame."""
        return mse(images, references)

    def where(self, images: Image, references: Image, mask: Mask) -> PerImage:
        """Over the masked pixels."""
        return mse_where(images, references, mask)


@dataclass(frozen=True)
class SsimInRegion(InRegion):
    """SSIM to the input in part of the picture."""

    @property
    def quantity(self) -> Quantity:
        """SSIM, 1 for a copy."""
        return self.named(SSIM)

    def whole(self, images: Image, references: Image) -> PerImage:
        """Over the whole frame."""
        return ssim(images, references)

    def where(self, images: Image, references: Image, mask: Mask) -> PerImage:
        """Over the masked pixels, whose windows reach beyond the mask."""
        return ssim_where(images, references, mask)
