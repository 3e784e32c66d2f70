"""Null-Text Inversion (Mokady et al., 2022, arXiv:2211.09794): tune the null embedding."""

from dataclasses import dataclass

from torch import Tensor

from pti.diffusion.retrace import Retrace


@dataclass(frozen=True)
class NullText(Retrace):
    """Tunes the null embedding, from the empty prompt's; the caption's embedding is fixed.

    With ``early_stop`` an image stops tuning at step i once its loss is below 1e-5 + 2e-5 i, as in
    the authors' code. It is off by default: PTI's comparison fixes the number of iterations.
    """

    tunes = "null"

    early_stop: bool = False

    def done(self, index: int, losses: Tensor) -> Tensor:
        """The authors' rule, applied to the loss before the last update."""
        if not self.early_stop:
            return super().done(index, losses)
        return losses < 1e-5 + 2e-5 * index
