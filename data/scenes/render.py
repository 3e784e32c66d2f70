"""The renderer: makes a picture from a spec and a seed, the same on every call.

Each part of a scene draws its random numbers from a stream of its own, so that a changed word in
the spec changes only its part: the same seed with a different spec gives the counterfactual.

    python -m data.scenes.render "a red star on grass" [--seed 0] [--out scene.png]
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFilter

from data.scenes.shapes import HOLES, OUTLINES, Outline
from data.scenes.spec import SceneSpec
from data.scenes.textures import TEXTURES, Canvas, Field, noise

SIDE = 64
RENDERER = 1
"""Version of the renderer, part of a picture's identity; increase it when pictures change."""

SUPERSAMPLING = 3

Picture = UInt8[np.ndarray, "64 64 3"]
Mask = Bool[np.ndarray, "64 64"]

PIGMENTS: dict[str, tuple[int, int, int]] = {
    "red": (206, 34, 34),
    "orange": (240, 132, 20),
    "yellow": (243, 220, 40),
    "green": (28, 160, 62),
    "blue": (36, 72, 214),
    "purple": (138, 46, 172),
    "white": (246, 246, 244),
    "black": (30, 30, 34),
}
TRIFLES = ((200, 96, 124), (222, 208, 168), (104, 82, 62), (124, 128, 132), (86, 138, 172))
"""Colours of the small objects that captions do not mention."""


@dataclass(frozen=True)
class Pose:
    """Position, lighting and stripes of the object; in supersampled pixels and radians."""

    centre: tuple[float, float]
    radius: float
    turn: float
    light: float
    stripes: float
    stripe_angle: float
    stripe_strength: float
    tint: Float[np.ndarray, " 3"]

    @classmethod
    def draw(cls, rng: np.random.Generator, side: int) -> "Pose":
        """Draw all numbers at once, so that they do not depend on shape or colour."""
        striped = rng.uniform() < 0.5
        return cls(
            centre=tuple(rng.uniform(0.36, 0.64, size=2) * side),
            radius=rng.uniform(0.23, 0.31) * side,
            turn=rng.uniform(-0.35, 0.35),
            light=rng.uniform(0, 2 * np.pi),
            stripes=rng.uniform(2.0, 3.5),
            stripe_angle=rng.uniform(0, np.pi),
            stripe_strength=0.12 * striped,
            tint=rng.normal(0, 5, size=3),
        )

    def place(self, outline: Outline) -> list[tuple[float, float]]:
        """The outline's points on the canvas, as x and y in supersampled pixels."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        turned = outline @ np.array([[cos, sin], [-sin, cos]])
        return [tuple(point) for point in turned * self.radius + self.centre]


def _silhouette(pose: Pose, shape: str, side: int) -> Image.Image:
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    draw.polygon(pose.place(OUTLINES[shape]), fill=255)
    if shape in HOLES:
        draw.polygon(pose.place(HOLES[shape]), fill=0)
    return mask


def _surface(pose: Pose, colour: str, rng: np.random.Generator, side: int) -> Canvas:
    y, x = (np.mgrid[0:side, 0:side].astype(np.float32) - side / 2) / pose.radius
    shading = 0.16 * (np.cos(pose.light) * x + np.sin(pose.light) * y)
    across = np.cos(pose.stripe_angle) * x + np.sin(pose.stripe_angle) * y
    stripes = pose.stripe_strength * np.sign(np.sin(pose.stripes * np.pi * across))
    speckle = 0.04 * noise(rng, side, (side // 4, side // 4))
    brightness = 0.92 + shading + stripes + speckle
    pigment = np.asarray(PIGMENTS[colour], np.float32) + pose.tint
    dark_gloss = 60 * (stripes + shading + speckle) if colour == "black" else np.zeros_like(x)
    return pigment * brightness[..., None] + dark_gloss[..., None]


def _scatter(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    side = len(canvas)
    picture = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    for _ in range(int(rng.integers(3, 7))):
        x, y = rng.uniform(0.03, 0.97, size=2) * side
        size = rng.uniform(0.014, 0.032) * side
        fill = TRIFLES[int(rng.integers(len(TRIFLES)))]
        if rng.uniform() < 0.6:
            draw.ellipse([x - size, y - size, x + size, y + size], fill=fill)
        else:
            lean = rng.uniform(-3, 3) * size
            draw.line([(x - lean, y - 2 * size), (x + lean, y + 2 * size)], fill=fill, width=4)
    return np.asarray(picture, np.float32)


def _over(below: Canvas, above: Canvas | float, alpha: Field) -> Canvas:
    return below + (above - below) * alpha[..., None]


def _alpha(mask: Image.Image) -> Field:
    return np.asarray(mask, np.float32) / 255


def _box_average(canvas: Canvas) -> Picture:
    blocks = canvas.clip(0, 255).reshape(SIDE, SUPERSAMPLING, SIDE, SUPERSAMPLING, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def render(spec: SceneSpec, seed: int) -> Picture:
    """Render ``spec`` as arranged by ``seed``, box-averaged from three times the size."""
    side = SIDE * SUPERSAMPLING
    ground, trifles, posing, surface = (np.random.default_rng([seed, part]) for part in range(4))
    canvas = _scatter(TEXTURES[spec.background](ground, side), trifles)
    pose = Pose.draw(posing, side)
    silhouette = _silhouette(pose, spec.shape, side)
    offset = Image.new("L", (side, side))
    offset.paste(silhouette, (int(0.03 * side), int(0.04 * side)))
    shadow = offset.filter(ImageFilter.BoxBlur(5)).filter(ImageFilter.BoxBlur(5))
    rim = _alpha(silhouette) - _alpha(silhouette.filter(ImageFilter.MinFilter(5)))
    body = _surface(pose, spec.colour, surface, side)
    canvas = _over(canvas, 10.0, 0.55 * _alpha(shadow))
    canvas = _over(canvas, body, _alpha(silhouette))
    return _box_average(_over(canvas, 0.45 * body + 12, 0.5 * rim))


def true_mask(picture: Picture, counterfactual: Picture, threshold: int = 6) -> Mask:
    """True where two pictures differ by more than ``threshold`` of 255 in any channel."""
    difference = np.abs(picture.astype(np.int16) - counterfactual.astype(np.int16))
    return difference.max(axis=-1) > threshold


def main() -> None:
    """Render the scene that the command line describes to a PNG."""
    parser = argparse.ArgumentParser(description="Draws a scene of the embedded world.")
    parser.add_argument("caption", help='colour, shape and background: "a red star on grass"')
    parser.add_argument("--seed", type=int, default=0, help="how the scene is arranged, from 0")
    parser.add_argument("--out", type=Path, default=Path("scene.png"), help="the PNG to write")
    options = parser.parse_args()
    words = [word for word in options.caption.lower().split() if word not in ("a", "an", "on")]
    if len(words) != 3 or options.seed < 0:
        parser.error('give a caption such as "a red star on grass", and a seed from 0')
    try:
        Image.fromarray(render(SceneSpec(*words), options.seed)).save(options.out, format="PNG")
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(f"wrote {options.out}")  # noqa: T201


if __name__ == "__main__":
    main()
