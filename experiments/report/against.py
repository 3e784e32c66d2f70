"""Draws pictures that speak against a claim: its better method is further from the truth."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from eval.quantity import Quantity
from experiments.report.curves import sides_of
from experiments.report.lettering import cut, readable, wrapped
from experiments.report.paper import CurveOrdering
from experiments.report.sheet import LETTERS, SIDE, put, read_picture, score_text
from experiments.report.summary import Summary
from experiments.report.verdicts import grade_against_truth
from experiments.store.cell import Cell
from experiments.store.formats import INPUTS, TRUTHS

EACH = 3
"""Pictures for a claim."""


@dataclass(frozen=True)
class Witness:
    """A picture that two cells, by position, made differently: ``better`` is the claim's."""

    key: str
    better: int
    worse: int
    quantity: Quantity


def draw_against(summary: Summary) -> Figure | None:
    """Draw up to three pictures for each claim that the truth contradicts; None without any.

    Where several quantities contradict a claim, the first of them chooses the pictures: those in
    which the claim's better method loses most. Of each curve the cell is shown whose preservation
    is nearest to one of the other curve.
    """
    rows = list(_witnesses(summary))
    if not rows:
        return None
    engine = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, wspace=0.0, hspace=0.0)
    size = (1.5 * SIDE * 4, (SIDE + 0.3) * len(rows))
    figure = Figure(figsize=size, layout=engine)
    grid: Any = figure.subplots(len(rows), 4, squeeze=False)
    for row, witness in zip(grid, rows, strict=True):
        _draw(summary, row, witness)
    text = (
        f"{summary.table.title.partition('. ')[0]}: where the paper's ordering does not hold, at "
        "about equal preservation: input, the method that should be better, the one that is, and "
        "the true edit"
    )
    figure.suptitle(wrapped(text, figure.get_figwidth(), 8), fontsize=8)
    return figure


def _witnesses(summary: Summary) -> Iterator[Witness]:
    kept = summary.measures.kept or ""
    shown = set[tuple[str, str]]()
    for graded in grade_against_truth(summary):
        part, quantity, claim = graded.grade.weakest, graded.measured, graded.claim
        pair = part.better, part.worse
        if part.verdict != "contradicted" or quantity is None or pair in shown:
            continue
        assert isinstance(claim, CurveOrdering)
        shown.add(pair)
        _, sides = sides_of(summary, (claim.better, claim.worse))
        means = summary.of(kept)["mean"]
        better, worse = min(product(*sides), key=lambda two: abs(means[two[0]] - means[two[1]]))
        sign = 1 if quantity.higher_is_better else -1
        first, second = (sign * summary.scores(i, quantity.id) for i in (better, worse))
        lost = (second - first).dropna().sort_values(ascending=False, kind="stable")
        for key, loss in list(lost.items())[:EACH]:
            if loss > 0:
                yield Witness(str(key), better, worse, quantity)


def _draw(summary: Summary, row: Any, witness: Witness) -> None:
    key, folder = witness.key, summary.result_set.folder
    cells: list[Cell] = [
        cell for i in (witness.better, witness.worse) if (cell := summary.measured[i]) is not None
    ]
    target = cells[0].records[key].target
    put(
        row[0],
        read_picture(folder / INPUTS / f"{key}.png"),
        cut(target if readable(target) else key, LETTERS),
    )
    for spot, cell, position in zip(row[1:3], cells, (witness.better, witness.worse), strict=True):
        score = float(summary.scores(position, witness.quantity.id).loc[key])
        text = (
            f"{summary.name(position)}\n{witness.quantity.id} {score_text(witness.quantity, score)}"
        )
        put(spot, read_picture(cell.image(key)), text)
    put(row[3], read_picture(folder / TRUTHS / f"{key}.png"), "true edit")
