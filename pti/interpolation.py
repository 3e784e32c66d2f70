"""Stage 2 of Prompt Tuning Inversion: interpolate the tuned and the target embeddings."""

from dataclasses import dataclass
from typing import ClassVar

from pti.diffusion.editing import SampleTarget
from pti.types import Contexts, Inversion, Latent


@dataclass(frozen=True)
class Interpolate(SampleTarget):
    """Samples with (1 - eta) c_t + eta c* (paper, Eq. 9; Algorithm 1, lines 15-20).

    eta = 0 gives the reconstruction, eta = 1 samples the target as DDIM-Edit does.
    """

    shares_work: ClassVar[bool] = True

    eta: float = 0.9

    def condition(self, inversion: Inversion, target: Contexts) -> Contexts:
        """Interpolate linearly in eta, each step and token by itself."""
        return (1 - self.eta) * inversion.cond + self.eta * target


@dataclass(frozen=True)
class InterpolateLatents(SampleTarget):
    """The variant that the paper rejects: z_t <- (1 - eta) z*_t + eta z_t, without tuning.

    The paper (Section 3.4) finds its pictures cluttered. The orientation of eta is this project's
    choice: eta = 1 is DDIM-Edit, as above.
    """

    eta: float = 0.9

    def adjust(self, inversion: Inversion, index: int, z: Latent) -> Latent:
        """Interpolate with the trajectory's latent at the timestep that step ``index`` leads to."""
        return (1 - self.eta) * inversion.path[:, -2 - index] + self.eta * z
