"""Solves z = R(z) for each image of a batch, by iteration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pti.errors import one_of
from pti.types import Latent

Rows = Int64[Tensor, " rows"]
"""Which images of the batch are iterated still."""

Map = Callable[[Latent, Rows], Latent]
"""R, for the latents of the images ``rows``."""

Residual = Float[Tensor, "b n"]
"""Mean of squares of R(z) - z before each of n updates; NaN where an image had stopped."""

Weights = Literal["equal", "anderson"]

RIDGE = 1e-12
"""Added to the Gram matrix, as a share of its mean diagonal, so that it can be inverted."""


@dataclass(frozen=True)
class Iteration:
    """The iteration z_{i+1} = sum_j w_j ((1 - mixing) z_j + mixing R(z_j)).

    The sum is over the last ``window`` iterates. ``weights`` are equal, or Anderson's: those of sum
    1 that make the same sum of residuals R(z_j) - z_j the smallest (Anderson, 1965). ``mixing`` in
    (0, 1] damps. R is evaluated ``iterations`` times, or fewer for an image whose residual, a mean
    of squares, is below ``tolerance``. The result is the iterate of the smallest residual; if that
    is the last one, it is the update from it. The start does not count. With ``mean_of`` above 1
    the result is the mean of so many last R(z_j), whatever their residuals.
    """

    iterations: int = 5
    window: int = 1
    weights: Weights = "equal"
    mixing: float = 1.0
    tolerance: float = 0.0
    mean_of: int = 1

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a field out of range."""
        one_of("weights", self.weights, Weights)
        for name in ("iterations", "window", "mean_of"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: at least 1 is needed")
        if self.mean_of > self.iterations:
            raise ValueError(f"mean_of={self.mean_of} is above iterations={self.iterations}")
        if not 0 < self.mixing <= 1:
            raise ValueError(f"mixing={self.mixing}: it is above 0 and at most 1")
        if not self.tolerance >= 0:
            raise ValueError(f"tolerance={self.tolerance}: a mean of squares is not negative")

    def __call__(self, of: Map, start: Latent) -> tuple[Latent, Residual]:
        """The solution from ``start`` for each image by itself, and the residuals on the way."""
        rows = torch.arange(len(start), device=start.device)
        residuals = start.new_full((len(start), self.iterations), torch.nan)
        result, best, least = start.clone(), start.clone(), start.new_full((len(start),), torch.inf)
        z, tried = start, list[tuple[Latent, Latent]]()
        for i in range(self.iterations):
            tried = [*tried, (z, of(z, rows))][-max(self.window, self.mean_of) :]
            residual = _squares(*tried[-1])
            residuals[rows, i] = residual
            following = self._follow(tried[-self.window :])
            ahead = following if self.mean_of == 1 else _mean(tried[-self.mean_of :])
            # The start is not a candidate: its noise level is that of the step before.
            if i > 0 and self.mean_of == 1:
                better = residual <= least[rows]
                least[rows] = least[rows].minimum(residual)
                best[rows] = _choose(better, z, best[rows])
                ahead = _choose(better, following, best[rows])
            result[rows] = ahead
            going = residual >= self.tolerance
            rows, z = rows[going], following[going]
            tried = [(before[going], after[going]) for before, after in tried]
            if len(rows) == 0:
                break
        return result, residuals

    def _follow(self, tried: Sequence[tuple[Latent, Latent]]) -> Latent:
        """The next iterate, from the last ones and R of each."""
        before, after = (torch.stack(side, dim=1) for side in zip(*tried, strict=True))
        mixed = torch.lerp(before, after, self.mixing)
        if self.weights == "equal":
            return mixed.mean(1)
        weights = _anderson((after - before).flatten(2)).to(mixed)
        return torch.einsum("bj,bj...->b...", weights, mixed)


def _anderson(residuals: Float[Tensor, "b j d"]) -> Float[Tensor, "b j"]:
    """The weights of sum 1 that make the weighted sum of the residuals the smallest."""
    vectors = residuals.double()
    gram = vectors @ vectors.mT
    ridge = RIDGE * gram.diagonal(dim1=1, dim2=2).mean(1) + 1e-300
    eye = torch.eye(gram.shape[-1]).to(gram)
    weights = torch.linalg.solve(gram + ridge[:, None, None] * eye, gram.new_ones(gram.shape[:2]))
    return weights / weights.sum(1, keepdim=True)


def _squares(z: Latent, after: Latent) -> Float[Tensor, " b"]:
    return (after - z).square().flatten(1).mean(1)


def _choose(where: Tensor, first: Latent, second: Latent) -> Latent:
    return torch.where(where[:, None, None, None], first, second)


def _mean(tried: Sequence[tuple[Latent, Latent]]) -> Latent:
    return torch.stack([after for _, after in tried]).mean(0)
