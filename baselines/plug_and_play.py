"""Plug-and-Play (Tumanyan et al., 2022, arXiv:2211.12572): features and attention of the source."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

from pti.diffusion.branches import BranchRows, ControlAt, SourcePrompt
from pti.diffusion.control import Control, Terms
from pti.diffusion.layers import Layer, layers_of
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError, one_of
from pti.types import Batch


@dataclass(frozen=True)
class PlugAndPlay:
    """Copies the source's features into the target's rows, computed in the same call.

    The output of the last convolution of residual block ``place`` of decoder block ``block`` is
    copied in the share ``feature_steps`` of the steps, and queries and keys of the decoder's
    self-attention from there on in the share ``self_steps``. Both go into the target's null row,
    too. ``source_prompt`` is what the source's row is given.
    """

    feature_steps: float = 0.8
    self_steps: float = 0.5
    block: int = 1
    place: int = 1
    source_prompt: SourcePrompt = "empty"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a field out of range."""
        one_of("source_prompt", self.source_prompt, SourcePrompt)
        for name, share in (("feature_steps", self.feature_steps), ("self_steps", self.self_steps)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name}={share}: it is a share of the steps, from 0 to 1")

    @property
    def reads_null(self) -> bool:
        """Both of the target's rows take what the source's prompt has."""
        return False

    @property
    def convolution(self) -> str:
        """The name of the module whose output is copied."""
        return f"up_blocks.{self.block}.resnets.{self.place}.conv2"

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where the UNet lacks the convolution, or attention beyond it."""
        del batch
        if not model.has_module(self.convolution):
            raise InputError(
                f"the UNet has no {self.convolution}: give block and place of a residual block of "
                "its decoder"
            )
        if self.self_steps and not any(map(self._is_copied, layers_of(model))):
            raise InputError(
                f"block={self.block} place={self.place}: the UNet's decoder has no self-attention "
                "from there on; give earlier ones, or self_steps=0"
            )

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, rows: BranchRows, steps: int, batch: Batch
    ) -> Generator[ControlAt]:
        """Make no UNet call."""
        del batch
        until, features = int(self.self_steps * steps), _Features(rows)
        looking = [rows.taking({"query", "key"}, rows.of_target, rows.beside)]

        def control(layer: Layer, terms: Terms, count: int) -> Terms:
            del count
            return looking if self._is_copied(layer) else terms

        def control_at(index: int) -> Control | None:
            features.copied = index < int(self.feature_steps * steps)
            return control if index < until else None

        with model.hooked(self.convolution, features):
            yield control_at

    def _is_copied(self, layer: Layer) -> bool:
        beyond = (layer.block, layer.place) >= (self.block, self.place)
        return layer.kind == "self" and layer.part == "up" and beyond


@dataclass
class _Features:
    """A hook that copies the source's features at the steps that are told to it."""

    rows: BranchRows
    copied: bool = False

    def __call__(self, out: Tensor) -> Tensor:
        if not self.copied:
            return out
        return out.index_copy(0, self.rows.of_target, out[self.rows.beside])
