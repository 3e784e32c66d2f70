"""Draws a sheet of pictures: each input, then the result of every method."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from PIL import Image

from eval.quantity import Quantity
from experiments.report.lettering import cut, readable, wrapped
from experiments.report.summary import Summary
from experiments.report.tables import caption
from experiments.store.cell import Cell
from experiments.store.formats import INPUTS, TRUTHS
from pti.errors import InputError

ROWS = 8
SIDE = 1.25
"""Inches of a picture's side."""

COLUMNS = 20
"""Methods at most; more would make the sheet too wide."""

LINES = 2
"""Scores beneath a picture, at most."""

LETTERS = 26
"""Letters that fit beneath a picture."""

UNDEFINED = {True: "not scored", False: "identical"}
"""Text beneath a picture whose metric is NaN (True) or infinite (False)."""


def draw_sheet(summary: Summary) -> Figure | None:
    """Draw images spread evenly over those that every method finished.

    None where there is no such image, and where fields are swept, which gives too many pictures.
    """
    cells = [(i, cell) for i, cell in enumerate(summary.measured) if cell is not None]
    of, cells = len(cells), cells[:COLUMNS]
    finished = set.intersection(*(set(cell.done) for _, cell in cells))
    if summary.fields or not finished:
        return None
    keys = sorted(finished)[:: max(1, len(finished) // ROWS)][:ROWS]
    truths = [summary.result_set.folder / TRUTHS / f"{key}.png" for key in keys]
    known = all(path.exists() for path in truths)
    shape = (len(keys), 1 + len(cells) + known)
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    figure = Figure(figsize=(SIDE * shape[1], (SIDE + 0.22) * shape[0]), layout=engine)
    grid: Any = figure.subplots(*shape, squeeze=False)
    _column(grid[:, 0], [_inputs(summary, cells[0][1], key) for key in keys], "input")
    measures = summary.measures
    asked = [one for one in measures.pictures if one.id in measures.asked]
    shown = asked[:LINES] or measures.pictures[:1]
    for axes, (position, cell) in zip(grid.T[1:], cells, strict=False):
        scores = [summary.scores(position, quantity.id).reindex(keys) for quantity in shown]
        said = [_said(shown, values) for values in zip(*scores, strict=True)]
        pictures = [(_output(cell, key), text) for key, text in zip(keys, said, strict=True)]
        _column(axes, pictures, summary.name(position))
    if known:
        _column(grid[:, -1], [(read_picture(path), "") for path in truths], "true edit")
    ids = " and ".join(quantity.id for quantity in shown)
    first = f", by the first {COLUMNS} of {of} cells" if of > COLUMNS else ""
    title = caption(summary, f"{len(keys)} of the images{first}, {ids} beneath each")
    figure.suptitle(wrapped(title, figure.get_figwidth(), 8), fontsize=8)
    return figure


def _inputs(summary: Summary, cell: Cell, key: str) -> tuple[Any, str]:
    path = summary.result_set.folder / INPUTS / f"{key}.png"
    target = cell.records[key].target
    return read_picture(path), cut(target if readable(target) else key, LETTERS)


def _output(cell: Cell, key: str) -> Image.Image:
    return read_picture(cell.image(key))


def _said(quantities: Sequence[Quantity], scores: Sequence[float]) -> str:
    """A picture's scores, as short as possible."""
    return ", ".join(dict.fromkeys(map(score_text, quantities, scores)))


def score_text(quantity: Quantity, score: float) -> str:
    """A score in few letters, or in words where it is not a number."""
    if not np.isfinite(score):
        return UNDEFINED[np.isnan(score)]
    return f"{score:.1f} {quantity.unit}" if quantity.unit else f"{score:.3g}"


def read_picture(path: Path) -> Image.Image:
    """A picture of the results, fully loaded; raises ``InputError`` where it can't be read."""
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture
    except (OSError, SyntaxError) as error:  # which one depends on where the file is cut off
        raise InputError(f"{path} can't be read: delete it and run its experiment again") from error


def _column(axes: Sequence[Axes], pictures: list[tuple[Any, str]], title: str) -> None:
    axes[0].set_title(wrapped(title, SIDE, 9), fontsize=9, pad=3)
    for spot, (pixels, text) in zip(axes, pictures, strict=True):
        put(spot, pixels, text)


def put(spot: Axes, pixels: Any, text: str) -> None:
    """Show a picture with a text beneath it."""
    spot.imshow(np.asarray(pixels), interpolation="nearest")
    spot.set_xlabel(text, fontsize=6, labelpad=2)
    spot.set(xticks=[], yticks=[])
    spot.spines[:].set_visible(False)
