"""Null-Text Inversion (Mokady et al., 2022, arXiv:2211.09794): tune the null embedding."""

from dataclasses import dataclass

from torch import Tensor

from pti.diffusion.retrace import Retrace


@dataclass(frozen=True)
class NullText(Retrace):
    """The empty prompt's embedding takes up the picture; the caption stays as it is.

    With ``early_stop`` an image leaves the tuning of step i once a loss was below 1e-5 + 2e-5 i,
    as in the authors' code. PTI's comparison, with its fixed numbers of iterations, has it off.
    """

    tunes = "null"

    early_stop: bool = False

    def done(self, index: int, losses: Tensor) -> Tensor:
        """The authors' rule, on the loss before the update just made."""
        if not self.early_stop:
            return super().done(index, losses)
        return losses < 1e-5 + 2e-5 * index
