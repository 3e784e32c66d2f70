"""Guided DDIM sampling with one pair of embeddings a step (paper, Eqs. 4 and 5)."""

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import guided_eps
from pti.diffusion.model import LatentDiffusion
from pti.types import Contexts, Latent


@torch.no_grad()
def sample(
    model: LatentDiffusion,
    schedule: Schedule,
    z: Latent,
    *,
    null: Contexts,
    cond: Contexts,
    omega: float,
) -> Latent:
    """From ``z`` at the noisiest timestep to z_0: K forwards at omega 0 or 1, else 2K."""
    for index, step in enumerate(schedule):
        pair = {"null": null[:, index], "cond": cond[:, index]}
        z = step.denoise(z, guided_eps(model, z, step.t, **pair, omega=omega))
    return z
