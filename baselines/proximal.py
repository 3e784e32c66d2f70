"""Proximal guidance (Han et al., 2023, arXiv:2306.05414): small differences of guidance are 0."""

from dataclasses import dataclass
from typing import Literal

from pti.diffusion.editing import SampleTarget
from pti.diffusion.guidance import Guidance
from pti.errors import one_of
from pti.types import Contexts, Latent

Rule = Literal["soft", "hard"]


@dataclass(frozen=True)
class Proximal(SampleTarget):
    """Samples the target by out_null + omega prox(out(c) - out_null), with NPI's null embedding.

    ``quantile`` is the share of an image's differences that become 0; below it lies the threshold.
    "hard" (the L0 norm) leaves those above it, "soft" (L1) moves them towards 0 by the threshold.
    In the authors' code "l0" is soft, and "l1" moves differences twice. Their quantile is over the
    picture's row as well, whose differences are all 0, so that their 0.7 is 0.4 here. Their
    inversion guidance is left out.
    """

    quantile: float = 0.4
    rule: Rule = "soft"

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for a field out of range."""
        super().__post_init__()
        one_of("rule", self.rule, Rule)
        if not 0 <= self.quantile < 1:
            raise ValueError(f"quantile={self.quantile}: it is at least 0 and below 1")

    def guidance(self, null: Contexts, cond: Contexts) -> Guidance:
        """The branches, combined by the proximal rule."""
        return _ProximalGuidance(null, cond, self.omega, self.quantile, self.rule)


@dataclass(frozen=True)
class _ProximalGuidance(Guidance):
    quantile: float
    rule: Rule

    @property
    def alone(self) -> None:
        return None

    def combine(self, null: Latent, cond: Latent) -> Latent:
        return null + self.omega * proximal(cond - null, self.quantile, self.rule)


def proximal(differences: Latent, quantile: float, rule: Rule) -> Latent:
    """The differences without those that are small in their own image."""
    sizes = differences.abs()
    threshold = sizes.flatten(1).quantile(quantile, dim=1)[:, None, None, None]
    if rule == "hard":
        return differences.where(sizes >= threshold, 0)
    return differences.sign() * (sizes - threshold).clamp(min=0)
