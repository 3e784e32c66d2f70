"""The jackknife's intervals, against t intervals, and by how often they hold the truth."""

from typing import Any

import numpy as np
import pytest
from scipy import stats

from eval.csfid import class_distances, distances_without
from eval.jackknife import stratified_interval


def of_means(strata):
    """The interval of the mean of the strata's means."""
    counts = [len(values) for values in strata]
    means = np.array([values.mean() for values in strata])
    change = [
        ((values.sum() - values) / (len(values) - 1) - values.mean()) / len(strata)
        for values in strata
    ]
    stratum = np.repeat(np.arange(len(strata)), counts)
    return stratified_interval(means.mean(), means.mean() + np.concatenate(change), stratum)


def test_one_stratum_has_the_t_interval_of_its_mean():
    values = np.random.default_rng(0).normal(3, 2, 12)
    found = of_means([values])
    expected: Any = stats.ttest_1samp(values, 0)
    bounds = expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((bounds.low, bounds.high))
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.n, found.undefined) == (12, 0)


def test_the_difference_of_two_strata_has_welch_s_interval():
    """A difference is twice the mean of the one and the negative of the other."""
    rng = np.random.default_rng(1)
    first, second = rng.normal(3, 2, 9), rng.normal(1, 5, 14)
    found = of_means([first, -second])
    expected: Any = stats.ttest_ind(first, second, equal_var=False)
    bounds = expected.confidence_interval(0.95)
    assert (2 * found.low, 2 * found.high) == pytest.approx((bounds.low, bounds.high))
    assert found.p == pytest.approx(expected.pvalue)


def test_what_shows_no_variation_has_no_interval():
    alone = stratified_interval(2.0, np.array([1.0, 2.0, 3.0]), np.array([0, 0, 1]))
    undefined = stratified_interval(2.0, np.array([1.0, np.nan]), np.array([0, 0]))
    nothing = stratified_interval(2.0, np.array([]), np.array([], int))
    for found in (alone, undefined, nothing):
        assert found.value == 2.0
        assert np.isnan([found.low, found.high, found.p]).all()


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (2.0, 0.0)])
def test_what_does_not_vary_is_certain(value, p):
    found = stratified_interval(value, np.full(4, value), np.array([0, 0, 1, 1]))
    assert (found.low, found.high, found.p) == (value, value, p)


@pytest.mark.parametrize("corrected", [False, True])
@pytest.mark.parametrize("apart", [0.0, 2.0])
def test_the_interval_of_csfid_holds_the_truth_often_enough(corrected, apart):
    """Classes that stay, at their own distances: at least 95%, within 3 standard errors of that."""
    rng, draws, count, n = np.random.default_rng(3), 120, 10, 6
    names = [f"class {number}" for number in range(count)]
    centres = rng.normal(0, apart, (count, 8))
    means = {name: np.zeros(8) for name in names}
    number = np.repeat(np.arange(count), n)
    labels = [names[one] for one in number]
    truth = np.square(centres).sum(1).mean() + (0 if corrected else 8 / n)
    held = 0
    for _ in range(draws):
        features = centres[number] + rng.normal(size=(count * n, 8))
        whole = class_distances(features, labels, means)
        own, without = (
            np.array([one.corrected if corrected else one.distance for one in found])
            for found in (whole.values(), distances_without(features, labels, means))
        )
        mean = own.mean()
        found = stratified_interval(mean, mean + (without - own[number]) / count, number)
        held += found.low <= truth <= found.high
    assert held / draws >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / draws)
