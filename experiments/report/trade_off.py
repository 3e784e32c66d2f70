"""Draws trade-off curves with axes that fit the methods; oracles beyond them lie at the rim."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pandas import DataFrame

from eval.quantity import PSNR_INSIDE, PSNR_OUTSIDE, Quantity
from experiments.report.curves import Line, lines
from experiments.report.lettering import make_legible
from experiments.report.looks import axis, look, title
from experiments.report.point_labels import Mark, write_beside
from experiments.report.summary import Summary, shown, used_model

ORACLES = ("*", "o", "s", "^")
"""Hollow markers of cells that did not use the model."""

MARGIN = 0.08
"""Room around the methods, as a share of their range."""

Axis = tuple[Quantity, DataFrame]
"""The quantity of an axis, and its means by cell."""


def draw_trade_off(summary: Summary) -> Figure | None:
    """Plot CSFID over the distance to the input, where the lower left is better.

    None where one of them is not measured.
    """
    measures = summary.measures
    near, reached = measures.quantity(measures.near), measures.reached
    return None if near is None or reached is None else _draw(summary, near, reached)


def draw_truth(summary: Summary) -> Figure | None:
    """Plot PSNR inside the true mask over PSNR outside it, where the upper right is better.

    None where the true edits are not known.
    """
    known = all(map(summary.measures.quantity, (PSNR_OUTSIDE.id, PSNR_INSIDE.id)))
    return _draw(summary, PSNR_OUTSIDE, PSNR_INSIDE) if known else None


def _draw(summary: Summary, across: Quantity, up: Quantity) -> Figure:
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.subplots()
    axis_x, axis_y = ((quantity, summary.of(quantity.id)) for quantity in (across, up))
    methods = [line for line in lines(summary) if _is_method(summary, line)]
    oracles = [line for line in lines(summary) if not _is_method(summary, line)]
    paths = [_path(line, (axis_x, axis_y)) for line in methods]
    marks = list[Mark]()
    for number, (line, path) in enumerate(zip(methods, paths, strict=True)):
        if len(path):
            # A lone point lies behind the curves, larger, so that it shows where they overlap.
            style = look(number)
            if len(path) == 1:
                style |= {"markersize": 8, "zorder": 1.9}
            axes.plot(path["x"], path["y"], label=line.name, **style)
            marks += _marks(summary, path, look(number)["color"])
    # Oracles determine the limits only where there is no method.
    around = paths if marks else [_path(line, (axis_x, axis_y)) for line in oracles]
    _fit(axes, np.concatenate([np.empty((0, 2)), *around]))
    for number, line in enumerate(oracles):
        marks += _oracle(axes, (axis_x, axis_y), line, ORACLES[number % len(ORACLES)])
    axes.set(xlabel=axis(across), ylabel=axis(up))
    axes.grid(color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    shows = _shows(summary, paths, (axis_x, axis_y))
    axes.set_title(title(summary, shows, figure), loc="left", pad=12)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=2, fontsize=7)
    if marks:
        make_legible(figure)  # before the labels, as it may move the axes
        write_beside(axes, marks, [path.to_numpy() for path in paths])
    return figure


def _is_method(summary: Summary, line: Line) -> bool:
    return any(used_model(summary.measured[position]) for position in line.positions)


def _path(line: Line, axes_of: Sequence[Axis]) -> DataFrame:
    """A curve's means in x and y, for the cells that have both."""
    columns = {name: means["mean"] for name, (_, means) in zip("xy", axes_of, strict=True)}
    path = DataFrame(columns).loc[list(line.positions)]
    return path[np.isfinite(path).all(axis=1)]


def _shows(summary: Summary, paths: Sequence[DataFrame], axes_of: Sequence[Axis]) -> str:
    """A title that names the axes and gives the median half-width of the intervals.

    Intervals are not drawn: most are wider than the distance between methods, which share their
    images.
    """
    here = [position for path in paths for position in path.index]
    (x, wide), (y, high) = (
        (quantity, (means.loc[here, "high"] - means.loc[here, "low"]).median() / 2)
        for quantity, means in axes_of
    )
    name = summary.table.title.partition(". ")[0]
    along = summary.along
    beside = f", {along} beside each" if along in summary.fields else ""
    means = f"{name}: {y.id} over {x.id}, means{beside}"
    if not np.isfinite(wide + high):
        return means
    wide, high = (f"{float(f'{half:.2g}'):g}" for half in (wide, high))
    return f"{means}; half of a 95% interval is mostly {wide} across and {high} up"


def _marks(summary: Summary, path: DataFrame, colour: str) -> list[Mark]:
    """The points of a curve, each labelled with its threshold where it has one."""
    known: Any = summary.cells[summary.along].dropna() if summary.along in summary.fields else {}
    return [
        Mark(x, y, shown(known[i]) if i in known else "", colour)
        for i, (x, y) in zip(path.index, path.to_numpy(), strict=True)
    ]


def _fit(axes: Axes, points: Any) -> None:
    """Set limits that fit the points; an axis along which all are equal keeps its own."""
    if not len(points):
        return
    low, high = points.min(0), points.max(0)
    room = MARGIN * (high - low)
    for limit, start, end in zip(
        (axes.set_xlim, axes.set_ylim), low - room, high + room, strict=True
    ):
        if end > start:
            limit(start, end)


def _oracle(axes: Axes, axes_of: Sequence[Axis], line: Line, marker: str) -> list[Mark]:
    """Draw an oracle at its place or, beyond the axes, at the rim; the legend gives its values.

    An oracle without a finite value on an axis, such as a copy's PSNR, is only in the legend.
    """
    where = np.array([means.loc[line.positions[0], "mean"] for _, means in axes_of])
    values = [
        f"{value:.{quantity.decimals}f}" if np.isfinite(value) else "–"
        for value, (quantity, _) in zip(where, axes_of, strict=True)
    ]
    limits = np.array([axes.get_xlim(), axes.get_ylim()])
    known = bool(np.isfinite(where).all())
    at = np.clip(where, *limits.T) if known else np.full(2, np.nan)
    beyond = known and bool((at != where).any())
    label = f"{line.name} ({', '.join(values)}){', beyond the axes' if beyond else ''}"
    style: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": "black"}
    axes.plot(
        *at[:, None], label=label, marker=marker, markersize=8, linestyle="none", clip_on=False,
        zorder=4, **style,
    )  # fmt: skip
    x, y = map(float, at)
    return [Mark(x, y, line.name if beyond else "", "black")] if known else []
