"""DDIM as one affine step in both directions (Song et al., 2021, arXiv:2010.02502).

    z_{t-1} = A_t z_t + k_t eps,  A_t = sqrt(a_{t-1} / a_t),
    k_t = sqrt(1 - a_{t-1}) - sqrt(a_{t-1} (1 - a_t) / a_t)

with a_t = alphas_cumprod[t]. Inversion solves the same equation for z_t.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from jaxtyping import Float
from torch import Tensor

from pti.types import Latent


@dataclass(frozen=True)
class Step:
    """One DDIM step between timestep ``t`` and the less noisy timestep ``t_previous``."""

    t: int
    t_previous: int
    alpha: float
    alpha_previous: float

    @property
    def scale(self) -> float:
        """A_t."""
        return sqrt(self.alpha_previous / self.alpha)

    @property
    def shift(self) -> float:
        """k_t; negative."""
        noise = sqrt(self.alpha_previous * (1 - self.alpha) / self.alpha)
        return sqrt(1 - self.alpha_previous) - noise

    def denoise(self, z: Latent, eps: Latent) -> Latent:
        """Go from ``t`` to ``t_previous``."""
        return self.scale * z + self.shift * eps

    def renoise(self, z: Latent, eps: Latent) -> Latent:
        """Go from ``t_previous`` to ``t`` by the same equation."""
        return (z - self.shift * eps) / self.scale


@dataclass(frozen=True)
class Schedule(Sequence[Step]):
    """The K DDIM steps of a trajectory, noisiest first."""

    moves: tuple[Step, ...]

    @classmethod
    def spaced(
        cls,
        alphas: Float[Tensor, " timesteps"],
        *,
        steps: int,
        ratio: float = 1.0,
        offset: int = 1,
        alpha_final: float | None = None,
    ) -> "Schedule":
        """Stable Diffusion's spacing: multiples of timesteps // steps, plus ``offset``.

        The last int(steps * ratio) timesteps are kept; ``ratio`` is the encoding ratio of DiffEdit.
        The last step leads to ``alpha_final``, by default a_0 (``set_alpha_to_one=False``). A step
        that returns its input is left out, because its UNet calls would be wasted: with offset 0
        and that default, this is the last one. Raises ``ValueError`` where no step is left, or
        where the first lies beyond the noise schedule.
        """
        if not 1 <= steps <= len(alphas) or not 0 < ratio <= 1 or int(steps * ratio) < 1:
            raise ValueError(f"steps={steps} with ratio={ratio} leaves no step to make")
        stride = len(alphas) // steps
        if (int(steps * ratio) - 1) * stride + offset >= len(alphas):
            raise ValueError(f"steps={steps} with offset {offset} goes beyond t={len(alphas) - 1}")
        last = float(alphas[0]) if alpha_final is None else alpha_final
        moves: list[Step] = []
        for index in reversed(range(int(steps * ratio))):
            t, previous = index * stride + offset, (index - 1) * stride + offset
            before = float(alphas[previous]) if previous >= 0 else last
            moves.append(Step(t, max(previous, 0), float(alphas[t]), before))
        return cls(tuple(move for move in moves if move.alpha != move.alpha_previous))

    def __len__(self) -> int:
        """The number of steps, K."""
        return len(self.moves)

    def __getitem__(self, index: int) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Step ``index`` in the order of sampling."""
        return self.moves[index]
