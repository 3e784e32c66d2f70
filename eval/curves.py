"""Compare two trade-off curves by their mean gap over the range of x that they share."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from eval.bootstrap import Interval, statistic_interval

Points = Float[np.ndarray, "points groups"]
Rows = Float[np.ndarray, "resamples _"]
Gaps = Float[np.ndarray, " resamples"]


@dataclass(frozen=True)
class Curve:
    """A method at several settings; a column is a group of items, for example a target class.

    The curve's points are the means over groups, of ``x`` and of ``y``.
    """

    x: Points
    y: Points


def gap(first: Curve, second: Curve) -> Interval:
    """Mean of ``second`` minus ``first`` over the range of x that they share, with its interval.

    The gap is positive where ``first`` is lower, and NaN where the curves share no range of x. A
    curve joins its points by straight lines in the order of x. Each resample draws the same groups
    for both curves, x and y, so that the interval is paired. Resamples in which the curves share no
    range of x are left out; the bounds are NaN where these are more than 1 in 20.
    """

    def height(weights: Float[np.ndarray, "resamples groups"]) -> Gaps:
        x, y, other_x, other_y = (
            weights @ points.T for points in (first.x, first.y, second.x, second.y)
        )
        return _gaps(x, y, other_x, other_y)

    return statistic_interval(height, first.x.shape[1])


def _gaps(x: Rows, y: Rows, other_x: Rows, other_y: Rows) -> Gaps:
    low = np.maximum(x.min(1), other_x.min(1))[:, None]
    high = np.minimum(x.max(1), other_x.max(1))[:, None]
    # Both curves are straight between these points, so the area of the trapezoids is exact.
    at = np.sort(
        np.concatenate([x, other_x, low, high], axis=1).clip(low, np.maximum(low, high)), axis=1
    )
    heights = _height(other_x, other_y, at) - _height(x, y, at)
    length = (high - low)[:, 0]
    area = np.trapezoid(heights, at, axis=1)
    return np.divide(area, length, out=np.full_like(area, np.nan), where=length > 0)


def _height(x: Rows, y: Rows, at: Rows) -> Rows:
    """The height at ``at`` of each row's curve: its first y, plus the rises left of ``at``."""
    order = np.argsort(x, axis=1)
    x, y = (np.take_along_axis(values, order, axis=1) for values in (x, y))
    height = np.repeat(y[:, :1], at.shape[1], axis=1)
    for left in range(x.shape[1] - 1):
        run = x[:, left + 1, None] - x[:, left, None]
        share = ((at - x[:, left, None]) / np.maximum(run, np.finfo(float).tiny)).clip(0, 1)
        height += share * (y[:, left + 1, None] - y[:, left, None])
    return height
