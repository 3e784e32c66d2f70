"""Draws the quality of methods over their cost in UNet calls, with the Pareto front."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from pandas import DataFrame

from eval.quantity import Quantity
from experiments.report.cost import BUDGETS, STEPS, calls_of, contenders, is_pti, shown_quantities
from experiments.report.lettering import make_legible
from experiments.report.looks import axis, look, title
from experiments.report.pareto import pareto
from experiments.report.point_labels import ROUND, Mark, write_beside
from experiments.report.summary import Summary

SIZE = (5.0, 4.5)
"""Inches of a panel."""

TICKS = tuple(step * 10.0**power for power in range(6) for step in (1, 2, 5))
DOT, STAR = "#0072B2", "#D55E00"
"""Colours of the methods and of PTI."""

Show = Callable[[Axes, Summary, DataFrame], list[Mark]]
"""Draws points on axes; returns their marks."""


def draw_cost(summary: Summary) -> Figure | None:
    """Plot each cell's means over its UNet calls, a panel per quantity; PTI's points are stars.

    None where nothing is measured.
    """
    return _draw(summary, _points, "95% intervals")


def draw_budgets(summary: Summary) -> Figure | None:
    """Plot each method as a line through its cells, by calls; None where nothing is measured."""
    return _draw(summary, _lines, "a line a method, 95% intervals")


def _draw(summary: Summary, show: Show, how: str) -> Figure | None:
    panels = [(one, _places(summary, one)) for one in shown_quantities(summary.measures)]
    panels = [(quantity, points) for quantity, points in panels if len(points)]
    if not panels:
        return None
    figure = Figure(figsize=(SIZE[0] * len(panels), SIZE[1]), layout="constrained")
    grid: Any = figure.subplots(1, len(panels), squeeze=False)
    drawn = [
        _panel(axes, summary, quantity, points, show)
        for axes, (quantity, points) in zip(grid[0], panels, strict=True)
    ]
    name = summary.table.title.partition(". ")[0]
    ids = ", ".join(quantity.id for quantity, _ in panels)
    shows = f"{name}: {ids} over UNet calls per image, forwards and backwards; {how}"
    figure.suptitle(title(summary, shows, figure), fontsize=9)
    _explain(figure)
    make_legible(figure)  # before the labels, as it may move the axes
    for axes, (marks, strokes) in zip(grid[0], drawn, strict=True):
        if marks:
            write_beside(axes, marks, strokes)
    return figure


def _explain(figure: Figure) -> None:
    """Add a legend with what the panels have, each once."""
    known: dict[str, Any] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        known |= dict(zip(labels, handles, strict=True))
    columns = int(figure.get_figwidth() / 1.6)
    figure.legend(
        known.values(), known.keys(), loc="outside lower center", fontsize=7, ncols=columns
    )


def _places(summary: Summary, quantity: Quantity) -> DataFrame:
    """Calls, mean and bounds of each cell that has them, by position."""
    here = contenders(summary)
    means: Any = summary.of(quantity.id).loc[here, ["mean", "low", "high"]]
    means = means.assign(calls=[calls_of(summary, position) for position in here])
    return means[np.isfinite(means[["calls", "mean"]]).all(axis=1)]


def _panel(
    axes: Axes, summary: Summary, quantity: Quantity, points: DataFrame, show: Show
) -> tuple[list[Mark], list[Any]]:
    """Draw a quantity; returns the marks that get labels, and the lines that labels avoid."""
    bounds = points[["calls", "low", "high"]].dropna().to_numpy(float)
    axes.vlines(*bounds.T, color="0.8", linewidth=0.8, zorder=1.2)
    marks = show(axes, summary, points)
    ceilings = _ceilings(axes, summary, quantity)
    left, right = _scale(axes)
    front = _front(axes, quantity, points)
    axes.set(xlabel="UNet calls per image, lower is better", ylabel=axis(quantity))
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    bars = [np.array([(x, low), (x, high)]) for x, low, high in bounds]
    levels = [np.array([(left, height), (right, height)]) for height in ceilings.values()]
    # The name of a ceiling lies near its left end.
    start = left * (right / left) ** 0.02
    marks += [Mark(start, height, name, "0.3", half=0.5) for name, height in ceilings.items()]
    return marks, [front, *bars, *levels]


def _scale(axes: Axes) -> tuple[float, float]:
    """Fix the limits, the calls on a logarithmic scale with plain numbers; returns those of x."""
    axes.set_xscale("log")
    axes.margins(x=0.1, y=0.08)
    left, right = axes.get_xlim()
    if right < 4 * left:  # too narrow for two ticks
        left, right = left / 2, right * 2
    axes.set(xlim=(left, right), ylim=axes.get_ylim())
    axes.xaxis.set_major_locator(FixedLocator([one for one in TICKS if left <= one <= right]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    return left, right


def _front(axes: Axes, quantity: Quantity, points: DataFrame) -> Any:
    """Draw the Pareto front behind the points, to the right rim; returns the corners of its steps.

    The limits of the axes must be final.
    """
    calls, means = points["calls"].to_numpy(float), points["mean"].to_numpy(float)
    front = pareto(calls, means, higher_is_better=quantity.higher_is_better)
    style: dict[str, Any] = {"color": "0.45", "linewidth": 0.9, "zorder": 1.5}
    x, y = calls[front], means[front]
    axes.plot(x, y, drawstyle="steps-post", label="Pareto front", **style)
    x, y = np.append(x, axes.get_xlim()[1]), np.append(y, y[-1])
    axes.plot(x[-2:], y[-2:], **style)
    return np.stack([np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]], axis=1)


def _ceilings(axes: Axes, summary: Summary, quantity: Quantity) -> dict[str, float]:
    """Draw a line for each cell without UNet calls; returns its value by the cell's name.

    Such a cell takes no steps, so that its name leaves them out.
    """
    compared = contenders(summary)
    means: Any = summary.of(quantity.id)["mean"]
    ceilings = {
        summary.name(position, but=STEPS): float(means[position])
        for position, cell in enumerate(summary.measured)
        if cell is not None and position not in compared and np.isfinite(means[position])
    }
    for height in ceilings.values():
        axes.axhline(height, color="0.6", linestyle="--", linewidth=0.9, zorder=1.4)
    return ceilings


def _points(axes: Axes, summary: Summary, points: DataFrame) -> list[Mark]:
    """Draw a dot per cell, of PTI a star; the marks have the cells' names."""
    marks = list[Mark]()
    for position, x, y in _spots(points):
        star = is_pti(summary, position)
        style: dict[str, Any] = (
            {"marker": "*", "markersize": 12, "color": STAR, "zorder": 3}
            if star
            else {"marker": "o", "markersize": 5, "color": DOT}
        )
        axes.plot([x], [y], linestyle="none", **style)
        colour, half = (STAR, 6.0) if star else ("black", ROUND)
        marks.append(Mark(x, y, summary.name(position), colour, half))
    return marks


def _lines(axes: Axes, summary: Summary, points: DataFrame) -> list[Mark]:
    """Draw a line per method, PTI's thicker, over the budgets; its points have no label."""
    for budget in BUDGETS:
        axes.axvline(budget, color="0.85", linewidth=0.8, zorder=1.1)
    # The numbers follow all cells, so that a method looks the same in each panel.
    names = {position: summary.name(position, but=STEPS) for position in contenders(summary)}
    for number, name in enumerate(dict.fromkeys(names.values())):
        path: Any = points[[names[position] == name for position, *_ in _spots(points)]]
        path = path.sort_values("calls", kind="stable")
        if len(path):
            own = any(is_pti(summary, position) for position, *_ in _spots(path))
            thicker: dict[str, Any] = {"linewidth": 2.8, "markersize": 7, "zorder": 3}
            style = look(number) | (thicker if own else {})
            axes.plot(path["calls"], path["mean"], label=name, **style)
    return []


def _spots(points: DataFrame) -> Sequence[tuple[int, float, float]]:
    """Position, calls and mean of each point."""
    pairs = points[["calls", "mean"]].to_numpy(float).tolist()
    return [(i, x, y) for i, (x, y) in zip(points.index.tolist(), pairs, strict=True)]
