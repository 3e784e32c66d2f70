"""Grading what a paper claims: that one method does better than another."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Literal

from eval.bootstrap import Interval

Verdict = Literal["reproduced", "contradicted", "undecided"]
FEWEST = 6
"""Below six items not even all signs being alike is rarer than 5% by chance."""

FROM_WEAKEST: tuple[Verdict, ...] = ("contradicted", "undecided", "reproduced")


@dataclass(frozen=True)
class Comparison:
    """One ordering that a claim asserts, with the paired interval of ``better`` over ``worse``.

    The difference is positive where the claim holds, also for metrics where lower is better.
    """

    better: str
    worse: str
    difference: Interval

    @property
    def verdict(self) -> Verdict:
        """Which side of zero the whole interval lies on; too few items decide nothing."""
        if self.difference.n < FEWEST:
            return "undecided"
        if self.difference.low > 0:
            return "reproduced"
        return "contradicted" if self.difference.high < 0 else "undecided"


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
