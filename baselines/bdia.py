"""BDIA (Zhang et al., 2023, arXiv:2307.10829): bi-directional integration approximation of DDIM."""

from dataclasses import dataclass

from pti.diffusion.exact import Exact
from pti.diffusion.step import Step
from pti.diffusion.two_step import TwoStep
from pti.types import Latent


@dataclass(frozen=True)
class BothDirections(TwoStep):
    """One prediction at level i serves DDIM's steps down and up (their Eqs. 13 and 15).

    z_{i-1} = gamma (z_{i+1} - D(i -> i+1)) + D(i -> i-1), where D is DDIM's step with out(z_i).
    """

    gamma: float = 1.0

    def rise(self, upper: Step, lower: Step, z: Latent, below: Latent, out: Latent) -> Latent:
        """Solve the equation for z_{i+1}."""
        return (below - lower.denoise(z, out)) / self.gamma + _up(upper, lower, z, out)

    def fall(self, upper: Step, lower: Step, z: Latent, above: Latent, out: Latent) -> Latent:
        """The equation."""
        return self.gamma * (above - _up(upper, lower, z, out)) + lower.denoise(z, out)


def _up(upper: Step, lower: Step, z: Latent, out: Latent) -> Latent:
    return upper.diffuse(lower.clean(z, out), lower.noise(z, out))


@dataclass(frozen=True)
class Bdia(Exact):
    """Inverts with the latents of two neighbouring levels: K predictions up, K - 1 down.

    ``gamma`` in (0, 1] is the weight of the step back; their code takes 0.92 to 1 for 50 steps.
    """

    gamma: float = 0.96

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a gamma out of range, or one that lets rounding grow too far."""
        if not 0 < self.gamma <= 1:
            raise ValueError(f"gamma={self.gamma}: it is above 0 and at most 1")
        super().__post_init__()

    @property
    def growth(self) -> float:
        """A division by gamma."""
        return 1 / self.gamma

    def mover(self) -> BothDirections:
        """The mover of both directions."""
        return BothDirections(self.gamma)
