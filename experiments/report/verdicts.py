"""Grades the paper's claims on the items that both sides of a comparison have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from eval.bootstrap import Interval, paired_interval
from eval.claims import Comparison, Grade, corrected, grade
from eval.paired import differences_of, sign_flip_p
from eval.quantity import Quantity
from experiments.report.curves import NOTHING, compare_curves, compare_to_truth
from experiments.report.intervals import difference_of_classes
from experiments.report.paper import Claim, CurveOrdering
from experiments.report.summary import Summary


@dataclass(frozen=True)
class Graded:
    """A claim, its grade, and the quantity behind it; ``measured`` is None without measurements."""

    claim: Claim | CurveOrdering
    grade: Grade
    measured: Quantity | None
    by: Literal["paper", "truth"] = "paper"
    """Whose measure it is graded by: the paper's, or ours."""

    def sentence(self) -> str:
        """The claim and its verdict with the interval that decides it."""
        weakest, parts = self.grade.weakest, self.grade.parts
        interval = f"{self.shown(weakest.difference)}, n={weakest.difference.n}"
        margin = self.measured and f"±{weakest.matters:g} {self.measured.unit}".rstrip()
        if weakest.verdict == "undecided" and math.isfinite(weakest.needed):
            interval += f" (about {weakest.needed:,} for {margin})"
        said = f"equal within {margin}" if weakest.verdict == "equal" else weakest.verdict
        text = f"{self.claim.claim} ({self.claim.source}): {said}, "
        if len(parts) == 1:
            return f"{text}{interval}"
        agree = sum(part.verdict == self.grade.verdict for part in parts)
        return (
            f"{text}{agree} of {len(parts)} comparisons; the weakest of these, {weakest.better} "
            f"against {weakest.worse}: {interval}"
        )

    def shown(self, interval: Interval) -> str:
        """A difference with its bounds, rounded to the metric's decimals."""
        metric = self.measured
        if interval.n == 0 or metric is None:
            return "not measured"
        if math.isnan(interval.value):
            return "not defined"
        value, low, high = (
            f"{number:+.{metric.decimals}f}"
            for number in (interval.value, interval.low, interval.high)
        )
        bounds = "no interval" if math.isnan(interval.low) else f"[{low}, {high}]"
        return f"{value} {bounds} {metric.unit}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """One entry of ``claims.json``; values that were not measured are null."""
        return {
            "by": self.by,
            "claim": self.claim.claim,
            "source": self.claim.source,
            "metric": self.measured and self.measured.id,
            "verdict": self.grade.verdict,
            "matters": self.grade.weakest.matters,
            **_numbers(self.grade.weakest),
            "parts": [
                {"better": part.better, "worse": part.worse, "verdict": part.verdict}
                | _numbers(part)
                for part in self.grade.parts
            ],
        }


def grade_claims(summary: Summary) -> list[Graded]:
    """The grades of every claim that the paper makes about this table or figure."""
    return [
        *(_of_cells(summary, claim) for claim in summary.table.claims),
        *(_of_curves(summary, claim) for claim in summary.table.curves),
    ]


def grade_against_truth(summary: Summary) -> list[Graded]:
    """The grades of the paper's claims about curves, by our measures of how true an edit is.

    Each claim has one in each quantity of what was asked for, beside the one of what was to be
    kept; none where the metrics have no such quantity. The p-values of one claim are corrected for
    their number.
    """
    measures = summary.measures
    kept = measures.quantity(measures.kept)
    asked = [one for one in measures.pictures if one.id in measures.asked]
    if kept is None:
        return []
    return [
        graded
        for claim in summary.table.curves
        for graded in _to_truth(summary, claim, asked, kept)
    ]


def _of_cells(summary: Summary, claim: Claim) -> Graded:
    quantity = summary.measures.quantity(claim.metric)
    pairs = claim.pairs(summary.cells)
    parts = [compare_cells(summary, better, worse, quantity) for better, worse in pairs]
    return Graded(claim, grade(parts), quantity)


def _of_curves(summary: Summary, claim: CurveOrdering) -> Graded:
    parts = compare_curves(summary, claim.better, claim.worse)
    return Graded(claim, grade(parts), summary.measures.reached)


def _to_truth(
    summary: Summary, claim: CurveOrdering, asked: Sequence[Quantity], kept: Quantity
) -> list[Graded]:
    parts = corrected(
        [compare_to_truth(summary, claim.better, claim.worse, one, kept.id) for one in asked]
    )
    source = f"ours, of the claim of {claim.source}"
    same = [
        replace(claim, claim=f"{claim.claim}, by {one.id} at equal {kept.id}", source=source)
        for one in asked
    ]
    return [
        Graded(one, Grade(part, (part,)), quantity, by="truth")
        for one, part, quantity in zip(same, parts, asked, strict=True)
    ]


def compare_cells(
    summary: Summary, better: int, worse: int, quantity: Quantity | None
) -> Comparison:
    """The comparison of two cells, paired by the items that both have."""
    names = summary.name(better), summary.name(worse)
    if quantity is None:
        return Comparison(*names, NOTHING)
    if quantity in summary.measures.classes:
        return _compare_classes(summary, better, worse, quantity)
    matters = quantity.matters
    first, second = (summary.scores(position, quantity.id) for position in (better, worse))
    first, second = first.align(second, join="inner")
    if not quantity.higher_is_better:
        first, second = second, first
    values = first.to_numpy(), second.to_numpy()
    p = sign_flip_p(differences_of(*values))
    return Comparison(*names, paired_interval(*values), p, matters)


def _compare_classes(summary: Summary, better: int, worse: int, quantity: Quantity) -> Comparison:
    first, second = summary.measured[better], summary.measured[worse]
    names, found = (summary.name(better), summary.name(worse)), NOTHING
    if first is not None and second is not None:
        pair = (first, second) if quantity.higher_is_better else (second, first)
        found = difference_of_classes(*pair, quantity.id)
    return Comparison(*names, found, found.p, quantity.matters)


def _numbers(part: Comparison) -> dict[str, float | int | None]:
    interval = part.difference
    bounds = {"low": interval.low, "high": interval.high}
    values = {"difference": interval.value, **bounds, "p": part.p}
    known = {key: value if math.isfinite(value) else None for key, value in values.items()}
    return known | {"n": interval.n, "undefined": interval.undefined}
