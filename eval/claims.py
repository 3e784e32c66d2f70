"""Grade the claims of a paper that one method does better than another."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Literal

from eval.bootstrap import Interval
from eval.paired import LIKELY

Verdict = Literal["reproduced", "contradicted", "undecided"]
FEWEST = 6
"""With fewer than 6 items, chance gives all differences the same sign in more than 5% of cases."""

FROM_WEAKEST: tuple[Verdict, ...] = ("contradicted", "undecided", "reproduced")


def sign_of(difference: Interval, p: float) -> int:
    """1 or -1 where the sign of a difference is decided, else 0.

    A sign is decided where the 95% interval and the sign-flip test agree, from 6 items on: with
    fewer items a bootstrap interval excludes 0 by chance in more than 1 of 20 cases. ``p`` is NaN
    where there is no sign to flip, for example between two curves; then the interval decides.
    """
    if difference.n < FEWEST or p >= LIKELY:
        return 0
    return int(difference.low > 0) - int(difference.high < 0)


@dataclass(frozen=True)
class Comparison:
    """One ordering that a claim asserts, with the paired interval of ``better`` over ``worse``.

    The difference is positive where the claim holds, also for metrics where lower is better. ``p``
    is the p-value of the sign-flip test, NaN where there is no test.
    """

    better: str
    worse: str
    difference: Interval
    p: float = nan

    @property
    def verdict(self) -> Verdict:
        """The verdict that the sign of the difference gives."""
        verdicts: dict[int, Verdict] = {1: "reproduced", 0: "undecided", -1: "contradicted"}
        return verdicts[sign_of(self.difference, self.p)]


@dataclass(frozen=True)
class Grade:
    """A claim made of one or more orderings, all of which must hold.

    ``weakest`` is contradicted if any part is, and reproduced only if all are; among parts of the
    same verdict it has the smallest difference. No correction is made for the number of parts: each
    is tested at its own 95%.
    """

    weakest: Comparison
    parts: tuple[Comparison, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict of the weakest part."""
        return self.weakest.verdict


def grade(parts: Sequence[Comparison]) -> Grade:
    """Judge a claim by the weakest of its parts."""
    return Grade(min(parts, key=_strength), tuple(parts))


def _strength(part: Comparison) -> tuple[int, float]:
    """A part that was not measured is the weakest of the undecided."""
    value = part.difference.value
    return FROM_WEAKEST.index(part.verdict), -inf if isnan(value) else value
