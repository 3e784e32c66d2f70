"""A sheet of pictures: each input, then what every method made of it."""

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from eval.edits import PSNR_TO_TRUTH
from eval.psnr import PSNR
from experiments.layouts import caption
from experiments.records import INPUTS, TRUTHS, Cell
from experiments.summary import Summary

ROWS = 8
SIDE = 1.25
"""Inches of a picture."""


def draw_sheet(summary: Summary) -> Figure | None:
    """Images spread over those that every method finished; None where there is no such image.

    Only where methods are compared: of swept fields, pictures would be too many to see.
    """
    cells = [(i, cell) for i, cell in enumerate(summary.measured) if cell is not None]
    finished = set.intersection(*(cell.done() for _, cell in cells))
    if summary.fields or not finished:
        return None
    keys = sorted(finished)[:: max(1, len(finished) // ROWS)][:ROWS]
    truths = [summary.setting.folder / TRUTHS / f"{key}.png" for key in keys]
    known = all(path.exists() for path in truths)
    shape = (len(keys), 1 + len(cells) + known)
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    figure = Figure(figsize=(SIDE * shape[1], (SIDE + 0.22) * shape[0]), layout=engine)
    grid: Any = figure.subplots(*shape, squeeze=False)
    _column(grid[:, 0], [_inputs(summary, cells[0][1], key) for key in keys], "input")
    quantity = PSNR_TO_TRUTH if known else PSNR
    for axes, (position, cell) in zip(grid.T[1:], cells, strict=False):
        scores: Any = summary.scores(position, quantity.id).reindex(keys)
        pictures = [_output(cell, key, scores[key]) for key in keys]
        _column(axes, pictures, summary.name(position))
    if known:
        _column(grid[:, -1], [(_pixels(path), "") for path in truths], "true edit")
    figure.suptitle(
        caption(summary, f"{len(keys)} of the images, {quantity.id} beneath each"),
        fontsize=8,
        wrap=True,
    )
    return figure


def _inputs(summary: Summary, cell: Cell, key: str) -> tuple[Any, str]:
    path = summary.setting.folder / INPUTS / f"{key}.png"
    record = cell.records[key]
    return _pixels(path), shorten(record["target"], 26, placeholder=" …")


def _output(cell: Cell, key: str, score: float) -> tuple[Any, str]:
    return _pixels(cell.folder / cell.records[key]["image"]), f"{score:.1f} {PSNR.unit}"


def _pixels(path: Any) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture)


def _column(axes: Sequence[Axes], pictures: list[tuple[Any, str]], title: str) -> None:
    axes[0].set_title(title, fontsize=9, pad=3)
    for spot, (pixels, text) in zip(axes, pictures, strict=True):
        spot.imshow(pixels, interpolation="nearest")
        spot.set_xlabel(text, fontsize=6, labelpad=2)
        spot.set(xticks=[], yticks=[])
        spot.spines[:].set_visible(False)
