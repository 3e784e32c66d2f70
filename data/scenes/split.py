"""Assigns a fixed scene to each index of a split; training sees scenes of other kinds, too."""

import numpy as np

from data.scenes.spec import ALL_SPECS, HELD_OUT_SPECS, TRAIN_SPECS, SceneSpec, Thing
from pti.errors import InputError

STREAMS = {
    "train": (0, TRAIN_SPECS),
    "held_out": (1, HELD_OUT_SPECS),
    "dev": (2, ALL_SPECS),
    "test": (3, ALL_SPECS),
}
"""The number of a split's stream of seeds, and the specs that it draws from."""

STRIDE = 10_000_000

EMPTY_SCENES = 0.1
"""Share of the scenes to train on without an object, so that a caption may name none."""

PAIRED_SCENES = 0.3
"""Share with two objects, in which the words of each must find their own."""


def scene(split: str, index: int) -> tuple[SceneSpec, int]:
    """The spec and the renderer's seed of scene ``index`` in [0, ``STRIDE``).

    Raises ``ValueError`` for an index outside the split, and ``InputError`` for an unknown split.
    """
    if split not in STREAMS:
        raise InputError(f"split={split} is unknown: choose one of {', '.join(STREAMS)}")
    stream, specs = STREAMS[split]
    if not 0 <= index < STRIDE:
        raise ValueError(f"scene {index} is outside split {split!r}, which ends at {STRIDE - 1}")
    choice = np.random.default_rng([stream, index]).integers(len(specs))
    return specs[int(choice)], stream * STRIDE + index


def training_scene(index: int) -> tuple[SceneSpec, int]:
    """Scene ``index`` of split "train", where some have no object, and some have a second one."""
    spec, seed = scene("train", index)
    rng = np.random.default_rng([seed, 98])
    kind = rng.uniform()
    if kind < EMPTY_SCENES:
        return SceneSpec((), spec.background), seed
    if kind > 1 - PAIRED_SCENES:
        second = _companion(spec, rng)
        return SceneSpec((spec.thing, second), spec.background), seed
    return spec, seed


def _companion(spec: SceneSpec, rng: np.random.Generator) -> Thing:
    """An object of another colour and shape, which is trained on this background by itself."""
    fitting = [
        other.thing
        for other in TRAIN_SPECS
        if other.background == spec.background
        and other.thing.colour != spec.thing.colour
        and other.thing.shape != spec.thing.shape
    ]
    return fitting[int(rng.integers(len(fitting)))]
