"""Guided DDIM sampling with one pair of embeddings a step (paper, Eqs. 4 and 5)."""

from collections.abc import Callable

import torch

from pti.diffusion.ddim import Schedule
from pti.diffusion.guidance import guided_eps
from pti.diffusion.model import LatentDiffusion
from pti.types import Contexts, Latent, Path

After = Callable[[int, Latent], Latent]
"""What becomes of the latent that step i of sampling has made."""


def unchanged(index: int, z: Latent) -> Latent:
    """The latent as it is."""
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
    """From ``z`` at the noisiest timestep to z_0: K forwards at omega 0 or 1, else 2K.

    The latents passed through, in the order of a path: index 0 is z_0, the last one is ``z``.
    """
    latents = [z]
    with model.counting("sample"):
        for index, step in enumerate(schedule):
            pair = {"null": null[:, index], "cond": cond[:, index]}
            eps = guided_eps(model, latents[-1], step.t, **pair, omega=omega)
            latents.append(after(index, step.denoise(latents[-1], eps)))
    return torch.stack(latents[::-1], dim=1)
