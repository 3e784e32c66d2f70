"""Classifier-free guidance (Ho & Salimans, 2022, arXiv:2207.12598; paper, Eq. 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Predict
from pti.types import Context, Contexts, Latent, constant

Name = Literal["null", "cond"]
"""A branch of guidance: of the null embedding, or of the prompt's."""


def guide(null: Latent, cond: Latent, omega: float) -> Latent:
    """out(null) + omega (out(c) - out(null)): omega 0 is unconditional, 1 is conditional only.

    ``out`` is the network's own output: a noise or a v, for which guidance is the same.
    """
    return null + omega * (cond - null)


def guided(
    model: LatentDiffusion, z: Latent, t: int, *, null: Context, cond: Context, omega: float
) -> Latent:
    """The guided prediction: one branch at omega 0 or 1, otherwise both branches in one call."""
    return Guidance(constant(null, 1), constant(cond, 1), omega).at(model, 0)(z, t)


@dataclass(frozen=True)
class Guidance:
    """Both embeddings of each step, in the order of sampling, and the guidance scale."""

    null: Contexts
    cond: Contexts
    omega: float

    @classmethod
    def of(
        cls, model: LatentDiffusion, prompts: Sequence[str], steps: int, omega: float
    ) -> "Guidance":
        """Towards the prompts, from the empty one, at every step."""
        null, cond = model.embed([""] * len(prompts)), model.embed(prompts)
        return cls(constant(null, steps), constant(cond, steps), omega)

    @property
    def alone(self) -> Name | None:
        """The branch that says everything, so that the second one is not computed."""
        if self.omega == 0:
            return "null"
        return "cond" if self.omega == 1 else None

    def combine(self, null: Latent, cond: Latent) -> Latent:
        """The guided output, from those of both branches."""
        return guide(null, cond, self.omega)

    def at(self, model: LatentDiffusion, index: int) -> Predict:
        """The model's guided prediction at step ``index``."""
        return partial(self._predict, model, self.pair(index))

    def _predict(
        self, model: LatentDiffusion, pair: dict[Name, Context], z: Latent, t: int
    ) -> Latent:
        if self.alone:
            return model.predict(z, t, pair[self.alone])
        both = model.predict(torch.cat([z, z]), t, torch.cat([pair["null"], pair["cond"]]))
        return self.combine(*both.chunk(2))

    def pair(self, index: int) -> dict[Name, Context]:
        """Both embeddings of step ``index``, by the names of their branches."""
        return {"null": self.null[:, index], "cond": self.cond[:, index]}
