"""The sign-flip test against scipy's, effect sizes and sample sizes against known values."""

import math

import numpy as np
import pytest
from scipy import stats

from eval.paired import effect_size, holm, items_to_decide, items_to_narrow, sign_flip_p


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


def test_holm_corrects_as_the_textbook_s_example():
    """Holm (1979) by hand, and the same values as R's p.adjust gives."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.4, 0.9]) == pytest.approx([0.8, 0.9])
    assert holm([0.7, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([0.02]) == [0.02]


def test_holm_leaves_out_what_was_not_tested():
    first, missing, second = holm([0.01, math.nan, 0.04])
    assert (first, second) == pytest.approx((0.02, 0.04))
    assert math.isnan(missing)


def test_that_many_items_make_the_interval_that_narrow():
    rng = np.random.default_rng(0)
    needed = int(items_to_narrow(rng.normal(0, 2.0, 5_000), 0.25))
    widths = [1.96 * rng.normal(0, 2.0, needed).std(ddof=1) / needed**0.5 for _ in range(200)]
    assert np.mean(widths) == pytest.approx(0.25, rel=0.02)
    assert items_to_narrow(np.ones(3), 0.0) == math.inf
    assert math.isnan(items_to_narrow(np.ones(1), 0.1))
