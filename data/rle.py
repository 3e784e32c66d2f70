"""Masks as runs, in PIE-Bench's encoding: start, length, start, length, ... over rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool

from pti.errors import InputError

Mask = Bool[np.ndarray, "height width"]


def encode(mask: Mask) -> list[int]:
    """The runs of a mask, from its first pixel on, row after row."""
    edges = np.diff(mask.ravel().astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return np.stack([starts, ends - starts], axis=1).ravel().tolist()


def decode(runs: Sequence[Any], side: int, name: str) -> Mask:
    """The square mask that runs select; they may overlap, be empty, or go on beyond its end.

    Raises ``InputError``, which names its item ``name``, where the list can't be such runs.
    """
    wrong = _wrong(runs, side * side)
    if wrong:
        raise InputError(
            f"{name}: mask {wrong}: write pairs of start and length, or get the file again"
        )
    edges = np.zeros(side * side + 1, dtype=np.int64)
    for start, length in zip(runs[::2], runs[1::2], strict=True):
        edges[start] += 1
        edges[min(start + length, side * side)] -= 1
    return (np.cumsum(edges[:-1]) > 0).reshape(side, side)


def with_border(mask: Mask) -> Mask:
    """The mask, and the outermost row or column of pixels on each side.

    PIE-Bench's authors add them as annotations err there; their metrics never see these pixels.
    """
    framed = mask.copy()
    framed[[0, -1], :] = True
    framed[:, [0, -1]] = True
    return framed


def _wrong(runs: Sequence[Any], pixels: int) -> str:
    """What is wrong with a list of runs; empty where it is sound."""
    other = [entry for entry in runs if not isinstance(entry, int) or isinstance(entry, bool)]
    if other:
        return f"has {other[0]!r}, which is not a whole number"
    if len(runs) % 2:
        return f"has {len(runs)} numbers, of which the last has no length"
    short = [length for length in runs[1::2] if length < 0]
    if short:
        return f"has a run of length {short[0]}"
    outside = [start for start in runs[::2] if not 0 <= start < pixels]
    return f"has a run from {outside[0]}, where only 0 to {pixels - 1} are" if outside else ""
