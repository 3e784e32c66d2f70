"""Compares every two of some cells in one quantity, and says which is better than which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import isnan
from typing import Any, Literal, Self

from eval.bootstrap import Interval
from eval.claims import Comparison, Verdict, corrected
from eval.quantity import Quantity
from experiments.report.summary import Statistic, Summary
from experiments.report.tables import MISSING, caption, value_entry
from experiments.report.verdicts import compare_cells
from experiments.table import Entry, Table

Outcome = Literal["better", "equal", "undecided", "worse"]
OUTCOMES: dict[Verdict, Outcome] = {
    "reproduced": "better",
    "equal": "equal",
    "undecided": "undecided",
    "contradicted": "worse",
}
TURNED: dict[Outcome, Outcome] = {
    "better": "worse",
    "equal": "equal",
    "undecided": "undecided",
    "worse": "better",
}
"""The outcome for the second cell, by that for the first."""

HEADS: dict[Outcome, str] = {
    "better": "better than",
    "equal": "equal to",
    "undecided": "not told apart from",
    "worse": "worse than",
}


@dataclass(frozen=True)
class Pairs:
    """The comparisons of every two cells in a quantity, p-values corrected for their number.

    ``positions`` are the cells, the best mean first. ``parts`` has a comparison for each pair of
    positions in this order.
    """

    summary: Summary
    quantity: Quantity
    positions: tuple[int, ...]
    parts: Mapping[tuple[int, int], Comparison]

    @classmethod
    def of(cls, summary: Summary, positions: Sequence[int], quantity: Quantity) -> Self:
        """Compare the cells at ``positions``."""
        means: Any = summary.of(quantity.id).loc[list(positions), "mean"]
        order = means.sort_values(ascending=not quantity.higher_is_better, kind="stable")
        pairs = list(combinations(order.index.tolist(), 2))
        parts = corrected([compare_cells(summary, *pair, quantity) for pair in pairs])
        return cls(
            summary, quantity, tuple(order.index.tolist()), dict(zip(pairs, parts, strict=True))
        )

    def outcome(self, first: int, second: int) -> Outcome:
        """What the cell ``first`` is beside the cell ``second``."""
        if (first, second) in self.parts:
            return OUTCOMES[self.parts[first, second].verdict]
        return TURNED[self.outcome(second, first)]

    def difference(self, first: int, second: int) -> Interval:
        """The value of the cell ``first`` minus that of ``second``, with its interval."""
        known = (first, second) in self.parts
        found = self.parts[(first, second) if known else (second, first)].difference
        # A comparison's difference is positive where its first cell is the better one.
        if known == self.quantity.higher_is_better:
            return found
        return replace(found, value=-found.value, low=-found.high, high=-found.low)

    def rivals(self, position: int, outcome: Outcome) -> list[str]:
        """Names of the cells beside which the cell at ``position`` has that outcome."""
        others = (other for other in self.positions if other != position)
        return [self.summary.name(o) for o in others if self.outcome(position, o) == outcome]

    def sentence(self, position: int) -> str:
        """How many cells the one at ``position`` is better than, worse than and equal to."""
        better, equal, open_, worse = (len(self.rivals(position, one)) for one in HEADS)
        matters = f"±{self.quantity.matters:g} {self.quantity.unit}".rstrip()
        same = f" equal to {equal} within {matters}," if self.quantity.matters else ""
        return (
            f"{self.summary.name(position)} is better than {better} of {len(self.positions) - 1}, "
            f"worse than {worse},{same} and not told apart from {open_}."
        )


def standings(pairs: Pairs, where: str = "") -> Table:
    """A row per cell with the names of those that it is better than, equal to, and so on.

    ``where`` says in the caption which cells are compared.
    """
    summary, statistic = pairs.summary, Statistic.mean(pairs.quantity)
    means: Any = summary.of(statistic.id)[["mean", "low", "high"]]
    rows = [
        (
            Entry(summary.name(position)),
            value_entry(*map(float, means.loc[position]), statistic=statistic),
            *(_names(pairs.rivals(position, one), len(pairs.positions) - 1) for one in HEADS),
        )
        for position in pairs.positions
    ]
    number = len(pairs.parts)
    corrected_for = f"p corrected for {number} pair{'s' * (number > 1)}"
    what = f"who is better than whom by {statistic.header}{where}, {corrected_for}"
    notes = tuple(pairs.sentence(position) for position in pairs.positions)
    header = ("method", statistic.header, *HEADS.values())
    return Table(caption(summary, what), header, tuple(rows), 1, notes)


def _names(names: Sequence[str], others: int) -> Entry:
    if len(names) == others > 1:
        return Entry("all others")
    return Entry(", ".join(names)) if names else MISSING


def against(every: Sequence[Pairs], position: int, where: str = "") -> Table:
    """The cell at ``position`` beside each other one: a difference and an outcome per quantity.

    ``every`` has the same cells in each quantity. ``where`` is as in ``standings``.
    """
    summary, name = every[0].summary, every[0].summary.name(position)
    others = [other for other in every[0].positions if other != position]
    rows = [
        (
            Entry(summary.name(other)),
            *(
                entry
                for pairs in every
                for entry in (
                    _difference(pairs.difference(position, other), pairs.quantity),
                    Entry(pairs.outcome(position, other)),
                )
            ),
        )
        for other in others
    ]
    header = ["against"]
    for pairs in every:
        header += [f"{name} − other, {Statistic.mean(pairs.quantity).header}", f"{name} is"]
    what = f"{name} against each{where}, difference [95% interval]"
    return Table(caption(summary, what), tuple(header), tuple(rows), 1)


def _difference(found: Interval, quantity: Quantity) -> Entry:
    if isnan(found.value):
        return MISSING
    numbers = (found.value, found.low, found.high)
    value, low, high = (f"{number:+z.{quantity.decimals}f}" for number in numbers)
    return Entry(value, "" if isnan(found.low) else f"[{low}, {high}]")
