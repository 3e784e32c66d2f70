"""Shapes and the values that methods pass to one another. The batch is always the first axis."""

from dataclasses import dataclass, fields

from jaxtyping import Bool, Float
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


Mask = Bool[Tensor, "b 1 h w"]
"""Where a latent is edited; elsewhere it is kept."""


@dataclass(frozen=True)
class Batch:
    """Pictures to invert, with the prompts and the seed of each.

    ``captions`` describe the pictures; ``targets`` are what the edit asks for, and ``phrases``
    the parts of each target that name what is to change. To reconstruct, both prompts are equal.
    """

    images: Image
    captions: tuple[str, ...]
    targets: tuple[str, ...]
    seeds: tuple[int, ...]
    phrases: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        """How many pictures."""
        return len(self.captions)

    def select(self, rows: list[int]) -> "Batch":
        """The pictures at ``rows``, in that order."""
        return Batch(
            self.images[rows],
            captions=tuple(self.captions[row] for row in rows),
            targets=tuple(self.targets[row] for row in rows),
            seeds=tuple(self.seeds[row] for row in rows),
            phrases=tuple(self.phrases[row] for row in rows),
        )


@dataclass(frozen=True)
class Inversion:
    """What an inverter leaves to an editor.

    Sampling from ``path[:, -1]`` with ``cond[:, i]`` and ``null[:, i]`` at step i passes through
    ``retraced``, from its end to its start; those latents are therefore never sampled again.
    """

    path: Path
    cond: Contexts
    null: Contexts
    retraced: Path
    losses: Losses

    @property
    def reconstruction(self) -> Latent:
        """Where retracing ends: the latent of the picture given back."""
        return self.retraced[:, 0]

    def tensors(self) -> dict[str, Tensor]:
        """All fields by name; the first axis of each is the batch."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True)
class Edit:
    """What an editor makes: latents to decode, and where it was free to change them, if bound."""

    z: Latent
    mask: Mask | None = None


def constant(context: Context, steps: int) -> Contexts:
    """The same embedding at every step, without copying it."""
    return context[:, None].expand(-1, steps, -1, -1)


def no_losses(like: Latent, steps: int) -> Losses:
    """The losses of a method that tunes nothing."""
    return like.new_zeros(len(like), steps, 0)
