"""Statistics of paired comparisons: p-values, effect size, and the items needed to decide one."""

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import product

import numpy as np
from jaxtyping import Float, Int8
from scipy import stats

Differences = Float[np.ndarray, " n"]
EXACT = 16
"""Up to this many differences, every choice of signs is evaluated; beyond, a random sample."""

DRAWS = 100_000
AT_A_TIME = 1_000
POWER = 0.8
LIKELY = 0.05
"""At this p-value or above, chance alone can explain a difference."""


def differences_of(first: Differences, second: Differences) -> Float[np.ndarray, " defined"]:
    """``first - second`` for the items where both are finite."""
    both = np.isfinite(first) & np.isfinite(second)
    return first[both] - second[both]


def sign_flip_p(differences: Differences) -> float:
    """Two-sided p-value of the mean, when both signs of each difference are equally likely.

    Exact for at most 16 differences, otherwise from 100,000 seeded draws plus the observed signs
    (Phipson & Smyth, 2010). NaN without differences.
    """
    n = len(differences)
    if n == 0:
        return math.nan
    # Sums that differ only by the rounding of a different order count as equal.
    reached = abs(differences.sum()) * (1 - 1e-9)
    if n <= EXACT:
        return float((np.abs(_signs(n) @ differences) >= reached).mean())
    draws = np.concatenate([signs.astype(float) @ differences for signs in _drawn(n)])
    return float(((np.abs(draws) >= reached).sum() + 1) / (DRAWS + 1))


@lru_cache(maxsize=2)
def _signs(n: int) -> Float[np.ndarray, "choices n"]:
    return np.array(list(product((1.0, -1.0), repeat=n)))


@lru_cache(maxsize=2)
def _drawn(n: int) -> list[Int8[np.ndarray, "at_a_time n"]]:
    """The same for every comparison of n items, of which a report may make hundreds."""
    generator = np.random.default_rng(0)
    return [
        generator.choice((1.0, -1.0), size=(AT_A_TIME, n)).astype(np.int8)
        for _ in range(DRAWS // AT_A_TIME)
    ]


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, corrected for their number (Holm, 1979), in the order given.

    The chance that any comparison without a difference is below a level is below that level. A NaN,
    of a comparison without a test, stays and does not count.
    """
    tested = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    corrected, largest = list(p_values), 0.0
    for rank, (p, i) in enumerate(tested):
        largest = max(largest, min(1.0, (len(tested) - rank) * p))
        corrected[i] = largest
    return corrected


def effect_size(differences: Differences) -> float:
    """Cohen's d of paired differences: their mean over their standard deviation (n - 1).

    NaN below two differences, or where all are 0; infinite where they are all the same and not 0.
    """
    if len(differences) < 2:
        return math.nan
    mean, spread = differences.mean(), differences.std(ddof=1)
    if spread <= abs(mean) * 1e-9:  # rounding is not variation
        return math.nan if mean == 0 else math.copysign(math.inf, mean)
    return float(mean / spread)


def items_to_decide(effect: float) -> float:
    """The number of items at which a 95% interval excludes 0 with a probability of 80%.

    ``effect`` is the effect size. The number comes from the normal approximation and is at least 2;
    it is infinite at an effect of 0, and NaN at NaN.
    """
    if math.isnan(effect):
        return math.nan
    if effect == 0:
        return math.inf
    reach = stats.norm.ppf(0.975) + stats.norm.ppf(POWER)
    return max(2, math.ceil((reach / effect) ** 2))


def items_to_narrow(differences: Differences, half: float) -> float:
    """The number of items at which a 95% interval of the mean reaches ``half`` to each side.

    From the normal approximation, at least 2; infinite at a ``half`` of 0, NaN below two items.
    """
    if len(differences) < 2:
        return math.nan
    if half == 0:
        return math.inf
    return max(2, math.ceil((stats.norm.ppf(0.975) * differences.std(ddof=1) / half) ** 2))
