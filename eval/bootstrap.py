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

    ``undefined`` items were left out because their value is NaN or infinite, for example the PSNR
    of an exact copy. The bounds are NaN below two items, because one item does not show variation.
    ``p`` is the least level at which the interval leaves out 0, where it is known.
    """

    value: float
    low: float
    high: float
    n: int
    undefined: int
    p: float = np.nan


def as_is(means: Means) -> Means:
    """The mean itself."""
    return means


def interval(values: Values, of_mean: OfMean = as_is) -> Interval:
    """``of_mean`` of the mean over items, with its interval over resamples of the items."""
    defined = values[np.isfinite(values)]
    return _interval(lambda weights: of_mean(weights @ defined), len(defined), len(values))


def paired_interval(first: Values, second: Values, of_mean: OfMean = as_is) -> Interval:
    """Difference of ``of_mean`` of both means; item i of both is one picture, resampled once."""
    defined = np.isfinite(first) & np.isfinite(second)
    a, b = first[defined], second[defined]
    return _interval(
        lambda weights: of_mean(weights @ a) - of_mean(weights @ b), len(a), len(first)
    )


def statistic_interval(statistic: Callable[[Weights], Means], n: int) -> Interval:
    """The interval of any function of ``n`` groups' weights.

    The bounds are NaN for one group, or where the value or over 5% of the resamples are undefined.
    """
    value = statistic(np.full((1, n), 1 / n)).item()
    if n == 1:
        return Interval(value, np.nan, np.nan, 1, 0)
    draws = statistic(_weights(n))
    kept = np.sort(draws[np.isfinite(draws)])
    if not np.isfinite(value) or len(kept) < 0.95 * len(draws):
        return Interval(value, np.nan, np.nan, n, 0)
    tail = round(len(kept) * tail_of(n))
    return Interval(value, kept[tail].item(), kept[-1 - tail].item(), n, 0, _level_at_0(kept, n))


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

    The plain percentile interval is too narrow for few items, like a normal interval in place of
    Student's t. The expanded percentile interval widens it by the same factor (Hesterberg, 2015).
    """
    student = stats.t.ppf((1 + LEVEL) / 2, n - 1)
    return float(stats.norm.cdf(-student * np.sqrt(n / (n - 1))))


def _level_at_0(draws: Means, n: int) -> float:
    """The two-sided level at which a bound of the interval is 0; ``draws`` are sorted.

    One resample is added on each side, so that it is never 0 (Phipson & Smyth, 2010).
    """
    below = np.searchsorted(draws, 0, side="right")
    above = len(draws) - np.searchsorted(draws, 0, side="left")
    tail = (min(below, above) + 1) / (len(draws) + 1)
    student = -stats.norm.ppf(tail) * np.sqrt((n - 1) / n)
    return min(1.0, 2 * float(stats.t.sf(student, n - 1)))


@lru_cache(maxsize=2)
def _weights(n: int) -> Weights:
    """The number of times that each resample draws each item, divided by ``n``.

    The seed is fixed, so two methods on the same items share their resamples, and a repeated report
    is equal to the last digit.
    """
    drawn = np.random.default_rng(SEED).integers(n, size=(RESAMPLES, n))
    drawn += n * np.arange(RESAMPLES)[:, None]
    return np.bincount(drawn.ravel(), minlength=RESAMPLES * n).reshape(RESAMPLES, n) / n
