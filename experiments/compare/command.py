"""Compares two methods or two runs, paired by item.

    python -m experiments.compare pti nti experiment=table2 [model=... data=... metric=psnr[0,1]]
    python -m experiments.compare results/table2/scenes-scenes/cells/pti other/.../cells/pti

A and B are cells of one experiment, named by their folders, or the folders of any two cells.
Without ``metric``, all per-item metrics are compared. Prints the mean difference A - B with its 95%
interval, a sign-flip p-value, the effect size, the share of items on which A is better, how many
more items would likely decide the comparison, and how many would narrow the interval to the
smallest difference that matters on each side. A comparison is decided by the rule that reports
apply to the paper's claims: the interval excludes 0, p is below 0.05, and n is at least 6. With
several metrics p is corrected for their number, by Holm's rule.
"""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.command_line import closest
from eval.bootstrap import Interval, paired_interval
from eval.claims import FEWEST, sign_of
from eval.paired import (
    EXACT,
    differences_of,
    effect_size,
    holm,
    items_to_decide,
    items_to_narrow,
    sign_flip_p,
)
from eval.quantity import Quantity
from experiments.jobs.command_line import options_of
from experiments.report.summary import scores_of
from experiments.store.cell import Cell
from experiments.store.formats import CELLS, CONFIG, INPUTS
from experiments.store.result_set import find_result_set
from experiments.table import Entry, Table, console
from pti.errors import InputError

OPTIONS = ("experiment", "model", "data", "results", "metric")
MANY = 10_000
"""Additional items; larger estimates are shown as "over 10,000", as they are too uncertain."""


@dataclass(frozen=True)
class Compared:
    """The comparison of A and B by one metric, over the items that both have."""

    quantity: Quantity
    interval: Interval
    p: float
    effect: float
    better: float
    """The share of items on which A is strictly better."""
    narrow: float
    """The number of items for an interval as narrow as the smallest difference that matters."""

    def more(self) -> str:
        """How many more items would likely decide it, as text; "–" where that is unknown."""
        if sign_of(self.interval, self.p):
            return "decided"
        return self._beyond(items_to_decide(self.effect))

    def more_to_narrow(self) -> str:
        """How many more items would make the interval narrow, as text."""
        if self.quantity.matters == 0:
            return "–"
        return "narrow" if self.narrow <= self.interval.n else self._beyond(self.narrow)

    def _beyond(self, items: float) -> str:
        """How many are missing to ``items``, by an approximation; one at least."""
        needed = items - self.interval.n
        if math.isnan(needed):
            return "–"
        if needed > MANY:
            return f"over {MANY:,}"
        return f"{max(1, FEWEST - self.interval.n, needed):,.0f}"


def compare(first: Cell, second: Cell, quantity: Quantity) -> Compared:
    """Compare A with B by one metric; items that only one of them has are left out."""
    a, b = (scores_of(cell, quantity.id) for cell in (first, second))
    a, b = a.align(b, join="inner")
    values = a.to_numpy(), b.to_numpy()
    differences = differences_of(*values)
    sign = 1 if quantity.higher_is_better else -1
    return Compared(
        quantity,
        paired_interval(*values),
        sign_flip_p(differences),
        effect_size(differences),
        float((sign * differences > 0).mean()) if len(differences) else math.nan,
        items_to_narrow(differences, quantity.matters),
    )


def together(found: Sequence[Compared]) -> list[Compared]:
    """Comparisons by several metrics, with p-values corrected for their number."""
    return [replace(one, p=p) for one, p in zip(found, holm([one.p for one in found]), strict=True)]


def check_pair(first: Cell, second: Cell) -> tuple[int, int, int]:
    """The number of finished items in both, only in A, and only in B.

    Raises ``InputError`` where the models differ, no item is shared, or an item's picture or
    prompts differ between the two.
    """
    models = [cell.config.model.name for cell in (first, second)]
    if models[0] != models[1]:
        raise InputError(
            f"{first.folder} is of model={models[0]} and {second.folder} of model={models[1]}: the "
            "difference would be the models', compare cells of one model"
        )
    a, b = first.done, second.done
    if not a & b:
        raise InputError(
            f"{first.folder} and {second.folder} have no finished item in common: compare runs "
            "over the same data"
        )
    for key in sorted(a & b):
        said = [(c.records[key].caption, c.records[key].target) for c in (first, second)]
        if said[0] != said[1] or _input(first, key) != _input(second, key):
            raise InputError(
                f"{key} is not the same picture or prompt in {first.folder} and {second.folder}: "
                "compare runs over the same data with the same goal"
            )
    return len(a & b), len(a - b), len(b - a)


def _input(cell: Cell, key: str) -> bytes:
    return (cell.folder.parent.parent / INPUTS / f"{key}.png").read_bytes()


def table_of(names: tuple[str, str], found: list[Compared]) -> Table:
    """The table of comparisons, with one row per metric."""
    header = (
        "metric",
        f"{names[0]} − {names[1]}",
        "n",
        "p" if len(found) == 1 else "p (Holm)",
        "effect size",
        f"{names[0]} better on",
        "items more to decide",
        "items more to narrow",
    )
    return Table(f"{names[0]} against {names[1]}, paired by item", header, _rows(found), labels=1)


def _rows(found: list[Compared]) -> tuple[tuple[Entry, ...], ...]:
    return tuple(_row(one) for one in found)


def _row(one: Compared) -> tuple[Entry, ...]:
    quantity, made = one.quantity, one.interval
    name = Entry(f"{quantity.id} {'↑' if quantity.higher_is_better else '↓'}")
    count = Entry(f"{made.n} ({made.undefined} undefined)" if made.undefined else f"{made.n}")
    if made.n == 0:
        return (name, Entry("not measured"), count, *[Entry("–")] * 5)
    value, low, high = (
        f"{number:+.{quantity.decimals}f}" for number in (made.value, made.low, made.high)
    )
    return (
        name,
        Entry(value, "" if math.isnan(made.low) else f"[{low}, {high}]"),
        count,
        Entry(f"{one.p:.2g}"),
        Entry(_effect(one)),
        Entry(f"{one.better:.0%}"),
        Entry(one.more()),
        Entry(one.more_to_narrow()),
    )


def _effect(one: Compared) -> str:
    """The effect size; in words where all differences are equal, "–" where there is only one."""
    if math.isfinite(one.effect):
        return f"{one.effect:+.2f}"
    if one.interval.n == 1:
        return "–"
    return "all differ alike" if math.isinf(one.effect) else "no difference"


def find_cell(name: str, options: dict[str, str]) -> Cell:
    """The cell in the folder ``name``, or of that name in the experiment of ``options``.

    Raises ``InputError``, listing the cells that exist, where there is none of that name.
    """
    if (Path(name) / CONFIG).is_file():
        return Cell.read(Path(name))
    if "experiment" not in options:
        raise InputError(f"{name} is no cell's folder: give one, or say experiment=table2")
    named = {key: options[key] for key in ("model", "data") if key in options}
    results = Path(options.get("results", "results"))
    result_set = find_result_set(results, options["experiment"], **named)
    cells = {cell.folder.name: cell for cell in result_set.cells}
    if name not in cells:
        raise InputError(
            f"{result_set.folder / CELLS} has no cell {name!r}.{closest(name, cells)} "
            f"There are {', '.join(cells)}"
        )
    return cells[name]


def quantities(cell: Cell, metric: str | None) -> list[Quantity]:
    """The cell's per-item metrics: only ``metric``, or all where it is None.

    Raises ``InputError`` for an unknown metric.
    """
    known = cell.measures.pictures
    chosen = [quantity for quantity in known if metric in (None, quantity.id)]
    if not chosen:
        ids = [quantity.id for quantity in known]
        raise InputError(
            f"metric={metric} is none of an item's.{closest(str(metric), ids)} "
            f"There are {', '.join(ids)}"
        )
    return chosen


def _margins(wanted: Sequence[Quantity]) -> str:
    """The smallest differences that matter, each with its metrics; empty where none is stated."""
    by_size: dict[str, list[str]] = {}
    for one in wanted:
        if one.matters:
            by_size.setdefault(f"{one.matters:g} {one.unit}".rstrip(), []).append(one.id)
    parts = [f"{size} ({', '.join(ids)})" for size, ids in by_size.items()]
    return f", and for an interval narrowed to ±{', ±'.join(parts)}" if parts else ""


def main() -> None:
    """Run the command."""
    words = sys.argv[1:]
    names = [word for word in words if word.partition("=")[0] not in OPTIONS]
    if len(names) != 2:
        raise InputError("name two cells to compare: compare pti nti experiment=table2")
    options = options_of([word for word in words if word not in names], OPTIONS)
    first, second = (find_cell(name, options) for name in names)
    both, only_first, only_second = check_pair(first, second)
    wanted = quantities(first, options.get("metric"))
    found = together([compare(first, second, quantity) for quantity in wanted])
    print(console(table_of((names[0], names[1]), found)))  # noqa: T201
    config = first.config
    print(  # noqa: T201
        f"\nModel {config.model.name}, data {config.data.name}, {both} items in both"
        f"; {only_first} only in {names[0]}, {only_second} only in {names[1]}. 95% expanded "
        f"percentile bootstrap; sign-flip test, exact up to n={EXACT}; items more for a chance of "
        f"80% at the observed effect{_margins(wanted)}."
    )
