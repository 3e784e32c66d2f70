"""Compare two trade-off curves by their mean gap over the range of x that they share."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from eval.bootstrap import Interval, statistic_interval
from eval.jackknife import stratified_interval

Points = Float[np.ndarray, "points groups"]
Groups = Int[np.ndarray, " items"]
Rows = Float[np.ndarray, "resamples _"]
Gaps = Float[np.ndarray, " resamples"]


@dataclass(frozen=True)
class Curve:
    """A method at several settings; a column is a group of items, for example a target class.

    The curve's points are the means over groups, of ``x`` and of ``y``.
    """

    x: Points
    y: Points


Grouped = tuple[Curve, Curve]
"""A curve by groups, and the same with a column for each item: its group without this item."""


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


def gap_within(first: Grouped, second: Grouped, group: Groups) -> Interval:
    """The same gap where groups stay, and items are drawn anew within each of them.

    This is for values that a group has as a whole, such as the distance of a class. ``group`` is
    the column of each item's group.
    """
    without = [
        _rows_without(of_groups, of_items, group)
        for whole, left_out in (first, second)
        for of_groups, of_items in ((whole.x, left_out.x), (whole.y, left_out.y))
    ]
    return stratified_interval(_gap(first[0], second[0]), _gaps(*without), group)


def _gap(first: Curve, second: Curve) -> float:
    points = (first.x, first.y, second.x, second.y)
    return _gaps(*(values.mean(1)[None] for values in points)).item()


def _rows_without(
    of_groups: Points, of_items: Float[np.ndarray, "points items"], group: Groups
) -> Rows:
    """The means over groups, a row for each item that is left out."""
    change = (of_items - of_groups[:, group]) / of_groups.shape[1]
    return (of_groups.mean(1)[:, None] + change).T


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
