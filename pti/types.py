"""Shapes and the values that methods pass to one another. The batch is always the first axis."""

from dataclasses import dataclass, fields

from jaxtyping import Float
from torch import Tensor

Image = Float[Tensor, "b 3 height width"]
"""RGB in [0, 1]."""

Latent = Float[Tensor, "b c h w"]
"""Scaled latents, of about unit variance."""

Context = Float[Tensor, "b tokens width"]
"""Text embeddings, one row a token."""

Path = Float[Tensor, "b k_plus_1 c h w"]
"""A trajectory z*_0 .. z*_K: index k is the latent after k steps of inversion."""

Contexts = Float[Tensor, "b k tokens width"]
"""One embedding a sampling step, in the order of sampling: index 0 belongs to t_K."""

Losses = Float[Tensor, "b k n"]
"""Tuning loss before each of n updates at each of k steps; NaN where an image had stopped."""


@dataclass(frozen=True)
class Batch:
    """Pictures to invert, with the prompts and the seed of each.

    ``captions`` describe the pictures; ``targets`` are what the edit asks for. To reconstruct,
    they are equal.
    """

    images: Image
    captions: tuple[str, ...]
    targets: tuple[str, ...]
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.captions)

    def select(self, rows: list[int]) -> "Batch":
        """The pictures at ``rows``, in that order."""
        columns = ([column[row] for row in rows] for column in (self.captions, self.targets))
        captions, targets = (tuple(column) for column in columns)
        return Batch(self.images[rows], captions, targets, tuple(self.seeds[row] for row in rows))


@dataclass(frozen=True)
class Inversion:
    """What an inverter leaves to an editor.

    Sampling from ``path[:, -1]`` with ``cond[:, i]`` and ``null[:, i]`` at step i gives
    ``reconstruction``, a latent that is therefore never sampled again.
    """

    path: Path
    cond: Contexts
    null: Contexts
    reconstruction: Latent
    losses: Losses

    def tensors(self) -> dict[str, Tensor]:
        """All fields by name; the first axis of each is the batch."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def constant(context: Context, steps: int) -> Contexts:
    """The same embedding at every step, without copying it."""
    return context[:, None].expand(-1, steps, -1, -1)


def no_losses(like: Latent, steps: int) -> Losses:
    """The losses of a method that tunes nothing."""
    return like.new_zeros(len(like), steps, 0)
