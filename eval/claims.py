"""Grading what a paper claims: that one method does better than another."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Literal

from eval.bootstrap import Interval
from eval.paired import LIKELY

Verdict = Literal["reproduced", "contradicted", "undecided"]
FEWEST = 6
"""Below six items not even all signs being alike is rarer than 5% by chance."""

FROM_WEAKEST: tuple[Verdict, ...] = ("contradicted", "undecided", "reproduced")


def sign_of(difference: Interval, p: float) -> int:
    """1 or -1 where it is decided on which side of 0 a difference lies, else 0.

    Decided is what the 95% interval and the sign-flip test both say, from 6 items on: of few items
    a bootstrap interval may leave 0 out though chance does as much in more than 1 of 20 cases.
    ``p`` is NaN where there is nothing to flip, as between two curves: there the interval decides.
    """
    if difference.n < FEWEST or p >= LIKELY:
        return 0
    return int(difference.low > 0) - int(difference.high < 0)


@dataclass(frozen=True)
class Comparison:
    """One ordering that a claim asserts, with the paired interval of ``better`` over ``worse``.

    The difference is positive where the claim holds, also for metrics where lower is better. ``p``
    is that of the sign-flip test; NaN where there is none.
    """

    better: str
    worse: str
    difference: Interval
    p: float = nan

    @property
    def verdict(self) -> Verdict:
        """Which side of 0 the difference lies on, where that is decided."""
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
        """That of the weakest part."""
        return self.weakest.verdict


def grade(parts: Sequence[Comparison]) -> Grade:
    """Judge a claim by the weakest of its parts."""
    return Grade(min(parts, key=_strength), tuple(parts))


def _strength(part: Comparison) -> tuple[int, float]:
    """A part that was not measured is the weakest of the undecided."""
    value = part.difference.value
    return FROM_WEAKEST.index(part.verdict), -inf if isnan(value) else value
