"""Prompt-to-Prompt (Hertz et al., 2022, arXiv:2208.01626): attention of the source."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from pti.diffusion.alignment import Alignment, refined, replaced
from pti.diffusion.branches import BranchRows, ControlAt, SourcePrompt
from pti.diffusion.control import Control, Term, Terms
from pti.diffusion.layers import Layer, layers_of
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError, one_of
from pti.types import Batch

Change = Literal["refine", "replace"]


@dataclass(frozen=True)
class PromptToPrompt:
    """Gives the target's prompt the maps of the source's, for the first steps.

    Cross-attention: the maps of tokens that both prompts have ("refine"), or of the words in the
    same places ("replace"), in the share ``cross_steps`` of the steps, in all layers. There the
    attention to words may be multiplied: that to the edit's phrases by ``weight``, to any word
    of the target by its factor in ``reweight``. Self-attention: in the share ``self_steps``, in
    layers whose side is at most the latent's divided by ``self_limit``, which is 2 for 32 of 64.
    """

    change: Change = "refine"
    cross_steps: float = 0.4
    self_steps: float = 0.6
    self_limit: int = 2
    weight: float = 1.0
    reweight: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a field out of range."""
        one_of("change", self.change, Change)
        for name, share in (("cross_steps", self.cross_steps), ("self_steps", self.self_steps)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name}={share}: it is a share of the steps, from 0 to 1")
        words: Any = self.reweight
        if not isinstance(words, Mapping):
            raise ValueError(  # noqa: TRY004 (told as other values are)
                f"reweight={words!r}: give words with their factors, {{'blue': 2}}"
            )
        factors: dict[str, Any] = {"weight": self.weight, **words}
        for name, factor in factors.items():
            if not isinstance(factor, int | float) or not isfinite(factor):
                raise ValueError(f"{name}: {factor!r} is not a number to multiply attention by")
        if self.self_limit < 1:
            raise ValueError(f"self_limit={self.self_limit}: it divides the latent's side")

    @property
    def source_prompt(self) -> SourcePrompt:
        """The maps are those of the prompt that was inverted."""
        return "inversion"

    @property
    def reads_null(self) -> bool:
        """The null row is left alone."""
        return False

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where prompts can't be aligned, or a word to weigh is not there."""
        widest = self._widest(model)
        reached = [one for one in layers_of(model) if one.kind == "self" and one.side <= widest]
        if self.self_steps and not reached:
            raise InputError(
                f"self_limit={self.self_limit}: the UNet has no self-attention of {widest} by "
                f"{widest} or coarser; give a smaller divisor, or self_steps=0"
            )
        self._alignment(model, batch)
        self._factors(model, batch)

    def _widest(self, model: LatentDiffusion) -> int:
        """The largest side of the layers whose self-attention is replaced."""
        return model.latent_shape[-1] // self.self_limit

    @contextmanager
    def __call__(
        self, model: LatentDiffusion, rows: BranchRows, steps: int, batch: Batch
    ) -> Generator[ControlAt]:
        """Make no UNet call; raises what ``check`` raises."""
        alignment, factors = self._alignment(model, batch), self._factors(model, batch)
        crossed = _mixed(rows, alignment, factors)
        looking = rows.taking({"query", "key"}, rows.target, rows.source)
        widest = self._widest(model)
        cross_until, self_until = int(self.cross_steps * (steps + 1)), int(self.self_steps * steps)

        def control_at(index: int) -> Control:
            def control(layer: Layer, terms: Terms, count: int) -> Terms:
                del count
                if layer.kind == "cross":
                    return crossed if index < cross_until else terms
                within = index < self_until and layer.side <= widest
                return [looking] if within else terms

            return control

        yield control_at

    def _alignment(self, model: LatentDiffusion, batch: Batch) -> Alignment:
        align = refined if self.change == "refine" else replaced
        return align(model, batch.captions, batch.targets)

    def _factors(self, model: LatentDiffusion, batch: Batch) -> Float[Tensor, "b tokens"]:
        """What the attention to each token of each target is multiplied by."""
        factors = torch.ones(len(batch), model.text_length)
        for row, target in enumerate(batch.targets):
            if self.weight != 1:
                factors[row, model.positions(target, batch.phrases[row])] *= self.weight
            for word, factor in self.reweight.items():
                factors[row, model.positions(target, [word])] *= factor
        return factors


def _mixed(rows: BranchRows, aligned: Alignment, factors: Float[Tensor, "b tokens"]) -> list[Term]:
    """Two terms: every row's own attention, the target's in part, and the source's in the target.

    The first one leaves the target out where nothing of its own is kept.
    """
    moved, kept, scales = (part.to(rows.device) for part in (aligned.moved, aligned.own, factors))
    source = Term(rows.target, rows.source, rows.source, rows.target, moved * scales[:, None])
    own = rows.taking(set(), rows.target, rows.target)
    if not aligned.own.any():
        return [own.of(0, rows.count - rows.images), source]
    return [own.weighed(kept * scales, rows.count), source]
