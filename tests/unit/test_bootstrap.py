import numpy as np
import pytest
from scipy import stats

from eval.bootstrap import interval, paired_interval

NAN = float("nan")


@pytest.fixture
def values():
    return np.random.default_rng(1).gamma(2.0, size=40)


def expanded(n):
    """Hesterberg (2015): the percentiles that make up for a small n."""
    return float(1 - 2 * stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)))


def of_scipy(data, statistic, *, paired=False):
    result = stats.bootstrap(
        data,
        statistic,
        n_resamples=20_000,
        method="percentile",
        confidence_level=expanded(len(data[0])),
        paired=paired,
        rng=np.random.default_rng(2),
        vectorized=True,
    )
    return result.confidence_interval


def test_mean_matches_scipy(values):
    ours, theirs = interval(values), of_scipy((values,), np.mean)
    assert ours.value == pytest.approx(values.mean())
    width = theirs.high - theirs.low
    assert ours.low == pytest.approx(theirs.low, abs=0.02 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.02 * width)


def test_function_of_the_mean_matches_scipy(values):
    def statistic(sample, axis=-1):
        return -10 * np.log10(np.mean(sample, axis=axis))

    ours = interval(values, lambda means: -10 * np.log10(means))
    theirs = of_scipy((values,), statistic)
    width = theirs.high - theirs.low
    assert ours.value == pytest.approx(statistic(values))
    assert ours.low == pytest.approx(theirs.low, abs=0.02 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.02 * width)


def test_paired_difference_matches_scipy(values):
    other = 0.8 * values + np.random.default_rng(3).normal(0, 0.1, values.shape)

    def statistic(a, b, axis=-1):
        return np.mean(a, axis=axis) - np.mean(b, axis=axis)

    ours = paired_interval(values, other)
    theirs = of_scipy((values, other), statistic, paired=True)
    width = theirs.high - theirs.low
    assert ours.value == pytest.approx((values - other).mean())
    assert ours.low == pytest.approx(theirs.low, abs=0.02 * width)
    assert ours.high == pytest.approx(theirs.high, abs=0.02 * width)


def test_pairing_removes_what_the_images_share(values):
    constant = paired_interval(values + 0.5, values)
    assert (constant.low, constant.high) == pytest.approx((0.5, 0.5))
    shuffled = paired_interval(values + 0.5, np.roll(values, 7))
    assert shuffled.high - shuffled.low > 0.3


def test_paired_difference_of_functions_of_means(values):
    decibels = lambda means: -10 * np.log10(means)  # noqa: E731
    ours = paired_interval(values, 2 * values, decibels)
    assert (ours.value, ours.low, ours.high) == pytest.approx([10 * np.log10(2)] * 3)


@pytest.mark.parametrize("n", [8, 16, 30])
def test_covers_the_true_mean_as_often_as_it_says(n):
    generator = np.random.default_rng(4)
    samples = generator.normal(5.0, 2.0, size=(400, n))
    covered = [made.low <= 5 <= made.high for made in map(interval, samples)]
    assert 0.925 <= np.mean(covered) <= 0.98


def test_is_the_same_every_time(values):
    assert interval(values) == interval(values.copy())


def test_undefined_values_are_left_out_and_counted(values):
    holes = np.concatenate([values[:20], [NAN, np.inf], values[20:]])
    assert interval(holes).undefined == 2
    assert interval(holes).n == 40
    assert interval(holes).value == pytest.approx(values.mean())
    assert interval(holes).low == interval(values).low


def test_a_pair_needs_both_sides():
    made = paired_interval(np.array([1.0, NAN, 3.0, 5.0]), np.array([0.0, 1.0, np.inf, 2.0]))
    assert (made.value, made.n, made.undefined) == (2.0, 2, 2)


def test_one_item_has_no_interval():
    made = interval(np.array([3.0]))
    assert made.value == 3.0
    assert np.isnan([made.low, made.high]).all()


@pytest.mark.parametrize("values", [[], [NAN, NAN]])
def test_nothing_defined_is_undefined(values):
    made = interval(np.array(values, dtype=float), lambda means: -10 * np.log10(means))
    assert np.isnan([made.value, made.low, made.high]).all()
    assert (made.n, made.undefined) == (0, len(values))
