"""Expanded percentile bootstrap of a mean, of a function of a mean, and of a paired difference."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import stats

LEVEL = 0.95
RESAMPLES = 10_000
SEED = 0

Values = Float[np.ndarray, " n"]
Means = Float[np.ndarray, " resamples"]
Weights = Float[np.ndarray, "resamples n"]
OfMean = Callable[[Means], Means]


@dataclass(frozen=True)
class Interval:
    """A value and its bounds, from the ``n`` items where it is defined.

    ``undefined`` items were left out: NaN, or infinite, as the PSNR of an exact copy is. The bounds
    are NaN below two items: one item says nothing about how items vary.
    """

    value: float
    low: float
    high: float
    n: int
    undefined: int


def as_is(means: Means) -> Means:
    """The mean itself."""
    return means


def interval(values: Values, of_mean: OfMean = as_is) -> Interval:
    """``of_mean`` of the mean over items, and the interval of it when items are drawn anew."""
    defined = values[np.isfinite(values)]
    return _interval(lambda weights: of_mean(weights @ defined), len(defined), len(values))


def paired_interval(first: Values, second: Values, of_mean: OfMean = as_is) -> Interval:
    """``of_mean(first) - of_mean(second)``; item i of both is the same picture, drawn together."""
    defined = np.isfinite(first) & np.isfinite(second)
    a, b = first[defined], second[defined]
    return _interval(
        lambda weights: of_mean(weights @ a) - of_mean(weights @ b), len(a), len(first)
    )


def statistic_interval(statistic: Callable[[Weights], Means], n: int) -> Interval:
    """Any function of ``n`` groups' weights; NaN, with no bounds, where it is often undefined."""
    value = statistic(np.full((1, n), 1 / n)).item()
    if n == 1:
        return Interval(value, np.nan, np.nan, 1, 0)
    draws = statistic(_weights(n))
    kept = np.sort(draws[np.isfinite(draws)])
    if not np.isfinite(value) or len(kept) < 0.95 * len(draws):
        return Interval(value, np.nan, np.nan, n, 0)
    tail = round(len(kept) * tail_of(n))
    return Interval(value, kept[tail].item(), kept[-1 - tail].item(), n, 0)


def _interval(statistic: Callable[[Weights], Means], defined: int, given: int) -> Interval:
    undefined = given - defined
    if defined == 0:
        return Interval(np.nan, np.nan, np.nan, 0, undefined)
    value = statistic(np.full((1, defined), 1 / defined)).item()
    if defined == 1:
        return Interval(value, np.nan, np.nan, 1, undefined)
    draws = np.sort(statistic(_weights(defined)))
    tail = round(RESAMPLES * tail_of(defined))
    return Interval(value, draws[tail].item(), draws[-1 - tail].item(), defined, undefined)


def tail_of(n: int) -> float:
    """The share of resamples beyond each bound: 2.5% for many items, less for few.

    The plain percentile interval is too narrow for few items, as a normal interval without
    Student's t is; this widens it by as much (Hesterberg, 2015, "expanded percentile").
    """
    student = stats.t.ppf((1 + LEVEL) / 2, n - 1)
    return float(stats.norm.cdf(-student * np.sqrt(n / (n - 1))))


@lru_cache(maxsize=2)
def _weights(n: int) -> Weights:
    """How often each resample draws each item, over n.

    One seed for all: two methods on the same items meet the same draws, and a report made again is
    the same to the last digit.
    """
    drawn = np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))
    drawn += n * np.arange(RESAMPLES)[:, None]
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n) / n
