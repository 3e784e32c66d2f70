"""Places labels beside the points of a figure so that they hide neither points nor each other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.textpath import TextPath

POINTS = 6
"""Size of the letters, in points."""

ROUND = 3.5
"""Half the width of a usual marker, in points."""

RADII = (8, 11, 15, 20, 27, 36, 48, 64, 84)
NEAR = 12
"""Points between a label and its mark beyond which a thin line joins them."""

ANGLES = tuple(2 * pi * k / 16 for k in (2, 6, 10, 14, 0, 4, 8, 12, 1, 3, 5, 7, 9, 11, 13, 15))
"""The diagonals come first, as curves mostly leave a point sideways."""

Boxes = Float[np.ndarray, "n 4"]
"""Left, bottom, right and top of each, in points."""


@dataclass(frozen=True)
class Mark:
    """A point in data coordinates, and its label, which may be empty."""

    x: float
    y: float
    text: str
    colour: str
    half: float = ROUND
    """Half the width of its marker, in points."""


def write_beside(
    axes: Axes, marks: Sequence[Mark], strokes: Sequence[Float[np.ndarray, "k 2"]]
) -> None:
    """Write each mark's label near it, clear of all marks, the remaining labels and the rim.

    ``strokes`` are lines in data coordinates that labels avoid where possible. The axes' limits
    must be final.
    """
    figure: Any = axes.figure
    figure.draw_without_rendering()  # the layout decides where the axes lie
    scale = 72 / figure.dpi
    centres = axes.transData.transform([(mark.x, mark.y) for mark in marks]) * scale
    rim = np.array(axes.get_window_extent().extents) * scale
    halves = np.array([mark.half for mark in marks])[:, None]
    taken = np.concatenate([centres - halves, centres + halves], axis=1)
    beads = [_beads(axes.transData.transform(line) * scale) for line in strokes if len(line)]
    crossed = np.concatenate([np.empty((0, 4)), *beads])
    for mark, centre in zip(marks, centres, strict=True):
        if not mark.text:
            continue
        size: Any = TextPath((0, 0), mark.text, size=POINTS).get_extents().size
        size = size + 1.5
        offset, box = min(
            _places(centre, size), key=lambda place: _cost(place, rim, taken, crossed)
        )
        taken = np.concatenate([taken, box[None]])
        _write(axes, mark, offset)


def _places(centre: Any, size: Any) -> Iterator[tuple[Any, Any]]:
    """Offsets of a label's centre from its mark, nearest first, each with the label's box."""
    for radius in RADII:
        for angle in ANGLES:
            # Labels are wider than high, so the centre moves farther sideways to clear the mark.
            offset = np.array([cos(angle) * (radius + size[0] / 2 - 4), sin(angle) * radius])
            middle = centre + offset
            yield offset, np.concatenate([middle - size / 2, middle + size / 2])


def _cost(place: tuple[Any, Any], rim: Any, taken: Boxes, crossed: Boxes) -> float:
    offset, box = place
    beyond = bool((box[:2] < rim[:2]).any() or (box[2:] > rim[2:]).any())
    hidden = 1000 * (_overlaps(box, taken).sum() + beyond)
    return float(hidden + 4 * _overlaps(box, crossed).sum() + np.hypot(*offset))


def _overlaps(box: Any, boxes: Boxes) -> Any:
    return ((box[:2] < boxes[:, 2:]) & (boxes[:, :2] < box[2:])).all(1)


def _beads(line: Float[np.ndarray, "k 2"]) -> Boxes:
    """Boxes of 1 point along a line, about 3 points apart."""
    beads = [line[:1]]
    for start, end in pairwise(line):
        share = np.linspace(0, 1, max(2, int(np.hypot(*(end - start)) / 3)))[:, None]
        beads.append(start + share * (end - start))
    centres = np.concatenate(beads)
    return np.concatenate([centres - 0.5, centres + 0.5], axis=1)


def _write(axes: Axes, mark: Mark, offset: Any) -> None:
    lead = {"arrowstyle": "-", "linewidth": 0.4, "color": mark.colour, "shrinkA": 0, "shrinkB": 2}
    text = axes.annotate(
        mark.text,
        (mark.x, mark.y),
        tuple(offset),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=POINTS,
        color=mark.colour,
        arrowprops=lead if np.hypot(*offset) > NEAR + POINTS else None,
    )
    text.set_path_effects([withStroke(linewidth=1.2, foreground="white")])
