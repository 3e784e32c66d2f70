"""The Fréchet distance against SciPy's matrix root, closed forms and a nuclear norm."""

import numpy as np
import pytest
from scipy.linalg import sqrtm

from eval.frechet import Gaussian, frechet_distance, gaussian
from pti.errors import InputError

pytestmark = pytest.mark.golden


def samples(seed, n, d):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, d)) @ generator.normal(size=(d, d)) + generator.normal(size=d)


def test_matches_scipy():
    a, b = samples(0, 60, 12), samples(1, 80, 12)
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    shift = np.square(a.mean(0) - b.mean(0)).sum()
    root = np.real(sqrtm(cov_a @ cov_b))
    theirs = shift + np.trace(cov_a + cov_b - 2 * root)
    assert frechet_distance(gaussian(a), gaussian(b)) == pytest.approx(theirs, rel=1e-9)


def test_closed_form_of_diagonal_gaussians():
    a = Gaussian(np.array([0.0, 1.0, 2.0]), np.diag([1.0, 2.0, 0.0]))
    b = Gaussian(np.array([2.0, 1.0, 0.0]), np.diag([3.0, 1.0, 4.0]))
    # Squared differences of the means, then of the standard deviations 1, 2, 0 and 3, 1, 4.
    assert frechet_distance(a, b) == pytest.approx((4 + 0 + 4) + (4 + 1 + 16))


def test_fewer_pictures_than_features():
    """With S = X'X and T = Y'Y, the trace of (ST)^(1/2) is the nuclear norm of XY'."""
    a, b = samples(2, 5, 40), samples(3, 7, 40)
    x, y = ((s - s.mean(0)) / np.sqrt(len(s) - 1) for s in (a, b))
    shift = np.square(a.mean(0) - b.mean(0)).sum()
    overlap = np.linalg.svd(x @ y.T, compute_uv=False).sum()
    expected = shift + np.square(x).sum() + np.square(y).sum() - 2 * overlap
    assert frechet_distance(gaussian(a), gaussian(b)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("n", "d"), [(2, 256), (48, 256), (600, 64)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_set_is_at_0_from_itself_and_never_below_0_from_another(n, d, scale):
    features = (scale * samples(7, n, d)).astype(np.float32)
    one = gaussian(features)
    assert frechet_distance(one, one) == 0.0
    shuffled = gaussian(features[::-1])
    assert frechet_distance(one, shuffled) == pytest.approx(
        0.0, abs=1e-9 * np.square(one.root).sum()
    )
    moved = Gaussian(one.mean + 1e-4 * scale, one.root)
    assert frechet_distance(one, moved) == pytest.approx(d * (1e-4 * scale) ** 2, rel=1e-3)


def test_pictures_that_are_all_alike_have_no_spread():
    still = gaussian(np.ones((3, 4)))
    assert frechet_distance(still, still) == 0.0
    assert frechet_distance(still, gaussian(np.zeros((3, 4)))) == 4.0


def test_equal_sets_are_at_0_and_order_does_not_matter():
    a, b = gaussian(samples(4, 30, 8)), gaussian(samples(5, 30, 8))
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)


def test_single_precision_features_are_summed_in_double():
    features = samples(6, 50, 4).astype(np.float32)
    found, doubled = gaussian(features + np.float32(4096)), features.astype(np.float64)
    covariance = found.root @ found.root.T
    assert found.mean.dtype == covariance.dtype == np.float64
    shifted = (features + np.float32(4096)).astype(np.float64)
    np.testing.assert_allclose(covariance, np.cov(shifted, rowvar=False), rtol=1e-10)
    assert np.abs(covariance - np.cov(doubled, rowvar=False)).max() < 1e-2


def test_one_picture_has_no_covariance():
    with pytest.raises(InputError, match="2 pictures or more"):
        gaussian(np.zeros((1, 3)))
