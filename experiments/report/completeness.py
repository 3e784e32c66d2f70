"""Reports in sentences what is missing from a result set, so that nothing is dropped silently."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from experiments.report.summary import Summary
from experiments.store.cell import Cell
from experiments.store.formats import EVERYTHING
from experiments.store.result_set import ResultSet

NAMED = 3
"""Cells or failures that one sentence names; the rest are only counted."""


def shortfalls(summary: Summary) -> list[str]:
    """A sentence for each missing or empty cell, unfinished item and undefined score."""
    missing = [summary.name(i) for i, cell in enumerate(summary.measured) if cell is None]
    cells = f"{len(missing)} of {len(summary.measured)} cells are missing: {named(missing)}."
    empty = [f"{cell.folder} has no record of any picture." for cell in summary.result_set.empty]
    first = [cells] if missing else []
    return [*first, *empty, *_of_cells(summary), *_undefined(summary), *_without_interval(summary)]


def asked(result_set: ResultSet) -> set[str]:
    """Keys of all items that any run was asked for or that any cell has a record of."""
    lists = [[key for key, *_ in run.data["items"]] for run in result_set.runs().values()]
    return set[str]().union(*lists, *(cell.records for cell in result_set.cells))


def _of_cells(summary: Summary) -> Iterator[str]:
    everything = asked(summary.result_set)
    for name, cell in summary.named():
        for problem in problems(cell, everything):
            yield f"{name}: {problem}."


def problems(cell: Cell, everything: set[str]) -> Iterator[str]:
    """Phrases that say which of the items ``everything`` a cell has not finished and scored."""
    done = cell.done
    failed = sorted(cell.records.keys() - done)
    if failed:
        reasons = [f"{key} ({cell.records[key].error})" for key in failed]
        yield f"{len(failed)} of {len(everything)} images failed: {named(reasons)}"
    if absent := everything - cell.records.keys():
        yield f"{len(absent)} of {len(everything)} images are not made yet"
    if unscored := done - cell.scores.keys():
        yield f"{len(unscored)} of {len(everything)} images are not scored yet"
    scored = [cell.scores[key].values.keys() for key in done - unscored]
    for metric in sorted(frozenset[str]().union(*scored)):
        if lacking := sum(metric not in values for values in scored):
            yield (
                f"{lacking} of {len(everything)} images are not measured by {metric} yet, as a run "
                "does where its weights are"
            )
    classes = [line for name, line in cell.classes.items() if name != EVERYTHING]
    if old := sum(not line.without for line in classes):
        yield (
            f"{old} of {len(classes)} classes were scored by earlier code, so that they have no "
            "interval and decide nothing: the same run again scores them anew"
        )


def _undefined(summary: Summary) -> Iterator[str]:
    classes = {quantity.id for quantity in summary.measures.classes}
    rows: Any = summary.means.query("undefined > 0")
    alike: dict[tuple[str, int, str], list[str]] = {}
    for (metric, count), group in rows.groupby(["metric", "undefined"], sort=False):
        cells = [summary.name(position) for position in group["cell"]]
        whose = "its" if len(cells) == 1 else "their"
        of = "classes" if metric in classes else "images"
        alike.setdefault((named(cells), count, f"{whose} {of}"), []).append(metric)
    for (cells, count, of), metrics in alike.items():
        verb, mean = ("is", "mean") if len(metrics) == 1 else ("are", "means")
        what = f"{', '.join(metrics)} {verb} undefined for {count} of {of}"
        yield f"{cells}: {what}, left out of the {mean}."


def _without_interval(summary: Summary) -> Iterator[str]:
    """A sentence for each quantity of classes, some of which have too few images."""
    of_classes = [quantity.id for quantity in summary.measures.classes]
    rows: Any = summary.means[summary.means["metric"].isin(of_classes)]
    rows = rows[np.isfinite(rows["mean"]) & ~np.isfinite(rows["low"])]
    for metric, group in rows.groupby("metric", sort=False):
        cells = {summary.name(position): summary.measured[position] for position in group["cell"]}
        names = [
            name
            for name, cell in cells.items()
            if cell is not None and any(line.without for line in cell.classes.values())
        ]
        if names:
            yield f"{named(names)}: {metric} has no interval, as a class has too few images."


def named(names: list[str]) -> str:
    """The first names, and the number of the rest."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")
