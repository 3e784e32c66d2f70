"""The area between trade-off curves, against plain numerical integration and known answers."""

import numpy as np
import pytest
from scipy import stats

from eval.curves import Curve, gap, gap_within

GROUPS = 24


def curve(x, y, seed=0, spread=0.0):
    """Points whose mean over groups lies on (x, y) exactly."""
    rng = np.random.default_rng(seed)
    shape = (len(x), GROUPS)
    noise = [rng.normal(0, spread, shape) for _ in range(2)]
    noise = [values - values.mean(1, keepdims=True) for values in noise]
    return Curve(np.asarray(x)[:, None] + noise[0], np.asarray(y)[:, None] + noise[1])


def test_parallel_curves_lie_their_distance_apart():
    lower, upper = curve([1, 2, 4], [9, 5, 4]), curve([1, 2, 4], [12, 8, 7])
    assert gap(lower, upper).value == pytest.approx(3)
    assert gap(upper, lower).value == pytest.approx(-3)


def test_only_what_both_reach_counts():
    short, long = curve([2, 3], [1, 1]), curve([0, 2, 3, 9], [50, 3, 5, 50])
    assert gap(short, long).value == pytest.approx(3)


def test_against_numerical_integration():
    first = curve([0.3, 1.1, 2.0, 2.8], [9, 7, 4.5, 4])
    second = curve([0.6, 1.0, 1.7, 3.5], [11, 6, 6.5, 3])
    at = np.linspace(0.6, 2.8, 200_001)
    lines = [np.interp(at, c.x.mean(1), c.y.mean(1)) for c in (first, second)]
    assert gap(first, second).value == pytest.approx((lines[1] - lines[0]).mean(), rel=1e-4)


def test_the_order_of_the_points_is_theirs_not_the_files():
    plain, other = curve([1, 2, 4], [9, 5, 4]), curve([1, 4], [10, 8])
    mixed = Curve(plain.x[[2, 0, 1]], plain.y[[2, 0, 1]])
    assert gap(mixed, other).value == pytest.approx(gap(plain, other).value)


def test_the_interval_is_paired_by_group():
    """What moves both curves alike does not widen the interval."""
    common = np.random.default_rng(3).normal(0, 50, GROUPS)
    lower, upper = curve([1, 2], [5, 4], 1, 0.1), curve([1, 2], [6, 5], 2, 0.1)
    shifted = (Curve(c.x, c.y + common) for c in (lower, upper))
    found = gap(*shifted)
    assert 0 < found.low < 1 < found.high < 2
    assert found.high - found.low < 0.5


def test_the_level_of_a_gap_says_what_its_interval_says():
    for y in (5.0, 5.6, 5.8, 6.2):
        found = gap(curve([1, 2], [5, 5], 1, 2.0), curve([1, 2], [y, y], 2, 2.0))
        assert (found.p < 0.05) == (found.low > 0)
    assert gap(curve([1, 2], [5, 4], 1, 1.0), curve([1, 2], [5, 4], 2, 1.0)).p > 0.9


def test_the_level_of_a_mean_gap_is_about_that_of_a_t_test():
    first, second = curve([1, 2], [5, 5], 1, 0.0), curve([1, 2], [5.5, 5.5], 2, 0.0)
    spread = np.random.default_rng(5).normal(0, 1, GROUPS)
    second = Curve(second.x, second.y + spread - spread.mean())
    _, expected = stats.ttest_1samp(0.5 + spread - spread.mean(), 0)
    assert gap(first, second).p == pytest.approx(expected, rel=0.3)


def test_one_group_has_no_interval():
    one = [Curve(c.x[:, :1], c.y[:, :1]) for c in (curve([1, 2], [5, 4]), curve([1, 2], [7, 6]))]
    found = gap(*one)
    assert found.value == pytest.approx(2)
    assert np.isnan([found.low, found.high]).all()


def test_curves_with_nothing_in_common_say_nothing():
    found = gap(curve([1, 2], [5, 4]), curve([3, 4], [5, 4]))
    assert np.isnan([found.value, found.low, found.high]).all()
    point = gap(curve([1, 2], [5, 4]), curve([1.5], [5]))
    assert np.isnan(point.value), "a single point has no length"


def drawn(seed, classes=8, n=6, settings=3):
    """Two methods at some settings: x and y of each picture, of each class."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, settings, classes, n)) + 3 * np.arange(settings)[:, None, None]
    y = rng.normal(size=(2, settings, classes, n)) + 50 * rng.normal(size=(classes, 1))
    return x, y


def within(x, y):
    """``gap_within`` of arrays of methods, settings, classes and pictures."""
    group = np.repeat(np.arange(y.shape[-2]), y.shape[-1])
    first, second = (
        (
            Curve(*(values.mean(-1) for values in method)),
            Curve(*(rest(values).reshape(len(values), -1) for values in method)),
        )
        for method in zip(x, y, strict=True)
    )
    return gap_within(first, second, group)


def rest(values):
    """The mean of each class without each of its pictures."""
    return (values.sum(-1, keepdims=True) - values) / (values.shape[-1] - 1)


def test_pictures_within_classes_are_what_varies():
    """Classes far apart widen an interval that draws classes, and not one that draws pictures."""
    x, y = drawn(1)
    found = within(x, y)
    plain = [Curve(a.mean(-1), b.mean(-1)) for a, b in zip(x, y, strict=True)]
    assert found.value == pytest.approx(gap(*plain).value)
    assert found.n == 8 * 6
    y[1] += 40 * np.random.default_rng(2).normal(size=(8, 1))
    apart = [Curve(a.mean(-1), b.mean(-1)) for a, b in zip(x, y, strict=True)]
    width, of_classes = (one.high - one.low for one in (within(x, y), gap(*apart)))
    assert width == pytest.approx(found.high - found.low, rel=0.2)
    assert of_classes > 5 * width


def test_a_gap_within_classes_leaves_out_each_picture_in_turn():
    """Against the same curves made anew without it."""
    x, y = drawn(3, classes=4, n=3)
    found = within(x, y)
    values = np.empty((4, 3))
    for place in np.ndindex(4, 3):
        weights = np.ones((4, 3))
        weights[place] = 0
        means = [(weights * one).sum(-1) / weights.sum(-1) for one in (x, y)]
        values[place] = gap(*(Curve(*of_method) for of_method in zip(*means, strict=True))).value
    squares = np.square(values - values.mean(1, keepdims=True)).sum(1) * 2 / 3
    freedom = squares.sum() ** 2 / (np.square(squares) / 2).sum()
    half = stats.t.ppf(0.975, freedom) * np.sqrt(squares.sum())
    assert (found.low, found.high) == pytest.approx((found.value - half, found.value + half))
