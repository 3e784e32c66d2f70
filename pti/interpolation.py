"""Stage 2 of Prompt Tuning Inversion: between the picture's embedding and the target's."""

from dataclasses import dataclass

from pti.diffusion.editing import SampleTarget
from pti.types import Contexts, Inversion, Latent


@dataclass(frozen=True)
class Interpolate(SampleTarget):
    """Samples with (1 - eta) c_t + eta c* (paper, Algorithm 1, lines 15-20).

    eta = 0 gives the reconstruction, eta = 1 samples the target as DDIM-Edit does.
    """

    eta: float = 0.9

    def condition(self, inversion: Inversion, target: Contexts) -> Contexts:
        """Linear in eta, token by token."""
        return (1 - self.eta) * inversion.cond + self.eta * target


@dataclass(frozen=True)
class InterpolateLatents(SampleTarget):
    """The variant that the paper rejects: z_t <- (1 - eta) z*_t + eta z_t, with nothing tuned.

    Which of the two eta belongs to, the paper leaves open; here eta = 1 is DDIM-Edit, as above.
    """

    eta: float = 0.9

    def adjust(self, inversion: Inversion, index: int, z: Latent) -> Latent:
        """Towards the trajectory's latent of the level that step ``index`` leads to."""
        return (1 - self.eta) * inversion.path[:, -2 - index] + self.eta * z
