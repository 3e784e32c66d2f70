"""The sign-flip test against scipy's, effect sizes and sample sizes against known values."""

import math

import numpy as np
import pytest
from scipy import stats

from eval.paired import effect_size, items_to_decide, sign_flip_p


def scipys(differences):
    test = stats.permutation_test(
        (differences, np.zeros_like(differences)),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=50_000,
        rng=np.random.default_rng(1),
    )
    return test.pvalue


@pytest.mark.parametrize("n", [3, 8, 12])
def test_few_differences_are_tested_exactly(n):
    differences = np.random.default_rng(n).normal(0.5, 1, n)
    assert sign_flip_p(differences) == pytest.approx(scipys(differences))


def test_many_are_tested_by_draws():
    differences = np.random.default_rng(0).normal(0.35, 1, 40)
    assert sign_flip_p(differences) == pytest.approx(scipys(differences), abs=0.006)


def test_all_of_one_sign_is_the_least_p_there_is():
    assert sign_flip_p(np.array([1.0, 2.0, 3.0, 4.0])) == 2 / 2**4


def test_no_p_below_what_the_draws_can_show():
    assert sign_flip_p(np.ones(40)) == pytest.approx(1 / 100_001)


def test_effect_size_is_mean_over_spread():
    assert effect_size(np.array([1.0, 2.0, 3.0])) == 2.0
    assert math.isnan(effect_size(np.array([1.0])))
    assert effect_size(np.array([-2.0, -2.0])) == -math.inf
    assert effect_size(np.array([0.1 + 0.2, 0.3, 0.3])) == math.inf
    assert math.isnan(effect_size(np.zeros(3)))


@pytest.mark.parametrize(("effect", "n"), [(0.2, 197), (-0.5, 32), (0.8, 13)])
def test_items_to_decide_are_the_textbook_s(effect, n):
    """Cohen (1988), paired t-test at 80% power and 5%: 199, 34 and 15, two of them for t."""
    assert items_to_decide(effect) == n


def test_no_effect_is_never_decided():
    assert items_to_decide(0.0) == math.inf
    assert math.isnan(items_to_decide(math.nan))
