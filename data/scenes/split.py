"""Which scene is item i of a split: fixed for ever by the split's name and i."""

import numpy as np

from data.scenes.spec import ALL_SPECS, HELD_OUT_SPECS, TRAIN_SPECS, SceneSpec
from pti.errors import InputError

STREAMS = {
    "train": (0, TRAIN_SPECS),
    "held_out": (1, HELD_OUT_SPECS),
    "dev": (2, ALL_SPECS),
    "test": (3, ALL_SPECS),
}
"""Each split's stream of seeds and the specs that it draws from."""

STRIDE = 10_000_000


def scene(split: str, index: int) -> tuple[SceneSpec, int]:
    """Spec and renderer's seed of item ``index``; raises ``ValueError`` beyond the split.

    Raises ``InputError`` for a split that there is not.
    """
    if split not in STREAMS:
        raise InputError(f"split={split} is unknown: choose one of {', '.join(STREAMS)}")
    stream, specs = STREAMS[split]
    if not 0 <= index < STRIDE:
        raise ValueError(f"scene {index} is outside split {split!r}, which ends at {STRIDE - 1}")
    choice = np.random.default_rng([stream, index]).integers(len(specs))
    return specs[int(choice)], stream * STRIDE + index
