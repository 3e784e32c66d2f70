"""What metrics read of inputs, kept for the results of other cells."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from eval.metric import ReadsInput
from experiments.store.atomic import write_aside, write_json
from experiments.store.sources import code_of_part
from pti.types import Image

ABOUT = "about.json"
"""The file that says by which code the readings beside it were made."""


@dataclass(frozen=True)
class Readings:
    """Readings in ``folder``: for each metric, by its digest, and device a file a picture."""

    folder: Path

    def of(self, metric: ReadsInput, digest: str, images: Image) -> Float[Tensor, "b ..."]:
        """What the metric reads of each picture, from its file where there is one."""
        folder = self.folder / f"{digest}-{images.device.type}"
        paths = [folder / f"{_content(image)}.npy" for image in images]
        lacking = [row for row, path in enumerate(paths) if not path.exists()]
        if lacking:
            module = type(metric).__module__
            if not (folder / ABOUT).exists():
                write_json(folder / ABOUT, {"module": module, "code": code_of_part(module)})
            for row, read in zip(lacking, metric.read(images[lacking]).cpu().numpy(), strict=True):
                write_aside(paths[row], lambda aside, read=read: np.save(aside, read))
        return torch.from_numpy(np.stack([np.load(path) for path in paths])).to(images.device)


def _content(image: Tensor) -> str:
    return sha256(image.cpu().contiguous().numpy().tobytes()).hexdigest()
