"""``model=scenes``: the model that the repository carries."""

from pathlib import Path

from pti.diffusion.load import from_pretrained
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.precision import Precision

MODEL = Path(__file__).parent / "model"


def embedded(*, device: str, precision: Precision) -> LatentDiffusion:
    """Load the shipped weights; pictures are 64 by 64."""
    return from_pretrained(str(MODEL), device=device, precision=precision)
