"""DDIM as one affine move in both directions (Song et al., 2021, arXiv:2010.02502).

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
    """One move between timestep ``t`` and ``t_previous``, the less noisy one."""

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
        """From t to t_previous."""
        return self.scale * z + self.shift * eps

    def renoise(self, z: Latent, eps: Latent) -> Latent:
        """From t_previous to t, by the same equation."""
        return (z - self.shift * eps) / self.scale


@dataclass(frozen=True)
class Schedule(Sequence[Step]):
    """The K moves that are made, noisiest first."""

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

        Keeps the last int(steps * ratio) of them, the encoding ratio of DiffEdit. Beyond the last
        step alpha is ``alpha_final``, by default a_0 (``set_alpha_to_one=False``). A move that
        changes nothing, which is what offset 0 makes of its last one, is left out: it would cost
        UNet calls and return its input. Raises ``ValueError`` where no step would be left, or the
        first would lie beyond the noise schedule.
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
        """K."""
        return len(self.moves)

    def __getitem__(self, index: int) -> Step:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Move ``index`` in the order of sampling."""
        return self.moves[index]
