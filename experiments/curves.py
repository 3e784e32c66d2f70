"""Trade-off curves: cells of one method over the field that moves along its curve."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from pandas import Series

from eval.bootstrap import Interval
from eval.claims import Comparison
from eval.curves import Curve, gap
from experiments.summary import Summary, scores_of, shown

ALONG = "threshold"
"""The paper's curves run over the mask threshold."""

NOTHING = Interval(np.nan, np.nan, np.nan, 0, 0)


@dataclass(frozen=True)
class Line:
    """One curve of a figure: its name, and its cells by rising threshold."""

    name: str
    positions: tuple[int, ...]


def lines(summary: Summary) -> list[Line]:
    """A line for each method and setting of the fields that do not run along the curve.

    Cells come sorted by their fields, so that each line's have a rising threshold.
    """
    others = [field for field in summary.fields if field != ALONG]
    groups: dict[str, list[int]] = {}
    for position in summary.cells.index:
        row = summary.cells.loc[position]
        name = " ".join([str(row["label"]), *(f"{f}={shown(row[f])}" for f in others)])
        if summary.measured[position] is not None:
            groups.setdefault(name, []).append(position)
    return [Line(name, tuple(positions)) for name, positions in groups.items()]


def compare_curves(summary: Summary, better: str, worse: str) -> Comparison:
    """The gap between the curves of the cells that two queries select, by target class."""
    positions = [
        [i for i in summary.cells.query(query).index if summary.measured[i] is not None]
        for query in (better, worse)
    ]
    names = [
        _name(summary, found, query)
        for found, query in zip(positions, (better, worse), strict=True)
    ]
    if not all(positions):
        return Comparison(names[0], names[1], NOTHING)
    tables = [[_by_class(summary, i) for i in found] for found in positions]
    shared = sorted(set.intersection(*(set(x.index) & set(y.index) for t in tables for x, y in t)))
    if not shared:
        return Comparison(names[0], names[1], NOTHING)
    first, second = (_curve(table, shared) for table in tables)
    return Comparison(names[0], names[1], gap(first, second))


def _curve(table: list[tuple[Any, Any]], classes: list[str]) -> Curve:
    x = np.stack([near[classes].to_numpy() for near, _ in table])
    y = np.stack([reached[classes].to_numpy() for _, reached in table])
    return Curve(x, y)


def _name(summary: Summary, positions: list[int], query: str) -> str:
    return str(summary.cells.loc[positions[0], "label"]) if positions else query


def _by_class(summary: Summary, position: int) -> tuple[Series, Series]:
    """Distance to the input and CSFID of a cell, each by target class."""
    cell = summary.measured[position]
    assert cell is not None
    classes = {key: record["target_class"] for key, record in cell.records.items()}
    near: Any = scores_of(cell, summary.suite.near).groupby(classes).mean()
    return near, scores_of(cell, summary.suite.reached)
