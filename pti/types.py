"""Tensor shapes, and the values that methods exchange. The first axis is always the batch."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from jaxtyping import Bool, Float
from torch import Tensor

Image = Float[Tensor, "b 3 height width"]
"""RGB in [0, 1]."""

Latent = Float[Tensor, "b c h w"]
"""Scaled latents, of about unit variance."""

Context = Float[Tensor, "b tokens width"]
"""Text embeddings, one row per token."""

Path = Float[Tensor, "b k_plus_1 c h w"]
"""A trajectory z*_0 .. z*_K: index k is the latent after k steps of inversion."""

Contexts = Float[Tensor, "b k tokens width"]
"""One embedding per sampling step, in the order of sampling: index 0 belongs to t_K."""

Residuals = Float[Tensor, "b k c h w"]
"""What is added to a latent after each sampling step, in the order of sampling."""

Losses = Float[Tensor, "b k n"]
"""The loss before each of n updates at each of k steps; NaN where an image had stopped tuning."""


Mask = Bool[Tensor, "b 1 h w"]
"""True where a latent is edited; elsewhere the background is kept."""


@dataclass(frozen=True)
class Batch:
    """Pictures to invert, with the prompts and the seed of each.

    ``captions`` describe the pictures, ``targets`` are the target prompts, and ``phrases`` are the
    parts of each target prompt that name the change. In a reconstruction both prompts are equal.
    ``old_phrases`` are the parts of each caption that the target lacks. ``masks`` are given by the
    user, at the size of the pictures, and None where the data has none.
    """

    images: Image
    captions: tuple[str, ...]
    targets: tuple[str, ...]
    seeds: tuple[int, ...]
    phrases: tuple[tuple[str, ...], ...]
    old_phrases: tuple[tuple[str, ...], ...] = ()
    masks: Mask | None = None

    def __len__(self) -> int:
        """The number of pictures."""
        return len(self.captions)

    def columns(self) -> dict[str, Sequence[object] | Tensor]:
        """The fields that are there, by name; each has an entry per picture."""
        return {
            name: value for name, value in vars(self).items() if value is not None and len(value)
        }

    def select(self, rows: list[int]) -> "Batch":
        """The pictures at ``rows``, in that order."""
        return Batch(
            self.images[rows],
            captions=tuple(self.captions[row] for row in rows),
            targets=tuple(self.targets[row] for row in rows),
            seeds=tuple(self.seeds[row] for row in rows),
            phrases=tuple(self.phrases[row] for row in rows),
            old_phrases=tuple(self.old_phrases[row] for row in rows if self.old_phrases),
            masks=None if self.masks is None else self.masks[rows],
        )


@dataclass(frozen=True)
class Inversion:
    """The result of an inverter, and the input of an editor.

    Sampling from ``path[:, -1]`` with ``cond[:, i]`` and ``null[:, i]`` at step i, at the guidance
    scale of the inverter, gives the latents of ``retraced`` from last to first; they need not be
    sampled again. An inverter that does not sample back gives ``path`` as ``retraced``.
    ``partner`` is the second latent of a mover that moves two, at the end of the trajectory, and
    ``residuals`` are what a mover adds at each step; None where the method has none.
    """

    path: Path
    cond: Contexts
    null: Contexts
    retraced: Path
    losses: Losses
    partner: Latent | None = None
    residuals: Residuals | None = None

    @property
    def reconstruction(self) -> Latent:
        """The latent of the reconstructed picture, where retracing ends."""
        return self.retraced[:, 0]

    def tensors(self) -> dict[str, Tensor]:
        """All fields that are there, by name; the first axis of each is the batch."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Edit:
    """The result of an editor: latents to decode, and the mask of the last step, if any."""

    z: Latent
    mask: Mask | None = None


def constant(context: Context, steps: int) -> Contexts:
    """The same embedding at every step; the tensor is expanded, not copied."""
    return context[:, None].expand(-1, steps, -1, -1)


def no_losses(like: Latent, steps: int) -> Losses:
    """The losses of a method that tunes nothing."""
    return like.new_zeros(len(like), steps, 0)
