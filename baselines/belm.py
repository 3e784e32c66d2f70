"""O-BELM (Wang et al., 2024, arXiv:2410.07273): the two-step formula of the least error."""

from dataclasses import dataclass
from math import sqrt

from pti.diffusion.exact import Exact
from pti.diffusion.step import Step
from pti.diffusion.two_step import TwoStep
from pti.types import Latent


@dataclass(frozen=True)
class Optimal(TwoStep):
    """Both ways a combination of two latents and the noise predicted between them (their Eq. 18).

    With s = sqrt(1 - a) / sqrt(a) and h_i = s_i - s_{i-1}, of the latents y = z / sqrt(a):

        y_{i-1} = r y_{i+1} + (1 - r) y_i - h_i (h_i + h_{i+1}) / h_{i+1} eps
        r = h_i^2 / h_{i+1}^2
    """

    def rise(self, upper: Step, lower: Step, z: Latent, below: Latent, out: Latent) -> Latent:
        """Solve the equation for y_{i+1}."""
        near, far = _widths(upper, lower)
        share = (far / near) ** 2
        y, y_below = z / sqrt(lower.alpha), below / sqrt(lower.alpha_previous)
        noise = lower.noise(z, out)
        risen = share * y_below + (1 - share) * y + far * (near + far) / near * noise
        return sqrt(upper.alpha) * risen

    def fall(self, upper: Step, lower: Step, z: Latent, above: Latent, out: Latent) -> Latent:
        """The equation."""
        near, far = _widths(upper, lower)
        share = (near / far) ** 2
        y, y_above = z / sqrt(lower.alpha), above / sqrt(upper.alpha)
        noise = lower.noise(z, out)
        fallen = share * y_above + (1 - share) * y - near * (near + far) / far * noise
        return sqrt(lower.alpha_previous) * fallen


def _widths(upper: Step, lower: Step) -> tuple[float, float]:
    """h_i and h_{i+1}."""
    levels = (lower.alpha_previous, lower.alpha, upper.alpha)
    below, here, above = (sqrt((1 - alpha) / alpha) for alpha in levels)
    return here - below, above - here


@dataclass(frozen=True)
class Belm(Exact):
    """Inverts with the latents of two neighbouring levels: K predictions up, K - 1 down."""

    def mover(self) -> Optimal:
        """The two-step mover."""
        return Optimal()
