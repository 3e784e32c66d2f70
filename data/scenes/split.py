"""Assigns a fixed scene to each index of a split."""

import numpy as np

from data.scenes.spec import ALL_SPECS, HELD_OUT_SPECS, TRAIN_SPECS, SceneSpec
from pti.errors import InputError

STREAMS = {
    "train": (0, TRAIN_SPECS),
    "held_out": (1, HELD_OUT_SPECS),
    "dev": (2, ALL_SPECS),
    "test": (3, ALL_SPECS),
}
"""The number of a split's stream of seeds, and the specs that it draws from."""

STRIDE = 10_000_000


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
