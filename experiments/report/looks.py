"""The style that figures share: colours and markers of curves, labels of axes, and titles."""

from typing import Any

from matplotlib.figure import Figure

from eval.quantity import Quantity
from experiments.report.lettering import wrapped
from experiments.report.summary import Summary
from experiments.report.tables import made_of

COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#000000", "#663300", "#3300CC", "#666666", "#003366", "#9966FF"),
)
"""Okabe and Ito's colours, then six more that colour-blind readers can tell apart as well."""

MARKERS = ("o", "s", "^", "D", "v", "p", "<", ">", "d", "h", "P", "X")


def look(number: int) -> dict[str, Any]:
    """The style of a curve; the first twelve all have different colours and markers."""
    turn, place = divmod(number, len(COLOURS))
    marker = MARKERS[(place + turn) % len(MARKERS)]
    return {"color": COLOURS[place], "marker": marker, "markersize": 5, "linewidth": 1.2}


def axis(quantity: Quantity) -> str:
    """The label of an axis: the quantity, its unit, and which direction is better."""
    better = "higher is better" if quantity.higher_is_better else "lower is better"
    return f"{quantity.id}{f' ({quantity.unit})' if quantity.unit else ''}, {better}"


def title(summary: Summary, shows: str, figure: Figure) -> str:
    """A figure's title: the text ``shows``, then model, data and n, wrapped to its width."""
    lines = (shows, made_of(summary))
    return "\n".join(wrapped(line, figure.get_figwidth(), 9) for line in lines)
