"""What metrics read of inputs, kept for the results of other cells."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from eval.metric import ReadsInput
from experiments.store.atomic import write_aside
from pti.types import Image


@dataclass(frozen=True)
class Readings:
    """Readings in ``folder``: a file for each metric, by its digest, and each picture."""

    folder: Path

    def of(self, metric: ReadsInput, digest: str, images: Image) -> Float[Tensor, "b ..."]:
        """What the metric reads of each picture, from its file where there is one."""
        read = [self._of_one(metric, digest, image) for image in images.split(1)]
        return torch.from_numpy(np.concatenate(read)).to(images.device)

    def _of_one(self, metric: ReadsInput, digest: str, image: Image) -> Float[np.ndarray, "1 ..."]:
        content = sha256(image.cpu().contiguous().numpy().tobytes()).hexdigest()
        path = self.folder / digest / f"{content}.npy"
        if not path.exists():
            read = metric.read(image).cpu().numpy()
            write_aside(path, lambda aside: np.save(aside, read))
        return np.load(path)
