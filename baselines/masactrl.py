"""MasaCtrl (Cao et al., 2023, arXiv:2304.08465): the target looks into the source's picture."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from pti.diffusion.branches import BranchRows, ControlAt, SourcePrompt
from pti.diffusion.control import Control, Terms
from pti.diffusion.layers import Layer, layers_of
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError, one_of
from pti.types import Batch


@dataclass(frozen=True)
class MasaCtrl:
    """Self-attention of the target with the source's keys and values, in both its rows.

    It begins at step ``begin``, in the decoder's layers whose side is at least the latent's divided
    by ``finest``: 2 leaves the authors' layers 10 to 15 of Stable Diffusion v1's 16.
    ``source_prompt`` is what the source's row is given: the authors' "empty" prompt, or the
    "inversion"'s embeddings, which keep their null row for the target's null row.
    """

    begin: int = 4
    finest: int = 2
    source_prompt: SourcePrompt = "empty"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a field out of range."""
        one_of("source_prompt", self.source_prompt, SourcePrompt)
        if self.begin < 0 or self.finest < 1:
            raise ValueError(f"begin={self.begin} finest={self.finest}: from 0, and from 1")

    @property
    def reads_null(self) -> bool:
        """The source's null row differs from its prompt's unless that is empty."""
        return self.source_prompt == "inversion"

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where the UNet has no such layer."""
        del batch
        if not any(self._is_shared(model, layer) for layer in layers_of(model)):
            raise InputError(
                f"finest={self.finest}: the UNet's decoder has no self-attention of so fine a "
                "side; give a larger divisor"
            )

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, rows: BranchRows, steps: int, batch: Batch
    ) -> Generator[ControlAt]:
        """Make no UNet call."""
        del steps, batch
        shared = [rows.taking({"key", "value"}, rows.of_target, rows.beside)]

        def control(layer: Layer, terms: Terms, count: int) -> Terms:
            del count
            return shared if self._is_shared(model, layer) else terms

        def control_at(index: int) -> Control | None:
            return control if index >= self.begin else None

        yield control_at

    def _is_shared(self, model: LatentDiffusion, layer: Layer) -> bool:
        least = model.latent_shape[-1] / self.finest
        return layer.kind == "self" and layer.part == "up" and layer.side >= least
