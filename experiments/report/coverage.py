"""Means over the items for which every metric is defined, where one is undefined for some."""

from typing import Any

import numpy as np
from pandas import DataFrame

from eval.bootstrap import interval
from experiments.report.summary import Statistic, Summary, shown
from experiments.report.tables import caption, ranked, value_entry
from experiments.table import Entry, Table


def coverage(summary: Summary) -> list[Table]:
    """A table of the metrics of single pictures; none where all pictures have all of their values.

    Other tables have each mean over the items for which its own metric is defined, as papers print
    it: of different items in different columns and rows. Here all means are over the same items,
    those for which every metric of every row is defined; a metric of which a row has no value at
    all is left out of that. Infinite values count as undefined, such as the PSNR of a copy.
    """
    statistics = [Statistic.mean(quantity) for quantity in summary.measures.pictures]
    means = [summary.of(one.id) for one in statistics]
    if not any((of["undefined"] + of["unmeasured"] > 0).any() for of in means):
        return []
    scores = {position: _defined(summary, position, statistics) for position in ranked(summary)}
    complete = [set(_complete(one).index) for one in scores.values() if len(one)]
    items = sorted(set.intersection(*complete)) if complete else []
    header = ("method", *summary.fields, *(one.header for one in statistics))
    rows: list[tuple[Entry, ...]] = []
    for position, of_cell in scores.items():
        cell = summary.cells.loc[position]
        labels = [Entry(str(cell["label"])), *(Entry(shown(cell[f])) for f in summary.fields)]
        common = of_cell.reindex(items)
        rows.append((*labels, *(_mean(common, one) for one in statistics)))
    what = f"mean [95% interval] over the {len(items)} items for which every metric is defined"
    return [Table(caption(summary, what), header, tuple(rows), 1 + len(summary.fields))]


def _defined(summary: Summary, position: int, statistics: list[Statistic]) -> DataFrame:
    """The scores of a cell, a row an item and a column a metric; NaN where not defined."""
    scores: Any = DataFrame({one.id: summary.scores(position, one.metric) for one in statistics})
    return scores.where(np.isfinite(scores))


def _complete(scores: Any) -> DataFrame:
    """The items that have all of the metrics that any item has."""
    return scores.dropna(axis="columns", how="all").dropna()


def _mean(scores: Any, statistic: Statistic) -> Entry:
    made = interval(scores[statistic.id].to_numpy(float), statistic.of_mean)
    return value_entry(made.value, made.low, made.high, statistic)
