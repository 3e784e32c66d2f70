"""Classifier-free guidance (Ho & Salimans, 2022, arXiv:2207.12598; paper, Eq. 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch

from pti.diffusion.model import LatentDiffusion
from pti.diffusion.movers import Predict
from pti.types import Context, Contexts, Latent, constant


def guide(null: Latent, cond: Latent, omega: float) -> Latent:
    """out(null) + omega (out(c) - out(null)): omega 0 is unconditional, 1 is conditional only.

    ``out`` is the network's own output: a noise or a v, for which guidance is the same.
    """
    return null + omega * (cond - null)


def guided(
    model: LatentDiffusion, z: Latent, t: int, *, null: Context, cond: Context, omega: float
) -> Latent:
    """The guided prediction: one branch at omega 0 or 1, otherwise both branches in one call."""
    if omega == 0:
        return model.predict(z, t, null)
    if omega == 1:
        return model.predict(z, t, cond)
    return guide(*branches(model, z, t, null=null, cond=cond), omega)


def branches(
    model: LatentDiffusion, z: Latent, t: int, *, null: Context, cond: Context
) -> tuple[Latent, Latent]:
    """The predictions of both branches, in one call: the null one's, then the conditional one's."""
    both = model.predict(torch.cat([z, z]), t, torch.cat([null, cond]))
    out_null, out_cond = both.chunk(2)
    return out_null, out_cond


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

    def at(self, model: LatentDiffusion, index: int) -> Predict:
        """The model's guided prediction at step ``index``."""
        return partial(guided, model, **self.pair(index), omega=self.omega)

    def pair(self, index: int) -> dict[str, Context]:
        """Both embeddings of step ``index``, by the names that ``guided`` has for them."""
        return {"null": self.null[:, index], "cond": self.cond[:, index]}
