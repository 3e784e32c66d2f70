"""Fréchet distance of Gaussians; on Inception's features the FID (Heusel et al., 2017, Eq. 6)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pti.errors import InputError

EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Gaussian:
    """A mean, and a root R of the covariance R R', in double precision."""

    mean: Float[np.ndarray, " d"]
    root: Float[np.ndarray, "d rank"]


def gaussian(features: Float[np.ndarray, "n d"]) -> Gaussian:
    """Mean and unbiased covariance over rows; raises ``InputError`` for fewer than two rows."""
    if len(features) < 2:
        raise InputError(
            f"the Fréchet distance needs the covariance of 2 pictures or more: give more than "
            f"{len(features)}"
        )
    mean = features.mean(0, dtype=np.float64)
    rows = (features - mean) / np.sqrt(len(features) - 1)
    # The rows are a root already; of many, the triangle of their QR decomposition is a smaller one.
    root = np.asarray(np.linalg.qr(rows, "r")) if len(rows) > len(mean) else rows
    return Gaussian(mean, root.T)


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))``; 0 only for equal Gaussians.

    Its expectation falls with the number of pictures, so values at different n are not comparable.
    A value within rounding error of 0 is returned as 0.
    """
    shift = np.square(first.mean - second.mean).sum()
    spread = np.square(first.root).sum() + np.square(second.root).sum()
    # The squares of these singular values are the eigenvalues of S1 S2. Roots of computed
    # eigenvalues would enlarge the rounding errors at 0, and make distances negative.
    overlap = np.linalg.svd(first.root.T @ second.root, compute_uv=False).sum()
    distance = float(shift + spread - 2 * overlap)
    return 0.0 if abs(distance) <= len(first.mean) * EPSILON * spread else distance
