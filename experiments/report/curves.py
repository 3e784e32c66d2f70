"""Trade-off curves: the cells of one method, in order of the field that varies along its curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pandas import DataFrame, Series, concat

from eval.bootstrap import Interval
from eval.claims import Comparison
from eval.curves import Curve, gap, gap_within
from eval.quantity import Quantity
from experiments.report.intervals import shared_classes
from experiments.report.summary import Summary, in_words

Values = Mapping[str, Any]
"""Values of the method and of fields, which select cells."""

NOTHING = Interval(np.nan, np.nan, np.nan, 0, 0)


@dataclass(frozen=True)
class Line:
    """One curve of a figure: its name, and its cells by rising threshold."""

    name: str
    positions: tuple[int, ...]


def lines(summary: Summary) -> list[Line]:
    """A line for each method and each combination of the fields that do not vary along a curve.

    The summary's cells are sorted by their fields, so that the threshold rises along each line.
    """
    groups: dict[str, list[int]] = {}
    for position in summary.cells.index:
        if summary.measured[position] is not None:
            groups.setdefault(summary.name(position, but=summary.along), []).append(position)
    return [Line(name, tuple(positions)) for name, positions in groups.items()]


def compare_curves(summary: Summary, better: Values, worse: Values) -> list[Comparison]:
    """Compare the curves of the cells with these values by the gap between them in CSFID.

    There is one comparison in plain CSFID, as in the paper, and one in corrected CSFID, because
    with few pictures per class the plain one also rewards pictures that are alike. For the
    interval, classes stay as they are, and pictures are drawn anew within each. Without class
    metrics, there is one comparison without measurements.
    """
    names, sides = sides_of(summary, (better, worse))
    near = summary.measures.near
    if near is None or not summary.measures.classes:
        return [Comparison(*names, NOTHING)]
    cells = [cell for side in sides for i in side if (cell := summary.measured[i]) is not None]
    classes = shared_classes(cells) if all(sides) else {}
    comparisons: list[Comparison] = []
    for quantity in summary.measures.classes:
        axes = near, quantity.id
        found = _gap_of_classes(summary, sides, axes, classes) if classes else NOTHING
        better_name, worse_name = (f"{name}, {quantity.id}" for name in names)
        comparisons.append(Comparison(better_name, worse_name, found, found.p, quantity.matters))
    return comparisons


def compare_to_truth(
    summary: Summary, better: Values, worse: Values, quantity: Quantity, kept: str
) -> Comparison:
    """Compare the same curves by ``quantity`` over ``kept``, per picture.

    The gap is that in ``quantity``, on average over the values of ``kept`` that both reach, and
    positive where ``better`` is better. Pictures without a value in a cell are left out of all.
    """
    names, sides = sides_of(summary, (better, worse))
    first, second = (
        [tuple(summary.scores(i, id_) for id_ in (kept, quantity.id)) for i in side]
        for side in sides
    )
    scores: list[Any] = [values for point in first + second for values in point]
    if not first or not second:
        return Comparison(*names, NOTHING)
    table = concat(scores, axis=1, join="inner")
    whole = table.replace([np.inf, -np.inf], np.nan).dropna().index.tolist()
    if not whole:
        return Comparison(*names, replace(NOTHING, undefined=len(table)))
    curves = [_curve(side, whole) for side in (first, second)]
    found = gap(*(reversed(curves) if quantity.higher_is_better else curves))
    found = replace(found, undefined=len(table) - len(whole))
    return Comparison(*names, found, found.p, quantity.matters)


def sides_of(
    summary: Summary, sides: tuple[Values, Values]
) -> tuple[tuple[str, str], tuple[list[int], list[int]]]:
    """The names and the measured cells of two curves, which are given by values of their fields."""
    first, second = (
        [i for i in _having(summary.cells, values) if summary.measured[i] is not None]
        for values in sides
    )
    names = _name(summary, first, sides[0]), _name(summary, second, sides[1])
    return names, (first, second)


def _gap_of_classes(
    summary: Summary,
    sides: tuple[list[int], list[int]],
    axes: tuple[str, str],
    classes: Mapping[str, list[str]],
) -> Interval:
    """The gap between two curves in a quantity of classes, whose images are the values."""
    keys = [key for its in classes.values() for key in its]
    group = np.repeat(np.arange(len(classes)), [len(its) for its in classes.values()])
    first, second = (
        (
            _curve([_by_class(summary, i, axes, classes) for i in side], list(classes)),
            _curve([_by_left_out(summary, i, axes, classes) for i in side], keys),
        )
        for side in sides
    )
    return gap_within(first, second, group)


def _curve(points: Sequence[Sequence[Series]], groups: list[str]) -> Curve:
    """A curve through points of x and y, each by group: a class, or the key of a picture."""
    x, y = (
        np.stack([values.reindex(groups).to_numpy() for values in axis])
        for axis in zip(*points, strict=True)
    )
    return Curve(x, y)


def _having(cells: DataFrame, values: Values) -> list[int]:
    return cells.index[(cells[list(values)] == Series(values)).all(axis=1)].tolist()


def _name(summary: Summary, positions: list[int], values: Values) -> str:
    """The curve's name, with the fields that do not vary along it, even if it has no cells."""
    if positions:
        return summary.name(positions[0], but=summary.along)
    method = values.get("method")
    fields = {name: value for name, value in values.items() if name != "method"}
    return in_words(summary.labels.get(method, method) if method else None, fields)


def _by_class(
    summary: Summary, position: int, axes: tuple[str, str], classes: Mapping[str, list[str]]
) -> tuple[Series, Series]:
    """A cell's mean distance to the input and its CSFID, each by target class."""
    near = _near_by_class(summary, position, axes[0], classes).mean()
    return near, summary.scores(position, axes[1])


def _by_left_out(
    summary: Summary, position: int, axes: tuple[str, str], classes: Mapping[str, list[str]]
) -> tuple[Series, Series]:
    """The same of the class of each picture with this picture left out, by its key."""
    cell = summary.measured[position]
    assert cell is not None
    near = _near_by_class(summary, position, axes[0], classes)
    rest: Any = (near.transform("sum") - near.obj) / (near.transform("count") - 1)
    without = {
        key: cell.classes[name].without[key][axes[1]]
        for name, keys in classes.items()
        for key in keys
    }
    return rest, Series(without, dtype=float)


def _near_by_class(
    summary: Summary, position: int, near: str, classes: Mapping[str, list[str]]
) -> Any:
    """A cell's distances to the input, grouped by target class."""
    of = {key: name for name, keys in classes.items() for key in keys}
    return summary.scores(position, near).reindex(list(of)).groupby(of)
