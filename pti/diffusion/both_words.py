"""Prompt-to-Prompt's local blend: the mask of both branches' words."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool
from torch import Tensor

from pti.diffusion.attention import Chosen
from pti.diffusion.blending import AttentionMask, chosen_of, tokens_of
from pti.diffusion.model import LatentDiffusion
from pti.errors import InputError
from pti.types import Batch, Mask


@dataclass(frozen=True)
class BothWords(AttentionMask):
    """Also masks the pixels that, in the picture's own branch, attend to the words that go.

    Each branch has its own maximum (Hertz et al., 2022, arXiv:2208.01626; their ``LocalBlend``).
    An item whose caption loses no word has the target's mask alone.
    """

    reads_source: ClassVar[bool] = True

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` also where a caption does not contain its phrases."""
        super().check(model, batch)
        self._old(model, batch)

    def chosen(self, model: LatentDiffusion, batch: Batch, like: Tensor) -> Chosen:
        """The source's tokens, then the target's."""
        old = chosen_of(self._old(model, batch), like)
        return torch.cat([old, super().chosen(model, batch, like)])

    def joined(self, mask: Bool[Tensor, "rows 1 h w"]) -> Mask:
        """Where either branch attends to its words."""
        source, target = mask.chunk(2)
        return source | target

    def _old(self, model: LatentDiffusion, batch: Batch) -> list[list[int]]:
        if len(batch.old_phrases) != len(batch):
            raise InputError("the batch does not say which words of its captions the edit replaces")
        with_words = zip(batch.captions, batch.old_phrases, strict=True)
        return [tokens_of(model, [one], [words])[0] if words else [] for one, words in with_words]
