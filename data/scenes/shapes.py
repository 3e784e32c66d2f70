"""Outlines of the eight shapes around the origin."""

import numpy as np
from jaxtyping import Float

Outline = Float[np.ndarray, "points 2"]
"""A closed polygon of points (x, y): x to the right, y down, within 1.2 of the origin."""


def _arc(start: float, stop: float, radius: float = 1.0, points: int = 48) -> Outline:
    angles = np.radians(np.linspace(start, stop, points))
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _regular(points: int, first: float) -> Outline:
    angles = np.radians(first + 360 / points * np.arange(points))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _star() -> Outline:
    outline = _regular(10, first=-90)
    outline[1::2] *= 0.42
    return outline


def _heart() -> Outline:
    t = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    x = np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)) / 16
    return np.stack([x, y * 0.95], axis=1)


def _cross() -> Outline:
    arm, half = 0.96, 0.32
    corner = [(half, -arm), (half, -half), (arm, -half), (arm, half), (half, half), (half, arm)]
    right = np.array(corner)
    return np.concatenate([right, -right])


def _crescent() -> Outline:
    outer = _arc(50, 310)
    tip = outer[0]
    centre, radius = 0.5, float(np.hypot(tip[0] - 0.5, tip[1]))
    angle = np.degrees(np.arctan2(tip[1], tip[0] - centre))
    inner = _arc(360 - angle, angle, radius) + np.array([centre, 0])
    return np.concatenate([outer, inner])


OUTLINES: dict[str, Outline] = {
    "circle": _arc(0, 360) * 0.95,
    "square": _regular(4, first=45) * 1.18,
    "triangle": _regular(3, first=-90) * 1.08 + [0, 0.18],
    "star": _star() * 1.08,
    "heart": _heart(),
    "ring": _arc(0, 360),
    "cross": _cross(),
    "crescent": _crescent() * 1.05,
}

HOLES: dict[str, Outline] = {"ring": _arc(0, 360) * 0.55}
