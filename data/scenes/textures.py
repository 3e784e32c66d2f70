"""Backgrounds: rich textures drawn at three times the picture's size."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw

Canvas = Float[np.ndarray, "side side 3"]
"""RGB in [0, 255], not yet clipped."""

Field = Float[np.ndarray, "side side"]


def noise(rng: np.random.Generator, side: int, cells: tuple[int, int]) -> Field:
    """Smooth noise in about [-1, 1], interpolated from ``cells`` (down, across) random values."""
    coarse = rng.uniform(-1, 1, size=cells).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def _coordinates(side: int) -> tuple[Field, Field]:
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    return y, x


def _tint(colour: tuple[int, int, int], brightness: Field) -> Canvas:
    return np.asarray(colour, np.float32) * brightness[..., None]


def _strokes(
    canvas: Canvas, rng: np.random.Generator, count: int, length: float, colour: tuple[int, ...]
) -> Canvas:
    side = len(canvas)
    picture = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    starts = rng.uniform(0, side, size=(count, 2))
    leans = rng.normal(0, 0.25 * length, size=count)
    heights = rng.uniform(0.5, 1.2, size=count) * length
    shades = rng.uniform(0.78, 1.14, size=count)
    for (x, y), lean, height, shade in zip(starts, leans, heights, shades, strict=True):
        fill = tuple(min(255, int(channel * shade)) for channel in colour)
        draw.line([(x, y), (x + lean, y - height)], fill=fill, width=2)
    return np.asarray(picture, np.float32)


def grass(rng: np.random.Generator, side: int) -> Canvas:
    """Blades of many greens over dark soil."""
    base = _tint((70, 120, 45), 0.9 + 0.22 * noise(rng, side, (6, 6)))
    return _strokes(base, rng, count=260, length=0.13 * side, colour=(84, 138, 54))


def sand(rng: np.random.Generator, side: int) -> Canvas:
    """Wind ripples and grains."""
    y, x = _coordinates(side)
    angle, waves = rng.uniform(-0.6, 0.6), rng.uniform(6, 8)
    along = y * np.cos(angle) + x * np.sin(angle) + 0.04 * noise(rng, side, (4, 4))
    grain = noise(rng, side, (side // 3, side // 3))
    brightness = 0.9 + 0.07 * np.sin(2 * np.pi * waves * along) + 0.03 * grain
    return _tint((222, 192, 140), brightness + 0.06 * noise(rng, side, (5, 5)))


def water(rng: np.random.Generator, side: int) -> Canvas:
    """Crossing waves with bright crests."""
    y, x = _coordinates(side)
    warp = 0.05 * noise(rng, side, (5, 5))
    rows, slant = rng.uniform(5, 8), rng.uniform(3, 5)
    waves = np.sin(2 * np.pi * (rows * (y + warp) + 1.5 * np.sin(6 * x)))
    waves = waves + np.sin(2 * np.pi * (slant * (x - 0.6 * y + warp)))
    brightness = 0.84 + 0.09 * waves + 0.06 * noise(rng, side, (10, 10))
    crests = 40 * np.clip(waves - 1.3, 0, None)[..., None]
    return _tint((58, 122, 168), brightness) + crests


def bricks(rng: np.random.Generator, side: int) -> Canvas:
    """A running bond, each brick of its own shade, in pale mortar."""
    rows = int(rng.integers(5, 8))
    height, width = side / rows, side / rows * 2.1
    picture = Image.new("RGB", (side, side), (140, 112, 98))
    draw = ImageDraw.Draw(picture)
    shades = rng.uniform(0.86, 1.12, size=(rows + 1, rows + 2))
    shift = rng.uniform(0, width)
    for row in range(rows + 1):
        for column in range(rows // 2 + 3):
            left = (column - 1) * width - (shift if row % 2 else shift - width / 2) % width
            fill = tuple(int(c * shades[row, column]) for c in (158, 88, 66))
            top = row * height
            draw.rectangle([left + 3, top + 3, left + width - 2, top + height - 2], fill=fill)
    grain = 1 + 0.03 * noise(rng, side, (side // 3, side // 3))
    return np.asarray(picture, np.float32) * grain[..., None]


def wood(rng: np.random.Generator, side: int) -> Canvas:
    """Planks with grain along them."""
    y, x = _coordinates(side)
    planks = int(rng.integers(4, 7))
    plank = np.minimum((x * planks).astype(int), planks - 1)
    shades = rng.uniform(0.78, 1.12, size=planks)
    offsets = rng.uniform(0, 9, size=planks)
    fibre = noise(rng, side, (5, 40)) + 0.5 * noise(rng, side, (8, 64))
    rings = np.sin(2 * np.pi * (3.2 * y + 5 * fibre * 0.3 + offsets[plank]))
    brightness = shades[plank] * (0.95 + 0.05 * rings + 0.07 * fibre)
    gap = np.abs(x * planks - np.round(x * planks)) < 0.04
    return _tint((150, 104, 62), np.where(gap, 0.6 * brightness, brightness))


def snow(rng: np.random.Generator, side: int) -> Canvas:
    """Soft drifts in blue shade, with glitter."""
    drifts = noise(rng, side, (4, 4)) + 0.5 * noise(rng, side, (11, 11))
    grain = noise(rng, side, (side // 3, side // 3))
    canvas = _tint((205, 216, 232), 0.95 + 0.08 * drifts + 0.02 * grain)
    glitter = noise(rng, side, (side // 4, side // 4)) > 0.88
    return canvas + 18.0 * glitter[..., None]


TEXTURES: dict[str, Callable[[np.random.Generator, int], Canvas]] = {
    "grass": grass,
    "sand": sand,
    "water": water,
    "bricks": bricks,
    "wood": wood,
    "snow": snow,
}
