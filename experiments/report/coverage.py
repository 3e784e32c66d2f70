"""Means beside the number of items that they cover, where a score is undefined for some."""

from typing import Any

import numpy as np
from pandas import DataFrame

from eval.bootstrap import interval
from experiments.report.summary import Statistic, Summary, shown
from experiments.report.tables import MISSING, caption, ranked, value_entry
from experiments.table import Entry, Table

OWN = "each mean over the items for which its own metric is defined, and their number"
COMMON = "each mean over the items for which every metric is defined, the same for a whole row"


def coverage(summary: Summary) -> list[Table]:
    """Two tables of the metrics of single pictures, where one of their values is undefined.

    The first has each mean over the items for which its own metric is defined, as papers print it,
    the second over the items for which all are. Infinite values count as undefined, such as the
    PSNR of a copy.
    """
    statistics = [Statistic.mean(quantity) for quantity in summary.measures.pictures]
    if not any((summary.of(one.id)["undefined"] > 0).any() for one in statistics):
        return []
    return [_table(summary, statistics, what) for what in (OWN, COMMON)]


def _table(summary: Summary, statistics: list[Statistic], what: str) -> Table:
    header = ("method", *summary.fields, *(one.header for one in statistics))
    rows: list[tuple[Entry, ...]] = []
    for position in ranked(summary):
        cell = summary.cells.loc[position]
        labels = [Entry(str(cell["label"])), *(Entry(shown(cell[f])) for f in summary.fields)]
        scores: Any = DataFrame(
            {one.id: summary.scores(position, one.metric) for one in statistics}
        )
        scores = scores.where(np.isfinite(scores))
        if what == COMMON:
            scores = (
                scores.dropna(axis="columns", how="all").dropna().reindex(columns=scores.columns)
            )
        rows.append((*labels, *(_mean(scores, one) for one in statistics)))
    return Table(caption(summary, what), header, tuple(rows), 1 + len(summary.fields))


def _mean(scores: Any, statistic: Statistic) -> Entry:
    made = interval(scores[statistic.id].to_numpy(float), statistic.of_mean)
    if made.n == 0:
        return MISSING
    entry = value_entry(made.value, made.low, made.high, statistic)
    return Entry(f"{entry.text} (n = {made.n})", entry.detail)
