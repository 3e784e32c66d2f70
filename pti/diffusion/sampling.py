"""Guided DDIM sampling with one pair of embeddings per step (paper, Eqs. 4 and 5)."""

from collections.abc import Callable

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import guided_eps
from pti.diffusion.model import LatentDiffusion
from pti.types import Contexts, Latent, Path

After = Callable[[int, Latent], Latent]
"""Maps the latent after step i of sampling to the latent that step i + 1 starts from."""


def unchanged(index: int, z: Latent) -> Latent:
    """The same latent."""
    del index
    return z


@torch.no_grad()
def sample(  # noqa: PLR0913 (what a step needs)
    model: LatentDiffusion,
    schedule: Schedule,
    z: Latent,
    *,
    null: Contexts,
    cond: Contexts,
    omega: float,
    after: After = unchanged,
) -> Path:
    """Sample from ``z`` at the noisiest timestep: K forward passes at omega 0 or 1, else 2K.

    Returns all latents in the order of a trajectory: index 0 is z_0, and the last one is ``z``.
    """
    latents = [z]
    with model.counting("sample"):
        for index, step in enumerate(schedule):
            pair = {"null": null[:, index], "cond": cond[:, index]}
            eps = guided_eps(model, latents[-1], step.t, **pair, omega=omega)
            latents.append(after(index, step.denoise(latents[-1], eps)))
    return torch.stack(latents[::-1], dim=1)
