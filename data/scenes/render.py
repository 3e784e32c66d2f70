"""The renderer: makes a picture from a spec and a seed, the same on every call.

Each part of a scene draws its random numbers from a stream of its own, so that a changed word in
the spec changes only its part: the same seed with a different spec gives the counterfactual.

    python -m data.scenes.render "a red star on grass" [--seed 0] [--out scene.png]
"""

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import minimum_filter

from data.scenes.shapes import HOLES, OUTLINES, Outline
from data.scenes.spec import SceneSpec, Thing, parse
from data.scenes.textures import TEXTURES, Canvas, Field, noise

SIDE = 64
RENDERER = 3
"""Version of the renderer, part of a picture's identity; increase it when pictures change.

Renderer 1 drew by chance whether an object is striped, and drew its stripes fainter. Renderer 2
laid patterns out from the middle of the picture, at any angle, so that of words and outline alone
nothing followed about where a stripe is: the embedded model did not tell them from dots.
"""


@dataclass(frozen=True)
class Relief:
    """How a renderer draws patterns: their strength, and their gloss on black, which has no light.

    ``coarse`` multiplies the pose's frequency. An ``upright`` pattern is laid out from the object's
    centre, as the object is turned, at the same frequency for all.
    """

    strength: float
    gloss: float
    coarse: float
    upright: bool = False


RELIEFS = {1: Relief(0.12, 60, 1.0), 2: Relief(0.22, 160, 0.65), 3: Relief(0.22, 160, 0.65, True)}
"""By renderer; from renderer 2 on, patterns survive the autoencoder."""

UPRIGHT_FREQUENCY = 3.0

BESIDE = 0.24
"""Distance of each of two objects from the middle of the picture, whose side is 1."""

SMALLER = 0.58
"""Size of each of two objects beside that of a single one."""

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
    """Position, lighting and pattern of an object; in supersampled pixels and radians.

    Light is laid out from ``origin``, in units of ``radius``, and so are patterns that are not
    upright.
    """

    centre: tuple[float, float]
    origin: tuple[float, float]
    radius: float
    turn: float
    light: float
    frequency: float
    angle: float
    by_chance: str
    tint: Float[np.ndarray, " 3"]

    @classmethod
    def draw(cls, rng: np.random.Generator, side: int) -> "Pose":
        """Draw all numbers at once, so that they do not depend on the object's words."""
        by_chance = "striped" if rng.uniform() < 0.5 else "plain"
        return cls(
            by_chance=by_chance,
            centre=tuple(rng.uniform(0.36, 0.64, size=2) * side),
            origin=(side / 2, side / 2),
            radius=rng.uniform(0.23, 0.31) * side,
            turn=rng.uniform(-0.35, 0.35),
            light=rng.uniform(0, 2 * np.pi),
            frequency=rng.uniform(2.0, 3.5),
            angle=rng.uniform(0, np.pi),
            tint=rng.normal(0, 5, size=3),
        )

    def beside(self, angle: float, side: int) -> "Pose":
        """The same pose for one of two objects, smaller, and out of the middle along ``angle``."""
        middle = np.full(2, side / 2)
        away = BESIDE * side * np.array([np.cos(angle), np.sin(angle)])
        centre = tuple(middle + away + 0.25 * (np.array(self.centre) - middle))
        return replace(self, centre=centre, origin=centre, radius=SMALLER * self.radius)

    def upright(self) -> "Pose":
        """The same pose with a pattern that follows the object."""
        return replace(self, origin=self.centre, angle=self.turn, frequency=UPRIGHT_FREQUENCY)

    def from_origin(self, side: int) -> tuple[Field, Field]:
        """Each pixel's x and y from the origin, in radii."""
        y, x = np.mgrid[0:side, 0:side].astype(np.float32)
        return (x - self.origin[0]) / self.radius, (y - self.origin[1]) / self.radius

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


def _pattern(pose: Pose, pattern: str, x: Field, y: Field) -> Field:
    """The relief of a pattern in [-1, 1], at points given from the pose's origin."""
    cos, sin = np.cos(pose.angle), np.sin(pose.angle)
    across, along = (
        np.pi * pose.frequency * part for part in (cos * x + sin * y, cos * y - sin * x)
    )
    if pattern == "striped":
        return np.sign(np.sin(across))
    if pattern == "dotted":
        return np.where(np.sin(across) * np.sin(along) > 0.2, -1.0, 0.4)
    return np.zeros_like(x)


def _surface(
    pose: Pose, thing: Thing, rng: np.random.Generator, side: int, renderer: int
) -> Canvas:
    x, y = pose.from_origin(side)
    shading = 0.16 * (np.cos(pose.light) * x + np.sin(pose.light) * y)
    style = RELIEFS[renderer]
    laid = pose.upright() if style.upright else pose
    pattern = pose.by_chance if renderer == 1 else thing.pattern
    x, y = (style.coarse * part for part in laid.from_origin(side))
    relief = style.strength * _pattern(laid, pattern, x, y)
    speckle = 0.04 * noise(rng, side, (side // 4, side // 4))
    brightness = 0.92 + shading + relief + speckle
    pigment = np.asarray(PIGMENTS[thing.colour], np.float32) + pose.tint
    lit = pigment * brightness[..., None]
    if thing.colour == "black":
        lit = lit + (style.gloss * relief + 60 * (shading + speckle))[..., None]
    return lit


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


def _alpha(mask: Image.Image | UInt8[np.ndarray, "side side"]) -> Field:
    return np.asarray(mask, np.float32) / 255


def _box_average(canvas: Canvas) -> Picture:
    blocks = canvas.clip(0, 255).reshape(SIDE, SUPERSAMPLING, SIDE, SUPERSAMPLING, 3)
    return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def _poses(spec: SceneSpec, seed: int, side: int) -> list[Pose]:
    poses = [
        Pose.draw(np.random.default_rng([seed, 2 + 2 * index]), side)
        for index in range(len(spec.things))
    ]
    if len(poses) == 1:
        return poses
    first = np.random.default_rng([seed, 6]).uniform(0, 2 * np.pi)
    return [pose.beside(first + np.pi * index, side) for index, pose in enumerate(poses)]


def silhouettes(spec: SceneSpec, seed: int) -> Bool[np.ndarray, "things 64 64"]:
    """Where each object is, without its shadow."""
    side = SIDE * SUPERSAMPLING
    drawn = [
        _silhouette(pose, thing.shape, side).resize((SIDE, SIDE), Image.Resampling.BOX)
        for pose, thing in zip(_poses(spec, seed, side), spec.things, strict=True)
    ]
    return np.stack([np.zeros((SIDE, SIDE), bool), *(np.asarray(mask) > 127 for mask in drawn)])[1:]


def _put(canvas: Canvas, silhouette: Image.Image, body: Canvas) -> Canvas:
    """Draw an object with its shadow and its darker rim."""
    side = len(canvas)
    offset = Image.new("L", (side, side))
    offset.paste(silhouette, (int(0.03 * side), int(0.04 * side)))
    shadow = offset.filter(ImageFilter.BoxBlur(5)).filter(ImageFilter.BoxBlur(5))
    inner = minimum_filter(np.asarray(silhouette), size=5, mode="nearest")
    rim = _alpha(silhouette) - _alpha(inner)
    canvas = _over(canvas, 10.0, 0.55 * _alpha(shadow))
    canvas = _over(canvas, body, _alpha(silhouette))
    return _over(canvas, 0.45 * body + 12, 0.5 * rim)


def render(spec: SceneSpec, seed: int, renderer: int = RENDERER) -> Picture:
    """Render ``spec`` as arranged by ``seed``, box-averaged from three times the size."""
    side = SIDE * SUPERSAMPLING
    ground, trifles = (np.random.default_rng([seed, part]) for part in range(2))
    canvas = _scatter(TEXTURES[spec.background](ground, side), trifles)
    for index, pose in enumerate(_poses(spec, seed, side)):
        thing = spec.things[index]
        surface = np.random.default_rng([seed, 3 + 2 * index])
        body = _surface(pose, thing, surface, side, renderer)
        canvas = _put(canvas, _silhouette(pose, thing.shape, side), body)
    return _box_average(canvas)


def true_mask(picture: Picture, counterfactual: Picture, threshold: int = 6) -> Mask:
    """True where two pictures differ by more than ``threshold`` of 255 in any channel."""
    difference = np.abs(picture.astype(np.int16) - counterfactual.astype(np.int16))
    return difference.max(axis=-1) > threshold


def main() -> None:
    """Render the scene that the command line describes to a PNG."""
    parser = argparse.ArgumentParser(description="Draws a scene of the embedded world.")
    parser.add_argument("caption", help='such as "a striped red star on grass"')
    parser.add_argument("--seed", type=int, default=0, help="how the scene is arranged, from 0")
    parser.add_argument("--out", type=Path, default=Path("scene.png"), help="the PNG to write")
    options = parser.parse_args()
    if options.seed < 0:
        parser.error(f"--seed {options.seed}: give a seed from 0")
    try:
        Image.fromarray(render(parse(options.caption), options.seed)).save(
            options.out, format="PNG"
        )
    except (ValueError, OSError) as error:
        parser.error(str(error))
    print(f"wrote {options.out}")  # noqa: T201


if __name__ == "__main__":
    main()
