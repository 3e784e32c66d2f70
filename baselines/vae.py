"""The autoencoder's round trip: the upper bound of every reconstruction in latent space."""

from dataclasses import dataclass

from pti.diffusion.ddim import Schedule
from pti.diffusion.model import LatentDiffusion
from pti.types import Batch, Inversion, constant, no_losses


@dataclass(frozen=True)
class Autoencoder:
    """Encodes and decodes without the UNet (AE in the paper's Table 2)."""

    def schedule(self, model: LatentDiffusion) -> Schedule:
        """A schedule without steps."""
        del model
        return Schedule(())

    def __call__(self, model: LatentDiffusion, batch: Batch) -> Inversion:
        """A trajectory of length 0."""
        z = model.encode(batch.images)
        nothing = constant(model.embed([""] * len(batch)), 0)
        return Inversion(z[:, None], nothing, nothing, z[:, None], no_losses(z, 0))
