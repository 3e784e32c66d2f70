"""Photographs from scikit-image, in two lists that share no picture.

The embedded autoencoder trains on crops of ``TRAINING``; ``data=photos`` measures on ``BENCHMARK``.
"""

from pathlib import Path

import skimage.data
from PIL import Image

BENCHMARK = {
    "astronaut": "a photo of an astronaut in an orange suit",
    "chelsea": "a photo of a cat",
    "coffee": "a photo of a white cup on wood",
    "rocket": "a photo of a rocket",
    "moon": "a photo of the moon",
    "motorcycle_right": "a photo of a motorcycle",
    "ihc": "a photo of brown and blue cells",
    "cell": "a photo of a cell",
}
"""Captions of the measured pictures, by name."""

TRAINING = (
    "brick",
    "camera",
    "chessboard_RGB",
    "clock_motion",
    "coins",
    "color",
    "grass",
    "gravel",
    "hubble_deep_field",
    "logo",
    "microaneurysms",
    "page",
    "retina",
    "text",
)
"""Names of the pictures that the autoencoder trains on; none of them is measured."""


def path_of(name: str) -> Path:
    """The path of a picture inside the installed package."""
    folder = Path(skimage.data.__file__).parent
    found = [folder / f"{name}{suffix}" for suffix in (".png", ".jpg")]
    return next(path for path in found if path.exists())


def open_photograph(name: str) -> Image.Image:
    """A picture as RGB, over white where it is transparent."""
    picture = Image.open(path_of(name)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture).convert("RGB")
