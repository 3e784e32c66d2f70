"""Two trade-off curves compared: how far apart they lie, on average, where both reach."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eval.bootstrap import Interval, statistic_interval

Points = Float[np.ndarray, "points groups"]
Mean = Float[np.ndarray, " _"]


@dataclass(frozen=True)
class Curve:
    """A method at several settings; a column is a group of items, such as a target class.

    The curve's points are the means over groups, of ``x`` and of ``y``.
    """

    x: Points
    y: Points


def gap(first: Curve, second: Curve) -> Interval:
    """Mean height of ``second`` over ``first`` along the x that both reach, with its interval.

    Positive where ``first`` is lower. Curves run straight between their points, taken by rising x.
    Groups are drawn anew together for both curves, x and y, so that the interval is paired. NaN
    where the curves have no x in common, in a resample as well: those are left out of the interval
    and make it undefined if they are more than 1 in 20.
    """

    def height(weights: Float[np.ndarray, "resamples groups"]) -> Float[np.ndarray, " resamples"]:
        means = [weights @ points.T for points in (first.x, first.y, second.x, second.y)]
        return np.array([_gap(*rows) for rows in zip(*means, strict=True)])

    return statistic_interval(height, first.x.shape[1])


def _gap(x: Mean, y: Mean, other_x: Mean, other_y: Mean) -> float:
    low, high = max(x.min(), other_x.min()), min(x.max(), other_x.max())
    if low >= high:
        return np.nan
    # Straight pieces: exact on every corner of either curve.
    corners = np.concatenate([x, other_x, [low, high]])
    at = np.unique(corners.clip(low, high))
    heights = _height(other_x, other_y, at) - _height(x, y, at)
    return float(np.trapezoid(heights, at) / (high - low))


def _height(x: Mean, y: Mean, at: Float[np.ndarray, " corners"]) -> Float[np.ndarray, " corners"]:
    order = np.argsort(x)
    return np.interp(at, x[order], y[order])
