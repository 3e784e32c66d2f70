"""Grade the claims of a paper that one method does better than another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, inf, isnan, nan
from typing import Literal

from eval.bootstrap import Interval
from eval.paired import LIKELY, holm

Verdict = Literal["reproduced", "equal", "undecided", "contradicted"]
FEWEST = 6
"""With fewer than 6 items, chance gives all differences the same sign in more than 5% of cases."""

FROM_WEAKEST: tuple[Verdict, ...] = ("contradicted", "undecided", "equal", "reproduced")


def sign_of(difference: Interval, p: float) -> int:
    """1 or -1 where the sign of a difference is decided, else 0.

    A sign is decided where the 95% interval and the p-value agree, from 6 items on: with fewer
    items a bootstrap interval excludes 0 by chance in more than 1 of 20 cases. ``p`` is that of a
    sign-flip test or, between two curves, the interval's own; it is corrected by Holm's rule where
    several comparisons are made. Where it is NaN the interval decides.
    """
    if difference.n < FEWEST or p >= LIKELY:
        return 0
    return int(difference.low > 0) - int(difference.high < 0)


@dataclass(frozen=True)
class Comparison:
    """One ordering that a claim asserts, with the paired interval of ``better`` over ``worse``.

    The difference is positive where the claim holds, also for metrics where lower is better. ``p``
    is its p-value, NaN where there is no test. Differences within ``matters`` of 0 do not matter.
    """

    better: str
    worse: str
    difference: Interval
    p: float = nan
    matters: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """By the difference's sign; "equal" where that is open and the whole interval is small."""
        verdicts: dict[int, Verdict] = {1: "reproduced", 0: "undecided", -1: "contradicted"}
        sign, found = sign_of(self.difference, self.p), self.difference
        if (
            sign == 0
            and found.n >= FEWEST
            and -self.matters < found.low <= found.high < self.matters
        ):
            return "equal"
        return verdicts[sign]

    @property
    def needed(self) -> float:
        """The number of images for an interval as narrow as ``matters`` to each side, about.

        An interval narrows with the square root of its items; where classes stay, these are more
        images of each class. NaN where it is narrower already, and where no such number is known.
        """
        found = self.difference
        if not self.matters or found.n < FEWEST or isnan(found.low):
            return nan
        many = ceil(found.n * ((found.high - found.low) / 2 / self.matters) ** 2)
        return many if many > found.n else nan


def corrected(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Comparisons that are made together, with p-values corrected by Holm's rule."""
    levels = holm([one.p for one in comparisons])
    return tuple(replace(one, p=p) for one, p in zip(comparisons, levels, strict=True))


@dataclass(frozen=True)
class Grade:
    """A claim made of one or more orderings, all of which must hold.

    ``weakest`` is contradicted if any part is, and reproduced only if all are; among parts of the
    same verdict it has the smallest difference. To correct parts for their number is cautious where
    all must hold, and needed where any may contradict.
    """

    weakest: Comparison
    parts: tuple[Comparison, ...]

    @property
    def verdict(self) -> Verdict:
        """The verdict of the weakest part."""
        return self.weakest.verdict


def grade(parts: Sequence[Comparison]) -> Grade:
    """Judge a claim by the weakest of its parts, whose p-values are corrected for their number."""
    tested = corrected(parts)
    return Grade(min(tested, key=_strength), tested)


def _strength(part: Comparison) -> tuple[int, float]:
    """A part that was not measured is the weakest of the undecided."""
    value = part.difference.value
    return FROM_WEAKEST.index(part.verdict), -inf if isnan(value) else value
