"""Tables of a comparison of many methods: quality beside cost, and who is better than whom."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite
from statistics import fmean
from typing import Any

from eval.quantity import PSNR, PSNR_TO_TRUTH, Quantity
from experiments.report.pairs import Pairs, against, standings
from experiments.report.summary import Statistic, Summary, shown, used_model
from experiments.report.tables import (
    MISSING,
    best_first,
    caption,
    listings,
    mean_calls,
    ranked,
    value_entry,
)
from experiments.store.cell import Cell
from experiments.store.measures import Measures
from experiments.table import Entry, Table

PTI = frozenset({"pti", "pti_global"})
"""Names of the methods that are compared with each other one in a table of their own."""

BUDGETS = (50, 100, 200, 400)
"""UNet calls an image; a call is a forward or a backward pass of one picture's latent."""

STEPS = "steps"
"""The field that varies a method's calls in the layout of budgets."""

TIMED = (
    "Seconds: the mean over the images for which this run made all UNet calls; a dash where the "
    "cache gave some of them for every image."
)


def tables(summary: Summary) -> list[Table]:
    """The listings with seconds, who is better than whom, and PTI against each."""
    return [*timed(summary), *_compared(_every(summary, contenders(summary)))]


def budget_tables(summary: Summary) -> list[Table]:
    """Quality by budget, who is better than whom and PTI against each in a budget, the listings."""
    chosen = by_budget(summary)
    grids = [_grid(summary, one, chosen) for one in shown_quantities(summary.measures)]
    duels = [
        table
        for budget, positions in chosen.items()
        for table in _compared(
            _every(summary, list(positions.values())), f" at up to {budget} UNet calls"
        )
    ]
    return [*grids, *duels, *timed(summary)]


def shown_quantities(measures: Measures) -> list[Quantity]:
    """The quantities by which methods are compared, at most three.

    Of edits: PSNR to the truth, what is kept, and the first of what is asked. Where neither of
    these two is measured: PSNR, and the distance to the input. What is not measured is left out.
    """
    edits = (PSNR_TO_TRUTH.id, measures.kept, *measures.asked[:1])
    of_edits = measures.asked or measures.kept
    found = map(measures.quantity, edits if of_edits else (PSNR.id, measures.near))
    return [one for one in found if one is not None]


def contenders(summary: Summary) -> list[int]:
    """Positions of the cells that took UNet calls, which are compared."""
    return [i for i, cell in enumerate(summary.measured) if used_model(cell)]


def calls_of(summary: Summary, position: int) -> float:
    """A cell's mean UNet calls per finished image, forwards and backwards together."""
    return sum(mean_calls(summary.measured[position]))


def is_pti(summary: Summary, position: int) -> bool:
    """Whether the cell's method is PTI."""
    return summary.cells.loc[position, "method"] in PTI


def budget_of(calls: float) -> int | None:
    """The smallest budget that so many calls fit into; None above the largest."""
    # A mean over images that shared the calls of a batch is a whole number but for rounding.
    return next((budget for budget in BUDGETS if round(calls, 6) <= budget), None)


def by_budget(summary: Summary) -> dict[int, dict[str, int]]:
    """For each budget, the position of each method's cell in it: the one with the most calls.

    A method is named without its number of steps.
    """
    chosen: dict[int, dict[str, int]] = {budget: {} for budget in BUDGETS}
    for position in sorted(contenders(summary), key=lambda p: calls_of(summary, p)):
        budget = budget_of(calls_of(summary, position))
        if budget is not None:
            chosen[budget][summary.name(position, but=STEPS)] = position
    return chosen


def mean_seconds(cell: Cell | None) -> float | None:
    """Mean seconds of the images whose calls were all made by this run; None without any."""
    done = [] if cell is None else [cell.records[key] for key in sorted(cell.done)]
    times = [r.seconds for r in done if r.seconds is not None and r.spent == r.calls]
    return fmean(times) if times else None


def timed(summary: Summary) -> list[Table]:
    """The listings with seconds, best first."""
    order = best_first(summary)
    times = {position: mean_seconds(summary.measured[position]) for position in order}
    ends = {p: MISSING if s is None else Entry(f"{s:.2f}") for p, s in times.items()}
    made: list[Table] = []
    for table in listings(summary):
        rows = dict(zip(ranked(summary), table.rows, strict=True))
        timed = tuple((*rows[position], ends[position]) for position in order)
        header, notes = (*table.header, "seconds"), (*table.notes, TIMED)
        made.append(replace(table, header=header, rows=timed, notes=notes))
    return made


def _every(summary: Summary, positions: Sequence[int]) -> list[Pairs]:
    quantities = shown_quantities(summary.measures) if len(positions) > 1 else []
    return [Pairs.of(summary, positions, quantity) for quantity in quantities]


def _compared(every: Sequence[Pairs], where: str = "") -> list[Table]:
    """Who is better than whom in each quantity, then a table of each cell of PTI."""
    if not every:
        return []
    ptis = sorted(p for p in every[0].positions if is_pti(every[0].summary, p))
    return [
        *(standings(pairs, where) for pairs in every),
        *(against(every, position, where) for position in ptis),
    ]


def _grid(summary: Summary, quantity: Quantity, chosen: Mapping[int, Mapping[str, int]]) -> Table:
    """A row per method and a column per budget, the best of each column in bold."""
    statistic = Statistic.mean(quantity)
    means: Any = summary.of(statistic.id)
    columns: list[dict[str, Entry]] = []
    for positions in chosen.values():
        of_budget = means.loc[list(positions.values()), "mean"]
        best = of_budget.max() if quantity.higher_is_better else of_budget.min()
        columns.append({m: _spot(summary, p, statistic, best) for m, p in positions.items()})
    methods = dict.fromkeys(summary.name(p, but=STEPS) for p in contenders(summary))
    rows = [(Entry(m), *(column.get(m, MISSING) for column in columns)) for m in methods]
    what = (
        f"{statistic.header} at equal cost, mean [95% interval] and steps K; a column has the "
        "cells of up to so many UNet calls per image, and of more than the column before it"
    )
    header = ("method", *(f"{budget} calls" for budget in chosen))
    return Table(caption(summary, what), header, tuple(rows), 1)


def _spot(summary: Summary, position: int, statistic: Statistic, best: float) -> Entry:
    row: Any = summary.of(statistic.id).loc[position]
    entry = value_entry(row["mean"], row["low"], row["high"], statistic, bold=row["mean"] == best)
    if STEPS not in summary.fields or not isfinite(row["mean"]):
        return entry
    return replace(entry, text=f"{entry.text}, K={shown(summary.cells.loc[position, STEPS])}")
