"""Training pictures: rendered scenes with their labels, and random crops of photographs."""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from data.progress import bar
from data.scenes.photographs import TRAINING, open_photograph
from data.scenes.render import SIDE, Picture, render
from data.scenes.spec import BACKGROUNDS, COLOURS, SHAPES, SceneSpec
from data.scenes.split import scene


@dataclass(frozen=True)
class Corpus:
    """Pictures and, for each, the indices of its colour, shape and background."""

    pictures: UInt8[np.ndarray, "n 64 64 3"]
    labels: Int[np.ndarray, "n 3"]

    def spec(self, index: int) -> SceneSpec:
        """The spec of picture ``index``."""
        colour, shape, background = self.labels[index]
        return SceneSpec(COLOURS[colour], SHAPES[shape], BACKGROUNDS[background])


def labels_of(spec: SceneSpec) -> tuple[int, int, int]:
    """Indices of a spec's colour, shape and background."""
    return (
        COLOURS.index(spec.colour),
        SHAPES.index(spec.shape),
        BACKGROUNDS.index(spec.background),
    )


def _item(split: str, index: int) -> tuple[Picture, tuple[int, int, int]]:
    spec, seed = scene(split, index)
    return render(spec, seed), labels_of(spec)


def save_aside(path: Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    """Write an ``npz`` beside ``path`` and rename it, so that no partial file is ever read."""
    aside = path.with_suffix(f".{os.getpid()}.npz")
    np.savez(aside, pictures=pictures, labels=labels)
    aside.replace(path)


def rendered(split: str, count: int, work: Path) -> Corpus:
    """The first ``count`` scenes of a split, rendered on all cores and cached in ``work``."""
    path = work / f"scenes-{split}-{count}.npz"
    if not path.exists():
        with ProcessPoolExecutor() as pool:
            drawn = pool.map(partial(_item, split), range(count), chunksize=64)
            items = list(bar(drawn, total=count, desc=f"render {split}", unit="picture"))
        pictures, labels = zip(*items, strict=True)
        save_aside(path, np.stack(pictures), np.asarray(labels))
    with np.load(path) as stored:
        return Corpus(stored["pictures"], stored["labels"])


def _crop(picture: Image.Image, rng: np.random.Generator) -> Picture:
    shorter = min(picture.size)
    size = int(np.exp(rng.uniform(np.log(min(SIDE, shorter)), np.log(shorter))))
    left, top = (int(rng.integers(0, full - size + 1)) for full in picture.size)
    box = (left, top, left + size, top + size)
    crop = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC, box=box), np.float32)
    turned = np.rot90(crop, k=int(rng.integers(4)))
    return (turned * rng.uniform(0.55, 1.15, size=3)).clip(0, 255).astype(np.uint8)


def photograph_crops(count: int, seed: int = 0) -> UInt8[np.ndarray, "n 64 64 3"]:
    """Random square crops of the training photographs, turned and tinted.

    Most of these photographs are grey; without the tint the autoencoder would see few colours.
    """
    rng = np.random.default_rng(seed)
    photographs = [open_photograph(name) for name in TRAINING]
    return np.stack([_crop(photographs[i % len(photographs)], rng) for i in range(count)])
