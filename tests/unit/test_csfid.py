import numpy as np
import pytest

from eval.csfid import class_distances, sfid
from pti.errors import InputError


def test_by_hand():
    features = np.array([[0.0, 0.0], [9.0, 9.0], [2.0, 4.0]])
    means = {"cat": np.array([0.0, 1.0]), "dog": np.array([8.0, 7.0]), "unused": np.zeros(2)}
    found = class_distances(features, ["cat", "dog", "cat"], means)

    assert set(found) == {"cat", "dog"}
    # The cats' mean is (1, 2), 1 + 1 from (0, 1); their variances are 2 and 8, over 2 pictures.
    assert (found["cat"].n, found["cat"].distance) == (2, 2.0)
    assert found["cat"].corrected == pytest.approx(2 - 10 / 2)
    assert (found["dog"].n, found["dog"].distance) == (1, 5.0)
    assert np.isnan(found["dog"].corrected)


def test_sfid_takes_all_classes_together():
    features = np.array([[0.0, 0.0], [9.0, 9.0], [3.0, 0.0]], dtype=np.float32)
    assert sfid(features, np.array([1.0, 1.0])) == pytest.approx(3.0**2 + 2.0**2)


def test_sums_in_double_precision():
    features = np.full((3000, 1), 2**24 + 2, dtype=np.float32)
    features[::2] += 2
    assert sfid(features, np.array([2.0**24 + 3])) == 0.0


def test_a_class_without_a_mean_is_named():
    with pytest.raises(InputError, match="'zebra'"):
        class_distances(np.zeros((1, 2)), ["zebra"], {"horse": np.zeros(2)})


@pytest.mark.parametrize("n", [2, 4, 16])
def test_only_the_corrected_distance_is_unbiased(n):
    """Averages over many sets about a known mean, within 4 standard errors."""
    draws, generator = 4000, np.random.default_rng(n)
    mixing = generator.normal(size=(6, 6))
    shift = np.linspace(0.1, 0.6, 6)
    features = generator.normal(size=(draws, n, 6)) @ mixing + shift
    truth, trace = np.square(shift).sum(), np.trace(mixing.T @ mixing)

    means = {"c": np.zeros(6)}
    found = [class_distances(sample, ["c"] * n, means)["c"] for sample in features]
    plain = np.array([each.distance for each in found])
    corrected = np.array([each.corrected for each in found])

    def error(values):
        return 4 * values.std() / np.sqrt(draws)

    assert corrected.mean() == pytest.approx(truth, abs=error(corrected))
    assert plain.mean() == pytest.approx(truth + trace / n, abs=error(plain))
    assert trace / n > 2 * error(plain)
    assert corrected.min() < 0
