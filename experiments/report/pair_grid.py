"""Inversions down and editors across: tables, a heat map, and the edits of a few pictures."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from pandas import DataFrame

from experiments.report.cost import calls_of, shown_quantities, timed
from experiments.report.figures import Heat, heat
from experiments.report.lettering import cut, readable, wrapped
from experiments.report.looks import axis, title
from experiments.report.sheet import LETTERS, SIDE, put, read_picture
from experiments.report.summary import Statistic, Summary, shown
from experiments.report.tables import MISSING, caption, versus
from experiments.store.cell import Cell
from experiments.store.formats import INPUTS, TRUTHS
from experiments.table import Entry, Table

ITEMS = 2
"""Pictures of the sheet."""


def tables(summary: Summary) -> list[Table]:
    """A grid for each shown quantity, one of the UNet calls, and the listings with seconds."""
    quantities = shown_quantities(summary.measures)
    grids = [versus(summary, Statistic.mean(quantity)) for quantity in quantities]
    return [*grids, _costs(summary), *timed(summary)]


def _costs(summary: Summary) -> Table:
    (field,) = summary.fields
    calls = _calls(summary)
    rows = tuple(
        (Entry(shown(name)), *(MISSING if isnan(c) else Entry(f"{c:.0f}") for c in values))
        for name, values in zip(calls.index, calls.to_numpy(), strict=True)
    )
    what = "UNet calls per image, forwards and backwards, as if nothing had been shared"
    return Table(caption(summary, what), (field, *calls.columns), rows, 1)


def _calls(summary: Summary) -> DataFrame:
    cells = summary.cells.assign(calls=[calls_of(summary, p) for p in summary.cells.index])
    return _pivot(summary, cells, "label", "calls")


def _pivot(summary: Summary, rows: DataFrame, across: str, values: str) -> DataFrame:
    """A grid of values, in the order of the cells."""
    (field,) = summary.fields
    grid: DataFrame = rows.pivot(index=field, columns=across, values=values)
    return grid.loc[rows[field].unique(), rows[across].unique()]


def draw_heatmap(summary: Summary) -> Figure | None:
    """A panel for each shown quantity, the better the brighter; None where nothing is measured."""
    quantities = shown_quantities(summary.measures)
    if not quantities:
        return None
    (field,) = summary.fields
    figure = Figure(figsize=(5.2 * len(quantities), 4.6), layout="constrained")
    panels: Any = figure.subplots(1, len(quantities), squeeze=False)
    for axes, quantity in zip(panels[0], quantities, strict=True):
        means = _pivot(summary, summary.of(quantity.id), "method", "mean")
        look = Heat(axis(quantity), quantity.decimals, reverse=not quantity.higher_is_better)
        heat(axes, means, look)
        axes.set_xticks(axes.get_xticks(), axes.get_xticklabels(), rotation=30, ha="right")
        axes.set(ylabel=field)
    figure.suptitle(title(summary, f"{summary.table.title}: means", figure), fontsize=9)
    return figure


def draw_gallery(summary: Summary) -> Figure | None:
    """Every pair's edit of pictures spread evenly over those that all pairs have finished.

    None where there is no such picture.
    """
    cells = [cell for cell in summary.measured if cell is not None]
    finished = sorted(set.intersection(*(set(cell.done) for cell in cells)))
    if not finished:
        return None
    keys = finished[:: max(1, len(finished) // ITEMS)][:ITEMS]
    spots = _spots(summary)
    height, width = (1 + max(place) for place in zip(*spots, strict=True))
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    size = (SIDE * (width + 1) * len(keys) + 0.8, (SIDE + 0.1) * height + 0.6)
    figure = Figure(figsize=size, layout=engine)
    grid: Any = figure.subplots(height, (width + 1) * len(keys), squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for block, key in zip(np.hsplit(grid, len(keys)), keys, strict=True):
        _known(list(block[:, 0]), summary, cells[0], key)
        for (down, across), position in spots.items():
            _edit(block[down, 1 + across], summary, position, key, outer=(down == 0, across == 0))
    shows = caption(summary, f"{len(keys)} of the pictures; inversions down, editors across")
    figure.suptitle(wrapped(shows, figure.get_figwidth(), 9), fontsize=9)
    return figure


def _spots(summary: Summary) -> dict[tuple[int, int], int]:
    """The position of the cell in each row and column."""
    rows, columns = (
        {name: number for number, name in enumerate(summary.cells[field].unique())}
        for field in (*summary.fields, "label")
    )
    names = zip(summary.cells[summary.fields[0]], summary.cells["label"], strict=True)
    return {(rows[name], columns[label]): spot for spot, (name, label) in enumerate(names)}


def _edit(spot: Axes, summary: Summary, position: int, key: str, outer: tuple[bool, bool]) -> None:
    """A pair's edit, with its editor above the first row and its inversion at the first column."""
    cell, row = summary.measured[position], summary.cells.loc[position]
    if cell is None:
        return
    _show(spot, read_picture(cell.image(key)), "")
    above, beside = outer
    spot.set_title(wrapped(str(row["label"]), SIDE, 8) if above else "", fontsize=8, pad=3)
    spot.set_ylabel(str(row[summary.fields[0]]) if beside else "", fontsize=8)


def _known(column: Sequence[Axes], summary: Summary, cell: Cell, key: str) -> None:
    """The input and, where it is known, the true edit, at the top of a column."""
    target = cell.records[key].target
    said = cut(target if readable(target) else key, LETTERS)
    folder: Path = summary.result_set.folder
    for spot, kind, text in zip(column, (INPUTS, TRUTHS), (said, "true edit"), strict=False):
        path = folder / kind / f"{key}.png"
        if path.exists():
            _show(spot, read_picture(path), text)


def _show(spot: Axes, picture: Any, text: str) -> None:
    spot.set_axis_on()
    put(spot, picture, text)
