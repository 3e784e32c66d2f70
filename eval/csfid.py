"""FlexIT's simplified FIDs (Couairon et al., 2022, arXiv 2203.04705): means only, no covariance.

CSFID is the unweighted mean over target classes c of d_c = ||mean f - mu_c||^2, where f are the
features of the pictures edited towards c and mu_c is the mean of real pictures of c. With n
pictures per class, the expectation of d_c is tr(Cov_c) / n even for perfect edits (FlexIT: 27 for
real pictures at n=4), so values at different n are not comparable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pti.errors import InputError

CORRECTED_BELOW_ZERO = (
    "an unbiased estimate of a squared distance falls below 0 by chance where the distance is "
    "small; read it as a distance too small to be told by so few pictures a class"
)

Features = Float[np.ndarray, "n d"]
Mean = Float[np.ndarray, " d"]


@dataclass(frozen=True)
class ClassDistance:
    """FlexIT's d_c: the squared distance of ``n`` edited pictures of a class from the real ones.

    ``corrected`` is d_c - tr(S_c) / n with the unbiased covariance S_c. Its expectation is the
    squared distance of the true means at any n, so it can be negative; NaN below two pictures.
    Without any picture both are NaN.
    """

    n: int
    distance: float
    corrected: float


def class_distances(
    features: Features, classes: Sequence[str], means: Mapping[str, Mean]
) -> dict[str, ClassDistance]:
    """One distance for each class in ``classes``, the target class of each row of ``features``.

    ``means`` are the mean features of the real pictures of each class. Raises ``InputError`` where
    a class has no mean.
    """
    labels = np.asarray(classes)
    return {
        name: _class_distance(features[labels == name], _mean_of(name, means))
        for name in sorted(set(classes))
    }


def distances_without(
    features: Features, classes: Sequence[str], means: Mapping[str, Mean]
) -> list[ClassDistance]:
    """The distance of the class of each row of ``features`` with this row left out.

    It is NaN where no row of the class is left. Raises ``InputError`` as ``class_distances`` does.
    """
    labels, rows = np.asarray(classes), np.arange(len(classes))
    return [
        _class_distance(features[(labels == name) & (rows != row)], _mean_of(name, means))
        for row, name in enumerate(classes)
    ]


def sfid(features: Features, mean: Mean) -> float:
    """Squared distance of the mean of ``features`` from ``mean``, the mean of real pictures."""
    return float(np.square(features.mean(0, dtype=np.float64) - mean).sum())


def _class_distance(features: Features, mean: Mean) -> ClassDistance:
    n = len(features)
    if n == 0:
        return ClassDistance(0, np.nan, np.nan)
    distance = sfid(features, mean)
    if n == 1:
        return ClassDistance(n, distance, np.nan)
    trace = features.var(axis=0, ddof=1, dtype=np.float64).sum()
    return ClassDistance(n, distance, float(distance - trace / n))


def _mean_of(name: str, means: Mapping[str, Mean]) -> Mean:
    if name not in means:
        raise InputError(
            f"the class means lack {name!r}: compute them from real pictures of that class too"
        )
    return means[name]
