"""Training pictures: rendered scenes with their labels, and random crops of photographs."""

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from data.progress import bar
from data.scenes.classifier import ATTRIBUTES, UNNAMED
from data.scenes.photographs import TRAINING, open_photograph
from data.scenes.render import RENDERER, SIDE, Picture, render, silhouettes
from data.scenes.spec import SceneSpec
from data.scenes.split import training_scene

REGION_SIDE = 16


@dataclass(frozen=True)
class Corpus:
    """Pictures, the labels of each as ``labels_of`` gives them, and where its parts are.

    ``regions`` are in [0, 255]: how much of each of 16 by 16 cells the first object fills, the
    second, and neither.
    """

    pictures: UInt8[np.ndarray, "n 64 64 3"]
    labels: Int[np.ndarray, "n attributes"]
    regions: UInt8[np.ndarray, "n 3 16 16"]


def labels_of(spec: SceneSpec) -> tuple[int, ...]:
    """The index of each attribute's word; of two objects, only that something is there."""
    words = {"background": spec.background, "presence": "present" if spec.things else "absent"}
    if len(spec.things) == 1:
        words |= vars(spec.thing)
    return tuple(
        known.index(words[attribute]) if attribute in words else UNNAMED
        for attribute, known in ATTRIBUTES.items()
    )


def regions_of(spec: SceneSpec, seed: int) -> UInt8[np.ndarray, "3 16 16"]:
    """How much of each cell the first object fills, the second, and neither."""
    parts = np.zeros((3, SIDE, SIDE), np.float32)
    for part, silhouette in zip(parts, silhouettes(spec, seed), strict=False):
        part[silhouette] = 255
    parts[2] = 255 - parts[0] - parts[1]
    cell = SIDE // REGION_SIDE
    cells = parts.clip(0, 255).reshape(3, REGION_SIDE, cell, REGION_SIDE, cell)
    return cells.mean(axis=(2, 4)).astype(np.uint8)


def _item(
    index: int, renderer: int
) -> tuple[Picture, tuple[int, ...], UInt8[np.ndarray, "3 16 16"]]:
    spec, seed = training_scene(index)
    return render(spec, seed, renderer), labels_of(spec), regions_of(spec, seed)


def rendered(count: int, work: Path, renderer: int = RENDERER) -> Corpus:
    """The first ``count`` scenes to train on, rendered on all cores and cached in ``work``."""
    path = work / f"scenes-{count}-renderer-{renderer}.npz"
    if not path.exists():
        with ProcessPoolExecutor() as pool:
            drawn = pool.map(_item, range(count), repeat(renderer), chunksize=64)
            items = list(bar(drawn, total=count, desc="render", unit="picture"))
        pictures, labels, regions = (np.stack(column) for column in zip(*items, strict=True))
        aside = path.with_suffix(f".{os.getpid()}.npz")
        np.savez(aside, pictures=pictures, labels=labels, regions=regions)
        # Renamed when it is whole, so that no partial file is ever read.
        aside.replace(path)
    with np.load(path) as stored:
        return Corpus(stored["pictures"], stored["labels"], stored["regions"])


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
