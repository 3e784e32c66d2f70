"""The rows of a UNet call that samples an edit beside the picture's own branch."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Literal, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from pti.diffusion.control import Control, Rows, Term, whole
from pti.diffusion.model import LatentDiffusion
from pti.types import Batch, Latent

Part = Literal["query", "key", "value"]
SourcePrompt = Literal["inversion", "empty"]

RowLatent = Float[Tensor, "rows c h w"]
"""The latents, or outputs, of a whole UNet call."""

ControlAt = Callable[[int], Control | None]
"""What is done to attention at step i of sampling; None for nothing."""


@dataclass(frozen=True)
class BranchRows:
    """Branches by guidance: the null rows of source and target, where they are, then both prompts'.

    Within each, the images in the order of the batch.
    """

    images: int
    source_null: bool
    target_null: bool
    device: torch.device

    @property
    def count(self) -> int:
        """The number of rows."""
        return self.images * (2 + self.source_null + self.target_null)

    @property
    def source(self) -> Rows:
        """The source's rows of its prompt."""
        return self._last(2)

    @property
    def target(self) -> Rows:
        """The target's rows of its prompt."""
        return self._last(1)

    @property
    def of_target(self) -> Rows:
        """All of the target's rows: those of the null embedding, if any, then its prompt's."""
        return torch.cat([self._last(3), self.target]) if self.target_null else self.target

    @property
    def beside(self) -> Rows:
        """The source's row of the same embedding for each of ``of_target``.

        Where the source has one row alone, it is that one for both.
        """
        if not self.target_null:
            return self.source
        return torch.cat([self._last(4) if self.source_null else self.source, self.source])

    def _last(self, block: int) -> Rows:
        """The rows of a block of images, counted from the end."""
        start = self.count - block * self.images
        return torch.arange(start, start + self.images, device=self.device)

    def stacked(self, source: Latent, target: Latent) -> RowLatent:
        """The latents of all rows."""
        nulls = [source] * self.source_null + [target] * self.target_null
        return torch.cat([*nulls, source, target])

    def taking(self, parts: set[Part], into: Rows, origin: Rows) -> Term:
        """Plain attention of all rows, but that ``into`` has some parts of ``origin``."""
        plain = whole(self.count, self.device)
        taken = plain.rows.index_copy(0, into, origin)
        return replace(plain, **dict.fromkeys(parts, taken))

    def split(self, out: RowLatent) -> tuple[Latent, Latent | None, Latent]:
        """The outputs for the source's prompt, the target's null embedding, and its prompt."""
        null = out[self.of_target[: self.images]] if self.target_null else None
        return out[self.source], null, out[self.target]


@runtime_checkable
class BranchControl(Protocol):
    """What a target takes from the picture's own branch; a frozen dataclass, as an editor is.

    It is given a batch whose captions are the source's prompts.
    """

    @property
    def source_prompt(self) -> SourcePrompt:
        """The source's embedding: the inversion's conditional one, or the empty prompt's."""
        ...

    @property
    def reads_null(self) -> bool:
        """Whether the source's row of the null embedding is read, too."""
        ...

    def check(self, model: LatentDiffusion, batch: Batch) -> None:
        """Raise ``InputError`` where an item can't be edited so; make no UNet call."""
        ...

    def __call__(
        self, model: LatentDiffusion, rows: BranchRows, steps: int, batch: Batch
    ) -> AbstractContextManager[ControlAt]:
        """Return a context that stays open for the whole of sampling."""
        ...
