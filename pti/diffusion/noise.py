"""Gaussian noise of each image's own seed, so that neither batch nor order changes it."""

from collections.abc import Sequence
from hashlib import sha256

import torch

from pti.types import Latent


def noise(seeds: Sequence[int], stream: str, t: int, like: Latent) -> Latent:
    """Noise for timestep ``t``, in the shape and on the device of ``like``.

    Different streams are independent of one another, and so are different timesteps.
    """
    rows: list[Latent] = []
    for seed in seeds:
        about = sha256(f"{seed}/{stream}/{t}".encode()).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(about[:8], "big") >> 1)
        rows.append(torch.randn(like.shape[1:], generator=generator, dtype=torch.float64))
    return torch.stack(rows).to(like)
