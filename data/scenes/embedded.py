"""``model=scenes``: the embedded model, whose weights are part of the repository."""

from dataclasses import replace
from pathlib import Path

from data.scenes.spec import BACKGROUNDS, COLOURS, PATTERNS, SHAPES
from pti.diffusion.domain import Domain
from pti.diffusion.load import from_pretrained
from pti.diffusion.model import LatentDiffusion
from pti.diffusion.precision import Precision

MODEL = Path(__file__).parent / "model"

SPOKEN = (*COLOURS, *SHAPES, *PATTERNS[1:], *BACKGROUNDS)
"""The words of captions; that an object is plain goes without saying."""

DOMAIN = Domain(
    words=frozenset({"a", "an", "and", "on", *SPOKEN}),
    about=", ".join(SPOKEN),
    pictures="the drawn scenes that it was trained on",
    # Between scenes and photographs: the lowest PSNR of the dev split's first 64 scenes is 26.6 dB;
    # the mean over the 8 pictures of data=photos is 22.0 dB, and 7 of them are below 24 dB.
    psnr=25.0,
)


def embedded(*, device: str, precision: Precision) -> LatentDiffusion:
    """Load the embedded model, whose pictures are 64 by 64."""
    model = from_pretrained(str(MODEL), device=device, precision=precision)
    return replace(model, domain=DOMAIN)
