"""The interval of a statistic that is not a mean, from its values with one item left out."""

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from eval.bootstrap import LEVEL, Interval

Values = Float[np.ndarray, " n"]
Strata = Int[np.ndarray, " n"]


def stratified_interval(value: float, without: Values, stratum: Strata) -> Interval:
    """The interval of a statistic of items that are drawn anew within strata, which stay.

    ``without`` are the values with each item left out, and ``stratum`` is the number of its
    stratum, from 0 without gaps. For a mean over strata of their means this is the t interval of
    stratified samples, with Satterthwaite's degrees of freedom. For squared distances of means, as
    CSFID's, plain and corrected, the variance is on average rather too large than too small (Efron
    & Stein, 1981). The bounds are NaN where a value is not defined, and for a stratum of one item,
    which does not show variation.
    """
    nothing = Interval(value, np.nan, np.nan, len(without), 0)
    if len(without) == 0 or not np.isfinite([value, *without]).all():
        return nothing
    counts = np.bincount(stratum)
    if counts.min() < 2:
        return nothing
    apart = without - (np.bincount(stratum, without) / counts)[stratum]
    variances = (counts - 1) / counts * np.bincount(stratum, np.square(apart))
    variance = float(variances.sum())
    if variance == 0:
        return Interval(value, value, value, len(without), 0, float(value == 0))
    freedom = variance**2 / (np.square(variances) / (counts - 1)).sum()
    half = float(stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance))
    p = 2 * float(stats.t.sf(abs(value) / np.sqrt(variance), freedom))
    return Interval(value, value - half, value + half, len(without), 0, p)
