"""Fréchet distance of Gaussians; on Inception's features the FID (Heusel et al., 2017, Eq. 6)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pti.errors import InputError


@dataclass(frozen=True)
class Gaussian:
    """A mean and a covariance, in double precision."""

    mean: Float[np.ndarray, " d"]
    covariance: Float[np.ndarray, "d d"]


def gaussian(features: Float[np.ndarray, "n d"]) -> Gaussian:
    """Mean and unbiased covariance over rows; raises ``InputError`` below two of them."""
    if len(features) < 2:
        raise InputError(
            f"the Fréchet distance needs the covariance of 2 pictures or more: give more than "
            f"{len(features)}"
        )
    mean = features.mean(0, dtype=np.float64)
    centred = features - mean
    return Gaussian(mean, centred.T @ centred / (len(features) - 1))


def frechet_distance(first: Gaussian, second: Gaussian) -> float:
    """``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))``: squared, so 0 only for equal Gaussians.

    It falls with the number of pictures, so values at different n are not comparable.
    """
    shift = np.square(first.mean - second.mean).sum()
    spread = np.trace(first.covariance) + np.trace(second.covariance)
    return float(shift + spread - 2 * _overlap(first.covariance, second.covariance))


def _overlap(
    first: Float[np.ndarray, "d d"], second: Float[np.ndarray, "d d"]
) -> float | np.floating:
    """The trace of (S1 S2)^(1/2), whose eigenvalues are those of R' S2 R for S1 = R R'.

    That matrix is symmetric, so its roots are real; rounding below zero, as where there are fewer
    pictures than features, counts as zero.
    """
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(values.clip(min=0))
    return np.sqrt(np.linalg.eigvalsh(root.T @ second @ root).clip(min=0)).sum()
