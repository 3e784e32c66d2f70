"""Classifier-free guidance (Ho & Salimans, 2022, arXiv:2207.12598; paper, Eq. 5)."""

import torch

from pti.diffusion.model import LatentDiffusion
from pti.types import Context, Latent


def guide(null: Latent, cond: Latent, omega: float) -> Latent:
    """eps(null) + omega (eps(c) - eps(null)): omega 0 is unconditional, 1 is conditional only."""
    return null + omega * (cond - null)


def guided_eps(
    model: LatentDiffusion, z: Latent, t: int, *, null: Context, cond: Context, omega: float
) -> Latent:
    """The guided prediction: one branch at omega 0 or 1, otherwise both branches in one call."""
    if omega == 0:
        return model.eps(z, t, null)
    if omega == 1:
        return model.eps(z, t, cond)
    both = model.eps(torch.cat([z, z]), t, torch.cat([null, cond]))
    eps_null, eps_cond = both.chunk(2)
    return guide(eps_null, eps_cond, omega)
