"""Draws the figures of a report's layout, each as PNG, PDF and SVG."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from hydra.utils import get_object
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pandas import DataFrame

from eval.quantity import PSNR
from experiments.report.lettering import BASE, make_legible
from experiments.report.looks import MARKERS, look, title
from experiments.report.summary import Summary, shown
from experiments.store.atomic import write_aside

STYLE: dict[Any, Any] = {
    "font.family": BASE,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "savefig.dpi": 200,
    "svg.hashsalt": "fixed",
    # Names and captions are arbitrary text, in which a dollar sign does not begin a formula.
    "text.parse_math": False,
    "text.usetex": False,
}
DASHES = ["-", "--", ":", "-."]
UNDATED: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}
"""Metadata that is left out, so that the same numbers give the same bytes."""


def draw(summary: Summary, folder: Path) -> list[Path]:
    """Draw the figures of the experiment's layout into ``folder``; returns their PNGs."""
    drawings = {name: path for name, path in summary.result_set.layout.figures.items() if path}
    written: list[Path] = []
    with mpl.rc_context(STYLE):
        for name, path in drawings.items():
            drawing: Callable[[Summary], Figure | None] = get_object(path)
            figure = drawing(summary)
            if figure is not None:
                written.append(_save(figure, folder / f"{summary.result_set.experiment}-{name}"))
    return written


def _save(figure: Figure, stem: Path) -> Path:
    make_legible(figure)
    for suffix, metadata in UNDATED.items():
        save = partial(figure.savefig, metadata=metadata, bbox_inches="tight")
        # with_suffix would cut a name at its last dot, and the experiment's name may have dots.
        write_aside(stem.parent / f"{stem.name}{suffix}", save)
    return stem.parent / f"{stem.name}.png"


def draw_heatmap(summary: Summary) -> Figure | None:
    """Plot PSNR over the two swept fields, one panel per method; the diagonal is framed.

    None where PSNR is not measured.
    """
    if summary.measures.quantity(PSNR.id) is None:
        return None
    panels = list(summary.of(PSNR.id).groupby("method", sort=False))
    figure = Figure(figsize=(4.6 * len(panels), 4.2), layout="constrained")
    grid: Any = figure.subplots(1, len(panels), squeeze=False)
    down, across = summary.fields
    for axes, (_, means) in zip(grid[0], panels, strict=True):
        values = means.pivot(index=down, columns=across, values="mean")
        heat(axes, values, Heat(f"{PSNR.id} ({PSNR.unit})", decimals=1, framed=True))
        axes.set(xlabel=across, ylabel=down)
    figure.suptitle(title(summary, f"{summary.table.title}: {PSNR.id}", figure), fontsize=9)
    return figure


@dataclass(frozen=True)
class Heat:
    """How a grid is drawn: what it shows, whether low is bright, and whether to frame equals."""

    label: str
    decimals: int
    reverse: bool = False
    framed: bool = False
    """The diagonal, where a row and a column have the same value, is framed."""


def heat(axes: Axes, grid: DataFrame, look: Heat) -> None:
    """Draw a grid of numbers as colours, each with its number."""
    values = grid.to_numpy()
    image = axes.imshow(values, cmap="cividis_r" if look.reverse else "cividis")
    axes.figure.colorbar(image, ax=axes, label=look.label, shrink=0.8)
    axes.set_xticks(range(grid.shape[1]), [shown(value) for value in grid.columns])
    axes.set_yticks(range(grid.shape[0]), [shown(value) for value in grid.index])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for (row, column), value in np.ndenumerate(values):
        diagonal = look.framed and grid.index[row] == grid.columns[column]
        share = float(np.ma.filled(image.norm(value), np.nan))
        dark = share > 0.5 if look.reverse else share <= 0.5  # False for NaN, which is drawn white
        colour = "white" if dark else "black"
        text = "–" if np.isnan(value) else f"{value:.{look.decimals}f}"
        weight = "bold" if diagonal else "normal"
        axes.text(column, row, text, ha="center", va="center", color=colour, weight=weight)
        if diagonal:
            frame = Rectangle((column - 0.47, row - 0.47), 0.94, 0.94)
            frame.set(fill=False, edgecolor=colour, linewidth=1.2)
            axes.add_patch(frame)


def draw_lines(summary: Summary) -> Figure | None:
    """Plot PSNR with 95% bands over the first field: colours are methods, dashes other fields.

    None where PSNR is not measured.
    """
    if summary.measures.quantity(PSNR.id) is None:
        return None
    along, *others = summary.fields
    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axes = figure.subplots()
    grouped: Any = summary.of(PSNR.id).sort_values(along).groupby(["method", *others])
    methods, looks = _numbered(grouped, 0), _numbered(grouped, slice(1, None))
    for (method, *values), line in grouped:
        fields = [f"{name} {shown(value)}" for name, value in zip(others, values, strict=True)]
        dashes = looks[tuple(values)]
        style: dict[str, Any] = {
            "color": look(methods[method])["color"],
            "linestyle": DASHES[dashes % len(DASHES)],
            "marker": MARKERS[dashes % len(MARKERS)],
        }
        axes.fill_between(
            line[along], line["low"], line["high"], color=style["color"], alpha=0.13, linewidth=0
        )
        label = ", ".join([method, *fields])
        axes.plot(line[along], line["mean"], markersize=4, label=label, **style)
    axes.set_xticks(sorted(summary.cells[along].dropna().unique()))
    axes.set(xlabel=along, ylabel=f"{PSNR.id} ({PSNR.unit})")
    axes.grid(axis="y", color="0.9", linewidth=0.6)
    axes.set_axisbelow(True)
    _explain(axes)
    shows = f"{summary.table.title}: {PSNR.id}, 95% bands"
    axes.set_title(title(summary, shows, figure), loc="left")
    return figure


def _explain(axes: Axes, **style: Any) -> None:
    """Add a legend where anything was drawn."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**style)


def _numbered(lines: Any, part: int | slice) -> dict[Any, int]:
    """A number for each distinct value of a part of the lines' keys, in order of appearance."""
    return {value: i for i, value in enumerate(dict.fromkeys(key[part] for key, _ in lines))}
