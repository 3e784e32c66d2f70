"""Means over the items for which every metric is defined, where one is undefined for some."""

from typing import Any

import numpy as np
from pandas import DataFrame

from eval.bootstrap import interval
from experiments.report.summary import Statistic, Summary, shown
from experiments.report.tables import MISSING, caption, covering, ranked, value_entry
from experiments.table import Entry, Table


def coverage(summary: Summary) -> list[Table]:
    """A table of the metrics of single pictures; none where all of their values are defined.

    Other tables have each mean over the items for which its own metric is defined, as papers print
    it: of different items in different columns. Infinite values count as undefined, such as the
    PSNR of a copy.
    """
    statistics = [Statistic.mean(quantity) for quantity in summary.measures.pictures]
    if not any((summary.of(one.id)["undefined"] > 0).any() for one in statistics):
        return []
    header = ("method", *summary.fields, *(one.header for one in statistics))
    rows: list[tuple[Entry, ...]] = []
    for position in ranked(summary):
        cell, scores = summary.cells.loc[position], _common(summary, position, statistics)
        labels = [Entry(str(cell["label"])), *(Entry(shown(cell[f])) for f in summary.fields)]
        rows.append((*labels, *(_mean(scores, one) for one in statistics)))
    what = "mean [95% interval] over the items for which every metric of a row is defined"
    return [Table(caption(summary, what), header, tuple(rows), 1 + len(summary.fields))]


def _common(summary: Summary, position: int, statistics: list[Statistic]) -> DataFrame:
    """The scores of a cell's items for which all of its metrics are defined that have any value."""
    scores: Any = DataFrame({one.id: summary.scores(position, one.metric) for one in statistics})
    scores = scores.where(np.isfinite(scores))
    return scores.dropna(axis="columns", how="all").dropna().reindex(columns=scores.columns)


def _mean(scores: Any, statistic: Statistic) -> Entry:
    made = interval(scores[statistic.id].to_numpy(float), statistic.of_mean)
    if made.n == 0:
        return MISSING
    return covering(value_entry(made.value, made.low, made.high, statistic), made.n)
