"""Fréchet distance of Gaussians; on Inception's features the FID (Heusel et al., 2017, Eq. 6)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pti.errors import InputError

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Gaussian:
    """A mean and a covariance, in double precision."""

    mean: Float[np.ndarray, " d"]
    covariance: Float[np.ndarray, "d d"]


def gaussian(features: Float[np.ndarray, "n d"]) -> Gaussian:
    """Mean and unbiased covariance over rows; raises ``InputError`` for fewer than two rows."""
    if len(features) < 2:
        raise InputError(
            f"the Fréchet distance needs the covariance of 2 pictures or more: give more than "
            f"{len(features)}"
        )
    mean = features.mean(0, dtype=np.float64)
    centred = features - mean
    return Gaussian(mean, centred.T @ centred / (len(features) - 1))


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))``; 0 only for equal Gaussians.

    Its expectation falls with the number of pictures, so values at different n are not comparable.
    A value within rounding error of 0 is returned as 0.
    """
    shift = np.square(first.mean - second.mean).sum()
    spread = np.trace(first.covariance) + np.trace(second.covariance)
    distance = float(shift + spread - 2 * _overlap(first.covariance, second.covariance))
    return 0.0 if abs(distance) <= len(first.mean) * EPSILON * spread else distance


def _overlap(
    first: Float[np.ndarray, "d d"], second: Float[np.ndarray, "d d"]
) -> float | np.floating:
    """The trace of (S1 S2)^(1/2): the sum of the singular values of R1' R2, where S = R R'.

    Their squares are the eigenvalues of R1' S2 R1. The roots of those eigenvalues would enlarge the
    rounding errors at 0, and did make distances negative with fewer pictures than features.
    """
    return np.linalg.svd(_root(first).T @ _root(second), compute_uv=False).sum()


def _root(covariance: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "d rank"]:
    values, vectors = np.linalg.eigh(covariance)
    there = values > len(values) * EPSILON * values.max()
    return vectors[:, there] * np.sqrt(values[there])
