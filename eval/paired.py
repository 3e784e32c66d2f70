"""What a paired comparison says: how sure, how large, and how many more items would decide it."""

import math
from functools import lru_cache
from itertools import product

import numpy as np
from jaxtyping import Float
from scipy import stats

Differences = Float[np.ndarray, " n"]
EXACT = 16
"""Up to so many differences every choice of signs is looked at; beyond, draws of them."""

DRAWS = 100_000
AT_A_TIME = 1_000
POWER = 0.8
LIKELY = 0.05
"""From this p on, chance alone explains a difference."""


def differences_of(first: Differences, second: Differences) -> Float[np.ndarray, " defined"]:
    """``first - second`` of the items where both are finite."""
    both = np.isfinite(first) & np.isfinite(second)
    return first[both] - second[both]


def sign_flip_p(differences: Differences) -> float:
    """Two-sided p-value of a mean of 0 where each difference could as well have the other sign.

    Exact for at most 16 differences, otherwise from 100,000 seeded draws, the observed signs
    counted as one of them (Phipson & Smyth, 2010). NaN without differences.
    """
    n = len(differences)
    if n == 0:
        return math.nan
    # What rounds otherwise in another order of summation counts as equal.
    reached = abs(differences.sum()) * (1 - 1e-9)
    if n <= EXACT:
        return float((np.abs(_signs(n) @ differences) >= reached).mean())
    generator = np.random.default_rng(0)
    draws = np.concatenate(
        [
            generator.choice((1.0, -1.0), size=(AT_A_TIME, n)) @ differences
            for _ in range(DRAWS // AT_A_TIME)
        ]
    )
    return float(((np.abs(draws) >= reached).sum() + 1) / (DRAWS + 1))


@lru_cache(maxsize=2)
def _signs(n: int) -> Float[np.ndarray, "choices n"]:
    return np.array(list(product((1.0, -1.0), repeat=n)))


def effect_size(differences: Differences) -> float:
    """Cohen's d of paired differences: their mean over their standard deviation (n - 1).

    NaN below two differences, or where all are 0; infinite where they are all the same and not 0.
    """
    if len(differences) < 2:
        return math.nan
    mean, spread = differences.mean(), differences.std(ddof=1)
    if spread <= abs(mean) * 1e-9:  # rounding is no variation
        return math.nan if mean == 0 else math.copysign(math.inf, mean)
    return float(mean / spread)


def items_to_decide(effect: float) -> float:
    """How many items a 95% interval needs to leave 0 out with a chance of 80%, at such an effect.

    By the normal approximation, at least 2; infinite at an effect of 0, NaN at NaN.
    """
    if math.isnan(effect):
        return math.nan
    if effect == 0:
        return math.inf
    reach = stats.norm.ppf(0.975) + stats.norm.ppf(POWER)
    return max(2, math.ceil((reach / effect) ** 2))
