"""One move between two noise levels, affine in the network's own output: z' = A z + k out.

With al = sqrt(a), si = sqrt(1 - a), a = alphas_cumprod[t], and primes at the level it leads to:

    prediction    A                k                 noise of z     clean latent of z
    epsilon       al' / al         si' - A si        out            (z - si out) / al
    v_prediction  al al' + si si'  si' al - al' si   al out + si z  al z - si out

DDIM: Song et al., 2021, arXiv:2010.02502, Eq. 12; v: Salimans & Ho, 2022, arXiv:2202.00512.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Literal

from pti.errors import one_of
from pti.types import Latent

Prediction = Literal["epsilon", "v_prediction"]
"""What a network predicts, as a scheduler's ``prediction_type`` names it."""


def check_eta(eta: float) -> None:
    """Raise ``ValueError`` for an eta that is neither DDIM's, DDPM's nor between."""
    if not 0 <= eta <= 1:
        raise ValueError(f"eta={eta}: choose from 0 (DDIM) to 1 (DDPM)")


@dataclass(frozen=True)
class Step:
    """A move between timestep ``t`` and the less noisy timestep ``t_previous``.

    ``alpha`` and ``alpha_previous`` are their alphas_cumprod, in [0, 1]. ``sigma`` is the standard
    deviation of the noise that ``denoise`` adds; 0 is DDIM.
    """

    t: int
    t_previous: int
    alpha: float
    alpha_previous: float
    prediction: Prediction = "epsilon"
    sigma: float = 0.0

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a prediction whose meaning is not known."""
        one_of("prediction_type", self.prediction, Prediction)

    @property
    def scale(self) -> float:
        """A."""
        if self.prediction == "epsilon":
            return sqrt(self.alpha_previous / self.alpha)
        return sqrt(self.alpha_previous * self.alpha) + self._noise_left * sqrt(1 - self.alpha)

    @property
    def shift(self) -> float:
        """k; negative."""
        if self.prediction == "epsilon":
            return self._noise_left - sqrt(self.alpha_previous * (1 - self.alpha) / self.alpha)
        return self._noise_left * sqrt(self.alpha) - sqrt(self.alpha_previous * (1 - self.alpha))

    @property
    def _noise_left(self) -> float:
        """The share of the predicted noise in the latent that ``denoise`` leads to."""
        return sqrt(max(0.0, 1 - self.alpha_previous - self.sigma**2))

    @property
    def posterior(self) -> float:
        """The sigma of DDPM's ancestral step (DDIM, Eq. 16, at eta 1)."""
        share = (1 - self.alpha_previous) / (1 - self.alpha)
        return sqrt(share * (1 - self.alpha / self.alpha_previous))

    def denoise(self, z: Latent, out: Latent, noise: Latent | None = None) -> Latent:
        """Go from ``t`` to ``t_previous``; without ``noise``, to the mean of where it may lead."""
        mean = self.scale * z + self.shift * out
        return mean if noise is None else mean + self.sigma * noise

    def undo(self, landed: Latent, out: Latent) -> Latent:
        """The z that ``denoise`` takes to ``landed``, if ``out`` is what the network says of z."""
        return (landed - self.shift * out) / self.scale

    def renoise(self, z: Latent, out: Latent) -> Latent:
        """Go from ``t_previous`` to ``t`` by what ``out`` says of ``z``, without noise.

        For epsilon this solves ``denoise`` for its z. A v changes with the level, so it is read at
        that of ``z``, as diffusers' ``DDIMInverseScheduler`` does. Raises ``ValueError`` for a step
        with noise.
        """
        if self.sigma:
            raise ValueError("a step with noise leads up by drawing the noisier latent anew")
        if self.prediction == "epsilon":
            return self.undo(z, out)
        here = replace(self, alpha=self.alpha_previous)
        return self.diffuse(here.clean(z, out), here.noise(z, out))

    def noise(self, z: Latent, out: Latent) -> Latent:
        """The noise that the output says is in ``z``, at timestep ``t``."""
        if self.prediction == "epsilon":
            return out
        return sqrt(self.alpha) * out + sqrt(1 - self.alpha) * z

    def clean(self, z: Latent, out: Latent) -> Latent:
        """The clean latent that the output says is in ``z``, at timestep ``t``."""
        if self.prediction == "epsilon":
            return (z - sqrt(1 - self.alpha) * out) / sqrt(self.alpha)
        return sqrt(self.alpha) * z - sqrt(1 - self.alpha) * out

    def land(self, clean: Latent, noise: Latent, drawn: Latent) -> Latent:
        """Where the step leads from a latent whose parts are known; ``drawn`` is the new noise."""
        kept = sqrt(self.alpha_previous) * clean + self._noise_left * noise
        return kept + self.sigma * drawn

    def noise_beyond(self, z: Latent, clean: Latent) -> Latent:
        """The noise that ``z`` has beyond the clean latent, which is known, at timestep ``t``."""
        return (z - sqrt(self.alpha) * clean) / sqrt(1 - self.alpha)

    def diffuse(self, clean: Latent, noise: Latent) -> Latent:
        """A clean latent with noise, as it is at timestep ``t``."""
        return sqrt(self.alpha) * clean + sqrt(1 - self.alpha) * noise

    def stochastic(self, eta: float) -> "Step":
        """The same move with ``eta`` times DDPM's noise; eta 0 is DDIM, 1 is DDPM."""
        return replace(self, sigma=eta * self.posterior)

    def of_noise(self) -> "Step":
        """The same move for the output of a network that predicts epsilon."""
        return replace(self, prediction="epsilon")
